//! Private keys, and what they sign.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::secret::Secret;

/// A private key that signs JWTs.
pub(crate) struct SigningKey {
    key: Key,
    /// `kid` of a JWK.
    pub(crate) id: Option<String>,
}

enum Key {
    Rsa(Box<RsaKeyPair>),
    P256(Box<EcdsaKeyPair>),
}

/// A private key as JSON (RFC 7517, RFC 7518).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    d: Option<String>,
    p: Option<String>,
    q: Option<String>,
    dp: Option<String>,
    dq: Option<String>,
    qi: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl SigningKey {
    /// Reads a key: PEM with PKCS#8, PKCS#1 or SEC1 inside, or a JWK.
    pub(crate) fn parse(secret: &Secret) -> Result<Self, String> {
        let text = secret.expose().trim();
        if text.starts_with('{') {
            return Self::from_jwk(text);
        }
        if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
            return Err("the key is encrypted, expected a plain one (openssl pkey -in KEY)".into());
        }
        let der = PrivateKeyDer::from_pem_slice(text.as_bytes())
            .map_err(|_| "expected a private key as PEM or JWK".to_owned())?;
        let key = match &der {
            PrivateKeyDer::Pkcs8(der) => from_pkcs8(der.secret_pkcs8_der())?,
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der())
                .map(|key| Key::Rsa(Box::new(key)))
                .map_err(|error| unusable(&error))?,
            PrivateKeyDer::Sec1(der) => from_sec1(der.secret_sec1_der())?,
            _ => return Err("expected a private key in PKCS#8, PKCS#1 or SEC1".into()),
        };
        Ok(Self { key, id: None })
    }

    fn from_jwk(text: &str) -> Result<Self, String> {
        // What serde says of a wrong value could hold the value.
        let jwk: Jwk = serde_json::from_str(text)
            .map_err(|error| format!("expected a private JWK: see line {}", error.line()))?;
        let key = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => {
                let components = KeyPairComponents {
                    public_key: PublicKeyComponents {
                        n: member(&jwk.n, "n")?,
                        e: member(&jwk.e, "e")?,
                    },
                    d: member(&jwk.d, "d")?,
                    p: member(&jwk.p, "p")?,
                    q: member(&jwk.q, "q")?,
                    dP: member(&jwk.dp, "dp")?,
                    dQ: member(&jwk.dq, "dq")?,
                    qInv: member(&jwk.qi, "qi")?,
                };
                let key = RsaKeyPair::from_components(&components);
                Key::Rsa(Box::new(key.map_err(|error| unusable(&error))?))
            }
            ("EC", Some("P-256")) => {
                let (x, y) = (member(&jwk.x, "x")?, member(&jwk.y, "y")?);
                let public = [&[4], x.as_slice(), y.as_slice()].concat();
                from_parts(&member(&jwk.d, "d")?, &public)?
            }
            _ => return Err("expected a JWK of kty RSA, or of kty EC with crv P-256".into()),
        };
        Ok(Self { key, id: jwk.kid })
    }

    /// The name of the algorithm (RFC 7518).
    pub(crate) fn algorithm(&self) -> &'static str {
        match self.key {
            Key::Rsa(_) => "RS256",
            Key::P256(_) => "ES256",
        }
    }

    /// A JWT (RFC 7519) with `header` and `claims`, signed.
    pub(crate) fn sign(
        &self,
        header: &impl Serialize,
        claims: &impl Serialize,
    ) -> Result<String, String> {
        sign(header, claims, |message| match &self.key {
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                let random = SystemRandom::new();
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).ok()?;
                Some(signature)
            }
            Key::P256(key) => Some(key.sign(&SystemRandom::new(), message).ok()?.as_ref().to_vec()),
        })
    }
}

