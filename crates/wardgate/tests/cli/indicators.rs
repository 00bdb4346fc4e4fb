//! Indicators of compromise: a bundle, a table and a list, in the alerts of a scan.

use serde_json::{Value, json};

use crate::support::{Place, event_of, rule_names};

const FEED: &str = "Intelligence Feed";
const ONLY: [&str; 3] = ["--no-builtin", "--rules", "feed.yml"];

/// A bundle with an indicator for each address, with members of its own.
fn bundle(indicators: &[(&str, &str, &str)]) -> String {
    let objects: Vec<String> = indicators
        .iter()
        .map(|(id, address, members)| {
            format!(
                r#"{{"type":"indicator","spec_version":"2.1","id":"indicator--{id}",
                "pattern":"[ipv4-addr:value = '{address}']","pattern_type":"stix"{members}}}"#
            )
        })
        .collect();
    format!(r#"{{"type":"bundle","id":"bundle--1","objects":[{}]}}"#, objects.join(",\n"))
}

fn client(uuid: &str, address: &str) -> String {
    event_of(uuid, "user.session.start", &format!(r#""client":{{"ipAddress":"{address}"}}"#))
}

/// The alerts of the rule for indicators, and what was said.
#[track_caller]
fn alerts(place: &Place, files: &[&str]) -> (Vec<Value>, String) {
    let mut args = vec!["--effort", "elementary"];
    for file in files {
        args.extend(["--indicators", file]);
    }
    let scanned = place.scan_with(&["log"], &args, b"");
    assert_eq!(scanned.run.status, Some(0), "{}", scanned.run.stderr);
    let alerts = scanned.alerts.into_iter().filter(|alert| alert["rule"]["name"] == FEED);
    (alerts.collect(), scanned.run.stderr)
}

#[test]
fn alerts_tell_of_the_indicator_its_feed_and_its_validity() {
    let log = [client("1", "198.51.100.7"), client("2", "203.0.113.9"), client("3", "192.0.2.1")];
    let place = Place::with("log", log.join("\n"));
    let uuid = "8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
    let members = r#","name":"Kit","confidence":85,"labels":["phishing"],
        "valid_from":"2020-01-01T00:00:00Z","valid_until":"2030-01-01T00:00:00Z",
        "object_marking_refs":["marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"]"#;
    place.write("acme.json", bundle(&[(uuid, "198.51.100.7", members)]));
    place.write("table.csv", "type,value,confidence\nip,198.51.100.0/24,90\nip,203.0.113.9,20\n");
    place.write("own.txt", "# ours\n203.0.113.0/24\n");
    let (alerts, said) = alerts(&place, &["acme.json", "table.csv", "own.txt"]);
    assert!(!said.contains("acme.json"), "{said}");
    assert_eq!(alerts.len(), 2);

    let id = format!("indicator--{uuid}");
    let first = &alerts[0];
    assert_eq!(
        first["wardgate"]["alert"]["indicators"],
        json!([
            {"value": "198.51.100.0/24", "type": "ipv4-addr", "feed": "table", "confidence": 90,
             "field": "source.ip", "matched": "198.51.100.7"},
            {"value": "198.51.100.7", "type": "ipv4-addr", "id": id, "feed": "acme",
             "valid_from": "2020-01-01T00:00:00.000Z", "valid_until": "2030-01-01T00:00:00.000Z",
             "confidence": 85, "tlp": "AMBER", "labels": ["phishing"], "description": "Kit",
             "field": "source.ip", "matched": "198.51.100.7"},
        ])
    );
    let threat = &first["threat"];
    assert_eq!(threat["indicator"]["name"], "198.51.100.0/24");
    assert_eq!(threat["feed"]["name"], "table");
    assert_eq!(threat["framework"], "MITRE ATT&CK", "{threat}");
    let enrichment = &threat["enrichments"][1];
    assert_eq!(enrichment["indicator"]["ip"], "198.51.100.7");
    assert_eq!(enrichment["indicator"]["confidence"], "High");
    assert_eq!(enrichment["indicator"]["marking"]["tlp"], "AMBER");
    assert_eq!(enrichment["feed"]["name"], "acme");
    let field =
        json!({"atomic": "198.51.100.7", "field": "source.ip", "type": "indicator_match_rule"});
    assert_eq!(enrichment["matched"], field);
    assert_eq!(
        first["wardgate"]["alert"]["matched"],
        json!([{"field": "source.ip", "value": "198.51.100.7"}])
    );

    let feeds: Vec<_> = alerts[1]["wardgate"]["alert"]["indicators"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["feed"].as_str().unwrap())
        .collect();
    assert_eq!(feeds, ["table", "own"]);
}

#[test]
fn what_no_longer_holds_raises_nothing() {
    let log: Vec<String> =
        (1..6).map(|n| client(&n.to_string(), &format!("198.51.100.{n}"))).collect();
    let place = Place::with("log", log.join("\n"));
    place.write(
        "acme.json",
        bundle(&[
            ("1", "198.51.100.1", r#","valid_until":"2020-01-01T00:00:00Z""#),
            ("2", "198.51.100.2", r#","revoked":true"#),
            ("3", "198.51.100.3", r#","valid_from":"2100-01-01T00:00:00Z""#),
            ("4", "198.51.100.4", r#","labels":["c2"]"#),
        ]),
    );
    place.write(
        "own.csv",
        "value,valid_until,revoked\n198.51.100.1,2020-01-01,\n198.51.100.2,,true\n",
    );
    assert_eq!(alerts(&place, &["acme.json", "own.csv"]).0, [Value::Null; 0]);
    place.write("own.txt", "198.51.100.5");
    assert_eq!(alerts(&place, &["acme.json", "own.csv", "own.txt"]).0.len(), 1);
}

#[test]
fn the_rest_of_a_damaged_file_is_used() {
    let log: Vec<String> =
        (1..9).map(|n| client(&n.to_string(), &format!("198.51.100.{n}"))).collect();
    let place = Place::with("log", log.join("\n"));
    let whole = bundle(&[("1", "198.51.100.1", ""), ("2", "x", ""), ("3", "198.51.100.3", "")]);
    place.write("whole.json", &whole);
    place.write(
        "cut.json",
        bundle(&[("4", "198.51.100.4", ""), ("5", "198.51.100.5", "")]).trim_end_matches("}]}"),
    );
    place.write("table.csv", "value,confidence\n198.51.100.6,sure\n\n198.51.100.7,5\n\"open,\n");
    place.write("list.txt", b"# list\n\xff\xfe\n0.0.0.0/0\n198.51.100.8\n");
    let files = ["whole.json", "cut.json", "table.csv", "list.txt"];
    let (alerts, _) = alerts(&place, &files);
    let mut args = vec!["scan", "log"];
    args.extend(files.iter().flat_map(|file| ["--indicators", file]));
    let said = place.run(&args).ended(0).stderr;
    let addresses: Vec<_> =
        alerts.iter().map(|alert| alert["source"]["ip"].as_str().unwrap()).collect();
    let expected = [1, 3, 4, 7, 8].map(|n| format!("198.51.100.{n}"));
    assert_eq!(addresses, expected, "{said}");
    for part in [
        "whole.json: object 2 (indicator--2): pattern: ipv4-addr:value: expected an address or network, found 'x'",
        "cut.json:4: no JSON from here on: expected the rest, found the end",
        "table.csv:2: confidence: expected 0 to 100, found 'sure'",
        "table.csv:5: expected '\"' at the end of a cell, found the end of the text",
        "list.txt:2: not UTF-8 text",
        "list.txt:3: expected a network of at least /8",
    ] {
        assert!(said.contains(part), "expected '{part}' in:\n{said}");
    }
}

#[test]
fn exceptions_and_other_rules_go_with_indicators() {
    let place = Place::with("log", client("1", "198.51.100.7"));
    place.write("own.txt", "198.51.100.7\n");
    place.write(
        "exceptions.yml",
        "exceptions:\n  - rule: 6a015b66-5e4a-429c-9be7-df00cba497dd\n    field: source.ip\n    \
         value: 198.51.100.7\n    reason: ours\n    expires: 2027-01-01\n",
    );
    let args = ["--indicators", "own.txt", "--exceptions", "exceptions.yml"];
    let scanned = place.scan_with(&["log"], &args, b"");
    assert_eq!(scanned.run.status, Some(0), "{}", scanned.run.stderr);
    assert!(!rule_names(&scanned.alerts).contains(&FEED));

    place.write(
        "feed.yml",
        "title: Own\nid: 5c9a1a55-3f6d-4c0e-9d0b-0d5a3a4f9e10\nlogsource:\n  product: okta\n  \
         service: okta\ndetection:\n  selection:\n    source.ip|expand: '%indicator_ip%'\n  \
         condition: selection\nlevel: high\n",
    );
    let args = [&ONLY[..], &["--indicators", "own.txt"]].concat();
    let scanned = place.scan_with(&["log"], &args, b"");
    assert_eq!(rule_names(&scanned.alerts), ["Own"], "{}", scanned.run.stderr);
}
