//! Who there is: people, administrators, service accounts, applications, offices and networks.
//!
//! An [`Org`] is built once from a seed and a number of users and does not change afterwards.

pub(crate) mod agents;
pub(crate) mod apps;
pub(crate) mod names;
mod people;
pub(crate) mod places;
mod profile;

use std::fmt::Write as _;

use agents::UserAgent;
use apps::{ADMIN_CONSOLE, APPLICATIONS, Application, SignOn};
pub(crate) use people::{Device, Factor, User};
use places::{Network, Town};
pub use profile::{Profile, UnknownProfile};

use crate::rng::Rng;
use crate::text::Text;

/// An address and what is known of it: one hop of `request.ipChain`.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) address: Text,
    pub(crate) v6: bool,
    pub(crate) town: &'static Town,
    pub(crate) network: &'static Network,
}

impl Origin {
    pub(crate) fn v4(octets: [u8; 4], town: &'static Town, network: &'static Network) -> Origin {
        let mut address = Text::default();
        // Writing to `Text` can't fail.
        let _ = write!(address, "{}", std::net::Ipv4Addr::from(octets));
        Origin { address, v6: false, town, network }
    }

    pub(crate) fn v6(bits: u128, town: &'static Town, network: &'static Network) -> Origin {
        let mut address = Text::default();
        let _ = write!(address, "{}", std::net::Ipv6Addr::from(bits));
        Origin { address, v6: true, town, network }
    }
}

/// A place of work with its own way out to the internet.
#[derive(Debug)]
pub(crate) struct Office {
    pub(crate) town: &'static Town,
    /// What `client.zone` says of somebody in it.
    pub(crate) zone: String,
    pub(crate) egress: Vec<Origin>,
}

/// An application of this organisation.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) id: Text,
    pub(crate) kind: &'static Application,
    /// The sign-on policy it has, as an index into [`Org::policies`].
    pub(crate) policy: usize,
}

impl App {
    /// The `displayName` of the application as a target: the integration's own name.
    pub(crate) fn display_name(&self) -> &'static str {
        match self.kind.sign_on {
            SignOn::Oidc if self.kind.name == "oidc_client" => "OpenID Connect Client",
            _ => self.kind.label,
        }
    }
}

/// A thing with an id and a name: a group, a policy, a zone, an agent.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) id: Text,
    pub(crate) name: String,
}

/// A policy with its rules.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) id: Text,
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) rules: Vec<Named>,
}

/// A program that calls Okta's API.
#[derive(Debug)]
pub(crate) struct Service {
    /// The account it acts as: a user for an API token, a client for OAuth.
    pub(crate) id: Text,
    pub(crate) name: &'static str,
    pub(crate) login: String,
    pub(crate) agent: UserAgent,
    pub(crate) origin: Origin,
    /// The API token it holds; none for an OAuth service app.
    pub(crate) token: Option<Text>,
}

/// A simulated Okta organisation.
#[derive(Debug)]
pub(crate) struct Org {
    pub(crate) name: &'static str,
    /// The mail domain.
    pub(crate) domain: &'static str,
    pub(crate) seed: u64,
    pub(crate) users: Vec<User>,
    /// Indexes of the administrators in `users`; never empty.
    pub(crate) admins: Vec<usize>,
    /// Indexes of those in `users` whose accounts nobody uses; only where there is a profile.
    pub(crate) dormant: Vec<usize>,
    pub(crate) offices: Vec<Office>,
    pub(crate) apps: Vec<App>,
    pub(crate) admin_console: App,
    pub(crate) groups: Vec<Named>,
    pub(crate) policies: Vec<Policy>,
    pub(crate) global_policy: Policy,
    pub(crate) zones: Vec<Named>,
    pub(crate) identity_providers: Vec<Named>,
    pub(crate) directory_agents: Vec<Named>,
    pub(crate) directories: Vec<Named>,
    pub(crate) services: Vec<Service>,
    pub(crate) hooks: Vec<Named>,
}

