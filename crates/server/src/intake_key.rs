//! Making keys of intakes.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};

use crate::secret::Digest;

/// What every key begins with, so that one is recognised wherever it turns up.
const PREFIX: &str = "wgi_";

/// A key of an intake that was made just now. It is shown once; what is kept is its digest.
pub struct NewIntakeKey(String);

impl NewIntakeKey {
    /// Makes one; `None` when the system gives no random numbers.
    #[must_use]
    pub fn make() -> Option<Self> {
        let mut random = [0; 32];
        SystemRandom::new().fill(&mut random).ok()?;
        Some(Self(format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(random))))
    }

    /// The key.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_long_and_never_the_same() {
        let [one, other] = [(); 2].map(|()| NewIntakeKey::make().unwrap());
        assert_ne!(one.text(), other.text());
        assert_eq!(one.text().len(), PREFIX.len() + 43);
    }
}
