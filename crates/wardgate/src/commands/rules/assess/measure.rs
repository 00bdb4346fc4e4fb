//! What comes of events for each rule, and how long it takes.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use detect::needs::Needs;
use detect::{
    Correlator, Detector, Found, Limits, Options, Placeholders, RuleSet, Scratch, Workspace,
};
use ecs::{Context, Lookup, Organization, Record};
use okta::LogEvent;

use super::events::Event;

/// How many events rules are timed with.
const SAMPLE: usize = 2_000;
/// How much later than a newer event one may stand in a file.
const LATENESS: i64 = 31 * 86_400_000;
const DAY: f64 = 86_400_000.0;

/// What the events at hand mean to a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It would have raised alerts.
    Alerts,
    /// It would have raised none.
    Quiet,
    /// There is nothing of the types that it looks at.
    NoEvents,
    /// A field that it cannot do without is never there.
    Never,
    /// It waits for values.
    Idle,
}

impl Verdict {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Alerts => "alerts",
            Self::Quiet => "quiet",
            Self::NoEvents => "no events",
            Self::Never => "never",
            Self::Idle => "idle",
        }
    }
}

/// What is known of a rule in the end.
#[derive(Debug)]
pub(super) struct Assessed {
    pub(super) title: String,
    pub(super) id: Option<String>,
    pub(super) verdict: Verdict,
    pub(super) why: String,
    /// How many events are of the types that it looks at.
    pub(super) events: u64,
    pub(super) alerts: u64,
    /// How long it takes for an event, on the average of all.
    pub(super) nanoseconds: f64,
    /// What is remembered for it.
    pub(super) groups: usize,
    pub(super) bytes: usize,
    pub(super) actions: Option<Vec<String>>,
    pub(super) fields: Vec<FieldCount>,
}

/// A field, and in how many of the events that a rule looks at it is.
#[derive(Debug)]
pub(super) struct FieldCount {
    pub(super) name: String,
    pub(super) necessary: bool,
    pub(super) events: u64,
}

/// Takes events, and measures the rules of a detector with them.
pub(super) struct Measure<'d> {
    detector: &'d Detector,
    workspace: Workspace,
    /// One for each organisation.
    correlators: BTreeMap<String, Correlator>,
    limits: Limits,
    needs: Vec<Needs>,
    /// The different fields of all rules.
    lookups: Vec<Lookup>,
    /// Rules by the event types they look at, and those that look at all.
    by_action: HashMap<String, Vec<usize>>,
    always: Vec<usize>,
    events_of: Vec<u64>,
    /// For each rule, in how many of its events each of its fields is: places and counts.
    fields_of: Vec<Vec<(usize, u64)>>,
    alerts: Vec<u64>,
    taking: Vec<Duration>,
    events: u64,
    span: Option<(i64, i64)>,
    sample: Vec<String>,
    /// Every how many events one is taken into the sample.
    stride: u64,
}

impl<'d> Measure<'d> {
    /// `in_order`: whether events come in the order of their times.
    pub(super) fn new(detector: &'d Detector, in_order: bool) -> Self {
        let count = detector.rules().len();
        let needs: Vec<Needs> = (0..count).map(|rule| detector.needs(rule)).collect();
        let mut lookups: Vec<Lookup> = Vec::new();
        let mut by_action: HashMap<String, Vec<usize>> = HashMap::new();
        let (mut always, mut fields_of) = (Vec::new(), Vec::new());
        for (rule, needs) in needs.iter().enumerate() {
            match &needs.actions {
                Some(actions) => actions.iter().for_each(|action| {
                    let rules = by_action.entry(action.clone()).or_default();
                    if rules.last() != Some(&rule) {
                        rules.push(rule);
                    }
                }),
                None => always.push(rule),
            }
            let places = needs.fields.iter().map(|field| {
                let lookup = Lookup::resolve(field);
                let known = lookups.iter().position(|known| *known == lookup);
                let place = known.unwrap_or_else(|| {
                    lookups.push(lookup);
                    lookups.len() - 1
                });
                (place, 0)
            });
            fields_of.push(places.collect());
        }
        let mut limits = Limits::default();
        if !in_order {
            (limits.lateness, limits.patience) = (LATENESS, LATENESS);
        }
        Self {
            detector,
            workspace: Workspace::default(),
            correlators: BTreeMap::new(),
            limits,
            needs,
            lookups,
            by_action,
            always,
            events_of: vec![0; count],
            fields_of,
            alerts: vec![0; count],
            taking: vec![Duration::ZERO; count],
            events: 0,
            span: None,
            sample: Vec::new(),
            stride: 1,
        }
    }

