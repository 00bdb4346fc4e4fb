//! A store with a simulated organisation in it, and requests to the API on it.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use detect::{Detector, Exception, Exceptions, Selection};
use ecs::Timestamp;
use engine::{Batch, Origin, Span};
use http_body_util::BodyExt;
use prometheus_client::registry::Registry;
use serde_json::Value;
use store::{Database, Writer};
use tokio::sync::watch;
use tower::ServiceExt;

use crate::access::{Caller, Credential, Role};
use crate::api::{
    ActiveRules, Desk, DeskLimits, IntakeState, IntakeStatus, Reload, ReloadRequests, RuleBook,
};

/// How many events are simulated.
pub(super) const SIMULATED: usize = 1_500;

/// An event whose texts are hostile.
pub(super) const HOSTILE: &str = r#"{"uuid":"hostile","published":"2026-09-03T12:00:00.000Z","eventType":"user.session.start","displayMessage":"<script>alert(1)</script>","actor":{"id":"00uX","type":"User","alternateId":"=HYPERLINK(\"http://x\")","displayName":"\u202Eevil \u0000 <img src=x onerror=alert(1)>"},"outcome":{"result":"SUCCESS"},"client":{"ipAddress":"203.0.113.9","geographicalContext":{"country":"+1,2\"3"}}}"#;

