//! `wardgate intake`: the keys with which events are pushed.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Subcommand, ValueEnum};
use config::{Config, IntakeKind, Severity};
use serde_json::json;
use server::NewIntakeKey;
use store::{Database, IntakeKey};

use crate::cli::DONE;
use crate::term::clean::clean;
use crate::term::say::say;
use crate::term::{csv, table};

/// Make, list and revoke the keys with which events are pushed to an HTTP intake.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate intake create forwarder --name \"syslog relay in Paris\"\n  \
    wardgate intake list\n  \
    wardgate intake revoke 3\n\n\
    A key is shown once, when it is made; what is kept is its SHA-256 digest. A running\n\
    wardgate takes changes over within seconds.")]
pub(crate) struct IntakeArgs {
    #[command(subcommand)]
    command: IntakeCommand,
    /// The configuration, which says where the data folder is and which intakes there are.
    #[arg(short, long, value_name = "FILE", default_value = "wardgate.toml", global = true)]
    config: PathBuf,
    /// The data folder, instead of that of a configuration.
    #[arg(long, value_name = "FOLDER", global = true)]
    data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum IntakeCommand {
    Create(CreateArgs),
    List(ListArgs),
    Revoke(RevokeArgs),
}

/// Make a key, and print it. It cannot be shown again.
#[derive(Debug, Args)]
struct CreateArgs {
    /// The intake: the name of an `[[intake]]` of kind "http".
    intake: String,
    /// Who will use the key.
    #[arg(long, default_value = "")]
    name: String,
}

/// List keys, revoked ones included.
#[derive(Debug, Args)]
struct ListArgs {
    /// How to print them. Default: a table on a terminal, NDJSON otherwise.
    #[arg(long)]
    format: Option<Format>,
}

/// Revoke keys: from then on nothing can be pushed with them.
#[derive(Debug, Args)]
struct RevokeArgs {
    /// Their numbers, see wardgate intake list.
    #[arg(required = true)]
    ids: Vec<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
    Ndjson,
    Csv,
}

/// Runs the command.
pub(crate) fn run(args: &IntakeArgs) -> Result<u8> {
    match &args.command {
        IntakeCommand::Create(create_args) => create(args, create_args)?,
        IntakeCommand::List(list_args) => {
            let database = Database::open(&data_folder(args)?)?;
            list(&database.intake_keys()?, list_args.format)?;
        }
        IntakeCommand::Revoke(revoke_args) => {
            revoke(&Database::open(&data_folder(args)?)?, &revoke_args.ids)?;
        }
    }
    Ok(DONE)
}

/// The data folder that is meant.
fn data_folder(args: &IntakeArgs) -> Result<PathBuf> {
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

fn create(args: &IntakeArgs, wanted: &CreateArgs) -> Result<()> {
    let folder = match &args.data {
        Some(folder) => folder.clone(),
        None => {
            let config = load(&args.config)?;
            check_intake(&config, &wanted.intake)?;
            config.data_dir
        }
    };
    let key = NewIntakeKey::make().context("the system gives no random numbers")?;
    // Before the first run there is no data folder yet.
    let database = Database::create(&folder)?;
    let id = database.add_intake_key(&wanted.intake, &wanted.name, key.digest().as_bytes())?;
    let mut out = io::stdout().lock();
    // A key that nobody has seen is of no use to anybody.
    if let Err(error) = writeln!(out, "{}", key.text()).and_then(|()| out.flush()) {
        database.revoke_intake_key(id)?;
        return Err(error).context("the key is revoked again: it cannot be shown");
    }
    say(&format!("key {id} of {}: keep it now, it cannot be shown again", clean(&wanted.intake)));
    Ok(())
}

/// Refuses to make a key for an intake that takes none.
fn check_intake(config: &Config, name: &str) -> Result<()> {
    let of_http = || config.intakes.iter().filter(|intake| intake.kind == IntakeKind::Http);
    if of_http().any(|intake| intake.name == name) {
        return Ok(());
    }
    if config.intakes.iter().any(|intake| intake.name == name) {
        bail!("the intake '{name}' is not of kind \"http\", nothing can be pushed to it");
    }
    let names: Vec<&str> = of_http().map(|intake| intake.name.as_str()).collect();
    if names.is_empty() {
        bail!(
            "there is no intake of kind \"http\": add an [[intake]] with name = \"{name}\" and kind = \"http\" first"
        );
    }
    bail!("there is no intake '{name}': expected {}", names.join(" or "))
}

fn list(keys: &[IntakeKey], format: Option<Format>) -> Result<()> {
    let default = if io::stdout().is_terminal() { Format::Table } else { Format::Ndjson };
    let revoked = |key: &IntakeKey| key.revoked.map(|time| time.to_string());
    let as_json = |key: &IntakeKey| {
        json!({
            "id": key.id,
            "intake": key.intake,
            "name": key.name,
            "created": key.created.to_string(),
            "revoked": revoked(key),
        })
    };
    let mut out = anstream::stdout().lock();
    match format.unwrap_or(default) {
        Format::Table => {
            let rows = keys.iter().map(|key| {
                [
                    key.id.to_string(),
                    clean(&key.intake).into_owned(),
                    clean(&key.name).into_owned(),
                    key.created.to_string(),
                    revoked(key).unwrap_or_else(|| "-".to_owned()),
                ]
            });
            let heading = ["id", "intake", "name", "created", "revoked"];
            write!(out, "{}", table::render(heading, rows))?;
            if keys.is_empty() {
                say("no keys, make one with wardgate intake create");
            }
        }
        Format::Json => {
            let all: Vec<_> = keys.iter().map(as_json).collect();
            writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
        }
        Format::Ndjson => {
            for key in keys {
                writeln!(out, "{}", as_json(key))?;
            }
        }
        Format::Csv => {
            csv::write_row(&mut out, ["id", "intake", "name", "created", "revoked"])?;
            for key in keys {
                let (id, created) = (key.id.to_string(), key.created.to_string());
                let revoked = revoked(key).unwrap_or_default();
                csv::write_row(&mut out, [&*id, &key.intake, &key.name, &created, &revoked])?;
            }
        }
    }
    out.flush()?;
    Ok(())
}

fn revoke(database: &Database, ids: &[i64]) -> Result<()> {
    let known = database.intake_keys()?;
    if let Some(id) = ids.iter().find(|id| known.iter().all(|key| key.id != **id)) {
        bail!("there is no key {id}, see wardgate intake list");
    }
    for id in ids {
        if database.revoke_intake_key(*id)? {
            say(&format!("key {id} is revoked"));
        } else {
            say(&format!("key {id} had been revoked before"));
        }
    }
    Ok(())
}
