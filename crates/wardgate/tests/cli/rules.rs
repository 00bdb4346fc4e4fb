//! Which rules are used, and what keeps them quiet.

use crate::support::{Place, event_of, rule_names};

const LOCKED: &str = "Okta User Account Locked";
const CREATED: &str = "Okta API Token created";
const REVOKED: &str = "Okta API Token revoked";
const NEW_USER: &str = "Okta User Account Created";
const RYUK: &str = "RYUK Ransomeware - martinstevens Username";

/// The id of the built-in rule for API tokens.
const CREATED_ID: &str = "9dfb369b-ab13-4fae-a276-55daa05f1119";

/// A log with an event for a rule of each effort.
fn place() -> Place {
    let ryuk =
        r#""target":[{"id":"00u2","type":"User","alternateId":"martinstevens@example.org"}]"#;
    let token = r#""client":{"ipAddress":"198.51.100.7"},"target":[{"id":"00T1","type":"Token","displayName":"ci"}]"#;
    let events = [
        event_of("1", "user.account.lock", ""),
        event_of("2", "system.api_token.create", token),
        event_of("3", "system.api_token.revoke", token),
        event_of("4", "user.lifecycle.create", r#""target":[{"id":"00u3","type":"User"}]"#),
        event_of("5", "user.session.start", ryuk),
        event_of("6", "user.session.end", r#""client":{"ipAddress":"203.0.113.9"}"#),
    ];
    Place::with("log", events.join("\n"))
}

/// The rules that raise alerts, sorted.
#[track_caller]
fn found(place: &Place, args: &[&str]) -> Vec<String> {
    let scanned = place.scan_with(&["log"], args, b"");
    assert_eq!(scanned.run.status, Some(0), "{}", scanned.run.stderr);
    let mut names: Vec<_> = rule_names(&scanned.alerts).iter().map(ToString::to_string).collect();
    names.sort_unstable();
    names
}

/// A rule of one's own.
fn rule(title: &str, id: &str, detection: &str) -> String {
    format!(
        "title: {title}\nid: {id}\nstatus: test\nlogsource:\n  product: okta\n  service: okta\n\
         detection:\n  selection:\n    {detection}\n  condition: selection\nlevel: high\n"
    )
}

const OWN_ID: &str = "5c9a1a55-3f6d-4c0e-9d0b-0d5a3a4f9e10";

#[test]
fn rules_are_chosen_by_effort_severity_and_name() {
    let cases: [(&[&str], &[&str]); 17] = [
        (&[], &[CREATED, REVOKED, LOCKED, RYUK]),
        (&["--effort", "elementary"], &[RYUK]),
        (&["--effort", "intermediate"], &[LOCKED, RYUK]),
        (&["--effort", "Master"], &[CREATED, REVOKED, NEW_USER, LOCKED, RYUK]),
        (&["--min-severity", "medium"], &[CREATED, RYUK]),
        (&["--min-severity", "critical"], &[RYUK]),
        (&["--min-level", "critical"], &[RYUK]),
        (&["--effort", "elementary", "--enable", CREATED_ID], &[CREATED, RYUK]),
        (&["--effort", "elementary", "--enable", "okta api token CREATED"], &[CREATED, RYUK]),
        (&["--effort", "elementary", "--enable", "attack.t1098.001"], &[CREATED, RYUK]),
        (&["--effort", "elementary", "--enable", "low"], &[REVOKED, LOCKED, RYUK]),
        (&["--disable", CREATED_ID], &[REVOKED, LOCKED, RYUK]),
        (&["--disable", "T1531", "--disable", "critical"], &[CREATED]),
        (&["--enable", NEW_USER, "--disable", "informational"], &[CREATED, REVOKED, LOCKED, RYUK]),
        (&["--enable", NEW_USER], &[CREATED, REVOKED, NEW_USER, LOCKED, RYUK]),
        (&["--enable", NEW_USER, "--min-severity", "low"], &[CREATED, REVOKED, LOCKED, RYUK]),
        (&["--disable", "high"], &[CREATED, REVOKED, LOCKED, RYUK]),
    ];
    let place = place();
    for (args, expected) in cases {
        assert_eq!(found(&place, args), expected, "{args:?}");
    }
}

#[test]
fn names_that_nobody_has_are_refused() {
    let place = place();
    let cases: [(&[&str], &str); 7] = [
        (&["--enable", "nobody"], "no rule has the id, name, tag or level 'nobody'"),
        (&["--disable", "t9999"], "no rule has the id, name, tag or level 't9999'"),
        (&["--effort", "much"], "expected elementary, intermediate, advanced or master"),
        (&["--min-severity", "7"], "expected informational, low, medium, high or critical"),
        (&["--rules", "missing"], "cannot read rules from missing"),
        (&["--rules", "log"], "log:2:1: error[yaml]"),
        (&["--no-builtin"], "name some with --rules"),
    ];
    for (args, message) in cases {
        let run = place.run(&[&["scan", "log"], args].concat());
        run.says(&[message]);
        if args != ["--rules", "log"] {
            assert_eq!(run.ended(2).stdout, b"", "{args:?}");
        }
    }
    std::fs::create_dir(place.path("none")).unwrap();
    place
        .run(&["scan", "log", "--rules", "none"])
        .ended(2)
        .says(&["no .yml or .yaml file in none"]);
}

#[test]
fn own_rules_stand_beside_or_instead_of_the_built_in_ones() {
    let place = place();
    place.write("ours/end.yml", rule("Session ended", OWN_ID, "event.action: user.session.end"));
    // All of it together is a risk, which is not what this is about.
    let no_risk = ["--disable", "Okta Risk of a User Has Built Up"];
    assert_eq!(
        found(&place, &[&["--rules", "ours"], &no_risk[..]].concat()),
        [CREATED, REVOKED, LOCKED, RYUK, "Session ended"]
    );
    assert_eq!(found(&place, &["--rules", "ours", "--no-builtin"]), ["Session ended"]);
    assert_eq!(
        found(&place, &["--rules", "ours/end.yml", "--effort", "elementary"]),
        [RYUK, "Session ended"],
        "rules that name no effort are always on"
    );

    // The same id: the built-in rule is replaced.
    place.write("theirs.yml", rule("Our token rule", CREATED_ID, "event.action: '*.api_token.*'"));
    let more = [&["--rules", "theirs.yml", "--rules", "ours"], &no_risk[..]].concat();
    let scanned = place.scan_with(&["log"], &more, b"");
    let mut names = rule_names(&scanned.alerts);
    names.sort_unstable();
    assert_eq!(names, [REVOKED, LOCKED, "Our token rule", "Our token rule", RYUK, "Session ended"]);
    let ours = |alert: &&serde_json::Value| alert["rule"]["id"] == CREATED_ID;
    let ours = scanned.alerts.iter().find(ours).unwrap();
    assert_eq!(ours["rule"]["ruleset"], "theirs");
    assert_eq!(ours["event"]["severity"], 73);
}

#[test]
fn rules_may_use_oktas_own_names_in_any_case() {
    let place = place();
    let cases = [
        "eventType: user.session.end",
        "eventtype: user.session.end",
        "eventtype: USER.SESSION.END",
        "client.ipaddress: 203.0.113.9",
        "client.ipAddress|cidr: 203.0.113.0/24",
        "source.ip|startswith: '203.0.'",
        "actor.alternateid|endswith: '@EXAMPLE.org'\n    eventtype|endswith: .end",
    ];
    for detection in cases {
        place.write("own.yml", rule("Own", OWN_ID, detection));
        assert_eq!(found(&place, &["--rules", "own.yml", "--no-builtin"]), ["Own"], "{detection}");
    }
}

#[test]
fn public_rules_are_used_as_they_are() {
    let place = place();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../detect/tests/data/sigmahq");
    let run = place.run(&["scan", "log", "--no-builtin", "--rules", folder]).ended(0);
    let faults = run.stderr.lines().filter(|line| line.contains("error["));
    let faults: Vec<_> =
        faults.filter(|line| !line.contains("error[unknown-placeholder]")).collect();
    assert_eq!(faults, [""; 0]);
    let mut names: Vec<String> = run
        .lines()
        .iter()
        .map(|alert| alert["rule"]["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["New Okta User Created", "Okta API Token Created", "Okta API Token Revoked"]
    );
}

#[test]
fn a_rule_that_cannot_be_used_is_named_and_the_others_go_on() {
    let place = place();
    place.write("rules/good.yml", rule("Good", OWN_ID, "event.action: user.session.end"));
    place.write(
        "rules/broken.yml",
        "title: Broken\ndetection:\n  selection:\n    a: [1\n  condition: selection\n",
    );
    place.write(
        "rules/modifier.yml",
        rule("Modifier", "8d1b4e0e-2d0c-4a41-9c6f-6a3f1a0c8e55", "eventType|containz: token"),
    );
    place.write("rules/binary.yml", [0xff, 0xfe, 0x00, 0x80]);
    place.write("rules/empty.yml", "");
    let run = place.run(&["scan", "log", "--no-builtin", "--rules", "rules"]).ended(0);
    assert_eq!(rule_names(&run.lines()), ["Good"]);
    run.says(&[
        "rules/broken.yml:5:",
        "error[yaml]",
        "rules/modifier.yml:9:",
        "unknown modifier 'containz' (did you mean 'contains'?)",
        "rules/binary.yml:1:",
        "rules/empty.yml:1:1: warning[empty]",
    ]);
}

#[test]
fn exceptions_keep_rules_quiet_until_they_expire() {
    let place = place();
    let entry = |rule: &str, field: &str, value: &str, expires: &str| {
        format!(
            "exceptions:\n  - rule: '{rule}'\n    field: {field}\n    value: {value}\n    \
             reason: ticket 4711\n    expires: {expires}\n"
        )
    };
    let all = [CREATED, REVOKED, LOCKED, RYUK];
    let cases: [(String, &[&str]); 8] = [
        (entry(CREATED_ID, "source.ip", "198.51.100.7", "2026-09-01"), &all[1..]),
        (entry(CREATED_ID, "source.ip", "198.51.100.7", "2026-08-31"), &all),
        (entry(CREATED_ID, "source.ip", "198.51.100.7", "2026-09-01T08:00:00.001Z"), &all[1..]),
        (entry(CREATED_ID, "source.ip", "198.51.100.7", "2026-09-01T08:00:00.000Z"), &all),
        (entry(CREATED_ID, "source.ip", "[192.0.2.1, 198.51.100.0/24]", "2027-01-01"), &all[1..]),
        (entry(CREATED_ID, "source.ip", "203.0.113.9", "2027-01-01"), &all),
        (entry("*", "client.ipaddress", "198.51.100.7", "2027-01-01"), &[LOCKED, RYUK]),
        (entry("*", "user.name", "'*@example.org'", "2027-01-01"), &[]),
    ];
    for (exceptions, expected) in cases {
        place.write("exceptions.yml", &exceptions);
        let args = ["--exceptions", "exceptions.yml"];
        assert_eq!(found(&place, &args), expected, "{exceptions}");
        let excepted = place.scan_with(&["log"], &args, b"").summary["excepted_alerts"].clone();
        assert_eq!(excepted, all.len() - expected.len(), "{exceptions}");
    }
}

#[test]
fn exceptions_that_cannot_be_used_stop_the_scan() {
    let place = place();
    let cases = [
        (
            "exceptions:\n  - rule: x\n    field: source.ip\n",
            "exceptions.yml:2:5: error[missing-key]",
        ),
        (
            "- {rule: x, field: source.ip, value: a, reason: b, expires: soon}",
            "'soon' is not a date",
        ),
        ("exceptions: 7", "expected a list of exceptions"),
        ("exceptions:\n  - [", "exceptions.yml:2:"),
    ];
    for (exceptions, message) in cases {
        place.write("exceptions.yml", exceptions);
        let run = place.run(&["scan", "log", "--exceptions", "exceptions.yml"]).ended(2);
        run.says(&["the exceptions cannot be used", message]);
        assert_eq!(run.stdout, b"", "{exceptions}");
    }
    place.write("exceptions.yml", b"- rule: \xff");
    let run = place.run(&["scan", "log", "--exceptions", "exceptions.yml"]).ended(2);
    run.says(&["exceptions.yml:1: not UTF-8 text"]);
    place
        .run(&["scan", "log", "--exceptions", "none.yml"])
        .ended(2)
        .says(&["cannot read none.yml"]);
}

#[test]
fn indicators_wake_the_rule_for_them() {
    let place = place();
    let feed = ["--disable", "low", "--disable", "medium", "--disable", "critical"];
    assert_eq!(found(&place, &feed), [""; 0], "without indicators it rests");
    let cases = [
        ("203.0.113.9", 1),
        ("# a list\n\n203.0.113.0/24\n", 1),
        ("198.51.100.7\n203.0.113.9", 3),
        ("martinstevens@example.org", 1),
        ("example.org", 5),
        ("2001:db8::/32\nAS64500\nhttps://evil.example/", 0),
        ("", 0),
    ];
    for (indicators, count) in cases {
        place.write("feed.txt", indicators);
        let args = [&feed[..], &["--indicators", "feed.txt"]].concat();
        assert_eq!(found(&place, &args), vec!["Intelligence Feed"; count], "{indicators}");
    }
    place.run(&["scan", "log", "--indicators", "none"]).ended(2).says(&["cannot read none"]);
}

#[test]
fn placeholders_are_filled_from_files() {
    let place = place();
    place.write("own.yml", rule("Own", OWN_ID, "eventType|expand: '%watched%'"));
    place.write("a.txt", "# ours\nwatched: user.session.end\nother: x\n");
    place.write("b.txt", "watched:user.account.*\n");
    let with = |files: &[&str]| {
        let mut args = vec!["--rules", "own.yml", "--no-builtin"];
        files.iter().for_each(|file| args.extend(["--placeholders", file]));
        found(&place, &args).len()
    };
    assert_eq!((with(&[]), with(&["a.txt"]), with(&["a.txt", "b.txt"])), (0, 1, 2));

    let run = place.run(&["scan", "log", "--rules", "own.yml", "--no-builtin"]).ended(0);
    run.says(&["own.yml", "watched"]);
    place.write("c.txt", "watched: a\nnonsense\n");
    let run = place.run(&["scan", "log", "--placeholders", "c.txt"]).ended(2);
    run.says(&["c.txt:2: expected 'name: value', found 'nonsense'"]);
}

#[test]
fn the_exit_status_tells_how_grave_it_is() {
    let place = place();
    let cases: [(&[&str], i32); 8] = [
        (&[], 0),
        (&["--fail-on", "critical"], 1),
        (&["--fail-on", "informational"], 1),
        (&["--fail-on", "critical", "--disable", "critical"], 0),
        (&["--fail-on", "medium", "--disable", "critical"], 1),
        (&["--fail-on", "high", "--disable", "critical"], 0),
        (&["--fail-on", "grave"], 2),
        (&["--fail-on", "low", "missing"], 2),
    ];
    for (args, status) in cases {
        place.run(&[&["scan", "log"], args].concat()).ended(status);
    }
}

#[test]
fn only_the_time_asked_for_is_looked_at() {
    let dated = |(number, time): (usize, &str)| {
        event_of(&number.to_string(), "user.account.lock", "")
            .replace("2026-09-01T08:00:00.000Z", time)
    };
    let times =
        ["2026-09-01T07:59:59.999Z", "2026-09-01T08:00:00.000Z", "2026-09-02T00:00:00+02:00"];
    let place = Place::with(
        "log",
        times.iter().copied().enumerate().map(dated).collect::<Vec<_>>().join("\n"),
    );
    let cases: [(&[&str], &[&str]); 9] = [
        (&[], &["0", "1", "2"]),
        (&["--since", "2026-09-01"], &["0", "1", "2"]),
        (&["--since", "2026-09-01T08:00:00Z"], &["1", "2"]),
        (&["--until", "2026-09-01T08:00:00Z"], &["0"]),
        (&["--until", "2026-09-02"], &["0", "1", "2"]),
        (&["--until", "2026-09-01T22:00:00Z"], &["0", "1"]),
        (&["--since", "2026-09-01T10:00:00+02:00", "--until", "2026-09-01T22:00:00Z"], &["1"]),
        (&["--since", "2026-09-02"], &[]),
        (&["--until", "50000w"], &[]),
    ];
    for (args, ids) in cases {
        let scanned = place.scan_with(&["log"], args, b"");
        assert_eq!(scanned.ids(), ids, "{args:?}");
        assert_eq!(scanned.alerts.len(), ids.len(), "{args:?}");
        assert_eq!(scanned.summary["events"], ids.len(), "{args:?}");
        assert_eq!(scanned.summary["outside"], 3 - ids.len(), "{args:?}");
    }
    for wrong in ["yesterday", "2026-13-01", "-1d", ""] {
        let run = place.run(&["scan", "log", &format!("--since={wrong}")]).ended(2);
        run.says(&["--since"]);
    }
}
