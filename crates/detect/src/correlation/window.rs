//! The events of a group, and whether some of them are what a correlation looks for.

use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::HashSet;

use super::observation::Brief;
use crate::sigma::{Correlation, CorrelationKind, MOST_EVENTS};

/// How many windows are looked at for one event that came late, where each takes a look at all
/// of its events.
const MOST_LOOKS: usize = 256;

/// An event of a group.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) time: i64,
    /// A hash of the value, or the bits of a number.
    pub(crate) value: u64,
    pub(crate) input: u16,
    pub(crate) brief: Arc<Brief>,
}

/// Events in order of their times.
#[derive(Debug, Default)]
pub(crate) struct Window {
    entries: VecDeque<Entry>,
}

/// Events that are what is looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Found {
    /// The places of the first event, and the one behind the last.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// The time of the last event.
    pub(crate) time: i64,
    /// What was worked out.
    pub(crate) number: f64,
}

impl Window {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn newest(&self) -> Option<i64> {
        self.entries.back().map(|entry| entry.time)
    }

    /// Whether an entry is there already: exports overlap, and an event counts once.
    pub(crate) fn has(&self, entry: &Entry) -> bool {
        if self.newest().is_none_or(|newest| newest < entry.time) {
            return false;
        }
        let first = self.entries.partition_point(|other| other.time < entry.time);
        let same = |other: &Entry| {
            (other.value, other.input) == (entry.value, entry.input) && other.brief == entry.brief
        };
        let mut then = self.entries.iter().skip(first).take_while(|other| other.time == entry.time);
        then.any(same)
    }

    /// The entries from `start` to before `end`.
    pub(crate) fn range(&self, start: usize, end: usize) -> impl Iterator<Item = &Entry> {
        self.entries.iter().skip(start).take(end.saturating_sub(start))
    }

    /// Puts an entry where it belongs, and gives its place. What is older than `oldest`, or too
    /// much, is let go.
    pub(crate) fn insert(&mut self, entry: Entry, keep: i64) -> usize {
        let key = |entry: &Entry| (entry.time, entry.input);
        let mut place = self.entries.len();
        if self.entries.back().is_some_and(|last| key(last) > key(&entry)) {
            let before =
                |other: &Entry| (key(other), other.brief.id()) <= (key(&entry), entry.brief.id());
            place = self.entries.partition_point(before);
        }
        self.entries.insert(place, entry);
        let oldest = self.newest().map_or(i64::MIN, |newest| newest.saturating_sub(keep));
        while self.entries.len() > MOST_EVENTS as usize
            || self.entries.front().is_some_and(|entry| entry.time < oldest)
        {
            self.entries.pop_front();
            place = place.saturating_sub(1);
        }
        place
    }

    /// The first window with the entry at `place` in it that is what is looked for. A window
    /// ends with an event and has all that are at most the time span older.
    pub(crate) fn find(&self, place: usize, rule: &Correlation, inputs: usize) -> Option<Found> {
        let time = self.entries.get(place)?.time;
        let mut end = place;
        for look in 0.. {
            let last = self.entries.get(end)?.time;
            let looks =
                if rule.kind == CorrelationKind::EventCount { usize::MAX } else { MOST_LOOKS };
            if last.saturating_sub(time) > rule.timespan || look >= looks {
                return None;
            }
            let first = last.saturating_sub(rule.timespan);
            end = match self.entries.back() {
                Some(newest) if newest.time == last => self.entries.len(),
                _ => self.entries.partition_point(|entry| entry.time <= last),
            };
            let start = self.entries.partition_point(|entry| entry.time < first);
            let number = self.number(start, end, rule)?;
            let is_met = match rule.kind {
                CorrelationKind::Temporal | CorrelationKind::TemporalOrdered
                    if rule.condition.is_empty() =>
                {
                    number >= count(inputs)
                }
                _ => rule.is_met(number),
            };
            if is_met {
                return Some(Found { start, end, time: last, number });
            }
        }
        None
    }

    fn number(&self, start: usize, end: usize, rule: &Correlation) -> Option<f64> {
        let entries = || self.range(start, end);
        let numbers = || entries().map(|entry| f64::from_bits(entry.value));
        Some(match rule.kind {
            CorrelationKind::EventCount => count(end - start),
            CorrelationKind::ValueCount => {
                let values: HashSet<u64> = entries().map(|entry| entry.value).collect();
                count(values.len())
            }
            CorrelationKind::Temporal => {
                let seen = entries().fold(0_u64, |seen, entry| seen | (1 << (entry.input & 63)));
                f64::from(seen.count_ones())
            }
            CorrelationKind::TemporalOrdered => {
                let mut due = 0_u16;
                let mut last: Option<&Arc<Brief>> = None;
                for entry in entries() {
                    // One event is not two of a series.
                    if entry.input == due && last.is_none_or(|last| **last != *entry.brief) {
                        due += 1;
                        last = Some(&entry.brief);
                    }
                }
                f64::from(due)
            }
            CorrelationKind::ValueSum => numbers().sum(),
            CorrelationKind::ValueAvg => numbers().sum::<f64>() / count(end - start),
            CorrelationKind::ValuePercentile => {
                let mut sorted: Vec<f64> = numbers().collect();
                sorted.sort_by(f64::total_cmp);
                // The smallest value that so many are not above.
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let rank = (rule.percentile / 100.0 * count(sorted.len())).ceil() as usize;
                *sorted.get(rank.saturating_sub(1))?
            }
            CorrelationKind::FirstSeen => return None,
        })
    }
}

/// A small number of events as a number to compare.
fn count(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
