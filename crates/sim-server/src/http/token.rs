//! Who asks: API tokens, and access tokens and where they come from.

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{
    AUTHORIZATION, CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE,
};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;

use super::body::Body;
use super::error::{ApiError, json_response};
use super::{Connection, base_url, query};
use crate::faults::Place;
use crate::oauth::{Proven, Refusal};
use crate::org::{Caller, Org};

const DPOP: HeaderName = HeaderName::from_static("dpop");
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
const MOST_BYTES: usize = 64 << 10;

/// Tells the nonce that the next proof has to have.
pub(super) fn tell_nonce(org: &Org, headers: &mut HeaderMap) {
    if let Ok(nonce) = HeaderValue::from_str(org.oauth().nonce(org.now() / 1000)) {
        headers.insert(DPOP_NONCE, nonce);
    }
}

fn proofs(headers: &HeaderMap) -> Vec<&str> {
    headers.get_all(DPOP).iter().map(|value| value.to_str().unwrap_or_default()).collect()
}

/// Answers a request for an access token (RFC 6749, sections 4.4 and 5).
pub(super) async fn response(
    connection: &Connection,
    request: Request<Incoming>,
) -> Response<Body> {
    let org = &connection.org;
    if request.method() != Method::POST {
        return ApiError::method().response();
    }
    if let Some(fault) = org.next_fault(Place::Tokens) {
        org.count_fault(fault);
        return ApiError::internal().response();
    }
    let url = format!("{}/oauth2/v1/token", base_url(connection, &request));
    let headers = request.headers().clone();
    let Ok(body) = Limited::new(request.into_body(), MOST_BYTES).collect().await else {
        return ApiError::parameter("body", "too long, or cut off").response();
    };
    let form = query::pairs(&String::from_utf8_lossy(&body.to_bytes()));
    let proofs = proofs(&headers);
    let now = org.now() / 1000;
    let proven = Proven { proofs: &proofs, method: "POST", urls: &[url], now };
    let result = org.oauth().token(&form, proven);
    let mut response = match &result {
        Ok(answer) => json_response(StatusCode::OK, answer),
        Err(Refusal { error, description }) => {
            let status = match *error {
                "invalid_client" => StatusCode::UNAUTHORIZED,
                _ => StatusCode::BAD_REQUEST,
            };
            json_response(status, &json!({"error": error, "error_description": description}))
        }
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !proofs.is_empty() {
        tell_nonce(org, headers);
    }
    response
}

/// Who sends this request, or how it is refused.
pub(super) fn caller(
    connection: &Connection,
    request: &Request<Incoming>,
) -> Result<Caller, Box<Response<Body>>> {
    let org = &connection.org;
    let refused = || Box::new(ApiError::token().response());
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, token) = header.and_then(|it| it.split_once(' ')).ok_or_else(refused)?;
    let (scheme, token) = (scheme.to_ascii_lowercase(), token.trim());
    match scheme.as_str() {
        "ssws" => org.caller_by_token(token).ok_or_else(refused),
        "bearer" | "dpop" => {
            let url = format!("{}{}", base_url(connection, request), request.uri().path());
            let proofs = proofs(request.headers());
            let now = org.now() / 1000;
            let proven = Proven { proofs: &proofs, method: "GET", urls: &[url], now };
            let checked = org.oauth().check(&scheme, token, proven);
            match checked {
                Ok((label, may_read)) => Ok(Caller { label, may_read, is_bound: scheme == "dpop" }),
                Err(refusal) => Err(Box::new(challenge(org, &scheme, refusal))),
            }
        }
        _ => Err(refused()),
    }
}

/// 401 that says what is wrong (RFC 6750, section 3; RFC 9449, section 7.1).
fn challenge(org: &Org, scheme: &str, Refusal { error, description }: Refusal) -> Response<Body> {
    let mut response = ApiError::token().response();
    let is_bearer = scheme == "bearer" && !description.contains("expected DPoP");
    let challenge = match is_bearer {
        true => format!("Bearer error=\"{error}\", error_description=\"{description}\""),
        false => format!(
            "DPoP algs=\"ES256 RS256\", error=\"{error}\", error_description=\"{description}\""
        ),
    };
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    if !is_bearer {
        tell_nonce(org, response.headers_mut());
    }
    response
}
