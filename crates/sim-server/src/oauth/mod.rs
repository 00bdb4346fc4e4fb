//! Access tokens for service apps: client credentials with `private_key_jwt`, bound by DPoP
//! (RFC 9449) where the app asks for it.

mod jwt;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use serde_json::{Value, json};

pub use self::jwt::{BadKey, PublicKey};
use self::jwt::{Jwt, sha256};
use crate::org::random_text;

/// How long an assertion or a proof may be from now, in seconds, to be believed.
const FRESH: i64 = 300;
/// How long an assertion may still be good for at most, in seconds.
const LONGEST: i64 = 3600;
/// How many tokens, and how many ids of what was used up, are remembered.
const REMEMBERED: usize = 100_000;

/// A service app that may ask for access tokens.
#[derive(Clone, Debug)]
pub struct OauthClient {
    /// `client_id`.
    pub id: String,
    /// With which of its keys it may sign.
    pub keys: Vec<PublicKey>,
    /// Whether its tokens are bound to a key by DPoP.
    pub dpop: bool,
    /// The scopes it has been granted.
    pub scopes: Vec<String>,
}

impl OauthClient {
    /// A client that may read the log, bound by DPoP as Okta has it for new apps.
    pub fn new(id: impl Into<String>, key: PublicKey) -> OauthClient {
        let scopes = vec![READ.to_owned()];
        OauthClient { id: id.into(), keys: vec![key], dpop: true, scopes }
    }
}

/// The scope that reads the log.
pub(crate) const READ: &str = "okta.logs.read";

/// The authorisation server.
#[derive(Debug)]
pub(crate) struct Oauth {
    clients: Vec<OauthClient>,
    token_lifetime: Duration,
    nonce_lifetime: Duration,
    tokens: HashMap<String, AccessToken>,
    /// Assertions and proofs that have been used, in the order they came, and until when to remember.
    used: HashMap<String, i64>,
    used_order: VecDeque<String>,
    nonce: String,
    old_nonce: String,
    nonce_ends: i64,
}

#[derive(Debug)]
struct AccessToken {
    client: String,
    /// The thumbprint of the key that it is bound to.
    bound_to: Option<String>,
    can_read: bool,
    ends: i64,
}

/// Why a request is refused, in words of RFC 6749, RFC 6750 and RFC 9449.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) error: &'static str,
    pub(crate) description: &'static str,
}

fn refusal(error: &'static str, description: &'static str) -> Refusal {
    Refusal { error, description }
}

/// A request as far as a proof is about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proven<'a> {
    /// The values of all `DPoP` headers.
    pub(crate) proofs: &'a [&'a str],
    pub(crate) method: &'a str,
    /// The URL without query, as the client may write it.
    pub(crate) urls: &'a [String],
    /// Seconds since 1970.
    pub(crate) now: i64,
}

impl Oauth {
    pub(crate) fn new(
        clients: Vec<OauthClient>,
        token_lifetime: Duration,
        nonce_lifetime: Duration,
    ) -> Oauth {
        Oauth {
            clients,
            token_lifetime,
            nonce_lifetime,
            tokens: HashMap::new(),
            used: HashMap::new(),
            used_order: VecDeque::new(),
            nonce: random_text(24),
            old_nonce: random_text(24),
            nonce_ends: i64::MIN,
        }
    }

    pub(crate) fn add(&mut self, client: OauthClient) {
        self.clients.retain(|other| other.id != client.id);
        self.clients.push(client);
    }

    /// Takes all access tokens back.
    pub(crate) fn revoke_all(&mut self) {
        self.tokens.clear();
    }

    /// Lets every nonce be too old.
    pub(crate) fn rotate_nonce(&mut self) {
        self.nonce = random_text(24);
        self.old_nonce = random_text(24);
    }

    /// The nonce that a proof has to have now.
    pub(crate) fn nonce(&mut self, now: i64) -> &str {
        if now >= self.nonce_ends {
            self.old_nonce = std::mem::replace(&mut self.nonce, random_text(24));
            self.nonce_ends = now.saturating_add(self.nonce_lifetime.as_secs().max(1) as i64);
        }
        &self.nonce
    }

