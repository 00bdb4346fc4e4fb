//! The keys of a provider (RFC 7517, 7518).

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;

use crate::Error;

/// The most keys that are kept.
const MOST: usize = 64;

/// The keys of a provider.
#[derive(Clone, Debug, Default)]
pub struct Keys(Vec<Key>);

/// A key, as far as signatures can be checked with it.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) id: Option<String>,
    algorithm: Option<String>,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// An uncompressed point.
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// The ways to sign that are taken. There is none without a signature, and none with a secret
/// that both sides have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

impl Algorithm {
    const ALL: [(&'static str, Self); 10] = [
        ("RS256", Self::Rs256),
        ("RS384", Self::Rs384),
        ("RS512", Self::Rs512),
        ("PS256", Self::Ps256),
        ("PS384", Self::Ps384),
        ("PS512", Self::Ps512),
        ("ES256", Self::Es256),
        ("ES384", Self::Es384),
        ("EdDSA", Self::EdDsa),
        ("Ed25519", Self::EdDsa),
    ];

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, algorithm)| algorithm)
    }
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    r#use: Option<String>,
    kid: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Keys {
    /// Reads a JSON Web Key Set. Keys that no signature can be checked with are left out, as
    /// RFC 7517, 5 has it.
    ///
    /// # Errors
    ///
    /// When it is no key set.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        let failed = |error: serde_json::Error| Error::provider("the keys", error.to_string());
        let document: Document = serde_json::from_slice(text).map_err(failed)?;
        let keys =
            document.keys.into_iter().filter_map(|key| key_of(serde_json::from_value(key).ok()?));
        Ok(Self(keys.take(MOST).collect()))
    }

    /// The keys that may have signed what names `id`.
    pub(crate) fn named<'k>(&'k self, id: Option<&'k str>) -> impl Iterator<Item = &'k Key> {
        self.0.iter().filter(move |key| id.is_none() || key.id.as_deref() == id)
    }
}

fn key_of(jwk: Jwk) -> Option<Key> {
    if jwk.r#use.as_deref().is_some_and(|purpose| purpose != "sig") {
        return None;
    }
    let decode = |text: Option<&str>| BASE64_URL_SAFE_NO_PAD.decode(text?).ok();
    let point = |length: usize| {
        let (x, y) = (decode(jwk.x.as_deref())?, decode(jwk.y.as_deref())?);
        (x.len() == length && y.len() == length).then(|| [&[4], &*x, &y].concat())
    };
    let material = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => Material::Rsa { n: decode(jwk.n.as_deref())?, e: decode(jwk.e.as_deref())? },
        ("EC", Some("P-256")) => Material::P256(point(32)?),
        ("EC", Some("P-384")) => Material::P384(point(48)?),
        ("OKP", Some("Ed25519")) => Material::Ed25519(decode(jwk.x.as_deref())?),
        _ => return None,
    };
    Some(Key { id: jwk.kid, algorithm: jwk.alg, material })
}

impl Key {
    /// Whether this key has signed `message` in this way.
    pub(crate) fn has_signed(
        &self,
        (name, algorithm): (&str, Algorithm),
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        if self.algorithm.as_deref().is_some_and(|only| only != name) {
            return false;
        }
        let unparsed = |way: &'static dyn signature::VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(way, key).verify(message, signature).is_ok()
        };
        match (&self.material, algorithm) {
            (Material::P256(key), Algorithm::Es256) => {
                unparsed(&signature::ECDSA_P256_SHA256_FIXED, key)
            }
            (Material::P384(key), Algorithm::Es384) => {
                unparsed(&signature::ECDSA_P384_SHA384_FIXED, key)
            }
            (Material::Ed25519(key), Algorithm::EdDsa) => unparsed(&signature::ED25519, key),
            (Material::Rsa { n, e }, _) => {
                let way = match algorithm {
                    Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
                    Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
                    Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
                    Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
                    Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
                    Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
                    Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa => return false,
                };
                RsaPublicKeyComponents { n, e }.verify(way, message, signature).is_ok()
            }
            _ => false,
        }
    }
}
