use super::*;
use crate::sigma;

fn run_texts(detection: &str, tests: &str) -> TestRun {
    let rule = format!(
        "title: T\nlogsource: {{product: okta}}\ndetection: {detection}\n\
         wardgate: {{title: '{{actor}} did {{event.action}}'}}\n"
    );
    let parsed = sigma::parse(&rule, "t.yml");
    assert!(parsed.rules.len() == 1, "{:?}", parsed.diagnostics);
    let (tests, diagnostics) = RuleTests::parse(tests, "t.tests.yml");
    assert_eq!(diagnostics, []);
    run(&parsed.rules[0], &parsed.filters, &tests)
}

#[test]
fn failures_say_why() {
    let detection = "{selection: {event.action: [user.session.start, user.session.end], \
                     outcome.result: SUCCESS}, filter: {actor.type|startswith: System}, \
                     condition: selection and not filter}";
    let cases = [
        (
            "matches: [{name: c, event: {eventType: user.session.start, outcome: {result: FAILURE}}}]",
            "expected a match, but the rule does not match",
            "'selection' does not hold: outcome.result is 'FAILURE', not 'SUCCESS'",
        ),
        (
            "matches: [{name: c, event: {eventType: x, outcome: {result: success}}}]",
            "expected a match, but the rule does not match",
            "'selection' does not hold: event.action is 'x', not 'user.session.start' or \
             'user.session.end'",
        ),
        (
            "matches: [{name: c, event: {eventType: user.session.end}}]",
            "expected a match, but the rule does not match",
            "'selection' does not hold: outcome.result is missing, not 'SUCCESS'",
        ),
        (
            "matches: [{name: c, event: {eventType: user.session.end, outcome: {result: SUCCESS}, \
             actor: {type: SystemPrincipal}}}]",
            "expected a match, but the rule does not match",
            "'filter' holds and excludes it: actor.type is 'SystemPrincipal'",
        ),
        (
            "near_misses: [{name: c, event: {eventType: user.session.end, outcome: {result: SUCCESS}}}]",
            "expected no match, but the rule matches",
            "event.action is 'user.session.end'",
        ),
    ];
    for (tests, problem, reason) in cases {
        let run = run_texts(detection, tests);
        let [failure] = run.failures.as_slice() else { panic!("{tests}: {run:?}") };
        assert_eq!(failure.problem.describe(), problem, "{tests}");
        assert_eq!(failure.reasons.first().map(String::as_str), Some(reason), "{tests}");
        assert_eq!((failure.case.as_str(), failure.line), ("c", 1));
        assert_eq!((run.cases, run.passed()), (1, 0));
    }
}

#[test]
fn lists_keywords_and_unknown_fields_are_explained() {
    let cases = [
        (
            "{s: [evil, bad], condition: s}",
            "'s' does not hold: the event has nothing like 'evil' or 'bad'",
        ),
        (
            "{s: {event.actoin: a}, condition: s}",
            "'s' does not hold: event.actoin is missing, not 'a' (no such field, did you mean event.action?)",
        ),
        (
            "{s: {target.displayName|contains|all: [a, b]}, condition: s}",
            "'s' does not hold: target.displayName is 'X' and 'Y', not contains 'a' and 'b'",
        ),
    ];
    let tests = "matches: [{name: c, event: {eventType: e, \
                 target: [{displayName: X}, {displayName: Y}]}}]";
    for (detection, reason) in cases {
        let run = run_texts(detection, tests);
        assert_eq!(run.failures[0].reasons, [reason], "{detection}");
    }
}

#[test]
fn titles_are_compared() {
    let tests = "matches:\n\
                 - {name: right, event: {eventType: a, actor: {displayName: Ada}}, title: Ada did a}\n\
                 - {name: wrong, event: {eventType: a}, title: Ada did a}\n\
                 near_misses:\n- {name: other, event: {eventType: b}}\n";
    let run = run_texts("{s: {event.action: a}, condition: s}", tests);
    assert_eq!((run.cases, run.passed(), run.is_ok()), (3, 2, false));
    let expected =
        Problem::Title { expected: "Ada did a".to_owned(), found: "unknown did a".to_owned() };
    assert_eq!(run.failures[0].problem, expected);
    assert_eq!(run.failures[0].line, 3);
}

#[test]
fn placeholders_come_from_the_tests() {
    let detection = "{s: {source.ip|expand|cidr: '%bad%'}, condition: s}";
    let event = "{name: c, event: {eventType: a, client: {ipAddress: 192.0.2.7}}}";
    let run =
        run_texts(detection, &format!("placeholders: {{bad: [192.0.2.0/24]}}\nmatches: [{event}]"));
    assert!(run.is_ok(), "{run:?}");
    let run = run_texts(detection, &format!("placeholders: {{bad: []}}\nmatches: [{event}]"));
    assert_eq!(run.failures[0].reasons, ["its placeholders have no values: bad"]);
    let run = run_texts(detection, &format!("matches: [{event}]"));
    assert_eq!(run.failures[0].problem, Problem::Unusable);
    assert_eq!(run.unusable[0].code, "unknown-placeholder");
}

#[test]
fn the_built_in_rules_pass_their_tests() {
    let (mut rules, mut cases) = (0, 0);
    let mut problems = Vec::new();
    let all: Vec<Rule> =
        crate::builtin::rules().flat_map(|(path, text)| sigma::parse(text, path).rules).collect();
    for (path, text) in crate::builtin::rules() {
        let parsed = sigma::parse(text, path);
        problems.extend(parsed.diagnostics.iter().map(ToString::to_string));
        let name = path.replace(".yml", ".tests.yml");
        let tests = crate::builtin::tests(path).unwrap();
        let (tests, diagnostics) = RuleTests::parse(tests, &name);
        problems.extend(diagnostics.iter().map(ToString::to_string));
        assert!(tests.matches.len() >= FEWEST_MATCHES, "{path}");
        assert!(tests.near_misses.len() >= FEWEST_NEAR_MISSES, "{path}");
        for rule in &parsed.rules {
            if crate::lint::is_served(rule, &parsed.rules) {
                continue;
            }
            rules += 1;
            let run = match &rule.correlation {
                Some(_) => run_correlation(rule, &all, &parsed.filters, &tests),
                None => run(rule, &parsed.filters, &tests),
            };
            cases += run.cases;
            problems.extend(run.failures.iter().map(|failure| format!("{failure:#?}")));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert_eq!(rules, 176);
    assert!(cases >= 176 * (FEWEST_MATCHES + FEWEST_NEAR_MISSES), "{cases}");
}