    /// How many events there were.
    pub(super) fn events(&self) -> u64 {
        self.events
    }

    /// How many days they are of, at least one.
    pub(super) fn days(&self) -> f64 {
        self.span.map_or(1.0, |(first, last)| (last - first) as f64 / DAY).max(1.0)
    }

    pub(super) fn take(&mut self, event: Event<'_>) {
        let Ok(parsed) = LogEvent::parse(event.text) else { return };
        let organization: Organization = event.organization;
        let context = Context::new(organization.clone());
        let record = Record::new(&parsed, &context, event.arrival);
        self.note(&record);
        if self.events.is_multiple_of(self.stride) {
            if self.sample.len() >= SAMPLE {
                // Every other one is enough from now on.
                let mut keep = false;
                self.sample.retain(|_| {
                    keep = !keep;
                    keep
                });
                self.stride *= 2;
            }
            self.sample.push(event.text.to_owned());
        }
        self.events += 1;
        let detector = self.detector;
        let key = format!("{organization:?}");
        let limits = self.limits;
        let correlator = self
            .correlators
            .entry(key)
            .or_insert_with(|| Correlator::new(detector, organization, limits));
        let alerts = &mut self.alerts;
        let mut count =
            |rule: usize| alerts.get_mut(rule).into_iter().for_each(|count| *count += 1);
        let mut observations = Vec::new();
        detector.inspect(&record, &mut self.workspace, |found| match found {
            Found::Alert(alert) => count(alert.rule),
            Found::Observation(observation) => observations.push(observation),
            Found::Excepted(_) => {}
        });
        if let Some(time) = record.time() {
            correlator.advance(detector, time, &mut |alert| count(alert.rule));
        }
        for observation in observations {
            let rule = observation.rule(detector);
            let begun = Instant::now();
            correlator.take(detector, observation, &mut |alert| count(alert.rule));
            if let Some(taking) = rule.and_then(|rule| self.taking.get_mut(rule)) {
                *taking += begun.elapsed();
            }
        }
    }

    /// Notes which rules look at an event, and which of their fields it has.
    fn note(&mut self, record: &Record<'_>) {
        if let Some(time) = record.published() {
            let (first, last) = self.span.get_or_insert((time.0, time.0));
            (*first, *last) = ((*first).min(time.0), (*last).max(time.0));
        }
        let action = record.first(&Lookup::resolve("event.action")).unwrap_or_default();
        let of_type = self.by_action.get(&action.to_lowercase());
        let mut is_there: Vec<Option<bool>> = vec![None; self.lookups.len()];
        for rule in of_type.into_iter().flatten().chain(&self.always) {
            if let Some(events) = self.events_of.get_mut(*rule) {
                *events += 1;
            }
            for (place, count) in self.fields_of.get_mut(*rule).into_iter().flatten() {
                let (Some(known), Some(lookup)) =
                    (is_there.get_mut(*place), self.lookups.get(*place))
                else {
                    continue;
                };
                let has = *known.get_or_insert_with(|| has(record, lookup));
                *count += u64::from(has);
            }
        }
    }

    /// What is known of the rules in the end, without those that only serve others.
    pub(super) fn finish(mut self) -> Vec<Assessed> {
        let detector = self.detector;
        for correlator in self.correlators.values_mut() {
            let alerts = &mut self.alerts;
            correlator.finish(detector, &mut |alert| {
                alerts.get_mut(alert.rule).into_iter().for_each(|count| *count += 1);
            });
        }
        let costs = self.costs();
        let of_rule = |rule: usize| {
            let pack_rule = detector.rules().get(rule)?;
            let rule_of = &pack_rule.rule;
            let (verdict, why) = self.verdict(rule);
            let needs = self.needs.get(rule)?;
            let counts = self.fields_of.get(rule)?;
            let fields = needs.fields.iter().zip(counts).map(|(name, (_, events))| FieldCount {
                name: name.clone(),
                necessary: needs.necessary.contains(name),
                events: *events,
            });
            let mut memory = detect::Memory::default();
            for correlator in self.correlators.values() {
                let of_one = correlator.memory_of(detector, rule);
                memory.groups += of_one.groups;
                memory.bytes += of_one.bytes;
            }
            Some(Assessed {
                title: rule_of.title.clone(),
                id: rule_of.id.clone(),
                verdict,
                why,
                events: self.events_of.get(rule).copied().unwrap_or_default(),
                alerts: self.alerts.get(rule).copied().unwrap_or_default(),
                nanoseconds: costs.get(rule).copied().unwrap_or_default(),
                groups: memory.groups,
                bytes: memory.bytes,
                actions: needs.actions.clone(),
                fields: fields.collect(),
            })
        };
        let shown = (0..detector.rules().len()).filter(|rule| detector.alerts(*rule));
        shown.filter_map(of_rule).collect()
    }

