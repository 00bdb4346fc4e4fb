//! `GET /api/v1/logs`: a page of events and the link to the next.

use std::time::{Duration, Instant};

use super::error::ApiError;
use super::query::LogsQuery;
use crate::cursor::Cursor;
use crate::log::Moment;
use crate::org::Org;

/// How many events are looked at before others get their turn.
const LOOKED_AT_ONCE: u64 = 200;
/// How long a query may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A page.
#[derive(Debug)]
pub(crate) struct Page {
    /// The array of events.
    pub(crate) json: Vec<u8>,
    pub(crate) count: u64,
    /// The `after` of the next page, and what is asked for there; none behind the last page.
    pub(crate) next: Option<(LogsQuery, String)>,
    /// For a polling request, the positions between which the events are.
    pub(crate) polled: Option<(u64, u64)>,
}

/// Makes the page that `query` asks for.
pub(crate) async fn page(org: &Org, query: &LogsQuery) -> Result<Page, ApiError> {
    if query.is_polling() { polling(org, query).await } else { bounded(org, query).await }
}

fn cursor(org: &Org, query: &LogsQuery) -> Result<Option<Cursor>, ApiError> {
    let Some(after) = &query.after else { return Ok(None) };
    let unknown = || ApiError::parameter("after", "not the after of a link of this organisation");
    Cursor::read(after, org.seed()).map(Some).ok_or_else(unknown)
}

/// The time before which nothing can be read.
fn oldest(org: &Org, now: i64) -> i64 {
    let retention = i64::try_from(org.options().retention.as_millis()).unwrap_or(i64::MAX);
    now.saturating_sub(retention)
}

async fn polling(org: &Org, query: &LogsQuery) -> Result<Page, ApiError> {
    let now = org.now();
    let start = match cursor(org, query)? {
        None => org.log().persisted_since(query.since(now).max(oldest(org, now))),
        Some(Cursor::Position(position)) => {
            let log = org.log();
            let readable = log.persisted_since(oldest(org, now));
            if position < readable || position > log.end() {
                return Err(ApiError::parameter("after", "no longer known"));
            }
            position
        }
        Some(Cursor::After(_)) => {
            return Err(ApiError::parameter("after", "not the after of a polling request"));
        }
    };
    let mut json = Vec::new();
    let (count, end) = unfiltered(org, start, query.limit() as u64, &mut json)?;
    let after = Cursor::Position(end).write(org.seed());
    Ok(Page { json, count, next: Some((query.clone(), after)), polled: Some((start, end)) })
}

/// A run of the log, which is one copy of memory.
fn unfiltered(
    org: &Org,
    start: u64,
    limit: u64,
    json: &mut Vec<u8>,
) -> Result<(u64, u64), ApiError> {
    let log = org.log();
    let end = (start + limit).min(log.end()).max(start);
    json.reserve((end - start) as usize * 1800 + 2);
    json.push(b'[');
    log.copy(start, end, json).map_err(failed)?;
    json.push(b']');
    Ok((end - start, end))
}

fn failed(error: std::io::Error) -> ApiError {
    tracing::error!(%error, "events can't be read");
    ApiError::internal()
}

async fn bounded(org: &Org, query: &LogsQuery) -> Result<Page, ApiError> {
    let now = org.now();
    let mut query = query.clone();
    // Where no end is said it is now, for all pages to come.
    let until = match &query.until {
        Some((_, until)) => *until,
        None => {
            let text = jiff::Timestamp::from_millisecond(now).unwrap_or_default();
            query.until = Some((format!("{text:.3}"), now));
            now
        }
    };
    let since = query.since(now).max(oldest(org, now));
    let (mut from, mut to): (Moment, Moment) = ((since, 0), (until, 0));
    match cursor(org, &query)? {
        None => {}
        Some(Cursor::After(last)) if query.descending => to = last,
        Some(Cursor::After((published, position))) => from = (published, position + 1),
        Some(Cursor::Position(_)) => {
            return Err(ApiError::parameter("after", "not the after of a bounded request"));
        }
    }
    let limit = query.limit();
    let started = Instant::now();
    let mut json = vec![b'['];
    let mut count = 0;
    let mut last = None;
    let mut is_last_page = false;
    while count < limit && !is_last_page {
        if started.elapsed() > TIMEOUT {
            return Err(ApiError::internal());
        }
        let wanted = (limit - count).min(LOOKED_AT_ONCE as usize);
        {
            let mut log = org.log();
            // One more, to know whether there are any left.
            let moments = log.in_time(from, to, wanted + 1, query.descending);
            is_last_page = moments.len() <= wanted;
            for &(published, position) in moments.iter().take(wanted) {
                if count > 0 {
                    json.push(b',');
                }
                log.copy(position, position + 1, &mut json).map_err(failed)?;
                count += 1;
                last = Some((published, position));
                match query.descending {
                    true => to = (published, position),
                    false => from = (published, position + 1),
                }
            }
        }
        tokio::task::yield_now().await;
    }
    json.push(b']');
    let next = last.filter(|_| !is_last_page);
    let next = next.map(|last| (query, Cursor::After(last).write(org.seed())));
    Ok(Page { json, count: count as u64, next, polled: None })
}
