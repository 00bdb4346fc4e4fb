//! What correlations are told of an event that a rule has matched.

use std::sync::Arc;

use ecs::{Arrival, Record, Timestamp};

/// The match of a rule, as far as a correlation wants to know of it.
///
/// [`crate::Detector::inspect`] makes them, in any thread; a [`crate::Correlator`] takes them in
/// the order of their events.
#[derive(Clone, Debug)]
pub struct Observation {
    pub(crate) correlation: u32,
    pub(crate) input: u16,
    pub(crate) group: Arc<str>,
    pub(crate) seeing: Vec<Seeing>,
    pub(crate) seen: Arc<Seen>,
}

impl Observation {
    /// When the event happened; when it arrived, if its own date cannot be read.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        Timestamp(self.seen.time)
    }
}

/// A value of the field that a correlation looks at.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Seeing {
    /// A hash of the value, and the value.
    Value(u64, Box<str>),
    Number(f64),
}

/// An event that a rule has matched.
#[derive(Debug)]
pub(crate) struct Seen {
    /// In milliseconds since 1970.
    pub(crate) time: i64,
    /// What stays of it.
    pub(crate) brief: Arc<Brief>,
    /// The event as Okta wrote it, to make its record anew.
    pub(crate) raw: Box<str>,
    pub(crate) arrival: Arrival,
}

/// An event in a few words: its id, action, user and address, in one piece of memory.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Brief(Box<str>);

/// Stands between the words. It is part of none: control characters are taken out.
const BETWEEN: char = '\u{1f}';
/// The longest that a word may be, in characters.
const LONGEST: usize = 128;

impl Brief {
    pub(crate) fn new(words: [&str; 4]) -> Self {
        let mut text = String::new();
        for (place, word) in words.into_iter().enumerate() {
            if place > 0 {
                text.push(BETWEEN);
            }
            text.extend(word.chars().filter(|char| *char != BETWEEN).take(LONGEST));
        }
        Self(text.into())
    }

    /// Id, action, user, address; what there is not is empty.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.0.split(BETWEEN)
    }

    pub(crate) fn id(&self) -> &str {
        self.words().next().unwrap_or_default()
    }
}

impl Seen {
    pub(crate) fn of(record: &Record<'_>) -> Self {
        use ecs::Lookup;
        let event = record.event();
        let id = match event.uuid.to_str().filter(|uuid| !uuid.is_empty()) {
            Some(uuid) => uuid.into_owned(),
            None => {
                let text = event.raw().as_bytes();
                uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, text).to_string()
            }
        };
        let first = |name| record.first(&Lookup::resolve(name)).unwrap_or_default();
        let (action, user) = (first("event.action"), first("user.name"));
        let address = first("source.ip");
        Self {
            time: record.time().map_or(0, |time| time.0),
            brief: Arc::new(Brief::new([&id, &action, &user, &address])),
            raw: event.raw().into(),
            arrival: record.arrival(),
        }
    }
}

/// A hash of a value that is the same in every process.
pub(crate) fn hash(seed: u64, text: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash ^ (hash >> 29)
}
