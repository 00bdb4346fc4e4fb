//! Passwords: tried, leaked, typed in the wrong place, not even checked, or recovered by somebody
//! else.

use super::intruder::{
    Intruder, both_factors, enrol, later, new_device_mail, password_alone, several, spree,
};
use crate::attacks::attacker::{open_apps, victim};
use crate::catalogue as types;
use crate::clock::{MINUTE, SECOND};
use crate::event::{Authentication, Event, Outcome, Party, SYSTEM, Scene, UNKNOWN};
use crate::life::machines;
use crate::life::signin::{self, Answer};
use crate::org::User;
use crate::stage::Stage;
use crate::truth::Cast;

pub(super) fn spray_and_enrol(stage: &mut Stage<'_, '_>, mut at: i64) -> Cast {
    let count = stage.rng.between(1, 4);
    let machines: Vec<Intruder> = (0..count).map(|_| Intruder::new(stage.rng)).collect();
    let wanted = stage.rng.between(15, 60) as usize;
    let targets = several(stage.org, stage.rng, wanted);
    // Low and slow, or all at once.
    let (low, high) = *stage.rng.pick(&[(1, 9), (15, 90), (60, 420)]);
    let rounds = stage.rng.between(1, 2);
    for _ in 0..rounds {
        for &user in &targets {
            let scene = stage.rng.pick(&machines).request(stage);
            let threat = stage.rng.chance(250);
            signin::failed_start(stage, user.party(), &scene, at, "INVALID_CREDENTIALS", threat);
            at = later(stage, at, low, high);
        }
        at += stage.rng.between(10, 45) * MINUTE;
    }
    if stage.rng.chance(400) {
        let scene = stage.rng.pick(&machines).request(stage);
        machines::threat_detected(stage, &scene, at, false, "Password Spray");
    }
    let user = *stage.rng.pick(&targets);
    let machine = stage.rng.pick(&machines);
    let scene = machine.in_new_session(stage);
    at = password_alone(stage, user, &scene, at + 30 * SECOND);
    at = enrol(stage, user, &scene, at + 20 * SECOND);
    let apps = stage.rng.between(1, 4) as u64;
    open_apps(stage, user, &scene, at, apps);
    let addresses: Vec<&str> = machines.iter().map(Intruder::address).collect();
    Cast::of(user, &addresses, &super::intruder::ids(&targets))
}

pub(super) fn password_guessing(stage: &mut Stage<'_, '_>, mut at: i64) -> Cast {
    let user = victim(stage.org, stage.rng);
    let mut machine = Intruder::new(stage.rng);
    if stage.rng.chance(400) {
        machine = machine.scripted(stage.rng);
    }
    let (low, high) = *stage.rng.pick(&[(1, 12), (20, 120)]);
    for _ in 0..stage.rng.between(9, 30) {
        let scene = machine.request(stage);
        let threat = stage.rng.chance(200);
        signin::failed_start(stage, user.party(), &scene, at, "INVALID_CREDENTIALS", threat);
        at = later(stage, at, low, high);
    }
    if stage.rng.chance(400) {
        let scene = machine.request(stage);
        at = signin::lock_out(stage, user, &scene, at) + stage.rng.between(30, 70) * MINUTE;
    }
    let scene = machine.in_new_session(stage);
    at = password_alone(stage, user, &scene, at);
    at = later(stage, at, 20, 200);
    stage.emit(
        &Event::new(&types::UPDATE_PASSWORD, at, user.party(), &scene)
            .uri("/enduser/api/v1/settings/password")
            .target(user.party()),
    );
    open_apps(stage, user, &scene, at + 10 * SECOND, 2);
    Cast::of(user, &[machine.address()], &[user.id.as_str()])
}

