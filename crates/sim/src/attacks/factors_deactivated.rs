//! Second factors disappear: of some people, then one kind for everybody.

use super::attacker::{Attacker, sign_in_as, victim};
use crate::catalogue as types;
use crate::clock::SECOND;
use crate::event::{Event, Outcome, Party};
use crate::life::using;
use crate::stage::Stage;
use crate::truth::Cast;

pub(super) fn run(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let org = stage.org;
    let admin = org.admin(stage.rng);
    let attacker = Attacker::new(stage.rng);
    let session = stage.session();
    let scene = attacker.in_session(stage, session);
    let at = sign_in_as(stage, admin, &scene, at, 0);
    let mut at = using::open_admin_console(stage, admin, &scene, at + 4 * SECOND);
    let mut victims = Vec::new();
    for _ in 0..stage.rng.between(3, 8) {
        let user = victim(org, stage.rng);
        victims.push(user);
        let factor = user.factor.debug_name();
        let event = if stage.rng.chance(700) {
            Event::new(&types::FACTOR_DEACTIVATE, at, admin.party(), &scene)
                .outcome(Outcome::Success, format!("User reset {factor} factor"))
                .debug("factor", factor)
        } else {
            Event::new(&types::FACTOR_RESET_ALL, at, admin.party(), &scene)
        };
        stage.emit(&event.uri(format!("/api/v1/users/{}/factors", user.id)).target(user.party()));
        at += stage.rng.between(3, 40) * SECOND;
    }
    stage.emit(
        &Event::new(&types::SYSTEM_FACTOR_DEACTIVATE, at, admin.party(), &scene)
            .uri("/api/v1/org/factors/okta_push/lifecycle/deactivate")
            .target(Party::new("Factor", "okta_push", "unknown", "Okta Verify Push")),
    );
    if let Some(user) = victims.first() {
        let session = stage.session();
        let scene = attacker.in_session(stage, session);
        sign_in_as(stage, user, &scene, at + 60 * SECOND, 2);
    }
    let ids: Vec<&str> = victims.iter().map(|user| user.id.as_str()).collect();
    Cast::new(&[attacker.origin.address.as_str(), admin.id.as_str()], &ids)
}
