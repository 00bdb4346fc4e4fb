//! Second factors: worn out, talked away, taken off, reset in a row.

use super::intruder::{
    Intruder, both_factors, did, enrol, ids, in_console, later, new_device_mail, password_alone,
    several, spree,
};
use crate::attacks::attacker::{open_apps, victim};
use crate::catalogue as types;
use crate::clock::{HOUR, MINUTE, SECOND};
use crate::event::{Authentication, Event, Outcome, Party, Scene};
use crate::life::signin::{self, Answer};
use crate::life::using;
use crate::org::User;
use crate::stage::Stage;
use crate::truth::Cast;

/// A push that nobody answers, as the newer engine tells it.
fn unanswered(
    stage: &mut Stage<'_, '_>,
    user: &User,
    scene: &Scene<'_>,
    at: i64,
    outcome: Outcome,
) {
    stage.emit(
        &Event::new(&types::AUTH_VIA_MFA, at, user.party(), scene)
            .outcome(outcome, "User did not respond to the push")
            .uri("/idp/idx/authenticators/poll")
            .authentication(Authentication { ..signin::FACTOR_PROVIDER })
            .debug("factor", "OKTA_VERIFY_PUSH")
            .debug("factorIntent", "AUTHENTICATION")
            .debug_risk()
            .target(user.party()),
    );
}

pub(super) fn push_flood(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let pushed: Vec<&User> = stage
        .org
        .users
        .iter()
        .filter(|user| !user.administrator && user.factor == crate::org::Factor::Push)
        .collect();
    let user = match pushed.is_empty() {
        true => victim(stage.org, stage.rng),
        false => *stage.rng.pick(&pushed),
    };
    let mut at = if stage.rng.chance(600) { user.next_between(stage.rng, at, 1..5) } else { at };
    let machine = if stage.rng.chance(300) {
        Intruder::near(stage.rng, user)
    } else {
        Intruder::new(stage.rng)
    };
    let scene = machine.in_new_session(stage);
    let before = Scene { session: None, ..scene.clone() };
    let policy = &stage.org.global_policy;
    signin::evaluate(stage, user.party(), &before, at, policy, None, Outcome::Challenge);
    at = later(stage, at, 2, 8);
    signin::password(stage, user, &scene, at, true);
    let pace = *stage.rng.pick(&[(10, 40), (30, 100), (120, 400)]);
    for _ in 0..stage.rng.between(6, 26) {
        at = later(stage, at, pace.0, pace.1);
        match stage.rng.below(10) {
            0..4 => at = signin::second_factor(stage, user, &scene, at, Answer::Denied),
            4..7 => at = signin::second_factor(stage, user, &scene, at, Answer::TimedOut),
            kind => {
                did(
                    stage,
                    &types::SEND_PUSH,
                    at,
                    user.party(),
                    &scene,
                    "/idp/idx/challenge",
                    &[user.party()],
                );
                let outcome = if kind == 9 { Outcome::Abandoned } else { Outcome::Unanswered };
                at += 5 * SECOND;
                unanswered(stage, user, &scene, at, outcome);
            }
        }
    }
    at = later(stage, at, 10, 60);
    at = signin::second_factor(stage, user, &scene, at, Answer::Right);
    signin::evaluate(stage, user.party(), &scene, at, policy, None, Outcome::Allow);
    signin::session_start(stage, user, &scene, at + 60);
    if stage.rng.chance(500) {
        at = enrol(stage, user, &scene, at + 30 * SECOND);
    }
    let apps = stage.rng.between(2, 6) as usize;
    spree(stage, user, &scene, at + 10 * SECOND, apps, 4..=60);
    Cast::of(user, &[machine.address()], &[user.id.as_str()])
}

