//! What numbers and dates come to: how many, the extremes, the sum.

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::Column;
use tantivy::{DateTime, DocId, Score, SegmentReader};

/// What values come to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// How many there are.
    pub count: u64,
    /// The smallest; `None` when there are none.
    pub min: Option<f64>,
    /// The largest.
    pub max: Option<f64>,
    /// All together.
    pub sum: f64,
}

impl Measured {
    fn value(&mut self, value: f64) {
        self.add(&Self { count: 1, min: Some(value), max: Some(value), sum: value });
    }

    pub(crate) fn add(&mut self, other: &Self) {
        let either = |a: Option<f64>, b: Option<f64>, choose: fn(f64, f64) -> f64| match (a, b) {
            (Some(a), Some(b)) => Some(choose(a, b)),
            (a, b) => a.or(b),
        };
        self.count += other.count;
        self.min = either(self.min, other.min, f64::min);
        self.max = either(self.max, other.max, f64::max);
        self.sum += other.sum;
    }
}

/// A column of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measurable {
    Number(&'static str),
    Date(&'static str),
    Degrees(&'static str),
}

/// Measures the values of a column.
pub(crate) struct Measures {
    pub(crate) column: Measurable,
}

pub(crate) struct MeasuresOfSegment {
    column: Option<Numbers>,
    measured: Measured,
}

enum Numbers {
    Number(Column<i64>),
    Date(Column<DateTime>),
    Degrees(Column<f64>),
}

impl Collector for Measures {
    type Fruit = Measured;
    type Child = MeasuresOfSegment;

    fn for_segment(&self, _: u32, reader: &SegmentReader) -> tantivy::Result<Self::Child> {
        let columns = reader.fast_fields();
        let column = match self.column {
            Measurable::Number(name) => columns.column_opt(name)?.map(Numbers::Number),
            Measurable::Date(name) => columns.column_opt(name)?.map(Numbers::Date),
            Measurable::Degrees(name) => columns.column_opt(name)?.map(Numbers::Degrees),
        };
        Ok(MeasuresOfSegment { column, measured: Measured::default() })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<Measured>) -> tantivy::Result<Measured> {
        let mut all = Measured::default();
        segments.iter().for_each(|segment| all.add(segment));
        Ok(all)
    }
}

impl SegmentCollector for MeasuresOfSegment {
    type Fruit = Measured;

    fn collect(&mut self, doc: DocId, _: Score) {
        let measured = &mut self.measured;
        match &self.column {
            Some(Numbers::Number(column)) => {
                column.values_for_doc(doc).for_each(|value| measured.value(value as f64));
            }
            Some(Numbers::Date(column)) => {
                let values = column.values_for_doc(doc);
                values.for_each(|value| measured.value(value.into_timestamp_millis() as f64));
            }
            Some(Numbers::Degrees(column)) => {
                column.values_for_doc(doc).for_each(|value| measured.value(value));
            }
            None => {}
        }
    }

    fn harvest(self) -> Measured {
        self.measured
    }
}
