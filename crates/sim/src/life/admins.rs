//! What administrators and the help desk do: people who join, move and leave, forgotten factors,
//! applications, policies, zones and tokens.

use crate::catalogue as types;
use crate::clock::{MINUTE, SECOND};
use crate::event::{Event, Outcome, Party, SYSTEM, Scene};
use crate::life::{machines, signin, using};
use crate::org::User;
use crate::stage::Stage;

/// An administrator opens the console and does one piece of work.
pub(crate) fn work(stage: &mut Stage<'_, '_>, at: i64) {
    let org = stage.org;
    let mut admin = org.admin(stage.rng);
    for _ in 0..20 {
        if stage.rng.below(100) < admin.activity(at) {
            break;
        }
        admin = org.admin(stage.rng);
    }
    let scene = stage.scene_of(admin, at);
    let at = signin::complete(stage, admin, &scene, at);
    let mut at = using::open_admin_console(stage, admin, &scene, at);
    for _ in 0..1 + stage.rng.below(3) {
        task(stage, admin, &scene, at);
        at += stage.rng.between(60, 400) * SECOND;
    }
}

pub(super) fn task(stage: &mut Stage<'_, '_>, admin: &User, scene: &Scene<'_>, at: i64) {
    match stage.rng.below(1000) {
        0..420 => help_desk(stage, admin, scene, at),
        420..600 => memberships(stage, admin, scene, at),
        600..690 => joiner(stage, admin.party(), scene, at),
        690..750 => leaver(stage, admin, scene, at),
        750..880 => application(stage, admin, scene, at),
        880..930 => policy(stage, admin, scene, at),
        930..950 => zone(stage, admin, scene, at),
        950..965 => token(stage, admin, scene, at),
        _ => reading(stage, admin, scene, at),
    }
}

/// The personnel system makes an account through the API.
pub(crate) fn joiner_by_service(stage: &mut Stage<'_, '_>, at: i64) {
    let Some(service) = stage.org.services.first() else {
        return;
    };
    let scene = machines::service_scene(stage, service);
    joiner(stage, service.party(), &scene, at);
}

/// Somebody cannot get in.
fn help_desk(stage: &mut Stage<'_, '_>, admin: &User, scene: &Scene<'_>, at: i64) {
    let user = stage.rng.pick(&stage.org.users);
    let base = format!("/api/v1/users/{}/lifecycle", user.id);
    let event = match stage.rng.below(100) {
        0..38 => Event::new(&types::UNLOCK_BY_ADMIN, at, admin.party(), scene)
            .uri(format!("{base}/unlock")),
        38..70 => Event::new(&types::RESET_PASSWORD, at, admin.party(), scene)
            .uri(format!("{base}/reset_password")),
        70..84 => Event::new(&types::SESSION_CLEAR, at, admin.party(), scene)
            .uri(format!("/api/v1/users/{}/sessions", user.id)),
        84..92 => Event::new(&types::USER_SUSPEND, at, admin.party(), scene)
            .uri(format!("{base}/suspend")),
        92..97 => Event::new(&types::USER_UNSUSPEND, at, admin.party(), scene)
            .uri(format!("{base}/unsuspend")),
        _ => reset_factor(admin, user, scene, at),
    };
    stage.emit(&event.target(user.party()));
}

pub(super) fn reset_factor<'a>(
    admin: &'a User,
    user: &'a User,
    scene: &'a Scene<'a>,
    at: i64,
) -> Event<'a> {
    Event::new(&types::FACTOR_DEACTIVATE, at, admin.party(), scene)
        .outcome(Outcome::Success, format!("User reset {} factor", user.factor.debug_name()))
        .uri(format!("/api/v1/users/{}/factors/{}", user.id, user.id))
        .debug("factor", user.factor.debug_name())
}

