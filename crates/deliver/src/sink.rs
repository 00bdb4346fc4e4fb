//! Where alerts go.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::backoff::Patience;
use crate::delivery::{Delivery, Severity};
use crate::failure::Failure;
use crate::file::FileTarget;
use crate::health::SinkHealth;
use crate::webhook::Webhook;
use crate::writer::AlertWriter;

/// Where a sink begins that has no checkpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum From {
    /// With the next alert.
    #[default]
    Now,
    /// With the first in the outbox.
    Earliest,
}

/// Where to.
#[derive(Clone)]
pub enum Target {
    /// A writer, such as the standard output.
    Writer(Arc<Mutex<dyn AlertWriter>>),
    /// A file of NDJSON.
    File(Arc<Mutex<FileTarget>>),
    /// An HTTP endpoint.
    Webhook(Arc<Webhook>),
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Writer(_) => f.write_str("Writer"),
            Self::File(file) => file.fmt(f),
            Self::Webhook(webhook) => webhook.fmt(f),
        }
    }
}

impl Target {
    /// To a writer.
    pub fn writer(writer: impl AlertWriter) -> Self {
        Self::Writer(Arc::new(Mutex::new(writer)))
    }

    /// To a file.
    #[must_use]
    pub fn file(file: FileTarget) -> Self {
        Self::File(Arc::new(Mutex::new(file)))
    }

    /// To an HTTP endpoint.
    #[must_use]
    pub fn webhook(webhook: Webhook) -> Self {
        Self::Webhook(Arc::new(webhook))
    }

    /// How many alerts are sent together, at most.
    pub(crate) const fn batch(&self) -> usize {
        match self {
            Self::Writer(_) | Self::File(_) => 500,
            Self::Webhook(_) => 1,
        }
    }

    /// Sends alerts; when it returns, they are accepted.
    pub(crate) async fn send(&self, alerts: Vec<Delivery>) -> Result<(), Failure> {
        match self {
            Self::Writer(writer) => {
                let writer = Arc::clone(writer);
                blocking(move || {
                    let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
                    alerts.iter().try_for_each(|alert| writer.write(alert))?;
                    writer.flush()
                })
                .await
            }
            Self::File(file) => {
                let file = Arc::clone(file);
                blocking(move || {
                    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                    file.append(&alerts)
                })
                .await
            }
            Self::Webhook(webhook) => {
                for alert in &alerts {
                    webhook.post(alert).await?;
                }
                Ok(())
            }
        }
    }
}

/// Runs what may wait for a disk on a thread that may.
async fn blocking(
    work: impl FnOnce() -> std::io::Result<()> + Send + 'static,
) -> Result<(), Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(Failure::soon),
        Err(_) => Err(Failure::soon("writing was broken off")),
    }
}

/// A sink: a name, what goes to it, and where to.
#[derive(Debug)]
pub struct Sink {
    pub(crate) name: String,
    pub(crate) target: Target,
    pub(crate) min_severity: Severity,
    pub(crate) repeats: bool,
    pub(crate) from: From,
    pub(crate) patience: Patience,
    pub(crate) health: Arc<SinkHealth>,
}

impl Sink {
    /// A sink for all alerts but repeats, from now on. Its checkpoint is kept under `name`.
    #[must_use]
    pub fn new(name: impl Into<String>, target: Target) -> Self {
        let patience = match &target {
            Target::Webhook(_) => Patience::REMOTE,
            Target::Writer(_) | Target::File(_) => Patience::LOCAL,
        };
        Self {
            name: name.into(),
            target,
            min_severity: Severity::Informational,
            repeats: false,
            from: From::Now,
            patience,
            health: Arc::default(),
        }
    }

    /// Only alerts of at least this severity.
    #[must_use]
    pub const fn min_severity(mut self, severity: Severity) -> Self {
        self.min_severity = severity;
        self
    }

    /// Whether alerts that were folded into another are sent, too.
    #[must_use]
    pub const fn repeats(mut self, repeats: bool) -> Self {
        self.repeats = repeats;
        self
    }

    /// Where it begins when it has no checkpoint.
    #[must_use]
    pub const fn from(mut self, from: From) -> Self {
        self.from = from;
        self
    }

    /// How long it waits, and how often it tries.
    #[must_use]
    pub const fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it is doing, also while it runs.
    #[must_use]
    pub fn health(&self) -> Arc<SinkHealth> {
        Arc::clone(&self.health)
    }

    pub(crate) fn wants(&self, alert: &Delivery) -> bool {
        alert.severity() >= self.min_severity && (self.repeats || alert.repeat_of.is_none())
    }
}
