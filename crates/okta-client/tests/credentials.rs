//! Who asks: tokens that change, tokens that end, and proofs with nonces.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod server;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use okta_client::{Client, Credentials, Secret, SecretSource, Settings, Start, State, Trouble};
use ring::signature::{ECDSA_P256_SHA256_FIXED, KeyPair, UnparsedPublicKey};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use server::{Act, Reply, Request, Server, form, page, quick, refusal};

fn json(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// Header and claims of a JWT.
fn read_jwt(token: &str) -> (Value, Value) {
    let mut parts = token.split('.');
    (json(parts.next().unwrap()), json(parts.next().unwrap()))
}

fn check_signature(token: &str, check: impl FnOnce(&[u8], &[u8])) {
    let (message, signature) = token.rsplit_once('.').unwrap();
    check(message.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap());
}

/// A token endpoint and a System Log that check everything, and ask for nonces.
struct Org {
    url: String,
    token: usize,
    expires_in: u32,
    token_nonce: Option<&'static str>,
    page_nonce: Option<&'static str>,
    revoked: bool,
    seen: HashSet<String>,
    proof_key: Option<Value>,
}

impl Org {
    fn answer(&mut self, request: &Request) -> Act {
        match request.path.as_str() {
            "/oauth2/v1/token" => self.token(request).into(),
            _ => self.page(request).into(),
        }
    }

    /// Checks a proof (RFC 9449, section 4.3); the reply when its nonce is not the one.
    fn proof(&mut self, request: &Request, nonce: Option<&str>, token: Option<&str>) -> bool {
        let proof = request.header("dpop");
        let (header, claims) = read_jwt(proof);
        assert_eq!((&header["typ"], &header["alg"]), (&json!("dpop+jwt"), &json!("ES256")));
        let jwk = header["jwk"].clone();
        assert_eq!(jwk.as_object().unwrap().len(), 4, "{jwk}");
        let part = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
        let public = [vec![4], part("x"), part("y")].concat();
        check_signature(proof, |message, signature| {
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public);
            key.verify(message, signature).unwrap();
        });
        assert_eq!(claims["htm"], json!(request.method));
        assert_eq!(claims["htu"], json!(format!("{}{}", self.url, request.path)));
        let age = jiff::Timestamp::now().as_second() - claims["iat"].as_i64().unwrap();
        assert!(age.abs() < 60, "{age}");
        assert!(self.seen.insert(claims["jti"].as_str().unwrap().to_owned()), "jti used twice");
        let hash = token.map(|token| {
            let hash = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
            URL_SAFE_NO_PAD.encode(hash)
        });
        assert_eq!(claims.get("ath").and_then(Value::as_str), hash.as_deref());
        assert_eq!(*self.proof_key.get_or_insert_with(|| jwk.clone()), jwk, "another key");
        claims.get("nonce").and_then(Value::as_str) == nonce
    }

    fn token(&mut self, request: &Request) -> Reply {
        assert_eq!(request.header("content-type"), "application/x-www-form-urlencoded");
        let form = form(&request.body);
        assert_eq!(form["grant_type"], "client_credentials");
        assert_eq!(form["scope"], "okta.logs.read");
        assert_eq!(
            form["client_assertion_type"],
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        );
        let (header, claims) = read_jwt(&form["client_assertion"]);
        assert_eq!(header, json!({"alg": "RS256", "typ": "JWT", "kid": "key-1"}));
        assert_eq!((&claims["iss"], &claims["sub"]), (&json!("client-1"), &json!("client-1")));
        assert_eq!(claims["aud"], json!(format!("{}/oauth2/v1/token", self.url)));
        let lasts = claims["exp"].as_i64().unwrap() - jiff::Timestamp::now().as_second();
        assert!((200..=400).contains(&lasts), "{lasts}");
        assert!(self.seen.insert(claims["jti"].as_str().unwrap().to_owned()), "jti used twice");
        let key = pem(include_str!("keys/rsa.pkcs8.pem"));
        let key = ring::rsa::KeyPair::from_pkcs8(&key).unwrap();
        check_signature(&form["client_assertion"], |message, signature| {
            let public = key.public_key().as_ref();
            let algorithm = &ring::signature::RSA_PKCS1_2048_8192_SHA256;
            UnparsedPublicKey::new(algorithm, public).verify(message, signature).unwrap();
        });
        let is_bound = !request.header("dpop").is_empty();
        if is_bound && !self.proof(request, self.token_nonce, None) {
            return Reply::new(400, r#"{"error":"use_dpop_nonce"}"#)
                .header("dpop-nonce", self.token_nonce.unwrap());
        }
        self.token += 1;
        self.revoked = false;
        let body = json!({
            "access_token": format!("token-{}", self.token),
            "token_type": if is_bound { "DPoP" } else { "Bearer" },
            "expires_in": self.expires_in,
            "scope": "okta.logs.read",
        });
        Reply::new(200, body.to_string())
    }

    fn page(&mut self, request: &Request) -> Reply {
        let (scheme, token) = request.header("authorization").split_once(' ').unwrap();
        if scheme == "DPoP" && !self.proof(request, self.page_nonce, Some(token)) {
            return Reply::new(401, "")
                .header("www-authenticate", "DPoP error=\"use_dpop_nonce\"")
                .header("dpop-nonce", self.page_nonce.unwrap());
        }
        if self.revoked || token != format!("token-{}", self.token) {
            return refusal(401, "E0000011");
        }
        page(&[]).next("/api/v1/logs?after=1")
    }
}

fn pem(text: &str) -> Vec<u8> {
    let body: String = text.lines().filter(|line| !line.starts_with("--")).collect();
    base64::engine::general_purpose::STANDARD.decode(body).unwrap()
}

async fn org(expires_in: u32) -> (Server, Arc<Mutex<Org>>) {
    let org = Arc::new(Mutex::new(Org {
        url: String::new(),
        token: 0,
        expires_in,
        token_nonce: None,
        page_nonce: None,
        revoked: false,
        seen: HashSet::new(),
        proof_key: None,
    }));
    let shared = Arc::clone(&org);
    let server = Server::start(move |request, _| shared.lock().unwrap().answer(request)).await;
    org.lock().unwrap().url = server.url.clone();
    (server, org)
}

fn paths(server: &Server) -> Vec<&'static str> {
    let requests = server.requests();
    let name = |request: &Request| if request.path.contains("oauth") { "token" } else { "page" };
    requests.iter().map(name).collect()
}

