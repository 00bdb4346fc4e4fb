//! `GET /alerts/{id}`: one alert, its story and what has been done.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use detect::attack;
use serde::Serialize;
use serde_json::Value;
use store::{Change, ChangeKind, Database, StoredAlert, Verdict};
use utoipa::ToSchema;
use uuid::Uuid;

use super::summary::AlertSummary;
use crate::answer::Problem;
use crate::api::Desk;
use crate::api::params::{Segment, not_found};
use crate::api::values::Time;

/// How many repeats are told.
const MOST_REPEATS: usize = 50;

/// An alert with all there is about it.
#[derive(Serialize, ToSchema)]
pub(super) struct AlertDetail {
    #[serde(flatten)]
    summary: AlertSummary,
    /// What the rule says about itself.
    description: Option<String>,
    /// `elementary`, `intermediate`, `advanced` or `master`.
    effort: Option<String>,
    /// Whom and what it concerns.
    #[schema(value_type = Object)]
    entities: Value,
    /// What the rule looked at.
    matched: Vec<MatchedField>,
    /// The events it is about, the earliest first.
    events: Vec<AlertEvent>,
    /// How many events there were; not all of them may be listed.
    event_count: u64,
    /// How a correlation has come about.
    #[schema(value_type = Option<Object>)]
    correlation: Option<Value>,
    attack: Attack,
    /// What to look at, the first thing first.
    triage: Vec<String>,
    /// What else it can be.
    false_positives: Vec<String>,
    references: Vec<String>,
    /// The indicators that were found.
    #[schema(value_type = Vec<Object>)]
    indicators: Vec<Value>,
    comments_list: Vec<Comment>,
    /// The earliest first.
    history: Vec<HistoryEntry>,
    /// The latest first.
    repeats: Vec<AlertSummary>,
    /// The ECS document.
    #[schema(value_type = Object)]
    document: Value,
}

/// A field of the rule, and the value that matched.
#[derive(Serialize, ToSchema)]
struct MatchedField {
    field: String,
    value: String,
}

/// An event of an alert.
#[derive(Serialize, ToSchema)]
struct AlertEvent {
    id: Option<String>,
    time: Option<String>,
    action: Option<String>,
    user: Option<String>,
    address: Option<String>,
    outcome: Option<String>,
    #[schema(value_type = Object)]
    record: Value,
    /// Whether the record is all of it.
    is_whole: bool,
}

/// ATT&CK.
#[derive(Serialize, ToSchema)]
struct Attack {
    tactics: Vec<TacticName>,
    techniques: Vec<TechniqueName>,
}

#[derive(Serialize, ToSchema)]
struct TacticName {
    id: String,
    name: String,
}

#[derive(Serialize, ToSchema)]
struct TechniqueName {
    id: String,
    name: String,
    url: String,
}

/// Something that was said about an alert.
#[derive(Serialize, ToSchema)]
pub(super) struct Comment {
    id: i64,
    at: Time,
    by: String,
    text: String,
}

/// Something that was done about an alert.
#[derive(Serialize, ToSchema)]
struct HistoryEntry {
    at: Time,
    by: String,
    /// `state`, `assign` or `comment`.
    kind: &'static str,
    /// The new state, of a change of the state.
    state: Option<&'static str>,
    verdict: Option<&'static str>,
    /// Who works on it from then on, of a change of that; nobody.
    assignee: Option<String>,
    comment: Option<String>,
}

impl From<Change> for HistoryEntry {
    fn from(change: Change) -> Self {
        let of_state = change.kind == ChangeKind::State;
        Self {
            at: change.at.into(),
            by: change.by,
            kind: change.kind.as_str(),
            state: of_state.then(|| change.state.as_str()),
            verdict: change.verdict.filter(|_| of_state).map(Verdict::as_str),
            assignee: change.assignee.filter(|_| change.kind == ChangeKind::Assign),
            comment: change.comment,
        }
    }
}

impl Comment {
    pub(super) fn of(change: &Change) -> Option<Self> {
        let text = change.comment.clone()?;
        Some(Self { id: change.id, at: change.at.into(), by: change.by.clone(), text })
    }
}

/// The alert that a path names.
pub(super) fn find(database: &Database, id: &str) -> Result<StoredAlert, Problem> {
    let none = || not_found("there is no alert with this id");
    let id = Uuid::try_parse(id).map_err(|_| none())?;
    database.alert_of_id(id)?.ok_or_else(none)
}

