//! Rules about several events, in scans and in their tests.

use serde_json::Value;

use crate::support::{Place, Scanned, rule_names, texts};

/// Five failures of a user, one address with four users, and a success after three failures.
const RULES: &str = "\
title: A failed sign-in
name: failed
logsource: {product: okta, service: okta}
detection:
    selection: {event.action: user.session.start, event.outcome: failure}
    condition: selection
---
title: A sign-in
name: signed_in
logsource: {product: okta, service: okta}
detection:
    selection: {event.action: user.session.start, event.outcome: success}
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
wardgate: {title: '{count} failures of {user.name} within {timespan}'}
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
---
title: Many failures
name: many_failures
correlation:
    type: event_count
    rules: [failed]
    group-by: [user.name]
    timespan: 5m
    condition: {gte: 3}
---
title: Guessed
id: 5b0c1f0e-6d0f-4a43-9d6a-0c1a4e0b7a13
level: critical
correlation:
    type: temporal_ordered
    rules: [many_failures, signed_in]
    group-by: [user.name]
    timespan: 10m
";

const SCAN: [&str; 3] = ["--no-builtin", "--rules", "rules.yml"];

/// A sign-in, so many seconds after midnight.
fn sign_in(second: u64, user: &str, address: &str, result: &str) -> String {
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!(
        r#"{{"uuid":"{user}-{second}","published":"2026-09-01T{hour:02}:{minute:02}:{:02}.000Z","eventType":"user.session.start","outcome":{{"result":"{result}"}},"actor":{{"id":"00u-{user}","type":"User","alternateId":"{user}@example.org","displayName":"{user}"}},"client":{{"ipAddress":"{address}"}}}}"#,
        second % 60
    )
}

fn failures(user: &str, address: &str, seconds: impl IntoIterator<Item = u64>) -> Vec<String> {
    seconds.into_iter().map(|second| sign_in(second, user, address, "FAILURE")).collect()
}

fn scan(events: &[String]) -> Scanned {
    let place = Place::with("rules.yml", RULES);
    place.write("log.ndjson", events.join("\n"));
    let scanned = place.scan_with(&["log.ndjson"], &SCAN, &[]);
    assert_eq!(scanned.run.stderr, "");
    scanned
}

#[test]
fn several_failures_are_one_alert_that_lists_them() {
    let scanned = scan(&failures("ada", "192.0.2.1", (0..8).map(|n| n * 60)));
    let [alert] = scanned.alerts.as_slice() else { panic!("{:#?}", scanned.alerts) };
    assert_eq!(alert["rule"]["name"], "Guessing");
    assert_eq!(alert["message"], "5 failures of ada@example.org within 10 minutes");
    assert_eq!(alert["wardgate"]["alert"]["event_count"], 5);
    let events = alert["wardgate"]["alert"]["events"].as_array().unwrap();
    let ids = texts(events, "/event/id");
    assert_eq!(ids, ["ada-0", "ada-60", "ada-120", "ada-180", "ada-240"]);
    let original: Value = serde_json::from_str(events[4]["original"].as_str().unwrap()).unwrap();
    assert_eq!(original["uuid"], "ada-240");
    let correlation = &alert["wardgate"]["alert"]["correlation"];
    assert_eq!(correlation["first"], "2026-09-01T00:00:00.000Z");
    assert_eq!(correlation["last"], "2026-09-01T00:04:00.000Z");
}

#[test]
fn near_misses_raise_none() {
    let cases = [
        ("too few", failures("ada", "192.0.2.1", 0..4)),
        (
            "too few, and all of them again",
            [failures("ada", "192.0.2.1", 0..4), failures("ada", "192.0.2.1", 0..4)].concat(),
        ),
        ("too slow", failures("ada", "192.0.2.1", (0..20).map(|n| n * 151))),
        (
            "of several users, from several addresses",
            ["ada", "bob", "eve"]
                .iter()
                .flat_map(|user| failures(user, &format!("192.0.2.{}", user.len()), [1, 2, 3, 4]))
                .collect(),
        ),
        (
            "successes",
            (0..9).map(|second| sign_in(second, "ada", "192.0.2.1", "SUCCESS")).collect(),
        ),
        (
            "a success before the failures",
            [vec![sign_in(0, "ada", "192.0.2.1", "SUCCESS")], failures("ada", "192.0.2.1", 1..4)]
                .concat(),
        ),
    ];
    for (what, events) in cases {
        assert_eq!(scan(&events).alerts, [Value::Null; 0], "{what}");
    }
}

