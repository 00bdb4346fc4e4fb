//! Who may ask when: our own limit, and the organisation's, which everything in it shares.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// The window of our own limit.
const MINUTE: Duration = Duration::from_secs(60);
/// Nothing that a server says makes us wait longer.
pub(crate) const LONGEST: Duration = Duration::from_secs(600);

/// Who waits less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Priority {
    /// The live tail.
    Tail,
    /// Whatever can wait. It leaves a quarter of each limit to the tail.
    Backfill,
}

/// What the organisation's rate limit was when Okta last told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests allowed in a window of Okta's, to everything in the organisation.
    pub limit: u32,
    /// Those of them that are left.
    pub remaining: u32,
    /// When a new window begins, by our clock.
    pub reset: Timestamp,
}

/// Shares an organisation's rate limit between all clients that read it.
///
/// Clients made with [`Client::sharing`](crate::Client::sharing) use one limiter together, so that
/// their requests count as one.
#[derive(Debug)]
pub struct Limiter {
    per_minute: usize,
    share: u32,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// When the requests of the last minute were let through.
    sent: VecDeque<Instant>,
    window: Option<Window>,
    blocked: Option<Instant>,
    tails_waiting: usize,
    /// Let through, and not answered yet.
    underway: u32,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    limit: u32,
    remaining: u32,
    reset: Instant,
}

impl Limiter {
    /// A limiter of `per_minute` requests in any minute (0 for no limit but Okta's), which stops
    /// when `share` percent of Okta's limit are used up.
    #[must_use]
    pub fn new(per_minute: u32, share: u8) -> Arc<Self> {
        Arc::new(Self {
            per_minute: per_minute as usize,
            share: u32::from(share.clamp(1, 100)),
            state: Mutex::default(),
            changed: Notify::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a request may be sent.
    pub(crate) async fn acquire(&self, priority: Priority) -> Permit<'_> {
        let _waiting = (priority == Priority::Tail).then(|| Waiting::new(self));
        loop {
            // Registered before looking, so that no change in between is missed.
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let free = self.try_acquire(priority);
            match free {
                Free::Now => return Permit(self),
                Free::At(time) => tokio::select! {
                    () = sleep_until(time) => {}
                    () = &mut changed => {}
                },
                Free::OnChange => changed.await,
            }
        }
    }

    fn try_acquire(&self, priority: Priority) -> Free {
        let mut state = self.state();
        let now = Instant::now();
        if priority == Priority::Backfill && state.tails_waiting > 0 {
            return Free::OnChange;
        }
        if let Some(blocked) = state.blocked {
            if now < blocked {
                return Free::At(blocked);
            }
            state.blocked = None;
        }
        while state.sent.front().is_some_and(|sent| now.duration_since(*sent) >= MINUTE) {
            state.sent.pop_front();
        }
        // The tail's quarter, if there is anything to divide.
        let own = |all: usize| match priority {
            Priority::Tail => all,
            Priority::Backfill => (all - all / 4).max(1),
        };
        if self.per_minute > 0 {
            let allowed = own(self.per_minute);
            if state.sent.len() >= allowed {
                let freed = state.sent.len() - allowed;
                return match state.sent.get(freed) {
                    Some(sent) => Free::At(*sent + MINUTE),
                    None => Free::OnChange,
                };
            }
        }
        if let Some(window) = state.window {
            let is_over = now >= window.reset;
            let used = if is_over { 0 } else { window.limit.saturating_sub(window.remaining) };
            let shared = (u64::from(window.limit) * u64::from(self.share) / 100).max(1) as usize;
            if used as usize + state.underway as usize >= own(shared) {
                // With none underway, used is the window's: it is not over then, or nothing would
                // be used.
                return if is_over { Free::OnChange } else { Free::At(window.reset) };
            }
        }
        if self.per_minute > 0 {
            state.sent.push_back(now);
        }
        state.underway += 1;
        Free::Now
    }

    /// Learns from an answer's headers how much is left; `now` is the server's time.
    pub(crate) fn observe(&self, headers: &HeaderMap, now: Timestamp) -> Option<RateLimit> {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
        let limit = u32::try_from(number("x-rate-limit-limit")?).ok().filter(|it| *it > 0)?;
        let remaining = number("x-rate-limit-remaining")?.clamp(0, i64::from(limit)) as u32;
        let reset = number("x-rate-limit-reset")?;
        let wait = reset.saturating_mul(1000).saturating_sub(now.as_millisecond());
        let wait = Duration::from_millis(wait.try_into().unwrap_or(0)).min(LONGEST);
        let reset = Instant::now() + wait;
        self.state().window = Some(Window { limit, remaining, reset });
        self.changed.notify_waiters();
        Some(RateLimit { limit, remaining, reset: Timestamp::now() + wait })
    }

    /// Lets nothing through for `wait`, and up to a tenth longer, so that not all come back at
    /// once.
    pub(crate) fn block(&self, wait: Duration) {
        let wait = wait.min(LONGEST);
        let jitter = crate::random::up_to((wait / 10).max(Duration::from_millis(50)));
        let until = Instant::now() + wait + jitter;
        let mut state = self.state();
        state.blocked = state.blocked.max(Some(until));
    }
}

/// When a request may be sent.
enum Free {
    Now,
    At(Instant),
    OnChange,
}

/// The permission to send one request, until it has been answered.
pub(crate) struct Permit<'a>(&'a Limiter);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.underway = state.underway.saturating_sub(1);
        drop(state);
        self.0.changed.notify_waiters();
    }
}

/// That a tail waits, until it does no longer.
struct Waiting<'a>(&'a Limiter);

impl<'a> Waiting<'a> {
    fn new(limiter: &'a Limiter) -> Self {
        limiter.state().tails_waiting += 1;
        Self(limiter)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.tails_waiting = state.tails_waiting.saturating_sub(1);
        drop(state);
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
#[path = "limiter_tests.rs"]
mod tests;
