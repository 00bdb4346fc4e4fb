//! The index from an event's values to the rules that can match it.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::necessary::{Kind, Needs};
use crate::matcher::text::automaton;
use crate::ruleset::{Dispatch, EqualIndex, InnerIndex};

/// From so many rules on, one search for all their texts is quicker than a search for each.
const MANY_SEARCHES: usize = 16;

/// Builds the index for rules with these needs. Idle rules have `None` and are never tried.
/// `preferred` is the slot that nearly every rule asks for.
pub(super) fn build(needs: Vec<Option<Needs>>, preferred: Option<usize>) -> Dispatch {
    // A field that many rules need serves them all with one look.
    let mut demand: BTreeMap<(Kind, usize), usize> = BTreeMap::new();
    for needs in needs.iter().flatten() {
        let by_equality = needs.keys().any(|(kind, _)| *kind == Kind::Equal);
        for key in needs.keys().filter(|(kind, _)| *kind == Kind::Equal || !by_equality) {
            *demand.entry(*key).or_default() += 1;
        }
    }
    let mut dispatch =
        Dispatch { always: vec![0; needs.len().div_ceil(64)], ..Dispatch::default() };
    let mut equal: BTreeMap<usize, HashMap<Box<str>, Vec<u32>>> = BTreeMap::new();
    let mut inner: BTreeMap<usize, BTreeMap<String, Vec<u32>>> = BTreeMap::new();
    for (rule, needs) in (0_u32..).zip(needs) {
        let Some(needs) = needs else { continue };
        let usable = needs.into_iter().filter(|((kind, slot), _)| {
            *kind == Kind::Equal
                || demand.get(&(*kind, *slot)).is_some_and(|rules| *rules >= MANY_SEARCHES)
        });
        let best = usable.min_by_key(|((kind, slot), texts)| {
            let rules = demand.get(&(*kind, *slot)).copied().unwrap_or_default();
            (*kind, Some(*slot) != preferred, std::cmp::Reverse(rules), texts.len())
        });
        match best {
            None => {
                if let Some(word) = dispatch.always.get_mut((rule / 64) as usize) {
                    *word |= 1 << (rule % 64);
                }
            }
            Some(((Kind::Equal, slot), texts)) => {
                let index = equal.entry(slot).or_default();
                for text in texts {
                    add(index.entry(text.into()).or_default(), rule);
                }
            }
            Some(((Kind::Inner, slot), texts)) => {
                let index = inner.entry(slot).or_default();
                for text in texts {
                    add(index.entry(text).or_default(), rule);
                }
            }
        }
    }
    dispatch.equal = equal.into_iter().map(|(slot, rules)| EqualIndex { slot, rules }).collect();
    for (slot, index) in inner {
        let (texts, rules): (Vec<_>, Vec<_>) = index.into_iter().unzip();
        match automaton(&texts) {
            Ok(automaton) => dispatch.inner.push(InnerIndex { slot, automaton, rules }),
            // More text than one automaton can hold: try the rules themselves.
            Err(_) => {
                for rule in rules.into_iter().flatten() {
                    if let Some(word) = dispatch.always.get_mut((rule / 64) as usize) {
                        *word |= 1 << (rule % 64);
                    }
                }
            }
        }
    }
    dispatch
}

fn add(rules: &mut Vec<u32>, rule: u32) {
    if rules.last() != Some(&rule) {
        rules.push(rule);
    }
}
