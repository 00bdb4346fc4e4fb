//! The detector: rules that are on, and the alerts they raise.

use std::sync::Arc;

use ecs::{Record, Timestamp};
use hashbrown::HashMap;
use intel::{IndicatorSet, Kind, Period};

use crate::alert::{Alert, Mould};
use crate::compile::{Options, Placeholders, placeholder_names};
use crate::correlation::{Finding, Limits, Links, Observation, Plan};
use crate::exceptions::Exceptions;
use crate::matcher::Scratch;
use crate::pack::{BUILTIN, Pack, PackRule, Selection};
use crate::ruleset::RuleSet;
use crate::sigma::{CorrelationKind, Diagnostic, Rule};

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
    set: Arc<IndicatorSet>,
    rule: Option<usize>,
    /// Whether the rule's own condition has to hold as well: where it is not the built-in one,
    /// or a filter covers it.
    confirmed: bool,
    /// Whether the rule has values that are in no set, so that its own condition is enough.
    has_placeholders: bool,
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
        let mut has_placeholders = false;
        for kind in Kind::ALL {
            let name = kind.placeholder();
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
        let rule = rules
            .iter()
            .position(|rule| is_feed_rule(&rule.rule))
            .filter(|_| !indicators.is_empty());
        let indicators = Indicators { set: indicators, rule, confirmed, has_placeholders };
        let mut diagnostics = links.diagnostics;
        diagnostics.extend(set.diagnostics().iter().cloned());
        Self { set, rules, moulds, exceptions, indicators, alerts, plan, diagnostics }
    }

    /// Whether a rule can't match because it waits for values or indicators.
    #[must_use]
    pub fn is_idle(&self, rule: usize) -> bool {
        let is_idle = self.set.rules().get(rule).is_some_and(|rule| rule.is_idle());
        is_idle && self.indicators.rule != Some(rule)
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

    /// How far back correlations have to look to remember what they would remember had they
    /// been there all along, in milliseconds.
    #[must_use]
    pub fn horizon(&self) -> i64 {
        let correlations = self.rules.iter().filter_map(|rule| rule.rule.correlation.as_ref());
        // A window, the pause before it that ends an episode, and what comes late. Correlations
        // may build on others.
        let spans = correlations.map(|correlation| {
            let more = match correlation.kind {
                CorrelationKind::FirstSeen => correlation.learning,
                _ => correlation.timespan,
            };
            correlation.timespan.saturating_add(more)
        });
        spans.max().unwrap_or(0).saturating_mul(2).saturating_add(Limits::default().lateness)
    }

    /// The values of `event.action` that events have to have for a rule to feed a correlation;
    /// `None` when there is a rule that does not depend on it.
    #[must_use]
    pub fn observed_actions(&self) -> Option<Vec<String>> {
        let mut actions = Vec::new();
        for rule in self.set.rules() {
            if self.plan.is_fed_by(rule.index()) && rule.rule().correlation.is_none() {
                actions.extend(self.set.needed_actions(rule.index())?);
            }
        }
        actions.sort();
        actions.dedup();
        Some(actions)
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
        finding: &Finding<'_>,
    ) -> Option<Alert> {
        Some(self.moulds.get(rule)?.cast_correlated(rule, record, finding))
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
        let Workspace { rules, exceptions } = workspace;
        let mut findings = Vec::new();
        let mut due = None;
        let Indicators { set, rule: feed_rule, confirmed, has_placeholders } = &self.indicators;
        if let Some(rule) = feed_rule {
            findings = set.find(record, Period::Stream);
            due = Some(*rule).filter(|_| !findings.is_empty() && !confirmed);
        }
        let mut seen = None;
        self.set.matches(record, rules, |rule, matched| {
            let index = rule.index();
            if let Some(first) = due.take_if(|due| *due < index) {
                self.tell(first, &[], &findings, record, exceptions, &mut on_found);
            }
            if *feed_rule == Some(index) {
                due = None;
                if !findings.is_empty() || *has_placeholders {
                    let values = matched.values();
                    self.tell(index, &values, &findings, record, exceptions, &mut on_found);
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
            if self.plan.is_fed_by(index) {
                let is_excepted = &mut |correlation: usize| {
                    let rule = self.rules.get(correlation);
                    rule.is_some_and(|r| {
                        self.exceptions.applying(&r.rule, record, exceptions).is_some()
                    })
                };
                let on = &mut |observation| on_found(Found::Observation(observation));
                self.plan.observe(index, record, &mut seen, is_excepted, on);
            }
        });
        if let Some(rule) = due {
            self.tell(rule, &[], &findings, record, exceptions, &mut on_found);
        }
    }

    /// Raises the alert about indicators, unless an exception keeps it quiet.
    fn tell(
        &self,
        index: usize,
        values: &[(String, String)],
        findings: &[intel::Finding],
        record: &Record<'_>,
        exceptions: &mut Scratch,
        on_found: &mut dyn FnMut(Found),
    ) {
        let (Some(rule), Some(mould)) = (self.rules.get(index), self.moulds.get(index)) else {
            return;
        };
        if self.exceptions.applying(&rule.rule, record, exceptions).is_some() {
            return on_found(Found::Excepted(index));
        }
        let mut matched = values.to_vec();
        for finding in findings {
            let value = (finding.field.to_owned(), finding.matched.clone());
            if !matched.contains(&value) {
                matched.push(value);
            }
        }
        on_found(Found::Alert(mould.cast_with(index, &matched, findings, record)));
    }
}

/// Whether this is the rule that tells of indicators.
#[must_use]
pub fn is_feed_rule(rule: &Rule) -> bool {
    rule.id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(FEED_RULE))
}
