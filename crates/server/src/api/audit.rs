//! `GET /audit`: everything that was changed, by whom.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use store::AuditFilter;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;
use super::params::{Params, When, bad_parameter, within};
use super::values::Time;
use crate::answer::Problem;

pub(super) fn routes() -> OpenApiRouter<Arc<Desk>> {
    OpenApiRouter::new().routes(routes!(audit))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AuditParams {
    /// Who.
    by: Option<String>,
    /// What was done, such as `alert.change`, or the part of it before the dot.
    action: Option<String>,
    /// What it was done to.
    target: Option<String>,
    #[param(value_type = Option<String>)]
    since: Option<When>,
    #[param(value_type = Option<String>)]
    until: Option<When>,
    /// From 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<usize>,
    /// Where the page before has ended: its `next`.
    cursor: Option<String>,
}

/// A page of the audit log.
#[derive(Serialize, ToSchema)]
struct AuditPage {
    /// The latest first.
    entries: Vec<AuditEntry>,
    next: Option<String>,
}

/// Something that was changed.
#[derive(Serialize, ToSchema)]
struct AuditEntry {
    id: i64,
    at: Time,
    by: String,
    action: String,
    target: String,
    #[schema(value_type = Object)]
    detail: serde_json::Value,
}

/// Everything that was changed, the latest first.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditParams),
    responses((status = 200, body = AuditPage)))]
async fn audit(
    State(desk): State<Arc<Desk>>,
    Params(params): Params<AuditParams>,
) -> Result<Json<AuditPage>, Problem> {
    let limit = within("limit", params.limit, 1..=500, 100)?;
    let before = params.cursor.map(|cursor| cursor.parse()).transpose();
    let before =
        before.map_err(|_| bad_parameter("cursor: expected what an answer had as next"))?;
    let filter = AuditFilter {
        before,
        by: params.by,
        action: params.action,
        target: params.target,
        since: params.since.map(|since| since.0),
        until: params.until.map(|until| until.0),
        limit: limit + 1,
    };
    let mut entries = desk.database(move |database| Ok(database.audit(&filter)?)).await?;
    let has_more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().filter(|_| has_more).map(|last| last.id.to_string());
    let entries = entries.into_iter().map(|entry| AuditEntry {
        id: entry.id,
        at: entry.at.into(),
        by: entry.by,
        action: entry.action,
        target: entry.target,
        detail: entry.detail,
    });
    Ok(Json(AuditPage { entries: entries.collect(), next }))
}
