//! Listening: connections in, each served by a task of its own, and the way out.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::access::request::Peer;
use crate::app::App;
use crate::guard::Guarded;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::tls::Tls;

/// The most bytes of a request's head, and of what is read of a body at a time.
const BUFFER: usize = 128 << 10;

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Tls>,
    service: Service,
}

/// What a connection is served with.
#[derive(Clone, Debug)]
struct Service {
    router: Router,
    limits: Limits,
    metrics: Metrics,
    builder: http1::Builder,
}

impl Server {
    /// Listens at `address`.
    ///
    /// # Errors
    ///
    /// When that is not possible, such as when the port is taken.
    pub async fn bind(address: SocketAddr, app: App) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (router, limits, metrics) = app.router();
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new());
        builder.header_read_timeout(limits.head_time);
        builder.max_buf_size(BUFFER);
        let service = Service { router, limits, metrics, builder };
        Ok(Self { listener, address, tls: None, service })
    }

    /// Speaks TLS with everybody.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` is ready. Then no request is taken any more, and those under way
    /// are answered, if they are done within [`Limits::stop_time`].
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let Self { listener, tls, service, .. } = self;
        let Limits { connections, stop_time, .. } = service.limits;
        let room = Arc::new(Semaphore::new(connections.clamp(1, Semaphore::MAX_PERMITS)));
        let (stop, stopping) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let mut shutdown = std::pin::pin!(shutdown);
        let reloading = tls.as_ref().map(|tls| tokio::spawn(tls.clone().watch()));
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => break,
                accepted = accept(&listener, &room) => accepted,
            };
            while tasks.try_join_next().is_some() {}
            let (stream, peer, place) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Of the connection itself, or there are too many open files.
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let (service, tls, stopping) = (service.clone(), tls.clone(), stopping.clone());
            tasks.spawn(async move {
                let _place = place;
                service.serve(stream, peer, tls, stopping).await;
            });
        }
        drop(listener);
        if let Some(reloading) = reloading {
            reloading.abort();
        }
        // Nobody may be left to hear it.
        let _ = stop.send(true);
        let all = async { while tasks.join_next().await.is_some() {} };
        if timeout(stop_time, all).await.is_err() {
            tracing::warn!(connections = tasks.len(), "stopped with requests under way");
            tasks.shutdown().await;
        }
    }
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, peer, place))
}

impl Service {
    async fn serve(
        self,
        stream: TcpStream,
        peer: SocketAddr,
        tls: Option<Tls>,
        stopping: watch::Receiver<bool>,
    ) {
        let _open = self.metrics.connect();
        let Some(tls) = tls else {
            return self.speak(stream, peer, stopping).await;
        };
        match timeout(self.limits.head_time, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.speak(stream, peer, stopping).await,
            Ok(Err(error)) => tracing::debug!(%error, "no TLS"),
            Err(_) => tracing::debug!("no TLS in time"),
        }
    }

    async fn speak(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: SocketAddr,
        mut stopping: watch::Receiver<bool>,
    ) {
        let stream = TokioIo::new(Guarded::new(stream, self.limits.write_time));
        let router = TowerToHyperService::new(self.router);
        let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            router.call(request)
        });
        let mut connection = std::pin::pin!(self.builder.serve_connection(stream, service));
        let result = tokio::select! {
            result = &mut connection => result,
            () = async { drop(stopping.wait_for(|stopping| *stopping).await) } => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = result {
            tracing::debug!(%error, "connection ended");
        }
    }
}
