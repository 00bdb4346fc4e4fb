//! `POST /rules/dry-run`: what a rule would have found in the stored past.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use detect::sigma::{Effort, Level, Severity};
use detect::{Alert, Correlator, Detector, Exceptions, Found, Limits, Pack, Selection, Workspace};
use ecs::Timestamp;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::search::{Request, SearchError, Searcher};
use utoipa::ToSchema;

use super::book::Worked;
use crate::answer::Problem;
use crate::api::Desk;
use crate::api::ask::{Ask, Given};
use crate::api::params::{Body, When, unusable};
use crate::api::values::{Bucket, Diagnostic, Time};

/// The longest rule, in bytes.
const LONGEST: usize = 256 << 10;
const DAY: i64 = 86_400_000;
/// How many organisations are told apart at the most.
const MOST_ORGANIZATIONS: usize = 100;
/// How many events are looked at between two looks at the clock.
const STRIDE: u64 = 256;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DryRun {
    /// A rule in Sigma's language, or a correlation and the rules that it is about.
    #[schema(max_length = 262144)]
    yaml: String,
    /// Default: everything that is stored.
    #[schema(value_type = Option<String>)]
    since: Option<When>,
    #[schema(value_type = Option<String>)]
    until: Option<When>,
    /// Only events that match, in Lucene's syntax.
    query: Option<String>,
    /// How many matches are listed, from 1 to 200.
    #[schema(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// From 1 to 20.
    #[schema(minimum = 1, maximum = 20, default = 10)]
    timeout_seconds: Option<u64>,
}

/// What a rule would have found.
#[derive(Serialize, ToSchema)]
pub(super) struct DryRunAnswer {
    /// What is noteworthy about the rule.
    diagnostics: Vec<Diagnostic>,
    title: String,
    level: &'static str,
    /// How many events were covered.
    scanned: u64,
    /// How many alerts there would have been, repeats included.
    matched: u64,
    /// Whether the time was up before all events were looked at.
    is_cut: bool,
    /// How far it came: back to this time, or for correlations up to `scanned_until`.
    scanned_since: Option<Time>,
    scanned_until: Option<Time>,
    /// Alerts in each day.
    buckets: Vec<Bucket>,
    /// The latest first.
    matches: Vec<DryMatch>,
    /// How many alerts an exception would have kept quiet.
    excepted: u64,
    took_ms: u64,
}

/// An alert that there would have been.
#[derive(Serialize, ToSchema)]
struct DryMatch {
    time: Option<Time>,
    title: String,
    user: Option<String>,
    address: Option<String>,
    place: Option<String>,
    /// The event that completed it.
    event_id: Option<String>,
    matched: Vec<DryField>,
}

#[derive(Serialize, ToSchema)]
struct DryField {
    field: String,
    value: String,
}

/// Tries a rule on the stored past: the latest events first, as far as the time allows. A
/// correlation is tried from the earliest on, because it needs to know what came before.
#[utoipa::path(post, path = "/rules/dry-run", tag = "rules", request_body = DryRun,
    responses((status = 200, body = DryRunAnswer),
        (status = 422, body = crate::api::meta::ProblemDocument)))]
pub(super) async fn dry_run(
    State(desk): State<Arc<Desk>>,
    Body(request): Body<DryRun>,
) -> Result<Json<DryRunAnswer>, Problem> {
    let limit = request.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(unusable("limit: expected a number from 1 to 200"));
    }
    let seconds = request.timeout_seconds.unwrap_or(10);
    if !(1..=20).contains(&seconds) {
        return Err(unusable("timeout_seconds: expected a number from 1 to 20"));
    }
    if request.yaml.len() > LONGEST {
        return Err(unusable(format!("yaml: expected {LONGEST} bytes at the most")));
    }
    let ask = Ask::new(request.query, request.since, request.until)?;
    let (worked, yaml) = (desk.rules.read(), request.yaml);
    let time = Duration::from_secs(seconds);
    let answer = desk.long(time + Duration::from_secs(5), move |searcher, given| {
        let trial = Trial::new(&worked, &yaml)?;
        trial.run(searcher, given, ask, limit, time)
    });
    Ok(Json(answer.await?))
}

