//! What is kept of the events of a day that match: the first ones, or counts.

use std::collections::BinaryHeap;
use std::net::Ipv6Addr;
use std::sync::Arc;

use ecs::{FieldId, Kind};
use hashbrown::{HashMap, HashSet};
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{Column, StrColumn};
use tantivy::{DateTime, DocAddress, DocId, Score, SegmentReader};

use super::network;

/// The name of the field of the numbers of events.
pub(crate) const SEQ: &str = "_seq";
pub(crate) const TIME: &str = "@timestamp";

/// In which order events come.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    /// By time, the latest first.
    NewestFirst,
    /// By time.
    OldestFirst,
    /// By number: those behind this one which are not among these.
    Arrival(u64, Arc<HashSet<u64>>),
}

/// Where an event comes in an order: by time in milliseconds, then by number. The first is the
/// smallest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Rank(i64, u64);

impl Order {
    pub(crate) fn rank(&self, time: i64, seq: u64) -> Rank {
        match self {
            // Turns the order around, without an overflow.
            Self::NewestFirst => Rank(!time, !seq),
            Self::OldestFirst => Rank(time, seq),
            Self::Arrival(..) => Rank(0, seq),
        }
    }

    fn takes(&self, seq: u64) -> bool {
        match self {
            Self::Arrival(after, except) => seq > *after && !except.contains(&seq),
            _ => true,
        }
    }
}

/// Keeps the first events in an order.
pub(crate) struct First {
    pub(crate) order: Order,
    pub(crate) limit: usize,
    pub(crate) after: Option<Rank>,
}

pub(crate) struct FirstOfSegment {
    order: Order,
    limit: usize,
    after: Option<Rank>,
    segment: u32,
    time: Option<Column<DateTime>>,
    seq: Option<Column<u64>>,
    heap: BinaryHeap<(Rank, DocAddress)>,
}

impl Collector for First {
    type Fruit = Vec<(Rank, DocAddress)>;
    type Child = FirstOfSegment;

    fn for_segment(&self, segment: u32, reader: &SegmentReader) -> tantivy::Result<Self::Child> {
        let columns = reader.fast_fields();
        let mut seq = columns.column_opt(SEQ)?;
        let is_over = match (&self.order, &seq) {
            (Order::Arrival(after, _), Some(seq)) => seq.max_value() <= *after,
            _ => false,
        };
        if is_over {
            seq = None;
        }
        Ok(FirstOfSegment {
            order: self.order.clone(),
            limit: self.limit,
            after: self.after,
            segment,
            time: columns.column_opt(TIME)?,
            seq,
            heap: BinaryHeap::new(),
        })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<Self::Fruit>) -> tantivy::Result<Self::Fruit> {
        let mut all: Vec<_> = segments.into_iter().flatten().collect();
        all.sort_unstable();
        all.truncate(self.limit);
        Ok(all)
    }
}

impl SegmentCollector for FirstOfSegment {
    type Fruit = Vec<(Rank, DocAddress)>;

    fn collect(&mut self, doc: DocId, _: Score) {
        let Some(seq) = self.seq.as_ref().and_then(|column| column.first(doc)) else { return };
        if !self.order.takes(seq) {
            return;
        }
        let time = self.time.as_ref().and_then(|column| column.first(doc));
        let time = time.map_or(i64::MIN, DateTime::into_timestamp_millis);
        let rank = self.order.rank(time, seq);
        if self.after.is_some_and(|after| rank <= after) {
            return;
        }
        if self.heap.len() >= self.limit {
            match self.heap.peek() {
                Some((worst, _)) if rank < *worst => self.heap.pop(),
                _ => return,
            };
        }
        self.heap.push((rank, DocAddress::new(self.segment, doc)));
    }

    fn harvest(self) -> Self::Fruit {
        self.heap.into_vec()
    }
}

/// Counts events by the values of fields.
pub(crate) struct Values {
    pub(crate) ids: Vec<FieldId>,
    /// How many different values of a field are counted at the most.
    pub(crate) most: usize,
}

