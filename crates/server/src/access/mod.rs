//! Who may do what over HTTP.
//!
//! [`ROUTES`] is the one table of routes and what each [`Need`]s; the gate, a layer over the whole
//! router, refuses whatever the table does not allow, and a route that is not in the table at all.
//! A handler is told who calls it by the extractor [`Caller`].
//!
//! [`Access`] knows accounts, sessions and API tokens, which are in the database; other processes
//! may change them there, and what they change holds from the next request on.

mod body;
mod caller;
mod clock;
mod external;
mod gate;
pub(crate) mod http;
mod passwords;
pub(crate) mod request;
mod secrets;
mod sessions;
mod settings;
pub(crate) mod table;
mod throttle;
mod watched;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use ecs::Timestamp;
use store::Database;

pub use caller::{Caller, Credential};
pub use clock::Clock;
pub use external::{ExternalError, ExternalSettings, RoleMap};
pub(crate) use gate::gate;
pub use passwords::{LONGEST, SHORTEST, Weak, check as check_password, hash as hash_password};
pub use secrets::{NoRandomness, TOKEN_PREFIX, make_token};
pub use settings::Settings;
pub use store::{NoRole, Role, TokenRole};
pub use table::{Need, ROUTES, Route, need};

use crate::answer::Problem;
use crate::secret::Digest;
use passwords::Passwords;
use throttle::Throttle;

/// The content security policy of the UI's page: its own files only, no inline code or style, no
/// frame, and no other site to talk to.
pub const UI_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// For how long a setup link can be used.
pub const SETUP_TIME: Duration = Duration::from_secs(3600);

/// Uses of sessions and tokens are noted to this accuracy.
const NOTED_EVERY: Duration = Duration::from_secs(60);

/// What a name of an account is made of.
///
/// # Errors
///
/// When it is something else.
pub fn check_name(name: &str) -> Result<(), BadName> {
    let is_good =
        |character: char| character.is_ascii_alphanumeric() || "._@+-".contains(character);
    let is_named = name.chars().any(|character| character.is_ascii_alphanumeric());
    if is_named && name.len() <= 100 && name.chars().all(is_good) { Ok(()) } else { Err(BadName) }
}

/// No name for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a name of at most 100 letters from a to z, digits, and . _ @ + -")]
pub struct BadName;

/// Why access cannot be given at all.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The accounts cannot be read.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// No secret can be made.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// Accounts, sessions and tokens.
pub struct Access {
    /// One connection to read, so that nobody who reads waits for those who write.
    reading: Mutex<Database>,
    writing: Mutex<Database>,
    settings: Settings,
    clock: Clock,
    passwords: Passwords,
    throttle: Throttle,
    oidc: Option<Arc<external::External>>,
}

impl fmt::Debug for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Access").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Access {
    /// Takes the accounts of the data folder at `root`.
    ///
    /// # Errors
    ///
    /// When the database cannot be opened.
    pub fn open(root: &Path, settings: Settings) -> Result<Self, AccessError> {
        Ok(Self {
            reading: Mutex::new(Database::open(root)?),
            writing: Mutex::new(Database::open(root)?),
            settings,
            clock: Clock::system(),
            passwords: Passwords::new()?,
            throttle: Throttle::new(),
            oidc: None,
        })
    }

    /// Takes the time from here.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Lets people sign in through OpenID Connect as well.
    ///
    /// # Errors
    ///
    /// When the settings cannot be used.
    pub fn external(mut self, settings: ExternalSettings) -> Result<Self, ExternalError> {
        self.oidc = Some(Arc::new(external::External::new(settings)?));
        Ok(self)
    }

    /// The token of a new setup link, which voids any before; `None` if there is an account.
    ///
    /// # Errors
    ///
    /// When the database cannot be written, or there are no random numbers.
    pub fn offer_setup(&self) -> Result<Option<String>, AccessError> {
        let (token, digest) = secrets::make(secrets::SETUP_PREFIX)?;
        let expires = later(self.clock.now(), SETUP_TIME);
        let database = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(database.offer_setup(digest.as_bytes(), expires)?.then_some(token))
    }

    /// Whether the server speaks TLS.
    pub(crate) fn is_tls(&self) -> bool {
        self.settings.is_tls
    }

    /// The intake that a token lets push to, if it is a token for that.
    pub(crate) fn intake_of(&self, token: &Digest) -> Option<String> {
        let database = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let found = database.token(now, token.as_bytes());
        let found = found.inspect_err(|error| tracing::warn!(%error, "no token can be looked up"));
        let (found, _) = found.ok()??;
        drop(database);
        self.note_token(now, &found);
        found.role.intake().map(str::to_owned)
    }

    /// Notes that a token is used, if nobody else writes just now.
    fn note_token(&self, now: Timestamp, token: &store::Token) {
        let is_due = token.last_used.is_none_or(|last| later(last, NOTED_EVERY) <= now);
        if is_due && let Ok(database) = self.writing.try_lock() {
            let noted = database.touch_token(now, token.id);
            let _ = noted.inspect_err(|error| tracing::warn!(%error, "a use is not noted"));
        }
    }

    /// Does something with the connection for reading, on a thread for that.
    async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self, &Database) -> Result<T, store::Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let access = Arc::clone(self);
        blocking(move || {
            let database = access.reading.lock().unwrap_or_else(PoisonError::into_inner);
            work(&access, &database)
        })
        .await
    }

    /// Does something with the connection for writing, on a thread for that.
    async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Database) -> Result<T, store::Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let access = Arc::clone(self);
        blocking(move || {
            let database = access.writing.lock().unwrap_or_else(PoisonError::into_inner);
            work(&database)
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, store::Error> + Send + 'static,
) -> Result<T, Problem> {
    let failed = |error: &dyn fmt::Display| {
        tracing::error!(%error, "accounts cannot be used");
        let detail = "the accounts cannot be used just now, see the log";
        Problem::later(StatusCode::SERVICE_UNAVAILABLE, 5, detail)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(failed(&error)),
        Err(error) => Err(failed(&error)),
    }
}

/// A time that is so much later than another.
fn later(time: Timestamp, span: Duration) -> Timestamp {
    Timestamp(time.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
}

/// A time that is so much earlier than another.
fn earlier(time: Timestamp, span: Duration) -> Timestamp {
    Timestamp(time.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_nothing_that_could_be_taken_for_something_else() {
        for name in ["anna", "anna.berg@example.com", "A-1_+"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        let long = "a".repeat(101);
        for name in ["", "...", "a b", "a\u{202e}b", "anna (token ci)", "команда", "a/b", &long]
        {
            assert_eq!(check_name(name), Err(BadName), "{name}");
        }
    }
}