fn sign(
    header: &impl Serialize,
    claims: &impl Serialize,
    signature: impl FnOnce(&[u8]) -> Option<Vec<u8>>,
) -> Result<String, String> {
    let written = |error: serde_json::Error| error.to_string();
    let mut token = URL_SAFE_NO_PAD.encode(serde_json::to_vec(header).map_err(written)?);
    token.push('.');
    let claims = serde_json::to_vec(claims).map_err(written)?;
    URL_SAFE_NO_PAD.encode_string(claims, &mut token);
    let signature = signature(token.as_bytes()).ok_or("the key can't sign")?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

fn unusable(error: &ring::error::KeyRejected) -> String {
    format!(
        "expected an RSA key of at least 2048 bits or a P-256 key with its public part ({error})"
    )
}

fn from_pkcs8(der: &[u8]) -> Result<Key, String> {
    let rsa = match RsaKeyPair::from_pkcs8(der) {
        Ok(key) => return Ok(Key::Rsa(Box::new(key))),
        Err(error) => error,
    };
    let random = SystemRandom::new();
    match EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &random) {
        Ok(key) => Ok(Key::P256(Box::new(key))),
        Err(error) if rsa.to_string() == "WrongAlgorithm" => Err(unusable(&error)),
        Err(_) => Err(unusable(&rsa)),
    }
}

fn from_parts(private: &[u8], public: &[u8]) -> Result<Key, String> {
    // Leading zeros may be missing, or be too many.
    let start = private.iter().position(|byte| *byte != 0).unwrap_or(private.len());
    let digits = private.get(start..).unwrap_or_default();
    let mut scalar = vec![0; 32_usize.saturating_sub(digits.len())];
    scalar.extend_from_slice(digits);
    EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &scalar,
        public,
        &SystemRandom::new(),
    )
    .map(|key| Key::P256(Box::new(key)))
    .map_err(|error| unusable(&error))
}

fn member(value: &Option<String>, name: &str) -> Result<Vec<u8>, String> {
    let text = value.as_deref().ok_or_else(|| format!("expected the JWK to have `{name}`"))?;
    let decoded = URL_SAFE_NO_PAD.decode(text.trim_end_matches('='));
    decoded.map_err(|_| format!("expected `{name}` of the JWK in base64url"))
}

/// The object identifier of P-256.
const P256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];

/// Reads `ECPrivateKey` (RFC 5915).
fn from_sec1(der: &[u8]) -> Result<Key, String> {
    let broken = || "expected an EC private key (SEC1)".to_owned();
    let (sequence, _) = element(der, 0x30).ok_or_else(broken)?;
    let (_version, rest) = element(sequence, 0x02).ok_or_else(broken)?;
    let (private, mut rest) = element(rest, 0x04).ok_or_else(broken)?;
    if let Some((parameters, behind)) = element(rest, 0xA0) {
        if element(parameters, 0x06).is_none_or(|(curve, _)| curve != P256) {
            return Err("expected an EC key on the curve P-256".into());
        }
        rest = behind;
    }
    let public = element(rest, 0xA1).and_then(|(public, _)| element(public, 0x03));
    // The first byte of a bit string says how many bits of its last byte are unused.
    let Some((public, _)) = public.filter(|(public, _)| public.first() == Some(&0)) else {
        return Err("expected an EC key that holds its public part".into());
    };
    from_parts(private, public.get(1..).unwrap_or_default())
}

/// The content of a DER element with this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = der.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7F => (usize::from(length), rest),
        0x81 => {
            let (&length, rest) = rest.split_first()?;
            (usize::from(length), rest)
        }
        0x82 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        _ => return None,
    };
    (first == tag).then(|| rest.split_at_checked(length)).flatten()
}

/// The key to which access tokens are bound, made by this client for itself (RFC 9449).
pub(crate) struct ProofKey {
    key: EcdsaKeyPair,
    header: Value,
}

impl ProofKey {
    pub(crate) fn generate() -> Result<Self, String> {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random)
            .ok()
            .and_then(|pkcs8| EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).ok())
            .ok_or("no key could be generated")?;
        let public = key.public_key().as_ref();
        let coordinate =
            |range: std::ops::Range<usize>| public.get(range).map(|it| URL_SAFE_NO_PAD.encode(it));
        let jwk =
            json!({"kty": "EC", "crv": "P-256", "x": coordinate(1..33), "y": coordinate(33..65)});
        let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk});
        Ok(Self { key, header })
    }

    pub(crate) fn sign(&self, claims: &impl Serialize) -> Result<String, String> {
        sign(&self.header, claims, |message| {
            Some(self.key.sign(&SystemRandom::new(), message).ok()?.as_ref().to_vec())
        })
    }
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
