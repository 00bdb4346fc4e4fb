//! `wardgate backup`, `restore` and `verify`.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use store::Day;

use crate::cli::{DONE, FAILED};
use crate::term::progress::steps;
use crate::term::say::say;

/// Copy a data folder, also while it is written to.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate backup /mnt/backup/wardgate-2026-11-22\n  \
    wardgate restore /mnt/backup/wardgate-2026-11-22 wardgate-data\n\n\
    The copy is a data folder: wardgate search --data reads it as it is.")]
pub(crate) struct BackupArgs {
    /// The folder to make.
    to: PathBuf,
    /// The data folder.
    #[arg(long, value_name = "FOLDER", default_value = "wardgate-data")]
    data: PathBuf,
}

/// Make a data folder from a backup.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    wardgate restore /mnt/backup/wardgate-2026-11-22 wardgate-data\n\n\
    Sources go on from where they were when the backup was made: what has come since is\n\
    fetched again, as far back as Okta keeps it.")]
pub(crate) struct RestoreArgs {
    /// The backup.
    from: PathBuf,
    /// The data folder to make.
    to: PathBuf,
}

/// Check a data folder or a backup, every byte of it.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    wardgate verify --data wardgate-data\n\n\
    Exit status: 0 all is in order, 2 something is damaged.")]
pub(crate) struct VerifyArgs {
    /// The data folder.
    #[arg(long, value_name = "FOLDER", default_value = "wardgate-data")]
    data: PathBuf,
}

/// Runs `wardgate backup`.
pub(crate) fn backup(args: &BackupArgs) -> Result<u8> {
    let bar = steps("days");
    store::backup(&args.data, &args.to, |day, done, all| bar.at(&day.to_string(), done, all))?;
    drop(bar);
    say(&format!("{} is copied to {}", args.data.display(), args.to.display()));
    Ok(DONE)
}

/// Runs `wardgate restore`.
pub(crate) fn restore(args: &RestoreArgs) -> Result<u8> {
    let bar = steps("days");
    store::restore(&args.from, &args.to, |day, done, all| bar.at(&day.to_string(), done, all))?;
    drop(bar);
    say(&format!("{} is ready: check it with wardgate verify", args.to.display()));
    Ok(DONE)
}

/// Runs `wardgate verify`.
pub(crate) fn verify(args: &VerifyArgs) -> Result<u8> {
    let bar = steps("days");
    let verified = store::verify(&args.data, |day: Day, done, all| {
        bar.at(&day.to_string(), done, all);
    })?;
    drop(bar);
    let mut out = std::io::stdout().lock();
    for damage in &verified.damages {
        writeln!(out, "{}", crate::term::clean::clean(damage))?;
    }
    out.flush()?;
    let events: u64 = verified.days.iter().map(|(_, events)| events).sum();
    let (days, alerts, journal) = (verified.days.len(), verified.alerts, verified.journal);
    let found = match verified.damages.len() {
        0 => "nothing is damaged".to_owned(),
        1 => "1 damage".to_owned(),
        several => format!("{several} damages"),
    };
    say(&format!(
        "{events} events of {days} days, {alerts} alerts, {journal} events in the journal: {found}"
    ));
    Ok(if verified.damages.is_empty() { DONE } else { FAILED })
}