/// One alert: what happened, what to look at, what has been done.
#[utoipa::path(get, path = "/alerts/{id}", tag = "alerts", params(("id" = String, Path)),
    responses((status = 200, body = AlertDetail),
        (status = 404, body = crate::api::meta::ProblemDocument)))]
pub(super) async fn one(
    State(desk): State<Arc<Desk>>,
    Segment(id): Segment<String>,
) -> Result<Json<AlertDetail>, Problem> {
    let detail = desk.database(move |database| {
        let stored = find(database, &id)?;
        detail(database, stored)
    });
    Ok(Json(detail.await?))
}

/// What has been done about an alert.
#[derive(Serialize, ToSchema)]
pub(super) struct History {
    history: Vec<HistoryEntry>,
}

/// What has been done about an alert, the earliest first.
#[utoipa::path(get, path = "/alerts/{id}/history", tag = "alerts", params(("id" = String, Path)),
    responses((status = 200, body = History),
        (status = 404, body = crate::api::meta::ProblemDocument)))]
pub(super) async fn history(
    State(desk): State<Arc<Desk>>,
    Segment(id): Segment<String>,
) -> Result<Json<History>, Problem> {
    let history = desk.database(move |database| {
        let stored = find(database, &id)?;
        let changes = database.changes(stored.alert.seq)?;
        Ok(History { history: changes.into_iter().map(HistoryEntry::from).collect() })
    });
    Ok(Json(history.await?))
}

/// All there is about an alert.
pub(super) fn detail(database: &Database, stored: StoredAlert) -> Result<AlertDetail, Problem> {
    let StoredAlert { alert, document } = stored;
    let mut document: Value = serde_json::from_str(&document).map_err(|_| {
        tracing::error!(alert = %alert.id, "the document of an alert cannot be read");
        Problem::internal()
    })?;
    let changes = database.changes(alert.seq)?;
    let repeats = database.repeats(alert.seq, MOST_REPEATS)?;
    let strings = |path: &str| -> Vec<String> {
        let list = document.pointer(path).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let string = |path: &str| document.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let objects = |path: &str| -> Vec<Value> {
        document.pointer(path).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let matched = objects("/wardgate/alert/matched").into_iter().filter_map(|one| {
        let member = |name: &str| one.get(name)?.as_str().map(str::to_owned);
        Some(MatchedField { field: member("field")?, value: member("value")? })
    });
    let mut events: Vec<AlertEvent> =
        objects("/wardgate/alert/events").into_iter().map(event).collect();
    events.sort_by(|a, b| a.time.cmp(&b.time));
    let count = document.pointer("/wardgate/alert/event_count").and_then(Value::as_u64);
    let tactics = strings("/threat/tactic/id").into_iter().zip(strings("/threat/tactic/name"));
    let technique = |id: &String| {
        let technique = attack::technique(id)?;
        Some(TechniqueName { id: id.clone(), name: technique.full_name(), url: technique.url() })
    };
    let detail = AlertDetail {
        description: string("/rule/description"),
        effort: string("/wardgate/alert/effort"),
        entities: document.pointer("/wardgate/alert/entities").cloned().unwrap_or_default(),
        matched: matched.collect(),
        event_count: count.unwrap_or(events.len() as u64),
        events,
        correlation: document.pointer("/wardgate/alert/correlation").cloned(),
        attack: Attack {
            tactics: tactics.map(|(id, name)| TacticName { id, name }).collect(),
            techniques: alert.techniques.iter().filter_map(technique).collect(),
        },
        triage: strings("/wardgate/alert/triage"),
        false_positives: strings("/wardgate/alert/false_positives"),
        references: strings("/rule/reference"),
        indicators: objects("/wardgate/alert/indicators"),
        comments_list: changes.iter().filter_map(Comment::of).collect(),
        history: changes.into_iter().map(HistoryEntry::from).collect(),
        repeats: repeats.into_iter().map(AlertSummary::from).collect(),
        summary: alert.into(),
        document: Value::Null,
    };
    Ok(AlertDetail { document: document.take(), ..detail })
}

fn event(record: Value) -> AlertEvent {
    let string = |path: &str| record.pointer(path).and_then(Value::as_str).map(str::to_owned);
    AlertEvent {
        id: string("/event/id"),
        time: string("/@timestamp"),
        action: string("/event/action"),
        user: string("/user/name"),
        address: string("/source/ip"),
        outcome: string("/event/outcome"),
        is_whole: record.get("original").is_some(),
        record,
    }
}
