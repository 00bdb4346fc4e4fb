//! Documents with a correlation: what they say, and what is wrong with them.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

use detect::lint::{Source, lint};
use detect::sigma::{CorrelationKind, Severity, parse};

/// A correlation with this section, around rules `a` and `b`.
fn document(section: &str) -> String {
    format!("title: C\nid: c\nlevel: low\ncorrelation: {{{section}}}\n")
}

#[test]
fn mistakes_have_a_place_and_a_hint() {
    let travel = "type: impossible_travel, rules: [a], group-by: [user.name], timespan: 1h";
    let missing = "type: missing_followup, rules: [a, b], group-by: [user.name], timespan: 1h";
    let spike = "type: spike, rules: [a], group-by: [user.name]";
    let risk = "type: risk, group-by: [user.name], timespan: 1h";
    // The section, the code of the only error, and a part of what it says.
    let cases: [(String, &str, &str); 24] = [
        (
            "type: impossible_travl, rules: [a], timespan: 1h".into(),
            "unknown-word",
            "did you mean 'impossible_travel'?",
        ),
        (travel.to_owned(), "missing-condition", "add 'condition: {gte: 1000}'"),
        (format!("{travel}, condition: {{}}"), "missing-condition", "needs a number"),
        (
            format!("{travel}, condition: {{gte: 9, field: source.ip}}"),
            "condition",
            "looks at no field",
        ),
        (
            format!("{travel}, condition: {{gte: 9}}, distance: 30000"),
            "attribute",
            "from 1 to 20040 for 'distance'",
        ),
        (
            format!("{travel}, condition: {{gte: 9}}, shared: 1"),
            "attribute",
            "from 2 to 1000 for 'shared'",
        ),
        (
            format!("{travel}, condition: {{gte: 9}}, memory: long"),
            "timespan",
            "expected a time span, found 'long'",
        ),
        (
            travel.replace("group-by: [user.name]", "condition: {gte: 1}"),
            "missing-group-by",
            "whom it is about",
        ),
        (missing.replace("[a, b]", "[a]"), "rules", "missing_followup needs several rules"),
        (format!("{missing}, condition: {{gte: 2}}"), "condition", "compares no number"),
        (format!("{spike}, timespan: 1h"), "missing-condition", "deviations: 6"),
        (
            format!("{spike}, timespan: 2d, condition: {{gte: 5}}"),
            "timespan",
            "within a day at the most",
        ),
        (
            format!("{spike}, timespan: 1h, condition: {{gte: 5}}, learning: 29d"),
            "learning",
            "four weeks",
        ),
        (
            format!("{spike}, timespan: 1h, condition: {{gte: 5, deviations: 0}}"),
            "condition",
            "from 1 to 1000",
        ),
        (
            format!("{spike}, timespan: 1h, condition: {{gte: 5, deviation: 3}}"),
            "condition",
            "did you mean 'deviations'?",
        ),
        (
            format!("{spike}, timespan: 1h, condition: {{gte: 5, field: [a, b]}}"),
            "condition",
            "looks at one field",
        ),
        (risk.to_owned(), "missing-condition", "rules: 2"),
        (format!("{risk}, condition: {{gte: 5, rules: 0}}"), "condition", "from 1 to 64"),
        (format!("{risk}, condition: {{gte: 5}}, half-life: 0s"), "timespan", "time span"),
        (
            format!("{risk}, condition: {{gte: 5}}, weights: [5]"),
            "attribute",
            "should be a mapping, found a list",
        ),
        (
            format!("{risk}, condition: {{gte: 5}}, weights: {{high: much}}"),
            "condition",
            "expected a number",
        ),
        (
            format!("{risk}, condition: {{gte: 5}}, weights: {{high: -1}}"),
            "attribute",
            "from 0 to 1000000",
        ),
        (format!("{risk}, condition: {{gte: 5}}, rules: []"), "missing-rules", "names no rules"),
        ("type: risk, timespan: 1h, condition: {gte: 5}".into(), "missing-group-by", "user.name"),
    ];
    for (section, code, said) in cases {
        let parsed = parse(&document(&section), "c.yml");
        let [finding] = parsed.diagnostics.as_slice() else {
            panic!("expected one finding: {:#?}\n{section}", parsed.diagnostics)
        };
        assert_eq!((finding.code, finding.severity), (code, Severity::Error), "{finding}");
        assert!(finding.to_string().contains(said), "{finding}\n{section}");
        assert!(finding.line == 4 && finding.column >= 14, "{finding}");
        assert!(parsed.rules.is_empty());
    }
}

