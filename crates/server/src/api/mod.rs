//! The analyst's desk as an HTTP API: what is stored, what was found, and what people do about it.
//!
//! [`Desk`] is what it works with. Each resource has a file of its own; all of them are below
//! `/api/v1`, and described by OpenAPI at `/api/openapi.json`, which is made from the code.

mod alerts;
mod ask;
mod audit;
mod desk;
mod entities;
mod events;
mod fields;
mod keys;
mod meta;
mod overview;
mod params;
mod pool;
mod risk;
mod rules;
mod searches;
mod tails;
mod values;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

pub(crate) use desk::SearchTool;
pub use desk::{Desk, DeskLimits, IntakeState, IntakeStatus};
pub use rules::{ActiveRules, Reload, ReloadRequests, RuleBook};

/// Where the API begins.
pub(crate) const PREFIX: &str = "/api/v1";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Wardgate",
        description = "Stored events, alerts and what is done about them. Errors are problem \
            documents as RFC 9457 has them."
    ),
    components(schemas(meta::ProblemDocument))
)]
struct Description;

/// The routes of the API.
pub(crate) fn router(desk: Arc<Desk>) -> Router {
    let limit = desk.limits.body;
    let resources = OpenApiRouter::new()
        .merge(meta::routes())
        .merge(fields::routes())
        .merge(events::routes())
        .merge(alerts::routes())
        .merge(rules::routes())
        .merge(overview::routes())
        .merge(entities::routes())
        .merge(searches::routes())
        .merge(audit::routes())
        .merge(keys::routes());
    let (router, description) = OpenApiRouter::with_openapi(Description::openapi())
        .nest(PREFIX, resources)
        .split_for_parts();
    let description = described(description);
    router
        .route("/api/openapi.json", get(move || openapi(description.clone())))
        .layer(DefaultBodyLimit::max(limit))
        .with_state(desk)
}

/// The description, with what every route has in common.
fn described(mut description: utoipa::openapi::OpenApi) -> Arc<str> {
    description.info.version = env!("CARGO_PKG_VERSION").to_owned();
    description.to_json().unwrap_or_default().into()
}

async fn openapi(description: Arc<str>) -> impl IntoResponse {
    let kind = HeaderValue::from_static("application/json");
    (StatusCode::OK, [(header::CONTENT_TYPE, kind)], description.to_string())
}

#[cfg(test)]
mod tests;
