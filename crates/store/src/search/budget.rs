//! What a search may cost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use tantivy::TantivyError;

/// The most terms of the indexes that wildcards, regular expressions and ranges of one search may
/// look at.
const MOST_TERMS: u64 = 200_000_000;

/// What is left of what a search may cost. Shared by all threads that work for it.
#[derive(Debug)]
pub(crate) struct Budget {
    terms: AtomicU64,
    deadline: Option<Instant>,
    given_up: Option<Arc<AtomicBool>>,
    spent: AtomicBool,
}

impl Budget {
    /// A budget until `deadline`; it is spent as well when `given_up` is set.
    pub(crate) fn new(deadline: Option<Instant>, given_up: Option<Arc<AtomicBool>>) -> Self {
        let (terms, spent) = (AtomicU64::new(MOST_TERMS), AtomicBool::new(false));
        Self { terms, deadline, given_up, spent }
    }

    /// Takes `terms` from it.
    ///
    /// # Errors
    ///
    /// When nothing is left.
    pub(crate) fn take(&self, terms: u64) -> tantivy::Result<()> {
        let left = self
            .terms
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(terms));
        let is_late = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        let is_given_up =
            self.given_up.as_ref().is_some_and(|given_up| given_up.load(Ordering::Relaxed));
        if left.is_err() || is_late || is_given_up {
            self.spent.store(true, Ordering::Relaxed);
            return Err(TantivyError::InternalError("the search has become too costly".to_owned()));
        }
        Ok(())
    }

    /// Whether something could not be done because nothing was left.
    pub(crate) fn is_spent(&self) -> bool {
        self.spent.load(Ordering::Relaxed)
    }
}
