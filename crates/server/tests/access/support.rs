//! A server with accounts, whose clock the tests move.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};

use ecs::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, SET_COOKIE};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use server::access::{
    Access, Clock, ExternalSettings, Role, Settings, TokenRole, hash_password, make_token,
};
use server::{App, Limits};
use store::{Database, NewToken};
use tempfile::TempDir;

use crate::common::{Running, Stored, client, consume, origin, start};

/// The password of every account.
pub(crate) const PASSWORD: &str = "four teapots on the moon";
static HASH: LazyLock<String> = LazyLock::new(|| hash_password(PASSWORD).unwrap());

const BEGIN: i64 = 1_800_000_000_000;

pub(crate) struct Site {
    pub(crate) server: Running,
    pub(crate) access: Arc<Access>,
    pub(crate) stored: Stored,
    now: Arc<AtomicI64>,
    folder: TempDir,
}

/// Somebody who has signed in.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// `NAME=ID`
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub(crate) fn cookie(&self) -> Option<&str> {
        let cookie = self.headers.get(SET_COOKIE)?.to_str().unwrap();
        cookie.split(';').next()
    }
}

pub(crate) async fn answer(request: RequestBuilder) -> Answer {
    let response: Response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let kind = headers.get(CONTENT_TYPE).map_or(&b""[..], |kind| kind.as_bytes());
    if kind.starts_with(b"text/event-stream") {
        // It has no end.
        return Answer { status, headers, body: Value::Null };
    }
    let bytes = response.bytes().await.unwrap();
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    Answer { status, headers, body }
}

impl Site {
    pub(crate) async fn open() -> Self {
        Self::open_with(Settings::default()).await
    }

    pub(crate) async fn open_with(settings: Settings) -> Self {
        Self::open_full(settings, None, None).await
    }

    pub(crate) async fn open_full(
        settings: Settings,
        clock: Option<Clock>,
        external: Option<ExternalSettings>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Database::create(&folder.path().join("data")).unwrap();
        let now = Arc::new(AtomicI64::new(BEGIN));
        let told = Arc::clone(&now);
        let moved = Clock::new(move || Timestamp(told.load(Ordering::SeqCst)));
        let clock = clock.unwrap_or(moved);
        let mut access = Access::open(&folder.path().join("data"), settings).unwrap().clock(clock);
        if let Some(external) = external {
            access = access.external(external).unwrap();
        }
        let access = Arc::new(access);
        let (handle, inbox) = engine::channel(engine::Limits::default());
        let given = Arc::clone(&access);
        let desk = crate::desk::empty(&folder.path().join("data"));
        let change = |app: App| app.access(given).desk(desk);
        let server = start(handle, Limits::default(), change).await;
        server.keys.replace_intakes([origin("acme")]);
        Self { server, access, stored: consume(inbox), now, folder }
    }

    pub(crate) fn database(&self) -> Database {
        Database::open(&self.folder.path().join("data")).unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    pub(crate) fn add(&self, name: &str, role: Role) -> i64 {
        self.database().add_user(self.now(), "test", name, role, &HASH).unwrap().unwrap()
    }

    /// A token, valid for an hour.
    pub(crate) fn token(&self, role: TokenRole, owner: Option<i64>) -> String {
        let (token, digest) = make_token().unwrap();
        let expires = Timestamp(self.now().0 + 3_600_000);
        let new = NewToken { name: "ci", digest: digest.as_bytes(), role: &role, owner, expires };
        self.database().add_token(self.now(), "test", &new).unwrap();
        token
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        client().request(method, self.server.url(path))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    pub(crate) fn send(&self, method: Method, path: &str, body: &Value) -> RequestBuilder {
        let request = self.request(method, path).header("content-type", "application/json");
        request.body(body.to_string())
    }

    pub(crate) async fn try_sign_in(&self, name: &str, password: &str) -> Answer {
        let body = json!({"name": name, "password": password});
        answer(self.send(Method::POST, "/api/v1/session", &body)).await
    }

    pub(crate) async fn sign_in(&self, name: &str) -> Session {
        Session::of(&self.try_sign_in(name, PASSWORD).await)
    }

    /// An account of this role that has signed in.
    pub(crate) async fn signed_in(&self, name: &str, role: Role) -> Session {
        self.add(name, role);
        self.sign_in(name).await
    }

    /// The name of who is signed in with a cookie.
    pub(crate) async fn whose(&self, cookie: &str) -> Option<String> {
        let request = self.get("/api/v1/session").header("cookie", cookie);
        let answer = answer(request).await;
        assert_eq!(answer.status, 200);
        answer.body["user"]["name"].as_str().map(str::to_owned)
    }

    pub(crate) fn actions(&self) -> Vec<String> {
        let filter = store::AuditFilter { limit: 100, ..store::AuditFilter::default() };
        let mut entries = self.database().audit(&filter).unwrap();
        entries.reverse();
        entries.iter().map(|one| format!("{} {} {}", one.by, one.action, one.target)).collect()
    }
}

impl Session {
    pub(crate) fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let cookie = answer.cookie().unwrap().to_owned();
        Self { cookie, csrf: answer.body["csrf"].as_str().unwrap().to_owned() }
    }

    /// Makes a request as the page of this session does.
    pub(crate) fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        request.header("cookie", &self.cookie).header("x-csrf-token", &self.csrf)
    }
}
