//! The places that a group has been at, and journeys that nobody makes: `impossible_travel`.

use super::finding::{Episode, Finding, written};
use super::observation::{Brief, Observation, Place};
use crate::sigma::Correlation;

/// The Earth's mean radius, in kilometres.
const RADIUS: f64 = 6_371.008_8;
/// The shortest time that a journey takes, in milliseconds: clocks differ.
const SHORTEST: i64 = 60_000;
/// The most places that are remembered of one group.
const MOST_STOPS: usize = 64;
/// The most networks that are known of one group.
const MOST_NETWORKS: usize = 64;
/// With how many places before and after a new one is compared.
const NEIGHBOURS: usize = 8;

/// The places of a group.
#[derive(Debug, Default)]
pub(super) struct Journey {
    /// In order of their times.
    stops: Vec<Stop>,
    /// Networks, and when each was seen first and last.
    networks: Vec<(u64, i64, i64)>,
    episode: Episode,
}

/// Where a group was at a time.
#[derive(Clone, Debug)]
pub(super) struct Stop {
    time: i64,
    place: Place,
    brief: Brief,
}

/// Two stops that are farther apart than anybody travels in the time between them.
#[derive(Clone, Debug)]
pub(super) struct Leg {
    from: Stop,
    to: Stop,
    kilometres: f64,
    speed: f64,
    /// Whether each end is in a network that the group has been in before.
    from_is_known: bool,
    to_is_known: bool,
}

impl Leg {
    /// When it ends.
    pub(super) fn time(&self) -> i64 {
        self.to.time
    }

    /// Hashes of the addresses at its ends.
    pub(super) fn addresses(&self) -> [u64; 2] {
        [self.from.place.address, self.to.place.address]
    }

    /// Hashes of the autonomous systems at its ends that are new to the group.
    pub(super) fn new_systems(&self) -> impl Iterator<Item = u64> {
        let ends = [(self.from_is_known, &self.from), (self.to_is_known, &self.to)];
        ends.into_iter().filter(|(is_known, _)| !is_known).filter_map(|(_, stop)| stop.place.system)
    }
}

impl Journey {
    pub(super) fn bytes(&self) -> usize {
        let labels: usize = self.stops.len() * 128;
        size_of::<Self>()
            + self.stops.capacity() * size_of::<Stop>()
            + self.networks.capacity() * size_of::<(u64, i64, i64)>()
            + labels
    }

    /// The time of the newest stop.
    pub(super) fn newest(&self) -> Option<i64> {
        self.stops.last().map(|stop| stop.time)
    }

    /// Takes a place, and gives what would be journeys if no address in them were shared.
    pub(super) fn take(
        &mut self,
        rule: &Correlation,
        lateness: i64,
        place: &Place,
        observation: &Observation,
    ) -> Vec<Leg> {
        let time = observation.seen.time;
        let stop = Stop { time, place: place.clone(), brief: observation.seen.brief.clone() };
        self.note_network(place.network, time, rule.travel.memory);
        let Some(at) = self.insert(stop, rule.timespan.saturating_add(lateness)) else {
            return Vec::new();
        };
        let mut legs = Vec::new();
        let Some(this) = self.stops.get(at) else { return legs };
        let is_near = |other: &&Stop| (other.time - time).abs() <= rule.timespan;
        let before = self.stops.iter().take(at).rev().take(NEIGHBOURS).take_while(is_near);
        let after = self.stops.iter().skip(at + 1).take(NEIGHBOURS).take_while(is_near);
        legs.extend(before.filter_map(|other| self.leg(rule, other, this)));
        legs.extend(after.filter_map(|other| self.leg(rule, this, other)));
        legs
    }

    /// What is told of a leg, unless it belongs to one that has been told.
    pub(super) fn tell(
        &mut self,
        rule: &Correlation,
        leg: &Leg,
        observation: &Observation,
    ) -> Option<Finding> {
        if !self.episode.begins(leg.time(), rule.timespan) {
            return None;
        }
        let Leg { from, to, kilometres, speed, .. } = leg;
        let speed = written(speed.round());
        let minutes = (to.time - from.time) / 60_000;
        Some(Finding {
            count: 2,
            value: speed.clone(),
            events: vec![(from.time, from.brief.clone()), (to.time, to.brief.clone())],
            details: vec![
                ("from", from.place.label.to_string()),
                ("to", to.place.label.to_string()),
                ("distance", written(kilometres.round())),
                ("speed", speed),
                ("minutes", minutes.to_string()),
            ],
            ..Finding::of(observation)
        })
    }

    fn note_network(&mut self, network: u64, time: i64, memory: i64) {
        match self.networks.iter_mut().find(|(known, ..)| *known == network) {
            Some((_, first, last)) => {
                if time > last.saturating_add(memory) {
                    *first = time;
                }
                (*first, *last) = ((*first).min(time), (*last).max(time));
            }
            None => {
                if self.networks.len() >= MOST_NETWORKS {
                    self.networks.sort_unstable_by_key(|(network, _, last)| (*last, *network));
                    self.networks.remove(0);
                }
                self.networks.reserve_exact(1);
                self.networks.push((network, time, time));
            }
        }
    }