#[tokio::test]
async fn a_service_app_without_dpop_gets_a_bearer_token() {
    let (server, _) = org(3600).await;
    let client = Client::new(server.oauth(|oauth| oauth.dpop = false)).unwrap();
    let mut follower = client.follow(Start::Now, None);
    follower.next().await;
    follower.next().await;
    assert_eq!(paths(&server), ["token", "page", "page"]);
    assert_eq!(server.requests()[1].header("authorization"), "Bearer token-1");
    let grant = client.check().await.grant.unwrap().unwrap();
    assert_eq!((grant.scopes, grant.is_bound), (vec!["okta.logs.read".to_owned()], false));
}

#[tokio::test]
async fn nonces_are_taken_from_where_they_come() {
    let (server, org) = org(3600).await;
    org.lock().unwrap().token_nonce = Some("t1");
    org.lock().unwrap().page_nonce = Some("p1");
    let client = Client::new(server.oauth(|_| {})).unwrap();
    let mut follower = client.follow(Start::Now, None);
    follower.next().await;
    assert_eq!(paths(&server), ["token", "token", "page", "page"]);
    follower.next().await;
    org.lock().unwrap().page_nonce = Some("p2");
    follower.next().await;
    assert_eq!(paths(&server)[4..], ["page", "page", "page"]);
    assert!(client.check().await.grant.unwrap().unwrap().is_bound);
    // None of these was a failure.
    assert_eq!(client.health().snapshot().tail.last_error, None);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let (server, _) = org(1).await;
    let client = Client::new(server.oauth(|_| {})).unwrap();
    let mut follower = client.follow(Start::Now, None);
    let tokens = || paths(&server).iter().filter(|path| **path == "token").count();
    while tokens() < 3 {
        follower.next().await;
    }
    assert!(!client.health().snapshot().requests.contains_key(&401));
}

