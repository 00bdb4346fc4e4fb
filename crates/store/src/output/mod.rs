//! How stored events are written: whole records, chosen fields, or Okta's text; as JSON or CSV.

pub mod csv;

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::Arc;

use ecs::{Context, Lookup, Record};
use hashbrown::HashMap;
use okta::LogEvent;
use okta::json::Value;
use serde_json::Map;

use crate::Origin;
use crate::search::Hit;

/// How many origins a context is kept for.
const MOST_CONTEXTS: usize = 64;

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Records in one JSON array.
    Json,
    /// Records, one JSON object a line.
    Ndjson,
    /// One row each, for spreadsheets.
    Csv,
    /// Events as Okta wrote them, one JSON object a line: what `wardgate scan` reads.
    Raw,
}

/// The fields that are written.
#[derive(Clone, Debug)]
pub struct Fields(Vec<(String, Lookup)>);

/// There is no field of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownField {
    /// One is much like it.
    #[error("there is no field '{0}': did you mean {1}?")]
    Like(String, String),
    /// None is like it.
    #[error("there is no field '{0}', see wardgate fields")]
    None(String),
}

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
    ///
    /// # Errors
    ///
    /// When there is no such field.
    pub fn named<N: AsRef<str>>(names: &[N]) -> Result<Self, UnknownField> {
        let mut fields = Vec::new();
        for name in names {
            let name = name.as_ref();
            let lookup = Lookup::resolve(name);
            if !lookup.is_known() {
                return Err(match Lookup::suggest(name) {
                    Some(like) => UnknownField::Like(name.to_owned(), like),
                    None => UnknownField::None(name.to_owned()),
                });
            }
            fields.push((lookup.name().to_owned(), lookup));
        }
        Ok(Self(fields))
    }

    /// The fields that tell the most, under short names for people.
    #[must_use]
    pub fn short() -> Self {
        Self(DEFAULT.map(|(short, name)| (short.to_owned(), Lookup::resolve(name))).to_vec())
    }

    /// The same under their own names, with some more.
    #[must_use]
    pub fn usual() -> Self {
        let more = ["event.reason", "okta.system.outcome.reason", "event.id"];
        let names = DEFAULT.iter().map(|(_, name)| *name).chain(more);
        Self(names.map(|name| (name.to_owned(), Lookup::resolve(name))).collect())
    }

    /// What they are called.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The values of a record, one text for each field.
    #[must_use]
    pub fn cells(&self, record: &Record<'_>) -> Vec<String> {
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
    #[must_use]
    pub fn object(&self, record: &Record<'_>) -> serde_json::Value {
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

/// A value as JSON.
#[must_use]
pub fn json_of(value: Value<'_>) -> serde_json::Value {
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

/// Makes records of stored events.
#[derive(Default)]
pub struct Records {
    contexts: HashMap<Option<Arc<Origin>>, Context>,
}

impl Records {
    /// Hands the record of an event to `use_it`.
    ///
    /// # Errors
    ///
    /// When the text is no event, which a stored one always is.
    pub fn with<T>(
        &mut self,
        hit: &Hit,
        use_it: impl FnOnce(&Record<'_>) -> T,
    ) -> Result<T, okta::ParseError> {
        let event = LogEvent::parse(&hit.raw)?;
        if self.contexts.len() > MOST_CONTEXTS {
            self.contexts.clear();
        }
        let context = self.contexts.entry(hit.origin.clone()).or_insert_with(|| {
            let organization = hit.origin.as_ref().map(|origin| origin.organization());
            Context::new(organization.unwrap_or_default())
        });
        context.reset();
        Ok(use_it(&Record::new(&event, context, hit.arrival)))
    }
}

/// Writes events one after the other.
pub struct Output<W> {
    out: W,
    form: Form,
    /// `None` for the whole record.
    fields: Option<Fields>,
    records: Records,
    written: u64,
    buffer: Vec<u8>,
}

impl<W: Write> Output<W> {
    /// Writes to `out`. Without `fields`, whole records are written, or the usual fields where
    /// there is only room for some.
    pub fn new(out: W, form: Form, fields: Option<Fields>) -> Self {
        let fields = fields.or_else(|| (form == Form::Csv).then(Fields::usual));
        Self { out, form, fields, records: Records::default(), written: 0, buffer: Vec::new() }
    }

    /// Writes an event.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn event(&mut self, hit: &Hit) -> io::Result<()> {
        self.begin()?;
        self.written += 1;
        let Self { out, form, fields, records, written, buffer } = self;
        buffer.clear();
        if *form == Form::Raw {
            // Between the parts of an event there may be line breaks; inside of texts there are
            // none.
            buffer.extend(hit.raw.bytes().map(|byte| match byte {
                b'\n' | b'\r' => b' ',
                other => other,
            }));
            buffer.push(b'\n');
            return out.write_all(buffer);
        }
        let made = records.with(hit, |record| match (*form, &*fields) {
            (Form::Csv, Some(fields)) => {
                let cells = fields.cells(record);
                csv::write_row(buffer, cells.iter().map(String::as_str))
            }
            (form, fields) => {
                if form == Form::Json && *written > 1 {
                    buffer.extend_from_slice(b",\n");
                }
                match fields {
                    Some(fields) => serde_json::to_writer(&mut *buffer, &fields.object(record))?,
                    None => record.write_json(buffer),
                }
                if form == Form::Ndjson {
                    buffer.push(b'\n');
                }
                Ok(())
            }
        });
        made.map_err(|_| io::Error::other("a stored event is no event: run wardgate verify"))??;
        out.write_all(buffer)
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
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Writes what stands behind the last event, and gives back what was written to.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        self.begin()?;
        if self.form == Form::Json {
            self.out.write_all(if self.written > 0 { b"\n]\n" } else { b"]\n" })?;
        }
        self.flush()?;
        Ok(self.out)
    }
}
