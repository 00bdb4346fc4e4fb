//! `wardgate intel stats`.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Result;
use clap::Args;
use ecs::Timestamp;
use serde_json::json;
use store::{Database, FeedState, IndicatorCount};

use super::{Format, IntelArgs};
use crate::cli::DONE;
use crate::term::clean::{clean, clean_to};
use crate::term::say::say;
use crate::term::{csv, table};

/// How many indicators each feed has, and how it goes with it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate intel stats\n  \
    wardgate intel stats --format json")]
pub(super) struct StatsArgs {
    /// How to print it. Default: a table on a terminal, NDJSON otherwise.
    #[arg(long)]
    format: Option<Format>,
}

/// A feed with its numbers.
struct Feed {
    state: FeedState,
    counts: Vec<IndicatorCount>,
}

impl Feed {
    fn sum(&self, number: fn(&IndicatorCount) -> u64) -> u64 {
        self.counts.iter().map(number).sum()
    }

    fn kinds(&self) -> BTreeMap<&str, u64> {
        self.counts.iter().map(|count| (count.kind.as_str(), count.all)).collect()
    }
}

/// Runs the command.
pub(super) fn run(args: &IntelArgs, wanted: &StatsArgs) -> Result<u8> {
    let database = Database::open(&super::data_folder(args)?)?;
    let counts = database.indicator_counts()?;
    let feeds: Vec<Feed> = database
        .feeds()?
        .into_iter()
        .map(|state| {
            let own = counts.iter().filter(|count| count.feed == state.name);
            Feed { counts: own.cloned().collect(), state }
        })
        .collect();
    let mut out = anstream::stdout().lock();
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let as_json = |feed: &Feed| {
        json!({
            "feed": feed.state.name,
            "indicators": feed.sum(|count| count.all),
            "valid": feed.sum(|count| count.valid),
            "types": feed.kinds(),
            "last_try": time(feed.state.tried),
            "last_success": time(feed.state.succeeded),
            "failures": feed.state.failures,
            "error": feed.state.error,
        })
    };
    match Format::or_default(wanted.format) {
        Format::Table => {
            let rows = feeds.iter().map(|feed| {
                let kinds = feed.kinds().into_iter().map(|(kind, count)| format!("{count} {kind}"));
                let health = match &feed.state.error {
                    Some(error) => clean_to(error, 60),
                    None => time(feed.state.succeeded).unwrap_or_else(|| "-".to_owned()),
                };
                [
                    clean(&feed.state.name).into_owned(),
                    feed.sum(|count| count.all).to_string(),
                    feed.sum(|count| count.valid).to_string(),
                    kinds.collect::<Vec<_>>().join(", "),
                    health,
                ]
            });
            let heading = ["feed", "indicators", "valid", "types", "read"];
            write!(out, "{}", table::render(heading, rows))?;
            if feeds.is_empty() {
                say("no indicators, see wardgate intel import --help");
            }
        }
        Format::Json => {
            let all: Vec<_> = feeds.iter().map(as_json).collect();
            writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
        }
        Format::Ndjson => {
            for feed in &feeds {
                writeln!(out, "{}", as_json(feed))?;
            }
        }
        Format::Csv => {
            let heading = ["feed", "indicators", "valid", "last_try", "last_success", "failures"];
            csv::write_row(&mut out, heading)?;
            for feed in &feeds {
                let cells = [
                    feed.state.name.clone(),
                    feed.sum(|count| count.all).to_string(),
                    feed.sum(|count| count.valid).to_string(),
                    time(feed.state.tried).unwrap_or_default(),
                    time(feed.state.succeeded).unwrap_or_default(),
                    feed.state.failures.to_string(),
                ];
                csv::write_row(&mut out, cells.each_ref().map(String::as_str))?;
            }
        }
    }
    out.flush()?;
    Ok(DONE)
}
