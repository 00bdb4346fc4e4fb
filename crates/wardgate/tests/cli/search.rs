//! `wardgate search` and `wardgate export`: what is stored comes out again.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use ecs::{Arrival, Context, Organization, Record, Timestamp};
use okta::LogEvent;
use serde_json::Value;
use store::{Options, Origin, Prepared, Writer};

use crate::support::{Place, event_of, json_lines, simulated, texts};

/// Stores events in the data folder `wardgate-data` of a place.
fn store(folder: &Path, events: &[String]) -> Writer {
    let options = Options { retention_days: None, ..Options::default() };
    let mut writer = Writer::open(folder, options).unwrap();
    add(&mut writer, events);
    writer
}

fn add(writer: &mut Writer, events: &[String]) {
    let organization = Organization { id: Some("00o1".to_owned()), name: None };
    let origin = Arc::new(Origin::new("acme", &organization));
    let context = Context::new(organization);
    let received = Timestamp(1_788_400_000_000);
    let mut batch = Prepared::new(origin, received);
    for text in events {
        let event = LogEvent::parse(text).unwrap();
        let arrival = Arrival { ingested: Some(received), repaired: false };
        batch.event(&Record::new(&event, &context, arrival), false);
    }
    writer.commit(&mut [batch.finish()]).unwrap();
    writer.flush();
}

fn stored() -> Place {
    let place = Place::new();
    drop(store(&place.path("wardgate-data"), simulated()));
    place
}

fn without_arrival(mut records: Vec<Value>) -> Vec<Value> {
    for record in &mut records {
        record["event"].as_object_mut().unwrap().remove("ingested");
    }
    records.sort_by_key(|record| record["event"]["id"].as_str().unwrap().to_owned());
    records
}

#[test]
fn everything_comes_out_as_a_scan_sees_it() {
    let place = stored();
    let run = place.run(&["search", "--all", "--oldest-first"]).ended(0);
    let found = run.lines();
    assert_eq!(found.len(), simulated().len());
    let times = texts(&found, "/@timestamp");
    assert!(times.is_sorted(), "in the order in which it happened");
    place.write("log.ndjson", simulated().join("\n"));
    let scanned = place.scan_with(&["log.ndjson"], &["--organization", "00o1"], b"");
    assert_eq!(without_arrival(found), without_arrival(scanned.records));

    let json = place.run(&["search", "--format", "json", "--limit", "7"]).ended(0);
    let json: Vec<Value> = serde_json::from_slice(&json.stdout).unwrap();
    let latest = place.run(&["search", "--limit", "7"]).ended(0).lines();
    assert_eq!(json, latest);
    assert_eq!(json.len(), 7);
    let nothing = place.run(&["search", "user.name:nobody", "--format", "json"]).ended(0);
    assert_eq!(nothing.text(), "[\n]\n");

    let mut raw: Vec<String> = place
        .run(&["search", "--all", "--format", "raw"])
        .ended(0)
        .text()
        .lines()
        .map(str::to_owned)
        .collect();
    let mut events = simulated().to_vec();
    raw.sort();
    events.sort();
    assert_eq!(raw, events, "byte for byte");
}

#[test]
fn people_and_spreadsheets_get_columns() {
    let place = stored();
    let table = place.run(&["search", "event.outcome:failure", "--format", "table"]).ended(0);
    let text = table.text();
    let mut lines = text.lines();
    let heading: Vec<_> = lines.next().unwrap().split_whitespace().collect();
    assert_eq!(heading, ["TIME", "ACTION", "USER", "SOURCE", "COUNTRY", "OUTCOME"]);
    assert!(lines.clone().count() > 0 && lines.all(|line| line.ends_with("failure")), "{text}");
    let cut = place.run(&["search", "--format", "table", "--limit", "3"]).ended(0);
    cut.says(&["the first 3", "--count"]);
    place
        .run(&["search", "user.name:nobody", "--format", "table"])
        .ended(0)
        .says(&["nothing found"]);

    let fields = "user.name,okta.system.target.type,source.as.number,eventType";
    let csv =
        place.run(&["search", "--all", "--format", "csv", "--fields", fields]).ended(0).text();
    assert!(
        csv.starts_with("user.name,okta.system.target.type,source.as.number,eventType\r\n"),
        "{csv}"
    );
    assert_eq!(csv.matches("\r\n").count(), simulated().len() + 1);
    let objects = place.run(&["search", "--all", "--fields", fields]).ended(0).lines();
    assert!(objects.iter().any(|object| object["source.as.number"].is_i64()));
    assert!(objects.iter().any(|object| object["okta.system.target.type"].is_array()));
    for object in &objects {
        let names = object.as_object().unwrap().keys();
        assert!(names.into_iter().all(|name| fields.split(',').any(|field| field == name)));
    }
    let unknown = place.run(&["search", "--fields", "user.nam"]).ended(2);
    unknown.says(&["there is no field 'user.nam': did you mean user.name?"]);
}

