//! What can be chosen about access.

use std::net::IpAddr;
use std::time::Duration;

/// What can be chosen about access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether the server speaks TLS.
    pub is_tls: bool,
    /// The address that people use, such as `https://wardgate.example.com`, when it is not the one
    /// that the server listens at. Without a slash at the end.
    pub public_url: Option<String>,
    /// A session that is not used for this long has ended.
    pub session_idle: Duration,
    /// A session ends after this time however much it is used.
    pub session_lifetime: Duration,
    /// Proxies that are believed when they say for whom they ask.
    pub trusted_proxies: Vec<IpAddr>,
    /// How often it is looked whether the caller of an answer that goes on may still have it.
    pub look_again: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            is_tls: false,
            public_url: None,
            session_idle: Duration::from_secs(8 * 3600),
            session_lifetime: Duration::from_secs(24 * 3600),
            trusted_proxies: Vec::new(),
            look_again: Duration::from_secs(5),
        }
    }
}

impl Settings {
    /// Whether browsers come by TLS, so that cookies can be kept from going another way.
    pub(super) fn is_secure(&self) -> bool {
        self.is_tls || self.public_url.as_ref().is_some_and(|url| url.starts_with("https://"))
    }
}
