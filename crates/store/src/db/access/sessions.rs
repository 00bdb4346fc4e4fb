//! Sessions of those who have signed in.

use ecs::Timestamp;
use rusqlite::{OptionalExtension, params};
use serde_json::json;

use super::{users, writing};
use crate::db::audit::{self, Audit};
use crate::{Database, Error, User};

/// An account has at most so many sessions; the one that was not used for the longest goes first.
const MOST: u64 = 50;

/// A session that is to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewSession<'a> {
    /// The account.
    pub user: i64,
    /// The SHA-256 digest of its id.
    pub digest: &'a [u8; 32],
    /// When it ends at the latest.
    pub ends: Timestamp,
    /// The session that it takes the place of, if the browser has one.
    pub instead_of: Option<&'a [u8; 32]>,
    /// How the account was shown to be theirs, for the audit log.
    pub how: &'a str,
    /// Where it began, for the audit log.
    pub address: &'a str,
}

/// A session that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whose it is.
    pub user: User,
    /// When it was last used, to the minute.
    pub seen: Timestamp,
    /// When it ends at the latest.
    pub ends: Timestamp,
}

impl Database {
    /// Begins a session; `false` if the account is gone or disabled.
    ///
    /// # Errors
    ///
    /// When the database cannot be used; so with all below.
    pub fn begin_session(&self, now: Timestamp, new: &NewSession<'_>) -> Result<bool, Error> {
        let db = writing(&self.db)?;
        let user = users::find(&db, new.user)?.filter(|user| user.disabled.is_none());
        let Some(user) = user else { return Ok(false) };
        db.execute("DELETE FROM sessions WHERE ends <= ?1", [now.0])?;
        if let Some(digest) = new.instead_of {
            db.execute("DELETE FROM sessions WHERE digest = ?1", [digest])?;
        }
        db.execute(
            "DELETE FROM sessions WHERE digest IN (
                 SELECT digest FROM sessions WHERE user = ?1 ORDER BY seen DESC LIMIT -1 OFFSET ?2)",
            params![user.id, MOST - 1],
        )?;
        db.execute(
            "INSERT INTO sessions (digest, user, created, seen, ends) VALUES (?1, ?2, ?3, ?3, ?4)",
            params![new.digest, user.id, now.0, new.ends.0],
        )?;
        db.execute("UPDATE users SET last_sign_in = ?2 WHERE id = ?1", params![user.id, now.0])?;
        let detail = json!({"how": new.how, "address": new.address});
        let (by, target) = (user.name.as_str(), user.name.as_str());
        audit::append(&db, now, &Audit { by, action: "session.create", target, detail })?;
        db.commit()?;
        Ok(true)
    }

    /// The session whose id has this digest, if it has not ended, was used after `idle_since`, and
    /// its account is not disabled.
    pub fn session(
        &self,
        now: Timestamp,
        idle_since: Timestamp,
        digest: &[u8; 32],
    ) -> Result<Option<Session>, Error> {
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {}, sessions.seen, sessions.ends
             FROM sessions JOIN users ON users.id = sessions.user
             WHERE sessions.digest = ?1 AND sessions.ends > ?2 AND sessions.seen > ?3
                 AND users.disabled IS NULL",
            users::COLUMNS
        ))?;
        let session = statement
            .query_row(params![digest, now.0, idle_since.0], |row| {
                Ok(Session {
                    user: users::user(row)?,
                    seen: Timestamp(row.get(8)?),
                    ends: Timestamp(row.get(9)?),
                })
            })
            .optional()?;
        Ok(session)
    }

    /// Notes that a session is used.
    pub fn touch_session(&self, now: Timestamp, digest: &[u8; 32]) -> Result<(), Error> {
        self.db
            .prepare_cached("UPDATE sessions SET seen = max(seen, ?2) WHERE digest = ?1")?
            .execute(params![digest, now.0])?;
        Ok(())
    }

    /// Ends a session, if it has not ended.
    pub fn end_session(&self, now: Timestamp, digest: &[u8; 32]) -> Result<(), Error> {
        let db = writing(&self.db)?;
        let name: Option<String> = db
            .query_row(
                "DELETE FROM sessions WHERE digest = ?1
                 RETURNING (SELECT name FROM users WHERE users.id = sessions.user)",
                [digest],
                |row| row.get(0),
            )
            .optional()?;
        if let Some(name) = name {
            let audit =
                Audit { by: &name, action: "session.end", target: &name, detail: json!({}) };
            audit::append(&db, now, &audit)?;
        }
        db.commit()?;
        Ok(())
    }
}
