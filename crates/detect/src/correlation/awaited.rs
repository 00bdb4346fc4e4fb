//! What has to be followed by something: `missing_followup`.

use std::sync::Arc;

use super::finding::{Episode, Finding};
use super::observation::{Brief, Observation, Seen};
use crate::sigma::Correlation;

/// The most events of one group that wait.
const MOST_WAITING: usize = 256;
/// The most answers that are remembered of one group.
const MOST_ANSWERS: usize = 4_096;
/// What is left of an event, with its text, takes this much, in bytes.
const EVENT: usize = 3_072;

/// The events of a group that wait, and what they wait for.
#[derive(Debug, Default)]
pub(super) struct Awaited {
    waiting: Vec<Waiting>,
    /// The times of what follows, in order, and hashes of its events' ids.
    answers: Vec<(i64, u64)>,
    newest: Option<i64>,
    episode: Episode,
}

/// An event that has to be followed by something.
#[derive(Debug)]
struct Waiting {
    seen: Arc<Seen>,
    group: Arc<str>,
}

/// When it is looked whether something is missing, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Deadline {
    /// In milliseconds since 1970.
    pub(super) time: i64,
    /// The correlation, by its place in the plan.
    pub(super) correlation: u32,
    /// The id of the event that waits.
    pub(super) event: Box<str>,
    /// The key of the group.
    pub(super) group: u64,
}

impl Awaited {
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.waiting.len() * EVENT
            + self.answers.capacity() * size_of::<(i64, u64)>()
    }

    /// The time of the newest event.
    pub(super) fn newest(&self) -> Option<i64> {
        self.newest
    }

    /// Takes an event that has to be followed; gives whether it waits now.
    pub(super) fn wait(&mut self, rule: &Correlation, observation: &Observation) -> bool {
        let seen = &observation.seen;
        self.newest = self.newest.max(Some(seen.time));
        let end = seen.time.saturating_add(rule.timespan);
        let own = hash(&seen.brief);
        let begin = seen.time.saturating_sub(rule.before);
        let from = self.answers.partition_point(|(time, _)| *time < begin);
        let mut answers = self.answers.iter().skip(from).take_while(|(time, _)| *time <= end);
        let is_there = |waiting: &Waiting| waiting.seen.brief.id() == seen.brief.id();
        if answers.any(|(_, event)| *event != own) || self.waiting.iter().any(is_there) {
            return false;
        }
        if self.waiting.len() >= MOST_WAITING {
            self.waiting.remove(0);
        }
        let group = Arc::clone(&observation.group.text);
        self.waiting.push(Waiting { seen: Arc::clone(seen), group });
        true
    }

    /// Takes an event that follows. Answers to nothing that may still come, which are older than
    /// `oldest`, are forgotten.
    pub(super) fn answer(&mut self, rule: &Correlation, oldest: i64, seen: &Seen) {
        let (time, own) = (seen.time, hash(&seen.brief));
        self.newest = self.newest.max(Some(time));
        self.waiting.retain(|waiting| {
            let asked = waiting.seen.time;
            let is_in_time = asked.saturating_sub(rule.before) <= time
                && time <= asked.saturating_add(rule.timespan);
            !is_in_time || waiting.seen.brief.id() == seen.brief.id()
        });
        let place = self.answers.partition_point(|answer| *answer < (time, own));
        if self.answers.get(place) != Some(&(time, own)) {
            self.answers.insert(place, (time, own));
        }
        self.thin(place, rule.timespan);
        let old = self.answers.partition_point(|(time, _)| *time < oldest);
        let gone = old.max(self.answers.len().saturating_sub(MOST_ANSWERS));
        self.answers.drain(..gone);
    }

    /// Takes out answers around a place that stand between two others within the time span: what
    /// they answer, one of these does. Two are left out of three, since one may be the event
    /// itself that asks.
    fn thin(&mut self, place: usize, span: i64) {
        for between in (place.saturating_sub(2)..=place + 2).rev() {
            let at = |place: usize| self.answers.get(place).map(|(time, _)| *time);
            let (Some(first), Some(last)) = (between.checked_sub(2).and_then(at), at(between + 2))
            else {
                continue;
            };
            if last.saturating_sub(first) <= span {
                self.answers.remove(between);
            }
        }
    }

    /// What there is to tell when an event has waited in vain.
    pub(super) fn give_up(&mut self, rule: &Correlation, event: &str) -> Option<Finding> {
        let is_it = |waiting: &Waiting| waiting.seen.brief.id() == event;
        let place = self.waiting.iter().position(is_it)?;
        let Waiting { seen, group } = self.waiting.remove(place);
        self.episode.begins(seen.time, rule.timespan).then(|| Finding::about(&group, &seen))
    }
}

/// A hash of an event's id.
fn hash(brief: &Brief) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in brief.id().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}
