//! Time passes: life and attacks fill one slice of it after the other.

use std::collections::VecDeque;
use std::io;

use crate::attacks::{Attack, Indicators};
use crate::clock::{HOUR, SECOND};
use crate::life::Life;
use crate::life::occasions::Occasions;
use crate::org::{Org, Profile};
use crate::rng::Rng;
use crate::scenario::Scenario;
use crate::stage::{Pending, Queue, Stage};
use crate::stories::Story;
use crate::text::Text;
use crate::truth::{Cast, Truth, What};

/// One round of attacks, each of them once, for this many events.
const EVENTS_PER_ROUND: u64 = 200_000;
/// Not more than this share of all events, in percent, belongs to attacks.
const MOST_ATTACKS: u64 = 40;
/// About how many events a slice of time may hold in the busiest hours.
const SLICE_EVENTS: u64 = 2_048;

/// An organisation living through its scenario.
///
/// Gives events in the order of `published`, as the System Log API does for a bounded request.
/// Memory depends on the number of people, not on the number of events.
#[derive(Debug)]
pub struct Simulation {
    org: Org,
    life: Life,
    rng: Rng,
    queue: Queue,
    seed: u64,
    events: u64,
    start: i64,
    end: i64,
    slice: i64,
    next_slice: i64,
    total_weight: u128,
    passed_weight: u128,
    given: u64,
    current: Option<Pending>,
    attacks: Vec<Attack>,
    rounds: u64,
    next_attack: u64,
    attack_events: u64,
    /// When which story begins, and how many times it was told before; the next one last.
    stories: Vec<(i64, Story, u64)>,
    occasions: Option<Occasions>,
    truths: VecDeque<Truth>,
}

/// One event of the simulation.
#[derive(Clone, Copy, Debug)]
pub struct SimulatedEvent<'a> {
    published: i64,
    uuid: &'a Text,
    json: &'a [u8],
}

impl<'a> SimulatedEvent<'a> {
    pub(crate) fn new(pending: &'a Pending) -> SimulatedEvent<'a> {
        SimulatedEvent { published: pending.at, uuid: &pending.uuid, json: &pending.json }
    }

    /// The LogEvent as compact JSON on one line, without the line's end. It is UTF-8.
    pub fn json(&self) -> &'a [u8] {
        self.json
    }

    /// The `uuid` of the event.
    pub fn uuid(&self) -> &'a str {
        self.uuid.as_str()
    }

    /// The time of `published`, in milliseconds since 1970-01-01T00:00:00Z.
    pub fn published_ms(&self) -> i64 {
        self.published
    }
}

/// What [`Simulation::write`] wrote.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Summary {
    /// Events.
    pub events: u64,
    /// Bytes of events, line ends included.
    pub bytes: u64,
    /// Attacks in the truth.
    pub attacks: u64,
    /// Events that belong to attacks.
    pub attack_events: u64,
}

impl Simulation {
    pub(crate) fn new(scenario: &Scenario, start: i64, end: i64) -> Simulation {
        let is_plain = scenario.stories.is_empty() && scenario.profile.is_none();
        let profile = (!is_plain).then(|| scenario.profile.unwrap_or(Profile::Office));
        let mut org = Org::new(scenario.seed, scenario.user_count());
        if let Some(profile) = profile {
            profile.shape(&mut org);
        }
        let life = Life::new(&org);
        let hours = (end - start) / HOUR;
        let total_weight =
            (0..hours).map(|hour| u128::from(life.weight(start + hour * HOUR))).sum::<u128>();
        // Busy hours hold several times the mean.
        let busy_hour = scenario.events / hours.max(1) as u64 * 4;
        let slice = [300, 60, 30, 10, 5]
            .into_iter()
            .find(|seconds| busy_hour * seconds / 3_600 <= SLICE_EVENTS)
            .unwrap_or(1) as i64
            * SECOND;
        Simulation {
            stories: planned_stories(scenario, start, end),
            occasions: profile.map(|profile| Occasions::new(&org, profile, start, end)),
            rng: Rng::new(scenario.seed, "life"),
            org,
            life,
            queue: Queue::default(),
            seed: scenario.seed,
            events: scenario.events,
            start,
            end,
            slice,
            next_slice: start,
            total_weight: total_weight * (HOUR / slice) as u128,
            passed_weight: 0,
            given: 0,
            current: None,
            attacks: scenario.attacks.clone(),
            rounds: (scenario.events / EVENTS_PER_ROUND).max(1),
            next_attack: 0,
            attack_events: 0,
            truths: VecDeque::new(),
        }
    }

