//! Indicators on their way into the database: newer versions take the place of older ones, what is
//! taken back goes, and others get to write in between.

use std::time::Duration;

use ecs::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::feeds::feed_id;
use super::indicators::{CHANGE, StoredIndicator, next_change};
use super::set_meta;
use crate::{Database, Error};

/// How many indicators are stored in one transaction: those who store events wait for its end.
const CHUNK: usize = 5_000;
/// How long others get to write between two.
const GAP: Duration = Duration::from_millis(10);

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Indicators that were not known.
    pub added: u64,
    /// Indicators that had been otherwise.
    pub changed: u64,
    /// Indicators that were taken back, or are no longer in the feed.
    pub removed: u64,
    /// Indicators that are as they were, or older than what is stored.
    pub unchanged: u64,
}

/// Stores the indicators of a feed as they come; nobody who writes waits for long.
pub struct Import<'d> {
    db: &'d mut Connection,
    feed: i64,
    now: Timestamp,
    waiting: Vec<StoredIndicator>,
    /// The keys of what the feed has, when it is given as a whole.
    seen: Option<Vec<[u8; 16]>>,
    imported: Imported,
}

impl Import<'_> {
    /// Stores an indicator, now or soon. A newer version takes the place of an older one.
    ///
    /// # Errors
    ///
    /// When the database cannot be written.
    pub fn add(&mut self, indicator: StoredIndicator) -> Result<(), Error> {
        if let Some(seen) = &mut self.seen
            && !indicator.revoked
        {
            seen.push(indicator.key().into_bytes());
        }
        self.waiting.push(indicator);
        if self.waiting.len() >= CHUNK { self.store() } else { Ok(()) }
    }

    /// Stores what is left. Of a feed that was given as a whole, what it no longer has goes, unless
    /// some of it could not be read.
    ///
    /// # Errors
    ///
    /// When the database cannot be written.
    pub fn finish(mut self, is_complete: bool) -> Result<Imported, Error> {
        self.store()?;
        if let Some(seen) = self.seen.take().filter(|_| is_complete) {
            self.remove_others(seen)?;
        }
        Ok(self.imported)
    }

    fn store(&mut self) -> Result<(), Error> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.waiting);
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let change = next_change(&transaction)?;
        let before = self.imported;
        for indicator in &waiting {
            let did = if indicator.revoked {
                take_back(&transaction, self.feed, indicator, self.now, change)?
            } else {
                upsert(&transaction, self.feed, indicator, self.now, change)?
            };
            match did {
                Did::Added => self.imported.added += 1,
                Did::Changed => self.imported.changed += 1,
                Did::Removed => self.imported.removed += 1,
                Did::Nothing => self.imported.unchanged += 1,
            }
        }
        let Imported { unchanged, .. } = self.imported;
        if before != (Imported { unchanged: before.unchanged, ..self.imported }) {
            set_meta(&transaction, CHANGE, change)?;
        }
        self.imported.unchanged = unchanged;
        transaction.commit()?;
        std::thread::sleep(GAP);
        Ok(())
    }

    fn remove_others(&mut self, mut seen: Vec<[u8; 16]>) -> Result<(), Error> {
        seen.sort_unstable();
        let mut after = 0_i64;
        loop {
            let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let rows: Vec<(i64, [u8; 16])> = transaction
                .prepare_cached(
                    "SELECT seq, key FROM indicators WHERE feed = ?1 AND seq > ?2 AND revoked = 0
                     ORDER BY seq LIMIT ?3",
                )?
                .query_map(params![self.feed, after, 4 * CHUNK as u64], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?
                .collect::<Result<_, _>>()?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            after = *last;
            let mut removed = 0;
            for (seq, _) in rows.iter().filter(|(_, key)| seen.binary_search(key).is_err()) {
                transaction
                    .prepare_cached("DELETE FROM indicators WHERE seq = ?1")?
                    .execute([seq])?;
                removed += 1;
            }
            if removed > 0 {
                set_meta(&transaction, CHANGE, next_change(&transaction)?)?;
                self.imported.removed += removed;
            }
            transaction.commit()?;
        }
    }
}

enum Did {
    Added,
    Changed,
    Removed,
    Nothing,
}

