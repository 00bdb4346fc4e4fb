//! `GET /alerts` and `GET /alerts/facets`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use detect::attack;
use serde::Serialize;
use store::AlertGroup;
use utoipa::ToSchema;

use super::filter::{FilterParams, write_cursor};
use super::summary::AlertSummary;
use crate::access::Caller;
use crate::answer::Problem;
use crate::api::Desk;
use crate::api::params::Params;

/// How many values of a facet are told.
const MOST_VALUES: usize = 50;

/// A page of alerts.
#[derive(Serialize, ToSchema)]
pub(super) struct AlertPage {
    alerts: Vec<AlertSummary>,
    /// The cursor of the next page, if there is one.
    next: Option<String>,
    /// How many alerts there are on all pages.
    total: u64,
}

/// Alerts, the latest first unless told otherwise. Repeats are folded into the first.
#[utoipa::path(get, path = "/alerts", tag = "alerts", params(FilterParams),
    responses((status = 200, body = AlertPage)))]
pub(super) async fn list(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Params(params): Params<FilterParams>,
) -> Result<Json<AlertPage>, Problem> {
    let limit = params.limit()?;
    let mut filter = params.filter(&caller)?;
    let page = desk.database(move |database| {
        // One more tells whether there is another page.
        filter.limit = limit + 1;
        let mut alerts = database.alerts(&filter)?;
        let has_more = alerts.len() > limit;
        alerts.truncate(limit);
        let last = alerts.last().filter(|_| has_more);
        let next = last.map(|last| write_cursor(last.page(filter.sort), filter.sort));
        filter.after = None;
        let total = database.count_alerts(&filter)?;
        Ok(AlertPage { alerts: alerts.into_iter().map(AlertSummary::from).collect(), next, total })
    });
    Ok(Json(page.await?))
}

/// How many alerts there are of what. What the filter says of a facet itself is left out there.
#[derive(Serialize, ToSchema)]
pub(super) struct AlertFacets {
    total: u64,
    state: Vec<Count>,
    severity: Vec<Count>,
    verdict: Vec<Count>,
    /// Without a value: nobody.
    assignee: Vec<Count>,
    rule: Vec<NamedCount>,
    user: Vec<Count>,
    technique: Vec<NamedCount>,
}

#[derive(Serialize, ToSchema)]
struct Count {
    value: Option<String>,
    count: u64,
}

#[derive(Serialize, ToSchema)]
struct NamedCount {
    value: Option<String>,
    name: String,
    count: u64,
}

/// How many alerts there are in which state, of which severity, rule, user and so on.
#[utoipa::path(get, path = "/alerts/facets", tag = "alerts", params(FilterParams),
    responses((status = 200, body = AlertFacets)))]
pub(super) async fn facets(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Params(params): Params<FilterParams>,
) -> Result<Json<AlertFacets>, Problem> {
    let filter = store::AlertFilter { after: None, ..params.filter(&caller)? };
    let facets = desk.database(move |database| {
        let by = |group| -> Result<Vec<Count>, Problem> {
            let counts = database.count_alerts_by(&filter, group, MOST_VALUES)?.into_iter();
            Ok(counts.map(|(value, _, count)| Count { value, count }).collect())
        };
        let rules = database.count_alerts_by(&filter, AlertGroup::Rule, MOST_VALUES)?.into_iter();
        let rule = rules.map(|(value, name, count)| NamedCount { value, name, count }).collect();
        Ok(AlertFacets {
            total: database.count_alerts(&filter)?,
            state: by(AlertGroup::State)?,
            severity: by(AlertGroup::Severity)?,
            verdict: by(AlertGroup::Verdict)?,
            assignee: by(AlertGroup::Assignee)?,
            rule,
            user: by(AlertGroup::User)?,
            technique: techniques(database.alert_techniques(&filter)?),
        })
    });
    Ok(Json(facets.await?))
}

/// Counts alerts for each technique, and for the technique that a sub-technique is of.
fn techniques(counts: Vec<(Vec<String>, u64)>) -> Vec<NamedCount> {
    let mut of_each: BTreeMap<String, u64> = BTreeMap::new();
    for (ids, count) in counts {
        let parents = ids.iter().filter_map(|id| id.split_once('.')).map(|(id, _)| id.to_owned());
        let mut all: Vec<String> = parents.chain(ids.iter().cloned()).collect();
        all.sort();
        all.dedup();
        for id in all {
            *of_each.entry(id).or_default() += count;
        }
    }
    let mut counts: Vec<(String, u64)> = of_each.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts.truncate(MOST_VALUES);
    let named = |(id, count): (String, u64)| {
        let name = attack::technique(&id).map(attack::Technique::full_name).unwrap_or_default();
        NamedCount { value: Some(id), name, count }
    };
    counts.into_iter().map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sub_techniques_count_for_their_technique_once() {
        let counted = techniques(vec![
            (vec!["T1110.001".into(), "T1110.003".into()], 2),
            (vec!["T1110.003".into()], 3),
            (vec![], 4),
        ]);
        let counts: Vec<(&str, u64)> =
            counted.iter().map(|one| (one.value.as_deref().unwrap(), one.count)).collect();
        assert_eq!(counts, [("T1110", 5), ("T1110.003", 5), ("T1110.001", 2)]);
        assert_eq!(counted[0].name, "Brute Force");
    }
}