    /// The next event, until there have been as many as the scenario asks for.
    pub fn next_event(&mut self) -> Option<SimulatedEvent<'_>> {
        if let Some(past) = self.current.take() {
            self.queue.recycle(past.json);
        }
        let pending = self.next_pending()?;
        self.given += 1;
        let current = self.current.insert(pending);
        Some(SimulatedEvent::new(current))
    }

    /// The next attack whose course is settled. Its first event comes after this call would have
    /// given it, its last may be hours away; all of them do come.
    pub fn next_truth(&mut self) -> Option<Truth> {
        self.truths.pop_front()
    }

    /// The name of the organisation.
    pub fn organization(&self) -> &str {
        self.org.name
    }

    /// The mail domain of its people.
    pub fn domain(&self) -> &str {
        self.org.domain
    }

    /// What a threat intelligence feed would know of the attackers of every scenario.
    pub fn indicators() -> Indicators {
        Indicators::all()
    }

    /// Writes all events as NDJSON to `events`, and a line for each attack to `truth`.
    ///
    /// # Errors
    ///
    /// When one of the writers fails.
    pub fn write(
        mut self,
        events: &mut impl io::Write,
        truth: &mut impl io::Write,
    ) -> io::Result<Summary> {
        let mut summary = Summary::default();
        while let Some(event) = self.next_event() {
            events.write_all(event.json())?;
            events.write_all(b"\n")?;
            summary.events += 1;
            summary.bytes += event.json().len() as u64 + 1;
            while let Some(attack) = self.next_truth() {
                truth.write_all(attack.to_json().as_bytes())?;
                truth.write_all(b"\n")?;
                summary.attacks += 1;
                summary.attack_events += attack.events().len() as u64;
            }
        }
        events.flush()?;
        truth.flush()?;
        Ok(summary)
    }

    fn next_pending(&mut self) -> Option<Pending> {
        while self.given < self.events {
            let Some(pending) = self.queue.pop() else {
                if self.next_slice >= self.end {
                    return None;
                }
                self.fill_slice();
                continue;
            };
            // The promised events need their places among the last ones.
            let left = self.events.saturating_sub(self.given);
            let spare = left.saturating_sub(self.queue.promised());
            if pending.promised || spare > 0 {
                return Some(pending);
            }
            self.queue.recycle(pending.json);
        }
        None
    }

    /// Lets happen what happens in the next slice of time.
    fn fill_slice(&mut self) {
        let from = self.next_slice;
        let to = (from + self.slice).min(self.end);
        self.next_slice = to;
        self.queue.set_horizon(to);
        self.passed_weight += u128::from(self.life.weight(from));
        let wanted = match to == self.end {
            true => self.events,
            false => {
                (u128::from(self.events) * self.passed_weight / self.total_weight.max(1)) as u64
            }
        }
        .min(self.events);
        self.start_attacks(to);
        self.start_stories(to);
        if let Some(occasions) = &mut self.occasions {
            let mut stage = Stage::new(&self.org, &mut self.rng, &mut self.queue, self.end);
            occasions.happen(&mut stage, to);
        }
        while self.given + self.queue.due() < wanted {
            let at = self.rng.between(from, to - 1);
            let mut stage = Stage::new(&self.org, &mut self.rng, &mut self.queue, self.end);
            self.life.episode(&mut stage, at);
        }
    }

    /// Starts the attacks whose time has come before `to`.
    fn start_attacks(&mut self, to: i64) {
        let planned = self.attacks.len() as u64 * self.rounds;
        while self.next_attack < planned {
            let number = self.next_attack;
            // The last part of the time stays free, so that every attack comes to its end.
            let span = (self.end - self.start) / 100 * 84;
            let turn = span / planned as i64;
            let mut rng = Rng::numbered(self.seed, 0xa77a_c000_0000_0000 | number);
            let at = self.start + turn * number as i64 + rng.between(0, turn.max(1) - 1);
            if at >= to {
                return;
            }
            self.next_attack += 1;
            let Some(&attack) = self.turn(number) else {
                return;
            };
            let mut stage = Stage::held(&self.org, &mut rng, &mut self.queue, self.end);
            let cast = attack.run(&mut stage, at);
            let events = stage.finish();
            self.promise(What::Attack(attack), cast, events);
        }
    }

    /// Tells the stories whose time has come before `to`.
    fn start_stories(&mut self, to: i64) {
        while let Some((at, story, number)) = self.stories.pop_if(|(at, ..)| *at < to) {
            let stream = 0x5709_0000_0000_0000 | (story as u64) << 32 | number;
            let mut rng = Rng::numbered(self.seed, stream);
            let mut stage = Stage::held(&self.org, &mut rng, &mut self.queue, self.end);
            let cast = story.run(&mut stage, at);
            let events = stage.finish();
            self.promise(What::Story(story, self.seed, number), cast, events);
        }
    }

    /// Lets the events happen, and the truth be told, if there is room for them.
    fn promise(&mut self, what: What, cast: Cast, events: Vec<Pending>) {
        let count = events.len() as u64;
        let fits = self.attack_events + count <= self.events / 100 * MOST_ATTACKS
            && self.given + self.queue.promised() + count <= self.events
            && events.last().is_some_and(|last| last.at < self.end);
        if !fits {
            return;
        }
        self.attack_events += count;
        self.truths.push_back(Truth::new(what, cast, &events));
        for event in events {
            self.queue.push(event);
        }
    }

    /// The attack whose turn it is: each once a round, in an order that differs from round to round.
    fn turn(&self, number: u64) -> Option<&Attack> {
        let count = self.attacks.len() as u64;
        let round = number / count.max(1);
        let mut order: Vec<&Attack> = self.attacks.iter().collect();
        let mut rng = Rng::numbered(self.seed, 0x0bde_0000_0000_0000 | round);
        for at in (1..order.len()).rev() {
            order.swap(at, rng.below(at as u64 + 1) as usize);
        }
        order.get((number % count.max(1)) as usize).copied()
    }
}

