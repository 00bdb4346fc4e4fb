//! Trying compiled rules on events.

pub(crate) mod date;
pub(crate) mod fold;
mod matched;
pub(crate) mod scratch;
pub(crate) mod test;
pub(crate) mod text;

pub use matched::Matched;
pub use scratch::Scratch;

use crate::event::Event;
use crate::ruleset::{CompiledItem, CompiledRule, Expression, ItemTest, RuleSet};

impl RuleSet {
    /// Tries the rules on an event and calls `on_match` for each that matches, in their order.
    ///
    /// `scratch` is working memory, one for each thread; which one does not change the result.
    pub fn matches(
        &self,
        event: &dyn Event,
        scratch: &mut Scratch,
        mut on_match: impl FnMut(&CompiledRule, &Matched<'_>),
    ) {
        scratch.begin(self.id, self.slots.len(), self.items.len());
        self.find_candidates(event, scratch);
        let mut candidates = std::mem::take(&mut scratch.candidates);
        let mut run = Run { set: self, event, scratch };
        for (word, first) in candidates.iter_mut().zip((0_usize..).step_by(64)) {
            while *word != 0 {
                let index = first + word.trailing_zeros() as usize;
                *word &= *word - 1;
                let Some(rule) = self.rules.get(index) else { continue };
                if run.holds(&rule.expression) {
                    on_match(rule, &Matched { set: self, rule, event });
                }
            }
        }
        scratch.candidates = candidates;
    }

    /// Marks the rules whose necessary values the event has.
    fn find_candidates(&self, event: &dyn Event, scratch: &mut Scratch) {
        let mut candidates = std::mem::take(&mut scratch.candidates);
        candidates.clone_from(&self.dispatch.always);
        let mut mark = |rules: &[u32]| {
            for rule in rules {
                if let Some(word) = candidates.get_mut((rule / 64) as usize) {
                    *word |= 1 << (rule % 64);
                }
            }
        };
        for index in &self.dispatch.equal {
            let Some(slot) = self.slots.get(index.slot) else { continue };
            scratch.fetch(index.slot, slot, event);
            for entry in scratch.memo.entries(index.slot).iter().filter(|entry| entry.has_text()) {
                if let Some(rules) = index.rules.get(scratch.memo.folded(entry)) {
                    mark(rules);
                }
            }
        }
        for index in &self.dispatch.inner {
            let Some(slot) = self.slots.get(index.slot) else { continue };
            scratch.fetch(index.slot, slot, event);
            for entry in scratch.memo.entries(index.slot).iter().filter(|entry| entry.has_text()) {
                let text = scratch.memo.folded(entry);
                for found in index.automaton.find_overlapping_iter(text) {
                    if let Some(rules) = index.rules.get(found.pattern().as_usize()) {
                        mark(rules);
                    }
                }
            }
        }
        scratch.candidates = candidates;
    }
}

/// Rules at work on one event.
struct Run<'r> {
    set: &'r RuleSet,
    event: &'r dyn Event,
    scratch: &'r mut Scratch,
}

impl Run<'_> {
    fn holds(&mut self, expression: &Expression) -> bool {
        match expression {
            Expression::Item(index) => self.item_holds(*index),
            Expression::All(parts) => parts.iter().all(|part| self.holds(part)),
            Expression::Any(parts) => parts.iter().any(|part| self.holds(part)),
            Expression::Not(part) => !self.holds(part),
            Expression::AtLeast(needed, parts) => {
                let mut found = 0;
                parts.iter().any(|part| {
                    found += usize::from(self.holds(part));
                    found >= *needed
                })
            }
        }
    }

    fn item_holds(&mut self, index: usize) -> bool {
        let generation = self.scratch.generation;
        if let Some((tried, result)) = self.scratch.results.get(index)
            && *tried == generation
        {
            return *result;
        }
        let Some(item) = self.set.items.get(index) else { return false };
        self.fetch(item);
        let memo = &self.scratch.memo;
        let entries = memo.entries(item.slot);
        let found = match &item.test {
            ItemTest::Exists(expected) => entries.is_empty() != *expected,
            ItemTest::Values(groups) => groups.iter().all(|tests| {
                tests.iter().any(|test| {
                    (entries.is_empty() && matches!(test, test::Test::Null))
                        || entries.iter().any(|entry| test.passes(entry, memo))
                })
            }),
        };
        let result = found != item.negated;
        if let Some(known) = self.scratch.results.get_mut(index) {
            *known = (generation, result);
        }
        result
    }

    /// Reads the fields that an item looks at.
    fn fetch(&mut self, item: &CompiledItem) {
        for index in std::iter::once(&item.slot).chain(&item.other_slots) {
            if let Some(slot) = self.set.slots.get(*index) {
                self.scratch.fetch(*index, slot, self.event);
            }
        }
    }
}
