//! Answers: JSON, and problems as RFC 9457 has them.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::access::Role;

/// Why a request was not done: a problem document (RFC 9457). Its member `code` is a word for
/// programs, where the status alone does not tell them what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: Option<&'static str>,
    detail: Cow<'static, str>,
    members: Box<serde_json::Map<String, serde_json::Value>>,
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        let members = Box::default();
        Self { status, code: None, detail: detail.into(), members, header: None }
    }

    /// A problem that programs tell from others of its status by `code`.
    pub(crate) fn coded(
        status: StatusCode,
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { code: Some(code), ..Self::new(status, detail) }
    }

    /// Sets the word that programs tell it from others by.
    pub(crate) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// Adds a member of the document, for programs.
    pub(crate) fn member(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// The same for everybody who has not shown who they are, whatever they have shown.
    pub(crate) fn signed_out() -> Self {
        let detail = "expected a session or an API token: sign in";
        let problem = Self::coded(StatusCode::UNAUTHORIZED, "signed-out", detail);
        problem.with(header::WWW_AUTHENTICATE, "Bearer realm=\"wardgate\"")
    }

    /// Somebody known may not do this.
    pub(crate) fn forbidden(needed: Role) -> Self {
        let detail = format!("expected at least the role {needed}");
        Self::coded(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// The same for every request without a valid key, whatever is wrong with it.
    pub(crate) fn unauthorized() -> Self {
        let mut problem = Self::new(StatusCode::UNAUTHORIZED, "expected a valid intake key");
        let scheme = HeaderValue::from_static("Basic realm=\"intake\", charset=\"UTF-8\"");
        problem.header = Some(Box::new((header::WWW_AUTHENTICATE, scheme)));
        problem
    }

    /// Nothing was taken, but may be when the request comes again after so many seconds.
    pub(crate) fn later(
        status: StatusCode,
        seconds: u16,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let mut problem = Self::new(status, detail);
        problem.header = Some(Box::new((header::RETRY_AFTER, HeaderValue::from(seconds))));
        problem
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// What was expected, and what to do.
    pub(crate) fn detail(&self) -> String {
        self.detail.to_string()
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.header = Some(Box::new((name, HeaderValue::from_static(value))));
        self
    }
}

/// A problem as it is written.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(flatten)]
    members: &'a serde_json::Map<String, serde_json::Value>,
}

impl Problem {
    /// As it is written.
    pub(crate) fn document(&self) -> Document<'_> {
        Document {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            members: &self.members,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = json(self.status, &self.document());
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if let Some(header) = self.header {
            let (name, value) = *header;
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

/// What every answer carries that does not say otherwise: it is read by programs, and kept by
/// nobody.
const UNLESS_SAID: [(HeaderName, HeaderValue); 2] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
];

/// What every answer carries: it is what it says it is, shown in no frame, used by no other site,
/// and needs none of the devices that a browser has.
const ALWAYS: [(HeaderName, HeaderValue); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
];

/// Browsers come by TLS from now on, for a year.
const ONLY_TLS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Adds the headers that every answer carries, and what is said to those who come by TLS.
pub(crate) fn secure(response: &mut Response, is_tls: bool) {
    if is_tls {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, ONLY_TLS);
    }
    for (name, value) in UNLESS_SAID {
        response.headers_mut().entry(name).or_insert(value);
    }
    for (name, value) in ALWAYS {
        response.headers_mut().insert(name, value);
    }
}
