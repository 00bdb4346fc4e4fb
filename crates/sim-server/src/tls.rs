//! Certificates of the server's own making.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// Whether the organisation is served by HTTPS, and how good its certificate is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Tls {
    /// By HTTP.
    #[default]
    None,
    /// With a certificate for localhost, 127.0.0.1 and ::1, of a new authority that nobody trusts
    /// without being told to.
    Good,
    /// The certificate is for another host.
    WrongName,
    /// The certificate expired years ago.
    Expired,
}

/// What makes TLS out of connections, and the authority's certificate as PEM.
pub(crate) fn acceptor(
    tls: Tls,
) -> Result<Option<(TlsAcceptor, String)>, Box<dyn std::error::Error + Send + Sync>> {
    let names: &[&str] = match tls {
        Tls::None => return Ok(None),
        Tls::WrongName => &["elsewhere.example"],
        Tls::Good | Tls::Expired => &["localhost", "127.0.0.1", "::1"],
    };
    let mut params = CertificateParams::new([])?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "Simulated authority");
    let authority_key = KeyPair::generate()?;
    let authority = params.self_signed(&authority_key)?;
    let issuer = Issuer::new(params, authority_key);

    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "Simulated organisation");
    if tls == Tls::Expired {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    }
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, &issuer)?;

    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )?;
    Ok(Some((TlsAcceptor::from(Arc::new(config)), authority.pem())))
}
