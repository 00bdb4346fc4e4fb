//! Tests of rules: events that a rule has to match, and near misses that it must not.
//!
//! They stand in `NAME.tests.yml` beside `NAME.yml`. Each event goes the way of a real one: its
//! JSON is parsed as a LogEvent, becomes a record, and is tried on the compiled rule.
//!
//! ```
//! use detect::rule_test::{self, RuleTests};
//!
//! let rule = "
//! title: Token created
//! logsource: {product: okta}
//! detection:
//!     selection: {event.action: system.api_token.create}
//!     condition: selection
//! ";
//! let tests = "
//! matches:
//!     - name: a token is revoked
//!       event: {eventType: system.api_token.revoke}
//! ";
//! let parsed = detect::sigma::parse(rule, "token.yml");
//! let (tests, _) = RuleTests::parse(tests, "token.tests.yml");
//! let run = rule_test::run(&parsed.rules[0], &parsed.filters, &tests);
//! assert_eq!(
//!     run.failures[0].reasons,
//!     ["'selection' does not hold: event.action is 'system.api_token.revoke', \
//!       not 'system.api_token.create'"],
//! );
//! ```

mod explain;
mod file;

use std::sync::Arc;

use ecs::{Arrival, Context, Organization, Record};
use okta::LogEvent;

pub use file::{Case, RuleTests};

use crate::alert::Alert;
use crate::compile::{Options, Placeholders};
use crate::correlation::{Correlator, Limits};
use crate::detector::{Detector, Found, Workspace};
use crate::exceptions::Exceptions;
use crate::matcher::Scratch;
use crate::pack::{Pack, Selection};
use crate::ruleset::RuleSet;
use crate::sigma::{Diagnostic, Effort, Filter, Rule};
use crate::title::Template;

/// The fewest matches that a rule should be tested with.
pub const FEWEST_MATCHES: usize = 2;
/// The fewest near misses that a rule should be tested with.
pub const FEWEST_NEAR_MISSES: usize = 3;

/// What came of a rule's tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestRun {
    /// How many cases were tried.
    pub cases: usize,
    /// Those that did not go as expected.
    pub failures: Vec<Failure>,
    /// Why the rule could not be tried at all; then all cases fail.
    pub unusable: Vec<Diagnostic>,
}

/// A case that did not go as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The file of the tests.
    pub file: Arc<str>,
    /// The line of the case, counted from 1.
    pub line: u32,
    /// The name of the case.
    pub case: String,
    /// What was expected, and what happened instead.
    pub problem: Problem,
    /// Why, as far as it can be told: one line each.
    pub reasons: Vec<String>,
}

/// What went otherwise than expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The rule should have matched.
    NoMatch,
    /// The rule should not have matched.
    Match,
    /// The correlation raises more or fewer alerts.
    Alerts {
        /// How many the case asks for.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The alert has another title.
    Title {
        /// The title that the case asks for.
        expected: String,
        /// The title that it has.
        found: String,
    },
    /// The event of the case is none.
    Event(String),
    /// The rule can't be used.
    Unusable,
}

impl Problem {
    /// What is wrong, in a sentence.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::NoMatch => "expected a match, but the rule does not match".to_owned(),
            Self::Match => "expected no match, but the rule matches".to_owned(),
            Self::Alerts { expected, found } => {
                format!("expected {expected} alerts, but the rule raises {found}")
            }
            Self::Title { .. } => "the alert has another title".to_owned(),
            Self::Event(error) => format!("the event can't be used: {error}"),
            Self::Unusable => "the rule can't be used".to_owned(),
        }
    }
}

impl TestRun {
    /// How many cases went as expected.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.cases - self.failures.len().min(self.cases)
    }

    /// Whether all did.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.failures.is_empty() && self.unusable.is_empty()
    }
}

/// Tries a rule, under the filters that cover it, on its tests.
#[must_use]
pub fn run(rule: &Rule, filters: &[Filter], tests: &RuleTests) -> TestRun {
    let mut placeholders = Placeholders::default();
    for (name, values) in &tests.placeholders {
        placeholders.insert_literal(name.clone(), values.clone());
    }
    let options = Options { placeholders };
    let covering: Vec<Filter> =
        filters.iter().filter(|filter| filter.covers(rule)).cloned().collect();
    let set = RuleSet::compile([rule.clone()], &covering, &options);
    let mut run = TestRun::default();
    if set.rules().is_empty() {
        run.unusable = set.diagnostics().to_vec();
    }
    let template = match &rule.wardgate.title {
        Some(title) => Template::parse(title),
        None => Template::of_rule(&rule.title),
    };
    let mut trial = Trial { rule, set: &set, options: &options, template: &template };
    for (case, should_match) in tests.cases() {
        run.cases += 1;
        if let Some((problem, reasons)) = trial.problem(case, should_match) {
            run.failures.push(Failure {
                file: Arc::clone(&tests.file),
                line: case.at.line,
                case: case.name.clone(),
                problem,
                reasons,
            });
        }
    }
    run
}

