//! What happens on an ordinary day.
//!
//! Life is a row of episodes: somebody signs in, opens an application, an import runs. An episode
//! takes seconds or minutes; what lasts longer, who is signed in from where and until when, is kept
//! a person at a time, so that memory depends on the number of people alone.

mod admins;
pub(crate) mod machines;
pub(crate) mod occasions;
pub(crate) mod signin;
pub(crate) mod using;

use crate::catalogue as types;
use crate::clock::{DAY, HOUR, MINUTE, SECOND};
use crate::event::{Event, Form, Outcome, Risk, Scene, behaviour};
use crate::org::{Org, Origin, User, places};
use crate::stage::Stage;
use crate::text::Text;

const HOURS_OF_WEEK: usize = 7 * 24;

/// From where somebody works.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Whereabouts {
    Office,
    Home,
    Mobile,
    Travelling,
}

/// A session somebody has.
#[derive(Clone, Copy, Debug)]
struct Presence {
    session: Text,
    until: i64,
    device: u8,
    whereabouts: Whereabouts,
}

/// The state of ordinary life.
#[derive(Debug)]
pub(crate) struct Life {
    presences: Vec<Option<Presence>>,
    /// What people do, by the hour of the week, as a share of all that happens in a week.
    people_by_hour: Vec<u64>,
    /// What machines do in any hour, on the same scale.
    machines_by_hour: u64,
}

impl Life {
    pub(crate) fn new(org: &Org) -> Life {
        let mut people_by_hour = vec![0; HOURS_OF_WEEK];
        // A week like any other, from Monday 1970-01-05.
        for (hour, total) in people_by_hour.iter_mut().enumerate() {
            let at = 4 * DAY + hour as i64 * HOUR;
            *total = org.users.iter().map(|user| user.activity(at)).sum();
        }
        let mean = people_by_hour.iter().sum::<u64>() / HOURS_OF_WEEK as u64;
        Life {
            presences: vec![None; org.users.len()],
            people_by_hour,
            // An episode of a machine's is shorter than a person's: a good quarter of the events.
            machines_by_hour: (mean * 6 / 5).max(1),
        }
    }

    /// How much happens in the hour of `at`, on a scale of its own.
    pub(crate) fn weight(&self, at: i64) -> u64 {
        self.people_weight(at) + self.machines_by_hour
    }

    fn people_weight(&self, at: i64) -> u64 {
        self.people_by_hour.get(crate::clock::hour_of_week(at)).copied().unwrap_or_default()
    }

    /// Lets one thing happen at `at`.
    pub(crate) fn episode(&mut self, stage: &mut Stage<'_, '_>, at: i64) {
        if stage.rng.below(self.weight(at)) < self.people_weight(at) {
            self.somebody(stage, at);
            return;
        }
        match stage.rng.below(1000) {
            0..6 => admins::joiner_by_service(stage, at),
            6..430 => machines::service(stage, at),
            430..720 => machines::directory(stage, at),
            720..955 => machines::platform(stage, at),
            955..975 => {
                let user = stage.rng.pick(&stage.org.users);
                machines::radius(stage, user, at);
            }
            _ => machines::noise(stage, at),
        }
    }

    fn somebody(&mut self, stage: &mut Stage<'_, '_>, at: i64) {
        let org = stage.org;
        if stage.rng.chance(7) {
            admins::work(stage, at);
            return;
        }
        let mut user = stage.rng.pick(&org.users);
        for _ in 0..40 {
            if stage.rng.below(100) < user.activity(at) {
                break;
            }
            user = stage.rng.pick(&org.users);
        }
        let Some(presence) = self.presences.get_mut(user.index) else {
            return;
        };
        match presence {
            Some(session) if session.until > at => {
                let session = *session;
                let away = travels_to(user, org.seed, at);
                let scene = scene(stage, user, &session, away.as_ref());
                if !stay(stage, user, &scene, at) {
                    *presence = None;
                }
            }
            _ => {
                *presence = arrive(stage, user, at);
            }
        }
    }
}

/// Where `user` travels on the day of `at`, if at all: one day in a hundred.
fn travels_to(user: &User, seed: u64, at: i64) -> Option<Origin> {
    let chance = user.of_day(seed ^ 0x7261_7665, at);
    if !chance.is_multiple_of(100) {
        return None;
    }
    let town = places::TOWNS.get((chance >> 32) as usize % places::TOWNS.len())?;
    let network = places::HOME.iter().find(|network| network.country == town.country)?;
    let host = (chance >> 8) as u8;
    Some(Origin::v4([198, 19, 250, host], town, network))
}

fn whereabouts(stage: &mut Stage<'_, '_>, user: &User, at: i64, mobile: bool) -> Whereabouts {
    if travels_to(user, stage.org.seed, at).is_some() {
        return Whereabouts::Travelling;
    }
    if mobile && stage.rng.chance(550) {
        return Whereabouts::Mobile;
    }
    if user.is_at_office(stage.org.seed, at) { Whereabouts::Office } else { Whereabouts::Home }
}

