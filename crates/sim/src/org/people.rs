//! The people of an organisation and their habits.

use std::collections::BTreeSet;

use super::agents::{self, Platform, UserAgent};
use super::apps::Department;
use super::names::{AWKWARD, CULTURES, spellings};
use super::places::{self, Network};
use super::{App, Office, Origin};
use crate::clock;
use crate::rng::{self, Rng};
use crate::text::Text;

/// The second factor somebody uses by habit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Factor {
    Push,
    FastPass,
    WebAuthn,
    Totp,
    Sms,
    Email,
}

impl Factor {
    /// `debugData.factor`.
    pub(crate) fn debug_name(self) -> &'static str {
        match self {
            Factor::Push => "OKTA_VERIFY_PUSH",
            Factor::FastPass => "SIGNED_NONCE",
            Factor::WebAuthn => "FIDO2_WEBAUTHN",
            Factor::Totp => "OKTA_SOFT_TOKEN",
            Factor::Sms => "SMS_FACTOR",
            Factor::Email => "EMAIL_FACTOR",
        }
    }

    /// The display name of the enrolment as a target.
    pub(crate) fn display_name(self) -> &'static str {
        match self {
            Factor::Push | Factor::FastPass | Factor::Totp => "Okta Verify",
            Factor::WebAuthn => "Security Key or Biometric Authenticator",
            Factor::Sms => "Phone",
            Factor::Email => "Email",
        }
    }

    /// `methodTypeUsed` and `methodUsedVerifiedProperties` of the enrolment.
    pub(crate) fn method(self) -> (&'static str, &'static str) {
        match self {
            Factor::Push => ("Get a push notification", "[USER_PRESENCE]"),
            Factor::FastPass => (
                "Use Okta FastPass",
                "[DEVICE_BOUND, HARDWARE_PROTECTED, PHISHING_RESISTANT, USER_PRESENCE, USER_VERIFYING]",
            ),
            Factor::WebAuthn => {
                ("Security Key or Biometric", "[DEVICE_BOUND, PHISHING_RESISTANT, USER_PRESENCE]")
            }
            Factor::Totp => ("Enter a code", "[DEVICE_BOUND, USER_PRESENCE]"),
            Factor::Sms => ("SMS", "[USER_PRESENCE]"),
            Factor::Email => ("Email", "[]"),
        }
    }
}

/// A machine somebody works on.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) platform: Platform,
    pub(crate) browser: UserAgent,
    pub(crate) native: UserAgent,
    /// The id Okta Verify registered it under.
    pub(crate) id: Text,
    pub(crate) name: String,
    pub(crate) version: &'static str,
    pub(crate) registered: bool,
    pub(crate) managed: bool,
    /// `debugData.deviceFingerprint`.
    pub(crate) fingerprint: Text,
}

/// A person with an account.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) index: usize,
    pub(crate) id: Text,
    pub(crate) name: String,
    /// The user name, which is the mail address.
    pub(crate) login: String,
    pub(crate) department: Department,
    /// The office, as an index into [`super::Org::offices`].
    pub(crate) office: usize,
    pub(crate) home: Origin,
    pub(crate) mobile: Origin,
    /// Set for those who surf through a VPN or proxy at home.
    pub(crate) proxy: Option<Origin>,
    pub(crate) devices: Vec<Device>,
    pub(crate) factor: Factor,
    /// The enrolments, as ids of authenticator enrolments: password, then the second factor.
    pub(crate) enrolments: [Text; 2],
    /// Indexes into [`super::Org::apps`], the favourite first; never empty.
    pub(crate) apps: Vec<u8>,
    /// The local hour work begins.
    pub(crate) begins: u8,
    /// How many days of the week are spent at the office.
    pub(crate) office_days: u8,
    /// Works at weekends as on other days: shops, plants, support.
    pub(crate) weekends: bool,
    pub(crate) administrator: bool,
    /// Signs in with the help of the company directory's agent.
    pub(crate) directory: bool,
    /// Has an account that nobody uses.
    pub(crate) dormant: bool,
}

impl User {
    /// How busy this person is at `at`, from 0 to 100.
    pub(crate) fn activity(&self, at: i64) -> u64 {
        if self.dormant {
            return 0;
        }
        let local = at + i64::from(self.home.town.offset) * clock::MINUTE;
        let hour_of_week = clock::hour_of_week(local);
        let hour = (hour_of_week % 24) as i64 - i64::from(self.begins);
        let by_hour = match hour {
            0 => 80,
            1 => 100,
            2 | 3 => 90,
            4 => 55,
            5..=7 => 85,
            8 => 60,
            9 => 25,
            -1 => 20,
            10..=13 => 7,
            _ => 1,
        };
        let is_weekend = hour_of_week >= 5 * 24;
        match is_weekend {
            true if self.weekends => by_hour / 2,
            true => by_hour / 25,
            false => by_hour,
        }
    }

