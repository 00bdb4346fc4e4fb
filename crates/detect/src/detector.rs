//! The detector: rules that are on, and the alerts they raise.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use ecs::{Record, Timestamp};
use hashbrown::HashMap;
use intel::{IndicatorSet, Kind, Period, Seen};
use uuid::Uuid;

use crate::alert::{About, Alert, Mould};
use crate::compile::{Options, Placeholders, placeholder_names};
use crate::correlation::{Finding, Limits, Links, Match, Observation, Plan, Sighting};
use crate::exceptions::Exceptions;
use crate::matcher::Scratch;
use crate::pack::{BUILTIN, Pack, PackRule, Selection};
use crate::ruleset::RuleSet;
use crate::sigma::{BASELINE, Correlation, CorrelationKind, Diagnostic, Rule};

/// Turns records into alerts. One serves all threads; each has its own [`Workspace`].
#[derive(Debug)]
pub struct Detector {
    set: RuleSet,
    rules: Vec<PackRule>,
    moulds: Vec<Mould>,
    exceptions: Exceptions,
    indicators: Indicators,
    /// Whether each rule raises alerts, and does not only serve correlations.
    alerts: Vec<bool>,
    plan: Plan,
    diagnostics: Vec<Diagnostic>,
}

/// The id of the rule that tells of indicators.
const FEED_RULE: &str = "6a015b66-5e4a-429c-9be7-df00cba497dd";

/// The indicators that are looked for, and the rule that tells of them.
#[derive(Debug, Default)]
struct Indicators {
    set: RwLock<Arc<IndicatorSet>>,
    /// How often the set was replaced.
    generation: AtomicU64,
    rule: Option<usize>,
    /// Whether the rule's own condition has to hold as well: where it is not the built-in one,
    /// or a filter covers it.
    confirmed: bool,
    /// Whether the rule has values that are in no set, so that its own condition is enough.
    has_placeholders: bool,
    /// Whether rules were compiled with the values of the set.
    are_compiled: bool,
}

