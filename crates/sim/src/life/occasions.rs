//! What does not happen every hour: mistakes, travel, new phones, nights on call, roll-outs, a
//! merger. Only organisations with a profile have them.

use super::{admins, machines, signin, using};
use crate::catalogue as types;
use crate::clock::{DAY, MINUTE, SECOND};
use crate::event::{Event, Form, Outcome, Party, Risk, SYSTEM, Scene, behaviour};
use crate::life::signin::Answer;
use crate::org::{Org, Origin, Profile, User, places};
use crate::rng::Rng;
use crate::stage::Stage;
use crate::text::Text;

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Occasion {
    /// The last sign-in before an account is left alone.
    LastSeen(usize),
    NewPhone,
    PhoneAtHelpDesk,
    LockedOut,
    Trip,
    Vpn,
    SecondThoughts,
    MistypedName,
    Kiosk,
    NightOnCall,
    Leavers,
    TokenRotation,
    PolicyReview,
    RollOut,
    Merger,
    SeasonalHires,
}

use Occasion::*;

/// How often something happens: times in 100 days for 1,000 people, or for everybody together.
const OFFICE: &[(Occasion, u64, u64)] = &[
    (NewPhone, 350, 0),
    (PhoneAtHelpDesk, 150, 0),
    (LockedOut, 400, 0),
    (Trip, 600, 0),
    (Vpn, 1_200, 0),
    (SecondThoughts, 350, 0),
    (MistypedName, 500, 0),
    (NightOnCall, 0, 30),
    (Leavers, 0, 14),
    (TokenRotation, 0, 9),
    (PolicyReview, 0, 12),
    (RollOut, 0, 9),
    (Merger, 0, 3),
];
const RETAIL: &[(Occasion, u64, u64)] = &[
    (NewPhone, 700, 0),
    (PhoneAtHelpDesk, 450, 0),
    (LockedOut, 1_300, 0),
    (Trip, 60, 0),
    (Vpn, 100, 0),
    (SecondThoughts, 150, 0),
    (MistypedName, 1_800, 0),
    (Kiosk, 1_500, 0),
    (NightOnCall, 0, 12),
    (Leavers, 0, 40),
    (TokenRotation, 0, 3),
    (PolicyReview, 0, 4),
    (RollOut, 0, 5),
    (SeasonalHires, 0, 9),
];

/// The occasions of all days.
#[derive(Debug)]
pub(crate) struct Occasions {
    /// The next one last.
    planned: Vec<(i64, Occasion)>,
}

impl Occasions {
    /// What happens in `org` between `start` and `end`, beside what happens every hour.
    pub(crate) fn new(org: &Org, profile: Profile, start: i64, end: i64) -> Occasions {
        let mut rng = Rng::new(org.seed, "occasions");
        let table = if profile == Profile::Retail { RETAIL } else { OFFICE };
        let people = org.users.len() as u64;
        let mut planned = Vec::new();
        for day in 0..(end - start) / DAY {
            for &(occasion, by_people, for_all) in table {
                let expected = people * by_people + for_all * 1_000;
                let times = expected / 100_000 + u64::from(rng.below(100_000) < expected % 100_000);
                for _ in 0..times {
                    planned.push((start + day * DAY + rng.between(0, DAY - 1), occasion));
                }
            }
        }
        for &index in &org.dormant {
            planned.push((start + rng.between(0, DAY / 2), LastSeen(index)));
        }
        planned.sort_unstable_by(|one, other| other.cmp(one));
        Occasions { planned }
    }

    /// Lets happen what is due before `to`.
    pub(crate) fn happen(&mut self, stage: &mut Stage<'_, '_>, to: i64) {
        while let Some((at, occasion)) = self.planned.pop_if(|(at, _)| *at < to) {
            occasion.happen(stage, at);
        }
    }
}