    /// The first time from `at` on that is between these hours where this person lives.
    pub(crate) fn next_between(&self, rng: &mut Rng, at: i64, hours: std::ops::Range<i64>) -> i64 {
        let offset = i64::from(self.home.town.offset) * clock::MINUTE;
        let hour = (at + offset).rem_euclid(clock::DAY) / clock::HOUR;
        if hours.contains(&hour) {
            return at;
        }
        let wait = (hours.start - hour).rem_euclid(24) * clock::HOUR;
        at + wait + rng.between(0, (hours.end - hours.start - 1).max(0) * clock::HOUR)
    }

    /// A number that belongs to this person and day and looks random.
    pub(crate) fn of_day(&self, seed: u64, at: i64) -> u64 {
        let local = at + i64::from(self.home.town.offset) * clock::MINUTE;
        rng::mix(seed ^ rng::mix(self.index as u64) ^ rng::mix(!(clock::day(local) as u64)))
    }

    /// Whether this person sits at the office on the day of `at`.
    pub(crate) fn is_at_office(&self, seed: u64, at: i64) -> bool {
        self.of_day(seed, at) % 5 < u64::from(self.office_days)
    }
}

/// `count` people and the indexes of the administrators among them.
pub(super) fn people(
    seed: u64,
    count: u32,
    domain: &str,
    offices: &[Office],
    apps: &[App],
) -> (Vec<User>, Vec<usize>) {
    let mut rng = Rng::new(seed, "people");
    let mut logins = BTreeSet::new();
    let mut admins = Vec::new();
    let mut users = Vec::with_capacity(count as usize);
    let wanted_admins = (3 + count as usize / 400).min(16);
    for index in 0..count as usize {
        let user = person(&mut rng, index, domain, offices, apps, &mut logins);
        let is_admin = user.department == Department::It && admins.len() < wanted_admins;
        users.push(User { administrator: is_admin, ..user });
        if is_admin {
            admins.push(index);
        }
    }
    if admins.is_empty() {
        admins.push(0);
    }
    (users, admins)
}

fn person(
    rng: &mut Rng,
    index: usize,
    domain: &str,
    offices: &[Office],
    apps: &[App],
    logins: &mut BTreeSet<String>,
) -> User {
    let office = rng.below(offices.len() as u64).min(rng.below(offices.len() as u64)) as usize;
    let office_town = offices.get(office).map_or_else(|| rng.pick(places::TOWNS), |it| it.town);
    // Most live near their office; some work from elsewhere, mostly in the same country.
    let town = match rng.below(100) {
        0..80 => office_town,
        80..95 => {
            let town = rng.pick(places::TOWNS);
            if town.country == office_town.country { town } else { office_town }
        }
        _ => rng.pick(places::TOWNS),
    };
    let department = *rng.pick_early(&Department::ALL);
    let (name, login) = name(rng, town.country, domain, logins);

    let home_network = network(rng, places::HOME, town.country);
    let mobile_network = network(rng, places::MOBILE, town.country);
    let home = home_address(rng, index, town, home_network);
    let mobile = mobile_address(rng, index, town, mobile_network);
    let proxy = rng.chance(25).then(|| {
        let exit = rng.pick(places::DATA_CENTRES);
        Origin::v4(benchmark_address(index, 0x1_0000), exit, rng.pick(places::PROXIES))
    });

    let devices = devices(rng, department, &login);
    let factor = match rng.below(100) {
        0..42 => Factor::Push,
        42..68 if devices.iter().any(|device| device.registered) => Factor::FastPass,
        42..80 => Factor::WebAuthn,
        80..90 => Factor::Totp,
        90..97 => Factor::Sms,
        _ => Factor::Email,
    };
    let mut own_apps: Vec<u8> = apps
        .iter()
        .enumerate()
        .filter(|(_, app)| app.kind.is_used_by(department))
        .map(|(number, _)| number as u8)
        .collect();
    // Everyone has favourites: the order differs from person to person.
    for at in (1..own_apps.len()).rev() {
        if rng.chance(400) {
            own_apps.swap(at, rng.below(at as u64 + 1) as usize);
        }
    }
    own_apps.truncate(6 + rng.below(18) as usize);

    User {
        index,
        id: rng.id("00u", 20),
        name,
        login,
        department,
        office,
        home,
        mobile,
        proxy,
        devices,
        factor,
        enrolments: [rng.id("laea", 20), rng.id("pfd", 20)],
        apps: own_apps,
        begins: rng.between(7, 10) as u8,
        office_days: *rng.pick(&[0, 1, 2, 3, 3, 4, 5, 5]),
        weekends: matches!(department, Department::Operations | Department::Support)
            && rng.chance(400),
        administrator: false,
        directory: rng.chance(300),
        dormant: false,
    }
}

