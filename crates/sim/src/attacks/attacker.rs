//! Whoever is behind an attack: address, browser, and how they get in.

use crate::clock::SECOND;
use crate::event::{Form, Outcome, Risk, Scene, behaviour};
use crate::life::{signin, using};
use crate::org::agents::UserAgent;
use crate::org::{Org, Origin, User, places};
use crate::rng::Rng;
use crate::stage::Stage;
use crate::text::Text;

/// Attackers send from 203.0.113.0/25 (RFC 5737) and 2001:db8:bad::/48 (RFC 3849); the upper half
/// of the former, from here on, is what a feed knows of.
const KNOWN_FIRST: i64 = 64;

/// What a threat intelligence feed would know of the attackers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Indicators {
    /// Addresses and networks in CIDR notation.
    pub addresses: &'static [&'static str],
    /// Domains.
    pub domains: &'static [&'static str],
    /// URLs.
    pub urls: &'static [&'static str],
    /// Mail addresses.
    pub emails: &'static [&'static str],
    /// User agents, whole.
    pub user_agents: &'static [&'static str],
}

impl Indicators {
    pub(crate) fn all() -> Indicators {
        Indicators {
            addresses: &["203.0.113.64/26", "2001:db8:bad:c2::/64"],
            domains: &["okta-secure-sso.example"],
            urls: &["https://login.okta-secure-sso.example/signin"],
            emails: &["helpdesk@okta-secure-sso.example"],
            user_agents: &["Lemon-Duck-tKqz-bVxw"],
        }
    }
}

/// A machine of an attacker's.
#[derive(Debug)]
pub(crate) struct Attacker {
    pub(crate) origin: Origin,
    pub(crate) agent: UserAgent,
    device_token: u64,
}

impl Attacker {
    /// A machine nobody has heard of.
    pub(crate) fn new(rng: &mut Rng) -> Attacker {
        let host = rng.between(1, KNOWN_FIRST - 1);
        Attacker::at(rng, host)
    }

    /// A machine of known infrastructure: see [`Indicators`].
    pub(crate) fn known(rng: &mut Rng) -> Attacker {
        let host = rng.between(KNOWN_FIRST, 2 * KNOWN_FIRST - 1);
        Attacker::at(rng, host)
    }

    fn at(rng: &mut Rng, host: i64) -> Attacker {
        let town = rng.pick(places::DATA_CENTRES);
        let network =
            *rng.pick(&[rng.clone().pick(places::PROXIES), rng.clone().pick(places::HOSTING)]);
        let origin = if rng.chance(150) {
            let site = if host >= KNOWN_FIRST { 0x00c2 } else { 0x0001 };
            let bits = (0x2001_0db8_0bad_u128 << 80) | (site << 64) | host as u128;
            Origin::v6(bits, town, network)
        } else {
            Origin::v4([203, 0, 113, host as u8], town, network)
        };
        let agent = browser(rng);
        Attacker { origin, agent, device_token: rng.next() | 1 }
    }

    /// The same person through a VPN or proxy.
    pub(crate) fn behind_proxy(mut self, rng: &mut Rng) -> Attacker {
        self.origin.network = rng.pick(places::PROXIES);
        self
    }

    /// The same machine calling itself `agent`.
    pub(crate) fn calling_itself(mut self, agent: impl Into<String>) -> Attacker {
        self.agent = UserAgent::script(agent);
        self
    }

    /// A request without a session.
    pub(crate) fn request(&self, stage: &mut Stage<'_, '_>) -> Scene<'_> {
        let transaction = stage.transaction();
        let mut scene = Scene::request(&self.origin, &self.agent, transaction);
        scene.device_token = self.device_token;
        scene.form = if stage.rng.chance(300) { Form::Classic } else { Form::Usual };
        scene.risk = Risk::High;
        scene.behaviours = behaviour::STRANGER;
        scene
    }

    /// A request in the session `session`.
    pub(crate) fn in_session(&self, stage: &mut Stage<'_, '_>, session: Text) -> Scene<'_> {
        Scene { session: Some(session), ..self.request(stage) }
    }
}

fn browser(rng: &mut Rng) -> UserAgent {
    let raw = *rng.pick(&[
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/141.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    ]);
    let (os, browser) = match raw {
        _ if raw.contains("Headless") => ("Linux", "CHROME"),
        _ if raw.contains("X11") => ("Linux", "FIREFOX"),
        _ if raw.contains("Firefox") => ("Windows 10", "FIREFOX"),
        _ => ("Windows 10", "CHROME"),
    };
    UserAgent { raw: raw.to_owned(), os, browser, device: "Computer" }
}

/// A person who is not an administrator.
pub(crate) fn victim<'o>(org: &'o Org, rng: &mut Rng) -> &'o User {
    let mut user = rng.pick(&org.users);
    for _ in 0..20 {
        if !user.administrator {
            break;
        }
        user = rng.pick(&org.users);
    }
    user
}

/// Signs in as `user` with whatever is asked for, and opens a few applications.
pub(crate) fn sign_in_as(
    stage: &mut Stage<'_, '_>,
    user: &User,
    scene: &Scene<'_>,
    at: i64,
    apps: u64,
) -> i64 {
    let before = Scene { session: None, ..scene.clone() };
    let policy = &stage.org.global_policy;
    signin::evaluate(stage, user.party(), &before, at, policy, None, Outcome::Challenge);
    let mut at = at + stage.rng.between(2, 8) * SECOND;
    signin::password(stage, user, scene, at, true);
    at += stage.rng.between(1, 3) * SECOND;
    signin::evaluate(stage, user.party(), scene, at, policy, None, Outcome::Allow);
    at += 40;
    signin::session_start(stage, user, scene, at);
    open_apps(stage, user, scene, at + 2 * SECOND, apps)
}

/// Looks around in the applications of `user`.
pub(crate) fn open_apps(
    stage: &mut Stage<'_, '_>,
    user: &User,
    scene: &Scene<'_>,
    mut at: i64,
    apps: u64,
) -> i64 {
    for _ in 0..apps {
        let app = stage.org.app_of(user, stage.rng);
        let policy = stage.org.policy_of(app);
        signin::evaluate(stage, user.party(), scene, at, policy, Some(app), Outcome::Allow);
        using::sso(stage, user, scene, at + 90, app, None);
        at += stage.rng.between(10, 90) * SECOND;
    }
    at
}
