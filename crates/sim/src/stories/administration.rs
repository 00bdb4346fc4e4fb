//! What an administrator's session is good for: policies, logs, roles, other people's accounts.

use super::intruder::{Intruder, did, ids, in_console, later, password_alone, several, spree};
use crate::attacks::attacker::victim;
use crate::catalogue as types;
use crate::clock::{HOUR, MINUTE, SECOND};
use crate::event::{Event, Party, SYSTEM, Scene};
use crate::life::using;
use crate::org::{Policy, User};
use crate::stage::Stage;
use crate::truth::Cast;

fn entity(policy: &Policy) -> Party<'_> {
    Party::new("PolicyEntity", policy.id.as_str(), "unknown", policy.name)
}

pub(super) fn policy_weakened(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let org = stage.org;
    let admin = org.admin(stage.rng);
    let machine = Intruder::new(stage.rng);
    let (scene, mut at) = in_console(stage, admin, &machine, at);
    let policy = stage.rng.pick(&org.policies);
    let rule = stage.rng.pick(&policy.rules);
    let from = r#"{"appSignOn":{"access":"ALLOW","verificationMethod":{"factorMode":"2FA","reauthenticateIn":"PT2H","type":"ASSURANCE"}}}"#;
    let to = r#"{"appSignOn":{"access":"ALLOW","verificationMethod":{"factorMode":"1FA","reauthenticateIn":"PT43800H","type":"ASSURANCE"}}}"#;
    stage.emit(
        &Event::new(&types::RULE_UPDATE, at, admin.party(), &scene)
            .uri(format!("/api/v1/policies/{}/rules/{}", policy.id, rule.id))
            .target_detail(entity(policy), &[("policyType", policy.kind)])
            .target_with(
                Party::named("PolicyRule", rule),
                &[("policyType", policy.kind)],
                Some((&[("policyRuleActionJson", from)], &[("policyRuleActionJson", to)])),
            ),
    );
    if stage.rng.chance(500) {
        at = later(stage, at, 20, 200);
        let app = stage.rng.pick(&org.apps);
        let uri = format!("/api/v1/apps/{}/policies/{}", app.id, policy.id);
        did(stage, &types::APP_SIGN_ON_UPDATE, at, admin.party(), &scene, &uri, &[app.party()]);
    }
    at += stage.rng.between(5, 100) * MINUTE;
    let user = victim(org, stage.rng);
    let scene = machine.in_new_session(stage);
    at = password_alone(stage, user, &scene, at);
    spree(stage, user, &scene, at, 3, 5..=60);
    Cast::of(
        admin,
        &[machine.address(), admin.id.as_str()],
        &[policy.id.as_str(), user.id.as_str()],
    )
}

pub(super) fn defences_off(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let org = stage.org;
    let admin = org.admin(stage.rng);
    let machine = Intruder::new(stage.rng);
    let (scene, mut at) = in_console(stage, admin, &machine, at);
    for _ in 0..stage.rng.between(6, 16) {
        let policy = stage.rng.pick(&org.policies);
        let rule = Party::named("PolicyRule", stage.rng.pick(&policy.rules));
        let zone = stage.rng.pick(&org.zones);
        let app = stage.rng.pick(&org.apps);
        let policies = format!("/api/v1/policies/{}", policy.id);
        let zones = format!("/api/v1/zones/{}", zone.id);
        let apps = format!("/api/v1/apps/{}/lifecycle/deactivate", app.id);
        let zone = Party::named("NetworkZone", zone);
        let policy = entity(policy);
        let (kind, uri, targets) = match stage.rng.below(8) {
            0 => (&types::RULE_DEACTIVATE, &policies, vec![policy, rule]),
            1 => (&types::RULE_DELETE, &policies, vec![policy, rule]),
            2 => (&types::POLICY_DEACTIVATE, &policies, vec![policy]),
            3 => (&types::POLICY_DELETE, &policies, vec![policy]),
            4 => (&types::ZONE_DEACTIVATE, &zones, vec![zone]),
            5 => (&types::ZONE_REMOVE_BLACKLIST, &zones, vec![zone]),
            6 => (&types::ZONE_DELETE, &zones, vec![zone]),
            _ => (&types::APP_DEACTIVATE, &apps, vec![app.party()]),
        };
        did(stage, kind, at, admin.party(), &scene, uri, &targets);
        at = later(stage, at, 3, 50);
    }
    if stage.rng.chance(600) {
        stage.emit(
            &Event::new(&types::THREAT_CONFIG, at, admin.party(), &scene)
                .uri("/api/v1/threats/configuration")
                .target_with(
                    Party::new("ThreatInsight", "unknown", "unknown", "ThreatInsight settings"),
                    &[],
                    Some((&[("action", "block")], &[("action", "none")])),
                ),
        );
    }
    Cast::of(admin, &[machine.address(), admin.id.as_str()], &[admin.id.as_str()])
}

