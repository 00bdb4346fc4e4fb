//! Reading a body: bounded in size and time, with its compression taken off.

use std::io::Read;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use flate2::read::MultiGzDecoder;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use super::room::Share;
use crate::answer::Problem;
use crate::limits::Limits;

/// The most that is reserved because a header says that it will come.
const RESERVED: usize = 1 << 20;

/// How long, and for how many bytes, it is listened to a client that is going to be refused: one
/// that is still sending would not hear the answer.
const PATIENCE: (Duration, usize) = (Duration::from_secs(1), 64 << 20);

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
}

impl Coding {
    /// What `Content-Encoding` says (RFC 9110, section 8.4).
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut coding = Self::Identity;
        for value in headers.get_all(header::CONTENT_ENCODING) {
            for name in value.as_bytes().split(|byte| *byte == b',') {
                let name = name.trim_ascii().to_ascii_lowercase();
                match (name.as_slice(), coding) {
                    (b"" | b"identity", _) => {}
                    (b"gzip" | b"x-gzip", Self::Identity) => coding = Self::Gzip,
                    _ => {
                        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
                        let problem =
                            Problem::new(status, "expected no other content encoding than gzip");
                        return Err(problem.with(header::ACCEPT_ENCODING, "gzip"));
                    }
                }
            }
        }
        Ok(coding)
    }
}

/// Reads a body as it is sent.
pub(super) async fn receive(
    body: &mut Body,
    headers: &HeaderMap,
    share: &mut Share,
    limits: &Limits,
) -> Result<Vec<u8>, Problem> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let announced: usize = announced.and_then(|length| length.parse().ok()).unwrap_or_default();
    if announced > limits.sent_body {
        return Err(too_large(limits.sent_body));
    }
    let mut bytes = Vec::with_capacity(announced.min(RESERVED));
    let end = Instant::now() + limits.body_time;
    loop {
        let soon = end.min(Instant::now() + limits.idle_time);
        let frame = match timeout_at(soon, body.frame()).await {
            Err(_) => {
                let detail = "the body came too slowly";
                return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail)
                    .with(header::CONNECTION, "close"));
            }
            Ok(None) => return Ok(bytes),
            Ok(Some(Err(_))) => {
                return Err(Problem::new(StatusCode::BAD_REQUEST, "the body broke off"));
            }
            Ok(Some(Ok(frame))) => frame,
        };
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > limits.sent_body {
            return Err(too_large(limits.sent_body));
        }
        share.take(data.len())?;
        bytes.extend_from_slice(&data);
    }
}

/// Takes off the compression.
pub(super) fn decode(
    bytes: Vec<u8>,
    coding: Coding,
    share: &mut Share,
    limits: &Limits,
) -> Result<Vec<u8>, Problem> {
    if coding == Coding::Identity {
        if bytes.len() > limits.body {
            return Err(too_large(limits.body));
        }
        return Ok(bytes);
    }
    let mut plain = Vec::with_capacity(bytes.len().saturating_mul(4).min(RESERVED));
    let mut decoder = MultiGzDecoder::new(bytes.as_slice());
    let mut part = [0; 32 << 10];
    loop {
        let count = match decoder.read(&mut part) {
            Ok(0) => return Ok(plain),
            Ok(count) => count,
            Err(_) => {
                return Err(Problem::new(StatusCode::BAD_REQUEST, "the body is no valid gzip"));
            }
        };
        if plain.len() + count > limits.body {
            return Err(too_large(limits.body));
        }
        share.take(count)?;
        plain.extend_from_slice(part.get(..count).unwrap_or_default());
    }
}

/// Takes what a client still sends, for a while, and forgets it.
pub(super) async fn discard(body: &mut Body, headers: &HeaderMap) {
    if headers.contains_key(header::EXPECT) {
        // Nothing comes until it is asked for.
        return;
    }
    let (time, most) = PATIENCE;
    let end = Instant::now() + time;
    let mut count = 0;
    while count < most
        && let Ok(Some(Ok(frame))) = timeout_at(end, body.frame()).await
    {
        count += frame.data_ref().map_or(0, |data| data.len());
    }
}

fn too_large(limit: usize) -> Problem {
    let detail = format!("expected a body of at most {limit} bytes, send the events in several");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_are_read() {
        let coding = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_ENCODING, value.parse().unwrap());
            Coding::of(&headers).map_err(|problem| problem.status().as_u16())
        };
        assert_eq!(Coding::of(&HeaderMap::new()), Ok(Coding::Identity));
        assert_eq!(coding("identity"), Ok(Coding::Identity));
        assert_eq!(coding("GZip"), Ok(Coding::Gzip));
        assert_eq!(coding("identity, x-gzip"), Ok(Coding::Gzip));
        assert_eq!(coding("br"), Err(415));
        assert_eq!(coding("gzip, gzip"), Err(415));
    }
}
