//! Dates in queries: written out, or counted from now.

use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp, ToSpan, Unit};

/// What a date in a query stands for: all of a day, of a minute or of whatever it names, in UTC.
///
/// A lower end that includes the date begins where it starts, one that excludes it where it ends;
/// an upper end the other way round. That is also how Elasticsearch rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Its first millisecond since 1970.
    pub start: i64,
    /// The first millisecond behind it.
    pub end: i64,
}

/// A text that is no date.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is no date: expected one such as 2026-09-01, 2026-09-01T08:00:00Z, now, now-7d or now/d"
)]
pub struct InvalidDate(String);

impl Moment {
    /// Reads a date: `2026`, `2026-09`, `2026-09-01`, `2026-09-01T08:00` with or without seconds,
    /// fractions and offset (`Z`, `+02:00`), milliseconds since 1970 (at least 8 digits), or
    /// `now`, which is given in milliseconds since 1970. `now`, or a date and `||`, may be
    /// followed by steps: `+1d`, `-2h`, and `/d` for the whole of a day, with the units
    /// `y M w d h H m s`. A week begins on Monday.
    ///
    /// ```
    /// use query::Moment;
    ///
    /// let day = Moment::parse("2026-09-01", 0)?;
    /// assert_eq!(day.end - day.start, 86_400_000);
    /// assert_eq!(Moment::parse("2026-09-02||-1d/d", 0)?, day);
    /// assert_eq!(Moment::parse("now-1h", 3_600_000)?.start, 0);
    /// # Ok::<(), query::InvalidDate>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When it is no date.
    pub fn parse(text: &str, now: i64) -> Result<Self, InvalidDate> {
        read(text, now).ok_or_else(|| InvalidDate(text.chars().take(60).collect()))
    }
}

fn read(text: &str, now: i64) -> Option<Moment> {
    if let Some(steps) = text.strip_prefix("now") {
        return apply(steps, Moment { start: now, end: now.checked_add(1)? });
    }
    match text.split_once("||") {
        Some((date, steps)) => apply(steps, written(date)?),
        None => written(text),
    }
}

/// A date without steps.
fn written(text: &str) -> Option<Moment> {
    if text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let start: i64 = text.parse().ok()?;
        return Some(Moment { start, end: start.checked_add(1)? });
    }
    // The last days of 9999, with which people write ranges without an end, are no timestamps.
    let utc = |datetime| TimeZone::UTC.to_timestamp(datetime).unwrap_or(Timestamp::MAX);
    let between = |start: Timestamp, length: Span| {
        let end = start.to_zoned(TimeZone::UTC).checked_add(length);
        let end = end.map_or(Timestamp::MAX, |end| end.timestamp()).as_millisecond();
        let start = start.as_millisecond();
        Moment { start, end: end.max(start + 1) }
    };
    let is_digit = |byte: u8| byte.is_ascii_digit();
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let parts: Vec<&str> = date.split('-').collect();
    let number = |text: &str, digits: usize| {
        (text.len() == digits && text.bytes().all(is_digit)).then(|| text.parse::<i16>().ok())?
    };
    let (date, length) = match parts.as_slice() {
        [year] => (Date::new(number(year, 4)?, 1, 1).ok()?, 1.year()),
        [year, month] => {
            let month = i8::try_from(number(month, 2)?).ok()?;
            (Date::new(number(year, 4)?, month, 1).ok()?, 1.month())
        }
        [year, month, day] => {
            let month = i8::try_from(number(month, 2)?).ok()?;
            let day = i8::try_from(number(day, 2)?).ok()?;
            (Date::new(number(year, 4)?, month, day).ok()?, 1.day())
        }
        _ => return None,
    };
    let Some(time) = time else {
        return Some(between(utc(date.to_datetime(Time::midnight())), length));
    };
    if parts.len() != 3 {
        return None;
    }
    let (time, offset) = match time.strip_suffix(['Z', 'z']) {
        Some(time) => (time, Offset::UTC),
        None => match time.rfind(['+', '-']) {
            Some(at) => (time.get(..at)?, offset(time.get(at..)?)?),
            None => (time, Offset::UTC),
        },
    };
    let (whole, fraction) = match time.split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (time, None),
    };
    let mut numbers = [0_i8; 3];
    let mut count = 0;
    for part in whole.split(':') {
        *numbers.get_mut(count)? = i8::try_from(number(part, 2)?).ok()?;
        count += 1;
    }
    let [hour, minute, second] = numbers;
    let (nanosecond, length) = match (count, fraction) {
        (1, None) => (0, 1.hour()),
        (2, None) => (0, 1.minute()),
        (3, None) => (0, 1.second()),
        (3, Some(digits)) if (1..=9).contains(&digits.len()) && digits.bytes().all(is_digit) => {
            let nanosecond = format!("{digits:0<9}").parse::<i32>().ok()?;
            // What is finer than a millisecond falls into it.
            (nanosecond - nanosecond % 1_000_000, 1.millisecond())
        }
        _ => return None,
    };
    let time = Time::new(hour, minute, second, nanosecond).ok()?;
    Some(between(offset.to_timestamp(date.to_datetime(time)).ok()?, length))
}

