//! What is usual for a group at an hour of the week, and what is far above it: `spike`.

use super::counted::insert;
use super::finding::{Episode, Finding, listed, written};
use super::observation::Observation;
use super::window::Window;
use crate::sigma::{BASELINE, Correlation};

const HOUR: i64 = 3_600_000;
/// The hours of a week.
const WEEK: i64 = 168;
/// How many weeks before are looked at.
const WEEKS: usize = 4;
/// How many standard deviations of a normal distribution its median absolute deviation is, turned
/// around.
const SPREAD: f64 = 1.4826;

/// The events of a group within the time span, and the most that there were in each hour.
#[derive(Debug, Default)]
pub(super) struct Usual {
    window: Window,
    episode: Episode,
    /// When the group was seen first and last.
    span: Option<(i64, i64)>,
    /// Hours of the week in which there was something, in order.
    hours: Vec<Hour>,
}

/// An hour of the week, in the last weeks.
#[derive(Clone, Copy, Debug)]
struct Hour {
    /// From 0 to 167.
    of_week: u8,
    /// The week of the first peak; each other is of the week before.
    week: u16,
    peaks: [u16; WEEKS + 1],
}

/// What is usual at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Baseline {
    pub(super) median: f64,
    /// How far values are from the median, as a standard deviation.
    pub(super) deviation: f64,
}

impl Usual {
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.window.bytes() + self.hours.capacity() * size_of::<Hour>()
    }

    /// The time of the newest event.
    pub(super) fn newest(&self) -> Option<i64> {
        self.span.map(|(_, last)| last)
    }

    /// Takes an event, and gives what is far above what is usual.
    pub(super) fn take(
        &mut self,
        rule: &Correlation,
        lateness: i64,
        observation: &Observation,
    ) -> Option<Finding> {
        let time = observation.seen.time;
        if self.span.is_some_and(|(_, last)| time > last.saturating_add(BASELINE)) {
            *self = Self::default();
        }
        let (since, last) = self.span.get_or_insert((time, time));
        (*since, *last) = ((*since).min(time), (*last).max(time));
        let (since, keep) = (*since, rule.timespan.saturating_add(lateness));
        let place = insert(&mut self.window, rule, keep, observation)?;
        let mut baseline = None;
        let mut peaks = Vec::new();
        let hours = &self.hours;
        let mut is_met = |end: i64, number: f64| {
            peaks.push((end, number));
            if !rule.is_met(number) || end.saturating_sub(since) < rule.learning {
                return false;
            }
            let usual = baseline_of(hours, since, end);
            baseline = Some(usual);
            number > usual.bound(rule.deviations)
        };
        let found = self.window.find(place, rule, &mut is_met);
        for (end, number) in peaks {
            self.note(end, number);
        }
        let found = found?;
        if !self.episode.begins(found.time, rule.timespan) {
            return None;
        }
        let seen = &observation.seen;
        let (events, count) = listed(self.window.range(found.start, found.end), &seen.brief);
        let usual = baseline.unwrap_or(Baseline { median: 0.0, deviation: 0.0 });
        Some(Finding {
            count,
            value: written(found.number),
            events,
            details: vec![
                ("usual", written(usual.median)),
                ("bound", written(usual.bound(rule.deviations).ceil())),
            ],
            ..Finding::of(observation)
        })
    }

    /// Notes how many there were within the time span before a time.
    fn note(&mut self, time: i64, number: f64) {
        let hour = time.div_euclid(HOUR);
        let Ok(of_week) = u8::try_from(hour.rem_euclid(WEEK)) else { return };
        let week = week_of(hour);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded")]
        let number = number.clamp(0.0, f64::from(u16::MAX)) as u16;
        let place = match self.hours.binary_search_by_key(&of_week, |hour| hour.of_week) {
            Ok(place) => place,
            Err(place) => {
                self.hours.reserve_exact(1 + self.hours.len() / 8);
                self.hours.insert(place, Hour { of_week, week, peaks: [0; WEEKS + 1] });
                place
            }
        };
        if let Some(hour) = self.hours.get_mut(place) {
            hour.note(week, number);
        }
    }
}

impl Hour {
    fn note(&mut self, week: u16, number: u16) {
        let newer = i32::from(week) - i32::from(self.week);
        if let Ok(newer) = usize::try_from(newer) {
            self.peaks.rotate_right(newer.min(WEEKS + 1) % (WEEKS + 1));
            self.peaks.iter_mut().take(newer).for_each(|peak| *peak = 0);
            self.week = week;
        }
        let age = usize::from(self.week - week);
        if let Some(peak) = self.peaks.get_mut(age) {
            *peak = (*peak).max(number);
        }
    }

