//! Takes what the rules have seen, and raises the alerts of correlations.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use ecs::{Context, Organization, Record, Timestamp};
use okta::LogEvent;

use super::awaited::{Awaited, Deadline};
use super::burden::Burden;
use super::counted::Counted;
use super::finding::Finding;
use super::groups::{Groups, Limits, Memory};
use super::journey::Journey;
use super::known::Known;
use super::observation::{Observation, Place, Seeing};
use super::plan::{Match, Sighting};
use super::usual::Usual;
use super::visitors::Visitors;
use crate::alert::Alert;
use crate::detector::Detector;
use crate::matcher::Scratch;
use crate::sigma::{BASELINE, Correlation, CorrelationKind};

/// The most events that wait for something at a time. The one whose time comes first is given
/// up when there are more.
const MOST_DEADLINES: usize = 50_000;

/// Takes what the rules have seen, in the order of the events, and raises the alerts of
/// correlations. There is one for each organisation.
///
/// The same observations in the same order, with the same times in between, give the same
/// alerts.
pub struct Correlator {
    organization: Organization,
    /// A table for each correlation of the detector, then one for each of their networks.
    groups: Groups,
    /// How many of them are the correlations'.
    correlations: usize,
    deadlines: BTreeSet<Deadline>,
    /// How far the log has come.
    time: i64,
    /// Whether what is taken has been told before.
    is_past: bool,
    exceptions: Scratch,
}

impl Correlator {
    /// A correlator for a detector's correlations and the events of one organisation, which
    /// remembers nothing yet.
    #[must_use]
    pub fn new(detector: &Detector, organization: Organization, limits: Limits) -> Self {
        let correlations = detector.plan().correlations.len();
        Self {
            organization,
            groups: Groups::new(correlations * 2, limits),
            correlations,
            deadlines: BTreeSet::new(),
            time: i64::MIN,
            is_past: false,
            exceptions: Scratch::default(),
        }
    }

    /// How much is remembered.
    #[must_use]
    pub fn memory(&self) -> Memory {
        self.groups.memory
    }

    /// How much is remembered for the correlation at a place among the detector's rules.
    #[must_use]
    pub fn memory_of(&self, detector: &Detector, rule: usize) -> Memory {
        let correlations = &detector.plan().correlations;
        let place = correlations.iter().position(|planned| planned.rule == rule);
        let Some(place) = place else { return Memory::default() };
        let (groups, own) = self.groups.of_table(place);
        let (_, networks) = self.groups.of_table(self.correlations + place);
        Memory { groups, bytes: own + networks, ..Memory::default() }
    }

    /// How far the log has come: the latest time of [`Correlator::advance`].
    #[must_use]
    pub fn time(&self) -> Timestamp {
        Timestamp(self.time)
    }

    /// Says whether what is taken from now on has been told before. Of alerts, only those that
    /// are stored count then, for a risk: [`Detector::recall`].
    pub fn set_past(&mut self, is_past: bool) {
        self.is_past = is_past;
    }

    /// Says how far the log has come, and calls `on_alert` with the alerts about what did not
    /// come in time.
    ///
    /// The time is that of the newest event up to here; where a source is known to have no more
    /// events, it is that of the clock.
    pub fn advance(
        &mut self,
        detector: &Detector,
        time: Timestamp,
        on_alert: &mut dyn FnMut(Alert),
    ) {
        if time.0 <= self.time {
            return;
        }
        self.time = time.0;
        let patience = self.groups.limits.patience;
        self.give_up(detector, time.0.saturating_sub(patience), on_alert);
    }

    /// Says that no more events come: calls `on_alert` with the alerts about what should have
    /// come until the time of [`Correlator::advance`].
    pub fn finish(&mut self, detector: &Detector, on_alert: &mut dyn FnMut(Alert)) {
        self.give_up(detector, self.time, on_alert);
    }

    /// Takes an observation of this detector, and calls `on_alert` with the alerts that it
    /// completes.
    pub fn take(
        &mut self,
        detector: &Detector,
        observation: Observation,
        on_alert: &mut dyn FnMut(Alert),
    ) {
        if self.is_past && observation.of_alert {
            return;
        }
        self.take_all(detector, Some(observation), VecDeque::new(), on_alert);
    }

    /// Takes what [`Detector::recall`] gives of an alert that is stored.
    pub fn take_stored(&mut self, detector: &Detector, observation: Observation) {
        self.take_all(detector, Some(observation), VecDeque::new(), &mut |_| {});
    }

