//! The UTC day that an event belongs to.

use std::fmt;
use std::str::FromStr;

use ecs::Timestamp;
use jiff::civil::Date;

const MILLISECONDS: i64 = 86_400_000;

/// A UTC day, or none for events whose date cannot be read.
///
/// It follows from the event alone, so that a repeated event is looked for where the first went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Day {
    /// No date, or one outside the years 2000 to 2099.
    Undated,
    /// Days since 1970-01-01.
    Date(i32),
}

impl Day {
    /// The day of `published`.
    #[must_use]
    pub fn of(published: Option<Timestamp>) -> Self {
        /// 2000-01-01 and 2100-01-01.
        const KNOWN: std::ops::Range<i64> = 10_957..47_482;
        match published.map(|time| time.0.div_euclid(MILLISECONDS)) {
            Some(day) if KNOWN.contains(&day) => {
                i32::try_from(day).map_or(Self::Undated, Self::Date)
            }
            _ => Self::Undated,
        }
    }

    /// Its first moment, if it is a date.
    #[must_use]
    pub fn start(self) -> Option<Timestamp> {
        match self {
            Self::Undated => None,
            Self::Date(day) => Some(Timestamp(i64::from(day) * MILLISECONDS)),
        }
    }

    /// The first moment after it, if it is a date.
    #[must_use]
    pub fn end(self) -> Option<Timestamp> {
        self.start().map(|start| Timestamp(start.0 + MILLISECONDS))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.start().map(|start| jiff::Timestamp::from_millisecond(start.0)) {
            Some(Ok(start)) => {
                write!(f, "{}", jiff::tz::Offset::UTC.to_datetime(start).date())
            }
            _ => f.write_str("undated"),
        }
    }
}

/// A folder name that is no day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a day such as 2026-11-22, or undated")]
pub struct NoDay;

impl FromStr for Day {
    type Err = NoDay;

    fn from_str(text: &str) -> Result<Self, NoDay> {
        if text == "undated" {
            return Ok(Self::Undated);
        }
        let date: Date = text.parse().map_err(|_| NoDay)?;
        let start = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| NoDay)?.timestamp();
        let day = Self::of(Some(Timestamp(start.as_millisecond())));
        if day.to_string() == text { Ok(day) } else { Err(NoDay) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_named_by_their_date() {
        let cases = [
            ("2026-11-22T23:59:59.999Z", "2026-11-22"),
            ("2026-11-22T00:00:00.000Z", "2026-11-22"),
            ("2000-01-01T00:00:00.000Z", "2000-01-01"),
            ("1999-12-31T23:59:59.999Z", "undated"),
            ("2099-12-31T23:59:59.999Z", "2099-12-31"),
            ("2100-01-01T00:00:00.000Z", "undated"),
        ];
        for (time, name) in cases {
            let day = Day::of(Timestamp::parse(time));
            assert_eq!(day.to_string(), name);
            assert_eq!(name.parse(), Ok(day));
        }
        assert_eq!(Day::of(None), Day::Undated);
        for none in ["2026-1-2", "1999-01-01", "", "today", "2026-02-30"] {
            assert_eq!(none.parse::<Day>(), Err(NoDay));
        }
    }
}
