//! What an event must have for a rule to match, in a form that an index can answer for many
//! rules at once.

use std::collections::BTreeMap;

use crate::matcher::fold::fold;
use crate::ruleset::Expression;
use crate::sigma::{Part, Pattern};

/// Lists longer than this stay out of the index; looking into their own set is as quick.
const LONGEST_LIST: usize = 10_000;
/// Shorter texts are found in too many events to be worth looking for.
const SHORTEST_TEXT: usize = 3;

/// What the values of one field have to be, with case folded: at least one value is one of
/// `equal`, and at least one contains one of `inner`. `None` where nothing is known.
#[derive(Clone, Debug)]
pub(super) struct Necessary {
    pub(super) equal: Option<Vec<String>>,
    pub(super) inner: Option<Vec<String>>,
}

impl Default for Necessary {
    /// Nothing is enough yet: for values that are added one after the other.
    fn default() -> Self {
        Self { equal: Some(Vec::new()), inner: Some(Vec::new()) }
    }
}

impl Necessary {
    pub(super) fn unknown() -> Self {
        Self { equal: None, inner: None }
    }

    /// Allows another pattern.
    pub(super) fn add(&mut self, pattern: &Pattern) {
        let longest = |list: &Vec<String>| list.len() < LONGEST_LIST;
        self.equal =
            self.equal.take().filter(longest).zip(pattern.as_literal()).map(|(mut list, text)| {
                list.push(fold(text).into_owned());
                list
            });
        let literals = pattern.parts().iter().filter_map(|part| match part {
            Part::Literal(text) => Some(text),
            _ => None,
        });
        let literal = literals.max_by_key(|text| text.len());
        self.inner = self
            .inner
            .take()
            .filter(longest)
            .zip(literal.filter(|text| text.len() >= SHORTEST_TEXT))
            .map(|(mut list, text)| {
                list.push(fold(text).into_owned());
                list
            });
    }
}

/// How a field is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Equal,
    Inner,
}

/// For a slot and a kind: texts of which an event needs one.
pub(super) type Needs = BTreeMap<(Kind, usize), Vec<String>>;

/// What is necessary for an expression to hold. Every entry is necessary by itself, so that any
/// one of them will do for an index. `items` gives the needs of an item.
pub(super) fn needs(expression: &Expression, items: &dyn Fn(usize) -> Needs) -> Needs {
    match expression {
        Expression::Item(index) => items(*index),
        Expression::All(parts) => {
            let mut all = Needs::new();
            for part in parts {
                for (key, texts) in needs(part, items) {
                    let known = all.entry(key).or_insert_with(|| texts.clone());
                    if texts.len() < known.len() {
                        *known = texts;
                    }
                }
            }
            all
        }
        Expression::Any(parts) | Expression::AtLeast(_, parts) => {
            let mut parts = parts.iter().map(|part| needs(part, items));
            let mut any = parts.next().unwrap_or_default();
            for part in parts {
                any.retain(|key, texts| match part.get(key) {
                    Some(others) if texts.len() + others.len() <= LONGEST_LIST => {
                        texts.extend(others.iter().cloned());
                        true
                    }
                    _ => false,
                });
            }
            any
        }
        Expression::Not(_) => Needs::new(),
    }
}
