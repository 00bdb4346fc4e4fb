//! Signing in and out: the events between the first page and the session.

use std::fmt::Write as _;

use crate::catalogue::{self as types, Severity};
use crate::clock::{MINUTE, SECOND};
use crate::event::{Authentication, Event, Form, Outcome, Party, Scene, UNKNOWN};
use crate::org::{App, Factor, Policy, User};
use crate::stage::Stage;

/// `authenticationContext` of an answer to a factor.
pub(crate) const FACTOR_PROVIDER: Authentication<'static> = Authentication {
    provider: Some("FACTOR_PROVIDER"),
    credential_provider: Some("OKTA_CREDENTIAL_PROVIDER"),
    credential_type: None,
    interface: None,
    issuer: None,
    step: 0,
};

/// Evaluates a policy for `actor`; `rule` counts from its first rule.
pub(crate) fn evaluate(
    stage: &mut Stage<'_, '_>,
    actor: Party<'_>,
    scene: &Scene<'_>,
    at: i64,
    policy: &Policy,
    app: Option<&App>,
    outcome: Outcome,
) {
    let reason = match outcome {
        Outcome::Challenge => "Sign-on policy evaluation resulted in CHALLENGE",
        Outcome::Deny => "Sign-on policy evaluation resulted in DENY",
        _ => "Sign-on policy evaluation resulted in ALLOW",
    };
    let mut event = Event::new(&types::EVALUATE_SIGN_ON, at, actor, scene)
        .outcome(outcome, reason)
        .uri(if app.is_some() { "/idp/idx/introspect" } else { "/idp/idx/identify" })
        .target_detail(
            Party::new("PolicyEntity", policy.id.as_str(), "unknown", policy.name),
            &[("policyType", policy.kind)],
        );
    let rule = match outcome {
        Outcome::Deny => policy.rules.last(),
        _ => policy.rules.first(),
    };
    if let Some(rule) = rule {
        event = event.target(Party::named("PolicyRule", rule));
    }
    if let Some(app) = app {
        event = event.target_detail(app.party(), &[("signOnModeType", app.kind.sign_on.as_str())]);
        if scene.form == Form::Full {
            event = event
                .debug("oktaUserAgentExtended", "okta-auth-js/7.13.1 okta-signin-widget-7.35.2");
        }
    }
    if scene.session.is_some() {
        event = event.debug("authnRequestId", &request_id(scene, 1)).debug_risk();
    }
    event = match scene.session {
        Some(_) => event.debug_log_only_in_full(),
        None => event.debug_log_only(),
    };
    if outcome == Outcome::Deny {
        event = event.severity(Severity::Warn);
    }
    if outcome == Outcome::Challenge {
        event = event.debug("promptingPolicyTypes", "[OKTA_SIGN_ON, APP_SIGN_ON]");
    }
    stage.emit(&event);
}

/// An id that the events of one sign-in share.
fn request_id(scene: &Scene<'_>, salt: u64) -> String {
    let mut rng = crate::rng::Rng::new(scene.device_token ^ salt, scene.transaction.as_str());
    rng.id("", 27).as_str().to_owned()
}

/// The password was given, rightly or wrongly.
pub(crate) fn password(
    stage: &mut Stage<'_, '_>,
    user: &User,
    scene: &Scene<'_>,
    at: i64,
    right: bool,
) {
    let event = Event::new(&types::AUTH_VIA_MFA, at, user.party(), scene)
        .uri("/idp/idx/challenge/answer")
        .authentication(FACTOR_PROVIDER)
        .debug("authnRequestId", &request_id(scene, 1))
        .debug("factor", "PASSWORD_AS_FACTOR")
        .debug("factorIntent", "AUTHENTICATION")
        .target(user.party());
    let event = event.target_detail(
        Party::new("AuthenticatorEnrollment", enrolment(user, 0), "unknown", "Password"),
        &[("methodTypeUsed", "Password"), ("methodUsedVerifiedProperties", "[USER_PRESENCE]")],
    );
    stage.emit(&if right {
        event
    } else {
        event
            .outcome(Outcome::Failure, "INVALID_CREDENTIALS")
            .legacy("core.user.factor.attempt_fail")
    });
}

fn enrolment(user: &User, number: usize) -> &str {
    user.enrolments.get(number).map_or("unknown", |id| id.as_str())
}

/// How a challenge of the second factor ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    Right,
    Wrong,
    /// A push that was refused on the phone.
    Denied,
    /// FastPass saw that the page was not Okta's.
    Phishing,
    TimedOut,
}