    /// Answers a request for a token with the JSON of the answer.
    pub(crate) fn token(
        &mut self,
        form: &[(String, String)],
        proven: Proven<'_>,
    ) -> Result<Value, Refusal> {
        let field =
            |key| form.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
        if field("grant_type") != Some("client_credentials") {
            return Err(refusal("unsupported_grant_type", "expected client_credentials"));
        }
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        if field("client_assertion_type") != Some(kind) {
            return Err(refusal("invalid_client", "expected a client_assertion of jwt-bearer"));
        }
        let assertion = field("client_assertion").and_then(Jwt::read);
        let assertion = assertion.ok_or(refusal("invalid_client", "client_assertion is no JWT"))?;
        let client = self.client(&assertion, &proven)?;
        // The proof comes before the assertion is used up, so that it can be sent again with a nonce.
        let bound_to = match (client.dpop, proven.proofs) {
            (false, []) => None,
            (true, []) => {
                return Err(refusal("invalid_dpop_proof", "The DPoP proof JWT header is missing."));
            }
            _ => Some(self.proof(&proven, None)?),
        };
        let asked: Vec<&str> = field("scope").unwrap_or_default().split_whitespace().collect();
        if asked.is_empty() || asked.iter().any(|it| !client.scopes.iter().any(|has| has == it)) {
            return Err(refusal("invalid_scope", "a scope is missing, or has not been granted"));
        }
        if let Some(id) = assertion.claim("jti") {
            self.use_up(&format!("assertion {id}"), proven.now + LONGEST, proven.now)?;
        }
        let token = random_text(64);
        let lifetime = self.token_lifetime.as_secs();
        let answer = json!({
            "token_type": if bound_to.is_some() { "DPoP" } else { "Bearer" },
            "expires_in": lifetime,
            "access_token": token,
            "scope": asked.join(" "),
        });
        let ends = proven.now.saturating_add(lifetime as i64);
        let access =
            AccessToken { can_read: asked.contains(&READ), client: client.id, bound_to, ends };
        self.tokens.retain(|_, token| token.ends > proven.now);
        if self.tokens.len() >= REMEMBERED {
            return Err(refusal("temporarily_unavailable", "too many tokens"));
        }
        self.tokens.insert(token, access);
        Ok(answer)
    }

    /// Whose assertion it is.
    fn client(&self, assertion: &Jwt, proven: &Proven<'_>) -> Result<OauthClient, Refusal> {
        let invalid = |description| refusal("invalid_client", description);
        let id = assertion.claim("iss").ok_or(invalid("iss is missing"))?;
        if assertion.claim("sub") != Some(id) {
            return Err(invalid("sub is not the same as iss"));
        }
        let client = self.clients.iter().find(|client| client.id == id);
        let client = client.ok_or(invalid("there is no such client"))?;
        if !client.keys.iter().any(|key| key.signed(assertion)) {
            return Err(invalid("the signature is not of one of the client's keys"));
        }
        let is_ours = |audience: &Value| {
            audience.as_str().is_some_and(|text| proven.urls.iter().any(|url| url == text))
        };
        let audience = assertion.claims.get("aud");
        if !audience.is_some_and(|it| match it {
            Value::Array(several) => several.iter().any(is_ours),
            one => is_ours(one),
        }) {
            return Err(invalid("aud is not the token endpoint"));
        }
        let ends = assertion.time("exp").ok_or(invalid("exp is missing"))?;
        if ends <= proven.now {
            return Err(invalid("the assertion has expired"));
        }
        if ends > proven.now + LONGEST + FRESH {
            return Err(invalid("exp is more than an hour from now"));
        }
        if assertion.time("iat").is_some_and(|issued| issued > proven.now + FRESH) {
            return Err(invalid("iat is in the future"));
        }
        Ok(client.clone())
    }

