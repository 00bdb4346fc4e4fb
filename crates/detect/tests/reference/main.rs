//! The compiled matcher against a slow and obvious one, on generated rules and events; and the
//! parser against texts that nobody would write.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a test through and through"
)]
#![allow(unreachable_pub, reason = "the parts of this test are modules")]

#[path = "../common/mod.rs"]
mod common;
mod generate;
mod slow;

use common::{Flat, matching};
use detect::{Options, Placeholders, RuleSet};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

fn placeholders() -> (Placeholders, slow::Lists) {
    let lists: slow::Lists = vec![
        ("one".to_owned(), vec!["a".to_owned(), "b*".to_owned()]),
        ("two".to_owned(), vec!["A?".to_owned()]),
        ("nets".to_owned(), vec!["10.0.0.0/8".to_owned(), "::1".to_owned()]),
    ];
    let mut placeholders = Placeholders::default();
    for (name, values) in &lists {
        placeholders.insert(name, values.clone());
    }
    (placeholders, lists)
}

/// What the other tests compare has to be worth comparing.
#[test]
fn generated_rules_are_often_valid_and_sometimes_match() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (placeholders, _) = placeholders();
    let options = Options { placeholders };
    let (mut valid, mut matched) = (0, 0);
    const ROUNDS: usize = 2000;
    for _ in 0..ROUNDS {
        let text = generate::rule().new_tree(&mut runner).unwrap().current();
        let event = generate::event().new_tree(&mut runner).unwrap().current();
        let parsed = detect::sigma::parse(&text, "generated.yml");
        valid += parsed.rules.len();
        let rules = RuleSet::compile(parsed.rules, &[], &options);
        matched += matching(&rules, &event).len();
    }
    assert!(valid * 2 > ROUNDS, "{valid} of {ROUNDS} valid");
    assert!(matched * 5 > valid && matched * 5 < valid * 4, "{matched} of {valid} match");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn compiled_and_slow_matching_agree(
        documents in prop_oneof![
            prop::collection::vec(generate::rule(), 1..4),
            prop::collection::vec(generate::rule(), 4..30),
        ],
        events in prop::collection::vec(generate::event(), 1..8),
    ) {
        let (placeholders, lists) = placeholders();
        let parsed = detect::sigma::parse(&documents.join("---\n"), "generated.yml");
        // What generation got wrong (modifiers that do not go together) is dropped by the parser.
        let compiled =
            RuleSet::compile(parsed.rules.clone(), &[], &Options { placeholders });
        let mut scratch = detect::Scratch::default();
        for event in &events {
            let expected: Vec<&str> = compiled
                .rules()
                .iter()
                .filter(|rule| slow::matches(rule.rule(), event, &lists))
                .map(|rule| rule.rule().title.as_str())
                .collect();
            let mut found = Vec::new();
            compiled.matches(event, &mut scratch, |rule, matched| {
                found.push(rule.rule().title.clone());
                // Must not fail, whatever the rule.
                let _ = matched.values();
            });
            prop_assert_eq!(&found, &expected, "{:#?}\non {:?}", parsed.rules, event);
        }
    }

    #[test]
    fn the_order_and_company_of_rules_do_not_matter(
        documents in prop::collection::vec(generate::rule(), 1..30),
        event in generate::event(),
    ) {
        let (placeholders, _) = placeholders();
        let options = Options { placeholders };
        let parsed = detect::sigma::parse(&documents.join("---\n"), "generated.yml");
        let together = RuleSet::compile(parsed.rules.clone(), &[], &options);
        let found = matching(&together, &event);
        for rule in together.rules() {
            let alone = RuleSet::compile([rule.rule().clone()], &[], &options);
            let matches_alone = !matching(&alone, &event).is_empty();
            prop_assert_eq!(matches_alone, found.contains(&rule.index()), "{:#?}", rule.rule());
        }
    }

    #[test]
    fn any_text_is_parsed_without_a_panic(text in generate::any_text()) {
        let parsed = detect::sigma::parse(&text, "any.yml");
        let lines = u32::try_from(text.lines().count()).unwrap() + 1;
        for finding in &parsed.diagnostics {
            prop_assert!(finding.line >= 1 && finding.line <= lines, "{}", finding);
        }
        let rules = RuleSet::compile(parsed.rules, &parsed.filters, &Options::default());
        matching(&rules, &Flat::from_json(r#"{"a": "x", "b": [1, null, true]}"#));
    }

    #[test]
    fn damaged_rules_are_parsed_without_a_panic(
        text in generate::rule(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), generate::scrap()), 1..6),
    ) {
        let mut text = text;
        for (place, scrap) in edits {
            let mut at = place.index(text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            text.insert_str(at, &scrap);
        }
        let parsed = detect::sigma::parse(&text, "damaged.yml");
        let (placeholders, lists) = placeholders();
        let rules = RuleSet::compile(parsed.rules, &parsed.filters, &Options { placeholders });
        let event = Flat::from_json(r#"{"a": "x", "b": [1, null, true], "c": "10.0.0.1"}"#);
        let found = matching(&rules, &event);
        for rule in rules.rules() {
            let expected = slow::matches(rule.rule(), &event, &lists);
            prop_assert_eq!(found.contains(&rule.index()), expected, "{}", text);
        }
    }
}
