//! Promise 1: whatever ends the process, whenever: nothing lost, nothing twice.

use std::time::{Duration, Instant};

use crate::support::{Place, org, wait};

/// The places in the code where a crash is worst, but for `floor_raised`, which has a test of its
/// own: a day has to be too old.
const FAILPOINTS: [&str; 11] = [
    "commit_begin",
    "journal_written",
    "alert_written",
    "cursor_moved",
    "before_commit",
    "after_commit",
    "commit_end",
    "index_prepared",
    "index_committed",
    "between_days",
    "trim",
];

const EVENTS: u64 = 5_000;
const FAULTS: [&str; 6] =
    ["500:0.04", "reset:0.04", "cut-body:0.04", "duplicate:0.04", "429:0.02", "stale:0.02"];

/// Chooses by chance, the same from the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// Kills the binary `WARDGATE_CRASHES` times, 16 unless set, with the seed `WARDGATE_SEED`.
#[test]
fn killed_at_any_instant_it_loses_nothing_and_repeats_nothing() {
    let variable = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let crashes: u64 = variable("WARDGATE_CRASHES").unwrap_or(16);
    let seed: u64 = variable("WARDGATE_SEED").unwrap_or(1);
    eprintln!("WARDGATE_CRASHES={crashes} WARDGATE_SEED={seed}");
    let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let org = org(EVENTS, seed, &FAULTS);

    let undisturbed = Place::new();
    undisturbed.follow(&org, "");
    let mut running = undisturbed.start();
    undisturbed.wait_for_events(&mut running, EVENTS);
    running.stop();
    undisturbed.assert_complete(&org);
    let alerts = undisturbed.alerts();
    assert!(!alerts.is_empty());

    let mut place = Place::new();
    place.follow(&org, "");
    let mut aborted = 0;
    for crash in 0..crashes {
        if place.data().exists() && place.count() >= EVENTS {
            // Everything is in: begin anew, with the crashes that are left.
            assert_same(&place, &org, &alerts);
            place = Place::new();
            place.follow(&org, "");
        }
        let mut command = place.command();
        let failpoint = (crash % 2 == 0).then(|| {
            let name = FAILPOINTS[chance.below(FAILPOINTS.len() as u64) as usize];
            format!("{name}:{}", 1 + chance.below(12))
        });
        if let Some(failpoint) = &failpoint {
            command.env("WARDGATE_FAILPOINT", failpoint);
        }
        let wait = Duration::from_millis(200 + chance.below(2_500));
        let mut running = crate::support::Running::start(&mut command, &place.path("log"));
        let begun = Instant::now();
        while begun.elapsed() < wait {
            if let Some(status) = running.child.try_wait().unwrap() {
                assert!(failpoint.is_some(), "ended with {status}: {}", running.log());
                aborted += 1;
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = running.child.kill();
        let _ = running.child.wait();
    }
    eprintln!("{aborted} of {crashes} ended at a failpoint");
    assert_same(&place, &org, &alerts);
}

#[test]
fn killed_while_old_days_are_deleted_it_deletes_them_afterwards() {
    let org = org(300, 4, &[]);
    let place = Place::new();
    place.follow(&org, "");
    let mut running = place.start();
    place.wait_for_events(&mut running, 300);
    running.stop();
    let days = || std::fs::read_dir(place.data().join("days")).unwrap().count();
    let before = days();

    place.follow(&org, "[store]\nretention_days = 1\n");
    let mut command = place.command();
    command.env("WARDGATE_FAILPOINT", "floor_raised:1");
    let mut running = crate::support::Running::start(&mut command, &place.path("log"));
    wait("the crash", || running.child.try_wait().unwrap().is_some());
    drop(running);
    assert_eq!(days(), before);

    let mut running = place.start();
    wait("old days to be deleted", || {
        running.assert_runs();
        days() < before
    });
    running.stop();
    assert_eq!(store::verify(&place.data(), |_, _, _| {}).unwrap().damages, [""; 0]);
    let stored = place.events();
    let ids: std::collections::BTreeSet<_> = stored.iter().collect();
    assert!(ids.len() == stored.len() && stored.len() < 300);
}

/// Lets it come to the end undisturbed, and compares.
fn assert_same(
    place: &Place,
    org: &sim_server::Server,
    alerts: &std::collections::BTreeSet<String>,
) {
    let mut running = place.start();
    place.wait_for_events(&mut running, EVENTS);
    wait("every alert in the file", || place.delivered().is_superset(alerts));
    running.stop();
    place.assert_complete(org);
    assert_eq!(&place.alerts(), alerts);
    assert_eq!(&place.delivered(), alerts);
    assert_eq!(store::verify(&place.data(), |_, _, _| {}).unwrap().damages, [""; 0]);
}
