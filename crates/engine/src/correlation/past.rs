//! What correlations remember of the stored past.

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use detect::{Found, Observation, Past, Workspace};
use ecs::{Arrival, Context, Organization, Record, Timestamp};
use okta::LogEvent;
use store::search::{Request, SearchError, Searcher, Selection};
use store::{AlertFilter, Database, Origin};

use super::{BACKFILL, Correlation};

/// How much later than a newer event one may have been stored and still be taken in the order
/// of the store, in milliseconds.
const DISORDER: i64 = 3_900_000;
/// The most stored alerts that are looked at.
const MOST_ALERTS: usize = 50_000;
/// An event of a date to come does not say where the log ends.
const SKEW: i64 = 300_000;

/// A part of the past, and what is looked at there.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    /// From how long before the newest event, to how long before it, in milliseconds.
    from: i64,
    to: Option<i64>,
    actions: Option<Vec<String>>,
}

impl Correlation {
    /// Remembers the stored past, as far back as each correlation looks, in the order in which it
    /// was stored. Everything stored has to be searchable. Gives how many events were looked at.
    pub(crate) fn remember(&mut self, root: &Path) -> Result<u64, SearchError> {
        if !self.detector.correlates() {
            return Ok(0);
        }
        let database = Database::open(root)?;
        let parts = parts(&self.detector.past());
        let events = self.remember_events(&Searcher::open(root)?, &parts)?;
        self.remember_alerts(&database)?;
        self.remember_sources(&database)?;
        Ok(events)
    }

    fn remember_events(&mut self, searcher: &Searcher, parts: &[Part]) -> Result<u64, SearchError> {
        // Windows end where the events do, not where the clock is.
        let mut newest: Option<Timestamp> = None;
        let now = Timestamp::now();
        for part in parts {
            let query = query::parse(&query_of(part)).map_err(SearchError::Query)?;
            let mut selection = Selection::new(&query.root);
            selection.until = Some(Timestamp(now.0.saturating_add(SKEW)));
            let request = Request { selection, limit: 1, newest_first: true, after: None };
            searcher.for_each(&request, |hit| {
                newest = newest.max(Some(hit.time));
                ControlFlow::Break(())
            })?;
        }
        let Some(newest) = newest else { return Ok(0) };
        let detector = Arc::clone(&self.detector);
        let mut workspace = Workspace::default();
        let mut order = Order::default();
        let mut events = 0;
        for part in parts {
            let query = query::parse(&query_of(part)).map_err(SearchError::Query)?;
            let mut selection = Selection::new(&query.root);
            selection.since = Some(Timestamp(newest.0.saturating_sub(part.from)));
            selection.until = part.to.map(|to| Timestamp(newest.0.saturating_sub(to)));
            let request =
                Request { selection, limit: usize::MAX, newest_first: false, after: None };
            searcher.for_each(&request, |hit| {
                let Some(origin) = hit.origin else { return ControlFlow::Continue(()) };
                let Ok(event) = LogEvent::parse(&hit.raw) else {
                    return ControlFlow::Continue(());
                };
                let context = Context::new(origin.organization());
                let record = Record::new(&event, &context, hit.arrival);
                events += 1;
                let mut observations = Vec::new();
                detector.inspect(&record, &mut workspace, |found| {
                    if let Found::Observation(observation) = found {
                        observations.push(observation);
                    }
                });
                order.put(hit.time, hit.seq, (origin, observations));
                while let Some(next) = order.due() {
                    self.recall(next, newest);
                }
                ControlFlow::Continue(())
            })?;
        }
        while let Some(next) = order.next() {
            self.recall(next, newest);
        }
        Ok(events)
    }

