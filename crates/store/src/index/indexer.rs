//! The thread that brings stored events into the indexes of their days.
//!
//! What it has to do stands in the journal. Usually it gets the documents handed over in memory;
//! after a start or a failure it makes them anew from the journal. Each commit of a day's index
//! says up to which number of the journal it is complete, so nothing gets in twice.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ecs::{Arrival, Context, Record, Timestamp};
use hashbrown::HashMap;
use okta::LogEvent;
use rusqlite::Connection;

use super::day_index::DayWriter;
use super::document::Document;
use crate::db::{self, OriginId};
use crate::failpoint::failpoint;
use crate::folder::Folder;
use crate::{Day, Error};

/// How many batches of documents may wait.
const WAITING: usize = 2;
/// How many days are written to at a time.
const MOST_WRITERS: usize = 3;
/// How many events are added between two commits at the most.
const MOST_ADDED: u64 = 50_000;
/// How long an event waits to be searchable: when there is nothing else to do, and at the most.
const QUIET: Duration = Duration::from_millis(700);
const BUSY: Duration = Duration::from_secs(6);
/// How long to wait after a failure.
const PAUSE: Duration = Duration::from_millis(500);

/// A stored event, ready for its index.
pub(crate) struct Indexable {
    pub(crate) seq: u64,
    pub(crate) day: Day,
    pub(crate) document: Document,
}

enum Task {
    /// In the order of their numbers.
    Add(Vec<Indexable>),
    /// Ends writing to a day that is about to be deleted.
    Release(Day, SyncSender<()>),
    /// Commits everything.
    Flush(SyncSender<()>),
}

/// What the thread tells others.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// All events up to this number are in the indexes.
    pub(crate) indexed: AtomicU64,
    /// Events of days up to this one are deleted.
    pub(crate) floor: AtomicI32,
    stop: AtomicBool,
    /// Why nothing gets into the indexes.
    trouble: Mutex<Option<String>>,
}

impl Progress {
    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

/// The thread.
pub(crate) struct Indexer {
    tasks: Option<SyncSender<Task>>,
    pub(crate) progress: Arc<Progress>,
    thread: Option<JoinHandle<()>>,
}

impl Indexer {
    /// Starts the thread. `last` is the number of the last stored event.
    ///
    /// # Errors
    ///
    /// When the journal cannot be brought into the indexes.
    pub(crate) fn start(folder: &Folder, floor: i32, last: u64) -> Result<Self, Error> {
        let progress = Arc::new(Progress::default());
        progress.floor.store(floor, Ordering::Relaxed);
        let db = db::open_beside(&folder.database())?;
        let (tasks, receiver) = sync_channel(WAITING);
        let (ready, readiness) = sync_channel(1);
        let (folder, shared) = (folder.clone(), Arc::clone(&progress));
        let root = folder.root().to_owned();
        let thread = std::thread::Builder::new().name("indexer".to_owned());
        let thread = thread.spawn(move || {
            let mut work = Work {
                folder,
                db,
                progress: shared,
                writers: HashMap::new(),
                origins: HashMap::new(),
                fed: 0,
                stored: last,
                committed: Instant::now(),
                round: 0,
            };
            let caught_up = work.catch_up().and_then(|()| work.commit());
            let usable = caught_up.is_ok();
            let _ = ready.send(caught_up);
            if usable {
                work.run(&receiver);
            }
        });
        let thread = thread.map_err(Error::io(&root))?;
        // A thread that ended without a word cannot have caught up.
        readiness.recv().unwrap_or_else(|_| {
            Err(Error::NotSearchable("the indexer ended unexpectedly".to_owned()))
        })?;
        Ok(Self { tasks: Some(tasks), progress, thread: Some(thread) })
    }

    /// Hands over stored events, in the order of their numbers. Waits while too many do.
    pub(crate) fn add(&self, events: Vec<Indexable>) {
        self.send(Task::Add(events));
    }

    /// Ends writing to a day.
    pub(crate) fn release(&self, day: Day) {
        let (done, waiting) = sync_channel(1);
        self.send(Task::Release(day, done));
        let _ = waiting.recv();
    }

    /// Waits until everything that was handed over is searchable, if that is possible now.
    pub(crate) fn flush(&self) {
        let (done, waiting) = sync_channel(1);
        self.send(Task::Flush(done));
        let _ = waiting.recv();
    }

