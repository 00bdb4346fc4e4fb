//! A record as a document of the index.

use std::iter::Empty;
use std::net::{IpAddr, Ipv6Addr};
use std::ops::ControlFlow;

use ecs::{FIELDS, Field, FieldId, Kind, Record, Timestamp, snake_case};
use okta::json::Value;
use tantivy::schema::document::{ReferenceValue, ReferenceValueLeaf};
use tantivy::{DateTime, schema};

use super::schema::{LONGEST_KEYWORD, Schema};
use crate::db::OriginId;

/// How deep and how many values of debugData are indexed.
const DEEPEST: usize = 8;
const MOST_LEAVES: usize = 256;
/// The most values of one field.
const MOST_VALUES: usize = 1024;
/// How many values an event usually has.
const USUAL_VALUES: usize = 96;

/// What is indexed of an event.
///
/// Most values stand in the event's text as they are, and are kept as places in it: a document of
/// Tantivy's own, which copies each of them, took a sixth of the time that a backlog takes.
#[derive(Debug)]
pub(crate) struct Document {
    /// The event as Okta wrote it.
    raw: String,
    /// What does not stand in the event like this.
    made: String,
    /// In the order of the schema's fields.
    values: Vec<(schema::Field, Place)>,
}

/// A value, or where it stands.
#[derive(Clone, Copy, Debug)]
enum Place {
    Raw(u32, u32),
    Made(u32, u32),
    Whole,
    Number(u64),
    Long(i64),
    Degrees(f64),
    Date(DateTime),
    Address(Ipv6Addr),
    Boolean(bool),
}

/// A value as Tantivy reads it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DocumentValue<'d> {
    Text(&'d str),
    Number(u64),
    Long(i64),
    Degrees(f64),
    Date(DateTime),
    Address(Ipv6Addr),
    Boolean(bool),
}

impl<'d> schema::Value<'d> for DocumentValue<'d> {
    type ArrayIter = Empty<Self>;
    type ObjectIter = Empty<(&'d str, Self)>;

    fn as_value(&self) -> ReferenceValue<'d, Self> {
        ReferenceValue::Leaf(match *self {
            Self::Text(text) => ReferenceValueLeaf::Str(text),
            Self::Number(number) => ReferenceValueLeaf::U64(number),
            Self::Long(number) => ReferenceValueLeaf::I64(number),
            Self::Degrees(degrees) => ReferenceValueLeaf::F64(degrees),
            Self::Date(date) => ReferenceValueLeaf::Date(date),
            Self::Address(address) => ReferenceValueLeaf::IpAddr(address),
            Self::Boolean(value) => ReferenceValueLeaf::Bool(value),
        })
    }
}

/// Goes through the values of a document.
pub(crate) struct Values<'d> {
    document: &'d Document,
    places: std::slice::Iter<'d, (schema::Field, Place)>,
}

impl<'d> Iterator for Values<'d> {
    type Item = (schema::Field, DocumentValue<'d>);

    fn next(&mut self) -> Option<Self::Item> {
        let (field, place) = self.places.next()?;
        Some((*field, self.document.value(*place)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.places.size_hint()
    }
}

impl schema::Document for Document {
    type Value<'d> = DocumentValue<'d>;
    type FieldsValuesIter<'d> = Values<'d>;

    fn iter_fields_and_values(&self) -> Values<'_> {
        Values { document: self, places: self.values.iter() }
    }
}

impl Document {
    /// The document of a record. `id` is what identifies the event.
    ///
    /// It lacks the number in the store and the origin, which are known when it is committed.
    pub(crate) fn new(record: &Record<'_>, id: &str, repaired: bool) -> Self {
        let schema = Schema::get();
        let raw = record.event().raw().to_owned();
        let mut document =
            Self { raw, made: String::new(), values: Vec::with_capacity(USUAL_VALUES) };
        document.values.push((schema.seq, Place::Number(0)));
        document.values.push((schema.origin, Place::Number(0)));
        if id.len() <= LONGEST_KEYWORD {
            document.make(schema.id, id);
        }
        document.values.push((schema.source, Place::Whole));
        if repaired {
            document.values.push((schema.repaired, Place::Boolean(true)));
        }
        document.add_words(record, schema.text);
        let mut leaves = MOST_LEAVES;
        let _ = record.visit_field(FieldId::DebugContext, &mut |value| {
            document.add_leaves(schema.debug, value, &mut String::new(), 0, &mut leaves);
            ControlFlow::Continue(())
        });
        if let Some((latitude, longitude)) = record.coordinates()
            && let (Ok(latitude), Ok(longitude)) = (latitude.parse(), longitude.parse())
        {
            document.values.push((schema.latitude, Place::Degrees(latitude)));
            document.values.push((schema.longitude, Place::Degrees(longitude)));
        }
        for row in FIELDS {
            if let Some(field) = schema.row(row.id) {
                document.add_row(record, row, field);
            }
        }
        document
    }

    /// Adds what is known of an event when it is committed.
    pub(crate) fn number(&mut self, seq: u64, origin: OriginId) {
        let numbers = [seq, u64::from(origin.0)];
        for ((_, place), number) in self.values.iter_mut().zip(numbers) {
            *place = Place::Number(number);
        }
    }

    fn value(&self, place: Place) -> DocumentValue<'_> {
        match place {
            Place::Raw(start, end) => {
                DocumentValue::Text(self.raw.get(start as usize..end as usize).unwrap_or_default())
            }
            Place::Made(start, end) => {
                DocumentValue::Text(self.made.get(start as usize..end as usize).unwrap_or_default())
            }
            Place::Whole => DocumentValue::Text(&self.raw),
            Place::Number(number) => DocumentValue::Number(number),
            Place::Long(number) => DocumentValue::Long(number),
            Place::Degrees(degrees) => DocumentValue::Degrees(degrees),
            Place::Date(date) => DocumentValue::Date(date),
            Place::Address(address) => DocumentValue::Address(address),
            Place::Boolean(value) => DocumentValue::Boolean(value),
        }
    }

    /// Adds a text that does not stand in the event.
    fn make(&mut self, field: schema::Field, text: &str) {
        let start = self.made.len();
        self.made.push_str(text);
        if let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(self.made.len())) {
            self.values.push((field, Place::Made(start, end)));
        }
    }

