//! Packs indicators into a set.

use std::hash::BuildHasher;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::{DefaultHashBuilder, HashMap, HashSet, HashTable};

use crate::indicator::Indicator;
use crate::set::{Blocks, Context, Entry, IndicatorSet, NONE, Times};
use crate::value::{Kind, Value};

/// How many indicators a set has at the most.
pub const MOST_INDICATORS: usize = 20_000_000;
/// How many indicators may have the same value.
const MOST_ALIKE: usize = 64;
/// How long a description may be, in bytes.
const LONGEST_DESCRIPTION: usize = 500;
/// How long an id may be, in bytes.
const LONGEST_ID: usize = 250;
/// How many labels of an indicator are kept, and how long they may be, in characters.
const LABELS: (usize, usize) = (50, 100);
/// How many bytes of descriptions are kept; what comes after is told without them.
const MOST_DESCRIPTIONS: usize = 40 << 20;
/// How many different lists of labels are kept; what comes after is told without them.
const MOST_LABELS: usize = 100_000;
/// By what part full vectors grow. Doubling a large one would take more than there should be.
const GROWTH: usize = 4;

/// The number of the next set.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Takes indicators one by one, and makes a set of them.
#[derive(Debug)]
pub struct Builder {
    set: IndicatorSet,
    /// The numbers of the contexts, found by these.
    contexts: HashTable<u32>,
    /// Where descriptions stand.
    descriptions: HashTable<(u32, u16)>,
    description_bytes: usize,
    labels: HashMap<Box<[Box<str>]>, u32>,
    /// The feeds and ids of indicators that were taken back.
    revoked: HashSet<(String, String)>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            set: IndicatorSet {
                hasher: DefaultHashBuilder::default(),
                table: HashTable::new(),
                entries: Vec::new(),
                arena: Vec::new(),
                contexts: Vec::new(),
                feeds: Vec::new(),
                labels: Vec::new(),
                compounds: Vec::new(),
                prefixes: [Vec::new(), Vec::new()],
                blocks: Blocks::default(),
                kinds: [0; 6],
                allowed: Vec::new(),
                indicators: 0,
                number: NEXT.fetch_add(1, Ordering::Relaxed),
            },
            contexts: HashTable::new(),
            descriptions: HashTable::new(),
            description_bytes: 0,
            labels: HashMap::new(),
            revoked: HashSet::new(),
        }
    }
}

impl Builder {
    /// A builder with room for about so many indicators.
    #[must_use]
    pub fn with_capacity(indicators: usize) -> Self {
        let mut builder = Self::default();
        let indicators = indicators.min(MOST_INDICATORS);
        builder.set.entries.reserve_exact(indicators);
        builder.set.arena.reserve_exact(indicators.saturating_mul(36));
        let IndicatorSet { table, entries, arena, hasher, .. } = &mut builder.set;
        table.reserve(indicators, |number| rehash(hasher, entries, arena, *number));
        builder
    }

    /// Adds an indicator. One that is revoked takes back all that have its feed and id. `false`: it
    /// was left out, because there are too many, or too many with the same value.
    pub fn add(&mut self, indicator: &Indicator) -> bool {
        if indicator.revoked {
            if !indicator.id.is_empty() && self.revoked.len() < MOST_INDICATORS {
                self.revoked.insert((indicator.feed.clone(), indicator.id.clone()));
            }
            return true;
        }
        if self.set.indicators >= MOST_INDICATORS {
            return false;
        }
        let Some(id) = self.id(&indicator.id) else { return false };
        let Some(context) = self.context(indicator) else { return false };
        let times = Times::new(indicator.valid_from, indicator.valid_until);
        let mut all = true;
        for part in &indicator.any {
            let compound = match part.len() {
                0 => continue,
                1 => NONE,
                count => {
                    let Ok(number) = u32::try_from(self.set.compounds.len()) else { return false };
                    self.set.compounds.push(u32::try_from(count).unwrap_or(NONE));
                    number
                }
            };
            for value in part {
                let entry = Entry {
                    value: 0,
                    id,
                    times,
                    context,
                    compound,
                    next: NONE,
                    value_length: 0,
                    kind: value.kind(),
                    command_and_control: indicator.command_and_control,
                };
                all &= self.entry(value, entry);
            }
        }
        self.set.indicators += 1;
        all
    }

