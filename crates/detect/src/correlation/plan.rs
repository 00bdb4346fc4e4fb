//! Which rules feed which correlations, and with what of an event.

use std::hash::{BuildHasher, RandomState};
use std::ops::ControlFlow;
use std::sync::Arc;

use ecs::{Lookup, Record};
use okta::json::Value;
use uuid::Uuid;

use super::observation::{Group, Lookups, Observation, Place, Seeing, Seen, Weighed};
use crate::sigma::{CorrelationKind, Rule};

/// The correlations of a detector.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) correlations: Vec<Planned>,
    /// By the place of a rule: the correlations that its matches are for.
    feeds: Vec<Vec<Feed>>,
    /// The different lists of fields to group by.
    groupings: Vec<Vec<Lookup>>,
    lookups: Lookups,
    /// What makes hashes of groups and values unforeseeable.
    hasher: RandomState,
}

/// A correlation that is on.
#[derive(Debug)]
pub(crate) struct Planned {
    /// Its place among the detector's rules.
    pub(crate) rule: usize,
    /// Whether it raises alerts, and not only serves others.
    pub(crate) alerts: bool,
    pub(crate) inputs: usize,
}

/// What a rule's match means to a correlation.
#[derive(Debug)]
struct Feed {
    /// The correlation, by its place in the plan.
    correlation: u32,
    /// The place of the correlation among the rules.
    rule: usize,
    /// Which of its rules has matched.
    input: u16,
    /// The fields to group by, by their place in the plan.
    grouping: usize,
    fields: Vec<Lookup>,
    kind: CorrelationKind,
    /// How much an alert of the rule weighs, for a risk.
    weight: f64,
    /// Whether it is the rule's alerts that count, which are stored.
    of_alerts: bool,
}

/// An event as far as it has been worked out for correlations.
#[derive(Debug, Default)]
pub(crate) struct Sighting {
    seen: Option<Arc<Seen>>,
    /// Groups that have been worked out, by their place in the plan.
    groups: Vec<(usize, Option<Group>)>,
}

impl Sighting {
    /// An event that has been seen already.
    pub(crate) fn again(seen: &Arc<Seen>) -> Self {
        Self { seen: Some(Arc::clone(seen)), groups: Vec::new() }
    }
}

/// A match of a rule with an event.
pub(crate) struct Match<'m, 'r> {
    /// The rule, by its place in the detector.
    pub(crate) rule: usize,
    pub(crate) record: &'m Record<'r>,
    /// Works out the id of the alert about it.
    pub(crate) alert: &'m dyn Fn() -> Uuid,
}

impl Plan {
    /// A plan for rules with these links, where rule by rule it is known whether it raises
    /// alerts.
    pub(crate) fn new(rules: &[Arc<Rule>], inputs: &[Vec<usize>], alerts: &[bool]) -> Self {
        let mut plan = Self::default();
        plan.feeds.resize_with(rules.len(), Vec::new);
        let builds_on_risk = builds_on_risk(rules, inputs);
        for (place, rule) in rules.iter().enumerate() {
            let (Some(correlation), Some(inputs)) = (&rule.correlation, inputs.get(place)) else {
                continue;
            };
            let number = u32::try_from(plan.correlations.len()).unwrap_or(u32::MAX);
            let raises = |place: usize| alerts.get(place) == Some(&true);
            let planned = Planned { rule: place, alerts: raises(place), inputs: inputs.len() };
            plan.correlations.push(planned);
            let is_risk = correlation.kind == CorrelationKind::Risk;
            // A risk that names no rules is one of all alerts, but not of its own.
            let all: Vec<usize> = (0..rules.len())
                .filter(|other| raises(*other) && builds_on_risk.get(*other) == Some(&false))
                .collect();
            let from = if is_risk && correlation.rules.is_empty() { &all } else { inputs };
            for (input, from) in (0_u16..60_000).zip(from) {
                let reference = correlation.rules.get(usize::from(input));
                let lookup = |name: &String| {
                    let is_rule = |rule: &str| {
                        reference.is_some_and(|named| named.name.eq_ignore_ascii_case(rule))
                    };
                    Lookup::resolve(correlation.field_of(name, is_rule).unwrap_or(name))
                };
                let group_by: Vec<Lookup> = correlation.group_by.iter().map(lookup).collect();
                let weight = rules.get(*from).map_or(0.0, |r| correlation.risk.weights.of(r));
                let feed = Feed {
                    correlation: number,
                    rule: place,
                    input,
                    grouping: plan.grouping(group_by),
                    fields: correlation.fields.iter().map(lookup).collect(),
                    kind: correlation.kind,
                    weight,
                    of_alerts: is_risk && raises(*from),
                };
                if let Some(feeds) = plan.feeds.get_mut(*from) {
                    feeds.push(feed);
                }
            }
        }
        plan
    }

