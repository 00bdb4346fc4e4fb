//! `wardgate config`: write a configuration, and find the mistakes in one.

use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use config::{Config, Need, Problem, SETTINGS, Setting, Severity};
use detect::{Detector, Pack};
use serde_json::json;

use crate::cli::{DONE, FAILED};
use crate::commands::rule_selection::{RuleSelection, load_exceptions};
use crate::sinks;
use crate::term::clean::clean;
use crate::term::say::say;
use crate::term::style::{BAD, WARNING, paint};
use crate::term::{csv, table};

/// Write a configuration, check one, or list what can be configured.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    Init(InitArgs),
    Check(CheckArgs),
    Settings(SettingsArgs),
}

/// Write a configuration with every setting in it, commented out.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate config init\n  \
    wardgate config init --out /etc/wardgate/wardgate.toml\n  \
    wardgate config init --out -               to the standard output")]
struct InitArgs {
    /// The file; - is the standard output.
    #[arg(long, value_name = "FILE", default_value = "wardgate.toml")]
    out: PathBuf,
    /// Replace the file if it exists.
    #[arg(long)]
    force: bool,
}

/// Find every mistake in a configuration: in the file, in the environment that overrides it, and
/// in the rules and lists that it names.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate config check\n  \
    wardgate config check -c /etc/wardgate/wardgate.toml --format json\n\n\
    Exit status: 0 it can be used, 2 it cannot.")]
struct CheckArgs {
    /// The file.
    #[arg(short, long, value_name = "FILE", default_value = "wardgate.toml")]
    config: PathBuf,
    /// How to print the mistakes.
    #[arg(long, default_value = "text")]
    format: CheckFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    /// One a line.
    Text,
    /// A list of objects.
    Json,
}

/// List what can be configured: settings, types, defaults, what they do.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate config settings\n  \
    wardgate config settings intake --format csv")]
struct SettingsArgs {
    /// Only settings of tables whose name begins so.
    table: Option<String>,
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

/// Runs the command.
pub(crate) fn run(args: &ConfigArgs) -> Result<u8> {
    match &args.command {
        ConfigCommand::Init(args) => init(args),
        ConfigCommand::Check(args) => check(args),
        ConfigCommand::Settings(args) => settings(args),
    }
}

fn init(args: &InitArgs) -> Result<u8> {
    let text = config::template();
    if args.out.as_os_str() == "-" {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        return Ok(DONE);
    }
    let name = args.out.display();
    let mut options = OpenOptions::new();
    options.write(true);
    // A link to elsewhere is not followed unless it is to be replaced.
    if args.force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let mut file = match options.open(&args.out) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            bail!("{name} exists, replace it with --force or write elsewhere with --out")
        }
        result => result.with_context(|| format!("cannot write {name}"))?,
    };
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() && !args.force {
        // Half a configuration is none.
        let _ = fs::remove_file(&args.out);
    }
    written.with_context(|| format!("cannot write {name}"))?;
    say(&format!("{name} is written: add an intake, then try wardgate config check -c {name}"));
    Ok(DONE)
}