/// Challenges the second factor, and answers. Gives the time after the answer.
pub(crate) fn second_factor(
    stage: &mut Stage<'_, '_>,
    user: &User,
    scene: &Scene<'_>,
    mut at: i64,
    answer: Answer,
) -> i64 {
    let factor = if answer == Answer::Phishing { Factor::FastPass } else { user.factor };
    match factor {
        Factor::Push => {
            stage.emit(
                &Event::new(&types::SEND_PUSH, at, user.party(), scene)
                    .uri("/idp/idx/challenge")
                    .debug_risk()
                    .target(user.party()),
            );
            at += stage.rng.between(3, 25) * SECOND + stage.rng.between(0, 999);
        }
        Factor::Sms => {
            stage.emit(
                &Event::new(&types::SEND_SMS, at, user.party(), scene)
                    .uri("/idp/idx/challenge")
                    .debug("phoneNumber", "+XXXXXXXXX29")
                    .debug("smsProvider", "TELESIGN")
                    .target(user.party()),
            );
            at += stage.rng.between(8, 50) * SECOND;
            if stage.rng.chance(400) {
                stage.emit(
                    &Event::new(&types::SMS_STATUS, at - SECOND, crate::event::SYSTEM, scene)
                        .outcome(Outcome::Unknown, "Delivery receipt not available")
                        .uri("/api/internal/v1/sms/status")
                        .target(user.party()),
                );
            }
        }
        Factor::Email => {
            stage.emit(
                &Event::new(&types::SEND_EMAIL_FACTOR, at, user.party(), scene)
                    .uri("/idp/idx/challenge")
                    .target(user.party()),
            );
            at += stage.rng.between(20, 120) * SECOND;
        }
        Factor::FastPass | Factor::WebAuthn | Factor::Totp => {
            at += stage.rng.between(1, 9) * SECOND
        }
    }
    if answer == Answer::Denied && factor == Factor::Push {
        stage.emit(
            &Event::new(&types::DENY_PUSH, at, user.party(), scene)
                .outcome(Outcome::Failure, "USER_REJECTED_OKTA_VERIFY_PUSH")
                .uri("/api/v1/authn/factors/transactions/verify")
                .debug("factor", factor.debug_name())
                .target(user.party()),
        );
        at += stage.rng.between(100, 900);
    }
    let (method, properties) = factor.method();
    let mut event = Event::new(&types::AUTH_VIA_MFA, at, user.party(), scene)
        .uri(match factor {
            Factor::Push => "/idp/idx/authenticators/poll",
            Factor::FastPass => "/idp/idx/authenticators/okta-verify/launch",
            _ => "/idp/idx/challenge/answer",
        })
        .authentication(FACTOR_PROVIDER)
        .debug("authnRequestId", &request_id(scene, 1))
        .debug("factor", factor.debug_name())
        .debug("factorIntent", "AUTHENTICATION")
        .debug_risk()
        .debug("promptingPolicyTypes", "[APP_SIGN_ON]")
        .target(user.party())
        .target_detail(
            Party::new(
                "AuthenticatorEnrollment",
                enrolment(user, 1),
                "unknown",
                factor.display_name(),
            ),
            &[("methodTypeUsed", method), ("methodUsedVerifiedProperties", properties)],
        );
    if factor == Factor::Push {
        let response = match answer {
            Answer::Right => "OV_RESPONSE_APPROVE",
            Answer::TimedOut => "OV_RESPONSE_ERROR",
            _ => "OV_RESPONSE_DENY",
        };
        event = event
            .debug("pushOnlyResponseType", response)
            .debug("pushWithNumberChallengeResponseType", "OV_UNKNOWN_RESPONSE");
    }
    let failure = match answer {
        Answer::Right => None,
        Answer::Wrong | Answer::Denied => Some("INVALID_CREDENTIALS"),
        Answer::Phishing => Some("FastPass declined phishing attempt"),
        Answer::TimedOut => Some("VERIFICATION_ERROR"),
    };
    if let Some(reason) = failure {
        event = event.outcome(Outcome::Failure, reason).legacy("core.user.factor.attempt_fail");
    }
    if answer == Answer::Phishing {
        event = event
            .debug("originUrl", "https://login.okta-secure-sso.example/signin")
            .debug("expectedOrigin", &format!("https://{}", host(stage)));
    }
    stage.emit(&event);
    at + stage.rng.between(50, 600)
}

