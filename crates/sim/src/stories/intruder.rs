//! Whoever is behind a story: their machine and network, and the ways in that stories share.
//!
//! Nothing here is the same from story to story: addresses are of the block that the homes of
//! ordinary people are of, browsers are those that everybody has.

use crate::attacks::attacker;
use crate::catalogue as types;
use crate::catalogue::EventType;
use crate::clock::SECOND;
use crate::event::{Event, Form, Outcome, Party, Risk, Scene, behaviour};
use crate::life::signin::{self, Answer};
use crate::life::using;
use crate::org::agents::{self, Platform, UserAgent};
use crate::org::places::{self, Network, Town};
use crate::org::{App, Org, Origin, User};
use crate::rng::Rng;
use crate::stage::Stage;
use crate::text::Text;

/// A machine that is not its victim's.
#[derive(Debug)]
pub(super) struct Intruder {
    pub(super) origin: Origin,
    pub(super) agent: UserAgent,
    device_token: u64,
    /// How much Okta finds odd about it, which is not always everything.
    risk: Risk,
    behaviours: u8,
}

impl Intruder {
    /// A rented machine or a VPN somewhere.
    pub(super) fn new(rng: &mut Rng) -> Intruder {
        let networks = if rng.chance(500) { places::PROXIES } else { places::HOSTING };
        let (town, network) = (rng.pick(places::DATA_CENTRES), rng.pick(networks));
        Intruder::at(rng, town, network)
    }

    /// Somebody's home line in a country that is not `user`'s.
    pub(super) fn abroad(rng: &mut Rng, user: &User) -> Intruder {
        let home = user.home.town.country;
        let mut town = rng.pick(places::TOWNS);
        for _ in 0..40 {
            if town.country != home {
                break;
            }
            town = rng.pick(places::TOWNS);
        }
        let network = places::HOME.iter().find(|network| network.country == town.country);
        let network = network.unwrap_or_else(|| rng.pick(places::HOSTING));
        Intruder::at(rng, town, network)
    }

    /// A residential proxy in the town of `user`.
    pub(super) fn near(rng: &mut Rng, user: &User) -> Intruder {
        let mut intruder = Intruder::at(rng, user.home.town, user.home.network);
        intruder.risk = if rng.chance(500) { Risk::Low } else { Risk::Medium };
        intruder.behaviours = behaviour::DEVICE | behaviour::IP;
        intruder
    }

    /// An exit of the Tor network.
    pub(super) fn tor(rng: &mut Rng) -> Intruder {
        let (town, network) = (rng.pick(places::DATA_CENTRES), rng.pick(places::TOR));
        let mut intruder = Intruder::at(rng, town, network);
        let version = 128 + 12 * rng.below(2);
        intruder.agent = UserAgent {
            raw: format!(
                "Mozilla/5.0 (Windows NT 10.0; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
            ),
            os: "Windows 10",
            browser: "FIREFOX",
            device: "Computer",
        };
        intruder
    }

    fn at(rng: &mut Rng, town: &'static Town, network: &'static Network) -> Intruder {
        let origin = if rng.chance(120) {
            let household = (0x3fff_u128 << 112) | (u128::from(rng.below(0x0fff_ffff)) << 64);
            Origin::v6(household | u128::from(rng.next()), town, network)
        } else {
            let [.., b, c, d] = rng.between(0x2000, 0x1_f0ff).to_be_bytes();
            Origin::v4([198, 18 + b, c, d], town, network)
        };
        let platform = *rng.pick(&[
            Platform::Windows,
            Platform::Windows,
            Platform::MacOs,
            Platform::Linux,
            Platform::Android,
        ]);
        Intruder {
            origin,
            agent: agents::browser(platform, rng),
            device_token: rng.next() | 1,
            risk: *rng.pick(&[Risk::High, Risk::High, Risk::Medium, Risk::Medium, Risk::Low]),
            behaviours: if rng.chance(750) {
                behaviour::STRANGER
            } else {
                behaviour::STRANGER & !behaviour::VELOCITY & !behaviour::DEVICE
            },
        }
    }

    /// The same machine with a program in place of the browser.
    pub(super) fn scripted(mut self, rng: &mut Rng) -> Intruder {
        self.agent = UserAgent::script(*rng.pick(agents::SCRIPTS));
        self
    }

    /// A request without a session.
    pub(super) fn request(&self, stage: &mut Stage<'_, '_>) -> Scene<'_> {
        let transaction = stage.transaction();
        let mut scene = Scene::request(&self.origin, &self.agent, transaction);
        scene.device_token = self.device_token;
        scene.form = match stage.rng.below(100) {
            0..25 => Form::Classic,
            25..88 => Form::Usual,
            _ => Form::Full,
        };
        scene.risk = self.risk;
        scene.behaviours = self.behaviours;
        scene
    }

    /// A request in the session `session`.
    pub(super) fn in_session(&self, stage: &mut Stage<'_, '_>, session: Text) -> Scene<'_> {
        Scene { session: Some(session), ..self.request(stage) }
    }

    /// A request in a session of its own.
    pub(super) fn in_new_session(&self, stage: &mut Stage<'_, '_>) -> Scene<'_> {
        let session = stage.session();
        self.in_session(stage, session)
    }

    /// A request with the API token `token`.
    pub(super) fn with_token(&self, stage: &mut Stage<'_, '_>, token: Text) -> Scene<'_> {
        Scene { api_token: Some(token), ..self.request(stage) }
    }

    pub(super) fn address(&self) -> &str {
        self.origin.address.as_str()
    }
}

