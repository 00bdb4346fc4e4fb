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
use serde_json::{Value, json};
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

/// The description, with what every route has in common: who may ask, and how it says that
/// something is wrong.
fn described(mut description: utoipa::openapi::OpenApi) -> Arc<str> {
    description.info.version = env!("CARGO_PKG_VERSION").to_owned();
    let mut document = serde_json::to_value(&description).unwrap_or_default();
    let problem = json!({
        "description": "What is wrong, and what to do.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    });
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    let methods = paths.into_iter().flat_map(|paths| paths.values_mut());
    let operations = methods.filter_map(Value::as_object_mut).flat_map(|all| all.values_mut());
    for operation in operations {
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else {
            continue;
        };
        for (status, response) in responses.iter_mut() {
            if status.starts_with('4') {
                *response = problem.clone();
            }
        }
        responses.insert("default".to_owned(), problem.clone());
    }
    if let Some(document) = document.as_object_mut() {
        document.insert("security".to_owned(), json!([{"token": []}]));
    }
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        let token = json!({"type": "http", "scheme": "bearer", "description": "An API token."});
        components.insert("securitySchemes".to_owned(), json!({"token": token}));
    }
    document.to_string().into()
}

async fn openapi(description: Arc<str>) -> impl IntoResponse {
    let kind = HeaderValue::from_static("application/json");
    (StatusCode::OK, [(header::CONTENT_TYPE, kind)], description.to_string())
}

#[cfg(test)]
mod tests;