    /// How many there were at the most in that hour of a week.
    fn peak(&self, week: u16) -> u16 {
        let age = self.week.checked_sub(week).map(usize::from);
        age.and_then(|age| self.peaks.get(age)).copied().unwrap_or_default()
    }
}

impl Baseline {
    /// What a number has to be above. Even where nothing ever differs, a few more are nothing
    /// special: as many as chance would have it.
    pub(super) fn bound(&self, deviations: f64) -> f64 {
        self.median + deviations * self.deviation.max(self.median.sqrt()).max(1.0)
    }
}

/// The number of a week since 1970; it ends with the Wednesday.
fn week_of(hour: i64) -> u16 {
    u16::try_from(hour.div_euclid(WEEK).clamp(0, i64::from(u16::MAX))).unwrap_or_default()
}

/// What is usual at a time: the most of the hour itself, the one before and the one behind it, in
/// each of the last weeks that the group was known in.
fn baseline_of(hours: &[Hour], since: i64, time: i64) -> Baseline {
    let now = time.div_euclid(HOUR);
    let mut samples = Vec::with_capacity(WEEKS);
    for weeks in (1_i64..).take(WEEKS) {
        let hour = now - weeks * WEEK;
        if (hour + 2).saturating_mul(HOUR) <= since {
            break;
        }
        let peak = |hour: i64| {
            let of_week = u8::try_from(hour.rem_euclid(WEEK)).unwrap_or_default();
            let place = hours.binary_search_by_key(&of_week, |hour| hour.of_week).ok();
            place.and_then(|place| hours.get(place)).map_or(0, |known| known.peak(week_of(hour)))
        };
        samples.push(f64::from(peak(hour - 1).max(peak(hour)).max(peak(hour + 1))));
    }
    let middle = median(&mut samples);
    let mut distances: Vec<f64> = samples.iter().map(|sample| (sample - middle).abs()).collect();
    Baseline { median: middle, deviation: SPREAD * median(&mut distances) }
}

/// The middle of some numbers; none are 0.
fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let half = numbers.len() / 2;
    let at = |place: usize| numbers.get(place).copied().unwrap_or_default();
    if numbers.len() % 2 == 1 { at(half) } else { (at(half.saturating_sub(1)) + at(half)) / 2.0 }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn medians_are_in_the_middle() {
        let cases: [(&[f64], f64); 4] =
            [(&[], 0.0), (&[3.0], 3.0), (&[9.0, 1.0], 5.0), (&[7.0, 1.0, 2.0], 2.0)];
        for (numbers, expected) in cases {
            assert_eq!(median(&mut numbers.to_vec()), expected, "{numbers:?}");
        }
    }

    #[test]
    fn a_bound_is_above_what_is_usual() {
        let usual = |median, deviation| Baseline { median, deviation };
        assert_eq!(usual(0.0, 0.0).bound(6.0), 6.0);
        assert_eq!(usual(100.0, 2.0).bound(3.0), 130.0);
        assert_eq!(usual(100.0, 20.0).bound(3.0), 160.0);
    }

    proptest! {
        /// The rings of hours beside all that was ever noted.
        #[test]
        fn baselines_are_those_of_all_hours(
            notes in proptest::collection::vec((0_i64..10 * WEEK, 1_u16..50), 0..200),
            now in 0_i64..12 * WEEK,
            since in 0_i64..4 * WEEK,
        ) {
            let mut notes = notes;
            notes.sort_unstable();
            notes.retain(|(hour, _)| *hour <= now);
            let start = 20_000 * WEEK;
            let mut usual = Usual::default();
            let mut all: HashMap<i64, u16> = HashMap::new();
            for (hour, number) in &notes {
                usual.note((start + hour) * HOUR, f64::from(*number));
                let peak = all.entry(*hour).or_default();
                *peak = (*peak).max(*number);
            }
            let mut samples = Vec::new();
            for week in 1..=4 {
                let hour = now - week * WEEK;
                if hour + 1 >= since {
                    let near = (hour - 1..=hour + 1).filter_map(|hour| all.get(&hour)).max();
                    samples.push(f64::from(near.copied().unwrap_or_default()));
                }
            }
            let middle = median(&mut samples);
            let mut far: Vec<f64> = samples.iter().map(|one| (one - middle).abs()).collect();
            let expected = Baseline { median: middle, deviation: SPREAD * median(&mut far) };
            let time = (start + now) * HOUR + 5;
            let found = baseline_of(&usual.hours, (start + since) * HOUR + 1, time);
            prop_assert_eq!(found, expected);
            prop_assert!(usual.hours.len() <= 168);
        }
    }
}
