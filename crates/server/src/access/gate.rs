//! The gate: every request goes through it before it comes to a handler.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Caller, Need, table};
use crate::answer::Problem;
use crate::app::App;

/// Lets a request through to its handler if its caller shows what the table says is needed.
pub(crate) async fn gate(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match admit(&app, request) {
        Ok(request) => next.run(request).await,
        Err(refusal) => *refusal,
    }
}

fn admit(_app: &App, mut request: Request) -> Result<Request, Box<Response>> {
    let refuse = |problem: Problem| Box::new(problem.into_response());
    let Some(path) = request.extensions().get::<MatchedPath>() else {
        // Nothing is there: the fallback says so.
        return Ok(request);
    };
    let Some(need) = table::need(request.method(), path.as_str()) else {
        return Err(Box::new(not_in_table(path.as_str())));
    };
    let needed = match need {
        Need::Anyone | Need::IntakeKey => return Ok(request),
        Need::Role(role) | Need::Person(role) => role,
    };
    let caller: Option<Caller> = None;
    let caller = caller.ok_or_else(|| refuse(Problem::signed_out()))?;
    if caller.role < needed {
        return Err(refuse(Problem::forbidden(needed)));
    }
    request.extensions_mut().insert(caller);
    Ok(request)
}

/// The method is not in the table; or nothing of the route is, which is a mistake of the program.
fn not_in_table(path: &str) -> Response {
    let allowed = table::allowed(path);
    if allowed.is_empty() {
        tracing::error!(path, "a route is missing from the table of access, and refused");
        return Problem::new(StatusCode::FORBIDDEN, "nobody may do this").into_response();
    }
    let detail = "expected another method, see the header Allow";
    let mut response = Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail).into_response();
    if let Ok(allowed) = HeaderValue::try_from(allowed) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}