/// The organisation's host name at Okta.
pub(crate) fn host(stage: &Stage<'_, '_>) -> String {
    let mut host = String::new();
    // Writing to a string can't fail.
    let _ = write!(host, "{}.okta.com", stage.org.domain.split('.').next().unwrap_or("org"));
    host
}

/// The session begins.
pub(crate) fn session_start(stage: &mut Stage<'_, '_>, user: &User, scene: &Scene<'_>, at: i64) {
    let mut event = Event::new(&types::SESSION_START, at, user.party(), scene)
        .uri("/login/token/redirect")
        .authentication(Authentication {
            provider: user.directory.then_some("ACTIVE_DIRECTORY"),
            credential_type: Some("PASSWORD"),
            ..Authentication::default()
        })
        .debug("authnRequestId", &request_id(scene, 1))
        .debug_risk()
        .debug("origin", &format!("https://{}", host(stage)));
    if stage.rng.chance(500) {
        event = event.target(Party::new(
            "AppInstance",
            stage.org.admin_console.id.as_str(),
            "Okta Dashboard",
            "Okta Dashboard",
        ));
    }
    stage.emit(&event);
}

/// A sign-in that failed before anybody was known: the classic form of `user.session.start`.
pub(crate) fn failed_start(
    stage: &mut Stage<'_, '_>,
    actor: Party<'_>,
    scene: &Scene<'_>,
    at: i64,
    reason: &'static str,
    threat: bool,
) {
    let mut event = Event::new(&types::SESSION_START, at, actor, scene)
        .outcome(Outcome::Failure, reason)
        .uri("/api/v1/authn")
        .legacy("core.user_auth.login_failed")
        .authentication(Authentication {
            provider: Some("OKTA_AUTHENTICATION_PROVIDER"),
            credential_provider: Some("OKTA_CREDENTIAL_PROVIDER"),
            credential_type: Some("PASSWORD"),
            ..Authentication::default()
        })
        .debug("loginResult", reason)
        .debug_log_only();
    event.threat_suspected = threat;
    if reason == "LOCKED_OUT" {
        event = event.debug("warningPercent", "100");
    }
    stage.emit(&event);
}

/// One or more wrong passwords of somebody who then remembers it, or not. Gives the time after.
pub(crate) fn wrong_passwords(
    stage: &mut Stage<'_, '_>,
    user: &User,
    scene: &Scene<'_>,
    mut at: i64,
    times: u64,
) -> i64 {
    for _ in 0..times {
        password(stage, user, scene, at, false);
        if stage.rng.chance(500) {
            let outside = Scene { session: None, ..scene.clone() };
            failed_start(stage, user.party(), &outside, at + 40, "INVALID_CREDENTIALS", false);
        }
        at += stage.rng.between(5, 40) * SECOND;
    }
    at
}

/// Locks the account after too many failures.
pub(crate) fn lock_out(stage: &mut Stage<'_, '_>, user: &User, scene: &Scene<'_>, at: i64) -> i64 {
    let outside = Scene { session: None, ..scene.clone() };
    stage.emit(
        &Event::new(&types::ACCOUNT_LOCK, at, user.party(), &outside)
            .outcome(Outcome::Failure, "LOCKED_OUT")
            .uri("/api/v1/authn")
            .debug_log_only()
            .target(user.party()),
    );
    let after = at + stage.rng.between(4, 20) * SECOND;
    failed_start(stage, user.party(), &outside, after, "LOCKED_OUT", false);
    after
}

/// A whole sign-in that ends well, up to and with the start of the session.
pub(crate) fn complete(
    stage: &mut Stage<'_, '_>,
    user: &User,
    scene: &Scene<'_>,
    mut at: i64,
) -> i64 {
    let before = Scene { session: None, ..scene.clone() };
    let passwordless = user.factor == Factor::FastPass && scene.device.is_some();
    evaluate(stage, user.party(), &before, at, &stage.org.global_policy, None, Outcome::Challenge);
    at += stage.rng.between(300, 2_000);
    if !passwordless {
        at += stage.rng.between(2, 9) * SECOND;
        if user.directory {
            directory_check(stage, user, scene, at);
            at += stage.rng.between(40, 400);
        }
        password(stage, user, scene, at, true);
        at += stage.rng.between(80, 700);
    }
    let at_known_place = scene.zone != "null";
    if !at_known_place || stage.rng.chance(450) {
        at = second_factor(stage, user, scene, at, Answer::Right);
    }
    stage.emit(
        &Event::new(&types::VERIFY, at, user.party(), scene)
            .uri("/idp/idx/challenge/answer")
            .debug("authnRequestId", &request_id(scene, 1))
            .debug_log_only_in_full()
            .target(user.party()),
    );
    at += stage.rng.between(20, 200);
    evaluate(stage, user.party(), scene, at, &stage.org.global_policy, None, Outcome::Allow);
    at += stage.rng.between(5, 60);
    session_start(stage, user, scene, at);
    if scene.behaviours & crate::event::behaviour::DEVICE != 0 {
        stage.emit(
            &Event::new(&types::NEW_DEVICE_EMAIL, at + 2 * SECOND, crate::event::SYSTEM, scene)
                .uri("/login/token/redirect")
                .target(user.party()),
        );
    }
    at + stage.rng.between(100, 900)
}

