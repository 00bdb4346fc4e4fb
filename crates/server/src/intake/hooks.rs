//! `/hooks/NAME`: what Okta calls when the administrator has registered an event hook.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::Response;
use ecs::Timestamp;
use serde::Serialize;
use tokio::time::{Instant, timeout_at};

use super::{read, refuse, store};
use crate::answer::{self, Problem};
use crate::app::App;
use crate::events::Form;

/// The header with the value that shows whether this hook wants to be called.
const CHALLENGE: HeaderName = HeaderName::from_static("x-okta-verification-challenge");

/// The longest value that is given back.
const LONGEST_CHALLENGE: usize = 1024;

/// `GET /hooks/NAME`: gives back the value that Okta sends along when a hook is verified.
pub(crate) async fn challenge(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    #[derive(Serialize)]
    struct Verification<'a> {
        verification: &'a str,
    }
    if app.hooks.hook(&name).is_none() {
        return Err(unknown());
    }
    let value = headers.get(CHALLENGE).and_then(|value| value.to_str().ok());
    let value = value.filter(|value| value.len() <= LONGEST_CHALLENGE).ok_or_else(|| {
        let detail = "expected the header X-Okta-Verification-Challenge: Okta calls this when the hook is verified";
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })?;
    Ok(answer::json(StatusCode::OK, &Verification { verification: value }))
}

/// `POST /hooks/NAME`: takes events.
pub(crate) async fn deliver(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let (head, mut body) = request.into_parts();
    match try_deliver(&app, &name, &head, &mut body).await {
        Ok(response) => response,
        Err(problem) => refuse(problem, &head.headers, &mut body).await,
    }
}

async fn try_deliver(
    app: &App,
    name: &str,
    head: &Parts,
    body: &mut Body,
) -> Result<Response, Problem> {
    #[derive(Serialize)]
    struct Taken {
        events: usize,
    }
    let hook = app.hooks.hook(name).ok_or_else(unknown)?;
    let secret = head.headers.get(hook.header());
    if !secret.is_some_and(|secret| hook.admits(secret.as_bytes())) {
        let detail = "expected the hook's authentication header";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, detail));
    }
    let received = Timestamp::now();
    let end = Instant::now() + app.limits.hook_time;
    let late = |_| {
        let detail = "the events are not stored yet, send them again: repeats are recognised";
        Problem::later(StatusCode::SERVICE_UNAVAILABLE, 5, detail)
    };
    let reading = read(app, Form::Hook, head, body, app.room.enter()?);
    let (pushed, share) = timeout_at(end, reading).await.map_err(late)??;
    let left = end.saturating_duration_since(Instant::now());
    let origin = Arc::clone(hook.origin());
    let (elements, _) = store(app, pushed, origin, received, share, left).await?;
    Ok(answer::json(StatusCode::OK, &Taken { events: elements.len() }))
}

fn unknown() -> Problem {
    let detail = "there is no event hook of this name, see `[[intake]]` in the configuration";
    Problem::new(StatusCode::NOT_FOUND, detail)
}
