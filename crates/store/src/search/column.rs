//! Ranges of dates, addresses and numbers.
//!
//! Tantivy 0.27 has a query for these. Beside another one it is asked to go back, which it does
//! not expect: with overflow checks it panics.

use std::fmt::Debug;
use std::net::Ipv6Addr;
use std::ops::RangeInclusive;

use tantivy::columnar::Column;
use tantivy::query::{
    AllScorer, BitSetDocSet, ConstScorer, EmptyScorer, EnableScoring, Explanation, Query, Scorer,
    Weight,
};
use tantivy::{BitSet, DateTime, DocId, Score, SegmentReader, TantivyError};

/// Matches the events of which one value in a column is in a range.
#[derive(Clone, Debug)]
pub(crate) struct ColumnQuery {
    pub(crate) name: &'static str,
    pub(crate) values: Values,
}

/// The range, with both its ends.
#[derive(Clone, Debug)]
pub(crate) enum Values {
    Dates(RangeInclusive<DateTime>),
    Addresses(RangeInclusive<Ipv6Addr>),
    Numbers(RangeInclusive<i64>),
    Booleans(RangeInclusive<bool>),
    Degrees(RangeInclusive<f64>),
}

impl Query for ColumnQuery {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for ColumnQuery {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let (name, columns, docs) = (self.name, reader.fast_fields(), reader.max_doc());
        Ok(match &self.values {
            Values::Dates(values) => scorer(columns.column_opt(name)?, values, docs, boost),
            Values::Addresses(values) => scorer(columns.column_opt(name)?, values, docs, boost),
            Values::Numbers(values) => scorer(columns.column_opt(name)?, values, docs, boost),
            Values::Booleans(values) => scorer(columns.column_opt(name)?, values, docs, boost),
            Values::Degrees(values) => scorer(columns.column_opt(name)?, values, docs, boost),
        })
    }

    fn explain(&self, _: &SegmentReader, _: DocId) -> tantivy::Result<Explanation> {
        Err(TantivyError::InvalidArgument("there are no scores to explain".to_owned()))
    }
}

fn scorer<T>(
    column: Option<Column<T>>,
    values: &RangeInclusive<T>,
    docs: u32,
    boost: Score,
) -> Box<dyn Scorer>
where
    T: PartialOrd + Copy + Debug + Send + Sync + 'static,
{
    let Some(column) = column else { return Box::new(EmptyScorer) };
    let (least, most) = (column.min_value(), column.max_value());
    if values.is_empty() || *values.start() > most || *values.end() < least {
        return Box::new(EmptyScorer);
    }
    if column.index.get_cardinality().is_full() && values.contains(&least) && values.contains(&most)
    {
        return Box::new(ConstScorer::new(AllScorer::new(docs), boost));
    }
    let mut found = Vec::new();
    column.get_docids_for_value_range(values.clone(), 0..docs, &mut found);
    let mut set = BitSet::with_max_value(docs);
    for doc in found {
        set.insert(doc);
    }
    Box::new(ConstScorer::new(BitSetDocSet::from(set), boost))
}
