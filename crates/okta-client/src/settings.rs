//! What a client is told about an organisation.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use reqwest::header::HeaderName;

use crate::secret::SecretSource;

/// The path of the System Log API.
pub(crate) const LOGS: &str = "/api/v1/logs";

/// How long Okta keeps events.
pub const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The most events that Okta gives in one page.
pub const LARGEST_PAGE: u16 = 1000;

/// Which organisation to read, as whom, and how much of its rate limit to take.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The organisation's address, such as `https://acme.okta.com`. `http` only on this machine.
    pub base_url: String,
    /// As whom to ask.
    pub credentials: Credentials,
    /// How long after one request the next is sent, when there is nothing to catch up with.
    pub frequency: Duration,
    /// The most requests for pages in any minute; 0 for no limit but Okta's.
    pub ratelimit_per_minute: u32,
    /// The part of Okta's rate limit up to which it may be used, by this and everything else in
    /// the organisation, before this waits for the next minute, in percent.
    pub ratelimit_share: u8,
    /// A SCIM expression that events have to meet, in Okta's own words.
    pub filter: Option<String>,
    /// Keywords that events have to hold.
    pub q: Option<String>,
    /// Events in a page, up to [`LARGEST_PAGE`].
    pub chunk_size: u16,
    /// How long an answer may take to begin; the whole of it may take twice as long.
    pub timeout: Duration,
    /// Certificates (PEM) to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// How long to wait after failures.
    pub backoff: Backoff,
    /// How far before the last event seen to begin again, when a cursor is no longer taken.
    pub overlap: Duration,
    /// The longest answer that is read, in bytes.
    pub largest_answer: usize,
}

impl Settings {
    /// Settings for an organisation, with everything else at its default.
    #[must_use]
    pub fn new(base_url: impl Into<String>, credentials: Credentials) -> Self {
        Self {
            base_url: base_url.into(),
            credentials,
            frequency: Duration::from_secs(60),
            ratelimit_per_minute: 20,
            ratelimit_share: 50,
            filter: None,
            q: None,
            chunk_size: LARGEST_PAGE,
            timeout: Duration::from_secs(35),
            ca_file: None,
            backoff: Backoff::default(),
            overlap: Duration::from_secs(15 * 60),
            largest_answer: 64 << 20,
        }
    }
}

/// As whom to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// An API token of Okta's own (`SSWS`).
    Token(SecretSource),
    /// A service app.
    OAuth(OAuth),
}

/// A service app: OAuth 2.0 client credentials with `private_key_jwt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuth {
    /// The client id of the app.
    pub client_id: String,
    /// Its private key: RSA or P-256, as PEM or JWK.
    pub key: SecretSource,
    /// The id under which Okta knows the key. A JWK may hold it itself.
    pub key_id: Option<String>,
    /// The scopes to ask for: `okta.logs.read`.
    pub scopes: Vec<String>,
    /// Whether to bind tokens to a key of this client (DPoP, RFC 9449), which new apps require.
    pub dpop: bool,
}

impl OAuth {
    /// A service app that reads the System Log, with DPoP.
    #[must_use]
    pub fn new(client_id: impl Into<String>, key: SecretSource) -> Self {
        Self {
            client_id: client_id.into(),
            key,
            key_id: None,
            scopes: vec!["okta.logs.read".to_owned()],
            dpop: true,
        }
    }
}

/// How long to wait after failures: twice as long each time, with jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// After the first failure.
    pub first: Duration,
    /// At most.
    pub longest: Duration,
}

impl Default for Backoff {
    /// One second, up to five minutes.
    fn default() -> Self {
        Self { first: Duration::from_secs(1), longest: Duration::from_secs(300) }
    }
}

impl Backoff {
    /// The wait after `failures` failures in a row: between half and all of what doubling gives.
    pub(crate) fn wait(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(30);
        let full = self.first.saturating_mul(1 << doublings).min(self.longest);
        full / 2 + crate::random::up_to(full / 2)
    }
}

/// Where a log that has no cursor yet begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With what happens from now on.
    Now,
    /// This long ago.
    Ago(Duration),
    /// At this time.
    At(Timestamp),
    /// With the oldest events that Okta still has.
    Earliest,
}

impl Start {
    /// The time, `now` being Okta's, and never before `kept` ago.
    pub(crate) fn time(self, now: Timestamp, kept: Duration) -> Timestamp {
        let earliest = before(now, kept);
        match self {
            Self::Now => now,
            Self::Ago(ago) => before(now, ago).max(earliest),
            Self::At(time) => time.max(earliest),
            Self::Earliest => earliest,
        }
    }
}

/// The time so long before.
pub(crate) fn before(time: Timestamp, span: Duration) -> Timestamp {
    time.checked_sub(span).unwrap_or(Timestamp::UNIX_EPOCH).max(Timestamp::UNIX_EPOCH)
}

