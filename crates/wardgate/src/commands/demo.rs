//! `wardgate demo`: everything alive in one command.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use config::Config;
use sim::Scenario;
use sim_server::{Backlog, Late, Live, Options, Server};

use crate::cli::DONE;
use crate::run::{self, Told};
use crate::term::clean::clean;
use crate::term::style::{HEADING, QUIET, paint};

/// How many events the organisation begins with, and over how many days.
const BACKLOG: u64 = 20_000;
const BACKLOG_DAYS: u32 = 3;
/// The most often that somebody attacks, in seconds.
const OFTENEST: f64 = 1.0;

/// Follow a simulated organisation, with an attack every so often.
///
/// It is served on this machine and followed as a real one is: over HTTP, into a store, with
/// every rule. Alerts appear as they are found.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate demo                         until Ctrl-C\n  \
    wardgate demo --for 30                for half a minute\n  \
    wardgate demo --data demo             keep the store, to search it afterwards:\n  \
    wardgate search --data demo user.name:*\n\n\
    Nothing leaves this machine, and nothing is kept without --data.")]
pub(crate) struct DemoArgs {
    /// Ordinary events a second.
    #[arg(long, value_name = "NUMBER", default_value_t = 20.0)]
    rate: f64,
    /// Seconds from one attack to the next.
    #[arg(long, value_name = "SECONDS", default_value_t = 15.0)]
    attack_every: f64,
    /// Stop after this many seconds.
    #[arg(long = "for", value_name = "SECONDS")]
    stop_after: Option<f64>,
    /// Keep the store in this folder.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Where to serve metrics and health; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: String,
    /// Chooses the organisation and its attackers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs the command.
pub(crate) fn run(args: &DemoArgs) -> Result<u8> {
    let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds);
    let stop_after = args.stop_after.map(seconds).transpose().context("--for")?;
    let attack_every = seconds(args.attack_every.max(OFTENEST)).context("--attack-every")?;
    let mut scenario = Scenario::new(BACKLOG, args.seed);
    scenario.days = Some(BACKLOG_DAYS);
    let yesterday = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1);
    scenario.start = yesterday - jiff::SignedDuration::from_hours(24 * i64::from(BACKLOG_DAYS));
    scenario.attacks.clear();
    let org = Server::start(Options {
        backlog: Backlog::Scenario(scenario),
        live: Some(Live {
            rate: args.rate.clamp(0.0, 10_000.0),
            attack_every: Some(attack_every),
            attack_within: attack_every,
            ..Live::default()
        }),
        late: Late::NEVER,
        seed: args.seed,
        ..Options::default()
    })?;
    let folder = tempfile::Builder::new().prefix("wardgate-demo-").tempdir()?;
    let data = args.data.clone().unwrap_or_else(|| folder.path().join("data"));
    let token = folder.path().join("token");
    write_secret(&token, org.token())?;
    let text = configuration(&data, &token, &org.url(), &args.listen);
    let config = Config::parse(&text, "demo").map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{}", lines.join("\n"))
    })?;
    run::start_logging(&config.log);
    let told = format!(
        "{}\n{}",
        paint(HEADING, "A simulated Okta organisation, followed live. Ctrl-C ends it."),
        paint(
            QUIET,
            &format!(
                "{BACKLOG} events of the last days first; then {} a second, and an attack every \
                 {} s.\nSearch it meanwhile:  wardgate search --data {} --since 1h event.outcome:failure",
                args.rate,
                attack_every.as_secs(),
                clean(&data.to_string_lossy())
            )
        )
    );
    // When nobody can hear it, there is nobody to be told so either.
    let _ = writeln!(anstream::stderr(), "{told}");
    run::run(&config, &Told { show_alerts: true, stop_after })?;
    Ok(DONE)
}

/// Only the owner can read it.
fn write_secret(path: &std::path::Path, secret: &str) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(path)?.write_all(secret.as_bytes())?;
    Ok(())
}

/// The configuration that one would write for a real organisation.
fn configuration(
    data: &std::path::Path,
    token: &std::path::Path,
    url: &str,
    listen: &str,
) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    format!(
        "data_dir = {}\n\
         [log]\nlevel = \"warn\"\n\
         [server]\nlisten = {}\n\
         [[intake]]\nname = \"demo\"\nkind = \"okta\"\norganization_name = \"demo\"\n\
         base_url = {}\ntoken_file = {}\n\
         frequency = \"1s\"\nratelimit_per_minute = 10000\nratelimit_share = 100\nstart = \"7d\"\n",
        quoted(&data.to_string_lossy()),
        quoted(listen),
        quoted(url),
        quoted(&token.to_string_lossy()),
    )
}
