//! What goes wrong: each attack a module, with its path through ATT&CK.
//!
//! An attack's `run` lets one instance happen from a given time on, varied by chance, and says who
//! took part. Everything it does is over within three hours.

mod admin_takeover;
mod application_tampering;
pub(crate) mod attacker;
mod brute_force;
mod factors_deactivated;
mod fastpass_phishing;
mod idp_backdoor;
mod insider_deactivation;
mod malware_user_agents;
mod mfa_bypass;
mod mfa_fatigue;
mod password_spray;
mod policy_weakening;
mod session_replay;
mod stolen_api_token;
mod support_impersonation;
mod suspicious_activity_reported;

pub use attacker::Indicators;

use crate::stage::Stage;
use crate::truth::Cast;

/// One step of an attack: a tactic and a technique of MITRE ATT&CK for Enterprise.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Step {
    /// The tactic's short name, such as `credential-access`.
    pub tactic: &'static str,
    /// The technique's id, such as `T1110.003`.
    pub technique: &'static str,
}

macro_rules! attacks {
    ($($variant:ident $module:ident $text:literal [$($tactic:literal $technique:literal),*];)*) => {
        /// An attack the simulation knows.
        #[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum Attack {
            $(#[doc = $text] $variant,)*
        }

        impl Attack {
            /// Every attack.
            pub const ALL: &[Attack] = &[$(Attack::$variant),*];

            /// The name, as it stands in the truth file and on the command line.
            pub fn name(self) -> &'static str {
                match self {
                    $(Attack::$variant => stringify!($module),)*
                }
            }

            /// What happens, in a line.
            pub fn description(self) -> &'static str {
                match self {
                    $(Attack::$variant => $text,)*
                }
            }

            /// The steps it takes, in order.
            pub fn path(self) -> &'static [Step] {
                match self {
                    $(Attack::$variant => &[$(Step { tactic: $tactic, technique: $technique }),*],)*
                }
            }

            pub(crate) fn run(self, stage: &mut Stage<'_, '_>, at: i64) -> Cast {
                match self {
                    $(Attack::$variant => $module::run(stage, at),)*
                }
            }
        }
    };
}

attacks! {
    BruteForce brute_force "Passwords are tried for one account until it is locked."
        ["credential-access" "T1110.001", "impact" "T1531"];
    PasswordSpray password_spray "A few passwords are tried for many accounts from several addresses; one fits."
        ["credential-access" "T1110.003", "initial-access" "T1078.004"];
    MfaFatigue mfa_fatigue "Pushes are sent until the user gives in."
        ["initial-access" "T1078.004", "credential-access" "T1621"];
    SessionReplay session_replay "A stolen session cookie is used from another country and browser."
        ["credential-access" "T1539", "lateral-movement" "T1550.004"];
    AdminTakeover admin_takeover "The help desk resets an administrator's factors for a caller, who grants rights and makes an API token."
        ["initial-access" "T1566.004", "persistence" "T1556.006", "initial-access" "T1078.004", "privilege-escalation" "T1098.003", "persistence" "T1098.001", "lateral-movement" "T1550.001"];
    IdpBackdoor idp_backdoor "An identity provider of the attacker's is trusted, and used to become somebody else."
        ["privilege-escalation" "T1484.002", "persistence" "T1556.007", "lateral-movement" "T1550"];
    PolicyWeakening policy_weakening "Policies, zones and block lists are loosened."
        ["defense-evasion" "T1556.009", "defense-evasion" "T1484", "defense-evasion" "T1562.007"];
    ApplicationTampering application_tampering "Applications are redirected, then deleted."
        ["persistence" "T1098", "impact" "T1485"];
    FactorsDeactivated factors_deactivated "Second factors of several people, then of everybody, are switched off."
        ["defense-evasion" "T1556.006", "defense-evasion" "T1562.001"];
    FastpassPhishing fastpass_phishing "A phishing page relays the sign-in; FastPass notices."
        ["initial-access" "T1566.002", "credential-access" "T1557"];
    SupportImpersonation support_impersonation "Access for Okta support is granted and used."
        ["initial-access" "T1199", "privilege-escalation" "T1548"];
    SuspiciousActivityReported suspicious_activity_reported "A user reports a sign-in that was not theirs."
        ["initial-access" "T1078.004"];
    MalwareUserAgents malware_user_agents "Implants talk to the API under their tell-tale names, and an account called martinstevens appears."
        ["command-and-control" "T1071.001", "persistence" "T1136.003"];
    InsiderDeactivation insider_deactivation "An administrator on the way out deactivates colleagues and revokes tokens."
        ["impact" "T1531"];
    MfaBypass mfa_bypass "A valid password meets the second factor, which is then tried around."
        ["initial-access" "T1078.004", "credential-access" "T1111", "discovery" "T1538"];
    StolenApiToken stolen_api_token "A service's API token works from an address it never had."
        ["credential-access" "T1528", "lateral-movement" "T1550.001", "discovery" "T1087.004"];
}

impl std::fmt::Display for Attack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The name of no attack.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnknownAttack(String);

impl std::fmt::Display for UnknownAttack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no attack is called {:?}, choose from:", self.0)?;
        for attack in Attack::ALL {
            write!(f, " {attack}")?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownAttack {}

impl std::str::FromStr for Attack {
    type Err = UnknownAttack;

    fn from_str(name: &str) -> Result<Attack, UnknownAttack> {
        Attack::ALL
            .iter()
            .find(|attack| attack.name() == name)
            .copied()
            .ok_or_else(|| UnknownAttack(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for &attack in Attack::ALL {
            assert_eq!(attack.name().parse(), Ok(attack));
            assert!(!attack.path().is_empty());
        }
        let error = "phishing".parse::<Attack>().unwrap_err();
        assert!(
            error.to_string().starts_with("no attack is called \"phishing\", choose from: brute")
        );
    }
}
