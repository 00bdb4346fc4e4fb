//! `/api/v1/session`: who is signed in, signing in and out, one's own password.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ecs::Timestamp;
use serde::{Deserialize, Serialize};
use store::UserChange;

use super::super::sessions::SignedIn;
use super::super::{Access, Caller, LONGEST, Role, body, request};
use super::{access, busy, check_new_password, failed, throttled, wrong_credentials};
use crate::answer::{self, Problem};
use crate::app::App;
use crate::secret::Digest;

/// Who is signed in, and how one can sign in.
#[derive(Serialize)]
struct SessionState<'a> {
    user: Option<Me<'a>>,
    csrf: Option<&'a str>,
    setup: bool,
    oidc: Option<Oidc<'a>>,
}

#[derive(Serialize)]
struct Me<'a> {
    id: i64,
    name: &'a str,
    role: Role,
    has_password: bool,
    expires: String,
}

#[derive(Serialize)]
struct Oidc<'a> {
    name: &'a str,
    start: &'static str,
}

/// The answer about a session, with its cookie if it has just begun.
pub(super) fn state(
    access: &Access,
    signed_in: Option<&SignedIn>,
    setup: bool,
    cookie: Option<HeaderValue>,
) -> Response {
    let user = signed_in.map(|SignedIn { user, ends, .. }| Me {
        id: user.id,
        name: &user.name,
        role: user.role,
        has_password: user.has_password,
        expires: ends.to_string(),
    });
    let csrf = signed_in.map(|signed_in| signed_in.csrf.as_str());
    let oidc = access.oidc.as_ref();
    let oidc = oidc.map(|oidc| Oidc { name: oidc.name(), start: super::oidc::START });
    let mut response = answer::json(StatusCode::OK, &SessionState { user, csrf, setup, oidc });
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// `GET /api/v1/session`.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let access = access(&app)?;
    let signed_in = access.signed_in(&headers).await?;
    let setup = match signed_in {
        Some(_) => false,
        None => !access.read(|_, database| database.has_users()).await?,
    };
    Ok(state(access, signed_in.as_ref(), setup, None))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    name: String,
    password: String,
}

/// `POST /api/v1/session`: signs in with a password.
pub(crate) async fn sign_in(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Problem> {
    let access = access(&app)?;
    let (head, body) = request.into_parts();
    let Credentials { name, password } = body::read(&head.headers, body).await?;
    let user = verify(access, &head, name, password, StatusCode::UNAUTHORIZED).await?;
    let (signed_in, cookie) = access.begin(user, "password", &head).await?;
    Ok(state(access, Some(&signed_in), false, Some(cookie)))
}

/// The number of the account with this name and password. The answer, and the time it takes, is
/// the same for a wrong password and for an account that there is not.
async fn verify(
    access: &Arc<Access>,
    head: &Parts,
    name: String,
    password: String,
    refused: StatusCode,
) -> Result<i64, Problem> {
    let now: Timestamp = access.clock.now();
    let address = request::address(&head.extensions, &head.headers, &access.settings);
    let attempt = access.throttle.attempt(now, &name, address);
    attempt.map_err(|wait| {
        tracing::warn!(%address, "sign-in throttled");
        throttled(wait.as_secs() + 1)
    })?;
    let named = name.clone();
    let account = access.read(move |_, database| database.account(&named)).await?;
    let account = account.filter(|account| account.user.disabled.is_none());
    let hash = account.as_ref().and_then(|account| account.password.clone());
    let hash = hash.filter(|_| password.len() <= LONGEST);
    let password = if hash.is_some() { password } else { String::new() };
    let is_right = access.passwords.verify(password, hash).await.map_err(busy)?;
    match account {
        Some(account) if is_right => {
            access.throttle.succeeded(now, &name, address);
            Ok(account.user.id)
        }
        _ => {
            // What was typed as a name may be a password.
            tracing::warn!(%address, "sign-in refused");
            Err(wrong_credentials(refused))
        }
    }
}

/// `DELETE /api/v1/session`: signs out.
pub(crate) async fn sign_out(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let access = access(&app)?;
    if let Some(id) = access.session_id(&headers) {
        let (now, digest) = (access.clock.now(), Digest::of(id.as_bytes()));
        access.write(move |database| database.end_session(now, digest.as_bytes())).await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().append(header::SET_COOKIE, access.cookie(""));
    Ok(response)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    current: String,
    new: String,
}

/// `PUT /api/v1/session/password`: changes one's own password. All sessions end, and another
/// begins here.
pub(crate) async fn change_password(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let access = access(&app)?;
    let (head, body) = request.into_parts();
    let NewPassword { current, new } = body::read(&head.headers, body).await?;
    let name = caller.name.to_string();
    check_new_password(&new, &name)?;
    let user = verify(access, &head, name.clone(), current, StatusCode::FORBIDDEN).await?;
    let password = Some(access.passwords.hash(new).await.map_err(busy)?);
    let now = access.clock.now();
    let change = UserChange { password, ..UserChange::default() };
    let changed = access.write(move |db| db.change_user(now, &name, user, &change)).await?;
    changed.map_err(|refused| failed(&refused))?;
    let (signed_in, cookie) = access.begin(user, "new password", &head).await?;
    Ok(state(access, Some(&signed_in), false, Some(cookie)))
}
