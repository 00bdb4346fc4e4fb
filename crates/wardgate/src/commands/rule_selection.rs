//! Which rules are used: arguments that several commands share.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use detect::sigma::{Diagnostic, Effort, Level, Severity};
use detect::{Detector, Exceptions, Pack, Placeholders, Selection};
use intel::{Builder, Feed, IndicatorSet, Place, Reading};

use crate::term::say::say;

/// The largest list of exceptions or placeholders that is read, in bytes.
const LARGEST_LIST: u64 = 256 << 20;
/// How many unusable indicators of a file are named.
const MOST_TOLD: usize = 20;

/// Which rules are used.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Rules")]
pub(crate) struct RuleSelection {
    /// Sigma rules from a file or folder, beside the built-in ones (repeatable).
    #[arg(long = "rules", value_name = "PATH")]
    pub(crate) rule_paths: Vec<PathBuf>,
    /// Leave the built-in rules out.
    #[arg(long)]
    pub(crate) no_builtin: bool,
    /// Rules up to this effort: elementary, intermediate, advanced or master.
    #[arg(long, value_name = "LEVEL", value_parser = parse_effort, default_value = "advanced")]
    pub(crate) effort: Effort,
    /// Rules of at least this level.
    #[arg(long, value_name = "LEVEL", value_parser = parse_level)]
    pub(crate) min_level: Option<Level>,
    /// Switch a rule on whatever its effort, by id, name, title, tag or level (repeatable).
    #[arg(long, value_name = "RULE|TAG")]
    pub(crate) enable: Vec<String>,
    /// Switch a rule off, by id, name, title, tag or level (repeatable).
    #[arg(long, value_name = "RULE|TAG")]
    pub(crate) disable: Vec<String>,
    /// Values for `|expand` placeholders: a file with lines of `name: value` (repeatable).
    #[arg(long = "placeholders", value_name = "FILE")]
    pub(crate) placeholder_files: Vec<PathBuf>,
    /// Indicators for the Intelligence Feed rule: a STIX 2.1 bundle, CSV with a column `value`,
    /// or one address, network, domain, e-mail address, URL or AS number a line (repeatable).
    #[arg(long = "indicators", value_name = "FILE")]
    pub(crate) indicator_files: Vec<PathBuf>,
}

pub(crate) fn parse_effort(text: &str) -> Result<Effort, String> {
    Effort::from_name(&text.to_ascii_lowercase())
        .ok_or_else(|| "expected elementary, intermediate, advanced or master".to_owned())
}

pub(crate) fn parse_level(text: &str) -> Result<Level, String> {
    Level::from_name(&text.to_ascii_lowercase())
        .ok_or_else(|| "expected informational, low, medium, high or critical".to_owned())
}

impl RuleSelection {
    /// What a configuration chooses.
    pub(crate) fn of_config(rules: &config::Rules) -> Self {
        Self {
            rule_paths: rules.paths.clone(),
            no_builtin: !rules.builtin,
            effort: match rules.effort {
                config::Effort::Elementary => Effort::Elementary,
                config::Effort::Intermediate => Effort::Intermediate,
                config::Effort::Advanced => Effort::Advanced,
                config::Effort::Master => Effort::Master,
            },
            min_level: Level::from_name(rules.min_level.name()),
            enable: rules.enable.clone(),
            disable: rules.disable.clone(),
            placeholder_files: rules.placeholders.clone(),
            indicator_files: rules.indicators.clone(),
        }
    }

    /// Loads the rules, built-in and others.
    ///
    /// # Errors
    ///
    /// When a path cannot be read, or there are no rules at all.
    pub(crate) fn load(&self) -> Result<Pack> {
        let mut pack = if self.no_builtin { Pack::default() } else { Pack::builtin() };
        for path in &self.rule_paths {
            pack.load(path)?;
        }
        if self.no_builtin && self.rule_paths.is_empty() {
            bail!("--no-builtin leaves no rules: name some with --rules");
        }
        Ok(pack)
    }

    /// Which of them are on.
    ///
    /// # Errors
    ///
    /// When a rule is named that does not exist.
    pub(crate) fn selection(&self, pack: &Pack) -> Result<Selection> {
        let selection = Selection {
            effort: self.effort,
            min_level: self.min_level.unwrap_or(Level::Informational),
            enable: self.enable.clone(),
            disable: self.disable.clone(),
            ..Selection::default()
        };
        if let Some(name) = selection.unknown(pack).first() {
            return Err(anyhow!(
                "no rule has the id, name, tag or level '{name}', see wardgate rules list"
            ));
        }
        Ok(selection)
    }

