//! Any text, read as a rule file, as the tests of rules, and by the linter; the rules in it are
//! tried on an event.
#![no_main]

use detect::lint::{Source, lint};
use detect::rule_test::RuleTests;
use detect::{Options, RuleSet, Scratch};
use libfuzzer_sys::fuzz_target;
use okta::LogEvent;
use wardgate_fuzz::{EVENT, with_record};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let parsed = detect::sigma::parse(text, "rules.yml");
    for finding in &parsed.diagnostics {
        assert!(finding.line >= 1 && finding.column >= 1, "{finding}");
    }
    let count = parsed.rules.len();
    let mut options = Options::default();
    options.placeholders.insert("names", ["ada", "*.example", "198.51.100.0/24"]);
    options.placeholders.insert("none", Vec::<String>::new());
    let rules = RuleSet::compile(parsed.rules, &parsed.filters, &options);
    assert!(rules.rules().len() <= count);
    let event = LogEvent::parse(EVENT).expect("an event");
    with_record(&event, |record| {
        let mut scratch = Scratch::default();
        rules.matches(record, &mut scratch, |rule, matched| {
            assert!(!rule.is_idle(), "an idle rule has matched");
            assert!(matched.values().iter().all(|(field, _)| !field.is_empty()));
        });
    });
    let (tests, _) = RuleTests::parse(text, "rules.tests.yml");
    for (case, _) in tests.cases() {
        for event in &case.events {
            assert!(okta::json::validate(event).is_ok(), "{event}");
        }
    }
    let source = Source { path: "rules.yml".into(), text: text.into(), tests: None };
    for finding in lint(&[source]) {
        assert!(!finding.to_string().is_empty());
    }
});