impl Occasion {
    fn happen(self, stage: &mut Stage<'_, '_>, at: i64) {
        let org = stage.org;
        let user = match self {
            LastSeen(index) => org.users.get(index).unwrap_or_else(|| stage.rng.pick(&org.users)),
            _ => at_work(stage, at),
        };
        let admin = org.admin(stage.rng);
        match self {
            LastSeen(_) => signed_in(stage, user, at),
            NewPhone => new_phone(stage, user, at),
            PhoneAtHelpDesk => phone_at_help_desk(stage, admin, user, at),
            LockedOut => locked_out(stage, admin, user, at),
            Trip => trip(stage, user, at),
            Vpn => vpn(stage, user, at),
            SecondThoughts => second_thoughts(stage, user, at),
            MistypedName => mistyped_name(stage, user, at),
            Kiosk => kiosk(stage, at),
            NightOnCall => night_on_call(stage, admin, at),
            Leavers => leavers(stage, admin, at),
            TokenRotation => token_rotation(stage, admin, at),
            PolicyReview => policy_review(stage, admin, at),
            RollOut => roll_out(stage, admin, at),
            Merger => merger(stage, at),
            SeasonalHires => seasonal_hires(stage, at),
        }
    }
}

/// Somebody who is likely to be at work at `at`.
fn at_work<'o>(stage: &mut Stage<'o, '_>, at: i64) -> &'o User {
    let org = stage.org;
    let mut user = stage.rng.pick(&org.users);
    for _ in 0..60 {
        if stage.rng.below(100) < user.activity(at) {
            break;
        }
        user = stage.rng.pick(&org.users);
    }
    user
}

fn signed_in(stage: &mut Stage<'_, '_>, user: &User, at: i64) {
    let at = user.next_between(stage.rng, at, 8..18);
    let org = stage.org;
    let Some(user) = org.users.get(user.index) else {
        return;
    };
    let scene = stage.scene_of(user, at);
    let at = signin::complete(stage, user, &scene, at);
    let app = org.app_of(user, stage.rng);
    using::open_app(stage, user, &scene, at, app);
}

/// The console of an administrator at work.
fn console<'o>(stage: &mut Stage<'o, '_>, admin: &'o User, at: i64) -> (Scene<'o>, i64) {
    let at = admin.next_between(stage.rng, at, 8..18);
    let scene = stage.scene_of(admin, at);
    let at = signin::complete(stage, admin, &scene, at);
    let at = using::open_admin_console(stage, admin, &scene, at);
    (scene, at)
}

/// A new phone: the old factor goes, the new one comes, from the same place.
fn new_phone<'o>(stage: &mut Stage<'o, '_>, user: &'o User, at: i64) {
    let mut scene = stage.scene_of(user, at);
    let at = signin::complete(stage, user, &scene, at);
    scene.behaviours |= behaviour::DEVICE;
    let activates_first = stage.rng.chance(600);
    let (enrols, removes) = if activates_first { (at, at + MINUTE) } else { (at + MINUTE, at) };
    using::enrol_factor(stage, user, &scene, enrols);
    stage.emit(
        &Event::new(&types::FACTOR_DEACTIVATE, removes, user.party(), &scene)
            .outcome(Outcome::Success, format!("User reset {} factor", user.factor.debug_name()))
            .uri("/idp/authenticators")
            .debug("factor", user.factor.debug_name())
            .target(user.party()),
    );
}

/// Without the old phone the help desk has to help.
fn phone_at_help_desk<'o>(stage: &mut Stage<'o, '_>, admin: &'o User, user: &'o User, at: i64) {
    let (desk, at) = console(stage, admin, at);
    let event = admins::reset_factor(admin, user, &desk, at).target(user.party());
    stage.emit(&event);
    let at = at + stage.rng.between(1, 25) * MINUTE;
    let scene = stage.scene_of(user, at);
    let at = signin::complete(stage, user, &scene, at);
    using::enrol_factor(stage, user, &scene, at + 20 * SECOND);
}

/// The old password from another device, until the account is locked and unlocked.
fn locked_out<'o>(stage: &mut Stage<'o, '_>, admin: &'o User, user: &'o User, at: i64) {
    let scene = stage.scene_of(user, at);
    let times = 4 + stage.rng.below(4);
    let at = signin::wrong_passwords(stage, user, &scene, at, times);
    let at = signin::lock_out(stage, user, &scene, at);
    let at = at + stage.rng.between(2, 40) * MINUTE;
    let (desk, at) = console(stage, admin, at);
    stage.emit(
        &Event::new(&types::UNLOCK_BY_ADMIN, at, admin.party(), &desk)
            .uri(format!("/api/v1/users/{}/lifecycle/unlock", user.id))
            .target(user.party()),
    );
    let at = at + stage.rng.between(1, 20) * MINUTE;
    signed_in(stage, user, at);
}

