//! What is counted of every event, in any order.

use ecs::Timestamp;
use hashbrown::HashMap;
use okta::LogEvent;

/// How many different event types are told apart. Okta has some 1,200.
const MOST_TYPES: usize = 10_000;

/// How many spans of time are told apart before they are made twice as long.
const MOST_SPANS: usize = 20_000;

/// Counts of events.
#[derive(Default)]
pub(super) struct Tally {
    /// Events whose date cannot be read.
    pub(super) undated: u64,
    /// Events before or behind the span that was asked for.
    pub(super) outside: u64,
    /// Alerts that an exception kept quiet.
    pub(super) excepted: u64,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    pub(super) types: HashMap<Box<str>, u64>,
    pub(super) spans: Spans,
}

impl Tally {
    /// Counts an event.
    #[inline]
    pub(super) fn event(&mut self, event: &LogEvent<'_>, published: Option<Timestamp>) {
        match published {
            Some(time) => {
                self.first = Some(self.first.map_or(time, |first| first.min(time)));
                self.last = Some(self.last.map_or(time, |last| last.max(time)));
                self.spans.add(time.0, 1);
            }
            None => self.undated += 1,
        }
        if let Some(name) = event.event_type.text() {
            let name = name.to_str();
            if let Some(count) = self.types.get_mut(&*name) {
                *count += 1;
            } else if self.types.len() < MOST_TYPES {
                self.types.insert(name.into(), 1);
            }
        }
    }

    /// Adds what another thread has counted.
    pub(super) fn add(&mut self, other: Self) {
        self.undated += other.undated;
        self.outside += other.outside;
        self.excepted += other.excepted;
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = [self.last, other.last].into_iter().flatten().max();
        for (name, count) in other.types {
            *self.types.entry(name).or_default() += count;
        }
        self.spans.merge(other.spans);
    }
}

/// Counts by spans of time, an hour long as long as there are not too many of them.
pub(super) struct Spans {
    /// The length of a span in milliseconds: an hour times a power of two.
    step: i64,
    counts: HashMap<i64, u64>,
    /// The span counted last, kept out of the table.
    current: (i64, u64),
}

impl Default for Spans {
    fn default() -> Self {
        Self { step: 3_600_000, counts: HashMap::new(), current: (0, 0) }
    }
}

impl Spans {
    /// Counts at a time in milliseconds.
    #[inline]
    pub(super) fn add(&mut self, time: i64, count: u64) {
        let span = time.div_euclid(self.step);
        if self.current.0 == span {
            self.current.1 += count;
            return;
        }
        self.settle();
        self.current = (time.div_euclid(self.step), count);
    }

    fn settle(&mut self) {
        let (span, count) = self.current;
        self.current = (0, 0);
        if count > 0 {
            *self.counts.entry(span).or_default() += count;
        }
        if self.counts.len() > MOST_SPANS {
            self.lengthen();
        }
    }

    fn lengthen(&mut self) {
        self.step *= 2;
        for (span, count) in std::mem::take(&mut self.counts) {
            *self.counts.entry(span.div_euclid(2)).or_default() += count;
        }
    }

    fn merge(&mut self, mut other: Self) {
        self.settle();
        other.settle();
        while self.step < other.step {
            self.lengthen();
        }
        while other.step < self.step {
            other.lengthen();
        }
        for (span, count) in other.counts {
            *self.counts.entry(span).or_default() += count;
        }
        self.settle();
    }

    /// The counts, by the beginning of their spans in milliseconds.
    pub(super) fn counts(&self) -> Vec<(i64, u64)> {
        let current = Some(self.current).filter(|(_, count)| *count > 0);
        let all = self.counts.iter().map(|(span, count)| (*span, *count)).chain(current);
        let mut counts: Vec<_> = all.map(|(span, count)| (span * self.step, count)).collect();
        counts.sort_unstable();
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nothing_is_lost_however_the_times_are_spread(
            times in proptest::collection::vec(-62_135_596_800_000_i64..253_402_300_800_000, 0..500),
            cut in 0_usize..500,
        ) {
            let cut = cut.min(times.len());
            let mut first = Spans::default();
            let mut second = Spans::default();
            times[..cut].iter().for_each(|time| first.add(*time, 1));
            times[cut..].iter().for_each(|time| second.add(*time, 1));
            second.lengthen();
            first.merge(second);
            let total: u64 = first.counts().iter().map(|(_, count)| count).sum();
            prop_assert_eq!(total, times.len() as u64);
        }
    }

    #[test]
    fn many_spans_become_longer_ones() {
        let mut spans = Spans::default();
        for hour in 0..100_000 {
            spans.add(hour * 3_600_000, 1);
        }
        let counts = spans.counts();
        assert!(counts.len() <= MOST_SPANS + 2, "{}", counts.len());
        assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), 100_000);
    }
}
