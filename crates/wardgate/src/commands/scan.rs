//! `wardgate scan`: exports into records, alerts and a summary.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use detect::Detector;
use detect::coverage::Coverage;
use detect::sigma::Level;
use ecs::{Organization, Timestamp};
use files::Input;

use super::rule_selection::{RuleSelection, parse_level};
use crate::cli::{DONE, FAILED, FOUND};
use crate::report::{self, Report};
use crate::scan::{self, AlertForm, Outcome, Outputs, Plan, Progress};
use crate::term::say::say;
use crate::term::{csv, progress, summary};

/// How many alerts the HTML report can open to their events. The others are counted.
const MOST_IN_REPORT: usize = 2_000;

/// Read exported System Logs, turn every event into an ECS record, and find attacks.
///
/// Takes files, folders, globs and `-` for the standard input: NDJSON, JSON arrays, API pages
/// and CSV, compressed with gzip or zstd or not at all, as Okta, event hooks, EventBridge,
/// Splunk or Elasticsearch write them. What a file holds is recognised by its content.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate scan export.json                              what happened?\n  \
    wardgate scan logs/ --report report.html               the same, to click through\n  \
    wardgate scan logs/ --alerts alerts.ndjson --records records.ndjson\n  \
    zcat *.gz | wardgate scan - --format ndjson | jq .message\n  \
    wardgate scan logs/ --rules ours/ --effort master --since 7d\n  \
    wardgate scan logs/ --fail-on high                     exit status 1 if there is anything grave\n\n\
    Exit status: 0 done, 1 alerts as grave as --fail-on, 2 something failed.")]
pub(crate) struct ScanArgs {
    /// Files, folders, globs, or `-` for the standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    rules: RuleSelection,
    /// A list of exceptions: rule, field, value, reason and expiry (repeatable keys in YAML).
    #[arg(long, value_name = "FILE", help_heading = "Rules")]
    exceptions: Option<PathBuf>,
    /// Only alerts at least this grave: informational, low, medium, high or critical.
    #[arg(long, value_name = "SEVERITY", value_parser = parse_level)]
    min_severity: Option<Level>,
    /// Only events from this time on: 2026-09-01, 2026-09-01T08:00:00Z, or 7d, 12h, 30m ago.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<Timestamp>,
    /// Only events before this time.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<Timestamp>,
    /// What to print. Default: a summary on a terminal, alerts as NDJSON otherwise.
    #[arg(long, help_heading = "Output")]
    format: Option<Format>,
    /// Write every record here, one JSON object a line (`-`: the standard output).
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    records: Option<PathBuf>,
    /// Write every alert here, one JSON object a line.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    alerts: Option<PathBuf>,
    /// Write what is no event here, with file, line and reason, one JSON object a line.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    rejects: Option<PathBuf>,
    /// Write a report here: one HTML file that needs nothing else.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    report: Option<PathBuf>,
    /// Write an ATT&CK Navigator layer of what was found here.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    navigator: Option<PathBuf>,
    /// End with status 1 if there are alerts at least this grave.
    #[arg(long, value_name = "SEVERITY", value_parser = parse_level, help_heading = "Output")]
    fail_on: Option<Level>,
    /// `organization.id` for the records.
    #[arg(long, value_name = "ID")]
    organization: Option<String>,
    /// `organization.name` for the records.
    #[arg(long, value_name = "NAME")]
    organization_name: Option<String>,
    /// How many threads work. Default: one for each core.
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<usize>>,
    /// The most bytes that one event may have.
    #[arg(long, value_name = "BYTES", default_value_t = files::Options::default().limit)]
    max_event_size: usize,
    /// No progress, no summary: only what was asked for, and errors.
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A summary for people.
    Table,
    /// One JSON object: the summary and all alerts.
    Json,
    /// Alerts, one JSON object a line.
    Ndjson,
    /// Alerts, one row each.
    Csv,
}