#[test]
fn counts_agree_with_what_is_found() {
    let place = stored();
    let all = place.run(&["search", "--all"]).ended(0).lines();
    let count = |args: &[&str]| place.run(&[&["search"], args].concat()).ended(0).lines();
    assert_eq!(count(&["--count"]), [serde_json::json!({ "events": all.len() })]);
    let by_action = count(&["--count-by", "event.action", "--all"]);
    let actions = texts(&all, "/event/action");
    for row in &by_action {
        let value = row["value"].as_str().unwrap();
        let events = actions.iter().filter(|action| **action == value).count();
        assert_eq!(row["events"], events);
    }
    let sum = |rows: &[Value]| rows.iter().map(|row| row["events"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum(&by_action), all.len() as u64);
    let events: Vec<_> = by_action.iter().map(|row| row["events"].as_u64().unwrap()).collect();
    assert!(events.is_sorted_by(|a, b| a >= b), "most first");
    assert_eq!(count(&["--count-by", "event.action", "--limit", "2"]), by_action[..2]);
    let by_hour = count(&["--histogram", "1h"]);
    assert_eq!(sum(&by_hour), all.len() as u64);

    let bars = place.run(&["search", "--count-by", "event.action", "--format", "table"]).ended(0);
    let bars = bars.text();
    let first = bars.lines().next().unwrap();
    assert!(first.starts_with(by_action[0]["value"].as_str().unwrap()), "{first}");
    assert!(first.ends_with(&"█".repeat(40)), "{first}");
    let drawn = place.run(&["search", "--histogram", "1d", "--format", "table"]).ended(0).text();
    assert!(drawn.lines().last().unwrap().contains("300 events"), "{drawn}");
    let csv = place.run(&["search", "--count-by", "event.outcome", "--format", "csv"]).ended(0);
    assert!(csv.text().starts_with("event.outcome,events\r\n"));
    place
        .run(&["search", "--count-by", "user"])
        .ended(2)
        .says(&["--count-by user: there is no field"]);
}

#[test]
fn mistakes_are_shown_in_the_query() {
    let place = stored();
    let run = place.run(&["search", "user.name:(ada OR"]).ended(2);
    run.says(&[
        "wardgate: the query cannot be answered\nuser.name:(ada OR\n                 ^ expected",
    ]);
    let run = place.run(&["search", "a user.nam:ada"]).ended(2);
    run.says(&["a user.nam:ada\n  ^^^^^^^^ there is no field 'user.nam': did you mean user.name?"]);
    let run = place.run(&["search", "ada or grace"]).ended(0);
    run.says(&["is this what is meant?\nada or grace\n    ^^ 'or' is searched for as a word"]);
    place.run(&["search", "--data", "nowhere"]).ended(2).says(&["nowhere is no data folder"]);
    place.run(&["search", "--histogram", "1x"]).ended(2).says(&["15m, 1h, 1d or 1w"]);
    place.write("wardgate.toml", "data_dir = \"elsewhere\"\n");
    let run = place.run(&["search", "-c", "wardgate.toml"]).ended(2);
    run.says(&["elsewhere is no data folder"]);
}

#[test]
fn damaged_days_are_told_and_the_rest_is_found() {
    let place = stored();
    let days = place.path("wardgate-data/days");
    let mut names: Vec<_> =
        std::fs::read_dir(&days).unwrap().map(|day| day.unwrap().path()).collect();
    names.sort();
    std::fs::write(names[0].join("meta.json"), "nothing").unwrap();
    let run = place.run(&["search", "--count"]).ended(2);
    let day = names[0].file_name().unwrap().to_str().unwrap();
    run.says(&[&format!("the events of {day} are damaged"), "wardgate verify"]);
    let count = run.lines()[0]["events"].as_u64().unwrap();
    assert_eq!(count > 0, names.len() > 1);
    assert!(count < 300);
}

#[test]
fn an_export_can_be_scanned_again() {
    let place = stored();
    let before = place.scan_with(&["-"], &[], simulated().join("\n").as_bytes());
    for name in ["okta.ndjson", "okta.ndjson.gz", "okta.ndjson.zst"] {
        place.run(&["export", "--format", "raw", "--out", name]).ended(0).says(&["300 events"]);
        let after = place.scan(&[name]);
        let sorted = |mut ids: Vec<String>| {
            ids.sort();
            ids
        };
        let ids = |records: &[Value]| {
            sorted(texts(records, "/event/id").into_iter().map(str::to_owned).collect())
        };
        assert_eq!(ids(&after.records), ids(&before.records), "{name}");
        assert_eq!(after.alerts.len(), before.alerts.len(), "{name}");
        assert!(texts(&after.records, "/@timestamp").is_sorted(), "in the order of time");
        assert!(!place.path(format!("{name}.partial")).exists());
    }
    let size = |name: &str| place.path(name).metadata().unwrap().len();
    assert!(size("okta.ndjson.zst") < size("okta.ndjson") / 4);
    place.run(&["export", "--out", "okta.ndjson"]).ended(2).says(&["exists", "--force"]);
    place.run(&["export", "--out", "okta.ndjson", "--force"]).ended(0);
    let records = json_lines(&std::fs::read(place.path("okta.ndjson")).unwrap());
    assert_eq!(records.len(), 300);

    let failures = place.run(&["search", "event.outcome:failure", "--all"]).ended(0).lines();
    place.run(&["export", "event.outcome:failure", "--out", "failures.csv"]).ended(0);
    let csv = std::fs::read_to_string(place.path("failures.csv")).unwrap();
    assert!(csv.starts_with("'@timestamp,event.action,"), "{csv}");
    assert_eq!(csv.matches("\r\n").count(), failures.len() + 1);
    let run = place.run(&["export", "--out", "-", "--format", "json", "user.name:nobody"]).ended(0);
    assert_eq!(run.text(), "[\n]\n");
}

#[test]
fn new_events_are_followed() {
    let place = Place::new();
    let event = |id: &str, kind: &str| event_of(id, kind, "");
    let folder = place.path("wardgate-data");
    let mut writer = store(&folder, &[event("before", "user.session.start")]);
    let mut command = place.command(&["search", "event.action:user.session.*", "--follow"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // It looks from the moment on at which it has started, which is not told: what it prints
    // first is any of these.
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let adding = std::thread::spawn(move || {
        let mut number = 0;
        loop {
            number += 1;
            let both = [
                event(&format!("start-{number}"), "user.session.start"),
                event(&format!("other-{number}"), "system.api_token.create"),
            ];
            add(&mut writer, &both);
            if stopped.recv_timeout(std::time::Duration::from_millis(200)).is_ok() {
                return;
            }
        }
    });
    let ids = lines.take(3).map(|line| {
        let record: Value = serde_json::from_str(&line.unwrap()).unwrap();
        record["event"]["id"].as_str().unwrap().to_owned()
    });
    let ids: Vec<String> = ids.collect();
    stop.send(()).unwrap();
    adding.join().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!(told, "");
    let numbers: Vec<u32> =
        ids.iter().map(|id| id.strip_prefix("start-").unwrap().parse().unwrap()).collect();
    assert_eq!(numbers, (numbers[0]..numbers[0] + 3).collect::<Vec<_>>(), "each once, in order");
}
