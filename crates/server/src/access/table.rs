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
    use super::*;
    use crate::{App, Metrics};

    #[test]
    fn x() {
        let (handle, _inbox) = engine::channel(engine::Limits::default());
        let metrics = Metrics::register(&mut prometheus_client::registry::Registry::default());
        let (router, ..) = App::new(handle, metrics).router();
        println!("{router:?}");
    }
}