    /// Takes an observation, then those that wait, and what comes of them.
    fn take_all(
        &mut self,
        detector: &Detector,
        mut next: Option<Observation>,
        mut waiting: VecDeque<Observation>,
        on_alert: &mut dyn FnMut(Alert),
    ) {
        // Correlations feed none that feed them, so there is an end to it.
        while let Some(observation) = next.take().or_else(|| waiting.pop_front()) {
            let place = observation.correlation as usize;
            let Some(rule) = rule_of(detector, place) else { continue };
            self.groups.observe(observation.seen.time);
            let finding = self.observe(detector, rule, &observation);
            self.groups.make_room();
            if let Some(finding) = finding {
                self.tell(detector, place, &finding, &mut waiting, on_alert);
            }
        }
    }

    /// What an observation makes of what is known of its group.
    fn observe(
        &mut self,
        detector: &Detector,
        rule: &Correlation,
        observation: &Observation,
    ) -> Option<Finding> {
        let table = observation.correlation as usize;
        let key = observation.group.key;
        let time = observation.seen.time;
        let lateness = self.groups.limits.lateness;
        let inputs = detector.plan().correlations.get(table)?.inputs;
        let until = |newest: Option<i64>| newest.unwrap_or(time).saturating_add(rule.timespan);
        let is_late = |newest: Option<i64>| {
            newest.is_some_and(|newest| time < newest.saturating_sub(lateness))
        };
        let outcome = match rule.kind {
            CorrelationKind::FirstSeen => {
                return self.groups.change(table, key, |known: &mut Known| {
                    (known.take(rule, observation), until(None))
                })?;
            }
            CorrelationKind::ImpossibleTravel => return self.travel(rule, observation),
            CorrelationKind::MissingFollowup => return self.follow(rule, observation),
            CorrelationKind::Spike => self.groups.change(table, key, |usual: &mut Usual| {
                if is_late(usual.newest()) {
                    return (None, time);
                }
                let found = usual.take(rule, lateness, observation);
                (Some(found), until(usual.newest()).saturating_add(BASELINE))
            })?,
            CorrelationKind::Risk => self.groups.change(table, key, |burden: &mut Burden| {
                if is_late(burden.newest()) {
                    return (None, time);
                }
                let found = burden.take(rule, lateness, observation);
                (Some(found), until(burden.newest()))
            })?,
            _ => self.groups.change(table, key, |counted: &mut Counted| {
                if is_late(counted.newest()) {
                    return (None, time);
                }
                let found = counted.take(rule, inputs, lateness, observation);
                (Some(found), until(counted.newest()))
            })?,
        };
        if outcome.is_none() {
            self.groups.memory.late += 1;
        }
        outcome.flatten()
    }

    fn travel(&mut self, rule: &Correlation, observation: &Observation) -> Option<Finding> {
        let Some(Seeing::Place(place)) = observation.seeing.first() else { return None };
        let place: &Place = place;
        let table = observation.correlation as usize;
        let networks = self.correlations + table;
        let key = observation.group.key;
        let time = observation.seen.time;
        let lateness = self.groups.limits.lateness;
        let shared = rule.travel.shared as usize;
        self.visit(networks, place.address, key, time, rule);
        let legs = self.groups.change(table, key, |journey: &mut Journey| {
            if journey.newest().is_some_and(|newest| time < newest.saturating_sub(lateness)) {
                return (None, time);
            }
            let legs = journey.take(rule, lateness, place, observation);
            let newest = journey.newest().unwrap_or(time);
            (Some(legs), newest.saturating_add(rule.timespan.max(rule.travel.memory)))
        })?;
        let Some(legs) = legs else {
            self.groups.memory.late += 1;
            return None;
        };
        for leg in legs {
            let mut are_many = |key: u64| {
                let visitors = self.groups.find::<Visitors>(networks, key);
                visitors.is_some_and(|v| v.are_many(leg.time(), rule.timespan, shared))
            };
            if leg.addresses().into_iter().any(&mut are_many) {
                continue;
            }
            // A network that many travel to at once is a tunnel of theirs.
            let mut is_tunnel = false;
            for system in leg.new_systems() {
                self.visit(networks, system, key, leg.time(), rule);
                let visitors = self.groups.find::<Visitors>(networks, system);
                let many = |v: &mut Visitors| v.are_many(leg.time(), rule.timespan, shared);
                is_tunnel |= visitors.is_some_and(many);
            }
            if is_tunnel {
                continue;
            }
            let journey = self.groups.find::<Journey>(table, key)?;
            return journey.tell(rule, &leg, observation);
        }
        None
    }