    /// Takes what was seen in an event of the past. What comes of it was stored with it.
    fn recall(&mut self, (time, (origin, observations)): (Timestamp, Seen), newest: Timestamp) {
        let detector = Arc::clone(&self.detector);
        let Some(organization) = self.organization(&origin) else { return };
        let correlator = &mut organization.correlator;
        correlator.set_past(true);
        if time <= newest {
            correlator.advance(&detector, time, &mut |_| {});
        }
        for observation in observations {
            correlator.take(&detector, observation, &mut |_| {});
        }
        correlator.set_past(false);
    }

    /// Alerts are stored: what they add to a risk is not worked out of their events again.
    fn remember_alerts(&mut self, database: &Database) -> Result<(), store::Error> {
        let detector = Arc::clone(&self.detector);
        let Some(back) = detector.past_of_alerts() else { return Ok(()) };
        let newest = database.alerts(&AlertFilter { limit: 1, repeats: true, ..<_>::default() })?;
        let Some(newest) = newest.first() else { return Ok(()) };
        let filter = AlertFilter {
            since: Some(Timestamp(newest.last_time.0.saturating_sub(back))),
            repeats: true,
            limit: MOST_ALERTS,
            ..AlertFilter::default()
        };
        let mut alerts = database.alerts(&filter)?;
        alerts.sort_by_key(|alert| alert.seq);
        let origins: Vec<Arc<Origin>> =
            database.origins()?.into_iter().map(|(_, origin)| Arc::new(origin)).collect();
        for alert in alerts {
            let Ok(stored) = database.alert(&alert.id.to_string())? else { continue };
            let Some((document, raw)) = original(&stored.document) else { continue };
            let Some(origin) = origin_of(&document, &origins) else { continue };
            let Ok(event) = LogEvent::parse(&raw) else { continue };
            let context = Context::new(origin.organization());
            let arrival = Arrival { ingested: Some(alert.created), repaired: false };
            let record = Record::new(&event, &context, arrival);
            let Some(organization) = self.organization(&origin) else { continue };
            detector.recall(&alert.rule, alert.id, &record, &mut |observation| {
                organization.correlator.take_stored(&detector, observation);
            });
        }
        Ok(())
    }

    /// An organisation that is followed is believed to be quiet only when its source says so.
    fn remember_sources(&mut self, database: &Database) -> Result<(), store::Error> {
        let origins = database.origins()?;
        for cursor in database.cursors()? {
            let intake = cursor.source.strip_suffix(BACKFILL).unwrap_or(&cursor.source);
            let origin = origins.iter().find(|(_, origin)| origin.intake == intake);
            let Some((_, origin)) = origin else { continue };
            if let Some(organization) = self.organization(&Arc::new(origin.clone())) {
                organization.followed.insert(intake.to_owned(), Timestamp(i64::MIN));
            }
        }
        Ok(())
    }
}

/// What was seen in an event of an origin.
type Seen = (Arc<Origin>, Vec<Observation>);

/// Events in the order of their times, put into the order of the store as far as they are not
/// too far apart.
#[derive(Default)]
struct Order {
    /// By their numbers in the store.
    waiting: BTreeMap<u64, (Timestamp, Seen)>,
    /// In the order of their times; some of them are gone.
    times: VecDeque<(Timestamp, u64)>,
}

impl Order {
    fn put(&mut self, time: Timestamp, seq: u64, seen: Seen) {
        self.waiting.insert(seq, (time, seen));
        self.times.push_back((time, seq));
    }

    /// The first of the store, when one waits that is so old that no other comes before it.
    fn due(&mut self) -> Option<(Timestamp, Seen)> {
        while self.times.front().is_some_and(|(_, seq)| !self.waiting.contains_key(seq)) {
            self.times.pop_front();
        }
        let ((first, _), (last, _)) = (self.times.front()?, self.times.back()?);
        if last.0.saturating_sub(first.0) <= DISORDER {
            return None;
        }
        self.next()
    }

    fn next(&mut self) -> Option<(Timestamp, Seen)> {
        self.waiting.pop_first().map(|(_, next)| next)
    }
}

