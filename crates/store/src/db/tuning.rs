//! What people change about rules while they run: on and off, and exceptions.

use ecs::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

pub(crate) const TABLES: &str = "
CREATE TABLE rule_switches (
    -- The rule's id, in lower case.
    rule TEXT PRIMARY KEY,
    enabled INTEGER NOT NULL,
    by TEXT NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT
) WITHOUT ROWID;
CREATE TABLE exceptions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    rule TEXT NOT NULL,
    field TEXT NOT NULL,
    -- A JSON array.
    patterns TEXT NOT NULL,
    reason TEXT NOT NULL,
    expires INTEGER NOT NULL,
    by TEXT NOT NULL,
    created INTEGER NOT NULL
);
";

/// A rule that is on or off whatever the configuration says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSwitch {
    /// The rule's id, in lower case.
    pub rule: String,
    /// Whether it is on.
    pub enabled: bool,
    /// Who said so.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Option<String>,
}

/// What is to be excepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewException {
    /// The id of the rule; `*` for every rule.
    pub rule: String,
    /// The field.
    pub field: String,
    /// The values of the field, one of which an event has to have.
    pub values: Vec<String>,
    /// Why.
    pub reason: String,
    /// When it ends.
    pub expires: Timestamp,
}

/// An exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredException {
    /// Its number.
    pub id: i64,
    /// What is excepted.
    pub exception: NewException,
    /// Who said so.
    pub by: String,
    /// When.
    pub created: Timestamp,
}

/// All switches.
pub(crate) fn switches(db: &Connection) -> rusqlite::Result<Vec<RuleSwitch>> {
    let mut statement =
        db.prepare_cached("SELECT rule, enabled, by, at, reason FROM rule_switches")?;
    let rows = statement.query_map([], |row| {
        Ok(RuleSwitch {
            rule: row.get(0)?,
            enabled: row.get(1)?,
            by: row.get(2)?,
            at: Timestamp(row.get(3)?),
            reason: row.get(4)?,
        })
    })?;
    rows.collect()
}

/// Switches a rule.
pub(crate) fn switch(db: &Connection, switch: &RuleSwitch) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO rule_switches (rule, enabled, by, at, reason)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![switch.rule, switch.enabled, switch.by, switch.at.0, switch.reason])?;
    Ok(())
}

/// Leaves a rule to the configuration.
pub(crate) fn unswitch(db: &Connection, rule: &str) -> rusqlite::Result<()> {
    db.execute("DELETE FROM rule_switches WHERE rule = ?1", [rule])?;
    Ok(())
}

const COLUMNS: &str = "id, rule, field, patterns, reason, expires, by, created";

fn read(row: &Row<'_>) -> rusqlite::Result<StoredException> {
    let values: String = row.get(3)?;
    Ok(StoredException {
        id: row.get(0)?,
        exception: NewException {
            rule: row.get(1)?,
            field: row.get(2)?,
            values: serde_json::from_str(&values).unwrap_or_default(),
            reason: row.get(4)?,
            expires: Timestamp(row.get(5)?),
        },
        by: row.get(6)?,
        created: Timestamp(row.get(7)?),
    })
}

/// All exceptions, oldest first.
pub(crate) fn exceptions(db: &Connection) -> rusqlite::Result<Vec<StoredException>> {
    let mut statement =
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM exceptions ORDER BY id"))?;
    statement.query_map([], read)?.collect()
}

/// Adds an exception, and gives its number.
pub(crate) fn add_exception(
    db: &Connection,
    exception: &NewException,
    by: &str,
    at: Timestamp,
) -> rusqlite::Result<i64> {
    let values = serde_json::to_string(&exception.values).unwrap_or_default();
    db.prepare_cached(
        "INSERT INTO exceptions (rule, field, patterns, reason, expires, by, created)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        exception.rule,
        exception.field,
        values,
        exception.reason,
        exception.expires.0,
        by,
        at.0
    ])?;
    Ok(db.last_insert_rowid())
}

/// Takes an exception away, and gives it.
pub(crate) fn delete_exception(
    db: &Connection,
    id: i64,
) -> rusqlite::Result<Option<StoredException>> {
    let sql = format!("DELETE FROM exceptions WHERE id = ?1 RETURNING {COLUMNS}");
    db.prepare_cached(&sql)?.query_row([id], read).optional()
}
