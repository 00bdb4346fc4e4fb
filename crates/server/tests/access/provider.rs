//! Signing in through an OpenID Connect provider: one that lies, and one that is real.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::{get, post};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::{Method, Url};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use server::access::{Clock, ExternalSettings, Role, RoleMap, Settings};
use store::UserChange;

use crate::support::{Answer, Site, answer};

const SECRET: &str = "a secret: with & odd + characters%";

fn settings(issuer: &str, redirect_uri: &str) -> ExternalSettings {
    let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    ExternalSettings {
        provider: oidc::Settings {
            issuer: issuer.to_owned(),
            client_id: "wardgate".to_owned(),
            client_secret: Some(Arc::new(|| Ok(SECRET.to_owned()))),
            redirect_uri: redirect_uri.to_owned(),
            scopes: strings(&["profile", "groups"]),
            claims: Vec::new(),
            ca_file: None,
        },
        name: "Example".to_owned(),
        name_claim: "preferred_username".to_owned(),
        roles: RoleMap {
            claim: "groups".to_owned(),
            values: vec![
                (Role::Admin, strings(&["leads"])),
                (Role::Analyst, strings(&["soc"])),
                (Role::Viewer, strings(&["everyone"])),
            ],
            otherwise: None,
        },
    }
}

/// A sign-in that has begun: where the browser is sent, and the cookie that it keeps.
struct Begun {
    location: Url,
    cookie: String,
}

impl Begun {
    async fn at(site: &Site, return_to: &str) -> Self {
        let begun = answer(site.get(&format!("/api/v1/oidc/start?return_to={return_to}"))).await;
        assert_eq!(begun.status, 303, "{begun:?}");
        let cookie = begun.headers["set-cookie"].to_str().unwrap();
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=600"), "{cookie}");
        let location = begun.headers["location"].to_str().unwrap().parse().unwrap();
        Self { location, cookie: begun.cookie().unwrap().to_owned() }
    }

    fn sent(&self, name: &str) -> String {
        let mut pairs = self.location.query_pairs();
        pairs.find(|(found, _)| found == name).unwrap().1.into_owned()
    }
}

/// Where a callback sends the browser.
fn location(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.headers["location"].to_str().unwrap()
}

/// The session's cookie that a callback gives.
fn session(answer: &Answer) -> Option<String> {
    let cookies = answer.headers.get_all("set-cookie").iter();
    let mut cookies = cookies.filter_map(|cookie| cookie.to_str().unwrap().split(';').next());
    cookies.find(|cookie| cookie.starts_with("wardgate_session=")).map(str::to_owned)
}

/// A provider that answers what the test wants.
struct Liar {
    issuer: String,
    keys: [EcdsaKeyPair; 2],
    token: Arc<Mutex<String>>,
    /// The forms that came to the token endpoint.
    forms: Arc<Mutex<Vec<String>>>,
}

fn key() -> EcdsaKeyPair {
    let (random, way) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(way, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(way, pkcs8.as_ref(), &random).unwrap()
}

impl Liar {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let keys = [key(), key()];
        let point = keys[0].public_key().as_ref();
        let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let jwks = json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": "1",
            "x": encode(&point[1..33]), "y": encode(&point[33..])}]})
        .to_string();
        let metadata = json!({"issuer": issuer, "jwks_uri": format!("{issuer}/keys"),
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token")})
        .to_string();
        let (token, forms) = (Arc::new(Mutex::new(String::new())), Arc::new(Mutex::new(vec![])));
        let (given, taken) = (Arc::clone(&token), Arc::clone(&forms));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(|| async { metadata }))
            .route("/keys", get(|| async { jwks }))
            .route(
                "/token",
                post(move |form: String| async move {
                    taken.lock().unwrap().push(form);
                    json!({"id_token": *given.lock().unwrap(), "token_type": "Bearer"}).to_string()
                }),
            );
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { issuer, keys, token, forms }
    }

    /// Answers with these claims from now on, signed with this key.
    fn sign(&self, key: usize, claims: &Value) {
        let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({"alg": "ES256", "kid": "1"});
        let message = format!("{}.{}", encode(&header), encode(claims));
        let signature = self.keys[key].sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
        *self.token.lock().unwrap() = format!("{message}.{signature}");
    }

    fn claims(&self, site: &Site, begun: &Begun) -> Value {
        let now = site.now().0 / 1000;
        json!({"iss": self.issuer, "aud": "wardgate", "sub": "1", "nonce": begun.sent("nonce"),
            "iat": now, "exp": now + 60, "preferred_username": "anna", "groups": ["soc"]})
    }
}

