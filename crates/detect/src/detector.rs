//! The detector: rules that are on, and the alerts they raise.

use std::sync::Arc;

use ecs::{Record, Timestamp};
use intel::{Finding, IndicatorSet, Kind, Period};

use crate::alert::{Alert, Mould};
use crate::compile::{Options, Placeholders, placeholder_names};
use crate::exceptions::Exceptions;
use crate::matcher::Scratch;
use crate::pack::{BUILTIN, Pack, PackRule, Selection};
use crate::ruleset::RuleSet;
use crate::sigma::Diagnostic;

/// Turns records into alerts. One serves all threads; each has its own [`Workspace`].
#[derive(Debug)]
pub struct Detector {
    set: RuleSet,
    rules: Vec<PackRule>,
    moulds: Vec<Mould>,
    exceptions: Exceptions,
    indicators: Indicators,
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
        let on: Vec<&PackRule> =
            pack.rules().iter().filter(|rule| selection.enables(&rule.rule)).collect();
        let feed_rule = on.iter().find(|rule| is_feed_rule(rule));
        let is_covered = |rule: &PackRule| {
            &*rule.ruleset != BUILTIN || pack.filters().iter().any(|one| one.covers(&rule.rule))
        };
        let confirmed = feed_rule.is_some_and(|rule| is_covered(rule));
        let asked: Vec<String> = on
            .iter()
            .filter(|rule| confirmed || !is_feed_rule(rule))
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
        let rules = on.iter().map(|rule| Arc::clone(&rule.rule));
        let options = Options { placeholders };
        let set = RuleSet::compile(rules, pack.filters(), &options);
        // A rule that does not compile has no place in the set; the others are found by what
        // they share with it.
        let rules: Vec<PackRule> = set
            .rules()
            .iter()
            .filter_map(|compiled| {
                on.iter().find(|rule| Arc::ptr_eq(&rule.rule, compiled.rule())).copied().cloned()
            })
            .collect();
        let moulds = rules.iter().map(Mould::new).collect();
        let rule = rules.iter().position(is_feed_rule).filter(|_| !indicators.is_empty());
        let indicators = Indicators { set: indicators, rule, confirmed, has_placeholders };
        Self { set, rules, moulds, exceptions, indicators }
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
        self.set.diagnostics()
    }

    /// Calls `on_alert` with each alert that an event raises, in the order of the rules, and
    /// `on_exception` with the place of each rule that an exception keeps quiet.
    pub fn detect(
        &self,
        record: &Record<'_>,
        workspace: &mut Workspace,
        mut on_alert: impl FnMut(Alert),
        mut on_exception: impl FnMut(usize),
    ) {
        let Workspace { rules, exceptions } = workspace;
        let mut findings = Vec::new();
        let mut due = None;
        let Indicators { set, rule: feed_rule, confirmed, has_placeholders } = &self.indicators;
        if let Some(rule) = feed_rule {
            findings = set.find(record, Period::Stream);
            due = Some(*rule).filter(|_| !findings.is_empty() && !confirmed);
        }
        self.set.matches(record, rules, |rule, matched| {
            let index = rule.index();
            if let Some(first) = due.take_if(|due| *due < index) {
                self.tell(
                    first,
                    &[],
                    &findings,
                    record,
                    exceptions,
                    &mut on_alert,
                    &mut on_exception,
                );
            }
            let values = if *feed_rule == Some(index) {
                due = None;
                if findings.is_empty() && !has_placeholders {
                    return;
                }
                Some(matched.values())
            } else {
                None
            };
            if let Some(values) = values {
                self.tell(
                    index,
                    &values,
                    &findings,
                    record,
                    exceptions,
                    &mut on_alert,
                    &mut on_exception,
                );
            } else if self.exceptions.applying(rule.rule(), record, exceptions).is_some() {
                on_exception(index);
            } else if let Some(mould) = self.moulds.get(index) {
                on_alert(mould.cast(index, matched, record));
            }
        });
        if let Some(rule) = due {
            self.tell(rule, &[], &findings, record, exceptions, &mut on_alert, &mut on_exception);
        }
    }

    /// Raises the alert about indicators, unless an exception keeps it quiet.
    #[expect(clippy::too_many_arguments, reason = "what a match and its two outcomes consist of")]
    fn tell(
        &self,
        index: usize,
        values: &[(String, String)],
        findings: &[Finding],
        record: &Record<'_>,
        exceptions: &mut Scratch,
        on_alert: &mut dyn FnMut(Alert),
        on_exception: &mut dyn FnMut(usize),
    ) {
        let (Some(rule), Some(mould)) = (self.rules.get(index), self.moulds.get(index)) else {
            return;
        };
        if self.exceptions.applying(&rule.rule, record, exceptions).is_some() {
            return on_exception(index);
        }
        let mut matched = values.to_vec();
        for finding in findings {
            let value = (finding.field.to_owned(), finding.matched.clone());
            if !matched.contains(&value) {
                matched.push(value);
            }
        }
        on_alert(mould.cast_with(index, &matched, findings, record));
    }
}

fn is_feed_rule(rule: &PackRule) -> bool {
    rule.rule.id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(FEED_RULE))
}
