//! The one table of what each route needs. What is not in it is refused.

use axum::http::Method;

use super::Role;

/// What a caller has to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing.
    Anyone,
    /// At least this role, by signing in or with an API token.
    Role(Role),
    /// At least this role, by signing in: an API token is not enough.
    Person(Role),
    /// The key of an intake or the secret of an event hook, which the handler checks.
    IntakeKey,
}

/// A route, and what it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method; HEAD is allowed where GET is.
    pub method: Method,
    /// The path as the router has it.
    pub path: &'static str,
    /// What a caller has to show.
    pub need: Need,
}

const fn route(method: Method, path: &'static str, need: Need) -> Route {
    Route { method, path, need }
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const PATCH: Method = Method::PATCH;
const DELETE: Method = Method::DELETE;
const VIEWER: Need = Need::Role(Role::Viewer);
const ANALYST: Need = Need::Role(Role::Analyst);
const ADMIN: Need = Need::Role(Role::Admin);

/// All routes.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    route(POST, "/plain", Need::IntakeKey),
    route(POST, "/plain/batch", Need::IntakeKey),
    route(POST, "/jsons", Need::IntakeKey),
    route(POST, "/array", Need::IntakeKey),
    route(POST, "/batch", Need::IntakeKey),
    route(GET, "/hooks/{name}", Need::Anyone),
    route(POST, "/hooks/{name}", Need::IntakeKey),
    route(GET, "/metrics", Need::Anyone),
    route(GET, "/healthz", Need::Anyone),
    route(GET, "/readyz", Need::Anyone),

    // Signing in, users and tokens.
    route(GET, "/api/v1/session", Need::Anyone),
    route(POST, "/api/v1/session", Need::Anyone),
    route(DELETE, "/api/v1/session", Need::Anyone),
    route(PUT, "/api/v1/session/password", Need::Person(Role::Viewer)),
    route(POST, "/api/v1/setup", Need::Anyone),
    route(GET, "/api/v1/oidc/start", Need::Anyone),
    route(GET, "/api/v1/oidc/callback", Need::Anyone),
    route(GET, "/api/v1/users", ADMIN),
    route(POST, "/api/v1/users", Need::Person(Role::Admin)),
    route(PATCH, "/api/v1/users/{id}", Need::Person(Role::Admin)),
    route(GET, "/api/v1/tokens", VIEWER),
    route(POST, "/api/v1/tokens", Need::Person(Role::Viewer)),
    route(DELETE, "/api/v1/tokens/{id}", VIEWER),

    // The desk.
    route(GET, "/api/openapi.json", VIEWER),
    route(GET, "/api/v1/meta", VIEWER),
    route(GET, "/api/v1/health", VIEWER),
    route(GET, "/api/v1/overview", VIEWER),
    route(GET, "/api/v1/fields", VIEWER),
    route(GET, "/api/v1/fields/{name}/values", VIEWER),
    route(GET, "/api/v1/query/check", VIEWER),
    route(GET, "/api/v1/events", VIEWER),
    route(GET, "/api/v1/events/histogram", VIEWER),
    route(GET, "/api/v1/events/facets", VIEWER),
    route(POST, "/api/v1/events/aggregate", VIEWER),
    route(GET, "/api/v1/events/export", VIEWER),
    route(GET, "/api/v1/events/tail", VIEWER),
    route(GET, "/api/v1/events/{id}", VIEWER),
    route(GET, "/api/v1/events/{id}/around", VIEWER),
    route(GET, "/api/v1/alerts", VIEWER),
    route(GET, "/api/v1/alerts/facets", VIEWER),
    route(GET, "/api/v1/alerts/export", VIEWER),
    route(GET, "/api/v1/alerts/tail", VIEWER),
    route(POST, "/api/v1/alerts/bulk", ANALYST),
    route(GET, "/api/v1/alerts/{id}", VIEWER),
    route(PATCH, "/api/v1/alerts/{id}", ANALYST),
    route(POST, "/api/v1/alerts/{id}/comments", ANALYST),
    route(GET, "/api/v1/alerts/{id}/history", VIEWER),
    route(GET, "/api/v1/alerts/{id}/similar", VIEWER),
    route(GET, "/api/v1/rules", VIEWER),
    route(POST, "/api/v1/rules/dry-run", ANALYST),
    route(GET, "/api/v1/rules/{id}", VIEWER),
    route(PATCH, "/api/v1/rules/{id}", ADMIN),
    route(GET, "/api/v1/exceptions", VIEWER),
    route(POST, "/api/v1/exceptions", ANALYST),
    route(DELETE, "/api/v1/exceptions/{id}", ANALYST),
    route(GET, "/api/v1/coverage", VIEWER),
    route(GET, "/api/v1/coverage/navigator", VIEWER),
    route(GET, "/api/v1/entities/{kind}", VIEWER),
    route(GET, "/api/v1/entities/{kind}/{id}", VIEWER),
    route(GET, "/api/v1/searches", VIEWER),
    route(POST, "/api/v1/searches", ANALYST),
    route(GET, "/api/v1/searches/{id}", VIEWER),
    route(PUT, "/api/v1/searches/{id}", ANALYST),
    route(DELETE, "/api/v1/searches/{id}", ANALYST),
    route(GET, "/api/v1/audit", ADMIN),
    route(GET, "/api/v1/intakes", VIEWER),
    route(GET, "/api/v1/intakes/{name}/keys", VIEWER),
    route(POST, "/api/v1/intakes/{name}/keys", ADMIN),
    route(POST, "/api/v1/intakes/{name}/keys/{id}/rotate", ADMIN),
    route(DELETE, "/api/v1/intakes/{name}/keys/{id}", ADMIN),
    route(GET, "/api/v1/indicators", VIEWER),
];

