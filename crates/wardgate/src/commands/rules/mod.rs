//! `wardgate rules`: what is looked for, and whether it works.

mod coverage;
mod lint;
mod list;
mod show;
mod source;
mod test;
mod words;

use std::sync::Arc;

use anyhow::Result;
use clap::{Args, Subcommand};
use detect::{Detector, Exceptions, Pack, Selection};

use crate::commands::rule_selection::{RuleSelection, report_problems};

/// List, explain, test and check rules.
#[derive(Debug, Args)]
pub(crate) struct RulesArgs {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Debug, Subcommand)]
enum RulesCommand {
    List(list::ListArgs),
    Show(show::ShowArgs),
    Test(test::TestArgs),
    Lint(lint::LintArgs),
    Coverage(coverage::CoverageArgs),
}

/// Runs the command.
pub(crate) fn run(args: &RulesArgs) -> Result<u8> {
    match &args.command {
        RulesCommand::List(args) => list::run(args),
        RulesCommand::Show(args) => show::run(args),
        RulesCommand::Test(args) => test::run(args),
        RulesCommand::Lint(args) => lint::run(args),
        RulesCommand::Coverage(args) => coverage::run(args),
    }
}

/// What becomes of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is tried on every event.
    On,
    /// It is on, and can't match before its placeholders have values.
    Idle,
    /// It is on, and can't be used.
    Unusable,
    /// It is off.
    Off,
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Idle => "idle",
            Self::Unusable => "unusable",
            Self::Off => "off",
        }
    }
}

/// What becomes of each rule of a pack; says on the standard error what is wrong with some.
fn states(pack: &Pack, selection: &Selection, chosen: &RuleSelection) -> Result<Vec<State>> {
    let (placeholders, indicators) = (chosen.placeholders()?, chosen.indicators(true)?);
    let none = Exceptions::default();
    let detector = Detector::with_indicators(pack, selection, placeholders, none, indicators);
    report_problems(pack, &detector, true);
    let state = |rule: &detect::PackRule| {
        if !selection.enables(&rule.rule) {
            return State::Off;
        }
        let mut compiled = detector.set().rules().iter();
        match compiled.find(|compiled| Arc::ptr_eq(compiled.rule(), &rule.rule)) {
            Some(compiled) if detector.is_idle(compiled.index()) => State::Idle,
            Some(_) => State::On,
            None => State::Unusable,
        }
    };
    Ok(pack.rules().iter().map(state).collect())
}

/// A number and what it counts: `1 rule`, `2 rules`.
fn count(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {one}s"),
    }
}
