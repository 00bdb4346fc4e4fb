//! The password fits, the factor is missing: ways around it are tried, and doors that stay closed.

use super::attacker::{Attacker, victim};
use crate::catalogue as types;
use crate::clock::SECOND;
use crate::event::{Event, Outcome};
use crate::life::signin::{self, Answer};
use crate::stage::Stage;
use crate::truth::Cast;

pub(super) fn run(stage: &mut Stage<'_, '_>, mut at: i64) -> Cast {
    let org = stage.org;
    let user = victim(org, stage.rng);
    let attacker = Attacker::new(stage.rng);
    let session = stage.session();
    let scene = attacker.in_session(stage, session);
    signin::password(stage, user, &scene, at, true);
    for _ in 0..stage.rng.between(2, 6) {
        at = signin::second_factor(stage, user, &scene, at + 3 * SECOND, Answer::Wrong);
    }
    for _ in 0..stage.rng.between(1, 4) {
        at += stage.rng.between(4, 40) * SECOND;
        stage.emit(
            &Event::new(&types::MFA_BYPASS, at, user.party(), &scene)
                .outcome(Outcome::Failure, "Factor enrollment is required")
                .uri("/api/v1/authn/skip")
                .debug_risk()
                .target(user.party()),
        );
    }
    for _ in 0..stage.rng.between(1, 5) {
        at += stage.rng.between(4, 60) * SECOND;
        let app = stage.rng.pick(&org.apps);
        stage.emit(
            &Event::new(&types::UNAUTHORISED_APP, at, user.party(), &scene)
                .outcome(Outcome::Failure, "User not assigned to app")
                .uri(format!("/app/{}/{}/sso/saml", app.kind.name, app.id))
                .target(app.party())
                .target(user.app_user()),
        );
    }
    Cast::new(&[attacker.origin.address.as_str()], &[user.id.as_str()])
}
