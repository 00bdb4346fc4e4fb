//! How often, and after how long, something is tried again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// How patient a client is with a server.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How often a request is sent at the most.
    pub tries: u32,
    /// How long to wait before the second try; each wait is twice as long as the one before.
    pub first: Duration,
    /// How long to wait at the most, when the server does not say.
    pub longest: Duration,
    /// How long to wait at the most, when the server says so.
    pub longest_told: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            tries: 5,
            first: Duration::from_secs(1),
            longest: Duration::from_secs(60),
            longest_told: Duration::from_secs(600),
        }
    }
}

impl Patience {
    /// How long to wait behind a try that failed, the first being 1. Half of it is chance, so that
    /// many who failed at once do not come back at once.
    pub(crate) fn pause(&self, tries: u32) -> Duration {
        let doubled = self.first.saturating_mul(1 << (tries.saturating_sub(1)).min(16));
        let most = doubled.min(self.longest);
        let chance = RandomState::new().hash_one(tries) % 1_000;
        most / 2 + most.mul_f64(chance as f64 / 2_000.0)
    }
}

/// How long `retry-after` says to wait (RFC 9110, section 10.2.3).
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let parser = rfc2822::DateTimeParser::new().relaxed_weekday(true);
    let until = parser.parse_timestamp(text).ok()?.as_millisecond();
    let wait = until - Timestamp::now().as_millisecond();
    Some(Duration::from_millis(wait.try_into().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let patience = Patience::default();
        for (tries, most) in [(1, 1), (2, 2), (3, 4), (7, 60), (u32::MAX, 60)] {
            let pause = patience.pause(tries);
            let most = Duration::from_secs(most);
            assert!(pause >= most / 2 && pause <= most, "{tries}: {pause:?}");
        }
    }

    #[test]
    fn servers_say_how_long() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(read("7"), Some(Duration::from_secs(7)));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        assert!(read("Fri, 31 Dec 2100 23:59:59 GMT").unwrap() > Duration::from_secs(1 << 30));
        assert_eq!(read("soon"), None);
    }
}