async fn site(liar: &Liar) -> Site {
    let redirect_uri = "http://127.0.0.1:8611/api/v1/oidc/callback";
    let external = settings(&liar.issuer, redirect_uri);
    Site::open_full(Settings::default(), None, Some(external)).await
}

async fn come_back(site: &Site, begun: &Begun) -> Answer {
    let path = format!("/api/v1/oidc/callback?code=c&state={}", begun.sent("state"));
    answer(site.get(&path).header("cookie", &begun.cookie)).await
}

#[tokio::test]
async fn whoever_the_provider_vouches_for_comes_in() {
    let liar = Liar::start().await;
    let site = site(&liar).await;
    let state = answer(site.get("/api/v1/session")).await.body;
    assert_eq!(state["oidc"], json!({"name": "Example", "start": "/api/v1/oidc/start"}));
    let begun = Begun::at(&site, "/alerts%3Fstate=new").await;
    assert!(begun.location.as_str().starts_with(&format!("{}/authorize?", liar.issuer)));
    assert_eq!(begun.sent("scope"), "openid profile groups");
    assert_eq!(begun.sent("code_challenge_method"), "S256");
    liar.sign(0, &liar.claims(&site, &begun));
    let back = come_back(&site, &begun).await;
    assert_eq!(location(&back), "/alerts?state=new");
    let cookie = session(&back).unwrap();
    let me = answer(site.get("/api/v1/session").header("cookie", &cookie)).await.body;
    assert_eq!((&me["user"]["name"], &me["user"]["role"]), (&json!("anna"), &json!("analyst")));
    assert_eq!(me["user"]["has_password"], false);
    assert_eq!(site.try_sign_in("anna", "").await.status, 401, "there is no password");

    let form = liar.forms.lock().unwrap()[0].clone();
    let sent = Url::parse(&format!("http://x/?{form}")).unwrap();
    let pairs: HashMap<_, _> = sent.query_pairs().into_owned().collect();
    let verifier = ring::digest::digest(&ring::digest::SHA256, pairs["code_verifier"].as_bytes());
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(verifier);
    assert_eq!(challenge, begun.sent("code_challenge"));
    assert_eq!((&*pairs["grant_type"], &*pairs["code"]), ("authorization_code", "c"));

    // The role is what the provider says at each sign-in.
    let again = Begun::at(&site, "").await;
    let mut claims = liar.claims(&site, &again);
    claims["groups"] = json!(["everyone"]);
    liar.sign(0, &claims);
    let back = come_back(&site, &again).await;
    assert_eq!(location(&back), "/");
    let me = answer(site.get("/api/v1/session").header("cookie", session(&back).unwrap())).await;
    assert_eq!(me.body["user"]["role"], "viewer");
    assert_eq!(site.whose(&cookie).await, None, "begun with another role");
    let expected = [
        "OpenID Connect user.create anna",
        "anna session.create anna",
        "OpenID Connect user.role anna",
        "anna session.create anna",
    ];
    assert_eq!(site.actions(), expected);
}

