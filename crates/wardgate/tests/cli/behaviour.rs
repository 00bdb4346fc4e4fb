//! Rules about behaviour, in scans: journeys, what does not come, spikes and risks.

use serde_json::Value;

use crate::support::{Place, rule_names, texts};

const RULES: &str = "\
title: A sign-in
name: sign_in
logsource: {product: okta, service: okta}
detection:
    selection: {event.action: user.session.start, event.outcome: success}
    condition: selection
---
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
logsource: {product: okta, service: okta}
detection:
    selection: {event.action: user.mfa.factor.activate}
    condition: selection
---
title: Travelled
id: 5b0c1f0e-6d0f-4a43-9d6a-0c1a4e0b7a11
level: high
correlation:
    type: impossible_travel
    rules: [sign_in]
    group-by: [user.name]
    timespan: 12h
    condition: {gte: 1000}
    generate: true
---
title: Without a factor
id: 5b0c1f0e-6d0f-4a43-9d6a-0c1a4e0b7a12
level: medium
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
    timespan: 1d
    weights: {medium: 20, high: 50, sign_in: 0}
    condition: {gte: 60, rules: 2}
";

const SCAN: [&str; 3] = ["--no-builtin", "--rules", "rules.yml"];

/// An event of a user, so many minutes after midnight.
fn event(minute: u64, action: &str, user: &str, more: &str) -> String {
    let (hour, minutes) = (minute / 60, minute % 60);
    format!(
        r#"{{"uuid":"{user}-{action}-{minute}","published":"2026-09-01T{hour:02}:{minutes:02}:00.000Z","eventType":"{action}","outcome":{{"result":"SUCCESS"}},"actor":{{"id":"00u-{user}","type":"User","alternateId":"{user}@example.org"}}{more}}}"#
    )
}

fn sign_in(minute: u64, user: &str, (latitude, longitude): (f64, f64), address: &str) -> String {
    let more = format!(
        r#","client":{{"ipAddress":"{address}","geographicalContext":{{"geolocation":{{"lat":{latitude},"lon":{longitude}}}}}}}"#
    );
    event(minute, "user.session.start", user, &more)
}

fn story() -> Vec<String> {
    let (berlin, sydney) = ((52.5, 13.4), (-33.9, 151.2));
    vec![
        sign_in(0, "ada", berlin, "192.0.2.1"),
        event(5, "user.mfa.factor.deactivate", "bob", ""),
        event(20, "user.mfa.factor.activate", "bob", ""),
        sign_in(30, "ada", sydney, "203.0.113.9"),
        event(40, "user.mfa.factor.deactivate", "ada", ""),
        event(700, "user.mfa.factor.deactivate", "cem", ""),
        sign_in(720, "dan", berlin, "192.0.2.4"),
    ]
}

#[test]
fn behaviour_is_told_from_a_file() {
    let place = Place::with("rules.yml", RULES);
    place.write("log.ndjson", story().join("\n"));
    let scanned = place.scan_with(&["log.ndjson"], &SCAN, &[]);
    assert_eq!(scanned.run.stderr, "");
    let told: Vec<String> = scanned
        .alerts
        .iter()
        .filter(|alert| alert["rule"]["name"] != "A sign-in")
        .map(|alert| {
            format!("{} {}", alert["rule"]["name"], alert["user"]["name"]).replace('"', "")
        })
        .collect();
    assert_eq!(
        told,
        [
            "A factor is gone bob@example.org",
            "A factor is new bob@example.org",
            "Travelled ada@example.org",
            "A factor is gone ada@example.org",
            "At risk ada@example.org",
            "A factor is gone cem@example.org",
            // There is no more of the log, and an hour has passed for one of two.
            "Without a factor ada@example.org",
        ]
    );
    let risk = scanned.alerts.iter().find(|alert| alert["rule"]["name"] == "At risk").unwrap();
    let behind = risk["wardgate"]["alert"]["correlation"]["alerts"].as_array().unwrap();
    let ids: Vec<&str> = texts(&scanned.alerts, "/event/id");
    assert_eq!(texts(behind, "/rule/name"), ["Travelled", "A factor is gone"]);
    assert!(texts(behind, "/event/id").iter().all(|id| ids.contains(id)), "{behind:?}");
}

#[test]
fn behaviour_is_the_same_however_the_events_stand() {
    let place = Place::with("rules.yml", RULES);
    let mut events = Vec::new();
    for hour in 0..9 {
        // The same story of other people, again and again.
        events.extend(story().into_iter().map(|event| {
            ["ada", "bob", "cem", "dan"]
                .iter()
                .fold(event, |event, name| event.replace(name, &format!("{name}{hour}")))
                .replace("192.0.2.", &format!("192.0.{hour}."))
                .replace("203.0.113.", &format!("203.{hour}.113."))
        }));
    }
    events.sort_by_key(|event| event.split("published").nth(1).map(str::to_owned));
    let ids = |name: &str, events: &[String], threads: &str| {
        for (number, chunk) in events.chunks(7).enumerate() {
            place.write(format!("{name}/{number:03}.ndjson"), chunk.join("\n"));
        }
        let more = [&SCAN[..], &["--threads", threads]].concat();
        let scanned = place.scan_with(&[name], &more, &[]);
        let mut ids: Vec<String> = scanned
            .alerts
            .iter()
            .map(|alert| format!("{} {}", alert["rule"]["name"], alert["event"]["id"]))
            .collect();
        ids.sort();
        ids
    };
    let expected = ids("ordered", &events, "1");
    assert_eq!(expected.iter().filter(|one| one.starts_with("\"Travelled")).count(), 9);
    assert_eq!(expected.iter().filter(|one| one.starts_with("\"At risk")).count(), 9);
    assert_eq!(expected.iter().filter(|one| one.starts_with("\"Without")).count(), 9);
    assert_eq!(ids("threads", &events, "2"), expected);
    // Exports may have the newest first. A risk goes by the event that an alert was raised at.
    events.reverse();
    let without_risk = |ids: Vec<String>| -> Vec<String> {
        ids.into_iter().filter(|one| !one.starts_with("\"At risk")).collect()
    };
    let reversed = ids("reversed", &events, "2");
    assert_eq!(reversed.len(), expected.len());
    assert_eq!(without_risk(reversed), without_risk(expected));
}