/// Some seconds later than `at`, from `low` to `high`.
pub(super) fn later(stage: &mut Stage<'_, '_>, at: i64, low: i64, high: i64) -> i64 {
    at + stage.rng.between(low, high) * SECOND + stage.rng.between(0, 999)
}

/// One plain event with `targets`.
pub(super) fn did(
    stage: &mut Stage<'_, '_>,
    kind: &'static EventType,
    at: i64,
    actor: Party<'_>,
    scene: &Scene<'_>,
    uri: &str,
    targets: &[Party<'_>],
) {
    let mut event = Event::new(kind, at, actor, scene).uri(uri);
    for target in targets {
        event = event.target(*target);
    }
    stage.emit(&event);
}

/// Signs in as `user` with the password alone.
pub(super) fn password_alone(
    stage: &mut Stage<'_, '_>,
    user: &User,
    scene: &Scene<'_>,
    at: i64,
) -> i64 {
    attacker::sign_in_as(stage, user, scene, at, 0)
}

/// Signs in as `user` with password and second factor, as `answer` has it. Gives the time after,
/// when there is a session if the answer was right.
pub(super) fn both_factors(
    stage: &mut Stage<'_, '_>,
    user: &User,
    scene: &Scene<'_>,
    at: i64,
    answer: Answer,
) -> i64 {
    let before = Scene { session: None, ..scene.clone() };
    let policy = &stage.org.global_policy;
    signin::evaluate(stage, user.party(), &before, at, policy, None, Outcome::Challenge);
    let at = later(stage, at, 2, 9);
    signin::password(stage, user, scene, at, true);
    let at = later(stage, at, 1, 3);
    let at = signin::second_factor(stage, user, scene, at, answer);
    if answer == Answer::Right {
        signin::evaluate(stage, user.party(), scene, at, policy, None, Outcome::Allow);
        signin::session_start(stage, user, scene, at + 60);
    }
    at + SECOND
}

/// Opens `apps` different applications from the dashboard, with this many seconds between them.
pub(super) fn spree(
    stage: &mut Stage<'_, '_>,
    user: &User,
    scene: &Scene<'_>,
    mut at: i64,
    apps: usize,
    seconds: std::ops::RangeInclusive<i64>,
) -> i64 {
    let org = stage.org;
    let first = stage.rng.below(org.apps.len() as u64) as usize;
    let own = user.apps.iter().filter_map(|&index| org.apps.get(usize::from(index)));
    let others = org.apps.iter().cycle().skip(first).take(org.apps.len());
    let mut opened: Vec<&App> = Vec::with_capacity(apps);
    for app in own.chain(others) {
        if opened.len() < apps && !opened.iter().any(|it| it.id == app.id) {
            opened.push(app);
        }
    }
    for app in opened {
        let policy = org.policy_of(app);
        if stage.rng.chance(400) {
            signin::evaluate(stage, user.party(), scene, at, policy, Some(app), Outcome::Allow);
        }
        let fresh = Scene { transaction: stage.transaction(), ..scene.clone() };
        let failure = stage.rng.chance(80).then_some("User is not assigned to this application");
        using::sso(stage, user, &fresh, at + 90, app, failure);
        at = later(stage, at, *seconds.start(), *seconds.end());
    }
    at
}

/// How an administrator's session comes to be used for ill: mostly a stranger's sign-in, sometimes
/// the administrator's own doing. Gives the scene in the admin console, and the time.
pub(super) fn in_console<'a, 'o: 'a>(
    stage: &mut Stage<'o, '_>,
    admin: &'o User,
    intruder: &'a Intruder,
    at: i64,
) -> (Scene<'a>, i64) {
    if stage.rng.chance(200) {
        let own: Scene<'o> = stage.scene_of(admin, at);
        let at = signin::complete(stage, admin, &own, at);
        let at = using::open_admin_console(stage, admin, &own, at + 3 * SECOND);
        return (own, at);
    }
    let scene = intruder.in_new_session(stage);
    let at = if stage.rng.chance(500) {
        both_factors(stage, admin, &scene, at, Answer::Right)
    } else {
        password_alone(stage, admin, &scene, at)
    };
    let at = using::open_admin_console(stage, admin, &scene, at + 4 * SECOND);
    (scene, at)
}

/// Enrols a second factor of the intruder's choice for `user`.
pub(super) fn enrol(stage: &mut Stage<'_, '_>, user: &User, scene: &Scene<'_>, at: i64) -> i64 {
    using::enrol_factor(stage, user, scene, at);
    later(stage, at, 15, 90)
}

/// `count` different people, none of whom is an administrator.
pub(super) fn several<'o>(org: &'o Org, rng: &mut Rng, count: usize) -> Vec<&'o User> {
    let mut chosen: Vec<&User> = Vec::with_capacity(count);
    for _ in 0..count * 20 {
        if chosen.len() == count {
            break;
        }
        let user = rng.pick(&org.users);
        if !user.administrator && !chosen.iter().any(|it| it.index == user.index) {
            chosen.push(user);
        }
    }
    chosen
}

/// The ids of `users`.
pub(super) fn ids<'o>(users: &[&'o User]) -> Vec<&'o str> {
    users.iter().map(|user| user.id.as_str()).collect()
}

/// A message about a sign-in from a new device, which Okta sends where that is switched on.
pub(super) fn new_device_mail(stage: &mut Stage<'_, '_>, user: &User, scene: &Scene<'_>, at: i64) {
    if stage.rng.chance(600) {
        did(
            stage,
            &types::NEW_DEVICE_EMAIL,
            at,
            crate::event::SYSTEM,
            scene,
            "/login/token/redirect",
            &[user.party()],
        );
    }
}
