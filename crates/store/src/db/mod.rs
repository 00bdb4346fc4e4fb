//! Everything but the indexed events: SQLite.

pub(crate) mod access;
pub(crate) mod alert_changes;
pub(crate) mod alerts;
pub(crate) mod audit;
mod feeds;
mod indicator_import;
pub(crate) mod indicators;
mod journal;
pub(crate) mod searches;
mod state;
pub(crate) mod tuning;

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

pub use access::{
    Account, External, NewSession, NewToken, NotSignedIn, Refused, Session, Token, User, UserChange,
};
pub use alert_changes::{AlertRefused, AlertUpdate, Change, ChangeKind};
pub use alerts::{
    Alert, AlertFilter, AlertGroup, AlertPage, AlertSort, AlertState, Assignee, NewAlert,
    StoredAlert, UnknownAlert, Verdict,
};
pub(crate) use alerts::{
    after as alerts_after, find as find_alert, insert as insert_alert, last as last_alert,
    list as list_alerts, repeats as alert_repeats,
};
pub use audit::{Audit, AuditEntry, AuditFilter};
pub use feeds::FeedState;
pub use indicator_import::{Import, Imported};
pub use indicators::{IndicatorCount, IndicatorFilter, StoredIndicator};
pub use journal::event_id;
pub(crate) use journal::{JournalRow, compress, insert, pack, read, trim};
pub use searches::{NewSearch, SavedSearch};
pub use state::{Cursor, Origin, OriginId, Quarantined};
pub(crate) use state::{
    cursors, forget_quarantined, origin, origins, quarantine, quarantined, set_cursor,
};
pub use tuning::{NewException, RuleSwitch, StoredException};

use crate::Error;

const SCHEMA: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE origins (
    id INTEGER PRIMARY KEY,
    intake TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    organization_name TEXT NOT NULL,
    same_as TEXT NOT NULL,
    UNIQUE (intake, organization_id, organization_name, same_as)
);
CREATE TABLE cursors (
    source TEXT PRIMARY KEY,
    cursor TEXT NOT NULL,
    last_seen INTEGER,
    moved INTEGER NOT NULL
) WITHOUT ROWID;
-- Events that are stored, but not yet in the index of their day.
CREATE TABLE journal (
    first INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    origin INTEGER NOT NULL,
    received INTEGER NOT NULL,
    left_out BLOB NOT NULL,
    events BLOB NOT NULL
);
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    intake TEXT NOT NULL,
    received INTEGER NOT NULL,
    reason TEXT NOT NULL,
    digest BLOB NOT NULL,
    bytes BLOB NOT NULL,
    UNIQUE (intake, digest)
);
CREATE TABLE alerts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    -- The alert that this one repeats.
    head INTEGER REFERENCES alerts (seq),
    rule TEXT NOT NULL,
    rule_name TEXT NOT NULL,
    severity TEXT NOT NULL,
    entity TEXT NOT NULL,
    time INTEGER NOT NULL,
    created INTEGER NOT NULL,
    title TEXT NOT NULL,
    user TEXT,
    address TEXT,
    place TEXT,
    -- Ids of ATT&CK techniques, each between spaces.
    techniques TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'new',
    verdict TEXT,
    assignee TEXT,
    -- Goes up with every change that people make.
    version INTEGER NOT NULL DEFAULT 0,
    comments INTEGER NOT NULL DEFAULT 0,
    -- Of a head: how often it happened, and when last.
    count INTEGER NOT NULL DEFAULT 1,
    last_time INTEGER NOT NULL,
    document BLOB NOT NULL
);
CREATE INDEX alerts_heads ON alerts (rule, entity, seq) WHERE head IS NULL;
CREATE INDEX alerts_time ON alerts (time);
CREATE INDEX alerts_last ON alerts (last_time, seq) WHERE head IS NULL;
CREATE INDEX alerts_user ON alerts (user COLLATE NOCASE) WHERE user IS NOT NULL;
CREATE INDEX alerts_address ON alerts (address) WHERE address IS NOT NULL;
CREATE INDEX alerts_repeats ON alerts (head) WHERE head IS NOT NULL;
CREATE TABLE checkpoints (sink TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE dead_letters (
    sink TEXT NOT NULL,
    alert INTEGER NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (sink, alert)
) WITHOUT ROWID;
CREATE TABLE intake_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    intake TEXT NOT NULL,
    name TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL,
    revoked_ms INTEGER
);
";

/// What a new database begins with.
const TABLES: &[&str] = &[
    SCHEMA,
    alert_changes::TABLES,
    audit::TABLES,
    access::TABLES,
    searches::TABLES,
    tuning::TABLES,
    indicators::TABLES,
];

/// Opens the database to write, and makes its tables if it has none.
pub(crate) fn open(path: &Path) -> Result<Connection, Error> {
    let db = damaged(path, Connection::open(path))?;
    damaged(path, prepare(&db))?;
    let tables: i64 = damaged(
        path,
        db.query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'meta'", [], |row| {
            row.get(0)
        }),
    )?;
    if tables == 0 {
        db.execute_batch(&format!("BEGIN IMMEDIATE; {} COMMIT;", TABLES.concat()))?;
    }
    Ok(db)
}

/// Opens the database beside the process that writes events, for what people change and for
/// reading.
pub(crate) fn open_beside(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = damaged(path, Connection::open_with_flags(path, flags))?;
    damaged(path, prepare(&db))?;
    Ok(db)
}

fn prepare(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(Duration::from_secs(30))?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    // Durable when it says so, also when the power goes.
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    db.pragma_update(None, "journal_size_limit", 64 << 20)?;
    db.pragma_update(None, "trusted_schema", false)?;
    Ok(())
}

/// Names the file when it is damaged.
fn damaged<T>(path: &Path, result: rusqlite::Result<T>) -> Result<T, Error> {
    result.map_err(|error| match Error::from(error) {
        Error::DamagedDatabase(_, reason) => Error::DamagedDatabase(path.to_owned(), reason),
        error => error,
    })
}

/// A number that the store keeps about itself.
pub(crate) fn meta(db: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    db.query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0)).optional()
}

/// Sets a number that the store keeps about itself.
pub(crate) fn set_meta(db: &Connection, name: &str, value: i64) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)")?
        .execute(rusqlite::params![name, value])?;
    Ok(())
}