    /// Checks the proof (RFC 9449, section 4.3) and gives the thumbprint of its key.
    fn proof(&mut self, proven: &Proven<'_>, token: Option<&str>) -> Result<String, Refusal> {
        let invalid = |description| refusal("invalid_dpop_proof", description);
        let &[text] = proven.proofs else {
            return Err(invalid("expected one DPoP header"));
        };
        let proof = Jwt::read(text).ok_or(invalid("the DPoP proof is no JWT"))?;
        if proof.text("typ") != Some("dpop+jwt") {
            return Err(invalid("typ is not dpop+jwt"));
        }
        let jwk = proof.header.get("jwk").and_then(Value::as_object);
        let jwk = jwk.ok_or(invalid("jwk is missing"))?;
        if ["d", "p", "q", "k"].iter().any(|private| jwk.contains_key(*private)) {
            return Err(invalid("jwk is a private key"));
        }
        let key = PublicKey::from_members(jwk).map_err(|_| invalid("jwk is no public key"))?;
        if !key.signed(&proof) {
            return Err(invalid("the signature is not of the key in jwk"));
        }
        if proof.claim("htm") != Some(proven.method) {
            return Err(invalid("htm is not the method"));
        }
        let url = proof.claim("htu").and_then(|url| url.split(['?', '#']).next());
        if !url.is_some_and(|url| proven.urls.iter().any(|ours| ours == url)) {
            return Err(invalid("htu is not the URL"));
        }
        if token.is_some() && proof.claim("ath") != token.map(|it| sha256(it.as_bytes())).as_deref()
        {
            return Err(invalid("ath is not of the access token"));
        }
        let id = proof.claim("jti").ok_or(invalid("jti is missing"))?;
        let issued = proof.time("iat").ok_or(invalid("iat is missing"))?;
        if (issued - proven.now).abs() > FRESH {
            return Err(invalid("iat is not about now"));
        }
        self.nonce(proven.now);
        let nonce = proof.claim("nonce");
        if nonce.is_none_or(|it| it != self.nonce && it != self.old_nonce) {
            let description = "Authorization server requires nonce in DPoP proof.";
            return Err(refusal("use_dpop_nonce", description));
        }
        let unique = format!("proof {} {id}", key.thumbprint());
        self.use_up(&unique, proven.now + 2 * FRESH, proven.now)
            .map_err(|_| invalid("the proof has been used before"))?;
        Ok(key.thumbprint().to_owned())
    }

    /// Remembers `id` until `until`, and refuses what it remembers.
    fn use_up(&mut self, id: &str, until: i64, now: i64) -> Result<(), Refusal> {
        while let Some(first) = self.used_order.front()
            && (self.used_order.len() >= REMEMBERED
                || self.used.get(first).is_none_or(|until| *until <= now))
        {
            self.used.remove(first);
            self.used_order.pop_front();
        }
        if self.used.contains_key(id) {
            return Err(refusal("invalid_client", "the assertion has been used before"));
        }
        self.used.insert(id.to_owned(), until);
        self.used_order.push_back(id.to_owned());
        Ok(())
    }

    /// The client whose access token this is, and whether it may read the log. `scheme` is that of
    /// the authorization header.
    pub(crate) fn check(
        &mut self,
        scheme: &str,
        token: &str,
        proven: Proven<'_>,
    ) -> Result<(String, bool), Refusal> {
        let invalid = |description| refusal("invalid_token", description);
        let known = self.tokens.get(token).filter(|known| known.ends > proven.now);
        let known = known.ok_or(invalid("The token is unknown, or has expired."))?;
        let (client, can_read) = (known.client.clone(), known.can_read);
        match (&known.bound_to, scheme) {
            (None, "bearer") => {}
            (Some(bound_to), "dpop") => {
                let bound_to = bound_to.clone();
                if self.proof(&proven, Some(token))? != bound_to {
                    return Err(invalid("The token is bound to another key."));
                }
            }
            (Some(_), _) => return Err(invalid("The token is bound: expected DPoP, not Bearer.")),
            (None, _) => return Err(invalid("The token is not bound: expected Bearer.")),
        }
        Ok((client, can_read))
    }
}
