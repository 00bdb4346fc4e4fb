//! What has to be known about a provider.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use reqwest::Url;

/// Reads the client secret; it may change.
pub type ReadSecret = Arc<dyn Fn() -> Result<String, String> + Send + Sync>;

/// What has to be known about a provider.
#[derive(Clone)]
pub struct Settings {
    /// The provider's address, which it calls itself by in its tokens.
    pub issuer: String,
    /// The name under which this program is known there.
    pub client_id: String,
    /// The secret that was agreed there; none for a public client.
    pub client_secret: Option<ReadSecret>,
    /// The address that browsers come back to, as the provider knows it.
    pub redirect_uri: String,
    /// The scopes that are asked for, beside `openid`.
    pub scopes: Vec<String>,
    /// Claims that are asked for at the userinfo endpoint if the ID token has them not.
    pub claims: Vec<String>,
    /// PEM file with the certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Settings").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// Settings that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// No address that a provider may have.
    #[error("expected an https address, found {0:?}: http is for this machine only")]
    Issuer(String),
    /// The certificates cannot be used.
    #[error("{}: {why}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Something about TLS.
    #[error("no TLS: {0}")]
    Tls(String),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    NoRandomness,
}

/// An address that secrets may be sent to: https, or on this machine.
pub(crate) fn trusted_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    let is_trusted = url.scheme() == "https" || (url.scheme() == "http" && is_here);
    let is_plain = url.username().is_empty() && url.password().is_none();
    (is_trusted && is_plain && url.host_str().is_some()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_to_https_or_stay_here() {
        for good in
            ["https://id.example/a", "http://127.0.0.1:1", "http://[::1]/", "http://localhost"]
        {
            assert!(trusted_url(good).is_some(), "{good}");
        }
        for bad in ["http://id.example", "ftp://localhost", "https://a@id.example", "file:///x", ""]
        {
            assert!(trusted_url(bad).is_none(), "{bad}");
        }
    }
}
