//! Counts, printed.

use std::io::{self, Write};

use ecs::Timestamp;
use indicatif::HumanCount;
use serde_json::json;
use store::search::{Histogram, SearchError, ValueCounts};
use unicode_width::UnicodeWidthStr;

use crate::stored::{Form, SelectArgs};
use crate::term::clean::clean_to;
use crate::term::csv;
use crate::term::style::{HEADING, QUIET, paint};

/// How long the longest bar is.
const LONGEST: usize = 40;
/// The widest that values are shown.
const WIDEST: usize = 50;

/// An error about the field to count by, or about the query.
pub(crate) fn explain(select: &SelectArgs, field: &str, error: SearchError) -> anyhow::Error {
    match error {
        SearchError::Query(diagnostic) if diagnostic.span.end == field.len() => {
            anyhow::anyhow!("--count-by {field}: {diagnostic}")
        }
        other => select.explain(other),
    }
}

/// Prints how many events there are.
pub(crate) fn number(out: &mut dyn Write, form: Form, events: u64) -> io::Result<()> {
    match form {
        Form::Table | Form::Raw => writeln!(out, "{events}")?,
        Form::Json | Form::Ndjson => writeln!(out, "{}", json!({ "events": events }))?,
        Form::Csv => {
            csv::write_row(out, ["events"])?;
            csv::write_row(out, [&*events.to_string()])?;
        }
    }
    out.flush()
}

/// Prints how many events there are with each value.
pub(crate) fn by_value(
    out: &mut dyn Write,
    form: Form,
    field: &str,
    counts: &ValueCounts,
) -> io::Result<()> {
    let rows: Vec<(String, u64)> = counts.values.clone();
    if form != Form::Table {
        let rows = rows.into_iter().map(|(value, events)| (json!(value), value, events));
        return print(out, form, field, rows);
    }
    bars(out, &rows)?;
    let all = HumanCount(counts.events);
    let mut told = format!("{all} events, {} values", HumanCount(counts.distinct as u64));
    if counts.missing > 0 {
        told += &format!(", {} events without one", HumanCount(counts.missing));
    }
    writeln!(out, "{}", paint(QUIET, &told))?;
    out.flush()
}

/// Prints how many events there were in each part of the time.
pub(crate) fn by_time(
    out: &mut dyn Write,
    form: Form,
    interval: i64,
    histogram: &Histogram,
) -> io::Result<()> {
    if form != Form::Table {
        let rows = histogram.parts.iter().map(|(time, events)| {
            let time = time.to_string();
            (json!(time), time, *events)
        });
        return print(out, form, "@timestamp", rows);
    }
    let named = |time: Timestamp| {
        // Seconds are only of interest where parts are shorter than minutes.
        let text = time.to_string();
        let length = match interval {
            day if day % 86_400_000 == 0 => 10,
            minute if minute % 60_000 == 0 => 16,
            _ => 19,
        };
        text.get(..length).unwrap_or(&text).replace('T', " ")
    };
    let rows: Vec<_> =
        histogram.parts.iter().map(|(time, events)| (named(*time), *events)).collect();
    bars(out, &rows)?;
    let all: u64 = rows.iter().map(|(_, events)| events).sum();
    writeln!(out, "{}", paint(QUIET, &format!("{} events", HumanCount(all))))?;
    out.flush()
}

/// Prints rows of a value and a number, for programs.
fn print(
    out: &mut dyn Write,
    form: Form,
    field: &str,
    rows: impl Iterator<Item = (serde_json::Value, String, u64)>,
) -> io::Result<()> {
    let name = if field == "@timestamp" { "time" } else { "value" };
    match form {
        Form::Csv => {
            csv::write_row(out, [field, "events"])?;
            for (_, value, events) in rows {
                csv::write_row(out, [&*value, &events.to_string()])?;
            }
        }
        Form::Json => {
            let all: Vec<_> =
                rows.map(|(value, _, events)| json!({ name: value, "events": events })).collect();
            writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
        }
        _ => {
            for (value, _, events) in rows {
                writeln!(out, "{}", json!({ name: value, "events": events }))?;
            }
        }
    }
    out.flush()
}

/// Draws a bar for each row.
fn bars(out: &mut dyn Write, rows: &[(String, u64)]) -> io::Result<()> {
    let named = |value: &str| clean_to(value, WIDEST);
    let widest = rows.iter().map(|(value, _)| named(value).width()).max().unwrap_or_default();
    let most = rows.iter().map(|(_, events)| *events).max().unwrap_or_default();
    let number = HumanCount(most).to_string().len();
    for (value, events) in rows {
        let value = named(value);
        let padding = widest.saturating_sub(value.width());
        let count = format!("{:>number$}", HumanCount(*events).to_string());
        let line =
            format!("{value}{:padding$}  {}  {}", "", paint(HEADING, &count), bar(*events, most));
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// A bar of eighths of a character; what is not nothing is at least one.
fn bar(events: u64, most: u64) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if events == 0 || most == 0 {
        return String::new();
    }
    let eighths = u128::from(events) * (LONGEST as u128) * 8 / u128::from(most);
    let eighths = usize::try_from(eighths).unwrap_or(LONGEST * 8).clamp(1, LONGEST * 8);
    let part = PARTS.get(eighths % 8).copied().unwrap_or_default();
    format!("{}{part}", "█".repeat(eighths / 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_counts() {
        assert_eq!(bar(8, 8), "█".repeat(40));
        assert_eq!(bar(4, 8), "█".repeat(20));
        assert_eq!(bar(1, 320), "▏");
        assert_eq!(bar(1, 1_000_000), "▏");
        assert_eq!(bar(0, 8), "");
        assert_eq!(bar(0, 0), "");
        assert_eq!(bar(u64::MAX, u64::MAX), "█".repeat(40));
    }
}
