//! A record as a document of the index.

use std::net::{IpAddr, Ipv6Addr};
use std::ops::ControlFlow;

use ecs::{FIELDS, Field, FieldId, Kind, Record, Timestamp, snake_case};
use okta::json::Value;
use tantivy::schema::TantivyDocument;
use tantivy::{DateTime, schema};

use super::schema::{LONGEST_KEYWORD, Schema};

/// How deep and how many values of debugData are indexed.
const DEEPEST: usize = 8;
const MOST_LEAVES: usize = 256;
/// The most values of one field.
const MOST_VALUES: usize = 1024;

/// The document of a record. `id` is what identifies the event.
///
/// It lacks the number in the store and the origin, which are known when it is committed.
#[must_use]
pub fn document(record: &Record<'_>, id: &str, repaired: bool) -> TantivyDocument {
    let schema = Schema::get();
    let raw = record.event().raw();
    let mut document = TantivyDocument::with_capacity(raw.len() + 2048);
    document.add_text(schema.source, raw);
    if repaired {
        document.add_bool(schema.repaired, true);
    }
    if id.len() <= LONGEST_KEYWORD {
        document.add_text(schema.id, id);
    }
    for row in FIELDS {
        if let Some(field) = schema.row(row.id) {
            add_row(&mut document, record, row, field);
        }
    }
    if let Some((latitude, longitude)) = record.coordinates()
        && let (Ok(latitude), Ok(longitude)) = (latitude.parse(), longitude.parse())
    {
        document.add_f64(schema.latitude, latitude);
        document.add_f64(schema.longitude, longitude);
    }
    let mut leaves = MOST_LEAVES;
    let _ = record.visit_field(FieldId::DebugContext, &mut |value| {
        let mut term = String::new();
        add_leaves(&mut document, schema.debug, value, &mut term, 0, &mut leaves);
        ControlFlow::Continue(())
    });
    add_words(&mut document, record, schema.text);
    document
}

fn add_row(document: &mut TantivyDocument, record: &Record<'_>, row: &Field, field: schema::Field) {
    let mut left = MOST_VALUES;
    // The time of arrival stands in for a date that cannot be read: the index is sorted by it.
    if row.id == FieldId::Timestamp {
        if let Some(time) = record.time() {
            document.add_date(field, DateTime::from_timestamp_millis(time.0));
        }
        return;
    }
    let _ = record.visit_field(row.id, &mut |value| {
        match (row.kind, value) {
            (Kind::Boolean, Value::Bool(value)) => document.add_bool(field, value),
            (Kind::Keyword, value) => {
                if let Some(text) = value.to_str().filter(|text| text.len() <= LONGEST_KEYWORD) {
                    document.add_text(field, &*text);
                }
            }
            (kind, value) => {
                let text = value.to_str().unwrap_or_default();
                match kind {
                    Kind::Long => {
                        if let Ok(number) = text.parse() {
                            document.add_i64(field, number);
                        }
                    }
                    Kind::Ip => {
                        if let Ok(address) = text.trim().parse() {
                            document.add_ip_addr(field, address_v6(address));
                        }
                    }
                    Kind::Date => {
                        if let Some(time) = Timestamp::parse(&text) {
                            document.add_date(field, DateTime::from_timestamp_millis(time.0));
                        }
                    }
                    _ => {}
                }
            }
        }
        left -= 1;
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
}

/// An address as the index has it.
#[must_use]
pub(crate) fn address_v6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

/// Adds `name NUL value` for each leaf of `value`, whose name stands in `term`.
fn add_leaves(
    document: &mut TantivyDocument,
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
                add_leaves(document, field, value, term, depth + 1, left);
                term.truncate(before);
            }
        }
        Value::Array(_) => {
            for value in value.items() {
                add_leaves(document, field, value, term, depth + 1, left);
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
            document.add_text(field, &*term);
            term.truncate(before);
        }
    }
}

/// Adds what people search for without naming a field.
fn add_words(document: &mut TantivyDocument, record: &Record<'_>, field: schema::Field) {
    const WORDS: [FieldId; 10] = [
        FieldId::EventReason,
        FieldId::EventAction,
        FieldId::OutcomeReason,
        FieldId::ActorAlternateId,
        FieldId::ActorDisplayName,
        FieldId::TargetAlternateId,
        FieldId::TargetDisplayName,
        FieldId::SourceGeoCityName,
        FieldId::SourceGeoCountryName,
        FieldId::UserAgentOriginal,
    ];
    for id in WORDS {
        let mut left = 16;
        let _ = record.visit_field(id, &mut |value| {
            if let Some(text) = value.to_str().filter(|text| text.len() <= LONGEST_KEYWORD) {
                document.add_text(field, &*text);
            }
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }
}
