//! Who acts, and what is acted upon.

use crate::org::{App, Named, Service, User};

/// `actor`, or one of the `target`s.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Party<'a> {
    pub(crate) id: &'a str,
    pub(crate) kind: &'static str,
    pub(crate) alternate_id: &'a str,
    pub(crate) display_name: &'a str,
}

/// Okta itself, acting on its own.
pub(crate) static SYSTEM: Party<'static> = Party {
    id: "00u1l0ysystemOkta297",
    kind: "SystemPrincipal",
    alternate_id: "system@okta.com",
    display_name: "Okta System",
};

/// Somebody who has not said who they are, or whom Okta does not know.
pub(crate) static UNKNOWN: Party<'static> =
    Party { id: "unknown", kind: "User", alternate_id: "unknown", display_name: "unknown" };

impl<'a> Party<'a> {
    pub(crate) fn new(
        kind: &'static str,
        id: &'a str,
        alternate_id: &'a str,
        name: &'a str,
    ) -> Self {
        Party { id, kind, alternate_id, display_name: name }
    }

    /// Anything whose alternate id Okta does not tell.
    pub(crate) fn named(kind: &'static str, thing: &'a Named) -> Self {
        Party::new(kind, thing.id.as_str(), "unknown", &thing.name)
    }
}

impl User {
    pub(crate) fn party(&self) -> Party<'_> {
        Party::new("User", self.id.as_str(), &self.login, &self.name)
    }

    pub(crate) fn app_user(&self) -> Party<'_> {
        Party::new("AppUser", self.id.as_str(), &self.login, &self.name)
    }
}

impl App {
    pub(crate) fn party(&self) -> Party<'_> {
        Party::new("AppInstance", self.id.as_str(), self.kind.label, self.display_name())
    }
}

impl Service {
    pub(crate) fn party(&self) -> Party<'_> {
        let kind = if self.token.is_some() { "User" } else { "PublicClientApp" };
        Party::new(kind, self.id.as_str(), &self.login, self.name)
    }
}
