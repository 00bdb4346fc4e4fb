//! What to simulate.

use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::Offset;

use crate::attacks::Attack;
use crate::clock::DAY;
use crate::org::Profile;
use crate::simulation::Simulation;
use crate::stories::Story;

/// Ordinary events one person causes on an average day of the week, for the derived number of days.
const EVENTS_PER_PERSON_AND_DAY: u64 = 13;
const EVENTS_PER_PERSON: u64 = 400;

/// What to simulate: how much, when, with whom, and what goes wrong.
///
/// The same scenario gives the same events, byte for byte, on every machine.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Scenario {
    /// How many events, exactly.
    pub events: u64,
    /// Chooses the organisation, its days and the course of the attacks.
    pub seed: u64,
    /// The time of the first slice of life; no event is earlier. 2026-09-01T00:00:00Z unless set.
    pub start: Timestamp,
    /// How many days the events spread over. Unless set, as many as this many people need for this
    /// many events: about 30 for large exports.
    pub days: Option<u32>,
    /// How many people the organisation has, administrators included. Unless set, one for every 400
    /// events, at least 200, at most 50,000.
    pub users: Option<u32>,
    /// The attacks that happen, each at least once when the export is long enough to hold it. All
    /// unless set.
    pub attacks: Vec<Attack>,
    /// The stories that are told, each [`Scenario::story_rounds`] times if the days are long enough
    /// for it to end. None unless set.
    pub stories: Vec<Story>,
    /// How many times each of `stories` is told, every time with another course. 1 unless set.
    pub story_rounds: u32,
    /// The habits of the organisation. Stories without any happen in an office's.
    pub profile: Option<Profile>,
}

/// A scenario that can't be played.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ScenarioError {
    /// No people.
    NoUsers,
    /// More people than memory should be spent on.
    TooManyUsers,
    /// No days.
    NoDays,
    /// The last day is beyond the year 9999, or the first before the year 1.
    OutOfCalendar,
}

impl std::fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            ScenarioError::NoUsers => "an organisation needs at least one user",
            ScenarioError::TooManyUsers => "more than 1000000 users, ask for fewer",
            ScenarioError::NoDays => "a simulation needs at least one day",
            ScenarioError::OutOfCalendar => {
                "days outside the years 1 to 9999, choose another start"
            }
        })
    }
}

impl std::error::Error for ScenarioError {}

impl Scenario {
    /// A scenario of `events` events with the defaults for everything else.
    pub fn new(events: u64, seed: u64) -> Scenario {
        let midnight = date(2026, 9, 1).at(0, 0, 0, 0);
        Scenario {
            events,
            seed,
            start: Offset::UTC.to_timestamp(midnight).unwrap_or(Timestamp::UNIX_EPOCH),
            days: None,
            users: None,
            attacks: Attack::ALL.to_vec(),
            stories: Vec::new(),
            story_rounds: 1,
            profile: None,
        }
    }

    /// As many events as `users` people cause in `days` days.
    pub fn events_of(users: u32, days: u32) -> u64 {
        u64::from(users) * u64::from(days) * EVENTS_PER_PERSON_AND_DAY
    }

    /// How many people there will be.
    pub fn user_count(&self) -> u32 {
        self.users.unwrap_or_else(|| (self.events / EVENTS_PER_PERSON).clamp(200, 50_000) as u32)
    }

    /// How many days the events will spread over.
    pub fn day_count(&self) -> u32 {
        let a_day = u64::from(self.user_count().max(1)) * EVENTS_PER_PERSON_AND_DAY;
        self.days.unwrap_or_else(|| self.events.div_ceil(a_day).clamp(1, 36_500) as u32)
    }

    /// Gets ready to give the events one after the other.
    ///
    /// # Errors
    ///
    /// When there would be nobody, too many, no time, or time no calendar has.
    pub fn simulate(&self) -> Result<Simulation, ScenarioError> {
        let (start, end) = self.check()?;
        Ok(Simulation::new(self, start, end))
    }

    /// The start and the end, in milliseconds, of what can be simulated.
    pub(crate) fn check(&self) -> Result<(i64, i64), ScenarioError> {
        if self.user_count() == 0 {
            return Err(ScenarioError::NoUsers);
        }
        if self.user_count() > 1_000_000 {
            return Err(ScenarioError::TooManyUsers);
        }
        if self.day_count() == 0 {
            return Err(ScenarioError::NoDays);
        }
        let start = self.start.as_millisecond();
        let end = start + i64::from(self.day_count()) * DAY;
        let first = date(1, 1, 1).at(0, 0, 0, 0);
        let first = Offset::UTC.to_timestamp(first).map_or(i64::MIN, Timestamp::as_millisecond);
        if start < first || end > Timestamp::MAX.as_millisecond() {
            return Err(ScenarioError::OutOfCalendar);
        }
        Ok((start, end))
    }
}