/// An address of a hotel, a café, a friend's home.
fn guest_address(rng: &mut Rng, town: &'static places::Town) -> Origin {
    let network = places::HOME.iter().find(|network| network.country == town.country);
    let network = network.unwrap_or_else(|| rng.pick(places::MOBILE));
    let [.., b, c, d] = rng.between(0x2000, 0x1_f0ff).to_be_bytes();
    Origin::v4([198, 18 + b, c, d], town, network)
}

/// One to four days in another town, often another country.
fn trip<'o>(stage: &mut Stage<'o, '_>, user: &'o User, mut at: i64) {
    let town = stage.rng.pick(places::TOWNS);
    let origin = guest_address(stage.rng, town);
    let is_abroad = town.country != user.home.town.country;
    for day in 0..stage.rng.between(1, 4) {
        let mut scene = Scene { zone: "null", ..stage.scene_of(user, at) };
        scene.hops = [Some(&origin), None, None];
        if day == 0 {
            scene.risk = if is_abroad { Risk::Medium } else { Risk::Low };
            scene.behaviours = behaviour::GEO_LOCATION | behaviour::IP | behaviour::CITY;
            if is_abroad {
                scene.behaviours |= behaviour::COUNTRY | behaviour::STATE;
            }
            // Bought on the way, or borrowed.
            if stage.rng.chance(60) {
                scene.behaviours |= behaviour::DEVICE;
            }
        }
        let mut time = signin::complete(stage, user, &scene, at);
        for _ in 0..stage.rng.between(1, 4) {
            let app = stage.org.app_of(user, stage.rng);
            time = using::open_app(stage, user, &scene, time, app);
            time += stage.rng.between(1, 40) * MINUTE;
        }
        at += DAY + stage.rng.between(-90, 90) * MINUTE;
    }
}

/// A VPN is switched on in the middle of a session.
fn vpn<'o>(stage: &mut Stage<'o, '_>, user: &'o User, at: i64) {
    let scene = stage.scene_of(user, at);
    let at = signin::complete(stage, user, &scene, at);
    let mut behaviours = behaviour::IP;
    let exit = if stage.rng.chance(500) {
        guest_address(stage.rng, user.home.town)
    } else {
        let town = stage.rng.pick(places::DATA_CENTRES);
        let mut origin = guest_address(stage.rng, town);
        origin.network = stage.rng.pick(places::PROXIES);
        behaviours |= behaviour::GEO_LOCATION | behaviour::STATE | behaviour::CITY;
        // Nobody is in another country within minutes.
        if town.country != user.home.town.country {
            behaviours |= behaviour::COUNTRY | behaviour::VELOCITY;
        }
        origin
    };
    let mut through = scene.clone();
    through.zone = "null";
    through.hops = [Some(&exit), None, None];
    through.behaviours = behaviours;
    through.risk = if behaviours == behaviour::IP { Risk::Low } else { Risk::Medium };
    through.transaction = stage.transaction();
    let at = at + stage.rng.between(3, 90) * MINUTE;
    if stage.rng.chance(500) {
        stage.emit(
            &Event::new(&types::SESSION_CONTEXT_CHANGE, at, user.party(), &through)
                .uri("/api/v1/sessions/me")
                .debug("changedContext", "IP")
                .debug_risk()
                .no_targets(),
        );
    }
    let app = stage.org.app_of(user, stage.rng);
    let at = using::open_app(stage, user, &through, at + SECOND, app);
    let app = stage.org.app_of(user, stage.rng);
    let at = at + stage.rng.between(5, 60) * MINUTE;
    using::open_app(stage, user, &scene, at, app);
}

/// A push is refused by mistake or not seen, and then answered.
fn second_thoughts<'o>(stage: &mut Stage<'o, '_>, user: &'o User, mut at: i64) {
    let scene = stage.scene_of(user, at);
    for _ in 0..stage.rng.between(1, 3) {
        let answer = if stage.rng.chance(400) { Answer::Denied } else { Answer::TimedOut };
        at = signin::second_factor(stage, user, &scene, at, answer) + 10 * SECOND;
    }
    signin::complete(stage, user, &scene, at);
}