#[test]
fn indicators_feed_correlations() {
    const FEED: &str = "\
title: Several users from a known attacker
id: 5b0c1f0e-6d0f-4a43-9d6a-0c1a4e0b7a20
level: critical
correlation:
    type: value_count
    rules: [6a015b66-5e4a-429c-9be7-df00cba497dd]
    group-by: [source.ip]
    timespan: 1h
    condition: {field: user.name, gte: 3}
";
    let place = Place::with("feed.yml", FEED);
    place.write("bad.txt", "203.0.113.0/24\n");
    let client = |n: u64, address: &str| {
        let more = format!(r#","client":{{"ipAddress":"{address}"}}"#);
        event(n, "user.session.start", &format!("u{n}"), &more)
    };
    let mut events: Vec<String> = (0..3).map(|n| client(n, "203.0.113.9")).collect();
    events.extend((3..6).map(|n| client(n, "198.51.100.9")));
    place.write("log.ndjson", events.join("\n"));
    let more = ["--rules", "feed.yml", "--indicators", "bad.txt", "--min-level", "critical"];
    let found = |more: &[&str]| {
        let scanned = place.scan_with(&["log.ndjson"], more, &[]);
        let of_ours =
            |alert: &&Value| alert["wardgate"]["alert"]["correlation"]["type"] == "value_count";
        scanned.alerts.iter().filter(of_ours).cloned().collect::<Vec<_>>()
    };
    let alerts = found(&more);
    assert_eq!(rule_names(&alerts), ["Several users from a known attacker"]);
    assert_eq!(alerts[0]["source"]["ip"], "203.0.113.9");
    // Without indicators there is nothing to count.
    assert_eq!(found(&more[..2]).len(), 0);
}

const ASSESSED: &str = "\
title: Told
logsource: {product: okta, service: okta}
detection:
    selection: {event.action: user.mfa.factor.deactivate}
    condition: selection
---
title: Quiet
logsource: {product: okta, service: okta}
detection:
    selection: {event.action: user.session.start, source.ip: 198.51.100.99}
    condition: selection
---
title: Not happened
logsource: {product: okta, service: okta}
detection:
    selection: {event.action: zone.delete}
    condition: selection
---
title: Blind
logsource: {product: okta, service: okta}
detection:
    selection: {event.action: user.session.start, user_agent.original|contains: evil}
    condition: selection
";

#[test]
fn rules_are_assessed_with_the_events_at_hand() {
    let place = Place::with("rules.yml", format!("{ASSESSED}---\n{RULES}"));
    place.write("log.ndjson", story().join("\n"));
    let mut args = vec!["rules", "assess", "log.ndjson", "--format", "ndjson"];
    args.extend(SCAN);
    let lines = place.run(&args).ended(0).lines();
    let one = |title: &str| lines.iter().find(|line| line["title"] == title).unwrap();
    for (title, state, events, alerts) in [
        ("Told", "alerts", 3, 3),
        ("Quiet", "quiet", 3, 0),
        ("Not happened", "no events", 0, 0),
        ("Blind", "never", 3, 0),
        ("Travelled", "alerts", 3, 1),
        ("Without a factor", "alerts", 4, 1),
    ] {
        let found = one(title);
        assert_eq!(found["state"], state, "{found}");
        assert_eq!(
            (&found["events"], &found["alerts"]),
            (&events.into(), &alerts.into()),
            "{found}"
        );
    }
    assert_eq!(one("Blind")["why"], "user_agent.original is in none of these events");
    assert_eq!(one("Told")["event_types"], serde_json::json!(["user.mfa.factor.deactivate"]));
    let field = &one("Quiet")["fields"][1];
    assert_eq!(field, &serde_json::json!({"name": "source.ip", "necessary": true, "events": 3}));
    assert!(one("Travelled")["groups"].as_u64().unwrap() >= 2);
    assert!(one("Told")["nanoseconds_per_event"].as_f64().unwrap() > 0.0);
    // A scan raises as many.
    let scanned = place.scan_with(&["log.ndjson"], &SCAN, &[]);
    let alerts: u64 = lines.iter().filter_map(|line| line["alerts"].as_u64()).sum();
    assert_eq!(alerts, scanned.alerts.len() as u64);

    args[4] = "table";
    let text = place.run(&args).ended(0).text();
    for part in ["never", "user_agent.original is in none of these events", "7 events of 1.0 days"]
    {
        assert!(text.contains(part), "expected '{part}' in:\n{text}");
    }
    place.write("empty.ndjson", "");
    let run = place.run(&["rules", "assess", "empty.ndjson"]).ended(2);
    assert!(run.stderr.contains("there are no events to assess rules with"), "{}", run.stderr);
}
