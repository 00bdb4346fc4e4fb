//! One account, many passwords, and the lock that stops it.

use super::attacker::{Attacker, victim};
use crate::catalogue as types;
use crate::clock::SECOND;
use crate::event::{Event, Outcome, SYSTEM};
use crate::life::signin;
use crate::stage::Stage;
use crate::truth::Cast;

pub(super) fn run(stage: &mut Stage<'_, '_>, mut at: i64) -> Cast {
    let user = victim(stage.org, stage.rng);
    let mut attacker = Attacker::new(stage.rng);
    if stage.rng.chance(600) {
        attacker = attacker.calling_itself("python-requests/2.32.5");
    }
    let tries = stage.rng.between(9, 24);
    for _ in 0..tries {
        let scene = attacker.request(stage);
        signin::failed_start(stage, user.party(), &scene, at, "INVALID_CREDENTIALS", true);
        at += stage.rng.between(1, 14) * SECOND + stage.rng.between(0, 999);
    }
    let scene = attacker.request(stage);
    at = signin::lock_out(stage, user, &scene, at);
    for _ in 0..stage.rng.between(1, 4) {
        at += stage.rng.between(2, 9) * SECOND;
        let scene = attacker.request(stage);
        signin::failed_start(stage, user.party(), &scene, at, "LOCKED_OUT", true);
    }
    if stage.rng.chance(500) {
        let scene = attacker.request(stage);
        stage.emit(
            &Event::new(&types::REQUEST_BLOCKED, at + SECOND, SYSTEM, &scene)
                .outcome(Outcome::Deny, "IP address blocked by ThreatInsight")
                .uri("/api/v1/authn")
                .no_targets(),
        );
    }
    Cast::new(&[attacker.origin.address.as_str()], &[user.id.as_str()])
}
