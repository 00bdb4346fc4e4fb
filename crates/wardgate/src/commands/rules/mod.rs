//! `wardgate rules`: what is looked for, and whether it works.

mod assess;
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
use detect::sigma::Rule;
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
    Assess(assess::AssessArgs),
}

/// Runs the command.
pub(crate) fn run(args: &RulesArgs) -> Result<u8> {
    match &args.command {
        RulesCommand::List(args) => list::run(args),
        RulesCommand::Show(args) => show::run(args),
        RulesCommand::Test(args) => test::run(args),
        RulesCommand::Lint(args) => lint::run(args),
        RulesCommand::Coverage(args) => coverage::run(args),
        RulesCommand::Assess(args) => assess::run(args),
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
    let compiled = |rule: &Arc<Rule>| {
        detector.set().rules().iter().find(|compiled| Arc::ptr_eq(compiled.rule(), rule))
    };
    let state = |rule: &detect::PackRule| {
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
            Some(compiled) if detector.is_idle(compiled.index()) => State::Idle,
            Some(_) => State::On,
            None if is_on => State::Unusable,
            None => State::Off,
        }
    };
    Ok(pack.rules().iter().map(state).collect())
}

/// Whether a rule raises no alerts and only serves correlations of its file.
fn only_serves(rule: &Rule, pack: &Pack) -> bool {
    let of_file = pack.rules().iter().map(|other| &*other.rule);
    let of_file = of_file.filter(|other| other.file == rule.file).cloned();
    detect::lint::is_served(rule, &of_file.collect::<Vec<_>>())
}

/// A number and what it counts: `1 rule`, `2 rules`.
fn count(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {one}s"),
    }
}
