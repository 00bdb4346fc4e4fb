//! `GET /events/{id}`: one event, and what happened around it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ecs::{FIELDS, Timestamp};
use serde::{Deserialize, Serialize};
use store::output::json_of;
use store::search::{Hit, Request, Searcher};
use store::{Alert, AlertFilter, Database};
use utoipa::{IntoParams, ToSchema};

use super::shape::{EventHit, Shape, damaged};
use crate::answer::Problem;
use crate::api::Desk;
use crate::api::ask::{Ask, Given};
use crate::api::fields::quoted;
use crate::api::meta::OrganizationName;
use crate::api::params::{List, Params, Segment, not_found, within};
use crate::api::values::Time;

/// How far from an event its alerts are looked for: one that names it may be of a later event.
const AROUND: i64 = 24 * 3_600_000;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OneParams {
    /// Its number, when several organisations have events of one id.
    seq: Option<u64>,
}

/// An event with all there is about it.
#[derive(Serialize, ToSchema)]
pub(super) struct EventDetail {
    #[serde(flatten)]
    event: EventHit,
    /// When it arrived.
    ingested: Option<Time>,
    organization: OrganizationName,
    /// Every field that has a value.
    flat: Vec<FlatField>,
    /// The alerts that it has part in.
    alerts: Vec<EventAlert>,
}

/// A field and its values.
#[derive(Serialize, ToSchema)]
pub(super) struct FlatField {
    field: String,
    r#type: &'static str,
    #[schema(value_type = Vec<serde_json::Value>)]
    values: Vec<serde_json::Value>,
}

/// An alert that an event has part in.
#[derive(Serialize, ToSchema)]
pub(super) struct EventAlert {
    id: String,
    title: String,
    severity: String,
    state: &'static str,
}

/// One event: its record, Okta's text, and the alerts that it has part in.
#[utoipa::path(get, path = "/events/{id}", tag = "events",
    params(("id" = String, Path), OneParams),
    responses((status = 200, body = EventDetail), (status = 404, body = crate::api::meta::ProblemDocument)))]
pub(super) async fn one(
    State(desk): State<Arc<Desk>>,
    Segment(id): Segment<String>,
    Params(params): Params<OneParams>,
) -> Result<Json<EventDetail>, Problem> {
    let shape = Shape::new(None, true)?;
    let detail = desk.search(move |searcher, given| {
        let hit = find(searcher, given, &id, params.seq)?;
        let ingested = hit.arrival.ingested.map(Time);
        let organization = hit.origin.as_ref().map(|origin| origin.organization());
        let organization = organization.unwrap_or_default();
        let flat = flat(&hit)?;
        let event = shape.shaper().event(hit)?;
        let organization = OrganizationName { id: organization.id, name: organization.name };
        Ok(EventDetail { event, ingested, organization, flat, alerts: Vec::new() })
    });
    let mut detail = detail.await?;
    let (id, time) = (detail.event.id.clone(), detail.event.time.0);
    detail.alerts = desk.database(move |database| alerts_of(database, &id, time)).await?;
    Ok(Json(detail))
}

/// The event with an id; the latest, if there are several.
fn find(searcher: &Searcher, given: Given, id: &str, seq: Option<u64>) -> Result<Hit, Problem> {
    let ask = Ask::new(Some(format!("event.id:{}", quoted(id))), None, None)?;
    let selection = ask.selection(given);
    // As many as there are organisations.
    let request = Request { selection, limit: 1_000, newest_first: true, after: None };
    let mut found = None;
    let searched = searcher.for_each(&request, |hit| {
        if seq.is_some_and(|seq| seq != hit.seq) {
            return ControlFlow::Continue(());
        }
        found = Some(hit);
        ControlFlow::Break(())
    });
    searched.map_err(|error| ask.refused(error))?;
    found.ok_or_else(|| not_found("there is no event with this id"))
}

