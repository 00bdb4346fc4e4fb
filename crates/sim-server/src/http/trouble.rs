//! Faults on their way into responses.

use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{
    CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderMap, HeaderValue, LINK, RETRY_AFTER,
};
use hyper::{Response, StatusCode};

use super::body::{Body, Step};
use super::error::ApiError;
use super::logs::{self, Page};
use super::query::LogsQuery;
use super::{Connection, RATE_LIMIT, RATE_REMAINING, RATE_RESET, http_date};
use crate::faults::{Fault, FaultKind};
use crate::org::Caller;

/// Things that are no events, but end where an event would.
const BAD_EVENTS: [&str; 5] = [
    r#"{"uuid":"bad-1","published":nope,"eventType":"user.session.start"}"#,
    r#"{"uuid":"bad-2" "published":"2026-09-01T00:00:00.000Z"}"#,
    "42",
    "{\"uuid\":\"bad-3\",\"displayMessage\":\"\u{1}\u{2}\"}",
    r#"{"uuid":"bad-4","actor":[],"published":7,"eventType":null}"#,
];
/// An event that was cut off in its middle.
const CUT_EVENT: &str =
    r#"{"uuid":"bad-5","published":"2026-09-01T00:00:00.000Z","actor":{"id":"00u"#;
const PIECE: Duration = Duration::from_millis(50);
const HTML: &str = "<!DOCTYPE html>\n<html><head><title>Maintenance</title></head>\
    <body><h1>We will be right back</h1></body></html>\n";

/// What happens instead of a page, before anything is looked at.
pub(super) async fn instead(
    connection: &Connection,
    fault: Fault,
    query: &LogsQuery,
) -> io::Result<Option<Response<Body>>> {
    let org = &connection.org;
    let response = match fault.kind {
        FaultKind::TooMany => {
            let mut response = ApiError::too_many().response();
            let headers = response.headers_mut();
            headers.insert(RATE_LIMIT, 60.into());
            headers.insert(RATE_RESET, (org.now() / 1000 + fault.amount as i64).into());
            response
        }
        FaultKind::RetryAfterSeconds => {
            let mut response = ApiError::too_many().response();
            response.headers_mut().insert(RETRY_AFTER, fault.amount.into());
            response
        }
        FaultKind::RetryAfterDate => {
            let mut response = ApiError::too_many().response();
            let until = http_date(org.now() + fault.amount as i64 * 1000);
            response.headers_mut().insert(RETRY_AFTER, until);
            response
        }
        FaultKind::Internal => ApiError::internal().response(),
        FaultKind::Unavailable => html(StatusCode::SERVICE_UNAVAILABLE),
        FaultKind::Html => html(StatusCode::OK),
        FaultKind::Revoked => ApiError::token().response(),
        FaultKind::Stale => {
            let Some(after) = &query.after else { return Ok(None) };
            org.refuse_cursor(after);
            ApiError::parameter("after", "no longer known").response()
        }
        FaultKind::Hang => {
            org.count_fault(fault);
            tokio::time::sleep(fault.seconds()).await;
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        FaultKind::Huge => huge(fault.amount),
        _ => return Ok(None),
    };
    org.count_fault(fault);
    let mut response = response;
    if response.status() == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(RATE_REMAINING, 0.into());
    }
    Ok(Some(response))
}

