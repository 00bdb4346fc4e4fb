//! When the values of fields were seen first and last.

use std::net::Ipv6Addr;

use ecs::{FieldId, Kind};
use hashbrown::HashMap;
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{Column, StrColumn};
use tantivy::{DateTime, DocId, Score, SegmentReader};

use super::collect::{TIME, distinct};
use super::network;

/// When and how often a value was seen; times in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) count: u64,
    pub(crate) first: i64,
    pub(crate) last: i64,
}

impl Seen {
    pub(crate) fn add(&mut self, other: Self) {
        self.count += other.count;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// Notes when the values of keywords and addresses were seen. It keeps what it has found in a map,
/// for questions about few events.
pub(crate) struct Sightings {
    pub(crate) ids: Vec<FieldId>,
    /// How many different values of a field are noted at the most.
    pub(crate) most: usize,
}

/// What was seen of each field; `None` where there were too many values.
type OfFields = Vec<Option<HashMap<String, Seen>>>;

pub(crate) struct SightingsOfSegment {
    time: Option<Column<DateTime>>,
    fields: Vec<SightingsOfField>,
    most: usize,
}

enum SightingsOfField {
    None,
    Text(StrColumn, HashMap<u64, Seen>, Vec<u64>),
    Address(Column<Ipv6Addr>, HashMap<Ipv6Addr, Seen>, Vec<Ipv6Addr>),
    TooMany,
}

impl Collector for Sightings {
    type Fruit = OfFields;
    type Child = SightingsOfSegment;

    fn for_segment(&self, _: u32, reader: &SegmentReader) -> tantivy::Result<Self::Child> {
        let columns = reader.fast_fields();
        let mut fields = Vec::with_capacity(self.ids.len());
        for id in &self.ids {
            let field = match id.kind() {
                Kind::Keyword => columns
                    .str(id.name())?
                    .map(|column| SightingsOfField::Text(column, HashMap::new(), Vec::new())),
                Kind::Ip => columns
                    .column_opt(id.name())?
                    .map(|column| SightingsOfField::Address(column, HashMap::new(), Vec::new())),
                _ => None,
            };
            fields.push(field.unwrap_or(SightingsOfField::None));
        }
        Ok(SightingsOfSegment { time: columns.column_opt(TIME)?, fields, most: self.most })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<tantivy::Result<OfFields>>) -> tantivy::Result<OfFields> {
        let mut all: OfFields = self.ids.iter().map(|_| Some(HashMap::new())).collect();
        for segment in segments {
            for (all, of_segment) in all.iter_mut().zip(segment?) {
                match (&mut *all, of_segment) {
                    (Some(seen), Some(of_segment)) => {
                        for (value, one) in of_segment {
                            seen.entry(value).and_modify(|seen| seen.add(one)).or_insert(one);
                        }
                    }
                    _ => *all = None,
                }
            }
        }
        Ok(all)
    }
}

impl SegmentCollector for SightingsOfSegment {
    type Fruit = tantivy::Result<OfFields>;

    fn collect(&mut self, doc: DocId, _: Score) {
        let time = self.time.as_ref().and_then(|column| column.first(doc));
        let time = time.map_or(i64::MIN, DateTime::into_timestamp_millis);
        let one = Seen { count: 1, first: time, last: time };
        for field in &mut self.fields {
            let seen_by_now = match field {
                SightingsOfField::Text(column, seen, several) => {
                    distinct(column.ords().values_for_doc(doc), several, |value| {
                        seen.entry(value).and_modify(|seen| seen.add(one)).or_insert(one);
                    });
                    seen.len()
                }
                SightingsOfField::Address(column, seen, several) => {
                    distinct(column.values_for_doc(doc), several, |value| {
                        seen.entry(value).and_modify(|seen| seen.add(one)).or_insert(one);
                    });
                    seen.len()
                }
                SightingsOfField::None | SightingsOfField::TooMany => 0,
            };
            if seen_by_now > self.most {
                *field = SightingsOfField::TooMany;
            }
        }
    }

    fn harvest(self) -> Self::Fruit {
        let mut all = Vec::with_capacity(self.fields.len());
        for field in self.fields {
            all.push(match field {
                SightingsOfField::None => Some(HashMap::new()),
                SightingsOfField::TooMany => None,
                SightingsOfField::Text(column, seen, _) => {
                    let mut named = HashMap::with_capacity(seen.len());
                    for (value, seen) in seen {
                        let mut text = String::new();
                        column.ord_to_str(value, &mut text)?;
                        named.insert(text, seen);
                    }
                    Some(named)
                }
                SightingsOfField::Address(_, seen, _) => Some(
                    seen.into_iter()
                        .map(|(address, seen)| (network::shown(address), seen))
                        .collect(),
                ),
            });
        }
        Ok(all)
    }
}