fn name(
    rng: &mut Rng,
    country: &str,
    domain: &str,
    logins: &mut BTreeSet<String>,
) -> (String, String) {
    let local: Vec<_> =
        CULTURES.iter().filter(|culture| culture.countries.contains(&country)).collect();
    let culture = match local.is_empty() || rng.chance(180) {
        true => rng.pick(CULTURES),
        false => rng.pick(&local),
    };
    let (given, given_ascii) = spellings(rng.pick::<&str>(culture.given));
    let (family, family_ascii) = spellings(rng.pick::<&str>(culture.family));
    let shown = match rng.below(1000) {
        0..4 => (*rng.pick(AWKWARD)).to_owned(),
        4..20 => format!("{family}, {given} (Ext)"),
        20..40 => format!("Dr. {given} {family}"),
        _ => format!("{given} {family}"),
    };
    let base = format!("{given_ascii}.{family_ascii}").to_ascii_lowercase();
    let mut login = format!("{base}@{domain}");
    let mut number = 2;
    while !logins.insert(login.clone()) {
        login = format!("{base}{number}@{domain}");
        number += 1;
    }
    (shown, login)
}

fn network(rng: &mut Rng, networks: &'static [Network], country: &str) -> &'static Network {
    let local: Vec<&'static Network> =
        networks.iter().filter(|network| network.country == country).collect();
    if !local.is_empty() {
        return rng.pick::<&Network>(&local);
    }
    networks.iter().find(|network| network.country.is_empty()).unwrap_or_else(|| rng.pick(networks))
}

/// The address number `number` of 198.18.0.0/15, the block of RFC 2544 that is routed nowhere.
fn benchmark_address(number: usize, offset: usize) -> [u8; 4] {
    let [.., b, c, d] = ((number + offset) as u32 % 0x2_0000).to_be_bytes();
    [198, 18 + b, c, d]
}

fn home_address(
    rng: &mut Rng,
    index: usize,
    town: &'static places::Town,
    network: &'static Network,
) -> Origin {
    if rng.chance(220) {
        // 3fff::/20 is for documentation (RFC 9637): a /64 a household.
        let household = (0x3fff_u128 << 112) | ((index as u128) << 64);
        return Origin::v6(household | u128::from(rng.next()), town, network);
    }
    Origin::v4(benchmark_address(index, 0), town, network)
}

fn mobile_address(
    rng: &mut Rng,
    index: usize,
    town: &'static places::Town,
    network: &'static Network,
) -> Origin {
    if rng.chance(600) {
        let line = (0x3fff_0100_u128 << 96) | ((index as u128) << 64);
        return Origin::v6(line | u128::from(rng.next()), town, network);
    }
    // Carriers put many people behind one address.
    Origin::v4(benchmark_address(index % 997, 0x1_8000), town, network)
}

fn devices(rng: &mut Rng, department: Department, login: &str) -> Vec<Device> {
    let desktop = match (department, rng.below(100)) {
        (Department::Engineering | Department::Marketing, 0..62) => Platform::MacOs,
        (Department::Engineering, 62..74) => Platform::Linux,
        (_, 0..72) => Platform::Windows,
        (_, 72..96) => Platform::MacOs,
        _ => Platform::ChromeOs,
    };
    let mut platforms = vec![desktop];
    if rng.chance(750) {
        platforms.push(if rng.chance(580) { Platform::Iphone } else { Platform::Android });
    }
    if rng.chance(160) {
        platforms.push(*rng.pick(&[Platform::Ipad, Platform::Windows, Platform::MacOs]));
    }
    let owner = login.split(['.', '@']).next().unwrap_or("user");
    platforms
        .into_iter()
        .map(|platform| {
            let registered = rng.chance(550) && platform != Platform::ChromeOs;
            let name = match platform {
                Platform::Windows => format!("LT-{}", rng.hex(6).as_str().to_ascii_uppercase()),
                Platform::MacOs => format!("{owner}’s MacBook Pro"),
                Platform::Linux => format!("{owner}-thinkpad"),
                Platform::ChromeOs => "Chromebook".to_owned(),
                Platform::Iphone => "iPhone".to_owned(),
                Platform::Ipad => "iPad".to_owned(),
                Platform::Android => (*rng.pick(&["Pixel 9", "Galaxy S24", "SM-A546E"])).to_owned(),
            };
            Device {
                platform,
                browser: agents::browser(platform, rng),
                native: agents::native(platform, rng),
                id: rng.id("guo", 20),
                name,
                version: platform.version(rng),
                registered,
                managed: registered && rng.chance(700),
                fingerprint: rng.hex(32),
            }
        })
        .collect()
}
