//! Listening, and the handle on what listens.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use sim::{Attack, ScenarioError};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::faults::{Faults, Place};
use crate::feed;
use crate::hooks::{self, Hook};
use crate::http::{self, Connection};
use crate::oauth::OauthClient;
use crate::options::Options;
use crate::org::{Org, Stats, random_text};
use crate::socket::Socket;
use crate::tls;

/// An organisation that can't be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address can be reached from elsewhere, and nobody said that it may.
    #[error(
        "{0} can be reached by other machines, and anybody could change the organisation: listen on 127.0.0.1, or allow it"
    )]
    Exposed(SocketAddr),
    /// The address can't be listened on.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// The scenario can't be played.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The file of events can't be read.
    #[error("cannot read {0}")]
    Backlog(PathBuf, #[source] io::Error),
    /// No certificate can be made.
    #[error("cannot make a certificate")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// There is no room for the events, or no thread to serve them.
    #[error(transparent)]
    System(#[from] io::Error),
}

/// An organisation that is being served, by a thread of its own, until this is dropped.
pub struct Server {
    org: Arc<Org>,
    address: SocketAddr,
    token: String,
    ca_pem: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Server {
    /// Tells no token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("url", &self.url()).finish_non_exhaustive()
    }
}

/// What has happened in the organisation. See [`Server::truth`].
#[derive(Clone, Debug)]
pub struct Truth {
    /// How many events were ever persisted.
    pub events: u64,
    /// Their uuids, in the order of persistence; `None` for what has none. Those of events that are
    /// no longer kept are missing at the beginning.
    pub uuids: Vec<Option<String>>,
    /// FNV-1a, 64 bits, over the uuids of all events in order, with a line feed after each.
    pub digest: u64,
    /// The attacks.
    pub attacks: Vec<sim::Truth>,
}

impl Server {
    /// Fills the organisation with its backlog and begins to serve it. Takes as long as it
    /// takes to make the backlog.
    ///
    /// # Errors
    ///
    /// When the address can't or should not be listened on, or the events can't be had.
    pub fn start(mut options: Options) -> Result<Server, StartError> {
        if !options.listen.ip().is_loopback() && !options.expose {
            return Err(StartError::Exposed(options.listen));
        }
        if options.tokens.is_empty() {
            options.tokens.push(format!("00{}", random_text(40)));
        }
        let cannot = |error| StartError::Listen(options.listen, error);
        let listener = TcpListener::bind(options.listen).map_err(cannot)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let token = options.tokens.first().cloned().unwrap_or_default();
        let org = Arc::new(Org::new(options));
        let options = org.options();
        feed::fill(&org, &options.backlog, options.late)?;
        let live = options.live.as_ref();
        let life = live.map(|live| sim::Live::new(options.seed, live.users, org.now()));
        let life = life.transpose()?;
        let (acceptor, ca_pem) = tls::acceptor(options.tls).map_err(StartError::Tls)?.unzip();
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let served = Arc::clone(&org);
        let thread =
            std::thread::Builder::new().name("simulated-org".to_owned()).spawn(move || {
                runtime.block_on(async move {
                    tokio::select! {
                        _ = stopped => {}
                        result = serve(served, listener, life, acceptor) => {
                            if let Err(error) = result {
                                tracing::error!(%error, "the simulated organisation ends");
                            }
                        }
                    }
                });
            })?;
        Ok(Server { org, address, token, ca_pem, stop: Some(stop), thread: Some(thread) })
    }

    /// The organisation's base URL, without a slash at its end.
    pub fn url(&self) -> String {
        let scheme = if self.ca_pem.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The certificate of the authority that has to be trusted, as PEM, when HTTPS is served.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The first of its API tokens.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Lets another token in; without `may_read` it is known but answered with 403.
    pub fn add_token(&self, token: &str, may_read: bool) {
        self.org.add_token(token, may_read);
    }

    /// Takes a token back. False when there was no such one.
    pub fn revoke_token(&self, token: &str) -> bool {
        self.org.revoke_token(token)
    }

    /// Persists a text now, which need not be an event. It must be on one line and not be empty.
    ///
    /// # Errors
    ///
    /// When there is no room for it.
    pub fn append(&self, text: &str) -> io::Result<()> {
        feed::append_text(&self.org, text, Some(self.org.now()))?;
        self.org.has_new_events();
        Ok(())
    }

    /// Lets a service app ask for access tokens, or changes its keys.
    pub fn add_oauth_client(&self, client: OauthClient) {
        self.org.oauth().add(client);
    }

    /// Takes all access tokens back before their time.
    pub fn revoke_access_tokens(&self) {
        self.org.oauth().revoke_all();
    }

    /// Lets every nonce of DPoP be too old.
    pub fn rotate_nonce(&self) {
        self.org.oauth().rotate_nonce();
    }

    /// Lets other things go wrong from now on; requests are counted anew.
    pub fn set_faults(&self, faults: Faults) {
        self.org.set_faults(faults);
    }

    /// Tells somebody of events from now on.
    pub fn add_hook(&self, hook: Hook) {
        self.org.add_hook(hook);
    }

    /// Lets somebody attack at once. Only a live organisation can be attacked.
    pub fn attack(&self, attack: Attack) {
        self.org.ask_attack(attack);
    }

    /// Lets a live organisation rest, or go on.
    pub fn pause(&self, paused: bool) {
        self.org.pause(paused);
    }

    /// How many events have been persisted so far.
    pub fn events(&self) -> u64 {
        self.org.log().end()
    }

    /// What has happened so far.
    pub fn truth(&self) -> Truth {
        let attacks = self.org.attacks();
        let log = self.org.log();
        let uuids = (log.first()..log.end()).map(|position| log.uuid(position)).collect();
        Truth { events: log.end(), uuids, digest: log.digest(), attacks }
    }

    /// What has been asked and answered so far.
    pub fn stats(&self) -> Stats {
        self.org.stats().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It has said why if it failed.
            let _ = thread.join();
        }
    }
}

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

async fn serve(
    org: Arc<Org>,
    listener: TcpListener,
    life: Option<sim::Live>,
    acceptor: Option<TlsAcceptor>,
) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let mut tasks = JoinSet::new();
    if let Some((options, life)) = org.options().live.clone().zip(life) {
        tasks.spawn(feed::live(Arc::clone(&org), options, org.options().late, life));
    }
    loop {
        // Finished connections are let go.
        while tasks.try_join_next().is_some() {}
        for hook in org.take_new_hooks() {
            tasks.spawn(hooks::run(Arc::clone(&org), hook));
        }
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = org.hook_added.notified() => continue,
        };
        match accepted {
            Ok((stream, peer)) => {
                tasks.spawn(converse(Arc::clone(&org), stream, peer, acceptor.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

/// Answers what comes in on a connection.
async fn converse(
    org: Arc<Org>,
    mut stream: TcpStream,
    peer: SocketAddr,
    acceptor: Option<TlsAcceptor>,
) {
    let _ = stream.set_nodelay(true);
    let reset = Arc::new(AtomicBool::new(false));
    let fault = org.next_fault(Place::Connections);
    if let Some(fault) = fault {
        org.count_fault(fault);
        if acceptor.is_some() {
            // Not what a TLS client waits for.
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        } else {
            let _ = stream.set_zero_linger();
        }
        return;
    }
    let is_tls = acceptor.is_some();
    let connection = Connection { org, peer, is_tls, reset: Arc::clone(&reset) };
    let socket = Socket::new(stream, reset);
    let result = match acceptor {
        None => answer_all(connection, socket).await,
        Some(acceptor) => match tokio::time::timeout(HANDSHAKE, acceptor.accept(socket)).await {
            Ok(Ok(stream)) => answer_all(connection, stream).await,
            Ok(Err(error)) => {
                tracing::debug!(%error, "no TLS");
                return;
            }
            Err(_) => return,
        },
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended");
    }
}

async fn answer_all(
    connection: Connection,
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
) -> hyper::Result<()> {
    let service = service_fn(|request| http::answer(connection.clone(), request));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new());
    builder.serve_connection(TokioIo::new(stream), service).await
}
