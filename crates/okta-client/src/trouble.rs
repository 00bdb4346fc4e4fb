//! Why a request came to nothing.

use std::error::Error;
use std::time::Duration;

use serde::Deserialize;

/// The most of a text from a server that is told on, in characters.
const LONGEST: usize = 200;

/// Why a request came to nothing. Displays as one short line without secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The credential can't be read or used: why.
    #[error("credential: {0}")]
    Credential(String),
    /// No answer came, or not a whole one.
    #[error("{kind}: {detail}")]
    Network {
        /// What went wrong.
        kind: Network,
        /// In more words.
        detail: String,
    },
    /// The rate limit is used up (429).
    #[error("rate limit used up{}", .wait.map(|wait| format!(", wait {wait:.0?}")).unwrap_or_default())]
    RateLimited {
        /// How long Okta says to wait, if it does.
        wait: Option<Duration>,
    },
    /// The System Log API answered with an error.
    #[error("{0}")]
    Api(ApiError),
    /// The token endpoint answered with an error (RFC 6749, section 5.2).
    #[error("token endpoint: {0}")]
    Token(ApiError),
    /// An answer is longer than this many bytes.
    #[error("answer longer than {0} bytes")]
    TooLong(usize),
    /// The answer is no array of events, and there was nothing to go on with.
    #[error("expected a page of events, found {0}")]
    Page(String),
    /// An answer of the polling request without a `next` link.
    #[error("no next link in the answer")]
    NoNextLink,
    /// A `next` link that leads elsewhere: where to, and what is wrong with it.
    #[error("next link refused: {0}")]
    NextLink(String),
}

/// What an endpoint said was wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// `errorCode`, such as `E0000011`, or OAuth's `error`.
    pub code: Option<String>,
    /// `errorSummary`, or OAuth's `error_description`, shortened.
    pub summary: Option<String>,
    /// `x-okta-request-id`, which Okta's support asks for.
    pub request_id: Option<String>,
    /// `location` of a redirect, which is not followed.
    pub location: Option<String>,
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "status {}", self.status)?;
        if let Some(code) = &self.code {
            write!(formatter, " {code}")?;
        }
        if let Some(summary) = &self.summary {
            write!(formatter, ": {summary}")?;
        }
        if let Some(location) = &self.location {
            write!(formatter, ": redirect to {location}")?;
        }
        if let Some(id) = &self.request_id {
            write!(formatter, " (request {id})")?;
        }
        Ok(())
    }
}

/// The error bodies of Okta's API and of OAuth, in one.
#[derive(Default, Deserialize)]
struct Body {
    #[serde(rename = "errorCode")]
    code: Option<String>,
    #[serde(rename = "errorSummary")]
    summary: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

impl ApiError {
    /// Reads what an answer with an error status says.
    pub(crate) fn read(status: u16, headers: &reqwest::header::HeaderMap, body: &[u8]) -> Self {
        let parsed: Body = serde_json::from_slice(body).unwrap_or_default();
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(tidy);
        Self {
            status,
            code: parsed.code.or(parsed.error).as_deref().map(tidy),
            summary: parsed.summary.or(parsed.error_description).as_deref().map(tidy),
            request_id: header("x-okta-request-id"),
            location: header("location"),
        }
    }

    /// Whether `code` is the error's.
    #[must_use]
    pub fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}

/// A text from outside, fit for one line.
pub(crate) fn tidy(text: &str) -> String {
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    clean.take(LONGEST).collect::<String>().trim().to_owned()
}

/// What goes wrong below HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Network {
    /// The name has no address.
    #[error("name not resolved")]
    Dns,
    /// Nobody answers there.
    #[error("no connection")]
    Connect,
    /// The certificate is not trusted, or there is no TLS there.
    #[error("TLS failure")]
    Tls,
    /// It took too long.
    #[error("timeout")]
    Timeout,
    /// The connection broke, or the answer ended before its end.
    #[error("connection broken")]
    Broken,
}

impl Trouble {
    pub(crate) fn of(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let (mut tls, mut last) = (false, error.to_string());
        let mut source: Option<&(dyn Error + 'static)> = error.source();
        while let Some(cause) = source {
            last = cause.to_string();
            tls |= cause.is::<rustls::Error>();
            // An I/O error says what it holds, and not that it has a cause.
            let inner = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
            tls |= inner.is_some_and(|inner| inner.is::<rustls::Error>());
            source = match inner {
                Some(inner) => Some(inner),
                None => cause.source(),
            };
        }
        let kind = if error.is_dns() {
            Network::Dns
        } else if tls {
            Network::Tls
        } else if error.is_timeout() {
            Network::Timeout
        } else if error.is_connect() {
            Network::Connect
        } else {
            Network::Broken
        };
        Self::Network { kind, detail: tidy(&last) }
    }

    pub(crate) fn timeout(after: Duration) -> Self {
        Self::Network { kind: Network::Timeout, detail: format!("no whole answer in {after:.0?}") }
    }

    /// The status that the API answered with, if it did.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Api(error) | Self::Token(error) => Some(error.status),
            Self::RateLimited { .. } => Some(429),
            _ => None,
        }
    }

    /// Whether it may pass with another credential, and not without one.
    #[must_use]
    pub fn is_credential(&self) -> bool {
        match self {
            Self::Credential(_) => true,
            Self::Api(error) => matches!(error.status, 401 | 403),
            Self::Token(error) => matches!(error.status, 400..=403),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderMap, HeaderValue};

    #[test]
    fn errors_of_okta_and_of_oauth_are_told_in_one_line() {
        let mut headers = HeaderMap::new();
        headers.insert("x-okta-request-id", HeaderValue::from_static("abc"));
        let okta = br#"{"errorCode":"E0000011","errorSummary":"Invalid token\nprovided","errorCauses":[]}"#;
        let oauth = br#"{"error":"invalid_client","error_description":"who?"}"#;
        let cases: [(u16, &[u8], &str); 4] = [
            (401, okta, "status 401 E0000011: Invalid token provided (request abc)"),
            (401, oauth, "status 401 invalid_client: who? (request abc)"),
            (502, b"<html>", "status 502 (request abc)"),
            (500, br#"{"errorCode":7}"#, "status 500 (request abc)"),
        ];
        for (status, body, expected) in cases {
            assert_eq!(ApiError::read(status, &headers, body).to_string(), expected);
        }
        let long = format!(r#"{{"errorSummary":"{}"}}"#, "x".repeat(10_000));
        assert!(ApiError::read(400, &headers, long.as_bytes()).to_string().len() < 300);
    }
}
