//! Comparing secrets by their digests.

use std::hint::black_box;

/// The SHA-256 digest of a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `secret`.
    #[must_use]
    pub fn of(secret: &[u8]) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, secret);
        Self(digest.as_ref().try_into().unwrap_or_default())
    }

    /// A digest from where it is stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are the same, in a time that does not depend on where they differ.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        let differences =
            self.0.iter().zip(&other.0).fold(0, |all, (one, other)| all | (one ^ other));
        black_box(differences) == 0
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Digest(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_match_when_all_their_bytes_do() {
        let digest = Digest::of(b"abc");
        assert!(digest.as_bytes().starts_with(&[0xBA, 0x78, 0x16, 0xBF]));
        for at in 0..32 {
            let mut other = *digest.as_bytes();
            other[at] ^= 1;
            assert!(!digest.matches(&Digest::from_bytes(other)));
        }
        assert!(digest.matches(&Digest::of(b"abc")));
        assert_eq!(format!("{digest:?}"), "Digest(..)");
    }
}
