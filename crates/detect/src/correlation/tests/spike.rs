//! What is far above what is usual.

use super::stream::{DAY, Event, HOUR, MINUTE, Stream, detector, event, scan, told};
use crate::Limits;

const RULE: &str = "title: Many\nid: many\ncorrelation: {type: spike, rules: [a], \
     group-by: [user.name], timespan: 1h, learning: 14d, condition: {gte: 10, deviations: 6}}\n";

/// So many events of a user, a minute apart.
fn many(time: i64, number: i64, user: &str) -> Vec<Event> {
    let one = |n: i64| event(&format!("{user}-{time}-{n}"), time + n * MINUTE, "a", user, "");
    (0..number).map(one).collect()
}

/// What a user does at ten o'clock on so many days.
fn days(days: i64, number: i64) -> Vec<Event> {
    (0..days).flat_map(|day| many(day * DAY + 10 * HOUR, number, "u")).collect()
}

#[test]
fn a_spike_is_above_what_is_usual_at_that_hour() {
    let detector = detector(RULE);
    let ten = 10 * HOUR;
    let cases: [(&str, Vec<Event>, usize); 8] = [
        ("many at an hour with few", [days(30, 2), many(30 * DAY + ten, 40, "u")].concat(), 1),
        ("as many as ever", [days(30, 30), many(30 * DAY + ten, 33, "u")].concat(), 0),
        (
            "many at an hour with none",
            [days(30, 30), many(30 * DAY + 3 * HOUR, 33, "u")].concat(),
            1,
        ),
        (
            "an hour later than usual",
            [days(30, 30), many(30 * DAY + 11 * HOUR, 33, "u")].concat(),
            0,
        ),
        ("fewer than are looked for", [days(30, 1), many(30 * DAY + ten, 9, "u")].concat(), 0),
        (
            "somebody of whom little is known",
            [days(9, 2), many(9 * DAY + ten, 40, "u")].concat(),
            0,
        ),
        ("somebody who was gone", [days(30, 2), many(60 * DAY, 40, "u")].concat(), 0),
        (
            "every week at this hour",
            (0..6).flat_map(|week| many(week * 7 * DAY, 50, "u")).collect(),
            0,
        ),
    ];
    for (what, events, expected) in cases {
        let alerts = scan(&detector, &events);
        assert_eq!(alerts.len(), expected, "{what}");
    }
}

#[test]
fn an_alert_says_what_is_usual() {
    let detector = detector(RULE);
    let alerts = scan(&detector, &[days(30, 4), many(30 * DAY + 10 * HOUR, 60, "u")].concat());
    assert_eq!(alerts[0].title, "Many: u, 17 in 1 hour instead of 4");
    let told = told(&alerts[0]);
    assert_eq!((told["usual"].as_str(), told["bound"].as_str()), (Some("4"), Some("16")));
    // An attack a week before does not make the next one usual.
    let mut events = [days(30, 4), many(30 * DAY + 10 * HOUR, 60, "u")].concat();
    events.extend(many(37 * DAY + 10 * HOUR, 60, "u"));
    assert_eq!(scan(&detector, &events).len(), 2);
}

#[test]
fn values_are_counted_where_a_field_is_named() {
    let rule = RULE.replace("gte: 10,", "field: source.ip, gte: 10,");
    let detector = detector(&rule);
    let address = |n: i64, last: i64| {
        let more = format!(r#","client":{{"ipAddress":"192.0.2.{last}"}}"#);
        event(&format!("x{n}"), 30 * DAY + n * MINUTE, "a", "u", &more)
    };
    let usual: Vec<Event> = (0..30)
        .map(|day| {
            event(&format!("d{day}"), day * DAY, "a", "u", r#","client":{"ipAddress":"192.0.2.1"}"#)
        })
        .collect();
    let same = [usual.clone(), (0..50).map(|n| address(n, 1)).collect()].concat();
    assert_eq!(scan(&detector, &same).len(), 0);
    let different = [usual, (0..50).map(|n| address(n, n)).collect()].concat();
    assert_eq!(scan(&detector, &different).len(), 1);
}

#[test]
fn what_is_usual_takes_little_memory() {
    let detector = detector(RULE);
    let mut stream = Stream::new(&detector, Limits::default());
    // Eight weeks, something in every hour.
    for hour in 0..8 * 7 * 24 {
        stream.take(&event(&format!("e{hour}"), hour * HOUR, "a", "u", ""));
    }
    let memory = stream.correlator.memory();
    assert_eq!(memory.groups, 1);
    assert!(memory.bytes < 6_000, "{memory:?}");
}
