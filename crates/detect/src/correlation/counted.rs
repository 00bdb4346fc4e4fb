//! Events that are counted, or whose values are: the correlations of the Sigma specification.

use super::finding::{Episode, Finding, listed, written};
use super::observation::{Observation, Seeing};
use super::window::{Entry, Window};
use crate::sigma::{Correlation, CorrelationKind};

/// The events of a group.
#[derive(Debug, Default)]
pub(super) struct Counted {
    window: Window,
    episode: Episode,
}

impl Counted {
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.window.bytes()
    }

    /// The time of the newest event.
    pub(super) fn newest(&self) -> Option<i64> {
        self.window.newest()
    }

    /// Takes an event, and gives what it completes.
    pub(super) fn take(
        &mut self,
        rule: &Correlation,
        inputs: usize,
        lateness: i64,
        observation: &Observation,
    ) -> Option<Finding> {
        let keep = rule.timespan.saturating_add(lateness);
        let place = insert(&mut self.window, rule, keep, observation)?;
        let all = super::window::count(inputs);
        let is_temporal =
            matches!(rule.kind, CorrelationKind::Temporal | CorrelationKind::TemporalOrdered);
        let mut is_met = |_, number| match is_temporal && rule.condition.is_empty() {
            true => number >= all,
            false => rule.is_met(number),
        };
        let found = self.window.find(place, rule, &mut is_met)?;
        if !self.episode.begins(found.time, rule.timespan) {
            return None;
        }
        let seen = &observation.seen;
        let (events, count) = listed(self.window.range(found.start, found.end), &seen.brief);
        let value = written(found.number);
        Some(Finding { count, value, events, ..Finding::of(observation) })
    }
}

/// Puts the values of an event into a window, and gives the last place; `None` when all were
/// there.
pub(super) fn insert(
    window: &mut Window,
    rule: &Correlation,
    keep: i64,
    observation: &Observation,
) -> Option<usize> {
    let thinned = match rule.kind {
        CorrelationKind::ValueCount | CorrelationKind::Temporal => Some(rule.timespan),
        CorrelationKind::Spike if !rule.fields.is_empty() => Some(rule.timespan),
        _ => None,
    };
    let mut place = None;
    let mut insert = |value| {
        let seen = &observation.seen;
        let (time, input) = (seen.time, observation.input);
        let entry = Entry { time, value, input, brief: seen.brief.clone() };
        if !window.has(&entry) {
            place = place.max(Some(window.insert(entry, keep, thinned)));
        }
    };
    if observation.seeing.is_empty() {
        insert(0);
    }
    for seeing in &observation.seeing {
        match seeing {
            Seeing::Value(hash, _) => insert(*hash),
            Seeing::Number(number) => insert(number.to_bits()),
            Seeing::Place(_) | Seeing::Alert(_) => {}
        }
    }
    place
}
