//! `wardgate rules coverage`.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use detect::coverage::Coverage;
use detect::sigma::Rule;

use super::State;
use crate::cli::DONE;
use crate::commands::rule_selection::RuleSelection;
use crate::term::say::say;
use crate::term::style::{QUIET, paint};
use crate::term::table;

/// The width of a bar, in columns.
const BAR: usize = 12;

/// Show which ATT&CK techniques the rules cover, or write an ATT&CK Navigator layer of them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate rules coverage                    a table of tactics\n  \
    wardgate rules coverage -o layer.json      for https://mitre-attack.github.io/attack-navigator/\n  \
    wardgate rules coverage --rules ours/ --effort master --format json")]
pub(super) struct CoverageArgs {
    #[command(flatten)]
    rules: RuleSelection,
    /// Write the layer here.
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    /// What to print. Default: a table on a terminal, the layer otherwise.
    #[arg(long, help_heading = "Output")]
    format: Option<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table of tactics.
    Table,
    /// A layer for the ATT&CK Navigator.
    Json,
}

pub(super) fn run(args: &CoverageArgs) -> Result<u8> {
    let pack = args.rules.load()?;
    let selection = args.rules.selection(&pack)?;
    let states = super::states(&pack, &selection, &args.rules)?;
    // A rule that waits for indicators covers its techniques; one that is broken does not.
    let rules = pack.rules().iter().zip(states).filter(|(_, state)| *state != State::Unusable);
    let rules: Vec<(&Rule, bool)> =
        rules.map(|(rule, state)| (&*rule.rule, state != State::Off)).collect();
    let coverage = Coverage::of_rules(rules);
    let layer = || serde_json::to_string_pretty(&coverage.layer("Wardgate rules"));
    if let Some(path) = &args.output {
        fs::write(path, layer()? + "\n")
            .with_context(|| format!("cannot write {}", path.display()))?;
        let techniques = super::count(coverage.techniques(), "technique");
        say(&format!("wrote {}: {techniques}", path.display()));
        if args.format.is_none() {
            return Ok(DONE);
        }
    }
    let default = if io::stdout().is_terminal() { Format::Table } else { Format::Json };
    let mut out = anstream::stdout().lock();
    match args.format.unwrap_or(default) {
        Format::Json => writeln!(out, "{}", layer()?)?,
        Format::Table => table(&mut out, &coverage)?,
    }
    out.flush()?;
    Ok(DONE)
}

fn table(out: &mut impl Write, coverage: &Coverage) -> io::Result<()> {
    let tactics = coverage.tactics();
    let most = tactics.iter().map(|row| row.covered.len()).max().unwrap_or(0).max(1);
    let rows = tactics.iter().map(|row| {
        let filled = (row.covered.len() * BAR).div_ceil(most);
        let covered: Vec<&str> = row.covered.iter().map(|(technique, _)| technique.id).collect();
        let off = row.only_off.iter().map(|technique| format!("({})", technique.id));
        let ids: Vec<String> = covered.into_iter().map(str::to_owned).chain(off).collect();
        [
            row.tactic.id.to_owned(),
            row.tactic.name.to_owned(),
            row.covered.len().to_string(),
            "█".repeat(filled),
            ids.join(" "),
        ]
    });
    write!(out, "{}", table::render(["id", "tactic", "covered", "", "techniques"], rows))?;
    let mut note = format!(
        "{} of ATT&CK {} covered; each stands under every tactic that it serves",
        super::count(coverage.techniques(), "technique"),
        detect::attack::VERSION
    );
    if tactics.iter().any(|row| !row.only_off.is_empty()) {
        note.push_str("; those in brackets only by rules that are off");
    }
    writeln!(out, "\n{}", paint(QUIET, &note))
}
