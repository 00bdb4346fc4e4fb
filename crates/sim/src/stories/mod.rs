//! Attacks from the first attempt to what they were for, with their paths through ATT&CK: the
//! ground truth that detection is measured with.
//!
//! A story differs from an [`Attack`](crate::Attack) in that it only happens when it is asked for,
//! has several steps, is told to nobody's rules, and leaves nothing behind that tells it from
//! ordinary life but what was done: addresses, browsers and names vary with the seed and come from
//! where those of ordinary people come from. A story is over within two days.

mod administration;
mod credentials;
mod directories;
mod factors;
mod intruder;
mod sessions;
mod tokens;

use crate::attacks::Step;
use crate::stage::Stage;
use crate::truth::Cast;

macro_rules! stories {
    ($($variant:ident $module:ident::$name:ident $text:literal [$($tactic:literal $technique:literal),*];)*) => {
        /// A story the simulation can tell.
        #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum Story {
            $(#[doc = $text] $variant,)*
        }

        impl Story {
            /// Every story.
            pub const ALL: &[Story] = &[$(Story::$variant),*];

            /// The name, as it stands in the truth file and on the command line.
            pub fn name(self) -> &'static str {
                match self {
                    $(Story::$variant => stringify!($name),)*
                }
            }

            /// What happens, in a line.
            pub fn description(self) -> &'static str {
                match self {
                    $(Story::$variant => $text,)*
                }
            }

            /// The steps it takes, in order.
            pub fn path(self) -> &'static [Step] {
                match self {
                    $(Story::$variant => &[$(Step { tactic: $tactic, technique: $technique }),*],)*
                }
            }

            pub(crate) fn run(self, stage: &mut Stage<'_, '_>, at: i64) -> Cast {
                match self {
                    $(Story::$variant => $module::$name(stage, at),)*
                }
            }
        }
    };
}