#[tokio::test]
async fn tokens_that_are_not_the_providers_for_us_now_are_refused() {
    let liar = Liar::start().await;
    let site = site(&liar).await;
    let now = site.now().0 / 1000;
    let cases: &[(&str, usize, &str, Value, &str)] = &[
        ("forged", 1, "sub", json!("1"), "oidc-failed"),
        ("expired", 0, "exp", json!(now - 61), "oidc-failed"),
        ("from the future", 0, "iat", json!(now + 120), "oidc-failed"),
        ("for another", 0, "aud", json!("another"), "oidc-failed"),
        ("of another", 0, "iss", json!("https://evil.example"), "oidc-failed"),
        ("replayed", 0, "nonce", json!("of before"), "oidc-failed"),
        ("nobody", 0, "sub", json!(""), "oidc-failed"),
        ("without a role", 0, "groups", json!(["others"]), "oidc-refused"),
        ("without a name", 0, "preferred_username", json!("a b"), "oidc-bad-name"),
    ];
    for (what, key, claim, value, expected) in cases {
        let begun = Begun::at(&site, "/").await;
        let mut claims = liar.claims(&site, &begun);
        claims[*claim] = value.clone();
        liar.sign(*key, &claims);
        let back = come_back(&site, &begun).await;
        assert_eq!(location(&back), format!("/sign-in?error={expected}"), "{what}");
        assert_eq!(session(&back), None, "{what}");
    }
    *liar.token.lock().unwrap() = "eyJhbGciOiJub25lIn0.e30.".to_owned();
    let back = come_back(&site, &Begun::at(&site, "/").await).await;
    assert_eq!(location(&back), "/sign-in?error=oidc-failed");
    assert_eq!(site.database().users().unwrap(), []);
}

#[tokio::test]
async fn a_sign_in_is_finished_by_the_browser_that_began_it() {
    let liar = Liar::start().await;
    let site = site(&liar).await;
    let begun = Begun::at(&site, "/").await;
    let other = Begun::at(&site, "/").await;
    liar.sign(0, &liar.claims(&site, &begun));
    let callback = |state: &str, cookie: Option<&str>| {
        let path = format!("/api/v1/oidc/callback?code=c&state={state}");
        let request = site.get(&path);
        answer(match cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        })
    };
    let state = begun.sent("state");
    for (state, cookie) in [
        (state.as_str(), None),
        (&*state, Some("wardgate_oidc=AAAA")),
        (&*state, Some(other.cookie.as_str())),
        ("", Some(&*begun.cookie)),
        ("x", Some(&*begun.cookie)),
    ] {
        let back = callback(state, cookie).await;
        assert_eq!(location(&back), "/sign-in?error=oidc-expired");
    }
    assert!(liar.forms.lock().unwrap().is_empty(), "no code was exchanged");
    let path = format!("/api/v1/oidc/callback?error=access_denied&state={state}");
    let denied = answer(site.get(&path).header("cookie", &begun.cookie)).await;
    assert_eq!(location(&denied), "/sign-in?error=oidc-refused");
    let elsewhere = format!("/api/v1/oidc/callback?code=c&iss=https://evil.example&state={state}");
    let mixed = answer(site.get(&elsewhere).header("cookie", &begun.cookie)).await;
    assert_eq!(location(&mixed), "/sign-in?error=oidc-failed");
    site.pass(600);
    assert_eq!(location(&come_back(&site, &begun).await), "/sign-in?error=oidc-expired");
}

#[tokio::test]
async fn nobody_gets_the_account_of_another() {
    let liar = Liar::start().await;
    let site = site(&liar).await;
    site.add("anna", Role::Admin);
    let begun = Begun::at(&site, "/").await;
    liar.sign(0, &liar.claims(&site, &begun));
    let taken = come_back(&site, &begun).await;
    assert_eq!(location(&taken), "/sign-in?error=oidc-name-taken");
    let begun = Begun::at(&site, "//evil.example").await;
    let mut claims = liar.claims(&site, &begun);
    claims["preferred_username"] = json!("ben");
    liar.sign(0, &claims);
    assert_eq!(location(&come_back(&site, &begun).await), "/", "and nobody is sent elsewhere");
    let ben = site.database().account("ben").unwrap().unwrap().user;
    let change = UserChange { disabled: Some(true), ..UserChange::default() };
    site.database().change_user(site.now(), "test", ben.id, &change).unwrap().unwrap();
    let begun = Begun::at(&site, "/").await;
    claims["nonce"] = json!(begun.sent("nonce"));
    liar.sign(0, &claims);
    assert_eq!(location(&come_back(&site, &begun).await), "/sign-in?error=disabled");
}

