//! The one way into the store: commits.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ecs::Timestamp;
use hashbrown::HashMap;
use rusqlite::{Connection, TransactionBehavior};

use crate::db::{self, Cursor, JournalRow, NewAlert, Origin, OriginId};
use crate::failpoint::failpoint;
use crate::folder::{Folder, Lock};
use crate::index::indexer::{Indexable, Indexer, is_below};
use crate::index::known::{Key, Known, hash};
use crate::prepared::Prepared;
use crate::retention::RetentionClock;
use crate::{Day, Error};

/// How many events may be stored and not searchable before nothing more is taken.
const MOST_UNINDEXED: u64 = 3_000_000;

/// The name under which the clock of retention is kept.
const CLOCK: &str = "retention_clock";

/// How events and alerts are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How old an event may be, in days; `None`: as old as it gets.
    pub retention_days: Option<u32>,
    /// How many bytes the data folder may have; `None`: as many as there is room for.
    pub retention_size: Option<u64>,
    /// How far apart repeats of an alert are folded into one, in milliseconds.
    pub fold_window: i64,
}

impl Default for Options {
    fn default() -> Self {
        Self { retention_days: Some(365), retention_size: None, fold_window: 3_600_000 }
    }
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Events that are new.
    pub stored: usize,
    /// Events that were stored before.
    pub repeated: usize,
    /// Events of days that are not kept any more.
    pub expired: usize,
    /// Texts that are no events, and new to the quarantine.
    pub quarantined: usize,
    /// Alerts that are new.
    pub alerts: usize,
}

/// Gives the alerts of each batch, told the places of its events that are not new.
pub type Correlate<'c> = &'c mut dyn FnMut(&[&[u32]]) -> Vec<Vec<NewAlert>>;

/// Writes into a data folder. There is one at a time.
pub struct Writer {
    folder: Folder,
    options: Options,
    db: Connection,
    known: Known,
    indexer: Indexer,
    origins: HashMap<Arc<Origin>, OriginId>,
    /// The organisation of each origin, by a number of our own.
    organizations: HashMap<OriginId, u32>,
    organization_numbers: HashMap<String, u32>,
    next_seq: u64,
    /// All days up to this one are deleted.
    floor: i32,
    /// The newest day with events.
    newest: Option<Day>,
    clock: RetentionClock,
    trimmed: u64,
    _lock: Lock,
}

impl Writer {
    /// Opens a data folder to write, and makes it if there is none. What a crash has left half
    /// done is done.
    ///
    /// # Errors
    ///
    /// When another process writes, or the folder is damaged or cannot be written.
    pub fn open(root: &std::path::Path, options: Options) -> Result<Self, Error> {
        let folder = Folder::create(root)?;
        let lock = folder.lock()?;
        let db = db::open(&folder.database())?;
        let meta = |name| db::meta(&db, name);
        let next_seq = meta("next_seq")?.and_then(|seq| u64::try_from(seq).ok()).unwrap_or(1);
        let floor = meta("floor")?.and_then(|day| i32::try_from(day).ok()).unwrap_or(i32::MIN);
        let clock = RetentionClock::new(meta(CLOCK)?);
        let newest = folder.days()?.into_iter().max().filter(|day| *day != Day::Undated);
        let known = Known::new(folder.clone());
        let indexer = Indexer::start(&folder, floor, next_seq - 1)?;
        let mut writer = Self {
            folder,
            options,
            db,
            known,
            indexer,
            origins: HashMap::new(),
            organizations: HashMap::new(),
            organization_numbers: HashMap::new(),
            next_seq,
            floor,
            newest,
            clock,
            trimmed: 0,
            _lock: lock,
        };
        for (id, origin) in db::origins(&writer.db)? {
            writer.learn(id, Arc::new(origin));
        }
        writer.delete_below_floor()?;
        Ok(writer)
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// How far each source has been read.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn cursors(&self) -> Result<Vec<Cursor>, Error> {
        Ok(db::cursors(&self.db)?)
    }

