//! Event hooks: events told as they happen, to whoever asked for them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::org::{Org, random_text};

const CHALLENGE: HeaderName = HeaderName::from_static("x-okta-verification-challenge");
/// The most that is read of an answer.
const MOST_BYTES: usize = 1 << 20;

/// Whom to tell of events.
#[derive(Clone)]
pub struct Hook {
    /// Where to: a URL of HTTP.
    pub url: String,
    /// The header, name and value, by which the receiver knows the organisation.
    pub header: (String, String),
    /// How many events come at once at most.
    pub batch: usize,
    /// Whether everything is told twice, as may happen with delivery at least once.
    pub twice: bool,
    /// How long the receiver may take before it is told again, and in which intervals the challenge
    /// is tried until it is answered.
    pub patience: Duration,
}

impl Hook {
    /// A hook at `url` that knows the organisation by an `authorization` header of this value.
    pub fn new(url: impl Into<String>, authorization: impl Into<String>) -> Hook {
        Hook {
            url: url.into(),
            header: ("authorization".to_owned(), authorization.into()),
            batch: 100,
            twice: false,
            patience: Duration::from_secs(3),
        }
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook").field("url", &self.url).finish_non_exhaustive()
    }
}

/// What has become of a hook.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HookStats {
    /// Whether the challenge has been answered.
    pub verified: bool,
    /// Events that were told and taken, repeated ones not counted.
    pub delivered: u64,
    /// Events that were not taken, not even the second time.
    pub given_up: u64,
    /// Requests with events, repeated ones included.
    pub requests: u64,
}

/// The statistics of all hooks by URL.
pub(crate) type AllHookStats = BTreeMap<String, HookStats>;

/// Tells `hook` of events that happen from now on.
pub(crate) async fn run(org: Arc<Org>, hook: Hook) {
    while !verify(&org, &hook).await {
        tokio::time::sleep(hook.patience).await;
    }
    change(&org, &hook, |stats| stats.verified = true);
    let mut position = org.log().end();
    loop {
        let news = org.new_events.notified();
        let (end, events) = batch(&org, position, hook.batch.max(1) as u64);
        if end == position {
            news.await;
            continue;
        }
        let count = end - position;
        let body = body(&events, org.now());
        let times = if hook.twice { 2 } else { 1 };
        let mut taken = false;
        for _ in 0..times {
            taken |= tell(&org, &hook, &body).await;
        }
        change(&org, &hook, |stats| match taken {
            true => stats.delivered += count,
            false => stats.given_up += count,
        });
        position = end;
    }
}

fn change(org: &Org, hook: &Hook, with: impl FnOnce(&mut HookStats)) {
    with(org.stats().hooks.entry(hook.url.clone()).or_default());
}

fn batch(org: &Org, position: u64, most: u64) -> (u64, Vec<u8>) {
    let log = org.log();
    let end = log.end().min(position + most);
    let mut events = Vec::new();
    if let Err(error) = log.copy(position, end, &mut events) {
        tracing::error!(%error, "events can't be read");
    }
    (end, events)
}

/// The request's body around events joined by commas.
fn body(events: &[u8], now: i64) -> Bytes {
    let time = jiff::Timestamp::from_millisecond(now).unwrap_or_default();
    let head = json!({
        "eventType": "com.okta.event_hook",
        "eventTypeVersion": "1.0",
        "cloudEventsVersion": "0.1",
        "contentType": "application/json",
        "eventId": random_text(36),
        "eventTime": format!("{time:.3}"),
        "source": "https://simulated.example/api/v1/eventHooks/who1",
    });
    let mut body = head.to_string().into_bytes();
    body.pop();
    body.extend_from_slice(b",\"data\":{\"events\":[");
    body.extend_from_slice(events);
    body.extend_from_slice(b"]}}");
    body.into()
}

/// Asks the receiver to prove that it is one.
async fn verify(org: &Org, hook: &Hook) -> bool {
    let challenge = random_text(32);
    let answer = request(hook, Method::GET, Some(&challenge), Bytes::new()).await;
    let verified = answer.is_ok_and(|(status, body)| {
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        status.is_success() && body.get("verification").and_then(Value::as_str) == Some(&challenge)
    });
    change(org, hook, |_| {});
    verified
}

/// Tells it, and once more when it is not taken.
async fn tell(org: &Org, hook: &Hook, body: &Bytes) -> bool {
    for _ in 0..2 {
        change(org, hook, |stats| stats.requests += 1);
        match request(hook, Method::POST, None, body.clone()).await {
            Ok((status, _)) if status.is_success() => return true,
            Ok((status, _)) => tracing::debug!(%status, "an event hook is refused"),
            Err(error) => tracing::debug!(%error, "an event hook fails"),
        }
    }
    false
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn request(
    hook: &Hook,
    method: Method,
    challenge: Option<&str>,
    body: Bytes,
) -> Result<(StatusCode, Bytes), Failure> {
    tokio::time::timeout(hook.patience, send(hook, method, challenge, body)).await?
}

async fn send(
    hook: &Hook,
    method: Method,
    challenge: Option<&str>,
    body: Bytes,
) -> Result<(StatusCode, Bytes), Failure> {
    let uri: Uri = hook.url.parse()?;
    let authority = uri.authority().filter(|_| uri.scheme_str() == Some("http"));
    let authority = authority.ok_or("not a URL of HTTP")?;
    let host = authority.host().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, authority.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, authority.as_str())
        .header(CONTENT_TYPE, "application/json")
        .header(hook.header.0.as_str(), hook.header.1.as_str());
    if let Some(challenge) = challenge {
        request = request.header(CHALLENGE, HeaderValue::from_str(challenge)?);
    }
    let request = request.body(Full::new(body))?;
    let exchange = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MOST_BYTES).collect().await?.to_bytes();
        Ok::<_, Failure>((status, body))
    };
    tokio::pin!(exchange);
    tokio::select! {
        result = &mut exchange => result,
        // The connection may end first, with the answer still to be read.
        result = connection => {
            result?;
            exchange.await
        }
    }
}