#[test]
fn values_are_counted_and_the_order_matters() {
    let users = ["ada", "bob", "eve", "joe"];
    let spraying: Vec<String> =
        (0..).zip(users).flat_map(|(n, user)| failures(user, "192.0.2.7", [n * 30])).collect();
    let scanned = scan(&spraying);
    assert_eq!(rule_names(&scanned.alerts), ["Spraying"]);
    assert_eq!(scanned.alerts[0]["wardgate"]["alert"]["event_count"], 4);

    let mut guessed = failures("ada", "192.0.2.1", 0..3);
    guessed.push(sign_in(10, "ada", "192.0.2.9", "SUCCESS"));
    assert_eq!(rule_names(&scan(&guessed).alerts), ["Guessed"]);
    // Whatever the order in which they stand in the file.
    guessed.reverse();
    assert_eq!(rule_names(&scan(&guessed).alerts), ["Guessed"]);
}

/// Attacks of some minutes among what many users do: several chunks of it.
fn log() -> Vec<String> {
    let mut events: Vec<(u64, String)> = Vec::new();
    for number in 0..12_000 {
        let (user, address) = (format!("u{}", number % 700), format!("198.51.100.{}", number % 97));
        let result = if number % 31 == 0 { "FAILURE" } else { "SUCCESS" };
        events.push((number * 5, sign_in(number * 5, &user, &address, result)));
    }
    for attack in 0..20 {
        let begin = 100 + attack * 2_900;
        let user = format!("victim{attack}");
        for second in (0..6).map(|n| begin + n * 45) {
            events.push((second, sign_in(second, &user, "203.0.113.5", "FAILURE")));
        }
        let end = begin + 400;
        events.push((end, sign_in(end, &user, "203.0.113.5", "SUCCESS")));
    }
    events.sort();
    events.into_iter().map(|(_, event)| event).collect()
}

#[test]
fn the_same_alerts_however_the_events_are_divided() {
    let events = log();
    let place = Place::with("rules.yml", RULES);
    place.write("whole/log.ndjson", events.join("\n"));
    place.write("array/log.json", format!("[{}]", events.join(",\n")));
    for (number, events) in events.chunks(377).enumerate() {
        place.write(format!("parts/{number:03}.ndjson"), events.join("\n"));
    }
    let alerts = |folder: &str, threads: &str| {
        let threads = ["--threads", threads];
        let scanned = place.scan_with(&[folder], &[&SCAN[..], &threads].concat(), &[]);
        assert_eq!(scanned.records.len(), events.len());
        // The time of arrival is that of the file, and of no account.
        let told = |alert: &Value| {
            let own = &alert["wardgate"]["alert"];
            let events = texts(own["events"].as_array().unwrap(), "/event/id").join(" ");
            let parts = [&alert["event"]["id"], &alert["message"], &own["event_count"]];
            format!("{} {parts:?} {events}", alert["rule"]["name"])
        };
        scanned.alerts.iter().map(told).collect::<Vec<_>>()
    };
    let expected = alerts("whole", "1");
    for (name, count) in [("Guessing", 20), ("Guessed", 20)] {
        let found = expected.iter().filter(|alert| alert.starts_with(&format!("\"{name}\"")));
        assert_eq!(found.count(), count, "{name}");
    }
    for (folder, threads) in
        [("whole", "2"), ("array", "1"), ("array", "2"), ("parts", "1"), ("parts", "2")]
    {
        assert!(alerts(folder, threads) == expected, "{folder} differs with {threads} threads");
    }
}

const TESTS: &str = "\
matches:
- name: five failures
  events:
  - {repeat: 5, every: 1m, event: {eventType: user.session.start, outcome: {result: FAILURE}, actor: {alternateId: ada@example.org}}}
- name: two attacks
  events:
  - {repeat: 6, event: {eventType: user.session.start, outcome: {result: FAILURE}, actor: {alternateId: ada@example.org}}}
  - {at: 1h, repeat: 6, event: {eventType: user.session.start, outcome: {result: FAILURE}, actor: {alternateId: ada@example.org}}}
  alerts: 2
