//! One server, and single requests to it.

use std::io::{Seek, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, LAST_MODIFIED, LOCATION,
};
use reqwest::{Response, Url, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::{Instant, sleep, timeout};

use crate::error::FeedError;
use crate::retry::{Patience, retry_after};

/// The largest answer with a page or about the server, in bytes.
const LARGEST_ANSWER: u64 = 64 << 20;
/// The largest file, in bytes.
const LARGEST_FILE: u64 = 2 << 30;
/// How often a server may lead to another place of its own.
const MOST_REDIRECTS: u32 = 5;

/// What to sign in with.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// User name and password.
    Basic(String, String),
    /// What stands before a token, such as `Bearer`, and the token.
    Token(String, String),
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential")
    }
}

/// Where the server is, and how it is spoken with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address.
    pub url: String,
    /// What to sign in with.
    pub credential: Option<Credential>,
    /// PEM file with the certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// How long a request may take until the answer begins, and between two parts of it.
    pub timeout: Duration,
    /// When it is tried again.
    pub patience: Patience,
}

/// What became of a download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Downloaded {
    /// The file is as it was.
    Unchanged,
    /// It was written; the version of it is to be handed in the next time, if there is one.
    Fetched(Option<String>),
}

/// Talks to one server.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    pub(crate) url: Url,
    authorization: Option<HeaderValue>,
    timeout: Duration,
    patience: Patience,
}

