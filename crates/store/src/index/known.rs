//! Which events are stored already.

use fastbloom::BloomFilter;
use hashbrown::HashMap;
use tantivy::collector::DocSetCollector;
use tantivy::query::TermQuery;
use tantivy::schema::IndexRecordOption;
use tantivy::{IndexReader, ReloadPolicy, Term};

use super::day_index;
use super::schema::Schema;
use crate::db::OriginId;
use crate::folder::Folder;
use crate::{Day, Error};

/// How many days are kept in memory.
const MOST_DAYS: usize = 128;
/// How many events a day's first filter is made for.
const SMALLEST: usize = 16 * 1024;
/// How often the filter says "maybe" of an event that is new.
const FALSE_POSITIVES: f64 = 0.001;

/// An event's identity: the organisation's number, and the hash of its id.
pub(crate) type Key = (u32, u128);

/// Which events of which days are stored.
pub(crate) struct Known {
    folder: Folder,
    days: HashMap<Day, KnownDay>,
    round: u64,
}

/// Which events of a day are stored: a filter over all of them, and those that may not be in the
/// index yet.
struct KnownDay {
    /// Each twice as large as the one before.
    filters: Vec<(BloomFilter, usize)>,
    recent: HashMap<Key, u64>,
    /// None before the index of the day is made.
    reader: Option<IndexReader>,
    /// Whether the index may hold more than the reader sees.
    stale: bool,
    used: u64,
}

impl Known {
    pub(crate) fn new(folder: Folder) -> Self {
        Self { folder, days: HashMap::new(), round: 0 }
    }

    /// Whether an event is stored. `same` tells whether an origin is of the event's organisation.
    pub(crate) fn contains(
        &mut self,
        day: Day,
        key: Key,
        id: &str,
        same: &dyn Fn(OriginId) -> bool,
    ) -> Result<bool, Error> {
        self.load(day)?;
        let Some(known) = self.days.get_mut(&day) else { return Ok(false) };
        if !known.filters.iter().any(|(filter, _)| filter.contains(&key.1)) {
            return Ok(false);
        }
        if known.recent.contains_key(&key) {
            return Ok(true);
        }
        known.in_index(&self.folder, day, id, same)
    }

    /// Notes that an event is stored under a number.
    pub(crate) fn insert(&mut self, day: Day, key: Key, seq: u64) {
        if let Some(known) = self.days.get_mut(&day) {
            known.add_to_filter(key.1);
            known.recent.insert(key, seq);
        }
    }

    /// Takes back what [`Known::insert`] noted.
    pub(crate) fn remove(&mut self, day: Day, key: Key) {
        if let Some(known) = self.days.get_mut(&day) {
            known.recent.remove(&key);
        }
    }

    /// Says that all events up to a number are in the index.
    pub(crate) fn indexed(&mut self, seq: u64) {
        for known in self.days.values_mut() {
            let before = known.recent.len();
            known.recent.retain(|_, of| *of > seq);
            known.stale |= known.recent.len() < before;
        }
        self.round += 1;
        // Days with events that are not in the index have to stay.
        while self.days.len() > MOST_DAYS {
            let idle = self.days.iter().filter(|(_, known)| known.recent.is_empty());
            let Some(day) = idle.min_by_key(|(_, known)| known.used).map(|(day, _)| *day) else {
                break;
            };
            self.days.remove(&day);
        }
    }

    /// Forgets a day that is deleted.
    pub(crate) fn forget(&mut self, day: Day) {
        self.days.remove(&day);
    }

    fn load(&mut self, day: Day) -> Result<(), Error> {
        let known = match self.days.entry(day) {
            hashbrown::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            hashbrown::hash_map::Entry::Vacant(entry) => {
                entry.insert(KnownDay::load(&self.folder, day)?)
            }
        };
        known.used = self.round;
        Ok(())
    }
}

impl KnownDay {
    /// Reads which events are in the index of a day.
    fn load(folder: &Folder, day: Day) -> Result<Self, Error> {
        let mut known = Self {
            filters: Vec::new(),
            recent: HashMap::new(),
            reader: reader(folder, day)?,
            stale: false,
            used: 0,
        };
        let Some(reader) = &known.reader else { return Ok(known) };
        let searcher = reader.searcher();
        let events = usize::try_from(searcher.num_docs()).unwrap_or(usize::MAX);
        known.add_filter((events * 2).max(SMALLEST));
        for segment in searcher.segment_readers() {
            let inverted = segment.inverted_index(Schema::get().id).map_err(Error::index(day))?;
            let mut terms =
                inverted.terms().stream().map_err(|error| Error::index(day)(error.into()))?;
            while let Some((term, _)) = terms.next() {
                known.add_to_filter(hash(term));
            }
        }
        Ok(known)
    }

    fn add_filter(&mut self, events: usize) {
        let filter = BloomFilter::with_false_pos(FALSE_POSITIVES).expected_items(events);
        self.filters.push((filter, events));
    }

    fn add_to_filter(&mut self, hash: u128) {
        match self.filters.last_mut() {
            Some((filter, room)) if *room > 0 => {
                filter.insert(&hash);
                *room -= 1;
            }
            _ => {
                let last = self.filters.len();
                let events = SMALLEST << last.min(12);
                self.add_filter(events);
                self.add_to_filter(hash);
            }
        }
    }

    fn in_index(
        &mut self,
        folder: &Folder,
        day: Day,
        id: &str,
        same: &dyn Fn(OriginId) -> bool,
    ) -> Result<bool, Error> {
        if self.stale {
            match &self.reader {
                Some(reader) => reader.reload().map_err(Error::index(day))?,
                None => self.reader = reader(folder, day)?,
            }
            self.stale = false;
        }
        let Some(reader) = &self.reader else { return Ok(false) };
        let schema = Schema::get();
        let searcher = reader.searcher();
        let term = Term::from_field_text(schema.id, id);
        let query = TermQuery::new(term, IndexRecordOption::Basic);
        let found = searcher.search(&query, &DocSetCollector).map_err(Error::index(day))?;
        for address in found {
            let segment = searcher.segment_reader(address.segment_ord);
            let origins = segment.fast_fields().u64("_origin").map_err(Error::index(day))?;
            let origin =
                origins.first(address.doc_id).and_then(|origin| u32::try_from(origin).ok());
            if origin.is_some_and(|origin| same(OriginId(origin))) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn reader(folder: &Folder, day: Day) -> Result<Option<IndexReader>, Error> {
    if !folder.day(day).join("meta.json").exists() {
        return Ok(None);
    }
    let index = day_index::open(folder, day)?;
    let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into();
    reader.map(Some).map_err(Error::index(day))
}

/// The hash of an event's id.
pub(crate) fn hash(id: &[u8]) -> u128 {
    use std::hash::{BuildHasher, RandomState};
    use std::sync::LazyLock;
    // Ids come from outside: the hashes are keyed anew in each process. Two of them, so that
    // different ids never meet.
    static KEYS: LazyLock<[RandomState; 2]> =
        LazyLock::new(|| [RandomState::new(), RandomState::new()]);
    let [high, low] = KEYS.each_ref().map(|key| u128::from(key.hash_one(id)));
    high << 64 | low
}
