//! What stands in an alert, and that nothing in it can do harm.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Place, event_of, nothing_is_empty, simulated, texts};

const TOKEN: &str = r#""client":{"ipAddress":"198.51.100.7","userAgent":{"rawUserAgent":"curl/8.1.2"},
    "geographicalContext":{"city":"Paris","country":"France"}},
    "authenticationContext":{"externalSessionId":"102abc"},
    "transaction":{"id":"t1","type":"WEB","detail":{"requestApiTokenId":"00Tother"}},
    "target":[{"id":"00T1","type":"Token","alternateId":"ci","displayName":"ci"},
        {"id":"0oa1","type":"AppInstance","displayName":"Salesforce"},
        {"id":"00u2","type":"User","alternateId":"bob@example.org","displayName":"Bob"}]"#;

fn token(uuid: &str) -> String {
    event_of(uuid, "system.api_token.create", &TOKEN.replace('\n', " "))
}

#[test]
fn an_alert_is_an_ecs_document() {
    let place = Place::with("log", token("e1"));
    let scanned = place.scan_with(
        &["log"],
        &["--organization", "00o1", "--organization-name", "Example"],
        b"",
    );
    let [alert] = scanned.alerts.as_slice() else { panic!("{:?}", scanned.alerts) };
    nothing_is_empty(alert, "");
    let expected = [
        ("/@timestamp", json!("2026-09-01T08:00:00.000Z")),
        ("/message", json!("Ada created the API token ci from 198.51.100.7 (Paris, France)")),
        ("/event/kind", json!("alert")),
        ("/event/provider", json!("wardgate")),
        ("/event/dataset", json!("wardgate.alerts")),
        ("/event/action", json!("system.api_token.create")),
        ("/event/outcome", json!("success")),
        ("/event/severity", json!(60)),
        ("/rule/id", json!("9dfb369b-ab13-4fae-a276-55daa05f1119")),
        ("/rule/name", json!("Okta API Token created")),
        ("/rule/ruleset", json!("wardgate")),
        ("/rule/author", json!(["Wardgate"])),
        ("/threat/framework", json!("MITRE ATT&CK")),
        ("/user/name", json!("bob@example.org")),
        ("/user/target/id", json!("00u2")),
        ("/source/ip", json!("198.51.100.7")),
        ("/user_agent/name", json!("curl")),
        ("/related/user", json!(["ada@example.org", "bob@example.org"])),
        ("/organization", json!({"id": "00o1", "name": "Example"})),
        ("/wardgate/alert/severity", json!("medium")),
        ("/wardgate/alert/effort", json!("advanced")),
        (
            "/wardgate/alert/entities",
            json!({
                "user": {"id": "00u2", "name": "bob@example.org"},
                "actor": {"id": "00u1", "name": "ada@example.org", "type": "User"},
                "target_user": {"id": "00u2", "name": "bob@example.org"},
                "app": {"id": "0oa1", "name": "Salesforce"},
                "source_ip": "198.51.100.7",
                "place": "198.51.100.7 (Paris, France)",
                "session": "102abc",
                "api_token": "00Tother",
            }),
        ),
        (
            "/wardgate/alert/matched",
            json!([{"field": "event.action", "value": "system.api_token.create"}]),
        ),
    ];
    for (pointer, value) in expected {
        let found = alert.pointer(pointer).cloned().unwrap_or_default();
        if pointer == "/wardgate/alert/entities" {
            // How the place is written is a matter of taste.
            assert!(found["place"].as_str().unwrap().contains("Paris, France"), "{found}");
            let without = |value: &Value| {
                let mut members = value.as_object().unwrap().clone();
                members.remove("place");
                members
            };
            assert_eq!(without(&found), without(&value));
        } else {
            assert_eq!(found, value, "{pointer}");
        }
    }
    for list in [
        "/rule/reference",
        "/wardgate/alert/triage",
        "/wardgate/alert/false_positives",
        "/threat/technique/id",
        "/threat/technique/name",
        "/threat/tactic/id",
        "/threat/tactic/name",
        "/event/category",
        "/event/type",
    ] {
        let list =
            alert.pointer(list).and_then(Value::as_array).unwrap_or_else(|| panic!("{list}"));
        assert!(list.iter().all(Value::is_string), "{list:?}");
    }
    assert_eq!(alert["rule"]["description"].as_str().map(str::is_empty), Some(false));

    // The event that it is about: its whole record, and its text as it came.
    let [event] = alert["wardgate"]["alert"]["events"].as_array().unwrap().as_slice() else {
        panic!("one event")
    };
    let mut record = event.as_object().unwrap().clone();
    assert_eq!(record.remove("original"), Some(json!(token("e1"))));
    assert_eq!(Value::Object(record), scanned.records[0]);
    let id = alert["event"]["id"].as_str().unwrap();
    assert!(uuid::Uuid::parse_str(id).is_ok() && id != "e1", "{id}");
}

