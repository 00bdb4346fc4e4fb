//! `wardgate fields`: the field table.

use std::io::{self, IsTerminal, Write};

use anyhow::Result;
use clap::{Args, ValueEnum};
use ecs::{FIELDS, Field, Origin};
use serde_json::json;

use crate::cli::DONE;
use crate::term::{csv, table};

/// Print the fields of a record: name, type, where it comes from, what it means.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    wardgate fields\n  \
    wardgate fields --origin extracted --format csv\n  \
    wardgate fields okta.system.actor")]
pub(crate) struct FieldsArgs {
    /// Only fields whose name begins so.
    prefix: Option<String>,
    /// Only fields that are there for this reason.
    #[arg(long)]
    origin: Option<OriginArg>,
    /// How to print them. Default: a table on a terminal, NDJSON otherwise.
    #[arg(long)]
    format: Option<Format>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OriginArg {
    /// The fields of the reference document.
    Extracted,
    /// Worked out from other fields.
    Inferred,
    /// Beyond the reference document.
    Added,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
    Ndjson,
    Csv,
}

/// Runs the command.
pub(crate) fn run(args: &FieldsArgs) -> Result<u8> {
    let origin = args.origin.map(|origin| match origin {
        OriginArg::Extracted => Origin::Extracted,
        OriginArg::Inferred => Origin::Inferred,
        OriginArg::Added => Origin::Added,
    });
    let prefix = args.prefix.as_deref().unwrap_or_default();
    let is_wanted = |field: &&Field| {
        field.name.starts_with(prefix) && origin.is_none_or(|origin| field.origin == origin)
    };
    let fields: Vec<&Field> = FIELDS.iter().filter(is_wanted).collect();
    if fields.is_empty() {
        anyhow::bail!("there is no field whose name begins with '{prefix}', see wardgate fields");
    }
    let default = if io::stdout().is_terminal() { Format::Table } else { Format::Ndjson };
    let mut out = io::stdout().lock();
    match args.format.unwrap_or(default) {
        Format::Table => {
            let rows = fields.iter().map(|field| {
                let kind = field.kind.name();
                let kind = if field.many { format!("{kind}[]") } else { kind.to_owned() };
                [field.name.to_owned(), kind, field.source.to_owned(), field.description.to_owned()]
            });
            write!(out, "{}", table::render(["field", "type", "from", "meaning"], rows))?;
        }
        Format::Json => {
            let all: Vec<_> = fields.iter().map(|field| as_json(field)).collect();
            writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
        }
        Format::Ndjson => {
            for field in fields {
                writeln!(out, "{}", as_json(field))?;
            }
        }
        Format::Csv => {
            csv::write_row(&mut out, ["field", "type", "many", "origin", "from", "meaning"])?;
            for field in fields {
                let many = if field.many { "true" } else { "false" };
                let Field { name, kind, origin, source, description, .. } = field;
                csv::write_row(
                    &mut out,
                    [name, kind.name(), many, origin.name(), source, description],
                )?;
            }
        }
    }
    out.flush()?;
    Ok(DONE)
}

fn as_json(field: &Field) -> serde_json::Value {
    json!({
        "field": field.name,
        "type": field.kind.name(),
        "many": field.many,
        "origin": field.origin.name(),
        "from": field.source,
        "description": field.description,
    })
}
