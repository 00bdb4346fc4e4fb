//! `/api/v1/oidc`: signing in through OpenID Connect.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use oidc::{Error, Returned};
use serde::Deserialize;
use store::NotSignedIn;

use super::super::external::NotMapped;
use super::super::{Access, request};
use super::access;
use crate::answer::Problem;
use crate::app::App;

/// Where signing in begins, and where browsers come back to.
pub(super) const START: &str = "/api/v1/oidc/start";

/// The cookie that a browser keeps while somebody signs in elsewhere. It comes back from there, so
/// it can't be kept from requests that other sites begin.
const KEPT: &str = "wardgate_oidc";
const KEPT_SECURE: &str = "__Host-wardgate_oidc";
const KEPT_SECONDS: u32 = 600;

#[derive(Deserialize)]
pub(crate) struct Start {
    #[serde(default)]
    return_to: String,
}

/// `GET /api/v1/oidc/start`: sends the browser to the provider.
pub(crate) async fn start(
    State(app): State<Arc<App>>,
    start: Result<Query<Start>, QueryRejection>,
) -> Result<Response, Problem> {
    let access = access(&app)?;
    let Some(external) = &access.oidc else {
        let detail = "signing in through OpenID Connect is off, see [oidc] in the configuration";
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    };
    let return_to = start.map(|Query(start)| start.return_to).unwrap_or_default();
    let now = access.clock.now().0 / 1000;
    match external.provider.begin(&return_to, now).await {
        Ok(begun) => {
            let cookie = access.kept_cookie(&begun.kept);
            Ok(redirect(&begun.location, [cookie]))
        }
        Err(error) => {
            tracing::error!(%error, "sign-in through OpenID Connect cannot begin");
            Ok(redirect("/sign-in?error=oidc-failed", []))
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Answer {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// `GET /api/v1/oidc/callback`: somebody comes back from the provider.
pub(crate) async fn callback(
    State(app): State<Arc<App>>,
    answer: Result<Query<Answer>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let access = access(&app)?;
    let (head, _) = request.into_parts();
    let returned = answer.map(|Query(answer)| {
        let Answer { code, state, iss, error } = answer;
        Returned { code, state, iss, error }
    });
    // What cannot be read was sent by nobody who signs in.
    let returned = returned.unwrap_or_default();
    let kept = request::cookie(&head.headers, access.kept_name()).unwrap_or_default();
    let gone = access.kept_cookie("");
    match sign_in(access, &returned, kept).await {
        Ok((user, return_to)) => {
            let (_, cookie) = access.begin(user, "OpenID Connect", &head).await?;
            Ok(redirect(&return_to, [cookie, gone]))
        }
        Err(Failed::Known(code)) => Ok(redirect(&format!("/sign-in?error={code}"), [gone])),
        Err(Failed::Problem(problem)) => Err(*problem),
    }
}

enum Failed {
    /// What the page for signing in is told.
    Known(&'static str),
    Problem(Box<Problem>),
}

/// The account of somebody who comes back, and where they wanted to go.
async fn sign_in(
    access: &Arc<Access>,
    returned: &Returned,
    kept: &str,
) -> Result<(i64, String), Failed> {
    let external = access.oidc.as_ref().ok_or(Failed::Known("oidc-failed"))?;
    let now = access.clock.now();
    let identity = external.provider.finish(returned, kept, now.0 / 1000).await;
    let identity = identity.map_err(|error| {
        tracing::warn!(%error, "sign-in through OpenID Connect refused");
        Failed::Known(match error {
            Error::NotBegun => "oidc-expired",
            Error::Refused(_) => "oidc-refused",
            _ => "oidc-failed",
        })
    })?;
    let (name, role) = external.map(&identity.claims).map_err(|why| {
        let subject = identity.subject.as_str();
        tracing::warn!(subject, ?why, "nothing here is for this subject, see [oidc]");
        Failed::Known(match why {
            NotMapped::Role => "oidc-refused",
            NotMapped::Name => "oidc-bad-name",
        })
    })?;
    let (issuer, subject) = (identity.issuer, identity.subject);
    let user = access.write(move |db| {
        let external = store::External { issuer: &issuer, subject: &subject, name: &name, role };
        db.external_user(now, &external)
    });
    let user = user.await.map_err(|problem| Failed::Problem(Box::new(problem)))?;
    let user = user.map_err(|why| {
        Failed::Known(match why {
            NotSignedIn::Disabled => "disabled",
            NotSignedIn::NameTaken => "oidc-name-taken",
        })
    })?;
    Ok((user.id, identity.return_to))
}

impl Access {
    fn kept_name(&self) -> &'static str {
        if self.settings.is_secure() { KEPT_SECURE } else { KEPT }
    }

    fn kept_cookie(&self, kept: &str) -> HeaderValue {
        let secure = if self.settings.is_secure() { "; Secure" } else { "" };
        let seconds = if kept.is_empty() { 0 } else { KEPT_SECONDS };
        let name = self.kept_name();
        let cookie =
            format!("{name}={kept}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
        HeaderValue::try_from(cookie).unwrap_or(HeaderValue::from_static(""))
    }
}

fn redirect<const COUNT: usize>(location: &str, cookies: [HeaderValue; COUNT]) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let location = HeaderValue::try_from(location).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, location);
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
