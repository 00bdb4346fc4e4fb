//! Correlation of what is stored: one memory for each organisation.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use detect::{Correlator, Detector, Found, Limits, Observation, Workspace};
use ecs::{Context, Organization, Record, Timestamp};
use hashbrown::HashMap;
use okta::LogEvent;
use store::search::{Request, SearchError, Searcher, Selection};
use store::{NewAlert, Origin};

use crate::worker::stored;

/// How many organisations are told apart at the most.
const MOST_ORGANIZATIONS: usize = 1_000;

/// What is remembered for the correlations of a detector.
pub(crate) struct Correlation {
    detector: Arc<Detector>,
    organizations: HashMap<String, Correlator>,
}

impl Correlation {
    pub(crate) fn new(detector: Arc<Detector>) -> Self {
        Self { detector, organizations: HashMap::new() }
    }

    pub(crate) fn detector(&self) -> &Arc<Detector> {
        &self.detector
    }

    /// Takes what was seen in new events of an origin, in their order.
    pub(crate) fn take(
        &mut self,
        origin: &Origin,
        observations: impl Iterator<Item = Observation>,
        alerts: &mut Vec<NewAlert>,
    ) {
        let key = origin.organization_key();
        let known = self.organizations.len();
        let detector = &self.detector;
        for observation in observations {
            if !self.organizations.contains_key(key) && known >= MOST_ORGANIZATIONS {
                return;
            }
            let correlator = self.organizations.entry_ref(key).or_insert_with(|| {
                Correlator::new(detector, organization(origin), Limits::default())
            });
            correlator.take(detector, observation, &mut |alert| {
                if let Some(rule) = detector.rules().get(alert.rule) {
                    alerts.push(stored(alert, &rule.rule));
                }
            });
        }
    }

    /// Remembers the stored past, as far back as the correlations look, in the order in which it
    /// was stored. Everything stored has to be searchable.
    pub(crate) fn remember(&mut self, root: &Path) -> Result<u64, SearchError> {
        let horizon = self.detector.horizon();
        if !self.detector.correlates() {
            return Ok(0);
        }
        let searcher = Searcher::open(root)?;
        let query = query::parse(&self.query()).map_err(SearchError::Query)?;
        let mut request = Request {
            selection: Selection::new(&query.root),
            limit: 1,
            newest_first: true,
            after: None,
        };
        // Windows end where the events do, not where the clock is.
        let mut newest = None;
        searcher.for_each(&request, |hit| {
            newest = Some(hit.time);
            ControlFlow::Break(())
        })?;
        let Some(newest) = newest else { return Ok(0) };
        request.selection.since = Some(Timestamp(newest.0.saturating_sub(horizon)));
        (request.limit, request.newest_first) = (usize::MAX, false);
        let mut past = Vec::new();
        let mut workspace = Workspace::default();
        let detector = Arc::clone(&self.detector);
        let mut events = 0;
        searcher.for_each(&request, |hit| {
            let Some(origin) = hit.origin else { return ControlFlow::Continue(()) };
            let Ok(event) = LogEvent::parse(&hit.raw) else { return ControlFlow::Continue(()) };
            let context = Context::new(organization(&origin));
            let record = Record::new(&event, &context, hit.arrival);
            events += 1;
            detector.inspect(&record, &mut workspace, |found| {
                if let Found::Observation(observation) = found {
                    past.push((hit.seq, Arc::clone(&origin), observation));
                }
            });
            ControlFlow::Continue(())
        })?;
        past.sort_by_key(|(seq, ..)| *seq);
        let mut told = Vec::new();
        for (_, origin, observation) in past {
            self.take(&origin, std::iter::once(observation), &mut told);
            // They were stored with the events that completed them.
            told.clear();
        }
        Ok(events)
    }

    /// What the rules that feed correlations can match at all.
    fn query(&self) -> String {
        match self.detector.observed_actions() {
            Some(actions) if !actions.is_empty() => {
                let quoted: Vec<String> = actions
                    .iter()
                    .map(|action| format!("\"{}\"", action.replace(['"', '\\'], "?")))
                    .collect();
                format!("event.action: ({})", quoted.join(" OR "))
            }
            _ => "*".to_owned(),
        }
    }
}

fn organization(origin: &Origin) -> Organization {
    origin.organization()
}
