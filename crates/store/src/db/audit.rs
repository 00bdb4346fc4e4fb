//! The audit log: everything that was changed, by whom. Rows are only ever added.

use ecs::Timestamp;
use rusqlite::{Connection, params, params_from_iter};
use serde_json::Value;

pub(crate) const TABLES: &str = "
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    by TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT,
    detail TEXT NOT NULL
);
CREATE INDEX audit_at ON audit (at);
";

/// Something that was changed, on its way into the audit log.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAudit {
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub by: String,
    /// What was done, such as `alert.change`.
    pub action: String,
    /// What it was done to.
    pub target: Option<String>,
    /// The particulars, as a JSON object. No secrets.
    pub detail: Value,
}

impl NewAudit {
    /// Something that is done now, without particulars.
    #[must_use]
    pub fn new(by: impl Into<String>, action: impl Into<String>) -> Self {
        Self {
            at: Timestamp::now(),
            by: by.into(),
            action: action.into(),
            target: None,
            detail: Value::Object(serde_json::Map::new()),
        }
    }
}

/// An entry of the audit log.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    /// Its number, ascending.
    pub id: i64,
    /// What it says.
    pub entry: NewAudit,
}

/// Which entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// By this one.
    pub by: Option<String>,
    /// Of actions that begin so.
    pub action: Option<String>,
    /// Done to this.
    pub target: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Only those with a lower number.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: usize,
}

/// Adds an entry.
pub(crate) fn insert(db: &Connection, entry: &NewAudit) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO audit (at, by, action, target, detail) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        entry.at.0,
        entry.by,
        entry.action,
        entry.target,
        entry.detail.to_string()
    ])?;
    Ok(())
}

/// The entries that `filter` lets through, newest first.
pub(crate) fn list(db: &Connection, filter: &AuditFilter) -> rusqlite::Result<Vec<AuditEntry>> {
    use rusqlite::types::Value as Sql;
    let mut sql = "SELECT id, at, by, action, target, detail FROM audit WHERE 1".to_owned();
    let conditions: [(&str, Option<Sql>); 6] = [
        (" AND by = ?", filter.by.clone().map(Sql::from)),
        (" AND substr(action, 1, length(?)) = ?", filter.action.clone().map(Sql::from)),
        (" AND target = ?", filter.target.clone().map(Sql::from)),
        (" AND at >= ?", filter.since.map(|since| since.0.into())),
        (" AND at < ?", filter.until.map(|until| until.0.into())),
        (" AND id < ?", filter.before.map(Sql::from)),
    ];
    let mut values = Vec::new();
    for (condition, value) in conditions {
        let Some(value) = value else { continue };
        values.push(value);
        sql.push_str(&condition.replace('?', &format!("?{}", values.len())));
    }
    sql.push_str(&format!(" ORDER BY id DESC LIMIT {}", filter.limit));
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), |row| {
        let detail: String = row.get(5)?;
        Ok(AuditEntry {
            id: row.get(0)?,
            entry: NewAudit {
                at: Timestamp(row.get(1)?),
                by: row.get(2)?,
                action: row.get(3)?,
                target: row.get(4)?,
                detail: serde_json::from_str(&detail).unwrap_or(Value::Null),
            },
        })
    })?;
    rows.collect()
}
