//! `GET /api/v1/logs`: a page of events and the link to the next.

use std::time::{Duration, Instant};

use super::error::ApiError;
use super::query::LogsQuery;
use crate::cursor::Cursor;
use crate::filter::{Filter, has_keywords};
use crate::log::Moment;
use crate::org::Org;

/// How many events are looked at before others get their turn.
const LOOKED_AT_ONCE: usize = 200;
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
    if query.after.as_deref().is_some_and(|after| org.is_refused(after)) {
        return Err(ApiError::parameter("after", "no longer known"));
    }
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
    let matcher = Matcher::new(query)?;
    let mut json = Vec::new();
    let (count, end) = match matcher.takes_all() {
        true => unfiltered(org, start, query.limit() as u64, &mut json)?,
        false => filtered(org, start, query.limit(), &matcher, &mut json).await?,
    };
    let after = Cursor::Position(end).write(org.seed());
    Ok(Page { json, count, next: Some((query.clone(), after)), polled: Some((start, end)) })
}

/// What of the events is asked for.
struct Matcher<'a> {
    filter: Option<Filter>,
    q: Option<&'a str>,
}

impl Matcher<'_> {
    fn new(query: &LogsQuery) -> Result<Matcher<'_>, ApiError> {
        let filter = query.filter.as_deref().map(str::parse::<Filter>).transpose();
        let filter = filter.map_err(|error| ApiError::filter(&error.to_string()))?;
        Ok(Matcher { filter, q: query.q.as_deref() })
    }

    fn takes_all(&self) -> bool {
        self.filter.is_none() && self.q.is_none()
    }

    /// Whether an event is asked for. What is no JSON never is, unless everything is.
    fn takes(&self, text: &[u8]) -> bool {
        if self.takes_all() {
            return true;
        }
        let Ok(event) = serde_json::from_slice(text) else { return false };
        self.filter.as_ref().is_none_or(|filter| filter.matches(&event))
            && self.q.is_none_or(|q| has_keywords(&event, q))
    }
}

/// The events from `start` on that are asked for, at most `limit`: how many, and where they end.
async fn filtered(
    org: &Org,
    start: u64,
    limit: usize,
    matcher: &Matcher<'_>,
    json: &mut Vec<u8>,
) -> Result<(u64, u64), ApiError> {
    let started = Instant::now();
    let (mut count, mut position) = (0, start);
    let mut text = Vec::new();
    json.push(b'[');
    while count < limit {
        let end = org.log().end();
        if position >= end {
            break;
        }
        if started.elapsed() > TIMEOUT {
            return Err(ApiError::internal());
        }
        let pause = end.min(position + LOOKED_AT_ONCE as u64);
        while position < pause && count < limit {
            text.clear();
            org.log().copy(position, position + 1, &mut text).map_err(failed)?;
            position += 1;
            if matcher.takes(&text) {
                if count > 0 {
                    json.push(b',');
                }
                json.extend_from_slice(&text);
                count += 1;
            }
        }
        tokio::task::yield_now().await;
    }
    json.push(b']');
    Ok((count as u64, position))
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
    let asked = query.clone();
    let matcher = Matcher::new(&asked)?;
    let limit = query.limit();
    let started = Instant::now();
    let mut json = vec![b'['];
    let (mut count, mut last, mut is_last_page) = (0, None, false);
    let mut text = Vec::new();
    // An empty page has nothing after which another one could start.
    while count < limit && !is_last_page {
        if started.elapsed() > TIMEOUT {
            return Err(ApiError::internal());
        }
        // One more, to know whether there are any left.
        let moments = org.log().in_time(from, to, LOOKED_AT_ONCE + 1, query.descending);
        is_last_page = moments.len() <= LOOKED_AT_ONCE;
        for (number, &(published, position)) in moments.iter().take(LOOKED_AT_ONCE).enumerate() {
            last = Some((published, position));
            match query.descending {
                true => to = (published, position),
                false => from = (published, position + 1),
            }
            text.clear();
            org.log().copy(position, position + 1, &mut text).map_err(failed)?;
            if !matcher.takes(&text) {
                continue;
            }
            if count > 0 {
                json.push(b',');
            }
            json.extend_from_slice(&text);
            count += 1;
            if count == limit {
                is_last_page &= number + 1 == moments.len();
                break;
            }
        }
        tokio::task::yield_now().await;
    }
    json.push(b']');
    let next = last.filter(|_| !is_last_page);
    let next = next.map(|last| (query, Cursor::After(last).write(org.seed())));
    Ok(Page { json, count: count as u64, next, polled: None })
}

/// The elements of a page's array, as far as commas and brackets tell.
pub(crate) fn elements(json: &[u8]) -> Vec<&[u8]> {
    let Some(inner) = json.strip_prefix(b"[").and_then(|it| it.strip_suffix(b"]")) else {
        return Vec::new();
    };
    let (mut depth, mut in_string, mut is_escaped) = (0_i32, false, false);
    let elements = inner.split(|&byte| {
        if in_string {
            in_string = byte != b'"' || is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            return false;
        }
        match byte {
            b'"' => (in_string, is_escaped) = (true, false),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        byte == b',' && depth == 0
    });
    elements.filter(|element| !element.is_empty()).collect()
}

/// The page of these elements.
pub(crate) fn join(elements: &[&[u8]]) -> Vec<u8> {
    [b"[".as_slice(), &elements.join(&b','), b"]"].concat()
}

/// The array of the events between two positions.
pub(crate) fn events(org: &Org, start: u64, end: u64) -> Result<Vec<u8>, ApiError> {
    let mut json = Vec::new();
    unfiltered(org, start, end.saturating_sub(start), &mut json)?;
    Ok(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_end_where_their_commas_are() {
        let page = br#"[{"a":"},\\"},{"b":[1,{"c":"\""}]},3,"x,y"]"#;
        let all = elements(page);
        assert_eq!(all.len(), 4);
        assert_eq!(all[1], br#"{"b":[1,{"c":"\""}]}"#);
        assert_eq!(join(&all), page);
        assert_eq!(elements(b"[]").len(), 0);
    }
}
