//! A page that looks like Okta's relays what people type; FastPass sees another origin and declines.

use super::attacker::{Attacker, victim};
use crate::clock::{MINUTE, SECOND};
use crate::event::{Outcome, Scene};
use crate::life::signin::{self, Answer};
use crate::stage::Stage;
use crate::truth::Cast;

pub(super) fn run(stage: &mut Stage<'_, '_>, mut at: i64) -> Cast {
    let attacker = Attacker::known(stage.rng);
    let mut victims = Vec::new();
    for _ in 0..stage.rng.between(2, 6) {
        let user = victim(stage.org, stage.rng);
        victims.push(user.id.as_str());
        let session = stage.session();
        let scene = attacker.in_session(stage, session);
        let before = Scene { session: None, ..scene.clone() };
        let policy = &stage.org.global_policy;
        signin::evaluate(stage, user.party(), &before, at, policy, None, Outcome::Challenge);
        if stage.rng.chance(500) {
            signin::password(stage, user, &scene, at + 8 * SECOND, true);
        }
        signin::second_factor(stage, user, &scene, at + 12 * SECOND, Answer::Phishing);
        at += stage.rng.between(1, 12) * MINUTE;
    }
    Cast::new(&[attacker.origin.address.as_str()], &victims)
}
