//! Packs indicators into a set.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashSet, HashTable};

use crate::indicator::Indicator;
use crate::set::{Context, Entry, IndicatorSet, NONE, Span, Times};
use crate::value::{Kind, Value};

/// How many indicators a set has at the most.
pub const MOST_INDICATORS: usize = 20_000_000;
/// How many indicators may have the same value.
const MOST_ALIKE: usize = 64;
/// How long a description may be, in bytes.
const LONGEST_DESCRIPTION: usize = 500;
/// How many labels of an indicator are kept, and how long they may be, in characters.
const LABELS: (usize, usize) = (50, 100);
/// How many bytes of descriptions and labels are kept; what comes after is told without them.
const MOST_CONTEXT: usize = 256 << 20;

/// Takes indicators one by one, and makes a set of them.
#[derive(Debug)]
pub struct Builder {
    set: IndicatorSet,
    /// The numbers of the contexts, found by these.
    contexts: HashTable<u32>,
    context_bytes: usize,
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
                compounds: Vec::new(),
                prefixes: [Vec::new(), Vec::new()],
                kinds: [0; 6],
                allowed: Vec::new(),
                indicators: 0,
            },
            contexts: HashTable::new(),
            context_bytes: 0,
            revoked: HashSet::new(),
        }
    }
}

impl Builder {
    /// Adds an indicator. One that is revoked takes back all that have its feed and id. `false`: it was left out, because there are too
    /// many, or too many with the same value.
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
        let description: String = match indicator.description.len() {
            0..=LONGEST_DESCRIPTION => indicator.description.clone(),
            _ => indicator.description.chars().take(LONGEST_DESCRIPTION / 4).collect(),
        };
        let context = Context {
            feed: indicator.feed.clone(),
            labels: indicator
                .labels
                .iter()
                .take(LABELS.0)
                .map(|label| label.chars().take(LABELS.1).collect())
                .collect(),
            description,
            confidence: indicator.confidence,
            tlp: indicator.tlp,
        };
        let Some(id) = self.id(&indicator.id) else { return false };
        let context = self.context(context);
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
                    value: Span::default(),
                    id,
                    times,
                    context,
                    compound,
                    next: NONE,
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
        self.set
    }

    /// Makes what was revoked hold at no time.
    fn take_back(&mut self) {
        if self.revoked.is_empty() {
            return;
        }
        let mut entries = std::mem::take(&mut self.set.entries);
        for entry in &mut entries {
            let feed = self.set.contexts.get(entry.context as usize).map(|one| one.feed.clone());
            if self.revoked.contains(&(feed.unwrap_or_default(), self.set.id(entry))) {
                entry.times = Times::NEVER;
            }
        }
        self.set.entries = entries;
    }

    fn store(&mut self, bytes: &[u8]) -> Option<Span> {
        let start = u32::try_from(self.set.arena.len()).ok()?;
        let length = u16::try_from(bytes.len()).ok()?;
        self.set.arena.extend_from_slice(bytes);
        Some(Span { start, length })
    }

    /// STIX ids are stored as the 16 bytes that differ.
    fn id(&mut self, id: &str) -> Option<Span> {
        if id.is_empty() {
            return Some(Span::default());
        }
        let uuid = id.strip_prefix("indicator--").and_then(|uuid| {
            let parsed = uuid::Uuid::try_parse(uuid).ok()?;
            (parsed.hyphenated().to_string() == uuid).then_some(parsed)
        });
        match uuid {
            Some(uuid) => self.store(uuid.as_bytes()),
            // Longer than the bytes of an id, so that it is not taken for one.
            None => {
                let mut text = format!("{id:>17}").into_bytes();
                text.truncate(1_000);
                self.store(&text)
            }
        }
    }

    fn context(&mut self, context: Context) -> u32 {
        let bytes = context.description.len()
            + context.labels.iter().map(|label| label.len() + size_of::<String>()).sum::<usize>();
        let context = if self.context_bytes + bytes <= MOST_CONTEXT {
            context
        } else {
            Context { description: String::new(), labels: Vec::new(), ..context }
        };
        let Self { set: IndicatorSet { hasher, contexts: all, .. }, contexts, .. } = self;
        let hash = hasher.hash_one(&context);
        let known = contexts.find(hash, |number| all.get(*number as usize) == Some(&context));
        if let Some(known) = known {
            return *known;
        }
        self.context_bytes += bytes;
        let number = u32::try_from(all.len()).unwrap_or(NONE);
        all.push(context);
        contexts.insert_unique(hash, number, |number| {
            all.get(*number as usize).map_or(0, |context| hasher.hash_one(context))
        });
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
                    && self.set.bytes(other.id) == self.set.bytes(entry.id);
                if same {
                    return true;
                }
                if other.next == NONE {
                    entry.value = other.value;
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
        let Some(span) = self.store(value.key()) else { return false };
        entry.value = span;
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
        table.insert_unique(hash, number, |number| {
            let Some(entry) = entries.get(*number as usize) else { return 0 };
            hasher.hash_one((entry.kind, entry.value.of(arena)))
        });
        true
    }

    fn push(&mut self, entry: Entry) -> Option<u32> {
        let number = u32::try_from(self.set.entries.len()).ok().filter(|number| *number != NONE)?;
        if let Some(count) = self.set.kinds.get_mut(entry.kind as usize) {
            *count += 1;
        }
        self.set.entries.push(entry);
        Some(number)
    }
}