#[tokio::test]
async fn a_revoked_token_is_replaced_at_once() {
    let (server, org) = org(3600).await;
    let client = Client::new(server.oauth(|_| {})).unwrap();
    let mut follower = client.follow(Start::Now, None);
    follower.next().await;
    // Old enough to be refused for its age.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    org.lock().unwrap().revoked = true;
    follower.next().await;
    assert_eq!(paths(&server), ["token", "page", "page", "token", "page"]);
}

#[tokio::test]
async fn every_kind_of_key_is_taken() {
    for key in [include_str!("keys/ec.sec1.pem"), include_str!("keys/ec.jwk.json")] {
        let server = Server::start(|request, _| {
            if request.method == "GET" {
                return page(&[]).next("/api/v1/logs").into();
            }
            let form = form(&request.body);
            let key = pem(include_str!("keys/ec.pkcs8.pem"));
            let random = ring::rand::SystemRandom::new();
            let algorithm = &ring::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
            let key = ring::signature::EcdsaKeyPair::from_pkcs8(algorithm, &key, &random).unwrap();
            check_signature(&form["client_assertion"], |message, signature| {
                let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key());
                public.verify(message, signature).unwrap();
            });
            Reply::new(200, r#"{"access_token":"x","token_type":"Bearer"}"#).into()
        })
        .await;
        let settings = server.oauth(|oauth| oauth.key = SecretSource::Given(Secret::new(key)));
        Client::new(settings).unwrap().follow(Start::Now, None).next().await;
    }
}

