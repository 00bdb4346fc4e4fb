//! The set: indicators packed, found by a hash of what they look for.
//!
//! A million indicators have to fit beside everything else: an entry is 32 bytes, all texts lie in
//! one arena, and what indicators have in common is there once.

use std::hash::BuildHasher;
use std::net::Ipv4Addr;

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
    /// The bytes of values, ids and descriptions.
    pub(crate) arena: Vec<u8>,
    pub(crate) contexts: Vec<Context>,
    pub(crate) feeds: Vec<Box<str>>,
    pub(crate) labels: Vec<Box<[Box<str>]>>,
    /// How many values each part has that has several.
    pub(crate) compounds: Vec<u32>,
    /// The lengths of prefixes that occur, IPv4 and IPv6, longest first.
    pub(crate) prefixes: [Vec<u8>; 2],
    pub(crate) blocks: Blocks,
    /// How many entries there are of each kind.
    pub(crate) kinds: [usize; 6],
    pub(crate) allowed: Vec<Value>,
    pub(crate) indicators: usize,
    /// No other set has it.
    pub(crate) number: u64,
}

impl Default for IndicatorSet {
    fn default() -> Self {
        crate::Builder::default().build()
    }
}

/// A value of an indicator.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) value: u32,
    pub(crate) id: u32,
    pub(crate) times: Times,
    pub(crate) context: u32,
    /// The part that it belongs to, when that has several values.
    pub(crate) compound: u32,
    /// The next entry with the same value.
    pub(crate) next: u32,
    pub(crate) value_length: u16,
    pub(crate) kind: Kind,
    pub(crate) command_and_control: bool,
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
        self.hold_within(time, time, before, behind)
    }

    /// Whether some time from `first` to `last` is within.
    pub(crate) fn hold_within(
        self,
        first: Timestamp,
        last: Timestamp,
        before: i64,
        behind: i64,
    ) -> bool {
        let (first, last) = (first.0.div_euclid(1_000), last.0.div_euclid(1_000));
        let begun = self.from == 0 || last >= i64::from(self.from) - before;
        let ended = self.until != u32::MAX && first >= i64::from(self.until) + behind;
        begun && !ended
    }

    pub(crate) fn from(self) -> Option<Timestamp> {
        (self.from != 0).then(|| Timestamp(i64::from(self.from) * 1_000))
    }

    pub(crate) fn until(self) -> Option<Timestamp> {
        (self.until != u32::MAX).then(|| Timestamp(i64::from(self.until) * 1_000))
    }
}

/// What many indicators have in common, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Context {
    pub(crate) feed: u32,
    pub(crate) labels: u32,
    pub(crate) description: u32,
    pub(crate) description_length: u16,
    pub(crate) confidence: Option<u8>,
    pub(crate) tlp: Option<Tlp>,
}

/// The blocks of 256 IPv4 addresses in which an indicator is: most addresses are in none, and that
/// is seen with one look instead of one for each length of prefix.
#[derive(Debug, Default)]
pub(crate) struct Blocks(Vec<u64>);

impl Blocks {
    /// From how many networks on they are worth their 2 MiB.
    pub(crate) const WORTH: usize = 256;

    /// Adds a network: the first address, and the length of its prefix.
    pub(crate) fn add(&mut self, first: Ipv4Addr, prefix: u8) {
        if self.0.is_empty() {
            self.0 = vec![0; 1 << 18];
        }
        let block = u32::from(first) >> 8;
        let count = 1_u32 << (24 - u32::from(prefix.min(24)));
        for block in block..block.saturating_add(count) {
            if let Some(word) = self.0.get_mut((block >> 6) as usize) {
                *word |= 1 << (block & 63);
            }
        }
    }

    /// Whether something may be found for an address.
    pub(crate) fn may_have(&self, address: Ipv4Addr) -> bool {
        let block = u32::from(address) >> 8;
        self.0.get((block >> 6) as usize).is_none_or(|word| word >> (block & 63) & 1 == 1)
    }
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

    /// How much memory it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        // The table has a byte beside each number, and is at most 7/8 full.
        let table = self.table.capacity() * 8 / 7 * (size_of::<u32>() + 1);
        let labels = self.labels.iter().flatten().map(|label| label.len() + 16).sum::<usize>();
        self.entries.capacity() * size_of::<Entry>()
            + self.arena.capacity()
            + self.contexts.capacity() * size_of::<Context>()
            + self.blocks.0.capacity() * 8
            + table
            + labels
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
            .map(move |entry| Value::from_key(kind, self.value(entry)))
    }

    pub(crate) fn hash(&self, kind: Kind, key: &[u8]) -> u64 {
        self.hasher.hash_one((kind, key))
    }

    /// Bytes of the arena.
    pub(crate) fn text(&self, start: u32, length: u16) -> &[u8] {
        let start = start as usize;
        self.arena.get(start..start + usize::from(length)).unwrap_or_default()
    }

    /// What an entry looks for.
    pub(crate) fn value(&self, entry: &Entry) -> &[u8] {
        self.text(entry.value, entry.value_length)
    }

    /// The first entry with a value.
    pub(crate) fn lookup(&self, kind: Kind, key: &[u8]) -> Option<u32> {
        let same = |number: &u32| {
            self.entries
                .get(*number as usize)
                .is_some_and(|entry| entry.kind == kind && self.value(entry) == key)
        };
        self.table.find(self.hash(kind, key), same).copied()
    }

    /// All entries with a value.
    pub(crate) fn alike(&self, kind: Kind, key: &[u8]) -> impl Iterator<Item = &Entry> {
        let get = |number: u32| self.entries.get(number as usize);
        let first = if self.count(kind) == 0 { None } else { self.lookup(kind, key) };
        std::iter::successors(first.and_then(get), move |entry| get(entry.next))
    }

    /// The bytes of an entry's id: a byte with their number stands before them.
    pub(crate) fn id_bytes(&self, entry: &Entry) -> &[u8] {
        if entry.id == NONE {
            return &[];
        }
        let length = self.text(entry.id, 1).first().copied().unwrap_or(0);
        self.text(entry.id.saturating_add(1), u16::from(length))
    }

    /// The id of an entry.
    pub(crate) fn id(&self, entry: &Entry) -> String {
        let bytes = self.id_bytes(entry);
        match <[u8; 16]>::try_from(bytes) {
            Ok(uuid) => format!("indicator--{}", uuid::Uuid::from_bytes(uuid).hyphenated()),
            Err(_) => String::from_utf8_lossy(bytes).trim_start().to_owned(),
        }
    }

    pub(crate) fn feed(&self, context: &Context) -> &str {
        self.feeds.get(context.feed as usize).map_or("", |feed| feed)
    }

    pub(crate) fn description(&self, context: &Context) -> String {
        let text = self.text(context.description, context.description_length);
        String::from_utf8_lossy(text).into_owned()
    }
}