/// Settings that can't be used: which, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The address of the organisation.
    #[error("base_url: {0}")]
    BaseUrl(String),
    /// The certificates to trust.
    #[error("ca_file {path}: {why}", path = .path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Another setting.
    #[error("{setting}: {why}")]
    Other {
        /// Its name.
        setting: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

/// Reads the address of an organisation.
pub(crate) fn base_url(text: &str) -> Result<Url, SettingsError> {
    let error = |why: String| Err(SettingsError::BaseUrl(why));
    let example = "such as https://acme.okta.com";
    let url = match Url::parse(text.trim()) {
        Ok(url) => url,
        Err(why) => return error(format!("{why}, expected a URL {example}")),
    };
    let is_loopback = match url.host_str() {
        Some("localhost" | "[::1]") => true,
        Some(host) => host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback()),
        None => return error(format!("expected a host, {example}")),
    };
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback) {
        return error(format!("expected https, {example}"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return error("expected no user name or password".to_owned());
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return error(format!("expected nothing behind the host, {example}"));
    }
    Ok(url)
}

/// Whether requests to this address stay on this machine.
pub(crate) fn is_plain(base: &Url) -> bool {
    base.scheme() == "http"
}

impl Settings {
    /// What can be checked without asking anyone; gives the address.
    pub(crate) fn check(&self) -> Result<Url, SettingsError> {
        let base = base_url(&self.base_url)?;
        let other = |setting, why: &str| Err(SettingsError::Other { setting, why: why.to_owned() });
        if self.chunk_size == 0 || self.chunk_size > LARGEST_PAGE {
            return other("chunk_size", "expected 1 to 1000");
        }
        if self.ratelimit_share == 0 || self.ratelimit_share > 100 {
            return other("ratelimit_share", "expected 1 to 100 percent");
        }
        if self.timeout.is_zero() {
            return other("timeout", "expected more than nothing");
        }
        if self.frequency.is_zero() {
            return other("frequency", "expected more than nothing");
        }
        // A page is cut into pieces whose offsets have 32 bits.
        if self.largest_answer > (1 << 30) {
            return other("largest_answer", "expected up to 1 GiB");
        }
        if let Credentials::OAuth(oauth) = &self.credentials {
            if oauth.client_id.is_empty() {
                return other("client_id", "expected the client id of the service app");
            }
            if oauth.scopes.is_empty() {
                return other("scopes", "expected at least okta.logs.read");
            }
        }
        Ok(base)
    }
}

/// DPoP's headers.
pub(crate) const DPOP: HeaderName = HeaderName::from_static("dpop");
pub(crate) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn tokens_are_only_sent_to_where_nobody_listens() {
        let good = [
            "https://acme.okta.com",
            " https://acme.okta.com/ ",
            "https://login.example.org:8443",
            "http://127.0.0.1:8612",
            "http://127.1.2.3",
            "http://[::1]:1",
            "http://localhost:8612/",
        ];
        for text in good {
            assert!(base_url(text).is_ok(), "{text}");
        }
        let bad = [
            "",
            "acme.okta.com",
            "http://acme.okta.com",
            "http://localhost.evil.example",
            "http://10.0.0.1",
            "http://[::2]",
            "ftp://acme.okta.com",
            "https://ada:secret@acme.okta.com",
            "https://acme.okta.com/api/v1/logs",
            "https://acme.okta.com?x",
            "https://acme.okta.com#x",
        ];
        for text in bad {
            let error = base_url(text).unwrap_err().to_string();
            assert!(error.starts_with("base_url: ") && error.contains("expected"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn impossible_settings_are_refused() {
        let token = Credentials::Token(SecretSource::Given(Secret::new("x")));
        let good = Settings::new("https://acme.okta.com", token);
        assert!(good.check().is_ok());
        let bad = [
            Settings { chunk_size: 0, ..good.clone() },
            Settings { chunk_size: 1001, ..good.clone() },
            Settings { ratelimit_share: 0, ..good.clone() },
            Settings { ratelimit_share: 101, ..good.clone() },
            Settings { timeout: Duration::ZERO, ..good.clone() },
            Settings { frequency: Duration::ZERO, ..good.clone() },
            Settings {
                credentials: Credentials::OAuth(OAuth::new("", SecretSource::Env("X".into()))),
                ..good.clone()
            },
        ];
        for settings in bad {
            assert!(settings.check().is_err(), "{settings:?}");
        }
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let backoff = Backoff::default();
        for (failures, full) in [(0, 1), (1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (99, 300)] {
            let (wait, full) = (backoff.wait(failures), Duration::from_secs(full));
            assert!(wait >= full / 2 && wait <= full, "{failures}: {wait:?}");
        }
    }

    #[test]
    fn nothing_begins_before_what_okta_keeps() {
        let now = Timestamp::from_second(1_000_000_000).unwrap();
        let day = Duration::from_secs(86_400);
        let at = |time: Timestamp| (now.as_second() - time.as_second()) / 86_400;
        let cases = [
            (Start::Now, 0),
            (Start::Ago(7 * day), 7),
            (Start::Ago(400 * day), 90),
            (Start::Ago(Duration::MAX), 90),
            (Start::At(before(now, 3 * day)), 3),
            (Start::At(Timestamp::MIN), 90),
            (Start::Earliest, 90),
        ];
        for (start, days) in cases {
            assert_eq!(at(start.time(now, KEPT)), days, "{start:?}");
        }
    }
}
