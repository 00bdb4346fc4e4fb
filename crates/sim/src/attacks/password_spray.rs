//! Many accounts, few passwords, from several addresses in turn.

use super::attacker::{Attacker, sign_in_as, victim};
use crate::catalogue as types;
use crate::clock::SECOND;
use crate::event::{Event, Outcome, Party, SYSTEM};
use crate::life::{machines, signin};
use crate::stage::Stage;
use crate::truth::Cast;

pub(super) fn run(stage: &mut Stage<'_, '_>, mut at: i64) -> Cast {
    let machines: Vec<Attacker> = (0..stage.rng.between(3, 6))
        .map(|_| {
            let agent =
                *stage.rng.pick(&["Go-http-client/2.0", "python-requests/2.31.0", "axios/1.6.8"]);
            Attacker::new(stage.rng).calling_itself(agent)
        })
        .collect();
    let mut victims = Vec::new();
    let first = stage.rng.pick(&machines).request(stage);
    stage.emit(
        &Event::new(&types::ATTACK_START, at, SYSTEM, &first)
            .outcome(Outcome::Unknown, "Unusual rate of failed sign-ins")
            .uri("/api/v1/authn")
            .target(Party::new("Org", "00o1simorg", "unknown", stage.org.name)),
    );
    for number in 0..stage.rng.between(24, 60) {
        at += stage.rng.between(2, 25) * SECOND + stage.rng.between(0, 999);
        let machine = stage.rng.pick(&machines);
        let scene = machine.request(stage);
        let user = victim(stage.org, stage.rng);
        if stage.rng.chance(250) {
            let login = format!("{}.old@{}", user.index, stage.org.domain);
            let nobody = Party::new("User", "unknown", &login, "unknown");
            signin::failed_start(stage, nobody, &scene, at, "VERIFICATION_ERROR", true);
        } else {
            signin::failed_start(stage, user.party(), &scene, at, "INVALID_CREDENTIALS", true);
            victims.push(user);
        }
        if number % 12 == 11 {
            let denied = stage.rng.chance(400);
            machines::threat_detected(stage, &scene, at + 200, denied, "Password Spray");
        }
    }
    let last = stage.rng.pick(&machines).request(stage);
    stage.emit(
        &Event::new(&types::ATTACK_END, at + SECOND, SYSTEM, &last)
            .uri("/api/v1/authn")
            .target(Party::new("Org", "00o1simorg", "unknown", stage.org.name)),
    );
    let user = victims.last().copied().unwrap_or_else(|| victim(stage.org, stage.rng));
    at += stage.rng.between(30, 300) * SECOND;
    let session = stage.session();
    let scene = stage.rng.pick(&machines).in_session(stage, session);
    stage.emit(
        &Event::new(&types::BREACHED_CREDENTIAL, at - SECOND, SYSTEM, &scene)
            .uri("/idp/idx/challenge/answer")
            .target(user.party()),
    );
    sign_in_as(stage, user, &scene, at, 2);
    let actors: Vec<&str> = machines.iter().map(|it| it.origin.address.as_str()).collect();
    let mut ids: Vec<&str> = victims.iter().map(|user| user.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    Cast::new(&actors, &ids)
}
