//! `wardgate rules list`.

use std::io::{self, IsTerminal, Write};

use anyhow::Result;
use clap::{Args, ValueEnum};
use comfy_table::{Attribute, Cell, Color};
use detect::attack::Threat;
use detect::sigma::{Level, Rule};
use detect::{Pack, PackRule, Selection};
use serde_json::json;

use super::{State, count};
use crate::cli::DONE;
use crate::commands::rule_selection::RuleSelection;
use crate::term::clean::clean;
use crate::term::csv;
use crate::term::style::{HEADING, QUIET, paint};
use crate::term::table;

/// List the rules, and which of them are on.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate rules list\n  \
    wardgate rules list --effort master --min-level high\n  \
    wardgate rules list --rules ours/ --no-builtin --format csv")]
pub(super) struct ListArgs {
    #[command(flatten)]
    rules: RuleSelection,
    /// Leave out rules that are off.
    #[arg(long)]
    on: bool,
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

pub(super) fn run(args: &ListArgs) -> Result<u8> {
    let pack = args.rules.load()?;
    let selection = args.rules.selection(&pack)?;
    let states = super::states(&pack, &selection, &args.rules)?;
    let mut listed: Vec<(&PackRule, State)> = pack
        .rules()
        .iter()
        .zip(states)
        .filter(|(_, state)| *state != State::Off || !args.on)
        .filter(|(rule, _)| !detect::only_serves(&rule.rule, &pack))
        .collect();
    // The gravest first; the sort is stable, so that sets stay in the order of loading.
    let sets: Vec<&str> = sets(&pack);
    listed.sort_by_cached_key(|(rule, _)| {
        let set = sets.iter().position(|set| *set == &*rule.ruleset);
        (set, std::cmp::Reverse(rule.rule.level), rule.rule.title.to_lowercase())
    });
    let default = if io::stdout().is_terminal() { Format::Table } else { Format::Ndjson };
    let mut out = anstream::stdout().lock();
    match args.format.unwrap_or(default) {
        Format::Table => table(&mut out, &listed, &selection)?,
        Format::Json => {
            let all: Vec<_> = listed.iter().map(|(rule, state)| as_json(rule, *state)).collect();
            writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
        }
        Format::Ndjson => {
            for (rule, state) in listed {
                writeln!(out, "{}", as_json(rule, state))?;
            }
        }
        Format::Csv => {
            csv::write_row(
                &mut out,
                ["state", "level", "effort", "title", "id", "techniques", "ruleset"],
            )?;
            for (PackRule { rule, ruleset }, state) in listed {
                let id = rule.id.as_deref().unwrap_or_default();
                let techniques = techniques(rule);
                csv::write_row(
                    &mut out,
                    [
                        state.as_str(),
                        level(rule),
                        effort(rule),
                        &rule.title,
                        id,
                        &techniques,
                        ruleset,
                    ],
                )?;
            }
        }
    }
    out.flush()?;
    Ok(DONE)
}

fn sets(pack: &Pack) -> Vec<&str> {
    let mut sets: Vec<&str> = Vec::new();
    for rule in pack.rules() {
        if !sets.contains(&&*rule.ruleset) {
            sets.push(&rule.ruleset);
        }
    }
    sets
}

fn table(
    out: &mut impl Write,
    listed: &[(&PackRule, State)],
    selection: &Selection,
) -> io::Result<()> {
    for rules in listed.chunk_by(|(a, _), (b, _)| a.ruleset == b.ruleset) {
        if let Some((first, _)) = rules.first() {
            writeln!(out, "{}", paint(HEADING, &clean(&first.ruleset)))?;
        }
        let mut table = table::fitted();
        table.set_header(["", "LEVEL", "EFFORT", "RULE", "ID", "TECHNIQUES"]);
        for (PackRule { rule, .. }, state) in rules {
            let id = rule.id.as_deref().unwrap_or_default();
            let short: String = clean(id).chars().take(8).collect();
            let cells = [
                Cell::new(state.as_str()).fg(match state {
                    State::On => Color::Green,
                    State::Idle => Color::Yellow,
                    State::Unusable => Color::Red,
                    State::Off => Color::DarkGrey,
                }),
                levelled(Cell::new(level(rule)), rule.level),
                Cell::new(effort(rule)),
                Cell::new(clean(&rule.title)),
                Cell::new(short).add_attribute(Attribute::Dim),
                Cell::new(techniques(rule)).add_attribute(Attribute::Dim),
            ];
            let is_off = *state == State::Off;
            let dimmed = |cell: Cell| if is_off { cell.fg(Color::DarkGrey) } else { cell };
            table.add_row(cells.map(dimmed));
        }
        writeln!(out, "{}", table::lines(&mut table))?;
    }
    let mut counts = Vec::new();
    for state in [State::On, State::Idle, State::Unusable, State::Off] {
        let count = listed.iter().filter(|(_, other)| *other == state).count();
        if count > 0 {
            counts.push(format!("{count} {}", state.as_str()));
        }
    }
    let counts = counts.join(", ");
    let total =
        format!("{}: {counts} (effort up to {})", count(listed.len(), "rule"), selection.effort);
    writeln!(out, "{}", paint(QUIET, &total))?;
    if listed.iter().any(|(_, state)| *state == State::Idle) {
        let why = "idle rules wait for values: --indicators FILE, --placeholders FILE";
        writeln!(out, "{}", paint(QUIET, why))?;
    }
    Ok(())
}

fn levelled(cell: Cell, level: Option<Level>) -> Cell {
    match level {
        None | Some(Level::Informational) => cell.fg(Color::DarkGrey),
        Some(Level::Low) => cell.fg(Color::Cyan),
        Some(Level::Medium) => cell.fg(Color::Yellow),
        Some(Level::High) => cell.fg(Color::Red),
        Some(Level::Critical) => cell.fg(Color::Red).add_attribute(Attribute::Bold),
    }
}

fn level(rule: &Rule) -> &'static str {
    rule.level.map_or("", |level| level.as_str())
}

fn effort(rule: &Rule) -> &'static str {
    rule.wardgate.effort.map_or("", |effort| effort.as_str())
}

fn techniques(rule: &Rule) -> String {
    let exact = Threat::of_tags(&rule.tags).most_exact();
    exact.iter().map(|technique| technique.id).collect::<Vec<_>>().join(" ")
}

fn as_json(PackRule { rule, ruleset }: &PackRule, state: State) -> serde_json::Value {
    let threat = Threat::of_tags(&rule.tags);
    let techniques: Vec<&str> = threat.most_exact().iter().map(|technique| technique.id).collect();
    let tactics: Vec<&str> = threat.tactics.iter().map(|tactic| tactic.short_name).collect();
    json!({
        "state": state.as_str(),
        "level": rule.level.map(|level| level.as_str()),
        "effort": rule.wardgate.effort.map(|effort| effort.as_str()),
        "title": rule.title,
        "id": rule.id,
        "name": rule.name,
        "status": rule.status.map(|status| status.as_str()),
        "tactics": tactics,
        "techniques": techniques,
        "tags": rule.tags,
        "ruleset": &**ruleset,
        "file": &*rule.file,
        "line": rule.line,
    })
}
