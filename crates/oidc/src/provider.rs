//! One provider: what it says about itself, its keys, and the way of a sign-in.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{Client, Url};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::http::{client, send};
use crate::seal::{Pending, Seal};
use crate::settings::{Settings, SettingsError, trusted_url};
use crate::{Claims, Error, Expected, InvalidToken, Keys, random, verify};

/// What a provider says about itself is asked again after this time.
const FRESH: Duration = Duration::from_secs(3600);
/// Keys are asked for again at most this often, when one is missing.
const KEYS_AGAIN: Duration = Duration::from_secs(30);
/// For how long somebody may take to sign in at the provider, in seconds.
const SIGN_IN_TIME: i64 = 600;
/// The longest address to come back to afterwards.
const LONGEST_RETURN: usize = 1024;

/// One provider.
pub struct Provider {
    settings: Settings,
    client: Client,
    seal: Seal,
    known: Mutex<Known>,
}

/// What is known about the provider, and since when.
#[derive(Default)]
struct Known {
    metadata: Option<(Instant, Arc<Metadata>)>,
    keys: Option<(Instant, Arc<Keys>)>,
}

/// What a provider says about itself (Discovery 1.0, 3).
#[derive(Debug, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// A sign-in that has begun.
#[derive(Clone, PartialEq, Eq)]
pub struct Begun {
    /// Where to send the browser.
    pub location: String,
    /// What the browser has to keep, and bring back; it is secret.
    pub kept: String,
}

/// What a browser comes back with, in the query of the redirect URI.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Returned {
    /// The code, if the provider lets them in.
    pub code: Option<String>,
    /// What was sent along.
    pub state: Option<String>,
    /// Who answers.
    pub iss: Option<String>,
    /// Why the provider does not let them in.
    pub error: Option<String>,
}

/// Somebody whom the provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// Whom it means, for ever.
    pub subject: String,
    /// What else it says about them.
    pub claims: Claims,
    /// Where they wanted to go.
    pub return_to: String,
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: String,
    access_token: Option<String>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Provider").field(&self.settings).finish()
    }
}