/// Groups and applications are given and taken.
fn memberships(stage: &mut Stage<'_, '_>, admin: &User, scene: &Scene<'_>, mut at: i64) {
    let group = stage.rng.pick(&stage.org.groups);
    for _ in 0..1 + stage.rng.below(4) {
        let user = stage.rng.pick(&stage.org.users);
        let app = stage.org.app_of(user, stage.rng);
        let event = match stage.rng.below(4) {
            0 => Event::new(&types::GROUP_ADD, at, admin.party(), scene)
                .uri(format!("/api/v1/groups/{}/users/{}", group.id, user.id))
                .target(user.party())
                .target(Party::named("UserGroup", group)),
            1 => Event::new(&types::GROUP_REMOVE, at, admin.party(), scene)
                .uri(format!("/api/v1/groups/{}/users/{}", group.id, user.id))
                .target(user.party())
                .target(Party::named("UserGroup", group)),
            2 => Event::new(&types::APP_USER_ADD, at, admin.party(), scene)
                .uri(format!("/api/v1/apps/{}/users", app.id))
                .debug("appname", app.kind.name)
                .target(user.app_user())
                .target(app.party())
                .target(user.party()),
            _ => Event::new(&types::APP_USER_REMOVE, at, admin.party(), scene)
                .uri(format!("/api/v1/apps/{}/users/{}", app.id, user.id))
                .debug("appname", app.kind.name)
                .target(user.app_user())
                .target(app.party())
                .target(user.party()),
        };
        stage.emit(&event);
        at += stage.rng.between(2, 30) * SECOND;
    }
}

/// Somebody joins: account, groups, applications and the accounts there.
fn joiner(stage: &mut Stage<'_, '_>, actor: Party<'_>, scene: &Scene<'_>, mut at: i64) {
    let model = stage.rng.pick(&stage.org.users);
    let id = stage.rng.id("00u", 20);
    let number = stage.rng.between(100, 999);
    let login = model.login.replacen('@', &format!("{number}@"), 1);
    let newcomer = Party::new("User", id.as_str(), &login, &model.name);
    stage.emit(
        &Event::new(&types::USER_CREATE, at, actor, scene).uri("/api/v1/users").target(newcomer),
    );
    at += stage.rng.between(100, 900);
    stage.emit(
        &Event::new(&types::USER_ACTIVATE, at, actor, scene)
            .uri(format!("/api/v1/users/{id}/lifecycle/activate"))
            .target(newcomer),
    );
    let job = stage.job();
    at += stage.rng.between(1, 5) * SECOND;
    let groups = [stage.rng.pick(&stage.org.groups), stage.rng.pick(&stage.org.groups)];
    for group in groups {
        stage.emit(
            &Event::new(&types::GROUP_ADD, at, SYSTEM, &job)
                .debug("triggeredByGroupRuleId", "0pr1onboarding00297")
                .target(newcomer)
                .target(Party::named("UserGroup", group)),
        );
        at += stage.rng.between(100, 800);
    }
    for _ in 0..2 + stage.rng.below(4) {
        let app = stage.org.app_of(model, stage.rng);
        let account = Party { kind: "AppUser", ..newcomer };
        stage.emit(
            &Event::new(&types::APP_USER_ADD, at, SYSTEM, &job)
                .debug("appname", app.kind.name)
                .target(account)
                .target(app.party())
                .target(newcomer)
                .target_detail(
                    Party::new("AppGroup", groups[0].id.as_str(), "unknown", &groups[0].name),
                    &[("assignment", "GROUP")],
                ),
        );
        at += stage.rng.between(1, 4) * SECOND;
        if app.kind.provisioned {
            stage.emit(
                &Event::new(&types::PROVISION_PUSH, at, SYSTEM, &job)
                    .debug("appname", app.kind.name)
                    .target(account)
                    .target(app.party())
                    .target(newcomer),
            );
            at += stage.rng.between(1, 9) * SECOND;
        }
    }
}

