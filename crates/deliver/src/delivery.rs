//! What is delivered, and where it is read from.

use uuid::Uuid;

/// An alert on its way out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Its place in the outbox: later alerts have greater ones.
    pub seq: i64,
    /// The alert's id, the same on each delivery.
    pub id: Uuid,
    /// The alert that it was folded into.
    pub repeat_of: Option<Uuid>,
    /// The rule's id.
    pub rule_id: String,
    /// The rule's name.
    pub rule_name: String,
    /// `informational`, `low`, `medium`, `high` or `critical`.
    pub severity: String,
    /// When the event happened, in milliseconds since 1970.
    pub time_ms: i64,
    /// What happened, in a line.
    pub title: String,
    /// Whom it is about.
    pub user: Option<String>,
    /// The address that it came from.
    pub address: Option<String>,
    /// The place that it came from.
    pub place: Option<String>,
    /// The alert as an ECS document, in JSON.
    pub document: String,
}

impl Delivery {
    /// How grave it is. What has another name counts as critical, so that it is not held back.
    #[must_use]
    pub fn severity(&self) -> Severity {
        Severity::from_name(&self.severity).unwrap_or(Severity::Critical)
    }
}

/// How grave an alert is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know.
    #[default]
    Informational,
    /// Hardly ever an attack by itself.
    Low,
    /// To be looked at some time.
    Medium,
    /// To be looked at soon.
    High,
    /// To be looked at now.
    Critical,
}

impl Severity {
    /// All, from the least.
    pub const ALL: [Self; 5] =
        [Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The name in alerts and in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The severity with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// Why the outbox cannot be read or written.
pub type OutboxError = Box<dyn std::error::Error + Send + Sync>;

/// Where alerts are read from, and where it is kept how far each sink has come. Calls may block;
/// they are made on threads that may wait.
pub trait Outbox: Send + Sync + 'static {
    /// The alerts behind `seq`, in the order of `seq`, at most `limit` of them.
    ///
    /// # Errors
    ///
    /// When they cannot be read. The sink waits and asks again.
    fn after(&self, seq: i64, limit: usize) -> Result<Vec<Delivery>, OutboxError>;

    /// The place of the last alert; 0 if there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn latest(&self) -> Result<i64, OutboxError>;

    /// The place up to which a sink has delivered; `None` if it is new.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    fn checkpoint(&self, sink: &str) -> Result<Option<i64>, OutboxError>;

    /// Keeps how far a sink has come. Once this returns, it has to survive a crash.
    ///
    /// # Errors
    ///
    /// When it cannot be kept. The sink tries again, and may deliver once more after a crash.
    fn set_checkpoint(&self, sink: &str, seq: i64) -> Result<(), OutboxError>;

    /// Keeps that a sink's other side will not take an alert. The checkpoint is moved next; after a
    /// crash between the two, the alert may be set aside once more.
    ///
    /// # Errors
    ///
    /// When it cannot be kept. The sink tries again.
    fn dead_letter(&self, sink: &str, seq: i64, reason: &str) -> Result<(), OutboxError>;
}
