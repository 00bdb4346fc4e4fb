//! Accounts.

use ecs::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::json;

use super::writing;
use crate::db::audit::{self, Audit};
use crate::{Database, Error, Role};

/// Somebody who may come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The number of the account; never that of another again.
    pub id: i64,
    /// Its name, which is unique whatever the case of its letters.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether there is a password to sign in with.
    pub has_password: bool,
    /// Whether they sign in through OpenID Connect.
    pub is_external: bool,
    /// When the account was made.
    pub created: Timestamp,
    /// Since when nobody can sign in, if so.
    pub disabled: Option<Timestamp>,
    /// When they signed in last.
    pub last_sign_in: Option<Timestamp>,
}

/// An account with the hash of its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The account.
    pub user: User,
    /// The hash of the password, if there is one.
    pub password: Option<String>,
}

/// What is to be changed about an account.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct UserChange {
    /// The role from now on.
    pub role: Option<Role>,
    /// Whether nobody can sign in from now on.
    pub disabled: Option<bool>,
    /// The hash of the password from now on.
    pub password: Option<String>,
}

/// Somebody whom an OpenID Connect provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct External<'a> {
    /// The provider.
    pub issuer: &'a str,
    /// Whom it means, for ever.
    pub subject: &'a str,
    /// What to call them when they come for the first time.
    pub name: &'a str,
    /// What they may do, as the provider says.
    pub role: Role,
}

/// Why nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such account.
    #[error("there is no such user")]
    Unknown,
    /// There is an account of this name.
    #[error("there is a user of this name already, in whatever case")]
    NameTaken,
    /// Nobody could change anything any more.
    #[error("this is the last admin who can sign in: make another one first")]
    LastAdmin,
    /// The role comes from the provider.
    #[error("this user signs in through OpenID Connect: role and password are kept there")]
    External,
}

/// Why somebody whom a provider vouches for is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSignedIn {
    /// The account is disabled.
    #[error("this user is disabled")]
    Disabled,
    /// Another account has the name.
    #[error("another user has this name")]
    NameTaken,
}

/// The columns that [`user`] reads.
pub(super) const COLUMNS: &str = "users.id, users.name, users.role, users.password IS NOT NULL,
    users.issuer IS NOT NULL, users.created, users.disabled, users.last_sign_in";

/// Reads a row that begins with [`COLUMNS`].
pub(super) fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(0)?,
        name: row.get(1)?,
        role: row.get(2)?,
        has_password: row.get(3)?,
        is_external: row.get(4)?,
        created: Timestamp(row.get(5)?),
        disabled: row.get::<_, Option<i64>>(6)?.map(Timestamp),
        last_sign_in: row.get::<_, Option<i64>>(7)?.map(Timestamp),
    })
}

pub(super) fn find(db: &Connection, id: i64) -> rusqlite::Result<Option<User>> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE id = ?1"))?
        .query_row([id], user)
        .optional()
}

/// Makes an account; `None` if the name is taken.
pub(super) fn insert(
    db: &Connection,
    now: Timestamp,
    name: &str,
    role: Role,
    password: Option<&str>,
) -> rusqlite::Result<Option<i64>> {
    let inserted = db
        .prepare_cached(
            "INSERT INTO users (name, role, password, created) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name) DO NOTHING",
        )?
        .execute(params![name, role, password, now.0])?;
    Ok((inserted > 0).then(|| db.last_insert_rowid()))
}

impl Database {
    /// Whether there is any account.
    ///
    /// # Errors
    ///
    /// When the database cannot be used; so with all below.
    pub fn has_users(&self) -> Result<bool, Error> {
        let mut statement = self.db.prepare_cached("SELECT EXISTS (SELECT 1 FROM users)")?;
        Ok(statement.query_row([], |row| row.get(0))?)
    }

