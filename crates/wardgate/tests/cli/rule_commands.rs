//! `wardgate rules`: list, show, test, lint, coverage.

use serde_json::Value;

use crate::support::{Place, json_lines};

const GOOD: &str = "\
title: Office closed
id: 2b2f3c6e-90f4-4a86-9ae0-0c4d1f6f5b11
description: The office was closed.
tags: [attack.impact, attack.t1531]
logsource: {product: okta, service: okta}
detection:
    selection: {event.action: user.lifecycle.deactivate}
    condition: selection
falsepositives: [Holidays]
level: low
wardgate: {effort: elementary}
";

const TESTS: &str = "\
matches:
- {name: closed, event: {eventType: user.lifecycle.deactivate}}
- {name: CLOSED, event: {eventType: USER.LIFECYCLE.DEACTIVATE}}
near_misses:
- {name: created, event: {eventType: user.lifecycle.create}}
- {name: activated, event: {eventType: user.lifecycle.activate}}
- {name: suspended, event: {eventType: user.lifecycle.suspend}}
";

fn place() -> Place {
    let place = Place::with("ours/good.yml", GOOD);
    place.write("ours/good.tests.yml", TESTS);
    place
}

/// How many rules there are in the folder that is built in.
fn built_in() -> usize {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../rules/okta");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let is_rule = |name: &String| name.ends_with(".yml") && !name.ends_with(".tests.yml");
    names.filter_map(|name| name.into_string().ok()).filter(is_rule).count()
}

#[test]
fn the_built_in_rules_are_listed_tested_and_without_findings() {
    let place = Place::new();
    let rules = built_in();
    assert!(rules >= 118, "{rules}");
    let listed = place.run(&["rules", "list"]).ended(0).lines();
    assert_eq!(listed.len(), rules);
    let count = |state: &str| listed.iter().filter(|rule| rule["state"] == state).count();
    assert_eq!((count("idle"), count("unusable")), (1, 0));
    assert!(count("on") > 15 && count("off") > 0);
    let every = place.run(&["rules", "list", "--effort", "master", "--on"]).ended(0).lines();
    assert_eq!(every.len(), rules);

    let tested = place.run(&["rules", "test"]).ended(0).text();
    let total = tested.lines().last().unwrap();
    assert!(
        total.starts_with(&format!("{rules} rules, ")) && total.ends_with(" passed, 0 failed"),
        "{total}"
    );
    let linted = place.run(&["rules", "lint", "--strict"]).ended(0).text();
    assert_eq!(linted, format!("{rules} files: 0 errors, 0 warnings\n"));
    // Nothing is coloured off a terminal.
    assert!(!tested.contains('\u{1b}'));
}

#[test]
fn own_rules_are_tested_and_a_failure_is_told_in_full() {
    let place = place();
    let run = place.run(&["rules", "test", "ours"]).ended(0);
    assert!(run.text().ends_with("1 rule, 5 cases: 5 passed, 0 failed\n"), "{}", run.text());

    place.write(
        "ours/good.tests.yml",
        TESTS.replace("user.lifecycle.suspend", "user.lifecycle.DEACTIVATE"),
    );
    let text = place.run(&["rules", "test", "ours"]).ended(1).text();
    for part in [
        "1 of 5 cases failed",
        "good.tests.yml:7: suspended",
        "expected no match, but the rule matches",
        "event.action is 'user.lifecycle.DEACTIVATE'",
        "1 rule, 5 cases: 4 passed, 1 failed",
    ] {
        assert!(text.contains(part), "expected '{part}' in:\n{text}");
    }

    place.write("ours/broken.yml", "title: [");
    let text = place.run(&["rules", "test", "ours"]).ended(2).text();
    assert!(text.contains("broken.yml:1:") && text.contains("error[yaml]"), "{text}");
    place.run(&["rules", "test", "missing"]).ended(2).says(&["cannot read rules from missing"]);
}

