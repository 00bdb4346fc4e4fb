//! `GET /events/tail`: events as they are stored, as server-sent events.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use store::search::Follower;
use utoipa::IntoParams;

use super::shape::Shape;
use crate::answer::Problem;
use crate::api::Desk;
use crate::api::ask::Ask;
use crate::api::params::{List, Params};
use crate::api::tails::{Event, POLLING, Tail, last_event_id};

/// How many events are sent at a time; of more, only the number is told.
const AT_A_TIME: usize = 200;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TailParams {
    /// What the events match, in Lucene's syntax. Default: everything.
    query: Option<String>,
    /// Only these fields, with commas between them.
    #[param(value_type = Option<String>)]
    fields: Option<List<String>>,
}

/// Events as they are stored: `event` with an event, `behind` with the number of those that were
/// skipped because there were too many, `problem` before the end.
#[utoipa::path(get, path = "/events/tail", tag = "events", params(TailParams),
    responses((status = 200, content_type = "text/event-stream", body = String)))]
pub(super) async fn tail(
    State(desk): State<Arc<Desk>>,
    Params(params): Params<TailParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let ask = Arc::new(Ask::new(params.query, None, None)?);
    let shape = Shape::new(params.fields, false)?;
    let resumed = last_event_id(&headers);
    let asked = Arc::clone(&ask);
    let mut follower = desk
        .search(move |searcher, _| {
            asked.check()?;
            match resumed {
                Some(seq) => Ok(Follower::behind(seq)),
                None => Follower::new(searcher).map_err(|error| asked.refused(error)),
            }
        })
        .await?;
    let (tail, response) = Tail::begin(&desk)?;
    tokio::spawn(async move {
        let mut stopping = desk.stopping.clone();
        loop {
            tokio::select! {
                () = tokio::time::sleep(POLLING) => {}
                () = tail.closed() => return,
                _ = stopping.wait_for(|stop| *stop) => return,
            }
            let (asked, shape) = (Arc::clone(&ask), shape.clone());
            let polled = desk.search(move |searcher, given| {
                let next = follower.next(searcher, &asked.selection(given), AT_A_TIME);
                let (hits, _) = next.map_err(|error| asked.refused(error))?;
                let is_full = hits.len() >= AT_A_TIME;
                let last = hits.last().map(|hit| hit.seq);
                let mut shaper = shape.shaper();
                let mut events = Vec::with_capacity(hits.len());
                for hit in hits {
                    let event = shaper.event(hit)?;
                    events.push(Event::new("event", Some(event.seq), &event));
                }
                if is_full {
                    // Whoever cannot follow begins again with what comes now.
                    let latest = Follower::new(searcher).map_err(|error| asked.refused(error))?;
                    let skipped = latest.floor().saturating_sub(last.unwrap_or_default());
                    follower = latest;
                    if skipped > 0 {
                        let told = serde_json::json!({ "skipped": skipped });
                        events.push(Event::new("behind", None, &told));
                    }
                }
                Ok((follower, events))
            });
            let events = match polled.await {
                Ok((again, events)) => {
                    follower = again;
                    events
                }
                Err(problem) => {
                    tail.problem(&problem).await;
                    return;
                }
            };
            for event in events {
                if tail.send(event).await.is_err() {
                    return;
                }
            }
        }
    });
    Ok(response)
}
