//! The command line. See `wardgate --help`.

use std::process::ExitCode;

mod cli;
mod commands;
mod intel;
mod report;
mod run;
mod scan;
mod sinks;
mod stored;
mod term;

/// Events are made on one thread and let go on another, which the system's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
