//! Sessions: stolen, begun where nobody is, used for everything at once.

use super::intruder::{
    Intruder, both_factors, did, enrol, later, new_device_mail, password_alone, spree,
};
use crate::attacks::attacker::{open_apps, victim};
use crate::catalogue as types;
use crate::clock::{MINUTE, SECOND};
use crate::event::{Event, Outcome, SYSTEM};
use crate::life::signin::{self, Answer};
use crate::stage::Stage;
use crate::truth::Cast;

pub(super) fn phished_session(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let user = victim(stage.org, stage.rng);
    let mut at = user.next_between(stage.rng, at, 8..18);
    // The page in the middle signs in from where it is hosted, with everything the user answers.
    let page = Intruder::new(stage.rng);
    let scene = page.in_new_session(stage);
    at = both_factors(stage, user, &scene, at, Answer::Right);
    new_device_mail(stage, user, &scene, at);
    at += stage.rng.between(1, 40) * MINUTE;
    let thief = if stage.rng.chance(500) {
        Intruder::abroad(stage.rng, user)
    } else {
        Intruder::near(stage.rng, user)
    };
    let session = scene.session.unwrap_or_else(|| stage.session());
    let mut stolen = thief.in_session(stage, session);
    stolen.device_token = scene.device_token;
    if stage.rng.chance(500) {
        stage.emit(
            &Event::new(&types::SESSION_CONTEXT_CHANGE, at, user.party(), &stolen)
                .uri("/app/UserHome")
                .debug("changedContext", "IP, DEVICE")
                .debug_risk()
                .target(user.party()),
        );
    }
    let apps = stage.rng.between(3, 7) as usize;
    at = spree(stage, user, &stolen, at + 3 * SECOND, apps, 5..=60);
    if stage.rng.chance(400) {
        enrol(stage, user, &stolen, at);
    }
    Cast::of(user, &[page.address(), thief.address()], &[user.id.as_str()])
}

pub(super) fn cookie_replay(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let user = victim(stage.org, stage.rng);
    let at = user.next_between(stage.rng, at, 7..17);
    let own = stage.scene_of(user, at);
    let mut at = signin::complete(stage, user, &own, at);
    at = open_apps(stage, user, &own, at, 2) + stage.rng.between(5, 120) * MINUTE;
    let thief = if stage.rng.chance(700) {
        Intruder::new(stage.rng)
    } else {
        Intruder::abroad(stage.rng, user)
    };
    let session = own.session.unwrap_or_else(|| stage.session());
    let mut stolen = thief.in_session(stage, session);
    stolen.device_token = own.device_token;
    if stage.rng.chance(300) {
        stage.emit(
            &Event::new(&types::CLIENT_ROAMING, at, user.party(), &stolen)
                .outcome(Outcome::Deny, "Session is bound to another network")
                .uri("/app/UserHome")
                .no_targets(),
        );
        at = later(stage, at, 5, 40);
    }
    let apps = stage.rng.between(3, 8) as usize;
    at = spree(stage, user, &stolen, at, apps, 4..=50);
    if stage.rng.chance(500) {
        let risk = "{reasons=Associated sessionId is suspected to be hijacked, \
                    detectionName=Suspected Session Hijacking, level=HIGH}";
        stage.emit(
            &Event::new(&types::RISK_DETECT, at, SYSTEM, &stolen)
                .uri("/app/UserHome")
                .debug("risk", risk)
                .target(user.party()),
        );
    }
    // The owner goes on meanwhile.
    let at = at + stage.rng.between(1, 9) * MINUTE;
    open_apps(stage, user, &own, at, 1);
    Cast::of(user, &[thief.address()], &[user.id.as_str()])
}

pub(super) fn impossible_travel(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let user = victim(stage.org, stage.rng);
    let at = user.next_between(stage.rng, at, 8..19);
    let own = stage.scene_of(user, at);
    let mut at = signin::complete(stage, user, &own, at);
    at = open_apps(stage, user, &own, at, 2) + stage.rng.between(4, 45) * MINUTE;
    let thief = Intruder::abroad(stage.rng, user);
    let scene = thief.in_new_session(stage);
    at = if stage.rng.chance(500) {
        both_factors(stage, user, &scene, at, Answer::Right)
    } else {
        password_alone(stage, user, &scene, at)
    };
    new_device_mail(stage, user, &scene, at);
    let apps = stage.rng.between(2, 6) as usize;
    spree(stage, user, &scene, at + 4 * SECOND, apps, 5..=60);
    Cast::of(user, &[thief.address()], &[user.id.as_str()])
}

