//! What does not come.

use proptest::prelude::*;

use super::stream::{Event, HOUR, MINUTE, START, Stream, detector, event, scan};
use crate::{Alert, Limits};

const RULE: &str = "title: Missing\nid: missing\ncorrelation: {type: missing_followup, \
     rules: [a, b], group-by: [user.name], timespan: 1h}\n";

fn at(minute: i64, action: &str, user: &str) -> Event {
    event(&format!("{user}-{action}-{minute}"), minute * MINUTE, action, user, "")
}

#[test]
fn what_is_not_followed_is_told() {
    let detector = detector(RULE);
    let later = || at(600, "c", "somebody");
    let cases: [(&str, Vec<Event>, usize); 10] = [
        ("nothing follows", vec![at(0, "a", "u"), later()], 1),
        ("in time", vec![at(0, "a", "u"), at(60, "b", "u"), later()], 0),
        ("too late", vec![at(0, "a", "u"), at(61, "b", "u"), later()], 1),
        ("of another", vec![at(0, "a", "u"), at(5, "b", "v"), later()], 1),
        ("before", vec![at(0, "b", "u"), at(5, "a", "u"), later()], 1),
        ("there is time left", vec![at(0, "a", "u"), at(59, "c", "v")], 0),
        ("time is up, to the minute", vec![at(0, "a", "u"), at(60, "c", "v")], 0),
        (
            "two, and one for both",
            vec![at(0, "a", "u"), at(5, "a", "u"), at(9, "b", "u"), later()],
            0,
        ),
        ("two for one alert", vec![at(0, "a", "u"), at(50, "a", "u"), later()], 1),
        ("the answer stands first", vec![at(9, "b", "u"), at(0, "a", "u"), later()], 0),
    ];
    for (what, events, expected) in cases {
        let alerts = scan(&detector, &events);
        assert_eq!(alerts.len(), expected, "{what}");
        if let Some(alert) = alerts.first() {
            assert_eq!(alert.title, "Missing: u, not followed within 1 hour");
            assert!(alert.document.contains("\"event_count\":1"));
        }
    }
}

#[test]
fn an_answer_may_come_before() {
    let rule = RULE.replace("timespan: 1h", "timespan: 1h, before: 30m");
    let detector = detector(&rule);
    let later = || at(600, "c", "somebody");
    let cases: [(&str, Vec<Event>, usize); 5] = [
        ("before", vec![at(0, "b", "u"), at(30, "a", "u"), later()], 0),
        ("too long before", vec![at(0, "b", "u"), at(31, "a", "u"), later()], 1),
        ("after", vec![at(0, "a", "u"), at(60, "b", "u"), later()], 0),
        ("of another", vec![at(0, "b", "v"), at(5, "a", "u"), later()], 1),
        ("before, and it stands behind", vec![at(30, "a", "u"), at(0, "b", "u"), later()], 0),
    ];
    for (what, events, expected) in cases {
        assert_eq!(scan(&detector, &events).len(), expected, "{what}");
    }
}

#[test]
fn a_quiet_log_is_told_by_the_clock_once() {
    let detector = detector(RULE);
    let mut stream = Stream::new(&detector, Limits::default());
    stream.take(&at(0, "a", "u"));
    stream.clock(69 * MINUTE);
    assert!(stream.alerts.is_empty(), "what comes late by ten minutes still counts");
    stream.clock(70 * MINUTE + 1);
    assert_eq!(stream.alerts.len(), 1);
    stream.clock(900 * MINUTE);
    assert_eq!(stream.alerts.len(), 1);
    let by_the_clock = stream.finish();
    let scanned = scan(&detector, &[at(0, "a", "u"), at(600, "c", "v")]);
    assert_eq!(by_the_clock[0].id, scanned[0].id);
    assert_eq!(by_the_clock[0].document, scanned[0].document);
}

