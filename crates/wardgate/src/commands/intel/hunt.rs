//! `wardgate intel hunt`.

use std::io::Write;

use anyhow::Result;
use clap::Args;
use config::Config;
use detect::Detector;
use ecs::Timestamp;
use engine::Hunt;
use serde_json::json;
use store::search::Searcher;
use store::{Database, IndicatorFilter, NewAlert};

use super::{Format, IntelArgs};
use crate::cli::{DONE, FAILED};
use crate::commands::rule_selection::{RuleSelection, load_exceptions, report_problems};
use crate::commands::scan::parse_time;
use crate::intel::stored_set;
use crate::stored::say_unreadable;
use crate::term::clean::clean;
use crate::term::progress::steps;
use crate::term::say::say;
use crate::term::{csv, table};

/// Look for indicators in the stored past, in all that happened while they held and five days on
/// either side. What is found raises the alert that it would have raised had the indicator been
/// there when it happened, marked as found afterwards.
///
/// A running wardgate does so with every new indicator.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate intel hunt                            for all indicators, in all that is stored\n  \
    wardgate intel hunt --feed acme --since 30d\n  \
    wardgate intel hunt --dry-run --format csv     print what would be found, store nothing")]
pub(super) struct HuntArgs {
    /// Only for indicators of this feed.
    #[arg(long, value_name = "NAME")]
    feed: Option<String>,
    /// Only for indicators that were not looked for yet.
    #[arg(long)]
    new: bool,
    /// Only in events from this time on: an age such as 7d, a date, or a time.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<Timestamp>,
    /// Only in events before this time.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<Timestamp>,
    /// Store no alerts.
    #[arg(long)]
    dry_run: bool,
    /// How to print the alerts. Default: a table on a terminal, NDJSON otherwise.
    #[arg(long)]
    format: Option<Format>,
}

/// What a configuration says, or what holds without one.
fn config(args: &IntelArgs) -> Result<Option<Config>> {
    if args.data.is_some() && !args.config.exists() {
        return Ok(None);
    }
    super::load(&args.config).map(Some)
}

/// Runs the command.
pub(super) fn run(args: &IntelArgs, wanted: &HuntArgs) -> Result<u8> {
    let config = match config(args)? {
        Some(config) => config,
        None => Config::parse("", "wardgate.toml").map_err(|_| anyhow::anyhow!("no defaults"))?,
    };
    let root = args.data.as_deref().unwrap_or(&config.data_dir);
    let mut database = Database::open(root)?;
    let change = database.indicator_change()?;
    let filter = IndicatorFilter {
        feed: wanted.feed.clone(),
        new_after: if wanted.new { database.hunted_change()? } else { 0 },
        ..IndicatorFilter::default()
    };
    let set = stored_set(&database, &filter, &config.intel.allow)?;
    let selection = RuleSelection::of_config(&config.rules);
    let pack = selection.load()?;
    let chosen = selection.selection(&pack)?;
    let exceptions = load_exceptions(config.rules.exceptions.as_deref())?;
    let detector = Detector::new(&pack, &chosen, selection.placeholders()?, exceptions);
    report_problems(&pack, &detector, true);
    if !detector.tells_of_indicators() {
        say("the rule Intelligence Feed is off: nothing can be found");
        return Ok(FAILED);
    }
    let searcher = Searcher::open(root)?;
    let window = i64::try_from(config.store.fold_window.as_millis()).unwrap_or(i64::MAX);
    let hunt = Hunt {
        since: wanted.since,
        until: wanted.until,
        store: (!wanted.dry_run).then_some(window),
    };
    let bar = steps("days");
    let mut found: Vec<NewAlert> = Vec::new();
    let hunted = hunt.run(
        &searcher,
        &mut database,
        (&detector, &set),
        |done, all| bar.at("", done, all),
        // What is printed: who, what, when. The document is in the store.
        |alert| found.push(NewAlert { document: String::new(), ..alert.clone() }),
    )?;
    drop(bar);
    let is_whole = wanted.feed.is_none() && wanted.since.is_none() && wanted.until.is_none();
    if is_whole && !wanted.dry_run && !hunted.is_cut {
        database.set_hunted_change(change)?;
    }
    print(&found, Format::or_default(wanted.format))?;
    let stored = match wanted.dry_run {
        true => "nothing is stored".to_owned(),
        false => format!("{} alerts are new", hunted.alerts),
    };
    say(&format!("{} indicators, {} events with some, {stored}", set.len(), hunted.found));
    if hunted.is_cut {
        say("there is more: narrow it with --feed, --since and --until");
    }
    let complete = say_unreadable(&hunted.unreadable);
    Ok(if complete { DONE } else { FAILED })
}

fn print(found: &[NewAlert], format: Format) -> Result<()> {
    let mut out = anstream::stdout().lock();
    let as_json = |alert: &NewAlert| {
        json!({
            "id": alert.id.to_string(),
            "time": alert.time.to_string(),
            "severity": alert.severity,
            "user": alert.user,
            "address": alert.address,
            "place": alert.place,
            "title": alert.title,
        })
    };
    match format {
        Format::Table => {
            let rows = found.iter().map(|alert| {
                let id: String = alert.id.to_string().chars().take(8).collect();
                let title = clean(&alert.title).into_owned();
                [id, alert.time.to_string(), alert.severity.clone(), title]
            });
            if !found.is_empty() {
                write!(
                    out,
                    "{}",
                    table::render(["id", "time", "severity", "what happened"], rows)
                )?;
            }
        }
        Format::Json => {
            let all: Vec<_> = found.iter().map(as_json).collect();
            writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
        }
        Format::Ndjson => {
            for alert in found {
                writeln!(out, "{}", as_json(alert))?;
            }
        }
        Format::Csv => {
            let heading = ["id", "time", "severity", "user", "address", "place", "title"];
            csv::write_row(&mut out, heading)?;
            for alert in found {
                let text = |value: &Option<String>| value.clone().unwrap_or_default();
                let cells = [
                    alert.id.to_string(),
                    alert.time.to_string(),
                    alert.severity.clone(),
                    text(&alert.user),
                    text(&alert.address),
                    text(&alert.place),
                    alert.title.clone(),
                ];
                csv::write_row(&mut out, cells.each_ref().map(String::as_str))?;
            }
        }
    }
    out.flush()?;
    Ok(())
}
