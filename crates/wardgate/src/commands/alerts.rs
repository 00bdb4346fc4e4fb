//! `wardgate alerts`: what was found, and what became of it.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};
use clap::{Args, Subcommand, ValueEnum};
use detect::sigma::Level;
use ecs::Timestamp;
use serde_json::json;
use store::{
    Alert, AlertFilter, AlertState, AlertUpdate, ChangeKind, Database, StoredAlert, Verdict,
};

use super::rule_selection::parse_level;
use crate::cli::DONE;
use crate::term::clean::clean;
use crate::term::say::say;
use crate::term::style::{HEADING, QUIET, level, paint};
use crate::term::{csv, table};

/// List stored alerts, look at one, or change what is to be done about it.
#[derive(Debug, Args)]
pub(crate) struct AlertsArgs {
    #[command(subcommand)]
    command: AlertsCommand,
    /// The data folder.
    #[arg(long, value_name = "FOLDER", default_value = "wardgate-data", global = true)]
    data: PathBuf,
}

#[derive(Debug, Subcommand)]
enum AlertsCommand {
    List(ListArgs),
    Show(ShowArgs),
    Acknowledge(ChangeArgs),
    Close(CloseArgs),
    Reopen(ChangeArgs),
}

/// List alerts, newest first. Repeats of one rule and entity are folded into one, with a count.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate alerts list --state new --min-severity high\n  \
    wardgate alerts list --user ada@example.org --since 7d --format csv")]
struct ListArgs {
    /// In this state: new, acknowledged or closed.
    #[arg(long, value_name = "STATE")]
    state: Option<AlertState>,
    /// Of at least this severity.
    #[arg(long, value_name = "LEVEL", value_parser = parse_level)]
    min_severity: Option<Level>,
    /// Of this rule, by id or name.
    #[arg(long)]
    rule: Option<String>,
    /// About this user.
    #[arg(long)]
    user: Option<String>,
    /// Not older than this, such as 7d or 12h.
    #[arg(long, value_name = "AGE", value_parser = parse_age)]
    since: Option<Timestamp>,
    /// Repeats too, each for itself.
    #[arg(long)]
    repeats: bool,
    /// At most so many; 0 for all.
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    limit: usize,
    /// How to print them. Default: a table on a terminal, NDJSON otherwise.
    #[arg(long)]
    format: Option<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
    Ndjson,
    Csv,
}

/// Show an alert: what happened, what to look at, what has been done.
#[derive(Debug, Args)]
struct ShowArgs {
    /// Its id, or how it begins.
    id: String,
    /// Print its ECS document.
    #[arg(long)]
    json: bool,
}

/// Change the state of alerts.
#[derive(Debug, Args)]
struct ChangeArgs {
    /// Their ids, or how they begin.
    #[arg(required = true)]
    ids: Vec<String>,
    /// What there is to say about it.
    #[arg(long)]
    comment: Option<String>,
    /// Who says so.
    #[arg(long, value_name = "NAME", env = "USER", default_value = "unknown")]
    by: String,
}

/// Close alerts, with a verdict.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    wardgate alerts close 3f2a --verdict false_positive --comment \"the new VPN\"")]
struct CloseArgs {
    #[command(flatten)]
    change: ChangeArgs,
    /// What it was: true_positive, benign or false_positive.
    #[arg(long)]
    verdict: Verdict,
}

/// Runs the command.
pub(crate) fn run(args: &AlertsArgs) -> Result<u8> {
    let mut database = Database::open(&args.data)?;
    match &args.command {
        AlertsCommand::List(args) => list(&database, args)?,
        AlertsCommand::Show(args) => show(&database, args)?,
        AlertsCommand::Acknowledge(args) => {
            change(&mut database, args, AlertState::Acknowledged, None)?;
        }
        AlertsCommand::Close(args) => {
            change(&mut database, &args.change, AlertState::Closed, Some(args.verdict))?;
        }
        AlertsCommand::Reopen(args) => change(&mut database, args, AlertState::New, None)?,
    }
    Ok(DONE)
}

