//! The token of a service account turns up at an address it never came from.

use super::attacker::Attacker;
use crate::catalogue as types;
use crate::clock::{MINUTE, SECOND};
use crate::event::{Event, Outcome, Party, Scene};
use crate::life::using;
use crate::org::Service;
use crate::stage::Stage;
use crate::truth::Cast;

pub(super) fn run(stage: &mut Stage<'_, '_>, mut at: i64) -> Cast {
    let org = stage.org;
    let holders: Vec<&Service> =
        org.services.iter().filter(|service| service.token.is_some()).collect();
    let service = *stage.rng.pick(&holders);
    let attacker = Attacker::known(stage.rng).calling_itself("python-urllib3/2.2.1");
    let mut victims = vec![service.id.as_str()];
    for number in 0..stage.rng.between(6, 20) {
        let scene = Scene { api_token: service.token, ..attacker.request(stage) };
        let user = stage.rng.pick(&org.users);
        let group = stage.rng.pick(&org.groups);
        let event = match (number, stage.rng.below(3)) {
            (0, _) => Event::new(&types::TOKEN_OUTSIDE, at, service.party(), &scene)
                .outcome(Outcome::Allow, "Address is outside the token's network zone")
                .uri("/api/v1/users")
                .no_targets(),
            (_, 0) => {
                victims.push(user.id.as_str());
                Event::new(&types::GROUP_ADD, at, service.party(), &scene)
                    .uri(format!("/api/v1/groups/{}/users/{}", group.id, user.id))
                    .target(user.party())
                    .target(Party::named("UserGroup", group))
            }
            (_, 1) => {
                victims.push(user.id.as_str());
                Event::new(&types::UPDATE_PROFILE, at, service.party(), &scene)
                    .uri(format!("/api/v1/users/{}", user.id))
                    .debug("changedAttributes", "secondEmail")
                    .target_with(
                        user.party(),
                        &[],
                        Some((
                            &[("secondEmail", "")],
                            &[("secondEmail", "helpdesk@okta-secure-sso.example")],
                        )),
                    )
            }
            _ => Event::new(&types::RATE_LIMIT_WARNING, at, service.party(), &scene)
                .outcome(Outcome::Unknown, "Request rate limit")
                .uri("/api/v1/users")
                .debug("threshold", "600")
                .debug("warningPercent", "60"),
        };
        stage.emit(&event);
        at += stage.rng.between(1, 30) * SECOND;
    }
    at += stage.rng.between(10, 60) * MINUTE;
    let admin = org.admin(stage.rng);
    let scene = stage.scene_of(admin, at);
    at = using::open_admin_console(stage, admin, &scene, at);
    let token = service.token.unwrap_or_default();
    stage.emit(
        &Event::new(&types::TOKEN_REVOKE, at, admin.party(), &scene)
            .uri(format!("/api/internal/tokens/{token}/revoke"))
            .target(Party::new("Token", token.as_str(), "unknown", service.name)),
    );
    victims.sort_unstable();
    victims.dedup();
    Cast::new(&[attacker.origin.address.as_str()], &victims)
}
