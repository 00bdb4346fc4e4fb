//! How an organisation's following goes, for others to read at any time.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::limiter::RateLimit;
use crate::trouble::Trouble;

/// The upper bounds of the buckets in [`Latency`], in seconds.
pub const LATENCY_BOUNDS: [f64; 10] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 35.0];

/// How the following of an organisation goes. Read by [`Health::snapshot`].
#[derive(Debug, Default)]
pub struct Health(Mutex<Snapshot>);

/// What a [`Health`] held at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Answers to requests for pages by status; 0 for requests without a whole answer.
    pub requests: BTreeMap<u16, u64>,
    /// How long pages took.
    pub latency: Latency,
    /// Okta's rate limit, when it last told.
    pub rate_limit: Option<RateLimit>,
    /// How far Okta's clock is ahead of ours, in milliseconds.
    pub skew_ms: Option<i64>,
    /// The live tail.
    pub tail: Progress,
    /// The backfill.
    pub backfill: Progress,
}

/// How far a tail or a backfill is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// What it is doing.
    pub state: State,
    /// When the last page came.
    pub last_success: Option<Timestamp>,
    /// What went wrong last, and when; it may be over.
    pub last_error: Option<(Timestamp, Trouble)>,
    /// Pages given.
    pub pages: u64,
    /// Events given.
    pub events: u64,
    /// The latest `published` that has been seen.
    pub newest: Option<Timestamp>,
    /// Pages that were no array of events.
    pub bad_pages: u64,
    /// `next` links that led elsewhere.
    pub refused_links: u64,
    /// Times that a cursor was no longer taken, and a time was gone back to.
    pub fallbacks: u64,
}

/// What a tail or a backfill is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum State {
    /// Not begun.
    #[default]
    Idle,
    /// The last page was full: there is more.
    CatchingUp,
    /// Everything there was has been read.
    CaughtUp,
    /// Something is wrong; it goes on trying.
    Retrying {
        /// What.
        trouble: Trouble,
        /// Since when.
        since: Timestamp,
        /// Failures in a row.
        failures: u32,
        /// When the next request is due.
        next: Timestamp,
    },
    /// A backfill has reached its end.
    Finished,
}

/// A histogram of how long pages took, from the request to the end of the answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Latency {
    /// The last one.
    pub last: Duration,
    /// All together.
    pub sum: Duration,
    /// How many there were.
    pub count: u64,
    /// How many took no longer than each of [`LATENCY_BOUNDS`].
    pub buckets: [u64; LATENCY_BOUNDS.len()],
}

impl Latency {
    fn add(&mut self, latency: Duration) {
        self.last = latency;
        self.sum += latency;
        self.count += 1;
        for (bucket, bound) in self.buckets.iter_mut().zip(LATENCY_BOUNDS) {
            *bucket += u64::from(latency.as_secs_f64() <= bound);
        }
    }
}

impl Health {
    /// A copy of how things are now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Snapshot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Snapshot) -> T) -> T {
        change(&mut self.lock())
    }

    pub(crate) fn answered(
        &self,
        status: u16,
        latency: Duration,
        limit: Option<RateLimit>,
        skew_ms: Option<i64>,
    ) {
        let mut snapshot = self.lock();
        *snapshot.requests.entry(status).or_default() += 1;
        snapshot.rate_limit = limit.or(snapshot.rate_limit);
        snapshot.skew_ms = skew_ms;
        if status == 200 {
            snapshot.latency.add(latency);
        }
    }

    pub(crate) fn unanswered(&self) {
        *self.lock().requests.entry(0).or_default() += 1;
    }
}

impl Progress {
    /// Goes over to retrying, or goes on with it.
    pub(crate) fn failed(&mut self, trouble: Trouble, failures: u32, wait: Duration) {
        let now = Timestamp::now();
        let since = match &self.state {
            State::Retrying { since, .. } => *since,
            _ => now,
        };
        self.last_error = Some((now, trouble.clone()));
        let next = now.checked_add(wait).unwrap_or(now);
        self.state = State::Retrying { trouble, since, failures, next };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_fall_into_their_buckets() {
        let mut latency = Latency::default();
        for milliseconds in [50, 60, 1_000, 90_000] {
            latency.add(Duration::from_millis(milliseconds));
        }
        assert_eq!(latency.buckets, [1, 2, 2, 2, 3, 3, 3, 3, 3, 3]);
        assert_eq!((latency.count, latency.last), (4, Duration::from_secs(90)));
    }

    #[test]
    fn trouble_lasts_from_its_first_failure() {
        let mut progress = Progress::default();
        progress.failed(Trouble::NoNextLink, 1, Duration::ZERO);
        let State::Retrying { since: first, .. } = progress.state.clone() else { panic!() };
        progress.failed(Trouble::TooLong(1), 2, Duration::from_secs(9));
        let State::Retrying { since, failures, next, .. } = progress.state else { panic!() };
        assert_eq!((since, failures), (first, 2));
        assert!(next > since);
    }
}