/// Tries a correlation on its tests. `rules` are those that it may name, itself among them.
#[must_use]
pub fn run_correlation(
    rule: &Rule,
    rules: &[Rule],
    filters: &[Filter],
    tests: &RuleTests,
) -> TestRun {
    let mut placeholders = Placeholders::default();
    for (name, values) in &tests.placeholders {
        placeholders.insert_literal(name.clone(), values.clone());
    }
    let pack = Pack::of_rules(rules.iter().cloned(), filters.to_vec());
    let selection = Selection { effort: Effort::Master, ..Selection::default() };
    let detector = Detector::new(&pack, &selection, placeholders, Exceptions::default());
    let same = |other: &Rule| other.file == rule.file && other.line == rule.line;
    let place = detector.rules().iter().position(|other| same(&other.rule));
    let mut run = TestRun::default();
    if place.is_none() {
        let of_file = |finding: &&Diagnostic| finding.file == rule.file;
        run.unusable = detector.diagnostics().iter().filter(of_file).cloned().collect();
    }
    for (case, should_match) in tests.cases() {
        run.cases += 1;
        let problem = match place {
            None => Some((Problem::Unusable, Vec::new())),
            Some(place) => sequence_problem(&detector, place, case, should_match),
        };
        if let Some((problem, reasons)) = problem {
            run.failures.push(Failure {
                file: Arc::clone(&tests.file),
                line: case.at.line,
                case: case.name.clone(),
                problem,
                reasons,
            });
        }
    }
    run
}

fn sequence_problem(
    detector: &Detector,
    place: usize,
    case: &Case,
    should_match: bool,
) -> Option<(Problem, Vec<String>)> {
    let mut correlator = Correlator::new(detector, Organization::default(), Limits::default());
    let mut workspace = Workspace::default();
    let context = Context::default();
    let (mut titles, mut matches) = (Vec::new(), 0_usize);
    for text in &case.events {
        let event = match LogEvent::parse(text) {
            Ok(event) => event,
            Err(error) => return Some((Problem::Event(error.to_string()), Vec::new())),
        };
        let record = Record::new(&event, &context, Arrival::default());
        let mut observations = Vec::new();
        detector.inspect(&record, &mut workspace, |found| {
            if let Found::Observation(observation) = found {
                observations.push(observation);
            }
        });
        matches += usize::from(!observations.is_empty());
        let on_alert = &mut |alert: Alert| {
            if alert.rule == place {
                titles.push(alert.title);
            }
        };
        if let Some(time) = record.time() {
            correlator.advance(detector, time, on_alert);
        }
        for observation in observations {
            correlator.take(detector, observation, on_alert);
        }
    }
    let on_alert = &mut |alert: Alert| {
        if alert.rule == place {
            titles.push(alert.title);
        }
    };
    if let Some(until) = case.until {
        correlator.advance(detector, until, on_alert);
    }
    correlator.finish(detector, on_alert);
    let seen = || {
        let seen = format!("its rules match {matches} of {} events", case.events.len());
        std::iter::once(seen).chain(titles.iter().map(|title| format!("alert: {title}"))).collect()
    };
    let (found, expected) = (titles.len(), case.alerts);
    if !should_match {
        return (found > 0).then(|| (Problem::Match, seen()));
    }
    if found == 0 {
        return Some((Problem::NoMatch, seen()));
    }
    if found != expected {
        return Some((Problem::Alerts { expected, found }, seen()));
    }
    let expected = case.title.clone()?;
    let found = titles.into_iter().next()?;
    (found != expected).then_some((Problem::Title { expected, found }, Vec::new()))
}

struct Trial<'t> {
    rule: &'t Rule,
    set: &'t RuleSet,
    options: &'t Options,
    template: &'t Template,
}

impl Trial<'_> {
    fn problem(&mut self, case: &Case, should_match: bool) -> Option<(Problem, Vec<String>)> {
        if self.set.rules().is_empty() {
            return Some((Problem::Unusable, Vec::new()));
        }
        let Some(text) = case.events.first().filter(|_| case.events.len() == 1) else {
            let error = "only correlations are tested with several events".to_owned();
            return Some((Problem::Event(error), Vec::new()));
        };
        let event = match LogEvent::parse(text) {
            Ok(event) => event,
            Err(error) => return Some((Problem::Event(error.to_string()), Vec::new())),
        };
        let context = Context::default();
        let record = Record::new(&event, &context, Arrival::default());
        let mut matched_values = None;
        self.set.matches(&record, &mut Scratch::default(), |_, matched| {
            matched_values = Some(matched.values());
        });
        match (should_match, matched_values) {
            (true, None) => {
                let reasons = match self.set.rules() {
                    [idle] if idle.is_idle() => {
                        vec![format!(
                            "its placeholders have no values: {}",
                            idle.missing_placeholders().join(", ")
                        )]
                    }
                    _ => explain::no_match(self.rule, &record, self.options),
                };
                Some((Problem::NoMatch, reasons))
            }
            (false, Some(values)) => {
                let because =
                    values.iter().map(|(field, value)| format!("{field} is '{value}'")).collect();
                Some((Problem::Match, because))
            }
            (true, Some(_)) => {
                let expected = case.title.clone()?;
                let found = self.template.fill(&record);
                (found != expected).then_some((Problem::Title { expected, found }, Vec::new()))
            }
            (false, None) => None,
        }
    }
}

#[cfg(test)]
mod tests;
