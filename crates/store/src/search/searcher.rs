//! Searching: the events that match, or how many there are.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ecs::{Arrival, FieldId, Timestamp};
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use query::{Diagnostic, Node};
use tantivy::collector::Count;
use tantivy::columnar::Column;
use tantivy::fastfield::FastFieldReaders;
use tantivy::query::{BooleanQuery, Occur, Query};
use tantivy::schema::{OwnedValue, TantivyDocument};
use tantivy::{DateTime, DocAddress};

use super::budget::Budget;
use super::collect::{First, Order, Rank, SEQ, Tally, Times, Values};
use super::days::Days;
use super::measure::{Measured, Measures};
use super::plan::{Plan, between, countable, measurable, plan};
use super::sightings::{Seen, Sightings};
use crate::folder::Folder;
use crate::{Database, Day, Error, Origin, OriginId, Schema};

/// How many events are found at a time; what is known of each is a few words.
const AT_A_TIME: usize = 50_000;
/// The most parts of a histogram.
const MOST_PARTS: i64 = 100_000;
/// The most different values that are counted.
const MOST_VALUES: usize = 4_000_000;

/// Which events.
#[derive(Clone, Debug)]
pub struct Selection<'q> {
    /// What they match.
    pub query: &'q Node,
    /// Only those from this time on.
    pub since: Option<Timestamp>,
    /// Only those before this time.
    pub until: Option<Timestamp>,
    /// What `now` means in the query.
    pub now: Timestamp,
    /// How long the search may take. Checked between days, and while terms are looked at.
    pub time_limit: Option<Duration>,
    /// Set by somebody else when nobody wants the answer any more; looked at as the time is.
    pub given_up: Option<Arc<AtomicBool>>,
    /// How many different values are counted at the most.
    pub most_values: usize,
}

impl<'q> Selection<'q> {
    /// All events that match a query.
    #[must_use]
    pub fn new(query: &'q Node) -> Self {
        Self {
            query,
            since: None,
            until: None,
            now: Timestamp::now(),
            time_limit: None,
            given_up: None,
            most_values: MOST_VALUES,
        }
    }
}

/// Which events, and in which order.
#[derive(Clone, Debug)]
pub struct Request<'q> {
    /// Which.
    pub selection: Selection<'q>,
    /// How many at the most.
    pub limit: usize,
    /// The latest first, or the earliest.
    pub newest_first: bool,
    /// Only what comes behind this one.
    pub after: Option<Page>,
}

/// The place of an event in time, to go on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its `@timestamp`.
    pub time: Timestamp,
    /// Its number.
    pub seq: u64,
}

/// A stored event.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The event as Okta wrote it.
    pub raw: String,
    /// How it arrived, to make its record anew.
    pub arrival: Arrival,
    /// Where it came from; `None` when that cannot be read.
    pub origin: Option<Arc<Origin>>,
    /// Its `@timestamp`.
    pub time: Timestamp,
    /// Its number in the store: later than those that were stored before it.
    pub seq: u64,
}

impl Hit {
    /// Where it stands in time.
    #[must_use]
    pub fn page(&self) -> Page {
        Page { time: self.time, seq: self.seq }
    }
}

/// A day that could not be searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The day.
    pub day: Day,
    /// Why not, and what to do.
    pub reason: String,
}

/// What came of a search.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// How many events were handed over.
    pub events: u64,
    /// Whether it ended because of the limit: there may be more.
    pub is_cut: bool,
    /// The days that could not be searched.
    pub unreadable: Vec<Unreadable>,
}

/// How many events match.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// How many.
    pub events: u64,
    /// The days that could not be searched.
    pub unreadable: Vec<Unreadable>,
}

/// How many events have each value of a field.
#[derive(Clone, Debug, Default)]
pub struct ValueCounts {
    /// The values that most events have, with their number: most first, then by value.
    pub values: Vec<(String, u64)>,
    /// How many different values there are.
    pub distinct: usize,
    /// How many events have none.
    pub missing: u64,
    /// How many events match.
    pub events: u64,
    /// The days that could not be searched.
    pub unreadable: Vec<Unreadable>,
}

