//! Secrets that are made here: 256 random bits each, with a beginning that tells what it is.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use crate::secret::Digest;

/// What API tokens begin with, so that one is recognised wherever it turns up.
pub const TOKEN_PREFIX: &str = "wgt_";
/// What the token in a setup link begins with.
pub(super) const SETUP_PREFIX: &str = "wgs_";

/// The system gives no random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoRandomness;

/// A secret that nobody can guess, and the digest by which it is known again.
pub(super) fn make(prefix: &str) -> Result<(String, Digest), NoRandomness> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
    let secret = format!("{prefix}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes));
    let digest = Digest::of(secret.as_bytes());
    Ok((secret, digest))
}

/// An API token and its digest.
///
/// # Errors
///
/// When the system gives no random numbers.
pub fn make_token() -> Result<(String, Digest), NoRandomness> {
    make(TOKEN_PREFIX)
}

/// What a page has to send along to show that it can read what the server answers. It is made from
/// the id of the session, which cannot be found from it.
pub(super) fn csrf_token(session: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, session.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key, b"wardgate csrf"))
}

/// Whether `sent` is the token of `session`, in a time that does not tell how near it is.
pub(super) fn is_csrf_token(session: &str, sent: &[u8]) -> bool {
    Digest::of(csrf_token(session).as_bytes()).matches(&Digest::of(sent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_are_known_again() {
        let (one, digest) = make_token().unwrap();
        let (other, _) = make_token().unwrap();
        assert!(one.starts_with("wgt_") && one.len() == 4 + 43 && one != other);
        assert!(Digest::of(one.as_bytes()).matches(&digest));
    }

    #[test]
    fn a_csrf_token_belongs_to_one_session() {
        let token = csrf_token("one");
        assert!(is_csrf_token("one", token.as_bytes()));
        assert!(!is_csrf_token("two", token.as_bytes()));
        assert!(!is_csrf_token("one", b""));
        assert_ne!(token, "one");
    }
}
