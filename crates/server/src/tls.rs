//! TLS from a certificate and a key on disk, read again when they change.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

/// How often it is looked whether the files have changed.
const INTERVAL: Duration = Duration::from_secs(10);

/// The certificate and key of a server. Clones use the same.
#[derive(Clone, Debug)]
pub struct Tls {
    files: Arc<Files>,
    config: Arc<RwLock<Arc<ServerConfig>>>,
    interval: Duration,
}

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// Why a certificate or key can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// There is nothing in the file that should be there.
    #[error("{} holds no {expected} in PEM", path.display())]
    Pem {
        /// Which file.
        path: PathBuf,
        /// What should be there.
        expected: &'static str,
    },
    /// They don't belong together, or are of no use for TLS.
    #[error("certificate and key cannot be used: {0}")]
    Unusable(#[from] tokio_rustls::rustls::Error),
}

impl Tls {
    /// Reads a chain of certificates, the server's own first, and its key, both PEM.
    ///
    /// # Errors
    ///
    /// When they can't be used.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let files = Files { certificate: certificate.to_owned(), key: key.to_owned() };
        let config = Arc::new(RwLock::new(files.read()?));
        Ok(Self { files: Arc::new(files), config, interval: INTERVAL })
    }

    /// Looks this often whether the files have changed.
    #[must_use]
    pub fn every(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let config = Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner));
        TlsAcceptor::from(config).accept(stream).await
    }

    /// Reads the files again whenever they have changed. What can't be used then is left alone.
    pub(crate) async fn watch(self) {
        let mut seen = self.files.state();
        loop {
            sleep(self.interval).await;
            let state = self.files.state();
            if state == seen {
                continue;
            }
            match self.files.read() {
                Ok(config) => {
                    *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
                    seen = state;
                    tracing::info!("certificate reloaded");
                }
                // Perhaps only one of them has been written yet.
                Err(error) => tracing::warn!(%error, "certificate not reloaded"),
            }
        }
    }
}

impl Files {
    fn read(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let pem = |path: &Path, expected| {
            let bytes =
                fs::read(path).map_err(|error| TlsError::Read { path: path.to_owned(), error })?;
            Ok::<_, TlsError>((bytes, TlsError::Pem { path: path.to_owned(), expected }))
        };
        let (bytes, missing) = pem(&self.certificate, "certificate")?;
        let chain = CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
        let Some(chain) = chain.ok().filter(|chain| !chain.is_empty()) else {
            return Err(missing);
        };
        let (bytes, missing) = pem(&self.key, "private key")?;
        let key = PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| missing)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// What changes when a file does.
    fn state(&self) -> [Option<(SystemTime, u64)>; 2] {
        [&self.certificate, &self.key].map(|path| {
            let metadata = fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        })
    }
}
