//! `wardgate intel`: indicators of compromise, and the feeds they come from.

mod hunt;
mod import;
mod list;
mod stats;
mod sync;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand, ValueEnum};
use config::{Config, Severity};
use store::Database;

use crate::cli::DONE;
use crate::term::say::say;

/// Bring in indicators of compromise, look at them, and look for them in the stored past.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate intel import acme.json own.txt          take indicators from files\n  \
    wardgate intel sync                              read the feeds of wardgate.toml now\n  \
    wardgate intel list --value evil.example         what is known of it?\n  \
    wardgate intel hunt --since 30d --dry-run        would have been found\n\n\
    All of it works beside a running wardgate, which takes changes over within seconds, and\n\
    looks for new indicators in the past by itself.")]
pub(crate) struct IntelArgs {
    #[command(subcommand)]
    command: IntelCommand,
    /// The configuration, which says where the data folder is and which feeds there are.
    #[arg(short, long, value_name = "FILE", default_value = "wardgate.toml", global = true)]
    config: PathBuf,
    /// The data folder, instead of that of a configuration.
    #[arg(long, value_name = "FOLDER", global = true)]
    data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum IntelCommand {
    Import(import::ImportArgs),
    List(list::ListArgs),
    Sync(sync::SyncArgs),
    Stats(stats::StatsArgs),
    Hunt(hunt::HuntArgs),
    Remove(RemoveArgs),
}

/// Remove feeds with all their indicators. A feed of the configuration comes back when it is read.
#[derive(Debug, Args)]
struct RemoveArgs {
    /// Their names, see wardgate intel stats.
    #[arg(required = true)]
    feeds: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
    Ndjson,
    Csv,
}

impl Format {
    /// A table on a terminal, NDJSON otherwise.
    fn or_default(format: Option<Self>) -> Self {
        let default = if io::stdout().is_terminal() { Self::Table } else { Self::Ndjson };
        format.unwrap_or(default)
    }
}

/// Runs the command.
pub(crate) fn run(args: &IntelArgs) -> Result<u8> {
    match &args.command {
        IntelCommand::Import(import_args) => import::run(args, import_args),
        IntelCommand::List(list_args) => list::run(args, list_args),
        IntelCommand::Sync(sync_args) => sync::run(args, sync_args),
        IntelCommand::Stats(stats_args) => stats::run(args, stats_args),
        IntelCommand::Hunt(hunt_args) => hunt::run(args, hunt_args),
        IntelCommand::Remove(remove_args) => remove(args, &remove_args.feeds),
    }
}

/// The data folder that is meant.
fn data_folder(args: &IntelArgs) -> Result<PathBuf> {
    match &args.data {
        Some(folder) => Ok(folder.clone()),
        None => Ok(load(&args.config)?.data_dir),
    }
}

fn load(path: &Path) -> Result<Config> {
    Config::load(path).map_err(|problems| {
        let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
        let lines: Vec<String> = errors.map(ToString::to_string).collect();
        anyhow!(
            "{}\nname a configuration with --config, or the data folder with --data",
            lines.join("\n")
        )
    })
}

fn remove(args: &IntelArgs, feeds: &[String]) -> Result<u8> {
    let mut database = Database::open(&data_folder(args)?)?;
    let known = database.feeds()?;
    if let Some(other) = feeds.iter().find(|name| known.iter().all(|feed| feed.name != **name)) {
        return Err(anyhow!("there is no feed '{other}', see wardgate intel stats"));
    }
    for name in feeds {
        let removed = database.forget_feed(name).with_context(|| format!("the feed {name}"))?;
        say(&format!("{name}: {removed} indicators removed"));
    }
    Ok(DONE)
}
