//! Events as they are stored.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hashbrown::HashSet;

use super::searcher::{Hit, SearchError, Searcher, Selection, Unreadable};

/// How long an event may become searchable after one with a higher number. The indexes of
/// different days are not committed at the same moment.
const APART: Duration = Duration::from_secs(30);

/// Hands out events as they become searchable: each of them once, in the order in which they were
/// stored, as far as they become searchable in it.
#[derive(Debug)]
pub struct Follower {
    /// Everything up to this number has been handed out, or was there at the start.
    floor: u64,
    /// What has been handed out above that.
    seen: Arc<HashSet<u64>>,
    /// The same, by when.
    order: VecDeque<(Instant, u64)>,
}

impl Follower {
    /// Begins behind what is searchable now.
    ///
    /// # Errors
    ///
    /// When nothing can be read.
    pub fn new(searcher: &Searcher) -> Result<Self, SearchError> {
        searcher.refresh();
        Ok(Self::behind(searcher.last_seq()?))
    }

    /// Begins behind the event with this number.
    #[must_use]
    pub fn behind(seq: u64) -> Self {
        Self { floor: seq, seen: Arc::default(), order: VecDeque::new() }
    }

    /// The number up to which everything has been handed out, or was there at the start.
    #[must_use]
    pub fn floor(&self) -> u64 {
        self.floor
    }

    /// The events that have become searchable since, `limit` at the most, and the days that
    /// cannot be searched.
    ///
    /// # Errors
    ///
    /// See [`Searcher::for_each`].
    pub fn next(
        &mut self,
        searcher: &Searcher,
        selection: &Selection<'_>,
        limit: usize,
    ) -> Result<(Vec<Hit>, Vec<Unreadable>), SearchError> {
        searcher.refresh();
        let now = Instant::now();
        let (hits, unreadable) =
            searcher.arrived(selection, self.floor, Arc::clone(&self.seen), limit)?;
        let seen = Arc::make_mut(&mut self.seen);
        for hit in &hits {
            seen.insert(hit.seq);
            self.order.push_back((now, hit.seq));
        }
        while let Some((_, seq)) =
            self.order.front().filter(|(when, _)| now.duration_since(*when) > APART).copied()
        {
            self.order.pop_front();
            seen.remove(&seq);
            self.floor = self.floor.max(seq);
        }
        // What was handed out later and has a lower number need not be remembered any more.
        let floor = self.floor;
        seen.retain(|seq| *seq > floor);
        Ok((hits, unreadable))
    }
}
