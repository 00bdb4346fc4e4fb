//! Time as the simulation counts it: milliseconds since 1970-01-01T00:00:00Z.

pub(crate) const SECOND: i64 = 1_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// The hour of the week, 0 being Monday 00:00 to 01:00.
pub(crate) fn hour_of_week(at: i64) -> usize {
    // 1970-01-01 was a Thursday.
    (at.div_euclid(HOUR) + 3 * 24).rem_euclid(7 * 24) as usize
}

/// Days since 1970-01-01.
pub(crate) fn day(at: i64) -> i64 {
    at.div_euclid(DAY)
}

/// Appends `at` in the form of the System Log: `2026-09-01T08:15:30.123Z`.
pub(crate) fn write(out: &mut Vec<u8>, at: i64) {
    // The civil date of a day number, after Howard Hinnant's "chrono-compatible low-level date
    // algorithms": years begin in March, so that the leap day is the last of its year.
    let days = day(at) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month_day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);

    let of_day = at.rem_euclid(DAY);
    digits(out, year, 4);
    out.push(b'-');
    digits(out, month, 2);
    out.push(b'-');
    digits(out, month_day, 2);
    out.push(b'T');
    digits(out, of_day / HOUR, 2);
    out.push(b':');
    digits(out, of_day / MINUTE % 60, 2);
    out.push(b':');
    digits(out, of_day / SECOND % 60, 2);
    out.push(b'.');
    digits(out, of_day % SECOND, 3);
    out.push(b'Z');
}

fn digits(out: &mut Vec<u8>, value: i64, width: u32) {
    for place in (0..width).rev() {
        out.push(b'0' + (value / 10_i64.pow(place) % 10) as u8);
    }
}

/// The same as [`write`], as a string.
pub(crate) fn format(at: i64) -> String {
    let mut out = Vec::with_capacity(24);
    write(&mut out, at);
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn weeks_start_on_monday() {
        let monday: jiff::Timestamp = "2026-09-07T00:30:00Z".parse().unwrap();
        assert_eq!(hour_of_week(monday.as_millisecond()), 0);
        assert_eq!(hour_of_week(monday.as_millisecond() - HOUR), 167);
        assert_eq!(hour_of_week(monday.as_millisecond() + DAY), 24);
    }

    proptest! {
        #[test]
        fn times_are_written_as_jiff_writes_them(at in -62_167_219_200_000_i64..253_402_207_200_000) {
            let time = jiff::Timestamp::from_millisecond(at).unwrap();
            prop_assert_eq!(format(at), format!("{time:.3}"));
        }
    }
}
