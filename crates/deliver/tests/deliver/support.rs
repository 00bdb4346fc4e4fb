//! An outbox, a server that does what it is told, and a sink between them.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode};
use deliver::{
    Delivery, Outbox, OutboxError, Patience, Sink, SinkHealth, Target, Webhook, WebhookOptions,
};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// Long enough for a machine that is busy with something else.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// No wait is worth waiting for.
pub(crate) fn hasty() -> Patience {
    Patience {
        first: Duration::from_millis(1),
        most: Duration::from_millis(5),
        rejected: Duration::from_millis(5),
        asked: Duration::from_millis(20),
        refusals: 3,
        // Only who is woken goes on.
        poll: LONG * 60,
        grace: Duration::from_millis(50),
    }
}

pub(crate) fn alert(seq: i64) -> Delivery {
    Delivery {
        seq,
        id: Uuid::from_u128(seq.unsigned_abs().into()),
        severity: "medium".into(),
        title: format!("alert {seq}"),
        document: format!("{{\"n\":{seq}}}"),
        ..Delivery::default()
    }
}

#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) alerts: Mutex<Vec<Delivery>>,
    pub(crate) checkpoints: Mutex<BTreeMap<String, i64>>,
    pub(crate) dead: Mutex<Vec<(String, i64, String)>>,
    /// Whether checkpoints cannot be kept.
    pub(crate) is_broken: Mutex<bool>,
}

impl Memory {
    pub(crate) fn with(alerts: impl IntoIterator<Item = Delivery>) -> Arc<Self> {
        Arc::new(Self { alerts: Mutex::new(alerts.into_iter().collect()), ..Self::default() })
    }

    pub(crate) fn at(&self, sink: &str) -> i64 {
        self.checkpoints.lock().unwrap().get(sink).copied().unwrap_or(-1)
    }

    fn refuse(&self) -> Result<(), OutboxError> {
        if *self.is_broken.lock().unwrap() { Err("disk full".into()) } else { Ok(()) }
    }
}

impl Outbox for Memory {
    fn after(&self, seq: i64, limit: usize) -> Result<Vec<Delivery>, OutboxError> {
        let alerts = self.alerts.lock().unwrap();
        Ok(alerts.iter().filter(|alert| alert.seq > seq).take(limit).cloned().collect())
    }

    fn latest(&self) -> Result<i64, OutboxError> {
        Ok(self.alerts.lock().unwrap().last().map_or(0, |alert| alert.seq))
    }

    fn checkpoint(&self, sink: &str) -> Result<Option<i64>, OutboxError> {
        Ok(self.checkpoints.lock().unwrap().get(sink).copied())
    }

    fn set_checkpoint(&self, sink: &str, seq: i64) -> Result<(), OutboxError> {
        self.refuse()?;
        self.checkpoints.lock().unwrap().insert(sink.into(), seq);
        Ok(())
    }

    fn dead_letter(&self, sink: &str, seq: i64, reason: &str) -> Result<(), OutboxError> {
        self.refuse()?;
        self.dead.lock().unwrap().push((sink.into(), seq, reason.into()));
        Ok(())
    }
}

/// A sink that runs.
pub(crate) struct Running {
    pub(crate) health: Arc<SinkHealth>,
    pub(crate) wake: Arc<Notify>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

pub(crate) fn start(sink: Sink, outbox: &Arc<Memory>) -> Running {
    let health = sink.health();
    let wake = Arc::new(Notify::new());
    let (stop, stopped) = watch::channel(false);
    let outbox: Arc<Memory> = Arc::clone(outbox);
    let task = tokio::spawn(deliver::run(sink, outbox, Arc::clone(&wake), stopped));
    Running { health, wake, stop, task }
}

impl Running {
    /// Ends it as a shutdown does.
    pub(crate) async fn stop(self) {
        self.stop.send(true).unwrap();
        tokio::time::timeout(LONG, self.task).await.unwrap().unwrap();
    }

    /// Ends it as a crash does.
    pub(crate) async fn crash(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(tokio::time::timeout(LONG, wait).await.is_ok(), "waited in vain until {what}");
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The place of the alert that it carries.
    pub(crate) fn seq(&self) -> i64 {
        let id: Uuid = self.header("x-wardgate-alert-id").parse().unwrap();
        i64::try_from(id.as_u128()).unwrap()
    }
}

/// What the server does with a request.
pub(crate) type Behaviour = Box<dyn FnMut(&Request) -> Response<Body> + Send>;

#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    behaviour: Arc<Mutex<Behaviour>>,
}

impl Server {
    /// Answers with these, one after the other, and with 200 from then on.
    pub(crate) async fn scripted(answers: impl IntoIterator<Item = Response<Body>>) -> Self {
        let mut answers: VecDeque<_> = answers.into_iter().collect();
        let next = move |_: &Request| answers.pop_front().unwrap_or_else(|| status(200));
        Self::new(next).await
    }

    pub(crate) async fn new(
        behaviour: impl FnMut(&Request) -> Response<Body> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, behaviour)
    }

    pub(crate) fn on(
        listener: TcpListener,
        behaviour: impl FnMut(&Request) -> Response<Body> + Send + 'static,
    ) -> Self {
        let server = Self {
            address: listener.local_addr().unwrap(),
            requests: Arc::default(),
            behaviour: Arc::new(Mutex::new(Box::new(behaviour))),
        };
        let router = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The places of the alerts that came, in order.
    pub(crate) fn seqs(&self) -> Vec<i64> {
        self.requests().iter().map(Request::seq).collect()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook/s3cret", self.address)
    }

    pub(crate) fn sink(&self) -> Sink {
        self.sink_with(|_| {})
    }

    pub(crate) fn sink_with(&self, change: impl FnOnce(&mut WebhookOptions)) -> Sink {
        let mut options = WebhookOptions::new(self.url());
        options.timeout = LONG;
        change(&mut options);
        let webhook = Webhook::new(&options).unwrap();
        Sink::new("soc", Target::webhook(webhook)).from(deliver::From::Earliest).patience(hasty())
    }
}

async fn answer(State(server): State<Server>, request: axum::extract::Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap().to_vec();
    let path = parts.uri.path().to_owned();
    let request = Request { method: parts.method, path, headers: parts.headers, body };
    let response = server.behaviour.lock().unwrap()(&request);
    server.requests.lock().unwrap().push(request);
    if response.status() == StatusCode::IM_A_TEAPOT {
        // It takes its time.
        std::future::pending::<()>().await;
    }
    response
}

pub(crate) fn status(status: u16) -> Response<Body> {
    Response::builder().status(status).body(Body::empty()).unwrap()
}

pub(crate) fn with_header(code: u16, name: &str, value: &str) -> Response<Body> {
    Response::builder().status(code).header(name, value).body(Body::empty()).unwrap()
}

/// What makes the server never answer.
pub(crate) fn hang() -> Response<Body> {
    status(418)
}
