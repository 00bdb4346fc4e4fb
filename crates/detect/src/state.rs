//! What becomes of the rules of a pack: which are tried, which wait, which cannot be used.

use std::sync::Arc;

use crate::detector::Detector;
use crate::lint::is_served;
use crate::pack::{Pack, PackRule, Selection};
use crate::sigma::Rule;

/// What becomes of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleState {
    /// It is tried on every event.
    On,
    /// It is on, and can't match before its placeholders have values.
    Idle,
    /// It is on, and can't be used.
    Unusable,
    /// It is off.
    Off,
}

impl RuleState {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Idle => "idle",
            Self::Unusable => "unusable",
            Self::Off => "off",
        }
    }
}

/// What becomes of each rule of a pack in a detector that was made with this selection.
#[must_use]
pub fn rule_states(pack: &Pack, selection: &Selection, detector: &Detector) -> Vec<RuleState> {
    let compiled = |rule: &Arc<Rule>| {
        detector.set().rules().iter().find(|compiled| Arc::ptr_eq(compiled.rule(), rule))
    };
    let state = |rule: &PackRule| {
        let rule = &rule.rule;
        // A rule that only serves correlations is tried while one of these is.
        let users = pack.rules().iter().map(|other| &other.rule);
        let mut users = users
            .filter(|other| other.file == rule.file)
            .filter(|other| other.correlation.as_ref().is_some_and(|c| c.names(rule)))
            .peekable();
        let is_on = match users.peek() {
            Some(_) => users.any(|user| compiled(user).is_some()),
            None => selection.enables(rule),
        };
        match compiled(rule) {
            Some(compiled) if detector.is_idle(compiled.index()) => RuleState::Idle,
            Some(_) => RuleState::On,
            None if is_on => RuleState::Unusable,
            None => RuleState::Off,
        }
    };
    pack.rules().iter().map(state).collect()
}

/// Whether a rule raises no alerts and only serves correlations of its file.
#[must_use]
pub fn only_serves(rule: &Rule, pack: &Pack) -> bool {
    let of_file = pack.rules().iter().map(|other| &*other.rule);
    let of_file = of_file.filter(|other| other.file == rule.file).cloned();
    is_served(rule, &of_file.collect::<Vec<_>>())
}