fn html(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::from(HTML.as_bytes().to_vec()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

/// An array of one event with `megabytes` of nonsense.
fn huge(megabytes: u64) -> Response<Body> {
    let head = Bytes::from_static(b"[{\"uuid\":\"huge\",\"displayMessage\":\"");
    let tail = Bytes::from_static(b"\"}]");
    let megabyte = Bytes::from(vec![b'x'; 1 << 20]);
    let length = head.len() as u64 + tail.len() as u64 + (megabytes << 20);
    let middle = std::iter::repeat_n(megabyte, megabytes.min(1 << 20) as usize);
    let pieces = std::iter::once(head).chain(middle).chain([tail]);
    let mut response = Response::new(pieces.map(Step::Data).collect::<Body>());
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, length.into());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// What happens to the events of a page.
pub(super) fn page(
    connection: &Connection,
    fault: Fault,
    caller: &Caller,
    query: &LogsQuery,
    page: &mut Page,
) -> Result<(), ApiError> {
    let org = &connection.org;
    let json = match fault.kind {
        FaultKind::CutJson => page.json.get(..page.json.len() * 3 / 5).map(<[u8]>::to_vec),
        FaultKind::Duplicate => match (page.polled, org.last_page(caller), &query.after) {
            (Some(_), Some((start, end)), Some(after)) => {
                page.next = Some((query.clone(), after.clone()));
                page.polled = None;
                Some(logs::events(org, start, end)?)
            }
            _ => None,
        },
        FaultKind::Reorder => {
            let mut elements = logs::elements(&page.json);
            for at in (1..elements.len()).rev() {
                elements.swap(at, org.below(at + 1));
            }
            (elements.len() > 1).then(|| logs::join(&elements))
        }
        FaultKind::BadEvent | FaultKind::CutEvent => {
            let bad = match fault.kind {
                FaultKind::CutEvent => CUT_EVENT,
                _ => BAD_EVENTS.get(org.below(BAD_EVENTS.len())).copied().unwrap_or("42"),
            };
            let mut elements = logs::elements(&page.json);
            elements.insert(org.below(elements.len() + 1), bad.as_bytes());
            Some(logs::join(&elements))
        }
        _ => None,
    };
    if let Some(json) = json {
        page.json = json;
        org.count_fault(fault);
    }
    Ok(())
}

/// What happens to the links and other headers of a page.
pub(super) fn headers(connection: &Connection, fault: Fault, headers: &mut HeaderMap) {
    let org = &connection.org;
    match fault.kind {
        FaultKind::Clock => {
            headers.insert(DATE, http_date(org.now() + fault.amount as i64 * 1000));
        }
        FaultKind::ForeignNext => {
            let links: Vec<HeaderValue> = headers.get_all(LINK).iter().cloned().collect();
            headers.remove(LINK);
            for link in links {
                let foreign = link.to_str().ok().filter(|it| it.contains("rel=\"next\""));
                let foreign = foreign.and_then(|it| it.split_once("/api/v1/logs"));
                let foreign = foreign
                    .map(|(_, rest)| format!("<https://elsewhere.example/api/v1/logs{rest}"));
                let foreign = foreign.and_then(|it| HeaderValue::from_str(&it).ok());
                headers.append(LINK, foreign.unwrap_or(link));
            }
        }
        _ => return,
    }
    org.count_fault(fault);
}

/// The page's JSON as a body, which may take a bad end. With it, the length that is claimed.
pub(super) fn body(
    connection: &Connection,
    fault: Option<Fault>,
    json: Vec<u8>,
) -> (Body, Option<u64>) {
    let Some(fault) = fault else { return (json.into(), None) };
    let length = json.len() as u64;
    let json = Bytes::from(json);
    let half = json.slice(..json.len() / 2);
    let body = match fault.kind {
        FaultKind::Reset => {
            connection.reset.store(true, Ordering::Relaxed);
            [Step::Data(half), Step::Wait(PIECE), Step::Abort].into_iter().collect()
        }
        FaultKind::CutBody => {
            [Step::Data(half), Step::Wait(PIECE), Step::Abort].into_iter().collect()
        }
        FaultKind::Drip => {
            let pieces = (fault.seconds().as_millis() / PIECE.as_millis()).max(1) as usize;
            let size = json.len().div_ceil(pieces).max(1);
            let steps = (0..json.len()).step_by(size).flat_map(|start| {
                let piece = json.slice(start..(start + size).min(json.len()));
                [Step::Wait(PIECE), Step::Data(piece)]
            });
            steps.collect()
        }
        _ => return (Body::Whole(Some(json)), None),
    };
    connection.org.count_fault(fault);
    (body, Some(length))
}
