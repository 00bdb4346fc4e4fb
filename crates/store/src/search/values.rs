//! Events by what their values are like: every different value of a field is looked at once, however
//! many events have it.

use std::fmt::Debug;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use ecs::{Kind, Timestamp};
use hashbrown::HashMap;
use query::{Node, parse};
use tantivy::columnar::Column;
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{BitSet, DocAddress, SegmentReader};

use super::budget::Budget;
use super::dictionary::Accepted;
use super::field::Target;
use super::searcher::{Found, Hit, SearchError, Searcher, Selection};
use super::terms::behind;
use crate::index::lower_case_into;
use crate::{Day, Schema};

/// How many values are looked at between two looks at what a search may cost.
const STRIDE: u64 = 4096;
/// How many events of a day are handed over at the most.
const MOST_A_DAY: usize = 1_000_000;

/// A value of a field as the index has it: texts in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexedValue<'t> {
    /// A keyword.
    Text(&'t str),
    /// An address.
    Address(IpAddr),
    /// A number.
    Number(i64),
}

/// Which values are wanted: told the place of the field, the value, and from when to when the
/// events of the day are (all times for those without a date).
pub type Accepts<'a> = &'a (dyn Fn(usize, IndexedValue<'_>, (Timestamp, Timestamp)) -> bool + Sync);

/// Where the values of a field stand: in its inverted index or, without one, in its column.
struct Place {
    field: Field,
    kind: Kind,
    column: Option<&'static str>,
    /// What terms begin with that is no part of the value.
    name: Vec<u8>,
}

impl Searcher {
    /// Hands over the events of which a value in one of `fields` is accepted, day by day, until
    /// `visit` breaks. `on_day` is told how many days are done, and how many there are.
    ///
    /// # Errors
    ///
    /// When a field is not known, or nothing can be read.
    pub fn for_each_with(
        &self,
        fields: &[&str],
        time: (Option<Timestamp>, Option<Timestamp>),
        accepts: Accepts<'_>,
        mut on_day: impl FnMut(usize, usize) + Send,
        mut visit: impl FnMut(Hit) -> ControlFlow<()>,
    ) -> Result<Found, SearchError> {
        let places: Vec<Place> =
            fields.iter().map(|name| place(name)).collect::<Result<_, SearchError>>()?;
        let everything: Node = parse("*").map_err(SearchError::Query)?.root;
        let (since, until) = time;
        let selection = Selection { since, until, ..Selection::new(&everything) };
        let search = self.prepare(&selection)?;
        let days = self.days.between(since.map(|time| time.0), until.map(|time| time.0))?;
        let mut by_day: Vec<(Day, Vec<DocAddress>)> = Vec::new();
        let mut done = 0;
        let mut unreadable = self.days.read_all(
            &days,
            &search.budget,
            |day, searcher| {
                let times = (
                    day.start().unwrap_or(Timestamp(i64::MIN / 2)),
                    day.end().unwrap_or(Timestamp(i64::MAX / 2)),
                );
                let mut events = Vec::new();
                for (ord, reader) in (0..).zip(searcher.segment_readers()) {
                    let docs = docs(reader, &places, times, accepts, &search.budget)?;
                    events.extend(docs.into_iter().map(|doc| DocAddress::new(ord, doc)));
                    events.truncate(MOST_A_DAY);
                }
                Ok((day, events))
            },
            |of_day| {
                done += 1;
                on_day(done, days.len());
                by_day.push(of_day);
                Ok(())
            },
        )?;
        by_day.sort_unstable_by_key(|(day, _)| *day);
        let mut found = Found::default();
        'days: for (day, events) in by_day {
            let mut columns = HashMap::new();
            for address in events {
                let hit = self.fetch((day, address), &search, &mut columns, &mut unreadable)?;
                let Some(hit) = hit else { continue };
                let is_early = since.is_some_and(|since| hit.time < since);
                let is_late = until.is_some_and(|until| hit.time >= until);
                if is_early || is_late {
                    continue;
                }
                found.events += 1;
                if visit(hit).is_break() {
                    found.is_cut = true;
                    break 'days;
                }
            }
        }
        found.unreadable = unreadable;
        Ok(found)
    }
}

fn place(name: &str) -> Result<Place, SearchError> {
    let span = query::Span::new(0, name.len());
    let field = query::Field { name: name.to_owned(), span };
    match Target::find(&field)? {
        Target::Row(id, field) if matches!(id.kind(), Kind::Keyword | Kind::Ip | Kind::Long) => {
            let column = (!Schema::get().has_terms(id)).then(|| id.name());
            Ok(Place { field, kind: id.kind(), column, name: Vec::new() })
        }
        Target::Debug(below) if !below.is_empty() => {
            let (field, name) = (Schema::get().debug, format!("{below}\0").into_bytes());
            Ok(Place { field, kind: Kind::Keyword, column: None, name })
        }
        _ => {
            let problem = format!("{name} has no values that can be looked through");
            Err(SearchError::Query(query::Diagnostic::new(span, problem, "name another field")))
        }
    }
}

/// The events of a segment that have an accepted value.
fn docs(
    reader: &SegmentReader,
    places: &[Place],
    times: (Timestamp, Timestamp),
    accepts: Accepts<'_>,
    budget: &Arc<Budget>,
) -> tantivy::Result<Vec<u32>> {
    let mut docs: Option<BitSet> = None;
    for (number, place) in places.iter().enumerate() {
        if let Some(name) = place.column {
            let docs = docs.get_or_insert_with(|| BitSet::with_max_value(reader.max_doc()));
            let accepts = |value: IndexedValue<'_>| accepts(number, value, times);
            in_column(reader, (name, place.kind), &accepts, budget, docs)?;
            continue;
        }
        let inverted = reader.inverted_index(place.field)?;
        let mut range = inverted.terms().range();
        if !place.name.is_empty() {
            range = range.ge(&place.name);
            if let Some(Bound::Excluded(end)) = behind(&place.name).map(Bound::Excluded) {
                range = range.lt(end);
            }
        }
        let mut terms = range.into_stream()?;
        let mut postings = None;
        let mut seen = 0;
        while terms.advance() {
            seen += 1;
            if seen % STRIDE == 0 {
                budget.take(0)?;
            }
            let Some(value) = value(place, terms.key()) else { continue };
            if !accepts(number, value, times) {
                continue;
            }
            let docs = docs.get_or_insert_with(|| BitSet::with_max_value(reader.max_doc()));
            let basic = IndexRecordOption::Basic;
            let postings = match &mut postings {
                Some(postings) => {
                    inverted.reset_block_postings_from_terminfo(terms.value(), postings)?;
                    postings
                }
                none => {
                    none.insert(inverted.read_block_postings_from_terminfo(terms.value(), basic)?)
                }
            };
            while !postings.docs().is_empty() {
                for doc in postings.docs() {
                    docs.insert(*doc);
                }
                postings.advance();
            }
        }
    }
    let Some(docs) = docs else { return Ok(Vec::new()) };
    let is_there = |doc: &u32| !reader.is_deleted(*doc);
    Ok((0..reader.max_doc()).filter(|doc| docs.contains(*doc)).filter(is_there).collect())
}

/// Adds the events of a segment that have an accepted value in a column.
fn in_column(
    reader: &SegmentReader,
    (name, kind): (&str, Kind),
    accepts: &dyn Fn(IndexedValue<'_>) -> bool,
    budget: &Budget,
    docs: &mut BitSet,
) -> tantivy::Result<()> {
    let (columns, count) = (reader.fast_fields(), reader.max_doc());
    match kind {
        Kind::Ip => {
            let Some(column) = columns.column_opt::<Ipv6Addr>(name)? else { return Ok(()) };
            let of = |value: Ipv6Addr| IndexedValue::Address(IpAddr::V6(value).to_canonical());
            each_once(&column, count, |value| accepts(of(value)), docs);
        }
        Kind::Long => {
            let Some(column) = columns.column_opt::<i64>(name)? else { return Ok(()) };
            each_once(&column, count, |value| accepts(IndexedValue::Number(value)), docs);
        }
        _ => {
            let Some(column) = columns.str(name)? else { return Ok(()) };
            let (mut accepted, mut lower, mut seen) = (Accepted::default(), String::new(), 0);
            let mut values = column.dictionary().stream()?;
            while values.advance() {
                seen += 1;
                if seen % STRIDE == 0 {
                    budget.take(0)?;
                }
                lower_case_into(std::str::from_utf8(values.key()).unwrap_or_default(), &mut lower);
                if accepts(IndexedValue::Text(&lower)) {
                    accepted.add(values.term_ord());
                }
            }
            accepted.add_docs(column.ords(), count, docs);
        }
    }
    Ok(())
}

/// Adds the events that have an accepted value in a column; each value is looked at once.
fn each_once<T>(column: &Column<T>, count: u32, accepts: impl Fn(T) -> bool, docs: &mut BitSet)
where
    T: PartialOrd + Copy + Debug + Send + Sync + Eq + Hash + 'static,
{
    let mut known: HashMap<T, bool> = HashMap::new();
    for doc in 0..count {
        for value in column.values_for_doc(doc) {
            if *known.entry(value).or_insert_with(|| accepts(value)) {
                docs.insert(doc);
            }
        }
    }
}

/// The value that a term of an inverted index is.
fn value<'t>(place: &Place, term: &'t [u8]) -> Option<IndexedValue<'t>> {
    match place.kind {
        Kind::Ip => {
            let address = Ipv6Addr::from(<[u8; 16]>::try_from(term).ok()?);
            Some(IndexedValue::Address(IpAddr::V6(address).to_canonical()))
        }
        // Numbers have no terms.
        Kind::Long => None,
        _ => {
            let value = term.strip_prefix(place.name.as_slice())?;
            std::str::from_utf8(value).ok().map(IndexedValue::Text)
        }
    }
}
