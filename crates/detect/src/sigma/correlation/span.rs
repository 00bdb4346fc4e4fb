//! Time spans as rules write them, and as people say them.

use super::DAY;

/// A time span as people say it: `10 minutes`.
#[must_use]
pub fn in_words(milliseconds: i64) -> String {
    let units = [(86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second")];
    let (unit, name) =
        units.into_iter().find(|(unit, _)| milliseconds % unit == 0).unwrap_or((1_000, "second"));
    match milliseconds / unit {
        1 => format!("1 {name}"),
        number => format!("{number} {name}s"),
    }
}

/// The milliseconds of a number and a unit; a month has 30 days.
pub(crate) fn milliseconds(text: &str) -> Option<i64> {
    let units = [
        ("s", 1_000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", DAY),
        ("w", 7 * DAY),
        ("M", 30 * DAY),
    ];
    let (number, unit) =
        units.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return None;
    }
    number.parse::<i64>().ok()?.checked_mul(*unit)
}
