//! `GET /alerts/{id}/similar`: alerts that have something in common with one.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use store::{Alert, AlertFilter, AlertGroup, AlertState, Database};
use utoipa::{IntoParams, ToSchema};

use super::one::find;
use super::summary::AlertSummary;
use crate::answer::Problem;
use crate::api::Desk;
use crate::api::params::{Params, Segment, within};

/// How many alerts are looked at for each thing that they may have in common.
const LOOKED_AT: usize = 200;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SimilarParams {
    /// From 1 to 50.
    #[param(minimum = 1, maximum = 50, default = 10)]
    limit: Option<usize>,
}

/// Alerts that have something in common with one.
#[derive(Serialize, ToSchema)]
pub(super) struct Similar {
    /// Those with the most in common first, then the latest.
    alerts: Vec<SimilarAlert>,
    verdicts: Verdicts,
}

#[derive(Serialize, ToSchema)]
struct SimilarAlert {
    #[serde(flatten)]
    summary: AlertSummary,
    /// What they have in common: `rule`, `user`, `address`, `technique`.
    because: Vec<&'static str>,
}

/// What closed alerts of a rule turned out to be.
#[derive(Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Verdicts {
    true_positive: u64,
    benign: u64,
    false_positive: u64,
}

impl Verdicts {
    pub(crate) fn of_rule(database: &Database, rule: &str) -> Result<Self, Problem> {
        let filter = AlertFilter {
            states: vec![AlertState::Closed],
            rule: Some(rule.to_owned()),
            ..AlertFilter::default()
        };
        let mut verdicts = Self::default();
        for (verdict, _, count) in database.count_alerts_by(&filter, AlertGroup::Verdict, 10)? {
            match verdict.as_deref() {
                Some("true_positive") => verdicts.true_positive = count,
                Some("benign") => verdicts.benign = count,
                Some("false_positive") => verdicts.false_positive = count,
                _ => {}
            }
        }
        Ok(verdicts)
    }
}

/// Alerts of the same rule, user, address or technique, and what alerts of the rule turned out to
/// be.
#[utoipa::path(get, path = "/alerts/{id}/similar", tag = "alerts",
    params(("id" = String, Path), SimilarParams),
    responses((status = 200, body = Similar),
        (status = 404, body = crate::api::meta::ProblemDocument)))]
pub(super) async fn similar(
    State(desk): State<Arc<Desk>>,
    Segment(id): Segment<String>,
    Params(params): Params<SimilarParams>,
) -> Result<Json<Similar>, Problem> {
    let limit = within("limit", params.limit, 1..=50, 10)?;
    let similar = desk.database(move |database| {
        let alert = find(database, &id)?.alert;
        let verdicts = Verdicts::of_rule(database, &alert.rule)?;
        let mut found: HashMap<i64, Alert> = HashMap::new();
        for filter in in_common(&alert) {
            let filter = AlertFilter { limit: LOOKED_AT, ..filter };
            let alerts = database.alerts(&filter)?.into_iter();
            found.extend(alerts.map(|alert| (alert.seq, alert)));
        }
        found.retain(|_, other| other.id != alert.id && Some(other.id) != alert.repeat_of);
        let mut alerts: Vec<(Vec<&'static str>, Alert)> =
            found.into_values().map(|other| (because(&alert, &other), other)).collect();
        alerts.sort_by(|(a, one), (b, other)| {
            let key = |because: &Vec<_>, alert: &Alert| (because.len(), alert.last_time, alert.seq);
            key(b, other).cmp(&key(a, one))
        });
        alerts.truncate(limit);
        let alerts = alerts.into_iter();
        let alerts = alerts.map(|(because, alert)| SimilarAlert { summary: alert.into(), because });
        Ok(Similar { alerts: alerts.collect(), verdicts })
    });
    Ok(Json(similar.await?))
}

/// The filters that let through what has something in common with an alert.
fn in_common(alert: &Alert) -> Vec<AlertFilter> {
    let filter = AlertFilter::default;
    let mut filters = vec![AlertFilter { rule: Some(alert.rule.clone()), ..filter() }];
    if alert.user.is_some() {
        filters.push(AlertFilter { user: alert.user.clone(), ..filter() });
    }
    if alert.address.is_some() {
        filters.push(AlertFilter { address: alert.address.clone(), ..filter() });
    }
    let techniques = alert.techniques.iter().take(5).cloned();
    filters.extend(techniques.map(|id| AlertFilter { technique: Some(id), ..filter() }));
    filters
}

fn because(one: &Alert, other: &Alert) -> Vec<&'static str> {
    let same_user = one.user.as_ref().zip(other.user.as_ref());
    let same_user = same_user.is_some_and(|(a, b)| a.eq_ignore_ascii_case(b));
    let shares_technique = one.techniques.iter().any(|id| other.techniques.contains(id));
    let reasons = [
        ("rule", one.rule == other.rule),
        ("user", same_user),
        ("address", one.address.is_some() && one.address == other.address),
        ("technique", shares_technique),
    ];
    reasons.into_iter().filter(|(_, holds)| *holds).map(|(reason, _)| reason).collect()
}