    /// Never matches an address, network or domain, whatever the feeds say: one's own offices.
    pub fn allow(&mut self, value: Value) {
        self.set.allowed.push(value);
    }

    /// The set.
    #[must_use]
    pub fn build(mut self) -> IndicatorSet {
        self.take_back();
        let set = &mut self.set;
        set.allowed.sort();
        set.allowed.dedup();
        set.prefixes.iter_mut().for_each(|prefixes| prefixes.sort_unstable_by(|a, b| b.cmp(a)));
        set.entries.shrink_to_fit();
        set.arena.shrink_to_fit();
        set.contexts.shrink_to_fit();
        self.add_blocks();
        self.set
    }

    fn add_blocks(&mut self) {
        let set = &mut self.set;
        if set.count(Kind::Address) < Blocks::WORTH {
            return;
        }
        let mut blocks = std::mem::take(&mut set.blocks);
        for entry in set.entries.iter().filter(|entry| entry.kind == Kind::Address) {
            if let [a, b, c, d, prefix] = *set.value(entry) {
                blocks.add(Ipv4Addr::new(a, b, c, d), prefix);
            }
        }
        set.blocks = blocks;
    }

    /// Makes what was revoked hold at no time.
    fn take_back(&mut self) {
        if self.revoked.is_empty() {
            return;
        }
        let mut entries = std::mem::take(&mut self.set.entries);
        for entry in &mut entries {
            let context = self.set.contexts.get(entry.context as usize);
            let feed = context.map_or("", |context| self.set.feed(context)).to_owned();
            if self.revoked.contains(&(feed, self.set.id(entry))) {
                entry.times = Times::NEVER;
            }
        }
        self.set.entries = entries;
    }

    fn store(&mut self, bytes: &[u8]) -> Option<(u32, u16)> {
        let arena = &mut self.set.arena;
        let start = u32::try_from(arena.len()).ok().filter(|start| *start != NONE)?;
        let length = u16::try_from(bytes.len()).ok()?;
        make_room(arena, bytes.len());
        arena.extend_from_slice(bytes);
        Some((start, length))
    }

    /// STIX ids are stored as the 16 bytes that differ, with their number before them.
    fn id(&mut self, id: &str) -> Option<u32> {
        if id.is_empty() {
            return Some(NONE);
        }
        let uuid = id.strip_prefix("indicator--").and_then(|uuid| {
            let parsed = uuid::Uuid::try_parse(uuid).ok()?;
            (parsed.hyphenated().to_string() == uuid).then_some(parsed)
        });
        let mut bytes = vec![0];
        match uuid {
            Some(uuid) => bytes.extend_from_slice(uuid.as_bytes()),
            // Longer than the bytes of an id, so that it is not taken for one.
            None => bytes.extend_from_slice(format!("{id:>17}").as_bytes()),
        }
        bytes.truncate(1 + LONGEST_ID);
        let length = u8::try_from(bytes.len() - 1).ok()?;
        if let Some(first) = bytes.first_mut() {
            *first = length;
        }
        self.store(&bytes).map(|(start, _)| start)
    }

    fn context(&mut self, indicator: &Indicator) -> Option<u32> {
        let (description, description_length) = self.description(&indicator.about())?;
        let context = Context {
            feed: self.feed(&indicator.feed),
            labels: self.label_list(&indicator.labels),
            description,
            description_length,
            confidence: indicator.confidence,
            tlp: indicator.tlp,
        };
        let Self { set: IndicatorSet { hasher, contexts: all, .. }, contexts, .. } = self;
        let hash = hasher.hash_one(context);
        let known = contexts.find(hash, |number| all.get(*number as usize) == Some(&context));
        if let Some(known) = known {
            return Some(*known);
        }
        let number = u32::try_from(all.len()).ok()?;
        make_room(all, 1);
        all.push(context);
        contexts.insert_unique(hash, number, |number| {
            all.get(*number as usize).map_or(0, |context| hasher.hash_one(context))
        });
        Some(number)
    }

