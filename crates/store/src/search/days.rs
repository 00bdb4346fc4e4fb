//! The indexes of the days, opened when they are searched.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use hashbrown::HashMap;
use tantivy::{IndexReader, ReloadPolicy, Searcher};

use super::budget::Budget;
use super::collect::SEQ;
use super::searcher::{SearchError, Unreadable};
use crate::folder::Folder;
use crate::{Day, Error, open_day};

/// How many blocks of events' texts are kept unpacked for each day.
const BLOCKS: usize = 8;
/// How many threads count.
const MOST_THREADS: usize = 4;

/// The indexes of a data folder.
pub(crate) struct Days {
    folder: Folder,
    open: Mutex<HashMap<Day, Open>>,
    most_threads: usize,
}

/// An index that is open.
struct Open {
    reader: IndexReader,
    /// When its last commit was, as its file says.
    changed: Option<SystemTime>,
    /// The number of its last event.
    last_seq: u64,
}

impl Days {
    pub(crate) fn new(folder: Folder) -> Self {
        Self { folder, open: Mutex::default(), most_threads: MOST_THREADS }
    }

    /// Uses so many threads to count at the most.
    pub(crate) fn threads(&mut self, threads: usize) {
        self.most_threads = threads.clamp(1, MOST_THREADS);
    }

    /// The days that may have events of the time from `since` to before `until`, oldest first.
    /// Events without a date have the time of their arrival, which may be any.
    pub(crate) fn between(
        &self,
        since: Option<i64>,
        until: Option<i64>,
    ) -> Result<Vec<Day>, Error> {
        let mut days = self.folder.days()?;
        days.retain(|day| {
            let (start, end) = (day.start(), day.end());
            let is_late = end.zip(since).is_some_and(|(end, since)| end.0 <= since);
            let is_early = start.zip(until).is_some_and(|(start, until)| start.0 >= until);
            !is_late && !is_early
        });
        Ok(days)
    }

    /// Looks for what has become searchable since.
    pub(crate) fn refresh(&self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        // A day that cannot be read anew is opened anew, which says what is wrong with it.
        open.retain(|day, open| {
            let changed = self.changed(*day);
            if changed.is_some() && changed == open.changed {
                return true;
            }
            open.changed = changed;
            let reloaded = catch(|| {
                open.reader.reload()?;
                last_seq(&open.reader.searcher())
            });
            match reloaded {
                Some(Ok(last_seq)) if changed.is_some() => {
                    open.last_seq = last_seq;
                    true
                }
                _ => false,
            }
        });
    }

    /// When the last commit of a day was; `None` when the day is gone.
    fn changed(&self, day: Day) -> Option<SystemTime> {
        let metas = self.folder.day(day).join("meta.json");
        std::fs::metadata(metas).and_then(|file| file.modified()).ok()
    }

    /// The events of a day as they were when it was opened or refreshed last, and the number of
    /// the last one.
    fn searcher(&self, day: Day) -> Result<(Searcher, u64), Error> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = open.get(&day) {
            return Ok((open.reader.searcher(), open.last_seq));
        }
        let changed = self.changed(day);
        let index = open_day(&self.folder, day)?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual);
        let reader = reader.doc_store_cache_num_blocks(BLOCKS).try_into();
        let reader: IndexReader = reader.map_err(Error::index(day))?;
        let searcher = reader.searcher();
        let last_seq = last_seq(&searcher).map_err(Error::index(day))?;
        open.insert(day, Open { reader, changed, last_seq });
        Ok((searcher, last_seq))
    }

    /// The number of the last event of a day.
    pub(crate) fn last_seq(
        &self,
        day: Day,
        budget: &Budget,
        unreadable: &mut Vec<Unreadable>,
    ) -> Result<u64, SearchError> {
        let last = self.try_read(day, budget, unreadable, || Ok(self.searcher(day)?.1))?;
        Ok(last.unwrap_or_default())
    }

    /// Does something with the events of a day. A day that cannot be read is noted, and does not
    /// keep others from being searched.
    pub(crate) fn read<T>(
        &self,
        day: Day,
        budget: &Budget,
        unreadable: &mut Vec<Unreadable>,
        work: impl FnOnce(&Searcher) -> tantivy::Result<T>,
    ) -> Result<Option<T>, SearchError> {
        self.try_read(day, budget, unreadable, || {
            let (searcher, _) = self.searcher(day)?;
            work(&searcher).map_err(Error::index(day))
        })
    }

    fn try_read<T>(
        &self,
        day: Day,
        budget: &Budget,
        unreadable: &mut Vec<Unreadable>,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<Option<T>, SearchError> {
        match catch(work) {
            Some(Ok(done)) => return Ok(Some(done)),
            Some(Err(_)) | None if budget.is_spent() => return Err(SearchError::TooCostly),
            // What retention has deleted meanwhile is not missing.
            _ if !self.folder.day(day).exists() => return Ok(None),
            Some(Err(error)) => unreadable.push(Unreadable { day, reason: error.to_string() }),
            None => {
                let reason = "its index makes no sense".to_owned();
                let reason = Error::DamagedDay(day, reason).to_string();
                unreadable.push(Unreadable { day, reason });
            }
        }
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&day);
        Ok(None)
    }

    /// Does something with the events of each day, several days at a time, and hands what comes
    /// of it to `merge` in any order.
    pub(crate) fn read_all<T: Send>(
        &self,
        days: &[Day],
        budget: &Budget,
        work: impl Fn(Day, &Searcher) -> tantivy::Result<T> + Sync,
        merge: impl FnMut(T) -> Result<(), SearchError> + Send,
    ) -> Result<Vec<Unreadable>, SearchError> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = cores.min(self.most_threads).min(days.len());
        let next = AtomicUsize::new(0);
        let merge = Mutex::new(merge);
        let work_on = || {
            let mut unreadable = Vec::new();
            loop {
                let Some(day) = days.get(next.fetch_add(1, Ordering::Relaxed)) else {
                    return Ok(unreadable);
                };
                let step = budget.take(0).map_err(|_| SearchError::TooCostly);
                let step = step.and_then(|()| {
                    let done = self.read(*day, budget, &mut unreadable, |day_searcher| {
                        work(*day, day_searcher)
                    })?;
                    let mut merge = merge.lock().unwrap_or_else(PoisonError::into_inner);
                    done.map_or(Ok(()), &mut *merge)
                });
                if let Err(error) = step {
                    next.store(days.len(), Ordering::Relaxed);
                    return Err(error);
                }
            }
        };
        let mut unreadable = Vec::new();
        if threads <= 1 {
            unreadable = work_on()?;
        } else {
            let results = std::thread::scope(|scope| {
                let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work_on)).collect();
                workers.into_iter().map(std::thread::ScopedJoinHandle::join).collect::<Vec<_>>()
            });
            for result in results {
                match result {
                    Ok(result) => unreadable.extend(result?),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        }
        unreadable.sort_by_key(|unreadable| unreadable.day);
        Ok(unreadable)
    }
}

fn last_seq(searcher: &Searcher) -> tantivy::Result<u64> {
    let mut last = 0;
    for segment in searcher.segment_readers() {
        let seq = segment.fast_fields().column_opt::<u64>(SEQ)?;
        last = last.max(seq.map_or(0, |seq| seq.max_value()));
    }
    Ok(last)
}

/// The result of `work`; nothing when it panics, as the index does with bytes that make no sense.
fn catch<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}
