//! Arguments, and what becomes of errors.

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands::{
    self, alerts, config, data, demo, fields, intake, rules, run, scan, simulate,
};
use crate::term::say::say;

/// Everything is done.
pub(crate) const DONE: u8 = 0;
/// What was asked to be noticed was found.
pub(crate) const FOUND: u8 = 1;
/// Something could not be done.
pub(crate) const FAILED: u8 = 2;

/// Detects attacks in an Okta organisation's System Log.
#[derive(Debug, Parser)]
#[command(
    name = "wardgate",
    version,
    about,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = "Examples:\n  \
        wardgate scan examples/                        what happened in these exports?\n  \
        wardgate scan log.ndjson.gz --report out.html  the same, to click through\n  \
        wardgate rules list                            what is looked for\n  \
        wardgate simulate --events 100000 --out x.ndjson  a believable log to try things on\n\n\
        Exit status: 0 done, 1 something was found that was asked for, 2 something failed."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Run(run::RunArgs),
    Search(Box<commands::search::SearchArgs>),
    Alerts(alerts::AlertsArgs),
    Export(commands::export::ExportArgs),
    Scan(Box<scan::ScanArgs>),
    Rules(Box<rules::RulesArgs>),
    Fields(fields::FieldsArgs),
    Config(config::ConfigArgs),
    Intake(intake::IntakeArgs),
    User(commands::user::UserArgs),
    Token(commands::token::TokenArgs),
    Doctor(Box<commands::doctor::DoctorArgs>),
    Simulate(simulate::SimulateArgs),
    Backup(data::BackupArgs),
    Restore(data::RestoreArgs),
    Verify(data::VerifyArgs),
    Completions(commands::completions::CompletionsArgs),
}

/// Runs the program.
pub(crate) fn main() -> ExitCode {
    let Cli { command } = Cli::parse();
    let result = match command {
        Command::Demo(args) => demo::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Search(args) => commands::search::run(&args),
        Command::Alerts(args) => alerts::run(&args),
        Command::Export(args) => commands::export::run(&args),
        Command::Scan(args) => scan::run(*args),
        Command::Rules(args) => rules::run(&args),
        Command::Fields(args) => fields::run(&args),
        Command::Config(args) => config::run(&args),
        Command::Intake(args) => intake::run(&args),
        Command::User(args) => commands::user::run(&args),
        Command::Token(args) => commands::token::run(&args),
        Command::Doctor(args) => commands::doctor::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Backup(args) => data::backup(&args),
        Command::Restore(args) => data::restore(&args),
        Command::Verify(args) => data::verify(&args),
        Command::Completions(args) => commands::completions::run::<Cli>(&args),
    };
    match result {
        Ok(status) => ExitCode::from(status),
        // Whoever read the output has had enough of it.
        Err(error) if is_broken_pipe(&error) => ExitCode::from(DONE),
        Err(error) => {
            say(&format!("wardgate: {error:#}"));
            ExitCode::from(FAILED)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        super::Cli::command().debug_assert();
    }
}