fn grant_role(stage: &mut Stage<'_, '_>, admin: &User, scene: &Scene<'_>, at: i64, to: Party<'_>) {
    let role = *stage.rng.pick(&["Super administrator", "Organization administrator"]);
    stage.emit(
        &Event::new(&types::PRIVILEGE_GRANT, at, admin.party(), scene)
            .uri(format!("/api/internal/administrators/{}", to.id))
            .debug("privilegeGranted", role)
            .target(to)
            .target(Party::new("ROLE", "SUPER_ADMIN", "unknown", role)),
    );
}

pub(super) fn logs_off(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let org = stage.org;
    let admin = org.admin(stage.rng);
    let machine = Intruder::new(stage.rng);
    let (scene, mut at) = in_console(stage, admin, &machine, at);
    let id = stage.rng.id("0oa", 20);
    let name = *stage.rng.pick(&["SIEM stream", "Splunk Cloud", "EventBridge prod"]);
    let stream = Party::new("LogStream", id.as_str(), "unknown", name);
    let uri = format!("/api/v1/logStreams/{id}");
    did(stage, &types::LOG_STREAM_DEACTIVATE, at, admin.party(), &scene, &uri, &[stream]);
    at = later(stage, at, 5, 60);
    if stage.rng.chance(600) {
        did(stage, &types::LOG_STREAM_DELETE, at, admin.party(), &scene, &uri, &[stream]);
        at = later(stage, at, 5, 60);
    }
    let hook = stage.rng.pick(&org.hooks);
    let uri = format!("/api/v1/eventHooks/{}", hook.id);
    let hook = Party::named("EventHook", hook);
    for kind in [&types::HOOK_DEACTIVATED, &types::HOOK_DELETED] {
        did(stage, kind, at, admin.party(), &scene, &uri, &[hook]);
        at = later(stage, at, 5, 60);
    }
    at += stage.rng.between(3, 40) * MINUTE;
    let accomplice = victim(org, stage.rng);
    grant_role(stage, admin, &scene, at, accomplice.party());
    Cast::of(admin, &[machine.address(), admin.id.as_str()], &[accomplice.id.as_str()])
}

pub(super) fn support_abuse(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let org = stage.org;
    let admin = org.admin(stage.rng);
    let machine = Intruder::new(stage.rng);
    let (scene, mut at) = in_console(stage, admin, &machine, at);
    stage.emit(
        &Event::new(&types::IMPERSONATION_GRANT, at, admin.party(), &scene)
            .uri("/api/v1/org/privacy/oktaSupport/grant")
            .debug("expiration", "PT8H")
            .target(admin.party()),
    );
    at += stage.rng.between(5, 90) * MINUTE;
    let guest = Intruder::new(stage.rng);
    let inside = guest.in_new_session(stage);
    let id = stage.rng.id("00u", 20);
    let login = format!("support.{}@okta.com", stage.rng.between(1_000, 9_999));
    let support = Party::new("User", id.as_str(), &login, "Okta Support");
    did(
        stage,
        &types::IMPERSONATION_INITIATE,
        at,
        support,
        &inside,
        "/login/impersonate",
        &[admin.party()],
    );
    at = later(stage, at, 10, 90);
    did(stage, &types::SUPPORT_VIEW, at, support, &inside, "/api/v1/org", &[]);
    let wanted = stage.rng.between(1, 4) as usize;
    let users = several(org, stage.rng, wanted);
    for user in &users {
        at = later(stage, at, 20, 200);
        let uri = format!("/api/v1/users/{}/lifecycle/reset_password", user.id);
        did(stage, &types::RESET_PASSWORD, at, support, &inside, &uri, &[user.party()]);
    }
    at += stage.rng.between(2, 40) * MINUTE;
    did(stage, &types::IMPERSONATION_END, at, support, &inside, "/login/signout", &[admin.party()]);
    let mut victims = ids(&users);
    victims.push(admin.id.as_str());
    Cast::of(admin, &[machine.address(), guest.address()], &victims)
}