/// A rule that is tried.
struct Trial {
    detector: Detector,
    diagnostics: Vec<Diagnostic>,
}

/// What has come of it so far.
#[derive(Default)]
struct Tally {
    looked_at: u64,
    matched: u64,
    excepted: u64,
    days: BTreeMap<i64, u64>,
    alerts: Vec<Alert>,
}

impl Tally {
    fn note(&mut self, alert: Alert, limit: usize, newest_first: bool) {
        self.matched += 1;
        if let Some(time) = alert.time {
            *self.days.entry(time.0.div_euclid(DAY)).or_default() += 1;
        }
        if newest_first && self.alerts.len() >= limit {
            return;
        }
        // Of those that come in the other order, the last ones are wanted.
        if self.alerts.len() >= limit.saturating_mul(2) {
            self.alerts.drain(..limit);
        }
        self.alerts.push(alert);
    }
}

impl Trial {
    fn new(worked: &Worked, yaml: &str) -> Result<Self, Problem> {
        let mut pack = Pack::default();
        pack.add(yaml, "rule.yml", &Arc::from("dry-run"));
        let selection = Selection { effort: Effort::Master, ..Selection::default() };
        let (exceptions, _) = Exceptions::of(worked.rules.exceptions.clone());
        let detector = Detector::with_indicators(
            &pack,
            &selection,
            worked.rules.placeholders.clone(),
            exceptions,
            Arc::clone(&worked.rules.indicators),
        );
        let all: Vec<&detect::sigma::Diagnostic> =
            pack.diagnostics().iter().chain(detector.diagnostics()).collect();
        let is_broken = all.iter().any(|one| one.severity == Severity::Error);
        let diagnostics: Vec<Diagnostic> =
            all.into_iter().take(100).map(Diagnostic::from).collect();
        let has_rules = (0..detector.rules().len()).any(|rule| detector.alerts(rule));
        if is_broken || !has_rules {
            let detail = match is_broken {
                true => "the rule cannot be used, see diagnostics",
                false => "expected a rule in Sigma's language",
            };
            let list = serde_json::to_value(&diagnostics).unwrap_or_default();
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Err(Problem::coded(status, "invalid-rule", detail).member("diagnostics", list));
        }
        Ok(Self { detector, diagnostics })
    }

