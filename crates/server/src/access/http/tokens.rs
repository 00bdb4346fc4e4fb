//! `/api/v1/tokens`: API tokens.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use store::{NewToken, Role, Token, TokenRole};

use super::super::{Caller, body, later, secrets};
use super::{access, failed, unprocessable};
use crate::answer::{self, Problem};
use crate::app::App;

/// For how many days a token is valid unless it is said, and at most.
const DAYS: u32 = 90;
const MOST_DAYS: u32 = 366;

#[derive(Serialize)]
struct TokenDocument {
    id: i64,
    name: String,
    role: &'static str,
    intake: Option<String>,
    owner: Option<String>,
    created: String,
    expires: String,
    last_used: Option<String>,
    revoked: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl From<Token> for TokenDocument {
    fn from(token: Token) -> Self {
        Self {
            id: token.id,
            name: token.name,
            role: token.role.name(),
            intake: token.role.intake().map(str::to_owned),
            owner: token.owner.map(|(_, name)| name),
            created: token.created.to_string(),
            expires: token.expires.to_string(),
            last_used: token.last_used.map(|time| time.to_string()),
            revoked: token.revoked.map(|time| time.to_string()),
            secret: None,
        }
    }
}

/// Whose tokens a caller sees and revokes: only their own, unless they are an admin.
fn owner(caller: &Caller) -> Option<i64> {
    if caller.role == Role::Admin {
        return None;
    }
    // A token of the command line has no owner, and sees none.
    Some(caller.user().unwrap_or(-1))
}

/// `GET /api/v1/tokens`.
pub(crate) async fn list(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Problem> {
    #[derive(Serialize)]
    struct Tokens {
        tokens: Vec<TokenDocument>,
    }
    let owner = owner(&caller);
    let tokens = access(&app)?.read(move |_, database| database.tokens(owner)).await?;
    let tokens = tokens.into_iter().map(TokenDocument::from).collect();
    Ok(answer::json(StatusCode::OK, &Tokens { tokens }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
    role: String,
    intake: Option<String>,
    expires_in_days: Option<u32>,
}

impl Wanted {
    /// What the token is to let its holder do, if the caller may give that.
    fn role(&self, caller: &Caller) -> Result<TokenRole, Problem> {
        let bad = |detail: &str| unprocessable("bad-role", detail.to_owned());
        let (role, needed) = match (self.role.as_str(), &self.intake) {
            ("intake", Some(intake)) => (TokenRole::Intake(intake.clone()), Role::Admin),
            ("intake", None) => return Err(bad("expected an intake for a token of role intake")),
            (_, Some(_)) => return Err(bad("expected no intake unless the role is intake")),
            (name, None) => {
                let role: Role = name
                    .parse()
                    .map_err(|_| bad("expected the role viewer, analyst, admin or intake"))?;
                (TokenRole::Role(role), role)
            }
        };
        if caller.role < needed {
            return Err(Problem::forbidden(needed));
        }
        Ok(role)
    }
}

/// `POST /api/v1/tokens`: makes a token, which is shown this once.
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let access = access(&app)?;
    let (head, body) = request.into_parts();
    let wanted: Wanted = body::read(&head.headers, body).await?;
    let role = wanted.role(&caller)?;
    check_token_name(&wanted.name)?;
    if let Some(intake) = role.intake()
        && app.keys.origin(intake).is_none()
    {
        let detail = format!("there is no http intake \"{intake}\", see the configuration");
        return Err(unprocessable("unknown-intake", detail));
    }
    let days = wanted.expires_in_days.unwrap_or(DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        let detail = format!("expected expires_in_days from 1 to {MOST_DAYS}");
        return Err(unprocessable("bad-expiry", detail));
    }
    let now = access.clock.now();
    let expires = later(now, Duration::from_secs(u64::from(days) * 86_400));
    let (secret, digest) = secrets::make_token().map_err(|error| failed(&error))?;
    let owner = caller.user();
    let name = wanted.name;
    let made = access
        .write(move |db| {
            let digest = digest.as_bytes();
            let new = NewToken { name: &name, digest, role: &role, owner, expires };
            let id = db.add_token(now, &caller.name, &new)?;
            Ok(db.tokens(owner)?.into_iter().find(|token| token.id == id))
        })
        .await?;
    let made = made.ok_or_else(|| failed(&"the token is gone"))?;
    let document = TokenDocument { secret: Some(secret), ..TokenDocument::from(made) };
    Ok(answer::json(StatusCode::CREATED, &document))
}

fn check_token_name(name: &str) -> Result<(), Problem> {
    if !name.trim().is_empty() && name.chars().count() <= 100 && !name.chars().any(is_hidden) {
        return Ok(());
    }
    let detail = "expected a name of at most 100 characters, none of them control characters";
    Err(unprocessable("bad-name", detail.to_owned()))
}

/// Characters that make a name look like another.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(character, '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// `DELETE /api/v1/tokens/{id}`: revokes a token.
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    caller: Caller,
) -> Result<Response, Problem> {
    let access = access(&app)?;
    let unknown = || {
        let detail = "there is no such token, or it is revoked already";
        Problem::coded(StatusCode::NOT_FOUND, "unknown", detail)
    };
    let id: i64 = id.parse().map_err(|_| unknown())?;
    let (now, owner) = (access.clock.now(), owner(&caller));
    let revoked = access.write(move |db| db.revoke_token(now, &caller.name, id, owner)).await?;
    if revoked { Ok(StatusCode::NO_CONTENT.into_response()) } else { Err(unknown()) }
}