/// Somebody leaves. The account of the story is made up, since people of the organisation stay.
pub(super) fn leaver(stage: &mut Stage<'_, '_>, admin: &User, scene: &Scene<'_>, mut at: i64) {
    let model = stage.rng.pick(&stage.org.users);
    let id = stage.rng.id("00u", 20);
    let number = stage.rng.between(100, 999);
    let login = model.login.replacen('@', &format!("{number}@"), 1);
    let gone = Party::new("User", id.as_str(), &login, &model.name);
    stage.emit(
        &Event::new(&types::USER_DEACTIVATE, at, admin.party(), scene)
            .uri(format!("/api/v1/users/{id}/lifecycle/deactivate"))
            .target(gone),
    );
    let job = stage.job();
    for _ in 0..2 + stage.rng.below(4) {
        at += stage.rng.between(1, 9) * SECOND;
        let app = stage.org.app_of(model, stage.rng);
        for kind in [&types::APP_USER_REMOVE, &types::PROVISION_DEACTIVATE] {
            stage.emit(
                &Event::new(kind, at, SYSTEM, &job)
                    .debug("appname", app.kind.name)
                    .target(Party { kind: "AppUser", ..gone })
                    .target(app.party())
                    .target(gone),
            );
            at += stage.rng.between(100, 900);
        }
    }
    stage.emit(
        &Event::new(&types::UNIVERSAL_LOGOUT, at, SYSTEM, &job)
            .debug("initiator", "USER_DEACTIVATED")
            .target(gone),
    );
}

/// An application is set up or changed.
fn application(stage: &mut Stage<'_, '_>, admin: &User, scene: &Scene<'_>, at: i64) {
    let app = stage.rng.pick(&stage.org.apps);
    let group = stage.rng.pick(&stage.org.groups);
    let uri = format!("/api/v1/apps/{}", app.id);
    match stage.rng.below(100) {
        0..45 => stage.emit(
            &Event::new(&types::APP_UPDATE, at, admin.party(), scene)
                .uri(uri)
                .debug("changedAttributes", "settings.signOn")
                .target_with(
                    app.party(),
                    &[],
                    Some((
                        &[("ssoAcsUrl", "https://app.example/saml/acs")],
                        &[("ssoAcsUrl", "https://app.example/saml/v2/acs")],
                    )),
                ),
        ),
        45..70 => stage.emit(
            &Event::new(&types::GROUP_APP_ADD, at, admin.party(), scene)
                .uri(format!("{uri}/groups/{}", group.id))
                .target(Party::named("UserGroup", group))
                .target(app.party()),
        ),
        70..82 => stage.emit(
            &Event::new(&types::APP_SIGN_ON_UPDATE, at, admin.party(), scene)
                .uri(format!("{uri}/policies"))
                .target(app.party()),
        ),
        82..92 => {
            for kind in [&types::APP_CREATE, &types::APP_ACTIVATE] {
                stage.emit(
                    &Event::new(kind, at, admin.party(), scene)
                        .uri("/api/v1/apps")
                        .target(app.party()),
                );
            }
        }
        92..96 => stage.emit(
            &Event::new(&types::ADMIN_CONSENT, at, admin.party(), scene)
                .uri(format!("{uri}/grants"))
                .debug("scope", "okta.users.read")
                .target(app.party()),
        ),
        _ => stage.emit(
            &Event::new(&types::APP_DEACTIVATE, at, admin.party(), scene)
                .uri(format!("{uri}/lifecycle/deactivate"))
                .target(app.party()),
        ),
    }
}

/// A policy gets a rule, or a rule other terms.
fn policy(stage: &mut Stage<'_, '_>, admin: &User, scene: &Scene<'_>, at: i64) {
    let policy = stage.rng.pick(&stage.org.policies);
    let rule = stage.rng.pick(&policy.rules);
    let entity = Party::new("PolicyEntity", policy.id.as_str(), "unknown", policy.name);
    let uri = format!("/api/v1/policies/{}", policy.id);
    let event = match stage.rng.below(100) {
        0..50 => Event::new(&types::RULE_UPDATE, at, admin.party(), scene)
            .uri(format!("{uri}/rules/{}", rule.id))
            .target_with(
                Party::named("PolicyRule", rule),
                &[("policyType", policy.kind)],
                Some((
                    &[("reauthenticateIn", "PT2H"), ("factorMode", "2FA")],
                    &[("reauthenticateIn", "PT12H"), ("factorMode", "2FA")],
                )),
            ),
        50..72 => Event::new(&types::RULE_ADD, at, admin.party(), scene)
            .uri(format!("{uri}/rules"))
            .target(Party::named("PolicyRule", rule)),
        72..96 => Event::new(&types::POLICY_UPDATE, at, admin.party(), scene).uri(uri),
        _ => Event::new(&types::POLICY_CREATE, at, admin.party(), scene).uri("/api/v1/policies"),
    };
    stage.emit(&event.target_detail(entity, &[("policyType", policy.kind)]));
}