#[test]
fn attributes_of_other_types_are_warned_of() {
    let count = "type: event_count, rules: [a], timespan: 1h, condition: {gte: 5}";
    for more in [
        "before: 1h",
        "distance: 5",
        "shared: 5",
        "memory: 5d",
        "half-life: 1h",
        "weights: {}",
        "learning: 1d",
    ] {
        let parsed = parse(&document(&format!("{count}, {more}")), "c.yml");
        let [finding] = parsed.diagnostics.as_slice() else { panic!("{:?}", parsed.diagnostics) };
        assert_eq!(finding.severity, Severity::Warning, "{finding}");
        assert!(finding.message.contains("only"), "{finding}");
        assert_eq!(parsed.rules.len(), 1);
    }
}

#[test]
fn a_correlation_keeps_what_it_says() {
    let of = |section: &str| {
        let parsed = parse(&document(section), "c.yml");
        assert_eq!(parsed.diagnostics, [], "{section}");
        parsed.rules[0].correlation.clone().unwrap()
    };
    let day = 86_400_000;
    let travel = of("type: impossible_travel, rules: [a], group-by: [u], timespan: 2h, \
                     condition: {gt: 900}, distance: 100.5, shared: 9, memory: 3d");
    assert_eq!(travel.kind, CorrelationKind::ImpossibleTravel);
    assert_eq!(
        (travel.travel.distance, travel.travel.shared, travel.travel.memory),
        (100.5, 9, 3 * day)
    );
    assert!(travel.is_met(901.0) && !travel.is_met(900.0));
    let usual =
        of("type: impossible_travel, rules: [a], group-by: [u], timespan: 2h, condition: {gt: 1}");
    assert_eq!(
        (usual.travel.distance, usual.travel.shared, usual.travel.memory),
        (500.0, 5, 30 * day)
    );
    let spike = of("type: spike, rules: [a], group-by: [u], timespan: 1h, condition: {gte: 5}");
    assert_eq!((spike.deviations, spike.learning, spike.fields.len()), (6.0, 14 * day, 0));
    let risk = of("type: risk, group-by: [u], timespan: 2d, condition: {gte: 5, rules: 4}, \
                   half-life: 3h, weights: {low: 7, attack.t1078: 30}");
    assert_eq!((risk.rules.len(), risk.risk.rules, risk.risk.half_life), (0, 4, 3 * 3_600_000));
    assert_eq!(risk.risk.weights.levels, [1.0, 7.0, 20.0, 50.0, 100.0]);
    assert_eq!(risk.risk.weights.named, [("attack.t1078".to_owned(), 30.0)]);
    let missing = of("type: missing_followup, rules: [a, b, c], timespan: 2d");
    assert_eq!((missing.rules.len(), missing.timespan), (3, 2 * day));
}

#[test]
fn what_can_never_hold_is_warned_of() {
    let base = "title: A\nname: a\nlogsource: {product: okta}\ndetection: {s: {eventType: user.session.start}, condition: s}\n---\n";
    let findings = |section: &str| -> Vec<String> {
        let text = format!("{base}{}", document(section));
        let source = Source { path: "c.yml".into(), text, tests: None };
        lint(&[source]).iter().map(ToString::to_string).collect()
    };
    let cases = [
        (
            "type: impossible_travel, rules: [a], group-by: [user.name], timespan: 1d, condition: {gte: 1000}",
            "no place is farther than 20015 km: after 20 hours no journey is as fast",
        ),
        (
            "type: risk, group-by: [user.name], timespan: 1d, condition: {gte: 10}, weights: {no_such_rule: 5}",
            "no rule, tag or level is called 'no_such_rule'",
        ),
    ];
    for (section, said) in cases {
        let found = findings(section);
        assert!(found.iter().any(|finding| finding.contains(said)), "{said}: {found:#?}");
    }
    let fine = [
        "type: impossible_travel, rules: [a], group-by: [user.name], timespan: 12h, condition: {gte: 1000}",
        "type: risk, group-by: [user.name], timespan: 1d, condition: {gte: 10}, weights: {okta mfa disabled: 5, attack.t1556.006: 3}",
    ];
    for section in fine {
        let found = findings(section);
        let is_of_it =
            |finding: &&String| finding.contains("no place") || finding.contains("no rule,");
        assert_eq!(found.iter().find(is_of_it), None);
    }
}