fn check(args: &CheckArgs) -> Result<u8> {
    let (problems, told) = match Config::load(&args.config) {
        Ok(config) => {
            let mut problems = config.warnings.clone();
            problems.extend(config.check_surroundings());
            problems.extend(check_sinks(&config, &args.config, &problems));
            problems.extend(check_rules(&config, &args.config, &problems));
            let (intakes, sinks) = (config.intakes.len(), config.sinks.len());
            (problems, format!(", {}, {}", count(intakes, "intake"), count(sinks, "sink")))
        }
        Err(problems) => (problems, String::new()),
    };
    let errors = problems.iter().filter(|one| one.severity == Severity::Error).count();
    let warnings = problems.len() - errors;
    match args.format {
        CheckFormat::Text => {
            let mut out = anstream::stdout().lock();
            for problem in &problems {
                writeln!(out, "{}", as_line(problem))?;
            }
            out.flush()?;
        }
        CheckFormat::Json => {
            let all: Vec<_> = problems.iter().map(as_json).collect();
            let mut out = io::stdout().lock();
            writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
            out.flush()?;
        }
    }
    let (errors_told, warnings_told) = (count(errors, "error"), count(warnings, "warning"));
    say(&format!("{}: {errors_told}, {warnings_told}{told}", args.config.display()));
    Ok(if errors > 0 { FAILED } else { DONE })
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Whether something is known to be wrong at or below a path.
fn is_wrong(problems: &[Problem], path: &str) -> bool {
    let is_at = |one: &Problem| {
        let rest = one.path.strip_prefix(path);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    problems.iter().any(|one| one.severity == Severity::Error && is_at(one))
}

fn problem(file: &std::path::Path, path: &str, message: String) -> Problem {
    let file = file.display().to_string();
    let severity = Severity::Error;
    Problem { severity, file, line: 0, column: 0, path: path.to_owned(), message, help: None }
}

/// What is wrong with addresses and certificates that are kept elsewhere.
fn check_sinks(config: &Config, file: &std::path::Path, known: &[Problem]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, sink) in config.sinks.iter().enumerate() {
        let path = format!("sink[{index}]");
        if is_wrong(known, &path) {
            continue;
        }
        if let Err(error) = sinks::sink(sink) {
            problems.push(problem(file, &path, format!("{error:#}")));
        }
    }
    problems
}

/// What is wrong with rules and lists.
fn check_rules(config: &Config, file: &std::path::Path, known: &[Problem]) -> Vec<Problem> {
    if is_wrong(known, "rules") {
        return Vec::new();
    }
    let mut problems = Vec::new();
    let mut report = |error: anyhow::Error| {
        problems.push(problem(file, "rules", format!("{error:#}")));
    };
    let selection = RuleSelection::of_config(&config.rules);
    let exceptions = load_exceptions(config.rules.exceptions.as_deref()).map_err(&mut report);
    let placeholders = selection.placeholders().map_err(&mut report);
    let _ = selection.indicators(true).map_err(&mut report);
    let Ok(pack) = selection.load().map_err(&mut report) else { return problems };
    let selected = selection.selection(&pack).map_err(&mut report);
    if let (Ok(selected), Ok(placeholders), Ok(exceptions)) = (selected, placeholders, exceptions) {
        problems.extend(check_detector(&pack, &selected, placeholders, exceptions));
    }
    problems
}

fn check_detector(
    pack: &Pack,
    selection: &detect::Selection,
    placeholders: detect::Placeholders,
    exceptions: detect::Exceptions,
) -> Vec<Problem> {
    let detector = Detector::new(pack, selection, placeholders, exceptions);
    let all = pack.diagnostics().iter().chain(detector.diagnostics());
    // Hints about rules are the matter of `wardgate rules lint`.
    let errors = all.filter(|one| one.severity == detect::sigma::Severity::Error);
    errors
        .map(|one| Problem {
            severity: Severity::Error,
            file: one.file.to_string(),
            line: usize::try_from(one.line).unwrap_or_default(),
            column: usize::try_from(one.column).unwrap_or_default(),
            path: String::new(),
            message: one.message.clone(),
            help: one.hint.clone(),
        })
        .collect()
}

fn as_line(problem: &Problem) -> String {
    let text = problem.to_string();
    let text = clean(&text);
    let (name, style) = match problem.severity {
        Severity::Error => ("error", BAD),
        Severity::Warning => ("warning", WARNING),
    };
    // Behind the place, which ends with the first space that the word follows.
    let mark = format!(" {name}: ");
    match text.split_once(&mark) {
        Some((place, rest)) => format!("{place} {} {rest}", paint(style, &format!("{name}:"))),
        None => text.into_owned(),
    }
}

fn as_json(problem: &Problem) -> serde_json::Value {
    let position = |number: usize| (number > 0).then_some(number);
    json!({
        "severity": problem.severity.name(),
        "file": problem.file,
        "line": position(problem.line),
        "column": position(problem.column),
        "path": problem.path,
        "message": problem.message,
        "help": problem.help,
    })
}

fn settings(args: &SettingsArgs) -> Result<u8> {
    let prefix = args.table.as_deref().unwrap_or_default();
    let wanted = SETTINGS.iter().filter(|one| table_name(one).starts_with(prefix));
    let settings: Vec<&Setting> = wanted.collect();
    if settings.is_empty() {
        bail!("there is no table whose name begins with '{prefix}', see wardgate config settings");
    }
    let default = if io::stdout().is_terminal() { Format::Table } else { Format::Ndjson };
    let mut out = io::stdout().lock();
    match args.format.unwrap_or(default) {
        Format::Table => {
            let rows = settings.iter().map(|one| {
                let place = table_name(one);
                [place, one.name.to_owned(), one.kind.name(), need(one), one.doc.to_owned()]
            });
            let heading = ["table", "setting", "type", "default", "meaning"];
            write!(out, "{}", table::render(heading, rows))?;
        }
        Format::Json => {
            let all: Vec<_> = settings.iter().map(|one| setting_json(one)).collect();
            writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
        }
        Format::Ndjson => {
            for one in settings {
                writeln!(out, "{}", setting_json(one))?;
            }
        }
        Format::Csv => {
            csv::write_row(
                &mut out,
                ["table", "setting", "type", "default", "example", "meaning"],
            )?;
            for one in settings {
                let (place, kind) = (table_name(one), one.kind.name());
                csv::write_row(
                    &mut out,
                    [&*place, one.name, &*kind, &*need(one), one.example, one.doc],
                )?;
            }
        }
    }
    out.flush()?;
    Ok(DONE)
}

/// The table of a setting, and which kind of it.
fn table_name(setting: &Setting) -> String {
    let name = match setting.section {
        config::Section::OAuth => "intake.oauth",
        section => section.name(),
    };
    match setting.kinds {
        [] => name.to_owned(),
        kinds => format!("{name} ({})", kinds.join(", ")),
    }
}

/// The default, or why there is none.
fn need(setting: &Setting) -> String {
    match (setting.need, setting.instead_of()) {
        (Need::Default(value), _) => value.to_owned(),
        (_, Some(other)) => format!("instead of {other}"),
        (Need::Required | Need::OneOf(_), None) => "required".to_owned(),
        (Need::Optional | Need::AtMostOneOf(_), None) => String::new(),
    }
}

fn setting_json(setting: &Setting) -> serde_json::Value {
    let default = if let Need::Default(value) = setting.need { Some(value) } else { None };
    json!({
        "table": setting.section.heading(),
        "kinds": setting.kinds,
        "setting": setting.name,
        "type": setting.kind.name(),
        "default": default,
        "required": matches!(setting.need, Need::Required | Need::OneOf(_)),
        "instead_of": setting.instead_of(),
        "example": setting.example,
        "variable": setting.variable(),
        "description": setting.doc,
    })
}
