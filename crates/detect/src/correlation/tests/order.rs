//! The same alerts whatever the way on which events come.

use std::collections::BTreeSet;

use ecs::Timestamp;
use proptest::prelude::*;

use super::stream::{Event, MINUTE, START, Stream, detector, event};
use crate::{Alert, Detector, Limits, Observation};

/// A correlation of each type.
const RULES: &str = "title: Count\nid: count\nlevel: high\ncorrelation: {type: event_count, \
     rules: [a], group-by: [user.name], timespan: 10m, condition: {gte: 4}, generate: true}\n---\n\
     title: Values\nid: values\ncorrelation: {type: value_count, rules: [a, b], \
     group-by: [user.name], timespan: 20m, condition: {gte: 3, field: source.ip}, generate: true}\n---\n\
     title: Order\nid: order\ncorrelation: {type: temporal_ordered, rules: [a, b, c], \
     group-by: [user.name], timespan: 15m, generate: true}\n---\n\
     title: New\nid: new\ncorrelation: {type: first_seen, rules: [b], group-by: [user.name], \
     timespan: 3h, learning: 30m, condition: {field: source.ip}, generate: true}\n---\n\
     title: Far\nid: far\ncorrelation: {type: impossible_travel, rules: [a, c], \
     group-by: [user.name], timespan: 1h, memory: 2h, condition: {gte: 1000}, generate: true}\n---\n\
     title: Missing\nid: missing\ncorrelation: {type: missing_followup, rules: [c, b], \
     group-by: [user.name], timespan: 30m, generate: true}\n---\n\
     title: Many\nid: many\ncorrelation: {type: spike, rules: [a, b], group-by: [user.name], \
     timespan: 10m, learning: 1h, condition: {gte: 3, deviations: 2}, generate: true}\n---\n\
     title: Chained\nid: chained\ncorrelation: {type: temporal, rules: [count, b], \
     group-by: [user.name], timespan: 1h, generate: true}\n---\n\
     title: Risky\nid: risky\ncorrelation: {type: risk, group-by: [user.name], timespan: 6h, \
     half-life: 1h, condition: {gte: 150, rules: 3}}\n";

/// Four places, one for each address.
const PLACES: [(f64, f64); 4] = [(52.5, 13.4), (52.6, 13.5), (-33.9, 151.2), (40.7, -74.0)];

fn step() -> impl Strategy<Value = (i64, usize, usize, usize)> {
    (0_i64..600, 0_usize..3, 0_usize..2, 0_usize..4)
}

fn made(steps: &[(i64, usize, usize, usize)]) -> Vec<Event> {
    let mut events: Vec<Event> = steps
        .iter()
        .enumerate()
        .map(|(number, (minute, action, user, value))| {
            let (latitude, longitude) = PLACES[*value];
            let more = format!(
                r#","client":{{"ipAddress":"192.0.2.{value}","geographicalContext":{{"geolocation":{{"lat":{latitude},"lon":{longitude}}}}}}},"securityContext":{{"asNumber":7{value}}}"#
            );
            let (action, user) = (["a", "b", "c"][*action], ["u", "v"][*user]);
            event(&format!("e{number:03}"), minute * MINUTE, action, user, &more)
        })
        .collect();
    events.sort();
    events
}

/// Puts events into another order, which the seed decides.
pub(super) fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed | 1;
    for place in (1..items.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        items.swap(place, (state >> 33) as usize % (place + 1));
    }
}

/// The alerts when events come in batches of these sizes, each inspected as a whole before any of
/// it is correlated.
fn in_batches(detector: &Detector, events: &[Event], sizes: &[usize]) -> Vec<Alert> {
    let mut stream = Stream::new(detector, Limits::default());
    let mut rest = events;
    let mut sizes = sizes.iter().cycle();
    let mut newest = i64::MIN;
    while !rest.is_empty() {
        let size = (*sizes.next().unwrap()).clamp(1, rest.len());
        let (batch, more) = rest.split_at(size);
        rest = more;
        let mut seen: Vec<(i64, Observation)> = Vec::new();
        for event in batch {
            newest = newest.max(START + event.time);
            let (observations, _) = stream.inspect(event);
            seen.extend(observations.into_iter().map(|one| (newest, one)));
        }
        let alerts = &mut stream.alerts;
        let on_alert = &mut |alert| alerts.push(alert);
        for (newest, observation) in seen {
            stream.correlator.advance(detector, Timestamp(newest), on_alert);
            stream.correlator.take(detector, observation, on_alert);
        }
        stream.correlator.advance(detector, Timestamp(newest), on_alert);
    }
    stream.finish()
}

