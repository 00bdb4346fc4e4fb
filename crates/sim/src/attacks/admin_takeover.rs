//! A caller talks the help desk into resetting an administrator's factors, signs in through a
//! proxy, makes an accomplice an administrator and an API token for later.

use super::attacker::{Attacker, sign_in_as, victim};
use crate::catalogue as types;
use crate::clock::{MINUTE, SECOND};
use crate::event::{Event, Outcome, Party, Scene};
use crate::life::using;
use crate::stage::Stage;
use crate::truth::Cast;

pub(super) fn run(stage: &mut Stage<'_, '_>, mut at: i64) -> Cast {
    let org = stage.org;
    let admin = org.admin(stage.rng);
    let mut help_desk = org.admin(stage.rng);
    for _ in 0..20 {
        if help_desk.index != admin.index {
            break;
        }
        help_desk = org.admin(stage.rng);
    }
    let desk = stage.scene_of(help_desk, at);
    at = using::open_admin_console(stage, help_desk, &desk, at);
    let base = format!("/api/v1/users/{}/lifecycle", admin.id);
    stage.emit(
        &Event::new(&types::FACTOR_RESET_ALL, at, help_desk.party(), &desk)
            .uri(format!("{base}/reset_factors"))
            .target(admin.party()),
    );
    at += stage.rng.between(5, 60) * SECOND;
    stage.emit(
        &Event::new(&types::RESET_PASSWORD, at, help_desk.party(), &desk)
            .uri(format!("{base}/reset_password"))
            .target(admin.party()),
    );

    at += stage.rng.between(3, 25) * MINUTE;
    let attacker = Attacker::new(stage.rng).behind_proxy(stage.rng);
    let session = stage.session();
    let scene = attacker.in_session(stage, session);
    at = sign_in_as(stage, admin, &scene, at, 0);
    using::enrol_factor(stage, admin, &scene, at);
    at = using::open_admin_console(stage, admin, &scene, at + 20 * SECOND);

    let accomplice = victim(org, stage.rng);
    let role = *stage.rng.pick(&["Super administrator", "Organization administrator"]);
    stage.emit(
        &Event::new(&types::PRIVILEGE_GRANT, at, admin.party(), &scene)
            .uri(format!("/api/internal/administrators/{}", accomplice.id))
            .debug("privilegeGranted", role)
            .target(accomplice.party())
            .target(Party::new("ROLE", "SUPER_ADMIN", "unknown", role)),
    );
    if stage.rng.chance(500) {
        let group = stage.rng.pick(&org.groups);
        stage.emit(
            &Event::new(&types::GROUP_PRIVILEGE_GRANT, at + 9 * SECOND, admin.party(), &scene)
                .uri(format!("/api/v1/groups/{}/roles", group.id))
                .debug("privilegeGranted", role)
                .target(Party::named("UserGroup", group)),
        );
    }
    at += stage.rng.between(20, 120) * SECOND;
    let token = stage.rng.id("00T", 20);
    stage.emit(
        &Event::new(&types::TOKEN_CREATE, at, admin.party(), &scene)
            .uri("/api/internal/tokens")
            .target(Party::new("Token", token.as_str(), "unknown", "backup")),
    );

    at += stage.rng.between(2, 30) * MINUTE;
    let elsewhere = Attacker::new(stage.rng).calling_itself("curl/8.4.0");
    for _ in 0..stage.rng.between(3, 8) {
        let user = stage.rng.pick(&org.users);
        let group = stage.rng.pick(&org.groups);
        let scene = Scene { api_token: Some(token), ..elsewhere.request(stage) };
        stage.emit(
            &Event::new(&types::GROUP_ADD, at, admin.party(), &scene)
                .result(Outcome::Success)
                .uri(format!("/api/v1/groups/{}/users/{}", group.id, user.id))
                .target(user.party())
                .target(Party::named("UserGroup", group)),
        );
        at += stage.rng.between(1, 40) * SECOND;
    }
    Cast::new(
        &[attacker.origin.address.as_str(), elsewhere.origin.address.as_str(), admin.id.as_str()],
        &[admin.id.as_str(), accomplice.id.as_str()],
    )
}