pub(super) fn night_shift(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let org = stage.org;
    let admin = org.admin(stage.rng);
    let at = admin.next_between(stage.rng, at, 1..5);
    let machine = if stage.rng.chance(400) {
        Intruder::near(stage.rng, admin)
    } else {
        Intruder::abroad(stage.rng, admin)
    };
    let (scene, mut at) = in_console(stage, admin, &machine, at);
    let id = stage.rng.id("00u", 20);
    let model = stage.rng.pick(&org.users);
    let login = model.login.replacen('@', &format!("{}@", stage.rng.between(2, 99)), 1);
    let newcomer = Party::new("User", id.as_str(), &login, &model.name);
    for (kind, end) in [(&types::USER_CREATE, ""), (&types::USER_ACTIVATE, "/lifecycle/activate")] {
        let uri = format!("/api/v1/users/{id}{end}");
        did(stage, kind, at, admin.party(), &scene, &uri, &[newcomer]);
        at = later(stage, at, 2, 40);
    }
    if stage.rng.chance(500) {
        let group = stage.rng.pick(&org.groups);
        let uri = format!("/api/v1/groups/{}/users/{id}", group.id);
        let targets = [newcomer, Party::named("UserGroup", group)];
        did(stage, &types::GROUP_ADD, at, admin.party(), &scene, &uri, &targets);
        at = later(stage, at, 10, 60);
    }
    grant_role(stage, admin, &scene, at, newcomer);
    Cast::of(admin, &[machine.address(), admin.id.as_str()], &[id.as_str()])
}

pub(super) fn bulk_access(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let org = stage.org;
    let admin = org.admin(stage.rng);
    let machine = Intruder::new(stage.rng);
    let (scene, mut at) = in_console(stage, admin, &machine, at);
    let group = stage.rng.pick(&org.groups);
    let app = stage.rng.pick(&org.apps);
    let into_group = stage.rng.chance(600);
    let wanted = stage.rng.between(15, 60) as usize;
    let users = several(org, stage.rng, wanted);
    for user in &users {
        let scene = Scene { transaction: stage.transaction(), ..scene.clone() };
        if into_group {
            let uri = format!("/api/v1/groups/{}/users/{}", group.id, user.id);
            let targets = [user.party(), Party::named("UserGroup", group)];
            did(stage, &types::GROUP_ADD, at, admin.party(), &scene, &uri, &targets);
        } else {
            let uri = format!("/api/v1/apps/{}/users", app.id);
            let targets = [user.app_user(), app.party(), user.party()];
            did(stage, &types::APP_USER_ADD, at, admin.party(), &scene, &uri, &targets);
        }
        at = later(stage, at, 1, 9);
    }
    for &user in users.iter().take(2) {
        at += stage.rng.between(4, 60) * MINUTE;
        let scene = machine.in_new_session(stage);
        at = password_alone(stage, user, &scene, at);
        using::sso(stage, user, &scene, at + SECOND, app, None);
    }
    Cast::of(admin, &[machine.address(), admin.id.as_str()], &ids(&users))
}

pub(super) fn mass_deactivation(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let org = stage.org;
    let admin = org.admin(stage.rng);
    let machine = Intruder::new(stage.rng);
    let (scene, mut at) = in_console(stage, admin, &machine, at);
    let wanted = stage.rng.between(8, 50) as usize;
    let users = several(org, stage.rng, wanted);
    let (low, high) = *stage.rng.pick(&[(1, 8), (10, 60)]);
    let deletes = stage.rng.chance(500);
    for user in &users {
        let scene = Scene { transaction: stage.transaction(), ..scene.clone() };
        let uri = format!("/api/v1/users/{}/lifecycle/deactivate", user.id);
        did(stage, &types::USER_DEACTIVATE, at, admin.party(), &scene, &uri, &[user.party()]);
        at = later(stage, at, low, high);
        if deletes {
            let uri = format!("/api/v1/users/{}", user.id);
            did(stage, &types::USER_DELETE, at, admin.party(), &scene, &uri, &[user.party()]);
            at = later(stage, at, low, high);
        }
    }
    Cast::of(admin, &[machine.address(), admin.id.as_str()], &ids(&users))
}

pub(super) fn trust_weakened(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let org = stage.org;
    let admin = org.admin(stage.rng);
    let machine = Intruder::new(stage.rng);
    let (scene, mut at) = in_console(stage, admin, &machine, at);
    let id = stage.rng.id("dae", 20);
    let name = *stage.rng.pick(&["Managed Windows", "macOS baseline", "Mobile baseline"]);
    let assurance = Party::new("DeviceAssurancePolicy", id.as_str(), "unknown", name);
    let uri = format!("/api/v1/device-assurances/{id}");
    stage.emit(
        &Event::new(&types::ASSURANCE_UPDATE, at, admin.party(), &scene)
            .uri(uri.clone())
            .target_with(
                assurance,
                &[],
                Some((
                    &[
                        ("diskEncryptionType", "ALL_INTERNAL_VOLUMES"),
                        ("screenLockType", "BIOMETRIC"),
                    ],
                    &[("diskEncryptionType", ""), ("screenLockType", "")],
                )),
            ),
    );
    at = later(stage, at, 10, 90);
    if stage.rng.chance(500) {
        did(stage, &types::ASSURANCE_DELETE, at, admin.party(), &scene, &uri, &[assurance]);
        at = later(stage, at, 10, 90);
    }
    let id = stage.rng.id("aut", 20);
    let verify = Party::new("Authenticator", id.as_str(), "okta_verify", "Okta Verify");
    let kind = *stage.rng.pick(&[&types::AUTHENTICATOR_UPDATE, &types::AUTHENTICATOR_DEACTIVATE]);
    let uri = format!("/api/v1/authenticators/{id}");
    did(stage, kind, at, admin.party(), &scene, &uri, &[verify]);
    at += stage.rng.between(10, 8 * 60) * MINUTE;
    let user = victim(org, stage.rng);
    let scene = machine.in_new_session(stage);
    at = password_alone(stage, user, &scene, at);
    spree(stage, user, &scene, at, 3, 5..=60);
    Cast::of(admin, &[machine.address(), admin.id.as_str()], &[user.id.as_str()])
}

