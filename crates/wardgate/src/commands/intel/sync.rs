//! `wardgate intel sync`.

use anyhow::{Result, bail};
use clap::Args;

use super::IntelArgs;
use crate::cli::{DONE, FAILED};
use crate::intel::sync::sync;
use crate::term::progress::counting;
use crate::term::say::say;

/// Read the feeds of the configuration now, whether they are due or not.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate intel sync                  all of them\n  \
    wardgate intel sync acme-taxii       one of them, to see whether it works\n\n\
    Exit status: 0 all were read, 2 one could not be.")]
pub(super) struct SyncArgs {
    /// The feeds. Default: all.
    #[arg(value_name = "FEED")]
    feeds: Vec<String>,
}

/// Runs the command.
pub(super) fn run(args: &IntelArgs, wanted: &SyncArgs) -> Result<u8> {
    let config = super::load(&args.config)?;
    let root = args.data.as_deref().unwrap_or(&config.data_dir);
    let names = || config.feeds.iter().map(|feed| feed.name.as_str()).collect::<Vec<_>>();
    if config.feeds.is_empty() {
        bail!("there are no feeds in {}: add a [[feed]] first", args.config.display());
    }
    if let Some(other) = wanted.feeds.iter().find(|name| !names().contains(&name.as_str())) {
        bail!("there is no feed '{other}': expected {}", names().join(" or "));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut status = DONE;
    for feed in &config.feeds {
        if !wanted.feeds.is_empty() && !wanted.feeds.contains(&feed.name) {
            continue;
        }
        let bar = counting("indicators");
        let outcome = runtime.block_on(async {
            // On a thread of the runtime, where waiting for the disk is allowed.
            tokio::task::yield_now().await;
            sync(feed, root, &mut |count| bar.at(&feed.name, count)).await
        });
        drop(bar);
        match outcome {
            Ok(synced) => say(&format!("{}: {}", feed.name, synced.told())),
            Err(error) => {
                say(&format!("{}: {error:#}", feed.name));
                status = FAILED;
            }
        }
    }
    Ok(status)
}
