//! The commands, one module each.

pub(crate) mod completions;
pub(crate) mod fields;
pub(crate) mod rule_selection;
pub(crate) mod rules;
pub(crate) mod scan;
pub(crate) mod simulate;