    /// Forgets how far a source has been read.
    ///
    /// # Errors
    ///
    /// When the database cannot be written.
    pub fn forget_cursor(&mut self, source: &str) -> Result<(), Error> {
        self.db.execute("DELETE FROM cursors WHERE source = ?1", [source])?;
        Ok(())
    }

    /// Why stored events do not become searchable, if they do not.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.indexer.progress.trouble()
    }

    /// How many events are stored and not searchable yet.
    #[must_use]
    pub fn unindexed(&self) -> u64 {
        let indexed = self.indexer.progress.indexed.load(Ordering::Acquire);
        self.next_seq.saturating_sub(1).saturating_sub(indexed)
    }

    /// Stores batches: events that are new, their alerts, what is no event, and the cursors, all
    /// of it or nothing. When it returns, they are durable. What became of each stands in the
    /// result, in their order.
    ///
    /// # Errors
    ///
    /// When it cannot be done now; the batches stay as they are and can be tried again.
    pub fn commit(&mut self, batches: &mut [Prepared]) -> Result<Vec<Committed>, Error> {
        self.commit_with(batches, &mut |_| Vec::new())
    }

    /// [`Writer::commit`], with alerts about events that only belong together once it is known
    /// which are new. `correlate` is given, for each batch, the places of the events that are
    /// not, in ascending order, and gives the alerts of each batch. It is called again with the
    /// same when a commit that failed is tried again.
    ///
    /// # Errors
    ///
    /// See [`Writer::commit`].
    pub fn commit_with(
        &mut self,
        batches: &mut [Prepared],
        correlate: Correlate<'_>,
    ) -> Result<Vec<Committed>, Error> {
        if self.unindexed() > MOST_UNINDEXED {
            if let Some(trouble) = self.trouble() {
                return Err(Error::NotSearchable(trouble));
            }
            self.indexer.flush();
        }
        failpoint("commit_begin");
        let mut noted = Vec::new();
        let result = self.store(batches, &mut noted, correlate);
        let (committed, indexable, next_seq) = match result {
            Ok(result) => result,
            Err(error) => {
                for (day, key) in noted {
                    self.known.remove(day, key);
                }
                // Origins that were given an id have lost it with the rest.
                self.forget_uncommitted_origins()?;
                return Err(error);
            }
        };
        self.next_seq = next_seq;
        failpoint("commit_end");
        if !indexable.is_empty() {
            self.indexer.add(indexable);
        }
        let indexed = self.indexer.progress.indexed.load(Ordering::Acquire);
        self.known.indexed(indexed);
        Ok(committed)
    }

    /// What there is to do now and then: the journal is trimmed, days that are too old or too
    /// many are deleted. Gives the days that were deleted.
    ///
    /// # Errors
    ///
    /// When something cannot be done; it is tried again the next time.
    pub fn tidy(&mut self, now: Timestamp) -> Result<Vec<Day>, Error> {
        let indexed = self.indexer.progress.indexed.load(Ordering::Acquire);
        if indexed > self.trimmed {
            let held = db::meta(&self.db, "hold_until")?.is_some_and(|until| until > now.0);
            if !held {
                failpoint("trim");
                db::trim(&self.db, indexed)?;
                self.trimmed = indexed;
            }
        }
        self.known.indexed(indexed);
        self.clock.advance(now, self.newest.and_then(Day::end));
        self.expire(now)
    }

    /// Waits until everything stored is searchable.
    pub fn flush(&mut self) {
        self.indexer.flush();
    }

    fn learn(&mut self, id: OriginId, origin: Arc<Origin>) {
        let key = origin.organization_key().to_owned();
        let next = u32::try_from(self.organization_numbers.len()).unwrap_or(u32::MAX);
        let number = *self.organization_numbers.entry(key).or_insert(next);
        self.organizations.insert(id, number);
        self.origins.insert(origin, id);
    }

    fn forget_uncommitted_origins(&mut self) -> Result<(), Error> {
        let stored = db::origins(&self.db)?;
        self.origins.retain(|_, id| stored.iter().any(|(stored, _)| stored == id));
        Ok(())
    }

    /// Whether a day is not kept any more.
    fn is_expired(&self, day: Day, now: Timestamp) -> bool {
        let now = self.clock.now(now);
        let oldest = self
            .options
            .retention_days
            .map(|days| now.0.saturating_sub(i64::from(days) * 86_400_000));
        let too_old = matches!((day.end(), oldest), (Some(end), Some(oldest)) if end.0 <= oldest);
        too_old || is_below(day, self.floor)
    }

    #[allow(clippy::type_complexity, reason = "used once, above")]
    fn store(
        &mut self,
        batches: &mut [Prepared],
        noted: &mut Vec<(Day, Key)>,
        correlate: Correlate<'_>,
    ) -> Result<(Vec<Committed>, Vec<Indexable>, u64), Error> {
        let now = Timestamp::now();
        let newest = batches.iter().flat_map(|batch| &batch.events).map(|event| event.day).max();
        let newest = newest.filter(|day| *day != Day::Undated).max(self.newest);
        self.clock.advance(now, newest.and_then(Day::end));
        let mut next_seq = self.next_seq;
        let mut results = Vec::with_capacity(batches.len());
        let mut new_origins: Vec<(OriginId, Arc<Origin>)> = Vec::new();
        // Which events are new is found out first: an index that cannot be read leaves nothing
        // begun.
        let mut placed = Vec::with_capacity(batches.len());
        for batch in batches.iter() {
            let (first, mut left_out) = (next_seq, Vec::new());
            let mut result = Committed::default();
            let organization = self.organization(&batch.origin);
            for (place, event) in (0u32..).zip(&batch.events) {
                if self.is_expired(event.day, now) {
                    result.expired += 1;
                    left_out.push(place);
                    continue;
                }
                let key = (organization, hash(event.id.as_bytes()));
                let organizations = &self.organizations;
                let same = |origin: OriginId| organizations.get(&origin) == Some(&organization);
                if self.known.contains(event.day, key, &event.id, &same)? {
                    result.repeated += 1;
                    left_out.push(place);
                    continue;
                }
                self.known.insert(event.day, key, next_seq);
                noted.push((event.day, key));
                next_seq += 1;
                result.stored += 1;
            }
            results.push(result);
            placed.push((first, left_out));
        }
        let left_out: Vec<&[u32]> =
            placed.iter().map(|(_, left_out)| left_out.as_slice()).collect();
        let mut correlated = correlate(&left_out);
        correlated.resize_with(placed.len(), Vec::new);
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut indexable = Vec::new();
        for (((batch, (first, left_out)), result), correlated) in
            batches.iter_mut().zip(placed).zip(&mut results).zip(correlated)
        {
            let origin = match self.origins.get(&batch.origin) {
                Some(id) => *id,
                None => {
                    let id = db::origin(&transaction, &batch.origin)?;
                    new_origins.push((id, Arc::clone(&batch.origin)));
                    id
                }
            };
            if result.stored > 0 {
                let row = JournalRow {
                    first,
                    origin,
                    received: batch.received.0,
                    left_out,
                    packed: std::mem::take(&mut batch.packed),
                };
                let inserted = db::insert(&transaction, &row, result.stored as u64);
                batch.packed = row.packed;
                inserted?;
                failpoint("journal_written");
                indexable.push((origin, row.first, row.left_out));
            } else {
                indexable.push((origin, first, left_out));
            }
            let left_out = indexable.last().map_or(&[][..], |(_, _, left_out)| left_out);
            for (place, alert) in &batch.alerts {
                let place = u32::try_from(*place).unwrap_or(u32::MAX);
                if left_out.binary_search(&place).is_err() {
                    let window = self.options.fold_window;
                    let new = db::insert_alert(&transaction, alert, now, window)?;
                    result.alerts += usize::from(new);
                    failpoint("alert_written");
                }
            }
            for alert in &correlated {
                let window = self.options.fold_window;
                let new = db::insert_alert(&transaction, alert, now, window)?;
                result.alerts += usize::from(new);
            }
            for (bytes, reason) in &batch.rejects {
                let intake = &batch.origin.intake;
                let new = db::quarantine(&transaction, intake, batch.received, reason, bytes)?;
                result.quarantined += usize::from(new);
            }
            if let Some(cursor) = &batch.cursor {
                db::set_cursor(&transaction, cursor)?;
                failpoint("cursor_moved");
            }
        }
        db::set_meta(&transaction, "next_seq", i64::try_from(next_seq).unwrap_or(i64::MAX))?;
        self.clock.time().map_or(Ok(()), |time| db::set_meta(&transaction, CLOCK, time))?;
        failpoint("before_commit");
        transaction.commit()?;
        failpoint("after_commit");
        self.newest = newest;
        for (id, origin) in new_origins {
            self.learn(id, origin);
        }
        let mut events = Vec::with_capacity(noted.len());
        for (batch, (origin, first, left_out)) in batches.iter_mut().zip(indexable) {
            let mut seq = first;
            for (place, event) in (0u32..).zip(&mut batch.events) {
                if left_out.binary_search(&place).is_ok() {
                    continue;
                }
                if let Some(mut document) = event.document.take() {
                    document.number(seq, origin);
                    events.push(Indexable { seq, day: event.day, document });
                }
                seq += 1;
            }
        }
        Ok((results, events, next_seq))
    }

    /// The number of an origin's organisation.
    fn organization(&mut self, origin: &Origin) -> u32 {
        let next = u32::try_from(self.organization_numbers.len()).unwrap_or(u32::MAX);
        let key = origin.organization_key();
        match self.organization_numbers.get(key) {
            Some(number) => *number,
            None => {
                self.organization_numbers.insert(key.to_owned(), next);
                next
            }
        }
    }

    /// Deletes what is too old or too much, oldest day first.
    fn expire(&mut self, now: Timestamp) -> Result<Vec<Day>, Error> {
        let days = self.folder.days()?;
        let mut floor = self.floor;
        let raise = |day: &Day, floor: &mut i32| {
            if let Day::Date(date) = day {
                *floor = (*floor).max(*date);
            }
        };
        for day in days.iter().filter(|day| self.is_expired(**day, now)) {
            raise(day, &mut floor);
        }
        if let Some(limit) = self.options.retention_size {
            let mut size = crate::folder::size(self.folder.root());
            // Today stays, however large it is.
            let today = self.newest.map_or(Day::of(Some(now)), |day| day.min(Day::of(Some(now))));
            let dated = days.iter().filter(|day| matches!(day, Day::Date(_)) && **day < today);
            for day in dated {
                if size <= limit {
                    break;
                }
                if !is_below(*day, floor) {
                    size = size.saturating_sub(crate::folder::size(&self.folder.day(*day)));
                    raise(day, &mut floor);
                }
            }
        }
        if floor == self.floor {
            return Ok(Vec::new());
        }
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        db::set_meta(&transaction, "floor", i64::from(floor))?;
        self.clock.time().map_or(Ok(()), |time| db::set_meta(&transaction, CLOCK, time))?;
        let start = Day::Date(floor).end().unwrap_or(Timestamp(i64::MIN));
        db::forget_quarantined(&transaction, start)?;
        transaction.commit()?;
        self.floor = floor;
        self.indexer.progress.floor.store(floor, Ordering::Relaxed);
        failpoint("floor_raised");
        self.delete_below_floor()
    }

    fn delete_below_floor(&mut self) -> Result<Vec<Day>, Error> {
        let mut deleted = Vec::new();
        for day in self.folder.days()? {
            if is_below(day, self.floor) {
                self.indexer.release(day);
                self.known.forget(day);
                let path = self.folder.day(day);
                std::fs::remove_dir_all(&path).map_err(Error::io(&path))?;
                tracing::info!(day = %day, "deleted a day that is not kept any more");
                deleted.push(day);
            }
        }
        Ok(deleted)
    }
}
