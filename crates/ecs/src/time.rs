//! Instants, and how they are read from what Okta publishes.

use std::fmt;

/// An instant in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Reads an RFC 3339 date and time. `None` for anything else, and for days that do not exist
    /// (`2017-09-31`).
    ///
    /// ```
    /// use ecs::Timestamp;
    ///
    /// assert_eq!(Timestamp::parse("1970-01-01T00:00:01.500Z"), Some(Timestamp(1500)));
    /// assert_eq!(Timestamp::parse("1970-01-01T01:00:00+01:00"), Some(Timestamp(0)));
    /// assert_eq!(Timestamp::parse("2017-09-31T22:23:07.777Z"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(bytes) = <&[u8; 24]>::try_from(text.as_bytes()) {
            // The form in which Okta publishes, read without a general parser: this is done for
            // every event.
            if let Some(timestamp) = parse_published(bytes) {
                return Some(timestamp);
            }
        }
        let timestamp: jiff::Timestamp = text.parse().ok()?;
        Some(Self(timestamp.as_millisecond()))
    }

    /// Now, by the system's clock.
    #[must_use]
    pub fn now() -> Self {
        Self(jiff::Timestamp::now().as_millisecond())
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with milliseconds, as Okta writes it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(timestamp) => write!(formatter, "{timestamp:.3}"),
            Err(_) => write!(formatter, "{} ms since 1970", self.0),
        }
    }
}

/// Reads `2026-11-22T10:20:30.456Z`.
fn parse_published(bytes: &[u8; 24]) -> Option<Timestamp> {
    let [
        y0,
        y1,
        y2,
        y3,
        b'-',
        mo0,
        mo1,
        b'-',
        d0,
        d1,
        b'T',
        h0,
        h1,
        b':',
        mi0,
        mi1,
        b':',
        s0,
        s1,
        b'.',
        f0,
        f1,
        f2,
        b'Z',
    ] = *bytes
    else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_i64, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
        })
    };
    let (year, month, day) = (number(&[y0, y1, y2, y3])?, number(&[mo0, mo1])?, number(&[d0, d1])?);
    let (hour, minute, second) = (number(&[h0, h1])?, number(&[mi0, mi1])?, number(&[s0, s1])?);
    let millisecond = number(&[f0, f1, f2])?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        _ => return None,
    };
    if !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days since 1970-01-01 in the proleptic Gregorian calendar, counting years from March so
    // that a leap day is a year's last.
    let years = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_number = years * 365 + years / 4 - years / 100 + years / 400 + day_of_year - 719_468;
    let seconds = day_number * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(Timestamp(seconds * 1_000 + millisecond))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_instant_is_none() {
        for text in [
            "",
            "yesterday",
            "2017-09-31T22:23:07.777Z",
            "2023-02-29T00:00:00.000Z",
            "2023-13-01T00:00:00.000Z",
            "2023-01-00T00:00:00.000Z",
            "2023-01-01T24:00:00.000Z",
            "2023-01-01T00:60:00.000Z",
            "2023-01-01",
            "1668499462213",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_short_cut_agrees_with_the_general_parser(
            year in 1600_i64..9999, month in 1..13, day in 1..32,
            hour in 0..24, minute in 0..60, second in 0..60, millisecond in 0..1000,
        ) {
            let text = format!(
                "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z"
            );
            let bytes = <&[u8; 24]>::try_from(text.as_bytes()).unwrap();
            let general = text.parse::<jiff::Timestamp>().ok();
            let general = general.map(|timestamp| Timestamp(timestamp.as_millisecond()));
            prop_assert_eq!(parse_published(bytes), general);
            if let Some(timestamp) = general {
                prop_assert_eq!(timestamp.to_string(), text);
            }
        }
    }
}
