//! The set: indicators packed, found by a hash of what they look for.

use std::hash::BuildHasher;

use ecs::Timestamp;
use hashbrown::{DefaultHashBuilder, HashTable};

use crate::indicator::Tlp;
use crate::value::{Kind, Value};

pub(crate) const NONE: u32 = u32::MAX;

/// Indicators that are matched together. It never changes.
#[derive(Debug)]
pub struct IndicatorSet {
    pub(crate) hasher: DefaultHashBuilder,
    /// By value, the first entry that has it.
    pub(crate) table: HashTable<u32>,
    pub(crate) entries: Vec<Entry>,
    /// The bytes of values and ids.
    pub(crate) arena: Vec<u8>,
    pub(crate) contexts: Vec<Context>,
    /// How many values each part has that has several.
    pub(crate) compounds: Vec<u32>,
    /// The lengths of prefixes that occur, IPv4 and IPv6, longest first.
    pub(crate) prefixes: [Vec<u8>; 2],
    /// How many entries there are of each kind.
    pub(crate) kinds: [usize; 6],
    pub(crate) allowed: Vec<Value>,
    pub(crate) indicators: usize,
}

impl Default for IndicatorSet {
    fn default() -> Self {
        crate::Builder::default().build()
    }
}

/// A value of an indicator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) value: Span,
    pub(crate) id: Span,
    pub(crate) times: Times,
    pub(crate) context: u32,
    /// The part that it belongs to, when that has several values.
    pub(crate) compound: u32,
    /// The next entry with the same value.
    pub(crate) next: u32,
    pub(crate) kind: Kind,
    pub(crate) command_and_control: bool,
}

/// Bytes of the arena.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) length: u16,
}

impl Span {
    pub(crate) fn of(self, arena: &[u8]) -> &[u8] {
        let start = self.start as usize;
        arena.get(start..start + usize::from(self.length)).unwrap_or_default()
    }
}

/// From when until when an indicator holds, in seconds since 1970; the ends of the range when
/// nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    from: u32,
    until: u32,
}

impl Times {
    /// At no time.
    pub(crate) const NEVER: Self = Self { from: u32::MAX, until: 1 };

    pub(crate) fn new(from: Option<Timestamp>, until: Option<Timestamp>) -> Self {
        let seconds = |time: Timestamp| {
            u32::try_from(time.0.div_euclid(1_000).max(1)).unwrap_or(u32::MAX - 1).min(u32::MAX - 1)
        };
        Self { from: from.map_or(0, seconds), until: until.map_or(u32::MAX, seconds) }
    }

    /// Whether a time is within, with so many seconds of tolerance before and behind.
    pub(crate) fn hold(self, time: Timestamp, before: i64, behind: i64) -> bool {
        let seconds = time.0.div_euclid(1_000);
        let begun = self.from == 0 || seconds >= i64::from(self.from) - before;
        let ended = self.until != u32::MAX && seconds >= i64::from(self.until) + behind;
        begun && !ended
    }

    pub(crate) fn from(self) -> Option<Timestamp> {
        (self.from != 0).then(|| Timestamp(i64::from(self.from) * 1_000))
    }

    pub(crate) fn until(self) -> Option<Timestamp> {
        (self.until != u32::MAX).then(|| Timestamp(i64::from(self.until) * 1_000))
    }
}

/// What many indicators of a feed have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Context {
    pub(crate) feed: String,
    pub(crate) labels: Vec<String>,
    pub(crate) description: String,
    pub(crate) confidence: Option<u8>,
    pub(crate) tlp: Option<Tlp>,
}

impl IndicatorSet {
    /// How many indicators there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.indicators
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.indicators == 0
    }

    /// How many values of a kind there are.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        self.kinds.get(kind as usize).copied().unwrap_or(0)
    }

    /// The values of a kind that hold at a time, without those that victims talk to: for
    /// placeholders of rules.
    pub fn values(&self, kind: Kind, at: Timestamp) -> impl Iterator<Item = Value> {
        self.entries
            .iter()
            .filter(move |entry| {
                entry.kind == kind
                    && entry.compound == NONE
                    && !entry.command_and_control
                    && entry.times.hold(at, 0, 0)
            })
            .map(move |entry| Value::from_key(kind, self.bytes(entry.value)))
    }

    pub(crate) fn hash(&self, kind: Kind, key: &[u8]) -> u64 {
        self.hasher.hash_one((kind, key))
    }

    pub(crate) fn bytes(&self, span: Span) -> &[u8] {
        span.of(&self.arena)
    }

    /// The first entry with a value.
    pub(crate) fn lookup(&self, kind: Kind, key: &[u8]) -> Option<u32> {
        let same = |number: &u32| {
            self.entries
                .get(*number as usize)
                .is_some_and(|entry| entry.kind == kind && self.bytes(entry.value) == key)
        };
        self.table.find(self.hash(kind, key), same).copied()
    }

    /// All entries with a value.
    pub(crate) fn alike(&self, kind: Kind, key: &[u8]) -> impl Iterator<Item = &Entry> {
        let get = |number: u32| self.entries.get(number as usize);
        let first = if self.count(kind) == 0 { None } else { self.lookup(kind, key) };
        std::iter::successors(first.and_then(get), move |entry| get(entry.next))
    }

    /// The id of an entry.
    pub(crate) fn id(&self, entry: &Entry) -> String {
        let bytes = self.bytes(entry.id);
        match <[u8; 16]>::try_from(bytes) {
            Ok(uuid) => format!("indicator--{}", uuid::Uuid::from_bytes(uuid).hyphenated()),
            Err(_) => String::from_utf8_lossy(bytes).trim_start().to_owned(),
        }
    }
}