near_misses:
- name: four
  events:
  - {repeat: 4, event: {eventType: user.session.start, outcome: {result: FAILURE}, actor: {alternateId: ada@example.org}}}
- name: of several users
  events:
  - {repeat: 8, each: {actor.alternateId: [a@x.org, b@x.org]}, event: {eventType: user.session.start, outcome: {result: FAILURE}}}
- name: one success
  event: {eventType: user.session.start, outcome: {result: SUCCESS}, actor: {alternateId: ada@example.org}}
";

/// One correlation, with the rule it counts.
const GUESSING: &str = "\
title: A failed sign-in
name: failed
logsource: {product: okta, service: okta}
detection:
    selection: {event.action: user.session.start, event.outcome: failure}
    condition: selection
---
title: Guessing
id: 5b0c1f0e-6d0f-4a43-9d6a-0c1a4e0b7a11
description: A user's password is being guessed.
tags: [attack.credential-access, attack.t1110.001]
falsepositives: [An old password on a telephone]
level: high
correlation:
    type: event_count
    rules: [failed]
    group-by: [user.name]
    timespan: 10m
    condition: {gte: 5}
wardgate: {effort: elementary, title: '{count} failures of {user.name} within {timespan}'}
";

fn guessing() -> Place {
    let place = Place::with("ours/guessing.yml", GUESSING);
    place.write("ours/guessing.tests.yml", TESTS);
    place
}

#[test]
fn sequences_are_tested() {
    let place = guessing();
    let run = place.run(&["rules", "test", "ours"]).ended(0);
    assert!(run.text().ends_with("1 rule, 5 cases: 5 passed, 0 failed\n"), "{}", run.text());
    let wrong = TESTS.replace("repeat: 4", "repeat: 5").replace("alerts: 2", "alerts: 3");
    place.write("ours/guessing.tests.yml", wrong);
    let text = place.run(&["rules", "test", "ours"]).ended(1).text();
    for part in [
        "2 of 5 cases failed",
        "expected 3 alerts, but the rule raises 2",
        "expected no match, but the rule matches",
        "alert: 5 failures of ada@example.org within 10 minutes",
    ] {
        assert!(text.contains(part), "expected '{part}' in:\n{text}");
    }
}

#[test]
fn a_correlation_is_checked_listed_and_explained() {
    let place = guessing();
    let linted = place.run(&["rules", "lint", "ours", "--strict"]).ended(0).text();
    assert_eq!(linted, "1 file: 0 errors, 0 warnings\n");

    let own = ["--no-builtin", "--rules", "ours"];
    let listed = place.run(&[&["rules", "list"][..], &own].concat()).ended(0).lines();
    assert_eq!(texts(&listed, "/title"), ["Guessing"]);
    assert_eq!(listed[0]["state"], "on");
    let off = ["rules", "list", "--disable", "Guessing"];
    let run = place.run(&[&off[..], &own].concat()).ended(0);
    assert_eq!(texts(&run.lines(), "/state"), ["off"]);

    let text = place.run(&[&["rules", "show", "guessing"][..], &own].concat()).ended(0).text();
    for part in [
        "at least 5 events",
        "in events of the rule 'failed'",
        "with the same user.name",
        "within 10 minutes",
        "Correlation\n  correlation:\n",
        "match    five failures",
    ] {
        assert!(text.contains(part), "expected '{part}' in:\n{text}");
    }
}

#[test]
fn mistakes_are_told_with_their_place() {
    let place = guessing();
    let cases = [
        (GUESSING.replace("[failed]", "[faild]"), "16:13", "did you mean 'failed'?"),
        (GUESSING.replace("[user.name]", "[user.nam]"), "17:16", "did you mean 'user.name'?"),
        (GUESSING.replace("gte: 5", "gte: many"), "19:", "many"),
    ];
    for (text, place_of, said) in cases {
        place.write("ours/guessing.yml", &text);
        let text = place.run(&["rules", "lint", "ours", "--strict"]).ended(1).text();
        assert!(text.contains(&format!("guessing.yml:{place_of}")), "{place_of}: {text}");
        assert!(text.contains(said), "expected '{said}' in:\n{text}");
    }
}
