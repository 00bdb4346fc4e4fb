//! The alerts of a group, and what they weigh together: `risk`.

use super::finding::{Contribution, Episode, Finding, shorten, written};
use super::observation::{Brief, Observation, Seeing};
use crate::sigma::{Correlation, Risk};

/// The most alerts that are remembered of one group.
const MOST_ALERTS: usize = 1_000;
/// The most alerts that are named.
const MOST_NAMED: usize = 100;
/// What is left of an event takes this much, in bytes.
const BRIEF: usize = 128;

/// The alerts of a group.
#[derive(Debug, Default)]
pub(super) struct Burden {
    /// In order of their times, and then of their ids.
    alerts: Vec<(Contribution, Brief)>,
    episode: Episode,
}

impl Burden {
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.alerts.capacity() * size_of::<(Contribution, Brief)>()
            + self.alerts.len() * BRIEF
    }

    /// The time of the newest alert.
    pub(super) fn newest(&self) -> Option<i64> {
        self.alerts.last().map(|(alert, _)| alert.time)
    }

    /// Takes an alert, and gives what it makes of the risk.
    pub(super) fn take(
        &mut self,
        rule: &Correlation,
        lateness: i64,
        observation: &Observation,
    ) -> Option<Finding> {
        let Some(Seeing::Alert(alert)) = observation.seeing.first() else { return None };
        let time = observation.seen.time;
        if alert.weight <= 0.0 || self.alerts.iter().any(|(known, _)| known.id == alert.id) {
            return None;
        }
        let (id, weight) = (alert.id, alert.weight);
        let place = self.alerts.partition_point(|(known, _)| (known.time, known.id) < (time, id));
        let contribution = Contribution { id, rule: alert.rule, time, weight };
        self.alerts.insert(place, (contribution, observation.seen.brief.clone()));
        // The risk may cross the line then, or with one that was there before and is newer.
        let mut ends = self.alerts.iter().skip(place).map(|(alert, _)| alert.time);
        let end =
            ends.find(|end| end.saturating_sub(time) <= rule.timespan && self.is_met(rule, *end));
        let finding = end.and_then(|end| {
            let begins = self.episode.begins(end, rule.timespan);
            begins.then(|| self.finding(rule, end, observation))
        });
        let keep = rule.timespan.saturating_add(lateness);
        let oldest = self.newest().map_or(i64::MIN, |newest| newest.saturating_sub(keep));
        let old = self.alerts.partition_point(|(alert, _)| alert.time < oldest);
        let gone = old.max(self.alerts.len().saturating_sub(MOST_ALERTS));
        self.alerts.drain(..gone);
        finding
    }

    /// The alerts that count at a time, with what they weigh then.
    fn counting(
        &self,
        rule: &Correlation,
        end: i64,
    ) -> impl Iterator<Item = (Contribution, &Brief)> {
        let Risk { half_life, .. } = rule.risk;
        let first = end.saturating_sub(rule.timespan);
        let counting =
            self.alerts.iter().filter(move |(alert, _)| (first..=end).contains(&alert.time));
        counting.map(move |(alert, brief)| {
            let age = end.saturating_sub(alert.time) as f64;
            let weight = alert.weight * (-age / half_life as f64).exp2();
            (Contribution { weight, ..*alert }, brief)
        })
    }

    fn is_met(&self, rule: &Correlation, end: i64) -> bool {
        let mut rules: Vec<u32> = self.counting(rule, end).map(|(alert, _)| alert.rule).collect();
        rules.sort_unstable();
        rules.dedup();
        rules.len() >= rule.risk.rules as usize && rule.is_met(self.score(rule, end))
    }

    fn score(&self, rule: &Correlation, end: i64) -> f64 {
        self.counting(rule, end).map(|(alert, _)| alert.weight).sum()
    }

    fn finding(&self, rule: &Correlation, end: i64, observation: &Observation) -> Finding {
        let mut alerts: Vec<Contribution> = Vec::new();
        let mut events: Vec<(i64, Brief)> = Vec::new();
        for (alert, brief) in self.counting(rule, end) {
            alerts.push(alert);
            // An event may have raised several alerts.
            if !events.iter().any(|(_, known)| known.id() == brief.id()) {
                events.push((alert.time, brief.clone()));
            }
        }
        let count = alerts.len();
        alerts.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.id.cmp(&b.id)));
        alerts.truncate(MOST_NAMED);
        shorten(&mut events, &observation.seen.brief);
        let value = written(self.score(rule, end).round());
        Finding { count, value, events, alerts, ..Finding::of(observation) }
    }
}