    fn description(&mut self, text: &str) -> Option<(u32, u16)> {
        let mut end = text.len().min(LONGEST_DESCRIPTION);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = text.get(..end).unwrap_or_default();
        if text.is_empty() || self.description_bytes + text.len() > MOST_DESCRIPTIONS {
            return Some((0, 0));
        }
        let set = &self.set;
        let hash = set.hasher.hash_one(text.as_bytes());
        let same = |(start, length): &(u32, u16)| set.text(*start, *length) == text.as_bytes();
        if let Some(known) = self.descriptions.find(hash, same) {
            return Some(*known);
        }
        let stored = self.store(text.as_bytes())?;
        self.description_bytes += text.len();
        let set = &self.set;
        self.descriptions.insert_unique(hash, stored, |(start, length)| {
            set.hasher.hash_one(set.text(*start, *length))
        });
        Some(stored)
    }

    fn feed(&mut self, name: &str) -> u32 {
        let feeds = &mut self.set.feeds;
        // There are a few feeds, and mostly it is the last one.
        let place = feeds.iter().rposition(|feed| &**feed == name).unwrap_or_else(|| {
            feeds.push(name.into());
            feeds.len() - 1
        });
        u32::try_from(place).unwrap_or(NONE)
    }

    fn label_list(&mut self, labels: &[String]) -> u32 {
        if labels.is_empty() {
            return NONE;
        }
        let kept = labels.iter().take(LABELS.0);
        let kept = kept.map(|label| label.chars().take(LABELS.1).collect::<String>().into());
        let kept: Box<[Box<str>]> = kept.collect();
        if let Some(number) = self.labels.get(&kept) {
            return *number;
        }
        if self.labels.len() >= MOST_LABELS {
            return NONE;
        }
        let number = u32::try_from(self.set.labels.len()).unwrap_or(NONE);
        self.set.labels.push(kept.clone());
        self.labels.insert(kept, number);
        number
    }

    fn entry(&mut self, value: &Value, mut entry: Entry) -> bool {
        let set = &self.set;
        let hash = set.hash(value.kind(), value.key());
        let head = set.lookup(value.kind(), value.key());
        if let Some(head) = head {
            let mut last = head;
            for _ in 0..MOST_ALIKE {
                let Some(other) = self.set.entries.get(last as usize).copied() else {
                    return false;
                };
                let same = other.compound == NONE
                    && entry.compound == NONE
                    && other.times == entry.times
                    && other.context == entry.context
                    && other.command_and_control == entry.command_and_control
                    && self.set.id_bytes(&other) == self.set.id_bytes(&entry);
                if same {
                    return true;
                }
                if other.next == NONE {
                    (entry.value, entry.value_length) = (other.value, other.value_length);
                    let Some(number) = self.push(entry) else { return false };
                    if let Some(other) = self.set.entries.get_mut(last as usize) {
                        other.next = number;
                    }
                    return true;
                }
                last = other.next;
            }
            return false;
        }
        let Some((start, length)) = self.store(value.key()) else { return false };
        (entry.value, entry.value_length) = (start, length);
        let Some(number) = self.push(entry) else { return false };
        if value.kind() == Kind::Address
            && let Some((prefix, bytes)) = value.key().split_last()
        {
            let prefixes = usize::from(bytes.len() != 4);
            if let Some(prefixes) = self.set.prefixes.get_mut(prefixes)
                && !prefixes.contains(prefix)
            {
                prefixes.push(*prefix);
            }
        }
        let IndicatorSet { table, entries, arena, hasher, .. } = &mut self.set;
        table.insert_unique(hash, number, |number| rehash(hasher, entries, arena, *number));
        true
    }

    fn push(&mut self, entry: Entry) -> Option<u32> {
        let number = u32::try_from(self.set.entries.len()).ok().filter(|number| *number != NONE)?;
        if let Some(count) = self.set.kinds.get_mut(entry.kind as usize) {
            *count += 1;
        }
        make_room(&mut self.set.entries, 1);
        self.set.entries.push(entry);
        Some(number)
    }
}

fn rehash(hasher: &DefaultHashBuilder, entries: &[Entry], arena: &[u8], number: u32) -> u64 {
    let Some(entry) = entries.get(number as usize) else { return 0 };
    let start = entry.value as usize;
    let value = arena.get(start..start + usize::from(entry.value_length)).unwrap_or_default();
    hasher.hash_one((entry.kind, value))
}

fn make_room<T>(all: &mut Vec<T>, more: usize) {
    if all.capacity() - all.len() < more {
        all.reserve_exact(more.max(all.len() / GROWTH).max(64));
    }
}