pub(super) fn credential_stuffing(stage: &mut Stage<'_, '_>, mut at: i64) -> Cast {
    let pairs = stage.rng.between(30, 110) as usize;
    let targets = several(stage.org, stage.rng, pairs / 2);
    let mut machines: Vec<Intruder> = Vec::with_capacity(pairs);
    for _ in 0..pairs {
        let user = *stage.rng.pick(&targets);
        machines.push(if stage.rng.chance(600) {
            Intruder::abroad(stage.rng, user)
        } else {
            Intruder::new(stage.rng)
        });
    }
    for machine in &machines {
        let scene = machine.request(stage);
        if stage.rng.chance(450) {
            // Leaks are old: many names are gone.
            let model = *stage.rng.pick(&targets);
            let login = model.login.replacen('.', "", 1);
            let nobody = Party::new("User", "unknown", &login, "unknown");
            signin::failed_start(stage, nobody, &scene, at, "VERIFICATION_ERROR", false);
        } else {
            let user = *stage.rng.pick(&targets);
            signin::failed_start(stage, user.party(), &scene, at, "INVALID_CREDENTIALS", false);
        }
        at = later(stage, at, 2, 40);
    }
    // Of the pairs that still hold, most stop at the second factor.
    for &user in targets.iter().take(2) {
        let machine = stage.rng.pick(&machines);
        let scene = machine.in_new_session(stage);
        at = both_factors(stage, user, &scene, at, Answer::TimedOut);
        at = later(stage, at, 20, 300);
    }
    let user = *stage.rng.pick(&targets);
    let machine = Intruder::abroad(stage.rng, user);
    let scene = machine.in_new_session(stage);
    if stage.rng.chance(500) {
        stage.emit(
            &Event::new(&types::BREACHED_CREDENTIAL, at, SYSTEM, &scene)
                .uri("/idp/idx/challenge/answer")
                .target(user.party()),
        );
    }
    at = password_alone(stage, user, &scene, at + SECOND);
    new_device_mail(stage, user, &scene, at);
    spree(stage, user, &scene, at + 5 * SECOND, 4, 5..=40);
    let mut addresses: Vec<&str> = machines.iter().map(Intruder::address).collect();
    addresses.push(machine.address());
    Cast::of(user, &addresses, &super::intruder::ids(&targets))
}

pub(super) fn password_as_name(stage: &mut Stage<'_, '_>, mut at: i64) -> Cast {
    let user = victim(stage.org, stage.rng);
    let own = stage.scene_of(user, at);
    let outside = Scene { session: None, ..own.clone() };
    let word = *stage.rng.pick(&["Sommer", "Barcelona", "Qwertz", "liverpool", "Tr0mpette"]);
    let mark = *stage.rng.pick(&["!", "#", "?", "$$", "."]);
    let typed = format!("{word}{}{mark}", stage.rng.between(19, 2026));
    let nobody = Party::new("User", "unknown", &typed, "unknown");
    signin::failed_start(stage, nobody, &outside, at, "VERIFICATION_ERROR", false);
    at = later(stage, at, 5, 30);
    at = signin::complete(stage, user, &own, at);
    at += stage.rng.between(2 * 60, 20 * 60) * MINUTE;
    let machine = if stage.rng.chance(500) {
        Intruder::new(stage.rng)
    } else {
        Intruder::near(stage.rng, user)
    };
    let scene = machine.in_new_session(stage);
    at = password_alone(stage, user, &scene, at);
    new_device_mail(stage, user, &scene, at);
    let apps = stage.rng.between(2, 5) as usize;
    spree(stage, user, &scene, at + 8 * SECOND, apps, 6..=60);
    Cast::of(user, &[machine.address()], &[user.id.as_str()])
}

