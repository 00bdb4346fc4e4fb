//! The time by which old days are deleted.
//!
//! A system clock that is set wrong, as that of a machine without a battery is at its start, would
//! make everything old at once: what is stored would be deleted, and what arrives refused. So the
//! system clock is believed as far as the events that are stored bear it out. Beyond them it is
//! followed slowly, so that a store whose sources have fallen silent still forgets.

use std::time::Instant;

use ecs::Timestamp;

/// How much faster than real time the system clock is followed without events that bear it out:
/// one day an hour.
const SPEED: i64 = 24;

/// The clock of retention.
#[derive(Debug)]
pub(crate) struct RetentionClock {
    /// In milliseconds since 1970; `None` before there was an event.
    time: Option<i64>,
    advanced: Instant,
}

impl RetentionClock {
    /// A clock that was at `time` when it was stored.
    pub(crate) fn new(time: Option<i64>) -> Self {
        Self { time, advanced: Instant::now() }
    }

    /// Where it stands, to be stored.
    pub(crate) fn time(&self) -> Option<i64> {
        self.time
    }

    /// Moves it on to `newest`, up to when there are events, and some way to the system's `now`.
    pub(crate) fn advance(&mut self, now: Timestamp, newest: Option<Timestamp>) {
        let real = i64::try_from(self.advanced.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.advanced = Instant::now();
        self.advance_by(real, now, newest);
    }

    fn advance_by(&mut self, real: i64, now: Timestamp, newest: Option<Timestamp>) {
        let seen = newest.map(|newest| newest.0.min(now.0));
        let followed = self.time.map(|time| {
            let soon = time.saturating_add(real.saturating_mul(SPEED));
            soon.min(now.0).max(time)
        });
        self.time = seen.max(followed);
    }

    /// The time by which an event of the system's `now` is old. It is never behind either clock.
    pub(crate) fn now(&self, now: Timestamp) -> Timestamp {
        Timestamp(self.time.unwrap_or(i64::MIN).min(now.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;
    const HOUR: i64 = 3_600_000;

    #[test]
    fn events_bear_the_system_clock_out() {
        let mut clock = RetentionClock::new(None);
        clock.advance_by(5_000, Timestamp(900 * DAY), None);
        assert_eq!(clock.now(Timestamp(900 * DAY)), Timestamp(i64::MIN));
        clock.advance_by(5_000, Timestamp(900 * DAY), Some(Timestamp(100 * DAY)));
        assert_eq!(clock.now(Timestamp(900 * DAY)), Timestamp(100 * DAY));
        // An event with a date to come moves it no further than the system clock.
        clock.advance_by(0, Timestamp(101 * DAY), Some(Timestamp(5_000 * DAY)));
        assert_eq!(clock.now(Timestamp(101 * DAY)), Timestamp(101 * DAY));
    }

    #[test]
    fn a_jump_ahead_is_followed_slowly() {
        let mut clock = RetentionClock::new(Some(100 * DAY));
        let (jumped, newest) = (Timestamp(900 * DAY), Some(Timestamp(100 * DAY)));
        clock.advance_by(HOUR, jumped, newest);
        assert_eq!(clock.now(jumped), Timestamp(101 * DAY));
        // Set right again, it goes by the system clock, and does not delete more.
        assert_eq!(clock.now(Timestamp(100 * DAY)), Timestamp(100 * DAY));
        clock.advance_by(HOUR, Timestamp(100 * DAY), newest);
        assert_eq!(clock.time(), Some(101 * DAY));
    }

    #[test]
    fn silent_sources_are_forgotten_in_time() {
        let mut clock = RetentionClock::new(Some(100 * DAY));
        for day in 100..200 {
            for hour in 0..24 {
                let now = Timestamp(day * DAY + hour * HOUR);
                clock.advance_by(HOUR, now, Some(Timestamp(100 * DAY)));
                assert_eq!(clock.now(now), now);
            }
        }
    }
}