/// `+02:00`, `+0200` or `+02`.
fn offset(text: &str) -> Option<Offset> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+')?),
    };
    let digits: String = rest.chars().filter(|one| *one != ':').collect();
    let is_well = matches!(digits.len(), 2 | 4) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let hours: i32 = digits.get(..2).filter(|_| is_well)?.parse().ok()?;
    let minutes: i32 =
        digits.get(2..).filter(|rest| !rest.is_empty()).unwrap_or("0").parse().ok()?;
    if hours > 23 || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()
}

/// Goes the steps `-7d/d` from a moment.
fn apply(mut steps: &str, from: Moment) -> Option<Moment> {
    const MOST_STEPS: usize = 16;
    let mut moment = from;
    for _ in 0..MOST_STEPS {
        let Some(kind) = steps.chars().next() else { return Some(moment) };
        let rest = steps.get(1..)?;
        let digits = rest.len() - rest.trim_start_matches(|one: char| one.is_ascii_digit()).len();
        let (count, behind) = rest.split_at_checked(digits)?;
        let unit = behind.chars().next()?;
        steps = behind.get(1..)?;
        let start = Timestamp::from_millisecond(moment.start).ok()?.to_zoned(TimeZone::UTC);
        if kind == '/' {
            if !count.is_empty() {
                return None;
            }
            let (start, length) = match unit {
                'y' => (start.first_of_year().ok()?.start_of_day().ok()?, 1.year()),
                'M' => (start.first_of_month().ok()?.start_of_day().ok()?, 1.month()),
                'w' => {
                    let back = start.weekday().to_monday_zero_offset();
                    (start.checked_sub(back.days()).ok()?.start_of_day().ok()?, 1.week())
                }
                'd' => (start.start_of_day().ok()?, 1.day()),
                'h' | 'H' => (floor(&start, Unit::Hour)?, 1.hour()),
                'm' => (floor(&start, Unit::Minute)?, 1.minute()),
                's' => (floor(&start, Unit::Second)?, 1.second()),
                _ => return None,
            };
            let end = start.checked_add(length).ok()?.timestamp().as_millisecond();
            moment = Moment { start: start.timestamp().as_millisecond(), end };
            continue;
        }
        let count: i64 = if count.is_empty() { 1 } else { count.parse().ok()? };
        let span = Span::new();
        let span = match unit {
            'y' => span.try_years(count),
            'M' => span.try_months(count),
            'w' => span.try_weeks(count),
            'd' => span.try_days(count),
            'h' | 'H' => span.try_hours(count),
            'm' => span.try_minutes(count),
            's' => span.try_seconds(count),
            _ => return None,
        };
        let span = span.ok()?;
        let step = |time: jiff::Zoned| match kind {
            '+' => time.checked_add(span).ok(),
            '-' => time.checked_sub(span).ok(),
            _ => None,
        };
        let end = Timestamp::from_millisecond(moment.end).ok()?.to_zoned(TimeZone::UTC);
        let (start, end) = (step(start)?, step(end)?);
        let start = start.timestamp().as_millisecond();
        // A step of months can end on the last day of a shorter one with both.
        let end = end.timestamp().as_millisecond().max(start + 1);
        moment = Moment { start, end };
    }
    steps.is_empty().then_some(moment)
}

