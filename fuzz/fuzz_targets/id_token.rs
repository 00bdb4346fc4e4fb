//! Any text, as an ID token, as keys, and as claims that are rightly signed.
#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use oidc::{Expected, Keys, verify};
use ring::signature::{Ed25519KeyPair, KeyPair};

const EXPECTED: Expected<'_> =
    Expected { issuer: "https://id.example", client_id: "wardgate", nonce: "n", now: 1_800_000_000 };

static SIGNER: LazyLock<(Ed25519KeyPair, Keys)> = LazyLock::new(|| {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let x = BASE64_URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
    let keys = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"1","x":"{x}"}}]}}"#);
    let keys = Keys::parse(keys.as_bytes()).unwrap();
    (pair, keys)
});

fuzz_target!(|data: &[u8]| {
    let (pair, keys) = &*SIGNER;
    if let Ok(others) = Keys::parse(data) {
        let _ = verify("eyJhbGciOiJFZERTQSJ9.e30.AAAA", &others, &EXPECTED);
    }
    if let Ok(token) = std::str::from_utf8(data) {
        assert!(verify(token, &Keys::default(), &EXPECTED).is_err());
        let _ = verify(token, keys, &EXPECTED);
    }
    let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"EdDSA","kid":"1"}"#);
    let message = format!("{header}.{}", BASE64_URL_SAFE_NO_PAD.encode(data));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
    if let Ok(claims) = verify(&format!("{message}.{signature}"), keys, &EXPECTED) {
        assert_eq!(claims["iss"], EXPECTED.issuer);
        assert_eq!(claims["nonce"], EXPECTED.nonce);
        assert!(claims["aud"].to_string().contains(EXPECTED.client_id));
        assert!(claims["exp"].as_f64().unwrap() > EXPECTED.now as f64 - 61.0);
        assert!(!claims["sub"].as_str().unwrap().is_empty());
    }
});
