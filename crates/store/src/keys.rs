//! The keys of HTTP intakes. What is kept of a key is its SHA-256 digest.

use std::path::Path;

use ecs::Timestamp;
use rusqlite::params;

use crate::{Database, Error, Folder, db};

/// A key of an intake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntakeKey {
    /// Its number.
    pub id: i64,
    /// The intake that it lets push.
    pub intake: String,
    /// What it is called.
    pub name: String,
    /// The SHA-256 digest of the key.
    pub digest: [u8; 32],
    /// When it was made.
    pub created: Timestamp,
    /// When it was revoked, if it was.
    pub revoked: Option<Timestamp>,
}

impl Database {
    /// Opens the database of the data folder at `root`, which is made if there is none: a key can
    /// be made before anything is collected.
    ///
    /// # Errors
    ///
    /// When it cannot be made or opened.
    pub fn create(root: &Path) -> Result<Self, Error> {
        let folder = Folder::create(root)?;
        Ok(Self { db: db::open(&folder.database())? })
    }

    /// All keys, revoked ones included, oldest first.
    ///
    /// # Errors
    ///
    /// When the database cannot be read; so with all below.
    pub fn intake_keys(&self) -> Result<Vec<IntakeKey>, Error> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, intake, name, digest, created_ms, revoked_ms FROM intake_keys ORDER BY id",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(IntakeKey {
                id: row.get(0)?,
                intake: row.get(1)?,
                name: row.get(2)?,
                digest: row.get(3)?,
                created: Timestamp(row.get(4)?),
                revoked: row.get::<_, Option<i64>>(5)?.map(Timestamp),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Keeps a key, and gives its number.
    pub fn add_intake_key(
        &self,
        intake: &str,
        name: &str,
        digest: &[u8; 32],
    ) -> Result<i64, Error> {
        self.db.execute(
            "INSERT INTO intake_keys (intake, name, digest, created_ms) VALUES (?1, ?2, ?3, ?4)",
            params![intake, name, digest, Timestamp::now().0],
        )?;
        Ok(self.db.last_insert_rowid())
    }

    /// Revokes a key. `false`: there is no such key, or it is revoked already.
    pub fn revoke_intake_key(&self, id: i64) -> Result<bool, Error> {
        let changed = self.db.execute(
            "UPDATE intake_keys SET revoked_ms = ?2 WHERE id = ?1 AND revoked_ms IS NULL",
            params![id, Timestamp::now().0],
        )?;
        Ok(changed > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_seen_by_other_connections_and_stay_when_revoked() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("data");
        assert!(Database::open(&root).is_err(), "there is no folder yet");
        let one = Database::create(&root).unwrap();
        let other = Database::open(&root).unwrap();
        assert_eq!(other.intake_keys().unwrap(), []);
        let first = one.add_intake_key("a", "first", &[1; 32]).unwrap();
        let second = Database::create(&root).unwrap().add_intake_key("a", "", &[2; 32]).unwrap();
        assert!(one.add_intake_key("b", "", &[1; 32]).is_err(), "a key has one intake");
        assert!(one.revoke_intake_key(first).unwrap());
        assert!(!one.revoke_intake_key(first).unwrap(), "once");
        assert!(!one.revoke_intake_key(99).unwrap());
        let keys = other.intake_keys().unwrap();
        let seen: Vec<_> =
            keys.iter().map(|key| (key.id, key.digest, key.revoked.is_some())).collect();
        assert_eq!(seen, [(first, [1; 32], true), (second, [2; 32], false)]);
        assert_eq!((keys[0].intake.as_str(), keys[0].name.as_str()), ("a", "first"));
    }
}
