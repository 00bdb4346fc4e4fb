use super::*;
use crate::Tlp;

fn all(text: &str, feed: &Feed) -> (Vec<Indicator>, Reading) {
    let mut indicators = Vec::new();
    let reading = read(text.as_bytes(), feed, &mut |indicator| indicators.push(indicator));
    (indicators, reading)
}

fn problems(reading: &Reading) -> Vec<String> {
    reading.problems.iter().map(Problem::to_string).collect()
}

const BUNDLE: &str = r#"{"type": "bundle", "id": "bundle--1", "objects": [
    {"type": "identity", "id": "identity--1", "name": "Feed"},
    {"type": "indicator", "id": "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
     "name": "Phish kit", "pattern": "[domain-name:value = 'phish.example']",
     "pattern_type": "stix", "valid_from": "2026-11-01T00:00:00Z",
     "modified": "2026-11-02T00:00:00Z",
     "valid_until": "2026-12-01T00:00:00.000Z", "confidence": 85,
     "indicator_types": ["malicious-activity"], "labels": ["phishing"],
     "object_marking_refs": ["marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"]},
    7, "text", null, [1],
    {"type": "indicator", "id": "indicator--2", "pattern": "[file:name = 'x']",
     "pattern_type": "stix", "valid_from": "2026-11-01T00:00:00Z"},
    {"type": "indicator", "id": "indicator--3", "pattern": "alert tcp", "pattern_type": "snort"},
    {"type": "indicator", "id": "indicator--4", "pattern": "[ipv4-addr:value = '203.0.113.9']",
     "kill_chain_phases": [{"kill_chain_name": "x", "phase_name": "command-and-control"}],
     "revoked": true, "confidence": "high", "labels": 3},
    {"type": "indicator", "id": "indicator--5", "pattern": "[ipv4-addr:value = "},
    {"type": "indicator", "id": "indicator--6"}
]}"#;

#[test]
fn a_bundle_is_read_object_by_object() {
    let (indicators, reading) = all(BUNDLE, &Feed::named("own"));
    assert_eq!((reading.form, reading.used), (Form::Stix, 2));
    let first = &indicators[0];
    assert_eq!(first.feed, "own");
    assert_eq!(first.valid_until, ecs::Timestamp::parse("2026-12-01T00:00:00Z"));
    assert_eq!((first.confidence, first.tlp), (Some(85), Some(Tlp::Red)));
    assert_eq!(first.labels, ["malicious-activity", "phishing"]);
    assert_eq!((first.name.as_str(), &*first.about()), ("Phish kit", "Phish kit"));
    assert_eq!(first.modified, ecs::Timestamp::parse("2026-11-02T00:00:00Z"));
    assert_eq!((indicators[1].id.as_str(), indicators[1].revoked), ("indicator--4", true));
    assert_eq!(
        problems(&reading),
        [
            "object 3: expected an object",
            "object 4: expected an object",
            "object 5: expected an object",
            "object 6: expected an object",
            "object 7 (indicator--2): pattern: the path file:name is not supported",
            "object 8 (indicator--3): pattern_type: expected stix, found 'snort'",
            "object 10 (indicator--5): pattern: expected a value for ipv4-addr:value",
            "object 11 (indicator--6): pattern: expected one",
        ]
    );
}

#[test]
fn what_stands_before_damage_is_kept() {
    let cut = BUNDLE.find("7, \"text\"").unwrap();
    let (indicators, reading) = all(BUNDLE.get(..cut).unwrap(), &Feed::default());
    assert_eq!(indicators.len(), 1);
    assert!(problems(&reading)[0].starts_with("line 10: no JSON from here on"), "{reading:?}");
}

#[test]
fn a_table_may_have_its_columns_in_any_order() {
    let text = "\u{feff}Confidence,Value,type,valid_until,description\r\n\
        90,phish.example,domain,2026-12-01,\"a \"\"kit\"\", found\"\r\n\
        0,203.0.113.0/24,,,\n\
        101,a.example,,,\n\
        ,a.example,hash,,\n\
        ,a.example,,soon,\n\
        5,,ip,,\n\
        ,64500,as,,\n";
    let (indicators, reading) = all(text, &Feed::default());
    assert_eq!((reading.form, reading.used), (Form::Csv, 3));
    assert_eq!(indicators[0].description, "a \"kit\", found");
    assert_eq!(indicators[0].confidence, Some(90));
    assert_eq!(indicators[1].any[0][0].to_string(), "203.0.113.0/24");
    assert_eq!(
        problems(&reading),
        [
            "line 4: confidence: expected 0 to 100, found '101'",
            "line 5: type: expected ip, domain, email, url, user-agent or as, found 'hash'",
            "line 6: valid_until: expected a time such as 2026-09-01T00:00:00Z, found 'soon'",
            "line 7: value: expected one",
        ]
    );
}

#[test]
fn a_list_has_one_value_a_line() {
    let long = "x".repeat(70_000);
    let text = format!("# feed\n203.0.113.7\n\ncom.\n{long}\n0.0.0.0/0\nAS64500\n");
    let (indicators, reading) = all(&text, &Feed::default());
    assert_eq!((reading.form, indicators.len()), (Form::List, 2));
    assert_eq!(
        problems(&reading),
        [
            "line 4: expected a domain that somebody owns, not a public suffix: com.",
            "line 5: expected at most 65536 bytes",
            "line 6: expected a network of at least /8 (IPv4) or /16 (IPv6): 0.0.0.0/0",
        ]
    );
}

