//! A cookie that was stolen from a browser goes on working in another one, in another country.

use super::attacker::{Attacker, open_apps, victim};
use crate::catalogue as types;
use crate::clock::{MINUTE, SECOND};
use crate::event::{Event, Outcome, SYSTEM};
use crate::life::signin;
use crate::stage::Stage;
use crate::truth::Cast;

pub(super) fn run(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let user = victim(stage.org, stage.rng);
    let own = stage.scene_of(user, at);
    let mut at = signin::complete(stage, user, &own, at);
    at = open_apps(stage, user, &own, at, 1) + stage.rng.between(10, 50) * MINUTE;
    let attacker = Attacker::new(stage.rng);
    let session = own.session.unwrap_or_else(|| stage.session());
    let scene = attacker.in_session(stage, session);
    stage.emit(
        &Event::new(&types::SESSION_CONTEXT_CHANGE, at, user.party(), &scene)
            .uri("/app/UserHome")
            .debug("changedContext", "IP, DEVICE")
            .debug_risk()
            .target(user.party()),
    );
    let apps = 3 + stage.rng.below(5);
    at = open_apps(stage, user, &scene, at + 2 * SECOND, apps);
    if stage.rng.chance(600) {
        stage.emit(
            &Event::new(&types::RISK_DETECT, at, SYSTEM, &scene)
                .outcome(Outcome::Success, "Session used from a new country and device")
                .uri("/app/UserHome")
                .debug_log_only()
                .target(user.party()),
        );
    }
    Cast::new(&[attacker.origin.address.as_str()], &[user.id.as_str()])
}
