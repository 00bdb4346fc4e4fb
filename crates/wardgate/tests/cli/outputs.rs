//! Where results go, and what happens when they cannot.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use serde_json::Value;

use crate::support::{Place, event_of, simulated};

fn place() -> Place {
    Place::with("log", simulated().join("\n"))
}

#[test]
fn every_format_tells_the_same_alerts() {
    let place = place();
    let scanned = place.scan(&["log"]);
    let ndjson = place.run(&["scan", "log", "--format", "ndjson"]).ended(0);
    assert_eq!(ndjson.lines(), scanned.alerts);
    assert_eq!(place.run(&["scan", "log"]).ended(0).stdout, ndjson.stdout, "when nobody sees it");
    let csv = place.run(&["scan", "log", "--format", "csv"]).ended(0);
    assert_eq!(csv.text().lines().count(), scanned.alerts.len() + 1);
    for alert in &scanned.alerts {
        assert!(csv.text().contains(alert["event"]["id"].as_str().unwrap()));
    }

    let table = place.run(&["scan", "log", "--format", "table"]).ended(0);
    let rules = scanned.summary["rules"].as_array().unwrap();
    assert!(rules.len() > 5);
    for rule in rules {
        let name = rule["name"].as_str().unwrap();
        let line = table.text().lines().find(|line| line.contains(name)).map(str::to_owned);
        let line = line.unwrap_or_else(|| panic!("{name}: {}", table.text()));
        assert!(line.contains(&rule["count"].to_string()), "{line}");
        assert!(line.starts_with(rule["severity"].as_str().unwrap()), "{line}");
    }
    for part in ["300 events in 1 input", "Most involved users", "Most involved addresses", "▁"] {
        assert!(table.text().contains(part), "{part}: {}", table.text());
    }
    // The summary is talk when the standard output is for machines.
    csv.says(&["300 events in 1 input", "Most involved users"]);
}

#[test]
fn quiet_is_quiet() {
    let place = place();
    for format in ["table", "json", "ndjson", "csv"] {
        let run = place.run(&["scan", "log", "-q", "--format", format]).ended(0);
        assert_eq!(run.stderr, "", "{format}");
        assert_eq!(run.stdout.is_empty(), format == "table", "{format}");
    }
}

#[test]
fn the_summary_adds_up() {
    let scanned = place().scan(&["log"]);
    let summary = &scanned.summary;
    let sum = |list: &Value, member: &str| -> u64 {
        list.as_array().unwrap().iter().map(|one| one[member].as_u64().unwrap()).sum()
    };
    let alerts = scanned.alerts.len() as u64;
    assert_eq!(summary["events"], 300);
    assert_eq!(summary["alerts"], alerts);
    assert_eq!(sum(&summary["rules"], "count"), alerts);
    assert_eq!(sum(&summary["severities"], "count"), alerts);
    assert_eq!(sum(&summary["inputs"], "events"), 300);
    let timeline = &summary["timeline"];
    let events: u64 =
        timeline["events"].as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(events, 300);
    let times: Vec<_> =
        scanned.records.iter().map(|record| record["@timestamp"].as_str().unwrap()).collect();
    assert_eq!(summary["first"], *times.iter().min().unwrap());
    assert_eq!(summary["last"], *times.iter().max().unwrap());
}

#[test]
fn the_navigator_layer_counts_what_was_found() {
    let place = place();
    let path = place.out("layer.json");
    place.run(&["scan", "log", "-q", "--navigator", path.to_str().unwrap()]).ended(0);
    let layer: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    assert_eq!(layer["versions"]["layer"], "4.5");
    assert_eq!(layer["domain"], "enterprise-attack");
    let techniques = layer["techniques"].as_array().unwrap();
    assert!(techniques.iter().any(|one| one["score"].as_u64().is_some_and(|score| score > 0)));
}

