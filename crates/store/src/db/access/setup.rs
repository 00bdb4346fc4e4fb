//! The first account, made with a link that can be used once.

use ecs::Timestamp;
use rusqlite::{OptionalExtension, params};
use serde_json::json;

use super::{users, writing};
use crate::db::audit::{self, Audit};
use crate::{Database, Error, Role};

impl Database {
    /// Keeps the digest of a setup link instead of that of any before; `false` if there is an
    /// account already, so that no link is needed.
    ///
    /// # Errors
    ///
    /// When the database cannot be used; so with all below.
    pub fn offer_setup(&self, digest: &[u8; 32], expires: Timestamp) -> Result<bool, Error> {
        let kept = self.db.execute(
            "INSERT OR REPLACE INTO setup (one, digest, expires)
             SELECT 1, ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM users)",
            params![digest, expires.0],
        )?;
        Ok(kept > 0)
    }

    /// Whether a setup link would be taken.
    pub fn setup_is_valid(&self, now: Timestamp, digest: &[u8; 32]) -> Result<bool, Error> {
        let mut statement = self.db.prepare_cached(
            "SELECT 1 FROM setup WHERE digest = ?1 AND expires > ?2
                 AND NOT EXISTS (SELECT 1 FROM users)",
        )?;
        Ok(statement.exists(params![digest, now.0])?)
    }

    /// Makes the first account, an admin, and gives its number; `None` if the link was used, has
    /// expired, or is another.
    pub fn set_up(
        &self,
        now: Timestamp,
        digest: &[u8; 32],
        name: &str,
        password: &str,
    ) -> Result<Option<i64>, Error> {
        let db = writing(&self.db)?;
        let taken = db
            .query_row(
                "DELETE FROM setup WHERE digest = ?1 AND expires > ?2
                     AND NOT EXISTS (SELECT 1 FROM users) RETURNING one",
                params![digest, now.0],
                |row| row.get::<_, i64>(0),
            )
            .optional()?;
        if taken.is_none() {
            return Ok(None);
        }
        let id = users::insert(&db, now, name, Role::Admin, Some(password))?;
        let detail = json!({"role": Role::Admin});
        audit::append(
            &db,
            now,
            &Audit { by: "setup link", action: "user.create", target: name, detail },
        )?;
        db.commit()?;
        Ok(id)
    }
}
