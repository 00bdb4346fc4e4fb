//! What is remembered of matched events, and the alerts that come of it.

use std::sync::Arc;

use ecs::{Arrival, Context, Organization, Record};
use hashbrown::HashMap;
use okta::LogEvent;

use super::observation::{Brief, Observation, Seeing};
use super::window::{Entry, Found, Window};
use crate::alert::Alert;
use crate::detector::Detector;
use crate::sigma::{Correlation, CorrelationKind};

/// The most events that an alert lists.
const MOST_LISTED: usize = 100;
/// The most values that are known of one group.
const MOST_VALUES: usize = 512;

/// How much is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How much later than a newer event of its group an event may come and still count, in
    /// milliseconds.
    pub lateness: i64,
    /// The most groups. When there are more, those that have been idle longest are forgotten.
    pub groups: usize,
    /// The most events, or known values, of all groups together; the same goes for these.
    pub entries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { lateness: 3_600_000, groups: 250_000, entries: 1_000_000 }
    }
}

/// How much is remembered, and what was not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Groups that are remembered.
    pub groups: usize,
    /// Their events and known values.
    pub entries: usize,
    /// Groups that were forgotten to make room.
    pub evicted: u64,
    /// Matches that came too late to count.
    pub late: u64,
}

/// Takes what the rules have seen, in the order of the events, and raises the alerts of
/// correlations. There is one for each organisation.
///
/// The same observations in the same order give the same alerts.
pub struct Correlator {
    limits: Limits,
    organization: Organization,
    /// Groups by their values, for each correlation of the detector.
    groups: Vec<HashMap<Arc<str>, Group>>,
    memory: Memory,
    /// Counts observations, to tell which group has been idle longest.
    clock: u64,
}

#[derive(Debug, Default)]
struct Group {
    touched: u64,
    window: Window,
    /// When the condition held first and last: what follows closely belongs to it.
    episode: Option<(i64, i64)>,
    known: Option<Box<Known>>,
}

/// What a group has been seen with.
#[derive(Debug)]
struct Known {
    since: i64,
    last: i64,
    /// Hashes of values, and when each was seen last.
    values: Vec<(u64, i64)>,
}

/// What an alert says of the events behind it.
#[derive(Debug)]
pub(crate) struct Finding<'f> {
    pub(crate) rule: &'f Correlation,
    /// The values of the fields to group by, as a JSON array.
    pub(crate) group: &'f str,
    /// How many events there are.
    pub(crate) count: usize,
    /// What was worked out of them, or the value that is new.
    pub(crate) value: String,
    /// The first of them, and the last, by time.
    pub(crate) events: Vec<(i64, Arc<Brief>)>,
    /// The id of the one that is given in full.
    pub(crate) completed_by: &'f str,
}

impl Group {
    fn weight(&self) -> usize {
        self.window.len() + self.known.as_ref().map_or(0, |known| known.values.len())
    }
}

impl Correlator {
    /// A correlator for a detector's correlations and the events of one organisation, which
    /// remembers nothing yet.
    #[must_use]
    pub fn new(detector: &Detector, organization: Organization, limits: Limits) -> Self {
        let mut groups = Vec::new();
        groups.resize_with(detector.plan().correlations.len(), HashMap::new);
        Self { limits, organization, groups, memory: Memory::default(), clock: 0 }
    }

    /// How much is remembered.
    #[must_use]
    pub fn memory(&self) -> Memory {
        self.memory
    }

    /// Takes an observation of this detector, and calls `on_alert` with the alerts that it
    /// completes.
    pub fn take(
        &mut self,
        detector: &Detector,
        observation: Observation,
        on_alert: &mut dyn FnMut(Alert),
    ) {
        let mut waiting = vec![observation];
        // Correlations feed none that feed them, so there is an end to it.
        while let Some(observation) = waiting.pop() {
            let plan = detector.plan();
            let Some(planned) = plan.correlations.get(observation.correlation as usize) else {
                continue;
            };
            let pack_rule = detector.rules().get(planned.rule);
            let Some(rule) = pack_rule.and_then(|rule| rule.rule.correlation.as_ref()) else {
                continue;
            };
            let fired = match rule.kind {
                CorrelationKind::FirstSeen => self.first_seen(rule, &observation),
                _ => self.window(rule, planned.inputs, &observation),
            };
            self.make_room();
            let Some(finding) = fired else { continue };
            let seen = &observation.seen;
            let Ok(event) = LogEvent::parse(&seen.raw) else { continue };
            let arrival: Arrival = seen.arrival;
            let context = Context::new(self.organization.clone());
            let record = Record::new(&event, &context, arrival);
            if planned.alerts
                && let Some(alert) = detector.correlated(planned.rule, &record, &finding)
            {
                on_alert(alert);
            }
            if plan.is_fed_by(planned.rule) {
                let mut seen = Some(Arc::clone(seen));
                let on = &mut |observation| waiting.push(observation);
                plan.observe(planned.rule, &record, &mut seen, &mut |_| false, on);
            }
        }
    }

