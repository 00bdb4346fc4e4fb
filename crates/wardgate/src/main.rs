//! The command line. See `wardgate --help`.

use std::process::ExitCode;

mod cli;
mod commands;
mod report;
mod run;
mod scan;
mod sinks;
mod stored;
mod term;

fn main() -> ExitCode {
    cli::main()
}