/// The events of each value, and those that have none.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) counts: HashMap<String, u64>,
    pub(crate) missing: u64,
    pub(crate) total: u64,
    /// Whether there were more values than were to be counted.
    pub(crate) is_cut: bool,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        if self.counts.is_empty() {
            self.counts = other.counts;
        } else {
            for (value, count) in other.counts {
                *self.counts.entry(value).or_default() += count;
            }
        }
        self.missing += other.missing;
        self.total += other.total;
        self.is_cut |= other.is_cut;
    }
}

pub(crate) struct ValuesOfSegment {
    fields: Vec<ValuesOfField>,
}

struct ValuesOfField {
    column: ValueColumn,
    missing: u64,
    total: u64,
    most: usize,
    is_cut: bool,
}

enum ValueColumn {
    None,
    /// A count for each number of the dictionary.
    Text(StrColumn, Vec<u32>, Vec<u64>),
    Address(Column<Ipv6Addr>, HashMap<Ipv6Addr, u64>, Vec<Ipv6Addr>),
    Number(Column<i64>, HashMap<i64, u64>, Vec<i64>),
    Boolean(Column<bool>, [u64; 2]),
}

impl Collector for Values {
    type Fruit = Vec<Tally>;
    type Child = ValuesOfSegment;

    fn for_segment(&self, _: u32, reader: &SegmentReader) -> tantivy::Result<Self::Child> {
        let fields = self.ids.iter().map(|id| ValuesOfField::open(*id, self.most, reader));
        Ok(ValuesOfSegment { fields: fields.collect::<tantivy::Result<_>>()? })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(
        &self,
        segments: Vec<tantivy::Result<Vec<Tally>>>,
    ) -> tantivy::Result<Vec<Tally>> {
        let mut tallies: Vec<Tally> = self.ids.iter().map(|_| Tally::default()).collect();
        for segment in segments {
            for (tally, of_segment) in tallies.iter_mut().zip(segment?) {
                tally.add(of_segment);
            }
        }
        Ok(tallies)
    }
}

impl ValuesOfField {
    fn open(id: FieldId, most: usize, reader: &SegmentReader) -> tantivy::Result<Self> {
        let (name, columns) = (id.name(), reader.fast_fields());
        let column = match id.kind() {
            Kind::Keyword => columns.str(name)?.map(|column| {
                let counts = vec![0; column.dictionary().num_terms()];
                ValueColumn::Text(column, counts, Vec::new())
            }),
            Kind::Ip => columns
                .column_opt(name)?
                .map(|column| ValueColumn::Address(column, HashMap::new(), Vec::new())),
            Kind::Long => columns
                .column_opt(name)?
                .map(|column| ValueColumn::Number(column, HashMap::new(), Vec::new())),
            Kind::Boolean => {
                columns.column_opt(name)?.map(|column| ValueColumn::Boolean(column, [0; 2]))
            }
            _ => None,
        };
        let column = column.unwrap_or(ValueColumn::None);
        Ok(Self { column, missing: 0, total: 0, most, is_cut: false })
    }
}

/// Calls `count` with each value of an event once. Gives whether there was one.
pub(crate) fn distinct<T: Copy + Ord>(
    values: impl Iterator<Item = T>,
    several: &mut Vec<T>,
    mut count: impl FnMut(T),
) -> bool {
    several.clear();
    several.extend(values);
    if several.len() > 1 {
        several.sort_unstable();
        several.dedup();
    }
    several.iter().copied().for_each(&mut count);
    !several.is_empty()
}

impl SegmentCollector for ValuesOfSegment {
    type Fruit = tantivy::Result<Vec<Tally>>;

    fn collect(&mut self, doc: DocId, _: Score) {
        self.fields.iter_mut().for_each(|field| field.collect(doc));
    }

