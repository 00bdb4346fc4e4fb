//! What people do once they are in: open applications, get tokens, change their settings.

use crate::catalogue as types;
use crate::clock::SECOND;
use crate::event::{Authentication, Event, Outcome, Party, Scene};
use crate::life::signin::{self, Answer};
use crate::org::apps::SignOn;
use crate::org::{App, Factor, User};
use crate::stage::Stage;

/// Single sign-on to `app`.
pub(crate) fn sso(
    stage: &mut Stage<'_, '_>,
    user: &User,
    scene: &Scene<'_>,
    at: i64,
    app: &App,
    failure: Option<&'static str>,
) {
    let uri = match app.kind.sign_on {
        SignOn::Saml | SignOn::WsFederation => {
            format!("/app/{}/{}/sso/saml", app.kind.name, app.id)
        }
        SignOn::Oidc => "/oauth2/v1/authorize".to_owned(),
        SignOn::BrowserPlugin | SignOn::AutoLogin => {
            format!("/app/{}/{}/login", app.kind.name, app.id)
        }
    };
    let mut event = Event::new(&types::SSO, at, user.party(), scene)
        .uri(uri)
        .debug(
            "initiationType",
            if stage.rng.chance(600) { "SP_INITIATED" } else { "IDP_INITIATED" },
        )
        .debug("signOnMode", app.kind.sign_on.as_str())
        .debug_log_only_in_full()
        .target_detail(app.party(), &[("signOnModeType", app.kind.sign_on.as_str())])
        .target(user.app_user());
    match failure {
        Some(reason) => event = event.outcome(Outcome::Failure, reason),
        None if stage.rng.chance(350) => event = event.target(user.party()),
        None => {}
    }
    stage.emit(&event);
}

/// Opens an application: policy, perhaps another factor, sign-on, and tokens where it is OIDC.
pub(crate) fn open_app(
    stage: &mut Stage<'_, '_>,
    user: &User,
    scene: &Scene<'_>,
    mut at: i64,
    app: &App,
) -> i64 {
    let policy = stage.org.policy_of(app);
    if stage.rng.chance(90) {
        signin::evaluate(stage, user.party(), scene, at, policy, Some(app), Outcome::Challenge);
        at += stage.rng.between(200, 900);
        let answer = match stage.rng.below(100) {
            0..93 => Answer::Right,
            93..97 => Answer::TimedOut,
            97..99 => Answer::Wrong,
            _ if user.factor == Factor::Push => Answer::Denied,
            _ => Answer::Wrong,
        };
        at = signin::second_factor(stage, user, scene, at, answer);
        if answer != Answer::Right {
            return at;
        }
    }
    if stage.rng.chance(4) {
        signin::evaluate(stage, user.party(), scene, at, policy, Some(app), Outcome::Deny);
        stage.emit(
            &Event::new(&types::APP_DENY_ACCESS, at + 30, user.party(), scene)
                .outcome(Outcome::Failure, "Policy denied access")
                .uri(format!("/app/{}/{}/sso/saml", app.kind.name, app.id))
                .target(app.party()),
        );
        return at + SECOND;
    }
    if stage.rng.chance(560) {
        signin::evaluate(stage, user.party(), scene, at, policy, Some(app), Outcome::Allow);
        at += stage.rng.between(20, 300);
    }
    sso(stage, user, scene, at, app, None);
    at += stage.rng.between(20, 400);
    if app.kind.sign_on == SignOn::Oidc {
        at = oidc_tokens(stage, user, scene, at, app);
    }
    at
}

