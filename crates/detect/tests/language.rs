//! Every modifier and every form of value, on events that match and events that do not.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod common;

use common::{Flat, compiled, matching, rule};
use detect::{Options, Scratch};

/// Item, event, whether it matches.
type Case = (&'static str, &'static str, bool);

fn check(cases: &[Case]) {
    let mut options = Options::default();
    options.placeholders.insert("domains", ["example.org", "ex*.net"]);
    options.placeholders.insert("names", ["ada", "bob"]);
    options.placeholders.insert_literal("networks", ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]);
    options.placeholders.insert_literal("urls", ["https://x.test/?a=*"]);
    options.placeholders.insert("empty", Vec::<String>::new());
    for (item, event, expected) in cases {
        let text = rule(&format!("    selection:\n        {item}\n    condition: selection"));
        let rules = compiled(&text, &options);
        let found = matching(&rules, &Flat::from_json(event));
        assert_eq!(!found.is_empty(), *expected, "{item} on {event}");
    }
}

#[test]
fn strings() {
    check(&[
        ("f: abc", r#"{"f": "abc"}"#, true),
        ("f: abc", r#"{"f": "ABC"}"#, true),
        ("f: ABC", r#"{"f": "abc"}"#, true),
        ("f: abc", r#"{"f": "abcd"}"#, false),
        ("f: abc", r#"{"g": "abc"}"#, false),
        ("f: abc", r#"{"f": null}"#, false),
        ("f: ÄRGER", r#"{"f": "ärger"}"#, true),
        ("f: οδος", r#"{"f": "ΟΔΟΣ"}"#, true),
        ("f: a*c", r#"{"f": "ABBBC"}"#, true),
        ("f: a?c", r#"{"f": "aéc"}"#, true),
        ("f: a?c", r#"{"f": "ac"}"#, false),
        (r"f: 'a\*c'", r#"{"f": "a*c"}"#, true),
        (r"f: 'a\*c'", r#"{"f": "abc"}"#, false),
        (r"f: 'C:\Windows\*'", r#"{"f": "C:\\Windows*"}"#, true),
        (r"f: 'C:\Windows\\*'", r#"{"f": "c:\\windows\\system32"}"#, true),
        (r"f: 'a\b'", r#"{"f": "a\\b"}"#, true),
        (r"f: 'a\\b'", r#"{"f": "a\\b"}"#, true),
        (r"f: '%names%'", r#"{"f": "%names%"}"#, true),
        ("f: '*'", r#"{"f": ""}"#, true),
        ("f: '*'", r#"{"f": null}"#, false),
        ("f: '*'", r#"{}"#, false),
        ("f: ''", r#"{"f": ""}"#, true),
        ("f: ''", r#"{"f": "a"}"#, false),
        ("f: ''", r#"{"f": null}"#, false),
        ("f: ''", "{}", false),
        ("f: '?'", r#"{"f": ""}"#, false),
        ("f: [a, b, c]", r#"{"f": "B"}"#, true),
        ("f: [a, b, c]", r#"{"f": "d"}"#, false),
        ("f: [a, b, c, d, e, f*]", r#"{"f": "E"}"#, true),
        ("f: [a, b, c, d, e, f*]", r#"{"f": "full"}"#, true),
        ("f: [a, b, c, d, e, f*]", r#"{"f": "g"}"#, false),
        ("f: b", r#"{"f": ["a", "b"]}"#, true),
        ("f: c", r#"{"f": ["a", "b"]}"#, false),
        ("f.g: b", r#"{"f": [{"g": "a"}, {"g": "b"}]}"#, true),
    ]);
}

#[test]
fn numbers_booleans_and_null() {
    check(&[
        ("f: 5", r#"{"f": 5}"#, true),
        ("f: 5", r#"{"f": 5.0}"#, true),
        ("f: 5", r#"{"f": "5"}"#, true),
        ("f: '5'", r#"{"f": 5}"#, true),
        ("f: 5", r#"{"f": 55}"#, false),
        ("f: 5", r#"{"f": "5.0"}"#, false),
        ("f: 0x10", r#"{"f": 16}"#, true),
        ("f: 9007199254740993", r#"{"f": 9007199254740992}"#, false),
        ("f: -1.5", r#"{"f": -1.5}"#, true),
        ("f: true", r#"{"f": true}"#, true),
        ("f: true", r#"{"f": "TRUE"}"#, true),
        ("f: 'true'", r#"{"f": true}"#, true),
        ("f: 'True'", r#"{"f": true}"#, true),
        ("f: true", r#"{"f": false}"#, false),
        ("f: false", r#"{"f": false}"#, true),
        ("f: false", "{}", false),
        ("f: null", r#"{"f": null}"#, true),
        ("f: null", "{}", true),
        ("f:", "{}", true),
        ("f: null", r#"{"f": []}"#, true),
        ("f: null", r#"{"f": ""}"#, false),
        ("f: null", r#"{"f": "null"}"#, false),
        ("f: 'null'", r#"{"f": null}"#, false),
        ("f: null", r#"{"f": [null, "a"]}"#, true),
        ("f: null", r#"{"f": 0}"#, false),
    ]);
}

#[test]
fn places_and_lists() {
    check(&[
        ("f|contains: bc", r#"{"f": "aBCd"}"#, true),
        ("f|contains: bd", r#"{"f": "abcd"}"#, false),
        ("f|contains: b*d", r#"{"f": "abcde"}"#, true),
        ("f|contains: '*b'", r#"{"f": "abc"}"#, true),
        ("f|contains: 5", r#"{"f": 152}"#, true),
        ("f|startswith: ab", r#"{"f": "ABc"}"#, true),
        ("f|startswith: b", r#"{"f": "abc"}"#, false),
        ("f|endswith: bc", r#"{"f": "aBC"}"#, true),
        ("f|endswith: b", r#"{"f": "abc"}"#, false),
        ("f|contains: [x, y]", r#"{"f": "ay"}"#, true),
        ("f|contains|all: [x, y]", r#"{"f": "ay"}"#, false),
        ("f|contains|all: [x, y]", r#"{"f": "axy"}"#, true),
        ("f|contains|all: [x, y]", r#"{"f": ["ax", "by"]}"#, true),
        ("f|all: [x, y]", r#"{"f": ["x", "y", "z"]}"#, true),
        ("f|all: [x, y]", r#"{"f": "x"}"#, false),
        ("f|contains: [a1, b2, c3, d4, e5]", r#"{"f": "xxE5xx"}"#, true),
        ("f|contains: [a1, b2, c3, d4, e5]", r#"{"f": "xxE6xx"}"#, false),
        ("f|startswith: [a1, b2, c3, d4, e5, f66]", r#"{"f": "F66x"}"#, true),
        ("f|endswith: [a1, b2, c3, d4, e5, f66]", r#"{"f": "xf6"}"#, false),
        ("f|cased: ABC", r#"{"f": "ABC"}"#, true),
        ("f|cased: ABC", r#"{"f": "abc"}"#, false),
        ("f|contains|cased: B", r#"{"f": "aBc"}"#, true),
        ("f|contains|cased: B", r#"{"f": "abc"}"#, false),
        ("f|cased: [A, B, C, D, E, F]", r#"{"f": "e"}"#, false),
        ("f|cased: [A, B, C, D, E, F]", r#"{"f": "E"}"#, true),
        ("f|exists: true", r#"{"f": ""}"#, true),
        ("f|exists: true", r#"{"f": null}"#, true),
        ("f|exists: true", "{}", false),
        ("f|exists: false", "{}", true),
        ("f|exists: false", r#"{"f": 0}"#, false),
        ("f|neq: a", r#"{"f": "b"}"#, true),
        ("f|neq: a", r#"{"f": "A"}"#, false),
        ("f|neq: a", "{}", true),
        ("f|neq: [a, b]", r#"{"f": "b"}"#, false),
        ("f|neq: a", r#"{"f": ["b", "a"]}"#, false),
        ("f|neq: 5", r#"{"f": 6}"#, true),
        ("f|contains|neq: x", r#"{"f": "axb"}"#, false),
        ("f|neq: null", r#"{"f": "a"}"#, true),
        ("f|neq: null", "{}", false),
    ]);
}

#[test]
fn expressions_numbers_and_dates() {
    check(&[
        ("f|re: '^a.c$'", r#"{"f": "abc"}"#, true),
        ("f|re: b", r#"{"f": "abc"}"#, true),
        ("f|re: B", r#"{"f": "abc"}"#, false),
        ("f|re|i: B", r#"{"f": "abc"}"#, true),
        ("f|re|m: '^b'", r#"{"f": "a\nb"}"#, true),
        ("f|re: '^b'", r#"{"f": "a\nb"}"#, false),
        ("f|re|s: 'a.b'", r#"{"f": "a\nb"}"#, true),
        ("f|re: '^[0-9a-f]{8}$'", r#"{"f": "0badf00d"}"#, true),
        ("f|re: '^[0-9a-f]{8}$'", r#"{"f": "0BADF00D"}"#, false),
        ("f|re: '^12'", r#"{"f": 123}"#, true),
        ("f|re: '.*'", "{}", false),
        ("f|lt: 5", r#"{"f": 4}"#, true),
        ("f|lt: 5", r#"{"f": 5}"#, false),
        ("f|lte: 5", r#"{"f": 5}"#, true),
        ("f|gt: 5", r#"{"f": 5.5}"#, true),
        ("f|gte: 5", r#"{"f": "5"}"#, true),
        ("f|gte: 5", r#"{"f": "many"}"#, false),
        ("f|gte: 0", r#"{"f": true}"#, false),
        ("f|gte: 5", "{}", false),
        ("f|hour: 16", r#"{"f": "2026-11-22T16:05:00.000Z"}"#, true),
        ("f|hour: [1, 2]", r#"{"f": "2026-11-22T02:05:00.000Z"}"#, true),
        ("f|hour|gte: 18", r#"{"f": "2026-11-22T16:05:00.000Z"}"#, false),
        ("f|hour|lt: 18", r#"{"f": "2026-11-22T16:05:00.000Z"}"#, true),
        ("f|minute: 5", r#"{"f": "2026-11-22T16:05:00.000Z"}"#, true),
        ("f|day: 22", r#"{"f": "2026-11-22"}"#, true),
        ("f|week: 47", r#"{"f": "2026-11-22"}"#, true),
        ("f|month: 12", r#"{"f": "2026-11-22"}"#, false),
        ("f|year: 2026", r#"{"f": "2026-11-22"}"#, true),
        ("f|hour: 16", r#"{"f": "sixteen"}"#, false),
    ]);
}

#[test]
fn networks_placeholders_and_other_fields() {
    check(&[
        ("f|cidr: 10.0.0.0/8", r#"{"f": "10.1.2.3"}"#, true),
        ("f|cidr: 10.0.0.0/8", r#"{"f": "11.1.2.3"}"#, false),
        ("f|cidr: [10.0.0.0/8, '2001:db8::/32']", r#"{"f": "2001:DB8::1"}"#, true),
        ("f|cidr: 10.0.0.0/8", r#"{"f": "::ffff:10.0.0.1"}"#, true),
        ("f|cidr: 10.0.0.0/8", r#"{"f": "10.1.2"}"#, false),
        ("f|cidr|neq: 10.0.0.0/8", r#"{"f": "11.1.2.3"}"#, true),
        ("f|expand: '%names%'", r#"{"f": "ADA"}"#, true),
        ("f|expand: '%names%'", r#"{"f": "%names%"}"#, false),
        ("f|expand: '%names%@%domains%'", r#"{"f": "bob@example.org"}"#, true),
        ("f|expand: '%names%@%domains%'", r#"{"f": "bob@exam.net"}"#, true),
        ("f|expand: '%names%@%domains%'", r#"{"f": "eve@example.org"}"#, false),
        ("f|contains|expand: '%names%'", r#"{"f": "lovelace, ada"}"#, true),
        ("f|expand|contains: '@%domains%'", r#"{"f": "x@example.org.test"}"#, true),
        (r"f|expand: '\%a%names%'", r#"{"f": "%aada"}"#, true),
        ("f|cidr|expand: '%networks%'", r#"{"f": "10.9.9.9"}"#, true),
        ("f|expand|cidr: '%networks%'", r#"{"f": "192.0.2.7"}"#, true),
        ("f|expand|cidr: '%networks%'", r#"{"f": "192.0.2.8"}"#, false),
        ("f|expand: '%urls%'", r#"{"f": "https://x.test/?a=*"}"#, true),
        ("f|expand: '%urls%'", r#"{"f": "https://x.test/?a=b"}"#, false),
        ("f|expand: ['%empty%', '%names%']", r#"{"f": "ada"}"#, true),
        ("f|expand: ['%empty%', '%names%']", r#"{"f": ""}"#, false),
        ("f|fieldref: g", r#"{"f": "Ab", "g": "aB"}"#, true),
        ("f|fieldref: g", r#"{"f": "a", "g": "b"}"#, false),
        ("f|fieldref: g", r#"{"f": "a"}"#, false),
        ("f|fieldref: g", "{}", false),
        ("f|fieldref: g", r#"{"f": ["a", "b"], "g": ["c", "b"]}"#, true),
        ("f|fieldref|cased: g", r#"{"f": "Ab", "g": "aB"}"#, false),
        ("f|fieldref|startswith: g", r#"{"f": "abc", "g": "AB"}"#, true),
        ("f|fieldref|endswith: g", r#"{"f": "abc", "g": "BC"}"#, true),
        ("f|fieldref|contains: g", r#"{"f": "abc", "g": "B"}"#, true),
        ("f|fieldref|neq: g", r#"{"f": "a", "g": "b"}"#, true),
        ("f|fieldref|neq: g", r#"{"f": "a", "g": "A"}"#, false),
        ("f|fieldref: g", r#"{"f": 5, "g": "5"}"#, true),
    ]);
}

#[test]
fn encodings() {
    check(&[
        ("f|base64: foo", r#"{"f": "Zm9v"}"#, true),
        ("f|base64: foo", r#"{"f": "foo"}"#, false),
        ("f|base64offset|contains: 'http://'", r#"{"f": "eGh0dHA6Ly95"}"#, true),
        ("f|base64offset|contains: 'http://'", r#"{"f": "eGh0dHBzOi8v"}"#, false),
        ("f|wide|base64: foo", r#"{"f": "ZgBvAG8A"}"#, true),
        ("f|utf16le|base64: foo", r#"{"f": "ZgBvAG8A"}"#, true),
        ("f|utf16be|base64: foo", r#"{"f": "AGYAbwBv"}"#, true),
        ("f|utf16|base64: foo", r#"{"f": "//5mAG8AbwA="}"#, true),
        ("f|windash|contains: ' -s'", r#"{"f": "shutdown /s"}"#, true),
        ("f|windash|contains: ' /s'", r#"{"f": "shutdown –s"}"#, true),
        ("f|windash|contains: ' -s'", r#"{"f": "shutdown s"}"#, false),
    ]);
}

#[test]
fn keywords_and_conditions() {
    let cases = [
        ("    k: [evil, 'bad*word']\n    condition: k", r#"{"a": {"b": ["x", "so EVIL!"]}}"#, true),
        ("    k: [evil, 'bad*word']\n    condition: k", r#"{"a": "a bad, bad word."}"#, true),
        ("    k: [evil, 'bad*word']\n    condition: k", r#"{"evil": "no"}"#, false),
        ("    k: evil\n    condition: k", r#"{"a": "evil"}"#, true),
        ("    k: [42]\n    condition: k", r#"{"a": 1425}"#, true),
        (
            "    k:\n        '|all': [one, two]\n    condition: k",
            r#"{"a": "one", "b": "two"}"#,
            true,
        ),
        ("    k:\n        '|all': [one, two]\n    condition: k", r#"{"a": "one"}"#, false),
        ("    k:\n        '|re': '^o.e$'\n    condition: k", r#"{"a": 1, "b": "one"}"#, true),
        ("    k:\n        '|startswith': ne\n    condition: k", r#"{"b": "one"}"#, false),
        ("    k: [a: 1, b: 2]\n    condition: k", r#"{"b": 2}"#, true),
        ("    k: [{a: 1, b: 2}, word]\n    condition: k", r#"{"b": 2}"#, false),
        ("    k: [{a: 1, b: 2}, word]\n    condition: k", r#"{"b": "a word"}"#, true),
        ("    s: {a: 1, b: 2}\n    condition: s", r#"{"a": 1}"#, false),
        ("    s: {a: 1, b: 2}\n    condition: s", r#"{"a": 1, "b": 2}"#, true),
        ("    s: {a: 1}\n    f: {b: 2}\n    condition: s and not f", r#"{"a": 1}"#, true),
        ("    s: {a: 1}\n    f: {b: 2}\n    condition: s and not f", r#"{"a": 1, "b": 2}"#, false),
        ("    s: {a: 1}\n    f: {b: 2}\n    condition: [s, f]", r#"{"b": 2}"#, true),
        (
            "    s1: {a: 1}\n    s2: {b: 2}\n    s3: {c: 3}\n    condition: 2 of s*",
            r#"{"b": 2, "c": 3}"#,
            true,
        ),
        (
            "    s1: {a: 1}\n    s2: {b: 2}\n    s3: {c: 3}\n    condition: 2 of s*",
            r#"{"c": 3}"#,
            false,
        ),
        ("    s1: {a: 1}\n    _s2: {b: 2}\n    condition: all of them", r#"{"a": 1}"#, true),
        ("    s1: {a: 1}\n    s2: {b: 2}\n    condition: not 1 of them", "{}", true),
        (
            "    s: {eventType: x}\n    t: {event.action: y}\n    condition: s or t",
            r#"{"event": {"action": "Y"}}"#,
            true,
        ),
        (
            "    s: {eventType: x, event.action: y}\n    condition: s",
            r#"{"event": {"action": "x"}}"#,
            false,
        ),
    ];
    for (detection, event, expected) in cases {
        let rules = compiled(&rule(detection), &Options::default());
        let found = matching(&rules, &Flat::from_json(event));
        assert_eq!(!found.is_empty(), expected, "{detection}\non {event}");
    }
}

#[test]
fn what_matched_is_told() {
    let cases = [
        (
            "    s: {a: X, b|contains: y}\n    condition: s",
            r#"{"a": "x", "b": ["No", "Yes"]}"#,
            vec![("a", "x"), ("b", "Yes")],
        ),
        (
            "    s: {a: x}\n    f: {b: y}\n    condition: s and not f",
            r#"{"a": "X"}"#,
            vec![("a", "X")],
        ),
        ("    s: {a: x}\n    t: {b: y}\n    condition: s or t", r#"{"b": "Y"}"#, vec![("b", "Y")]),
        (
            "    k: [evil]\n    condition: k",
            r#"{"b": "So evil", "c": "good"}"#,
            vec![("keyword", "So evil")],
        ),
        (
            "    s: {eventType: x}\n    condition: s",
            r#"{"event": {"action": "x"}}"#,
            vec![("eventType", "x")],
        ),
        ("    s: {a: null}\n    condition: s", "{}", vec![]),
        ("    s: {a|neq: b}\n    condition: s", r#"{"a": "C"}"#, vec![("a", "C")]),
        ("    s: {a|re: b}\n    condition: s", r#"{"a": "ABbA"}"#, vec![("a", "ABbA")]),
    ];
    for (detection, event, expected) in cases {
        let rules = compiled(&rule(detection), &Options::default());
        let mut told = None;
        rules.matches(&Flat::from_json(event), &mut Scratch::default(), |_, matched| {
            told = Some(matched.values());
        });
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(told, Some(expected), "{detection}\non {event}");
    }
}
