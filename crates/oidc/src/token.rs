//! Checking ID tokens (OpenID Connect Core 1.0, 3.1.3.7).

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::keys::{Algorithm, Keys};
use crate::random::is_same;

/// The most bytes of a token.
const LONGEST: usize = 64 << 10;
/// How far apart two clocks may be, in seconds.
const LEEWAY: i64 = 60;

/// What a provider says about somebody, by the names of the claims.
pub type Claims = Map<String, Value>;

/// What a token has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected<'a> {
    /// Who has signed it.
    pub issuer: &'a str,
    /// Whom it is for.
    pub client_id: &'a str,
    /// What was sent along when it was asked for.
    pub nonce: &'a str,
    /// The time, in seconds since 1970.
    pub now: i64,
}

/// Why a token does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// It is no JSON Web Token.
    #[error("it is no JSON Web Token")]
    Malformed,
    /// It is signed in a way that is not taken, or not at all.
    #[error("it is not signed with RS, PS or ES 256 to 512, or EdDSA")]
    Algorithm,
    /// The provider has no such key.
    #[error("the provider has no key for it")]
    UnknownKey,
    /// It was signed by somebody else, or changed.
    #[error("the signature is not the provider's")]
    Signature,
    /// It is of another provider.
    #[error("it is of another issuer")]
    Issuer,
    /// It is for somebody else.
    #[error("it is for another client")]
    Audience,
    /// It has expired, or is not valid yet.
    #[error("it has expired, or is not valid yet: are both clocks right?")]
    Time,
    /// It was asked for by somebody else.
    #[error("it belongs to another sign-in")]
    Nonce,
    /// It says nothing about who it is.
    #[error("it names no subject")]
    Subject,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that have to be understood: there are none.
    crit: Option<Value>,
}

/// The claims of a token, if it is what it has to be.
///
/// # Errors
///
/// Why not.
pub fn verify(token: &str, keys: &Keys, expected: &Expected<'_>) -> Result<Claims, InvalidToken> {
    use InvalidToken::{Algorithm as BadAlgorithm, Malformed, Signature, UnknownKey};
    if token.len() > LONGEST {
        return Err(Malformed);
    }
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| Malformed);
    let (message, signature) = token.rsplit_once('.').ok_or(Malformed)?;
    let (header, payload) = message.split_once('.').ok_or(Malformed)?;
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| Malformed)?;
    let algorithm = Algorithm::from_name(&header.alg).ok_or(BadAlgorithm)?;
    if header.crit.is_some() {
        return Err(Malformed);
    }
    let signature = decode(signature)?;
    let mut candidates = keys.named(header.kid.as_deref()).peekable();
    if candidates.peek().is_none() {
        return Err(UnknownKey);
    }
    let way = (header.alg.as_str(), algorithm);
    if !candidates.any(|key| key.has_signed(way, message.as_bytes(), &signature)) {
        return Err(Signature);
    }
    let claims: Claims = serde_json::from_slice(&decode(payload)?).map_err(|_| Malformed)?;
    check(&claims, expected)?;
    Ok(claims)
}

fn check(claims: &Claims, expected: &Expected<'_>) -> Result<(), InvalidToken> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(expected.issuer) {
        return Err(InvalidToken::Issuer);
    }
    let (is_for_us, is_for_others) = match claims.get("aud") {
        Some(Value::String(one)) => (one == expected.client_id, false),
        Some(Value::Array(all)) => {
            let is_us = |one: &&Value| one.as_str() == Some(expected.client_id);
            (all.iter().any(|one| is_us(&one)), !all.iter().all(|one| is_us(&one)))
        }
        _ => (false, false),
    };
    let authorized = claims.get("azp");
    let is_authorized = match authorized {
        None => !is_for_others,
        Some(party) => party.as_str() == Some(expected.client_id),
    };
    if !is_for_us || !is_authorized {
        return Err(InvalidToken::Audience);
    }
    // Seconds, perhaps with a fraction; what is too large for a number of seconds stays so.
    let time = |name: &str| claims.get(name).map(|value| value.as_f64().map(|value| value as i64));
    let now = expected.now;
    let expires = time("exp").flatten().ok_or(InvalidToken::Time)?;
    let issued = time("iat").flatten().ok_or(InvalidToken::Time)?;
    let begins = match time("nbf") {
        None => now,
        Some(begins) => begins.ok_or(InvalidToken::Time)?,
    };
    let latest = now.saturating_add(LEEWAY);
    if expires <= now.saturating_sub(LEEWAY) || issued > latest || begins > latest {
        return Err(InvalidToken::Time);
    }
    if !text("nonce").is_some_and(|nonce| is_same(nonce, expected.nonce)) {
        return Err(InvalidToken::Nonce);
    }
    // At most 255 characters of ASCII (Core, 2).
    if !text("sub").is_some_and(|subject| (1..=255).contains(&subject.len())) {
        return Err(InvalidToken::Subject);
    }
    Ok(())
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