    fn window<'o>(
        &mut self,
        rule: &'o Correlation,
        inputs: usize,
        observation: &'o Observation,
    ) -> Option<Finding<'o>> {
        let lateness = self.limits.lateness;
        let group = self.touch(observation)?;
        let time = observation.seen.time;
        if group.window.newest().is_some_and(|newest| time < newest.saturating_sub(lateness)) {
            self.memory.late += 1;
            return None;
        }
        let entry = |value| Entry {
            time,
            value,
            input: observation.input,
            brief: Arc::clone(&observation.seen.brief),
        };
        let keep = rule.timespan.saturating_add(lateness);
        let before = group.window.len();
        let mut place = None;
        let mut values = observation.seeing.iter();
        let mut next = values.next();
        loop {
            let value = match next {
                Some(Seeing::Value(hash, _)) => *hash,
                Some(Seeing::Number(number)) => number.to_bits(),
                None => 0,
            };
            let entry = entry(value);
            if !group.window.has(&entry) {
                place = place.max(Some(group.window.insert(entry, keep)));
            }
            next = values.next();
            if next.is_none() {
                break;
            }
        }
        let found = place.and_then(|place| group.window.find(place, rule, inputs));
        let finding = found.and_then(|found| {
            let span = rule.timespan;
            let time = found.time;
            match &mut group.episode {
                Some((first, last))
                    if time >= first.saturating_sub(span) && time <= last.saturating_add(span) =>
                {
                    (*first, *last) = ((*first).min(time), (*last).max(time));
                    None
                }
                episode => {
                    *episode = Some((time, time));
                    Some(group.finding(rule, observation, &found))
                }
            }
        });
        let after = group.window.len();
        self.memory.entries = (self.memory.entries + after).saturating_sub(before);
        finding
    }

    fn first_seen<'o>(
        &mut self,
        rule: &'o Correlation,
        observation: &'o Observation,
    ) -> Option<Finding<'o>> {
        let group = self.touch(observation)?;
        let time = observation.seen.time;
        let before = group.weight();
        let fresh = || Box::new(Known { since: time, last: time, values: Vec::new() });
        let known = group.known.get_or_insert_with(fresh);
        if time > known.last.saturating_add(rule.timespan) {
            *known = fresh();
        }
        let learned = time.saturating_sub(known.since) >= rule.learning;
        known.since = known.since.min(time);
        known.last = known.last.max(time);
        let mut new: Vec<&str> = Vec::new();
        for seeing in &observation.seeing {
            let Seeing::Value(hash, text) = seeing else { continue };
            match known.values.iter_mut().find(|(known, _)| known == hash) {
                Some((_, last)) => {
                    if time.saturating_sub(*last) > rule.timespan {
                        new.push(text);
                    }
                    *last = (*last).max(time);
                }
                None => {
                    new.push(text);
                    known.values.push((*hash, time));
                }
            }
        }
        if known.values.len() > MOST_VALUES {
            known.values.sort_unstable_by_key(|(hash, last)| (*last, *hash));
            known.values.drain(..known.values.len() - MOST_VALUES);
        }
        let after = group.weight();
        self.memory.entries = (self.memory.entries + after).saturating_sub(before);
        if !learned || new.is_empty() {
            return None;
        }
        Some(Finding {
            rule,
            group: &observation.group,
            count: 1,
            value: new.join(", "),
            events: vec![(time, Arc::clone(&observation.seen.brief))],
            completed_by: observation.seen.brief.id(),
        })
    }

    /// The group of an observation, which is not idle now.
    fn touch(&mut self, observation: &Observation) -> Option<&mut Group> {
        self.clock += 1;
        let groups = self.groups.get_mut(observation.correlation as usize)?;
        let memory = &mut self.memory;
        let group = groups.entry(Arc::clone(&observation.group)).or_insert_with(|| {
            memory.groups += 1;
            Group::default()
        });
        group.touched = self.clock;
        Some(group)
    }

    /// Forgets groups when there is too much of them: a tenth of what is allowed at a time.
    fn make_room(&mut self) {
        let Limits { groups, entries, .. } = self.limits;
        if self.memory.groups <= groups && self.memory.entries <= entries {
            return;
        }
        let all = self.groups.iter().flat_map(HashMap::values);
        let mut idle: Vec<(u64, usize)> = all.map(|g| (g.touched, g.weight())).collect();
        idle.sort_unstable();
        let (mut left, mut weight) = (self.memory.groups, self.memory.entries);
        let mut limit = 0;
        for (touched, entries_of) in idle {
            if left <= groups - groups / 10 && weight <= entries - entries / 10 {
                break;
            }
            // The group that has just been touched stays.
            if touched == self.clock {
                break;
            }
            limit = touched;
            left -= 1;
            weight = weight.saturating_sub(entries_of);
        }
        for groups in &mut self.groups {
            groups.retain(|_, group| group.touched > limit);
        }
        self.memory.evicted += (self.memory.groups - left) as u64;
        (self.memory.groups, self.memory.entries) = (left, weight);
    }
}

impl Group {
    fn finding<'o>(
        &self,
        rule: &'o Correlation,
        observation: &'o Observation,
        found: &Found,
    ) -> Finding<'o> {
        let mut events: Vec<(i64, Arc<Brief>)> = Vec::new();
        for entry in self.window.range(found.start, found.end) {
            // One event may be there for several rules or values.
            let is_last = events.last().is_some_and(|(_, last)| *last == entry.brief);
            if !is_last {
                events.push((entry.time, Arc::clone(&entry.brief)));
            }
        }
        let count = events.len();
        let completed_by = observation.seen.brief.id();
        if count > MOST_LISTED {
            let place = events.iter().position(|(_, brief)| brief.id() == completed_by);
            let completing = place.and_then(|place| events.get(place).cloned());
            events.truncate(MOST_LISTED);
            if place.is_some_and(|place| place >= MOST_LISTED) {
                events.pop();
                events.extend(completing);
            }
        }
        let value = written(found.number);
        Finding { rule, group: &observation.group, count, value, events, completed_by }
    }
}

/// A number without more digits than it needs.
fn written(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
