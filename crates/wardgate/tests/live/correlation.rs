//! Rules about several events, while they come in and whatever happens in between.

use jiff::{SignedDuration, Timestamp};

use crate::support::{Running, org_with, place_with, scanned, wait};

const RULES: &str = "\
title: A failed sign-in
name: failed
logsource: {product: okta, service: okta}
detection:
    selection: {event.action: user.session.start, event.outcome: failure}
    condition: selection
---
title: Guessing
id: 5b0c1f0e-6d0f-4a43-9d6a-0c1a4e0b7a11
level: high
correlation:
    type: event_count
    rules: [failed]
    group-by: [user.name]
    timespan: 10m
    condition: {gte: 5}
---
title: Spraying
id: 5b0c1f0e-6d0f-4a43-9d6a-0c1a4e0b7a12
level: medium
correlation:
    type: value_count
    rules: [failed]
    group-by: [source.ip]
    timespan: 10m
    condition: {field: user.name, gte: 4}
";

/// A sign-in, so many seconds after two days ago.
fn sign_in(begin: Timestamp, second: i64, user: &str, address: &str, result: &str) -> String {
    let published = begin + SignedDuration::from_secs(second);
    format!(
        r#"{{"uuid":"{user}-{second}-{address}","published":"{published:.3}","eventType":"user.session.start","outcome":{{"result":"{result}"}},"actor":{{"id":"00u-{user}","type":"User","alternateId":"{user}@example.org"}},"client":{{"ipAddress":"{address}"}}}}"#
    )
}

fn two_days_ago() -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(48)
}

/// Twelve hours of many users' sign-ins, and attacks among them; some events come late.
fn log(begin: Timestamp) -> Vec<String> {
    let mut events: Vec<(i64, String)> = Vec::new();
    for number in 0..1_440 {
        let (user, address) = (format!("u{}", number % 90), format!("198.51.100.{}", number % 70));
        let result = if number % 13 == 0 { "FAILURE" } else { "SUCCESS" };
        let arrives = number * 30 + if number % 50 == 0 { 600 } else { 0 };
        events.push((arrives, sign_in(begin, number * 30, &user, &address, result)));
    }
    for attack in 0..12 {
        let user = format!("victim{attack}");
        for second in (0..9).map(|n| 100 + attack * 3_000 + n * 70) {
            let address = format!("203.0.113.{attack}");
            events.push((second, sign_in(begin, second, &user, &address, "FAILURE")));
        }
        for n in 0..5 {
            let second = 900 + attack * 3_000 + n * 40;
            let event = sign_in(begin, second, &format!("u{n}"), "192.0.2.99", "FAILURE");
            events.push((second, event));
        }
    }
    events.sort();
    events.into_iter().map(|(_, event)| event).collect()
}

#[test]
fn what_is_correlated_is_what_a_scan_finds() {
    let events = log(two_days_ago());
    let expected = scanned(&events, RULES);
    assert!(expected.len() >= 24, "{}", expected.len());
    let org = org_with(&events);
    let place = place_with(&org, RULES);
    let mut running = place.start();
    place.wait_for_events(&mut running, events.len() as u64);
    wait("every alert in the file", || place.delivered().is_superset(&expected));
    running.stop();
    assert_eq!(place.alerts(), expected);
    assert_eq!(place.delivered(), expected);
}

#[test]
fn killed_within_a_window_it_raises_the_alert_once() {
    let begin = two_days_ago();
    let failure = |second: i64| sign_in(begin, second, "ada", "192.0.2.1", "FAILURE");
    let noise = |number: i64| sign_in(begin, number, "bob", "192.0.2.2", "SUCCESS");
    let mut events: Vec<String> = (0..200).map(noise).collect();
    events.extend((200..203).map(failure));
    let org = org_with(&events);
    let place = place_with(&org, RULES);
    let kill = |mut running: Running| {
        running.child.kill().unwrap();
        running.child.wait().unwrap();
    };
    let mut running = place.start();
    place.wait_for_events(&mut running, 203);
    kill(running);
    assert!(place.alerts().is_empty());

    // Two more, and the five are there.
    let mut running = place.start();
    for second in [210, 220] {
        events.push(failure(second));
        org.append(events.last().unwrap()).unwrap();
    }
    place.wait_for_events(&mut running, 205);
    wait("the alert", || place.delivered().len() == 1);
    let alerts = place.alerts();
    kill(running);

    // What follows belongs to it.
    let mut running = place.start();
    for second in 230..240 {
        events.push(failure(second));
        org.append(events.last().unwrap()).unwrap();
    }
    place.wait_for_events(&mut running, 215);
    running.stop();
    assert_eq!(alerts, scanned(&events, RULES));
    assert_eq!(place.alerts(), alerts);
    assert_eq!(place.delivered(), alerts);
}

#[test]
fn a_crash_at_any_place_of_a_commit_changes_nothing() {
    let events = log(two_days_ago());
    let expected = scanned(&events, RULES);
    let org = org_with(&events);
    for failpoint in [
        "commit_begin:3",
        "journal_written:4",
        "before_commit:2",
        "before_commit:5",
        "after_commit:4",
        "commit_end:3",
        "index_committed:2",
    ] {
        let place = place_with(&org, RULES);
        let mut command = place.command();
        command.env("WARDGATE_FAILPOINT", failpoint);
        let mut running = Running::start(&mut command, &place.path("log"));
        wait("the crash", || {
            running.child.try_wait().unwrap().is_some() || place.delivered().len() == expected.len()
        });
        drop(running);
        let mut running = place.start();
        place.wait_for_events(&mut running, events.len() as u64);
        wait("every alert in the file", || place.delivered().is_superset(&expected));
        running.stop();
        assert_eq!(place.alerts(), expected, "{failpoint}");
        assert_eq!(place.delivered(), expected, "{failpoint}");
    }
}
