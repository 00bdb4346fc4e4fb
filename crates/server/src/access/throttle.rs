//! How often somebody may try to sign in.
//!
//! Tries are counted by account, by address, and by both together, whether there is such an
//! account or not. Each count lets some tries through at once, and then one every so often; a
//! sign-in that succeeds gives its tries back. Memory is bounded: when the table is full, whoever
//! has tried the least is forgotten first, so that nobody gets rid of their own count by trying
//! with other names.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ecs::Timestamp;

/// The most counts that are kept; each takes some 40 bytes.
const MOST: usize = 16_384;

/// Tries at once, and the time after which there is one more.
struct Pace {
    burst: f64,
    every_ms: f64,
}

/// One account from one network: somebody who mistypes.
const PAIR: Pace = Pace { burst: 8.0, every_ms: 20_000.0 };
/// One account from anywhere: 4,800 tries a day at most.
const ACCOUNT: Pace = Pace { burst: 40.0, every_ms: 18_000.0 };
/// One network, whatever the account.
const NETWORK: Pace = Pace { burst: 30.0, every_ms: 6_000.0 };

/// Counts tries.
#[derive(Debug)]
pub(super) struct Throttle {
    hasher: RandomState,
    counts: Mutex<HashMap<u64, Count>>,
    most: usize,
}

/// Tries that were made and not yet forgotten.
#[derive(Clone, Copy, Debug)]
struct Count {
    tries: f64,
    at: i64,
    every_ms: f64,
}

impl Count {
    fn tries_at(&self, now: i64) -> f64 {
        // A clock that was set back forgets nothing.
        let passed = now.saturating_sub(self.at).max(0) as f64;
        (self.tries - passed / self.every_ms).max(0.0)
    }
}

impl Throttle {
    pub(super) fn new() -> Self {
        Self::with_room(MOST)
    }

    fn with_room(most: usize) -> Self {
        Self { hasher: RandomState::new(), counts: Mutex::default(), most }
    }

    /// Counts a try.
    ///
    /// # Errors
    ///
    /// How long to wait, when there were too many; then the try does not count.
    pub(super) fn attempt(
        &self,
        now: Timestamp,
        account: &str,
        address: IpAddr,
    ) -> Result<(), Duration> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let kinds = self.kinds(account, address);
        let tries = |key: &u64| counts.get(key).map_or(0.0, |count| count.tries_at(now.0));
        let waits = kinds.iter().map(|(key, pace)| {
            let over = tries(key) + 1.0 - pace.burst;
            (over * pace.every_ms).max(0.0)
        });
        let wait = waits.fold(0.0, f64::max);
        if wait > 0.0 {
            return Err(Duration::from_millis(wait.ceil() as u64));
        }
        for (key, pace) in kinds {
            let tries = counts.get(&key).map_or(0.0, |count| count.tries_at(now.0)) + 1.0;
            if counts.len() >= self.most && !counts.contains_key(&key) {
                forget(&mut counts, now.0);
            }
            counts.insert(key, Count { tries, at: now.0, every_ms: pace.every_ms });
        }
        Ok(())
    }

    /// The try succeeded: what it and those before it counted for this account is given back, and
    /// for the network one.
    pub(super) fn succeeded(&self, now: Timestamp, account: &str, address: IpAddr) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let [(pair, _), (account, _), (network, _)] = self.kinds(account, address);
        counts.remove(&pair);
        for key in [account, network] {
            if let Some(count) = counts.get_mut(&key) {
                count.tries = (count.tries_at(now.0) - 1.0).max(0.0);
                count.at = now.0;
            }
        }
    }

    fn kinds(&self, account: &str, address: IpAddr) -> [(u64, &'static Pace); 3] {
        let account = account.to_lowercase();
        let network = network(address);
        [
            (self.hasher.hash_one((0, &account, network)), &PAIR),
            (self.hasher.hash_one((1, &account)), &ACCOUNT),
            (self.hasher.hash_one((2, network)), &NETWORK),
        ]
    }
}