fn floor(time: &jiff::Zoned, unit: Unit) -> Option<jiff::Zoned> {
    let rounding = jiff::ZonedRound::new().smallest(unit).mode(jiff::RoundMode::Floor);
    time.round(rounding).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2026-11-22T10:20:30.456Z, a Sunday.
    const NOW: i64 = 1_795_342_830_456;

    fn shown(text: &str) -> String {
        let Moment { start, end } = Moment::parse(text, NOW).unwrap();
        let time = |ms: i64| format!("{:.3}", Timestamp::from_millisecond(ms).unwrap());
        format!("{} {}", time(start), time(end))
    }

    #[test]
    fn dates_stand_for_all_that_they_name() {
        let cases = [
            ("2026", "2026-01-01T00:00:00.000Z 2027-01-01T00:00:00.000Z"),
            ("2026-12", "2026-12-01T00:00:00.000Z 2027-01-01T00:00:00.000Z"),
            ("2028-02-29", "2028-02-29T00:00:00.000Z 2028-03-01T00:00:00.000Z"),
            ("2026-09-01T08", "2026-09-01T08:00:00.000Z 2026-09-01T09:00:00.000Z"),
            ("2026-09-01T08:30", "2026-09-01T08:30:00.000Z 2026-09-01T08:31:00.000Z"),
            ("2026-09-01 08:30:15Z", "2026-09-01T08:30:15.000Z 2026-09-01T08:30:16.000Z"),
            ("2026-09-01T08:30:15.1239+02:00", "2026-09-01T06:30:15.123Z 2026-09-01T06:30:15.124Z"),
            ("2026-09-01T00:30-0130", "2026-09-01T02:00:00.000Z 2026-09-01T02:01:00.000Z"),
            ("1795342830456", "2026-11-22T10:20:30.456Z 2026-11-22T10:20:30.457Z"),
            ("now", "2026-11-22T10:20:30.456Z 2026-11-22T10:20:30.457Z"),
            ("now-7d", "2026-11-15T10:20:30.456Z 2026-11-15T10:20:30.457Z"),
            ("now+d", "2026-11-23T10:20:30.456Z 2026-11-23T10:20:30.457Z"),
            ("now/d", "2026-11-22T00:00:00.000Z 2026-11-23T00:00:00.000Z"),
            ("now-1M/M", "2026-10-01T00:00:00.000Z 2026-11-01T00:00:00.000Z"),
            ("now/w", "2026-11-16T00:00:00.000Z 2026-11-23T00:00:00.000Z"),
            ("now/y", "2026-01-01T00:00:00.000Z 2027-01-01T00:00:00.000Z"),
            ("now/h", "2026-11-22T10:00:00.000Z 2026-11-22T11:00:00.000Z"),
            ("now/d+8h", "2026-11-22T08:00:00.000Z 2026-11-23T08:00:00.000Z"),
            ("2026-09||+1M", "2026-10-01T00:00:00.000Z 2026-11-01T00:00:00.000Z"),
            ("2026-09-01||/M", "2026-09-01T00:00:00.000Z 2026-10-01T00:00:00.000Z"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn the_last_day_of_all_is_an_end_for_ranges() {
        let last = Moment::parse("9999-12-31", NOW).unwrap();
        assert!(last.start > Moment::parse("9999-12-30", NOW).unwrap().start);
        assert!(last.start < last.end);
        let year = Moment::parse("9999", NOW).unwrap();
        assert!(year.start < year.end && year.end < last.end);
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "today",
            "2026-13-01",
            "2026-02-30",
            "2026-9-1",
            "2026-09-01T",
            "2026-09T08:00",
            "2026-09-01T25:00",
            "2026-09-01T08:00:00:00",
            "2026-09-01T08:00.5",
            "now7d",
            "now-7",
            "now-7x",
            "now/2d",
            "now-99999999999999d",
            "2026-09-01-1d",
            "2026-09-01T08:00+25:00",
            "now-1d-1d-1d-1d-1d-1d-1d-1d-1d-1d-1d-1d-1d-1d-1d-1d-1d",
            "+2026",
        ] {
            assert!(Moment::parse(text, NOW).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "(now|2026-09-01\\|\\|)?[-+/|0-9yMwdhmsTZ:.]{0,12}|\\PC{0,12}") {
            if let Ok(moment) = Moment::parse(&text, NOW) {
                prop_assert!(moment.start < moment.end, "{:?}", moment);
            }
        }
    }
}
