//! How long to wait before the next attempt.

use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};

use crate::failure::FailureKind;

/// How patient a sink is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The wait after the first failure; it doubles with each.
    pub first: Duration,
    /// The longest wait.
    pub most: Duration,
    /// The shortest wait after an answer that somebody has to do something about, such as 403.
    pub rejected: Duration,
    /// The longest wait that the other side can ask for (`Retry-After`).
    pub asked: Duration,
    /// How often an alert is sent that is refused for itself (400, 413, 422), before it is set
    /// aside.
    pub refusals: u32,
    /// How often the outbox is looked at without being woken.
    pub poll: Duration,
    /// How long an attempt may go on after the shutdown has begun.
    pub grace: Duration,
}

impl Patience {
    /// For what is reached over a network.
    pub const REMOTE: Self = Self {
        first: Duration::from_secs(1),
        most: Duration::from_secs(300),
        rejected: Duration::from_secs(60),
        asked: Duration::from_secs(3600),
        refusals: 5,
        poll: Duration::from_secs(5),
        grace: Duration::from_secs(3),
    };

    /// For files and writers: a disk that has room again is used soon.
    pub const LOCAL: Self = Self { most: Duration::from_secs(10), ..Self::REMOTE };

    /// The wait after so many failures in a row, from 1.
    pub(crate) fn wait(&self, failures: u32, kind: &FailureKind) -> Duration {
        let doublings = failures.saturating_sub(1).min(20);
        let wait = self.first.saturating_mul(1 << doublings).min(self.most);
        let wait = if *kind == FailureKind::Later { wait.max(self.rejected) } else { wait };
        // Between half of it and all, so that many do not come at once.
        let wait = wait.mul_f64(0.5 + 0.5 * random());
        match kind {
            FailureKind::Soon(Some(asked)) => wait.max((*asked).min(self.asked)),
            _ => wait,
        }
    }
}

/// Something from 0 to 1.
fn random() -> f64 {
    let mut bytes = [0; 4];
    // Without randomness there is no jitter, and nothing worse.
    let _ = SystemRandom::new().fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_bounded() {
        let patience = Patience::REMOTE;
        for failures in 1..100 {
            let wait = patience.wait(failures, &FailureKind::Soon(None));
            let full = Duration::from_secs(1 << (failures - 1).min(20)).min(patience.most);
            assert!(wait >= full / 2 && wait <= full, "{failures}: {wait:?}");
        }
        assert!(patience.wait(1, &FailureKind::Later) >= patience.rejected / 2);
    }

    #[test]
    fn what_the_other_side_asks_for_is_done_within_reason() {
        let patience = Patience::REMOTE;
        let wait = |asked| patience.wait(1, &FailureKind::Soon(Some(Duration::from_secs(asked))));
        assert_eq!(wait(120), Duration::from_secs(120));
        assert!(wait(0) >= Duration::from_millis(500));
        assert_eq!(wait(1_000_000), Duration::from_secs(3600));
    }
}
