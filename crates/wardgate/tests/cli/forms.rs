//! The same events in every form give the same records and alerts.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use crate::support::{Place, Scanned, gzip, json_lines, simulated, zstd};

/// What has to be the same: records and alerts without the time of arrival, which is that of the
/// file, and with the events' own text read, for white space may differ.
fn comparable(mut scanned: Scanned) -> (Vec<Value>, Vec<Value>) {
    fn settle(record: &mut Value) {
        let event = record["event"].as_object_mut().unwrap();
        event.remove("ingested");
        if let Some(original) = record.get_mut("original") {
            *original = serde_json::from_str(original.as_str().unwrap()).unwrap();
        }
    }
    scanned.records.iter_mut().for_each(settle);
    for alert in &mut scanned.alerts {
        let events = alert.pointer_mut("/wardgate/alert/events").unwrap();
        events.as_array_mut().unwrap().iter_mut().for_each(settle);
    }
    (scanned.records, scanned.alerts)
}

#[track_caller]
fn assert_same(name: &str, found: Scanned, expected: &(Vec<Value>, Vec<Value>)) {
    assert_eq!(found.run.status, Some(0), "{name}: {}", found.run.stderr);
    assert_eq!(found.reasons(), [], "{name}");
    assert_eq!(found.summary["events"], 300, "{name}");
    let (records, alerts) = comparable(found);
    let pairs = records.iter().zip(&expected.0).chain(alerts.iter().zip(&expected.1));
    for (found, expected) in pairs {
        assert_eq!(found, expected, "{name}");
    }
    assert_eq!((records.len(), alerts.len()), (expected.0.len(), expected.1.len()), "{name}");
}

fn expected() -> (Vec<Value>, Vec<Value>) {
    let place = Place::with("log", simulated().join("\n"));
    let (records, alerts) = comparable(place.scan(&["log"]));
    assert!(alerts.len() > 10, "there are attacks in it");
    (records, alerts)
}

/// The events as JSON values.
fn values() -> Vec<Value> {
    simulated().iter().map(|event| serde_json::from_str(event).unwrap()).collect()
}

fn lines(wrap: impl Fn(&str) -> Value) -> String {
    simulated().iter().map(|event| format!("{}\n", wrap(event))).collect()
}

fn parsed(event: &str) -> Value {
    serde_json::from_str(event).unwrap()
}

#[test]
fn every_form_gives_the_same() {
    let events = simulated();
    let ndjson = events.join("\n");
    let array = format!("[{}]", events.join(","));
    let pretty = serde_json::to_string_pretty(&values()).unwrap();
    let page = |page: &[String]| format!("[{}]\n", page.join(","));
    let pages: String = events.chunks(70).map(page).collect();
    let hooks: String = values()
        .chunks(10)
        .map(|events| {
            let hook = json!({
                "eventType": "com.okta.event_hook",
                "eventTypeVersion": "1.0",
                "cloudEventsVersion": "0.1",
                "source": "https://example.okta.com/api/v1/eventHooks/who1",
                "eventId": "e1",
                "data": {"events": events},
                "eventTime": "2026-09-01T09:00:00.000Z",
                "contentType": "application/json",
            });
            format!("{hook}\n")
        })
        .collect();
    let bridge = lines(|event| {
        json!({"version": "0", "id": "1", "detail-type": "SystemLog", "source": "aws.partner/okta.com",
            "account": "1", "time": "2026-09-01T09:00:00Z", "region": "eu-west-1", "resources": [],
            "detail": parsed(event)})
    });
    let splunk = lines(|event| {
        json!({"preview": false, "offset": 1, "result": {"_raw": event, "_time": "1", "host": "h",
            "sourcetype": "OktaIM2:log"}})
    });
    let ecs = |wrap: fn(&str) -> Value| {
        lines(|event| {
            let mut document = json!({"@timestamp": "2026-09-01T09:00:00Z", "data_stream": {"dataset": "okta.system"}});
            document.as_object_mut().unwrap().extend(wrap(event).as_object().unwrap().clone());
            document
        })
    };
    let forms = [
        ("NDJSON", ndjson.clone().into_bytes()),
        ("array", array.clone().into_bytes()),
        ("pretty array", pretty.clone().into_bytes()),
        ("pages", pages.into_bytes()),
        ("NDJSON, gzip", gzip(ndjson.as_bytes())),
        ("NDJSON, zstd", zstd(ndjson.as_bytes())),
        ("pretty array, gzip", gzip(pretty.as_bytes())),
        ("array, zstd", zstd(array.as_bytes())),
        ("event hooks", hooks.into_bytes()),
        ("EventBridge", bridge.into_bytes()),
        ("Splunk", splunk.into_bytes()),
        ("ECS, message", ecs(|event| json!({"message": event})).into_bytes()),
        (
            "ECS, event.original",
            ecs(|event| json!({"event": {"kind": "event", "original": event}})).into_bytes(),
        ),
    ];
    let expected = expected();
    for (name, content) in forms {
        // The name says nothing, or something wrong.
        for file in ["log", "log.csv"].into_iter().take(if name == "array" { 2 } else { 1 }) {
            assert_same(name, Place::with(file, &content).scan(&[file]), &expected);
        }
    }
}

