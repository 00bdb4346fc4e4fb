//! `wardgate rules lint`.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};
use detect::lint::{self, Source};
use detect::sigma::{Diagnostic, Severity};
use serde_json::json;

use super::{count, source};
use crate::cli::{DONE, FOUND};
use crate::term::clean::{clean, clean_to};
use crate::term::style::{BAD, GOOD, HEADING, QUIET, WARNING, paint};

/// The longest excerpt, in columns.
const EXCERPT: usize = 100;

/// Check rules for mistakes: unknown fields, impossible conditions, missing tests and more.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate rules lint            the built-in rules\n  \
    wardgate rules lint ours/ --strict\n  \
    wardgate rules lint ours/ --format json\n\n\
    Exit status: 0 no errors, 1 errors (with --strict warnings too), 2 something can't be read.")]
pub(super) struct LintArgs {
    /// Rule files, and folders of them. Default: the built-in rules.
    paths: Vec<PathBuf>,
    /// Warnings count like errors.
    #[arg(long)]
    strict: bool,
    /// How to print the findings.
    #[arg(long, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, with the place in the file.
    Text,
    /// One JSON array.
    Json,
    /// One JSON object a finding.
    Ndjson,
}

pub(super) fn run(args: &LintArgs) -> Result<u8> {
    let sources = match args.paths.as_slice() {
        [] => source::of_pack(),
        paths => source::load(paths)?,
    };
    let findings = lint::lint(&sources);
    let mut out = anstream::stdout().lock();
    match args.format {
        Format::Text => text(&mut out, &sources, &findings)?,
        Format::Json => {
            let all: Vec<_> = findings.iter().map(as_json).collect();
            writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
        }
        Format::Ndjson => {
            for finding in &findings {
                writeln!(out, "{}", as_json(finding))?;
            }
        }
    }
    out.flush()?;
    let counts = |finding: &Diagnostic| args.strict || finding.severity == Severity::Error;
    Ok(if findings.iter().any(counts) { FOUND } else { DONE })
}

fn text(out: &mut impl Write, sources: &[Source], findings: &[Diagnostic]) -> io::Result<()> {
    let mut texts: HashMap<&str, &str> = HashMap::new();
    for source in sources {
        texts.insert(&source.path, &source.text);
        if let Some((path, text)) = &source.tests {
            texts.insert(path, text);
        }
    }
    let mut last_place = None;
    for finding in findings {
        let place = (&finding.file, finding.line, finding.column);
        // What is said of one place in a row is shown with it once.
        let is_new = last_place.replace(place) != Some(place);
        let text = texts.get(&*finding.file).filter(|_| is_new);
        let line = text.and_then(|text| text.lines().nth(finding.line.saturating_sub(1) as usize));
        write_finding(out, finding, line)?;
    }
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let warnings = findings.len() - errors;
    let style = match (errors, warnings) {
        (0, 0) => GOOD,
        (0, _) => WARNING,
        _ => BAD,
    };
    let total = format!(
        "{}: {}, {}",
        count(sources.len(), "file"),
        count(errors, "error"),
        count(warnings, "warning")
    );
    writeln!(out, "{}", paint(style, &total))
}

/// The finding, then its line with a caret under the place.
fn write_finding(out: &mut impl Write, finding: &Diagnostic, line: Option<&str>) -> io::Result<()> {
    let Diagnostic { severity, code, file, line: number, column, message, hint } = finding;
    let label = match severity {
        Severity::Error => paint(BAD, &format!("error[{code}]")),
        Severity::Warning => paint(WARNING, &format!("warning[{code}]")),
    };
    writeln!(out, "{label} {}", paint(HEADING, &clean(message)))?;
    writeln!(out, "  {}", paint(QUIET, &clean(&format!("{file}:{number}:{column}"))))?;
    if let Some(line) = line.filter(|line| !line.trim().is_empty()) {
        let column = column.saturating_sub(1) as usize;
        // What stands far to the right is shown from a little before the place on.
        let skipped = if column + 20 > EXCERPT { column - 20 } else { 0 };
        let excerpt: String = line.chars().skip(skipped).map(one_column).collect();
        let number = number.to_string();
        let margin = " ".repeat(number.len());
        let excerpt = clean_to(excerpt.trim_end(), EXCERPT);
        writeln!(out, "  {} {excerpt}", paint(QUIET, &format!("{number} |")))?;
        let caret = format!("{}^", " ".repeat(column - skipped));
        writeln!(out, "  {} {}", paint(QUIET, &format!("{margin} |")), paint(WARNING, &caret))?;
    }
    if let Some(hint) = hint {
        writeln!(out, "  {} {}", paint(GOOD, "help:"), clean(hint))?;
    }
    writeln!(out)
}

/// Tabs would move the rest of the line away from the caret.
fn one_column(c: char) -> char {
    if c == '\t' { ' ' } else { c }
}

fn as_json(finding: &Diagnostic) -> serde_json::Value {
    json!({
        "severity": match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "code": finding.code,
        "file": &*finding.file,
        "line": finding.line,
        "column": finding.column,
        "message": finding.message,
        "hint": finding.hint,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_point_at_their_place() {
        let line = "  s: {event.actoin: x}";
        let finding = Diagnostic {
            severity: Severity::Warning,
            code: "unknown-field",
            file: "r.yml".into(),
            line: 7,
            column: 7,
            message: "there is no field 'event.actoin'".to_owned(),
            hint: Some("did you mean 'event.action'?".to_owned()),
        };
        let mut out = Vec::new();
        write_finding(&mut out, &finding, Some(line)).unwrap();
        let text = anstream::adapter::strip_str(std::str::from_utf8(&out).unwrap()).to_string();
        let expected = "warning[unknown-field] there is no field 'event.actoin'\n  r.yml:7:7\n  \
                        7 |   s: {event.actoin: x}\n    |       ^\n  \
                        help: did you mean 'event.action'?\n\n";
        assert_eq!(text, expected);
        let far = Diagnostic { column: 501, ..finding };
        let mut out = Vec::new();
        let line = format!("{}\u{1b}[31mx{}", " ".repeat(500), "y".repeat(500));
        write_finding(&mut out, &far, Some(&line)).unwrap();
        let text = anstream::adapter::strip_str(std::str::from_utf8(&out).unwrap()).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[2].find('\u{fffd}'), lines[3].find('^'), "{text}");
    }
}
