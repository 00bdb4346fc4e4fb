//! Correlations against a slow, obvious reference, and what holds for all of them.

use ecs::{Arrival, Context, Organization, Record};
use okta::LogEvent;
use proptest::prelude::*;

mod journey;
mod missing;
mod order;
mod risk;
mod spike;
mod stream;

use super::{Correlator, Limits, Observation};
use crate::{Alert, Detector, Exceptions, Found, Pack, Placeholders, Selection, Workspace};

const MINUTE: i64 = 60_000;
const START: i64 = 1_767_225_600_000;

/// An event of the tests: minutes since the start, action, user, value.
#[derive(Clone, Debug)]
struct Step {
    minute: i64,
    action: usize,
    user: usize,
    value: usize,
}

fn detector(correlation: &str) -> Detector {
    let mut text = String::new();
    for name in ["a", "b", "c"] {
        text.push_str(&format!(
            "title: Base {name}\nname: {name}\nlogsource: {{product: okta}}\n\
             detection: {{s: {{eventType: act.{name}}}, condition: s}}\n---\n"
        ));
    }
    text.push_str(&format!("title: C\nid: the-c\nlevel: high\ncorrelation: {correlation}\n"));
    let mut pack = Pack::default();
    pack.add(&text, "c.yml", &"test".into());
    assert_eq!(pack.diagnostics(), []);
    let detector =
        Detector::new(&pack, &Selection::default(), Placeholders::default(), Exceptions::default());
    assert_eq!(detector.diagnostics(), []);
    detector
}

fn observations(detector: &Detector, steps: &[Step]) -> Vec<Vec<Observation>> {
    let mut workspace = Workspace::default();
    let context = Context::default();
    let observe = |(number, step): (usize, &Step)| {
        let time = ecs::Timestamp(START + step.minute * MINUTE);
        let action = ["a", "b", "c"][step.action];
        let text = format!(
            r#"{{"uuid":"e{number}","published":"{time}","eventType":"act.{action}","actor":{{"id":"u{u}","alternateId":"u{u}"}},"client":{{"ipAddress":"192.0.2.{v}"}}}}"#,
            u = step.user,
            v = step.value,
        );
        let event = LogEvent::parse(&text).unwrap();
        let record = Record::new(&event, &context, Arrival::default());
        let mut found = Vec::new();
        detector.inspect(&record, &mut workspace, |one| match one {
            Found::Observation(observation) => found.push(observation),
            // A rule that no correlation names stands for itself.
            Found::Alert(_) | Found::Excepted(_) => {}
        });
        found
    };
    steps.iter().enumerate().map(observe).collect()
}

fn alerts(detector: &Detector, steps: &[Step]) -> Vec<Alert> {
    let limits = Limits { lateness: 1 << 50, patience: 1 << 50, ..Limits::default() };
    let mut correlator = Correlator::new(detector, Organization::default(), limits);
    let mut alerts = Vec::new();
    for observation in observations(detector, steps).into_iter().flatten() {
        correlator.take(detector, observation, &mut |alert| alerts.push(alert));
    }
    alerts
}

fn steps(minutes: &[i64]) -> Vec<Step> {
    minutes.iter().map(|minute| Step { minute: *minute, action: 0, user: 0, value: 0 }).collect()
}

fn step() -> impl Strategy<Value = Step> {
    (0_i64..3, 0_usize..3, 0_usize..2, 0_usize..4).prop_map(|(minute, action, user, value)| Step {
        minute,
        action,
        user,
        value,
    })
}

/// Steps in order of time.
fn history() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(step(), 0..60).prop_map(|mut steps| {
        let mut now = 0;
        for step in &mut steps {
            now += step.minute * step.minute;
            step.minute = now;
        }
        steps
    })
}

/// The places of the steps at which an alert is due, worked out from all that came before.
fn reference(
    steps: &[Step],
    holds: impl Fn(&[&Step]) -> bool,
    rules: usize,
    span: i64,
) -> Vec<usize> {
    let mut due = Vec::new();
    for user in 0..2 {
        let mut last: Option<i64> = None;
        for (place, step) in steps.iter().enumerate() {
            if step.user != user || step.action >= rules {
                continue;
            }
            let mut window: Vec<&Step> = steps[..=place]
                .iter()
                .filter(|other| {
                    other.user == user && other.action < rules && step.minute - other.minute <= span
                })
                .collect();
            // Events of the same instant count in the order that serves best.
            window.sort_by_key(|step| (step.minute, step.action));
            if holds(&window) {
                if last.is_none_or(|last| step.minute - last > span) {
                    due.push(place);
                }
                last = Some(step.minute);
            }
        }
    }
    due.sort_unstable();
    due
}

