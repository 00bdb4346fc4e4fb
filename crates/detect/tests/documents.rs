//! Rule files: what is wrong with them is told with its place, and does not stop the rest.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod common;

use common::{Flat, compiled, matching, rule};
use detect::sigma::{Diagnostic, Level, Relation, Severity, parse};
use detect::{Options, RuleSet};

fn only(text: &str) -> Diagnostic {
    let parsed = parse(text, "r.yml");
    let [diagnostic] = parsed.diagnostics.as_slice() else {
        panic!("expected one finding: {:#?}\n{text}", parsed.diagnostics)
    };
    diagnostic.clone()
}

#[test]
fn errors_have_a_place_and_a_hint() {
    let selection = |item: &str| rule(&format!("    s:\n        {item}\n    condition: s"));
    let in_condition =
        |condition: &str| rule(&format!("    s: {{a: b}}\n    condition: {condition}"));
    // Text, code, line, column, a part of message and hint.
    let cases = [
        (selection("a|containz: b"), "unknown-modifier", 6, 11, "did you mean 'contains'?"),
        (selection("a|re|contains: b"), "modifiers", 6, 9, "anchor it"),
        (selection("a|re: '('"), "regex", 6, 15, "unclosed group"),
        (selection("a|re: '(?=x)'"), "regex", 6, 15, "look-around"),
        (selection("a|cidr: 10.0.0.1/8"), "cidr", 6, 17, "did you mean '10.0.0.0/8'?"),
        (selection("a|cidr: [10.0.0.0/8, x]"), "cidr", 6, 30, "not a network"),
        (selection("a|lt: many"), "value", 6, 15, "takes a number, not 'many'"),
        (selection("a|lt: '5'"), "value", 6, 15, "without quotes"),
        (selection("a|hour: 24"), "value", 6, 17, "from 0 to 23"),
        (selection("a|exists: maybe"), "value", 6, 19, "true or false"),
        (selection("a|contains: null"), "value", 6, 21, "null with modifiers"),
        (selection("a|base64: 'x*'"), "value", 6, 19, "wildcards"),
        (selection("a|utf16: x"), "value", 6, 18, "add 'base64'"),
        (selection("a|fieldref: 'x*'"), "value", 6, 21, "wildcards"),
        (selection("a: []"), "no-values", 6, 9, "empty"),
        (selection("a: {b: c}"), "detection", 6, 12, "with dots"),
        (selection("a: [[b]]"), "detection", 6, 13, "expected a value, found a list"),
        (rule("    s: {}\n    condition: s"), "empty-selection", 5, 8, "empty"),
        (rule("    s: []\n    condition: s"), "empty-selection", 5, 5, "empty"),
        (in_condition("t"), "unknown-selection", 6, 16, "no selection 't'"),
        (in_condition("s and"), "condition", 6, 21, "ends where"),
        (in_condition("s | count() > 5"), "aggregation", 6, 18, "correlation"),
        (in_condition("[]"), "condition", 6, 16, "empty"),
        (rule("    s: {a: b}"), "missing-condition", 5, 5, "condition: selection"),
        (
            rule("    s: {a: b}\n    timeframe: 5m\n    condition: s"),
            "aggregation",
            6,
            5,
            "correlation",
        ),
        (
            "logsource: {product: okta}\ndetection: {s: {a: b}, condition: s}".into(),
            "missing-title",
            1,
            1,
            "title",
        ),
        (
            "title: T\ndetection: {s: {a: b}, condition: s}".into(),
            "missing-logsource",
            1,
            1,
            "product: okta",
        ),
        ("title: T\nlogsource: {product: okta}".into(), "missing-detection", 1, 1, "detection"),
        (selection("a: b").replace("low", "hihg"), "unknown-word", 3, 8, "did you mean 'high'?"),
        (selection("a: b") + "status: done\n", "unknown-word", 8, 9, "stable"),
        (selection("a: b") + "wardgate: {effort: expert}\n", "unknown-word", 8, 20, "elementary"),
        ("title: [unclosed".into(), "yaml", 1, 17, ""),
        ("a: b\n  c: d\n".into(), "yaml", 2, 4, ""),
        ("title: a\ntitle: b".into(), "duplicate-key", 2, 1, "'title' stands twice"),
        ("- a\n- b".into(), "document", 1, 1, "found a list"),
        ("just words".into(), "document", 1, 1, "found a single value"),
        ("x".repeat(1_100_000), "too-large", 1, 1, "1100000 bytes"),
    ];
    for (text, code, line, column, said) in cases {
        let finding = only(&text);
        let shown: String = text.chars().take(300).collect();
        assert_eq!(
            (finding.code, finding.line, finding.column),
            (code, line, column),
            "{finding}\n{shown}"
        );
        assert_eq!(finding.severity, Severity::Error, "{finding}");
        assert!(finding.to_string().contains(said), "{finding}");
        assert!(parse(&text, "r.yml").rules.is_empty());
    }
}

