//! The routes, and what stands behind them.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{delete, get, patch, post, put};
use engine::{Handle, Origin};

use crate::access::http::{oidc, session, setup, tokens, users};
use crate::access::{Access, gate, table};
use crate::answer::{self, Problem};
use crate::api::{self, Desk};
use crate::health::{self, Check};
use crate::intake::{self, Room};
use crate::keys::{HookRegistry, HookTable, KeyRing, Keys};
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::secret::Digest;

/// What the server needs from the rest of the program.
pub struct App {
    pub(crate) handle: Handle,
    pub(crate) access: Option<Arc<Access>>,
    pub(crate) keys: Arc<dyn Keys>,
    pub(crate) hooks: Arc<dyn HookRegistry>,
    pub(crate) metrics: Box<dyn Fn() -> String + Send + Sync>,
    pub(crate) ready: Box<dyn Fn() -> Vec<Check> + Send + Sync>,
    pub(crate) counters: Metrics,
    pub(crate) limits: Limits,
    pub(crate) room: Room,
    pub(crate) keyless_room: Room,
    pub(crate) desk: Option<Arc<Desk>>,
}

impl App {
    /// An app that hands events in at `handle`, has no accounts, no keys and no hooks, is always
    /// ready, and shows no metrics.
    #[must_use]
    pub fn new(handle: Handle, counters: Metrics) -> Self {
        let app = Self {
            handle,
            access: None,
            keys: Arc::new(KeyRing::default()),
            hooks: Arc::new(HookTable::default()),
            metrics: Box::new(|| "# EOF\n".to_owned()),
            ready: Box::new(Vec::new),
            counters,
            limits: Limits::default(),
            room: Room::new(1, 1),
            keyless_room: Room::new(1, 1),
            desk: None,
        };
        app.limits(Limits::default())
    }

    /// Lets in who has an account here. Without any, nobody comes in.
    #[must_use]
    pub fn access(mut self, access: Arc<Access>) -> Self {
        self.access = Some(access);
        self
    }

    /// Takes the keys from here.
    #[must_use]
    pub fn keys(mut self, keys: Arc<dyn Keys>) -> Self {
        self.keys = keys;
        self
    }

    /// Takes the event hooks from here.
    #[must_use]
    pub fn hooks(mut self, hooks: Arc<dyn HookRegistry>) -> Self {
        self.hooks = hooks;
        self
    }

    /// Shows the metrics that `render` writes, in the text format of OpenMetrics. It is called for
    /// anybody who asks, and must not wait for anything.
    #[must_use]
    pub fn metrics(mut self, render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.metrics = Box::new(render);
        self
    }

    /// Is ready when all of these are in order. It is called for anybody who asks, and must not
    /// wait for anything.
    #[must_use]
    pub fn ready(mut self, checks: impl Fn() -> Vec<Check> + Send + Sync + 'static) -> Self {
        self.ready = Box::new(checks);
        self
    }

    /// Serves the API of this desk.
    #[must_use]
    pub fn desk(mut self, desk: Arc<Desk>) -> Self {
        self.desk = Some(desk);
        self
    }

    /// Takes as much as `limits` allow.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        // Places in a text are counted with 32 bits, and a repaired text may be longer.
        let body = limits.body.min(1 << 30);
        self.limits = Limits { body, ..limits };
        self.room = Room::new(limits.requests - limits.requests / 4, limits.bodies / 4 * 3);
        self.keyless_room = Room::new(limits.requests / 4, limits.bodies / 4);
        self
    }

    /// Where events come from that are pushed with the key or API token of this digest.
    pub(crate) fn intake(&self, digest: &Digest) -> Option<Arc<Origin>> {
        self.keys.intake(digest).or_else(|| {
            let intake = self.access.as_ref()?.intake_of(digest)?;
            self.keys.origin(&intake)
        })
    }

    pub(crate) fn router(self) -> (Router, Limits, Metrics) {
        let (limits, counters) = (self.limits, self.counters.clone());
        let app = Arc::new(self);
        let api = app.desk.clone().map_or_else(Router::new, api::router);
        let router = Router::new()
            .route("/plain", post(intake::plain))
            .route("/plain/batch", post(intake::lines))
            .route("/jsons", post(intake::list))
            .route("/array", post(intake::list))
            .route("/batch", post(intake::batch))
            .route("/hooks/{name}", get(intake::challenge).post(intake::deliver))
            .route("/metrics", get(health::metrics))
            .route("/healthz", get(health::healthy))
            .route("/readyz", get(health::ready))
            .merge(access_routes())
            .with_state(Arc::clone(&app))
            .merge(api)
            .method_not_allowed_fallback(wrong_method)
            .fallback(crate::ui::serve)
            .layer(middleware::from_fn_with_state(Arc::clone(&app), gate))
            .layer(middleware::from_fn_with_state(app, observe));
        (router, limits, counters)
    }
}

/// Signing in, users and tokens.
fn access_routes() -> Router<Arc<App>> {
    let session = get(session::show).post(session::sign_in).delete(session::sign_out);
    Router::new()
        .route("/api/v1/session", session)
        .route("/api/v1/session/password", put(session::change_password))
        .route("/api/v1/setup", post(setup::set_up))
        .route("/api/v1/oidc/start", get(oidc::start))
        .route("/api/v1/oidc/callback", get(oidc::callback))
        .route("/api/v1/users", get(users::list).post(users::create))
        .route("/api/v1/users/{id}", patch(users::change))
        .route("/api/v1/tokens", get(tokens::list).post(tokens::create))
        .route("/api/v1/tokens/{id}", delete(tokens::revoke))
}

/// Counts each request, and adds what every answer carries.
async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let _under_way = app.counters.begin();
    let begun = Instant::now();
    // Neither counters nor logs hold what anybody may have put into a path.
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("other", |path| table::known_path(path.as_str()));
    let mut response = next.run(request).await;
    let is_tls = app.access.as_ref().is_some_and(|access| access.is_tls());
    answer::secure(&mut response, is_tls);
    let (status, took) = (response.status(), begun.elapsed());
    app.counters.answered(route, status.as_u16(), took.as_secs_f64());
    if status.is_server_error() {
        tracing::warn!(route, status = status.as_u16(), ms = took.as_millis(), "request failed");
    } else {
        tracing::debug!(route, status = status.as_u16(), ms = took.as_millis(), "request");
    }
    response
}

async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "expected another method, see the header Allow")
}