    /// The values of placeholders, from all files.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or a line of it is none.
    pub(crate) fn placeholders(&self) -> Result<Placeholders> {
        let mut placeholders = Placeholders::default();
        let mut lists = std::collections::BTreeMap::<String, Vec<String>>::new();
        for path in &self.placeholder_files {
            let text = read_list(path)?;
            for (line, number) in text.lines().zip(1..) {
                let line = line.trim();
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                let (name, value) = line.split_once(':').with_context(|| {
                    format!("{}:{number}: expected 'name: value', found '{line}'", path.display())
                })?;
                lists.entry(name.trim().to_owned()).or_default().push(value.trim().to_owned());
            }
        }
        for (name, values) in lists {
            placeholders.insert(name, values);
        }
        Ok(placeholders)
    }

    /// The indicators of all files: STIX 2.1, CSV or lists, by their content. What is wrong with
    /// single ones is said, unless `quiet`.
    ///
    /// # Errors
    ///
    /// When a file cannot be read.
    pub(crate) fn indicators(&self, quiet: bool) -> Result<Arc<IndicatorSet>> {
        let mut builder = Builder::default();
        for path in &self.indicator_files {
            let named = || format!("cannot read {}", path.display());
            let file = fs::File::open(path).with_context(named)?;
            if fs::metadata(path).with_context(named)?.is_dir() {
                bail!("cannot read {}: it is a folder", path.display());
            }
            let name =
                path.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into());
            let mut dropped = 0_u64;
            let reading = intel::read(file, &Feed::named(&name), &mut |indicator| {
                dropped += u64::from(!builder.add(&indicator));
            });
            if !quiet {
                tell_reading(path, &reading, dropped);
            }
        }
        Ok(Arc::new(builder.build()))
    }
}

/// Says what of a file of indicators cannot be used.
fn tell_reading(path: &Path, reading: &Reading, dropped: u64) {
    let path = path.display();
    for problem in reading.problems.iter().take(MOST_TOLD) {
        let place = &problem.place;
        let separator = if matches!(place, Place::Line(_)) { ":" } else { ": " };
        let place = match place {
            Place::Line(line) => line.to_string(),
            place => place.to_string(),
        };
        say(&format!("{path}{separator}{place}: {}", problem.reason));
    }
    let more = reading.problem_count.saturating_sub(MOST_TOLD as u64);
    if more > 0 {
        say(&format!("{path}: {more} more that cannot be used"));
    }
    if dropped > 0 {
        say(&format!("{path}: {dropped} left out, there are too many with the same value"));
    }
}

/// Reads a list of exceptions, if there is one.
///
/// # Errors
///
/// When the file cannot be read, or an exception in it can't be used: one that is not applied
/// would be found out by its alerts, and one that is applied wrongly not at all.
pub(crate) fn load_exceptions(path: Option<&Path>) -> Result<Exceptions> {
    let Some(path) = path else { return Ok(Exceptions::default()) };
    let (exceptions, diagnostics) = Exceptions::parse(&read_list(path)?, &path.to_string_lossy());
    if diagnostics.is_empty() {
        return Ok(exceptions);
    }
    let lines: Vec<String> = diagnostics.iter().map(Diagnostic::to_string).collect();
    if diagnostics.iter().any(|one| one.severity == Severity::Error) {
        bail!("the exceptions cannot be used:\n{}", lines.join("\n"));
    }
    lines.iter().for_each(|line| say(line));
    Ok(exceptions)
}

/// Says what is wrong with rules: errors always, the rest unless `quiet`.
pub(crate) fn report_problems(pack: &Pack, detector: &Detector, quiet: bool) {
    let all = pack.diagnostics().iter().chain(detector.diagnostics());
    for diagnostic in all {
        if diagnostic.severity == Severity::Error || !quiet {
            say(&diagnostic.to_string());
        }
    }
}

fn read_list(path: &Path) -> Result<String> {
    let named = || format!("cannot read {}", path.display());
    let size = fs::metadata(path).with_context(named)?.len();
    if size > LARGEST_LIST {
        bail!("{} has {size} bytes, the most is {LARGEST_LIST}", path.display());
    }
    let bytes = fs::read(path).with_context(named)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
        let line = 1 + line.filter(|byte| **byte == b'\n').count();
        anyhow!("{}:{line}: not UTF-8 text", path.display())
    })?;
    Ok(text.strip_prefix('\u{feff}').map_or(text.clone(), str::to_owned))
}