    /// Adds a text that stands in `event` perhaps, of which `raw` is a copy.
    fn add_text(&mut self, field: schema::Field, event: &str, text: &str) {
        match place_in(event, text) {
            Some((start, end)) => self.values.push((field, Place::Raw(start, end))),
            None => self.make(field, text),
        }
    }

    fn add_row(&mut self, record: &Record<'_>, row: &Field, field: schema::Field) {
        let mut left = MOST_VALUES;
        // The time of arrival stands in for a date that cannot be read: the index is sorted by it.
        if row.id == FieldId::Timestamp {
            if let Some(time) = record.time() {
                let date = DateTime::from_timestamp_millis(time.0);
                self.values.push((field, Place::Date(date)));
            }
            return;
        }
        let event = record.event().raw();
        let _ = record.visit_field(row.id, &mut |value| {
            match (row.kind, value) {
                (Kind::Boolean, Value::Bool(value)) => {
                    self.values.push((field, Place::Boolean(value)));
                }
                (Kind::Keyword, value) => {
                    if let Some(text) = value.to_str().filter(|text| text.len() <= LONGEST_KEYWORD)
                    {
                        self.add_text(field, event, &text);
                    }
                }
                (kind, value) => {
                    let text = value.to_str().unwrap_or_default();
                    let place = match kind {
                        Kind::Long => text.parse().ok().map(Place::Long),
                        Kind::Ip => {
                            let address = text.trim().parse().ok();
                            address.map(|address| Place::Address(address_v6(address)))
                        }
                        Kind::Date => Timestamp::parse(&text)
                            .map(|time| Place::Date(DateTime::from_timestamp_millis(time.0))),
                        _ => None,
                    };
                    self.values.extend(place.map(|place| (field, place)));
                }
            }
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }

    /// Adds `name NUL value` for each leaf of `value`, whose name stands in `term`.
    fn add_leaves(
        &mut self,
        field: schema::Field,
        value: Value<'_>,
        term: &mut String,
        depth: usize,
        left: &mut usize,
    ) {
        if *left == 0 || depth > DEEPEST {
            return;
        }
        match value {
            Value::Object(_) => {
                for (name, value) in value.entries() {
                    let before = term.len();
                    if before > 0 {
                        term.push('.');
                    }
                    term.push_str(&snake_case(&name.to_str()));
                    self.add_leaves(field, value, term, depth + 1, left);
                    term.truncate(before);
                }
            }
            Value::Array(_) => {
                for value in value.items() {
                    self.add_leaves(field, value, term, depth + 1, left);
                }
            }
            value => {
                let Some(text) = value.to_str().filter(|text| !text.is_empty()) else { return };
                if term.len() + text.len() >= LONGEST_KEYWORD {
                    return;
                }
                *left -= 1;
                let before = term.len();
                term.push('\0');
                term.push_str(&text);
                self.make(field, term);
                term.truncate(before);
            }
        }
    }

    /// Adds the names that people search for without naming a field. What else has words is found
    /// through the dictionaries of its fields.
    fn add_words(&mut self, record: &Record<'_>, field: schema::Field) {
        let event = record.event().raw();
        const WORDS: [FieldId; 4] = [
            FieldId::ActorAlternateId,
            FieldId::ActorDisplayName,
            FieldId::TargetAlternateId,
            FieldId::TargetDisplayName,
        ];
        for id in WORDS {
            let mut left = 16;
            let _ = record.visit_field(id, &mut |value| {
                if let Some(text) = value.to_str().filter(|text| text.len() <= LONGEST_KEYWORD) {
                    self.add_text(field, event, &text);
                }
                left -= 1;
                if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
        }
    }
}

/// Where `part` stands in `whole`, if it is a part of it and no equal text elsewhere.
fn place_in(whole: &str, part: &str) -> Option<(u32, u32)> {
    let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    let end = start.checked_add(part.len())?;
    // An empty text may stand anywhere, also behind a whole that ends where it is.
    if end > whole.len() || part.is_empty() {
        return None;
    }
    Some((u32::try_from(start).ok()?, u32::try_from(end).ok()?))
}

/// An address as the index has it.
#[must_use]
pub(crate) fn address_v6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

#[cfg(test)]
mod tests {
    use ecs::{Arrival, Context};
    use okta::LogEvent;
    use tantivy::schema::Document as _;

    use super::*;

    const EVENT: &str = r#"{"uuid": "A-1", "published": "2026-09-01T10:00:00.000Z",
        "eventType": "user.session.start", "displayMessage": "User \u006cogin",
        "actor": {"id": "00u1", "type": "User", "alternateId": "ada@example.org",
            "displayName": "Ada \"A\" Lovelace"},
        "client": {"ipAddress": "198.51.100.7"},
        "securityContext": {"asNumber": 64500, "isProxy": true},
        "debugContext": {"debugData": {"requestUri": "/x"}},
        "target": [{"id": "a", "type": "T"}, {"id": "b\t", "type": "T"}]}"#;

    #[test]
    fn values_are_those_of_the_record() {
        let schema = Schema::get();
        let event = LogEvent::parse(EVENT).unwrap();
        let context = Context::default();
        let record = Record::new(&event, &context, Arrival::default());
        let mut document = Document::new(&record, "a-1", true);
        document.number(7, OriginId(3));

        let values: Vec<(schema::Field, DocumentValue<'_>)> =
            document.iter_fields_and_values().collect();
        assert!(values.is_sorted_by_key(|(field, _)| *field));
        let of = |wanted: schema::Field| -> Vec<String> {
            let values = values.iter().filter(|(field, _)| *field == wanted);
            values
                .map(|(_, value)| match value {
                    DocumentValue::Text(text) => (*text).to_owned(),
                    other => format!("{other:?}"),
                })
                .collect()
        };
        assert_eq!(of(schema.source), [EVENT]);
        assert_eq!(of(schema.id), ["a-1"]);
        assert_eq!(of(schema.seq), ["Number(7)"]);
        assert_eq!(of(schema.origin), ["Number(3)"]);
        assert_eq!(of(schema.repaired), ["Boolean(true)"]);
        assert_eq!(of(schema.debug), ["request_uri\0/x"]);
        assert_eq!(of(schema.text), ["ada@example.org", r#"Ada "A" Lovelace"#]);
        for row in FIELDS {
            let Some(field) = schema.row(row.id).filter(|_| row.kind == Kind::Keyword) else {
                continue;
            };
            let mut expected = Vec::new();
            let _ = record.visit_field(row.id, &mut |value| {
                expected.extend(value.to_str().map(|text| text.into_owned()));
                ControlFlow::Continue(())
            });
            assert_eq!(of(field), expected, "{}", row.name);
        }
        let row = |id| of(schema.row(id).unwrap());
        assert_eq!(row(FieldId::EventReason), ["User login"]);
        assert_eq!(row(FieldId::TargetId), ["a", "b\t"]);
        assert_eq!(row(FieldId::SourceAsNumber), ["Long(64500)"]);
        assert_eq!(row(FieldId::IsProxy), ["Boolean(true)"]);
        assert_eq!(row(FieldId::SourceIp), ["Address(::ffff:198.51.100.7)"]);
    }

    #[test]
    fn a_part_is_found_by_where_it_stands() {
        let whole = String::from("abcabc");
        let (start, end) = whole.split_at(3);
        let (first, rest) = start.split_at(1);
        assert_eq!(place_in(&whole, end), Some((3, 6)));
        assert_eq!(place_in(&whole, &String::from("abc")), None);
        assert_eq!(place_in(&whole, whole.split_at(0).0), None);
        assert_eq!(place_in(start, end), None);
        assert_eq!(place_in(rest, first), None);
    }
}
