//! Tokens and secrets: stolen, planted, tried, used up.

use super::intruder::{Intruder, did, in_console, later};
use crate::attacks::attacker::victim;
use crate::catalogue as types;
use crate::clock::{HOUR, MINUTE, SECOND};
use crate::event::{Event, Outcome, Party, Scene};
use crate::org::apps::SignOn;
use crate::org::{App, Service};
use crate::stage::Stage;
use crate::text::Text;
use crate::truth::Cast;

/// What somebody with an API token does with other people's accounts. Gives the time after.
fn through_api(
    stage: &mut Stage<'_, '_>,
    actor: Party<'_>,
    machine: &Intruder,
    token: Text,
    mut at: i64,
    requests: i64,
) -> i64 {
    for _ in 0..requests {
        let scene = machine.with_token(stage, token);
        let user = stage.rng.pick(&stage.org.users);
        let group = stage.rng.pick(&stage.org.groups);
        match stage.rng.below(4) {
            0 => {
                let uri = format!("/api/v1/groups/{}/users/{}", group.id, user.id);
                let targets = [user.party(), Party::named("UserGroup", group)];
                did(stage, &types::GROUP_ADD, at, actor, &scene, &uri, &targets);
            }
            1 => {
                let uri = format!("/api/v1/users/{}/lifecycle/reset_password", user.id);
                did(stage, &types::RESET_PASSWORD, at, actor, &scene, &uri, &[user.party()]);
            }
            _ => stage.emit(
                &Event::new(&types::UPDATE_PROFILE, at, actor, &scene)
                    .uri(format!("/api/v1/users/{}", user.id))
                    .debug("changedAttributes", "mobilePhone")
                    .target_with(
                        user.party(),
                        &[],
                        Some((&[("mobilePhone", "")], &[("mobilePhone", "+1 555 0142")])),
                    ),
            ),
        }
        at = later(stage, at, 1, 30);
    }
    at
}

fn token_holder<'o>(stage: &mut Stage<'o, '_>) -> &'o Service {
    let org = stage.org;
    let holders: Vec<&Service> =
        org.services.iter().filter(|service| service.token.is_some()).collect();
    stage.rng.pick::<&Service>(&holders)
}

fn oauth_client<'o>(stage: &mut Stage<'o, '_>) -> &'o Service {
    let org = stage.org;
    let clients: Vec<&Service> =
        org.services.iter().filter(|service| service.token.is_none()).collect();
    stage.rng.pick::<&Service>(&clients)
}

pub(super) fn refresh_token_reuse(stage: &mut Stage<'_, '_>, mut at: i64) -> Cast {
    let org = stage.org;
    let user = victim(org, stage.rng);
    let apps: Vec<&App> = org.apps.iter().filter(|app| app.kind.sign_on == SignOn::Oidc).collect();
    let app = *stage.rng.pick(&apps);
    let client = Party::new("PublicClientApp", app.id.as_str(), app.id.as_str(), app.kind.label);
    let thief = if stage.rng.chance(500) {
        Intruder::new(stage.rng).scripted(stage.rng)
    } else {
        Intruder::abroad(stage.rng, user)
    };
    let token = stage.rng.id("oar", 24);
    for number in 0..stage.rng.between(2, 5) {
        let own = stage.scene_of(user, at);
        let stolen = thief.request(stage);
        let scene = if number % 2 == 0 { own } else { stolen };
        let backend = Scene { session: None, client_id: Some(app.id), ..scene };
        for kind in [&types::OAUTH_ACCESS_TOKEN, &types::OAUTH_REFRESH_TOKEN] {
            stage.emit(
                &Event::new(kind, at, client, &backend)
                    .uri("/oauth2/v1/token")
                    .debug("grantType", "refresh_token")
                    .debug("requestedScopes", "openid, offline_access")
                    .debug("grantedScopes", "openid, offline_access")
                    .target(app.party())
                    .target(user.party()),
            );
        }
        at += stage.rng.between(3, 55) * MINUTE;
    }
    for _ in 0..stage.rng.between(1, 3) {
        let scene = Scene { client_id: Some(app.id), ..thief.request(stage) };
        let kind = *stage.rng.pick(&[&types::TOKEN_REUSE, &types::TOKEN_REUSE_AS]);
        stage.emit(
            &Event::new(kind, at, client, &scene)
                .outcome(Outcome::Failure, "refresh_token_reused")
                .uri("/oauth2/v1/token")
                .debug("grantType", "refresh_token")
                .target(app.party())
                .target(user.party())
                .target(Party::new("refresh_token", token.as_str(), "unknown", "Refresh Token")),
        );
        at = later(stage, at, 3, 90);
    }
    Cast::of(user, &[thief.address()], &[user.id.as_str(), app.id.as_str()])
}

