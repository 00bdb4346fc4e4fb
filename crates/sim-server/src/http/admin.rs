//! `/_sim/…`: what no real organisation has. For processes on the same machine.

use std::fmt::Write as _;
use std::sync::Arc;

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use sim::Attack;

use super::body::Body;
use super::error::{ApiError, json_response};
use super::query;
use crate::faults::Faults;
use crate::feed;
use crate::hooks::Hook;
use crate::oauth::{OauthClient, PublicKey};
use crate::org::Org;

/// The most that is read of a request.
const MOST_BYTES: usize = 256 << 20;
/// The most events or uuids in one answer.
const MOST_EVENTS: u64 = 100_000;

/// Answers a request to `/_sim/…`.
pub(crate) async fn answer(org: &Arc<Org>, request: Request<Incoming>) -> Response<Body> {
    let method = request.method().clone();
    let path = request.uri().path().trim_start_matches("/_sim/").to_owned();
    let pairs = query::pairs(request.uri().query().unwrap_or_default());
    let start = pairs.iter().find(|(key, _)| key == "from").map(|(_, value)| value.parse());
    let Ok(start) = start.unwrap_or(Ok(0)) else {
        return ApiError::parameter("from", "not a position").response();
    };
    let Ok(body) = Limited::new(request.into_body(), MOST_BYTES).collect().await else {
        return ApiError::parameter("body", "too long, or cut off").response();
    };
    let body = body.to_bytes();
    let Ok(body) = std::str::from_utf8(&body) else {
        return ApiError::parameter("body", "not UTF-8").response();
    };
    match (path.as_str(), method) {
        ("state", Method::GET) => json_response(StatusCode::OK, &state(org)),
        ("truth", Method::GET) => truth(org, start),
        ("events", Method::GET) => events(org, start),
        ("attacks", Method::GET) => {
            let lines = org.attacks().iter().fold(String::new(), |mut lines, attack| {
                let _ = writeln!(lines, "{}", attack.to_json());
                lines
            });
            ndjson(lines)
        }
        ("attacks", Method::POST) => match body.trim().parse::<Attack>() {
            Ok(attack) if org.options().live.is_some() => {
                org.ask_attack(attack);
                json_response(StatusCode::ACCEPTED, &json!({"attack": attack.name()}))
            }
            Ok(_) => ApiError::parameter("attack", "the organisation is not live").response(),
            Err(error) => ApiError::parameter("attack", &error.to_string()).response(),
        },
        ("append", Method::POST) => append(org, body),
        ("tokens", Method::POST) => tokens(org, body),
        ("faults", Method::GET) => {
            json_response(StatusCode::OK, &serde_json::to_value(org.faults()).unwrap_or_default())
        }
        ("faults", Method::PUT) => match serde_json::from_str::<Faults>(body) {
            Ok(faults) => {
                org.set_faults(faults);
                json_response(StatusCode::OK, &json!({"set": true}))
            }
            Err(error) => ApiError::parameter("faults", &error.to_string()).response(),
        },
        ("clients", Method::POST) => client(org, body),
        ("hooks", Method::POST) => hook(org, body),
        ("live", Method::PUT) => match body.trim() {
            "pause" | "go" => {
                org.pause(body.trim() == "pause");
                json_response(StatusCode::OK, &json!({"live": body.trim()}))
            }
            _ => ApiError::parameter("live", "neither pause nor go").response(),
        },
        (
            "state" | "truth" | "events" | "attacks" | "append" | "tokens" | "live" | "faults"
            | "clients" | "hooks",
            _,
        ) => ApiError::method().response(),
        (path, _) => ApiError::not_found(path).response(),
    }
}

