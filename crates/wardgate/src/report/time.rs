//! Times as people read them. All in UTC, which is what Okta writes.

use jiff::Timestamp;

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
/// Milliseconds of a day.
pub(super) const DAY: i64 = 24 * HOUR;

/// The milliseconds since 1970 of an RFC 3339 time; `None` when it is none.
pub(super) fn parse(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(|time| time.as_millisecond())
}

/// `2026-09-03 08:14:22`, for tables.
pub(super) fn second(ms: i64) -> String {
    format(ms, "%Y-%m-%d %H:%M:%S")
}

/// `2026-09-03 08:14`, for tables.
pub(super) fn minute(ms: i64) -> String {
    format(ms, "%Y-%m-%d %H:%M")
}

/// `3 September 2026`, for sentences.
pub(super) fn day(ms: i64) -> String {
    format(ms, "%-d %B %Y")
}

/// The label of a tick on an axis whose ticks are `step` apart: `08:00` or `3 Sep`.
pub(super) fn tick(ms: i64, step: i64) -> String {
    if step < DAY && ms.rem_euclid(DAY) != 0 {
        return format(ms, "%H:%M");
    }
    if step < 300 * DAY { format(ms, "%-d %b") } else { format(ms, "%b %Y") }
}

/// The time between two moments in its largest units, rounded: `27 days`, `3 hours`.
pub(super) fn span(ms: i64) -> String {
    let units = [(DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (SECOND, "second")];
    let fits = units.iter().find(|(unit, _)| ms >= 2 * *unit);
    let (unit, name) = fits.copied().unwrap_or((SECOND, "second"));
    let count = (ms + unit / 2) / unit;
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

/// The exact length of a slot: `6 hours`, `90 minutes`, `1 day`.
pub(super) fn length(ms: i64) -> String {
    let units = [(DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (SECOND, "second")];
    for (unit, name) in units {
        if ms >= unit && ms % unit == 0 {
            let count = ms / unit;
            return format!("{count} {name}{}", if count == 1 { "" } else { "s" });
        }
    }
    format!("{ms} ms")
}

fn format(ms: i64, pattern: &str) -> String {
    match Timestamp::from_millisecond(ms) {
        Ok(time) => time.strftime(pattern).to_string(),
        Err(_) => format!("{ms} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_times() {
        let ms = parse("2026-09-03T08:14:22.101Z").unwrap();
        assert_eq!(ms, 1_788_423_262_101);
        assert_eq!(second(ms), "2026-09-03 08:14:22");
        assert_eq!(minute(ms), "2026-09-03 08:14");
        assert_eq!(day(ms), "3 September 2026");
        assert_eq!(parse("yesterday"), None);
        assert_eq!(second(i64::MAX), "9223372036854775807 ms");
    }

    #[test]
    fn ticks_suit_their_distance() {
        let noon = parse("2026-09-03T12:00:00Z").unwrap();
        let midnight = parse("2026-09-04T00:00:00Z").unwrap();
        assert_eq!(tick(noon, 6 * HOUR), "12:00");
        assert_eq!(tick(midnight, 6 * HOUR), "4 Sep");
        assert_eq!(tick(midnight, 2 * DAY), "4 Sep");
        assert_eq!(tick(midnight, 365 * DAY), "Sep 2026");
    }

    #[test]
    fn spans_read_well() {
        let cases = [
            (0, "0 seconds"),
            (SECOND, "1 second"),
            (90 * SECOND, "90 seconds"),
            (3 * HOUR, "3 hours"),
            (27 * DAY + HOUR, "27 days"),
        ];
        for (ms, expected) in cases {
            assert_eq!(span(ms), expected);
        }
        let cases =
            [(DAY, "1 day"), (6 * HOUR, "6 hours"), (90 * MINUTE, "90 minutes"), (7, "7 ms")];
        for (ms, expected) in cases {
            assert_eq!(length(ms), expected);
        }
    }
}
