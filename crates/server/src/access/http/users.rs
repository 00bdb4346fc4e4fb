//! `/api/v1/users`: accounts.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use store::{Refused, Role, User, UserChange};

use super::super::{Caller, body};
use super::{access, busy, check_new, check_new_password};
use crate::answer::{self, Problem};
use crate::app::App;

#[derive(Serialize)]
struct UserDocument {
    id: i64,
    name: String,
    role: Role,
    disabled: bool,
    has_password: bool,
    oidc: bool,
    created: String,
    last_sign_in: Option<String>,
}

impl From<User> for UserDocument {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            name: user.name,
            role: user.role,
            disabled: user.disabled.is_some(),
            has_password: user.has_password,
            oidc: user.is_external,
            created: user.created.to_string(),
            last_sign_in: user.last_sign_in.map(|time| time.to_string()),
        }
    }
}

fn refused(refused: Refused) -> Problem {
    let (status, code) = match refused {
        Refused::Unknown => (StatusCode::NOT_FOUND, "unknown"),
        Refused::NameTaken => (StatusCode::CONFLICT, "name-taken"),
        Refused::LastAdmin => (StatusCode::CONFLICT, "last-admin"),
        Refused::External => (StatusCode::CONFLICT, "external"),
    };
    Problem::coded(status, code, refused.to_string())
}

/// `GET /api/v1/users`.
pub(crate) async fn list(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    #[derive(Serialize)]
    struct Users {
        users: Vec<UserDocument>,
    }
    let users = access(&app)?.read(|_, database| database.users()).await?;
    let users = users.into_iter().map(UserDocument::from).collect();
    Ok(answer::json(StatusCode::OK, &Users { users }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewUser {
    name: String,
    role: Role,
    password: String,
}

/// `POST /api/v1/users`.
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let access = access(&app)?;
    let (head, body) = request.into_parts();
    let NewUser { name, role, password } = body::read(&head.headers, body).await?;
    check_new(&name, &password)?;
    let hash = access.passwords.hash(password).await.map_err(busy)?;
    let now = access.clock.now();
    let made = access
        .write(move |db| match db.add_user(now, &caller.name, &name, role, &hash)? {
            Ok(id) => Ok(db.user(id)?.ok_or(Refused::Unknown)),
            Err(refused) => Ok(Err(refused)),
        })
        .await?;
    let user = made.map_err(refused)?;
    Ok(answer::json(StatusCode::CREATED, &UserDocument::from(user)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    role: Option<Role>,
    disabled: Option<bool>,
    password: Option<String>,
}

/// `PATCH /api/v1/users/{id}`.
pub(crate) async fn change(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let access = access(&app)?;
    let (head, body) = request.into_parts();
    let Change { role, disabled, password } = body::read(&head.headers, body).await?;
    let id: i64 = id.parse().map_err(|_| refused(Refused::Unknown))?;
    let user = access.read(move |_, database| database.user(id)).await?;
    let user = user.ok_or_else(|| refused(Refused::Unknown))?;
    let password = match password {
        Some(password) => {
            check_new_password(&password, &user.name)?;
            Some(access.passwords.hash(password).await.map_err(busy)?)
        }
        None => None,
    };
    let change = UserChange { role, disabled, password };
    let now = access.clock.now();
    let changed = access.write(move |db| db.change_user(now, &caller.name, id, &change)).await?;
    Ok(answer::json(StatusCode::OK, &UserDocument::from(changed.map_err(refused)?)))
}