pub(super) fn token_planted(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let admin = stage.org.admin(stage.rng);
    let machine = Intruder::new(stage.rng);
    let (scene, mut at) = in_console(stage, admin, &machine, at);
    let token = stage.rng.id("00T", 20);
    let name = *stage.rng.pick(&["backup", "Reporting dashboard", "okta-sync", "test", "tf-prod"]);
    stage.emit(
        &Event::new(&types::TOKEN_CREATE, at, admin.party(), &scene)
            .uri("/api/internal/tokens")
            .debug("networkConnection", "ANYWHERE")
            .target(Party::new("Token", token.as_str(), "unknown", name)),
    );
    at += stage.rng.between(4, 5 * 60) * MINUTE;
    let elsewhere = Intruder::new(stage.rng).scripted(stage.rng);
    let requests = stage.rng.between(4, 30);
    through_api(stage, admin.party(), &elsewhere, token, at, requests);
    Cast::of(admin, &[machine.address(), elsewhere.address()], &[admin.id.as_str()])
}

pub(super) fn token_elsewhere(stage: &mut Stage<'_, '_>, mut at: i64) -> Cast {
    let service = token_holder(stage);
    let token = service.token.unwrap_or_default();
    let machine = Intruder::new(stage.rng).scripted(stage.rng);
    // A token without a network zone works anywhere, and nothing is said.
    if stage.rng.chance(600) {
        for _ in 0..stage.rng.between(1, 4) {
            let scene = machine.with_token(stage, token);
            stage.emit(
                &Event::new(&types::TOKEN_OUTSIDE, at, service.party(), &scene)
                    .outcome(Outcome::Deny, "Address is outside the token's network zone")
                    .uri("/api/v1/users")
                    .target(Party::new("Token", token.as_str(), "unknown", service.name)),
            );
            at = later(stage, at, 1, 40);
        }
        at += stage.rng.between(5, 60) * MINUTE;
    }
    let requests = stage.rng.between(5, 25);
    through_api(stage, service.party(), &machine, token, at, requests);
    Cast::with([service.id.as_str(), &service.login], &[machine.address()], &[service.id.as_str()])
}

pub(super) fn scopes_denied(stage: &mut Stage<'_, '_>, mut at: i64) -> Cast {
    let client = oauth_client(stage);
    let machine = Intruder::new(stage.rng).scripted(stage.rng);
    let scopes = [
        "okta.users.manage",
        "okta.apps.manage",
        "okta.roles.manage",
        "okta.policies.manage",
        "okta.groups.manage",
        "okta.logs.read",
    ];
    for _ in 0..stage.rng.between(5, 20) {
        let scene = Scene { client_id: Some(client.id), ..machine.request(stage) };
        let scope = *stage.rng.pick(&scopes);
        let org_server = stage.rng.chance(500);
        let kind = if org_server { &types::TOKEN_GRANT } else { &types::TOKEN_GRANT_AS };
        stage.emit(
            &Event::new(kind, at, client.party(), &scene)
                .outcome(Outcome::Failure, "no_matching_scope")
                .uri(if org_server { "/oauth2/v1/token" } else { "/oauth2/default/v1/token" })
                .debug("grantType", "client_credentials")
                .debug("requestedScopes", scope)
                .debug("clientAuthType", "client_secret_basic"),
        );
        at = later(stage, at, 1, 40);
    }
    let scene = Scene { client_id: Some(client.id), ..machine.request(stage) };
    granted(stage, client, &scene, at, "orders.read orders.write");
    Cast::with([client.id.as_str(), &client.login], &[machine.address()], &[client.id.as_str()])
}

