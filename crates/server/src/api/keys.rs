//! The keys of HTTP intakes, and how many indicators are looked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Audit, Database};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;
use super::params::{Body, Segment, not_found, unusable};
use super::values::Time;
use crate::access::Caller;
use crate::answer::Problem;
use crate::intake_key::NewIntakeKey;

const LONGEST_NAME: usize = 200;
/// The most keys of an intake that can be valid at the same time.
const MOST_ACTIVE: usize = 100;

pub(super) fn routes() -> OpenApiRouter<Arc<Desk>> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(rotate))
        .routes(routes!(revoke))
        .routes(routes!(indicators))
}

/// A key with which events can be pushed.
#[derive(Serialize, ToSchema)]
struct IntakeKey {
    id: i64,
    intake: String,
    name: String,
    created: Time,
    revoked: Option<Time>,
}

impl From<store::IntakeKey> for IntakeKey {
    fn from(key: store::IntakeKey) -> Self {
        let store::IntakeKey { id, intake, name, created, revoked, .. } = key;
        Self { id, intake, name, created: created.into(), revoked: revoked.map(Time) }
    }
}

/// The keys of an intake.
#[derive(Serialize, ToSchema)]
struct KeyList {
    /// Revoked ones included, the oldest first.
    keys: Vec<IntakeKey>,
}

/// A key that was made just now.
#[derive(Serialize, ToSchema)]
struct NewKey {
    #[serde(flatten)]
    stored: IntakeKey,
    /// The key itself; it cannot be shown again.
    key: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct KeyRequest {
    /// What it is called.
    #[serde(default)]
    #[schema(max_length = 200)]
    name: String,
}

/// Whether events can be pushed to an intake.
fn of_http(desk: &Desk, name: &str) -> Result<(), Problem> {
    let intakes = (desk.intakes)();
    let intake = intakes.iter().find(|intake| intake.name == name);
    let intake = intake.ok_or_else(|| not_found("there is no intake of this name"))?;
    if intake.kind == "http" {
        return Ok(());
    }
    let detail = "the intake is not of kind http: nothing can be pushed to it with a key";
    Err(Problem::coded(StatusCode::CONFLICT, "conflict", detail))
}

/// The keys of an intake.
#[utoipa::path(get, path = "/intakes/{name}/keys", tag = "intakes", params(("name" = String, Path)),
    responses((status = 200, body = KeyList),
        (status = 404, body = super::meta::ProblemDocument)))]
async fn list(
    State(desk): State<Arc<Desk>>,
    Segment(name): Segment<String>,
) -> Result<Json<KeyList>, Problem> {
    of_http(&desk, &name)?;
    let keys = desk.database(|database| Ok(database.intake_keys()?)).await?;
    let keys = keys.into_iter().filter(|key| key.intake == name).map(IntakeKey::from);
    Ok(Json(KeyList { keys: keys.collect() }))
}

/// Makes a key.
#[utoipa::path(post, path = "/intakes/{name}/keys", tag = "intakes",
    params(("name" = String, Path)), request_body = KeyRequest,
    responses((status = 201, body = NewKey),
        (status = 404, body = super::meta::ProblemDocument)))]
async fn create(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Segment(name): Segment<String>,
    Body(request): Body<KeyRequest>,
) -> Result<Response, Problem> {
    of_http(&desk, &name)?;
    if request.name.chars().count() > LONGEST_NAME {
        let detail = format!("name: expected {LONGEST_NAME} characters at the most");
        return Err(unusable(detail));
    }
    let made = desk.database(move |database| {
        let keys = database.intake_keys()?;
        let of_it = keys.iter().filter(|key| key.intake == name && key.revoked.is_none());
        if of_it.count() >= MOST_ACTIVE {
            let detail = format!("there are {MOST_ACTIVE} keys already: revoke some");
            return Err(unusable(detail));
        }
        make(database, &name, &request.name, &caller)
    });
    Ok((StatusCode::CREATED, Json(made.await?)).into_response())
}

fn make(database: &Database, intake: &str, name: &str, caller: &Caller) -> Result<NewKey, Problem> {
    let key = NewIntakeKey::make().ok_or_else(Problem::internal)?;
    let id = database.add_intake_key(intake, name, key.digest().as_bytes())?;
    note(database, caller, "intake_key.create", id, intake, name)?;
    let stored = stored(database, id)?;
    Ok(NewKey { stored, key: key.text().to_owned() })
}

fn stored(database: &Database, id: i64) -> Result<IntakeKey, Problem> {
    let mut keys = database.intake_keys()?.into_iter();
    let key = keys.find(|key| key.id == id);
    key.map(IntakeKey::from).ok_or_else(|| not_found("there is no key with this number"))
}

fn note(
    database: &Database,
    caller: &Caller,
    action: &str,
    id: i64,
    intake: &str,
    name: &str,
) -> Result<(), Problem> {
    let detail = json!({"intake": intake, "name": name});
    let audit = Audit { by: &caller.name, action, target: &id.to_string(), detail };
    Ok(database.append_audit(ecs::Timestamp::now(), &audit)?)
}

fn end(database: &Database, intake: &str, id: i64, caller: &Caller) -> Result<String, Problem> {
    let key = stored(database, id)?;
    let is_there = key.intake == intake && key.revoked.is_none();
    if !is_there || !database.revoke_intake_key(id)? {
        return Err(not_found("there is no valid key with this number"));
    }
    note(database, caller, "intake_key.revoke", id, intake, &key.name)?;
    Ok(key.name)
}

/// Makes a key instead of another one, which is revoked.
#[utoipa::path(post, path = "/intakes/{name}/keys/{id}/rotate", tag = "intakes",
    params(("name" = String, Path), ("id" = i64, Path)),
    responses((status = 201, body = NewKey),
        (status = 404, body = super::meta::ProblemDocument)))]
async fn rotate(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Segment((intake, id)): Segment<(String, i64)>,
) -> Result<Response, Problem> {
    of_http(&desk, &intake)?;
    let made = desk.database(move |database| {
        let name = end(database, &intake, id, &caller)?;
        make(database, &intake, &name, &caller)
    });
    Ok((StatusCode::CREATED, Json(made.await?)).into_response())
}

/// Revokes a key: within seconds nothing can be pushed with it any more.
#[utoipa::path(delete, path = "/intakes/{name}/keys/{id}", tag = "intakes",
    params(("name" = String, Path), ("id" = i64, Path)),
    responses((status = 204), (status = 404, body = super::meta::ProblemDocument)))]
async fn revoke(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Segment((intake, id)): Segment<(String, i64)>,
) -> Result<StatusCode, Problem> {
    of_http(&desk, &intake)?;
    desk.database(move |database| end(database, &intake, id, &caller)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How many indicators are looked for.
#[derive(Serialize, ToSchema)]
struct Indicators {
    /// By type.
    counts: BTreeMap<String, usize>,
    total: usize,
}

/// How many indicators the rules look for.
#[utoipa::path(get, path = "/indicators", tag = "intelligence",
    responses((status = 200, body = Indicators)))]
async fn indicators(State(desk): State<Arc<Desk>>) -> Json<Indicators> {
    let set = desk.rules.indicators();
    let kinds = intel::Kind::ALL.into_iter();
    let name = |kind: intel::Kind| kind.placeholder().trim_start_matches("indicator_").to_owned();
    let counts = kinds.map(|kind| (name(kind), set.count(kind))).collect();
    Json(Indicators { counts, total: set.len() })
}