#[test]
fn a_feed_fills_in_and_leaves_out() {
    let feed = Feed {
        confidence: Some(40),
        min_confidence: 50,
        expiry: Some(86_400_000),
        labels: vec!["Phishing".to_owned()],
        ..Feed::named("own")
    };
    let text = "value,confidence,labels,valid_from\n\
        a.example,,phishing,\nb.example,60,other,\nc.example,60,phishing;x,2026-11-01\n";
    let (indicators, reading) = all(text, &feed);
    assert_eq!((reading.used, reading.left_out), (1, 2));
    assert_eq!(indicators[0].valid_until, ecs::Timestamp::parse("2026-11-02T00:00:00Z"));
}

#[test]
fn lines_of_a_table_are_those_of_the_file() {
    let text = "\n\nvalue,confidence\n\n\n\"203.0.113.7\n\",101\n\r\n203.0.113.8,101\n";
    let (_, reading) = all(text, &Feed::default());
    let place = |problem: &Problem| problem.place.clone();
    let places: Vec<_> = reading.problems.iter().map(place).collect();
    assert_eq!(places, [Place::Line(6), Place::Line(9)]);
}

#[test]
fn a_quote_that_is_not_closed_costs_one_line() {
    let rest = "203.0.113.7,\n".repeat(100_000);
    let text = format!("value,description\n203.0.113.6,\"open\n{rest}");
    let (indicators, reading) = all(&text, &Feed::default());
    assert_eq!(indicators.len(), 100_000);
    assert_eq!(
        problems(&reading),
        ["line 2: expected at most 1048576 bytes in a record, is a quote not closed?"]
    );
}

/// Gives text for ever, and counts how much is taken.
struct Endless(u64);

impl std::io::Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        buffer.fill(b'x');
        self.0 += buffer.len() as u64;
        Ok(buffer.len())
    }
}

#[test]
fn an_object_without_end_is_given_up() {
    let begin = r#"{"objects": [{"type": "indicator", "pattern": "[domain-name:value = 'a.example']"},
        {"type": "indicator", "description": ""#;
    let mut endless = Endless(0);
    let mut count = 0;
    let text = begin.as_bytes().chain(&mut endless);
    let reading = read(text, &Feed::default(), &mut |_| count += 1);
    assert_eq!(count, 1);
    let said = problems(&reading);
    assert_eq!(
        said,
        ["line 2: no JSON from here on: expected an object of at most 67108864 bytes"]
    );
    assert!(endless.0 < 65 << 20);
}

#[test]
fn what_is_damaged_or_too_large_costs_itself_alone() {
    let good = |id: u32| {
        format!(
            r#"{{"type":"indicator","id":"indicator--{id}","pattern":"[domain-name:value='a.example']"}}"#
        )
    };
    let large = format!(r#"{{"type":"artifact","payload_bin":"{}"}}"#, "x".repeat(2 << 20));
    let text = format!(
        r#"{{"type":"bundle","objects":[{},{large},{{"type" "indicator"}},{}],"id":"b"}}"#,
        good(1),
        good(2)
    );
    let (indicators, reading) = all(&text, &Feed::default());
    let ids: Vec<_> = indicators.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["indicator--1", "indicator--2"]);
    let said = problems(&reading);
    assert_eq!(said[0], "object 2: expected an object of at most 1048576 bytes");
    assert!(said[1].starts_with("object 3: no JSON: "), "{said:?}");
    assert_eq!(said.len(), 2);
}

#[test]
fn newer_versions_that_are_left_out_take_back_older_ones() {
    let feed = Feed {
        min_confidence: 50,
        max_tlp: Some(Tlp::Green),
        read_at: Some(ecs::Timestamp(0)),
        expiry: Some(1_000),
        ..Feed::named("own")
    };
    let text = "id,value,confidence,tlp\n1,a.example,40,\n2,b.example,60,amber\n\
        3,c.example,60,green\n4,d.example,,\n";
    let (indicators, reading) = all(text, &feed);
    let seen: Vec<_> = indicators.iter().map(|one| (one.id.as_str(), one.revoked)).collect();
    assert_eq!(seen, [("1", true), ("2", true), ("3", false), ("4", false)]);
    assert_eq!((reading.used, reading.left_out), (2, 2));
    assert_eq!(indicators[3].valid_until, Some(ecs::Timestamp(1_000)));
}

#[test]
fn the_form_may_be_known() {
    let mut count = 0;
    let mut read = |form, text: &str| {
        let reading = read_form(text.as_bytes(), Some(form), &Feed::default(), &mut |_| count += 1);
        problems(&reading)
    };
    assert_eq!(read(Form::List, "a.example\n"), [""; 0]);
    let csv = read(Form::Csv, "a.example\nb.example\n");
    assert_eq!(csv, ["line 1: expected a header with a column 'value'"]);
    let stix = read(Form::Stix, "<html>");
    assert_eq!(stix, ["line 1: no JSON from here on: expected { or ["]);
    assert_eq!(count, 1);
}

#[test]
fn what_is_said_is_short() {
    let text = format!("value,confidence\na.example,{}\n", "x".repeat(100_000));
    let (_, reading) = all(&text, &Feed::default());
    assert!(reading.problems[0].reason.len() < 400);
}