fn granted(stage: &mut Stage<'_, '_>, client: &Service, scene: &Scene<'_>, at: i64, scopes: &str) {
    let token = stage.rng.id("AT.", 38);
    stage.emit(
        &Event::new(&types::OAUTH_AS_ACCESS_TOKEN, at, client.party(), scene)
            .uri("/oauth2/default/v1/token")
            .debug("grantType", "client_credentials")
            .debug("requestedScopes", scopes)
            .debug("grantedScopes", scopes)
            .debug("authorizationServerName", "default")
            .target_detail(
                Party::new("access_token", token.as_str(), "unknown", "Access Token"),
                &[("expires", "3600"), ("hash", token.as_str())],
            ),
    );
}

pub(super) fn secret_read(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let admin = stage.org.admin(stage.rng);
    let machine = Intruder::new(stage.rng);
    let (scene, mut at) = in_console(stage, admin, &machine, at);
    let client = oauth_client(stage);
    let id = client.id;
    let target = Party::new("PublicClientApp", id.as_str(), id.as_str(), client.name);
    for kind in [&types::SECRET_READ, &types::CLIENT_CREDENTIALS_CREATE] {
        let uri = format!("/api/v1/apps/{id}/credentials/secrets");
        did(stage, kind, at, admin.party(), &scene, &uri, &[target]);
        at = later(stage, at, 10, 90);
        if stage.rng.chance(600) {
            break;
        }
    }
    at += stage.rng.between(1, 12) * HOUR;
    let elsewhere = Intruder::new(stage.rng).scripted(stage.rng);
    for _ in 0..stage.rng.between(2, 8) {
        let scene = Scene { client_id: Some(id), ..elsewhere.request(stage) };
        granted(stage, client, &scene, at, "orders.read orders.write");
        at = later(stage, at, 20, 600);
    }
    Cast::of(
        admin,
        &[machine.address(), elsewhere.address()],
        &[admin.id.as_str(), client.id.as_str()],
    )
}

pub(super) fn limit_exhausted(stage: &mut Stage<'_, '_>, mut at: i64) -> Cast {
    let service = token_holder(stage);
    let token = service.token.unwrap_or_default();
    let machine = Intruder::new(stage.rng).scripted(stage.rng);
    let bucket = *stage.rng.pick(&["/api/v1/users", "/api/v1/groups", "/api/v1/apps/{id}/users"]);
    let violations = stage.rng.between(6, 30);
    for number in 0..violations {
        let scene = machine.with_token(stage, token);
        let (kind, outcome, percent) = match number {
            0 => (&types::RATE_LIMIT_WARNING, Outcome::Unknown, "60"),
            _ if stage.rng.chance(200) => (&types::CONCURRENCY_VIOLATION, Outcome::Deny, "100"),
            _ => (&types::RATE_LIMIT_VIOLATION, Outcome::Deny, "100"),
        };
        stage.emit(
            &Event::new(kind, at, service.party(), &scene)
                .outcome(outcome, "Request rate limit")
                .uri(bucket)
                .debug("rateLimitScopeType", "TOKEN")
                .debug("threshold", "600")
                .debug("timeSpan", "1")
                .debug("timeUnit", "MINUTES")
                .debug("userId", service.id.as_str())
                .debug("warningPercent", percent)
                .target(Party::new("Bucket Uuid", "unknown", bucket, bucket)),
        );
        at += stage.rng.between(20, 75) * SECOND;
    }
    Cast::with([service.id.as_str(), &service.login], &[machine.address()], &[service.id.as_str()])
}
