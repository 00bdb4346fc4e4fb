//! Who may push: intake keys, and the event hooks that Okta calls.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::http::HeaderName;
use engine::Origin;

use crate::secret::Digest;

/// Which intake a key belongs to.
pub trait Keys: Send + Sync {
    /// The origin of what is pushed with the key of this digest, if there is such a key. How long
    /// this takes must not tell how near a digest is to one that there is.
    fn intake(&self, digest: &Digest) -> Option<Arc<Origin>>;

    /// The origin of what is pushed to the intake of this name, if there is one that is pushed to:
    /// API tokens may be for an intake.
    fn origin(&self, intake: &str) -> Option<Arc<Origin>> {
        let _ = intake;
        None
    }
}

/// Which event hooks there are.
pub trait HookRegistry: Send + Sync {
    /// The hook that is called at `/hooks/NAME`.
    fn hook(&self, name: &str) -> Option<Hook>;
}

/// An event hook: what Okta has to send along, and whose events come this way.
#[derive(Clone, Debug)]
pub struct Hook {
    header: HeaderName,
    secret: Digest,
    origin: Arc<Origin>,
}

impl Hook {
    /// A hook whose calls carry `secret` as the header `header`; `None` when no header can have
    /// that name.
    #[must_use]
    pub fn new(header: &str, secret: &[u8], origin: Arc<Origin>) -> Option<Self> {
        let header = HeaderName::try_from(header).ok()?;
        Some(Self { header, secret: Digest::of(secret), origin })
    }

    /// The name of the header.
    #[must_use]
    pub fn header(&self) -> &HeaderName {
        &self.header
    }

    /// Where the events come from.
    #[must_use]
    pub fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// Whether `value` is what has to be in the header.
    #[must_use]
    pub fn admits(&self, value: &[u8]) -> bool {
        self.secret.matches(&Digest::of(value))
    }
}

/// Keys that can be exchanged for others at any time.
#[derive(Debug, Default)]
pub struct KeyRing {
    keys: RwLock<Arc<[Key]>>,
    intakes: RwLock<Arc<[Arc<Origin>]>>,
}

/// A key, and where events come from that are pushed with it.
pub type Key = (Digest, Arc<Origin>);

impl KeyRing {
    /// Takes these keys instead of those before.
    pub fn replace(&self, keys: impl IntoIterator<Item = Key>) {
        let keys = keys.into_iter().collect();
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// Takes these intakes for API tokens instead of those before.
    pub fn replace_intakes(&self, intakes: impl IntoIterator<Item = Arc<Origin>>) {
        let intakes = intakes.into_iter().collect();
        *self.intakes.write().unwrap_or_else(PoisonError::into_inner) = intakes;
    }
}

impl Keys for KeyRing {
    fn intake(&self, digest: &Digest) -> Option<Arc<Origin>> {
        let keys = Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner));
        // All are looked at, whichever it is.
        let mut found = None;
        for (key, origin) in keys.iter() {
            if key.matches(digest) {
                found = Some(origin);
            }
        }
        found.cloned()
    }

    fn origin(&self, intake: &str) -> Option<Arc<Origin>> {
        let intakes = self.intakes.read().unwrap_or_else(PoisonError::into_inner);
        intakes.iter().find(|origin| origin.intake == intake).cloned()
    }
}

/// Event hooks that can be exchanged for others at any time.
#[derive(Debug, Default)]
pub struct HookTable(RwLock<HashMap<String, Hook>>);

impl HookTable {
    /// Takes these hooks, by name, instead of those before.
    pub fn replace(&self, hooks: impl IntoIterator<Item = (String, Hook)>) {
        let hooks = hooks.into_iter().collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = hooks;
    }
}

impl HookRegistry for HookTable {
    fn hook(&self, name: &str) -> Option<Hook> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_last_exchange() {
        let origin = |name: &str| Arc::new(Origin { intake: name.to_owned(), ..Origin::default() });
        let ring = KeyRing::default();
        let intake = |key: &[u8]| ring.intake(&Digest::of(key)).map(|origin| origin.intake.clone());
        assert_eq!(intake(b"one"), None);
        ring.replace([(Digest::of(b"one"), origin("a")), (Digest::of(b"two"), origin("b"))]);
        assert_eq!(intake(b"one").as_deref(), Some("a"));
        assert_eq!(intake(b"two").as_deref(), Some("b"));
        assert_eq!(intake(b""), None);
        ring.replace([(Digest::of(b"two"), origin("b"))]);
        assert_eq!(intake(b"one"), None);
        assert_eq!(intake(b"two").as_deref(), Some("b"));
    }

    #[test]
    fn hooks_keep_their_secret() {
        let hook = Hook::new("Authorization", b"s3cret", Arc::default()).unwrap();
        assert!(hook.admits(b"s3cret") && !hook.admits(b"s3cre") && !hook.admits(b""));
        assert!(!format!("{hook:?}").contains("s3cret"));
        assert!(Hook::new("a b", b"", Arc::default()).is_none());
    }
}
