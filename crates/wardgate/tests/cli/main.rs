//! The binary as people run it: files in, exit status, output and messages out.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice
)]

#[cfg(target_os = "linux")]
mod alerts;
mod awkward;
mod behaviour;
mod config;
mod correlation;
mod damaged;
mod fields;
mod forms;
mod indicators;
mod intake;
mod intel;
mod outputs;
mod repeatable;
mod rule_commands;
mod rules;
mod search;
mod served;
mod simulated;
mod support;