#[test]
fn ids_are_those_of_rule_and_event() {
    let content = [token("e1"), token("e2"), token("e1").replace("08:00:00", "09:00:00")];
    let place = Place::with("log", content.join("\n"));
    let all = place.scan(&["log"]);
    let ids = texts(&all.alerts, "/event/id");
    assert_eq!(ids.len(), 2, "the same event again is the same alert");
    assert_ne!(ids[0], ids[1]);

    // Elsewhere, otherwise written, by another run.
    let pretty: Value = serde_json::from_str(&token("e2")).unwrap();
    let other = Place::with("other", format!("[{pretty:#}]")).scan_with(
        &["other"],
        &["--threads", "1"],
        b"",
    );
    assert_eq!(texts(&other.alerts, "/event/id"), ids[1..]);

    // Pinned: alerts of last year have to be found again.
    assert_eq!(ids[0], "a331660f-f89f-54a3-a09a-b13440b9dab1");
}

#[test]
fn severities_are_numbers_that_sort_as_the_words_do() {
    let place = Place::with("log", simulated().join("\n"));
    let scanned = place.scan_with(&["log"], &["--effort", "master"], b"");
    let pairs: BTreeSet<(u64, &str)> = scanned
        .alerts
        .iter()
        .map(|alert| {
            let severity = alert["event"]["severity"].as_u64().unwrap();
            (severity, alert["wardgate"]["alert"]["severity"].as_str().unwrap())
        })
        .collect();
    let all = [(21, "informational"), (47, "low"), (60, "medium"), (73, "high"), (99, "critical")];
    assert!(pairs.iter().all(|pair| all.contains(pair)), "{pairs:?}");
    assert!(pairs.len() >= 4, "{pairs:?}");
    for alert in &scanned.alerts {
        nothing_is_empty(alert, "");
    }
    let counts = scanned.summary["severities"].as_array().unwrap();
    let sum: u64 = counts.iter().map(|count| count["count"].as_u64().unwrap()).sum();
    assert_eq!(sum, scanned.alerts.len() as u64);
}

/// Names that do something in a spreadsheet, a terminal or a browser.
fn hostile() -> Place {
    let names = [
        "=HYPERLINK(\\\"http://evil.example\\\",\\\"click\\\")",
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "\\tx",
        "\\u001b[2J\\u001b]0;title\\u0007red",
        "\\u202egnp.exe",
        "</script><script>alert(1)</script>",
        "a\\r\\nb,\\\"c",
    ];
    let events = names.iter().enumerate().map(|(number, name)| {
        event_of(&number.to_string(), "system.api_token.create", "")
            .replace("\"ada@example.org\"", &format!("\"{name}\""))
            .replace("\"Ada\"", &format!("\"{name}\""))
    });
    Place::with("log", events.collect::<Vec<_>>().join("\n"))
}

#[test]
fn no_cell_of_a_csv_file_is_a_formula() {
    let run = hostile().run(&["scan", "log", "--format", "csv", "-q"]).ended(0);
    let rows = cells(&run.text());
    assert_eq!(rows.len(), 10);
    assert_eq!(rows[0][..4], ["time", "severity", "title", "user"]);
    for row in &rows {
        assert_eq!(row.len(), rows[0].len(), "{row:?}");
        for cell in row {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{cell:?}");
        }
    }
    let users: Vec<_> = rows[1..].iter().map(|row| row[3].as_str()).collect();
    assert_eq!(users[0], "'=HYPERLINK(\"http://evil.example\",\"click\")");
    assert_eq!(users[8], "a\r\nb,\"c");
}

/// The rows of a CSV text (RFC 4180).
fn cells(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut characters = text.chars().peekable();
    let mut quoted = false;
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted && characters.peek() == Some(&'\n') => {
                characters.next();
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            other => cell.push(other),
        }
    }
    assert!(row.is_empty() && cell.is_empty(), "the last row has an end");
    rows
}

