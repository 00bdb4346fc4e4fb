//! Who asks: API tokens, and access tokens of service apps with DPoP.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use ring::digest;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::dates::{Clock, retry_after};
use crate::http::{Http, Reply};
use crate::key::{ProofKey, SigningKey};
use crate::random::identifier;
use crate::secret::{Secret, Watched};
use crate::settings::{Credentials, DPOP, DPOP_NONCE, OAuth};
use crate::trouble::{ApiError, Trouble};

/// How long the assertion with which a token is asked for is valid.
const ASSERTION: i64 = 300;
/// How long before its end a token is renewed, at most.
const AHEAD: Duration = Duration::from_secs(300);
/// How long a failed renewal is not tried again while the old token lasts.
const RENEWAL_PAUSE: Duration = Duration::from_secs(30);
/// A difference of the clocks that has tokens refused, in milliseconds.
const SKEWED: u64 = 30_000;
/// How often a token is asked for in a row when the refusal said what was missing.
const TRIES: usize = 3;

/// What puts its credential on requests.
pub(crate) struct Auth {
    kind: Kind,
}

enum Kind {
    Token(Mutex<Watched<HeaderValue>>),
    App(Box<App>),
}

struct App {
    settings: OAuth,
    endpoint: Url,
    key: Mutex<Watched<SigningKey>>,
    proof: Option<ProofKey>,
    nonces: Mutex<Nonces>,
    token: tokio::sync::Mutex<Option<Token>>,
}

/// The last nonces that the server gave for proofs, by what they are for.
#[derive(Default)]
struct Nonces {
    token: Option<String>,
    pages: Option<String>,
}

/// An access token.
struct Token {
    secret: Secret,
    is_bound: bool,
    scopes: Vec<String>,
    lifetime: Duration,
    renew: Instant,
    end: Instant,
}

/// What an access token allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The scopes that Okta granted.
    pub scopes: Vec<String>,
    /// Whether the token is bound to this client (DPoP).
    pub is_bound: bool,
    /// How long it is valid in all.
    pub lifetime: Duration,
}

/// The header of an assertion.
#[derive(Serialize)]
struct AssertionHeader<'a> {
    alg: &'static str,
    typ: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
}

/// The claims of an assertion (RFC 7523, section 3).
#[derive(Serialize)]
struct Assertion<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
}

/// The claims of a proof (RFC 9449, section 4.2).
#[derive(Serialize)]
struct Proof<'a> {
    jti: String,
    htm: &'a str,
    htu: &'a str,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    token_type: String,
    expires_in: Option<u32>,
    scope: Option<String>,
}