    /// Puts a stop where it belongs; `None` when it is there already. Of a stay, the first and
    /// the last are kept.
    fn insert(&mut self, stop: Stop, keep: i64) -> Option<usize> {
        let key = |stop: &Stop| stop.time;
        let mut at = self.stops.partition_point(|other| key(other) <= key(&stop));
        let same_time = self.stops.iter().take(at).rev().take_while(|o| o.time == stop.time);
        if same_time.into_iter().any(|other| other.brief == stop.brief) {
            return None;
        }
        let is_last = at == self.stops.len();
        let address = stop.place.address;
        if is_last {
            let mut stay = self.stops.iter().rev().map(|other| other.place.address == address);
            if stay.next() == Some(true) && stay.next() == Some(true) {
                self.stops.pop();
                at -= 1;
            }
        }
        self.stops.reserve_exact(usize::from(self.stops.len() == self.stops.capacity()) * 2);
        self.stops.insert(at, stop);
        let oldest = self.newest().map_or(i64::MIN, |newest| newest.saturating_sub(keep));
        let old = self.stops.iter().take_while(|stop| stop.time < oldest).count();
        let gone = old.max(self.stops.len().saturating_sub(MOST_STOPS));
        self.stops.drain(..gone);
        at.checked_sub(gone)
    }

    /// The journey between two stops, when nobody makes it, and one end is new to the group.
    fn leg(&self, rule: &Correlation, from: &Stop, to: &Stop) -> Option<Leg> {
        // A provider may send one telephone through one city and then through another.
        if from.place.system.is_some() && from.place.system == to.place.system {
            return None;
        }
        let kilometres = distance(&from.place, &to.place);
        let hours = (to.time - from.time).max(SHORTEST) as f64 / 3_600_000.0;
        let speed = kilometres / hours;
        if kilometres < rule.travel.distance || !rule.is_met(speed) {
            return None;
        }
        // Known is where the group was before the journey.
        let was_there = |stop: &Stop, before: i64| {
            let same = |(network, ..): &&(u64, i64, i64)| *network == stop.place.network;
            self.networks.iter().find(same).is_some_and(|(_, first, _)| *first < before)
        };
        let from_is_known = was_there(from, from.time);
        let to_is_known = was_there(to, from.time);
        if from_is_known && to_is_known {
            return None;
        }
        let (from, to) = (from.clone(), to.clone());
        Some(Leg { from, to, kilometres, speed, from_is_known, to_is_known })
    }
}

/// The shortest way over the Earth's surface between two places, in kilometres: the haversine
/// formula on a sphere, which is right to half a hundredth.
pub(super) fn distance(a: &Place, b: &Place) -> f64 {
    let (north_a, north_b) = (a.latitude.to_radians(), b.latitude.to_radians());
    let across = (b.longitude - a.longitude).to_radians();
    let half = |angle: f64| (angle / 2.0).sin().powi(2);
    let chord = half(north_b - north_a) + north_a.cos() * north_b.cos() * half(across);
    2.0 * RADIUS * chord.clamp(0.0, 1.0).sqrt().asin()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(latitude: f64, longitude: f64) -> Place {
        let (address, network, label) = (0, 0, "".into());
        Place { latitude, longitude, address, system: None, network, label }
    }

    #[test]
    fn distances_are_those_of_the_globe() {
        let berlin = place(52.52, 13.405);
        let cases = [
            // What others say they are, in kilometres.
            (place(48.8566, 2.3522), 878.0),
            (place(40.7128, -74.006), 6_385.0),
            (place(-33.8688, 151.2093), 16_094.0),
            (place(52.52, 13.405), 0.0),
        ];
        for (other, expected) in cases {
            let found = distance(&berlin, &other);
            assert!((found - expected).abs() < expected * 0.005 + 0.01, "{found} {expected}");
        }
        // Over the date line.
        let found = distance(&place(0.0, 179.5), &place(0.0, -179.5));
        assert!((found - 111.19).abs() < 0.1, "{found}");
    }

    proptest! {
        #[test]
        fn a_way_is_as_long_as_the_way_back_and_no_longer_than_half_the_globe(
            a in (-90.0..90.0_f64, -180.0..180.0_f64), b in (-90.0..90.0_f64, -180.0..180.0_f64)
        ) {
            let (a, b) = (place(a.0, a.1), place(b.0, b.1));
            let (there, back) = (distance(&a, &b), distance(&b, &a));
            prop_assert!((there - back).abs() < 1e-6);
            prop_assert!((0.0..=20_016.0).contains(&there), "{}", there);
        }
    }
}
