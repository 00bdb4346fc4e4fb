//! Looks for indicators in the stored past: what came before them raises the alerts that it would
//! have raised had they been there.

use std::ops::ControlFlow;

use detect::{Detector, Workspace};
use ecs::{Context, Record, Timestamp};
use hashbrown::HashMap;
use intel::{Hunter, IndicatorSet, Term};
use okta::LogEvent;
use store::search::{IndexedValue, SearchError, Searcher, Unreadable};
use store::{Database, NewAlert};

use crate::worker::stored;

/// How many alerts are stored at a time.
const AT_A_TIME: usize = 500;
/// How many alerts one hunt raises at the most.
const MOST_ALERTS: u64 = 200_000;
/// For how many intakes a context is kept.
const MOST_CONTEXTS: usize = 1_000;

/// How to hunt.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hunt {
    /// Only in events from this time on.
    pub since: Option<Timestamp>,
    /// Only in events before this time.
    pub until: Option<Timestamp>,
    /// How far apart repeats of an alert are folded into one, in milliseconds; `None`: nothing is
    /// stored.
    pub store: Option<i64>,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Hunted {
    /// Events with a value that could be an indicator's.
    pub events: u64,
    /// Events that indicators were found in.
    pub found: u64,
    /// Alerts that there had not been.
    pub alerts: u64,
    /// Whether it ended because there were too many.
    pub is_cut: bool,
    /// The days that could not be searched.
    pub unreadable: Vec<Unreadable>,
}

impl Hunt {
    /// Looks for the indicators of a set in the events of a data folder. `on_day` is told how many
    /// days are done, and how many there are; `on_alert` gets every alert, known or not.
    ///
    /// # Errors
    ///
    /// When nothing can be read or written.
    pub fn run(
        &self,
        searcher: &Searcher,
        database: &mut Database,
        (detector, set): (&Detector, &IndicatorSet),
        on_day: impl FnMut(usize, usize) + Send,
        mut on_alert: impl FnMut(&NewAlert),
    ) -> Result<Hunted, SearchError> {
        let mut hunted = Hunted::default();
        if set.is_empty() || !detector.tells_of_indicators() {
            return Ok(hunted);
        }
        let hunter = Hunter::new(set);
        let fields = hunter.fields();
        let (first, last) = hunter.period();
        let since = self.since.max(first);
        let until = match (self.until, last) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        let accepts = |field: usize, value: IndexedValue<'_>, (from, to)| {
            let Some(field) = fields.get(field) else { return false };
            let term = match value {
                IndexedValue::Text(text) => Term::Text(text),
                IndexedValue::Address(address) => Term::Address(address),
                IndexedValue::Number(number) => Term::Number(number),
            };
            hunter.may_find(field, term, from, to)
        };
        let mut workspace = Workspace::default();
        let mut contexts: HashMap<String, Context> = HashMap::new();
        let mut alerts: Vec<NewAlert> = Vec::new();
        let mut failed = None;
        let found = searcher.for_each_with(&fields, (since, until), &accepts, on_day, |hit| {
            let Some(origin) = &hit.origin else { return ControlFlow::Continue(()) };
            let Ok(event) = LogEvent::parse(&hit.raw) else { return ControlFlow::Continue(()) };
            if contexts.len() > MOST_CONTEXTS {
                contexts.clear();
            }
            let fresh = || Context::new(origin.organization());
            let context = contexts.entry_ref(origin.intake.as_str()).or_insert_with(fresh);
            context.reset();
            let record = Record::new(&event, context, hit.arrival);
            let Some(alert) = detector.hunt(set, &record, &mut workspace) else {
                return ControlFlow::Continue(());
            };
            let Some(rule) = detector.rules().get(alert.rule) else {
                return ControlFlow::Continue(());
            };
            hunted.found += 1;
            alerts.push(stored(alert, &rule.rule));
            if alerts.len() >= AT_A_TIME {
                match self.keep(database, &mut alerts, &mut on_alert) {
                    Ok(new) => hunted.alerts += new,
                    Err(error) => {
                        failed = Some(error);
                        return ControlFlow::Break(());
                    }
                }
            }
            match hunted.found < MOST_ALERTS {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })?;
        if let Some(error) = failed {
            return Err(error.into());
        }
        hunted.alerts += self.keep(database, &mut alerts, &mut on_alert)?;
        hunted.events = found.events;
        hunted.is_cut = found.is_cut;
        hunted.unreadable = found.unreadable;
        Ok(hunted)
    }

    fn keep(
        &self,
        database: &mut Database,
        alerts: &mut Vec<NewAlert>,
        on_alert: &mut impl FnMut(&NewAlert),
    ) -> Result<u64, store::Error> {
        let new = match self.store {
            Some(window) if !alerts.is_empty() => database.store_alerts(alerts, window)?,
            _ => 0,
        };
        alerts.drain(..).for_each(|alert| on_alert(&alert));
        Ok(new)
    }
}
