//! The rules that were in the way are taken out of it: policies, zones, block lists, ThreatInsight.

use super::attacker::{Attacker, sign_in_as};
use crate::catalogue::{self as types, EventType};
use crate::clock::SECOND;
use crate::event::{Event, Party};
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

    let policy = stage.rng.pick(&org.policies);
    let rule = stage.rng.pick(&policy.rules);
    let entity = Party::new("PolicyEntity", policy.id.as_str(), "unknown", policy.name);
    let uri = format!("/api/v1/policies/{}", policy.id);
    stage.emit(
        &Event::new(&types::RULE_UPDATE, at, admin.party(), &scene)
            .uri(format!("{uri}/rules/{}", rule.id))
            .target_with(
                Party::named("PolicyRule", rule),
                &[("policyType", policy.kind)],
                Some((&[("factorMode", "2FA")], &[("factorMode", "1FA")])),
            )
            .target_detail(entity, &[("policyType", policy.kind)]),
    );
    let mut policy_kinds: Vec<&'static EventType> =
        vec![&types::POLICY_UPDATE, &types::RULE_DEACTIVATE, &types::RULE_DELETE];
    if stage.rng.chance(400) {
        policy_kinds.extend([&types::POLICY_DEACTIVATE, &types::POLICY_DELETE]);
    }
    for kind in policy_kinds {
        at += stage.rng.between(5, 70) * SECOND;
        let event = Event::new(kind, at, admin.party(), &scene).uri(uri.clone());
        stage.emit(
            &if kind.name.starts_with("policy.rule") {
                event.target(Party::named("PolicyRule", rule))
            } else {
                event
            }
            .target_detail(entity, &[("policyType", policy.kind)]),
        );
    }
    for kind in [
        &types::ZONE_REMOVE_BLACKLIST,
        &types::ZONE_UPDATE,
        &types::ZONE_DEACTIVATE,
        &types::ZONE_RULE_DISABLED,
        &types::ZONE_DELETE,
    ] {
        at += stage.rng.between(5, 70) * SECOND;
        let zone = stage.rng.pick(&org.zones);
        stage.emit(
            &Event::new(kind, at, admin.party(), &scene)
                .uri(format!("/api/v1/zones/{}", zone.id))
                .target(Party::named("NetworkZone", zone)),
        );
    }
    at += stage.rng.between(5, 70) * SECOND;
    stage.emit(
        &Event::new(&types::THREAT_CONFIG, at, admin.party(), &scene)
            .uri("/api/v1/threats/configuration")
            .target_with(
                Party::new("ThreatInsight", "thr1config", "unknown", "ThreatInsight settings"),
                &[],
                Some((&[("action", "block")], &[("action", "none")])),
            ),
    );
    if stage.rng.chance(400) {
        stage.emit(
            &Event::new(&types::LOG_STREAM_DEACTIVATE, at + 9 * SECOND, admin.party(), &scene)
                .uri("/api/v1/logStreams")
                .target(Party::new("LogStream", "0oa1logstream", "unknown", "SIEM stream")),
        );
    }
    Cast::new(
        &[attacker.origin.address.as_str(), admin.id.as_str()],
        &[admin.id.as_str(), policy.id.as_str()],
    )
}
