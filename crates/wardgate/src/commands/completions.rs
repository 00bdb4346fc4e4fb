//! `wardgate completions`: completions for a shell.

use std::io::{self, Write};

use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::DONE;

/// Print completions for a shell.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    wardgate completions bash > ~/.local/share/bash-completion/completions/wardgate")]
pub(crate) struct CompletionsArgs {
    /// The shell to print completions for.
    shell: Shell,
}

/// Prints the completions of the commands of `C`.
pub(crate) fn run<C: CommandFactory>(args: &CompletionsArgs) -> Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut C::command(), "wardgate", &mut script);
    io::stdout().write_all(&script)?;
    Ok(DONE)
}
