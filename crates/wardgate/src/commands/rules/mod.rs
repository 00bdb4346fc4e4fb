//! `wardgate rules`: what is looked for, and whether it works.

mod coverage;
mod lint;
mod list;
mod show;
mod source;
mod test;
mod words;

use anyhow::Result;
use clap::{Args, Subcommand};
use detect::{Detector, Exceptions, Pack, RuleState as State, Selection, rule_states};

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

/// What becomes of each rule of a pack; says on the standard error what is wrong with some.
fn states(pack: &Pack, selection: &Selection, chosen: &RuleSelection) -> Result<Vec<State>> {
    let (placeholders, indicators) = (chosen.placeholders()?, chosen.indicators(true)?);
    let none = Exceptions::default();
    let detector = Detector::with_indicators(pack, selection, placeholders, none, indicators);
    report_problems(pack, &detector, true);
    Ok(rule_states(pack, selection, &detector))
}

/// A number and what it counts: `1 rule`, `2 rules`.
fn count(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {one}s"),
    }
}
