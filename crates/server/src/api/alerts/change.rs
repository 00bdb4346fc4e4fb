//! Changing alerts: `PATCH /alerts/{id}`, `POST /alerts/{id}/comments`, `POST /alerts/bulk`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Deserializer, Serialize};
use store::{AlertRefused, AlertState, AlertUpdate, Database, StoredAlert, Verdict};
use utoipa::ToSchema;

use super::one::{AlertDetail, Comment, detail, find};
use crate::access::Caller;
use crate::answer::Problem;
use crate::api::Desk;
use crate::api::params::{Body, Segment, unusable};

/// The longest comment and name, in characters.
const LONGEST_COMMENT: usize = 10_000;
const LONGEST_NAME: usize = 200;

/// What is to be done with an alert; what is left out stays as it is.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AlertChange {
    #[serde(default)]
    state: Option<State_>,
    /// Needed when it is closed, and only then.
    #[serde(default)]
    verdict: Option<Verdict_>,
    /// Who works on it; `me` is who asks, null is nobody.
    #[serde(default, deserialize_with = "even_null")]
    #[schema(value_type = Option<String>, max_length = 200)]
    assignee: Option<Option<String>>,
    /// What there is to say about it.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 10000)]
    comment: Option<String>,
    /// Only if nobody has changed it since it had this version.
    #[serde(default)]
    if_version: Option<u64>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AlertState)]
enum State_ {
    New,
    Acknowledged,
    Closed,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Verdict)]
enum Verdict_ {
    TruePositive,
    Benign,
    FalsePositive,
}

/// A member that is null is there, too.
fn even_null<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl AlertChange {
    fn update(self, caller: &Caller) -> Result<AlertUpdate, Problem> {
        let nothing = self.state.is_none()
            && self.verdict.is_none()
            && self.assignee.is_none()
            && self.comment.is_none();
        if nothing {
            return Err(unusable("expected state, verdict, assignee or comment"));
        }
        let assignee = match self.assignee {
            Some(Some(name)) if name == "me" => Some(Some(caller.name.to_string())),
            Some(Some(name)) => {
                check("assignee", &name, LONGEST_NAME)?;
                Some(Some(name))
            }
            other => other,
        };
        if let Some(comment) = &self.comment {
            check("comment", comment, LONGEST_COMMENT)?;
        }
        let state = self.state.map(|state| match state {
            State_::New => AlertState::New,
            State_::Acknowledged => AlertState::Acknowledged,
            State_::Closed => AlertState::Closed,
        });
        let verdict = self.verdict.map(|verdict| match verdict {
            Verdict_::TruePositive => Verdict::TruePositive,
            Verdict_::Benign => Verdict::Benign,
            Verdict_::FalsePositive => Verdict::FalsePositive,
        });
        Ok(AlertUpdate {
            state,
            verdict,
            assignee,
            comment: self.comment,
            if_version: self.if_version,
            ..AlertUpdate::new(caller.name.to_string())
        })
    }
}

fn check(name: &str, text: &str, longest: usize) -> Result<(), Problem> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > longest {
        let detail = format!("{name}: expected from 1 to {longest} characters, found {length}");
        return Err(unusable(detail));
    }
    Ok(())
}

fn refused(refused: AlertRefused) -> Problem {
    match refused {
        AlertRefused::Changed => {
            Problem::coded(StatusCode::CONFLICT, "conflict", refused.to_string())
        }
        AlertRefused::NoVerdict | AlertRefused::NotClosed => unusable(refused.to_string()),
    }
}

/// Changes the state, the verdict or the assignee of an alert, or says something about it.
#[utoipa::path(patch, path = "/alerts/{id}", tag = "alerts", params(("id" = String, Path)),
    request_body = AlertChange,
    responses((status = 200, body = AlertDetail),
        (status = 404, body = crate::api::meta::ProblemDocument),
        (status = 409, body = crate::api::meta::ProblemDocument)))]
pub(super) async fn change(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Segment(id): Segment<String>,
    Body(change): Body<AlertChange>,
) -> Result<Json<AlertDetail>, Problem> {
    let update = change.update(&caller)?;
    let changed = desk.database(move |database| {
        let StoredAlert { alert, .. } = find(database, &id)?;
        database.change_alert(alert.seq, &update)?.map_err(refused)?;
        let stored = find(database, &id)?;
        detail(database, stored)
    });
    Ok(Json(changed.await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewComment {
    #[schema(min_length = 1, max_length = 10000)]
    text: String,
}

/// Says something about an alert.
#[utoipa::path(post, path = "/alerts/{id}/comments", tag = "alerts",
    params(("id" = String, Path)), request_body = NewComment,
    responses((status = 201, body = Comment),
        (status = 404, body = crate::api::meta::ProblemDocument)))]
pub(super) async fn comment(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Segment(id): Segment<String>,
    Body(NewComment { text }): Body<NewComment>,
) -> Result<Response, Problem> {
    check("text", &text, LONGEST_COMMENT)?;
    let update = AlertUpdate { comment: Some(text), ..AlertUpdate::new(caller.name.to_string()) };
    let comment = desk.database(move |database| {
        let StoredAlert { alert, .. } = find(database, &id)?;
        let change = database.change_alert(alert.seq, &update)?.map_err(refused)?;
        let change = change.map(|change| database.change(change)).transpose()?.flatten();
        change.as_ref().and_then(Comment::of).ok_or_else(Problem::internal)
    });
    Ok((StatusCode::CREATED, Json(comment.await?)).into_response())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BulkRequest {
    /// From 1 to 1000.
    #[schema(min_items = 1, max_items = 1000)]
    ids: Vec<String>,
    change: AlertChange,
}

/// What came of changing several alerts.
#[derive(Serialize, ToSchema)]
pub(super) struct BulkAnswer {
    changed: usize,
    failed: Vec<BulkFailure>,
}

/// An alert that was not changed.
#[derive(Serialize, ToSchema)]
struct BulkFailure {
    id: String,
    problem: String,
}

/// Does the same with several alerts. One that cannot be changed does not keep the others from it.
#[utoipa::path(post, path = "/alerts/bulk", tag = "alerts", request_body = BulkRequest,
    responses((status = 200, body = BulkAnswer)))]
pub(super) async fn bulk(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Body(request): Body<BulkRequest>,
) -> Result<Json<BulkAnswer>, Problem> {
    let most = desk.limits.bulk;
    if !(1..=most).contains(&request.ids.len()) {
        return Err(unusable(format!("ids: expected from 1 to {most} ids of alerts")));
    }
    if request.change.if_version.is_some() {
        return Err(unusable("if_version: alerts that are changed together have no one version"));
    }
    let update = request.change.update(&caller)?;
    let answer = desk.database(move |database| {
        let mut answer = BulkAnswer { changed: 0, failed: Vec::new() };
        for id in request.ids {
            match one_of_many(database, &id, &update) {
                Ok(()) => answer.changed += 1,
                Err(problem) => answer.failed.push(BulkFailure { id, problem: problem.detail() }),
            }
        }
        Ok(answer)
    });
    Ok(Json(answer.await?))
}

fn one_of_many(database: &mut Database, id: &str, update: &AlertUpdate) -> Result<(), Problem> {
    let StoredAlert { alert, .. } = find(database, id)?;
    database.change_alert(alert.seq, update)?.map_err(refused)?;
    Ok(())
}
