//! `POST /api/v1/setup`: the first account, with the link that was printed at the start.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::super::{body, request};
use super::session::state;
use super::{access, busy, check_new, throttled};
use crate::answer::Problem;
use crate::app::App;
use crate::secret::Digest;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setup {
    token: String,
    name: String,
    password: String,
}

/// Makes the first account, an admin, and signs them in.
pub(crate) async fn set_up(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Problem> {
    let access = access(&app)?;
    let (head, body) = request.into_parts();
    let Setup { token, name, password } = body::read(&head.headers, body).await?;
    let now = access.clock.now();
    let address = request::address(&head.extensions, &head.headers, &access.settings);
    // No account has this name.
    let attempt = access.throttle.attempt(now, "setup link", address);
    attempt.map_err(|wait| throttled(wait.as_secs() + 1))?;
    let digest = Digest::of(token.as_bytes());
    // Nothing is said about names and passwords, and nothing is hashed, for who has no link.
    let valid = access.read(move |_, db| db.setup_is_valid(now, digest.as_bytes())).await?;
    if !valid {
        return Err(void());
    }
    access.throttle.succeeded(now, "setup link", address);
    check_new(&name, &password)?;
    let password = access.passwords.hash(password).await.map_err(busy)?;
    let made = access.write(move |db| db.set_up(now, digest.as_bytes(), &name, &password)).await?;
    let user = made.ok_or_else(void)?;
    let (signed_in, cookie) = access.begin(user, "setup link", &head).await?;
    Ok(state(access, Some(&signed_in), false, Some(cookie)))
}

fn void() -> Problem {
    let detail = "this setup link was used, has expired or is another: start wardgate again for a \
         new one, or use wardgate user add";
    Problem::coded(StatusCode::FORBIDDEN, "setup-void", detail)
}