    /// Notes that a group was at an address, or has travelled to a network.
    fn visit(&mut self, networks: usize, key: u64, group: u64, time: i64, rule: &Correlation) {
        self.groups.change(networks, key, |visitors: &mut Visitors| {
            visitors.note(group, time, rule.travel.shared as usize);
            ((), time.saturating_add(rule.timespan))
        });
    }

    fn follow(&mut self, rule: &Correlation, observation: &Observation) -> Option<Finding> {
        let table = observation.correlation as usize;
        let key = observation.group.key;
        let seen = &observation.seen;
        let patience = self.groups.limits.patience;
        let passed = self.time.saturating_sub(patience);
        let end = seen.time.saturating_add(rule.timespan);
        let span = rule.timespan.saturating_add(rule.before);
        if observation.input > 0 {
            let oldest = passed.saturating_sub(span);
            self.groups.change(table, key, |awaited: &mut Awaited| {
                awaited.answer(rule, oldest, seen);
                ((), awaited.newest().unwrap_or(seen.time).saturating_add(span))
            });
            return None;
        }
        // What answers it may have come, and been forgotten.
        if end < passed {
            self.groups.memory.late += 1;
            return None;
        }
        let waits = self.groups.change(table, key, |awaited: &mut Awaited| {
            let waits = awaited.wait(rule, observation);
            (waits, awaited.newest().unwrap_or(seen.time).saturating_add(span))
        });
        if waits == Some(true) {
            self.deadlines.insert(Deadline {
                time: end,
                correlation: observation.correlation,
                event: seen.brief.id().into(),
                group: key,
            });
            if self.deadlines.len() > MOST_DEADLINES {
                self.deadlines.pop_first();
                self.groups.memory.evicted += 1;
            }
        }
        None
    }

    /// Tells of what has not come before a time.
    fn give_up(&mut self, detector: &Detector, before: i64, on_alert: &mut dyn FnMut(Alert)) {
        while self.deadlines.first().is_some_and(|deadline| deadline.time < before) {
            let Some(deadline) = self.deadlines.pop_first() else { return };
            let place = deadline.correlation as usize;
            let Some(rule) = rule_of(detector, place) else { continue };
            let found = self.groups.change(place, deadline.group, |awaited: &mut Awaited| {
                (awaited.give_up(rule, &deadline.event), i64::MIN)
            });
            if let Some(finding) = found.flatten() {
                let mut waiting = VecDeque::new();
                self.tell(detector, place, &finding, &mut waiting, on_alert);
                self.take_all(detector, None, waiting, on_alert);
            }
        }
    }

    /// Raises the alert about a finding, and lets other correlations know of it.
    fn tell(
        &mut self,
        detector: &Detector,
        place: usize,
        finding: &Finding,
        waiting: &mut VecDeque<Observation>,
        on_alert: &mut dyn FnMut(Alert),
    ) {
        let plan = detector.plan();
        let Some(planned) = plan.correlations.get(place) else { return };
        let Ok(event) = LogEvent::parse(&finding.seen.raw) else { return };
        let context = Context::new(self.organization.clone());
        let record = Record::new(&event, &context, finding.seen.arrival);
        let rule = planned.rule;
        if planned.alerts
            && let Some(alert) = detector.correlated(rule, &record, finding)
        {
            on_alert(alert);
        }
        if plan.is_fed_by(rule) {
            let Some(alert) = detector.correlated_id(rule, finding) else { return };
            let matched = Match { rule, record: &record, alert: &|| alert };
            let mut sighting = Sighting::again(&finding.seen);
            let exceptions = &mut self.exceptions;
            let is_past = self.is_past;
            plan.observe(
                &matched,
                &mut sighting,
                &mut |rule| detector.is_excepted(rule, &record, exceptions),
                &mut |observation| {
                    if !is_past || !observation.of_alert {
                        waiting.push_back(observation);
                    }
                },
            );
        }
    }
}

/// A correlation of a detector.
fn rule_of(detector: &Detector, place: usize) -> Option<&Correlation> {
    let planned = detector.plan().correlations.get(place)?;
    let rule: &Arc<crate::sigma::Rule> = &detector.rules().get(planned.rule)?.rule;
    rule.correlation.as_ref()
}