fn fired(detector: &Detector, steps: &[Step]) -> Vec<usize> {
    let limits = Limits::default();
    let mut correlator = Correlator::new(detector, Organization::default(), limits);
    let mut fired = Vec::new();
    for (place, observations) in observations(detector, steps).into_iter().enumerate() {
        for observation in observations {
            correlator.take(detector, observation, &mut |_| fired.push(place));
        }
    }
    fired
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn counts_are_those_of_the_reference(steps in history(), bound in 1_usize..6, span in 1_i64..9) {
        let rule = format!(
            "{{type: event_count, rules: [a, b], group-by: [user.name], timespan: {span}m, \
             condition: {{gte: {bound}}}}}"
        );
        let expected = reference(&steps, |window| window.len() >= bound, 2, span);
        prop_assert_eq!(fired(&detector(&rule), &steps), expected);
    }

    #[test]
    fn value_counts_are_those_of_the_reference(steps in history(), bound in 1_usize..4, span in 1_i64..9) {
        let rule = format!(
            "{{type: value_count, rules: [a], group-by: [user.name], timespan: {span}m, \
             condition: {{gte: {bound}, field: source.ip}}}}"
        );
        let distinct = |window: &[&Step]| {
            let values: std::collections::BTreeSet<_> = window.iter().map(|s| s.value).collect();
            values.len() >= bound
        };
        prop_assert_eq!(fired(&detector(&rule), &steps), reference(&steps, distinct, 1, span));
    }

    #[test]
    fn proximity_is_that_of_the_reference(steps in history(), span in 1_i64..9) {
        let rule = |kind: &str| format!(
            "{{type: {kind}, rules: [a, b, c], group-by: [user.name], timespan: {span}m}}"
        );
        let all = |window: &[&Step]| (0..3).all(|a| window.iter().any(|s| s.action == a));
        let expected = reference(&steps, all, 3, span);
        prop_assert_eq!(fired(&detector(&rule("temporal")), &steps), expected);
        let ordered = |window: &[&Step]| {
            let mut due = 0;
            window.iter().for_each(|step| due += usize::from(step.action == due));
            due == 3
        };
        let expected = reference(&steps, ordered, 3, span);
        prop_assert_eq!(fired(&detector(&rule("temporal_ordered")), &steps), expected);
    }

    #[test]
    fn the_order_of_arrival_changes_little(steps in history(), seed in any::<u64>()) {
        let detector = detector(
            "{type: event_count, rules: [a], group-by: [user.name], timespan: 5m, \
             condition: {gte: 3}}",
        );
        let mut shuffled = steps.clone();
        let mut state = seed | 1;
        for place in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(place, (state >> 33) as usize % (place + 1));
        }
        // Who is alerted about does not depend on it.
        let users = |alerts: Vec<Alert>| -> std::collections::BTreeSet<Option<String>> {
            alerts.into_iter().map(|alert| alert.user).collect()
        };
        prop_assert_eq!(users(alerts(&detector, &steps)), users(alerts(&detector, &shuffled)));
    }
}

#[test]
fn one_attack_is_one_alert() {
    let rule = "{type: event_count, rules: [a], group-by: [user.name], timespan: 5m, \
                condition: {gte: 3}}";
    let detector = detector(rule);
    // Without an end for a while, then again after a pause.
    let mut minutes: Vec<i64> = (0..30).collect();
    minutes.extend([60, 61, 62]);
    let found = alerts(&detector, &steps(&minutes));
    assert_eq!(found.len(), 2);
    assert_ne!(found[0].id, found[1].id);
    assert_eq!(found[0].title, "C: u0, 3 events in 5 minutes");
    let document: serde_json::Value = serde_json::from_str(&found[0].document).unwrap();
    let alert = &document["wardgate"]["alert"];
    let ids: Vec<_> = alert["events"].as_array().unwrap().iter().collect();
    assert_eq!(ids.len(), 3);
    assert_eq!(ids[0]["event"]["id"], "e0");
    assert_eq!(ids[0]["event"]["action"], "act.a");
    assert_eq!(ids[0]["user"]["name"], "u0");
    assert!(ids[2].to_string().contains("original"), "{}", ids[2]);
    assert_eq!(alert["event_count"], 3);
    assert_eq!(alert["correlation"]["type"], "event_count");
    assert_eq!(alert["matched"][0]["field"], "user.name");
}

#[test]
fn numbers_are_worked_out() {
    let at = |value: usize| Step { minute: 0, action: 0, user: 0, value };
    let steps = [at(1), at(2), at(3), at(10)];
    // A field with a number: the source's AS is none here, so the minute serves.
    let cases = [
        ("event_count", "gt: 3", true),
        ("event_count", "gt: 4", false),
        ("event_count", "{gt: 1, lt: 3}", true),
        ("event_count", "eq: 9", false),
        ("event_count", "neq: 1", true),
    ];
    for (kind, condition, expected) in cases {
        let condition = if condition.starts_with('{') {
            condition.to_owned()
        } else {
            format!("{{{condition}}}")
        };
        let rule = format!(
            "{{type: {kind}, rules: [a], group-by: [user.name], timespan: 5m, condition: {condition}}}"
        );
        assert_eq!(!alerts(&detector(&rule), &steps).is_empty(), expected, "{rule}");
    }
}