    fn send(&self, task: Task) {
        // A thread that is gone has left everything in the journal.
        if let Some(tasks) = &self.tasks {
            let _ = tasks.send(task);
        }
    }
}

impl Drop for Indexer {
    fn drop(&mut self) {
        self.progress.stop.store(true, Ordering::Relaxed);
        drop(self.tasks.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Work {
    folder: Folder,
    db: Connection,
    progress: Arc<Progress>,
    writers: HashMap<Day, DayWriter>,
    /// One context for each origin, for events made anew from the journal.
    origins: HashMap<OriginId, Context>,
    /// All events up to this number have been added.
    fed: u64,
    /// The number of the last stored event that is known of.
    stored: u64,
    committed: Instant,
    round: u64,
}

impl Work {
    fn run(mut self, tasks: &Receiver<Task>) {
        loop {
            let task = match tasks.recv_timeout(QUIET / 4) {
                Ok(task) => Some(task),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let idle = task.is_none();
            let result = match task {
                Some(Task::Add(events)) => self.add_all(events),
                Some(Task::Release(day, done)) => {
                    // Deleted with its folder: nothing has to be kept.
                    self.writers.remove(&day);
                    let _ = done.send(());
                    Ok(())
                }
                Some(Task::Flush(done)) => {
                    let result = self.catch_up().and_then(|()| self.commit());
                    let _ = done.send(());
                    result
                }
                None => self.catch_up(),
            };
            let result = result.and_then(|()| self.commit_when_due(idle));
            self.note(result);
        }
        let result = self.catch_up().and_then(|()| self.commit());
        self.note(result);
        for (_, writer) in self.writers.drain() {
            // A merge that does not end in time is begun anew another day.
            drop(writer);
        }
    }

    /// Goes on, or begins anew from what is committed.
    fn note(&mut self, result: Result<(), Error>) {
        match result {
            Ok(()) => {
                if self.fed >= self.stored && self.progress.trouble().is_some() {
                    tracing::info!("events are searchable again");
                    self.progress.set_trouble(None);
                }
            }
            Err(error) => {
                let reason = error.to_string();
                if self.progress.trouble().as_deref() != Some(&reason) {
                    tracing::error!(error = reason, "events cannot be made searchable");
                }
                self.progress.set_trouble(Some(reason));
                self.writers.clear();
                self.fed = self.progress.indexed.load(Ordering::Relaxed);
                if !self.progress.stop.load(Ordering::Relaxed) {
                    std::thread::sleep(PAUSE);
                }
            }
        }
    }

    fn add_all(&mut self, events: Vec<Indexable>) -> Result<(), Error> {
        let Some(last) = events.last().map(|event| event.seq) else { return Ok(()) };
        self.stored = self.stored.max(last);
        // After a failure they are taken from the journal, with those before them.
        let first = events.first().map_or(0, |event| event.seq);
        if first > self.fed + 1 && self.progress.trouble().is_some() {
            return self.catch_up();
        }
        for event in events {
            if event.seq > self.fed {
                self.add(event.day, event.seq, event.document)?;
                self.fed = event.seq;
            }
        }
        Ok(())
    }

    fn add(&mut self, day: Day, seq: u64, document: Document) -> Result<(), Error> {
        if is_below(day, self.progress.floor.load(Ordering::Relaxed)) {
            return Ok(());
        }
        if !self.writers.contains_key(&day) {
            if self.writers.len() >= MOST_WRITERS {
                self.close_one()?;
            }
            self.writers.insert(day, DayWriter::open(&self.folder, day)?);
        }
        let Some(writer) = self.writers.get_mut(&day) else { return Ok(()) };
        writer.used = self.round;
        if seq > writer.indexed {
            writer.add(document)?;
        }
        Ok(())
    }

    /// Closes the day that has not been written to for longest.
    fn close_one(&mut self) -> Result<(), Error> {
        let day = self.writers.iter().min_by_key(|(_, writer)| writer.used).map(|(day, _)| *day);
        let Some((_, mut writer)) = day.and_then(|day| self.writers.remove_entry(&day)) else {
            return Ok(());
        };
        if writer.added > 0 {
            writer.commit(self.fed)?;
        }
        writer.close()
    }

    fn commit_when_due(&mut self, idle: bool) -> Result<(), Error> {
        self.round += 1;
        let added: u64 = self.writers.values().map(|writer| writer.added).sum();
        if added == 0 {
            self.progress.indexed.store(self.fed, Ordering::Release);
            return Ok(());
        }
        let waited = self.committed.elapsed();
        if added >= MOST_ADDED || waited >= BUSY || (idle && waited >= QUIET) {
            return self.commit();
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Error> {
        let fed = self.fed;
        for writer in self.writers.values_mut().filter(|writer| writer.added > 0) {
            writer.commit(fed)?;
            failpoint("between_days");
        }
        self.progress.indexed.store(fed, Ordering::Release);
        self.committed = Instant::now();
        Ok(())
    }

    /// Adds what stands in the journal and has not been added.
    fn catch_up(&mut self) -> Result<(), Error> {
        if self.fed >= self.stored {
            return Ok(());
        }
        while let Some(row) = db::read(&self.db, self.fed)? {
            let unpacked = row.unpack().map_err(Error::io(self.folder.database()))?;
            if !self.origins.contains_key(&row.origin) {
                let origins = db::origins(&self.db)?;
                let of = origins.into_iter().find(|(id, _)| *id == row.origin);
                let organization = of.map(|(_, origin)| origin.organization()).unwrap_or_default();
                self.origins.insert(row.origin, Context::new(organization));
            }
            let left_out: BTreeMap<u32, ()> =
                row.left_out.iter().map(|place| (*place, ())).collect();
            let mut seq = row.first;
            for (place, event) in (0u32..).zip(unpacked.events()) {
                if left_out.contains_key(&place) {
                    continue;
                }
                let this = seq;
                seq += 1;
                if this <= self.fed {
                    continue;
                }
                let Some(context) = self.origins.get_mut(&row.origin) else { break };
                context.reset();
                let arrival =
                    Arrival { ingested: Some(Timestamp(row.received)), repaired: event.repaired };
                let parsed = LogEvent::parse(event.text);
                // Only events stand in the journal.
                let Ok(parsed) = parsed else { continue };
                let record = Record::new(&parsed, context, arrival);
                let id = db::event_id(parsed.uuid, event.text);
                let day = Day::of(record.published());
                let mut document = Document::new(&record, &id, event.repaired);
                document.number(this, row.origin);
                self.add(day, this, document)?;
                self.fed = this;
            }
            // Events that were left out at the end have no number.
            self.fed = self.fed.max(seq.saturating_sub(1));
            let added: u64 = self.writers.values().map(|writer| writer.added).sum();
            if added >= MOST_ADDED {
                self.commit()?;
            }
        }
        self.fed = self.fed.max(self.stored);
        Ok(())
    }
}

/// Whether a day is deleted, when all up to `floor` are.
pub(crate) fn is_below(day: Day, floor: i32) -> bool {
    matches!(day, Day::Date(day) if day <= floor)
}
