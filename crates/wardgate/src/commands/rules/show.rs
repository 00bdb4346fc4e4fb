//! `wardgate rules show`.

use std::io::{self, Write};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use detect::attack::Threat;
use detect::lint::Source;
use detect::rule_test::RuleTests;
use detect::sigma::{self, Rule};
use serde_json::{Value, json};

use super::{State, source, words};
use crate::cli::DONE;
use crate::commands::rule_selection::RuleSelection;
use crate::term::clean::clean;
use crate::term::style::{self, BAD, GOOD, HEADING, QUIET, WARNING, paint};
use crate::term::table;

/// The widest that prose gets, in columns.
const WIDEST: usize = 96;

/// Explain a rule: what it looks for, what to do about its alerts, how it is tested.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate rules show 'Okta MFA Disabled'\n  \
    wardgate rules show mfa\n  \
    wardgate rules show fe014372 --format json")]
pub(super) struct ShowArgs {
    /// The rule's id or its beginning, its name, or a part of its title.
    rule: String,
    #[command(flatten)]
    rules: RuleSelection,
    /// How to print it.
    #[arg(long, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

/// A rule, its text, and its tests.
struct Shown<'s> {
    rule: Rule,
    source: &'s Source,
    tests: Option<RuleTests>,
    state: State,
}

pub(super) fn run(args: &ShowArgs) -> Result<u8> {
    let mut sources = if args.rules.no_builtin { Vec::new() } else { source::of_pack() };
    sources.extend(source::load(&args.rules.rule_paths)?);
    let all: Vec<(Rule, &Source)> = sources
        .iter()
        .flat_map(|source| {
            let rules = sigma::parse(&source.text, &source.path).rules;
            rules.into_iter().map(move |rule| (rule, source))
        })
        .collect();
    let (rule, source) = find(&all, &args.rule)?;
    let pack = args.rules.load()?;
    let selection = args.rules.selection(&pack)?;
    let states = super::states(&pack, &selection, &args.rules)?;
    let mut loaded = pack.rules().iter().zip(states);
    let state = loaded
        .find(|(loaded, _)| loaded.rule.file == rule.file && loaded.rule.line == rule.line)
        // Another rule with its id has taken its place.
        .map_or(State::Off, |(_, state)| state);
    let tests = source.tests.as_ref().map(|(file, text)| RuleTests::parse(text, file).0);
    let shown = Shown { rule: rule.clone(), source, tests, state };
    let mut out = anstream::stdout().lock();
    match args.format {
        Format::Text => shown.write(&mut out)?,
        Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(&shown.as_json())?)?,
    }
    out.flush()?;
    Ok(DONE)
}

/// The rule that is meant: by id, name or title; else the only one whose id begins so, or whose
/// title has this in it. Of rules with the same id the last counts, which replaces the others.
fn find<'r, 's>(all: &'r [(Rule, &'s Source)], wanted: &str) -> Result<&'r (Rule, &'s Source)> {
    let lower = wanted.to_lowercase();
    let same =
        |text: &Option<String>| text.as_ref().is_some_and(|text| text.to_lowercase() == lower);
    let is_exactly =
        |rule: &Rule| same(&rule.id) || same(&rule.name) || rule.title.to_lowercase() == lower;
    if let Some(found) = all.iter().rfind(|(rule, _)| is_exactly(rule)) {
        return Ok(found);
    }
    let is_like = |rule: &Rule| {
        rule.id.as_ref().is_some_and(|id| id.to_lowercase().starts_with(&lower))
            || rule.title.to_lowercase().contains(&lower)
    };
    let found: Vec<_> = all.iter().filter(|(rule, _)| is_like(rule)).collect();
    match found.as_slice() {
        [only] => Ok(only),
        [] => bail!("no rule is called '{wanted}', see wardgate rules list"),
        several => {
            let titles: Vec<String> =
                several.iter().take(10).map(|(rule, _)| format!("  {}", rule.title)).collect();
            bail!("'{wanted}' is in {} rules:\n{}", several.len(), titles.join("\n"))
        }
    }
}