/// The name without its end, or of the private mail account.
fn mistyped_name<'o>(stage: &mut Stage<'o, '_>, user: &'o User, at: i64) {
    let own = stage.scene_of(user, at);
    let outside = Scene { session: None, ..own.clone() };
    let local = user.login.split('@').next().unwrap_or("user");
    let typed = match stage.rng.below(4) {
        0 => local.to_owned(),
        1 => user.login.replacen('.', "", 1),
        2 => format!("{local}@mail.example"),
        _ => format!("{}m", user.login),
    };
    let nobody = Party::new("User", "unknown", &typed, "unknown");
    signin::failed_start(stage, nobody, &outside, at, "VERIFICATION_ERROR", false);
    let at = at + stage.rng.between(5, 30) * SECOND;
    signin::complete(stage, user, &own, at);
}

/// A shift begins at the machines of one shop.
fn kiosk(stage: &mut Stage<'_, '_>, mut at: i64) {
    let org = stage.org;
    let office = stage.rng.below(org.offices.len() as u64) as usize;
    let Some(shop) = org.offices.get(office) else {
        return;
    };
    let crew: Vec<&User> =
        org.users.iter().filter(|user| user.office == office && !user.dormant).take(12).collect();
    let Some(agent) = crew.first().and_then(|user| user.devices.first()).map(|it| &it.browser)
    else {
        return;
    };
    for &user in &crew {
        let mut scene = stage.scene_of(user, at);
        scene.hops = [shop.egress.first(), None, None];
        scene.zone = &shop.zone;
        scene.agent = Some(agent);
        scene.device = None;
        scene.device_token = office as u64 | 1 << 40;
        let wrong = stage.rng.below(3).min(stage.rng.below(3));
        let time = signin::wrong_passwords(stage, user, &scene, at, wrong);
        signin::complete(stage, user, &scene, time);
        at += stage.rng.between(20, 200) * SECOND;
    }
}

/// An administrator is woken up.
fn night_on_call<'o>(stage: &mut Stage<'o, '_>, admin: &'o User, at: i64) {
    let at = admin.next_between(stage.rng, at, 0..5);
    let mut scene = stage.scene_of(admin, at);
    scene.hops = [Some(&admin.home), None, None];
    scene.zone = "null";
    let at = signin::complete(stage, admin, &scene, at);
    let mut at = using::open_admin_console(stage, admin, &scene, at);
    for _ in 0..stage.rng.between(1, 4) {
        admins::task(stage, admin, &scene, at);
        at += stage.rng.between(2, 15) * MINUTE;
    }
}

/// Contracts end on the same day.
fn leavers<'o>(stage: &mut Stage<'o, '_>, admin: &'o User, at: i64) {
    let (scene, mut at) = console(stage, admin, at);
    for _ in 0..stage.rng.between(3, 9) {
        admins::leaver(stage, admin, &scene, at);
        at += stage.rng.between(20, 400) * SECOND;
    }
}

/// A service gets a new token, uses it from where it always was, and loses the old one.
fn token_rotation<'o>(stage: &mut Stage<'o, '_>, admin: &'o User, at: i64) {
    let org = stage.org;
    let (scene, at) = console(stage, admin, at);
    let service = stage.rng.pick(&org.services);
    let id = stage.rng.id("00T", 20);
    stage.emit(
        &Event::new(&types::TOKEN_CREATE, at, admin.party(), &scene)
            .uri("/api/internal/tokens")
            .debug("networkConnection", "ZONE")
            .target(Party::new("Token", id.as_str(), "unknown", service.name)),
    );
    let old: Option<Text> = service.token;
    let later = at + stage.rng.between(5, 60) * MINUTE;
    let user = stage.rng.pick(&org.users);
    let request = Scene { api_token: Some(id), ..machines::service_scene(stage, service) };
    stage.emit(
        &Event::new(&types::UPDATE_PROFILE, later, service.party(), &request)
            .uri(format!("/api/v1/users/{}", user.id))
            .debug("changedAttributes", "costCenter")
            .target(user.party()),
    );
    if let Some(old) = old {
        stage.emit(
            &Event::new(&types::TOKEN_REVOKE, later + 9 * MINUTE, admin.party(), &scene)
                .uri(format!("/api/internal/tokens/{old}/revoke"))
                .target(Party::new("Token", old.as_str(), "unknown", service.name)),
        );
    }
}

