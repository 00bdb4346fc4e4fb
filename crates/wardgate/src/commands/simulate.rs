//! `wardgate simulate`: a believable organisation's log, and the truth about it.

mod serve;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use sim::{Attack, Profile, Scenario, Story};

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
    wardgate simulate --days 30 --users 1000 --all-stories --profile office --out log.ndjson --truth truth.ndjson\n  \
    wardgate simulate --listen 127.0.0.1:8600 --rate 50 --attack-every 30s")]
pub(crate) struct SimulateArgs {
    /// How many events to write; with --listen, how many have happened before. Default: 10000, or
    /// with stories or a profile what --users cause in --days.
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
    /// Tell this story (repeatable), and let nothing else go wrong that is not named.
    #[arg(long = "story", value_name = "NAME", conflicts_with_all = ["all_stories", "listen"])]
    stories: Vec<String>,
    /// Tell every story, and let nothing else go wrong that is not named.
    #[arg(long, conflicts_with = "listen")]
    all_stories: bool,
    /// How many times each story is told, with another course every time.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    story_rounds: u32,
    /// The habits of the organisation: office or retail. Stories happen in an office unless said.
    #[arg(long, value_name = "NAME", conflicts_with = "listen")]
    profile: Option<String>,
    /// Where to write the events, one a line; `-` is the standard output.
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// Where to write which events belong to which attack, one attack a line.
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// List the attacks and end.
    #[arg(long)]
    list_attacks: bool,
    /// List the stories and end.
    #[arg(long)]
    list_stories: bool,
    #[command(flatten)]
    serve: Box<serve::ServeArgs>,
}

/// Runs the command.
pub(crate) fn run(args: &SimulateArgs) -> Result<u8> {
    if args.list_attacks {
        list(Attack::ALL.iter().map(|it| (it.name(), it.description(), it.path())))?;
        return Ok(DONE);
    }
    if args.list_stories {
        list(Story::ALL.iter().map(|it| (it.name(), it.description(), it.path())))?;
        return Ok(DONE);
    }
    if args.serve.list_faults {
        serve::list_faults()?;
        return Ok(DONE);
    }
    let of_people = args.users.zip(args.days).map(|(users, days)| Scenario::events_of(users, days));
    let wants_stories = args.all_stories || !args.stories.is_empty();
    let of_people = of_people.filter(|_| wants_stories || args.profile.is_some());
    let events = args.events.or(of_people).unwrap_or(10_000);
    let mut scenario = Scenario::new(events, args.seed);
    scenario.users = args.users;
    scenario.days = args.days;
    if let Some(start) = args.start {
        scenario.start = jiff::tz::Offset::UTC
            .to_timestamp(start.at(0, 0, 0, 0))
            .context("--start is outside the years that can be simulated")?;
    }
    tell_stories(args, &mut scenario)?;
    if args.no_attacks || (wants_stories && args.attacks.is_empty()) {
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
        "{} events ({:.1} MB) of {} users in {} days, {} {} of {} events, in {}",
        summary.events,
        summary.bytes as f64 / 1e6,
        scenario.user_count(),
        scenario.day_count(),
        summary.attacks,
        if wants_stories { "stories" } else { "attacks" },
        summary.attack_events,
        args.out.display(),
    ));
    Ok(DONE)
}

/// What the options say of stories and of the organisation they happen in.
fn tell_stories(args: &SimulateArgs, scenario: &mut Scenario) -> Result<()> {
    scenario.story_rounds = args.story_rounds;
    scenario.stories = if args.all_stories {
        Story::ALL.to_vec()
    } else {
        let named = args.stories.iter().map(|name| name.parse());
        named
            .collect::<Result<_, sim::UnknownStory>>()
            .context("--story: see wardgate simulate --list-stories")?
    };
    let profile: Option<Profile> =
        args.profile.as_deref().map(str::parse).transpose().context("--profile")?;
    scenario.profile = profile;
    Ok(())
}

/// Names with what happens and the techniques, one a line.
fn list(
    all: impl Iterator<Item = (&'static str, &'static str, &'static [sim::Step])>,
) -> Result<()> {
    let mut out = io::stdout().lock();
    for (name, description, path) in all {
        let techniques: Vec<_> = path.iter().map(|step| step.technique).collect();
        writeln!(out, "{name:<24}{description} ({})", techniques.join(", "))?;
    }
    Ok(())
}

fn create(path: &Path) -> Result<Box<dyn Write>> {
    if path == Path::new("-") {
        return Ok(Box::new(BufWriter::new(io::stdout())));
    }
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Box::new(BufWriter::with_capacity(1 << 20, file)))
}