static COMPANIES: [(&str, &str); 6] = [
    ("Halden Freight", "haldenfreight.example"),
    ("Marisol Foods", "marisolfoods.example"),
    ("Bracken & Vale", "brackenvale.example"),
    ("Tessera Health", "tessera-health.example"),
    ("Ostrava Robotics", "ostrava-robotics.example"),
    ("Kiln Street Bank", "kilnstreet.example"),
];

static SERVICES: [(&str, bool); 11] = [
    ("svc-hr-sync", true),
    ("svc-terraform", true),
    ("svc-siem-export", true),
    ("svc-backup", true),
    ("svc-onboarding", true),
    ("svc-license-audit", true),
    ("svc-helpdesk-bot", true),
    ("Payments API", false),
    ("Order Orchestrator", false),
    ("Data Lake Loader", false),
    ("Identity Governance", false),
];

impl Org {
    /// The organisation of `seed` with `users` people (at least one).
    pub(crate) fn new(seed: u64, users: u32) -> Org {
        let mut rng = Rng::new(seed, "org");
        let (name, domain) = *rng.pick(&COMPANIES);
        let offices = offices(&mut rng, users);
        let policies = policies(&mut rng);
        let apps = APPLICATIONS
            .iter()
            .map(|kind| App {
                id: rng.id("0oa", 20),
                kind,
                policy: rng.below(policies.len() as u64) as usize,
            })
            .collect::<Vec<_>>();
        let admin_console = App { id: rng.id("0oa", 20), kind: &ADMIN_CONSOLE, policy: 0 };
        let global_policy = Policy {
            id: rng.id("00p", 20),
            name: "Default Policy",
            kind: "OktaSignOn",
            rules: vec![
                named(&mut rng, "0pr", "Password outside the offices"),
                named(&mut rng, "0pr", "Default Rule"),
            ],
        };
        let groups = groups(&mut rng);
        let services = services(&mut rng, domain);
        let (users, admins) = people::people(seed, users, domain, &offices, &apps);
        Org {
            name,
            domain,
            seed,
            users,
            admins,
            dormant: Vec::new(),
            offices,
            apps,
            admin_console,
            groups,
            policies,
            global_policy,
            zones: list(
                &mut rng,
                "nzo",
                &[
                    "Offices",
                    "VPN concentrators",
                    "BlockedIpZone",
                    "Embargoed countries",
                    "Partner networks",
                    "LegacyIpZone",
                ],
            ),
            identity_providers: list(
                &mut rng,
                "0oa",
                &["Partner Azure AD", "Acquired Co Google", "Contractor SAML IdP"],
            ),
            directory_agents: list(&mut rng, "a53", &["DC01.corp", "DC02.corp", "DC-APAC-01.corp"]),
            directories: list(&mut rng, "0oa", &["corp.local", "apac.corp.local"]),
            services,
            hooks: list(&mut rng, "who", &["Lifecycle to Workflows", "SIEM forwarder"]),
        }
    }

    /// One of the administrators.
    pub(crate) fn admin(&self, rng: &mut Rng) -> &User {
        let index = *rng.pick(&self.admins);
        self.users.get(index).unwrap_or_else(|| rng.pick(&self.users))
    }

    /// An application this person has; a new application for everybody when there is none.
    pub(crate) fn app_of(&self, user: &User, rng: &mut Rng) -> &App {
        let index = usize::from(*rng.pick_early(&user.apps));
        self.apps.get(index).unwrap_or(&self.admin_console)
    }

    /// The sign-on policy of an application.
    pub(crate) fn policy_of(&self, app: &App) -> &Policy {
        self.policies.get(app.policy).unwrap_or(&self.global_policy)
    }
}

fn named(rng: &mut Rng, prefix: &str, name: &str) -> Named {
    Named { id: rng.id(prefix, 20), name: name.to_owned() }
}

fn list(rng: &mut Rng, prefix: &str, names: &[&str]) -> Vec<Named> {
    names.iter().map(|name| named(rng, prefix, name)).collect()
}

