//! The events of a group, in order of their times.

use std::collections::VecDeque;

use hashbrown::HashSet;

use super::observation::Brief;
use crate::sigma::{Correlation, CorrelationKind, MOST_EVENTS, Operator};

/// How many windows are looked at for one event that came late, where each takes a look at all
/// of its events.
const MOST_LOOKS: usize = 256;
/// How many events are kept whatever they are. Of more, those say nothing new that stand between
/// two others with the same value within the time span: no window has them and neither of these.
const FEW: usize = 16;
/// How far back it is looked for those.
const MOST_STEPS: usize = 64;
/// What is left of an event takes this much, in bytes; several correlations share it.
const BRIEF: usize = 96;

/// An event of a group.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) time: i64,
    /// A hash of the value, or the bits of a number.
    pub(super) value: u64,
    pub(super) input: u16,
    pub(super) brief: Brief,
}

/// Events in order of their times.
#[derive(Debug, Default)]
pub(super) struct Window {
    entries: VecDeque<Entry>,
}

/// Events that are what is looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    /// The places of the first event, and the one behind the last.
    pub(super) start: usize,
    pub(super) end: usize,
    /// The time of the last event.
    pub(super) time: i64,
    /// What was worked out.
    pub(super) number: f64,
}

impl Window {
    pub(super) fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>() + self.entries.len() * BRIEF
    }

    pub(super) fn newest(&self) -> Option<i64> {
        self.entries.back().map(|entry| entry.time)
    }

    /// Whether an entry is there already: exports overlap, and an event counts once.
    pub(super) fn has(&self, entry: &Entry) -> bool {
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
    pub(super) fn range(&self, start: usize, end: usize) -> impl Iterator<Item = &Entry> {
        self.entries.iter().skip(start).take(end.saturating_sub(start))
    }

    /// Puts an entry where it belongs, and gives its place. What is older than the newest by
    /// more than `keep`, or too much, is let go; with `thinned`, so is what says nothing new
    /// within that time span.
    pub(super) fn insert(&mut self, entry: Entry, keep: i64, thinned: Option<i64>) -> usize {
        let key = |entry: &Entry| (entry.time, entry.input);
        let mut place = self.entries.len();
        if self.entries.back().is_some_and(|last| key(last) > key(&entry)) {
            let before =
                |other: &Entry| (key(other), other.brief.id()) <= (key(&entry), entry.brief.id());
            place = self.entries.partition_point(before);
        }
        self.entries.insert(place, entry);
        if let Some(span) = thinned
            && self.entries.len() > FEW
            && place + 1 == self.entries.len()
            && self.thin(place, span)
        {
            place -= 1;
        }
        let oldest = self.newest().map_or(i64::MIN, |newest| newest.saturating_sub(keep));
        while self.entries.len() > MOST_EVENTS as usize
            || self.entries.front().is_some_and(|entry| entry.time < oldest)
        {
            self.entries.pop_front();
            place = place.saturating_sub(1);
        }
        place
    }

    /// Takes out the entry between the last and another with its value within the time span.
    fn thin(&mut self, last: usize, span: i64) -> bool {
        let Some(entry) = self.entries.get(last) else { return false };
        let (value, input, time) = (entry.value, entry.input, entry.time);
        let before = self.entries.iter().enumerate().rev().skip(1).take(MOST_STEPS);
        let mut same = before.filter(|(_, other)| (other.value, other.input) == (value, input));
        let (Some((between, _)), Some((_, first))) = (same.next(), same.next()) else {
            return false;
        };
        if time.saturating_sub(first.time) > span {
            return false;
        }
        self.entries.remove(between).is_some()
    }

    /// The first window with the entry at `place` in it that is what is looked for. A window
    /// ends with an event and has all that are at most the time span older. `is_met` is given
    /// the time of its end, and what was worked out.
    pub(super) fn find(
        &self,
        place: usize,
        rule: &Correlation,
        is_met: &mut dyn FnMut(i64, f64) -> bool,
    ) -> Option<Found> {
        let time = self.entries.get(place)?.time;
        let is_cheap = works_by_count(rule);
        let mut end = place;
        for look in 0.. {
            let last = self.entries.get(end)?.time;
            let looks = if is_cheap { usize::MAX } else { MOST_LOOKS };
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
            if is_met(last, number) {
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
            CorrelationKind::Spike if rule.fields.is_empty() => count(end - start),
            CorrelationKind::ValueCount | CorrelationKind::Spike => {
                count(self.different(start, end, enough(rule)))
            }
            CorrelationKind::Temporal => {
                let seen = entries().fold(0_u64, |seen, entry| seen | (1 << (entry.input & 63)));
                f64::from(seen.count_ones())
            }
            CorrelationKind::TemporalOrdered => {
                let mut due = 0_u16;
                let mut last: Option<&Brief> = None;
                for entry in entries() {
                    // One event is not two of a series.
                    if entry.input == due && last.is_none_or(|last| *last != entry.brief) {
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
            CorrelationKind::FirstSeen
            | CorrelationKind::ImpossibleTravel
            | CorrelationKind::MissingFollowup
            | CorrelationKind::Risk => return None,
        })
    }

    /// How many different values there are; no more are counted than `enough`.
    fn different(&self, start: usize, end: usize, enough: usize) -> usize {
        let range = self.entries.range(start..end.min(self.entries.len()));
        let mut values = range.rev().map(|entry| entry.value);
        // A few are compared faster than they are hashed.
        let mut few = [0_u64; 8];
        let mut found = 0;
        for value in values.by_ref() {
            if few.iter().take(found).any(|known| *known == value) {
                continue;
            }
            if let Some(slot) = few.get_mut(found) {
                *slot = value;
                found += 1;
                if found >= enough {
                    return found;
                }
            } else {
                let mut many: HashSet<u64> = few.into_iter().chain([value]).collect();
                for value in values {
                    if many.len() >= enough {
                        break;
                    }
                    many.insert(value);
                }
                return many.len();
            }
        }
        found
    }
}

/// Whether the number is no more than how many events there are.
fn works_by_count(rule: &Correlation) -> bool {
    match rule.kind {
        CorrelationKind::EventCount => true,
        CorrelationKind::Spike => rule.fields.is_empty(),
        _ => false,
    }
}

/// How many different values are as good as more for a rule: where it asks for at least some.
fn enough(rule: &Correlation) -> usize {
    if rule.kind != CorrelationKind::ValueCount {
        return usize::MAX;
    }
    let mut most = 1.0_f64;
    for (operator, bound) in &rule.condition {
        match operator {
            Operator::Gte => most = most.max(*bound),
            Operator::Gt => most = most.max(bound + 1.0),
            _ => return usize::MAX,
        }
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded")]
    let most = most.ceil() as usize;
    most
}

/// A small number of events as a number to compare.
pub(super) fn count(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