impl Provider {
    /// A provider, which is not asked for anything yet.
    ///
    /// # Errors
    ///
    /// When its settings cannot be used.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        if trusted_url(&settings.issuer).is_none() {
            return Err(SettingsError::Issuer(settings.issuer));
        }
        let client = client(&settings)?;
        let seal = Seal::new().map_err(|_| SettingsError::NoRandomness)?;
        Ok(Self { settings, client, seal, known: Mutex::default() })
    }

    /// Begins a sign-in, after which the browser is to go to `return_to`, a path of this server;
    /// anything else is taken for `/`. `now` is in seconds since 1970.
    ///
    /// # Errors
    ///
    /// When the provider cannot be asked where to go.
    pub async fn begin(&self, return_to: &str, now: i64) -> Result<Begun, Error> {
        let metadata = self.metadata().await?;
        let pending = Pending {
            state: random::text()?,
            nonce: random::text()?,
            verifier: random::text()?,
            return_to: if is_own_path(return_to) { return_to } else { "/" }.to_owned(),
            expires: now.saturating_add(SIGN_IN_TIME),
        };
        let mut location =
            endpoint("the authorization endpoint", &metadata.authorization_endpoint)?;
        let mut scopes = vec!["openid"];
        scopes.extend(self.settings.scopes.iter().map(String::as_str));
        location
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.settings.redirect_uri)
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", &pending.state)
            .append_pair("nonce", &pending.nonce)
            .append_pair("code_challenge", &random::challenge(&pending.verifier))
            .append_pair("code_challenge_method", "S256");
        Ok(Begun { location: location.into(), kept: self.seal.seal(&pending)? })
    }

    /// Who has come back from the provider, with what the browser has kept. `now` is in seconds
    /// since 1970.
    ///
    /// # Errors
    ///
    /// Why they are not let in.
    pub async fn finish(
        &self,
        returned: &Returned,
        kept: &str,
        now: i64,
    ) -> Result<Identity, Error> {
        let pending = self.seal.open(kept).filter(|pending| pending.expires > now);
        let pending = pending.ok_or(Error::NotBegun)?;
        if !returned.state.as_deref().is_some_and(|state| random::is_same(state, &pending.state)) {
            return Err(Error::NotBegun);
        }
        let metadata = self.metadata().await?;
        match &returned.iss {
            Some(issuer) if *issuer != metadata.issuer => return Err(Error::OtherIssuer),
            None if metadata.authorization_response_iss_parameter_supported => {
                return Err(Error::OtherIssuer);
            }
            _ => {}
        }
        if let Some(error) = &returned.error {
            let word = |character: &char| character.is_ascii_alphanumeric() || *character == '_';
            return Err(Error::Refused(error.chars().filter(word).take(100).collect()));
        }
        let code = returned.code.as_deref().ok_or(Error::NotBegun)?;
        let answer = self.redeem(&metadata, code, &pending.verifier).await?;
        let expected = Expected {
            issuer: &metadata.issuer,
            client_id: &self.settings.client_id,
            nonce: &pending.nonce,
            now,
        };
        let mut claims = self.verified(&metadata, &answer.id_token, &expected).await?;
        let subject = claims.get("sub").and_then(Value::as_str);
        let subject = subject.ok_or(InvalidToken::Subject)?.to_owned();
        self.complete(&metadata, &answer, &subject, &mut claims).await?;
        let issuer = metadata.issuer.clone();
        Ok(Identity { issuer, subject, claims, return_to: pending.return_to })
    }

    /// Exchanges a code for tokens.
    async fn redeem(
        &self,
        metadata: &Metadata,
        code: &str,
        verifier: &str,
    ) -> Result<TokenAnswer, Error> {
        const WHAT: &str = "the token endpoint";
        let Settings { client_id, client_secret, redirect_uri, .. } = &self.settings;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", verifier),
        ];
        let secret =
            client_secret.as_ref().map(|read| read()).transpose().map_err(Error::Secret)?;
        let methods = &metadata.token_endpoint_auth_methods_supported;
        let takes = |method: &str| methods.iter().any(|known| known == method);
        // Without any said it is Basic (Discovery, 3).
        let by_form = takes("client_secret_post") && !takes("client_secret_basic");
        let mut request = self.client.post(endpoint(WHAT, &metadata.token_endpoint)?);
        match &secret {
            Some(secret) if by_form => {
                form.extend([("client_id", client_id.as_str()), ("client_secret", secret)]);
            }
            Some(secret) => {
                let pair = format!("{}:{}", encoded(client_id), encoded(secret));
                let value = format!("Basic {}", BASE64_STANDARD.encode(pair));
                let mut value = HeaderValue::try_from(value)
                    .map_err(|_| Error::Secret("no text for a header".to_owned()))?;
                value.set_sensitive(true);
                request = request.header(AUTHORIZATION, value);
            }
            None => form.push(("client_id", client_id)),
        }
        let body = pairs(&form);
        let kind = "application/x-www-form-urlencoded";
        let request = request.header(reqwest::header::CONTENT_TYPE, kind).header(ACCEPT, JSON);
        let (status, body) = send(WHAT, request.body(body)).await?;
        if status != 200 {
            #[derive(Deserialize)]
            struct Refusal {
                error: String,
            }
            let refusal = serde_json::from_slice(&body).map(|refusal: Refusal| refusal.error);
            let word: String = refusal.unwrap_or_default().chars().take(100).collect();
            return Err(Error::provider(WHAT, format!("it answers {status} {word:?}")));
        }
        serde_json::from_slice(&body).map_err(|_| Error::provider(WHAT, "it gives no ID token"))
    }

    /// The claims of an ID token. When it is signed with a key that is not known, the provider may
    /// have another by now.
    async fn verified(
        &self,
        metadata: &Metadata,
        token: &str,
        expected: &Expected<'_>,
    ) -> Result<Claims, Error> {
        let keys = self.keys(metadata, FRESH).await?;
        match verify(token, &keys, expected) {
            Err(InvalidToken::UnknownKey | InvalidToken::Signature) => {
                let keys = self.keys(metadata, KEYS_AGAIN).await?;
                Ok(verify(token, &keys, expected)?)
            }
            other => Ok(other?),
        }
    }

    /// Adds claims that are wanted and not in the ID token, from the userinfo endpoint.
    async fn complete(
        &self,
        metadata: &Metadata,
        answer: &TokenAnswer,
        subject: &str,
        claims: &mut Claims,
    ) -> Result<(), Error> {
        const WHAT: &str = "the userinfo endpoint";
        let is_whole = self.settings.claims.iter().all(|claim| claims.contains_key(claim));
        let (false, Some(address), Some(token)) =
            (is_whole, &metadata.userinfo_endpoint, &answer.access_token)
        else {
            return Ok(());
        };
        let request = self.client.get(endpoint(WHAT, address)?);
        let (status, body) = send(WHAT, request.bearer_auth(token).header(ACCEPT, JSON)).await?;
        if status != 200 {
            return Err(Error::provider(WHAT, format!("it answers {status}")));
        }
        let said: Claims = serde_json::from_slice(&body)
            .map_err(|_| Error::provider(WHAT, "it gives no object of JSON"))?;
        // It may be about somebody else (Core, 5.3.2).
        if said.get("sub").and_then(Value::as_str) != Some(subject) {
            return Err(Error::provider(WHAT, "it tells of another subject"));
        }
        for (name, value) in said {
            claims.entry(name).or_insert(value);
        }
        Ok(())
    }

    async fn metadata(&self) -> Result<Arc<Metadata>, Error> {
        const WHAT: &str = "the configuration";
        let mut known = self.known.lock().await;
        if let Some((since, metadata)) = &known.metadata
            && since.elapsed() < FRESH
        {
            return Ok(Arc::clone(metadata));
        }
        let issuer = &self.settings.issuer;
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let asked = async {
            let request = self.client.get(endpoint(WHAT, &address)?).header(ACCEPT, JSON);
            let (status, body) = send(WHAT, request).await?;
            if status != 200 {
                return Err(Error::provider(WHAT, format!("{address} answers {status}")));
            }
            let metadata: Metadata = serde_json::from_slice(&body)
                .map_err(|error| Error::provider(WHAT, format!("{address}: {error}")))?;
            if metadata.issuer != *issuer {
                let why = format!("it calls itself {:?}, see oidc.issuer", metadata.issuer);
                return Err(Error::provider(WHAT, why));
            }
            Ok(Arc::new(metadata))
        };
        match (asked.await, &known.metadata) {
            (Ok(metadata), _) => {
                known.metadata = Some((Instant::now(), Arc::clone(&metadata)));
                Ok(metadata)
            }
            // What it said before still holds, most likely.
            (Err(error), Some((_, metadata))) => {
                tracing::warn!(%error, "the provider is not asked anew");
                Ok(Arc::clone(metadata))
            }
            (Err(error), None) => Err(error),
        }
    }

    /// The provider's keys, no older than `age`.
    async fn keys(&self, metadata: &Metadata, age: Duration) -> Result<Arc<Keys>, Error> {
        const WHAT: &str = "the keys";
        let mut known = self.known.lock().await;
        if let Some((since, keys)) = &known.keys
            && since.elapsed() < age
        {
            return Ok(Arc::clone(keys));
        }
        let request = self.client.get(endpoint(WHAT, &metadata.jwks_uri)?).header(ACCEPT, JSON);
        let (status, body) = send(WHAT, request).await?;
        if status != 200 {
            return Err(Error::provider(WHAT, format!("{} answers {status}", metadata.jwks_uri)));
        }
        let keys = Arc::new(Keys::parse(&body)?);
        known.keys = Some((Instant::now(), Arc::clone(&keys)));
        Ok(keys)
    }
}

