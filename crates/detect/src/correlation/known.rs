//! What a group has been seen with, to tell what is new: `first_seen`.

use super::finding::Finding;
use super::observation::{Observation, Seeing};
use crate::sigma::Correlation;

/// The most values that are known of one group.
const MOST_VALUES: usize = 512;

/// What a group has been seen with.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// When it was seen first and last.
    span: Option<(i64, i64)>,
    /// Hashes of values, and when each was seen last.
    values: Vec<(u64, i64)>,
}

impl Known {
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.values.capacity() * size_of::<(u64, i64)>()
    }

    /// Takes an event, and gives what is new about it.
    pub(super) fn take(
        &mut self,
        rule: &Correlation,
        observation: &Observation,
    ) -> Option<Finding> {
        let time = observation.seen.time;
        let is_gone = self.span.is_some_and(|(_, last)| time > last.saturating_add(rule.timespan));
        if is_gone {
            *self = Self::default();
        }
        let (since, last) = self.span.get_or_insert((time, time));
        let is_learned = time.saturating_sub(*since) >= rule.learning;
        (*since, *last) = ((*since).min(time), (*last).max(time));
        let mut new: Vec<&str> = Vec::new();
        for seeing in &observation.seeing {
            let Seeing::Value(hash, text) = seeing else { continue };
            match self.values.iter_mut().find(|(known, _)| known == hash) {
                Some((_, last)) => {
                    if time.saturating_sub(*last) > rule.timespan {
                        new.push(text);
                    }
                    *last = (*last).max(time);
                }
                None => {
                    new.push(text);
                    self.values.reserve_exact(1 + self.values.len() / 4);
                    self.values.push((*hash, time));
                }
            }
        }
        if self.values.len() > MOST_VALUES {
            self.values.sort_unstable_by_key(|(hash, last)| (*last, *hash));
            self.values.drain(..self.values.len() - MOST_VALUES);
        }
        if !is_learned || new.is_empty() {
            return None;
        }
        Some(Finding { value: new.join(", "), ..Finding::of(observation) })
    }
}