/// The leaves of a value by their dotted paths.
fn flatten(value: &Value, path: &str, to: &mut BTreeMap<String, String>) {
    let mut member = |name: &str, value: &Value| {
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        flatten(value, &path, to);
    };
    match value {
        Value::Null => {}
        Value::Object(members) => members.iter().for_each(|(name, value)| member(name, value)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| member(&at.to_string(), item));
        }
        Value::String(text) => _ = to.insert(path.to_owned(), text.clone()),
        Value::Bool(_) | Value::Number(_) => _ = to.insert(path.to_owned(), value.to_string()),
    }
}

fn csv() -> String {
    let rows: Vec<BTreeMap<String, String>> = values()
        .iter()
        .map(|event| {
            let mut row = BTreeMap::new();
            flatten(event, "", &mut row);
            row
        })
        .collect();
    let mut columns: Vec<&String> = rows.iter().flat_map(BTreeMap::keys).collect();
    columns.sort_unstable();
    columns.dedup();
    let line = |cells: Vec<&str>| {
        let cells = cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")));
        cells.collect::<Vec<_>>().join(",") + "\r\n"
    };
    let header = line(columns.iter().map(|name| name.as_str()).collect());
    let row = |row: &BTreeMap<String, String>| {
        line(columns.iter().map(|name| row.get(*name).map_or("", String::as_str)).collect())
    };
    header + &rows.iter().map(row).collect::<String>()
}

/// Takes out what CSV cannot carry: what there is of nothing (null, the word `null`, empty texts,
/// objects and arrays), and whether a value of debugData is text or not.
fn as_csv_carries(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.clone(), as_csv_carries(value)));
            let is_something = |value: &Value| {
                ![json!(null), json!("null"), json!(""), json!({}), json!([])].contains(value)
            };
            Value::Object(members.filter(|(_, value)| is_something(value)).collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(as_csv_carries).collect(),
        Value::Bool(_) | Value::Number(_) => Value::String(value.to_string()),
        Value::Null | Value::String(_) => value.clone(),
    }
}

#[test]
fn csv_gives_the_same() {
    let expected = expected();
    let (records, alerts) = comparable(Place::with("log", csv()).scan(&["log"]));
    assert_eq!((records.len(), alerts.len()), (300, expected.1.len()));
    let pairs = records.iter().zip(&expected.0).chain(alerts.iter().zip(&expected.1));
    for (found, expected) in pairs {
        assert_eq!(as_csv_carries(found), as_csv_carries(expected));
    }
    let zipped = comparable(Place::with("log", gzip(csv().as_bytes())).scan(&["log"]));
    assert!(zipped == (records, alerts), "compression changes nothing");
}

#[test]
fn standard_input_folders_and_patterns_give_the_same() {
    let expected = expected();
    let (early, late) = simulated().split_at(120);
    let place = Place::with("in/a/early.json", early.join("\n"));
    place.write("in/b/late.json.gz", gzip(late.join("\n").as_bytes()));
    place.write("in/.hidden.json", "nothing to read");
    let cases: [&[&str]; 6] = [
        &["in"],
        &["in/*/*.json*"],
        &["in/**/*"],
        &["in/a/early.json", "in/b"],
        &["in/a/*", "in/b/*", "in/a/early.json"],
        &["./in/"],
    ];
    for paths in cases {
        assert_same(&paths.join(" "), place.scan(paths), &expected);
    }
    let rest = late.join("\n").into_bytes();
    for stdin in [rest.clone(), gzip(&rest), zstd(&rest)] {
        let mixed = place.scan_with(&["in/a/early.json", "-"], &[], &stdin);
        assert_same("standard input", mixed, &expected);
    }
}

#[test]
fn the_time_of_arrival_is_that_of_the_file() {
    let place = Place::with("log", simulated().join("\n"));
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_789_000_000_123);
    fs::File::options().write(true).open(place.path("log")).unwrap().set_modified(time).unwrap();
    let scanned = place.scan(&["log"]);
    assert_eq!(scanned.records[0]["event"]["ingested"], "2026-09-10T00:26:40.123Z");

    let piped = place.scan_with(&["-"], &[], simulated()[0].as_bytes());
    assert_eq!(piped.records[0]["event"].get("ingested"), None, "nobody knows");
}

#[test]
fn records_go_to_the_standard_output_when_asked() {
    let place = Place::with("log", simulated().join("\n"));
    let run = place.run(&["scan", "log", "--records", "-"]).ended(0);
    assert_eq!(json_lines(&run.stdout), place.scan(&["log"]).records);
    run.says(&["300 events"]);
}