/// The alerts when the program ends after so many events, and another one begins that remembers
/// these: what that raises as well has been told, and is known by its id.
fn restarted(detector: &Detector, events: &[Event], after: usize) -> Vec<Alert> {
    let mut before = Stream::new(detector, Limits::default());
    let (past, rest) = events.split_at(after);
    let mut stored = Vec::new();
    for event in past {
        let (_, alerts) = before.inspect(event);
        stored.extend(alerts.into_iter().map(|alert| (alert, event)));
        let told = before.alerts.len();
        before.take(event);
        stored.extend(before.alerts[told..].iter().cloned().map(|alert| (alert, event)));
    }
    let mut alerts = before.alerts;
    let mut now = Stream::new(detector, Limits::default());
    now.correlator.set_past(true);
    past.iter().for_each(|event| now.take(event));
    now.correlator.set_past(false);
    for (alert, _) in &stored {
        let document: serde_json::Value = serde_json::from_str(&alert.document).unwrap();
        let events = document["wardgate"]["alert"]["events"].as_array().unwrap();
        let original = events.iter().find_map(|event| event["original"].as_str()).unwrap();
        let parsed = okta::LogEvent::parse(original).unwrap();
        let context = ecs::Context::default();
        let record = ecs::Record::new(&parsed, &context, ecs::Arrival::default());
        let rule = &detector.rules()[alert.rule].rule;
        let rule = rule.id.as_ref().unwrap_or(&rule.title);
        detector.recall(rule, alert.id, &record, &mut |observation| {
            now.correlator.take_stored(detector, observation);
        });
    }
    now.alerts.clear();
    rest.iter().for_each(|event| now.take(event));
    for alert in now.finish() {
        if !alerts.iter().any(|told| told.id == alert.id) {
            alerts.push(alert);
        }
    }
    alerts
}

fn ids(alerts: &[Alert]) -> BTreeSet<(usize, uuid::Uuid)> {
    alerts.iter().map(|alert| (alert.rule, alert.id)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn however_events_are_cut_into_batches(
        steps in proptest::collection::vec(step(), 1..150),
        sizes in proptest::collection::vec(1_usize..40, 1..9),
        seed in any::<u64>(),
    ) {
        let detector = detector(RULES);
        let mut events = made(&steps);
        // Late ones among them.
        for chunk in events.chunks_mut(9) {
            shuffle(chunk, seed);
        }
        let one_by_one = in_batches(&detector, &events, &[1]);
        let cut = in_batches(&detector, &events, &sizes);
        prop_assert_eq!(&one_by_one, &cut);
        prop_assert_eq!(&one_by_one, &in_batches(&detector, &events, &[usize::MAX]));
    }

    #[test]
    fn whenever_the_program_begins_anew(
        steps in proptest::collection::vec(step(), 1..120),
        after in 0.0..1.0_f64,
    ) {
        let detector = detector(RULES);
        let events = made(&steps);
        let whole = in_batches(&detector, &events, &[1]);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let after = (after * events.len() as f64) as usize;
        prop_assert_eq!(ids(&whole), ids(&restarted(&detector, &events, after)));
    }

    /// Who is alerted about, and by which rule, does not depend on the order within what may be
    /// late; only which events are named first.
    #[test]
    fn whatever_comes_late(steps in proptest::collection::vec(step(), 1..60), seed in any::<u64>()) {
        let rules: Vec<&str> = RULES.split("---\n").collect();
        // Rules that look at what was there before: what comes later than what it comes before
        // could not know that.
        let settled = [0, 1, 5].map(|place| rules[place]).join("---\n");
        let detector = detector(&settled);
        let events = made(&steps);
        let mut shuffled: Vec<(i64, Event)> = events.iter().cloned().map(|e| (0, e)).collect();
        let mut state = seed | 1;
        for (arrives, event) in &mut shuffled {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *arrives = event.time + i64::try_from((state >> 33) % 9).unwrap() * MINUTE;
        }
        shuffled.sort();
        let shuffled: Vec<Event> = shuffled.into_iter().map(|(_, event)| event).collect();
        let about = |alerts: &[Alert]| -> BTreeSet<(usize, Option<String>)> {
            alerts.iter().map(|alert| (alert.rule, alert.user.clone())).collect()
        };
        let missing = |alerts: &[Alert]| -> BTreeSet<uuid::Uuid> {
            let of = |alert: &&Alert| alert.title.starts_with("Missing");
            alerts.iter().filter(of).map(|alert| alert.id).collect()
        };
        let (in_order, late) =
            (in_batches(&detector, &events, &[1]), in_batches(&detector, &shuffled, &[1]));
        prop_assert_eq!(about(&in_order), about(&late));
        prop_assert_eq!(missing(&in_order), missing(&late));
    }
}

#[test]
fn a_full_memory_forgets_the_same_groups_however_events_are_cut() {
    let detector = detector(RULES);
    let events: Vec<Event> = (0..3_000_i64)
        .map(|number| {
            let more = format!(r#","client":{{"ipAddress":"192.0.2.{}"}}"#, number % 200);
            let user = format!("u{}", number * number % 701);
            event(&format!("e{number}"), number * 1_000, "a", &user, &more)
        })
        .collect();
    let alerts = |size: usize| {
        let limits = Limits { bytes: 60_000, ..Limits::default() };
        let mut stream = Stream::new(&detector, limits);
        for batch in events.chunks(size) {
            let seen: Vec<Observation> =
                batch.iter().flat_map(|event| stream.inspect(event).0).collect();
            let alerts = &mut stream.alerts;
            for observation in seen {
                stream.correlator.take(&detector, observation, &mut |alert| alerts.push(alert));
            }
        }
        assert!(stream.correlator.memory().bytes <= 60_000);
        assert!(stream.correlator.memory().evicted > 100);
        ids(&stream.finish())
    };
    let expected = alerts(1);
    assert_eq!(alerts(7), expected);
    assert_eq!(alerts(3_000), expected);
}