/// The company directory checks the password.
fn directory_check(stage: &mut Stage<'_, '_>, user: &User, scene: &Scene<'_>, at: i64) {
    let directory = stage.rng.pick(&stage.org.directories);
    stage.emit(
        &Event::new(&types::AUTH_VIA_AD, at, user.party(), scene)
            .uri("/idp/idx/challenge/answer")
            .authentication(Authentication {
                provider: Some("ACTIVE_DIRECTORY"),
                credential_provider: Some("ACTIVE_DIRECTORY"),
                credential_type: Some("PASSWORD"),
                issuer: Some((directory.id.as_str(), "ActiveDirectory")),
                interface: Some("corp.local"),
                step: 0,
            })
            .target(user.party())
            .target(Party::new(
                "AppInstance",
                directory.id.as_str(),
                &directory.name,
                "Active Directory",
            )),
    );
}

/// Leaves.
pub(crate) fn sign_out(stage: &mut Stage<'_, '_>, user: &User, scene: &Scene<'_>, at: i64) {
    stage.emit(&Event::new(&types::SESSION_END, at, user.party(), scene).uri("/login/signout"));
    if stage.rng.chance(250) {
        let app = stage.org.app_of(user, stage.rng);
        stage.emit(
            &Event::new(&types::SLO, at + 300, user.party(), scene)
                .uri(format!("/app/{}/{}/slo/saml", app.kind.name, app.id))
                .target(app.party())
                .target(user.app_user()),
        );
    }
}

/// Comes back through another company's identity provider.
pub(crate) fn federated(
    stage: &mut Stage<'_, '_>,
    user: &User,
    scene: &Scene<'_>,
    at: i64,
    provider: Party<'_>,
) -> i64 {
    stage.emit(
        &Event::new(&types::AUTH_VIA_IDP, at, crate::event::SYSTEM, scene)
            .uri(format!("/sso/saml2/{}", provider.id))
            .authentication(Authentication {
                provider: Some("FEDERATION"),
                credential_type: Some("ASSERTION"),
                interface: Some("IDP Instance"),
                issuer: Some((provider.id, "SAML2")),
                ..Authentication::default()
            })
            .target(provider)
            .target(user.party()),
    );
    let at = at + stage.rng.between(50, 400);
    session_start(stage, user, scene, at);
    at + stage.rng.between(100, 900)
}

/// Has forgotten the password: a mail, its link, a new one.
pub(crate) fn forgotten_password(
    stage: &mut Stage<'_, '_>,
    user: &User,
    scene: &Scene<'_>,
    mut at: i64,
) -> i64 {
    let outside = Scene { session: None, ..scene.clone() };
    stage.emit(
        &Event::new(&types::PASSWORD_RESET_EMAIL, at, user.party(), &outside)
            .uri("/idp/idx/recover")
            .target(user.party()),
    );
    at += stage.rng.between(20, 200) * SECOND;
    stage.emit(
        &Event::new(&types::USE_TOKEN, at, UNKNOWN, &outside)
            .uri("/signin/verify/okta/email/token")
            .target(user.party()),
    );
    at += stage.rng.between(10, 60) * SECOND;
    if user.factor == Factor::Sms {
        stage.emit(
            &Event::new(&types::ACCOUNT_UNLOCK, at - SECOND, user.party(), &outside)
                .uri("/idp/idx/challenge/answer")
                .target(user.party()),
        );
    }
    stage.emit(
        &Event::new(&types::UPDATE_PASSWORD, at, user.party(), scene)
            .uri("/idp/idx/challenge/answer")
            .debug("factor", "PASSWORD_AS_FACTOR")
            .target(user.party()),
    );
    at + (MINUTE / 10)
}
