//! An HTTP endpoint that alerts are posted to.

mod answer;
mod sign;
mod slack;
mod teams;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, StatusCode, Url, redirect};
use ring::hmac;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::delivery::Delivery;
use crate::failure::Failure;

/// What is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// The alert's document.
    #[default]
    Json,
    /// A message for Slack.
    Slack,
    /// A card for Teams.
    Teams,
}

/// What a webhook needs to know.
#[derive(Clone)]
pub struct WebhookOptions {
    /// The address, which may be a secret.
    pub url: String,
    /// What is sent.
    pub format: Format,
    /// The secret that requests are signed with.
    pub secret: Option<Vec<u8>>,
    /// More headers, whose values may be secrets.
    pub headers: Vec<(String, String)>,
    /// How long a request may take.
    pub timeout: Duration,
    /// Certificates to trust instead of the system's, as PEM.
    pub ca: Option<Vec<u8>>,
}

impl WebhookOptions {
    /// Documents to this address, within 10 s each.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            format: Format::Json,
            secret: None,
            headers: Vec::new(),
            timeout: Duration::from_secs(10),
            ca: None,
        }
    }
}

impl fmt::Debug for WebhookOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = Url::parse(&self.url).map(|url| host(&url)).unwrap_or_default();
        f.debug_struct("WebhookOptions").field("host", &host).finish_non_exhaustive()
    }
}

/// Why there can be no such webhook. It holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The address is none.
    #[error("expected an address with http or https")]
    Url,
    /// A header cannot be sent.
    #[error("the header {0} cannot be sent, expected a name and a value in one line")]
    Header(String),
    /// The certificates cannot be used.
    #[error("expected certificates as PEM: {0}")]
    Ca(String),
    /// TLS cannot be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(String),
}

/// An HTTP endpoint that alerts are posted to, one a request.
///
/// Each request has the header `X-Wardgate-Alert-Id`, the same whenever the alert is sent again, and
/// with a secret `X-Wardgate-Signature`. A repeat names the first alert in `X-Wardgate-Repeat-Of`.
pub struct Webhook {
    client: Client,
    url: Url,
    format: Format,
    key: Option<hmac::Key>,
    headers: HeaderMap,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("host", &host(&self.url)).finish_non_exhaustive()
    }
}

impl Webhook {
    /// Prepares the client.
    ///
    /// # Errors
    ///
    /// When the address, a header or the certificates cannot be used.
    pub fn new(options: &WebhookOptions) -> Result<Self, WebhookError> {
        let url = Url::parse(options.url.trim()).map_err(|_| WebhookError::Url)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(WebhookError::Url);
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &options.headers {
            let error = || WebhookError::Header(name.chars().take(60).collect());
            let header: HeaderName = name.parse().map_err(|_| error())?;
            let mut value: HeaderValue = value.parse().map_err(|_| error())?;
            value.set_sensitive(true);
            headers.insert(header, value);
        }
        // The length is halved for JSON without a charset by some who count in UTF-16.
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        headers.insert(CONTENT_TYPE, json);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| WebhookError::Tls(error.to_string()))?
            .with_root_certificates(roots(options.ca.as_deref())?)
            .with_no_client_auth();
        let mut client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(redirect::Policy::custom(same_place))
            .referer(false)
            .retry(reqwest::retry::never())
            .user_agent(concat!("wardgate/", env!("CARGO_PKG_VERSION")))
            .timeout(options.timeout)
            .connect_timeout(options.timeout.min(Duration::from_secs(10)))
            .pool_max_idle_per_host(1);
        if url.scheme() == "http" {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| WebhookError::Tls(error.to_string()))?;
        let key = options.secret.as_deref().map(|key| hmac::Key::new(hmac::HMAC_SHA256, key));
        Ok(Self { client, url, format: options.format, key, headers })
    }

    fn body(&self, alert: &Delivery) -> Vec<u8> {
        match self.format {
            Format::Json => alert.document.as_bytes().to_vec(),
            Format::Slack => slack::message(alert).to_string().into_bytes(),
            Format::Teams => teams::message(alert).to_string().into_bytes(),
        }
    }

    /// Posts an alert; when it returns, it was accepted.
    pub(crate) async fn post(&self, alert: &Delivery) -> Result<(), Failure> {
        let body = self.body(alert);
        let mut request = self
            .client
            .post(self.url.clone())
            .headers(self.headers.clone())
            .header("x-wardgate-alert-id", alert.id.to_string());
        if let Some(first) = alert.repeat_of {
            request = request.header("x-wardgate-repeat-of", first.to_string());
        }
        if let Some(key) = &self.key {
            let now = jiff::Timestamp::now().as_second();
            request = request.header(sign::HEADER, sign::signature(key, now, &body));
        }
        let response = request.body(body).send().await.map_err(|error| self.unreachable(error))?;
        answer::judge(response, &host(&self.url)).await
    }

    fn unreachable(&self, error: reqwest::Error) -> Failure {
        let what = if error.is_timeout() {
            "no answer in time"
        } else if error.is_connect() {
            "cannot connect"
        } else {
            "the connection broke off"
        };
        let mut reason = format!("{}: {what}", host(&self.url));
        if error.is_timeout() {
            return Failure::soon(reason);
        }
        // The causes below tell of sockets and certificates, and nothing of the address.
        let error = error.without_url();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            cause = inner.source();
            if cause.is_none() {
                reason = format!("{reason}: {inner}");
            }
        }
        Failure::soon(reason)
    }
}

