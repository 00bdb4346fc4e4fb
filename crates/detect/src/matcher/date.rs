//! Parts of dates, read as they are written, without regard to time zones (specification
//! 2.1.0, appendix "Sigma Modifiers").

use crate::sigma::Modifier;

/// The part of an ISO 8601 date that a modifier asks for; `None` when the text has no such part.
/// A date that no calendar has, such as 31 September, still has a day, but no week.
pub(crate) fn part(text: &str, modifier: Modifier) -> Option<i128> {
    let number = |from: usize, length: usize| {
        let digits = text.get(from..from + length)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u16>().ok())?
    };
    let separator = |at: usize, allowed: &[u8]| {
        text.as_bytes().get(at).is_some_and(|byte| allowed.contains(byte))
    };
    if !separator(4, b"-") || !separator(7, b"-") {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let time = || {
        let is_time = separator(10, b"Tt ") && separator(13, b":");
        let (hour, minute) = (number(11, 2)?, number(14, 2)?);
        (is_time && hour < 24 && minute < 60).then_some((hour, minute))
    };
    let value = match modifier {
        Modifier::Year => year,
        Modifier::Month => month,
        Modifier::Day => day,
        Modifier::Hour => time()?.0,
        Modifier::Minute => time()?.1,
        Modifier::Week => iso_week(year, month, day)?,
        _ => return None,
    };
    Some(value.into())
}

/// The week of ISO 8601, 1 to 53: weeks begin on Monday and belong to the year of their
/// Thursday.
fn iso_week(year: u16, month: u16, day: u16) -> Option<u16> {
    let leap = is_leap(year);
    let february = if leap { 29 } else { 28 };
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let month = usize::from(month);
    if day > *lengths.get(month.checked_sub(1)?)? {
        return None;
    }
    let ordinal = lengths.iter().take(month - 1).sum::<u16>() + day;
    let weekday = weekday(year, ordinal);
    let week = (ordinal + 10 - weekday) / 7;
    if week == 0 {
        return Some(weeks(year.checked_sub(1)?));
    }
    Some(if week > weeks(year) { 1 } else { week })
}

fn is_leap(year: u16) -> bool {
    (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400)
}

/// The day of the week, Monday being 1, of a day of a year.
fn weekday(year: u16, ordinal: u16) -> u16 {
    // Of the year before, so that its own leap day counts for the days after it only. 400 years
    // are whole weeks.
    let before = (u32::from(year) + 399) % 400;
    let days = before * 365 + before / 4 - before / 100 + u32::from(ordinal);
    u16::try_from((days + 6) % 7 + 1).unwrap_or(1)
}

/// How many weeks a year has: 53 when it begins on a Thursday, or is a leap year that begins
/// on a Wednesday.
fn weeks(year: u16) -> u16 {
    match weekday(year, 1) {
        4 => 53,
        3 if is_leap(year) => 53,
        _ => 52,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_as_written() {
        use Modifier::{Day, Hour, Minute, Month, Week, Year};
        let cases = [
            ("2026-11-22T16:05:09.123Z", [Some(2026), Some(11), Some(22), Some(16), Some(5)]),
            ("2026-11-22 16:05:09", [Some(2026), Some(11), Some(22), Some(16), Some(5)]),
            ("2026-11-22T16:05:09+02:00", [Some(2026), Some(11), Some(22), Some(16), Some(5)]),
            ("2026-11-22", [Some(2026), Some(11), Some(22), None, None]),
            ("2017-09-31T22:23:07.777Z", [Some(2017), Some(9), Some(31), Some(22), Some(23)]),
            ("2026-13-01", [None; 5]),
            ("yesterday", [None; 5]),
            ("", [None; 5]),
            ("2026-11-2é", [None; 5]),
        ];
        for (text, parts) in cases {
            assert_eq!([Year, Month, Day, Hour, Minute].map(|m| part(text, m)), parts, "{text}");
        }
        assert_eq!(part("2017-09-31T22:23:07.777Z", Week), None);
    }

    #[test]
    fn weeks_are_iso_8601s() {
        let cases = [
            ("2026-11-22", 47),
            ("2026-11-23", 48),
            ("2021-01-03", 53),
            ("2021-01-04", 1),
            ("2020-12-31", 53),
            ("2018-12-31", 1),
            ("2016-01-01", 53),
            ("2000-01-01", 52),
            ("2024-12-30", 1),
            ("2024-02-29", 9),
        ];
        for (text, week) in cases {
            assert_eq!(part(text, Modifier::Week), Some(week), "{text}");
        }
    }
}
