//! `wardgate simulate`: a believable organisation's log, and the truth about it.

mod serve;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use sim::{Attack, Scenario};

use crate::cli::DONE;
use crate::term::say::say;

/// Write or serve the System Log of an organisation that does not exist.
///
/// People sign in, travel, forget passwords; administrators administer; services run at night;
/// and now and then somebody attacks. The same seed gives the same log, byte for byte.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate simulate --events 200000 --seed 7 --out log.ndjson --truth truth.ndjson\n  \
    wardgate simulate --events 5000 | wardgate scan -\n  \
    wardgate simulate --events 50000 --attack mfa_fatigue --attack password_spray --out log.ndjson\n  \
    wardgate simulate --list-attacks\n  \
    wardgate simulate --listen 127.0.0.1:8600 --rate 50 --attack-every 30s")]
pub(crate) struct SimulateArgs {
    /// How many events to write, 10000 unless said; with --listen, how many have happened before.
    #[arg(long, value_name = "N")]
    events: Option<u64>,
    /// What makes this organisation and its days different from others.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// How many people there are. Default: one for every some hundred events.
    #[arg(long, value_name = "N")]
    users: Option<u32>,
    /// How many days the events are spread over. Default: as many as that takes.
    #[arg(long, value_name = "N")]
    days: Option<u32>,
    /// The first day, such as 2026-09-01.
    #[arg(long, value_name = "DATE")]
    start: Option<jiff::civil::Date>,
    /// Only these attacks (repeatable). Default: all of them.
    #[arg(long = "attack", value_name = "NAME", conflicts_with = "no_attacks")]
    attacks: Vec<String>,
    /// No attacks at all.
    #[arg(long)]
    no_attacks: bool,
    /// Where to write the events, one a line; `-` is the standard output.
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// Where to write which events belong to which attack, one attack a line.
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// List the attacks and end.
    #[arg(long)]
    list_attacks: bool,
    #[command(flatten)]
    serve: Box<serve::ServeArgs>,
}

/// Runs the command.
pub(crate) fn run(args: &SimulateArgs) -> Result<u8> {
    if args.list_attacks {
        let mut out = io::stdout().lock();
        for attack in Attack::ALL {
            let techniques: Vec<_> = attack.path().iter().map(|step| step.technique).collect();
            writeln!(
                out,
                "{:<24}{} ({})",
                attack.name(),
                attack.description(),
                techniques.join(", ")
            )?;
        }
        return Ok(DONE);
    }
    if args.serve.list_faults {
        serve::list_faults()?;
        return Ok(DONE);
    }
    let mut scenario = Scenario::new(args.events.unwrap_or(10_000), args.seed);
    scenario.users = args.users;
    scenario.days = args.days;
    if let Some(start) = args.start {
        scenario.start = jiff::tz::Offset::UTC
            .to_timestamp(start.at(0, 0, 0, 0))
            .context("--start is outside the years that can be simulated")?;
    }
    if args.no_attacks {
        scenario.attacks.clear();
    } else if !args.attacks.is_empty() {
        let named = args.attacks.iter().map(|name| name.parse());
        scenario.attacks = named
            .collect::<Result<_, sim::UnknownAttack>>()
            .context("--attack: see wardgate simulate --list-attacks")?;
    }
    if let Some(listen) = args.serve.listen {
        let served = serve::Served {
            scenario,
            has_backlog: args.events.is_some(),
            has_start: args.start.is_some(),
        };
        return serve::run(&args.serve, listen, &served);
    }
    let simulation = scenario.simulate()?;
    let mut events = create(&args.out)?;
    let mut truth: Box<dyn Write> = match &args.truth {
        Some(path) => create(path)?,
        None => Box::new(io::sink()),
    };
    let summary = simulation.write(&mut events, &mut truth)?;
    say(&format!(
        "{} events ({:.1} MB) of {} users in {} days, {} attacks of {} events, in {}",
        summary.events,
        summary.bytes as f64 / 1e6,
        scenario.user_count(),
        scenario.day_count(),
        summary.attacks,
        summary.attack_events,
        args.out.display(),
    ));
    Ok(DONE)
}

fn create(path: &Path) -> Result<Box<dyn Write>> {
    if path == Path::new("-") {
        return Ok(Box::new(BufWriter::new(io::stdout())));
    }
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Box::new(BufWriter::with_capacity(1 << 20, file)))
}
