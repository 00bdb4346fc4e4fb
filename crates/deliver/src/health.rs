//! How a sink is doing.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// How a sink is doing, for metrics and health checks. Counts are since the start.
#[derive(Debug)]
pub struct SinkHealth {
    delivered: AtomicU64,
    failed: AtomicU64,
    set_aside: AtomicU64,
    behind: AtomicI64,
    is_healthy: AtomicBool,
    last_error: Mutex<Option<String>>,
}

impl Default for SinkHealth {
    fn default() -> Self {
        Self {
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            set_aside: AtomicU64::new(0),
            behind: AtomicI64::new(0),
            is_healthy: AtomicBool::new(true),
            last_error: Mutex::new(None),
        }
    }
}

impl SinkHealth {
    /// Alerts that were accepted.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }

    /// Attempts that failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Alerts that the other side would not take, and that were set aside.
    #[must_use]
    pub fn set_aside(&self) -> u64 {
        self.set_aside.load(Ordering::Relaxed)
    }

    /// How many places of the outbox are not done yet: those that are not sent count as well.
    #[must_use]
    pub fn behind(&self) -> i64 {
        self.behind.load(Ordering::Relaxed)
    }

    /// Whether the last attempt succeeded, or there was none.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.is_healthy.load(Ordering::Relaxed)
    }

    /// Why the last attempt that failed did; it stays when later ones succeed.
    #[must_use]
    pub fn last_error(&self) -> Option<String> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn accepted(&self, alerts: usize) {
        self.delivered.fetch_add(alerts as u64, Ordering::Relaxed);
        self.is_healthy.store(true, Ordering::Relaxed);
    }

    pub(crate) fn failure(&self, reason: &str) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.is_healthy.store(false, Ordering::Relaxed);
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(reason.to_owned());
    }

    pub(crate) fn put_aside(&self) {
        self.set_aside.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn is_at(&self, behind: i64) {
        self.behind.store(behind.max(0), Ordering::Relaxed);
    }
}