impl Shown<'_> {
    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let rule = &self.rule;
        let width = table::terminal_width().map_or(WIDEST, |width| width.min(WIDEST));
        writeln!(out, "{}", paint(HEADING, &clean(&rule.title)))?;
        let mut facts = Vec::new();
        if let Some(level) = rule.level {
            facts.push(paint(style::level(level), level.as_str()));
        }
        if let Some(effort) = rule.wardgate.effort {
            facts.push(format!("{effort} effort"));
        }
        facts.extend(rule.status.map(|status| status.to_string()));
        facts.push(match self.state {
            State::On => paint(GOOD, "on"),
            State::Idle => paint(WARNING, "idle: it waits for values, see --indicators"),
            State::Unusable => paint(BAD, "unusable"),
            State::Off => paint(QUIET, "off"),
        });
        writeln!(out, "{}", facts.join(" · "))?;
        let id = rule.id.as_deref().unwrap_or("no id");
        let place = clean(&format!("{id} · {}:{}", rule.file, rule.line)).into_owned();
        writeln!(out, "{}\n", paint(QUIET, &place))?;
        if let Some(description) = &rule.description {
            prose(out, description, "", "", width)?;
            writeln!(out)?;
        }
        heading(out, "What it looks for")?;
        for line in words::of_rule(rule) {
            let indent = line.len() - line.trim_start().len();
            prose(out, &line, &" ".repeat(2 + indent), &" ".repeat(6 + indent), width)?;
        }
        writeln!(out)?;
        self.attack(out)?;
        if let Some(title) = &rule.wardgate.title {
            heading(out, "The alert says")?;
            prose(out, title, "  ", "  ", width)?;
            writeln!(out)?;
        }
        let triage = rule.wardgate.triage.iter().zip(1..);
        let triage: Vec<(String, &String)> = triage.map(|(s, n)| (format!("  {n}. "), s)).collect();
        list(out, "What to do first", &triage, width)?;
        let bullets = |texts: &'_ [String]| -> Vec<(String, String)> {
            texts.iter().map(|text| ("  - ".to_owned(), text.clone())).collect()
        };
        list(out, "What else it can be", &bullets(&rule.falsepositives), width)?;
        list(out, "Fields it reads", &bullets(&rule.field_names()), usize::MAX)?;
        list(out, "References", &bullets(&rule.references), usize::MAX)?;
        heading(out, if rule.correlation.is_some() { "Correlation" } else { "Detection" })?;
        for line in self.detection_text().lines() {
            writeln!(out, "  {}", paint(QUIET, &clean(line)))?;
        }
        writeln!(out)?;
        self.tests(out)
    }

    fn attack(&self, out: &mut impl Write) -> io::Result<()> {
        let threat = Threat::of_tags(&self.rule.tags);
        if threat.is_empty() {
            return Ok(());
        }
        heading(out, "ATT&CK")?;
        for tactic in &threat.tactics {
            writeln!(out, "  {:<10} {}", tactic.id, tactic.name)?;
        }
        for technique in threat.most_exact() {
            writeln!(out, "  {:<10} {}", technique.id, technique.full_name())?;
        }
        writeln!(out)
    }

    /// The lines of the file from `detection:`, or `correlation:`, to the next attribute.
    fn detection_text(&self) -> String {
        let first = self.rule.line.saturating_sub(1) as usize;
        let rest = self.source.text.lines().skip(first);
        let section = match self.rule.correlation {
            Some(_) => "correlation:",
            None => "detection:",
        };
        let mut lines = rest.skip_while(|line| !line.starts_with(section));
        let mut text = lines.next().unwrap_or_default().to_owned();
        for line in lines.take_while(|line| line.is_empty() || line.starts_with([' ', '#', '}'])) {
            text.push('\n');
            text.push_str(line);
        }
        text.trim_end().to_owned()
    }

    fn tests(&self, out: &mut impl Write) -> io::Result<()> {
        heading(out, "Tests")?;
        let Some(tests) = &self.tests else {
            return writeln!(out, "  {}", paint(BAD, "none"));
        };
        for (case, matches) in tests.cases() {
            let mark = if matches { paint(GOOD, "match   ") } else { paint(QUIET, "no match") };
            writeln!(out, "  {mark} {}", clean(&case.name))?;
        }
        Ok(())
    }

    fn as_json(&self) -> Value {
        let rule = &self.rule;
        let threat = Threat::of_tags(&rule.tags);
        let tactics: Vec<Value> =
            threat.tactics.iter().map(|t| json!({"id": t.id, "name": t.name})).collect();
        let techniques: Vec<Value> = threat
            .most_exact()
            .iter()
            .map(|t| json!({"id": t.id, "name": t.full_name(), "url": t.url()}))
            .collect();
        let names = |matching: bool| -> Vec<&str> {
            let cases = self.tests.iter().flat_map(RuleTests::cases);
            cases.filter(|(_, m)| *m == matching).map(|(case, _)| case.name.as_str()).collect()
        };
        json!({
            "title": rule.title,
            "id": rule.id,
            "name": rule.name,
            "status": rule.status.map(|status| status.as_str()),
            "level": rule.level.map(|level| level.as_str()),
            "effort": rule.wardgate.effort.map(|effort| effort.as_str()),
            "state": self.state.as_str(),
            "description": rule.description,
            "author": rule.author,
            "date": rule.date,
            "modified": rule.modified,
            "tags": rule.tags,
            "tactics": tactics,
            "techniques": techniques,
            "looks_for": words::of_rule(rule),
            "detection": self.detection_text(),
            "fields": rule.field_names(),
            "alert_title": rule.wardgate.title,
            "triage": rule.wardgate.triage,
            "falsepositives": rule.falsepositives,
            "references": rule.references,
            "tests": {"matches": names(true), "near_misses": names(false)},
            "file": &*rule.file,
            "line": rule.line,
        })
    }
}