/// Every field of the table that has a value, and what is in debugData.
fn flat(hit: &Hit) -> Result<Vec<FlatField>, Problem> {
    let mut records = store::output::Records::default();
    let made = records.with(hit, |record| {
        let mut fields = Vec::new();
        for row in FIELDS {
            if matches!(row.kind, ecs::Kind::Object | ecs::Kind::Unknown) {
                continue;
            }
            let mut values = Vec::new();
            let _ = record.visit_field(row.id, &mut |value| {
                values.push(json_of(value));
                ControlFlow::Continue(())
            });
            values.retain(|value| !value.is_null());
            if !values.is_empty() {
                fields.push(FlatField {
                    field: row.name.to_owned(),
                    r#type: row.kind.name(),
                    values,
                });
            }
        }
        let mut debug = BTreeMap::new();
        let _ = record.visit_field(ecs::FieldId::DebugContext, &mut |value| {
            leaves("okta.system.debug_context", &json_of(value), &mut debug);
            ControlFlow::Continue(())
        });
        let debug =
            debug.into_iter().map(|(field, values)| FlatField { field, r#type: "keyword", values });
        fields.extend(debug);
        fields
    });
    made.map_err(|_| damaged())
}

/// The values at the end of every path through objects and lists.
fn leaves(
    path: &str,
    value: &serde_json::Value,
    found: &mut BTreeMap<String, Vec<serde_json::Value>>,
) {
    match value {
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                leaves(&format!("{path}.{name}"), value, found);
            }
        }
        serde_json::Value::Array(values) => {
            values.iter().for_each(|value| leaves(path, value, found));
        }
        serde_json::Value::Null => {}
        leaf => found.entry(path.to_owned()).or_default().push(leaf.clone()),
    }
}

/// The alerts whose documents name an event.
fn alerts_of(
    database: &mut Database,
    id: &str,
    time: Timestamp,
) -> Result<Vec<EventAlert>, Problem> {
    let filter = AlertFilter {
        since: Some(Timestamp(time.0.saturating_sub(1))),
        until: Some(Timestamp(time.0.saturating_add(AROUND))),
        repeats: true,
        limit: 2_000,
        sort: store::AlertSort::Time,
        ascending: true,
        ..AlertFilter::default()
    };
    let named = database.alerts_naming(&filter, id)?;
    Ok(named.into_iter().take(50).map(event_alert).collect())
}

fn event_alert(alert: Alert) -> EventAlert {
    EventAlert {
        id: alert.id.to_string(),
        title: alert.title,
        severity: alert.severity,
        state: alert.state.as_str(),
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AroundParams {
    /// The event's number, when several organisations have events of one id.
    seq: Option<u64>,
    /// How many that came before, from 0 to 100.
    #[param(maximum = 100, default = 20)]
    before: Option<usize>,
    /// How many that came after, from 0 to 100.
    #[param(maximum = 100, default = 20)]
    after: Option<usize>,
    /// Only neighbours that match.
    query: Option<String>,
    /// Only these fields, with commas between them.
    #[param(value_type = Option<String>)]
    fields: Option<List<String>>,
}

/// An event and its neighbours in time.
#[derive(Serialize, ToSchema)]
pub(super) struct Neighbours {
    /// What came before it, the earliest first.
    before: Vec<EventHit>,
    event: EventHit,
    /// What came after it, the earliest first.
    after: Vec<EventHit>,
}

/// What happened just before and after an event.
#[utoipa::path(get, path = "/events/{id}/around", tag = "events",
    params(("id" = String, Path), AroundParams),
    responses((status = 200, body = Neighbours), (status = 404, body = crate::api::meta::ProblemDocument)))]
pub(super) async fn around(
    State(desk): State<Arc<Desk>>,
    Segment(id): Segment<String>,
    Params(params): Params<AroundParams>,
) -> Result<Json<Neighbours>, Problem> {
    let before = within("before", params.before, 0..=100, 20)?;
    let after = within("after", params.after, 0..=100, 20)?;
    let ask = Ask::new(params.query, None, None)?;
    let shape = Shape::new(params.fields, false)?;
    let neighbours = desk.search(move |searcher, given| {
        let hit = find(searcher, given.clone(), &id, params.seq)?;
        let page = hit.page();
        let mut shaper = shape.shaper();
        let mut collect = |limit: usize, newest_first: bool| {
            let selection = ask.selection(given.clone());
            let request = Request { selection, limit, newest_first, after: Some(page) };
            let mut hits = Vec::new();
            let found = searcher.for_each(&request, |hit| {
                hits.push(hit);
                ControlFlow::Continue(())
            });
            found.map_err(|error| ask.refused(error))?;
            hits.into_iter().map(|hit| shaper.event(hit)).collect::<Result<Vec<_>, _>>()
        };
        let mut earlier = collect(before, true)?;
        earlier.reverse();
        let later = collect(after, false)?;
        Ok(Neighbours { before: earlier, event: shaper.event(hit)?, after: later })
    });
    Ok(Json(neighbours.await?))
}