fn ndjson(lines: String) -> Response<Body> {
    let mut response = Response::new(Body::from(lines.into_bytes()));
    let kind = HeaderValue::from_static("application/x-ndjson");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn state(org: &Org) -> Value {
    let log = org.log();
    let mut state = json!({
        "events": log.end(),
        "kept_from": log.first(),
        "bytes": log.bytes(),
        "digest": format!("{:016x}", log.digest()),
    });
    drop(log);
    let stats = serde_json::to_value(&*org.stats()).unwrap_or_default();
    if let (Value::Object(state), Value::Object(stats)) = (&mut state, stats) {
        state.insert("attacks".to_owned(), json!(org.attacks().len()));
        state.extend(stats);
    }
    state
}

/// The uuids of the events from `start` on, one in a line; the line of an event without is empty.
fn truth(org: &Org, start: u64) -> Response<Body> {
    let log = org.log();
    let start = start.max(log.first());
    let end = log.end().min(start.saturating_add(MOST_EVENTS));
    let mut lines = String::new();
    for position in start..end {
        let line = json!({"position": position, "uuid": log.uuid(position)});
        let _ = writeln!(lines, "{line}");
    }
    ndjson(lines)
}

/// The events from `start` on as they stand, one in a line.
fn events(org: &Org, start: u64) -> Response<Body> {
    let log = org.log();
    let start = start.max(log.first());
    let mut lines = Vec::new();
    for position in start..log.end().min(start.saturating_add(MOST_EVENTS)) {
        if log.copy(position, position + 1, &mut lines).is_err() {
            return ApiError::internal().response();
        }
        lines.push(b'\n');
    }
    let mut response = Response::new(Body::from(lines));
    let kind = HeaderValue::from_static("application/x-ndjson");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn append(org: &Org, body: &str) -> Response<Body> {
    let now = org.now();
    let mut count = 0;
    for line in body.lines().filter(|line| !line.trim().is_empty()) {
        if feed::append_text(org, line, Some(now)).is_err() {
            return ApiError::internal().response();
        }
        count += 1;
    }
    org.has_new_events();
    json_response(StatusCode::OK, &json!({"appended": count, "events": org.log().end()}))
}

/// `{"add": TOKEN, "may_read": true}` or `{"revoke": TOKEN}`.
fn tokens(org: &Org, body: &str) -> Response<Body> {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    let text = |key| value.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let may_read = value.get("may_read").and_then(Value::as_bool).unwrap_or(true);
    match (text("add"), text("revoke")) {
        (Some(token), None) => {
            org.add_token(token, may_read);
            json_response(StatusCode::OK, &json!({"added": true}))
        }
        (None, Some(token)) => {
            json_response(StatusCode::OK, &json!({"revoked": org.revoke_token(token)}))
        }
        _ => ApiError::parameter("token", "neither {\"add\": …} nor {\"revoke\": …}").response(),
    }
}

/// `{"id": CLIENT, "jwk": {…}, "dpop": true}`: a service app that may ask for access tokens.
fn client(org: &Org, body: &str) -> Response<Body> {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    let jwk = value.get("jwk").map(Value::to_string).unwrap_or_default();
    let Some(id) = value.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()) else {
        return ApiError::parameter("id", "missing").response();
    };
    match PublicKey::from_jwk(&jwk) {
        Ok(key) => {
            let dpop = value.get("dpop").and_then(Value::as_bool).unwrap_or(true);
            org.oauth().add(OauthClient { dpop, ..OauthClient::new(id, key) });
            json_response(StatusCode::OK, &json!({"added": id}))
        }
        Err(error) => ApiError::parameter("jwk", &error.to_string()).response(),
    }
}

/// `{"url": URL, "authorization": VALUE, "twice": false}`: whom to tell of events from now on.
fn hook(org: &Org, body: &str) -> Response<Body> {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    let text = |key| value.get(key).and_then(Value::as_str);
    let Some((url, authorization)) = text("url").zip(text("authorization")) else {
        return ApiError::parameter("hook", "url or authorization missing").response();
    };
    let twice = value.get("twice").and_then(Value::as_bool).unwrap_or(false);
    org.add_hook(Hook { twice, ..Hook::new(url, authorization) });
    json_response(StatusCode::OK, &json!({"added": url}))
}
