//! Requests and their answers.

mod admin;
mod body;
mod error;
mod logs;
mod query;
mod token;
mod trouble;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, DATE, HOST, HeaderName, HeaderValue, LINK};
use hyper::{Method, Request, Response};

use self::body::{Answer, Body};
use self::error::ApiError;
use self::query::LogsQuery;
use crate::faults::{Fault, Place};
use crate::org::{Caller, Org, Rate, random_text};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-okta-request-id");
const RATE_LIMIT: HeaderName = HeaderName::from_static("x-rate-limit-limit");
const RATE_REMAINING: HeaderName = HeaderName::from_static("x-rate-limit-remaining");
const RATE_RESET: HeaderName = HeaderName::from_static("x-rate-limit-reset");

/// Where a request came in.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) org: Arc<Org>,
    pub(crate) peer: SocketAddr,
    pub(crate) is_tls: bool,
    /// Set when the connection is to end with a reset.
    pub(crate) reset: Arc<AtomicBool>,
}

/// Answers a request.
pub(crate) async fn answer(connection: Connection, request: Request<Incoming>) -> Answer {
    let org = Arc::clone(&connection.org);
    let result = match request.uri().path() {
        "/api/v1/logs" => logs_response(&connection, &request).await,
        "/oauth2/v1/token" => Ok(token::response(&connection, request).await),
        path if path.starts_with("/_sim/") && connection.peer.ip().is_loopback() => {
            return Ok(admin::answer(&org, request).await);
        }
        path => Ok(ApiError::not_found(path).response()),
    };
    org.count_response(result.as_ref().map_or(0, |response| response.status().as_u16()));
    let mut response = result?;
    let headers = response.headers_mut();
    if !headers.contains_key(DATE) {
        headers.insert(DATE, http_date(org.now()));
    }
    if let Ok(id) = HeaderValue::from_str(&random_text(27)) {
        headers.insert(REQUEST_ID, id);
    }
    Ok(response)
}

async fn logs_response(connection: &Connection, request: &Request<Incoming>) -> Answer {
    let org = &connection.org;
    if request.method() != Method::GET {
        return Ok(ApiError::method().response());
    }
    let caller = match token::caller(connection, request) {
        Ok(caller) => caller,
        Err(response) => return Ok(*response),
    };
    let rate = org.count_request(&caller);
    let mut response = match rate {
        _ if !caller.may_read => ApiError::forbidden().response(),
        Some(Rate { exceeded: true, .. }) => ApiError::too_many().response(),
        _ => permitted(connection, request, &caller).await?,
    };
    let headers = response.headers_mut();
    if let Some(rate) = rate {
        headers.insert(RATE_LIMIT, rate.limit.into());
        headers.entry(RATE_REMAINING).or_insert(rate.remaining.into());
        headers.insert(RATE_RESET, rate.reset.into());
    }
    if caller.is_bound {
        token::tell_nonce(org, headers);
    }
    Ok(response)
}

/// Answers somebody who may read the log and has requests left.
async fn permitted(
    connection: &Connection,
    request: &Request<Incoming>,
    caller: &Caller,
) -> Answer {
    let org = &connection.org;
    let fault = org.next_fault(Place::Logs);
    let query = match LogsQuery::read(request.uri().query().unwrap_or_default(), org.now()) {
        Ok(query) => query,
        Err(error) => return Ok(error.response()),
    };
    if let Some(fault) = fault
        && let Some(response) = trouble::instead(connection, fault, &query).await?
    {
        return Ok(response);
    }
    let base = base_url(connection, request);
    let page = logs_page(connection, &base, caller, &query, fault).await;
    Ok(page.unwrap_or_else(|error| error.response()))
}

async fn logs_page(
    connection: &Connection,
    base: &str,
    caller: &Caller,
    query: &LogsQuery,
    fault: Option<Fault>,
) -> Result<Response<Body>, ApiError> {
    let org = &connection.org;
    let mut page = logs::page(org, query).await?;
    if let Some(fault) = fault {
        trouble::page(connection, fault, caller, query, &mut page)?;
    }
    {
        let mut stats = org.stats();
        stats.events_sent += page.count;
        if let Some((_, end)) = page.polled {
            stats.polled_until = stats.polled_until.max(end);
        }
    }
    if let Some((start, end)) = page.polled.filter(|(start, end)| start < end) {
        org.turn_page(caller, (start, end));
    }
    let own = query.link(base, query.after.as_deref());
    let next = page.next.as_ref().map(|(query, after)| query.link(base, Some(after)));
    let (body, claimed_length) = trouble::body(connection, fault, page.json);
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(length) = claimed_length {
        headers.insert(CONTENT_LENGTH, length.into());
    }
    let links = [Some((own, "self")), next.map(|next| (next, "next"))];
    let links: Vec<String> =
        links.into_iter().flatten().map(|(link, rel)| format!("<{link}>; rel=\"{rel}\"")).collect();
    let joined = org.options().links_in_one_header.then(|| links.join(", "));
    for link in joined.map_or(links, |joined| vec![joined]) {
        if let Ok(value) = HeaderValue::from_str(&link) {
            headers.append(LINK, value);
        }
    }
    if let Some(fault) = fault {
        trouble::headers(connection, fault, headers);
    }
    Ok(response)
}

/// The address by which the client reached the organisation.
fn base_url(connection: &Connection, request: &Request<Incoming>) -> String {
    let scheme = if connection.is_tls { "https" } else { "http" };
    let host = request.headers().get(HOST).and_then(|value| value.to_str().ok());
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    let host = host.filter(|host| !host.is_empty() && host.bytes().all(is_plain));
    format!("{scheme}://{}", host.unwrap_or("localhost"))
}

/// A time in the form of RFC 9110, section 5.6.7.
fn http_date(milliseconds: i64) -> HeaderValue {
    let time = jiff::Timestamp::from_millisecond(milliseconds).unwrap_or_default();
    let text = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&time);
    let value = text.ok().and_then(|text| HeaderValue::from_str(&text).ok());
    value.unwrap_or_else(|| HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_their_form() {
        assert_eq!(http_date(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