#[test]
fn an_event_that_is_both_is_not_its_own_answer() {
    let rules = "title: All\nname: all\nlogsource: {product: okta}\n\
         detection: {s: {eventType|startswith: act.}, condition: s}\n---\n\
         title: Missing\nid: missing\ncorrelation: {type: missing_followup, \
         rules: [a, all], group-by: [user.name], timespan: 1h}\n";
    let detector = detector(rules);
    let later = || at(600, "c", "somebody");
    assert_eq!(scan(&detector, &[at(0, "a", "u"), later()]).len(), 1);
    assert_eq!(scan(&detector, &[at(0, "a", "u"), at(7, "c", "u"), later()]).len(), 0);
}

#[test]
fn what_came_when_its_time_was_over_says_nothing() {
    let detector = detector(RULE);
    let mut stream = Stream::new(&detector, Limits::default());
    stream.take(&at(600, "c", "v"));
    // A backfill: what follows in it comes later.
    stream.take(&at(0, "a", "u"));
    stream.take(&at(601, "c", "v"));
    stream.take(&at(5, "b", "u"));
    assert_eq!(stream.correlator.memory().late, 1);
    assert!(stream.finish().is_empty());
}

/// Which of the events that ask are told, worked out from all there is.
fn reference(events: &[Event], end: i64) -> Vec<String> {
    let mut told = Vec::new();
    for user in ["u", "v"] {
        let of = |action: &str| -> Vec<i64> {
            let name = format!("{user}-{action}-");
            let times = events.iter().filter(|event| event.text.contains(&name));
            let mut times: Vec<i64> = times.map(|event| event.time).collect();
            times.sort_unstable();
            times.dedup();
            times
        };
        let answers = of("b");
        let mut last: Option<i64> = None;
        for asked in of("a") {
            let is_answered = answers.iter().any(|b| *b >= asked && *b <= asked + HOUR);
            if is_answered || asked + HOUR >= end {
                continue;
            }
            if last.is_none_or(|last| asked - last > HOUR) {
                told.push(format!("{user}-a-{}", asked / MINUTE));
            }
            last = Some(asked);
        }
    }
    told.sort();
    told
}

fn asked(alerts: &[Alert]) -> Vec<String> {
    let mut told: Vec<String> = alerts
        .iter()
        .map(|alert| {
            let minute = (alert.time.unwrap().0 - START) / MINUTE;
            format!("{}-a-{minute}", alert.user.as_deref().unwrap())
        })
        .collect();
    told.sort();
    told
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn it_is_what_the_reference_says_in_any_order(
        steps in proptest::collection::vec((0_i64..300, 0_usize..3, 0_usize..2), 1..60),
        seed in any::<u64>(),
    ) {
        let detector = detector(RULE);
        let mut events: Vec<Event> = steps
            .iter()
            .map(|(minute, action, user)| at(*minute, ["a", "b", "c"][*action], ["u", "v"][*user]))
            .collect();
        events.sort();
        events.dedup();
        let end = events.iter().map(|event| event.time).max().unwrap();
        let expected = reference(&events, end);
        prop_assert_eq!(asked(&scan(&detector, &events)), expected.clone());
        super::order::shuffle(&mut events, seed);
        prop_assert_eq!(asked(&scan(&detector, &events)), expected);
    }

    #[test]
    fn live_it_is_the_same_where_events_are_late_by_less_than_is_waited(
        steps in proptest::collection::vec((0_i64..300, 0_usize..3, 0_usize..2, 0_i64..9), 1..60),
    ) {
        let detector = detector(RULE);
        let mut events: Vec<(i64, Event)> = steps
            .iter()
            .map(|(minute, action, user, late)| {
                let event = at(*minute, ["a", "b", "c"][*action], ["u", "v"][*user]);
                (minute + late, event)
            })
            .collect();
        events.sort();
        events.dedup_by(|a, b| a.1 == b.1);
        let mut stream = Stream::new(&detector, Limits::default());
        for (_, event) in &events {
            stream.take(event);
        }
        stream.clock(1_000 * MINUTE);
        let events: Vec<Event> = events.into_iter().map(|(_, event)| event).collect();
        prop_assert_eq!(asked(&stream.finish()), reference(&events, i64::MAX));
    }
}