    fn run(
        self,
        searcher: &Searcher,
        given: Given,
        mut ask: Ask,
        limit: usize,
        time: Duration,
    ) -> Result<DryRunAnswer, Problem> {
        let begun = Instant::now();
        let Self { detector, diagnostics } = self;
        // Of a correlation, what is remembered depends on the order.
        let newest_first = !detector.correlates();
        let narrowed = narrowed(&ask, &detector)?;
        let selection = narrowed.selection(Given { time, ..given.clone() });
        let request = Request { selection, limit: usize::MAX, newest_first, after: None };
        let mut tally = Tally::default();
        let mut workspace = Workspace::default();
        let mut records = store::output::Records::default();
        let mut correlators: HashMap<String, Correlator> = HashMap::new();
        let (mut reached, mut is_late) = (None, false);
        let found = searcher.for_each(&request, |hit| {
            tally.looked_at += 1;
            reached = Some(hit.time);
            if tally.looked_at % STRIDE == 0 {
                let gone = given.given_up.load(std::sync::atomic::Ordering::Relaxed);
                if gone || begun.elapsed() >= time {
                    is_late = true;
                    return ControlFlow::Break(());
                }
            }
            let mut observations = Vec::new();
            let looked = records.with(&hit, |record| {
                detector.inspect(record, &mut workspace, |found| match found {
                    Found::Alert(alert) => tally.note(alert, limit, newest_first),
                    Found::Excepted(_) => tally.excepted += 1,
                    Found::Observation(observation) => observations.push(observation),
                });
            });
            if looked.is_err() || observations.is_empty() {
                return ControlFlow::Continue(());
            }
            let origin = hit.origin.as_deref();
            let key = origin.map_or("", |origin| origin.organization_key());
            if !correlators.contains_key(key) && correlators.len() >= MOST_ORGANIZATIONS {
                return ControlFlow::Continue(());
            }
            let correlator = correlators.entry_ref(key).or_insert_with(|| {
                let organization = origin.map(store::Origin::organization).unwrap_or_default();
                Correlator::new(&detector, organization, Limits::default())
            });
            for observation in observations {
                let on_alert = &mut |alert| tally.note(alert, limit, newest_first);
                correlator.take(&detector, observation, on_alert);
            }
            ControlFlow::Continue(())
        });
        match found {
            Ok(_) => {}
            // What was found until then is worth knowing.
            Err(SearchError::TooCostly) if tally.looked_at > 0 => is_late = true,
            Err(error) => return Err(narrowed.refused(error)),
        }
        // Which events were covered: all, or those up to where it came.
        if is_late {
            match newest_first {
                true => ask.since = reached.or(ask.since),
                false => ask.until = reached.map(|time| Timestamp(time.0 + 1)).or(ask.until),
            }
        }
        let covered = searcher.count(&ask.selection(given)).map_err(|error| ask.refused(error))?;
        let rule = (0..detector.rules().len()).rfind(|rule| detector.alerts(*rule));
        let rule = rule.and_then(|rule| detector.rules().get(rule)).map(|rule| &rule.rule);
        if !newest_first {
            tally.alerts.reverse();
        }
        tally.alerts.truncate(limit);
        let buckets = tally.days.iter().map(|(day, count)| Bucket {
            time: Timestamp(day.saturating_mul(DAY)).into(),
            count: *count,
        });
        Ok(DryRunAnswer {
            diagnostics,
            title: rule.map_or_else(String::new, |rule| rule.title.clone()),
            level: rule.and_then(|rule| rule.level).unwrap_or(Level::Medium).as_str(),
            scanned: covered.events,
            matched: tally.matched,
            is_cut: is_late,
            scanned_since: ask.since.map(Time),
            scanned_until: ask.until.map(Time),
            buckets: buckets.collect(),
            matches: tally.alerts.into_iter().map(dry_match).collect(),
            excepted: tally.excepted,
            took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        })
    }
}

/// The question, narrowed to the events that the rules can match at all.
fn narrowed(ask: &Ask, detector: &Detector) -> Result<Ask, Problem> {
    let Some(actions) = detector.needed_actions().filter(|actions| actions.len() < 500) else {
        return Ok(ask.clone());
    };
    let quoted: Vec<String> =
        actions.iter().map(|action| crate::api::fields::quoted(action)).collect();
    ask.and(&format!("event.action:({})", quoted.join(" OR ")))
}

fn dry_match(alert: Alert) -> DryMatch {
    let document: Value = serde_json::from_str(&alert.document).unwrap_or_default();
    let matched = document.pointer("/wardgate/alert/matched").and_then(Value::as_array);
    let member = |one: &Value, name: &str| one.get(name)?.as_str().map(str::to_owned);
    let matched = matched.into_iter().flatten().filter_map(|one| {
        Some(DryField { field: member(one, "field")?, value: member(one, "value")? })
    });
    // The whole one of a correlation's events is the one that completed it.
    let events = document.pointer("/wardgate/alert/events").and_then(Value::as_array);
    let mut events = events.into_iter().flatten();
    let completed = events.find(|event| event.get("original").is_some());
    let event_id = completed.and_then(|event| event.pointer("/event/id")).and_then(Value::as_str);
    DryMatch {
        time: alert.time.map(Time),
        event_id: event_id.map(str::to_owned),
        matched: matched.collect(),
        title: alert.title,
        user: alert.user,
        address: alert.address,
        place: alert.whereabouts,
    }
}