    fn verdict(&self, rule: usize) -> (Verdict, String) {
        if self.detector.is_idle(rule) {
            return (Verdict::Idle, "it waits for indicators or values".to_owned());
        }
        if self.alerts.get(rule).is_some_and(|alerts| *alerts > 0) {
            return (Verdict::Alerts, String::new());
        }
        let Some(needs) = self.needs.get(rule) else { return (Verdict::Quiet, String::new()) };
        let events = self.events_of.get(rule).copied().unwrap_or_default();
        if events == 0 {
            return (Verdict::NoEvents, "none of its event types".to_owned());
        }
        let counts = self.fields_of.get(rule).into_iter().flatten();
        let mut missing = needs
            .fields
            .iter()
            .zip(counts)
            .filter(|(name, (_, count))| *count == 0 && needs.necessary.contains(*name));
        if let Some((name, _)) = missing.next() {
            return (Verdict::Never, format!("{name} is in none of these events"));
        }
        for input in &needs.rules {
            let (verdict, why) = self.verdict(*input);
            if matches!(verdict, Verdict::NoEvents | Verdict::Never) {
                let title = self.detector.rules().get(*input).map(|rule| rule.rule.title.as_str());
                return (verdict, format!("'{}': {why}", title.unwrap_or_default()));
            }
        }
        (Verdict::Quiet, String::new())
    }

    /// What each rule takes for an event, on the average, in nanoseconds: tried alone on the
    /// sample, with the rules that only serve it, and what correlating took.
    fn costs(&self) -> Vec<f64> {
        let detector = self.detector;
        let context = Context::default();
        let parsed: Vec<LogEvent<'_>> =
            self.sample.iter().filter_map(|text| LogEvent::parse(text).ok()).collect();
        let mut costs = vec![0.0; detector.rules().len()];
        let mut alone = vec![0.0; detector.rules().len()];
        for (place, pack_rule) in detector.rules().iter().enumerate() {
            if pack_rule.rule.correlation.is_some() || detector.is_idle(place) {
                continue;
            }
            // Placeholders have no values here; what waits for some is as good as idle.
            let options = Options { placeholders: Placeholders::default() };
            let set = RuleSet::compile([std::sync::Arc::clone(&pack_rule.rule)], &[], &options);
            let mut scratch = Scratch::default();
            let mut spent = Duration::ZERO;
            for event in &parsed {
                let record = Record::new(event, &context, ecs::Arrival::default());
                let begun = Instant::now();
                set.matches(&record, &mut scratch, |_, _| {});
                spent += begun.elapsed();
            }
            if let Some(alone) = alone.get_mut(place) {
                *alone = spent.as_nanos() as f64 / parsed.len().max(1) as f64;
            }
        }
        for (place, cost) in costs.iter_mut().enumerate() {
            let taking = self.taking.get(place).copied().unwrap_or_default();
            *cost = alone.get(place).copied().unwrap_or_default()
                + taking.as_nanos() as f64 / self.events.max(1) as f64;
            for input in detector.serving(place) {
                *cost += alone.get(input).copied().unwrap_or_default();
            }
        }
        costs
    }
}

/// Whether an event has a value in a field.
fn has(record: &Record<'_>, lookup: &Lookup) -> bool {
    let mut has = false;
    let _ = record.visit(lookup, &mut |value| {
        has = !matches!(value, okta::json::Value::Null | okta::json::Value::Missing);
        if has { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    has
}