#[test]
fn warnings_leave_the_rule_usable() {
    let selection = |item: &str| rule(&format!("    s:\n        {item}\n    condition: s"));
    let cases = [
        (selection("a|contains|all: b"), "all-of-one", "remove 'all'"),
        (selection("a: [b, null]"), "null-in-list", "second selection"),
        (selection("a|base64offset: abc"), "base64offset", "add 'contains'"),
        (selection("a|expand: abc"), "no-placeholder", "%name%"),
        (rule("    s: {a: b}\n    t: {a: c}\n    condition: s"), "unused-selection", "'t'"),
        (selection("a: b") + "autor: me\n", "unknown-key", "did you mean 'author'?"),
        (selection("a: b") + "date: 2026/01/01\n", "date", "YYYY-MM-DD"),
        (selection("a: b") + "tags: {a: b}\n", "attribute", "'tags'"),
        (selection("a: b") + "author: [a, b]\n", "attribute", "'author'"),
    ];
    for (text, code, said) in cases {
        let finding = only(&text);
        assert_eq!((finding.code, finding.severity), (code, Severity::Warning), "{finding}");
        assert!(finding.to_string().contains(said), "{finding}");
        assert_eq!(parse(&text, "r.yml").rules.len(), 1);
    }
}

#[test]
fn one_bad_document_does_not_stop_the_others() {
    let good = rule("    s: {a: b}\n    condition: s");
    let text = format!(
        "# a comment\n---\n{good}---\ntitle: [\n---\n{good}--- \ntitle: x\n---\ntitle: C\ncorrelation: {{type: event_count}}\n---\n{good}...\n"
    );
    let parsed = parse(&text, "many.yml");
    assert_eq!(parsed.rules.iter().map(|rule| rule.line).collect::<Vec<_>>(), [3, 12, 24]);
    let found: Vec<_> =
        parsed.diagnostics.iter().map(|finding| (finding.code, finding.line)).collect();
    assert_eq!(
        found,
        [
            ("yaml", 10),
            ("missing-logsource", 19),
            ("missing-detection", 19),
            ("missing-rules", 22),
            ("missing-timespan", 22),
            ("missing-condition", 22)
        ]
    );
    assert_eq!(parsed.diagnostics[3].message, "the correlation names no rules");
}

#[test]
fn a_rule_keeps_what_it_says() {
    let text = "\u{feff}title: T\nid: 3a1b\nname: t\nstatus: test\ndescription: |\n  two\n  lines\n\
        references: [https://a.test]\nauthor: A\ndate: 2026-01-02\nmodified: 2026-02-03\n\
        tags: [attack.t1098]\nlogsource: {product: okta, definition: x}\nfalsepositives: [None known]\n\
        fields: [a]\nrelated:\n  - {id: x, type: obsoletes}\n  - {id: y, type: similar}\n\
        taxonomy: sigma\nlicense: MIT\nscope: [server]\nlevel: high\n\
        detection: {s: {a: b}, condition: s}\n\
        wardgate: {effort: master, title: '{actor}', triage: [look]}\n";
    let parsed = parse(text, "t.yml");
    assert_eq!(parsed.diagnostics, []);
    let rule = &parsed.rules[0];
    assert_eq!((rule.title.as_str(), rule.level, rule.line), ("T", Some(Level::High), 1));
    assert_eq!(rule.description.as_deref(), Some("two\nlines\n"));
    assert_eq!(rule.related[0].relation, Relation::Obsolete);
    assert_eq!(rule.wardgate.triage, ["look"]);
    assert_eq!(rule.wardgate.effort.unwrap().to_string(), "master");
    assert_eq!(&*rule.file, "t.yml");
}

