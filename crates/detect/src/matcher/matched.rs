//! Why a rule matched.

use super::scratch::{Kind, Scratch};
use super::{Run, test::Test};
use crate::event::Event;
use crate::ruleset::{CompiledRule, Expression, ItemTest, RuleSet};

/// The match of a rule with an event.
pub struct Matched<'m> {
    pub(super) set: &'m RuleSet,
    pub(super) rule: &'m CompiledRule,
    pub(super) event: &'m dyn Event,
}

impl Matched<'_> {
    /// The values that made the rule match, with the names of their fields as the rule has them
    /// (`keyword` for keywords), always in the same order. Parts under a `not` have none.
    ///
    /// This tries the rule again and allocates; it is meant for alerts, which are few.
    #[must_use]
    pub fn values(&self) -> Vec<(String, String)> {
        let mut scratch = Scratch::keeping_texts();
        scratch.begin(self.set.id, self.set.slots.len(), self.set.items.len());
        let mut run = Run { set: self.set, event: self.event, scratch: &mut scratch };
        let mut found = Vec::new();
        run.collect(&self.rule.expression, &mut found);
        found.sort_by_key(|(item, _)| *item);
        let mut values: Vec<(String, String)> = Vec::with_capacity(found.len());
        for (_, value) in found {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        values
    }
}

impl Run<'_> {
    /// Adds the values of all parts that hold, each with the place of its item in the rule.
    fn collect(&mut self, expression: &Expression, found: &mut Vec<(usize, (String, String))>) {
        if !self.holds(expression) {
            return;
        }
        match expression {
            Expression::Item(index) => self.collect_item(*index, found),
            Expression::All(parts) | Expression::Any(parts) | Expression::AtLeast(_, parts) => {
                parts.iter().for_each(|part| self.collect(part, found));
            }
            Expression::Not(_) => {}
        }
    }

    fn collect_item(&mut self, index: usize, found: &mut Vec<(usize, (String, String))>) {
        let Some(item) = self.set.items.get(index) else { return };
        let memo = &self.scratch.memo;
        for entry in memo.entries(item.slot) {
            let counts = match &item.test {
                ItemTest::Exists(_) => true,
                ItemTest::Values(groups) => {
                    let mut tests = groups.iter().flatten();
                    item.negated || tests.any(|test: &Test| test.passes(entry, memo))
                }
            };
            if counts {
                let text = match entry.kind {
                    Kind::Null => "null",
                    _ => memo.raw(entry),
                };
                found.push((index, (item.name.clone(), text.to_owned())));
            }
        }
    }
}
