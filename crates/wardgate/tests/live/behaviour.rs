//! What does not come, and risks, while a log is followed, is quiet, or nobody listens.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::support::{Running, org_with, place_with, scanned, wait};

const RULES: &str = "\
title: A factor is gone
name: gone
id: 5b0c1f0e-6d0f-4a43-9d6a-0c1a4e0b7a10
level: medium
logsource: {product: okta, service: okta}
detection:
    selection: {event.action: user.mfa.factor.deactivate}
    condition: selection
---
title: A factor is new
name: new
id: 5b0c1f0e-6d0f-4a43-9d6a-0c1a4e0b7a15
level: informational
logsource: {product: okta, service: okta}
detection:
    selection: {event.action: user.mfa.factor.activate}
    condition: selection
---
title: Without a factor
id: 5b0c1f0e-6d0f-4a43-9d6a-0c1a4e0b7a12
level: high
correlation:
    type: missing_followup
    rules: [gone, new]
    group-by: [user.name]
    timespan: 1h
    generate: true
---
title: At risk
id: 5b0c1f0e-6d0f-4a43-9d6a-0c1a4e0b7a13
level: critical
correlation:
    type: risk
    group-by: [user.name]
    timespan: 2d
    half-life: 2d
    condition: {gte: 60, rules: 2}
";

/// An event so many seconds after a time.
fn event(begin: Timestamp, second: i64, action: &str, user: &str) -> String {
    let published = begin + SignedDuration::from_secs(second);
    format!(
        r#"{{"uuid":"{user}-{action}-{second}","published":"{published:.3}","eventType":"{action}","outcome":{{"result":"SUCCESS"}},"actor":{{"id":"00u-{user}","type":"User","alternateId":"{user}@example.org"}}}}"#
    )
}

const GONE: &str = "user.mfa.factor.deactivate";
const NEW: &str = "user.mfa.factor.activate";
const OTHER: &str = "user.session.start";

fn kill(mut running: Running) {
    running.child.kill().unwrap();
    running.child.wait().unwrap();
}

#[test]
fn what_does_not_come_is_told_though_the_log_is_quiet() {
    // Nothing has happened since, and the time is up.
    let begin = Timestamp::now() - SignedDuration::from_mins(75);
    let mut events = vec![
        event(begin, 0, GONE, "ada"),
        event(begin, 10, GONE, "bob"),
        event(begin, 600, NEW, "bob"),
    ];
    let org = org_with(&events);
    let place = place_with(&org, RULES);
    let mut running = place.start();
    // Three alerts of the rules, one of what is missing, and the risk that the two of Ada make.
    wait("the alert about what is missing", || {
        running.assert_runs();
        place.delivered().len() == 5
    });
    running.stop();
    // A scan sees it when something later is in the file.
    events.push(event(begin, 4_400, OTHER, "cem"));
    let expected = scanned(&events, RULES);
    assert_eq!(place.alerts(), expected);
    assert_eq!(place.delivered(), expected);
}

#[test]
fn there_is_time_as_long_as_the_source_may_have_more() {
    let begin = Timestamp::now() - SignedDuration::from_mins(65);
    let events = [event(begin, 0, GONE, "ada")];
    let org = org_with(&events);
    let place = place_with(&org, RULES);
    let mut running = place.start();
    place.wait_for_events(&mut running, 1);
    wait("the alert of the rule", || place.delivered().len() == 1);
    // Ten minutes are waited for what is late: these are not over.
    std::thread::sleep(Duration::from_secs(3));
    running.stop();
    assert_eq!(place.delivered().len(), 1);
}

#[test]
fn killed_while_it_waits_it_tells_once() {
    let begin = Timestamp::now() - SignedDuration::from_hours(30);
    let mut events: Vec<String> =
        (0..50).map(|number| event(begin, number, OTHER, "dan")).collect();
    events.push(event(begin, 60, GONE, "ada"));
    events.push(event(begin, 61, GONE, "bob"));
    events.push(event(begin, 62, OTHER, "dan"));
    let org = org_with(&events);
    let place = place_with(&org, RULES);
    // The source is caught up, so that the clock counts, and it is killed at once or later.
    for _ in 0..3 {
        let mut running = place.start();
        place.wait_for_events(&mut running, events.len() as u64);
        kill(running);
    }
    let mut running = place.start();
    wait("both alerts about what is missing", || {
        running.assert_runs();
        // Two of the rule, two of what is missing, and a risk of each.
        place.delivered().len() == 6
    });
    kill(running);
    let mut running = place.start();
    events.push(event(begin, 7_200, NEW, "bob"));
    org.append(events.last().unwrap()).unwrap();
    place.wait_for_events(&mut running, events.len() as u64);
    wait("the alert of the new factor", || place.delivered().len() == 7);
    running.stop();
    let expected = scanned(&events, RULES);
    assert_eq!(place.alerts(), expected);
    assert_eq!(place.delivered(), expected);
}

#[test]
fn a_risk_is_remembered_from_the_alerts_that_are_stored() {
    let begin = Timestamp::now() - SignedDuration::from_hours(3);
    let mut events = vec![
        event(begin, 0, NEW, "ada"),
        event(begin, 10, GONE, "ada"),
        event(begin, 20, NEW, "ada"),
        event(begin, 30, GONE, "ada"),
        event(begin, 40, NEW, "ada"),
    ];
    let org = org_with(&events);
    let place = place_with(&org, RULES);
    let mut running = place.start();
    place.wait_for_events(&mut running, 5);
    wait("five alerts", || place.delivered().len() == 5);
    kill(running);
    let mut running = place.start();
    for (second, action) in [(50, GONE), (60, NEW), (70, GONE), (80, NEW)] {
        events.push(event(begin, second, action, "ada"));
        org.append(events.last().unwrap()).unwrap();
    }
    place.wait_for_events(&mut running, 9);
    wait("the risk", || place.delivered().len() == 10);
    running.stop();
    let expected = scanned(&events, RULES);
    assert_eq!(expected.len(), 10);
    assert_eq!(place.alerts(), expected);
}
