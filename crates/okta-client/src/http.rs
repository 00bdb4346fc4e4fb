//! One request and its whole answer, bounded in time and size.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder, Url, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::{Instant, timeout};

use crate::settings::{Settings, SettingsError, is_plain};
use crate::trouble::Trouble;

/// An answer, read to its end.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// From the request to the end of the answer.
    pub(crate) elapsed: Duration,
}

/// Sends requests.
pub(crate) struct Http {
    pub(crate) client: Client,
    timeout: Duration,
    largest: usize,
}

/// Room is made for this much of what an answer says is its length, before it has come.
const TRUSTED_LENGTH: u64 = 8 << 20;

impl Http {
    pub(crate) fn new(settings: &Settings, base: &Url) -> Result<Self, SettingsError> {
        let other = |why: String| SettingsError::Other { setting: "TLS", why };
        let tls =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|error| other(error.to_string()))?
                .with_root_certificates(roots(settings)?)
                .with_no_client_auth();
        let mut client = Client::builder()
            .tls_backend_preconfigured(tls)
            // A redirect would take the token somewhere else.
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(concat!("wardgate/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(settings.timeout.min(Duration::from_secs(10)))
            .pool_max_idle_per_host(2);
        if is_plain(base) {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| other(error.to_string()))?;
        Ok(Self { client, timeout: settings.timeout, largest: settings.largest_answer })
    }

    /// Sends a request and reads the answer.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Reply, Trouble> {
        let started = Instant::now();
        let whole = self.timeout * 2;
        let answer = timeout(self.timeout, request.send());
        let mut response =
            answer.await.map_err(|_| Trouble::timeout(self.timeout))?.map_err(Trouble::of)?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let length = response.content_length().unwrap_or(0);
        if length > self.largest as u64 {
            return Err(Trouble::TooLong(self.largest));
        }
        let mut body = Vec::with_capacity(length.min(TRUSTED_LENGTH) as usize);
        let read = async {
            while let Some(part) = response.chunk().await.map_err(Trouble::of)? {
                if body.len() + part.len() > self.largest {
                    return Err(Trouble::TooLong(self.largest));
                }
                body.extend_from_slice(&part);
            }
            Ok(())
        };
        let rest = whole.saturating_sub(started.elapsed());
        timeout(rest, read).await.map_err(|_| Trouble::timeout(whole))??;
        Ok(Reply { status, headers, body, elapsed: started.elapsed() })
    }
}

/// The certificates to trust.
fn roots(settings: &Settings) -> Result<RootCertStore, SettingsError> {
    let mut roots = RootCertStore::empty();
    let Some(path) = &settings.ca_file else {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        return Ok(roots);
    };
    let error = |why: String| SettingsError::CaFile { path: path.clone(), why };
    let pem = std::fs::read(path).map_err(|why| error(why.to_string()))?;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|why| error(why.to_string()))?;
        roots.add(certificate).map_err(|why| error(why.to_string()))?;
    }
    if roots.is_empty() {
        return Err(error("expected certificates as PEM".to_owned()));
    }
    Ok(roots)
}
