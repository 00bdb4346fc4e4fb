//! Events in answers: as whole records, or as chosen fields.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::value::RawValue;
use store::output::{Fields, Records};
use store::search::Hit;
use utoipa::ToSchema;

use crate::answer::Problem;
use crate::api::params::{List, bad_parameter};
use crate::api::values::Time;

/// The most fields that can be chosen.
const MOST_FIELDS: usize = 64;

/// A stored event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventHit {
    /// `event.id`: Okta's uuid; one made from the text where it has none.
    pub(crate) id: String,
    /// Its number in the store.
    pub(crate) seq: u64,
    pub(crate) time: Time,
    /// The intake it came through.
    pub(crate) intake: Option<String>,
    /// The ECS document; left out when fields are chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(crate) record: Option<Box<RawValue>>,
    /// The chosen fields that have values.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub(crate) fields: Option<serde_json::Value>,
    /// The event as Okta wrote it, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) raw: Option<String>,
}

/// How events are put into answers.
#[derive(Clone, Default)]
pub(crate) struct Shape {
    fields: Option<Fields>,
    raw: bool,
}

/// Puts events into answers, on one thread.
pub(crate) struct Shaper {
    shape: Shape,
    records: Records,
}

impl Shape {
    /// With these fields instead of the record, if there are any; with Okta's text, if `raw`.
    pub(crate) fn new(fields: Option<List<String>>, raw: bool) -> Result<Self, Problem> {
        Ok(Self { fields: named(fields)?, raw })
    }

    pub(crate) fn shaper(self) -> Shaper {
        Shaper { shape: self, records: Records::default() }
    }
}

impl Shaper {
    /// An event as it stands in answers.
    pub(crate) fn event(&mut self, hit: Hit) -> Result<EventHit, Problem> {
        let Self { shape: Shape { fields, raw }, records } = self;
        let made = records.with(&hit, |record| {
            let id = event_id(record);
            match fields {
                Some(fields) => (id, None, Some(fields.object(record))),
                None => {
                    let mut json = Vec::with_capacity(4 * 1024);
                    record.write_json(&mut json);
                    let text = String::from_utf8(json).ok();
                    (id, text.and_then(|text| RawValue::from_string(text).ok()), None)
                }
            }
        });
        let (id, record, fields) = made.map_err(|_| damaged())?;
        let intake = hit.origin.as_ref().map(|origin| origin.intake.clone());
        let raw = raw.then_some(hit.raw);
        Ok(EventHit { id, seq: hit.seq, time: hit.time.into(), intake, record, fields, raw })
    }
}

/// The chosen fields.
pub(crate) fn named(fields: Option<List<String>>) -> Result<Option<Fields>, Problem> {
    let Some(List(names)) = fields.filter(|fields| !fields.0.is_empty()) else { return Ok(None) };
    if names.len() > MOST_FIELDS {
        return Err(bad_parameter(format!("fields: expected {MOST_FIELDS} names at the most")));
    }
    match Fields::named(&names) {
        Ok(fields) => Ok(Some(fields)),
        Err(error) => Err(bad_parameter(format!("fields: {error}"))),
    }
}

/// What identifies an event: its uuid as Okta wrote it, or what is made from its text.
pub(crate) fn event_id(record: &ecs::Record<'_>) -> String {
    let event = record.event();
    match event.uuid.to_str().filter(|uuid| !uuid.is_empty()) {
        Some(uuid) => uuid.into_owned(),
        None => store::event_id(event.uuid, event.raw()),
    }
}

pub(crate) fn damaged() -> Problem {
    tracing::error!("a stored event is no event: run wardgate verify");
    Problem::coded(StatusCode::INTERNAL_SERVER_ERROR, "internal", "a stored event cannot be read")
}
