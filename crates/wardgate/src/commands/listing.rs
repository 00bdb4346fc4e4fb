//! Lists of what is in the database, and where that is.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::{Args, ValueEnum};
use config::{Config, Severity};
use serde_json::Value;

use crate::term::clean::clean;
use crate::term::{csv, table};

/// Where the data folder is.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// The configuration, which says where the data folder is.
    #[arg(short, long, value_name = "FILE", default_value = "wardgate.toml", global = true)]
    config: PathBuf,
    /// The data folder, instead of that of a configuration.
    #[arg(long, value_name = "FOLDER", global = true)]
    data: Option<PathBuf>,
}

impl DataArgs {
    /// The configuration, if that is what says where the data folder is.
    pub(crate) fn config(&self) -> Result<Option<Config>> {
        if self.data.is_some() {
            return Ok(None);
        }
        let config = Config::load(&self.config).map_err(|problems| {
            let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
            let lines: Vec<String> = errors.map(ToString::to_string).collect();
            anyhow!(
                "{}\nname a configuration with --config, or the data folder with --data",
                lines.join("\n")
            )
        })?;
        Ok(Some(config))
    }

    /// The data folder that is meant.
    pub(crate) fn folder(&self) -> Result<PathBuf> {
        match &self.data {
            Some(folder) => Ok(folder.clone()),
            None => Ok(self.config()?.map(|config| config.data_dir).unwrap_or_default()),
        }
    }
}

/// How a list is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
    Ndjson,
    Csv,
}

/// Prints a list: as a table on a terminal, as NDJSON otherwise, unless it is said. Each item is
/// its cells, and its document.
pub(crate) fn print<const COLUMNS: usize>(
    format: Option<Format>,
    heading: [&str; COLUMNS],
    items: &[([String; COLUMNS], Value)],
) -> Result<()> {
    let default = if io::stdout().is_terminal() { Format::Table } else { Format::Ndjson };
    let mut out = anstream::stdout().lock();
    match format.unwrap_or(default) {
        Format::Table => {
            let shown = |cell: &String| match cell.as_str() {
                "" => "-".to_owned(),
                cell => clean(cell).into_owned(),
            };
            let rows = items.iter().map(|(cells, _)| cells.each_ref().map(shown));
            write!(out, "{}", table::render(heading, rows))?;
        }
        Format::Json => {
            let all: Vec<_> = items.iter().map(|(_, document)| document).collect();
            writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
        }
        Format::Ndjson => {
            for (_, document) in items {
                writeln!(out, "{document}")?;
            }
        }
        Format::Csv => {
            csv::write_row(&mut out, heading)?;
            for (cells, _) in items {
                csv::write_row(&mut out, cells.each_ref().map(String::as_str))?;
            }
        }
    }
    out.flush()?;
    Ok(())
}
