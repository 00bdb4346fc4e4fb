//! The rules that are in use, and how they are taken anew when people have changed something.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::http::StatusCode;
use detect::{
    Detector, Exception, Exceptions, Pack, Placeholders, RuleState, Selection, only_serves,
    rule_states,
};
use intel::IndicatorSet;
use tokio::sync::{mpsc, oneshot};

use crate::answer::Problem;
use crate::api::Desk;

/// How long it may take until changed rules are in use.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many may wait for changed rules at the same time.
const WAITING: usize = 64;

/// The rules that are in use, and what they were made from.
pub struct ActiveRules {
    /// All rules.
    pub pack: Pack,
    /// Which of them are on as the configuration says.
    pub configured: Selection,
    /// Which of them are on, with what people have switched.
    pub selection: Selection,
    /// What events are tried with.
    pub detector: Arc<Detector>,
    /// The values of placeholders.
    pub placeholders: Placeholders,
    /// The indicators that are looked for.
    pub indicators: Arc<IndicatorSet>,
    /// The exceptions of the file that the configuration names.
    pub file_exceptions: Vec<Exception>,
    /// All exceptions.
    pub exceptions: Vec<Exception>,
}

impl ActiveRules {
    /// The built-in rules, with nothing that was configured or changed.
    #[must_use]
    pub fn builtin() -> Self {
        let (pack, configured) = (Pack::builtin(), Selection::default());
        let (placeholders, exceptions) = (Placeholders::default(), Exceptions::default());
        let detector = Detector::new(&pack, &configured, placeholders.clone(), exceptions);
        Self {
            pack,
            selection: configured.clone(),
            configured,
            detector: Arc::new(detector),
            placeholders,
            indicators: Arc::default(),
            file_exceptions: Vec::new(),
            exceptions: Vec::new(),
        }
    }
}

/// What is worked out of them once.
pub(super) struct Worked {
    pub(super) rules: ActiveRules,
    /// What becomes of each rule of the pack.
    pub(super) states: Vec<RuleState>,
    /// Whether each of them only serves correlations.
    pub(super) serving: Vec<bool>,
}

/// The rules that are in use, for everybody who wants to know.
pub struct RuleBook(RwLock<Arc<Worked>>);

impl RuleBook {
    /// A book with these rules.
    #[must_use]
    pub fn new(rules: ActiveRules) -> Self {
        Self(RwLock::new(Arc::new(Worked::of(rules))))
    }

    /// Takes these rules instead of those before.
    pub fn replace(&self, rules: ActiveRules) {
        let worked = Arc::new(Worked::of(rules));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = worked;
    }

    pub(super) fn read(&self) -> Arc<Worked> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many indicators are looked for, by kind.
    pub(crate) fn indicators(&self) -> Arc<IndicatorSet> {
        Arc::clone(&self.read().rules.indicators)
    }
}

impl Worked {
    fn of(rules: ActiveRules) -> Self {
        let states = rule_states(&rules.pack, &rules.selection, &rules.detector);
        let serving = rules.pack.rules().iter();
        let serving = serving.map(|rule| only_serves(&rule.rule, &rules.pack)).collect();
        Self { rules, states, serving }
    }
}

/// The end at which somebody asks for the rules to be taken anew.
#[derive(Clone, Debug)]
pub struct Reload(mpsc::Sender<oneshot::Sender<Result<(), String>>>);

/// The end at which that is heard: what comes is to be answered when the rules are in use, or with
/// the reason why they are not.
pub type ReloadRequests = mpsc::Receiver<oneshot::Sender<Result<(), String>>>;

impl Reload {
    /// Both ends.
    #[must_use]
    pub fn channel() -> (Self, ReloadRequests) {
        let (sender, requests) = mpsc::channel(WAITING);
        (Self(sender), requests)
    }
}

impl Desk {
    /// Has the rules taken anew, and waits until they are in use.
    pub(super) async fn reload(&self) -> Result<(), Problem> {
        let told = async {
            let (done, outcome) = oneshot::channel();
            self.reload.0.send(done).await.ok()?;
            outcome.await.ok()
        };
        let failed = |reason: &str| {
            let detail = format!("it is kept, but the rules could not be taken anew: {reason}");
            Problem::coded(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
        };
        match tokio::time::timeout(PATIENCE, told).await {
            Ok(Some(Ok(()))) => Ok(()),
            Ok(Some(Err(reason))) => Err(failed(&reason)),
            Ok(None) => Err(failed("the program is stopping")),
            Err(_) => Err(failed("it takes too long")),
        }
    }
}