/// The scene of a request within `presence`.
fn scene<'a, 'o: 'a>(
    stage: &mut Stage<'o, '_>,
    user: &'a User,
    presence: &Presence,
    away: Option<&'a Origin>,
) -> Scene<'a> {
    let org = stage.org;
    let mut scene = Scene::job(stage.transaction());
    scene.is_job = false;
    scene.session = Some(presence.session);
    scene.device_token = user.index as u64 * 4 + u64::from(presence.device) + 1;
    scene.form = Form::of_person(stage.rng);
    if let Some(device) = user.devices.get(usize::from(presence.device)) {
        let native = device.platform.is_mobile() && stage.rng.chance(350);
        scene.agent = Some(if native { &device.native } else { &device.browser });
        scene.fingerprint = (!native).then_some(device.fingerprint);
        scene.device = device.registered.then_some(device);
    }
    let office = org.offices.get(user.office);
    let origin = match (presence.whereabouts, office) {
        (Whereabouts::Travelling, _) => {
            scene.behaviours =
                behaviour::GEO_LOCATION | behaviour::IP | behaviour::STATE | behaviour::CITY;
            scene.risk = Risk::Medium;
            away.unwrap_or(&user.mobile)
        }
        (Whereabouts::Office, Some(office)) => {
            scene.zone = &office.zone;
            stage.rng.pick(&office.egress)
        }
        (Whereabouts::Mobile, _) => {
            if stage.rng.chance(150) {
                scene.behaviours = behaviour::IP;
            }
            &user.mobile
        }
        (Whereabouts::Home | Whereabouts::Office, _) => user.proxy.as_ref().unwrap_or(&user.home),
    };
    scene.hops = [Some(origin), None, None];
    // Some requests come through the office's or a cloud's proxy: further hops of the chain.
    if stage.rng.chance(120) {
        let cloud = org.services.first().map(|service| &service.origin);
        let middle = office.filter(|_| presence.whereabouts != Whereabouts::Office);
        let middle = middle.and_then(|office| office.egress.last());
        scene.hops = [Some(origin), middle, cloud.filter(|_| stage.rng.chance(250))];
    }
    if scene.risk == Risk::Low && stage.rng.chance(12) {
        scene.risk = Risk::Medium;
        scene.behaviours |= behaviour::DEVICE;
    }
    scene
}

/// Somebody who is not signed in comes, and mostly gets in.
fn arrive(stage: &mut Stage<'_, '_>, user: &User, at: i64) -> Option<Presence> {
    let devices = user.devices.len() as u64;
    let device = if stage.rng.chance(700) { 0 } else { stage.rng.below(devices) as u8 };
    let mobile = user.devices.get(usize::from(device)).is_some_and(|it| it.platform.is_mobile());
    let presence = Presence {
        session: stage.session(),
        until: at + stage.rng.between(2 * 60, 11 * 60) * MINUTE,
        device,
        whereabouts: whereabouts(stage, user, at, mobile),
    };
    let away = travels_to(user, stage.org.seed, at);
    let scene = scene(stage, user, &presence, away.as_ref());
    let mut at = at;
    match stage.rng.below(1000) {
        0..100 => {
            let times = 1 + stage.rng.below(2);
            at = signin::wrong_passwords(stage, user, &scene, at, times);
        }
        100..112 => {
            at = signin::wrong_passwords(stage, user, &scene, at, 2);
            at = signin::forgotten_password(stage, user, &scene, at);
        }
        112..130 => {
            signin::wrong_passwords(stage, user, &scene, at, 1);
            return None;
        }
        130..133 => {
            at = signin::wrong_passwords(stage, user, &scene, at, 5);
            signin::lock_out(stage, user, &scene, at);
            return None;
        }
        133..146 => {
            let provider = stage.rng.pick(&stage.org.identity_providers);
            let party = crate::event::Party::named("IdentityProvider", provider);
            at = signin::federated(stage, user, &scene, at, party);
            let app = stage.org.app_of(user, stage.rng);
            using::open_app(stage, user, &scene, at, app);
            return Some(presence);
        }
        146..150 => {
            let policy = &stage.org.global_policy;
            signin::evaluate(stage, user.party(), &scene, at, policy, None, Outcome::Deny);
            return None;
        }
        _ => {}
    }
    at = signin::complete(stage, user, &scene, at);
    for _ in 0..1 + stage.rng.below(3) {
        let app = stage.org.app_of(user, stage.rng);
        at = using::open_app(stage, user, &scene, at, app) + stage.rng.between(1, 60) * SECOND;
    }
    Some(presence)
}

/// Somebody who is signed in does something. False when the session ends with it.
fn stay(stage: &mut Stage<'_, '_>, user: &User, scene: &Scene<'_>, at: i64) -> bool {
    match stage.rng.below(1000) {
        0..660 => {
            let app = stage.org.app_of(user, stage.rng);
            using::open_app(stage, user, scene, at, app);
        }
        660..905 => using::renew_tokens(stage, user, scene, at),
        905..955 => {
            signin::sign_out(stage, user, scene, at);
            return false;
        }
        955..972 => using::settings(stage, user, scene, at),
        972..984 => stage.emit(
            &Event::new(&types::SESSION_CONTEXT_CHANGE, at, user.party(), scene)
                .uri("/api/v1/sessions/me")
                .debug("changedContext", "IP")
                .debug_risk()
                .no_targets(),
        ),
        984..990 => {
            let app = stage.org.app_of(user, stage.rng);
            using::sso(
                stage,
                user,
                scene,
                at,
                app,
                Some("User is not assigned to this application"),
            );
        }
        990..991 => {
            let app = stage.org.app_of(user, stage.rng);
            stage.emit(
                &Event::new(&types::UNAUTHORISED_APP, at, user.party(), scene)
                    .outcome(Outcome::Failure, "User not assigned to app")
                    .uri("/app/UserHome")
                    .target(app.party()),
            );
        }
        _ => {
            if stage.rng.chance(300) {
                stage.emit(
                    &Event::new(&types::SESSION_EXPIRE, at, crate::event::SYSTEM, scene)
                        .uri("/login/sessionCookieRedirect")
                        .target(user.party()),
                );
                return false;
            }
            let app = stage.org.app_of(user, stage.rng);
            stage.emit(
                &Event::new(&types::OAUTH_REVOKE, at, user.party(), scene)
                    .uri("/oauth2/v1/revoke")
                    .target(app.party()),
            );
        }
    }
    true
}