const JSON: &str = "application/json";

/// An address that the provider names.
fn endpoint(what: &'static str, address: &str) -> Result<Url, Error> {
    trusted_url(address).ok_or_else(|| Error::provider(what, "its address is not https"))
}

/// Whether this is a path of this server, and no address of another in disguise.
fn is_own_path(path: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\';
    path.len() <= LONGEST_RETURN
        && path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(is_plain)
}

/// A text as it stands in a form.
fn encoded(text: &str) -> String {
    let pair = pairs(&[(text, "")]);
    pair.strip_suffix('=').unwrap_or(&pair).to_owned()
}

/// Pairs as they stand in a form.
fn pairs(form: &[(&str, &str)]) -> String {
    // Only its query is of use.
    let url = Url::parse_with_params("https://localhost/", form).ok();
    url.and_then(|url| url.query().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere_afterwards() {
        for good in ["/", "/alerts?state=new#x", "/a//b"] {
            assert!(is_own_path(good), "{good}");
        }
        let long = format!("/{}", "a".repeat(1024));
        for bad in [
            "",
            "alerts",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a b",
            "/a\r\nSet-Cookie: x",
            "/é",
            "/\t/evil.example",
            &long,
        ] {
            assert!(!is_own_path(bad), "{bad}");
        }
    }

    #[test]
    fn forms_are_encoded() {
        assert_eq!(encoded("a b&c=ü:%"), "a+b%26c%3D%C3%BC%3A%25");
        assert_eq!(pairs(&[("a", "b c"), ("d", "&")]), "a=b+c&d=%26");
    }
}
