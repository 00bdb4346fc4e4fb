//! Organisations with other habits.

use super::{Factor, Office, Org, Origin, places};
use crate::rng::Rng;

/// The habits of an organisation: where people work from, how they sign in, what happens often.
///
/// An organisation without a profile is the one that earlier versions wrote, byte for byte.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Profile {
    /// Offices and homes, laptops, a help desk, a merger: what rules may be tuned with.
    Office,
    /// Shops and a small head office: shifts, shared machines behind one address, text messages,
    /// many who come and go. For measuring only.
    Retail,
}

impl Profile {
    /// Every profile.
    pub const ALL: &[Profile] = &[Profile::Office, Profile::Retail];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Office => "office",
            Profile::Retail => "retail",
        }
    }

    /// Gives `org` these habits.
    pub(crate) fn shape(self, org: &mut Org) {
        let mut rng = Rng::new(org.seed, self.name());
        if self == Profile::Retail {
            shops(org, &mut rng);
        }
        for user in &mut org.users {
            if user.administrator {
                continue;
            }
            // Accounts of people on leave, and of those who were forgotten.
            if rng.chance(12) {
                user.dormant = true;
                org.dormant.push(user.index);
            }
            // Outside staff have their agency in the name.
            if rng.chance(15) {
                let agency =
                    *rng.pick(&["temporary-workforce", "external-consulting", "contractor"]);
                user.login =
                    user.login.replacen('@', &format!(".{agency}.partner-{}@", user.index), 1);
                while user.login.len() <= 52 {
                    user.login = user.login.replacen('@', ".external@", 1);
                }
                user.directory = true;
            }
        }
    }
}

/// Most people work in shops: one address each, shifts, phones of their own or none.
fn shops(org: &mut Org, rng: &mut Rng) {
    let count = (org.users.len() / 30).clamp(2, 200);
    org.offices = (0..count)
        .map(|number| {
            let town = rng.pick(places::TOWNS);
            let network = places::HOME.iter().find(|network| network.country == town.country);
            let network = network.unwrap_or_else(|| rng.pick(places::OFFICE));
            Office {
                town,
                zone: format!("Shop {:03}", number + 1),
                egress: vec![Origin::v4([192, 0, 2, number as u8 + 10], town, network)],
            }
        })
        .collect();
    for user in &mut org.users {
        let office = rng.below(count as u64) as usize;
        if user.administrator || rng.chance(150) {
            user.office = office.min(1);
            continue;
        }
        user.office = office;
        if let Some(office) = org.offices.get(office) {
            user.home.town = office.town;
            user.mobile.town = office.town;
        }
        user.proxy = None;
        user.office_days = 5;
        user.weekends = true;
        user.directory = rng.chance(800);
        user.begins = *rng.pick(&[5, 6, 8, 9, 12, 13, 14]);
        user.apps.truncate(6);
        user.factor = match rng.below(100) {
            0..45 => Factor::Sms,
            45..60 => Factor::Email,
            60..80 => Factor::Push,
            _ => Factor::Totp,
        };
    }
}

impl std::fmt::Display for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The name of no profile.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnknownProfile(String);

impl std::fmt::Display for UnknownProfile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no profile is called {:?}, choose from: office retail", self.0)
    }
}

impl std::error::Error for UnknownProfile {}

impl std::str::FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Profile, UnknownProfile> {
        let named = Profile::ALL.iter().find(|profile| profile.name() == name);
        named.copied().ok_or_else(|| UnknownProfile(name.to_owned()))
    }
}
