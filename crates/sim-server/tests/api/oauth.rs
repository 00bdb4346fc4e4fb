//! Access tokens: signed assertions, DPoP proofs and their nonces, made here with ring.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use sim_server::{OauthClient, Options, PublicKey, Server};

use crate::support::{Reply, connect, exchange};

/// Where the client thinks that the organisation is.
const HOST: &str = "http://test.example";

struct Key {
    pair: EcdsaKeyPair,
    jwk: Value,
}

impl Key {
    fn new() -> Key {
        let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
        let (_, point) = pair.public_key().as_ref().split_first().unwrap();
        let (x, y) = point.split_at(32);
        let [x, y] = [x, y].map(|it| URL_SAFE_NO_PAD.encode(it));
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y});
        Key { pair, jwk }
    }

    fn public(&self) -> PublicKey {
        PublicKey::from_jwk(&self.jwk.to_string()).unwrap()
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn assertion(&self, changed: &Value) -> String {
        let mut claims = json!({
            "iss": "client1", "sub": "client1", "aud": format!("{HOST}/oauth2/v1/token"),
            "iat": now(), "exp": now() + 300, "jti": unique(),
        });
        for (key, value) in changed.as_object().unwrap() {
            claims[key] = value.clone();
        }
        self.sign(&json!({"alg": "ES256"}), &claims)
    }

    fn proof(&self, method: &str, path: &str, changed: &Value) -> String {
        let mut claims = json!({
            "htm": method, "htu": format!("{HOST}{path}"), "iat": now(), "jti": unique(),
        });
        for (key, value) in changed.as_object().unwrap() {
            claims[key] = value.clone();
        }
        self.sign(&json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk}), &claims)
    }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn unique() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed).to_string()
}

fn hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes()))
}

fn serve(key: &Key, dpop: bool, lifetime: u64) -> Server {
    Server::start(Options {
        oauth_clients: vec![OauthClient { dpop, ..OauthClient::new("client1", key.public()) }],
        access_token_lifetime: Duration::from_secs(lifetime),
        ..Options::default()
    })
    .unwrap()
}

fn ask(server: &Server, scope: &str, assertion: &str, proof: Option<&str>) -> Reply {
    let body = format!(
        "grant_type=client_credentials&scope={scope}&client_assertion_type=urn%3Aietf%3Aparams\
         %3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={assertion}"
    );
    let proof = proof.map(|proof| format!("DPoP: {proof}\r\n")).unwrap_or_default();
    let kind = "content-type: application/x-www-form-urlencoded";
    let head = format!("POST /oauth2/v1/token HTTP/1.1\r\n{kind}\r\n{proof}");
    exchange(connect(server.address()), &head, &body)
}

fn logs(server: &Server, scheme: &str, token: &str, proof: Option<&str>) -> Reply {
    let proof = proof.map(|proof| format!("DPoP: {proof}\r\n")).unwrap_or_default();
    let head =
        format!("GET /api/v1/logs?limit=1 HTTP/1.1\r\nauthorization: {scheme} {token}\r\n{proof}");
    exchange(connect(server.address()), &head, "")
}

fn token(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["access_token"].as_str().unwrap().to_owned()
}

const READ: &str = "okta.logs.read";

#[test]
fn a_bearer_token_is_given_for_an_assertion() {
    let key = Key::new();
    let server = serve(&key, false, 3600);
    let reply = ask(&server, READ, &key.assertion(&json!({})), None);
    assert_eq!(
        (&reply.json()["token_type"], &reply.json()["expires_in"]),
        (&json!("Bearer"), &json!(3600))
    );
    let token = token(&reply);
    assert_eq!(logs(&server, "Bearer", &token, None).status, 200);
    assert_eq!(server.stats().clients["client1"].requests, 1);
    assert_eq!(logs(&server, "SSWS", &token, None).status, 401);
    server.revoke_access_tokens();
    let reply = logs(&server, "Bearer", &token, None);
    assert_eq!(reply.status, 401);
    assert!(reply.header("www-authenticate").unwrap().contains("invalid_token"));
}

