//! How events get into the log: all that has been before, and what goes on happening.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand_pcg::Pcg64;
use rand_pcg::rand_core::Rng as _;
use serde::Deserialize;

use crate::log::NewEvent;
use crate::options::{Backlog, Late, Live};
use crate::org::Org;
use crate::server::StartError;

/// How often live events are persisted.
const TICK: Duration = Duration::from_millis(50);

/// The parts of an event that the log knows of.
#[derive(Debug, Deserialize)]
struct Known<'a> {
    #[serde(borrow)]
    uuid: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    published: Option<std::borrow::Cow<'a, str>>,
}

/// Persists `text` as it stands, at the organisation's time `now` unless it was published later
/// than that or says nothing of it.
pub(crate) fn append_text(org: &Org, text: &str, persisted: Option<i64>) -> io::Result<()> {
    let known = serde_json::from_str::<Known<'_>>(text).ok();
    let uuid = known.as_ref().and_then(|it| it.uuid.as_deref()).unwrap_or_default();
    let published = known.as_ref().and_then(|it| it.published.as_deref());
    let published = published.and_then(|it| it.parse::<jiff::Timestamp>().ok());
    let now = org.now();
    let published = published.map_or(now, jiff::Timestamp::as_millisecond);
    let persisted = persisted.unwrap_or(published.min(now));
    org.log().append(NewEvent { text, uuid, published, persisted })
}

/// Persists what has happened before.
pub(crate) fn fill(org: &Org, backlog: &Backlog, late: Late) -> Result<(), StartError> {
    match backlog {
        Backlog::None => Ok(()),
        Backlog::Events(texts) => {
            for text in texts.iter().filter(|text| !text.trim().is_empty()) {
                append_text(org, text, None)?;
            }
            Ok(())
        }
        Backlog::File(path) => {
            let cannot = |error| StartError::Backlog(path.clone(), error);
            let mut lines = BufReader::with_capacity(1 << 20, File::open(path).map_err(cannot)?);
            let mut line = String::new();
            while lines.read_line(&mut line).map_err(cannot)? > 0 {
                let text = line.trim();
                if !text.is_empty() {
                    append_text(org, text, None)?;
                }
                line.clear();
            }
            Ok(())
        }
        Backlog::Scenario(scenario) => {
            let mut simulation = scenario.simulate()?;
            let mut delayed = Delayed::new(late, org.seed());
            let mut attacks = Vec::new();
            while let Some(event) = simulation.next_event() {
                let now = event.published_ms();
                delayed.release(org, now)?;
                let text = std::str::from_utf8(event.json()).unwrap_or_default();
                delayed.take(org, text, event.uuid(), now, now)?;
                while let Some(truth) = simulation.next_truth() {
                    attacks.push(truth);
                }
            }
            delayed.release(org, i64::MAX)?;
            org.tell_attacks(attacks);
            Ok(())
        }
    }
}

/// A late event that waits: when it is persisted, its number, then what it is.
type Waiting = (i64, u64, String, String, i64);

/// Holds back some events.
#[derive(Debug)]
struct Delayed {
    late: Late,
    rng: Pcg64,
    number: u64,
    waiting: BinaryHeap<Reverse<Waiting>>,
}

impl Delayed {
    fn new(late: Late, seed: u64) -> Delayed {
        let rng = Pcg64::new(u128::from(seed) | (0x1a7e << 64), 0x1a7e);
        Delayed { late, rng, number: 0, waiting: BinaryHeap::new() }
    }

    /// Persists an event at `now`, or holds it back.
    fn take(
        &mut self,
        org: &Org,
        text: &str,
        uuid: &str,
        published: i64,
        now: i64,
    ) -> io::Result<()> {
        let longest = i64::try_from(self.late.longest.as_millis()).unwrap_or(i64::MAX);
        if longest > 0 && self.rng.next_u64() % 1000 < u64::from(self.late.per_mille) {
            let delay = 1 + (self.rng.next_u64() % longest as u64) as i64;
            self.number += 1;
            let at = now.saturating_add(delay);
            let waiting = (at, self.number, text.to_owned(), uuid.to_owned(), published);
            self.waiting.push(Reverse(waiting));
            return Ok(());
        }
        org.log().append(NewEvent { text, uuid, published, persisted: now })
    }

    /// Persists what has waited until `now`.
    fn release(&mut self, org: &Org, now: i64) -> io::Result<()> {
        while self.waiting.peek().is_some_and(|Reverse((at, ..))| *at <= now) {
            let Some(Reverse((at, _, text, uuid, published))) = self.waiting.pop() else { break };
            org.log().append(NewEvent { text: &text, uuid: &uuid, published, persisted: at })?;
        }
        Ok(())
    }
}

/// Lets the organisation live until the task is dropped.
pub(crate) async fn live(org: Arc<Org>, options: Live, late: Late, mut life: sim::Live) {
    let mut delayed = Delayed::new(late, org.seed());
    let within = i64::try_from(options.attack_within.as_millis()).unwrap_or(i64::MAX);
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let started = Instant::now();
    let mut last = org.now();
    let mut owed = 0.0;
    let mut elapsed = Duration::ZERO;
    let mut attacks = options.attacks.iter().cycle();
    let mut next_attack = options.attack_every;
    loop {
        tick.tick().await;
        let until_now = started.elapsed();
        let passed = until_now - elapsed;
        elapsed = until_now;
        // A clock that is set back stands still for a while, and events keep their order.
        let now = org.now().max(last);
        last = now;
        let mut asked = org.asked_attacks();
        if let Some(at) = next_attack.filter(|at| *at <= elapsed) {
            asked.extend(attacks.next());
            next_attack = options.attack_every.map(|every| at + every);
        }
        for attack in asked {
            let truth = life.attack(attack, now, Some(within));
            tracing::info!(attack = attack.name(), events = truth.events().len(), "attack begins");
            org.tell_attacks([truth]);
        }
        if !org.is_paused() {
            owed += passed.as_secs_f64() * options.rate.max(0.0);
        }
        life.advance(now, owed as u64);
        owed -= owed.floor();
        let mut result = Ok(());
        while result.is_ok()
            && let Some(event) = life.next_event()
        {
            let text = std::str::from_utf8(event.json()).unwrap_or_default();
            result = delayed.take(&org, text, event.uuid(), event.published_ms(), now);
        }
        if let Err(error) = result.and_then(|()| delayed.release(&org, now)) {
            tracing::error!(%error, "no room for more events");
        }
        org.has_new_events();
    }
}