fn heading(out: &mut impl Write, text: &str) -> io::Result<()> {
    writeln!(out, "{}", paint(HEADING, text))
}

/// Entries under a heading, each behind its mark; nothing when there are none.
fn list(
    out: &mut impl Write,
    title: &str,
    entries: &[(String, impl AsRef<str>)],
    width: usize,
) -> io::Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    heading(out, title)?;
    for (mark, text) in entries {
        prose(out, text.as_ref(), mark, &" ".repeat(mark.len()), width)?;
    }
    writeln!(out)
}

/// Writes a text in lines of at most `width` columns, as far as its words allow that.
fn prose(
    out: &mut impl Write,
    text: &str,
    first_indent: &str,
    indent: &str,
    width: usize,
) -> io::Result<()> {
    use unicode_width::UnicodeWidthStr;

    let mut line = first_indent.to_owned();
    let mut is_empty = true;
    for word in text.split_whitespace() {
        let word = clean(word);
        if !is_empty && line.width() + 1 + word.width() > width {
            writeln!(out, "{line}")?;
            line = indent.to_owned();
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(&word);
        is_empty = false;
    }
    writeln!(out, "{line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_found_by_what_people_call_them() {
        let sources = source::of_pack();
        let all: Vec<(Rule, &Source)> = sources
            .iter()
            .map(|source| (sigma::parse(&source.text, &source.path).rules.remove(0), source))
            .collect();
        let title = |wanted: &str| find(&all, wanted).map(|(rule, _)| rule.title.as_str()).ok();
        assert_eq!(title("okta mfa disabled"), Some("Okta MFA Disabled"));
        assert_eq!(title("FE014372"), Some("Okta User Account Locked"));
        assert_eq!(title("lemon"), Some("Potential Lemon Duck User-Agent"));
        assert_eq!(title("okta"), None);
        assert_eq!(title("nothing like it"), None);
        let error = find(&all, "network zone").map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with("'network zone' is in 3 rules:\n  Okta Network Zone"), "{error}");
    }

    #[test]
    fn every_built_in_rule_is_explained_in_full() {
        for source in source::of_pack() {
            let rule = sigma::parse(&source.text, &source.path).rules.remove(0);
            let tests = source.tests.as_ref().map(|(file, text)| RuleTests::parse(text, file).0);
            let shown = Shown { rule, source: &source, tests, state: State::On };
            let mut out = Vec::new();
            shown.write(&mut out).unwrap();
            let text = anstream::adapter::strip_str(std::str::from_utf8(&out).unwrap()).to_string();
            for part in ["What it looks for", "ATT&CK", "What to do first"] {
                assert!(text.contains(part), "{part}: {text}");
            }
            // One that counts for everybody together reads no field itself.
            let reads = !detect::needs::fields(&shown.rule).is_empty();
            assert_eq!(text.contains("Fields it reads"), reads, "{text}");
            let detection = shown.detection_text();
            let part = if shown.rule.correlation.is_some() { "timespan:" } else { "condition:" };
            assert!(detection.contains(part) && !detection.contains("\nlevel:"), "{detection}");
        }
    }

    #[test]
    fn prose_is_wrapped() {
        let mut out = Vec::new();
        prose(&mut out, "one two three\nfour averyverylongword five", "- ", "  ", 11).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "- one two\n  three\n  four\n  averyverylongword\n  five\n");
    }
}
