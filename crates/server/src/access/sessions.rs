//! Who a request comes from, by its cookie or its token; and how sessions begin.

use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use ecs::Timestamp;
use store::{NewSession, Role, Session, TokenRole, User};

use super::{Access, Caller, Credential, NOTED_EVERY, earlier, later, request, secrets};
use crate::answer::Problem;
use crate::secret::Digest;

/// What a request shows, and what became of it.
#[derive(Clone, Debug)]
pub(super) enum Shown {
    /// Nothing, or nothing that is valid.
    Nobody,
    /// A session.
    Session {
        /// Whose.
        caller: Caller,
    },
    /// A token for a role.
    Token {
        /// Whose.
        caller: Caller,
    },
    /// A token that lets push events, and nothing else.
    IntakeToken,
}

/// A session as handlers see it.
#[derive(Clone, Debug)]
pub(super) struct SignedIn {
    pub(super) user: User,
    pub(super) ends: Timestamp,
    pub(super) csrf: String,
}

impl Access {
    /// The name of the session's cookie.
    pub(super) fn cookie_name(&self) -> &'static str {
        match self.settings.is_secure() {
            true => "__Host-wardgate_session",
            false => "wardgate_session",
        }
    }

    /// The id of the session in the cookie of a request.
    pub(super) fn session_id<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        request::cookie(headers, self.cookie_name()).filter(|id| !id.is_empty())
    }

    /// The cookie that gives a browser the session `id`; an empty one takes it away.
    pub(super) fn cookie(&self, id: &str) -> HeaderValue {
        let secure = if self.settings.is_secure() { "; Secure" } else { "" };
        let end = if id.is_empty() { "; Max-Age=0" } else { "" };
        let name = self.cookie_name();
        let cookie = format!("{name}={id}; Path=/; HttpOnly; SameSite=Strict{secure}{end}");
        let mut cookie = HeaderValue::try_from(cookie).unwrap_or(HeaderValue::from_static(""));
        cookie.set_sensitive(true);
        cookie
    }

    /// Who a request comes from; `is_use` if that is to be noted as a use.
    pub(super) async fn identify(
        self: &Arc<Self>,
        parts: &Parts,
        is_use: bool,
    ) -> Result<Shown, Problem> {
        if let Some(token) = request::bearer(&parts.headers) {
            return self.token(Digest::of(token.as_bytes()), is_use).await;
        }
        let Some(id) = self.session_id(&parts.headers) else { return Ok(Shown::Nobody) };
        let Some(session) = self.session(id, is_use).await? else { return Ok(Shown::Nobody) };
        let User { id, name, role, .. } = session.user;
        let by = Credential::Session { user: id };
        Ok(Shown::Session { caller: Caller { name: name.into(), role, by } })
    }

    async fn token(self: &Arc<Self>, digest: Digest, is_use: bool) -> Result<Shown, Problem> {
        let found = self
            .read(move |access, database| {
                let now = access.clock.now();
                Ok(database.token(now, digest.as_bytes())?.map(|found| (now, found)))
            })
            .await?;
        let Some((now, (token, owner_role))) = found else { return Ok(Shown::Nobody) };
        if is_use {
            let (access, token) = (Arc::clone(self), token.clone());
            note(now, token.last_used, move || access.note_token(now, &token));
        }
        let TokenRole::Role(role) = token.role else { return Ok(Shown::IntakeToken) };
        // Never more than its owner may by now.
        let role = owner_role.map_or(role, |owner: Role| role.min(owner));
        let owner = token.owner.as_ref().map_or("command line", |(_, name)| name.as_str());
        let name = format!("{owner} (token {})", token.name).into();
        let by = Credential::Token { token: token.id, user: token.owner.map(|(id, _)| id) };
        Ok(Shown::Token { caller: Caller { name, role, by } })
    }

    /// The session of this id, if it has not ended.
    async fn session(self: &Arc<Self>, id: &str, is_use: bool) -> Result<Option<Session>, Problem> {
        let digest = Digest::of(id.as_bytes());
        let found = self
            .read(move |access, database| {
                let now = access.clock.now();
                let idle_since = earlier(now, access.settings.session_idle);
                let session = database.session(now, idle_since, digest.as_bytes())?;
                Ok(session.map(|session| (now, session)))
            })
            .await?;
        let Some((now, session)) = found else { return Ok(None) };
        if is_use {
            let access = Arc::clone(self);
            note(now, Some(session.seen), move || {
                if let Ok(database) = access.writing.try_lock() {
                    let noted = database.touch_session(now, digest.as_bytes());
                    let _ = noted.inspect_err(|error| tracing::warn!(%error, "a use is not noted"));
                }
            });
        }
        Ok(Some(session))
    }

    /// The session of a request, for handlers.
    pub(super) async fn signed_in(
        self: &Arc<Self>,
        headers: &HeaderMap,
    ) -> Result<Option<SignedIn>, Problem> {
        let Some(id) = self.session_id(headers) else { return Ok(None) };
        let Some(session) = self.session(id, true).await? else { return Ok(None) };
        let csrf = secrets::csrf_token(id);
        Ok(Some(SignedIn { user: session.user, ends: session.ends, csrf }))
    }

    /// Begins a session with a new id, whatever id the browser has; gives its cookie.
    pub(super) async fn begin(
        self: &Arc<Self>,
        user: i64,
        how: &'static str,
        head: &Parts,
    ) -> Result<(SignedIn, HeaderValue), Problem> {
        let (id, digest) = secrets::make("").map_err(|error| super::http::failed(&error))?;
        let now = self.clock.now();
        let ends = later(now, self.settings.session_lifetime);
        let before = self.session_id(&head.headers).map(|id| Digest::of(id.as_bytes()));
        let address = request::address(&head.extensions, &head.headers, &self.settings);
        let user = self
            .write(move |database| {
                let new = NewSession {
                    user,
                    digest: digest.as_bytes(),
                    ends,
                    instead_of: before.as_ref().map(Digest::as_bytes),
                    how,
                    address: &address.to_string(),
                };
                match database.begin_session(now, &new)? {
                    true => database.user(user),
                    false => Ok(None),
                }
            })
            .await?;
        // Disabled since the password was looked up.
        let user = user.ok_or_else(Problem::signed_out)?;
        let csrf = secrets::csrf_token(&id);
        Ok((SignedIn { user, ends, csrf }, self.cookie(&id)))
    }
}

/// Notes a use, some time soon, if the last was noted a while ago.
fn note(now: Timestamp, last: Option<Timestamp>, work: impl FnOnce() + Send + 'static) {
    if last.is_none_or(|last| later(last, NOTED_EVERY) <= now) {
        drop(tokio::task::spawn_blocking(work));
    }
}
