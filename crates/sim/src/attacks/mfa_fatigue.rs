//! The password is known; pushes follow until one is accepted.

use super::attacker::{Attacker, open_apps, victim};
use crate::catalogue as types;
use crate::clock::SECOND;
use crate::event::{Event, Outcome, Scene};
use crate::life::signin::{self, Answer};
use crate::org::Factor;
use crate::stage::Stage;
use crate::truth::Cast;

pub(super) fn run(stage: &mut Stage<'_, '_>, mut at: i64) -> Cast {
    let mut user = victim(stage.org, stage.rng);
    for _ in 0..60 {
        if user.factor == Factor::Push {
            break;
        }
        user = victim(stage.org, stage.rng);
    }
    let attacker = Attacker::new(stage.rng);
    let session = stage.session();
    for _ in 0..stage.rng.between(6, 16) {
        let mut scene = attacker.in_session(stage, session);
        let before = Scene { session: None, ..scene.clone() };
        let policy = &stage.org.global_policy;
        signin::evaluate(stage, user.party(), &before, at, policy, None, Outcome::Challenge);
        signin::password(stage, user, &scene, at + 900, true);
        let answer = if stage.rng.chance(550) { Answer::Denied } else { Answer::TimedOut };
        scene.transaction = before.transaction;
        at = signin::second_factor(stage, user, &scene, at + 1_500, answer);
        at += stage.rng.between(15, 120) * SECOND;
    }
    let scene = attacker.in_session(stage, session);
    signin::password(stage, user, &scene, at, true);
    at = signin::second_factor(stage, user, &scene, at + 700, Answer::Right);
    stage.emit(
        &Event::new(&types::OKTA_VERIFY, at, user.party(), &scene)
            .uri("/idp/idx/authenticators/poll")
            .target(user.party()),
    );
    signin::session_start(stage, user, &scene, at + 60);
    let apps = 2 + stage.rng.below(4);
    open_apps(stage, user, &scene, at + 4 * SECOND, apps);
    Cast::new(&[attacker.origin.address.as_str()], &[user.id.as_str()])
}