/// When a value was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The value.
    pub value: String,
    /// In how many events.
    pub count: u64,
    /// When first.
    pub first: Timestamp,
    /// When last.
    pub last: Timestamp,
}

/// What the values of a field come to.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Their number, extremes and sum.
    pub values: Measured,
    /// The days that could not be searched.
    pub unreadable: Vec<Unreadable>,
}

/// How many events happened when.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    /// The start of each part and its number of events, from the first with any to the last.
    pub parts: Vec<(Timestamp, u64)>,
    /// The days that could not be searched.
    pub unreadable: Vec<Unreadable>,
}

/// A search that cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The query asks for what there is not.
    #[error("{0}")]
    Query(Diagnostic),
    /// It would take too long.
    #[error(
        "the search takes too long: narrow it with --since, or name a field and how its values begin"
    )]
    TooCostly,
    /// There are more different values than can be counted.
    #[error("there are more than {0} different values: narrow the search with --since")]
    TooManyValues(usize),
    /// The histogram would have too many parts.
    #[error("the histogram would have more than {MOST_PARTS} parts: use a longer interval")]
    TooManyParts,
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<Diagnostic> for SearchError {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Query(diagnostic)
    }
}

/// Searches the events of a data folder. It reads only: any number of them, in any processes.
///
/// What it finds is what had been made searchable when a day was opened or when
/// [`Searcher::refresh`] was called last.
pub struct Searcher {
    folder: Folder,
    pub(super) days: Days,
    origins: Mutex<HashMap<OriginId, Arc<Origin>>>,
}

/// A selection, made ready.
pub(super) struct Search {
    plan: Plan,
    since: Option<i64>,
    until: Option<i64>,
    pub(super) budget: Arc<Budget>,
}

impl Search {
    /// The query for a day: without the time where the whole day is wanted.
    fn query(&self, day: Day) -> Box<dyn Query> {
        let query = self.plan.query.box_clone();
        let starts_in = |since: i64| day.start().is_none_or(|start| start.0 < since);
        let ends_in = |until: i64| day.end().is_none_or(|end| end.0 > until);
        let since = self.since.filter(|since| starts_in(*since));
        let until = self.until.filter(|until| ends_in(*until));
        if since.is_none() && until.is_none() {
            return query;
        }
        let time = between(since, until);
        Box::new(BooleanQuery::new(vec![(Occur::Must, query), (Occur::Must, time)]))
    }
}

/// What is kept of an event beside its text.
pub(super) struct Columns {
    time: Option<Column<DateTime>>,
    ingested: Option<Column<DateTime>>,
    seq: Option<Column<u64>>,
    origin: Option<Column<u64>>,
}

impl Columns {
    fn open(fields: &FastFieldReaders) -> tantivy::Result<Self> {
        Ok(Self {
            time: fields.column_opt(FieldId::Timestamp.name())?,
            ingested: fields.column_opt(FieldId::EventIngested.name())?,
            seq: fields.column_opt(SEQ)?,
            origin: fields.column_opt("_origin")?,
        })
    }
}

/// The field of this name, if it can be counted by.
fn named(field: &str) -> Result<FieldId, SearchError> {
    let span = query::Span::new(0, field.len());
    Ok(countable(&query::Field { name: field.to_owned(), span })?)
}

/// The `top` values that most events have.
fn most_frequent(tally: Tally, top: usize) -> ValueCounts {
    let Tally { counts, missing, total, .. } = tally;
    let distinct = counts.len();
    let mut values: Vec<(String, u64)> = counts.into_iter().collect();
    let order = |a: &(String, u64), b: &(String, u64)| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0));
    if top < values.len() && top > 0 {
        values.select_nth_unstable_by(top - 1, order);
    }
    values.truncate(top);
    values.sort_unstable_by(order);
    ValueCounts { values, distinct, missing, events: total, unreadable: Vec::new() }
}

