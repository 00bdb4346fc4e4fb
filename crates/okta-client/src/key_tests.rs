use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};

use super::*;

const RSA: [&str; 3] = [
    include_str!("../tests/keys/rsa.pkcs8.pem"),
    include_str!("../tests/keys/rsa.pkcs1.pem"),
    include_str!("../tests/keys/rsa.jwk.json"),
];
const EC: [&str; 3] = [
    include_str!("../tests/keys/ec.pkcs8.pem"),
    include_str!("../tests/keys/ec.sec1.pem"),
    include_str!("../tests/keys/ec.jwk.json"),
];

fn parse(text: &str) -> Result<SigningKey, String> {
    SigningKey::parse(&Secret::new(text))
}

/// The public part of a JWK, as ring takes it.
fn public(jwk: &str) -> Vec<u8> {
    let jwk: Value = serde_json::from_str(jwk).unwrap();
    let member = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    if jwk["kty"] == "EC" {
        return [vec![4], member("x"), member("y")].concat();
    }
    // RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }
    let integer = |bytes: Vec<u8>| {
        let bytes = if bytes[0] >= 0x80 { [vec![0], bytes].concat() } else { bytes };
        der(0x02, &bytes)
    };
    der(0x30, &[integer(member("n")), integer(member("e"))].concat())
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let length = match u8::try_from(length) {
        Ok(length @ ..0x80) => vec![length],
        Ok(length) => vec![0x81, length],
        Err(_) => [vec![0x82], u16::try_from(length).unwrap().to_be_bytes().to_vec()].concat(),
    };
    [&[tag], length.as_slice(), content].concat()
}

fn verify(token: &str, algorithm: &'static dyn VerificationAlgorithm, public: &[u8]) -> Value {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    UnparsedPublicKey::new(algorithm, public).verify(message.as_bytes(), &signature).unwrap();
    let (_, claims) = message.split_once('.').unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

#[test]
fn every_form_of_a_key_signs_what_its_public_part_verifies() {
    let claims = json!({"iss": "me", "name": "é"});
    for text in RSA {
        let key = parse(text).unwrap();
        assert_eq!(key.algorithm(), "RS256");
        let token = key.sign(&json!({"alg": "RS256"}), &claims).unwrap();
        assert_eq!(verify(&token, &RSA_PKCS1_2048_8192_SHA256, &public(RSA[2])), claims);
    }
    for text in EC {
        let key = parse(text).unwrap();
        assert_eq!(key.algorithm(), "ES256");
        let token = key.sign(&json!({"alg": "ES256"}), &claims).unwrap();
        assert_eq!(verify(&token, &ECDSA_P256_SHA256_FIXED, &public(EC[2])), claims);
    }
    assert_eq!(parse(EC[2]).unwrap().id.as_deref(), Some("ec-1"));
    assert_eq!(parse(RSA[2]).unwrap().id.as_deref(), Some("rsa-1"));
    assert_eq!(parse(RSA[0]).unwrap().id, None);
}

#[test]
fn a_proof_is_verified_by_the_key_in_its_header() {
    let key = ProofKey::generate().unwrap();
    let token = key.sign(&json!({"htm": "GET"})).unwrap();
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    assert_eq!((&header["typ"], &header["alg"]), (&json!("dpop+jwt"), &json!("ES256")));
    assert!(header["jwk"].get("d").is_none());
    let public = public(&header["jwk"].to_string());
    assert_eq!(verify(&token, &ECDSA_P256_SHA256_FIXED, &public), json!({"htm": "GET"}));
}

#[test]
fn what_is_no_usable_key_is_refused_without_being_told() {
    let jwk: Value = serde_json::from_str(RSA[2]).unwrap();
    let without = |name: &str| {
        let mut jwk = jwk.clone();
        jwk.as_object_mut().unwrap().shift_remove(name);
        jwk.to_string()
    };
    let with = |name: &str, value: Value| {
        let mut jwk = jwk.clone();
        jwk[name] = value;
        jwk.to_string()
    };
    let cases = [
        ("".to_owned(), "expected a private key as PEM or JWK"),
        ("hunter2-private".to_owned(), "expected a private key as PEM or JWK"),
        (RSA[0].replace("MII", "???"), "expected a private key as PEM or JWK"),
        (include_str!("../tests/keys/encrypted.pem").to_owned(), "is encrypted"),
        (include_str!("../tests/keys/ec.nopublic.pem").to_owned(), "public part"),
        (include_str!("../tests/keys/p384.pem").to_owned(), "P-256"),
        (include_str!("../tests/keys/p384.sec1.pem").to_owned(), "P-256"),
        ("{\"hunter2-private\"".to_owned(), "see line 1"),
        (with("d", json!(["hunter2-private"])), "expected a private JWK"),
        (without("d"), "expected the JWK to have `d`"),
        (with("p", json!("hunter2-private!")), "expected `p` of the JWK in base64url"),
        (with("n", json!("AAAA")), "at least 2048 bits"),
        (with("kty", json!("oct")), "kty RSA"),
    ];
    for (text, expected) in cases {
        let Err(error) = parse(&text) else { panic!("{text} is a key") };
        assert!(error.contains(expected), "{error}, expected {expected}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
