//! Which events of which data folder.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, anyhow};
use clap::Args;
use config::Config;
use ecs::Timestamp;
use query::{Node, Query};
use store::search::{SearchError, Searcher, Selection, Unreadable};

use crate::commands::scan::parse_time;
use crate::term::say::say;

/// Which events of which data folder.
#[derive(Debug, Args)]
pub(crate) struct SelectArgs {
    /// What the events match, in Lucene's syntax. Default: everything.
    query: Option<String>,
    /// The data folder. Default: that of the configuration, or wardgate-data.
    #[arg(long, value_name = "FOLDER", conflicts_with = "config")]
    data: Option<PathBuf>,
    /// The configuration that names the data folder.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only events from this time on: 2026-09-01, 2026-09-01T08:00:00Z, or 7d, 12h, 30m ago.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<Timestamp>,
    /// Only events before this time.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<Timestamp>,
}

impl SelectArgs {
    /// Opens the data folder to search.
    pub(crate) fn open(&self) -> Result<Searcher> {
        let folder = match (&self.data, &self.config) {
            (Some(folder), _) => folder.clone(),
            (None, None) => PathBuf::from("wardgate-data"),
            (None, Some(file)) => {
                let config = Config::load(file).map_err(|problems| {
                    let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
                    anyhow!("{}", problems.join("\n"))
                })?;
                config.data_dir
            }
        };
        Ok(Searcher::open(&folder)?)
    }

    /// Reads the query, and says what may be wrong with it.
    pub(crate) fn query(&self) -> Result<Query> {
        let text = self.text();
        let query = query::parse(text).map_err(|error| self.explain(SearchError::Query(error)))?;
        for warning in &query.warnings {
            say(&format!("wardgate: is this what is meant?\n{}", warning.render(text)));
        }
        Ok(query)
    }

    /// The events.
    pub(crate) fn selection<'q>(
        &self,
        query: &'q Node,
        time_limit: Option<Duration>,
    ) -> Selection<'q> {
        let (since, until) = (self.since, self.until);
        Selection { since, until, time_limit, ..Selection::new(query) }
    }

    /// An error, with a mark below the part of the query that it is about.
    pub(crate) fn explain(&self, error: SearchError) -> anyhow::Error {
        match error {
            SearchError::Query(diagnostic) => {
                let rendered = diagnostic.render(self.text());
                anyhow!("the query cannot be answered\n{rendered}")
            }
            other => other.into(),
        }
    }

    fn text(&self) -> &str {
        self.query.as_deref().unwrap_or_default()
    }
}

/// Says which days could not be searched. Gives whether all could.
pub(crate) fn say_unreadable(unreadable: &[Unreadable]) -> bool {
    for day in unreadable {
        say(&format!("wardgate: {}", day.reason));
    }
    unreadable.is_empty()
}

/// Reads a length of time: `30s`, `15m`, `1h`, `1d`, `1w`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let expected = "expected a length of time such as 30s, 15m, 1h, 1d or 1w";
    let digits = text.trim_end_matches(|one: char| !one.is_ascii_digit());
    let number: u64 = digits.parse().map_err(|_| expected)?;
    let seconds = match text.strip_prefix(digits) {
        Some("s") => 1,
        Some("m") => 60,
        Some("h") => 3_600,
        Some("d") => 86_400,
        Some("w") => 604_800,
        _ => return Err(expected.to_owned()),
    };
    /// A hundred years.
    const MOST: u64 = 3_155_760_000;
    let seconds = number.checked_mul(seconds).filter(|seconds| (1..=MOST).contains(seconds));
    Ok(Duration::from_secs(seconds.ok_or(expected)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read() {
        let cases = [("30s", 30), ("15m", 900), ("1h", 3_600), ("2d", 172_800), ("1w", 604_800)];
        for (text, seconds) in cases {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)));
        }
        for none in ["", "1", "h", "0h", "-1h", "1.5h", "1 h", "1mo", "99999999999999999999d"] {
            assert!(parse_duration(none).is_err(), "{none}");
        }
    }
}
