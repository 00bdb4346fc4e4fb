//! The command line. See `wardgate --help`.

use std::process::ExitCode;

mod cli;
mod commands;
mod report;
mod scan;
mod term;

fn main() -> ExitCode {
    cli::run()
}