/// What is in `text` beside colours that can move the cursor, set titles or hide text.
fn unfit(text: &str) -> Vec<char> {
    let mut rest = String::new();
    let mut parts = text.split("\u{1b}[");
    rest.extend(parts.next());
    for part in parts {
        let end = part.find(|one: char| !one.is_ascii_digit() && one != ';').unwrap_or(part.len());
        // Colours, and what the progress bar clears its own line with.
        let is_ours =
            part[end..].starts_with('m') || part.starts_with("2K") || part.starts_with("1A");
        rest.push_str(if is_ours { &part[end + 1..] } else { "\u{1b}" });
    }
    let is_unfit = |one: &char| {
        (one.is_control() && !matches!(one, '\n' | '\r')) || ('\u{202a}'..='\u{202e}').contains(one)
    };
    rest.chars().filter(is_unfit).collect()
}

#[test]
fn nothing_from_outside_reaches_a_terminal_as_it_came() {
    let place = hostile();
    let mut content = std::fs::read(place.path("log")).unwrap();
    content.extend_from_slice("\n\u{1b}[2Jno JSON\n{\"\u{1b}]0;x\u{7}\":1}\n".as_bytes());
    place.write("\u{1b}[2Jlog", &content);
    place.write(
        "rules/a.yml",
        "title: \"\\e[2Jred\"\nlogsource: {product: okta, service: okta}\ndetection:\n  \
         s: {\"eventType|\\e[2Jx\": a}\n  condition: s\n",
    );
    place.write(
        "rules/b.yml",
        "title: \"\\e[2Jcleared\\u202e\"\nlogsource: {product: okta, service: okta}\ndetection:\n  \
         s: {eventType: system.api_token.create}\n  condition: s\n",
    );
    let cases = [
        "scan $'\\e[2Jlog' --format table --rules rules",
        "scan $'\\e[2Jlog' $'\\e[2Jmissing'",
        "scan log --enable $'\\e]0;nobody\\a'",
        "fields $'\\e[2Jnobody'",
        "simulate --events 10 --out $'\\e[2Jout'",
    ];
    for case in cases {
        let shown = on_terminal(&place, case);
        assert_eq!(unfit(&shown), [' '; 0], "{case}: {shown:?}");
        assert!(shown.contains('\u{fffd}'), "and it is shown: {case}: {shown:?}");
    }
    let shown = on_terminal(&place, cases[0]);
    assert!(shown.contains("\u{1b}["), "colours of our own: {shown:?}");
    assert!(shown.contains("\u{fffd}[2J"), "{shown:?}");

    // No colours where nobody sees them.
    let run = place.run(&["scan", "log", "--format", "table"]).ended(0);
    assert!(!run.text().contains('\u{1b}') && !run.stderr.contains('\u{1b}'), "{}", run.text());
    let mut shell = terminal(&place, "scan log --format table");
    let shown = shell.env("NO_COLOR", "1").output().unwrap().stdout;
    assert!(!String::from_utf8_lossy(&shown).contains('\u{1b}'));
}

/// `script` (util-linux), which runs a command on a terminal of its own.
fn terminal(place: &Place, args: &str) -> std::process::Command {
    let mut script = std::process::Command::new("script");
    let command = format!("bash -c \"$0 {}\"", args.replace('$', "\\$"));
    script.args(["-qec", &command.replace("$0", crate::support::WARDGATE), "/dev/null"]);
    script.current_dir(place.path("")).stdin(std::process::Stdio::null());
    script.env_remove("NO_COLOR").env("TERM", "xterm-256color");
    script
}

fn on_terminal(place: &Place, args: &str) -> String {
    let output = terminal(place, args).output().expect("script, of util-linux, is installed");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_report_runs_no_script_of_an_event() {
    let place = hostile();
    let report = place.out("report.html");
    place.run(&["scan", "log", "-q", "--report", report.to_str().unwrap()]).ended(0);
    let page = std::fs::read_to_string(report).unwrap();
    assert!(page.starts_with("<!doctype html>") || page.starts_with("<!DOCTYPE html>"));
    assert!(!page.contains("<script>alert(1)"), "the name is not markup");
    assert!(page.contains("alert(1)"), "and it is there");
    assert!(page.contains("Content-Security-Policy"));
    assert!(!page.contains('\u{1b}'));
}
