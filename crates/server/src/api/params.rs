//! Parameters and bodies of requests: what is not known is refused, not passed over.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use ecs::Timestamp;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use crate::answer::Problem;

/// How long a body may take to come.
const BODY_TIME: Duration = Duration::from_secs(20);

/// The parameters in the query string of a URL.
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => {
                let text = std::error::Error::source(&rejection)
                    .map_or_else(|| rejection.to_string(), ToString::to_string);
                let code = match text.contains("unknown field") {
                    true => "unknown-parameter",
                    false => "invalid-parameter",
                };
                let text = text.replace("unknown field", "unknown parameter");
                Err(Problem::coded(StatusCode::BAD_REQUEST, code, text))
            }
        }
    }
}

/// A part of the path.
pub(crate) struct Segment<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Segment<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(rejection) => {
                // A path that cannot be read leads nowhere.
                let text = rejection.body_text();
                Err(Problem::coded(StatusCode::NOT_FOUND, "not-found", text))
            }
        }
    }
}

/// A body in JSON.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            let detail = "expected a body with Content-Type: application/json";
            let (status, code) = (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type");
            return Err(Problem::coded(status, code, detail));
        }
        let reading = tokio::time::timeout(BODY_TIME, Bytes::from_request(request, state)).await;
        let Ok(read) = reading else {
            let detail = "the body did not come in time";
            return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail));
        };
        let bytes = read.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                let detail = "the body is too large, see limits at /api/v1/meta";
                Problem::coded(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail)
            }
            _ => invalid(StatusCode::BAD_REQUEST, "the body could not be read"),
        })?;
        // A list would be taken for the members in their order.
        if bytes.trim_ascii_start().first().is_some_and(|first| *first != b'{') {
            return Err(unusable("expected a JSON object"));
        }
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            let status = match error.classify() {
                serde_json::error::Category::Data => StatusCode::UNPROCESSABLE_ENTITY,
                _ => StatusCode::BAD_REQUEST,
            };
            invalid(status, error.to_string())
        })
    }
}

fn invalid(status: StatusCode, detail: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::coded(status, "invalid-body", detail)
}

/// What is in a body cannot be used.
pub(crate) fn unusable(detail: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    invalid(StatusCode::UNPROCESSABLE_ENTITY, detail)
}

/// A parameter cannot be used.
pub(crate) fn bad_parameter(detail: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::coded(StatusCode::BAD_REQUEST, "invalid-parameter", detail)
}

/// Nothing has this name.
pub(crate) fn not_found(detail: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::coded(StatusCode::NOT_FOUND, "not-found", detail)
}

/// A number of a parameter that has to be in a range.
pub(crate) fn within(
    name: &str,
    value: Option<usize>,
    range: std::ops::RangeInclusive<usize>,
    default: usize,
) -> Result<usize, Problem> {
    let value = value.unwrap_or(default);
    if range.contains(&value) {
        return Ok(value);
    }
    let (least, most) = (range.start(), range.end());
    Err(bad_parameter(format!("{name}: expected a number from {least} to {most}, found {value}")))
}

/// A time in a parameter: a date, a date and time, or an age such as `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct When(pub(crate) Timestamp);

impl FromStr for When {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected a time such as 2026-09-01, 2026-09-01T08:00:00Z, now, 30m, 12h, \
             7d or 4w ago";
        if text == "now" {
            return Ok(Self(Timestamp::now()));
        }
        if let Some(age) = milliseconds(text) {
            return Ok(Self(Timestamp(Timestamp::now().0.saturating_sub(age))));
        }
        // A plus sign in a URL is a space, unless it is escaped.
        let text = text.replace(' ', "+");
        let day = Timestamp::parse(&format!("{text}T00:00:00Z"));
        let time = day.or_else(|| Timestamp::parse(&text)).ok_or(expected)?;
        // What a date in an index can hold.
        const KNOWN: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;
        if KNOWN.contains(&time.0) { Ok(Self(time)) } else { Err(expected) }
    }
}

/// A length of time in milliseconds: `30s`, `15m`, `1h`, `1d` or `1w`, up to a hundred years.
pub(crate) fn milliseconds(text: &str) -> Option<i64> {
    let digits = text.trim_end_matches(|one: char| !one.is_ascii_digit());
    let number: i64 = digits.parse().ok()?;
    let unit = match text.strip_prefix(digits)? {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 604_800_000,
        _ => return None,
    };
    const MOST: i64 = 3_155_760_000_000;
    number.checked_mul(unit).filter(|length| (1..=MOST).contains(length))
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|expected| D::Error::custom(format!("{expected}, found '{text}'")))
    }
}

/// Several values, with commas between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// More than anybody names.
        const MOST: usize = 100;
        let text = String::deserialize(deserializer)?;
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let values = parts.map(|part| {
            part.parse().map_err(|error| D::Error::custom(format!("{error}, found '{part}'")))
        });
        let values: Vec<T> = values.collect::<Result<_, _>>()?;
        match values.len() {
            0..=MOST => Ok(Self(values)),
            more => {
                Err(D::Error::custom(format!("expected {MOST} values at the most, found {more}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        let when = |text: &str| text.parse::<When>().map(|when| when.0);
        assert_eq!(when("2026-09-01"), Ok(Timestamp(1_788_220_800_000)));
        assert_eq!(when("2026-09-01T00:00:00+00:00"), when("2026-09-01T00:00:00 00:00"));
        let now = Timestamp::now().0;
        let day_ago = when("1d").unwrap().0;
        assert!((now - 86_400_000 - day_ago).abs() < 60_000);
        assert!((when("now").unwrap().0 - now).abs() < 60_000);
        for none in ["", "d", "0d", "-1d", "1y", "yesterday", "99999999999w", "2026-13-01"] {
            assert!(when(none).is_err(), "{none}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_time_or_none(text in ".{0,40}|[0-9]{0,25}[smhdw]?|[0-9:TZ+-]{0,30}") {
            let _ = text.parse::<When>();
            let _ = milliseconds(&text);
        }
    }

    #[test]
    fn lists_have_commas_and_an_end() {
        let list = |text: &str| serde_json::from_value::<List<u8>>(text.into());
        assert_eq!(list("1,2, 3,").unwrap(), List(vec![1, 2, 3]));
        assert_eq!(list("").unwrap(), List(vec![]));
        assert!(list("1,x").is_err());
        assert!(list(&"1,".repeat(101)).is_err());
    }
}