fn upsert(
    db: &Transaction<'_>,
    feed: i64,
    indicator: &StoredIndicator,
    now: Timestamp,
    change: i64,
) -> rusqlite::Result<Did> {
    let labels = match indicator.labels.is_empty() {
        true => String::new(),
        false => serde_json::to_string(&indicator.labels).unwrap_or_default(),
    };
    let is_new: Option<bool> = db
        .prepare_cached(
            "INSERT INTO indicators (feed, key, id, kind, value, parts, valid_from, valid_until,
             confidence, tlp, labels, name, description, command_and_control, modified, revoked,
             first_seen, updated, added, widened, digest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 0, ?16, ?16,
             ?17, ?17, ?18)
             ON CONFLICT (feed, key) DO UPDATE SET id = excluded.id, kind = excluded.kind,
             value = excluded.value, parts = excluded.parts, valid_from = excluded.valid_from,
             valid_until = excluded.valid_until, confidence = excluded.confidence,
             tlp = excluded.tlp, labels = excluded.labels, name = excluded.name,
             description = excluded.description,
             command_and_control = excluded.command_and_control, modified = excluded.modified,
             revoked = 0, updated = excluded.updated, digest = excluded.digest,
             -- One that only holds for longer, and still held, has found all there was.
             widened = iif(revoked OR parts <> excluded.parts
                 OR valid_from IS NOT excluded.valid_from
                 OR command_and_control > excluded.command_and_control
                 OR coalesce(valid_until < excluded.updated, false), excluded.widened, widened)
             WHERE excluded.digest <> digest
             AND coalesce(excluded.modified >= modified, true)
             RETURNING added = ?17",
        )?
        .query_row(
            params![
                feed,
                indicator.key().as_bytes(),
                indicator.id,
                indicator.kind,
                indicator.value,
                indicator.parts,
                indicator.valid_from.map(|time| time.0),
                indicator.valid_until.map(|time| time.0),
                indicator.confidence,
                indicator.tlp,
                labels,
                indicator.name,
                indicator.description,
                indicator.command_and_control,
                indicator.modified.map(|time| time.0),
                now.0,
                change,
                indicator.digest(&labels).as_bytes(),
            ],
            |row| row.get(0),
        )
        .optional()?;
    Ok(match is_new {
        Some(true) => Did::Added,
        Some(false) => Did::Changed,
        None => Did::Nothing,
    })
}

fn take_back(
    db: &Transaction<'_>,
    feed: i64,
    indicator: &StoredIndicator,
    now: Timestamp,
    change: i64,
) -> rusqlite::Result<Did> {
    // Without its id nobody knows which is meant; without a version nothing older can follow.
    let modified = indicator.modified.map(|time| time.0);
    let key = indicator.key();
    let changed = db
        .prepare_cached(
            "UPDATE indicators SET revoked = 1, parts = x'', description = '', digest = x'',
             updated = ?3, modified = coalesce(?4, modified)
             WHERE feed = ?1 AND key = ?2 AND revoked = 0 AND coalesce(?4 >= modified, true)",
        )?
        .execute(params![feed, key.as_bytes(), now.0, modified])?;
    if changed > 0 {
        return Ok(Did::Removed);
    }
    if modified.is_some() && !indicator.id.is_empty() {
        db.prepare_cached(
            "INSERT INTO indicators (feed, key, id, kind, value, parts, labels, name, description,
             command_and_control, modified, revoked, first_seen, updated, added, widened, digest)
             VALUES (?1, ?2, ?3, '', '', x'', '', '', '', 0, ?4, 1, ?5, ?5, ?6, ?6, x'')
             ON CONFLICT (feed, key) DO NOTHING",
        )?
        .execute(params![feed, key.as_bytes(), indicator.id, modified, now.0, change])?;
    }
    Ok(Did::Nothing)
}

impl Database {
    /// Begins to store indicators of a feed. `is_whole`: all that the feed has, so that the others
    /// go at the end.
    ///
    /// # Errors
    ///
    /// When the database cannot be written; so with all below.
    pub fn import_indicators(&mut self, feed: &str, is_whole: bool) -> Result<Import<'_>, Error> {
        let feed = feed_id(&self.db, feed)?;
        Ok(Import {
            db: &mut self.db,
            feed,
            now: Timestamp::now(),
            waiting: Vec::new(),
            seen: is_whole.then(Vec::new),
            imported: Imported::default(),
        })
    }
}