#[test]
fn findings_decide_the_exit_status() {
    let place = place();
    place.run(&["rules", "lint", "ours", "--strict"]).ended(0);
    place.write("ours/good.yml", GOOD.replace("event.action", "event.actoin"));
    let text = place.run(&["rules", "lint", "ours"]).ended(0).text();
    assert!(text.contains("    selection: {event.actoin: user.lifecycle.deactivate}"), "{text}");
    assert!(text.contains("help: did you mean 'event.action'?"), "{text}");
    place.run(&["rules", "lint", "ours", "--strict"]).ended(1);
    place
        .write("ours/good.yml", GOOD.replace("n: selection\n", "n: selection and not selection\n"));
    let run = place.run(&["rules", "lint", "ours", "--format", "ndjson"]).ended(1);
    let [finding] = run.lines().try_into().unwrap();
    assert_eq!(finding["code"], "impossible-condition");
    assert_eq!((finding["line"].as_u64(), finding["column"].as_u64()), (Some(8), Some(16)));
}

#[test]
fn a_rule_is_explained() {
    let place = place();
    let text = place.run(&["rules", "show", "office", "--rules", "ours"]).ended(0).text();
    for part in [
        "Office closed\nlow · elementary effort · on\n",
        "The office was closed.",
        "event.action is user.lifecycle.deactivate",
        "T1531      Account Access Removal",
        "match    CLOSED",
        "no match suspended",
    ] {
        assert!(text.contains(part), "expected '{part}' in:\n{text}");
    }
    let run = place.run(&["rules", "show", "2b2f3c6e", "--rules", "ours", "--format", "json"]);
    let shown: Value = serde_json::from_slice(&run.ended(0).stdout).unwrap();
    assert_eq!(shown["tests"]["matches"], serde_json::json!(["closed", "CLOSED"]));
    place.run(&["rules", "show", "zone"]).ended(2).says(&["'zone' is in 3 rules"]);
    place.run(&["rules", "show", "nothing"]).ended(2).says(&["no rule is called 'nothing'"]);
}

#[test]
fn coverage_is_a_layer_or_a_table() {
    let place = place();
    let args = ["rules", "coverage", "--no-builtin", "--rules", "ours"];
    let layer: Value = serde_json::from_slice(&place.run(&args).ended(0).stdout).unwrap();
    assert_eq!(layer["versions"]["layer"], "4.5");
    assert_eq!(layer["techniques"][0]["techniqueID"], "T1531");
    assert_eq!(layer["techniques"][0]["comment"], "Office closed");

    let out = place.out("layer.json");
    let run = place.run(&[&args[..], &["-o", out.to_str().unwrap()]].concat()).ended(0);
    run.says(&["1 technique\n"]);
    assert_eq!(serde_json::from_slice::<Value>(&std::fs::read(&out).unwrap()).unwrap(), layer);
    let table = place.run(&[&args[..], &["--format", "table"]].concat()).ended(0).text();
    let impact = table.lines().find(|line| line.starts_with("TA0040")).unwrap();
    assert!(impact.contains("Impact") && impact.ends_with("T1531"), "{table}");
    place.run(&["rules", "coverage", "-o", "missing/layer.json"]).ended(2);
}

#[test]
fn what_rules_say_cannot_move_the_cursor() {
    let place = Place::with("evil.yml", GOOD.replace("Office closed", "\"a\\e[2Jb\\u202Ec\""));
    for args in [
        &["rules", "list", "--format", "table", "--no-builtin", "--rules", "evil.yml"][..],
        &["rules", "show", "2b2f3c6e", "--rules", "evil.yml"],
        &["rules", "test", "evil.yml"],
        &["rules", "lint", "evil.yml"],
    ] {
        let run = place.run(args);
        let shown = run.text() + &run.stderr;
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{args:?}: {shown}");
    }
    // For machines the text is as it is, escaped as JSON has it.
    let args = ["rules", "list", "--no-builtin", "--rules", "evil.yml"];
    let listed = json_lines(&place.run(&args).ended(0).stdout);
    assert_eq!(listed[0]["title"], "a\u{1b}[2Jb\u{202e}c");
}
