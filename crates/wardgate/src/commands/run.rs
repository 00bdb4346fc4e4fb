//! `wardgate run`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use config::Config;

use crate::cli::{DONE, FAILED};
use crate::run::{self, Told};
use crate::term::say::say;

/// Follow the organisations of a configuration, day and night.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate config init                  write wardgate.toml, to be filled in\n  \
    wardgate run                          run it\n  \
    wardgate run -c /etc/wardgate.toml    run another\n\n\
    SIGTERM and Ctrl-C stop it, with nothing lost; SIGHUP reloads rules and lists, which are\n\
    looked after anyway. What it does is told on the standard error: as text on a terminal,\n\
    as JSON elsewhere.")]
pub(crate) struct RunArgs {
    /// The configuration.
    #[arg(short, long, value_name = "FILE", default_value = "wardgate.toml")]
    config: PathBuf,
    /// Stop after this many seconds.
    #[arg(long, value_name = "SECONDS", hide = true)]
    stop_after: Option<f64>,
}

/// Runs the command.
pub(crate) fn run(args: &RunArgs) -> Result<u8> {
    let config = match Config::load(&args.config) {
        Ok(config) => config,
        Err(problems) => {
            problems.iter().for_each(|problem| say(&problem.to_string()));
            if !args.config.exists() {
                say("write a configuration with wardgate config init, or try wardgate demo first");
            }
            return Ok(FAILED);
        }
    };
    config.warnings.iter().for_each(|problem| say(&problem.to_string()));
    run::start_logging(&config.log);
    if config.intakes.is_empty() {
        say("no intakes are configured: nothing is collected, see wardgate config init");
    }
    let stop_after = args.stop_after.map(Duration::try_from_secs_f64).transpose()?;
    run::run(&config, &Told { show_alerts: false, stop_after })?;
    Ok(DONE)
}
