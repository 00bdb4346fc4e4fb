//! The handlers of sign-in, setup, users and tokens.

pub(crate) mod oidc;
pub(crate) mod session;
pub(crate) mod setup;
pub(crate) mod tokens;
pub(crate) mod users;

use std::fmt::Display;
use std::sync::Arc;

use axum::http::StatusCode;

use super::passwords::Busy;
use super::{Access, BadName, Weak, check_name, check_password};
use crate::answer::Problem;
use crate::app::App;

/// The accounts, if this server has any.
fn access(app: &App) -> Result<&Arc<Access>, Problem> {
    app.access.as_ref().ok_or_else(|| {
        let detail = "this server has no accounts";
        Problem::new(StatusCode::NOT_FOUND, detail)
    })
}

/// Something that should not fail has failed: the log says what.
pub(super) fn failed(error: &dyn Display) -> Problem {
    tracing::error!(%error, "a request cannot be done");
    let detail = "this cannot be done just now, see the log";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
}

fn unprocessable(code: &'static str, detail: String) -> Problem {
    Problem::coded(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
}

/// Checks the name and the password of a new account.
fn check_new(name: &str, password: &str) -> Result<(), Problem> {
    check_name(name).map_err(|bad: BadName| unprocessable("bad-name", bad.to_string()))?;
    check_new_password(password, name)
}

fn check_new_password(password: &str, name: &str) -> Result<(), Problem> {
    check_password(password, name)
        .map_err(|weak: Weak| unprocessable("weak-password", weak.to_string()))
}

/// Too many passwords are being checked.
fn busy(_: Busy) -> Problem {
    throttled(1)
}

fn throttled(seconds: u64) -> Problem {
    let seconds = u16::try_from(seconds.max(1)).unwrap_or(u16::MAX);
    let detail = format!("too many tries, wait {seconds} s");
    Problem::later(StatusCode::TOO_MANY_REQUESTS, seconds, detail).code("throttled")
}

fn wrong_credentials(status: StatusCode) -> Problem {
    Problem::coded(status, "wrong-credentials", "no user has this name and password")
}