/// When the stories of `scenario` begin, the first one last: anywhere in the days but the first,
/// when nothing is usual yet, and those at the end, which some need to come to theirs.
fn planned_stories(scenario: &Scenario, start: i64, end: i64) -> Vec<(i64, Story, u64)> {
    let percent = (end - start) / 100;
    let mut planned = Vec::new();
    for number in 0..u64::from(scenario.story_rounds) {
        for &story in &scenario.stories {
            let stream = 0x5709_71ae_0000_0000 | (story as u64) << 20 | number;
            let mut rng = Rng::numbered(scenario.seed, stream);
            let first = if story.is_late() { 65 } else { 10 };
            planned.push((start + rng.between(first * percent, 86 * percent), story, number));
        }
    }
    planned.sort_unstable_by(|one, other| other.cmp(one));
    planned
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The most events that waited at any time.
    fn most_waiting(events: u64, days: u32) -> usize {
        let scenario = Scenario { users: Some(60), days: Some(days), ..Scenario::new(events, 1) };
        let mut simulation = scenario.simulate().unwrap();
        let mut most = 0;
        while simulation.next_event().is_some() {
            most = most.max(simulation.queue.waiting());
        }
        most
    }

    #[test]
    fn each_round_has_every_attack_once() {
        let scenario = Scenario { users: Some(20), ..Scenario::new(3 * EVENTS_PER_ROUND, 1) };
        let simulation = scenario.simulate().unwrap();
        assert_eq!(simulation.rounds, 3);
        let count = Attack::ALL.len() as u64;
        let round = |round: u64| -> Vec<Attack> {
            (0..count).filter_map(|turn| simulation.turn(round * count + turn)).copied().collect()
        };
        assert_ne!(round(0), round(1));
        for number in 0..3 {
            let mut attacks = round(number);
            attacks.sort_unstable();
            assert_eq!(attacks, Attack::ALL);
        }
    }

    #[test]
    fn what_is_held_does_not_grow_with_the_export() {
        let short = most_waiting(2_000, 2);
        let long = most_waiting(16_000, 16);
        assert!(short < 1_000 && long < short * 2, "{short} and {long}");
        // A day as busy as a large organisation's holds minutes of it, not the day.
        let dense = most_waiting(25_000, 1);
        assert!(dense < 2_500, "{dense}");
    }
}
