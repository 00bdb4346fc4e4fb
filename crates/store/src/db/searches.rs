//! Saved searches.

use ecs::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

pub(crate) const TABLES: &str = "
CREATE TABLE searches (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    kind TEXT NOT NULL,
    query TEXT NOT NULL,
    params TEXT NOT NULL,
    by TEXT NOT NULL,
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL
);
";

/// What is to be saved of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSearch {
    /// What it is called; no two are called the same.
    pub name: String,
    /// What is searched: `events` or `alerts`.
    pub kind: String,
    /// The query.
    pub query: String,
    /// What else belongs to it, as a JSON object.
    pub params: String,
}

/// A saved search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedSearch {
    /// Its number.
    pub id: i64,
    /// What was saved.
    pub search: NewSearch,
    /// Who saved it.
    pub by: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed last.
    pub changed: Timestamp,
}

const COLUMNS: &str = "id, name, kind, query, params, by, created, changed";

fn read(row: &Row<'_>) -> rusqlite::Result<SavedSearch> {
    Ok(SavedSearch {
        id: row.get(0)?,
        search: NewSearch {
            name: row.get(1)?,
            kind: row.get(2)?,
            query: row.get(3)?,
            params: row.get(4)?,
        },
        by: row.get(5)?,
        created: Timestamp(row.get(6)?),
        changed: Timestamp(row.get(7)?),
    })
}

/// All of them, by name.
pub(crate) fn list(db: &Connection) -> rusqlite::Result<Vec<SavedSearch>> {
    let sql = format!("SELECT {COLUMNS} FROM searches ORDER BY name");
    let mut statement = db.prepare_cached(&sql)?;
    statement.query_map([], read)?.collect()
}

/// The one with this number.
pub(crate) fn one(db: &Connection, id: i64) -> rusqlite::Result<Option<SavedSearch>> {
    let sql = format!("SELECT {COLUMNS} FROM searches WHERE id = ?1");
    db.prepare_cached(&sql)?.query_row([id], read).optional()
}

/// Whether another one than `id` has this name.
pub(crate) fn is_taken(db: &Connection, name: &str, id: Option<i64>) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT 1 FROM searches WHERE name = ?1 AND id IS NOT ?2")?
        .exists(params![name, id])
}

/// Saves one, and gives its number.
pub(crate) fn insert(
    db: &Connection,
    search: &NewSearch,
    by: &str,
    at: Timestamp,
) -> rusqlite::Result<i64> {
    db.prepare_cached(
        "INSERT INTO searches (name, kind, query, params, by, created, changed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
    )?
    .execute(params![search.name, search.kind, search.query, search.params, by, at.0])?;
    Ok(db.last_insert_rowid())
}

/// Changes one. Gives whether there is one.
pub(crate) fn update(
    db: &Connection,
    id: i64,
    search: &NewSearch,
    at: Timestamp,
) -> rusqlite::Result<bool> {
    let changed = db.execute(
        "UPDATE searches SET name = ?2, kind = ?3, query = ?4, params = ?5, changed = ?6
         WHERE id = ?1",
        params![id, search.name, search.kind, search.query, search.params, at.0],
    )?;
    Ok(changed > 0)
}

/// Deletes one. Gives whether there was one.
pub(crate) fn delete(db: &Connection, id: i64) -> rusqlite::Result<bool> {
    Ok(db.execute("DELETE FROM searches WHERE id = ?1", [id])? > 0)
}
