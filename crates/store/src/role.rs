//! What somebody may do, and an API token.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What somebody may do. Each role may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads: events, alerts, rules.
    Viewer,
    /// Works alerts, and keeps exceptions, indicators and saved searches.
    Analyst,
    /// Changes what is collected, detected and kept, and who may come in.
    Admin,
}

impl Role {
    /// The roles, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Analyst, Self::Admin];

    /// Its name, in the API, the store and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Analyst => "analyst",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A word that is no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected viewer, analyst or admin")]
pub struct NoRole;

impl FromStr for Role {
    type Err = NoRole;

    fn from_str(name: &str) -> Result<Self, NoRole> {
        Self::ALL.into_iter().find(|role| role.name() == name).ok_or(NoRole)
    }
}

/// What an API token lets its holder do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenRole {
    /// What somebody with this role may do, and never more than its owner may.
    Role(Role),
    /// Push events to the intake of this name, and nothing else.
    Intake(String),
}

impl TokenRole {
    /// Its name, in the API, the store and on the command line.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Role(role) => role.name(),
            Self::Intake(_) => "intake",
        }
    }

    /// The intake that it lets push to, if it is one of those.
    #[must_use]
    pub fn intake(&self) -> Option<&str> {
        match self {
            Self::Role(_) => None,
            Self::Intake(intake) => Some(intake),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_ordered_and_named() {
        assert!(Role::Viewer < Role::Analyst && Role::Analyst < Role::Admin);
        for role in Role::ALL {
            assert_eq!(role.to_string().parse(), Ok(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.name());
        }
        assert_eq!("Admin".parse::<Role>(), Err(NoRole));
    }
}
