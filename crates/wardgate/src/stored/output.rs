//! How stored events are written: as a table for people, or as the store writes them.

use std::io::{self, Write};

use clap::ValueEnum;
use store::output::{self, Fields, Records};
use store::search::Hit;

use super::Columns;

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// One row each, for people.
    Table,
    /// Records in one JSON array.
    Json,
    /// Records, one JSON object a line.
    Ndjson,
    /// One row each, for spreadsheets.
    Csv,
    /// Events as Okta wrote them, one JSON object a line: what wardgate scan reads.
    Raw,
}

/// Writes events one after the other.
pub(crate) enum Output<W> {
    Table { out: W, fields: Fields, columns: Columns, records: Records },
    Other(output::Output<W>),
}

impl<W: Write> Output<W> {
    /// Writes to `out`. Without `fields`, whole records are written, or the usual fields where
    /// there is only room for some.
    pub(crate) fn new(out: W, form: Form, fields: Option<Fields>) -> Self {
        let form = match form {
            Form::Table => {
                let fields = fields.unwrap_or_else(Fields::short);
                let columns = Columns::new(fields.names());
                return Self::Table { out, fields, columns, records: Records::default() };
            }
            Form::Json => output::Form::Json,
            Form::Ndjson => output::Form::Ndjson,
            Form::Csv => output::Form::Csv,
            Form::Raw => output::Form::Raw,
        };
        Self::Other(output::Output::new(out, form, fields))
    }

    /// Writes an event.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(crate) fn event(&mut self, hit: &Hit) -> io::Result<()> {
        match self {
            Self::Other(output) => output.event(hit),
            Self::Table { out, fields, columns, records } => {
                let cells = records.with(hit, |record| fields.cells(record)).map_err(|_| {
                    io::Error::other("a stored event is no event: run wardgate verify")
                })?;
                columns.row(out, cells)
            }
        }
    }

    /// Writes what waits to be written, so that it can be seen.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Other(output) => output.flush(),
            Self::Table { out, columns, .. } => {
                columns.write(out)?;
                out.flush()
            }
        }
    }

    /// Writes what stands behind the last event, and gives back what was written to.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.flush()?;
        match self {
            Self::Other(output) => output.finish(),
            Self::Table { out, .. } => Ok(out),
        }
    }
}