#[tokio::test]
async fn without_a_provider_it_is_off() {
    let site = Site::open().await;
    assert_eq!(answer(site.get("/api/v1/oidc/start")).await.status, 404);
    let back = answer(site.get("/api/v1/oidc/callback?code=c&state=s")).await;
    assert_eq!(location(&back), "/sign-in?error=oidc-failed");
}

/// Signs in as `name` with a provider's own pages, and gives the address that it sends the browser
/// back to.
async fn sign_in_there(first: Url, name: &str, back: &str) -> Url {
    let mut cookies: HashMap<String, String> = HashMap::new();
    let mut next = (Method::GET, first, String::new());
    for _ in 0..20 {
        let (method, url, body) = next;
        let jar: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = crate::common::client().request(method, url.clone());
        let request = request.header("cookie", jar.join("; "));
        let kind = "application/x-www-form-urlencoded";
        let response = request.header("content-type", kind).body(body).send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            cookies.insert(name.to_owned(), value.to_owned());
        }
        if let Some(location) = response.headers().get("location") {
            let location = url.join(location.to_str().unwrap()).unwrap();
            if location.as_str().starts_with(back) {
                return location;
            }
            next = (Method::GET, location, String::new());
            continue;
        }
        let page = String::from_utf8(response.bytes().await.unwrap().to_vec()).unwrap();
        let form = match page.contains(r#"value="login""#) {
            true => format!("prompt=login&login={name}&password=any"),
            false => "prompt=consent".to_owned(),
        };
        next = (Method::POST, url, form);
    }
    panic!("the provider does not send the browser back");
}

/// `crates/server/tests/provider/run` runs it: the provider is a package of npm.
#[tokio::test]
async fn a_real_provider_vouches_for_somebody() {
    let Some(folder) = std::env::var_os("WARDGATE_OIDC_PROVIDER").map(PathBuf::from) else {
        eprintln!("left out: crates/server/tests/provider/run signs in through a real provider");
        return;
    };
    let back = "http://127.0.0.1:8611/api/v1/oidc/callback";
    // It ends when its standard input does.
    let mut provider = Command::new("node")
        .arg(folder.join("provider.mjs"))
        .arg(back)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut issuer = String::new();
    // Kept open: it may have more to say.
    let mut stdout = BufReader::new(provider.stdout.take().unwrap());
    stdout.read_line(&mut issuer).unwrap();
    let issuer = issuer.trim().to_owned();
    let external = settings(&issuer, back);
    let site = Site::open_full(Settings::default(), Some(Clock::system()), Some(external)).await;
    for (name, role) in [("anna", Some("analyst")), ("ben", Some("viewer")), ("eve", None)] {
        let begun = Begun::at(&site, "/rules").await;
        let url = sign_in_there(begun.location.clone(), name, back).await;
        let path = format!("{}?{}", url.path(), url.query().unwrap());
        let finish = || answer(site.get(&path).header("cookie", &begun.cookie));
        let finished = finish().await;
        let Some(role) = role else {
            assert_eq!(location(&finished), "/sign-in?error=oidc-refused");
            continue;
        };
        assert_eq!(location(&finished), "/rules", "{name}");
        let cookie = session(&finished).unwrap();
        let me = answer(site.get("/api/v1/session").header("cookie", cookie)).await.body;
        assert_eq!((&me["user"]["name"], &me["user"]["role"]), (&json!(name), &json!(role)));
        assert_eq!(location(&finish().await), "/sign-in?error=oidc-failed", "a code counts once");
    }
    drop(provider.stdin.take());
    provider.wait().unwrap();
}
