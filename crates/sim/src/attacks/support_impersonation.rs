//! Okta support is let in, on an administrator's behalf, and looks around.

use super::attacker::Attacker;
use crate::catalogue as types;
use crate::clock::{MINUTE, SECOND};
use crate::event::{Event, Party};
use crate::life::using;
use crate::stage::Stage;
use crate::truth::Cast;

pub(super) fn run(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let org = stage.org;
    let admin = org.admin(stage.rng);
    let own = stage.scene_of(admin, at);
    let mut at = using::open_admin_console(stage, admin, &own, at);
    stage.emit(
        &Event::new(&types::IMPERSONATION_GRANT, at, admin.party(), &own)
            .uri("/api/v1/org/privacy/oktaSupport/grant")
            .debug("expiration", "PT8H")
            .target(admin.party()),
    );
    at += stage.rng.between(4, 40) * MINUTE;
    let attacker = Attacker::new(stage.rng);
    let session = stage.session();
    let scene = attacker.in_session(stage, session);
    let number = stage.rng.between(1_000, 9_999);
    let login = format!("support.{number}@okta.com");
    let id = stage.rng.id("00u", 20);
    let support = Party::new("User", id.as_str(), &login, "Okta Support");
    let principal = format!(
        r#"{{"id":"{id}","type":"User","alternateId":"{login}","displayName":"Okta Support"}}"#
    );
    stage.emit(
        &Event::new(&types::IMPERSONATION_INITIATE, at, support, &scene)
            .uri("/login/impersonate")
            .debug_json("originalPrincipal", &principal)
            .target(admin.party()),
    );
    at += stage.rng.between(5, 60) * SECOND;
    for kind in [&types::SUPPORT_VIEW, &types::REPORT_EXPORT] {
        stage.emit(
            &Event::new(kind, at, support, &scene)
                .uri("/api/v1/org")
                .debug_json("originalPrincipal", &principal)
                .no_targets(),
        );
        at += stage.rng.between(20, 200) * SECOND;
    }
    let user = stage.rng.pick(&org.users);
    stage.emit(
        &Event::new(&types::RESET_PASSWORD, at, support, &scene)
            .uri(format!("/api/v1/users/{}/lifecycle/reset_password", user.id))
            .debug_json("originalPrincipal", &principal)
            .target(user.party()),
    );
    at += stage.rng.between(1, 20) * MINUTE;
    stage.emit(
        &Event::new(&types::IMPERSONATION_END, at, support, &scene)
            .uri("/login/signout")
            .target(admin.party()),
    );
    stage.emit(
        &Event::new(&types::IMPERSONATION_REVOKE, at + 20 * SECOND, admin.party(), &own)
            .uri("/api/v1/org/privacy/oktaSupport/revoke")
            .target(admin.party()),
    );
    Cast::new(
        &[attacker.origin.address.as_str(), id.as_str()],
        &[admin.id.as_str(), user.id.as_str()],
    )
}
