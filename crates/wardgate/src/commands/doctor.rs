//! `wardgate doctor`: whether the organisations can be read, and what to do when not.

mod diagnosis;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use config::{Config, IntakeKind};
use okta_client::{Client, Credentials, SecretSource, Settings};
use serde_json::json;
use tokio::task::JoinSet;

use crate::cli::{DONE, FAILED};
use crate::term::clean::clean;
use crate::term::say::say;
use crate::term::style::{BAD, GOOD, HEADING, WARNING, paint};
use diagnosis::{Diagnosis, Outcome, Surroundings};

/// Look whether Okta organisations can be read, with which rights, and what to do when not.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate doctor                                all okta intakes of wardgate.toml\n  \
    wardgate doctor -c /etc/wardgate.toml acme     one of them\n  \
    wardgate doctor --base-url https://acme.okta.com --token-env OKTA_TOKEN\n\n\
    One or two requests are sent to each organisation; nothing is stored or changed.\n\n\
    Exit status: 0 all can be read, 2 something has to be done.")]
pub(crate) struct DoctorArgs {
    /// The intakes to look at. Default: all of kind okta.
    #[arg(value_name = "INTAKE", conflicts_with = "base_url")]
    intakes: Vec<String>,
    /// The configuration.
    #[arg(
        short,
        long,
        value_name = "FILE",
        default_value = "wardgate.toml",
        conflicts_with = "base_url"
    )]
    config: PathBuf,
    /// Look at this organisation, without a configuration.
    #[arg(long, value_name = "URL", requires = "token_env")]
    base_url: Option<String>,
    /// The environment variable that holds its API token.
    #[arg(long, value_name = "NAME", requires = "base_url")]
    token_env: Option<String>,
    /// Certificates (PEM) to trust instead of the system's.
    #[arg(long, value_name = "FILE", requires = "base_url")]
    ca_file: Option<PathBuf>,
    /// How to print what is found.
    #[arg(long, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// A list of objects.
    Json,
}

/// An organisation to look at, and what it is called.
struct Patient {
    name: String,
    settings: Settings,
}

/// Runs the command.
pub(crate) fn run(args: &DoctorArgs) -> Result<u8> {
    let patients = match (&args.base_url, &args.token_env) {
        (Some(url), Some(token)) => {
            let token = Credentials::Token(SecretSource::Env(token.clone()));
            let settings =
                Settings { ca_file: args.ca_file.clone(), ..Settings::new(url.clone(), token) };
            vec![Patient { name: "organisation".to_owned(), settings }]
        }
        _ => match Config::load(&args.config) {
            Ok(config) => choose(&config, &args.intakes, &args.config)?,
            Err(problems) => {
                problems.iter().for_each(|problem| say(&problem.to_string()));
                return Ok(FAILED);
            }
        },
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    let diagnoses = runtime.block_on(examine_all(patients));
    let mut out = anstream::stdout().lock();
    match args.format {
        Format::Text => print(&mut out, &diagnoses)?,
        Format::Json => {
            let all: Vec<_> = diagnoses.iter().map(as_json).collect();
            writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
        }
    }
    out.flush()?;
    Ok(if diagnoses.iter().any(Diagnosis::is_failed) { FAILED } else { DONE })
}

/// The intakes of a configuration that are asked for.
fn choose(config: &Config, names: &[String], file: &Path) -> Result<Vec<Patient>> {
    let file = file.display();
    let mut patients = Vec::new();
    for intake in &config.intakes {
        let IntakeKind::Okta(okta) = &intake.kind else { continue };
        let settings = crate::run::okta_settings(okta);
        patients.push(Patient { name: intake.name.clone(), settings });
    }
    if patients.is_empty() {
        bail!("{file} has no intake of kind okta, see wardgate config settings intake");
    }
    for name in names {
        if !patients.iter().any(|patient| patient.name == *name) {
            let known: Vec<&str> = patients.iter().map(|patient| patient.name.as_str()).collect();
            bail!("{file} has no intake '{name}' of kind okta, expected {}", known.join(", "));
        }
    }
    if !names.is_empty() {
        patients.retain(|patient| names.contains(&patient.name));
    }
    Ok(patients)
}

/// Looks at all of them at once; gives what is found in their order.
async fn examine_all(patients: Vec<Patient>) -> Vec<Diagnosis> {
    let mut tasks = JoinSet::new();
    for (place, patient) in patients.into_iter().enumerate() {
        tasks.spawn(async move { (place, examine(patient).await) });
    }
    let mut diagnoses = tasks.join_all().await;
    diagnoses.sort_by_key(|(place, _)| *place);
    diagnoses.into_iter().map(|(_, diagnosis)| diagnosis).collect()
}

async fn examine(patient: Patient) -> Diagnosis {
    let Patient { name, settings } = patient;
    let client = match Client::new(settings.clone()) {
        Ok(client) => client,
        Err(error) => return Diagnosis::of_settings(name, &settings, &error),
    };
    let check = client.check().await;
    let snapshot = client.health().snapshot();
    let surroundings = Surroundings::of_process(jiff::Timestamp::now());
    Diagnosis::new(name, &settings, check, &snapshot, &surroundings)
}

fn print(out: &mut impl Write, diagnoses: &[Diagnosis]) -> io::Result<()> {
    for (place, diagnosis) in diagnoses.iter().enumerate() {
        if place > 0 {
            writeln!(out)?;
        }
        let Diagnosis { name, base_url, .. } = diagnosis;
        writeln!(out, "{}  {}", paint(HEADING, &clean(name)), clean(base_url))?;
        for finding in &diagnosis.findings {
            let style = match finding.outcome {
                Outcome::Ok => GOOD,
                Outcome::Warning => WARNING,
                Outcome::Failed => BAD,
            };
            let outcome = paint(style, &format!("{:7}", finding.outcome.name()));
            writeln!(out, "  {outcome}  {:10}  {}", finding.about, clean(&finding.text))?;
            if let Some(help) = &finding.help {
                writeln!(out, "  {:7}  {:10}  → {}", "", "", clean(help))?;
            }
        }
    }
    Ok(())
}

fn as_json(diagnosis: &Diagnosis) -> serde_json::Value {
    let findings: Vec<_> = diagnosis
        .findings
        .iter()
        .map(|finding| {
            json!({
                "outcome": finding.outcome.name(),
                "about": finding.about,
                "text": finding.text,
                "help": finding.help,
            })
        })
        .collect();
    let time = |time: jiff::Timestamp| format!("{time:.3}");
    json!({
        "intake": diagnosis.name,
        "base_url": diagnosis.base_url,
        "ok": !diagnosis.is_failed(),
        "scopes": diagnosis.scopes,
        "rate_limit": diagnosis.rate_limit.map(|limit| json!({
            "limit": limit.limit,
            "remaining": limit.remaining,
            "reset": time(limit.reset),
        })),
        "clock_skew_ms": diagnosis.skew_ms,
        "newest": diagnosis.newest.map(time),
        "findings": findings,
    })
}

#[cfg(test)]
mod tests;
