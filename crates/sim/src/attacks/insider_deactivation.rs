//! An administrator takes leave by taking everybody's access away.

use super::attacker::victim;
use crate::catalogue as types;
use crate::clock::SECOND;
use crate::event::{Event, Party};
use crate::life::{signin, using};
use crate::stage::Stage;
use crate::truth::Cast;

pub(super) fn run(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let org = stage.org;
    let admin = org.admin(stage.rng);
    let scene = stage.scene_of(admin, at);
    let at = signin::complete(stage, admin, &scene, at);
    let mut at = using::open_admin_console(stage, admin, &scene, at);
    let mut victims = Vec::new();
    for _ in 0..stage.rng.between(14, 40) {
        let user = victim(org, stage.rng);
        victims.push(user.id.as_str());
        stage.emit(
            &Event::new(&types::USER_DEACTIVATE, at, admin.party(), &scene)
                .uri(format!("/api/v1/users/{}/lifecycle/deactivate", user.id))
                .target(user.party()),
        );
        at += stage.rng.between(1, 12) * SECOND;
    }
    for service in &org.services {
        let Some(token) = &service.token else {
            continue;
        };
        if stage.rng.chance(600) {
            stage.emit(
                &Event::new(&types::TOKEN_REVOKE, at, admin.party(), &scene)
                    .uri(format!("/api/internal/tokens/{token}/revoke"))
                    .target(Party::new("Token", token.as_str(), "unknown", service.name)),
            );
            at += stage.rng.between(2, 9) * SECOND;
            victims.push(token.as_str());
        }
    }
    let other = org.admin(stage.rng);
    stage.emit(
        &Event::new(&types::PRIVILEGE_REVOKE, at, admin.party(), &scene)
            .uri(format!("/api/internal/administrators/{}", other.id))
            .debug("privilegeRevoked", "Super administrator")
            .target(other.party()),
    );
    victims.sort_unstable();
    victims.dedup();
    Cast::new(&[admin.id.as_str()], &victims)
}