fn parse_age(text: &str) -> Result<Timestamp, String> {
    let expected = "expected an age such as 30m, 12h or 7d";
    let unit = text.chars().last().ok_or(expected)?;
    let number = text.strip_suffix(unit).unwrap_or_default();
    let number: i64 = number.parse().map_err(|_| expected)?;
    let milliseconds = match unit {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        _ => return Err(expected.to_owned()),
    };
    let age = number.checked_mul(milliseconds).filter(|age| *age >= 0).ok_or(expected)?;
    Ok(Timestamp(Timestamp::now().0.saturating_sub(age)))
}

fn list(database: &Database, args: &ListArgs) -> Result<()> {
    let severities = args.min_severity.map_or_else(Vec::new, |least| {
        let all = [Level::Informational, Level::Low, Level::Medium, Level::High, Level::Critical];
        let wanted = all.into_iter().filter(|level| *level >= least);
        wanted.map(|level| level.as_str().to_owned()).collect()
    });
    let alerts = database.alerts(&AlertFilter {
        states: args.state.into_iter().collect(),
        severities,
        rule: args.rule.clone(),
        user: args.user.clone(),
        since: args.since,
        repeats: args.repeats,
        limit: args.limit,
        ..AlertFilter::default()
    })?;
    let default = if io::stdout().is_terminal() { Format::Table } else { Format::Ndjson };
    let mut out = anstream::stdout().lock();
    match args.format.unwrap_or(default) {
        Format::Table => {
            let rows = alerts.iter().map(|alert| {
                [
                    short(alert),
                    alert.last_time.to_string(),
                    alert.severity.clone(),
                    alert.state.to_string(),
                    alert.count.to_string(),
                    alert.title.clone(),
                ]
            });
            let heading = ["id", "last", "severity", "state", "count", "what happened"];
            write!(out, "{}", table::render(heading, rows))?;
            if alerts.is_empty() {
                say("no alerts");
            }
        }
        Format::Json => {
            let all: Vec<_> = alerts.iter().map(as_json).collect();
            writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
        }
        Format::Ndjson => {
            for alert in &alerts {
                writeln!(out, "{}", as_json(alert))?;
            }
        }
        Format::Csv => {
            let heading = [
                "id",
                "time",
                "last_time",
                "count",
                "severity",
                "state",
                "verdict",
                "rule",
                "user",
                "address",
                "place",
                "title",
            ];
            csv::write_row(&mut out, heading)?;
            for alert in &alerts {
                let text = |value: &Option<String>| value.clone().unwrap_or_default();
                let verdict = alert.verdict.map(Verdict::as_str).unwrap_or_default();
                csv::write_row(
                    &mut out,
                    [
                        &*alert.id.to_string(),
                        &alert.time.to_string(),
                        &alert.last_time.to_string(),
                        &alert.count.to_string(),
                        &alert.severity,
                        alert.state.as_str(),
                        verdict,
                        &alert.rule_name,
                        &text(&alert.user),
                        &text(&alert.address),
                        &text(&alert.place),
                        &alert.title,
                    ],
                )?;
            }
        }
    }
    out.flush()?;
    Ok(())
}

/// As much of the id as people need.
fn short(alert: &Alert) -> String {
    alert.id.to_string().chars().take(8).collect()
}

fn as_json(alert: &Alert) -> serde_json::Value {
    json!({
        "id": alert.id.to_string(),
        "repeat_of": alert.repeat_of.map(|id| id.to_string()),
        "time": alert.time.to_string(),
        "last_time": alert.last_time.to_string(),
        "count": alert.count,
        "severity": alert.severity,
        "state": alert.state.as_str(),
        "verdict": alert.verdict.map(Verdict::as_str),
        "rule": { "id": alert.rule, "name": alert.rule_name },
        "user": alert.user,
        "address": alert.address,
        "place": alert.place,
        "title": alert.title,
    })
}

