//! Dates in HTTP headers, and the difference between the server's clock and ours.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::{rfc2822, strtime};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// Reads an HTTP date in any of its three forms (RFC 9110, section 5.6.7).
pub(crate) fn http_date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    // The day of the week is not worth losing a date for.
    let parser = rfc2822::DateTimeParser::new().relaxed_weekday(true);
    if let Ok(timestamp) = parser.parse_timestamp(text) {
        return Some(timestamp);
    }
    let civil = if let Some(old) = text.strip_suffix(" GMT") {
        strtime::parse("%A, %d-%b-%y %H:%M:%S", old)
    } else {
        strtime::parse("%a %b %e %H:%M:%S %Y", text)
    };
    let civil = civil.and_then(|parsed| parsed.to_datetime()).ok()?;
    civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// How long `retry-after` says to wait (RFC 9110, section 10.2.3), `now` being the server's time.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let wait = http_date(text)?.as_millisecond() - now.as_millisecond();
    Some(Duration::from_millis(wait.try_into().unwrap_or(0)))
}

/// Our clock, and how far the server's is ahead of it.
#[derive(Debug)]
pub(crate) struct Clock {
    /// In milliseconds; `UNKNOWN` before the first answer.
    skew: AtomicI64,
}

const UNKNOWN: i64 = i64::MIN;

impl Default for Clock {
    fn default() -> Self {
        Self { skew: AtomicI64::new(UNKNOWN) }
    }
}

impl Clock {
    /// How far the server's clock is ahead of ours, in milliseconds, negative when it is behind.
    pub(crate) fn skew(&self) -> Option<i64> {
        let skew = self.skew.load(Ordering::Relaxed);
        (skew != UNKNOWN).then_some(skew)
    }

    /// What time it is for the server.
    pub(crate) fn now(&self) -> Timestamp {
        self.theirs(Timestamp::now())
    }

    /// What time it was for the server at a time by our clock.
    pub(crate) fn theirs(&self, ours: Timestamp) -> Timestamp {
        let moved = ours.as_millisecond().saturating_add(self.skew().unwrap_or(0));
        Timestamp::from_millisecond(moved).unwrap_or(ours)
    }

    /// Takes the server's time from its answer to a request that took `elapsed`.
    pub(crate) fn observe(&self, headers: &HeaderMap, elapsed: Duration) {
        let date = headers.get(DATE).and_then(|date| date.to_str().ok()).and_then(http_date);
        let Some(date) = date else { return };
        // The date is cut to seconds, and was written somewhere between request and answer.
        let half = i64::try_from(elapsed.as_millis() / 2).unwrap_or(0);
        let then = Timestamp::now().as_millisecond() - half;
        self.skew.store(date.as_millisecond() + 500 - then, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn all_forms_of_dates_are_read() {
        let expected = Some(Timestamp::from_second(784_111_777).unwrap());
        let cases = [
            ("Sun, 06 Nov 1994 08:49:37 GMT", expected),
            (" Mon, 06 Nov 1994 08:49:37 GMT ", expected),
            ("Sunday, 06-Nov-94 08:49:37 GMT", expected),
            ("Sun Nov  6 08:49:37 1994", expected),
            ("", None),
            ("yesterday", None),
            ("Sun, 31 Feb 1994 08:49:37 GMT", None),
        ];
        for (text, expected) in cases {
            assert_eq!(http_date(text), expected, "{text}");
        }
    }

    #[test]
    fn retry_after_comes_in_seconds_or_as_a_date() {
        let now = http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let cases = [
            ("7", Some(7)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:40:00 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
        ];
        for (text, expected) in cases {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]);
            assert_eq!(retry_after(&headers, now), expected.map(Duration::from_secs), "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn the_skew_is_known_from_the_first_answer_on() {
        let clock = Clock::default();
        assert_eq!(clock.skew(), None);
        let headers = HeaderMap::from_iter([(
            DATE,
            HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT"),
        )]);
        clock.observe(&headers, Duration::from_secs(2));
        let late = Timestamp::now().as_millisecond() - 784_111_777_000;
        let skew = clock.skew().unwrap();
        assert!((skew + late - 1_500).abs() < 5_000, "{skew} {late}");
        assert!((clock.now().as_millisecond() - 784_111_778_500).abs() < 5_000);
    }
}
