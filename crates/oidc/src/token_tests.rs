use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::json;

use super::*;

const NOW: i64 = 1_800_000_000;
const EXPECTED: Expected<'_> =
    Expected { issuer: "https://id.example", client_id: "wardgate", nonce: "n-1", now: NOW };

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Somebody who signs.
struct Signer {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl Signer {
    fn new() -> Self {
        let random = SystemRandom::new();
        let way = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(way, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(way, pkcs8.as_ref(), &random).unwrap();
        Self { pair, random }
    }

    fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        json!({"kty": "EC", "crv": "P-256", "kid": "1", "use": "sig",
            "x": encode(&point[1..33]), "y": encode(&point[33..])})
    }

    fn keys(&self) -> Keys {
        Keys::parse(json!({"keys": [self.jwk()]}).to_string().as_bytes()).unwrap()
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = self.pair.sign(&self.random, message.as_bytes()).unwrap();
        format!("{message}.{}", encode(signature))
    }
}

fn header() -> Value {
    json!({"alg": "ES256", "kid": "1", "typ": "JWT"})
}

fn claims() -> Value {
    json!({"iss": "https://id.example", "aud": "wardgate", "sub": "00u1", "nonce": "n-1",
        "iat": NOW - 10, "exp": NOW + 300, "groups": ["soc"]})
}

#[test]
fn a_token_that_is_what_it_has_to_be_gives_its_claims() {
    let signer = Signer::new();
    let good = verify(&signer.token(&header(), &claims()), &signer.keys(), &EXPECTED).unwrap();
    assert_eq!(good["groups"], json!(["soc"]));
    let nameless = json!({"alg": "ES256"});
    assert!(verify(&signer.token(&nameless, &claims()), &signer.keys(), &EXPECTED).is_ok());
}

#[test]
fn claims_that_are_not_ours_are_refused() {
    use InvalidToken::{Audience, Issuer, Nonce, Subject, Time};
    let signer = Signer::new();
    let keys = signer.keys();
    let cases: &[(&str, Value, Result<(), InvalidToken>)] = &[
        ("iss", json!("https://evil.example"), Err(Issuer)),
        ("iss", json!("https://id.example/"), Err(Issuer)),
        ("iss", Value::Null, Err(Issuer)),
        ("aud", json!("another"), Err(Audience)),
        ("aud", json!(["another"]), Err(Audience)),
        ("aud", json!([]), Err(Audience)),
        ("aud", Value::Null, Err(Audience)),
        ("aud", json!(["wardgate"]), Ok(())),
        ("aud", json!(["wardgate", "another"]), Err(Audience)),
        ("azp", json!("another"), Err(Audience)),
        ("azp", json!("wardgate"), Ok(())),
        ("exp", json!(NOW - 61), Err(Time)),
        ("exp", json!(NOW - 59), Ok(())),
        ("exp", json!(1e300), Ok(())),
        ("exp", json!("tomorrow"), Err(Time)),
        ("exp", Value::Null, Err(Time)),
        ("iat", json!(NOW + 61), Err(Time)),
        ("iat", json!(NOW as f64 + 59.5), Ok(())),
        ("nbf", json!(NOW + 61), Err(Time)),
        ("nbf", json!(NOW), Ok(())),
        ("nonce", json!("n-2"), Err(Nonce)),
        ("nonce", Value::Null, Err(Nonce)),
        ("sub", json!(""), Err(Subject)),
        ("sub", json!("x".repeat(256)), Err(Subject)),
        ("sub", json!(7), Err(Subject)),
    ];
    for (name, value, expected) in cases {
        let mut changed = claims();
        match value {
            Value::Null => drop(changed.as_object_mut().unwrap().remove(*name)),
            value => changed[*name] = value.clone(),
        }
        let result = verify(&signer.token(&header(), &changed), &keys, &EXPECTED).map(drop);
        assert_eq!(result, *expected, "{name} {value}");
    }
    let mut both = claims();
    both["aud"] = json!(["wardgate", "another"]);
    both["azp"] = json!("wardgate");
    assert!(verify(&signer.token(&header(), &both), &keys, &EXPECTED).is_ok());
}

#[test]
fn what_the_provider_has_not_signed_is_refused() {
    use InvalidToken::{Algorithm, Malformed, Signature, UnknownKey};
    let (signer, other) = (Signer::new(), Signer::new());
    let keys = signer.keys();
    let result = |token: &str| verify(token, &keys, &EXPECTED).map(drop);
    assert_eq!(result(&other.token(&header(), &claims())), Err(Signature), "another's key");
    let named = |alg: &str, kid: &str| json!({"alg": alg, "kid": kid});
    assert_eq!(result(&signer.token(&named("ES256", "2"), &claims())), Err(UnknownKey));
    for alg in ["none", "None", "HS256", "HS512", "es256", ""] {
        assert_eq!(result(&signer.token(&named(alg, "1"), &claims())), Err(Algorithm), "{alg}");
    }
    for alg in ["ES384", "RS256", "PS256", "EdDSA"] {
        assert_eq!(result(&signer.token(&named(alg, "1"), &claims())), Err(Signature), "{alg}");
    }
    let critical = json!({"alg": "ES256", "kid": "1", "crit": ["b64"]});
    assert_eq!(result(&signer.token(&critical, &claims())), Err(Malformed));

    let good = signer.token(&header(), &claims());
    let parts: Vec<&str> = good.split('.').collect();
    let admin = {
        let mut admin = claims();
        admin["groups"] = json!(["admins"]);
        encode(admin.to_string())
    };
    assert_eq!(result(&format!("{}.{admin}.{}", parts[0], parts[2])), Err(Signature), "changed");
    assert_eq!(result(&format!("{}.{}.", parts[0], parts[1])), Err(Signature), "taken away");
    for bad in ["", "a", "a.b", "a.b.c", "..", &format!("{good}==")] {
        assert_eq!(result(bad), Err(Malformed), "{bad}");
    }
    // The key of a message with a shared secret is not the public key.
    let shared = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, signer.jwk().to_string().as_bytes());
    let message = format!("{}.{}", encode(named("HS256", "1").to_string()), parts[1]);
    let forged = encode(ring::hmac::sign(&shared, message.as_bytes()));
    assert_eq!(result(&format!("{message}.{forged}")), Err(Algorithm));
}

