//! API tokens.

use ecs::Timestamp;
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, params};
use serde_json::json;

use super::writing;
use crate::db::audit::{self, Audit};
use crate::{Database, Error, Role, TokenRole};

/// An API token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its number.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// What it lets its holder do.
    pub role: TokenRole,
    /// The account that it belongs to, by number and name; none if it was made on the command
    /// line.
    pub owner: Option<(i64, String)>,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// When it was last used, to the minute.
    pub last_used: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked: Option<Timestamp>,
}

/// A token that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Its SHA-256 digest.
    pub digest: &'a [u8; 32],
    /// What it lets its holder do.
    pub role: &'a TokenRole,
    /// The account that it belongs to.
    pub owner: Option<i64>,
    /// When it ends.
    pub expires: Timestamp,
}

const COLUMNS: &str = "api_tokens.id, api_tokens.name, api_tokens.role, api_tokens.intake,
    api_tokens.user, users.name, api_tokens.created, api_tokens.expires, api_tokens.last_used,
    api_tokens.revoked";

fn token(row: &Row<'_>) -> rusqlite::Result<Token> {
    let role: String = row.get(2)?;
    let role = match role.as_str() {
        "intake" => TokenRole::Intake(row.get(3)?),
        role => TokenRole::Role(role.parse::<Role>().map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(2, Type::Text, Box::new(error))
        })?),
    };
    let owner = row.get::<_, Option<i64>>(4)?;
    Ok(Token {
        id: row.get(0)?,
        name: row.get(1)?,
        role,
        owner: owner.map(|id| Ok::<_, rusqlite::Error>((id, row.get(5)?))).transpose()?,
        created: Timestamp(row.get(6)?),
        expires: Timestamp(row.get(7)?),
        last_used: row.get::<_, Option<i64>>(8)?.map(Timestamp),
        revoked: row.get::<_, Option<i64>>(9)?.map(Timestamp),
    })
}

impl Database {
    /// Makes a token, and gives its number.
    ///
    /// # Errors
    ///
    /// When the database cannot be used; so with all below.
    pub fn add_token(&self, now: Timestamp, by: &str, new: &NewToken<'_>) -> Result<i64, Error> {
        let db = writing(&self.db)?;
        db.execute(
            "INSERT INTO api_tokens (name, digest, role, intake, user, created, expires)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                new.name,
                new.digest,
                new.role.name(),
                new.role.intake(),
                new.owner,
                now.0,
                new.expires.0
            ],
        )?;
        let id = db.last_insert_rowid();
        let expires = new.expires.to_string();
        let (role, intake) = (new.role.name(), new.role.intake());
        let detail = json!({"id": id, "role": role, "intake": intake, "expires": expires});
        audit::append(&db, now, &Audit { by, action: "token.create", target: new.name, detail })?;
        db.commit()?;
        Ok(id)
    }

    /// All tokens, or those of an account, latest first.
    pub fn tokens(&self, owner: Option<i64>) -> Result<Vec<Token>, Error> {
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM api_tokens LEFT JOIN users ON users.id = api_tokens.user
             WHERE ?1 IS NULL OR api_tokens.user = ?1 ORDER BY api_tokens.id DESC"
        ))?;
        let rows = statement.query_map([owner], token)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The token of this digest, if it has not ended and was not revoked, and its owner is not
    /// disabled; with what its owner may do, if it has one.
    pub fn token(
        &self,
        now: Timestamp,
        digest: &[u8; 32],
    ) -> Result<Option<(Token, Option<Role>)>, Error> {
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {COLUMNS}, users.role
             FROM api_tokens LEFT JOIN users ON users.id = api_tokens.user
             WHERE api_tokens.digest = ?1 AND api_tokens.expires > ?2
                 AND api_tokens.revoked IS NULL AND users.disabled IS NULL"
        ))?;
        let found = statement
            .query_row(params![digest, now.0], |row| Ok((token(row)?, row.get(10)?)))
            .optional()?;
        Ok(found)
    }

    /// Notes that a token is used.
    pub fn touch_token(&self, now: Timestamp, id: i64) -> Result<(), Error> {
        self.db
            .prepare_cached("UPDATE api_tokens SET last_used = ?2 WHERE id = ?1")?
            .execute(params![id, now.0])?;
        Ok(())
    }

    /// Revokes a token, or only if it is one of `owner`'s. `false`: there is no such token, or it
    /// is revoked already.
    pub fn revoke_token(
        &self,
        now: Timestamp,
        by: &str,
        id: i64,
        owner: Option<i64>,
    ) -> Result<bool, Error> {
        let db = writing(&self.db)?;
        let name: Option<String> = db
            .query_row(
                "UPDATE api_tokens SET revoked = ?2
                 WHERE id = ?1 AND revoked IS NULL AND (?3 IS NULL OR user = ?3) RETURNING name",
                params![id, now.0, owner],
                |row| row.get(0),
            )
            .optional()?;
        let Some(name) = name else { return Ok(false) };
        let detail = json!({"id": id});
        audit::append(&db, now, &Audit { by, action: "token.revoke", target: &name, detail })?;
        db.commit()?;
        Ok(true)
    }
}