pub(super) fn help_desk_reset(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let org = stage.org;
    let admin = org.admin(stage.rng);
    let mut clerk = org.admin(stage.rng);
    for _ in 0..20 {
        if clerk.index != admin.index {
            break;
        }
        clerk = org.admin(stage.rng);
    }
    let at = clerk.next_between(stage.rng, at, 8..18);
    let desk = stage.scene_of(clerk, at);
    let mut at = using::open_admin_console(stage, clerk, &desk, at);
    let base = format!("/api/v1/users/{}/lifecycle", admin.id);
    if stage.rng.chance(600) {
        let uri = format!("{base}/reset_password");
        did(stage, &types::RESET_PASSWORD, at, clerk.party(), &desk, &uri, &[admin.party()]);
        at = later(stage, at, 20, 120);
    }
    if stage.rng.chance(600) {
        let uri = format!("{base}/reset_factors");
        did(stage, &types::FACTOR_RESET_ALL, at, clerk.party(), &desk, &uri, &[admin.party()]);
    } else {
        let event = Event::new(&types::FACTOR_DEACTIVATE, at, clerk.party(), &desk)
            .outcome(Outcome::Success, format!("User reset {} factor", admin.factor.debug_name()))
            .uri(format!("/api/v1/users/{}/factors/{}", admin.id, admin.enrolments[1]))
            .debug("factor", admin.factor.debug_name())
            .target(admin.party());
        stage.emit(&event);
    }
    at += stage.rng.between(2, 90) * MINUTE;
    let machine = Intruder::abroad(stage.rng, admin);
    let scene = machine.in_new_session(stage);
    at = password_alone(stage, admin, &scene, at);
    at = enrol(stage, admin, &scene, at + 25 * SECOND);
    new_device_mail(stage, admin, &scene, at);
    at += stage.rng.between(1, 20) * MINUTE;
    at = using::open_admin_console(stage, admin, &scene, at);
    let accomplice = victim(org, stage.rng);
    let role = *stage.rng.pick(&["Super administrator", "Organization administrator"]);
    stage.emit(
        &Event::new(&types::PRIVILEGE_GRANT, at, admin.party(), &scene)
            .uri(format!("/api/internal/administrators/{}", accomplice.id))
            .debug("privilegeGranted", role)
            .target(accomplice.party())
            .target(Party::new("ROLE", "SUPER_ADMIN", "unknown", role)),
    );
    Cast::of(admin, &[machine.address()], &[admin.id.as_str(), accomplice.id.as_str()])
}

pub(super) fn factor_removed(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let user = victim(stage.org, stage.rng);
    let at = user.next_between(stage.rng, at, 8..17);
    let own = stage.scene_of(user, at);
    let mut at = signin::complete(stage, user, &own, at);
    at = open_apps(stage, user, &own, at, 1) + stage.rng.between(10, 90) * MINUTE;
    let machine = Intruder::new(stage.rng);
    let session = own.session.unwrap_or_else(|| stage.session());
    let scene = machine.in_session(stage, session);
    at = open_apps(stage, user, &scene, at, 1);
    stage.emit(
        &Event::new(&types::FACTOR_DEACTIVATE, at, user.party(), &scene)
            .outcome(Outcome::Success, format!("User reset {} factor", user.factor.debug_name()))
            .uri("/idp/authenticators")
            .debug("factor", user.factor.debug_name())
            .target(user.party()),
    );
    at += stage.rng.between(1, 10) * HOUR;
    let again = machine.in_new_session(stage);
    at = password_alone(stage, user, &again, at);
    let apps = stage.rng.between(2, 5) as usize;
    spree(stage, user, &again, at + 6 * SECOND, apps, 5..=60);
    Cast::of(user, &[machine.address()], &[user.id.as_str()])
}

pub(super) fn factors_reset(stage: &mut Stage<'_, '_>, at: i64) -> Cast {
    let org = stage.org;
    let admin = org.admin(stage.rng);
    let machine = Intruder::new(stage.rng);
    let (scene, mut at) = in_console(stage, admin, &machine, at);
    let wanted = stage.rng.between(8, 30) as usize;
    let targets = several(org, stage.rng, wanted);
    let (low, high) = *stage.rng.pick(&[(2, 12), (10, 70)]);
    for user in &targets {
        let scene = Scene { transaction: stage.transaction(), ..scene.clone() };
        let uri = format!("/api/v1/users/{}/lifecycle/reset_factors", user.id);
        did(stage, &types::FACTOR_RESET_ALL, at, admin.party(), &scene, &uri, &[user.party()]);
        at = later(stage, at, low, high);
    }
    at += stage.rng.between(3, 30) * MINUTE;
    for &user in targets.iter().take(2) {
        let scene = machine.in_new_session(stage);
        at = both_factors(stage, user, &scene, at, Answer::Right);
        at = enrol(stage, user, &scene, at + 20 * SECOND) + stage.rng.between(1, 9) * MINUTE;
    }
    Cast::of(admin, &[machine.address(), admin.id.as_str()], &ids(&targets))
}
