//! The audit log: who changed what, and when. It is only ever added to.

use ecs::Timestamp;
use rusqlite::{Connection, params};
use serde_json::Value;

use crate::{Database, Error};

pub(crate) const TABLES: &str = "
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    -- AREA.VERB
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    -- JSON
    detail TEXT NOT NULL
);
CREATE INDEX audit_target ON audit (target);
";

/// The most entries that are read at once.
const MOST: usize = 1000;

/// A change, to be noted.
#[derive(Clone, Debug, PartialEq)]
pub struct Audit<'a> {
    /// Who changed it: the name of a caller, or `command line`.
    pub by: &'a str,
    /// What was done, as AREA.VERB, such as `user.create`.
    pub action: &'a str,
    /// What it was done to, by the name that people know it by.
    pub target: &'a str,
    /// What else there is to know, such as what it was before; never a secret.
    pub detail: Value,
}

/// A change that was noted.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    /// Its number; later entries have higher ones.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What was done, as AREA.VERB.
    pub action: String,
    /// What it was done to.
    pub target: String,
    /// What else there is to know.
    pub detail: Value,
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only those before the one with this number: the next page.
    pub before: Option<i64>,
    /// Only those of this caller.
    pub by: Option<String>,
    /// Only those whose action is this, or begins with this and a dot.
    pub action: Option<String>,
    /// Only those about this.
    pub target: Option<String>,
    /// Only those at this time or later.
    pub since: Option<Timestamp>,
    /// Only those before this time.
    pub until: Option<Timestamp>,
    /// At most so many; never more than 1000.
    pub limit: usize,
}

/// Notes a change, in the transaction that makes it.
pub(crate) fn append(db: &Connection, now: Timestamp, audit: &Audit<'_>) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO audit (at, by, action, target, detail) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        now.0,
        audit.by,
        audit.action,
        audit.target,
        audit.detail.to_string()
    ])?;
    Ok(())
}

impl Database {
    /// Notes a change that was made elsewhere.
    ///
    /// # Errors
    ///
    /// When the database cannot be written.
    pub fn append_audit(&self, now: Timestamp, audit: &Audit<'_>) -> Result<(), Error> {
        Ok(append(&self.db, now, audit)?)
    }

    /// The changes that `filter` lets through, latest first.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>, Error> {
        let mut statement = self.db.prepare_cached(
            "SELECT id, at, by, action, target, detail FROM audit
             WHERE (?1 IS NULL OR id < ?1) AND (?2 IS NULL OR by = ?2)
                 AND (?3 IS NULL OR action = ?3 OR substr(action, 1, length(?3) + 1) = ?3 || '.')
                 AND (?4 IS NULL OR target = ?4)
                 AND (?5 IS NULL OR at >= ?5) AND (?6 IS NULL OR at < ?6)
             ORDER BY id DESC LIMIT ?7",
        )?;
        let milliseconds = |time: Option<Timestamp>| time.map(|time| time.0);
        let rows = statement.query_map(
            params![
                filter.before,
                filter.by,
                filter.action,
                filter.target,
                milliseconds(filter.since),
                milliseconds(filter.until),
                filter.limit.min(MOST) as u64,
            ],
            |row| {
                let detail: String = row.get(5)?;
                Ok(AuditEntry {
                    id: row.get(0)?,
                    at: Timestamp(row.get(1)?),
                    by: row.get(2)?,
                    action: row.get(3)?,
                    target: row.get(4)?,
                    detail: serde_json::from_str(&detail).unwrap_or_default(),
                })
            },
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_are_found_by_who_what_and_when() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::create(&folder.path().join("data")).unwrap();
        for (at, by, action, target) in [
            (1, "anna", "user.create", "ben"),
            (2, "anna", "user.role", "ben"),
            (3, "ben", "users.odd", "x"),
            (4, "ben", "rule.disable", "a rule"),
        ] {
            let audit = Audit { by, action, target, detail: json!({"at": at}) };
            database.append_audit(Timestamp(at), &audit).unwrap();
        }
        let all = AuditFilter { limit: 10, ..AuditFilter::default() };
        let times = |filter: &AuditFilter| -> Vec<i64> {
            database.audit(filter).unwrap().iter().map(|entry| entry.at.0).collect()
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(times(&all), [4, 3, 2, 1]);
        assert_eq!(times(&AuditFilter { limit: 1, ..all.clone() }), [4]);
        assert_eq!(times(&AuditFilter { before: Some(3), ..all.clone() }), [2, 1]);
        assert_eq!(times(&AuditFilter { by: some("ben"), ..all.clone() }), [4, 3]);
        assert_eq!(times(&AuditFilter { action: some("user"), ..all.clone() }), [2, 1]);
        assert_eq!(times(&AuditFilter { action: some("user.role"), ..all.clone() }), [2]);
        assert_eq!(times(&AuditFilter { action: some("use_"), ..all.clone() }), [0; 0]);
        assert_eq!(times(&AuditFilter { target: some("ben"), ..all.clone() }), [2, 1]);
        let between =
            AuditFilter { since: Some(Timestamp(2)), until: Some(Timestamp(4)), ..all.clone() };
        assert_eq!(times(&between), [3, 2]);
        let entry = &database.audit(&all).unwrap()[0];
        assert_eq!((entry.by.as_str(), &entry.detail), ("ben", &json!({"at": 4})));
    }
}