#[tokio::test]
async fn clocks_that_differ_are_made_up_for() {
    let theirs = || jiff::Timestamp::now() - Duration::from_secs(7200);
    let date = move || {
        let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
        printer.timestamp_to_rfc9110_string(&theirs()).unwrap()
    };
    let server = Server::start(move |request, _| {
        if request.method == "GET" {
            return page(&[]).next("/api/v1/logs").header("date", date()).into();
        }
        let (_, claims) = read_jwt(&form(&request.body)["client_assertion"]);
        let (_, proof) = read_jwt(request.header("dpop"));
        let is_now = |time: &Value| (time.as_i64().unwrap() - theirs().as_second()).abs() < 30;
        if is_now(&claims["iat"]) && is_now(&proof["iat"]) {
            Reply::new(200, r#"{"access_token":"x","token_type":"DPoP"}"#)
                .header("date", date())
                .into()
        } else {
            let error = r#"{"error":"invalid_client","error_description":"issued in the future"}"#;
            Reply::new(401, error).header("date", date()).into()
        }
    })
    .await;
    let client = Client::new(server.oauth(|_| {})).unwrap();
    client.follow(Start::Earliest, None).next().await;
    assert_eq!(paths(&server), ["token", "token", "page"]);
}

#[tokio::test]
async fn proofs_that_are_refused_with_400_are_made_anew() {
    let server = Server::start(|request, count| match (request.method.as_str(), count) {
        ("POST", _) => {
            Reply::new(200, format!(r#"{{"access_token":"t{count}","token_type":"DPoP"}}"#)).into()
        }
        (_, 1) => Reply::new(400, r#"{"errorCode":"invalid_dpop_proof","errorSummary":"x"}"#)
            .header("dpop-nonce", "n1")
            .into(),
        _ => {
            let (_, claims) = read_jwt(request.header("dpop"));
            assert_eq!(claims["nonce"], json!("n1"));
            page(&[]).next("/api/v1/logs").into()
        }
    })
    .await;
    let client = Client::new(server.oauth(|_| {})).unwrap();
    client.follow(Start::Earliest, None).next().await;
    assert_eq!(paths(&server), ["token", "page", "page"]);
}

#[tokio::test]
async fn a_token_that_is_rotated_goes_on_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "s3cret-1").unwrap();
    let valid = Arc::new(Mutex::new("s3cret-1"));
    let shared = Arc::clone(&valid);
    let server = Server::start(move |request, _| {
        let expected = format!("SSWS {}", shared.lock().unwrap());
        if request.header("authorization") == expected {
            page(&[]).next("/api/v1/logs").into()
        } else {
            refusal(401, "E0000011").into()
        }
    })
    .await;
    let token = Credentials::Token(SecretSource::File(path.clone()));
    let client = Client::new(quick(Settings::new(server.url.clone(), token))).unwrap();
    let mut follower = client.follow(Start::Now, None);
    follower.next().await;

    // The file before the organisation: nothing is noticed.
    std::fs::write(&path, "s3cret-2\n").unwrap();
    *valid.lock().unwrap() = "s3cret-2";
    follower.next().await;
    assert_eq!(client.health().snapshot().requests.get(&401), None);

    // The organisation before the file: it is asked again and again.
    *valid.lock().unwrap() = "s3cret-3";
    let waiting = tokio::time::timeout(Duration::from_millis(300), follower.next()).await;
    assert!(waiting.is_err());
    let state = client.health().snapshot().tail.state;
    let State::Retrying { trouble: Trouble::Api(error), .. } = state else { panic!("{state:?}") };
    assert_eq!(error.status, 401);
    std::fs::write(&path, "s3cret-3").unwrap();
    follower.next().await;
    let health = client.health();
    assert!(!format!("{client:?} {health:?}").contains("s3cret"), "{client:?} {health:?}");
}

#[tokio::test]
async fn a_new_token_is_tried_while_a_long_wait_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "wrong").unwrap();
    let server = Server::start(|request, _| match request.header("authorization") {
        "SSWS right" => page(&[]).next("/api/v1/logs").into(),
        _ => refusal(401, "E0000011").into(),
    })
    .await;
    let token = Credentials::Token(SecretSource::File(path.clone()));
    let mut settings = quick(Settings::new(server.url.clone(), token));
    settings.backoff.first = Duration::from_secs(250);
    settings.backoff.longest = Duration::from_secs(250);
    let mut follower = Client::new(settings).unwrap().follow(Start::Now, None);
    assert!(tokio::time::timeout(Duration::from_millis(200), follower.next()).await.is_err());
    std::fs::write(&path, "right").unwrap();
    let page = tokio::time::timeout(Duration::from_secs(60), follower.next()).await;
    assert!(page.is_ok(), "tried long before the wait was over");
}

#[tokio::test]
async fn what_the_token_endpoint_says_is_told() {
    let server = Server::start(|_, count| match count {
        0 => Reply::new(401, r#"{"error":"invalid_client","error_description":"no such key"}"#)
            .into(),
        1 => Reply::new(429, "").header("retry-after", "3").into(),
        2 => Reply::new(200, r#"{"access_token":7}"#).into(),
        _ => Act::Reset,
    })
    .await;
    let client = Client::new(server.oauth(|_| {})).unwrap();
    let expected = [
        "token endpoint: status 401 invalid_client: no such key",
        "rate limit used up, wait 3s",
        "token endpoint: status 200: expected `access_token` and `token_type` in JSON",
        "connection broken: ",
    ];
    for expected in expected {
        let error = client.check().await.grant.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[tokio::test]
async fn what_is_below_http_is_told_apart() {
    use okta_client::Network;
    let kind = |url: String| async move {
        let token = Credentials::Token(SecretSource::Given(Secret::new("x")));
        let settings = Settings { timeout: Duration::from_secs(20), ..Settings::new(url, token) };
        match Client::new(settings).unwrap().check().await.newest {
            Err(Trouble::Network { kind, .. }) => kind,
            other => panic!("{other:?}"),
        }
    };
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", plain.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = plain.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 X\r\n\r\n").await;
        }
    });
    assert_eq!(kind(url).await, Network::Tls);
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(kind(format!("http://{free}")).await, Network::Connect);
}