/// What `method` at `path` needs; `None` if it is not in the table.
#[must_use]
pub fn need(method: &Method, path: &str) -> Option<Need> {
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    let mut routes = ROUTES.iter();
    routes.find(|route| route.method == *method && route.path == path).map(|route| route.need)
}

/// The path of a route as the table has it, for labels that may only be few; `other` if it is not
/// in the table.
pub(crate) fn known_path(path: &str) -> &'static str {
    ROUTES.iter().map(|route| route.path).find(|known| *known == path).unwrap_or("other")
}

/// The methods that the table has for `path`, as the header `Allow` has them; empty if the path is
/// not in the table.
pub(super) fn allowed(path: &str) -> String {
    let methods = ROUTES.iter().filter(|route| route.path == path);
    let methods = methods.flat_map(|route| {
        let head = (route.method == Method::GET).then_some("HEAD");
        std::iter::once(route.method.as_str()).chain(head)
    });
    methods.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::{App, Metrics, empty_desk};

    /// The routes of a server with everything, as METHOD PATH. A router has no way to list them
    /// but to print itself:
    ///
    /// `RouteId(0): MethodRouter(MethodRouter { … allow_header: Bytes(b"GET,HEAD") })`, and
    /// `paths: {RouteId(0): "/metrics"}`
    fn routed() -> BTreeSet<String> {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("data");
        store::Database::create(&root).unwrap();
        let (handle, _inbox) = engine::channel(engine::Limits::default());
        let metrics = Metrics::register(&mut prometheus_client::registry::Registry::default());
        let (router, ..) = App::new(handle, metrics).desk(empty_desk::empty(&root)).router();
        let text = format!("{router:?}");
        let text = text.split("fallback_router").next().unwrap();
        let (methods, paths) = text.split_once("paths: {").unwrap();
        let id = |text: &str| text.split_once("): ").unwrap().0.to_owned();
        let paths: BTreeMap<String, &str> = paths
            .split("RouteId(")
            .skip(1)
            .map(|part| (id(part), part.split('"').nth(1).unwrap()))
            .collect();
        let mut routes = BTreeSet::new();
        for part in methods.split("RouteId(").skip(1) {
            let allowed = part.split_once("allow_header: Bytes(b\"").unwrap().1;
            let allowed = allowed.split('"').next().unwrap();
            for method in allowed.split(',').filter(|method| *method != "HEAD") {
                routes.insert(format!("{method} {}", paths[&id(part)]));
            }
        }
        routes
    }

    #[tokio::test]
    async fn the_table_has_the_routes_of_the_router_and_no_others() {
        let table: BTreeSet<String> =
            ROUTES.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
        assert_eq!(table.len(), ROUTES.len(), "a route is in the table twice");
        let routed = routed();
        let missing: Vec<_> = routed.difference(&table).collect();
        assert!(missing.is_empty(), "not in the table, and so refused: {missing:#?}");
        let gone: Vec<_> = table.difference(&routed).collect();
        assert!(gone.is_empty(), "in the table, but nothing is there: {gone:#?}");
    }

    #[test]
    fn what_changes_something_is_not_for_anyone() {
        for route in ROUTES.iter().filter(|route| route.need == Need::Anyone) {
            let is_sign_in = matches!(route.path, "/api/v1/session" | "/api/v1/setup");
            assert!(route.method == Method::GET || is_sign_in, "{route:?}");
        }
    }
}
