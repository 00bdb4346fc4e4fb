//! `/plain`, `/plain/batch`, `/jsons`, `/batch`, `/array`: events pushed by anybody with a key.

mod body;
mod credentials;
mod hooks;
mod room;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use ecs::Timestamp;
use engine::{Batch, Origin, Refused};
use serde::Serialize;
use tokio::time::timeout;

pub(crate) use hooks::{challenge, deliver};
pub(crate) use room::Room;
use room::Share;

use crate::answer::{self, Problem};
use crate::app::App;
use crate::events::{self, Form, Place, Pushed, Unreadable};
use crate::secret::Digest;
use body::Coding;

/// A body of this many bytes is worth a thread of its own while it is read.
const LONG: usize = 64 << 10;

/// The header with the time of the events that have none.
const TIME_HEADER: &str = "x-sekoiaio-event-timestamp";

/// The answer about one event.
#[derive(Serialize)]
struct OneId<'a> {
    event_id: &'a str,
}

/// The answer about several events, in the order of the body.
#[derive(Serialize)]
struct Ids<'a> {
    event_ids: Vec<&'a str>,
}

/// `POST /plain`.
pub(crate) async fn plain(app: State<Arc<App>>, request: Request) -> Response {
    push(&app, Form::One, request).await
}

/// `POST /plain/batch`.
pub(crate) async fn lines(app: State<Arc<App>>, request: Request) -> Response {
    push(&app, Form::Lines, request).await
}

/// `POST /jsons` and `POST /array`.
pub(crate) async fn list(app: State<Arc<App>>, request: Request) -> Response {
    push(&app, Form::List, request).await
}

/// `POST /batch`.
pub(crate) async fn batch(app: State<Arc<App>>, request: Request) -> Response {
    push(&app, Form::Batch, request).await
}

async fn push(app: &App, form: Form, request: Request) -> Response {
    let (head, mut body) = request.into_parts();
    match try_push(app, form, &head, &mut body).await {
        Ok(response) => response,
        Err(problem) => refuse(problem, &head.headers, &mut body).await,
    }
}

/// Tells a client that its request is refused, when it has finished sending.
async fn refuse(problem: Problem, headers: &HeaderMap, body: &mut Body) -> Response {
    if problem.status() != StatusCode::REQUEST_TIMEOUT {
        body::discard(body, headers).await;
    }
    axum::response::IntoResponse::into_response(problem)
}

async fn try_push(
    app: &App,
    form: Form,
    head: &Parts,
    body: &mut Body,
) -> Result<Response, Problem> {
    let known = |digest: &Digest| app.intake(digest).ok_or_else(Problem::unauthorized);
    let origin = match credentials::find(&head.headers, &head.uri) {
        Some(digest) => Some(known(&digest)?),
        // The key may stand in the body.
        None if form == Form::Batch => None,
        None => return Err(Problem::unauthorized()),
    };
    let room = if origin.is_some() { &app.room } else { &app.keyless_room };
    let read = read(app, form, head, body, room.enter()?).await;
    let origin = match (origin, &read) {
        (Some(origin), _) => origin,
        (None, Ok((Pushed { key: Some(key), .. }, _))) => known(&Digest::of(key.as_bytes()))?,
        // What is wrong with a body is nobody's business who has no key, save that it is too much.
        (None, Err(problem)) if problem.status() != StatusCode::BAD_REQUEST => {
            return Err(problem.clone());
        }
        (None, _) => return Err(Problem::unauthorized()),
    };
    let (pushed, share) = read?;
    let received = time(&head.headers)?;
    let (elements, ids) =
        store(app, pushed, origin, received, share, app.limits.store_time).await?;
    let id = |element: &Place| {
        let index = match element {
            Place::Event(index) => *index,
            Place::Reject(index) => ids.events + index,
        };
        ids.all.get(index).map_or("", String::as_str)
    };
    if form == Form::One {
        let event_id = elements.first().map_or("", id);
        return Ok(answer::json(StatusCode::OK, &OneId { event_id }));
    }
    let event_ids = elements.iter().map(id).collect();
    Ok(answer::json(StatusCode::OK, &Ids { event_ids }))
}

/// Reads the events in a body.
async fn read(
    app: &App,
    form: Form,
    head: &Parts,
    body: &mut Body,
    mut share: Share,
) -> Result<(Pushed, Share), Problem> {
    let limits = app.limits;
    let coding = Coding::of(&head.headers)?;
    let bytes = body::receive(body, &head.headers, &mut share, &limits).await?;
    let is_long = bytes.len() > LONG || coding != Coding::Identity;
    let read = move || {
        let bytes = body::decode(bytes, coding, &mut share, &limits)?;
        let pushed = events::read(form, bytes, limits.events).map_err(|error| {
            let status = match error {
                Unreadable::TooMany(_) => StatusCode::PAYLOAD_TOO_LARGE,
                _ => StatusCode::BAD_REQUEST,
            };
            Problem::new(status, error.to_string())
        })?;
        Ok((pushed, share))
    };
    if !is_long {
        return read();
    }
    // Other requests go on meanwhile.
    tokio::task::spawn_blocking(read).await.unwrap_or_else(|_| {
        Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the body could not be read"))
    })
}

/// The ids of the events of a batch, and behind them those of its rejects.
struct StoredIds {
    all: Vec<String>,
    events: usize,
}

/// Hands in what was pushed, and waits until it is durably stored.
async fn store(
    app: &App,
    pushed: Pushed,
    origin: Arc<Origin>,
    received: Timestamp,
    mut share: Share,
    time: Duration,
) -> Result<(Vec<Place>, StoredIds), Problem> {
    let Pushed { text, events, rejects, elements, .. } = pushed;
    let count = events.len();
    if elements.is_empty() {
        return Ok((elements, StoredIds { all: Vec::new(), events: 0 }));
    }
    let batch = Batch { origin, text, events, rejects, cursor: None, received, caught_up: false };
    let receipt = app.handle.try_submit(batch).map_err(refused)?;
    share.hand_over();
    let unavailable = |detail| Problem::later(StatusCode::SERVICE_UNAVAILABLE, 5, detail);
    let outcome = timeout(time, receipt).await;
    let outcome = outcome.map_err(|_| {
        unavailable("the events are not stored yet, send them again: repeats are recognised")
    })?;
    let outcome = outcome.map_err(|_| {
        unavailable(
            "stopped before the events were stored, send them again: repeats are recognised",
        )
    })?;
    Ok((elements, StoredIds { all: outcome.ids, events: count }))
}

fn refused(refused: Refused) -> Problem {
    let detail = refused.to_string();
    match refused {
        Refused::Full => Problem::later(StatusCode::TOO_MANY_REQUESTS, 1, detail),
        Refused::Stalled => Problem::later(StatusCode::SERVICE_UNAVAILABLE, 30, detail),
        Refused::Stopping => Problem::later(StatusCode::SERVICE_UNAVAILABLE, 10, detail),
    }
}

/// When the events arrived: now, or before that when the request says so. An event without a date
/// gets this one.
fn time(headers: &HeaderMap) -> Result<Timestamp, Problem> {
    let now = Timestamp::now();
    let Some(value) = headers.get(TIME_HEADER) else { return Ok(now) };
    let text = value.to_str().unwrap_or_default().trim();
    match Timestamp::parse(text) {
        Some(time) => Ok(Timestamp(time.0.min(now.0))),
        None => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "expected the header X-SEKOIAIO-EVENT-TIMESTAMP to be a time such as 2026-09-30T22:23:07Z",
        )),
    }
}
