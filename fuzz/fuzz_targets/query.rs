//! Any text, read as a query: what is understood is shown in a spelling that means the same, what
//! is not has a place; dates in it are read, and patterns tried.
#![no_main]

use std::ops::Bound;

use libfuzzer_sys::fuzz_target;
use query::{Clause, Diagnostic, Matcher, Moment, Node};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let query = match query::parse(text) {
        Ok(query) => query,
        Err(error) => return has_place(&error, text),
    };
    query.warnings.iter().for_each(|warning| has_place(warning, text));
    let shown = query.root.to_string();
    if shown.len() <= query::MAX_BYTES {
        let again = query::parse(&shown).expect("what is shown can be read");
        assert_eq!(again.root, query.root, "{shown}");
        assert_eq!(again.root.to_string(), shown);
    }
    look(&query.root, text);
});

fn has_place(diagnostic: &Diagnostic, text: &str) {
    assert!(diagnostic.span.start <= diagnostic.span.end);
    assert!(diagnostic.span.start <= text.len());
    assert!(diagnostic.render(text).contains('^'));
}

fn look(node: &Node, text: &str) {
    let test = match &node.clause {
        Clause::All => return,
        Clause::And(nodes) | Clause::Or(nodes) => {
            assert!(nodes.len() >= 2);
            return nodes.iter().for_each(|node| look(node, text));
        }
        Clause::Not(node) => return look(node, text),
        Clause::Test(test) => test,
    };
    assert!(text.get(node.span.start..node.span.end).is_some_and(|part| !part.is_empty()));
    match &test.matcher {
        Matcher::Wildcard(pattern) => {
            if pattern.matches(text) {
                assert!(text.starts_with(pattern.prefix()));
            }
        }
        Matcher::Range(range) => {
            for bound in [&range.lower, &range.upper] {
                if let Bound::Included(operand) | Bound::Excluded(operand) = bound {
                    if let Ok(moment) = Moment::parse(&operand.text, 1_795_342_830_456) {
                        assert!(moment.start < moment.end, "{operand}");
                    }
                }
            }
        }
        _ => {}
    }
}
