//! How stored events are written.

use std::collections::HashMap;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::ValueEnum;
use ecs::{Context, Lookup, Record};
use okta::LogEvent;
use okta::json::Value;
use serde_json::Map;
use store::Origin;
use store::search::Hit;

use super::Columns;
use crate::term::csv;

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

/// The fields that are written.
#[derive(Debug)]
pub(crate) struct Fields(Vec<(String, Lookup)>);

/// What most questions are about.
const DEFAULT: [(&str, &str); 6] = [
    ("time", "@timestamp"),
    ("action", "event.action"),
    ("user", "user.name"),
    ("source", "source.ip"),
    ("country", "source.geo.country_name"),
    ("outcome", "event.outcome"),
];

impl Fields {
    /// The fields with these names.
    pub(crate) fn named(names: &[String]) -> Result<Self> {
        let mut fields = Vec::new();
        for name in names {
            let lookup = Lookup::resolve(name);
            if !lookup.is_known() {
                match Lookup::suggest(name) {
                    Some(like) => bail!("there is no field '{name}': did you mean {like}?"),
                    None => bail!("there is no field '{name}', see wardgate fields"),
                }
            }
            fields.push((lookup.name().to_owned(), lookup));
        }
        Ok(Self(fields))
    }

    /// The fields that tell the most, under short names for people.
    pub(crate) fn short() -> Self {
        Self(DEFAULT.map(|(short, name)| (short.to_owned(), Lookup::resolve(name))).to_vec())
    }

    /// The same under their own names, with some more.
    pub(crate) fn usual() -> Self {
        let more = ["event.reason", "okta.system.outcome.reason", "event.id"];
        let names = DEFAULT.iter().map(|(_, name)| *name).chain(more);
        Self(names.map(|name| (name.to_owned(), Lookup::resolve(name))).collect())
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The values of a record, one text for each field.
    fn cells(&self, record: &Record<'_>) -> Vec<String> {
        let cell = |lookup: &Lookup| {
            let mut cell = String::new();
            let _ = record.visit(lookup, &mut |value| {
                if !cell.is_empty() {
                    cell.push_str(", ");
                }
                match value {
                    Value::Object(raw) | Value::Array(raw) => cell.push_str(raw.as_str()),
                    other => cell.push_str(&other.to_str().unwrap_or_default()),
                }
                ControlFlow::Continue(())
            });
            cell
        };
        self.0.iter().map(|(_, lookup)| cell(lookup)).collect()
    }

    /// The values of a record as one JSON object; what it has not is left out.
    fn object(&self, record: &Record<'_>) -> serde_json::Value {
        let mut object = Map::new();
        for (name, lookup) in &self.0 {
            let mut values = Vec::new();
            let _ = record.visit(lookup, &mut |value| {
                values.push(json_of(value));
                ControlFlow::Continue(())
            });
            let value = if values.len() > 1 { Some(values.into()) } else { values.pop() };
            if let Some(value) = value {
                object.insert(name.clone(), value);
            }
        }
        object.into()
    }
}

fn json_of(value: Value<'_>) -> serde_json::Value {
    match value {
        Value::Bool(value) => value.into(),
        // What one reader of JSON takes another may not: then it is a text.
        Value::Number(raw) => serde_json::from_str(raw).unwrap_or_else(|_| raw.into()),
        Value::Object(raw) | Value::Array(raw) => {
            serde_json::from_str(raw.as_str()).unwrap_or_else(|_| raw.as_str().into())
        }
        Value::Text(text) => text.to_str().into(),
        Value::Missing | Value::Null => serde_json::Value::Null,
    }
}

/// Writes events one after the other.
pub(crate) struct Output<W> {
    out: W,
    form: Form,
    /// `None` for the whole record.
    fields: Option<Fields>,
    table: Columns,
    contexts: HashMap<Option<Arc<Origin>>, Context>,
    written: u64,
    buffer: Vec<u8>,
}

impl<W: Write> Output<W> {
    /// Writes to `out`. Without `fields`, whole records are written, or the usual fields where
    /// there is only room for some.
    pub(crate) fn new(out: W, form: Form, fields: Option<Fields>) -> Self {
        let fields = fields.or_else(|| match form {
            Form::Table => Some(Fields::short()),
            Form::Csv => Some(Fields::usual()),
            _ => None,
        });
        let table = Columns::new(fields.as_ref().map(Fields::names).unwrap_or_default());
        let contexts = HashMap::new();
        Self { out, form, fields, table, contexts, written: 0, buffer: Vec::new() }
    }

    /// Writes an event.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(crate) fn event(&mut self, hit: &Hit) -> io::Result<()> {
        self.begin()?;
        self.written += 1;
        if self.form == Form::Raw {
            // Between the parts of an event there may be line breaks; inside of texts there are
            // none.
            self.buffer.clear();
            let bytes = hit.raw.bytes();
            self.buffer.extend(bytes.map(|byte| match byte {
                b'\n' | b'\r' => b' ',
                other => other,
            }));
            self.buffer.push(b'\n');
            return self.out.write_all(&self.buffer);
        }
        let Ok(event) = LogEvent::parse(&hit.raw) else {
            return Err(io::Error::other("a stored event is no event: run wardgate verify"));
        };
        let context = self.contexts.entry(hit.origin.clone()).or_insert_with(|| {
            let organization = hit.origin.as_ref().map(|origin| origin.organization());
            Context::new(organization.unwrap_or_default())
        });
        context.reset();
        let record = Record::new(&event, context, hit.arrival);
        match (self.form, &self.fields) {
            (Form::Table, Some(fields)) => self.table.row(&mut self.out, fields.cells(&record)),
            (Form::Csv, Some(fields)) => {
                let cells = fields.cells(&record);
                csv::write_row(&mut self.out, cells.iter().map(String::as_str))
            }
            (form, fields) => {
                self.buffer.clear();
                if form == Form::Json && self.written > 1 {
                    self.buffer.extend_from_slice(b",\n");
                }
                match fields {
                    Some(fields) => {
                        serde_json::to_writer(&mut self.buffer, &fields.object(&record))?;
                    }
                    None => record.write_json(&mut self.buffer),
                }
                if form == Form::Ndjson {
                    self.buffer.push(b'\n');
                }
                self.out.write_all(&self.buffer)
            }
        }
    }

    /// Writes what stands before the first event.
    fn begin(&mut self) -> io::Result<()> {
        if self.written > 0 {
            return Ok(());
        }
        match (self.form, &self.fields) {
            (Form::Json, _) => self.out.write_all(b"[\n"),
            (Form::Csv, Some(fields)) => {
                let names = fields.names();
                csv::write_row(&mut self.out, names.iter().map(String::as_str))
            }
            _ => Ok(()),
        }
    }

    /// Writes what waits to be written, so that it can be seen.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.table.write(&mut self.out)?;
        self.out.flush()
    }

    /// Writes what stands behind the last event, and gives back what was written to.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.begin()?;
        if self.form == Form::Json {
            self.out.write_all(if self.written > 0 { b"\n]\n" } else { b"]\n" })?;
        }
        self.flush()?;
        Ok(self.out)
    }
}