/// The code and the tokens of an OpenID Connect sign-on.
fn oidc_tokens(
    stage: &mut Stage<'_, '_>,
    user: &User,
    scene: &Scene<'_>,
    mut at: i64,
    app: &App,
) -> i64 {
    stage.emit(
        &Event::new(&types::OAUTH_AUTHORIZE, at, user.party(), scene)
            .uri("/oauth2/v1/authorize")
            .debug("requestedScopes", "openid, profile, email, offline_access")
            .debug("grantedScopes", "openid, profile, email, offline_access")
            .debug("responseMode", "query")
            .debug("clientAuthType", "client_secret_basic")
            .target(app.party())
            .target(user.app_user()),
    );
    at += stage.rng.between(30, 300);
    let mut backend = scene.clone();
    backend.client_id = Some(app.id);
    for kind in [&types::OAUTH_ACCESS_TOKEN, &types::OAUTH_ID_TOKEN] {
        stage.emit(&token_event(kind, at, user, &backend, app, "authorization_code"));
        at += stage.rng.between(0, 4);
    }
    at
}

fn token_event<'a>(
    kind: &'static types::EventType,
    at: i64,
    user: &'a User,
    scene: &'a Scene<'a>,
    app: &'a App,
    grant: &str,
) -> Event<'a> {
    let token = crate::rng::Rng::numbered(at as u64, user.index as u64).id("AT.", 38);
    Event::new(
        kind,
        at,
        Party::new("PublicClientApp", app.id.as_str(), app.id.as_str(), app.kind.label),
        scene,
    )
    .uri("/oauth2/v1/token")
    .debug("grantType", grant)
    .debug("requestedScopes", "openid, profile, email, offline_access")
    .debug("grantedScopes", "openid, profile, email, offline_access")
    .debug("clientAuthType", "client_secret_basic")
    .target(app.party())
    .target(user.party())
    .target_detail(
        Party::new("access_token", token.as_str(), "unknown", "Access Token"),
        &[("expires", "3600"), ("subject", user.id.as_str()), ("hash", token.as_str())],
    )
}

/// An application renews its tokens in the background.
pub(crate) fn renew_tokens(stage: &mut Stage<'_, '_>, user: &User, scene: &Scene<'_>, mut at: i64) {
    let own: Vec<&App> = stage
        .org
        .apps
        .iter()
        .filter(|app| app.kind.sign_on == SignOn::Oidc && app.kind.is_used_by(user.department))
        .collect();
    if own.is_empty() {
        return;
    }
    let app = *stage.rng.pick_early(&own);
    let mut backend =
        Scene { session: None, client_id: Some(app.id), device: None, ..scene.clone() };
    if let Some(native) = user.devices.last().map(|device| &device.native) {
        backend.agent = Some(native);
    }
    for kind in [&types::OAUTH_ACCESS_TOKEN, &types::OAUTH_REFRESH_TOKEN] {
        stage.emit(&token_event(kind, at, user, &backend, app, "refresh_token"));
        at += stage.rng.between(0, 6);
    }
}

/// Opens the admin console.
pub(crate) fn open_admin_console(
    stage: &mut Stage<'_, '_>,
    user: &User,
    scene: &Scene<'_>,
    mut at: i64,
) -> i64 {
    let console = &stage.org.admin_console;
    let policy = stage.org.policy_of(console);
    signin::evaluate(stage, user.party(), scene, at, policy, Some(console), Outcome::Challenge);
    at = signin::second_factor(stage, user, scene, at + 400, Answer::Right);
    signin::evaluate(stage, user.party(), scene, at, policy, Some(console), Outcome::Allow);
    at += 80;
    sso(stage, user, scene, at, console, None);
    at += 150;
    stage.emit(
        &Event::new(&types::ACCESS_ADMIN_APP, at, user.party(), scene)
            .uri("/home/admin-entry")
            .target(Party::new(
                "AppInstance",
                console.id.as_str(),
                "Okta Admin Console",
                "Okta Administration",
            ))
            .target(user.app_user()),
    );
    at + stage.rng.between(2, 20) * SECOND
}

