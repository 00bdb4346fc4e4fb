//! What an alert about several events says of them.

use std::sync::Arc;

use uuid::Uuid;

use super::observation::{Brief, Observation, Seen};
use super::window::Entry;

/// The most events that an alert lists.
const MOST_LISTED: usize = 100;

/// What an alert says of the events behind it.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// The values of the fields to group by, as a JSON array.
    pub(crate) group: Arc<str>,
    /// How many events there are.
    pub(crate) count: usize,
    /// What was worked out of them, or the value that is new.
    pub(crate) value: String,
    /// The first of them, and the last, by time.
    pub(crate) events: Vec<(i64, Brief)>,
    /// The one that is given in full.
    pub(crate) seen: Arc<Seen>,
    /// What else there is to say, by name: titles can use it.
    pub(crate) details: Vec<(&'static str, String)>,
    /// The alerts behind it.
    pub(crate) alerts: Vec<Contribution>,
}

/// An alert that adds to a risk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Contribution {
    pub(crate) id: Uuid,
    /// Its rule, by its place in the detector.
    pub(crate) rule: u32,
    pub(crate) time: i64,
    /// What it weighs at the time of the finding.
    pub(crate) weight: f64,
}

impl Finding {
    /// A finding about the event of an observation and no other.
    pub(crate) fn of(observation: &Observation) -> Self {
        Self::about(&observation.group.text, &observation.seen)
    }

    /// A finding about one event.
    pub(crate) fn about(group: &Arc<str>, seen: &Arc<Seen>) -> Self {
        Self {
            group: Arc::clone(group),
            count: 1,
            value: String::new(),
            events: vec![(seen.time, seen.brief.clone())],
            seen: Arc::clone(seen),
            details: Vec::new(),
            alerts: Vec::new(),
        }
    }
}

/// When a condition held first and last: what follows closely belongs to it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Episode(Option<(i64, i64)>);

impl Episode {
    /// Notes that a condition holds, and gives whether that is something new: not within the
    /// time span of when it held before.
    pub(super) fn begins(&mut self, time: i64, span: i64) -> bool {
        match &mut self.0 {
            Some((first, last))
                if time >= first.saturating_sub(span) && time <= last.saturating_add(span) =>
            {
                (*first, *last) = ((*first).min(time), (*last).max(time));
                false
            }
            episode => {
                *episode = Some((time, time));
                true
            }
        }
    }
}

/// The events of some entries in order, the one that completes them among them, and how many
/// there are.
pub(super) fn listed<'e>(
    entries: impl Iterator<Item = &'e Entry>,
    completed_by: &Brief,
) -> (Vec<(i64, Brief)>, usize) {
    let mut events: Vec<(i64, Brief)> = Vec::new();
    for entry in entries {
        // One event may be there for several rules or values.
        let is_last = events.last().is_some_and(|(_, last)| *last == entry.brief);
        if !is_last {
            events.push((entry.time, entry.brief.clone()));
        }
    }
    let count = events.len();
    shorten(&mut events, completed_by);
    (events, count)
}

/// Leaves out the last of too many events, but not the one that completes them.
pub(super) fn shorten(events: &mut Vec<(i64, Brief)>, completed_by: &Brief) {
    if events.len() <= MOST_LISTED {
        return;
    }
    let place = events.iter().position(|(_, brief)| brief.id() == completed_by.id());
    let completing = place.and_then(|place| events.get(place).cloned());
    events.truncate(MOST_LISTED);
    if place.is_some_and(|place| place >= MOST_LISTED) {
        events.pop();
        events.extend(completing);
    }
}

/// A number without more digits than it needs.
pub(super) fn written(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
