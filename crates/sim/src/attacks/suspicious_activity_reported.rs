//! Somebody signs in as a user, who gets a mail about it and presses the button.

use super::attacker::{Attacker, sign_in_as, victim};
use crate::catalogue as types;
use crate::clock::{MINUTE, SECOND};
use crate::event::{Event, SYSTEM};
use crate::stage::Stage;
use crate::truth::Cast;

pub(super) fn run(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let user = victim(stage.org, stage.rng);
    let attacker = Attacker::new(stage.rng);
    let session = stage.session();
    let scene = attacker.in_session(stage, session);
    let mut at = sign_in_as(stage, user, &scene, at, 2);
    stage.emit(
        &Event::new(&types::NEW_DEVICE_EMAIL, at, SYSTEM, &scene)
            .uri("/login/token/redirect")
            .target(user.party()),
    );
    at += stage.rng.between(2, 50) * MINUTE;
    let own = stage.scene_of(user, at);
    stage.emit(
        &Event::new(&types::SUSPICIOUS_REPORTED, at, user.party(), &own)
            .uri("/api/internal/reportSuspiciousActivity")
            .debug(
                "suspiciousActivityEventType",
                "system.email.new_device_notification.sent_message",
            )
            .debug("suspiciousActivityEventIp", attacker.origin.address.as_str())
            .debug("suspiciousActivityEventCity", attacker.origin.town.city)
            .debug("suspiciousActivityEventCountry", attacker.origin.town.country)
            .debug("suspiciousActivityBrowser", attacker.agent.browser)
            .debug("suspiciousActivityOs", attacker.agent.os)
            .debug("suspiciousActivityEventTransactionId", scene.transaction.as_str())
            .target(user.party()),
    );
    for kind in [&types::SESSION_CLEAR, &types::EXPIRE_PASSWORD] {
        at += stage.rng.between(1, 20) * SECOND;
        stage.emit(&Event::new(kind, at, SYSTEM, &own).target(user.party()));
    }
    Cast::new(&[attacker.origin.address.as_str()], &[user.id.as_str()])
}
