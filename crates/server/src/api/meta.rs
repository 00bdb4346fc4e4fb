//! What is running here, and how it goes.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ecs::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;
use super::desk::{IntakeState, IntakeStatus};
use super::values::Time;
use crate::access::Caller;
use crate::answer::Problem;

pub(super) fn routes() -> OpenApiRouter<Arc<Desk>> {
    OpenApiRouter::new().routes(routes!(meta)).routes(routes!(health)).routes(routes!(intakes))
}

/// Why a request was not done (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemDocument {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    /// What was expected, and what to do.
    detail: String,
    /// A word for programs, such as `invalid-query`.
    code: Option<&'static str>,
}

/// What is running here.
#[derive(Serialize, ToSchema)]
struct Meta {
    #[schema(inline)]
    name: &'static str,
    version: &'static str,
    now: Time,
    started: Time,
    caller: MetaCaller,
    /// Whether a simulated organisation is followed.
    demo: bool,
    /// The version of ATT&CK that names of techniques are from.
    attack_version: &'static str,
    limits: MetaLimits,
}

/// Who asks.
#[derive(Serialize, ToSchema)]
struct MetaCaller {
    name: String,
    /// `viewer`, `analyst` or `admin`.
    role: &'static str,
}

/// How much can be asked for.
#[derive(Serialize, ToSchema)]
struct MetaLimits {
    /// Events on one page.
    page: usize,
    export_events: usize,
    query_bytes: usize,
    search_seconds: u64,
    /// Alerts that are changed together.
    bulk: usize,
    body_bytes: usize,
}

/// What is running here, who asks, and how much can be asked for.
#[utoipa::path(get, path = "/meta", tag = "meta", responses((status = 200, body = Meta)))]
async fn meta(State(desk): State<Arc<Desk>>, caller: Caller) -> Json<Meta> {
    let limits = desk.limits;
    Json(Meta {
        name: "wardgate",
        version: env!("CARGO_PKG_VERSION"),
        now: Timestamp::now().into(),
        started: desk.started.into(),
        caller: MetaCaller { name: caller.name.to_string(), role: caller.role.name() },
        demo: desk.demo,
        attack_version: detect::attack::VERSION,
        limits: MetaLimits {
            page: limits.page,
            export_events: limits.export,
            query_bytes: query::MAX_BYTES,
            search_seconds: limits.search_time.as_secs(),
            bulk: limits.bulk,
            body_bytes: limits.body,
        },
    })
}

/// Whether everything is in order.
#[derive(Serialize, ToSchema)]
struct Health {
    ok: bool,
    checks: Vec<HealthCheck>,
    store: StoredDays,
}

/// Something that is looked at.
#[derive(Serialize, ToSchema)]
struct HealthCheck {
    /// Such as `store` or `intake/acme`.
    name: String,
    ok: bool,
    /// What is wrong, or worth knowing.
    reason: Option<String>,
}

/// The days that have events.
#[derive(Serialize, ToSchema)]
struct StoredDays {
    first_day: Option<String>,
    last_day: Option<String>,
    days: usize,
}

/// Whether everything is in order, and which days have events.
#[utoipa::path(get, path = "/health", tag = "meta", responses((status = 200, body = Health)))]
async fn health(State(desk): State<Arc<Desk>>) -> Result<Json<Health>, Problem> {
    let days = desk.search(|searcher, _| Ok(searcher.days()?)).await?;
    let dated: Vec<String> =
        days.iter().filter(|day| **day != store::Day::Undated).map(ToString::to_string).collect();
    let checks = (desk.checks)();
    Ok(Json(Health {
        ok: checks.iter().all(|check| check.ok),
        checks: checks
            .into_iter()
            .map(|check| HealthCheck { name: check.name, ok: check.ok, reason: check.reason })
            .collect(),
        store: StoredDays {
            first_day: dated.first().cloned(),
            last_day: dated.last().cloned(),
            days: days.len(),
        },
    }))
}

/// The intakes.
#[derive(Serialize, ToSchema)]
struct Intakes {
    intakes: Vec<Intake>,
}

/// An intake, and how it goes.
#[derive(Serialize, ToSchema)]
pub(super) struct Intake {
    name: String,
    /// `okta`, `http` or `event_hook`.
    kind: &'static str,
    organization: OrganizationName,
    /// The address of the organisation that is followed.
    base_url: Option<String>,
    status: IntakeState,
    /// What is wrong now.
    problem: Option<String>,
    /// What went wrong last; it may be over.
    last_problem: Option<IntakeProblem>,
    /// When the newest event was published.
    newest_event: Option<Time>,
    /// When the last page came.
    last_success: Option<Time>,
    /// How far behind the organisation it is: since the newest event while there is more to read or
    /// reading fails, 0 when everything has been read.
    lag_seconds: Option<i64>,
    /// How many events have come since the start.
    events: Option<u64>,
    backfill: Option<IntakeState>,
    rate_limit: Option<IntakeRateLimit>,
    keys: IntakeKeys,
}

#[derive(Serialize, ToSchema)]
pub(super) struct OrganizationName {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct IntakeProblem {
    at: Time,
    reason: String,
}

/// Requests that Okta allows, and what is left of them.
#[derive(Serialize, ToSchema)]
struct IntakeRateLimit {
    limit: u64,
    remaining: u64,
}

#[derive(Serialize, ToSchema)]
struct IntakeKeys {
    /// Keys with which events can be pushed.
    active: usize,
}

/// How the intakes go.
#[utoipa::path(get, path = "/intakes", tag = "intakes", responses((status = 200, body = Intakes)))]
async fn intakes(State(desk): State<Arc<Desk>>) -> Result<Json<Intakes>, Problem> {
    Ok(Json(Intakes { intakes: all_intakes(&desk).await? }))
}

pub(super) async fn all_intakes(desk: &Desk) -> Result<Vec<Intake>, Problem> {
    let keys = desk.database(|database| Ok(database.intake_keys()?)).await?;
    let now = Timestamp::now();
    let intakes = (desk.intakes)().into_iter();
    Ok(intakes
        .map(|status| {
            let of_it = keys.iter().filter(|key| key.intake == status.name);
            let active = of_it.filter(|key| key.revoked.is_none()).count();
            intake(status, active, now)
        })
        .collect())
}

fn intake(status: IntakeStatus, active: usize, now: Timestamp) -> Intake {
    let since_newest = status.newest_event.map(|newest| (now.0 - newest.0).max(0) / 1_000);
    let lag_seconds = match status.state {
        IntakeState::UpToDate | IntakeState::Finished => Some(0),
        IntakeState::CatchingUp | IntakeState::Failing => since_newest,
        IntakeState::Idle | IntakeState::Listening => None,
    };
    Intake {
        name: status.name,
        kind: status.kind,
        organization: OrganizationName {
            id: status.organization_id,
            name: status.organization_name,
        },
        base_url: status.base_url,
        status: status.state,
        problem: status.problem,
        last_problem: status
            .last_problem
            .map(|(at, reason)| IntakeProblem { at: at.into(), reason }),
        newest_event: status.newest_event.map(Time),
        last_success: status.last_success.map(Time),
        lag_seconds,
        events: status.events,
        backfill: status.backfill,
        rate_limit: status
            .rate_limit
            .map(|(limit, remaining)| IntakeRateLimit { limit, remaining }),
        keys: IntakeKeys { active },
    }
}