/// Offices, each with two to four addresses of 192.0.2.0/24 (RFC 5737) and one of 2001:db8::/32.
fn offices(rng: &mut Rng, users: u32) -> Vec<Office> {
    let count = (3 + users / 600).min(12);
    let mut next_address = 10_u8;
    let mut offices: Vec<Office> = Vec::new();
    while offices.len() < count as usize {
        let town = rng.pick(places::TOWNS);
        if offices.iter().any(|office| office.town.city == town.city) {
            continue;
        }
        let network = rng.pick(places::OFFICE);
        let mut egress = Vec::new();
        for _ in 0..2 + rng.below(3) {
            egress.push(Origin::v4([192, 0, 2, next_address], town, network));
            next_address += 1;
        }
        let site = 0x2001_0db8_00f0_u128 + offices.len() as u128;
        egress.push(Origin::v6((site << 80) | 0x1, town, network));
        offices.push(Office { town, zone: format!("{} office", town.city), egress });
    }
    offices
}

fn policies(rng: &mut Rng) -> Vec<Policy> {
    [
        ("Any two factors", ["Two factors outside the offices", "Catch-all Rule"]),
        ("Phishing resistant", ["FastPass on managed devices", "Catch-all Rule"]),
        ("Password only", ["Known networks", "Catch-all Rule"]),
        ("Finance and payroll", ["Hardware key or FastPass", "Deny everything else"]),
        ("Microsoft Office 365", ["Modern authentication", "Deny legacy authentication"]),
    ]
    .into_iter()
    .map(|(name, rules)| Policy {
        id: rng.id("rst", 20),
        name,
        kind: "AccessPolicy",
        rules: list(rng, "rul", &rules),
    })
    .collect()
}

fn groups(rng: &mut Rng) -> Vec<Named> {
    let mut groups = list(
        rng,
        "00g",
        &[
            "Everyone",
            "All Employees",
            "Contractors",
            "VPN Users",
            "MFA Enforced",
            "GitHub – Write",
            "AWS – ReadOnly",
            "AWS – PowerUser",
            "Okta Administrators",
            "Helpdesk",
            "Privileged Access (Break Glass)",
            "Équipe Paris",
        ],
    );
    for department in apps::Department::ALL {
        groups.push(named(rng, "00g", department.name()));
    }
    groups
}

/// Service accounts, which send from 198.51.100.0/24 (RFC 5737).
fn services(rng: &mut Rng, domain: &str) -> Vec<Service> {
    let mut services = Vec::new();
    for (number, (name, has_token)) in SERVICES.into_iter().enumerate() {
        let town = rng.pick(places::DATA_CENTRES.get(..3).unwrap_or(places::DATA_CENTRES));
        let network = rng.pick(places::CLOUDS);
        let host = 20 + number as u8;
        services.push(Service {
            id: if has_token { rng.id("00u", 20) } else { rng.id("0oa", 20) },
            name,
            login: if has_token { format!("{name}@{domain}") } else { name.to_owned() },
            agent: UserAgent::script(*rng.pick(agents::SCRIPTS)),
            origin: Origin::v4([198, 51, 100, host], town, network),
            token: has_token.then(|| rng.id("00T", 20)),
        });
    }
    services
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_organisation() {
        let show = |seed| format!("{:?}", Org::new(seed, 300));
        assert_eq!(show(7), show(7));
        assert_ne!(show(7), show(8));
    }

    #[test]
    fn people_have_what_they_need() {
        let org = Org::new(3, 900);
        assert_eq!(org.users.len(), 900);
        assert!((3..=40).contains(&org.admins.len()), "{}", org.admins.len());
        let mut logins: Vec<&str> = org.users.iter().map(|user| user.login.as_str()).collect();
        logins.sort_unstable();
        logins.dedup();
        assert_eq!(logins.len(), 900);
        for user in &org.users {
            assert!(user.login.is_ascii(), "{}", user.login);
            assert!((1..=3).contains(&user.devices.len()));
            assert!(user.apps.len() >= 5);
        }
        let beyond_ascii = org.users.iter().filter(|user| !user.name.is_ascii()).count();
        assert!(beyond_ascii > 90, "{beyond_ascii}");
    }
}