/// An API on a store.
pub(super) struct Served {
    router: Router,
    pub(super) desk: Arc<Desk>,
    pub(super) stop: watch::Sender<bool>,
    pub(super) folder: tempfile::TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The JSON of an answer that has to be of this status.
    #[track_caller]
    pub(super) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// The code of a problem that has to be of this status.
    #[track_caller]
    pub(super) fn problem(&self, status: u16) -> String {
        let problem = self.expect(status);
        let kind = self.headers.get(header::CONTENT_TYPE).unwrap();
        assert_eq!(kind, "application/problem+json");
        assert_eq!(problem["status"], status);
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
        problem["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// The rules of the configuration, with what people have changed.
pub(super) fn active(database: &Database) -> ActiveRules {
    let pack = detect::Pack::builtin();
    let configured = Selection::default();
    let mut selection = configured.clone();
    let switches = database.rule_switches().unwrap().into_iter();
    selection.switches = switches.map(|switch| (switch.rule, switch.enabled)).collect();
    let stored = database.exceptions().unwrap().into_iter().map(|stored| stored.exception);
    let entries: Vec<Exception> = stored.map(|one| crate::api::rules::of_stored(&one)).collect();
    let (exceptions, problems) = Exceptions::of(entries);
    assert_eq!(problems, []);
    let all = exceptions.entries().to_vec();
    let detector = Detector::new(&pack, &selection, Default::default(), exceptions);
    ActiveRules {
        pack,
        configured,
        selection,
        detector: Arc::new(detector),
        placeholders: Default::default(),
        indicators: Arc::default(),
        file_exceptions: Vec::new(),
        exceptions: all,
    }
}

/// Events of a simulated organisation, and the hostile one.
fn events() -> Vec<String> {
    let mut scenario = sim::Scenario::new(SIMULATED as u64, 5);
    scenario.days = Some(3);
    scenario.users = Some(30);
    scenario.start = jiff::Timestamp::from_second(1_788_220_800).unwrap();
    let (mut events, mut truth) = (Vec::new(), Vec::new());
    scenario.simulate().unwrap().write(&mut events, &mut truth).unwrap();
    let text = String::from_utf8(events).unwrap();
    let mut events: Vec<String> = text.lines().map(str::to_owned).collect();
    events.push(HOSTILE.to_owned());
    events
}

/// Has the pipeline take events.
pub(super) async fn store(root: &std::path::Path, active: &ActiveRules, events: &[String]) {
    let writer = Writer::open(root, store::Options { retention_days: None, ..Default::default() });
    let (handle, inbox) = engine::channel(engine::Limits::default());
    let metrics = Arc::new(engine::Metrics::register(&mut Registry::default()));
    let detector = Arc::clone(&active.detector);
    let pipeline = engine::Pipeline::start(writer.unwrap(), detector, inbox, metrics).unwrap();
    for chunk in events.chunks(500) {
        let (mut text, mut spans) = (String::new(), Vec::new());
        for event in chunk {
            let start = text.len() as u32;
            text.push_str(event);
            spans.push(Span { start, end: text.len() as u32, repaired: false });
        }
        let origin = Origin { intake: "acme".to_owned(), ..Origin::default() };
        let batch = Batch {
            origin: Arc::new(origin),
            text,
            events: spans,
            rejects: Vec::new(),
            cursor: None,
            received: Timestamp(1_788_600_000_000),
            caught_up: false,
        };
        let receipt = handle.submit(batch).await.unwrap();
        receipt.await.unwrap();
    }
    drop(handle);
    tokio::task::spawn_blocking(move || pipeline.finish()).await.unwrap();
}

impl Served {
    pub(super) async fn open() -> Self {
        Self::open_with(DeskLimits::default()).await
    }

    pub(super) async fn open_with(limits: DeskLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("data");
        let database = Database::create(&root).unwrap();
        let rules = active(&database);
        store(&root, &rules, &events()).await;
        let book = Arc::new(RuleBook::new(rules));
        let (reload, requests) = Reload::channel();
        tokio::spawn(reloading(requests, Arc::clone(&book), database));
        let (stop, stopping) = watch::channel(false);
        let desk = Desk::open(&root, limits, book, reload, stopping).unwrap();
        let desk = Arc::new(desk.intakes(|| vec![intake("acme", "okta"), intake("push", "http")]));
        let router = crate::api::router(Arc::clone(&desk));
        Self { router, desk, stop, folder }
    }

    pub(super) fn root(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    pub(super) async fn send(&self, mut request: Request<Body>) -> axum::response::Response {
        let caller =
            Caller { name: "ada".into(), role: Role::Admin, by: Credential::Session { user: 1 } };
        request.extensions_mut().insert(caller);
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn answer(&self, request: Request<Body>) -> Answer {
        let response = self.send(request).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    /// A path below `/api/v1`, with parameters that are escaped here.
    pub(super) async fn get(&self, path: &str, params: &[(&str, &str)]) -> Answer {
        let request = Request::get(uri(path, params)).body(Body::empty()).unwrap();
        self.answer(request).await
    }

    pub(super) async fn ask(&self, method: &str, path: &str, body: Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(uri(path, &[]))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        self.answer(request).await
    }

    pub(super) async fn raw(&self, request: Request<Body>) -> Answer {
        self.answer(request).await
    }

    /// The answer to a request that has to succeed.
    #[track_caller]
    pub(super) fn ok(
        &self,
        path: &str,
        params: &[(&str, &str)],
    ) -> impl Future<Output = Value> + use<'_> {
        let (path, uri) = (path.to_owned(), uri(path, params));
        async move {
            let request = Request::get(uri).body(Body::empty()).unwrap();
            let answer = self.answer(request).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
            answer.json()
        }
    }
}

pub(super) fn uri(path: &str, params: &[(&str, &str)]) -> String {
    let escaped = |text: &str| -> String {
        let bytes = text.bytes().map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        });
        bytes.collect()
    };
    let params: Vec<String> =
        params.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    let path = if path.starts_with("/api") { path.to_owned() } else { format!("/api/v1{path}") };
    match params.is_empty() {
        true => path,
        false => format!("{path}?{}", params.join("&")),
    }
}

async fn reloading(mut requests: ReloadRequests, book: Arc<RuleBook>, database: Database) {
    while let Some(done) = requests.recv().await {
        book.replace(active(&database));
        let _ = done.send(Ok(()));
    }
}

fn intake(name: &str, kind: &'static str) -> IntakeStatus {
    IntakeStatus {
        name: name.to_owned(),
        kind,
        organization_id: None,
        organization_name: Some("Acme".to_owned()),
        base_url: None,
        state: IntakeState::CatchingUp,
        problem: None,
        last_problem: Some((Timestamp(0), "the network is gone".to_owned())),
        newest_event: Some(Timestamp(Timestamp::now().0 - 90_000)),
        last_success: None,
        events: Some(7),
        backfill: None,
        rate_limit: Some((600, 599)),
    }
}
