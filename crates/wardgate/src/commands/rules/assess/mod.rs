//! `wardgate rules assess`: what rules can see in the events at hand, and what they cost.

mod events;
mod measure;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use comfy_table::{Attribute, Cell, CellAlignment, Color};
use detect::{Detector, Exceptions};
use serde_json::json;

use measure::{Assessed, Measure, Verdict};

use crate::cli::DONE;
use crate::commands::rule_selection::{RuleSelection, report_problems};
use crate::term::clean::clean;
use crate::term::style::{QUIET, paint};
use crate::term::table;

/// Tell for every rule what it needs, whether the events at hand have that, how many alerts it
/// would have raised, and what it costs.
///
/// Without files, the events are those that wardgate run has stored.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate rules assess --data wardgate-data --effort master\n  \
    wardgate rules assess exports/ --rules ours/ --format ndjson\n\n\
    States: 'alerts' it would have raised some; 'quiet' none; 'no events' nothing of the types\n\
    that it looks at has happened; 'never' a field that it cannot do without is in none of these\n\
    events; 'idle' it waits for indicators or values.")]
pub(super) struct AssessArgs {
    /// Exported logs: files or folders.
    paths: Vec<PathBuf>,
    /// The data folder, when no files are named.
    #[arg(long, value_name = "FOLDER", default_value = "wardgate-data", conflicts_with = "paths")]
    data: PathBuf,
    #[command(flatten)]
    rules: RuleSelection,
    /// How to print it. Default: a table on a terminal, NDJSON otherwise.
    #[arg(long, help_heading = "Output")]
    format: Option<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Ndjson,
}

pub(super) fn run(args: &AssessArgs) -> Result<u8> {
    let pack = args.rules.load()?;
    let selection = args.rules.selection(&pack)?;
    let (placeholders, indicators) = (args.rules.placeholders()?, args.rules.indicators(true)?);
    let none = Exceptions::default();
    let detector = Detector::with_indicators(&pack, &selection, placeholders, none, indicators);
    report_problems(&pack, &detector, true);
    let mut measure = Measure::new(&detector, args.paths.is_empty());
    match args.paths.as_slice() {
        [] => events::stored(&args.data, &mut |event| measure.take(event))?,
        paths => events::exported(paths, &mut |event| measure.take(event))?,
    }
    if measure.events() == 0 {
        bail!("there are no events to assess rules with: name files, or a folder with --data");
    }
    let (events, days) = (measure.events(), measure.days());
    let assessed = measure.finish();
    let default = if io::stdout().is_terminal() { Format::Table } else { Format::Ndjson };
    let mut out = anstream::stdout().lock();
    match args.format.unwrap_or(default) {
        Format::Table => table(&mut out, &assessed, events, days)?,
        Format::Ndjson => {
            for one in &assessed {
                writeln!(out, "{}", as_json(one, days))?;
            }
        }
    }
    out.flush()?;
    Ok(DONE)
}

fn table(out: &mut impl Write, assessed: &[Assessed], events: u64, days: f64) -> io::Result<()> {
    let mut table = table::fitted();
    table.set_header(["STATE", "RULE", "EVENTS", "ALERTS", "A DAY", "NS", "GROUPS", "KIB", "WHY"]);
    for one in assessed {
        let number = |number: u64| match number {
            0 => Cell::new(""),
            number => Cell::new(number).set_alignment(CellAlignment::Right),
        };
        table.add_row([
            Cell::new(one.verdict.as_str()).fg(match one.verdict {
                Verdict::Alerts => Color::Green,
                Verdict::Quiet => Color::Reset,
                Verdict::NoEvents | Verdict::Idle => Color::Yellow,
                Verdict::Never => Color::Red,
            }),
            Cell::new(clean(&one.title)),
            number(one.events),
            number(one.alerts),
            Cell::new(if one.alerts > 0 { per_day(one.alerts, days) } else { String::new() })
                .set_alignment(CellAlignment::Right),
            Cell::new(format!("{:.0}", one.nanoseconds)).set_alignment(CellAlignment::Right),
            number(one.groups as u64),
            number((one.bytes as u64).div_ceil(1024) * u64::from(one.groups > 0)),
            Cell::new(clean(&one.why)).add_attribute(Attribute::Dim),
        ]);
    }
    write!(out, "{}", table::lines(&mut table))?;
    let count = |verdict| assessed.iter().filter(|one| one.verdict == verdict).count();
    let all = [Verdict::Alerts, Verdict::Quiet, Verdict::NoEvents, Verdict::Never, Verdict::Idle];
    let counts: Vec<String> = all
        .into_iter()
        .filter(|verdict| count(*verdict) > 0)
        .map(|verdict| format!("{} {}", count(verdict), verdict.as_str()))
        .collect();
    let cost: f64 = assessed.iter().map(|one| one.nanoseconds).sum();
    let total = format!(
        "{} and {events} events of {days:.1} days: {}; each tried alone, {:.1} µs an event",
        super::count(assessed.len(), "rule"),
        counts.join(", "),
        cost / 1_000.0
    );
    writeln!(out, "{}", paint(QUIET, &total))
}

fn per_day(alerts: u64, days: f64) -> String {
    format!("{:.2}", alerts as f64 / days)
}

fn as_json(one: &Assessed, days: f64) -> serde_json::Value {
    let fields: Vec<_> = one
        .fields
        .iter()
        .map(|field| {
            json!({"name": field.name, "necessary": field.necessary, "events": field.events})
        })
        .collect();
    json!({
        "state": one.verdict.as_str(),
        "title": one.title,
        "id": one.id,
        "why": one.why,
        "events": one.events,
        "alerts": one.alerts,
        "alerts_per_day": (one.alerts as f64 / days * 1_000.0).round() / 1_000.0,
        "nanoseconds_per_event": one.nanoseconds.round(),
        "groups": one.groups,
        "bytes": one.bytes,
        "event_types": one.actions,
        "fields": fields,
    })
}
