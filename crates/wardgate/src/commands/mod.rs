//! The commands, one module each.

pub(crate) mod alerts;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod data;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod export;
pub(crate) mod fields;
pub(crate) mod intake;
pub(crate) mod listing;
pub(crate) mod rule_selection;
pub(crate) mod rules;
pub(crate) mod run;
pub(crate) mod scan;
pub(crate) mod search;
pub(crate) mod simulate;
pub(crate) mod token;
pub(crate) mod user;