/// The small things that happen once in a while.
pub(crate) fn settings(stage: &mut Stage<'_, '_>, user: &User, scene: &Scene<'_>, at: i64) {
    match stage.rng.below(100) {
        0..22 => stage.emit(
            &Event::new(&types::UPDATE_PASSWORD, at, user.party(), scene)
                .uri("/enduser/api/v1/settings/password")
                .target(user.party()),
        ),
        22..40 => stage.emit(
            &Event::new(&types::UPDATE_PROFILE, at, user.party(), scene)
                .uri("/enduser/api/v1/settings/profile")
                .debug("changedAttributes", "mobilePhone,displayName")
                .target_with(
                    user.party(),
                    &[],
                    Some((&[("mobilePhone", "")], &[("mobilePhone", "+1 555 0100")])),
                ),
        ),
        40..60 => enrol_factor(stage, user, scene, at),
        60..74 => enrol_device(stage, user, scene, at),
        74..78 => {
            let Some(device) = user.devices.last() else {
                return;
            };
            stage.emit(
                &Event::new(&types::DEVICE_DEACTIVATE, at, user.party(), scene)
                    .uri(format!("/api/v1/devices/{}/lifecycle/deactivate", device.id))
                    .target(Party::new("UDDevice", device.id.as_str(), "unknown", &device.name)),
            );
        }
        78..88 => {
            let app = stage.org.app_of(user, stage.rng);
            stage.emit(
                &Event::new(&types::OAUTH_CONSENT, at, user.party(), scene)
                    .uri("/oauth2/default/v1/authorize")
                    .debug("grantedScopes", "profile, email")
                    .target(app.party()),
            );
        }
        88..95 => {
            let app = stage.org.app_of(user, stage.rng);
            stage.emit(
                &Event::new(&types::APP_SHOW_PASSWORD, at, user.party(), scene)
                    .uri(format!("/api/v1/apps/{}/credentials", app.id))
                    .target(app.party())
                    .target(user.app_user()),
            );
        }
        _ => stage.emit(
            &Event::new(&types::PASSKEY_AUTOFILL, at, user.party(), scene)
                .uri("/idp/idx/identify")
                .debug("autofillSupported", "true")
                .no_targets(),
        ),
    }
}

/// Adds an authenticator.
pub(crate) fn enrol_factor(stage: &mut Stage<'_, '_>, user: &User, scene: &Scene<'_>, at: i64) {
    stage.emit(
        &Event::new(&types::FACTOR_ACTIVATE, at, user.party(), scene)
            .outcome(Outcome::Success, format!("User set up {} factor", user.factor.debug_name()))
            .uri("/idp/idx/credential/enroll")
            .authentication(signin::FACTOR_PROVIDER)
            .debug("factor", user.factor.debug_name())
            .debug("factorIntent", "CREDENTIAL_ENROLLMENT")
            .target(user.party()),
    );
    if stage.rng.chance(500) {
        stage.emit(
            &Event::new(&types::CREDENTIAL_ENROLL, at + 120, user.party(), scene)
                .uri("/idp/idx/credential/enroll")
                .target(user.party()),
        );
    }
}

/// Sets up Okta Verify on a machine.
fn enrol_device(stage: &mut Stage<'_, '_>, user: &User, scene: &Scene<'_>, at: i64) {
    let Some(device) = user.devices.last() else {
        return;
    };
    let native = Scene { agent: Some(&device.native), device: Some(device), ..scene.clone() };
    let target = Party::new("UDDevice", device.id.as_str(), "unknown", &device.name);
    stage.emit(
        &Event::new(&types::DEVICE_ENROLL, at, user.party(), &native)
            .uri("/idp/authenticators")
            .authentication(Authentication::default())
            .debug("deviceId", device.id.as_str())
            .target(target)
            .target(user.party()),
    );
    stage.emit(
        &Event::new(&types::DEVICE_USER_ADD, at + 90, user.party(), &native)
            .uri("/idp/authenticators")
            .target(target)
            .target(user.party()),
    );
}