impl Searcher {
    /// Opens the data folder at `root`.
    ///
    /// # Errors
    ///
    /// When it is none, or was written by a newer version. Damaged days and a damaged database
    /// are none: the rest is searched.
    pub fn open(root: &Path) -> Result<Self, Error> {
        let folder = Folder::open(root)?;
        let days = Days::new(folder.clone());
        Ok(Self { folder, days, origins: Mutex::default() })
    }

    /// Counts with `threads` at the most, for those who share the machine.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.days.threads(threads);
        self
    }

    /// The days that have events, oldest first, those without a date at the front.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn days(&self) -> Result<Vec<Day>, Error> {
        self.folder.days()
    }

    /// Looks for what has become searchable since.
    pub fn refresh(&self) {
        self.days.refresh();
    }

    /// Hands the events of a request to `visit`, in its order, until it breaks. Whatever the
    /// limit, only some of them are in memory at a time.
    ///
    /// # Errors
    ///
    /// When the query cannot be answered, or nothing can be read.
    pub fn for_each(
        &self,
        request: &Request<'_>,
        mut visit: impl FnMut(Hit) -> ControlFlow<()>,
    ) -> Result<Found, SearchError> {
        let search = self.prepare(&request.selection)?;
        let order = if request.newest_first { Order::NewestFirst } else { Order::OldestFirst };
        let mut found = Found::default();
        let mut after = request.after;
        let mut left = request.limit;
        while left > 0 {
            let wanted = left.min(AT_A_TIME);
            let first = self.first(&search, &order, wanted, after, &mut found.unreadable)?;
            let is_last = first.len() < wanted;
            let mut columns = HashMap::new();
            for place in first {
                let hit = self.fetch(place, &search, &mut columns, &mut found.unreadable)?;
                let Some(hit) = hit else { continue };
                after = Some(hit.page());
                found.events += 1;
                left -= 1;
                if visit(hit).is_break() {
                    found.is_cut = true;
                    return Ok(found);
                }
            }
            if is_last {
                return Ok(found);
            }
        }
        found.is_cut = true;
        Ok(found)
    }

    /// How many events match.
    ///
    /// # Errors
    ///
    /// See [`Searcher::for_each`].
    pub fn count(&self, selection: &Selection<'_>) -> Result<Counts, SearchError> {
        let search = self.prepare(selection)?;
        let mut events = 0;
        let unreadable = self.days.read_all(
            &self.days.between(search.since, search.until)?,
            &search.budget,
            |day, searcher| searcher.search(&*search.query(day), &Count),
            |count| {
                events += count as u64;
                Ok(())
            },
        )?;
        Ok(Counts { events, unreadable })
    }

    /// How many events have each value of a field: the `top` values that most have. The counts
    /// are exact. An event with several values counts for each of them.
    ///
    /// # Errors
    ///
    /// When there is no such field, or it cannot be counted by; and see [`Searcher::for_each`].
    pub fn count_by(
        &self,
        selection: &Selection<'_>,
        field: &str,
        top: usize,
    ) -> Result<ValueCounts, SearchError> {
        let (mut counts, unreadable) = self.counts_by(selection, &[field], top)?;
        let counts = counts.pop().unwrap_or_default();
        Ok(ValueCounts { unreadable, ..counts })
    }

    /// What [`Searcher::count_by`] gives for each of several fields, with one look at the events.
    /// The days that could not be searched come beside the counts.
    ///
    /// # Errors
    ///
    /// See [`Searcher::count_by`].
    pub fn counts_by(
        &self,
        selection: &Selection<'_>,
        fields: &[&str],
        top: usize,
    ) -> Result<(Vec<ValueCounts>, Vec<Unreadable>), SearchError> {
        let ids: Result<Vec<FieldId>, _> = fields.iter().map(|field| named(field)).collect();
        let ids = ids?;
        let search = self.prepare(selection)?;
        let most = selection.most_values;
        let mut tallies: Vec<Tally> = ids.iter().map(|_| Tally::default()).collect();
        let unreadable = self.days.read_all(
            &self.days.between(search.since, search.until)?,
            &search.budget,
            |day, searcher| {
                searcher.search(&*search.query(day), &Values { ids: ids.clone(), most })
            },
            |of_day| {
                for (tally, of_day) in tallies.iter_mut().zip(of_day) {
                    tally.add(of_day);
                    if tally.is_cut || tally.counts.len() > most {
                        return Err(SearchError::TooManyValues(most));
                    }
                }
                Ok(())
            },
        )?;
        let counts = tallies.into_iter().map(|tally| most_frequent(tally, top)).collect();
        Ok((counts, unreadable))
    }

    /// When the values of a keyword or address were seen: the `top` values that most events have,
    /// with the first and the last time of each.
    ///
    /// # Errors
    ///
    /// See [`Searcher::count_by`].
    pub fn sightings(
        &self,
        selection: &Selection<'_>,
        fields: &[&str],
        top: usize,
    ) -> Result<(Vec<Vec<Sighting>>, Vec<Unreadable>), SearchError> {
        let ids: Result<Vec<FieldId>, _> = fields.iter().map(|field| named(field)).collect();
        let ids = ids?;
        let search = self.prepare(selection)?;
        let most = selection.most_values;
        let mut all: Vec<HashMap<String, Seen>> = ids.iter().map(|_| HashMap::new()).collect();
        let unreadable = self.days.read_all(
            &self.days.between(search.since, search.until)?,
            &search.budget,
            |day, searcher| {
                searcher.search(&*search.query(day), &Sightings { ids: ids.clone(), most })
            },
            |of_day| {
                for (seen, of_day) in all.iter_mut().zip(of_day) {
                    let Some(of_day) = of_day else {
                        return Err(SearchError::TooManyValues(most));
                    };
                    for (value, one) in of_day {
                        seen.entry(value).and_modify(|seen| seen.add(one)).or_insert(one);
                    }
                    if seen.len() > most {
                        return Err(SearchError::TooManyValues(most));
                    }
                }
                Ok(())
            },
        )?;
        let of_field = |seen: HashMap<String, Seen>| {
            let mut sightings: Vec<Sighting> = seen
                .into_iter()
                .map(|(value, seen)| Sighting {
                    value,
                    count: seen.count,
                    first: Timestamp(seen.first),
                    last: Timestamp(seen.last),
                })
                .collect();
            sightings
                .sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
            sightings.truncate(top);
            sightings
        };
        Ok((all.into_iter().map(of_field).collect(), unreadable))
    }

    /// The smallest and the largest value of a number or date, and what numbers come to together.
    /// Dates are milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// When the field has no numbers or dates; and see [`Searcher::for_each`].
    pub fn stats(&self, selection: &Selection<'_>, field: &str) -> Result<Stats, SearchError> {
        let span = query::Span::new(0, field.len());
        let column = measurable(&query::Field { name: field.to_owned(), span })?;
        let search = self.prepare(selection)?;
        let mut stats = Stats::default();
        let unreadable = self.days.read_all(
            &self.days.between(search.since, search.until)?,
            &search.budget,
            |day, searcher| searcher.search(&*search.query(day), &Measures { column }),
            |of_day| {
                stats.values.add(&of_day);
                Ok(())
            },
        )?;
        Ok(Stats { unreadable, ..stats })
    }

    /// How many events happened in each `interval` (in milliseconds, at least 1), counted from
    /// 1970-01-01 in UTC.
    ///
    /// # Errors
    ///
    /// See [`Searcher::for_each`].
    pub fn histogram(
        &self,
        selection: &Selection<'_>,
        interval: i64,
    ) -> Result<Histogram, SearchError> {
        let search = self.prepare(selection)?;
        let interval = interval.max(1);
        let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
        let unreadable = self.days.read_all(
            &self.days.between(search.since, search.until)?,
            &search.budget,
            |day, searcher| searcher.search(&*search.query(day), &Times { interval }),
            |of_day| {
                for (part, count) in of_day {
                    *counts.entry(part).or_default() += count;
                }
                let (first, last) = (counts.first_key_value(), counts.last_key_value());
                match first.zip(last) {
                    Some(((first, _), (last, _))) if last.saturating_sub(*first) >= MOST_PARTS => {
                        Err(SearchError::TooManyParts)
                    }
                    _ => Ok(()),
                }
            },
        )?;
        let mut parts = Vec::new();
        if let Some(((first, _), (last, _))) = counts.first_key_value().zip(counts.last_key_value())
        {
            for part in *first..=*last {
                let count = counts.get(&part).copied().unwrap_or_default();
                parts.push((Timestamp(part.saturating_mul(interval)), count));
            }
        }
        Ok(Histogram { parts, unreadable })
    }

    pub(super) fn prepare(&self, selection: &Selection<'_>) -> Result<Search, SearchError> {
        let deadline = selection.time_limit.and_then(|limit| Instant::now().checked_add(limit));
        let budget = Arc::new(Budget::new(deadline, selection.given_up.clone()));
        let plan = plan(selection.query, selection.now, &budget)?;
        let (since, until) = plan.time;
        let later = selection.since.map(|since| since.0).max(since);
        let earlier = match (selection.until, until) {
            (Some(a), Some(b)) => Some(a.0.min(b)),
            (a, b) => a.map(|a| a.0).or(b),
        };
        Ok(Search { plan, since: later, until: earlier, budget })
    }

    /// The first events in an order.
    fn first(
        &self,
        search: &Search,
        order: &Order,
        limit: usize,
        after: Option<Page>,
        unreadable: &mut Vec<Unreadable>,
    ) -> Result<Vec<(Day, DocAddress)>, SearchError> {
        let mut days = self.days.between(search.since, search.until)?;
        if matches!(order, Order::NewestFirst) {
            // Those without a date stay at the front: their events may be of any time.
            let dated = days.iter().take_while(|day| **day == Day::Undated).count();
            if let Some(dated) = days.get_mut(dated..) {
                dated.reverse();
            }
        }
        let after_rank = after.map(|after| order.rank(after.time.0, after.seq));
        let mut first: Vec<(Rank, Day, DocAddress)> = Vec::new();
        for day in days {
            let (start, end) = (day.start(), day.end());
            let best = match order {
                Order::NewestFirst => end.map(|end| order.rank(end.0 - 1, u64::MAX)),
                Order::OldestFirst => start.map(|start| order.rank(start.0, 0)),
                Order::Arrival(..) => None,
            };
            let is_full = first.len() >= limit;
            let worst = first.last().map(|(rank, ..)| *rank);
            if is_full && best.zip(worst).is_some_and(|(best, worst)| best > worst) {
                break;
            }
            let is_over = after.is_some_and(|after| match order {
                Order::NewestFirst => start.is_some_and(|start| start > after.time),
                Order::OldestFirst => end.is_some_and(|end| end <= after.time),
                Order::Arrival(..) => false,
            });
            if is_over || unreadable.iter().any(|unreadable| unreadable.day == day) {
                continue;
            }
            search.budget.take(0).map_err(|_| SearchError::TooCostly)?;
            if let Order::Arrival(after, _) = order
                && self.days.last_seq(day, &search.budget, unreadable)? <= *after
            {
                continue;
            }
            let collector = First { order: order.clone(), limit, after: after_rank };
            let of_day = self.days.read(day, &search.budget, unreadable, |searcher| {
                searcher.search(&*search.query(day), &collector)
            })?;
            let of_day = of_day.unwrap_or_default();
            first.extend(of_day.into_iter().map(|(rank, address)| (rank, day, address)));
            first.sort_unstable();
            first.truncate(limit);
        }
        Ok(first.into_iter().map(|(_, day, address)| (day, address)).collect())
    }

    /// The events behind number `after` that are not among `except`, in the order of their
    /// numbers.
    pub(super) fn arrived(
        &self,
        selection: &Selection<'_>,
        after: u64,
        except: Arc<hashbrown::HashSet<u64>>,
        limit: usize,
    ) -> Result<(Vec<Hit>, Vec<Unreadable>), SearchError> {
        let search = self.prepare(selection)?;
        let order = Order::Arrival(after, except);
        let mut unreadable = Vec::new();
        let first = self.first(&search, &order, limit, None, &mut unreadable)?;
        let mut hits = Vec::with_capacity(first.len());
        let mut columns = HashMap::new();
        for place in first {
            hits.extend(self.fetch(place, &search, &mut columns, &mut unreadable)?);
        }
        Ok((hits, unreadable))
    }

    /// The number of the last event that is searchable.
    pub(super) fn last_seq(&self) -> Result<u64, SearchError> {
        let (budget, mut unreadable) = (Budget::new(None, None), Vec::new());
        let mut last = 0;
        for day in self.days.between(None, None)? {
            last = last.max(self.days.last_seq(day, &budget, &mut unreadable)?);
        }
        Ok(last)
    }

    /// Reads an event. `columns` are those of the segments that have been read from before.
    pub(super) fn fetch(
        &self,
        (day, address): (Day, DocAddress),
        search: &Search,
        columns: &mut HashMap<(Day, u32), Columns>,
        unreadable: &mut Vec<Unreadable>,
    ) -> Result<Option<Hit>, SearchError> {
        if unreadable.iter().any(|unreadable| unreadable.day == day) {
            return Ok(None);
        }
        let schema = Schema::get();
        let hit = self.days.read(day, &search.budget, unreadable, |searcher| {
            let document: TantivyDocument = searcher.doc(address)?;
            let (mut raw, mut repaired) = (String::new(), false);
            for (field, value) in document.field_values() {
                match OwnedValue::from(value) {
                    OwnedValue::Str(text) if field == schema.source => raw = text,
                    OwnedValue::Bool(value) if field == schema.repaired => repaired = value,
                    _ => {}
                }
            }
            let columns = match columns.entry((day, address.segment_ord)) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    let segment = searcher.segment_reader(address.segment_ord);
                    entry.insert(Columns::open(segment.fast_fields())?)
                }
            };
            let date = |column: &Option<Column<DateTime>>| {
                let time = column.as_ref().and_then(|column| column.first(address.doc_id));
                time.map(|time| Timestamp(time.into_timestamp_millis()))
            };
            let number = |column: &Option<Column<u64>>| {
                column.as_ref().and_then(|column| column.first(address.doc_id))
            };
            Ok(Hit {
                raw,
                arrival: Arrival { ingested: date(&columns.ingested), repaired },
                origin: number(&columns.origin).and_then(|origin| self.origin(origin)),
                time: date(&columns.time).unwrap_or(Timestamp(i64::MIN)),
                seq: number(&columns.seq).unwrap_or_default(),
            })
        })?;
        Ok(hit)
    }

    /// Where events come from, by number.
    fn origin(&self, id: u64) -> Option<Arc<Origin>> {
        let id = OriginId(u32::try_from(id).ok()?);
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(origin) = origins.get(&id) {
            return Some(Arc::clone(origin));
        }
        // One that has been added since. What cannot be read is not tried again for every event.
        if origins.len() as u64 <= u64::from(id.0) + 1 {
            let stored = Database::open(self.folder.root()).and_then(|database| database.origins());
            let stored = stored.unwrap_or_default();
            origins.extend(stored.into_iter().map(|(id, origin)| (id, Arc::new(origin))));
        }
        origins.get(&id).map(Arc::clone)
    }
}