#[test]
fn assertions_that_are_not_right_are_refused() {
    let (key, other) = (Key::new(), Key::new());
    let server = serve(&key, false, 3600);
    let url = format!("{HOST}/oauth2/v1/token");
    let refused = [
        json!({"iss": "nobody", "sub": "nobody"}),
        json!({"sub": "somebody"}),
        json!({"aud": format!("{HOST}/oauth2/v2/token")}),
        json!({"aud": null}),
        json!({"exp": now() - 1}),
        json!({"exp": now() + 100_000}),
        json!({"exp": null}),
        json!({"iat": now() + 10_000}),
    ];
    for claims in refused {
        let reply = ask(&server, READ, &key.assertion(&claims), None);
        assert_eq!(
            (reply.status, &reply.json()["error"]),
            (401, &json!("invalid_client")),
            "{claims}"
        );
    }
    let reply = ask(&server, READ, &other.assertion(&json!({})), None);
    assert_eq!(reply.json()["error"], "invalid_client");
    assert_eq!(ask(&server, READ, "no.such.jwt", None).json()["error"], "invalid_client");
    let reply = ask(&server, "okta.users.manage", &key.assertion(&json!({})), None);
    assert_eq!((reply.status, &reply.json()["error"]), (400, &json!("invalid_scope")));
    let once = key.assertion(&json!({"aud": [url]}));
    assert_eq!(ask(&server, READ, &once, None).status, 200);
    assert_eq!(ask(&server, READ, &once, None).status, 401);
    let reply = exchange(
        connect(server.address()),
        "POST /oauth2/v1/token HTTP/1.1\r\n",
        "grant_type=password",
    );
    assert_eq!(reply.json()["error"], "unsupported_grant_type");
}

#[test]
fn dpop_binds_tokens_to_a_key_with_nonces() {
    let (key, bound, other) = (Key::new(), Key::new(), Key::new());
    let server = serve(&key, true, 3600);
    let path = "/oauth2/v1/token";
    let assertion = key.assertion(&json!({}));
    let reply = ask(&server, READ, &assertion, None);
    assert_eq!((reply.status, &reply.json()["error"]), (400, &json!("invalid_dpop_proof")));
    let reply = ask(&server, READ, &assertion, Some(&bound.proof("POST", path, &json!({}))));
    assert_eq!((reply.status, &reply.json()["error"]), (400, &json!("use_dpop_nonce")));
    let nonce = reply.header("dpop-nonce").unwrap().to_owned();
    // The assertion has not been used up by that.
    let proof = bound.proof("POST", path, &json!({"nonce": nonce}));
    let reply = ask(&server, READ, &assertion, Some(&proof));
    assert_eq!(reply.json()["token_type"], "DPoP");
    let token = token(&reply);

    let path = "/api/v1/logs";
    let good = |more: &Value| {
        let mut claims = json!({"nonce": nonce, "ath": hash(&token)});
        for (key, value) in more.as_object().unwrap() {
            claims[key] = value.clone();
        }
        claims
    };
    let proof = bound.proof("GET", path, &good(&json!({})));
    let reply = logs(&server, "DPoP", &token, Some(&proof));
    assert_eq!((reply.status, reply.header("dpop-nonce")), (200, Some(nonce.as_str())));
    let refused = [
        proof,
        bound.proof("POST", path, &good(&json!({}))),
        bound.proof("GET", "/api/v1/users", &good(&json!({}))),
        bound.proof("GET", path, &good(&json!({"ath": hash("another")}))),
        bound.proof("GET", path, &good(&json!({"iat": now() - 10_000}))),
        bound.proof("GET", path, &good(&json!({"jti": null}))),
        other.proof("GET", path, &good(&json!({}))),
        bound.sign(&json!({"typ": "jwt", "alg": "ES256", "jwk": bound.jwk}), &good(&json!({}))),
        "nonsense".to_owned(),
    ];
    for (number, proof) in refused.iter().enumerate() {
        let reply = logs(&server, "DPoP", &token, Some(proof));
        assert_eq!(reply.status, 401, "{number}");
        let challenge = reply.header("www-authenticate").unwrap();
        assert!(
            challenge.starts_with("DPoP ") && challenge.contains("error=\"invalid_"),
            "{challenge}"
        );
    }
    for (scheme, proof) in [("Bearer", None), ("DPoP", None)] {
        let reply = logs(&server, scheme, &token, proof);
        assert_eq!(reply.status, 401);
        assert!(reply.header("www-authenticate").unwrap().starts_with("DPoP "));
    }
    // A new nonce is asked for with 401 and given with it.
    server.rotate_nonce();
    let proof = bound.proof("GET", path, &good(&json!({})));
    let reply = logs(&server, "DPoP", &token, Some(&proof));
    assert_eq!(reply.status, 401);
    assert!(reply.header("www-authenticate").unwrap().contains("error=\"use_dpop_nonce\""));
    let fresh = reply.header("dpop-nonce").unwrap().to_owned();
    assert_ne!(fresh, nonce);
    let proof = bound.proof("GET", path, &good(&json!({"nonce": fresh})));
    assert_eq!(logs(&server, "DPoP", &token, Some(&proof)).status, 200);
}

#[test]
fn tokens_expire() {
    let key = Key::new();
    let server = serve(&key, false, 2);
    let token = token(&ask(&server, READ, &key.assertion(&json!({})), None));
    assert_eq!(logs(&server, "Bearer", &token, None).status, 200);
    let deadline = Instant::now() + Duration::from_secs(30);
    while logs(&server, "Bearer", &token, None).status == 200 {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(100));
    }
}
