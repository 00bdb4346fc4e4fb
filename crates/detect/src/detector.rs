//! The detector: rules that are on, and the alerts they raise.

use std::sync::Arc;

use ecs::Record;

use crate::alert::{Alert, Mould};
use crate::compile::{Options, Placeholders};
use crate::exceptions::Exceptions;
use crate::matcher::Scratch;
use crate::pack::{Pack, PackRule, Selection};
use crate::ruleset::RuleSet;
use crate::sigma::Diagnostic;

/// Turns records into alerts. One serves all threads; each has its own [`Workspace`].
#[derive(Debug)]
pub struct Detector {
    set: RuleSet,
    rules: Vec<PackRule>,
    moulds: Vec<Mould>,
    exceptions: Exceptions,
}

/// The working memory of one thread.
#[derive(Default)]
pub struct Workspace {
    rules: Scratch,
    exceptions: Scratch,
}

impl Detector {
    /// A detector with the rules of `pack` that `selection` enables. What is wrong with rules
    /// that cannot be used is in [`Detector::diagnostics`].
    #[must_use]
    pub fn new(
        pack: &Pack,
        selection: &Selection,
        placeholders: Placeholders,
        exceptions: Exceptions,
    ) -> Self {
        let on: Vec<&PackRule> =
            pack.rules().iter().filter(|rule| selection.enables(&rule.rule)).collect();
        let rules = on.iter().map(|rule| Arc::clone(&rule.rule));
        let options = Options { placeholders };
        let set = RuleSet::compile(rules, pack.filters(), &options);
        // A rule that does not compile has no place in the set; the others are found by what
        // they share with it.
        let rules: Vec<PackRule> = set
            .rules()
            .iter()
            .filter_map(|compiled| {
                on.iter().find(|rule| Arc::ptr_eq(&rule.rule, compiled.rule())).copied().cloned()
            })
            .collect();
        let moulds = rules.iter().map(Mould::new).collect();
        Self { set, rules, moulds, exceptions }
    }

    /// The rules that are on and can be used.
    #[must_use]
    pub fn rules(&self) -> &[PackRule] {
        &self.rules
    }

    /// The compiled rules, in the same order.
    #[must_use]
    pub fn set(&self) -> &RuleSet {
        &self.set
    }

    /// What is wrong with rules that are on and cannot be used, and what is noteworthy about
    /// the others.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        self.set.diagnostics()
    }

    /// Calls `on_alert` with each alert that an event raises, in the order of the rules, and
    /// `on_exception` with the place of each rule that an exception keeps quiet.
    pub fn detect(
        &self,
        record: &Record<'_>,
        workspace: &mut Workspace,
        mut on_alert: impl FnMut(Alert),
        mut on_exception: impl FnMut(usize),
    ) {
        let Workspace { rules, exceptions } = workspace;
        self.set.matches(record, rules, |rule, matched| {
            let index = rule.index();
            if self.exceptions.applying(rule.rule(), record, exceptions).is_some() {
                on_exception(index);
            } else if let Some(mould) = self.moulds.get(index) {
                on_alert(mould.cast(index, matched, record));
            }
        });
    }
}
