//! `wardgate intel list`.

use std::io::Write;
use std::ops::ControlFlow;

use anyhow::Result;
use clap::Args;
use ecs::Timestamp;
use intel::Kind;
use serde_json::json;
use store::{Database, IndicatorFilter, StoredIndicator};

use super::{Format, IntelArgs};
use crate::cli::DONE;
use crate::term::clean::{clean, clean_to};
use crate::term::say::say;
use crate::term::{csv, table};

/// The widest text in a table.
const WIDEST: usize = 60;

/// List indicators.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate intel list --feed acme --type domain --valid\n  \
    wardgate intel list --value 203.0.113. --format json\n  \
    wardgate intel list --limit 0 --format csv > indicators.csv     can be imported again")]
pub(super) struct ListArgs {
    /// Of this feed.
    #[arg(long, value_name = "NAME")]
    feed: Option<String>,
    /// Of this type: ip, domain, email, url, user-agent, as, or pattern.
    #[arg(long = "type", value_name = "TYPE", value_parser = parse_kind)]
    kind: Option<String>,
    /// With this in their value, in any case.
    #[arg(long, value_name = "TEXT")]
    value: Option<String>,
    /// Only those that hold now.
    #[arg(long)]
    valid: bool,
    /// At most so many; 0 for all.
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    limit: usize,
    /// How to print them. Default: a table on a terminal, NDJSON otherwise.
    #[arg(long)]
    format: Option<Format>,
}

fn parse_kind(text: &str) -> Result<String, String> {
    if text == "pattern" {
        return Ok(text.to_owned());
    }
    Kind::from_name(text)
        .map(|kind| kind.name().to_owned())
        .ok_or_else(|| "expected ip, domain, email, url, user-agent, as or pattern".to_owned())
}

/// Runs the command.
pub(super) fn run(args: &IntelArgs, wanted: &ListArgs) -> Result<u8> {
    let database = Database::open(&super::data_folder(args)?)?;
    let filter = IndicatorFilter {
        feed: wanted.feed.clone(),
        kind: wanted.kind.clone(),
        value: wanted.value.clone(),
        valid_at: wanted.valid.then(Timestamp::now),
        new_after: 0,
        limit: wanted.limit,
    };
    let mut out = anstream::stdout().lock();
    let mut count = 0_usize;
    let mut rows = Vec::new();
    let format = Format::or_default(wanted.format);
    match format {
        Format::Csv => csv::write_row(&mut out, COLUMNS)?,
        Format::Json => write!(out, "[")?,
        _ => {}
    }
    let mut failed = None;
    // Only a table, whose columns are as wide as what is in them, is held as a whole.
    database.for_each_indicator(&filter, |one| {
        count += 1;
        let written = match format {
            Format::Table => {
                rows.push(row(&one));
                Ok(())
            }
            Format::Json => {
                let text = serde_json::to_string_pretty(&as_json(&one)).unwrap_or_default();
                write!(out, "{}\n{text}", if count > 1 { "," } else { "" })
            }
            Format::Ndjson => writeln!(out, "{}", as_json(&one)),
            Format::Csv => csv::write_row(&mut out, cells(&one).each_ref().map(String::as_str)),
        };
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    match format {
        Format::Table => {
            let heading = ["type", "value", "feed", "confidence", "valid until", "about"];
            write!(out, "{}", table::render(heading, rows))?;
            if count == 0 {
                say("no indicators, see wardgate intel import --help");
            }
        }
        Format::Json => writeln!(out, "\n]")?,
        _ => {}
    }
    out.flush()?;
    if wanted.limit > 0 && count == wanted.limit {
        say(&format!("the first {count}, --limit 0 lists all"));
    }
    Ok(DONE)
}

fn row(one: &StoredIndicator) -> [String; 6] {
    let about = if one.name.is_empty() { &one.description } else { &one.name };
    [
        one.kind.clone(),
        clean_to(&one.value, WIDEST),
        clean(&one.feed).into_owned(),
        one.confidence.map_or_else(|| "-".to_owned(), |number| number.to_string()),
        one.valid_until.map_or_else(|| "-".to_owned(), |time| time.to_string()),
        clean_to(about, WIDEST),
    ]
}

/// The columns of CSV, as an import reads them.
const COLUMNS: [&str; 12] = [
    "type",
    "value",
    "valid_from",
    "valid_until",
    "confidence",
    "tlp",
    "labels",
    "name",
    "description",
    "id",
    "feed",
    "first_seen",
];

fn cells(one: &StoredIndicator) -> [String; 12] {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string()).unwrap_or_default();
    [
        one.kind.clone(),
        one.value.clone(),
        time(one.valid_from),
        time(one.valid_until),
        one.confidence.map(|number| number.to_string()).unwrap_or_default(),
        one.tlp.clone().unwrap_or_default(),
        one.labels.join(";"),
        one.name.clone(),
        one.description.clone(),
        one.id.clone(),
        one.feed.clone(),
        time(one.first_seen),
    ]
}

fn as_json(one: &StoredIndicator) -> serde_json::Value {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    json!({
        "type": one.kind,
        "value": one.value,
        "feed": one.feed,
        "id": Some(&one.id).filter(|id| !id.is_empty()),
        "valid_from": time(one.valid_from),
        "valid_until": time(one.valid_until),
        "confidence": one.confidence,
        "tlp": one.tlp,
        "labels": one.labels,
        "name": Some(&one.name).filter(|name| !name.is_empty()),
        "description": Some(&one.description).filter(|text| !text.is_empty()),
        "command_and_control": one.command_and_control,
        "modified": time(one.modified),
        "first_seen": time(one.first_seen),
    })
}