fn find(database: &Database, id: &str) -> Result<StoredAlert> {
    database.alert(id)?.map_err(|unknown| anyhow!(unknown))
}

fn show(database: &Database, args: &ShowArgs) -> Result<()> {
    let StoredAlert { alert, document } = find(database, &args.id)?;
    let mut out = anstream::stdout().lock();
    if args.json {
        writeln!(out, "{document}")?;
        return Ok(());
    }
    let severity = Level::from_name(&alert.severity).unwrap_or(Level::Medium);
    writeln!(out, "{}", paint(HEADING, &clean(&alert.title)))?;
    let mut line = |name: &str, value: &str| {
        writeln!(out, "{} {}", paint(QUIET, &format!("{name:<10}")), clean(value))
    };
    line("id", &alert.id.to_string())?;
    line("rule", &alert.rule_name)?;
    line("severity", &alert.severity)?;
    line("time", &alert.time.to_string())?;
    if alert.count > 1 {
        line("repeated", &format!("{} times, last {}", alert.count, alert.last_time))?;
    }
    for (name, value) in
        [("user", &alert.user), ("address", &alert.address), ("place", &alert.place)]
    {
        if let Some(value) = value {
            line(name, value)?;
        }
    }
    let verdict = alert.verdict.map(|verdict| format!(", {verdict}")).unwrap_or_default();
    line("state", &format!("{}{verdict}", alert.state))?;
    let document: serde_json::Value = serde_json::from_str(&document)?;
    for (heading, path) in [
        ("What to look at", "/wardgate/alert/triage"),
        ("Often harmless", "/wardgate/alert/false_positives"),
    ] {
        let steps = document.pointer(path).and_then(serde_json::Value::as_array);
        let Some(steps) = steps.filter(|steps| !steps.is_empty()) else { continue };
        writeln!(out, "\n{}", paint(level(severity), heading))?;
        for step in steps.iter().filter_map(serde_json::Value::as_str) {
            writeln!(out, "- {}", clean(step))?;
        }
    }
    let changes = database.changes(alert.seq)?;
    if !changes.is_empty() {
        writeln!(out, "\n{}", paint(level(severity), "What has been done"))?;
    }
    for change in changes {
        let verdict = change.verdict.map(|verdict| format!(", {verdict}")).unwrap_or_default();
        let comment = change.comment.map(|comment| format!(": {comment}")).unwrap_or_default();
        let what = match change.kind {
            ChangeKind::State => change.state.as_str().to_owned(),
            ChangeKind::Comment => "comment".to_owned(),
            ChangeKind::Assign => match change.assignee {
                Some(assignee) => format!("assigned to {assignee}"),
                None => "assigned to nobody".to_owned(),
            },
        };
        let verdict = if change.kind == ChangeKind::State { verdict } else { String::new() };
        let text = format!("{} {what} by {}{verdict}{comment}", change.at, change.by);
        writeln!(out, "- {}", clean(&text))?;
    }
    out.flush()?;
    Ok(())
}

fn change(
    database: &mut Database,
    args: &ChangeArgs,
    state: AlertState,
    verdict: Option<Verdict>,
) -> Result<()> {
    let found: Vec<StoredAlert> =
        args.ids.iter().map(|id| find(database, id)).collect::<Result<_>>()?;
    if found.is_empty() {
        bail!("expected the id of an alert, see wardgate alerts list");
    }
    for StoredAlert { alert, .. } in found {
        let update = AlertUpdate {
            state: Some(state),
            verdict,
            comment: args.comment.clone(),
            ..AlertUpdate::new(args.by.clone())
        };
        database.change_alert(alert.seq, &update)??;
        say(&format!("{} is {state}: {}", short(&alert), alert.title));
    }
    Ok(())
}