/// The past in parts, the earliest first: the nearer it is, the more rules look at it.
fn parts(past: &[Past]) -> Vec<Part> {
    let mut backs: Vec<i64> = past.iter().map(|past| past.back).collect();
    backs.sort_unstable_by(|a, b| b.cmp(a));
    backs.dedup();
    let mut parts = Vec::new();
    for (place, from) in backs.iter().enumerate() {
        let mut actions = Some(Vec::new());
        for past in past.iter().filter(|past| past.back >= *from) {
            match (&mut actions, &past.actions) {
                (Some(all), Some(more)) => all.extend(more.iter().cloned()),
                _ => actions = None,
            }
        }
        if let Some(actions) = &mut actions {
            actions.sort();
            actions.dedup();
        }
        parts.push(Part { from: *from, to: backs.get(place + 1).copied(), actions });
    }
    parts
}

/// What the rules that look at a part can match at all.
fn query_of(part: &Part) -> String {
    match &part.actions {
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

/// The document of an alert, and the event that it gives in full.
fn original(document: &str) -> Option<(serde_json::Value, String)> {
    let document: serde_json::Value = serde_json::from_str(document).ok()?;
    let events = document.pointer("/wardgate/alert/events")?.as_array()?;
    let original =
        events.iter().find_map(|event| event.pointer("/event/original").or(event.get("original")));
    let raw = original?.as_str()?.to_owned();
    Some((document, raw))
}

/// Where an alert's event came from, as far as it matters: of which organisation it is.
fn origin_of(document: &serde_json::Value, origins: &[Arc<Origin>]) -> Option<Arc<Origin>> {
    let text = |pointer| document.pointer(pointer).and_then(serde_json::Value::as_str);
    let organization = Organization {
        id: text("/organization/id").map(str::to_owned),
        name: text("/organization/name").map(str::to_owned),
    };
    let mut same = origins.iter().filter(|origin| origin.organization() == organization);
    let first = same.next()?;
    // Those without a name are told apart by their intakes, which alerts do not name.
    same.all(|other| other.organization_key() == first.organization_key())
        .then(|| Arc::clone(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearer_past_is_looked_at_by_more_rules() {
        let past = |back, actions: Option<&[&str]>| Past {
            back,
            actions: actions.map(|all| all.iter().map(|one| (*one).to_owned()).collect()),
        };
        let found = parts(&[
            past(10, Some(&["b", "a"])),
            past(90, Some(&["a"])),
            past(10, Some(&["c"])),
            past(5, None),
        ]);
        let part = |from, to, actions: Option<&[&str]>| Part {
            from,
            to,
            actions: past(0, actions).actions,
        };
        let expected = [
            part(90, Some(10), Some(&["a"])),
            part(10, Some(5), Some(&["a", "b", "c"])),
            part(5, None, None),
        ];
        assert_eq!(found, expected);
        let queries: Vec<String> = found.iter().map(query_of).collect();
        assert_eq!(
            queries,
            [r#"event.action: ("a")"#, r#"event.action: ("a" OR "b" OR "c")"#, "*"]
        );
        assert_eq!(parts(&[]), []);
    }

    #[test]
    fn late_events_stand_where_they_were_stored() {
        let origin = Arc::new(Origin::new("acme", &Organization::default()));
        let mut order = Order::default();
        let mut found = Vec::new();
        // Times in minutes, as they are found, and numbers in the store: 30 came after 55.
        for (minute, seq) in [(0, 1), (20, 2), (30, 5), (40, 3), (55, 4), (90, 6), (130, 7)] {
            order.put(Timestamp(minute * 60_000), seq, (Arc::clone(&origin), Vec::new()));
            while let Some((time, _)) = order.due() {
                found.push(time.0 / 60_000);
            }
        }
        while let Some((time, _)) = order.next() {
            found.push(time.0 / 60_000);
        }
        assert_eq!(found, [0, 20, 40, 55, 30, 90, 130]);
    }
}