#[test]
fn what_is_new_about_a_known_group_is_told_once() {
    let rule = "{type: first_seen, rules: [a], group-by: [user.name], timespan: 30d, \
                learning: 7d, condition: {field: source.ip}}";
    let detector = detector(rule);
    let day = 24 * 60;
    let at = |day_number: i64, value| Step { minute: day_number * day, action: 0, user: 0, value };
    let cases: [(&[(i64, usize)], usize); 5] = [
        // Learning, then something new, once.
        (&[(0, 1), (1, 2), (8, 3), (9, 3)], 1),
        // Known all along.
        (&[(0, 1), (8, 1), (20, 1)], 0),
        // Not seen for longer than the time span.
        (&[(0, 1), (20, 2), (40, 2), (45, 1)], 2),
        // The group itself was gone.
        (&[(0, 1), (40, 2), (41, 3)], 0),
        (&[(0, 1)], 0),
    ];
    for (events, expected) in cases {
        let steps: Vec<Step> = events.iter().map(|(day, value)| at(*day, *value)).collect();
        assert_eq!(alerts(&detector, &steps).len(), expected, "{events:?}");
    }
}

#[test]
fn correlations_feed_others() {
    let mut pack = Pack::default();
    let text = "title: A\nname: a\nlogsource: {product: okta}\n\
        detection: {s: {eventType: act.a}, condition: s}\n---\n\
        title: B\nname: b\nlogsource: {product: okta}\n\
        detection: {s: {eventType: act.b}, condition: s}\n---\n\
        title: Many\nname: many\ncorrelation: {type: event_count, rules: [a], \
        group-by: [user.name], timespan: 5m, condition: {gte: 3}}\n---\n\
        title: Then\nid: then\ncorrelation: {type: temporal_ordered, rules: [many, b], \
        group-by: [user.name], timespan: 1h}\n";
    pack.add(text, "c.yml", &"test".into());
    let detector =
        Detector::new(&pack, &Selection::default(), Placeholders::default(), Exceptions::default());
    assert_eq!(detector.diagnostics(), []);
    let of = |actions: &[usize]| -> Vec<Step> {
        let steps = actions.iter().zip(0..);
        steps.map(|(action, minute)| Step { minute, action: *action, user: 0, value: 0 }).collect()
    };
    let titles = |actions: &[usize]| -> Vec<String> {
        alerts(&detector, &of(actions)).into_iter().map(|alert| alert.title).collect()
    };
    assert_eq!(titles(&[0, 0, 0, 1]), ["Then: u0, 2 events in 1 hour"]);
    assert_eq!(titles(&[1, 0, 0, 0]), [""; 0]);
    assert_eq!(titles(&[0, 0, 1]), [""; 0]);
}

#[test]
fn memory_is_bounded_and_the_idle_are_forgotten_first() {
    let detector = detector(
        "{type: event_count, rules: [a], group-by: [user.name], timespan: 5m, condition: {gte: 2}}",
    );
    let limits = Limits { bytes: 10_000, ..Limits::default() };
    let mut correlator = Correlator::new(&detector, Organization::default(), limits);
    let mut found = 0;
    let of = |user| Step { minute: 0, action: 0, user, value: 0 };
    let mut steps: Vec<Step> = (0..200).map(of).collect();
    steps.push(of(199));
    steps.push(of(0));
    for observation in observations(&detector, &steps).into_iter().flatten() {
        correlator.take(&detector, observation, &mut |_| found += 1);
        assert!(correlator.memory().bytes <= 10_000);
    }
    assert_eq!(found, 1, "user 199 is remembered, user 0 is not");
    assert!(correlator.memory().evicted >= 150);
}

#[test]
fn groups_that_have_had_their_time_are_forgotten() {
    let detector = detector(
        "{type: event_count, rules: [a], group-by: [user.name], timespan: 5m, condition: {gte: 2}}",
    );
    let limits = Limits::default();
    let mut correlator = Correlator::new(&detector, Organization::default(), limits);
    let context = Context::default();
    let mut workspace = Workspace::default();
    let mut most = 0;
    for number in 0..300_000_i64 {
        let time = ecs::Timestamp(START + number * 1_000);
        let text = format!(
            r#"{{"uuid":"e","published":"{time}","eventType":"act.a","actor":{{"alternateId":"u{number}"}}}}"#,
        );
        let event = LogEvent::parse(&text).unwrap();
        let record = Record::new(&event, &context, Arrival::default());
        detector.inspect(&record, &mut workspace, |found| {
            if let Found::Observation(observation) = found {
                correlator.take(&detector, observation, &mut |_| {});
            }
        });
        most = most.max(correlator.memory().groups);
    }
    // An hour and five minutes of them matter, and it is not looked at every time.
    assert!(most < 110_000, "{most}");
    assert_eq!(correlator.memory().evicted, 0);
}
