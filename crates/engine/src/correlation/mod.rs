//! Correlation of what is stored: one memory for each organisation.

mod past;

use std::sync::Arc;
use std::time::{Duration, Instant};

use detect::{Correlator, Detector, Limits, Observation};
use ecs::Timestamp;
use hashbrown::HashMap;
use store::{NewAlert, Origin};

use crate::worker::stored;

/// How many organisations are told apart at the most.
const MOST_ORGANIZATIONS: usize = 1_000;
/// How long pushed events may take after a start before it is believed that there are none.
const GRACE: Duration = Duration::from_secs(600);
/// What stands behind the name of an intake in that of its backfill.
const BACKFILL: &str = "/backfill";

/// What is remembered for the correlations of a detector.
pub(crate) struct Correlation {
    detector: Arc<Detector>,
    organizations: HashMap<String, Organization>,
    begun: Instant,
    grace: Duration,
}

struct Organization {
    correlator: Correlator,
    /// Where events of it come from.
    origin: Arc<Origin>,
    /// The intakes that are followed, and up to when each has handed in everything.
    followed: HashMap<String, Timestamp>,
}

/// What was seen in a batch, in the order of its events.
#[derive(Debug, Default)]
pub(crate) struct Sightings {
    /// What correlations want to know of.
    pub(crate) observed: Vec<Observed>,
    /// The time of the newest event.
    pub(crate) newest: Option<Timestamp>,
}

/// What a correlation wants to know of an event.
#[derive(Debug)]
pub(crate) struct Observed {
    /// The place of the event in its batch.
    pub(crate) place: u32,
    /// The time of the newest event up to it.
    pub(crate) newest: Option<Timestamp>,
    pub(crate) observation: Observation,
}

/// How far a batch brings its source.
#[derive(Debug, Default)]
pub(crate) struct Moved {
    /// The source whose cursor moves with it.
    pub(crate) source: Option<String>,
    /// Up to when everything has been handed in.
    pub(crate) caught_up: Option<Timestamp>,
}

impl Correlation {
    pub(crate) fn new(detector: Arc<Detector>) -> Self {
        let begun = Instant::now();
        Self { detector, organizations: HashMap::new(), begun, grace: GRACE }
    }

    pub(crate) fn detector(&self) -> &Arc<Detector> {
        &self.detector
    }

    /// Takes what was seen in a batch of an origin; `is_new` says of which of its events.
    pub(crate) fn take(
        &mut self,
        origin: &Arc<Origin>,
        sightings: Sightings,
        moved: &Moved,
        is_new: impl Fn(u32) -> bool,
        alerts: &mut Vec<NewAlert>,
    ) {
        let detector = Arc::clone(&self.detector);
        if !detector.correlates() {
            return;
        }
        let on_alert = &mut |alert: detect::Alert| push(&detector, alert, alerts);
        let Some(organization) = self.organization(origin) else { return };
        let correlator = &mut organization.correlator;
        for Observed { place, newest, observation } in sightings.observed {
            if let Some(newest) = newest {
                correlator.advance(&detector, newest, on_alert);
            }
            if is_new(place) {
                correlator.take(&detector, observation, on_alert);
            }
        }
        if let Some(newest) = sightings.newest {
            correlator.advance(&detector, newest, on_alert);
        }
        let tail = moved.source.as_ref().filter(|source| !source.ends_with(BACKFILL));
        if let Some(source) = tail {
            let known = organization.followed.entry_ref(source.as_str());
            let known = known.or_insert(Timestamp(i64::MIN));
            *known = (*known).max(moved.caught_up.unwrap_or(Timestamp(i64::MIN)));
        }
        if let Some(time) = organization.followed.values().min() {
            organization.correlator.advance(&detector, *time, on_alert);
        }
    }

    /// Looks at the clock for organisations whose events are pushed, when none is waiting:
    /// gives the alerts about what has not come, by their origins.
    pub(crate) fn tick(&mut self, now: Timestamp) -> Vec<(Arc<Origin>, Vec<NewAlert>)> {
        let detector = Arc::clone(&self.detector);
        let mut told = Vec::new();
        if self.begun.elapsed() < self.grace {
            return told;
        }
        for organization in self.organizations.values_mut() {
            if !organization.followed.is_empty() {
                continue;
            }
            let mut alerts = Vec::new();
            let on_alert = &mut |alert: detect::Alert| push(&detector, alert, &mut alerts);
            organization.correlator.advance(&detector, now, on_alert);
            if !alerts.is_empty() {
                told.push((Arc::clone(&organization.origin), alerts));
            }
        }
        told
    }

    fn organization(&mut self, origin: &Arc<Origin>) -> Option<&mut Organization> {
        let key = origin.organization_key();
        let known = self.organizations.len();
        if !self.organizations.contains_key(key) && known >= MOST_ORGANIZATIONS {
            return None;
        }
        let detector = &self.detector;
        Some(self.organizations.entry_ref(key).or_insert_with(|| Organization {
            correlator: Correlator::new(detector, origin.organization(), Limits::default()),
            origin: Arc::clone(origin),
            followed: HashMap::new(),
        }))
    }

