//! What correlations are told of an event that a rule has matched.

use std::sync::Arc;

use ecs::{Arrival, Record, Timestamp};
use uuid::Uuid;

/// The match of a rule, as far as a correlation wants to know of it.
///
/// [`crate::Detector::inspect`] makes them, in any thread; a [`crate::Correlator`] takes them in
/// the order of their events.
#[derive(Clone, Debug)]
pub struct Observation {
    pub(crate) correlation: u32,
    pub(crate) input: u16,
    /// Whether it tells of an alert that is stored, and not only of an event.
    pub(crate) of_alert: bool,
    pub(crate) group: Group,
    pub(crate) seeing: Vec<Seeing>,
    pub(crate) seen: Arc<Seen>,
}

impl Observation {
    /// The correlation, by its place among the detector's rules.
    #[must_use]
    pub fn rule(&self, detector: &crate::Detector) -> Option<usize> {
        let correlations = &detector.plan().correlations;
        correlations.get(self.correlation as usize).map(|planned| planned.rule)
    }

    /// When the event happened; when it arrived, if its own date cannot be read.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        Timestamp(self.seen.time)
    }
}

/// Whom an observation is about.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// A hash of the text, which differs from process to process: nobody can choose names whose
    /// hashes are the same.
    pub(crate) key: u64,
    /// The values of the fields to group by, as a JSON array.
    pub(crate) text: Arc<str>,
}

/// What a correlation looks at in an event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Seeing {
    /// A hash of the value, and the value.
    Value(u64, Box<str>),
    Number(f64),
    Place(Box<Place>),
    Alert(Weighed),
}

/// Where an event came from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    /// Degrees north and east.
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
    /// A hash of the address.
    pub(crate) address: u64,
    /// A hash of the autonomous system; none when it is not known.
    pub(crate) system: Option<u64>,
    /// A hash of the autonomous system, or the address, and the country.
    pub(crate) network: u64,
    /// City and country, or the address.
    pub(crate) label: Box<str>,
}

/// An alert and what it weighs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Weighed {
    pub(crate) id: Uuid,
    /// Its rule, by its place in the detector.
    pub(crate) rule: u32,
    pub(crate) weight: f64,
}

/// An event that a rule has matched.
#[derive(Debug)]
pub(crate) struct Seen {
    /// In milliseconds since 1970.
    pub(crate) time: i64,
    /// What stays of it.
    pub(crate) brief: Brief,
    /// The event as Okta wrote it, to make its record anew.
    pub(crate) raw: Box<str>,
    pub(crate) arrival: Arrival,
}

/// An event in a few words: its id, action, user and address, in one piece of memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Brief(Arc<str>);

/// Stands between the words. It is part of none: control characters are taken out.
const BETWEEN: char = '\u{1f}';
/// The longest that a word may be, in characters.
const LONGEST: usize = 128;

impl Brief {
    pub(crate) fn new(words: [&str; 4]) -> Self {
        let mut text = String::with_capacity(160);
        for (place, word) in words.into_iter().enumerate() {
            if place > 0 {
                text.push(BETWEEN);
            }
            // The common case, without a look at each character.
            if word.len() <= LONGEST && !word.contains(BETWEEN) {
                text.push_str(word);
            } else {
                text.extend(word.chars().filter(|char| *char != BETWEEN).take(LONGEST));
            }
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
    pub(crate) fn of(record: &Record<'_>, lookups: &Lookups) -> Self {
        let event = record.event();
        let id = match event.uuid.to_str().filter(|uuid| !uuid.is_empty()) {
            Some(uuid) => uuid,
            None => {
                let text = event.raw().as_bytes();
                uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, text).to_string().into()
            }
        };
        let first = |lookup| record.first(lookup).unwrap_or_default();
        let (action, user) = (first(&lookups.action), first(&lookups.user));
        let address = first(&lookups.address);
        Self {
            time: record.time().map_or(0, |time| time.0),
            brief: Brief::new([&id, &action, &user, &address]),
            raw: event.raw().into(),
            arrival: record.arrival(),
        }
    }
}

/// The fields that are looked at whatever the correlation, looked up once.
#[derive(Debug)]
pub(crate) struct Lookups {
    pub(crate) action: ecs::Lookup,
    pub(crate) user: ecs::Lookup,
    pub(crate) address: ecs::Lookup,
    pub(crate) system: ecs::Lookup,
    pub(crate) city: ecs::Lookup,
    pub(crate) country: ecs::Lookup,
    pub(crate) proxy: ecs::Lookup,
    pub(crate) tunnels: ecs::Lookup,
}

impl Default for Lookups {
    fn default() -> Self {
        let lookup = ecs::Lookup::resolve;
        Self {
            action: lookup("event.action"),
            user: lookup("user.name"),
            address: lookup("source.ip"),
            system: lookup("source.as.number"),
            city: lookup("source.geo.city_name"),
            country: lookup("source.geo.country_name"),
            proxy: lookup("okta.system.security_context.is_proxy"),
            tunnels: lookup("debugContext.debugData.tunnels"),
        }
    }
}