pub(super) fn long_name(stage: &mut Stage<'_, '_>, mut at: i64) -> Cast {
    /// Okta's hash of a delegated sign-in left out what comes after so many characters.
    const LONG: usize = 52;
    let long: Vec<&User> =
        stage.org.users.iter().filter(|user| user.login.len() > LONG && user.directory).collect();
    let user = match long.is_empty() {
        true => victim(stage.org, stage.rng),
        false => *stage.rng.pick(&long),
    };
    let directory = stage.rng.pick(&stage.org.directories);
    let job = stage.job();
    for _ in 0..2 {
        let agent = stage.rng.pick(&stage.org.directory_agents);
        stage.emit(
            &Event::new(&types::AD_CONNECT, at, SYSTEM, &job)
                .outcome(Outcome::Failure, "Agent could not reach the domain controller")
                .target(Party::named("ADAgent", agent)),
        );
        at = later(stage, at, 60, 200);
    }
    let machine = Intruder::new(stage.rng);
    let scene = machine.in_new_session(stage);
    let ldap = stage.rng.chance(300);
    let kind = if ldap { &types::AUTH_VIA_LDAP } else { &types::AUTH_VIA_AD };
    let provider = if ldap { "LDAP" } else { "ACTIVE_DIRECTORY" };
    stage.emit(
        &Event::new(kind, at, user.party(), &scene)
            .uri("/api/v1/authn")
            .authentication(Authentication {
                provider: Some(provider),
                credential_provider: Some(provider),
                credential_type: Some("PASSWORD"),
                issuer: Some((directory.id.as_str(), "ActiveDirectory")),
                interface: Some("corp.local"),
                step: 0,
            })
            .target(user.party()),
    );
    at = later(stage, at, 0, 1);
    signin::session_start(stage, user, &scene, at);
    let apps = stage.rng.between(2, 6) as usize;
    spree(stage, user, &scene, at + 4 * SECOND, apps, 4..=50);
    Cast::of(user, &[machine.address()], &[user.id.as_str()])
}

pub(super) fn recovery_hijack(stage: &mut Stage<'_, '_>, mut at: i64) -> Cast {
    let user = victim(stage.org, stage.rng);
    let machine = if stage.rng.chance(400) {
        Intruder::near(stage.rng, user)
    } else {
        Intruder::abroad(stage.rng, user)
    };
    let scene = machine.in_new_session(stage);
    let outside = Scene { session: None, ..scene.clone() };
    for _ in 0..stage.rng.between(1, 3) {
        signin::failed_start(stage, user.party(), &outside, at, "INVALID_CREDENTIALS", false);
        at = later(stage, at, 10, 60);
    }
    stage.emit(
        &Event::new(&types::PASSWORD_RESET_EMAIL, at, user.party(), &outside)
            .uri("/idp/idx/recover")
            .target(user.party()),
    );
    at = later(stage, at, 40, 300);
    stage.emit(
        &Event::new(&types::USE_TOKEN, at, UNKNOWN, &outside)
            .uri("/signin/verify/okta/email/token")
            .target(user.party()),
    );
    at = later(stage, at, 15, 60);
    stage.emit(
        &Event::new(&types::UPDATE_PASSWORD, at, user.party(), &scene)
            .uri("/idp/idx/challenge/answer")
            .debug("factor", "PASSWORD_AS_FACTOR")
            .target(user.party()),
    );
    at = password_alone(stage, user, &scene, at + 20 * SECOND);
    at = enrol(stage, user, &scene, at + 30 * SECOND);
    stage.emit(
        &Event::new(&types::FACTOR_DEACTIVATE, at, user.party(), &scene)
            .outcome(Outcome::Success, format!("User reset {} factor", user.factor.debug_name()))
            .uri("/enduser/api/v1/settings/authenticators")
            .debug("factor", user.factor.debug_name())
            .target(user.party()),
    );
    at = open_apps(stage, user, &scene, at + 20 * SECOND, 2);
    // The owner cannot get in any more.
    at += stage.rng.between(20, 200) * MINUTE;
    let own = stage.scene_of(user, at);
    signin::wrong_passwords(stage, user, &own, at, 3);
    Cast::of(user, &[machine.address()], &[user.id.as_str()])
}
