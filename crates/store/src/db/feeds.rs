//! The feeds that indicators come from, how it went with them, and how far they have been read.

use ecs::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::Imported;
use crate::{Database, Error};

/// A feed and how it went with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedState {
    /// Its name.
    pub name: String,
    /// When it was read last, or tried to be.
    pub tried: Option<Timestamp>,
    /// When that worked last.
    pub succeeded: Option<Timestamp>,
    /// How often it has failed since.
    pub failures: u64,
    /// Why, the last time.
    pub error: Option<String>,
}

/// The number of a feed, which is made if there is none of that name.
pub(super) fn feed_id(db: &Connection, name: &str) -> rusqlite::Result<i64> {
    db.prepare_cached("INSERT INTO feeds (name) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([name])?;
    db.query_row("SELECT id FROM feeds WHERE name = ?1", [name], |row| row.get(0))
}

/// Feeds.
///
/// All of it fails when the database cannot be read or written.
impl Database {
    /// All feeds that there has been something of, by name.
    pub fn feeds(&self) -> Result<Vec<FeedState>, Error> {
        let sql = "SELECT name, tried, succeeded, failures, error FROM feeds ORDER BY name";
        let mut statement = self.db.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| {
            Ok(FeedState {
                name: row.get(0)?,
                tried: row.get::<_, Option<i64>>(1)?.map(Timestamp),
                succeeded: row.get::<_, Option<i64>>(2)?.map(Timestamp),
                failures: row.get(3)?,
                error: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes how it went with a feed.
    pub fn note_feed(&self, name: &str, outcome: Result<(), &str>) -> Result<(), Error> {
        let id = feed_id(&self.db, name)?;
        let now = Timestamp::now().0;
        match outcome {
            Ok(()) => self.db.execute(
                "UPDATE feeds SET tried = ?2, succeeded = ?2, failures = 0, error = NULL
                 WHERE id = ?1",
                params![id, now],
            )?,
            Err(error) => self.db.execute(
                "UPDATE feeds SET tried = ?2, failures = failures + 1, error = ?3 WHERE id = ?1",
                params![id, now, error],
            )?,
        };
        Ok(())
    }

    /// How far a source of a feed has been read.
    pub fn feed_cursor(&self, feed: &str, source: &str) -> Result<Option<String>, Error> {
        let sql = "SELECT c.cursor FROM feed_cursors c JOIN feeds f ON f.id = c.feed
                   WHERE f.name = ?1 AND c.source = ?2";
        Ok(self.db.query_row(sql, [feed, source], |row| row.get(0)).optional()?)
    }

    /// Notes how far a source of a feed has been read.
    pub fn set_feed_cursor(&self, feed: &str, source: &str, cursor: &str) -> Result<(), Error> {
        let id = feed_id(&self.db, feed)?;
        self.db.execute(
            "INSERT OR REPLACE INTO feed_cursors (feed, source, cursor) VALUES (?1, ?2, ?3)",
            params![id, source, cursor],
        )?;
        Ok(())
    }

    /// Removes a feed with its indicators, and gives how many those were.
    pub fn forget_feed(&mut self, name: &str) -> Result<u64, Error> {
        let import = self.import_indicators(name, true)?;
        let Imported { removed, .. } = import.finish(true)?;
        self.db.execute("DELETE FROM feeds WHERE name = ?1", [name])?;
        Ok(removed)
    }
}