    fn harvest(self) -> Self::Fruit {
        self.fields.into_iter().map(ValuesOfField::harvest).collect()
    }
}

/// Counts a value, unless it would be one too many. Gives whether it was counted.
fn count<T: Eq + std::hash::Hash>(counts: &mut HashMap<T, u64>, value: T, most: usize) -> bool {
    if counts.len() >= most && !counts.contains_key(&value) {
        return false;
    }
    *counts.entry(value).or_default() += 1;
    true
}

impl ValuesOfField {
    fn collect(&mut self, doc: DocId) {
        self.total += 1;
        let (most, mut is_cut) = (self.most, false);
        let has_value = match &mut self.column {
            ValueColumn::None => false,
            ValueColumn::Text(column, counts, several) => {
                let values = column.ords().values_for_doc(doc);
                distinct(values, several, |value| {
                    let place = usize::try_from(value).ok();
                    if let Some(count) = place.and_then(|place| counts.get_mut(place)) {
                        *count += 1;
                    }
                })
            }
            ValueColumn::Address(column, counts, several) => {
                let values = column.values_for_doc(doc);
                distinct(values, several, |value| is_cut |= !count(counts, value, most))
            }
            ValueColumn::Number(column, counts, several) => {
                let values = column.values_for_doc(doc);
                distinct(values, several, |value| is_cut |= !count(counts, value, most))
            }
            ValueColumn::Boolean(column, [no, yes]) => match column.first(doc) {
                Some(value) => {
                    *(if value { yes } else { no }) += 1;
                    true
                }
                None => false,
            },
        };
        self.missing += u64::from(!has_value);
        self.is_cut |= is_cut;
    }

    fn harvest(mut self) -> tantivy::Result<Tally> {
        let counts = match self.column {
            ValueColumn::None => HashMap::new(),
            ValueColumn::Text(column, counts, _) => {
                let mut named = HashMap::new();
                let counts = (0_u64..).zip(counts).filter(|(_, count)| *count > 0);
                for (value, count) in counts {
                    if named.len() >= self.most {
                        self.is_cut = true;
                        break;
                    }
                    let mut text = String::new();
                    column.ord_to_str(value, &mut text)?;
                    named.insert(text, u64::from(count));
                }
                named
            }
            ValueColumn::Address(_, counts, _) => counts
                .into_iter()
                .map(|(address, count)| (network::shown(address), count))
                .collect(),
            ValueColumn::Number(_, counts, _) => {
                counts.into_iter().map(|(number, count)| (number.to_string(), count)).collect()
            }
            ValueColumn::Boolean(_, [no, yes]) => {
                let both = [("false", no), ("true", yes)].into_iter();
                both.filter(|(_, count)| *count > 0)
                    .map(|(value, count)| (value.to_owned(), count))
                    .collect()
            }
        };
        let Self { missing, total, is_cut, .. } = self;
        Ok(Tally { counts, missing, total, is_cut })
    }
}

/// Counts events by their time.
pub(crate) struct Times {
    /// How long each part is, in milliseconds.
    pub(crate) interval: i64,
}

pub(crate) struct TimesOfSegment {
    interval: i64,
    time: Option<Column<DateTime>>,
    /// The part that was counted last.
    last: (i64, u64),
    counts: HashMap<i64, u64>,
}

impl Collector for Times {
    /// The number of events by the number of the part.
    type Fruit = HashMap<i64, u64>;
    type Child = TimesOfSegment;

    fn for_segment(&self, _: u32, reader: &SegmentReader) -> tantivy::Result<Self::Child> {
        let time = reader.fast_fields().column_opt(TIME)?;
        Ok(TimesOfSegment { interval: self.interval, time, last: (0, 0), counts: HashMap::new() })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<Self::Fruit>) -> tantivy::Result<Self::Fruit> {
        let mut all = HashMap::new();
        for (part, count) in segments.into_iter().flatten() {
            *all.entry(part).or_default() += count;
        }
        Ok(all)
    }
}

impl SegmentCollector for TimesOfSegment {
    type Fruit = HashMap<i64, u64>;

    fn collect(&mut self, doc: DocId, _: Score) {
        let Some(time) = self.time.as_ref().and_then(|column| column.first(doc)) else { return };
        let part = time.into_timestamp_millis().div_euclid(self.interval);
        if part != self.last.0 {
            self.note();
            self.last = (part, 0);
        }
        self.last.1 += 1;
    }

    fn harvest(mut self) -> Self::Fruit {
        self.note();
        self.counts
    }
}

impl TimesOfSegment {
    fn note(&mut self) {
        let (part, count) = self.last;
        if count > 0 {
            *self.counts.entry(part).or_default() += count;
        }
    }
}
