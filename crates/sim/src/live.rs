//! An organisation that lives now: at a steady pace, with attacks when they are asked for.

use crate::attacks::Attack;
use crate::clock::{self, SECOND};
use crate::life::Life;
use crate::org::Org;
use crate::rng::Rng;
use crate::scenario::{Scenario, ScenarioError};
use crate::simulation::SimulatedEvent;
use crate::stage::{Pending, Queue, Stage};
use crate::truth::{Truth, What};

/// The farthest that [`Live::advance`] looks at once, in milliseconds.
const SLICE: i64 = 300 * SECOND;

/// An organisation whose time is given from outside, for a simulation that happens while it is
/// looked at.
///
/// The same seed, users, start and calls give the same events. An organisation of the same seed and
/// as many users in a [`Simulation`](crate::Simulation) is the same one.
///
/// ```
/// use sim::{Attack, Live};
///
/// let start = 1_790_000_000_000;
/// let mut live = Live::new(7, 200, start)?;
/// let truth = live.attack(Attack::BruteForce, start + 1_000, Some(5_000));
/// live.advance(start + 10_000, 500);
/// let mut seen = 0;
/// while let Some(event) = live.next_event() {
///     assert!((start..start + 10_000).contains(&event.published_ms()));
///     seen += usize::from(truth.events().iter().any(|uuid| uuid == event.uuid()));
/// }
/// assert_eq!(seen, truth.events().len());
/// # Ok::<(), sim::ScenarioError>(())
/// ```
#[derive(Debug)]
pub struct Live {
    org: Org,
    life: Life,
    rng: Rng,
    attack_rng: Rng,
    queue: Queue,
    now: i64,
    /// How many ordinary events are asked for so far, and how many there have been.
    wanted: u64,
    given: u64,
    current: Option<Pending>,
}

impl Live {
    /// An organisation of `users` people, of which nothing has been seen before `start_ms`, in
    /// milliseconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// When there would be nobody, too many, or no calendar has the start.
    pub fn new(seed: u64, users: u32, start_ms: i64) -> Result<Live, ScenarioError> {
        // The same bounds as of a scenario of a day.
        let start = jiff::Timestamp::from_millisecond(start_ms)
            .map_err(|_| ScenarioError::OutOfCalendar)?;
        let bounds =
            Scenario { start, days: Some(1), users: Some(users), ..Scenario::new(1, seed) };
        bounds.check()?;
        let org = Org::new(seed, users);
        let life = Life::new(&org);
        Ok(Live {
            life,
            org,
            rng: Rng::numbered(seed, start_ms as u64 ^ 0x11fe_0000_0000_0000),
            attack_rng: Rng::numbered(seed, start_ms as u64 ^ 0x11fa_7700_0000_0000),
            queue: Queue::default(),
            now: start_ms,
            wanted: 0,
            given: 0,
            current: None,
        })
    }

    /// Lets `events` ordinary events more happen until `to_ms`, beside those of attacks. What is
    /// begun is finished, so that it can be some more, for which there are fewer the next time.
    pub fn advance(&mut self, to_ms: i64, events: u64) {
        let (from, to) = (self.now, to_ms.max(self.now));
        self.now = to;
        self.wanted += events;
        self.queue.set_horizon(to);
        let from = from.max(to - SLICE);
        // What episodes do later than a day after the end is left out.
        let end = to + clock::DAY;
        while from < to && self.given + self.queue.due_ordinary() < self.wanted {
            let at = self.rng.between(from, to - 1);
            let mut stage = Stage::new(&self.org, &mut self.rng, &mut self.queue, end);
            self.life.episode(&mut stage, at);
        }
    }

