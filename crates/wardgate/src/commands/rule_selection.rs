//! Which rules are used: arguments that several commands share.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use detect::sigma::{Diagnostic, Effort, Level, Severity};
use detect::{Detector, Exceptions, Pack, Placeholders, Selection};

use crate::term::say::say;

/// The largest list of exceptions, placeholders or indicators that is read, in bytes.
const LARGEST_LIST: u64 = 256 << 20;

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
    /// Indicators for the Intelligence Feed rule: a file with an address, network, domain,
    /// e-mail address, URL or AS number on each line (repeatable).
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
        let mut indicators = Indicators::default();
        for path in &self.indicator_files {
            indicators.read(&read_list(path)?);
        }
        for (name, values) in indicators.lists() {
            placeholders.insert_literal(name, values);
        }
        Ok(placeholders)
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

/// Indicators by what they are.
#[derive(Debug, Default, PartialEq, Eq)]
struct Indicators {
    addresses: Vec<String>,
    domains: Vec<String>,
    emails: Vec<String>,
    urls: Vec<String>,
    systems: Vec<String>,
    user_agents: Vec<String>,
}

impl Indicators {
    /// Adds the indicators of a list: one a line; `#` begins a comment. What is no address,
    /// domain, e-mail address, URL or AS number is taken as a user agent.
    fn read(&mut self, text: &str) {
        for line in text.lines() {
            let value = line.trim();
            if value.is_empty() || value.starts_with('#') {
                continue;
            }
            let address = value.split_once('/').map_or(value, |(address, _)| address);
            let is_system = value.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("as"))
                && value.get(2..).is_some_and(|number| number.parse::<u32>().is_ok());
            let list = if address.parse::<std::net::IpAddr>().is_ok() {
                &mut self.addresses
            } else if is_system {
                self.systems.push(value.get(2..).unwrap_or_default().to_owned());
                continue;
            } else if value.contains("://") {
                &mut self.urls
            } else if value.contains(char::is_whitespace) || value.contains(['/', '(', ';']) {
                &mut self.user_agents
            } else if value.contains('@') {
                &mut self.emails
            } else if value.contains('.') {
                &mut self.domains
            } else {
                &mut self.user_agents
            };
            list.push(value.to_owned());
        }
    }

    /// The lists under the names that rules have for them.
    fn lists(self) -> [(&'static str, Vec<String>); 6] {
        [
            ("indicator_ip", self.addresses),
            ("indicator_domain", self.domains),
            ("indicator_email", self.emails),
            ("indicator_url", self.urls),
            ("indicator_as", self.systems),
            ("indicator_user_agent", self.user_agents),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indicators_are_known_by_their_form() {
        let mut indicators = Indicators::default();
        indicators.read(
            "# feed\n198.51.100.7\n2001:db8::/32\nevil.example\nmallory@evil.example\n\n\
             https://evil.example/login?a=b\nAS64500\nMozilla/5.0 (Evil; OS)\nc0ffee00\n",
        );
        assert_eq!(indicators.addresses, ["198.51.100.7", "2001:db8::/32"]);
        assert_eq!(indicators.domains, ["evil.example"]);
        assert_eq!(indicators.emails, ["mallory@evil.example"]);
        assert_eq!(indicators.urls, ["https://evil.example/login?a=b"]);
        assert_eq!(indicators.systems, ["64500"]);
        assert_eq!(indicators.user_agents, ["Mozilla/5.0 (Evil; OS)", "c0ffee00"]);
    }
}