pub(super) fn tor_sign_in(stage: &mut Stage<'_, '_>, mut at: i64) -> Cast {
    let user = victim(stage.org, stage.rng);
    let count = stage.rng.between(2, 4);
    let exits: Vec<Intruder> = (0..count).map(|_| Intruder::tor(stage.rng)).collect();
    for exit in exits.iter().take(1) {
        let scene = exit.in_new_session(stage);
        signin::password(stage, user, &scene, at, false);
        at = later(stage, at, 20, 200);
    }
    for exit in &exits {
        let scene = exit.in_new_session(stage);
        at = password_alone(stage, user, &scene, at);
        let apps = stage.rng.between(1, 3) as usize;
        at = spree(stage, user, &scene, at + 5 * SECOND, apps, 10..=90);
        at += stage.rng.between(10, 90) * MINUTE;
    }
    let addresses: Vec<&str> = exits.iter().map(Intruder::address).collect();
    Cast::of(user, &addresses, &[user.id.as_str()])
}

pub(super) fn first_country(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let user = victim(stage.org, stage.rng);
    let at = user.next_between(stage.rng, at, 0..6);
    let thief = Intruder::new(stage.rng);
    let scene = thief.in_new_session(stage);
    let mut at = password_alone(stage, user, &scene, at);
    new_device_mail(stage, user, &scene, at);
    at = open_apps(stage, user, &scene, at + 3 * SECOND, 2);
    let mailbox = format!(
        "{}.{}@{}",
        user.login.split(['.', '@']).next().unwrap_or("user"),
        stage.rng.between(10, 9_999),
        stage.rng.pick(&["mail.example", "post.example", "inbox.example"]),
    );
    stage.emit(
        &Event::new(&types::UPDATE_PROFILE, at, user.party(), &scene)
            .uri("/enduser/api/v1/settings/profile")
            .debug("changedAttributes", "secondEmail")
            .target_with(
                user.party(),
                &[],
                Some((&[("secondEmail", "")], &[("secondEmail", &mailbox)])),
            ),
    );
    Cast::of(user, &[thief.address()], &[user.id.as_str()])
}

pub(super) fn dormant_account(stage: &mut Stage<'_, '_>, mut at: i64) -> Cast {
    let org = stage.org;
    let user = match org.dormant.is_empty() {
        true => victim(org, stage.rng),
        false => {
            let index = *stage.rng.pick(&org.dormant);
            org.users.get(index).unwrap_or_else(|| victim(org, stage.rng))
        }
    };
    let thief = Intruder::new(stage.rng);
    for _ in 0..stage.rng.between(0, 2) {
        let scene = thief.request(stage);
        signin::failed_start(stage, user.party(), &scene, at, "INVALID_CREDENTIALS", false);
        at = later(stage, at, 10, 60);
    }
    let scene = thief.in_new_session(stage);
    at = password_alone(stage, user, &scene, at);
    at = enrol(stage, user, &scene, at + 20 * SECOND);
    let apps = stage.rng.between(3, 8) as usize;
    spree(stage, user, &scene, at, apps, 5..=80);
    Cast::of(user, &[thief.address()], &[user.id.as_str()])
}

pub(super) fn application_spree(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let user = victim(stage.org, stage.rng);
    let thief = if stage.rng.chance(400) {
        Intruder::near(stage.rng, user)
    } else {
        Intruder::new(stage.rng)
    };
    let scene = thief.in_new_session(stage);
    let at = both_factors(stage, user, &scene, at, Answer::Right);
    let apps = stage.rng.between(14, 32) as usize;
    spree(stage, user, &scene, at + 5 * SECOND, apps, 1..=6);
    Cast::of(user, &[thief.address()], &[user.id.as_str()])
}

pub(super) fn insider_leaving(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let user = victim(stage.org, stage.rng);
    let at = user.next_between(stage.rng, at, 19..23);
    let own = stage.scene_of(user, at);
    let mut at = signin::complete(stage, user, &own, at);
    let apps = stage.rng.between(12, 26) as usize;
    at = spree(stage, user, &own, at, apps, 4..=25);
    for _ in 0..stage.rng.between(3, 9) {
        let app = stage.org.app_of(user, stage.rng);
        let uri = format!("/api/v1/apps/{}/credentials", app.id);
        let targets = [app.party(), user.app_user()];
        did(stage, &types::APP_SHOW_PASSWORD, at, user.party(), &own, &uri, &targets);
        at = later(stage, at, 8, 60);
    }
    for _ in 0..stage.rng.between(1, 3) {
        let app = stage.org.app_of(user, stage.rng);
        stage.emit(
            &Event::new(&types::OAUTH_CONSENT, at, user.party(), &own)
                .uri("/oauth2/default/v1/authorize")
                .debug("grantedScopes", "profile, email, files.read.all, offline_access")
                .target(app.party()),
        );
        at = later(stage, at, 8, 60);
    }
    Cast::of(user, &[user.id.as_str()], &[user.id.as_str()])
}
