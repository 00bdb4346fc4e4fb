//! Errors in the form of Okta's API.

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::json;

use super::body::Body;
use crate::org::random_text;

/// What is told instead of an answer. Codes are those of Okta's list of error codes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) summary: String,
    pub(crate) causes: Vec<String>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, summary: &str) -> ApiError {
        ApiError { status, code, summary: summary.to_owned(), causes: Vec::new() }
    }

    /// A parameter `name` that can't be taken, and why.
    pub(crate) fn parameter(name: &str, why: &str) -> ApiError {
        let summary = format!("Api validation failed: {name}");
        let error = ApiError::new(StatusCode::BAD_REQUEST, "E0000001", &summary);
        ApiError { causes: vec![format!("{name}: {why}")], ..error }
    }

    /// A filter that can't be read, and why.
    pub(crate) fn filter(why: &str) -> ApiError {
        let error = ApiError::new(StatusCode::BAD_REQUEST, "E0000031", "Invalid search criteria.");
        ApiError { causes: vec![why.to_owned()], ..error }
    }

    pub(crate) fn too_old() -> ApiError {
        let summary = "The query's since is more than 180 days ago.";
        ApiError::new(StatusCode::BAD_REQUEST, "E0000053", summary)
    }

    pub(crate) fn token() -> ApiError {
        ApiError::new(StatusCode::UNAUTHORIZED, "E0000011", "Invalid token provided")
    }

    pub(crate) fn forbidden() -> ApiError {
        let summary = "You do not have permission to perform the requested action";
        ApiError::new(StatusCode::FORBIDDEN, "E0000006", summary)
    }

    pub(crate) fn not_found(path: &str) -> ApiError {
        let summary = format!("Not found: Resource not found: {path}");
        ApiError::new(StatusCode::NOT_FOUND, "E0000007", &summary)
    }

    pub(crate) fn method() -> ApiError {
        let summary = "The endpoint does not support the provided HTTP method";
        ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "E0000022", summary)
    }

    pub(crate) fn too_many() -> ApiError {
        let summary = "API call exceeded rate limit due to too many requests.";
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, "E0000047", summary)
    }

    pub(crate) fn internal() -> ApiError {
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "E0000009", "Internal Server Error")
    }

    pub(crate) fn response(&self) -> Response<Body> {
        let causes: Vec<_> = self.causes.iter().map(|it| json!({"errorSummary": it})).collect();
        let body = json!({
            "errorCode": self.code,
            "errorSummary": self.summary,
            "errorLink": self.code,
            "errorId": format!("oae{}", random_text(22)),
            "errorCauses": causes,
        });
        json_response(self.status, &body)
    }
}

/// A response of a JSON document.
pub(crate) fn json_response(status: StatusCode, body: &serde_json::Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string().into_bytes()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