    /// How much is remembered, of all organisations together.
    pub(crate) fn memory(&self) -> detect::Memory {
        let mut all = detect::Memory::default();
        for organization in self.organizations.values() {
            let memory = organization.correlator.memory();
            all.groups += memory.groups;
            all.bytes += memory.bytes;
            all.evicted += memory.evicted;
            all.late += memory.late;
        }
        all
    }
}

fn push(detector: &Detector, alert: detect::Alert, alerts: &mut Vec<NewAlert>) {
    if let Some(rule) = detector.rules().get(alert.rule) {
        alerts.push(stored(alert, &rule.rule));
    }
}

#[cfg(test)]
mod tests {
    use detect::{Exceptions, Found, Pack, Placeholders, Selection, Workspace};
    use ecs::{Arrival, Context, Record};
    use okta::LogEvent;

    use super::*;

    const RULES: &str = "title: A\nname: a\nlogsource: {product: okta}\n\
        detection: {s: {eventType: act.a}, condition: s}\n---\n\
        title: B\nname: b\nlogsource: {product: okta}\n\
        detection: {s: {eventType: act.b}, condition: s}\n---\n\
        title: Missing\nid: missing\ncorrelation: {type: missing_followup, rules: [a, b], \
        group-by: [user.name], timespan: 1h}\n";
    const MINUTE: i64 = 60_000;

    fn correlation() -> Correlation {
        let mut pack = Pack::default();
        pack.add(RULES, "r.yml", &"test".into());
        let (none, exceptions) = (Placeholders::default(), Exceptions::default());
        let detector = Detector::new(&pack, &Selection::default(), none, exceptions);
        let mut correlation = Correlation::new(Arc::new(detector));
        correlation.grace = Duration::ZERO;
        correlation
    }

    /// What is seen in an event that asks for an answer within an hour, at a time.
    fn asking(correlation: &Correlation, time: i64) -> Sightings {
        let published = Timestamp(time);
        let text = format!(
            r#"{{"uuid":"1","published":"{published}","eventType":"act.a","actor":{{"alternateId":"u"}}}}"#
        );
        let event = LogEvent::parse(&text).unwrap();
        let context = Context::default();
        let record = Record::new(&event, &context, Arrival::default());
        let mut sightings = Sightings { newest: Some(published), ..Sightings::default() };
        correlation.detector.inspect(&record, &mut Workspace::default(), |found| {
            if let Found::Observation(observation) = found {
                let newest = Some(published);
                sightings.observed.push(Observed { place: 0, newest, observation });
            }
        });
        assert_eq!(sightings.observed.len(), 1);
        sightings
    }

    fn take(
        correlation: &mut Correlation,
        intake: &str,
        sightings: Sightings,
        moved: Moved,
    ) -> usize {
        let origin = Arc::new(Origin::new(intake, &ecs::Organization::default()));
        let mut alerts = Vec::new();
        correlation.take(&origin, sightings, &moved, |_| true, &mut alerts);
        alerts.len()
    }

    #[test]
    fn where_events_are_pushed_the_clock_tells_what_is_missing() {
        let mut correlation = correlation();
        let start = 1_800_000_000_000;
        let sightings = asking(&correlation, start);
        assert_eq!(take(&mut correlation, "pushed", sightings, Moved::default()), 0);
        assert!(correlation.tick(Timestamp(start + 69 * MINUTE)).is_empty());
        let told = correlation.tick(Timestamp(start + 71 * MINUTE));
        let [(origin, alerts)] = told.as_slice() else { panic!("{}", told.len()) };
        assert_eq!((origin.intake.as_str(), alerts.len()), ("pushed", 1));
        assert_eq!(alerts[0].rule_name, "Missing");
        assert!(correlation.tick(Timestamp(start + 200 * MINUTE)).is_empty());

        // Not at once after a start: what was to be pushed meanwhile may still come.
        let sightings = asking(&correlation, start + 300 * MINUTE);
        take(&mut correlation, "pushed", sightings, Moved::default());
        correlation.grace = Duration::from_secs(600);
        assert!(correlation.tick(Timestamp(start + 900 * MINUTE)).is_empty());
    }

    #[test]
    fn where_they_are_followed_the_source_does() {
        let mut correlation = correlation();
        let start = 1_800_000_000_000;
        let moved = |source: &str, caught_up: Option<i64>| Moved {
            source: Some(source.to_owned()),
            caught_up: caught_up.map(Timestamp),
        };
        let sightings = asking(&correlation, start);
        assert_eq!(take(&mut correlation, "acme", sightings, moved("acme", None)), 0);
        let later = start + 600 * MINUTE;
        // However late it is: it cannot be reached, or has more.
        assert!(correlation.tick(Timestamp(later)).is_empty());
        let nothing = Sightings::default;
        assert_eq!(take(&mut correlation, "acme", nothing(), moved("acme", None)), 0);
        assert_eq!(
            take(&mut correlation, "acme", nothing(), moved("acme/backfill", Some(later))),
            0
        );
        assert_eq!(take(&mut correlation, "acme", nothing(), moved("acme", Some(later))), 1);
    }
}
