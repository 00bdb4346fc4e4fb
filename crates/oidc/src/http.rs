//! Requests to the provider, bounded in time and size.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;

use crate::Error;
use crate::settings::{Settings, SettingsError, trusted_url};

/// How long an answer may take, and the most bytes that it may have.
const PATIENCE: Duration = Duration::from_secs(10);
const LARGEST: usize = 512 << 10;

pub(crate) fn client(settings: &Settings) -> Result<Client, SettingsError> {
    let failed = |error: &dyn std::fmt::Display| SettingsError::Tls(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?
        .with_root_certificates(roots(settings)?)
        .with_no_client_auth();
    let mut client = Client::builder()
        .tls_backend_preconfigured(tls)
        // A redirect would take the code and the secret somewhere else.
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .user_agent(concat!("wardgate/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(PATIENCE)
        .pool_max_idle_per_host(1);
    if trusted_url(&settings.issuer).is_some_and(|url| url.scheme() == "http") {
        client = client.no_proxy();
    }
    client.build().map_err(|error| failed(&error))
}

/// The certificates to trust.
fn roots(settings: &Settings) -> Result<RootCertStore, SettingsError> {
    let mut roots = RootCertStore::empty();
    let Some(path) = &settings.ca_file else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
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

/// Sends a request, and reads the answer: its status and body.
pub(crate) async fn send(
    what: &'static str,
    request: RequestBuilder,
) -> Result<(u16, Vec<u8>), Error> {
    // An address may hold a code; it is left out of what is said.
    let failed = |error: reqwest::Error| {
        let error = error.without_url();
        let mut why = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            why = format!("{why}: {inner}");
            cause = inner.source();
        }
        Error::provider(what, why)
    };
    let exchange = async {
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(failed)? {
            if body.len() + part.len() > LARGEST {
                return Err(Error::provider(what, "the answer is too long"));
            }
            body.extend_from_slice(&part);
        }
        Ok((status, body))
    };
    timeout(PATIENCE, exchange).await.map_err(|_| Error::provider(what, "no answer in time"))?
}