/// Runs the command.
pub(crate) fn run(args: ScanArgs) -> Result<u8> {
    let started = Instant::now();
    let pack = args.rules.load()?;
    let mut selection = args.rules.selection(&pack)?;
    if let Some(level) = args.min_severity {
        selection.min_level = selection.min_level.max(level);
    }
    let exceptions = super::rule_selection::load_exceptions(args.exceptions.as_deref())?;
    let placeholders = args.rules.placeholders()?;
    let indicators = args.rules.indicators(args.quiet)?;
    let detector =
        Detector::with_indicators(&pack, &selection, placeholders, exceptions, indicators);
    super::rule_selection::report_problems(&pack, &detector, args.quiet);

    let inputs = files::expand(&args.paths)?;
    let names: Vec<String> = args.paths.iter().map(|path| path.display().to_string()).collect();
    let outputs = [&args.records, &args.alerts, &args.rejects, &args.report, &args.navigator];
    let outputs: Vec<&Path> = outputs.into_iter().flatten().map(PathBuf::as_path).collect();
    check_outputs(&inputs, &outputs)?;

    let stdout_is_taken = outputs.contains(&Path::new("-"));
    let default = if io::stdout().is_terminal() { Format::Table } else { Format::Ndjson };
    let format = args.format.unwrap_or(default);
    if args.records.is_some() {
        // Compiled while the first events are read.
        ecs::prepare_user_agents();
    }
    let mut to = Outputs {
        records: args.records.as_deref().map(create).transpose()?,
        rejects: args.rejects.as_deref().map(create).transpose()?,
        alerts: Vec::new(),
    };
    if let Some(path) = &args.alerts {
        to.alerts.push((create(path)?, AlertForm::Ndjson));
    }
    let stdout = || Box::new(BufWriter::with_capacity(64 << 10, io::stdout()));
    match format {
        _ if stdout_is_taken => {}
        Format::Table => {}
        Format::Ndjson => to.alerts.push((stdout(), AlertForm::Ndjson)),
        Format::Json => {
            let mut out = stdout();
            out.write_all(b"{\"alerts\":[")?;
            to.alerts.push((out, AlertForm::Elements));
        }
        Format::Csv => {
            let mut out = stdout();
            csv::write_row(&mut *out, csv::ALERT_COLUMNS)?;
            to.alerts.push((out, AlertForm::Csv));
        }
    }

    // Opened before the work, so that hours of it are not lost to a typing error.
    let report = args.report.as_deref().map(create).transpose()?;
    let navigator = args.navigator.as_deref().map(create).transpose()?;
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let plan = Plan {
        inputs,
        reading: files::Options { limit: args.max_event_size, ..files::Options::default() },
        threads: args.threads.map_or(cores, NonZero::get),
        detector: &detector,
        organization: Organization { id: args.organization, name: args.organization_name },
        since: args.since,
        until: args.until,
        outputs: to,
        keep: if report.is_some() { MOST_IN_REPORT } else { 0 },
    };
    let state = Arc::new(Progress::default());
    let mut bar = None;
    let outcome = scan::run(plan, &state, |read| {
        bar = (!args.quiet).then(|| progress::Bar::start(&state, read));
    });
    drop(bar);
    let outcome = outcome.context("cannot write the output")?;
    let Outcome { summary: found, unreadable, rejects, .. } = &outcome;

    if !args.quiet {
        summary::rejects(rejects, found.rejects, args.rejects.is_some());
    }
    for error in unreadable {
        say(&format!("wardgate: {error}"));
    }
    let detect::Memory { groups, bytes, evicted, .. } = outcome.memory;
    if evicted > 0 && !args.quiet {
        say(&format!(
            "wardgate: rules about several events forgot {evicted} groups to make room for others, \
             and remember {groups} in {} MiB: scan fewer days at a time to miss nothing",
            bytes >> 20
        ));
    }
    // Before the standard output, whose reader may have gone.
    if let Some(out) = navigator {
        write_layer(out, &detector, &outcome).context("cannot write the Navigator layer")?;
    }
    if let Some(out) = report {
        write_report(out, &names.join(", "), &detector, &outcome)
            .context("cannot write the report")?;
    }
    match format {
        _ if stdout_is_taken => {}
        Format::Json => {
            let mut out = io::stdout().lock();
            writeln!(out, "\n],\"summary\":{}}}", serde_json::to_string(found)?)?;
        }
        Format::Table if !args.quiet => {
            let mut out = anstream::stdout().lock();
            summary::write(&mut out, found, started.elapsed())?;
        }
        _ => {}
    }
    if !args.quiet && (format != Format::Table || stdout_is_taken) {
        // Talk: when nobody can hear it, nothing is lost.
        let _ = summary::write(&mut anstream::stderr().lock(), found, started.elapsed());
    }
    let grave = |level: Level| {
        found.severities.iter().any(|count| {
            count.count > 0 && Level::from_name(&count.name).is_some_and(|found| found >= level)
        })
    };
    Ok(match args.fail_on {
        _ if !unreadable.is_empty() => FAILED,
        Some(level) if grave(level) => FOUND,
        _ => DONE,
    })
}

/// A file that is about to be written, or the standard output for `-`.
fn create(path: &Path) -> Result<Box<dyn Write + Send>> {
    if path == Path::new("-") {
        return Ok(Box::new(BufWriter::with_capacity(64 << 10, io::stdout())));
    }
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Box::new(BufWriter::with_capacity(64 << 10, file)))
}