/// What a refused request can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is something new to try at once.
    Again,
    /// Nothing has changed.
    Final,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn sensitive(text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| "it holds characters that no token has".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

impl Auth {
    pub(crate) fn new(credentials: &Credentials, base: &Url) -> Result<Self, Trouble> {
        let settings = match credentials {
            Credentials::Token(source) => {
                let make = |secret: &Secret| sensitive(&format!("SSWS {}", secret.expose()));
                let watched = Watched::new(source.clone(), make);
                return Ok(Self { kind: Kind::Token(Mutex::new(watched)) });
            }
            Credentials::OAuth(settings) => settings.clone(),
        };
        let mut endpoint = base.clone();
        endpoint.set_path("/oauth2/v1/token");
        let proof = settings.dpop.then(ProofKey::generate).transpose();
        let app = App {
            endpoint,
            key: Mutex::new(Watched::new(settings.key.clone(), SigningKey::parse)),
            proof: proof.map_err(Trouble::Credential)?,
            nonces: Mutex::default(),
            token: tokio::sync::Mutex::default(),
            settings,
        };
        Ok(Self { kind: Kind::App(Box::new(app)) })
    }

    /// Whether the credential's file has changed since it was read.
    pub(crate) fn has_changed(&self) -> bool {
        match &self.kind {
            Kind::Token(watched) => lock(watched).has_changed(),
            Kind::App(app) => lock(&app.key).has_changed(),
        }
    }

    /// The headers with which `url` may be read.
    pub(crate) async fn headers(
        &self,
        http: &Http,
        clock: &Clock,
        url: &Url,
    ) -> Result<HeaderMap, Trouble> {
        let mut headers = HeaderMap::new();
        match &self.kind {
            Kind::Token(watched) => {
                let mut watched = lock(watched);
                watched.refresh()?;
                headers.extend(watched.value().map(|value| (AUTHORIZATION, value.clone())));
            }
            Kind::App(app) => {
                let (secret, is_bound) = app.token(http, clock).await?;
                let scheme = if is_bound { "DPoP" } else { "Bearer" };
                let value = format!("{scheme} {}", secret.expose());
                headers.insert(AUTHORIZATION, sensitive(&value).map_err(Trouble::Credential)?);
                if is_bound {
                    let nonce = lock(&app.nonces).pages.clone();
                    let proof = app.proof(clock, &Method::GET, url, Some(&secret), nonce)?;
                    headers.extend(proof.map(|proof| (DPOP, proof)));
                }
            }
        }
        Ok(headers)
    }

    /// Takes over what an answer to a request for a page brings along.
    pub(crate) fn observe(&self, headers: &HeaderMap) -> bool {
        let Kind::App(app) = &self.kind else { return false };
        take_nonce(&mut lock(&app.nonces).pages, headers)
    }

    /// Learns that a request was refused, with a new nonce or without.
    pub(crate) async fn refused(&self, is_new_nonce: bool) -> Refusal {
        match &self.kind {
            Kind::Token(watched) => {
                let mut watched = lock(watched);
                watched.distrust();
                if watched.refresh().unwrap_or(false) { Refusal::Again } else { Refusal::Final }
            }
            Kind::App(_) if is_new_nonce => Refusal::Again,
            Kind::App(app) => {
                lock(&app.key).distrust();
                let token = app.token.lock().await.take();
                // A token that is brand new is not refused for its age.
                let is_new = |token: &Token| {
                    token.end.duration_since(Instant::now()) + Duration::from_secs(1)
                        >= token.lifetime
                };
                if token.is_some_and(|token| !is_new(&token)) {
                    Refusal::Again
                } else {
                    Refusal::Final
                }
            }
        }
    }

    /// What the access token allows, which is asked for if there is none yet; `None` for an API
    /// token.
    pub(crate) async fn grant(&self, http: &Http, clock: &Clock) -> Result<Option<Grant>, Trouble> {
        let Kind::App(app) = &self.kind else { return Ok(None) };
        app.token(http, clock).await?;
        let token = app.token.lock().await;
        Ok(token.as_ref().map(|token| Grant {
            scopes: token.scopes.clone(),
            is_bound: token.is_bound,
            lifetime: token.lifetime,
        }))
    }
}

impl App {
    /// The access token, renewed when it is about to end or the key is another one.
    async fn token(&self, http: &Http, clock: &Clock) -> Result<(Secret, bool), Trouble> {
        let mut token = self.token.lock().await;
        let is_new_key = lock(&self.key).refresh()?;
        let now = Instant::now();
        if let Some(old) = token.as_mut().filter(|old| !is_new_key && now < old.end) {
            if now < old.renew {
                return Ok((old.secret.clone(), old.is_bound));
            }
            // Until it is renewed, or for ever if this is dropped while it waits.
            old.renew = now + RENEWAL_PAUSE;
        }
        match self.ask(http, clock).await {
            Ok(new) => {
                tracing::debug!(scopes = ?new.scopes, bound = new.is_bound, "new access token");
                let new = token.insert(new);
                Ok((new.secret.clone(), new.is_bound))
            }
            Err(trouble) => match token.as_ref().filter(|old| Instant::now() < old.end) {
                Some(old) if !is_new_key => {
                    tracing::warn!(error = %trouble, "access token not renewed, the old one lasts");
                    Ok((old.secret.clone(), old.is_bound))
                }
                _ => Err(trouble),
            },
        }
    }

    /// Asks for an access token (RFC 6749, section 4.4, with RFC 7523).
    async fn ask(&self, http: &Http, clock: &Clock) -> Result<Token, Trouble> {
        let mut tries = 1;
        loop {
            let skew = clock.skew().unwrap_or(0);
            let reply = self.post(http, clock).await?;
            clock.observe(&reply.headers, reply.elapsed);
            let is_new_nonce = take_nonce(&mut lock(&self.nonces).token, &reply.headers);
            if reply.status == 200 {
                return read_token(&reply);
            }
            if reply.status == 429 {
                let wait = retry_after(&reply.headers, clock.now());
                return Err(Trouble::RateLimited { wait });
            }
            let error = ApiError::read(reply.status, &reply.headers, &reply.body);
            let is_skewed = clock.skew().unwrap_or(0).abs_diff(skew) > SKEWED;
            let wants_nonce = error.is("use_dpop_nonce") && is_new_nonce;
            if tries == TRIES || !(wants_nonce || is_skewed) {
                return Err(Trouble::Token(error));
            }
            tries += 1;
        }
    }

    async fn post(&self, http: &Http, clock: &Clock) -> Result<Reply, Trouble> {
        let mut form = self.endpoint.clone();
        form.query_pairs_mut()
            .append_pair("grant_type", "client_credentials")
            .append_pair("scope", &self.settings.scopes.join(" "))
            .append_pair(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            )
            .append_pair("client_assertion", &self.assertion(clock)?);
        let nonce = lock(&self.nonces).token.clone();
        let proof = self.proof(clock, &Method::POST, &self.endpoint, None, nonce)?;
        let request = http
            .client
            .post(self.endpoint.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .headers(HeaderMap::from_iter(proof.map(|proof| (DPOP, proof))))
            .body(form.query().unwrap_or_default().to_owned());
        http.send(request).await
    }

    /// The JWT that proves who asks.
    fn assertion(&self, clock: &Clock) -> Result<String, Trouble> {
        let now = clock.now().as_second();
        let id = &self.settings.client_id;
        let key = lock(&self.key);
        let Some(key) = key.value() else {
            return Err(Trouble::Credential("there is no private key".to_owned()));
        };
        let kid = self.settings.key_id.as_deref().or(key.id.as_deref());
        let header = AssertionHeader { alg: key.algorithm(), typ: "JWT", kid };
        let claims = Assertion {
            iss: id,
            sub: id,
            aud: self.endpoint.as_str(),
            iat: now,
            exp: now + ASSERTION,
            jti: new_identifier()?,
        };
        key.sign(&header, &claims).map_err(Trouble::Credential)
    }

    /// The proof that the token is this client's (RFC 9449, section 4.2); `None` without DPoP.
    fn proof(
        &self,
        clock: &Clock,
        method: &Method,
        url: &Url,
        token: Option<&Secret>,
        nonce: Option<String>,
    ) -> Result<Option<HeaderValue>, Trouble> {
        let Some(key) = &self.proof else { return Ok(None) };
        let mut target = url.clone();
        target.set_query(None);
        target.set_fragment(None);
        let claims = Proof {
            jti: new_identifier()?,
            htm: method.as_str(),
            htu: target.as_str(),
            iat: clock.now().as_second(),
            ath: token.map(|token| {
                let hash = digest::digest(&digest::SHA256, token.expose().as_bytes());
                URL_SAFE_NO_PAD.encode(hash)
            }),
            nonce,
        };
        let proof = key.sign(&claims).map_err(Trouble::Credential)?;
        sensitive(&proof).map(Some).map_err(Trouble::Credential)
    }
}

fn new_identifier() -> Result<String, Trouble> {
    identifier().map_err(|_| Trouble::Credential("the system gives no random numbers".to_owned()))
}

/// Keeps the nonce of an answer; says whether it is another one.
fn take_nonce(nonce: &mut Option<String>, headers: &HeaderMap) -> bool {
    let new = headers.get(DPOP_NONCE).and_then(|value| value.to_str().ok());
    let is_new = new.is_some() && new != nonce.as_deref();
    if is_new {
        *nonce = new.map(str::to_owned);
    }
    is_new
}

fn read_token(reply: &Reply) -> Result<Token, Trouble> {
    // What serde says could hold a part of the token.
    let answer: TokenAnswer = serde_json::from_slice(&reply.body).map_err(|_| {
        let summary = Some("expected `access_token` and `token_type` in JSON".to_owned());
        Trouble::Token(ApiError { status: reply.status, summary, ..ApiError::default() })
    })?;
    let lifetime = Duration::from_secs(answer.expires_in.unwrap_or(3600).into());
    let now = Instant::now();
    Ok(Token {
        is_bound: answer.token_type.eq_ignore_ascii_case("dpop"),
        scopes: answer.scope.unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
        secret: Secret::new(answer.access_token),
        lifetime,
        renew: now + lifetime - AHEAD.min(lifetime / 5),
        end: now + lifetime,
    })
}
