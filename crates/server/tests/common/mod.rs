//! A server, and somebody who stores what is pushed.

#![allow(dead_code)]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use engine::{Batch, Handle, Inbox, Origin, Outcome};
use prometheus_client::registry::Registry;
use server::{App, Digest, KeyRing, Limits, Metrics, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const KEY: &str = "wgi_test";
pub(crate) const ONE: &str = r#"{"uuid":"1","eventType":"a.b"}"#;
pub(crate) const TWO: &str = r#"{"uuid":"2","eventType":"c.d"}"#;

/// A server that runs.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) registry: Arc<Mutex<Registry>>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

pub(crate) fn origin(intake: &str) -> Arc<Origin> {
    Arc::new(Origin { intake: intake.to_owned(), ..Origin::default() })
}

/// Starts a server with one key, changed as `change` says.
pub(crate) async fn start(
    handle: Handle,
    limits: Limits,
    change: impl FnOnce(App) -> App,
) -> Running {
    start_with(handle, limits, change, |server| server).await
}

pub(crate) async fn start_with(
    handle: Handle,
    limits: Limits,
    change: impl FnOnce(App) -> App,
    listening: impl FnOnce(Server) -> Server,
) -> Running {
    let keys = Arc::new(KeyRing::default());
    keys.replace([(Digest::of(KEY.as_bytes()), origin("acme"))]);
    let mut registry = Registry::default();
    let metrics = Metrics::register(&mut registry);
    let registry = Arc::new(Mutex::new(registry));
    let shown = Arc::clone(&registry);
    let render = move || {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &shown.lock().unwrap()).unwrap();
        text
    };
    let ring: Arc<KeyRing> = Arc::clone(&keys);
    let app = change(App::new(handle, metrics).keys(ring).metrics(render).limits(limits));
    let server = listening(Server::bind(([127, 0, 0, 1], 0).into(), app).await.unwrap());
    let address = server.local_addr();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve(async { drop(stopped.await) }));
    Running { address, keys, registry, stop: Some(stop), serving }
}

impl Running {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Asks the server to stop.
    pub(crate) fn stop(&mut self) {
        self.stop = None;
    }

    /// Waits until it has stopped.
    pub(crate) async fn stopped(self) {
        drop(self.stop);
        self.serving.await.unwrap();
    }
}

/// What was stored.
pub(crate) type Stored = Arc<Mutex<Vec<Batch>>>;

/// Stores what comes in memory, with the texts' numbers for ids: `e0`, `e1` … and `r0` … for the
/// rejects of each batch.
pub(crate) fn consume(mut inbox: Inbox) -> Stored {
    let stored = Stored::default();
    let to = Arc::clone(&stored);
    tokio::spawn(async move {
        while let Some(submission) = inbox.next().await {
            let (batch, acknowledgement) = submission.split();
            let outcome = outcome(&batch);
            to.lock().unwrap().push(batch);
            acknowledgement.done(outcome);
        }
    });
    stored
}

pub(crate) fn outcome(batch: &Batch) -> Outcome {
    let events = (0..batch.events.len()).map(|index| format!("e{index}"));
    let rejects = (0..batch.rejects.len()).map(|index| format!("r{index}"));
    Outcome {
        ids: events.chain(rejects).collect(),
        stored: batch.events.len(),
        quarantined: batch.rejects.len(),
        ..Outcome::default()
    }
}

/// The texts of the events of a batch.
pub(crate) fn texts(batch: &Batch) -> Vec<&str> {
    let text =
        |span: &engine::Span| batch.text.get(span.start as usize..span.end as usize).unwrap();
    batch.events.iter().map(text).collect()
}

/// A client without any TLS, which goes where it is told and no further.
pub(crate) fn client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    builder.tls_backend_preconfigured(config).build().unwrap()
}

/// Sends a request as it is, and reads until the server closes the connection.
pub(crate) async fn raw(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    // A reset also ends it.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}