    /// The place of a list of fields to group by.
    fn grouping(&mut self, group_by: Vec<Lookup>) -> usize {
        match self.groupings.iter().position(|known| *known == group_by) {
            Some(place) => place,
            None => {
                self.groupings.push(group_by);
                self.groupings.len() - 1
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.correlations.is_empty()
    }

    /// Whether a rule's matches are for a correlation.
    pub(crate) fn is_fed_by(&self, rule: usize) -> bool {
        self.feeds.get(rule).is_some_and(|feeds| !feeds.is_empty())
    }

    /// The rules, by their places, of the correlations that a rule's matches are for, as far as
    /// it is not the stored alerts that count.
    pub(crate) fn fed_by_events(&self, rule: usize) -> impl Iterator<Item = usize> {
        let feeds = self.feeds.get(rule).into_iter().flatten();
        feeds.filter(|feed| !feed.of_alerts).map(|feed| feed.rule)
    }

    /// The rules, by their places, that feed the correlation at a place, in its order.
    pub(crate) fn inputs_of(&self, correlation: usize) -> Vec<usize> {
        let mut inputs: Vec<(u16, usize)> = Vec::new();
        for (place, feeds) in self.feeds.iter().enumerate() {
            let of_it = feeds.iter().filter(|feed| feed.rule == correlation && !feed.of_alerts);
            inputs.extend(of_it.map(|feed| (feed.input, place)));
        }
        inputs.sort_unstable();
        inputs.into_iter().map(|(_, place)| place).collect()
    }

    /// Whether there is a correlation of stored alerts.
    pub(crate) fn counts_alerts(&self) -> bool {
        self.feeds.iter().flatten().any(|feed| feed.of_alerts)
    }

    /// What the match of a rule with an event is to the correlations; `sighting` is the same for
    /// all matches of the event. An event that lacks a field to group by is none.
    pub(crate) fn observe(
        &self,
        matched: &Match<'_, '_>,
        sighting: &mut Sighting,
        is_excepted: &mut dyn FnMut(usize) -> bool,
        on_observation: &mut dyn FnMut(Observation),
    ) {
        let Match { rule, record, alert } = matched;
        for feed in self.feeds.get(*rule).into_iter().flatten() {
            let Some(group) = self.group(feed.grouping, record, sighting) else { continue };
            if is_excepted(feed.rule) {
                continue;
            }
            let seeing = match feed.kind {
                CorrelationKind::Risk => {
                    let rule = u32::try_from(*rule).unwrap_or(u32::MAX);
                    vec![Seeing::Alert(Weighed { id: alert(), rule, weight: feed.weight })]
                }
                CorrelationKind::ImpossibleTravel => {
                    let Some(place) = self.place(record) else { continue };
                    vec![Seeing::Place(Box::new(place))]
                }
                kind => {
                    let values = self.values(feed, record);
                    // A spike may count values, and does where its rule names a field.
                    let has_field = kind.has_field() || !feed.fields.is_empty();
                    if has_field && values.is_empty() {
                        continue;
                    }
                    values
                }
            };
            let seen =
                sighting.seen.get_or_insert_with(|| Arc::new(Seen::of(record, &self.lookups)));
            on_observation(Observation {
                correlation: feed.correlation,
                input: feed.input,
                of_alert: feed.of_alerts,
                group,
                seeing,
                seen: Arc::clone(seen),
            });
        }
    }

    /// The values to group by; the first value of each field counts.
    fn group(
        &self,
        grouping: usize,
        record: &Record<'_>,
        sighting: &mut Sighting,
    ) -> Option<Group> {
        let known = sighting.groups.iter().find(|(place, _)| *place == grouping);
        if let Some((_, group)) = known {
            return group.clone();
        }
        let group = self.groupings.get(grouping).and_then(|lookups| self.made(lookups, record));
        sighting.groups.push((grouping, group.clone()));
        group
    }

    fn made(&self, lookups: &[Lookup], record: &Record<'_>) -> Option<Group> {
        let mut group = Vec::with_capacity(64);
        group.push(b'[');
        for (place, lookup) in lookups.iter().enumerate() {
            let value = record.first(lookup).filter(|value| !value.is_empty())?;
            if place > 0 {
                group.push(b',');
            }
            ecs::write_json_string(&mut group, &value);
        }
        group.push(b']');
        let text: Arc<str> = std::str::from_utf8(&group).ok()?.into();
        Some(Group { key: self.hash(0, &text), text })
    }

    /// A hash that is the same for the same text as long as the plan lives.
    fn hash(&self, seed: u64, text: &str) -> u64 {
        self.hasher.hash_one((seed, text))
    }

    fn values(&self, feed: &Feed, record: &Record<'_>) -> Vec<Seeing> {
        const MOST: usize = 16;
        let mut values = Vec::new();
        let numeric = matches!(
            feed.kind,
            CorrelationKind::ValueSum
                | CorrelationKind::ValueAvg
                | CorrelationKind::ValuePercentile
        );
        for (place, lookup) in (0_u64..).zip(&feed.fields) {
            let _ = record.visit(lookup, &mut |value| {
                let text = match value {
                    Value::Null => None,
                    value => value.to_str(),
                };
                let Some(text) = text.filter(|text| !text.is_empty()) else {
                    return ControlFlow::Continue(());
                };
                if numeric {
                    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
                    values.extend(number.map(Seeing::Number));
                } else {
                    values.push(Seeing::Value(self.hash(place, &text), text.into()));
                }
                if values.len() < MOST { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
        }
        values
    }

    /// Where an event came from. Nothing is a place that is not known, or that hides where
    /// somebody is: a proxy, or a tunnel for the anonymous.
    fn place(&self, record: &Record<'_>) -> Option<Place> {
        let (latitude, longitude) = record.coordinates()?;
        let (latitude, longitude) = (latitude.parse().ok()?, longitude.parse().ok()?);
        // Databases of places have this for an address that they know nothing of.
        if latitude == 0.0 && longitude == 0.0 {
            return None;
        }
        let Lookups { address, system, city, country, proxy, tunnels, .. } = &self.lookups;
        let is_proxy = record.first(proxy).is_some_and(|flag| flag == "true");
        if is_proxy || record.first(tunnels).is_some_and(|tunnels| is_anonymous(&tunnels)) {
            return None;
        }
        let first = |lookup| record.first(lookup).filter(|text| !text.is_empty());
        let (address, system) = (first(address)?, first(system).filter(|system| system != "0"));
        let (city, country) = (first(city), first(country));
        let network = format!(
            "{}\n{}",
            system.as_deref().unwrap_or(&address),
            country.as_deref().unwrap_or_default()
        );
        let known: Vec<&str> = city.iter().chain(&country).map(String::as_str).collect();
        let label = if known.is_empty() { address.clone() } else { known.join(", ") };
        Some(Place {
            latitude,
            longitude,
            address: self.hash(1, &address),
            system: system.map(|system| self.hash(2, &system)),
            network: self.hash(3, &network),
            label: label.chars().take(100).collect::<String>().into(),
        })
    }
}

/// Whether one of the tunnels of Okta's `tunnels`, a JSON array of objects, is for the anonymous.
fn is_anonymous(tunnels: &str) -> bool {
    const LONGEST: usize = 16 * 1024;
    if tunnels.len() > LONGEST || !tunnels.contains("anonymous") {
        return false;
    }
    let tunnels: serde_json::Value = serde_json::from_str(tunnels).unwrap_or_default();
    let tunnels = tunnels.as_array().map_or(&[][..], Vec::as_slice);
    tunnels.iter().any(|tunnel| tunnel.get("anonymous") == Some(&serde_json::Value::Bool(true)))
}

/// Whether each rule is a risk, or builds on one.
fn builds_on_risk(rules: &[Arc<Rule>], inputs: &[Vec<usize>]) -> Vec<bool> {
    let is_risk = |rule: &Arc<Rule>| {
        rule.correlation.as_ref().is_some_and(|c| c.kind == CorrelationKind::Risk)
    };
    let mut builds: Vec<bool> = rules.iter().map(is_risk).collect();
    loop {
        let mut found = false;
        for (place, inputs) in inputs.iter().enumerate() {
            let builds_now = inputs.iter().any(|input| builds.get(*input) == Some(&true));
            if let Some(builds) = builds.get_mut(place).filter(|builds| builds_now && !**builds) {
                *builds = true;
                found = true;
            }
        }
        if !found {
            return builds;
        }
    }
}