    /// All accounts, by name.
    pub fn users(&self) -> Result<Vec<User>, Error> {
        let mut statement = self
            .db
            .prepare_cached(&format!("SELECT {COLUMNS} FROM users ORDER BY name COLLATE NOCASE"))?;
        let rows = statement.query_map([], user)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The account of this number.
    pub fn user(&self, id: i64) -> Result<Option<User>, Error> {
        Ok(find(&self.db, id)?)
    }

    /// The account of this name, with the hash of its password.
    pub fn account(&self, name: &str) -> Result<Option<Account>, Error> {
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {COLUMNS}, users.password FROM users WHERE name = ?1"
        ))?;
        let account = statement
            .query_row([name], |row| Ok(Account { user: user(row)?, password: row.get(8)? }))
            .optional()?;
        Ok(account)
    }

    /// Makes an account that signs in with a password, and gives its number.
    pub fn add_user(
        &self,
        now: Timestamp,
        by: &str,
        name: &str,
        role: Role,
        password: &str,
    ) -> Result<Result<i64, Refused>, Error> {
        let db = writing(&self.db)?;
        let Some(id) = insert(&db, now, name, role, Some(password))? else {
            return Ok(Err(Refused::NameTaken));
        };
        let detail = json!({"role": role});
        audit::append(&db, now, &Audit { by, action: "user.create", target: name, detail })?;
        db.commit()?;
        Ok(Ok(id))
    }

    /// Changes an account. Its sessions end, since they were begun with what it was before, unless
    /// it is merely let in again.
    pub fn change_user(
        &self,
        now: Timestamp,
        by: &str,
        id: i64,
        change: &UserChange,
    ) -> Result<Result<User, Refused>, Error> {
        let db = writing(&self.db)?;
        let Some(before) = find(&db, id)? else { return Ok(Err(Refused::Unknown)) };
        if before.is_external && (change.role.is_some() || change.password.is_some()) {
            return Ok(Err(Refused::External));
        }
        let note = |action, detail| {
            audit::append(&db, now, &Audit { by, action, target: &before.name, detail })
        };
        let mut end_sessions = false;
        if let Some(role) = change.role.filter(|role| *role != before.role) {
            db.execute("UPDATE users SET role = ?2 WHERE id = ?1", params![id, role])?;
            note("user.role", json!({"from": before.role, "to": role}))?;
            end_sessions = true;
        }
        if let Some(disabled) =
            change.disabled.filter(|disabled| *disabled != before.disabled.is_some())
        {
            let since = disabled.then_some(now.0);
            db.execute("UPDATE users SET disabled = ?2 WHERE id = ?1", params![id, since])?;
            note(if disabled { "user.disable" } else { "user.enable" }, json!({}))?;
            end_sessions |= disabled;
        }
        if let Some(password) = &change.password {
            db.execute("UPDATE users SET password = ?2 WHERE id = ?1", params![id, password])?;
            note("user.password", json!({}))?;
            end_sessions = true;
        }
        let was_admin = before.role == Role::Admin && before.disabled.is_none();
        let has_admin: bool = db.query_row(
            "SELECT EXISTS (SELECT 1 FROM users WHERE role = 'admin' AND disabled IS NULL)",
            [],
            |row| row.get(0),
        )?;
        if was_admin && !has_admin {
            // Nothing is committed.
            return Ok(Err(Refused::LastAdmin));
        }
        if end_sessions {
            db.execute("DELETE FROM sessions WHERE user = ?1", [id])?;
        }
        let after = find(&db, id)?;
        db.commit()?;
        Ok(after.ok_or(Refused::Unknown))
    }

    /// The account of somebody whom a provider vouches for: made when they come for the first
    /// time, and with the role that the provider says now.
    pub fn external_user(
        &self,
        now: Timestamp,
        external: &External<'_>,
    ) -> Result<Result<User, NotSignedIn>, Error> {
        let db = writing(&self.db)?;
        let External { issuer, subject, name, role } = *external;
        let known = db
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM users WHERE issuer = ?1 AND subject = ?2"
            ))?
            .query_row([issuer, subject], user)
            .optional()?;
        let by = "OpenID Connect";
        let id = match known {
            Some(User { disabled: Some(_), .. }) => return Ok(Err(NotSignedIn::Disabled)),
            Some(known) if known.role == role => known.id,
            Some(known) => {
                db.execute("UPDATE users SET role = ?2 WHERE id = ?1", params![known.id, role])?;
                db.execute("DELETE FROM sessions WHERE user = ?1", [known.id])?;
                let detail = json!({"from": known.role, "to": role});
                let audit = Audit { by, action: "user.role", target: &known.name, detail };
                audit::append(&db, now, &audit)?;
                known.id
            }
            None => {
                let Some(id) = insert(&db, now, name, role, None)? else {
                    return Ok(Err(NotSignedIn::NameTaken));
                };
                db.execute(
                    "UPDATE users SET issuer = ?2, subject = ?3 WHERE id = ?1",
                    params![id, issuer, subject],
                )?;
                let detail = json!({"role": role, "issuer": issuer, "subject": subject});
                audit::append(
                    &db,
                    now,
                    &Audit { by, action: "user.create", target: name, detail },
                )?;
                id
            }
        };
        let after = find(&db, id)?;
        db.commit()?;
        Ok(after.ok_or(NotSignedIn::Disabled))
    }
}
