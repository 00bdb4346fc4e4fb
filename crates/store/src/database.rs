//! What stands beside the events, for everybody but the writer: alerts, cursors, quarantine,
//! checkpoints of sinks.

use std::path::Path;

use ecs::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::Error;
use crate::db::{
    self, Alert, AlertFilter, Cursor, NewAlert, Origin, OriginId, Quarantined, StoredAlert,
    UnknownAlert,
};
use crate::folder::Folder;

/// A connection to the database of a data folder. Any number of them, in any processes.
#[derive(Debug)]
pub struct Database {
    pub(crate) db: Connection,
}

impl Database {
    /// Opens the database of the data folder at `root`.
    ///
    /// # Errors
    ///
    /// When there is none, it is damaged, or was written by a newer version.
    pub fn open(root: &Path) -> Result<Self, Error> {
        let folder = Folder::open(root)?;
        Ok(Self { db: db::open_beside(&folder.database())? })
    }

    /// How far each source has been read.
    ///
    /// # Errors
    ///
    /// When the database cannot be read; so with all below.
    pub fn cursors(&self) -> Result<Vec<Cursor>, Error> {
        Ok(db::cursors(&self.db)?)
    }

    /// Where events come from, by the number that stands with each event.
    pub fn origins(&self) -> Result<Vec<(OriginId, Origin)>, Error> {
        Ok(db::origins(&self.db)?)
    }

    /// What is in quarantine behind the number `after`.
    pub fn quarantined(&self, after: i64, limit: usize) -> Result<Vec<Quarantined>, Error> {
        Ok(db::quarantined(&self.db, after, limit)?)
    }

    /// The alerts that `filter` lets through, in its order.
    pub fn alerts(&self, filter: &AlertFilter) -> Result<Vec<Alert>, Error> {
        Ok(db::list_alerts(&self.db, filter)?)
    }

    /// The alerts behind number `seq`, in the order in which they were stored.
    pub fn alerts_after(&self, seq: i64, limit: usize) -> Result<Vec<StoredAlert>, Error> {
        Ok(db::alerts_after(&self.db, seq, limit)?)
    }

    /// The number of the last alert; 0 when there is none.
    pub fn last_alert(&self) -> Result<i64, Error> {
        Ok(db::last_alert(&self.db)?)
    }

    /// The alert whose id begins with `prefix`.
    pub fn alert(&self, prefix: &str) -> Result<Result<StoredAlert, UnknownAlert>, Error> {
        Ok(db::find_alert(&self.db, prefix)?)
    }

    /// The repeats of an alert, newest first.
    pub fn repeats(&self, seq: i64, limit: usize) -> Result<Vec<Alert>, Error> {
        Ok(db::alert_repeats(&self.db, seq, limit)?)
    }

    /// Up to which alert a sink has delivered, if it has begun.
    pub fn checkpoint(&self, sink: &str) -> Result<Option<i64>, Error> {
        let checkpoint = self
            .db
            .prepare_cached("SELECT seq FROM checkpoints WHERE sink = ?1")?
            .query_row([sink], |row| row.get(0))
            .optional()?;
        Ok(checkpoint)
    }

    /// Notes up to which alert a sink has delivered.
    pub fn set_checkpoint(&self, sink: &str, seq: i64) -> Result<(), Error> {
        self.db
            .prepare_cached("INSERT OR REPLACE INTO checkpoints (sink, seq) VALUES (?1, ?2)")?
            .execute(params![sink, seq])?;
        Ok(())
    }

    /// Notes that a sink cannot deliver an alert.
    pub fn dead_letter(&self, sink: &str, seq: i64, reason: &str) -> Result<(), Error> {
        self.db
            .prepare_cached(
                "INSERT OR REPLACE INTO dead_letters (sink, alert, at, reason)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![sink, seq, Timestamp::now().0, reason])?;
        Ok(())
    }

    /// Stores alerts about events that are stored already, folded as those of new events are.
    /// Gives how many are new.
    pub fn store_alerts(&mut self, alerts: &[NewAlert], fold_window: i64) -> Result<u64, Error> {
        let now = Timestamp::now();
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut new = 0;
        for alert in alerts {
            new += u64::from(db::insert_alert(&transaction, alert, now, fold_window)?);
        }
        transaction.commit()?;
        Ok(new)
    }

    /// The number that the next event will get.
    pub fn next_event(&self) -> Result<u64, Error> {
        Ok(db::meta(&self.db, "next_seq")?.and_then(|seq| u64::try_from(seq).ok()).unwrap_or(1))
    }

    /// Whether all events before a number are in the indexes of their days for certain.
    pub fn is_searchable(&self, before: u64) -> Result<bool, Error> {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM journal WHERE first < ?1)";
        Ok(self.db.query_row(sql, [i64::try_from(before).unwrap_or(i64::MAX)], |row| row.get(0))?)
    }
}
