//! `GET /events`: the events that match, page by page.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ecs::Timestamp;
use serde::{Deserialize, Serialize};
use store::search::{Page, Request};
use utoipa::{IntoParams, ToSchema};

use super::shape::{EventHit, Shape};
use crate::answer::Problem;
use crate::api::Desk;
use crate::api::ask::{Ask, QueryNote};
use crate::api::params::{List, Params, When, bad_parameter, within};
use crate::api::values::{UnreadableDay, unreadable};

/// The most bytes of texts in one answer; what is more comes on the next page.
const MOST_BYTES: usize = 16 << 20;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Order {
    /// The latest first.
    #[default]
    Newest,
    /// The earliest first.
    Oldest,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchParams {
    /// What the events match, in Lucene's syntax. Default: everything.
    query: Option<String>,
    /// Only events from this time on: `2026-09-01`, `2026-09-01T08:00:00Z`, or `7d`, `12h` ago.
    #[param(value_type = Option<String>)]
    since: Option<When>,
    /// Only events before this time.
    #[param(value_type = Option<String>)]
    until: Option<When>,
    /// How many, from 1 to 1000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<usize>,
    #[param(inline)]
    order: Option<Order>,
    /// Where the page before has ended: its `next`.
    cursor: Option<String>,
    /// Only these fields, with commas between them.
    #[param(value_type = Option<String>)]
    fields: Option<List<String>>,
    /// The events as Okta wrote them, too.
    raw: Option<bool>,
}

/// A page of events.
#[derive(Serialize, ToSchema)]
pub(super) struct EventPage {
    events: Vec<EventHit>,
    /// The cursor of the next page, if there may be one.
    next: Option<String>,
    /// Places in the query that may not mean what was meant.
    warnings: Vec<QueryNote>,
    /// Days that could not be searched.
    unreadable: Vec<UnreadableDay>,
    took_ms: u64,
}

/// The events that match, the latest first unless told otherwise.
#[utoipa::path(get, path = "/events", tag = "events", params(SearchParams),
    responses((status = 200, body = EventPage)))]
pub(super) async fn search(
    State(desk): State<Arc<Desk>>,
    Params(params): Params<SearchParams>,
) -> Result<Json<EventPage>, Problem> {
    let limit = within("limit", params.limit, 1..=desk.limits.page, 100)?;
    let ask = Ask::new(params.query, params.since, params.until)?;
    let after = params.cursor.as_deref().map(read_cursor).transpose()?;
    let shape = Shape::new(params.fields, params.raw.unwrap_or_default())?;
    let newest_first = params.order.unwrap_or_default() == Order::Newest;
    let begun = Instant::now();
    let page = desk.search(move |searcher, given| {
        let selection = ask.selection(given);
        let request = Request { selection, limit, newest_first, after };
        let mut shaper = shape.shaper();
        let (mut events, mut bytes, mut last) = (Vec::new(), 0, None);
        let mut failed = None;
        let found = searcher.for_each(&request, |hit| {
            last = Some(hit.page());
            bytes += hit.raw.len();
            match shaper.event(hit) {
                Ok(event) => events.push(event),
                Err(problem) => {
                    failed = Some(problem);
                    return ControlFlow::Break(());
                }
            }
            if bytes > MOST_BYTES { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let found = found.map_err(|error| ask.refused(error))?;
        if let Some(problem) = failed {
            return Err(problem);
        }
        let next = last.filter(|_| found.is_cut).map(write_cursor);
        let (warnings, unreadable) = (ask.warnings(), unreadable(found.unreadable));
        Ok(EventPage { events, next, warnings, unreadable, took_ms: 0 })
    });
    let page = page.await?;
    Ok(Json(EventPage { took_ms: milliseconds_since(begun), ..page }))
}

pub(super) fn milliseconds_since(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The place of an event, for the page behind it.
fn write_cursor(page: Page) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("e1.{}.{}", page.time.0, page.seq))
}

fn read_cursor(text: &str) -> Result<Page, Problem> {
    let read = || {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (time, seq) = text.strip_prefix("e1.")?.split_once('.')?;
        Some(Page { time: Timestamp(time.parse().ok()?), seq: seq.parse().ok()? })
    };
    read().ok_or_else(|| bad_parameter("cursor: expected what an answer had as next"))
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_text_is_a_cursor_or_none(text in ".{0,60}", inside in "e1[.0-9-]{0,40}") {
            let _ = read_cursor(&text);
            let _ = read_cursor(&BASE64_URL_SAFE_NO_PAD.encode(inside));
        }
    }

    #[test]
    fn cursors_come_back() {
        for page in [
            Page { time: Timestamp(1_788_220_800_000), seq: 7 },
            Page { time: Timestamp(i64::MIN), seq: u64::MAX },
        ] {
            assert_eq!(read_cursor(&write_cursor(page)).unwrap(), page);
        }
        for none in ["", "x", "ZTEuMS4y!", "bm9uc2Vuc2U"] {
            assert!(read_cursor(none).is_err(), "{none}");
        }
    }
}