/// Host and port of an address, which are all of it that is told.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Follows only what leaves the request as it is, to the same server: elsewhere it would be read by
/// somebody it was not for, and with another method it would not arrive.
fn same_place(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let keeps_method =
        matches!(attempt.status(), StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    let is_same =
        attempt.previous().first().is_some_and(|first| first.origin() == attempt.url().origin());
    if keeps_method && is_same && attempt.previous().len() <= 3 {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

fn roots(ca: Option<&[u8]>) -> Result<RootCertStore, WebhookError> {
    let mut roots = RootCertStore::empty();
    let Some(pem) = ca else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    };
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| WebhookError::Ca(error.to_string()))?;
        roots.add(certificate).map_err(|error| WebhookError::Ca(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(WebhookError::Ca("there are none".to_owned()));
    }
    Ok(roots)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Alerts with any texts.
    pub(crate) fn alerts() -> impl Strategy<Value = Delivery> {
        let text = prop_oneof![
            any::<String>(),
            "[<>&*_`~{}\\[\\]()\"\\\\]{0,40}",
            "[<>&\"\\\\]{3000,5000}",
            "🦀{3000}",
        ];
        let some = || proptest::option::of(text.clone());
        let texts = (text.clone(), text.clone(), some(), some(), some());
        let severity = prop::sample::select(vec!["low", "medium", "high", "critical", "<odd>"]);
        (texts, severity, any::<i64>(), any::<u128>(), any::<Option<u128>>()).prop_map(
            |((title, rule_name, user, address, place), severity, time_ms, id, first)| Delivery {
                title,
                rule_name,
                user,
                address,
                place,
                severity: severity.into(),
                time_ms,
                id: uuid::Uuid::from_u128(id),
                repeat_of: first.map(uuid::Uuid::from_u128),
                ..Delivery::default()
            },
        )
    }

    #[test]
    fn what_cannot_be_sent_is_refused_without_telling_secrets() {
        let with = |change: &dyn Fn(&mut WebhookOptions)| {
            let mut options = WebhookOptions::new("https://example.com/s3cret");
            options.secret = Some(b"s3cret".to_vec());
            options.headers = vec![("authorization".into(), "s3cret".into())];
            change(&mut options);
            assert!(!format!("{options:?}").contains("s3cret"), "{options:?}");
            Webhook::new(&options)
        };
        let webhook = with(&|_| {}).unwrap();
        assert_eq!(format!("{webhook:?}"), "Webhook { host: \"example.com\", .. }");
        let error = |change: &dyn Fn(&mut WebhookOptions)| with(change).unwrap_err().to_string();
        for url in ["", "s3cret", "ftp://example.com/s3cret", "https://"] {
            let said = error(&|options| options.url = url.into());
            assert_eq!(said, "expected an address with http or https");
        }
        let said = error(&|options| options.headers[0].1 = "s3cret\n".into());
        assert!(said.starts_with("the header authorization cannot"), "{said}");
        assert!(error(&|options| options.ca = Some(Vec::new())).contains("there are none"));
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(error(&|options| options.ca = Some(broken.to_vec())).contains("expected cert"));
    }
}