/// Forgets those with the fewest tries, an eighth of all.
fn forget(counts: &mut HashMap<u64, Count>, now: i64) {
    let mut tries: Vec<(u64, f64)> =
        counts.iter().map(|(key, count)| (*key, count.tries_at(now) * count.every_ms)).collect();
    let some = tries.len() / 8 + 1;
    if some < tries.len() {
        tries.select_nth_unstable_by(some, |one, other| one.1.total_cmp(&other.1));
    }
    for (key, _) in tries.iter().take(some) {
        counts.remove(key);
    }
}

/// What somebody has who has one address: with IPv6, 64 bits of it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp(second * 1000)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// How many tries are let through at once.
    fn burst(throttle: &Throttle, now: Timestamp, account: &str, address: IpAddr) -> u32 {
        let mut count = 0;
        while throttle.attempt(now, account, address).is_ok() {
            count += 1;
        }
        count
    }

    #[test]
    fn tries_become_rare_and_then_are_let_through_again() {
        let throttle = Throttle::new();
        let from = address("192.0.2.1");
        assert_eq!(burst(&throttle, at(0), "anna", from), 8);
        assert_eq!(throttle.attempt(at(0), "ANNA", from), Err(Duration::from_secs(20)));
        assert_eq!(throttle.attempt(at(15), "anna", from), Err(Duration::from_secs(5)));
        assert_eq!(burst(&throttle, at(20), "anna", from), 1);
        assert_eq!(burst(&throttle, at(0), "anna", from), 0, "a clock set back forgives nothing");
        assert_eq!(burst(&throttle, at(100_000), "anna", from), 8);
    }

    #[test]
    fn addresses_and_accounts_count_for_themselves() {
        let throttle = Throttle::new();
        let one = address("192.0.2.1");
        let names = ["a", "b", "c", "d", "e", "f"];
        let counts: Vec<_> = names.iter().map(|name| burst(&throttle, at(0), name, one)).collect();
        assert_eq!(counts, [8, 8, 8, 6, 0, 0], "30 from one address");
        assert_eq!(burst(&throttle, at(0), "f", address("::ffff:192.0.2.1")), 0, "the same");
        assert_eq!(burst(&throttle, at(0), "f", address("192.0.2.2")), 8);
        let throttle = Throttle::new();
        let counts: Vec<_> = (1..=7)
            .map(|last| burst(&throttle, at(0), "anna", address(&format!("2001:db8:0:{last}::1"))))
            .collect();
        assert_eq!(counts, [8, 8, 8, 8, 8, 0, 0], "40 for one account");
        let throttle = Throttle::new();
        burst(&throttle, at(0), "anna", address("2001:db8::1"));
        assert_eq!(burst(&throttle, at(0), "anna", address("2001:db8::2")), 0, "one network");
    }

    #[test]
    fn success_gives_tries_back() {
        let throttle = Throttle::new();
        let from = address("192.0.2.1");
        for _ in 0..500 {
            throttle.attempt(at(0), "anna", from).unwrap();
            throttle.succeeded(at(0), "anna", from);
        }
        assert_eq!(burst(&throttle, at(0), "anna", from), 8);
    }

    #[test]
    fn memory_is_bounded_and_trying_other_names_does_not_help() {
        let throttle = Throttle::with_room(64);
        let victim = address("192.0.2.1");
        assert_eq!(burst(&throttle, at(0), "anna", victim), 8);
        for number in 0..10_000_u32 {
            let from = IpAddr::from(number.to_be_bytes());
            let _ = throttle.attempt(at(0), &format!("name{number}"), from);
            assert!(throttle.counts.lock().unwrap().len() <= 64);
        }
        assert_eq!(burst(&throttle, at(0), "anna", victim), 0);
    }
}