/// A network zone learns another address.
fn zone(stage: &mut Stage<'_, '_>, admin: &User, scene: &Scene<'_>, at: i64) {
    let zone = stage.rng.pick(&stage.org.zones);
    let kind = match stage.rng.below(10) {
        0 | 1 => &types::ZONE_CREATE,
        2 => &types::ZONE_MAKE_BLACKLIST,
        _ => &types::ZONE_UPDATE,
    };
    stage.emit(
        &Event::new(kind, at, admin.party(), scene)
            .uri(format!("/api/v1/zones/{}", zone.id))
            .target_with(
                Party::named("NetworkZone", zone),
                &[],
                Some((
                    &[("gateways", "192.0.2.10/32")],
                    &[("gateways", "192.0.2.10/32, 192.0.2.12/31")],
                )),
            ),
    );
}

/// An API token is made for an integration, or an old one withdrawn.
fn token(stage: &mut Stage<'_, '_>, admin: &User, scene: &Scene<'_>, at: i64) {
    let id = stage.rng.id("00T", 20);
    let created = stage.rng.chance(600);
    let kind = if created { &types::TOKEN_CREATE } else { &types::TOKEN_REVOKE };
    stage.emit(
        &Event::new(kind, at, admin.party(), scene).uri("/api/internal/tokens").target(Party::new(
            "Token",
            id.as_str(),
            "unknown",
            "Reporting dashboard",
        )),
    );
}

/// Looks at reports and settings.
fn reading(stage: &mut Stage<'_, '_>, admin: &User, scene: &Scene<'_>, at: i64) {
    match stage.rng.below(6) {
        0 => stage.emit(
            &Event::new(&types::REPORT_EXPORT, at, admin.party(), scene)
                .uri("/api/internal/reports/exports")
                .debug("reportType", "APP_USAGE")
                .no_targets(),
        ),
        1 => stage.emit(
            &Event::new(&types::FEATURE_ENABLE, at, admin.party(), scene)
                .uri("/api/v1/features")
                .target(Party::new(
                    "Feature",
                    "ftr1nXk0Universal297",
                    "unknown",
                    "Universal Logout",
                )),
        ),
        2 => {
            let provider = stage.rng.pick(&stage.org.identity_providers);
            stage.emit(
                &Event::new(&types::IDP_DEACTIVATE, at, admin.party(), scene)
                    .uri(format!("/api/v1/idps/{}/lifecycle/deactivate", provider.id))
                    .target(Party::named("IdentityProvider", provider)),
            );
        }
        3 => stage.emit(
            &Event::new(&types::TRUSTED_ORIGIN_CREATE, at, admin.party(), scene)
                .uri("/api/v1/trustedOrigins")
                .target(Party::new("TrustedOrigin", "tos1portal297Kq", "unknown", "Portal")),
        ),
        4 => {
            let group = stage.rng.pick(&stage.org.groups);
            for kind in [&types::GROUP_CREATE, &types::GROUP_PUSHED] {
                stage.emit(
                    &Event::new(kind, at, admin.party(), scene)
                        .uri("/api/v1/groups")
                        .target(Party::named("UserGroup", group)),
                );
            }
        }
        _ => stage.emit(
            &Event::new(&types::BEHAVIOR_UPDATE, at + MINUTE, admin.party(), scene)
                .uri("/api/v1/behaviors")
                .target(Party::new("Behavior", "bhv1000000000", "unknown", "New Geo-Location")),
        ),
    }
}