    /// Lets an attack begin at `at_ms`, not before the time that has passed already. With `within`,
    /// its course is shortened to so many milliseconds if it takes longer.
    pub fn attack(&mut self, attack: Attack, at_ms: i64, within: Option<i64>) -> Truth {
        let at = at_ms.max(self.now);
        let end = at + clock::DAY;
        let mut stage = Stage::held(&self.org, &mut self.attack_rng, &mut self.queue, end);
        let cast = attack.run(&mut stage, at);
        let mut events = stage.finish();
        let last = events.last().map_or(at, |event| event.at);
        let first = events.first().map_or(at, |event| event.at);
        for event in &mut events {
            // Some attacks look back at what led to them.
            let mut moved = event.at - first;
            if let Some(within) = within.filter(|&within| last - first > within) {
                moved = moved * within.max(0) / (last - first);
            }
            move_to(event, at + moved);
        }
        let truth = Truth::new(What::Attack(attack), cast, &events);
        for event in events {
            self.queue.push(event);
        }
        truth
    }

    /// The next event before the time of the last [`Live::advance`], in the order of `published`.
    pub fn next_event(&mut self) -> Option<SimulatedEvent<'_>> {
        if let Some(past) = self.current.take() {
            self.queue.recycle(past.json);
        }
        let pending = self.queue.pop()?;
        self.given += u64::from(!pending.promised);
        let current = self.current.insert(pending);
        Some(SimulatedEvent::new(current))
    }

    /// The name of the organisation.
    pub fn organization(&self) -> &str {
        self.org.name
    }
}

/// Gives an event another time, in its text as well.
fn move_to(event: &mut Pending, at: i64) {
    const KEY: &[u8] = b"\"published\":\"";
    event.at = at;
    // A quotation mark inside a string is escaped: this is a key, and the event's own comes first.
    let Some(found) = event.json.windows(KEY.len()).position(|window| window == KEY) else {
        return;
    };
    let from = found + KEY.len();
    let time = clock::format(at);
    if let Some(place) = event.json.get_mut(from..from + time.len()) {
        place.copy_from_slice(time.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::*;

    const START: i64 = 1_790_000_000_000;

    fn drain(live: &mut Live) -> Vec<(i64, Value)> {
        let mut events = Vec::new();
        while let Some(event) = live.next_event() {
            let json: Value = serde_json::from_slice(event.json()).unwrap();
            assert_eq!(json["uuid"], event.uuid());
            assert_eq!(json["published"], clock::format(event.published_ms()));
            events.push((event.published_ms(), json));
        }
        events
    }

    #[test]
    fn the_pace_is_steady_and_the_time_is_now() {
        let mut live = Live::new(1, 50, START).unwrap();
        let mut uuids = HashSet::new();
        let mut last = START;
        for tick in 1..=200 {
            let to = START + tick * 100;
            live.advance(to, 5);
            for (at, event) in drain(&mut live) {
                assert!((last..to).contains(&at), "{at} in {last}..{to}");
                last = at;
                uuids.insert(event["uuid"].as_str().unwrap().to_owned());
            }
        }
        assert!((950..1_100).contains(&uuids.len()), "{}", uuids.len());
    }

    #[test]
    fn every_attack_happens_when_it_is_asked_for() {
        for &attack in Attack::ALL {
            let mut live = Live::new(3, 80, START).unwrap();
            let truth = live.attack(attack, START + 2_000, Some(8_000));
            assert_eq!(truth.attack(), Some(attack));
            live.advance(START + 10_001, 0);
            let events = drain(&mut live);
            let uuids: Vec<_> = events.iter().map(|(_, it)| it["uuid"].as_str().unwrap()).collect();
            assert_eq!(uuids, truth.events(), "{attack}");
            let (first, last) = truth.span_ms();
            assert!(first == START + 2_000 && last <= START + 10_000, "{attack} {first} {last}");
        }
    }

    #[test]
    fn a_new_start_gives_new_uuids_and_the_same_one_the_same() {
        let uuids = |start| -> Vec<String> {
            let mut live = Live::new(9, 20, start).unwrap();
            live.advance(start + 1_000, 30);
            drain(&mut live).iter().map(|(_, it)| it["uuid"].to_string()).collect()
        };
        assert_eq!(uuids(START), uuids(START));
        let known: HashSet<_> = uuids(START).into_iter().collect();
        assert!(uuids(START + 1).iter().all(|uuid| !known.contains(uuid)));
    }
}