stories! {
    SprayAndEnrol credentials::spray_and_enrol "Few passwords for many accounts; one fits, and the attacker enrols a factor."
        ["credential-access" "T1110.003", "initial-access" "T1078.004", "persistence" "T1556.006"];
    PasswordGuessing credentials::password_guessing "Many passwords for one account until one fits."
        ["credential-access" "T1110.001", "initial-access" "T1078.004", "persistence" "T1098"];
    CredentialStuffing credentials::credential_stuffing "Leaked pairs of name and password, each from another address."
        ["credential-access" "T1110.004", "initial-access" "T1078.004", "collection" "T1213"];
    PasswordAsName credentials::password_as_name "A password typed into the field of the name is read in the log and used."
        ["credential-access" "T1552.001", "initial-access" "T1078.004", "collection" "T1213"];
    LongName credentials::long_name "An account with a long name lets in whoever asks while the directory is away."
        ["initial-access" "T1190", "credential-access" "T1556", "collection" "T1213"];
    RecoveryHijack credentials::recovery_hijack "The attacker answers the password recovery, and locks the owner out."
        ["credential-access" "T1111", "initial-access" "T1078.004", "persistence" "T1556.006", "impact" "T1531"];
    PushFlood factors::push_flood "Pushes until one is accepted."
        ["initial-access" "T1078.004", "credential-access" "T1621", "collection" "T1213"];
    HelpDeskReset factors::help_desk_reset "The help desk resets an administrator's factors for a caller abroad."
        ["initial-access" "T1566.004", "persistence" "T1556.006", "initial-access" "T1078.004", "privilege-escalation" "T1098.003"];
    FactorRemoved factors::factor_removed "A stolen session takes the second factor off the account."
        ["lateral-movement" "T1550.004", "defense-evasion" "T1556.006", "initial-access" "T1078.004"];
    FactorsReset factors::factors_reset "The factors of many people are reset in a row."
        ["initial-access" "T1078.004", "defense-evasion" "T1556.006", "persistence" "T1098"];
    PhishedSession sessions::phished_session "A page in the middle takes the session of a whole sign-in."
        ["initial-access" "T1566.002", "credential-access" "T1557", "lateral-movement" "T1550.004", "collection" "T1114.002"];
    CookieReplay sessions::cookie_replay "Malware takes a session cookie, which goes on elsewhere."
        ["credential-access" "T1539", "lateral-movement" "T1550.004", "collection" "T1213"];
    ImpossibleTravel sessions::impossible_travel "Two sign-ins, farther apart than anybody travels."
        ["initial-access" "T1078.004", "discovery" "T1526", "collection" "T1213"];
    TorSignIn sessions::tor_sign_in "Sign-ins through Tor, with another exit each time."
        ["command-and-control" "T1090.003", "initial-access" "T1078.004", "collection" "T1213"];
    FirstCountry sessions::first_country "A sign-in from where nobody has been; the address for recovery is changed."
        ["initial-access" "T1078.004", "persistence" "T1098", "collection" "T1114.002"];
    DormantAccount sessions::dormant_account "An account that nobody has used for weeks awakes."
        ["initial-access" "T1078.004", "persistence" "T1556.006", "discovery" "T1526"];
    ApplicationSpree sessions::application_spree "After a sign-in everything on the dashboard is opened."
        ["initial-access" "T1078.004", "discovery" "T1526", "collection" "T1213"];
    InsiderLeaving sessions::insider_leaving "Somebody on the way out looks at everything once more, and at passwords."
        ["discovery" "T1526", "credential-access" "T1555", "collection" "T1213"];
    RefreshTokenReuse tokens::refresh_token_reuse "A stolen refresh token meets the one that followed it."
        ["credential-access" "T1528", "lateral-movement" "T1550.001"];
    TokenPlanted tokens::token_planted "An administrator's session makes an API token, which works elsewhere."
        ["initial-access" "T1078.004", "persistence" "T1098.001", "lateral-movement" "T1550.001", "discovery" "T1087.004"];
    TokenElsewhere tokens::token_elsewhere "A service's API token is used from outside its network."
        ["credential-access" "T1552.001", "lateral-movement" "T1550.001", "persistence" "T1098"];
    ScopesDenied tokens::scopes_denied "A stolen client tries for scopes it does not have."
        ["credential-access" "T1552.001", "discovery" "T1526", "privilege-escalation" "T1098.003"];
    SecretRead tokens::secret_read "A client secret is read in the console and used elsewhere."
        ["initial-access" "T1078.004", "credential-access" "T1528", "lateral-movement" "T1550.001"];
    LimitExhausted tokens::limit_exhausted "The directory is copied through the API until the limits stop it."
        ["lateral-movement" "T1550.001", "discovery" "T1087.004", "impact" "T1499.003"];
    ForeignIdp directories::foreign_idp "A new identity provider vouches for other people's accounts."
        ["initial-access" "T1078.004", "privilege-escalation" "T1484.002", "lateral-movement" "T1550"];
    PasswordCapture directories::password_capture "Provisioning to an address of the attacker's hands over passwords."
        ["initial-access" "T1078.004", "persistence" "T1098", "credential-access" "T1556.007"];
    RogueAgent directories::rogue_agent "A directory agent of the attacker's checks passwords."
        ["initial-access" "T1078.004", "persistence" "T1556.007", "credential-access" "T1556"];
    PolicyWeakened administration::policy_weakened "A sign-on policy asks for one factor instead of two."
        ["initial-access" "T1078.004", "defense-evasion" "T1556.009", "lateral-movement" "T1550"];
    DefencesOff administration::defences_off "Policies, zones and applications are switched off in a burst."
        ["initial-access" "T1078.004", "defense-evasion" "T1562.007", "defense-evasion" "T1484", "impact" "T1489"];
    LogsOff administration::logs_off "Log stream and event hook are removed before the work begins."
        ["initial-access" "T1078.004", "defense-evasion" "T1562.008", "privilege-escalation" "T1098.003"];
    SupportAbuse administration::support_abuse "Access for support is granted, extended and abused."
        ["initial-access" "T1199", "privilege-escalation" "T1548", "persistence" "T1098"];
    NightShift administration::night_shift "An administrator's account makes itself at home at night."
        ["initial-access" "T1078.004", "persistence" "T1136.003", "privilege-escalation" "T1098.003"];
    BulkAccess administration::bulk_access "Many people are put into groups and applications."
        ["initial-access" "T1078.004", "privilege-escalation" "T1098", "collection" "T1213"];
    MassDeactivation administration::mass_deactivation "Accounts are deactivated and deleted one after the other."
        ["initial-access" "T1078.004", "impact" "T1531"];
    TrustWeakened administration::trust_weakened "What a device has to be like no longer matters."
        ["initial-access" "T1078.004", "defense-evasion" "T1562.001", "defense-evasion" "T1556.006"];
    RoleToGroup administration::role_to_group "A group becomes an administrator, then gets members."
        ["initial-access" "T1078.004", "privilege-escalation" "T1098.003", "persistence" "T1098"];
    CustomRole administration::custom_role "A role with an innocent name can reset everybody's factors."
        ["initial-access" "T1078.004", "privilege-escalation" "T1098.003", "defense-evasion" "T1556.006"];
}

impl Story {
    /// Whether it needs time before it in which nothing happens.
    pub(crate) fn is_late(self) -> bool {
        self == Story::DormantAccount
    }
}

impl std::fmt::Display for Story {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The name of no story.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnknownStory(String);

impl std::fmt::Display for UnknownStory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no story is called {:?}, choose from:", self.0)?;
        for story in Story::ALL {
            write!(f, " {story}")?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownStory {}

impl std::str::FromStr for Story {
    type Err = UnknownStory;

    fn from_str(name: &str) -> Result<Story, UnknownStory> {
        let named = Story::ALL.iter().find(|story| story.name() == name);
        named.copied().ok_or_else(|| UnknownStory(name.to_owned()))
    }
}
