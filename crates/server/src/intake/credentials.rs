//! The intake key of a request, wherever it stands.

use axum::http::{HeaderMap, Uri, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::access::TOKEN_PREFIX;
use crate::access::request::bearer;
use crate::secret::Digest;

/// The header for the key.
const HEADER: &str = "x-sekoiaio-intake-key";

/// The digest of the key in the headers or the query of a request: the header of its own first,
/// then an API token (RFC 6750), then the password of HTTP Basic (RFC 7617), then `intake_key` in
/// the query.
pub(super) fn find(headers: &HeaderMap, uri: &Uri) -> Option<Digest> {
    if let Some(key) = headers.get(HEADER) {
        return Some(Digest::of(key.as_bytes()));
    }
    if let Some(token) = bearer(headers).filter(|token| token.starts_with(TOKEN_PREFIX)) {
        return Some(Digest::of(token.as_bytes()));
    }
    if let Some(key) = headers.get(header::AUTHORIZATION).and_then(|value| basic(value.as_bytes()))
    {
        return Some(key);
    }
    let pairs = uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    let mut keys = pairs.filter(|(name, _)| *name == "intake_key");
    keys.next().map(|(_, value)| Digest::of(&percent_decode(value)))
}

fn basic(value: &[u8]) -> Option<Digest> {
    let (scheme, credentials) = value.split_at_checked("basic ".len())?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    let decoded = BASE64_STANDARD.decode(credentials.trim_ascii()).ok()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    Some(Digest::of(decoded.get(colon + 1..)?))
}

fn percent_decode(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, behind @ ..] = rest {
        rest = behind;
        let escaped = match (byte, behind) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                decoded.push(high << 4 | low);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => decoded.push(*byte),
        }
    }
    decoded
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_found_wherever_it_stands() {
        let basic = |text: &str| format!("Basic {}", BASE64_STANDARD.encode(text));
        type Case<'a> = (&'a [(&'a str, String)], &'a str, Option<&'a str>);
        let cases: &[Case<'_>] = &[
            (&[], "/plain", None),
            (&[("X-SEKOIAIO-INTAKE-KEY", "k1".into())], "/plain", Some("k1")),
            (&[("x-sekoiaio-intake-key", "k1".into())], "/plain?intake_key=k2", Some("k1")),
            (&[("authorization", basic("any:k:3"))], "/plain", Some("k:3")),
            (&[("authorization", basic(":k3").replace("Basic", "bASIC"))], "/plain", Some("k3")),
            (&[("authorization", basic("no colon"))], "/plain", None),
            (&[("authorization", "Bearer k".into())], "/plain?intake_key=k", Some("k")),
            (&[("authorization", "Bearer wgt_k".into())], "/plain?intake_key=k", Some("wgt_k")),
            (&[], "/plain?x=1&intake_key=a%2Fb%zz%4&intake_key=c", Some("a/b%zz%4")),
            (&[], "/plain?intake_key=", Some("")),
            (&[], "/plain?intake_key", None),
        ];
        for (headers, uri, expected) in cases {
            let headers = headers.iter().map(|(name, value)| {
                (name.parse::<header::HeaderName>().unwrap(), value.parse().unwrap())
            });
            let found = find(&headers.collect(), &uri.parse().unwrap());
            assert_eq!(found, expected.map(|key| Digest::of(key.as_bytes())), "{uri}");
        }
    }
}