/// Rules are looked through; some get other terms, none asks for less.
fn policy_review<'o>(stage: &mut Stage<'o, '_>, admin: &'o User, at: i64) {
    let (scene, mut at) = console(stage, admin, at);
    for _ in 0..stage.rng.between(1, 3) {
        let policy = stage.rng.pick(&stage.org.policies);
        let rule = stage.rng.pick(&policy.rules);
        let from = r#"{"appSignOn":{"access":"ALLOW","verificationMethod":{"factorMode":"2FA","reauthenticateIn":"PT12H","type":"ASSURANCE"}}}"#;
        let to = r#"{"appSignOn":{"access":"ALLOW","verificationMethod":{"factorMode":"2FA","reauthenticateIn":"PT2H","type":"ASSURANCE"}}}"#;
        let entity = Party::new("PolicyEntity", policy.id.as_str(), "unknown", policy.name);
        stage.emit(
            &Event::new(&types::RULE_UPDATE, at, admin.party(), &scene)
                .uri(format!("/api/v1/policies/{}/rules/{}", policy.id, rule.id))
                .target_detail(entity, &[("policyType", policy.kind)])
                .target_with(
                    Party::named("PolicyRule", rule),
                    &[("policyType", policy.kind)],
                    Some((&[("policyRuleActionJson", from)], &[("policyRuleActionJson", to)])),
                ),
        );
        at += stage.rng.between(1, 9) * MINUTE;
    }
}

/// An application comes to a group, and so to many people.
fn roll_out<'o>(stage: &mut Stage<'o, '_>, admin: &'o User, at: i64) {
    let org = stage.org;
    let (scene, mut at) = console(stage, admin, at);
    let app = stage.rng.pick(&org.apps);
    let group = stage.rng.pick(&org.groups);
    stage.emit(
        &Event::new(&types::GROUP_APP_ADD, at, admin.party(), &scene)
            .uri(format!("/api/v1/apps/{}/groups/{}", app.id, group.id))
            .target(Party::named("UserGroup", group))
            .target(app.party()),
    );
    let job = Scene { form: Form::Usual, ..stage.job() };
    for _ in 0..org.users.len() / 12 {
        let user = stage.rng.pick(&org.users);
        at += stage.rng.between(50, 900);
        stage.emit(
            &Event::new(&types::APP_USER_ADD, at, SYSTEM, &job)
                .debug("appname", app.kind.name)
                .target(user.app_user())
                .target(app.party())
                .target(user.party()),
        );
    }
}

/// Another company's directory is imported: groups, people, memberships.
fn merger(stage: &mut Stage<'_, '_>, mut at: i64) {
    let org = stage.org;
    let job = stage.job();
    let directory = stage.rng.pick(&org.directories);
    let app = Party::new("AppInstance", directory.id.as_str(), &directory.name, "Active Directory");
    stage.emit(
        &Event::new(&types::IMPORT_START, at, SYSTEM, &job).debug("importType", "FULL").target(app),
    );
    for number in 0..org.users.len() / 10 {
        let id = stage.rng.id("00u", 20);
        let model = stage.rng.pick(&org.users);
        let login = model.login.replacen('@', &format!(".{number}@acquired-"), 1);
        let newcomer = Party::new("User", id.as_str(), &login, &model.name);
        let group = Party::named("UserGroup", stage.rng.pick(&org.groups));
        at += stage.rng.between(50, 700);
        if number % 40 == 0 {
            stage.emit(
                &Event::new(&types::IMPORT_GROUP_CREATE, at, SYSTEM, &job)
                    .target(app)
                    .target(group),
            );
        }
        stage.emit(
            &Event::new(&types::IMPORT_USER_CREATE, at, SYSTEM, &job).target(app).target(newcomer),
        );
        stage.emit(
            &Event::new(&types::GROUP_ADD, at + 400, SYSTEM, &job).target(newcomer).target(group),
        );
    }
    stage.emit(&Event::new(&types::IMPORT_COMPLETE, at + SECOND, SYSTEM, &job).target(app));
}

/// Before the holidays the personnel system makes many accounts at once.
fn seasonal_hires(stage: &mut Stage<'_, '_>, mut at: i64) {
    for _ in 0..(stage.org.users.len() / 25).max(3) {
        admins::joiner_by_service(stage, at);
        at += stage.rng.between(2, 60) * SECOND;
    }
}