#[test]
fn keys_are_for_what_they_say() {
    let signer = Signer::new();
    let token = signer.token(&header(), &claims());
    let result = |change: &dyn Fn(&mut Value)| {
        let mut jwk = signer.jwk();
        change(&mut jwk);
        let text = json!({"keys": [{"kty": "oct", "k": "AAAA"}, 7, jwk]}).to_string();
        verify(&token, &Keys::parse(text.as_bytes()).unwrap(), &EXPECTED).map(drop)
    };
    assert_eq!(result(&|_| ()), Ok(()));
    assert_eq!(result(&|jwk| jwk["alg"] = json!("ES256")), Ok(()));
    assert_eq!(result(&|jwk| jwk["alg"] = json!("ES384")), Err(InvalidToken::Signature));
    for (name, value) in
        [("use", json!("enc")), ("kty", json!("RSA")), ("crv", json!("P-384")), ("x", json!("AA"))]
    {
        let outcome = result(&|jwk| jwk[name] = value.clone());
        assert_eq!(outcome, Err(InvalidToken::UnknownKey), "{name}");
    }
    assert!(Keys::parse(b"[]").is_err() && Keys::parse(b"").is_err());
}

#[test]
fn ed25519_is_taken() {
    let random = SystemRandom::new();
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
    let x = encode(pair.public_key().as_ref());
    let keys = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x}]}).to_string();
    let keys = Keys::parse(keys.as_bytes()).unwrap();
    let header = encode(r#"{"alg":"EdDSA"}"#);
    let message = format!("{header}.{}", encode(claims().to_string()));
    let token = format!("{message}.{}", encode(pair.sign(message.as_bytes())));
    assert!(verify(&token, &keys, &EXPECTED).is_ok());
}

proptest! {
    #[test]
    fn anything_may_come(token in "[A-Za-z0-9_.-]{0,200}|.*", keys in ".*") {
        if let Ok(keys) = Keys::parse(keys.as_bytes()) {
            let _ = verify(&token, &keys, &EXPECTED);
        }
        prop_assert!(verify(&token, &Keys::default(), &EXPECTED).is_err());
    }
}