pub(super) fn role_to_group(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let org = stage.org;
    let admin = org.admin(stage.rng);
    let machine = Intruder::new(stage.rng);
    let (scene, mut at) = in_console(stage, admin, &machine, at);
    let group = stage.rng.pick(&org.groups);
    let role = *stage.rng.pick(&[
        "Super administrator",
        "Organization administrator",
        "Application administrator",
        "Group administrator",
    ]);
    stage.emit(
        &Event::new(&types::GROUP_PRIVILEGE_GRANT, at, admin.party(), &scene)
            .uri(format!("/api/v1/groups/{}/roles", group.id))
            .debug("privilegeGranted", role)
            .target(Party::named("UserGroup", group)),
    );
    let wanted = stage.rng.between(1, 3) as usize;
    let users = several(org, stage.rng, wanted);
    for user in &users {
        at = later(stage, at, 15, 400);
        let uri = format!("/api/v1/groups/{}/users/{}", group.id, user.id);
        let targets = [user.party(), Party::named("UserGroup", group)];
        did(stage, &types::GROUP_ADD, at, admin.party(), &scene, &uri, &targets);
    }
    at += stage.rng.between(10, 200) * MINUTE;
    if let Some(&user) = users.first() {
        let scene = machine.in_new_session(stage);
        at = password_alone(stage, user, &scene, at);
        using::open_admin_console(stage, user, &scene, at + 3 * SECOND);
    }
    Cast::of(admin, &[machine.address(), admin.id.as_str()], &ids(&users))
}

pub(super) fn custom_role(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let org = stage.org;
    let admin = org.admin(stage.rng);
    let machine = Intruder::new(stage.rng);
    let (scene, mut at) = in_console(stage, admin, &machine, at);
    let (role, set) = (stage.rng.id("cr0", 20), stage.rng.id("iam", 20));
    let name = *stage.rng.pick(&["Report viewer", "Helpdesk tier 0", "Onboarding", "Auditors"]);
    let role = Party::new("Role", role.as_str(), "unknown", name);
    let set = Party::new("ResourceSet", set.as_str(), "unknown", "All users");
    stage.emit(
        &Event::new(&types::ROLE_CREATE, at, admin.party(), &scene)
            .uri("/api/v1/iam/roles")
            .debug("permissions", "okta.users.credentials.resetFactors, okta.users.manage")
            .target(role),
    );
    at = later(stage, at, 10, 90);
    let uri = "/api/v1/iam/resource-sets";
    did(stage, &types::RESOURCE_SET_CREATE, at, admin.party(), &scene, uri, &[set]);
    at = later(stage, at, 10, 90);
    let accomplice = victim(org, stage.rng);
    let uri = format!("/api/v1/iam/resource-sets/{}/bindings", set.id);
    let targets = [accomplice.party(), role, set];
    did(stage, &types::ROLE_BINDING_ADD, at, admin.party(), &scene, &uri, &targets);
    at += stage.rng.between(1, 10) * HOUR;
    let later_scene = machine.in_new_session(stage);
    at = password_alone(stage, accomplice, &later_scene, at);
    let user = victim(org, stage.rng);
    let uri = format!("/api/v1/users/{}/lifecycle/reset_factors", user.id);
    let actor = accomplice.party();
    did(stage, &types::FACTOR_RESET_ALL, at, actor, &later_scene, &uri, &[user.party()]);
    let job = stage.job();
    did(stage, &types::EMAIL_DELIVERY, at + SECOND, SYSTEM, &job, "", &[user.party()]);
    Cast::of(
        admin,
        &[machine.address(), admin.id.as_str()],
        &[accomplice.id.as_str(), user.id.as_str()],
    )
}