/// Refuses to write over an input, and to write two things into one file.
fn check_outputs(inputs: &[Input], outputs: &[&Path]) -> Result<()> {
    let mut before: Vec<&Path> = Vec::new();
    for path in outputs {
        if inputs.iter().filter_map(Input::path).any(|input| is_same_file(input, path)) {
            bail!("{} is one of the inputs: write to another file", path.display());
        }
        if before.iter().any(|other| is_same_file(other, path)) {
            bail!("{} is named for two outputs: name a file for each", path.display());
        }
        before.push(path);
    }
    Ok(())
}

/// Whether writing to one path changes what is read from the other. Devices can be shared.
fn is_same_file(one: &Path, other: &Path) -> bool {
    let (Ok(one_is), Ok(other_is)) = (one.metadata(), other.metadata()) else {
        let absolute = |path: &Path| std::path::absolute(path).ok();
        return absolute(one).is_some_and(|one| Some(one) == absolute(other));
    };
    if !one_is.is_file() || !other_is.is_file() {
        return false;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        // Hard links have nothing else in common.
        if (one_is.dev(), one_is.ino()) == (other_is.dev(), other_is.ino()) {
            return true;
        }
    }
    let canonical = |path: &Path| path.canonicalize().ok();
    canonical(one).is_some_and(|one| Some(one) == canonical(other))
}

fn write_layer(
    mut out: Box<dyn Write + Send>,
    detector: &Detector,
    outcome: &Outcome,
) -> Result<()> {
    let rules = detector.rules().iter().map(|rule| &*rule.rule);
    let alerts = outcome.alerts_by_rule.iter().copied();
    let layer = Coverage::of_alerts(rules.zip(alerts)).layer("Wardgate scan");
    serde_json::to_writer_pretty(&mut out, &layer)?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(())
}

fn write_report(
    mut out: Box<dyn Write + Send>,
    title: &str,
    detector: &Detector,
    outcome: &Outcome,
) -> Result<()> {
    let report = Report {
        title,
        generated_by: concat!("wardgate ", env!("CARGO_PKG_VERSION")),
        summary: &outcome.summary,
        alerts: &outcome.kept,
        alerts_left_out: outcome.left_out,
        attack: &tactics(detector, outcome),
    };
    report.write(&mut out)?;
    out.flush()?;
    Ok(())
}

/// The ATT&CK matrix: what the rules cover, and what was seen.
fn tactics(detector: &Detector, outcome: &Outcome) -> Vec<report::Tactic> {
    let alerts: HashMap<&str, u64> =
        outcome.summary.rules.iter().map(|rule| (rule.name.as_str(), rule.count)).collect();
    let covered = Coverage::of_rules(detector.rules().iter().map(|rule| (&*rule.rule, true)));
    let tactics = covered.tactics().into_iter().filter(|tactic| !tactic.covered.is_empty());
    let tactics = tactics.map(|row| report::Tactic {
        id: row.tactic.id.to_owned(),
        name: row.tactic.name.to_owned(),
        techniques: row
            .covered
            .iter()
            .map(|(technique, titles)| report::Technique {
                id: technique.id.to_owned(),
                name: technique.name.to_owned(),
                rules: titles.len() as u64,
                alerts: titles.iter().filter_map(|title| alerts.get(title.as_str())).sum(),
            })
            .collect(),
    });
    tactics.collect()
}

/// Reads a time: a date, an instant, or how long ago.
pub(crate) fn parse_time(text: &str) -> Result<Timestamp, String> {
    if let Some(time) =
        Timestamp::parse(text).or_else(|| Timestamp::parse(&format!("{text}T00:00:00Z")))
    {
        return Ok(time);
    }
    let units =
        [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
    let ago = units.into_iter().find_map(|(unit, milliseconds)| {
        let count: u32 = text.strip_suffix(unit)?.parse().ok()?;
        Some(Timestamp(Timestamp::now().0.saturating_sub(i64::from(count) * milliseconds)))
    });
    ago.ok_or_else(|| "expected a date (2026-09-01), an instant (2026-09-01T08:00:00Z) or how long ago (7d, 12h, 30m)".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        assert_eq!(parse_time("1970-01-02"), Ok(Timestamp(86_400_000)));
        assert_eq!(parse_time("1970-01-01T00:00:01Z"), Ok(Timestamp(1_000)));
        let ago = Timestamp::now().0 - parse_time("2h").unwrap().0;
        assert!((7_200_000..7_260_000).contains(&ago), "{ago}");
        for wrong in ["", "d", "-1d", "yesterday", "2026-13-01", "9999999999999d"] {
            assert!(parse_time(wrong).is_err(), "{wrong}");
        }
    }
}