impl Indicators {
    fn set(&self) -> Arc<IndicatorSet> {
        Arc::clone(&self.set.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What correlations have to look at of the past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// How far back from the newest event, in milliseconds.
    pub back: i64,
    /// The values of `event.action`, in lower case, one of which events have to have; `None`
    /// when that is not what the rule depends on.
    pub actions: Option<Vec<String>>,
}

/// What a [`Detector`] finds in an event.
#[derive(Clone, Debug)]
pub enum Found {
    /// An alert.
    Alert(Alert),
    /// What a [`crate::Correlator`] wants to know of.
    Observation(Observation),
    /// The place of a rule that an exception keeps quiet.
    Excepted(usize),
}

/// The working memory of one thread.
#[derive(Default)]
pub struct Workspace {
    rules: Scratch,
    exceptions: Scratch,
    /// The indicators that were seen last, and the generation that they are of.
    indicators: Option<(u64, Arc<IndicatorSet>)>,
    seen: Seen,
}

impl Detector {
    /// A detector with the rules of `pack` that `selection` enables. What is wrong with rules
    /// that cannot be used is in [`Detector::diagnostics`].
    #[must_use]
    pub fn new(
        pack: &Pack,
        selection: &Selection,
        placeholders: Placeholders,
        exceptions: Exceptions,
    ) -> Self {
        Self::with_indicators(pack, selection, placeholders, exceptions, Arc::default())
    }

    /// As [`Detector::new`], with indicators for the rule Intelligence Feed. They are the values
    /// of the placeholders `indicator_ip` and so on, too, if other rules ask for these.
    #[must_use]
    pub fn with_indicators(
        pack: &Pack,
        selection: &Selection,
        mut placeholders: Placeholders,
        exceptions: Exceptions,
        indicators: Arc<IndicatorSet>,
    ) -> Self {
        let all: Vec<Arc<Rule>> = pack.rules().iter().map(|rule| Arc::clone(&rule.rule)).collect();
        let links = Links::of(&all);
        let mut on: Vec<bool> = all.iter().map(|rule| selection.enables(rule)).collect();
        for (on, broken) in on.iter_mut().zip(&links.broken) {
            *on &= !broken;
        }
        let serving = |place: usize| links.silent.get(place) == Some(&true);
        // A rule that only serves correlations is not tried for its own sake.
        let chosen: Vec<bool> =
            on.iter().enumerate().map(|(place, on)| *on && !serving(place)).collect();
        let needed = links.needed(&chosen);
        let on: Vec<(usize, &PackRule)> = pack
            .rules()
            .iter()
            .enumerate()
            .filter(|(p, _)| needed.get(*p) == Some(&true))
            .collect();
        let used: Vec<&PackRule> = on.iter().map(|(_, rule)| *rule).collect();
        let feed_rule = used.iter().find(|rule| is_feed_rule(&rule.rule));
        let is_covered = |rule: &PackRule| {
            &*rule.ruleset != BUILTIN || pack.filters().iter().any(|one| one.covers(&rule.rule))
        };
        let confirmed = feed_rule.is_some_and(|rule| is_covered(rule));
        let asked: Vec<String> = used
            .iter()
            .filter(|rule| confirmed || !is_feed_rule(&rule.rule))
            .flat_map(|rule| placeholder_names(&rule.rule.detection))
            .collect();
        let now = Timestamp::now();
        let (mut has_placeholders, mut are_compiled) = (false, false);
        for kind in Kind::ALL {
            let name = kind.placeholder();
            let is_given = placeholders.contains(name) && !placeholders.is_empty(name);
            are_compiled |= !is_given && asked.iter().any(|asked| asked == name);
            if placeholders.contains(name) && !placeholders.is_empty(name) {
                has_placeholders = true;
            } else if asked.iter().any(|asked| asked == name) && indicators.count(kind) > 0 {
                let values = indicators.values(kind, now).map(|value| value.to_string());
                placeholders.insert_literal(name, values);
            } else if !placeholders.contains(name) {
                placeholders.insert_literal(name, Vec::<String>::new());
            }
        }
        let rules = on.iter().map(|(_, rule)| Arc::clone(&rule.rule));
        let options = Options { placeholders };
        let set = RuleSet::compile(rules, pack.filters(), &options);
        // A rule that does not compile has no place in the set; the others are found by what
        // they share with it.
        let kept: Vec<(usize, PackRule)> = set
            .rules()
            .iter()
            .filter_map(|compiled| {
                let same =
                    |(_, rule): &&(usize, &PackRule)| Arc::ptr_eq(&rule.rule, compiled.rule());
                on.iter().find(same).map(|(place, rule)| (*place, (*rule).clone()))
            })
            .collect();
        // From places in the pack to places in the set.
        let places: HashMap<usize, usize> =
            kept.iter().enumerate().map(|(place, (old, _))| (*old, place)).collect();
        let alerts: Vec<bool> =
            kept.iter().map(|(old, _)| chosen.get(*old) == Some(&true)).collect();
        let inputs: Vec<Vec<usize>> = kept
            .iter()
            .map(|(old, _)| {
                let inputs = links.inputs.get(*old).into_iter().flatten();
                // One that did not compile keeps its number, and never matches.
                inputs.map(|input| places.get(input).copied().unwrap_or(usize::MAX)).collect()
            })
            .collect();
        let rules: Vec<PackRule> = kept.into_iter().map(|(_, rule)| rule).collect();
        let shared: Vec<Arc<Rule>> = rules.iter().map(|rule| Arc::clone(&rule.rule)).collect();
        let plan = Plan::new(&shared, &inputs, &alerts);
        let moulds = rules.iter().map(Mould::new).collect();
        let indicators = Indicators {
            set: RwLock::new(indicators),
            generation: AtomicU64::new(next_generation()),
            rule: rules.iter().position(|rule| is_feed_rule(&rule.rule)),
            confirmed,
            has_placeholders,
            are_compiled,
        };
        let mut diagnostics = links.diagnostics;
        diagnostics.extend(set.diagnostics().iter().cloned());
        Self { set, rules, moulds, exceptions, indicators, alerts, plan, diagnostics }
    }

    /// Whether a rule can't match because it waits for values or indicators.
    #[must_use]
    pub fn is_idle(&self, rule: usize) -> bool {
        let is_idle = self.set.rules().get(rule).is_some_and(|rule| rule.is_idle());
        is_idle && (self.indicators.rule != Some(rule) || self.indicators.set().is_empty())
    }

    /// Looks for other indicators from the next event on, without anything else being done anew.
    /// `false`: rules were compiled with the values of those before, so that a new detector is
    /// needed.
    pub fn replace_indicators(&self, set: Arc<IndicatorSet>) -> bool {
        if self.indicators.are_compiled {
            return false;
        }
        *self.indicators.set.write().unwrap_or_else(PoisonError::into_inner) = set;
        self.indicators.generation.store(next_generation(), Ordering::Release);
        true
    }

    /// Whether the rule about indicators is on.
    #[must_use]
    pub fn tells_of_indicators(&self) -> bool {
        self.indicators.rule.is_some()
    }

    /// The alert that an event would have raised had the indicators of `set` been there when it
    /// came, marked as found afterwards. `None` also when an exception keeps it quiet.
    pub fn hunt(
        &self,
        set: &IndicatorSet,
        record: &Record<'_>,
        workspace: &mut Workspace,
    ) -> Option<Alert> {
        let index = self.indicators.rule?;
        let findings = set.find(record, Period::Hunt);
        if findings.is_empty() {
            return None;
        }
        let Workspace { rules, exceptions, .. } = workspace;
        let (mut values, mut holds) = (Vec::new(), !self.indicators.confirmed);
        if self.indicators.confirmed {
            self.set.matches(record, rules, |rule, matched| {
                if rule.index() == index {
                    holds = true;
                    values = matched.values();
                }
            });
        }
        let mut found = None;
        if holds {
            let about = About { values: &values, findings: &findings, afterwards: true };
            let on = &mut |one| {
                if matches!(one, Found::Alert(_)) {
                    found = Some(one);
                }
            };
            self.tell(index, &about, record, exceptions, &mut Sighting::default(), on);
        }
        match found {
            Some(Found::Alert(alert)) => Some(alert),
            _ => None,
        }
    }

    /// The rules that are on and can be used.
    #[must_use]
    pub fn rules(&self) -> &[PackRule] {
        &self.rules
    }

    /// The compiled rules, in the same order.
    #[must_use]
    pub fn set(&self) -> &RuleSet {
        &self.set
    }

    /// What is wrong with rules that are on and cannot be used, and what is noteworthy about
    /// the others.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Whether a rule raises alerts; one that only serves correlations does not.
    #[must_use]
    pub fn alerts(&self, rule: usize) -> bool {
        self.alerts.get(rule) == Some(&true)
    }

    /// Whether there are correlations, so that observations have to be taken.
    #[must_use]
    pub fn correlates(&self) -> bool {
        !self.plan.is_empty()
    }

    /// What correlations have to look at of the past to remember what they would remember had
    /// they been there all along: one for each rule that feeds them.
    #[must_use]
    pub fn past(&self) -> Vec<Past> {
        let mut past = Vec::new();
        for rule in self.set.rules() {
            if rule.rule().correlation.is_some() {
                continue;
            }
            let back = self.reach(rule.index(), 0);
            if back > 0 {
                let back = back.saturating_add(Limits::default().lateness);
                past.push(Past { back, actions: self.set.needed_actions(rule.index()) });
            }
        }
        past
    }

    /// For how long a rule's match matters to correlations, and to those that build on these.
    fn reach(&self, rule: usize, depth: usize) -> i64 {
        // Correlations feed none that feed them.
        if depth > self.rules.len() {
            return 0;
        }
        let reach = |fed: usize| {
            let correlation = self.rules.get(fed)?.rule.correlation.as_ref()?;
            Some(horizon(correlation).saturating_add(self.reach(fed, depth + 1)))
        };
        self.plan.fed_by_events(rule).filter_map(reach).max().unwrap_or(0)
    }

    /// For how long stored alerts matter to correlations, in milliseconds; `None` when they
    /// don't.
    #[must_use]
    pub fn past_of_alerts(&self) -> Option<i64> {
        if !self.plan.counts_alerts() {
            return None;
        }
        let correlations = self.rules.iter().filter_map(|rule| rule.rule.correlation.as_ref());
        let risks = correlations.filter(|correlation| correlation.kind == CorrelationKind::Risk);
        let back = risks.map(horizon).max()?;
        Some(back.saturating_add(Limits::default().lateness))
    }

    /// Calls `on_observation` with what a stored alert of a rule, known by its id or else its
    /// title, about this event is to correlations.
    pub fn recall(
        &self,
        rule: &str,
        alert: Uuid,
        record: &Record<'_>,
        on_observation: &mut dyn FnMut(Observation),
    ) {
        let same = |known: &PackRule| match &known.rule.id {
            Some(id) => id.eq_ignore_ascii_case(rule),
            None => known.rule.title == rule,
        };
        let Some(rule) = self.rules.iter().position(same) else { return };
        let matched = Match { rule, record, alert: &|| alert };
        let mut sighting = Sighting::default();
        self.plan.observe(&matched, &mut sighting, &mut |_| false, &mut |observation| {
            if observation.of_alert {
                on_observation(observation);
            }
        });
    }

    /// The values of `event.action` that events have to have for any rule to match; `None` when
    /// there is a rule that does not depend on it.
    #[must_use]
    pub fn needed_actions(&self) -> Option<Vec<String>> {
        let of_events = self.set.rules().iter().filter(|rule| rule.rule().correlation.is_none());
        let mut actions = Vec::new();
        for rule in of_events {
            actions.extend(self.set.needed_actions(rule.index())?);
        }
        actions.sort();
        actions.dedup();
        (!actions.is_empty()).then_some(actions)
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The alert of a correlation about an event that has completed something.
    pub(crate) fn correlated(
        &self,
        rule: usize,
        record: &Record<'_>,
        finding: &Finding,
    ) -> Option<Alert> {
        let rules = &self.rules;
        Some(self.moulds.get(rule)?.cast_correlated(rule, rules, record, finding))
    }

    /// The id of that alert.
    pub(crate) fn correlated_id(&self, rule: usize, finding: &Finding) -> Option<Uuid> {
        Some(self.moulds.get(rule)?.correlated_id(finding))
    }

    /// Whether an exception keeps a rule quiet about an event.
    pub(crate) fn is_excepted(
        &self,
        rule: usize,
        record: &Record<'_>,
        scratch: &mut Scratch,
    ) -> bool {
        let rule = self.rules.get(rule);
        rule.is_some_and(|r| self.exceptions.applying(&r.rule, record, scratch).is_some())
    }

    /// Calls `on_alert` with each alert that an event raises by itself, in the order of the
    /// rules, and `on_exception` with the place of each rule that an exception keeps quiet.
    pub fn detect(
        &self,
        record: &Record<'_>,
        workspace: &mut Workspace,
        mut on_alert: impl FnMut(Alert),
        mut on_exception: impl FnMut(usize),
    ) {
        self.inspect(record, workspace, |found| match found {
            Found::Alert(alert) => on_alert(alert),
            Found::Observation(_) => {}
            Found::Excepted(rule) => on_exception(rule),
        });
    }

    /// Calls `on_found` with all there is in an event: alerts, and what correlations want to
    /// know of, in the order of the rules.
    pub fn inspect(
        &self,
        record: &Record<'_>,
        workspace: &mut Workspace,
        mut on_found: impl FnMut(Found),
    ) {
        let Workspace { rules, exceptions, indicators, seen: values } = workspace;
        let (mut findings, mut rests) = (Vec::new(), true);
        let mut due = None;
        let Indicators { generation, rule: feed_rule, confirmed, has_placeholders, .. } =
            &self.indicators;
        if let Some(rule) = feed_rule {
            let generation = generation.load(Ordering::Acquire);
            let (_, set) = match indicators {
                Some(seen) if seen.0 == generation => seen,
                other => other.insert((generation, self.indicators.set())),
            };
            rests = set.is_empty();
            findings = set.find_next(record, Period::Stream, values);
            due = Some(*rule).filter(|_| !findings.is_empty() && !confirmed);
        }
        let mut sighting = Sighting::default();
        self.set.matches(record, rules, |rule, matched| {
            let index = rule.index();
            if let Some(first) = due.take_if(|due| *due < index) {
                let about = About { values: &[], findings: &findings, afterwards: false };
                self.tell(first, &about, record, exceptions, &mut sighting, &mut on_found);
            }
            if *feed_rule == Some(index) {
                due = None;
                if !findings.is_empty() || *has_placeholders || rests {
                    let values = matched.values();
                    let about = About { values: &values, findings: &findings, afterwards: false };
                    self.tell(index, &about, record, exceptions, &mut sighting, &mut on_found);
                }
                return;
            }
            if self.exceptions.applying(rule.rule(), record, exceptions).is_some() {
                // One that only serves correlations would have raised nothing.
                if self.alerts(index) {
                    on_found(Found::Excepted(index));
                }
                return;
            }
            if self.alerts(index)
                && let Some(mould) = self.moulds.get(index)
            {
                on_found(Found::Alert(mould.cast(index, matched, record)));
            }
            self.observe(index, record, exceptions, &mut sighting, &mut on_found);
        });
        if let Some(rule) = due {
            let about = About { values: &[], findings: &findings, afterwards: false };
            self.tell(rule, &about, record, exceptions, &mut sighting, &mut on_found);
        }
    }

    /// Tells correlations of a match.
    fn observe(
        &self,
        rule: usize,
        record: &Record<'_>,
        exceptions: &mut Scratch,
        sighting: &mut Sighting,
        on_found: &mut dyn FnMut(Found),
    ) {
        if !self.plan.is_fed_by(rule) {
            return;
        }
        let Some(mould) = self.moulds.get(rule) else { return };
        let matched = Match { rule, record, alert: &|| mould.id(record) };
        let is_excepted = &mut |rule: usize| self.is_excepted(rule, record, exceptions);
        let on = &mut |observation| on_found(Found::Observation(observation));
        self.plan.observe(&matched, sighting, is_excepted, on);
    }

    /// Raises the alert about indicators, unless an exception keeps it quiet.
    fn tell(
        &self,
        index: usize,
        about: &About<'_>,
        record: &Record<'_>,
        exceptions: &mut Scratch,
        sighting: &mut Sighting,
        on_found: &mut dyn FnMut(Found),
    ) {
        let (Some(rule), Some(mould)) = (self.rules.get(index), self.moulds.get(index)) else {
            return;
        };
        if self.exceptions.applying(&rule.rule, record, exceptions).is_some() {
            return on_found(Found::Excepted(index));
        }
        let mut matched = about.values.to_vec();
        for finding in about.findings {
            let value = (finding.field.to_owned(), finding.matched.clone());
            if !matched.contains(&value) {
                matched.push(value);
            }
        }
        let about = About { values: &matched, ..*about };
        if self.alerts(index) {
            on_found(Found::Alert(mould.cast_with(index, &about, record)));
        }
        self.observe(index, record, exceptions, sighting, on_found);
    }
}

/// Numbers that no two sets share, whichever detectors they are of.
fn next_generation() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Whether this is the rule that tells of indicators.
#[must_use]
pub fn is_feed_rule(rule: &Rule) -> bool {
    rule.id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(FEED_RULE))
}

/// For how long a correlation remembers what it is fed, in milliseconds: a window, and the pause
/// before it that ends an episode.
fn horizon(correlation: &Correlation) -> i64 {
    let more = match correlation.kind {
        CorrelationKind::FirstSeen => correlation.learning,
        CorrelationKind::ImpossibleTravel => correlation.timespan.max(correlation.travel.memory),
        CorrelationKind::MissingFollowup => correlation.timespan.saturating_add(correlation.before),
        // A group that comes back after so long is a new one.
        CorrelationKind::Spike => 2 * BASELINE,
        _ => correlation.timespan,
    };
    correlation.timespan.saturating_add(more)
}