impl Client {
    /// A client for a server.
    ///
    /// # Errors
    ///
    /// What of the options cannot be used.
    pub fn new(options: &Options) -> Result<Self, FeedError> {
        let url = Url::parse(options.url.trim()).map_err(|_| FeedError::Url)?;
        let has_user = !url.username().is_empty() || url.password().is_some();
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() || has_user {
            return Err(FeedError::Url);
        }
        let authorization = match &options.credential {
            None => None,
            Some(Credential::Basic(name, password)) => {
                Some(format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{password}"))))
            }
            Some(Credential::Token(scheme, token)) => Some(format!("{scheme} {token}")),
        };
        let authorization = authorization.map(|text| {
            let mut value = HeaderValue::try_from(text).map_err(|_| FeedError::Credential)?;
            value.set_sensitive(true);
            Ok(value)
        });
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| FeedError::Tls(error.to_string()))?
            .with_root_certificates(roots(options.ca_file.as_ref())?)
            .with_no_client_auth();
        let mut http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            // Followed here, and to the same server only.
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .user_agent(concat!("wardgate/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(options.timeout.min(Duration::from_secs(10)))
            .pool_max_idle_per_host(1);
        if url.scheme() == "http" {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| FeedError::Tls(error.to_string()))?;
        Ok(Self {
            http,
            url,
            authorization: authorization.transpose()?,
            timeout: options.timeout,
            patience: options.patience,
        })
    }

    /// Fetches the file at the client's address into `to`, unless it still is the `known` version.
    /// It is written whole or there is an error.
    ///
    /// # Errors
    ///
    /// When it cannot be fetched or written.
    pub async fn download(
        &self,
        known: Option<&str>,
        to: &mut (impl Write + Seek + Truncate),
    ) -> Result<Downloaded, FeedError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        if let Some((name, value)) = known.and_then(|known| known.split_once(' ')) {
            let name = if name == "etag" { IF_NONE_MATCH } else { IF_MODIFIED_SINCE };
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        let mut tries = 1;
        loop {
            match self.fetch(&headers, to).await {
                Err(error) if error.may_pass() && tries < self.patience.tries => {
                    sleep(self.patience.pause(tries)).await;
                    tries += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn fetch(
        &self,
        headers: &HeaderMap,
        to: &mut (impl Write + Seek + Truncate),
    ) -> Result<Downloaded, FeedError> {
        let at = place(&self.url);
        let mut response = self.send(&self.url, headers).await?;
        match response.status().as_u16() {
            200 => {}
            304 => return Ok(Downloaded::Unchanged),
            status => return Err(FeedError::Status { at, status }),
        }
        let write = |error: std::io::Error| FeedError::Write(error.to_string());
        to.rewind().and_then(|()| to.truncate()).map_err(write)?;
        let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let version = text(ETAG)
            .map(|tag| format!("etag {tag}"))
            .or_else(|| Some(format!("modified {}", text(LAST_MODIFIED)?)));
        let mut length = 0;
        while let Some(part) = self.part(&mut response).await? {
            length += part.len() as u64;
            if length > LARGEST_FILE {
                return Err(FeedError::TooLarge { at, most: LARGEST_FILE });
            }
            to.write_all(&part).map_err(write)?;
        }
        to.flush().map_err(write)?;
        Ok(Downloaded::Fetched(version))
    }

    /// Asks for something that is JSON of a type, as often as it takes.
    pub(crate) async fn get(
        &self,
        url: &Url,
        accept: &'static str,
        is_type: fn(&str) -> bool,
    ) -> Result<(HeaderMap, Vec<u8>), FeedError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        let mut tries = 1;
        loop {
            match self.whole(url, &headers, accept, is_type).await {
                Err(error) if error.may_pass() && tries < self.patience.tries => {
                    sleep(self.patience.pause(tries)).await;
                    tries += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn whole(
        &self,
        url: &Url,
        headers: &HeaderMap,
        expected: &'static str,
        is_type: fn(&str) -> bool,
    ) -> Result<(HeaderMap, Vec<u8>), FeedError> {
        let at = place(url);
        let mut response = self.send(url, headers).await?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(FeedError::Status { at, status });
        }
        let headers = std::mem::take(response.headers_mut());
        let found = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
        let found = found.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !is_type(&found) {
            let found = match found.is_empty() {
                true => "something without a type".to_owned(),
                false => found.chars().filter(|one| !one.is_control()).take(80).collect(),
            };
            return Err(FeedError::Content { at, expected, found });
        }
        let mut body = Vec::new();
        while let Some(part) = self.part(&mut response).await? {
            if (body.len() + part.len()) as u64 > LARGEST_ANSWER {
                return Err(FeedError::TooLarge { at, most: LARGEST_ANSWER });
            }
            body.extend_from_slice(&part);
        }
        Ok((headers, body))
    }

    /// Sends a request, waits where it is told to, and goes where it is led, on the same server.
    async fn send(&self, url: &Url, headers: &HeaderMap) -> Result<Response, FeedError> {
        let mut url = url.clone();
        let (mut redirects, mut waits) = (0, 0);
        loop {
            let at = place(&url);
            if url.origin() != self.url.origin() {
                return Err(FeedError::Elsewhere { at: place(&self.url), to: at });
            }
            let mut request = self.http.get(url.clone()).headers(headers.clone());
            if let Some(authorization) = &self.authorization {
                request = request.header(AUTHORIZATION, authorization.clone());
            }
            let answer = timeout(self.timeout, request.send()).await;
            let answer =
                answer.map_err(|_| FeedError::Timeout { at: at.clone(), after: self.timeout })?;
            let response = answer.map_err(|error| unreachable(&at, &error))?;
            let status = response.status().as_u16();
            match status {
                301 | 302 | 303 | 307 | 308 => {
                    let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
                    let to = to.and_then(|to| url.join(to).ok());
                    let to = to.ok_or(FeedError::Status { at: at.clone(), status })?;
                    if to.origin() != self.url.origin() {
                        return Err(FeedError::Elsewhere { at, to: place(&to) });
                    }
                    redirects += 1;
                    if redirects > MOST_REDIRECTS {
                        let why = "it leads from place to place";
                        return Err(FeedError::Endless { at, why });
                    }
                    url = to;
                }
                401 | 403 => return Err(FeedError::Refused { at, status }),
                429 | 503 => {
                    waits += 1;
                    let told = retry_after(response.headers());
                    let wait = told.unwrap_or_else(|| self.patience.pause(waits));
                    if waits >= self.patience.tries || wait > self.patience.longest_told {
                        return Err(FeedError::Busy { at, status, wait });
                    }
                    sleep(wait).await;
                }
                _ => return Ok(response),
            }
        }
    }

    async fn part(&self, response: &mut Response) -> Result<Option<Vec<u8>>, FeedError> {
        let at = place(response.url());
        let begun = Instant::now();
        let part = timeout(self.timeout, response.chunk()).await;
        let part = part
            .map_err(|_| FeedError::Timeout { at: at.clone(), after: begun.elapsed() })?
            .map_err(|error| unreachable(&at, &error))?;
        Ok(part.map(|part| part.to_vec()))
    }
}

/// Something that can be cut off where it is written to.
pub trait Truncate {
    /// Cuts off everything.
    ///
    /// # Errors
    ///
    /// When it cannot be done.
    fn truncate(&mut self) -> std::io::Result<()>;
}

impl Truncate for std::fs::File {
    fn truncate(&mut self) -> std::io::Result<()> {
        self.set_len(0)
    }
}

/// Host, port and path of an address, which are all of it that is told.
pub(crate) fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let path: String = url.path().chars().take(120).collect();
    format!("{host}{port}{path}")
}

fn unreachable(at: &str, error: &reqwest::Error) -> FeedError {
    let what = if error.is_connect() { "cannot connect" } else { "the connection broke off" };
    let mut why = what.to_owned();
    // The last cause tells of sockets and certificates, and nothing of the address.
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        cause = inner.source();
        if cause.is_none() {
            why = format!("{what}: {inner}");
        }
    }
    FeedError::Unreachable { at: at.to_owned(), why }
}

/// The certificates to trust.
fn roots(ca_file: Option<&PathBuf>) -> Result<RootCertStore, FeedError> {
    let mut roots = RootCertStore::empty();
    let Some(path) = ca_file else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    };
    let error = |why: String| FeedError::CaFile(path.clone(), why);
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
