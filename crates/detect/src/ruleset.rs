//! Rules compiled into one set.

use std::sync::Arc;

use aho_corasick::AhoCorasick;
use ecs::Lookup;
use hashbrown::HashMap;

use crate::matcher::test::Test;
use crate::sigma::{Diagnostic, Rule};

/// Rules that are tried together, compiled by [`RuleSet::compile`].
#[derive(Debug)]
pub struct RuleSet {
    /// Different for every set of a process.
    pub(crate) id: u64,
    pub(crate) rules: Vec<CompiledRule>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) items: Vec<CompiledItem>,
    pub(crate) dispatch: Dispatch,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl RuleSet {
    /// The rules that could be compiled, in the order in which they were given.
    #[must_use]
    pub fn rules(&self) -> &[CompiledRule] {
        &self.rules
    }

    /// The values of `event.action`, in lower case, one of which an event has to have for a rule
    /// to match; `None` when that is not what the rule depends on.
    pub(crate) fn needed_actions(&self, rule: usize) -> Option<Vec<String>> {
        let rule = u32::try_from(rule).ok()?;
        let is_action = |index: &&EqualIndex| {
            let slot = self.slots.get(index.slot);
            slot.is_some_and(|slot| matches!(&slot.source,
                Source::Field(lookup) if lookup.name() == "event.action" || lookup.name() == "eventType"))
        };
        let index = self.dispatch.equal.iter().find(is_action)?;
        let entries = index.rules.iter().filter(|(_, rules)| rules.contains(&rule));
        let actions: Vec<String> = entries.map(|(action, _)| action.to_string()).collect();
        (!actions.is_empty()).then_some(actions)
    }

    /// What is wrong with the others, and what is noteworthy about these.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }
}

/// A rule of a [`RuleSet`].
#[derive(Debug)]
pub struct CompiledRule {
    pub(crate) rule: Arc<Rule>,
    pub(crate) index: usize,
    /// The placeholders of an idle rule.
    pub(crate) idle: Vec<String>,
    pub(crate) expression: Expression,
}

impl CompiledRule {
    /// The rule as it was written.
    #[must_use]
    pub fn rule(&self) -> &Arc<Rule> {
        &self.rule
    }

    /// Its place in [`RuleSet::rules`].
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Whether it can't match because none of its placeholders has a value.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        !self.idle.is_empty()
    }

    /// The placeholders whose values it waits for; none when it is not idle.
    #[must_use]
    pub fn missing_placeholders(&self) -> &[String] {
        &self.idle
    }
}

/// What has to hold, over the items of the rule set.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Item(usize),
    All(Box<[Expression]>),
    Any(Box<[Expression]>),
    Not(Box<Expression>),
    AtLeast(usize, Box<[Expression]>),
}

impl Expression {
    /// An expression that never holds.
    pub(crate) fn never() -> Self {
        Self::Any(Box::default())
    }
}

/// A field that rules ask for.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) source: Source,
    /// Whether a test looks at the text as it is, not only folded.
    pub(crate) needs_raw: bool,
}

/// Where the values of a slot come from.
#[derive(Debug)]
pub(crate) enum Source {
    Field(Lookup),
    /// All values of the event, for keywords.
    Leaves,
}

/// A field and what its values have to be.
#[derive(Debug)]
pub(crate) struct CompiledItem {
    /// The field's name as the rule has it.
    pub(crate) name: String,
    pub(crate) slot: usize,
    /// Other fields that the tests look at.
    pub(crate) other_slots: Vec<usize>,
    pub(crate) test: ItemTest,
    pub(crate) negated: bool,
}

#[derive(Debug)]
pub(crate) enum ItemTest {
    /// The field has a value, null included; or it has none.
    Exists(bool),
    /// For every group, a value passes one of its tests.
    Values(Vec<Vec<Test>>),
}

/// Which rules an event can match at all, by the values of some fields.
#[derive(Debug, Default)]
pub(crate) struct Dispatch {
    /// A bit for every rule that has to be tried on every event.
    pub(crate) always: Vec<u64>,
    pub(crate) equal: Vec<EqualIndex>,
    pub(crate) inner: Vec<InnerIndex>,
}

/// The rules that need a field to have one of some values.
#[derive(Debug)]
pub(crate) struct EqualIndex {
    pub(crate) slot: usize,
    pub(crate) rules: HashMap<Box<str>, Vec<u32>>,
}

/// The rules that need a field to contain one of some texts.
#[derive(Debug)]
pub(crate) struct InnerIndex {
    pub(crate) slot: usize,
    pub(crate) automaton: AhoCorasick,
    /// By the number of the pattern.
    pub(crate) rules: Vec<Vec<u32>>,
}
