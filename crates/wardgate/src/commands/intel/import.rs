//! `wardgate intel import`.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use ecs::Timestamp;
use intel::{Feed, Tlp};
use store::Database;

use super::IntelArgs;
use crate::cli::{DONE, FAILED};
use crate::commands::rule_selection::tell_reading;
use crate::intel::sync::import;
use crate::stored::parse_duration;
use crate::term::progress::counting;
use crate::term::say::say;

/// Take indicators from files: STIX 2.1 bundles, CSV with a column `value`, or lists.
///
/// What is in a file is added to what its feed has; a newer version of an indicator takes the place
/// of an older one, and one that is revoked goes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate intel import acme.json partners.csv own.txt\n  \
    wardgate intel import --feed own --replace own.txt      just what is in the file\n  \
    curl -s https://feeds.example.com/x | wardgate intel import --feed x -\n\n\
    Exit status: 0 done, 2 a file cannot be used.")]
pub(super) struct ImportArgs {
    /// The files; - is the standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The feed that they belong to. Default: the name of the file, without its ending.
    #[arg(long, value_name = "NAME")]
    feed: Option<String>,
    /// Remove what the feed had and the file does not have.
    #[arg(long)]
    replace: bool,
    /// The confidence of indicators that say nothing of it, 0 to 100.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(0..=100))]
    confidence: Option<u8>,
    /// Leave out indicators with less confidence.
    #[arg(long, value_name = "NUMBER", default_value_t = 0,
          value_parser = clap::value_parser!(u8).range(0..=100))]
    min_confidence: u8,
    /// The TLP marking of indicators that have none.
    #[arg(long, value_name = "MARKING", value_parser = parse_tlp)]
    tlp: Option<Tlp>,
    /// For how long indicators hold that do not say so, such as 90d.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    expiry: Option<Duration>,
}

fn parse_tlp(text: &str) -> Result<Tlp, String> {
    Tlp::from_name(text)
        .ok_or_else(|| "expected clear, green, amber, amber+strict or red".to_owned())
}

/// Runs the command.
pub(super) fn run(args: &IntelArgs, wanted: &ImportArgs) -> Result<u8> {
    if wanted.replace && wanted.files.len() > 1 && wanted.feed.is_some() {
        bail!("--replace takes one file for a feed: what is in the others would be removed again");
    }
    let mut database = Database::create(&super::data_folder(args)?)?;
    let mut status = DONE;
    for path in &wanted.files {
        let name = feed_name(path, wanted.feed.as_deref())?;
        let named = || format!("cannot read {}", path.display());
        let text: Box<dyn Read> = if path.as_os_str() == "-" {
            Box::new(io::stdin().lock())
        } else {
            let file = File::open(path).with_context(named)?;
            if file.metadata().with_context(named)?.is_dir() {
                bail!("cannot read {}: it is a folder", path.display());
            }
            Box::new(file)
        };
        let feed = Feed {
            confidence: wanted.confidence,
            min_confidence: wanted.min_confidence,
            tlp: wanted.tlp,
            expiry: wanted.expiry.map(|age| i64::try_from(age.as_millis()).unwrap_or(i64::MAX)),
            read_at: Some(Timestamp::now()),
            ..Feed::named(&name)
        };
        let bar = counting("indicators");
        let (imported, reading) =
            import(&name, wanted.replace, text, (None, &feed), &mut database, &mut |count| {
                bar.at(&name, count);
            })?;
        drop(bar);
        tell_reading(path, &reading, 0);
        let is_of_no_use = reading.used == 0 && reading.problem_count > 0;
        if is_of_no_use || reading.is_cut {
            status = FAILED;
        }
        say(&format!(
            "{name}: {} new, {} changed, {} removed, {} known, {} left out",
            imported.added,
            imported.changed,
            imported.removed,
            imported.unchanged,
            reading.left_out
        ));
    }
    Ok(status)
}

/// The feed of a file.
fn feed_name(path: &Path, given: Option<&str>) -> Result<String> {
    let is_name = |name: &str| {
        (1..=64).contains(&name.len())
            && name.chars().all(|one| matches!(one, 'a'..='z' | '0'..='9' | '_' | '-'))
    };
    if let Some(name) = given {
        return match is_name(name) {
            true => Ok(name.to_owned()),
            false => Err(anyhow!("--feed: expected a name of a-z, 0-9, _ and -, found '{name}'")),
        };
    }
    if path.as_os_str() == "-" {
        bail!("name the feed of the standard input with --feed");
    }
    let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into());
    let fit = |one: char| match one.to_ascii_lowercase() {
        one @ ('a'..='z' | '0'..='9' | '_' | '-') => one,
        _ => '-',
    };
    let name: String = stem.chars().take(64).map(fit).collect();
    if is_name(&name) { Ok(name) } else { bail!("name the feed of {} with --feed", path.display()) }
}
