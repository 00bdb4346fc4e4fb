//! Answers: JSON, and problems as RFC 9457 has them.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Why a request was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: Cow<'static, str>,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, detail: detail.into(), header: None }
    }

    /// The same for every request without a valid key, whatever is wrong with it.
    pub(crate) fn unauthorized() -> Self {
        let mut problem = Self::new(StatusCode::UNAUTHORIZED, "expected a valid intake key");
        let scheme = HeaderValue::from_static("Basic realm=\"intake\", charset=\"UTF-8\"");
        problem.header = Some((header::WWW_AUTHENTICATE, scheme));
        problem
    }

    /// Nothing was taken, but may be when the request comes again after so many seconds.
    pub(crate) fn later(
        status: StatusCode,
        seconds: u16,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let mut problem = Self::new(status, detail);
        problem.header = Some((header::RETRY_AFTER, HeaderValue::from(seconds)));
        problem
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.header = Some((name, HeaderValue::from_static(value)));
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Document<'a> {
            r#type: &'static str,
            title: &'static str,
            status: u16,
            detail: &'a str,
        }
        let document = Document {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
        };
        let mut response = json(self.status, &document);
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// An answer in JSON.
pub(crate) fn json(status: StatusCode, document: &impl Serialize) -> Response {
    // Of strings and numbers only, which can all be written.
    let body = serde_json::to_vec(document).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// What every answer carries: it is read by programs, kept by nobody, and shown in no frame.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// Adds the headers that every answer carries.
pub(crate) fn secure(response: &mut Response) {
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, value);
    }
}
