//! One organisation, and single requests to it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use reqwest::header::{ACCEPT, HeaderMap, LINK, WWW_AUTHENTICATE};

use crate::auth::{Auth, Grant, Refusal};
use crate::dates::{Clock, retry_after};
use crate::follow::{Backfill, Follower, Resume};
use crate::health::Health;
use crate::http::{Http, Reply};
use crate::limiter::{Limiter, Priority};
use crate::links;
use crate::page::Body;
use crate::settings::{LOGS, Settings, SettingsError, Start};
use crate::trouble::{ApiError, Trouble};

/// How often a request is sent again at once because of what its refusal said.
const TRIES: usize = 3;

/// Reads one organisation's System Log. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) base: Url,
    pub(crate) clock: Clock,
    pub(crate) health: Arc<Health>,
    pub(crate) auth: Auth,
    http: Http,
    limiter: Arc<Limiter>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Client").field("settings", &self.inner.settings).finish()
    }
}

/// What a look at an organisation found.
#[derive(Clone, Debug)]
pub struct Check {
    /// What the access token allows; `None` for an API token. Or why there is none.
    pub grant: Result<Option<Grant>, Trouble>,
    /// The `published` of the newest event of the last seven days that filter and keywords let
    /// through, if there was one; or why the log can't be read.
    pub newest: Result<Option<Timestamp>, Trouble>,
}

impl Client {
    /// A client with a rate limit of its own.
    ///
    /// # Errors
    ///
    /// Which setting can't be used.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let limiter = Limiter::new(settings.ratelimit_per_minute, settings.ratelimit_share);
        Self::sharing(settings, limiter)
    }

    /// A client that shares the rate limit of others, who read the same organisation.
    ///
    /// # Errors
    ///
    /// Which setting can't be used.
    pub fn sharing(settings: Settings, limiter: Arc<Limiter>) -> Result<Self, SettingsError> {
        let base = settings.check()?;
        let http = Http::new(&settings, &base)?;
        let auth = Auth::new(&settings.credentials, &base).map_err(|trouble| {
            SettingsError::Other { setting: "credentials", why: trouble.to_string() }
        })?;
        let (clock, health) = (Clock::default(), Arc::default());
        let inner = Inner { settings, base, clock, health, auth, http, limiter };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// How it goes.
    #[must_use]
    pub fn health(&self) -> Arc<Health> {
        Arc::clone(&self.inner.health)
    }

    /// Follows the log for ever: from where it was left, or from `start`.
    #[must_use]
    pub fn follow(&self, start: Start, resume: Option<Resume>) -> Follower {
        Follower::new(self.clone(), start, resume)
    }

    /// Reads the log from `since` to `until`, or from where it was left.
    #[must_use]
    pub fn backfill(&self, since: Start, until: Timestamp, resume: Option<Resume>) -> Backfill {
        Backfill::new(self.clone(), since, until, resume)
    }

    /// Looks, once, whether the log can be read.
    pub async fn check(&self) -> Check {
        let inner = &self.inner;
        let grant = inner.auth.grant(&inner.http, &inner.clock).await;
        if let Err(trouble) = &grant {
            return Check { newest: Err(trouble.clone()), grant };
        }
        let mut url = inner.logs();
        url.query_pairs_mut().append_pair("limit", "1").append_pair("sortOrder", "DESCENDING");
        inner.choose(&mut url);
        let newest = inner.get(&url, Priority::Tail).await.and_then(|answer| {
            let body = Body::cut(answer.body)
                .map_err(|bytes| Trouble::Page(describe(&answer.headers, &bytes)))?;
            Ok(body.newest(Timestamp::MAX))
        });
        Check { grant, newest }
    }
}

/// What a request for a page brought.
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The link with this relation, as it came.
    pub(crate) fn link(&self, relation: &str) -> Option<&str> {
        let values = self.headers.get_all(LINK).into_iter().filter_map(|value| value.to_str().ok());
        links::find_link(values, relation)
    }
}

/// What came instead of a page, in a few words.
pub(crate) fn describe(headers: &HeaderMap, body: &[u8]) -> String {
    let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let kind = if kind.is_empty() { "something without a type" } else { kind };
    format!("{} of {} bytes", crate::trouble::tidy(kind), body.len())
}

impl Inner {
    /// The address of the System Log API.
    pub(crate) fn logs(&self) -> Url {
        let mut url = self.base.clone();
        url.set_path(LOGS);
        url
    }

    /// Asks only for the events that are wanted.
    pub(crate) fn choose(&self, url: &mut Url) {
        for (name, value) in [("filter", &self.settings.filter), ("q", &self.settings.q)] {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
    }

    /// Asks for a page, as soon as the limits allow.
    pub(crate) async fn get(&self, url: &Url, priority: Priority) -> Result<Answer, Trouble> {
        let mut tries = 1;
        loop {
            let permit = self.limiter.acquire(priority).await;
            let mut headers = self.auth.headers(&self.http, &self.clock, url).await?;
            headers.insert(ACCEPT, reqwest::header::HeaderValue::from_static("application/json"));
            let request = self.http.client.get(url.clone()).headers(headers);
            let reply = self.http.send(request).await.inspect_err(|_| self.health.unanswered())?;
            self.clock.observe(&reply.headers, reply.elapsed);
            let limit = self.limiter.observe(&reply.headers, self.clock.now());
            self.health.answered(reply.status, reply.elapsed, limit, self.clock.skew());
            drop(permit);
            let is_new_nonce = self.auth.observe(&reply.headers);
            if reply.status == 200 {
                return Ok(Answer { headers: reply.headers, body: reply.body });
            }
            let trouble = self.trouble(&reply);
            if !is_refusal(&reply, &trouble) {
                return Err(trouble);
            }
            // A server that gives a new nonce with every answer may mean the token all the same.
            let is_for_nonce = is_new_nonce && tries == 1;
            if self.auth.refused(is_for_nonce).await == Refusal::Final || tries == TRIES {
                return Err(trouble);
            }
            tries += 1;
        }
    }

    fn trouble(&self, reply: &Reply) -> Trouble {
        if reply.status != 429 {
            return Trouble::Api(ApiError::read(reply.status, &reply.headers, &reply.body));
        }
        let now = self.clock.now();
        let reset = || {
            let reset = reply.headers.get("x-rate-limit-reset")?.to_str().ok()?;
            let wait = reset.trim().parse::<i64>().ok()?.checked_mul(1000)?;
            let wait = wait.checked_sub(now.as_millisecond())?;
            Some(Duration::from_millis(wait.try_into().unwrap_or(0)))
        };
        let wait = retry_after(&reply.headers, now).or_else(reset);
        if let Some(wait) = wait {
            self.limiter.block(wait);
        }
        Trouble::RateLimited { wait }
    }
}

/// Whether an answer refuses the credential or its proof. For the latter Okta uses 400.
fn is_refusal(reply: &Reply, trouble: &Trouble) -> bool {
    let Trouble::Api(error) = trouble else { return false };
    let challenge = reply.headers.get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
    let names = |code: &str| error.is(code) || challenge.is_some_and(|it| it.contains(code));
    // A token from before a scope was granted gets 403.
    matches!(error.status, 401 | 403)
        || error.status == 400 && (names("invalid_dpop_proof") || names("use_dpop_nonce"))
}
