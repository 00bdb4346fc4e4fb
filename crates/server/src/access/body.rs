//! Small bodies of JSON.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::answer::Problem;

/// The most bytes, and how long they may take.
const MOST: usize = 16 << 10;
const PATIENCE: Duration = Duration::from_secs(15);

/// Reads a body of JSON. It has to say that it is that: no form of another site can.
pub(super) async fn read<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
) -> Result<T, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let detail = "expected a body of the type application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let whole = timeout(PATIENCE, Limited::new(body, MOST).collect()).await;
    let whole = whole.map_err(|_| {
        Problem::new(StatusCode::REQUEST_TIMEOUT, "expected the body sooner")
            .with(header::CONNECTION, "close")
    })?;
    let bytes = whole.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
        Some(_) => {
            let detail = format!("expected a body of at most {MOST} bytes");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
        }
        None => Problem::new(StatusCode::BAD_REQUEST, "the body broke off"),
    })?;
    serde_json::from_slice(&bytes.to_bytes())
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, format!("the body: {error}")))
}