#[test]
fn collections_share_what_is_global() {
    let text = "action: global\ntitle: G\nlogsource: {product: okta}\ndetection:\n  s: {a: 1}\n  condition: s\n\
        ---\ndetection: {s: {b: 2}}\n---\naction: repeat\ntitle: R\n---\naction: reset\n---\ntitle: Alone\n\
        ---\naction: fly\n";
    let parsed = parse(text, "c.yml");
    let titles: Vec<&str> = parsed.rules.iter().map(|rule| rule.title.as_str()).collect();
    assert_eq!(titles, ["G", "R"]);
    let codes: Vec<_> = parsed.diagnostics.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["missing-logsource", "missing-detection", "action"]);
    let rules = RuleSet::compile(parsed.rules, &[], &Options::default());
    assert_eq!(matching(&rules, &Flat::from_json(r#"{"a": 1, "b": 2}"#)), [0, 1]);
    assert!(matching(&rules, &Flat::from_json(r#"{"a": 1}"#)).is_empty());
}

#[test]
fn filters_narrow_the_rules_they_cover() {
    let rules = "title: A\nid: a1\nlogsource: {product: okta}\ndetection: {s: {a: 1}, condition: s}\n---\n\
        title: B\nname: bee\nlogsource: {product: okta, service: okta}\ndetection: {s: {a: 1}, condition: s}\n";
    let filter = |covered: &str, source: &str| {
        format!(
            "---\ntitle: F\nlogsource: {source}\nfilter:\n  rules: {covered}\n  s: {{b: 2}}\n  condition: not s\n"
        )
    };
    let cases = [
        (filter("any", "{product: okta}"), vec![]),
        (filter("[a1]", "{product: okta}"), vec![1]),
        (filter("[bee]", "{product: okta}"), vec![0]),
        (filter("any", "{product: okta, service: okta}"), vec![0]),
        (filter("[a1]", "{product: okta, service: okta}"), vec![0, 1]),
        (filter("[unknown]", "{product: okta}"), vec![0, 1]),
    ];
    for (filter, expected) in cases {
        let rules = compiled(&format!("{rules}{filter}"), &Options::default());
        let filtered = Flat::from_json(r#"{"a": 1, "b": 2}"#);
        assert_eq!(matching(&rules, &filtered), expected, "{filter}");
        assert_eq!(matching(&rules, &Flat::from_json(r#"{"a": 1}"#)), [0, 1], "{filter}");
        let unused = rules.diagnostics().iter().any(|finding| finding.code == "unused-filter");
        assert_eq!(unused, expected == [0, 1], "{filter}");
    }
    let missing = "title: F\nlogsource: {product: okta}\nfilter: {s: {b: 2}, condition: s}";
    assert_eq!(only(missing).code, "missing-rules");
}

#[test]
fn compiling_tells_what_is_left_out() {
    let base = |id: &str, more: &str| {
        format!("title: T {id}\nid: {id}\nlogsource: {{product: okta}}\n{more}\n---\n")
    };
    let plain = "detection: {s: {a: 1}, condition: s}";
    let text = base("1", plain)
        + &base("2", &format!("related: [{{id: '1', type: obsolete}}]\n{plain}"))
        + &base("3", "detection: {s: {a|expand: '%nams%'}, condition: s}")
        + &base("4", "detection: {s: {a|expand: '%none%'}, condition: s}")
        + &base("5", "detection: {s: {a|cidr|expand: '%names%'}, condition: s}")
        + "title: W\nlogsource: {product: windows}\ndetection: {s: {a: 1}, condition: s}\n";
    let mut options = Options::default();
    options.placeholders.insert("names", ["ada"]);
    options.placeholders.insert("none", Vec::<String>::new());
    let parsed = parse(&text, "p.yml");
    assert_eq!(parsed.diagnostics, []);
    let rules = RuleSet::compile(parsed.rules, &[], &options);
    let idle: Vec<_> = rules.rules().iter().map(|rule| rule.is_idle()).collect();
    assert_eq!(idle, [false, false, true, false]);
    assert_eq!(rules.rules()[2].missing_placeholders(), ["none"]);
    let found: Vec<_> =
        rules.diagnostics().iter().map(|finding| (finding.code, finding.line)).collect();
    assert_eq!(
        found,
        [
            ("replaced-rule", 6),
            ("unknown-placeholder", 12),
            ("placeholder-value", 25),
            ("other-logsource", 27)
        ]
    );
    assert_eq!(rules.diagnostics()[1].hint.as_deref(), Some("did you mean '%names%'?"));
}
