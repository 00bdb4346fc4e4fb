//! The gate: every request goes through it before it comes to a handler.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::sessions::Shown;
use super::{Access, Need, Role, request, secrets, table, watched};
use crate::answer::Problem;
use crate::app::App;

/// The header with which a page shows that it can read what the server answers.
const CSRF_HEADER: &str = "x-csrf-token";

/// Lets a request through to its handler if its caller shows what the table says is needed.
pub(crate) async fn gate(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let Some(path) = request.extensions().get::<MatchedPath>() else {
        // Nothing is there: the fallback says so.
        return next.run(request).await;
    };
    let Some(need) = table::need(request.method(), path.as_str()) else {
        return not_in_table(path.as_str());
    };
    let is_api = path.as_str().starts_with("/api/");
    if need == Need::IntakeKey || (need == Need::Anyone && !is_api) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    if let Err(problem) = admit(app.access.as_ref(), need, &mut parts).await {
        return problem.into_response();
    }
    let (Need::Role(role) | Need::Person(role), Some(access)) = (need, &app.access) else {
        return next.run(Request::from_parts(parts, body)).await;
    };
    let shown = parts.clone();
    let response = next.run(Request::from_parts(parts, body)).await;
    watched::watch(access, &shown, role, response)
}

async fn admit(access: Option<&Arc<Access>>, need: Need, parts: &mut Parts) -> Result<(), Problem> {
    let Some(access) = access else {
        // Nobody has an account here.
        return if need == Need::Anyone { Ok(()) } else { Err(Problem::signed_out()) };
    };
    let shown = access.identify(parts, true).await?;
    if !request::is_safe(&parts.method) {
        is_meant(access, &shown, parts)?;
    }
    let needed = match need {
        Need::Anyone | Need::IntakeKey => None,
        Need::Role(role) | Need::Person(role) => Some(role),
    };
    let caller = match shown {
        Shown::Session { caller } => caller,
        Shown::Token { .. } if matches!(need, Need::Person(_)) => return Err(no_person()),
        Shown::Token { caller } => caller,
        Shown::IntakeToken if needed.is_some() => {
            return Err(Problem::forbidden(needed.unwrap_or(Role::Viewer)));
        }
        Shown::Nobody if needed.is_some() => return Err(Problem::signed_out()),
        Shown::IntakeToken | Shown::Nobody => return Ok(()),
    };
    if let Some(needed) = needed.filter(|needed| caller.role < *needed) {
        return Err(Problem::forbidden(needed));
    }
    parts.extensions.insert(caller);
    Ok(())
}

/// Whether what changes something is meant by whom it comes from. Only browsers send along what
/// somebody else made them send, and they say where that came from.
fn is_meant(access: &Access, shown: &Shown, parts: &Parts) -> Result<(), Problem> {
    if matches!(shown, Shown::Token { .. } | Shown::IntakeToken) {
        return Ok(());
    }
    if request::is_cross_site(parts, &access.settings) {
        let detail = "this came from a page of another site; behind a proxy, set server.public_url";
        return Err(Problem::coded(StatusCode::FORBIDDEN, "cross-site", detail));
    }
    let (Shown::Session { .. }, Some(id)) = (shown, access.session_id(&parts.headers)) else {
        return Ok(());
    };
    let sent = parts.headers.get(CSRF_HEADER);
    if !sent.is_some_and(|sent| secrets::is_csrf_token(id, sent.as_bytes())) {
        let detail = "expected the header X-CSRF-Token with the csrf of GET /api/v1/session";
        return Err(Problem::coded(StatusCode::FORBIDDEN, "csrf", detail));
    }
    Ok(())
}

fn no_person() -> Problem {
    let detail = "this needs somebody who has signed in, an API token is not enough";
    Problem::coded(StatusCode::FORBIDDEN, "forbidden", detail)
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
