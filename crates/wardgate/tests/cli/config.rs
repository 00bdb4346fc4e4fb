//! `wardgate config`.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::support::{Place, json_lines};

#[test]
fn what_init_writes_is_checked_and_not_replaced_unasked() {
    let place = Place::new();
    let path = place.path("wardgate.toml");
    place.run(&["config", "init"]).ended(0).says(&["wardgate.toml is written"]);
    let written = fs::read_to_string(&path).unwrap();
    assert_eq!(place.run(&["config", "init", "--out", "-"]).ended(0).text(), written);
    let check = place.run(&["config", "check"]).ended(0);
    check.says(&["wardgate.toml: 0 errors, 1 warning, 0 intakes, 0 sinks"]);
    assert_eq!(
        check.text(),
        "wardgate.toml: warning: there is no [[intake]], so no events will come in\n"
    );

    fs::write(&path, "mine").unwrap();
    place.run(&["config", "init"]).ended(2).says(&["exists, replace it with --force"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    place.run(&["config", "init", "--force"]).ended(0);
    assert_eq!(fs::read_to_string(&path).unwrap(), written);
    place.run(&["config", "init", "--out", "no/such/folder.toml"]).ended(2).says(&["cannot write"]);
}

#[test]
fn check_finds_everything_at_once() {
    let text = "[server]\nlitsen = \"x\"\n[[sink]]\nname = \"a\"\nkind = \"fiel\"\n";
    let place = Place::with("wardgate.toml", text);
    let check = place.run(&["config", "check"]).ended(2);
    check.says(&["wardgate.toml: 2 errors, 1 warning"]);
    let said = check.text();
    let lines: Vec<_> = said.lines().collect();
    assert!(lines[0].starts_with("wardgate.toml:2:1: error: server.litsen: "), "{said}");
    assert!(lines[0].ends_with("did you mean listen?"), "{said}");
    assert!(lines[1].starts_with("wardgate.toml:5:8: error: sink[0].kind: "), "{said}");
    assert_eq!(lines.len(), 3, "{said}");

    let check = place.run(&["config", "check", "--format", "json"]).ended(2);
    let problems: Vec<Value> = serde_json::from_slice(&check.stdout).unwrap();
    assert_eq!(problems[0]["path"], "server.litsen");
    assert_eq!(problems[0]["line"], 2);
    assert_eq!(problems[0]["help"], "did you mean listen?");
    assert_eq!(problems[2]["severity"], "warning");
    assert_eq!(problems[2]["line"], Value::Null);

    place.run(&["config", "check", "-c", "absent.toml"]).ended(2);
    let mut command = place.command(&["config", "check"]);
    command.env("WARDGATE__SERVER__PORT", "1");
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("WARDGATE__SERVER__PORT: error: there is no such setting"), "{said}");
}

#[test]
fn check_looks_into_rules_lists_and_secrets() {
    let place = Place::new();
    place.write("rules/broken.yml", "title: x\ndetection: 1\n");
    place.write("exceptions.yml", "nonsense: [");
    place.write("secret-url", "not an address s3cret");
    let sink = "[[sink]]\nname = \"soc\"\nkind = \"webhook\"\nurl_file = \"secret-url\"\n";
    let check = |rules: &str| {
        place.write("wardgate.toml", format!("[rules]\n{rules}\n{sink}"));
        let said = place.run(&["config", "check"]).ended(2).text();
        assert!(said.contains("sink[0]: sink soc: expected an address with http or https"));
        assert!(!said.contains("s3cret"), "{said}");
        said
    };
    let said = check("paths = [\"rules\"]");
    assert!(said.contains("rules/broken.yml:"), "{said}");
    let said = check("exceptions = \"exceptions.yml\"\nenable = [\"No such rule\"]");
    assert!(said.contains("exceptions.yml:1:"), "{said}");
    assert!(said.contains("no rule has the id, name, tag or level 'No such rule'"), "{said}");
    let said = check("indicators = [\"absent.txt\"]");
    assert!(said.contains("wardgate.toml:2:14: error: rules.indicators: cannot read"), "{said}");
}

#[test]
fn what_is_printed_moves_no_cursor() {
    let place =
        Place::with("wardgate.toml", "\"\\u001b[2J\" = 1\n[rules]\nenable = [\"\\u001b[2J\"]\n");
    let check = place.run(&["config", "check"]).ended(2);
    assert!(!check.text().contains('\u{1b}'), "{:?}", check.text());
}

#[test]
fn settings_are_listed_in_every_format() {
    let place = Place::new();
    let print =
        |format: &str| place.run(&["config", "settings", "--format", format]).ended(0).text();
    let ndjson = json_lines(print("ndjson").as_bytes());
    let json: Vec<Value> = serde_json::from_str(&print("json")).unwrap();
    assert_eq!(json, ndjson);
    let csv = print("csv");
    assert_eq!(csv.matches("\r\n").count(), ndjson.len() + 1);
    let names: BTreeSet<&str> = ndjson.iter().map(|one| one["setting"].as_str().unwrap()).collect();
    let written = place.run(&["config", "init", "--out", "-"]).ended(0).text();
    for name in names {
        assert!(print("table").contains(name), "{name}");
        assert!(name == "oauth" || written.contains(&format!("\n#{name} = ")), "{name}");
    }
    place.run(&["config", "settings", "nonsense"]).ended(2).says(&["there is no table"]);
}
