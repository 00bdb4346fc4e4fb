//! What a browser keeps while somebody signs in elsewhere: sealed, so that it can neither be read
//! nor changed there.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};

use crate::{Error, random};

/// The longest sealed text that is opened.
const LONGEST: usize = 4096;

/// What has to be known again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
    pub(crate) return_to: String,
    /// In seconds since 1970.
    pub(crate) expires: i64,
}

/// A key that lives as long as the program.
pub(crate) struct Seal(LessSafeKey);

impl Seal {
    pub(crate) fn new() -> Result<Self, Error> {
        let key = random::bytes::<32>()?;
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key).map_err(|_| Error::NoRandomness)?;
        Ok(Self(LessSafeKey::new(key)))
    }

    pub(crate) fn seal(&self, pending: &Pending) -> Result<String, Error> {
        let nonce = random::bytes::<12>()?;
        let mut text = serde_json::to_vec(pending).unwrap_or_default();
        let unique = Nonce::assume_unique_for_key(nonce);
        let sealed = self.0.seal_in_place_append_tag(unique, Aad::empty(), &mut text);
        sealed.map_err(|_| Error::NoRandomness)?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode([nonce.as_slice(), &text].concat()))
    }

    /// What was sealed; `None` if it was not sealed with this key, or was changed.
    pub(crate) fn open(&self, sealed: &str) -> Option<Pending> {
        if sealed.len() > LONGEST {
            return None;
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, text) = bytes.split_first_chunk::<12>()?;
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let text = self.0.open_in_place(nonce, Aad::empty(), &mut text).ok()?;
        serde_json::from_slice(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_is_opened_unless_it_was_changed() {
        let pending = Pending {
            state: "s".into(),
            nonce: "n".into(),
            verifier: "v".into(),
            return_to: "/alerts?x=é".into(),
            expires: 7,
        };
        let (one, other) = (Seal::new().unwrap(), Seal::new().unwrap());
        let sealed = one.seal(&pending).unwrap();
        assert_eq!(one.open(&sealed), Some(pending.clone()));
        assert_ne!(one.seal(&pending).unwrap(), sealed);
        assert_eq!(other.open(&sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(one.open(&changed).is_none_or(|opened| opened == pending), "{at}");
        }
        for bad in ["", "x", "AAAA", &"A".repeat(5000), "é"] {
            assert_eq!(one.open(bad), None);
        }
    }
}
