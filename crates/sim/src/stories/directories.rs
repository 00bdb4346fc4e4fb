//! Others who may say who somebody is: identity providers, provisioned applications, directory
//! agents.

use super::intruder::{Intruder, did, in_console, later, several, spree};
use crate::attacks::attacker::victim;
use crate::catalogue as types;
use crate::clock::{MINUTE, SECOND};
use crate::event::{Authentication, Event, Party, SYSTEM};
use crate::life::signin;
use crate::org::App;
use crate::stage::Stage;
use crate::truth::Cast;

pub(super) fn foreign_idp(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let org = stage.org;
    let admin = org.admin(stage.rng);
    let machine = Intruder::new(stage.rng);
    let (scene, mut at) = in_console(stage, admin, &machine, at);
    let id = stage.rng.id("0oa", 20);
    let names = ["Org2Org", "Okta Source", "Acquired Co", "SAML IdP", "Entra ID", "Partner SSO"];
    let name = *stage.rng.pick(&names);
    let provider = Party::new("IdentityProvider", id.as_str(), "unknown", name);
    if stage.rng.chance(600) {
        let key = stage.rng.id("kid", 24);
        let key = Party::new("IdpKey", key.as_str(), "unknown", "Signing key");
        let uri = "/api/v1/idps/credentials/keys";
        did(stage, &types::IDP_KEY_CREATE, at, admin.party(), &scene, uri, &[key]);
        at = later(stage, at, 4, 60);
    }
    let detail = [("protocol", "SAML2"), ("usernameTemplate", "idpuser.subjectNameId")];
    for kind in [&types::IDP_CREATE, &types::IDP_ACTIVATE] {
        stage.emit(
            &Event::new(kind, at, admin.party(), &scene)
                .uri("/api/v1/idps")
                .target_detail(provider, &detail),
        );
        at = later(stage, at, 4, 60);
    }
    if stage.rng.chance(500) {
        let policy = &org.global_policy;
        let entity = Party::new("PolicyEntity", policy.id.as_str(), "unknown", "Idp Discovery");
        let uri = format!("/api/v1/policies/{}/rules", policy.id);
        did(stage, &types::RULE_ADD, at, admin.party(), &scene, &uri, &[entity]);
    }
    let mut victims = vec![admin.id.as_str()];
    for _ in 0..stage.rng.between(1, 4) {
        at += stage.rng.between(5, 120) * MINUTE;
        let user =
            if stage.rng.chance(300) { org.admin(stage.rng) } else { victim(org, stage.rng) };
        let scene = machine.in_new_session(stage);
        at = signin::federated(stage, user, &scene, at, provider);
        let apps = stage.rng.between(2, 5) as usize;
        at = spree(stage, user, &scene, at, apps, 5..=70);
        victims.push(user.id.as_str());
    }
    Cast::of(admin, &[machine.address(), admin.id.as_str()], &victims)
}

pub(super) fn password_capture(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let org = stage.org;
    let admin = org.admin(stage.rng);
    let machine = Intruder::new(stage.rng);
    let (scene, mut at) = in_console(stage, admin, &machine, at);
    let apps: Vec<&App> = org.apps.iter().filter(|app| app.kind.provisioned).collect();
    let app = *stage.rng.pick(&apps);
    let uri = format!("/api/v1/apps/{}", app.id);
    if stage.rng.chance(500) {
        for kind in [&types::APP_CREATE, &types::APP_ACTIVATE] {
            did(stage, kind, at, admin.party(), &scene, "/api/v1/apps", &[app.party()]);
            at = later(stage, at, 5, 50);
        }
    }
    let host = stage.rng.hex(8);
    let base = format!("https://{host}.example/scim/v2");
    stage.emit(
        &Event::new(&types::APP_UPDATE, at, admin.party(), &scene)
            .uri(uri.as_str())
            .debug("changedAttributes", "settings.provisioning.baseUrl,features")
            .target_with(
                app.party(),
                &[],
                Some((
                    &[("baseUrl", "https://app.example/scim/v2"), ("features", "PUSH_NEW_USERS")],
                    &[("baseUrl", &base), ("features", "PUSH_NEW_USERS, PUSH_PASSWORD_UPDATES")],
                )),
            ),
    );
    at = later(stage, at, 20, 200);
    let group = stage.rng.pick(&org.groups);
    let group = Party::named("UserGroup", group);
    let targets = [group, app.party()];
    did(
        stage,
        &types::GROUP_APP_ADD,
        at,
        admin.party(),
        &scene,
        &format!("{uri}/groups/{}", group.id),
        &targets,
    );
    at += stage.rng.between(2, 60) * MINUTE;
    let wanted = stage.rng.between(5, 25) as usize;
    let users = several(org, stage.rng, wanted);
    for user in &users {
        let job = stage.job();
        stage.emit(
            &Event::new(&types::PUSH_PASSWORD, at, SYSTEM, &job)
                .debug("appname", app.kind.name)
                .target(user.app_user())
                .target(app.party())
                .target(user.party()),
        );
        at = later(stage, at, 1, 240);
    }
    let mut victims = super::intruder::ids(&users);
    victims.push(app.id.as_str());
    Cast::of(admin, &[machine.address(), admin.id.as_str()], &victims)
}

pub(super) fn rogue_agent(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let org = stage.org;
    let admin = org.admin(stage.rng);
    let machine = Intruder::new(stage.rng);
    let (scene, mut at) = in_console(stage, admin, &machine, at);
    let directory = stage.rng.pick(&org.directories);
    let app = Party::new("AppInstance", directory.id.as_str(), &directory.name, "Active Directory");
    let id = stage.rng.id("a53", 20);
    let name = format!(
        "{}{:02}.{}",
        stage.rng.pick(&["DC", "ADSRV", "SRV-AD-", "WIN-"]),
        stage.rng.between(3, 40),
        directory.name,
    );
    let agent = Party::new("ADAgent", id.as_str(), "unknown", &name);
    let created = [agent, app];
    did(stage, &types::AD_AGENT_CREATE, at, admin.party(), &scene, "/api/v1/agents", &created);
    at = later(stage, at, 10, 60);
    let job = stage.job();
    did(stage, &types::AD_CONNECT, at, SYSTEM, &job, "", &[agent, app]);
    let wanted = stage.rng.between(2, 5) as usize;
    let users = several(org, stage.rng, wanted);
    for &user in &users {
        at += stage.rng.between(3, 50) * MINUTE;
        let scene = machine.in_new_session(stage);
        stage.emit(
            &Event::new(&types::AUTH_VIA_AD, at, user.party(), &scene)
                .uri("/idp/idx/challenge/answer")
                .authentication(Authentication {
                    provider: Some("ACTIVE_DIRECTORY"),
                    credential_provider: Some("ACTIVE_DIRECTORY"),
                    credential_type: Some("PASSWORD"),
                    issuer: Some((directory.id.as_str(), "ActiveDirectory")),
                    interface: Some("corp.local"),
                    step: 0,
                })
                .debug("agentId", id.as_str())
                .target(user.party())
                .target(app),
        );
        signin::session_start(stage, user, &scene, at + SECOND);
        at = spree(stage, user, &scene, at + 4 * SECOND, 2, 5..=40);
    }
    Cast::of(admin, &[machine.address(), admin.id.as_str()], &super::intruder::ids(&users))
}
