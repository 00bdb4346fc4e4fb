//! `/healthz`, `/readyz` and `/metrics`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::answer;
use crate::app::App;

/// Something that has to be in order for events to be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What is checked, such as `store`.
    pub name: String,
    /// Whether it is in order.
    pub ok: bool,
    /// What is wrong, or worth knowing; anybody can read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `GET /healthz`: the program answers.
pub(crate) async fn healthy() -> Response {
    #[derive(Serialize)]
    struct Healthy {
        ok: bool,
    }
    answer::json(StatusCode::OK, &Healthy { ok: true })
}

/// `GET /readyz`: whether events are taken, and what stands in the way.
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Response {
    #[derive(Serialize)]
    struct Ready {
        ok: bool,
        checks: Vec<Check>,
    }
    let checks = (app.ready)();
    let ok = checks.iter().all(|check| check.ok);
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    answer::json(status, &Ready { ok, checks })
}

/// `GET /metrics`, in the text format of OpenMetrics 1.0, which Prometheus reads.
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let kind = HeaderValue::from_static(kind);
    ([(header::CONTENT_TYPE, kind)], (app.metrics)()).into_response()
}
