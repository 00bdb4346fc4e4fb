//! The same bytes on every run, however many threads work.

use std::fs;

use serde_json::Value;

use crate::support::{Place, gzip, simulated};

/// Four inputs of different forms, several chunks of them, with rejects between the events.
fn place() -> Place {
    let place = Place::new();
    let events = simulated();
    let array: Vec<&str> = events.iter().take(200).map(String::as_str).collect();
    place.write("log/1.json", format!("[{},\n7,\n{}]", array.join(",\n"), r#"{"no":"event"}"#));
    place.write("log/2.gz", gzip(format!("{}\nnot JSON\n", events[200..].join("\n")).as_bytes()));
    let mut lines = Vec::new();
    for (number, event) in events.iter().enumerate() {
        lines.push(event.replacen("\"uuid\":\"", "\"uuid\":\"again-", 1));
        if number % 10 == 0 {
            lines.push(event[..event.len() / 2].to_owned());
        }
    }
    place.write("log/3.ndjson", lines.join("\r\n"));
    place.write("log/4.ndjson", &lines[0]);
    place
}

#[test]
fn every_run_writes_the_same_bytes() {
    const OUTPUTS: [&str; 5] = ["records", "alerts", "rejects", "report", "navigator"];
    let place = place();
    let outcome = |threads: &str, formats: &[&str]| {
        let mut written = Vec::new();
        for format in formats {
            let mut args =
                vec!["scan".to_owned(), "log".into(), "--format".into(), format.to_string()];
            args.extend(["--threads".into(), threads.into(), "-q".into()]);
            if *format == "json" {
                for output in OUTPUTS {
                    args.extend([format!("--{output}"), place.out(output).display().to_string()]);
                }
            }
            written.push((format.to_string(), place.run(&args).ended(0).stdout));
        }
        let files = OUTPUTS.map(|output| (output.to_owned(), fs::read(place.out(output)).unwrap()));
        written.extend(files);
        written
    };
    let expected = outcome("1", &["json", "ndjson", "csv"]);
    for (output, bytes) in &expected {
        assert!(bytes.len() > 1_000, "{output} has something in it");
    }
    let runs = [("2", &["json"][..]), ("5", &["json", "ndjson", "csv"]), ("5", &["json"])];
    for (threads, formats) in runs {
        for (output, bytes) in outcome(threads, formats) {
            let (_, expected) = expected.iter().find(|(name, _)| *name == output).unwrap();
            assert!(bytes == *expected, "{output} differs with {threads} threads");
        }
    }
}

#[test]
fn events_that_come_again_raise_no_second_alert() {
    let all = simulated().join("\n");
    let place = Place::with("a.ndjson", &all);
    place.write("b.ndjson", &all);
    let once = place.scan(&["a.ndjson"]);
    let twice = place.scan(&["a.ndjson", "b.ndjson"]);
    assert_eq!(twice.alerts, once.alerts);
    // An event that comes again completes nothing anew.
    let is_single = |alert: &&Value| alert.pointer("/wardgate/alert/correlation").is_none();
    assert_eq!(twice.summary["repeated_alerts"], once.alerts.iter().filter(is_single).count());
    assert_eq!(twice.records.len(), 600, "records are kept as they come");
}