#[test]
fn outputs_that_cannot_be_written_are_failures() {
    let place = place();
    fs::create_dir(place.path("folder")).unwrap();
    for output in ["--records", "--alerts", "--rejects", "--report", "--navigator"] {
        for (path, message) in [
            ("folder", "cannot write folder: Is a directory"),
            ("none/file", "cannot write none/file: No such file or directory"),
        ] {
            let run = place.run(&["scan", "log", "-q", output, path]).ended(2);
            run.says(&[message]);
            assert_eq!(run.text(), "", "before anything is done: {output} {path}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    let place =
        Place::with("log", format!("{}\nno event\n", event_of("1", "system.api_token.create", "")));
    for output in ["--records", "--alerts", "--rejects", "--report", "--navigator"] {
        let run = place.run(&["scan", "log", "-q", output, "/dev/full"]).ended(2);
        run.says(&["wardgate: cannot write ", "No space left on device"]);
    }
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    let cases: [&[&str]; 8] = [
        &["scan", "log", "-q"],
        &["scan", "log", "-q", "--format", "json"],
        &["scan", "log", "-q", "--format", "csv"],
        &["scan", "log", "--format", "table"],
        &["scan", "log", "--records", "-"],
        &["fields"],
        &["simulate", "--events", "10"],
        &["completions", "bash"],
    ];
    for args in cases {
        let output = place.command(args).stdout(full()).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains("No space left on device"), "{args:?}: {said}");
        assert!(!said.contains("panicked"), "{args:?}: {said}");
    }
    // And where there is no room for the message either.
    let output = place.command(&["scan", "missing"]).stderr(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let place = place();
    // More than a pipe holds.
    place.write("long", simulated().join("\n").repeat(4).replace("\"uuid\":\"", "\"uuid\":\"x"));
    let cases: [&[&str]; 8] = [
        &["scan", "log"],
        &["scan", "log", "--format", "json"],
        &["scan", "log", "--format", "csv"],
        &["scan", "log", "--format", "table"],
        &["scan", "long", "-q", "--records", "-"],
        &["fields", "--format", "json"],
        &["fields", "--format", "table"],
        &["simulate", "--events", "2000"],
    ];
    for args in cases {
        let mut command = place.command(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        // As `head -1` does.
        BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "{args:?}");
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{args:?}: {said}");
        assert!(!said.contains("panicked") && !said.contains("roken pipe"), "{args:?}: {said}");
    }
    // A report is whole nevertheless.
    let report = place.out("report.html");
    let args = ["scan", "log", "--format", "table", "--report", report.to_str().unwrap()];
    let mut child =
        place.command(&args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(fs::read_to_string(report).unwrap().trim_end().ends_with("</html>"));

    // Nobody to talk to.
    let mut child = place
        .command(&["scan", "log"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    let mut alerts = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut alerts).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(alerts, place.run(&["scan", "log", "-q"]).ended(0).stdout);
}

#[test]
fn an_input_is_never_written_over() {
    let place = place();
    place.write("in/a.json", simulated()[0].as_str());
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("log", place.path("link")).unwrap();
        fs::hard_link(place.path("log"), place.path("hard")).unwrap();
    }
    let cases = [
        ("log", "log"),
        ("log", "./in/../log"),
        ("in", "in/a.json"),
        ("in/*", "in/a.json"),
        #[cfg(unix)]
        ("log", "link"),
        #[cfg(unix)]
        ("link", "log"),
        #[cfg(unix)]
        ("log", "hard"),
    ];
    for (input, output) in cases {
        for option in ["--records", "--alerts", "--rejects", "--report", "--navigator"] {
            let run = place.run(&["scan", input, option, output]).ended(2);
            run.says(&[&format!("{output} is one of the inputs: write to another file")]);
        }
    }
    assert_eq!(fs::read_to_string(place.path("log")).unwrap(), simulated().join("\n"));
    assert_eq!(fs::read_to_string(place.path("in/a.json")).unwrap(), simulated()[0]);
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let place = place();
    let cases: [(&[&str], &str); 9] = [
        (&["scan", "log", "--threads", "0"], "--threads"),
        (&["scan", "log", "--threads", "many"], "--threads"),
        (&["scan", "log", "--format", "xml"], "--format"),
        (&["scan", "log", "--max-event-size=-1"], "--max-event-size"),
        (&["scan", "log", "--nope"], "--nope"),
        (&["scna", "log"], "scna"),
        (&["simulate", "--attack", "nobody"], "--list-attacks"),
        (&["simulate", "--start", "tomorrow"], "--start"),
        (&["fields", "nobody"], "'nobody'"),
    ];
    for (args, message) in cases {
        let run = place.run(args).ended(2);
        run.says(&[message]);
        assert_eq!(run.text(), "", "{args:?}");
    }
    for args in [&["--version"][..], &["--help"], &["scan", "--help"], &["simulate", "--help"]] {
        assert!(place.run(args).ended(0).text().contains("wardgate"), "{args:?}");
    }
}

#[test]
fn two_outputs_are_not_mixed_in_one_file() {
    let place = place();
    let shared = place.out("shared");
    let shared = shared.to_str().unwrap();
    let run = place.run(&["scan", "log", "-q", "--records", shared, "--alerts", shared]).ended(2);
    run.says(&["shared is named for two outputs: name a file for each"]);
    let run = place.run(&["scan", "log", "-q", "--records", "-", "--alerts", "-"]).ended(2);
    run.says(&["- is named for two outputs"]);

    // Devices keep nothing.
    #[cfg(unix)]
    place.run(&["scan", "log", "-q", "--records", "/dev/null", "--alerts", "/dev/null"]).ended(0);

    // What goes to the standard output by name is alone there.
    let alerts = place.run(&["scan", "log", "-q", "--alerts", "-"]).ended(0);
    assert_eq!(alerts.stdout, place.run(&["scan", "log", "-q"]).ended(0).stdout);
}
