//! All routes, with every role and none.

use reqwest::{Method, RequestBuilder};
use server::access::{Need, ROUTES, Role, Route, TokenRole};

use crate::support::{Answer, Session, Site, answer};

/// Somebody who tries.
enum Caller {
    Nobody,
    Session(Session),
    Token(String),
}

impl Caller {
    fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::Nobody => request,
            Self::Session(session) => session.sign(request),
            Self::Token(token) => request.bearer_auth(token),
        }
    }
}

/// What the table says about somebody.
fn is_allowed(need: Need, role: Option<Role>, is_person: bool) -> bool {
    match need {
        Need::Anyone => true,
        Need::Role(needed) => role.is_some_and(|role| role >= needed),
        Need::Person(needed) => is_person && role.is_some_and(|role| role >= needed),
        Need::IntakeKey => false,
    }
}

/// Whether a request got past the gate, and past the check of a key.
fn got_through(answer: &Answer) -> bool {
    answer.status != 401 && !(answer.status == 403 && answer.code() == "forbidden")
}

async fn call(site: &Site, route: &Route, caller: &Caller) -> Answer {
    let path = route.path.replace("{name}", "none").replace("{id}", "0").replace("{kind}", "user");
    let mut request = site.request(route.method.clone(), &path);
    if !matches!(route.method, Method::GET) {
        // Of no use to any handler, so that nothing changes.
        request = request.header("content-type", "application/json").body("[]");
    }
    answer(caller.sign(request)).await
}

#[tokio::test]
async fn every_route_needs_what_the_table_says() {
    let site = Site::open().await;
    let mut callers = vec![(Caller::Nobody, None, false)];
    for role in Role::ALL {
        let session = site.signed_in(role.name(), role).await;
        callers.push((Caller::Session(session), Some(role), true));
        let token = site.token(TokenRole::Role(role), None);
        callers.push((Caller::Token(token), Some(role), false));
    }
    callers.push((Caller::Token("wgt_guessed".to_owned()), None, false));
    for route in ROUTES {
        // Signing out would end the session of those who come after.
        if route.method == Method::DELETE && route.path == "/api/v1/session" {
            continue;
        }
        for (caller, role, is_person) in &callers {
            let answer = call(&site, route, caller).await;
            let allowed = is_allowed(route.need, *role, *is_person);
            // There is no hook of that name, which is told to anybody.
            let got_through = got_through(&answer) && route.need != Need::IntakeKey
                || (answer.status == 200 && route.need == Need::IntakeKey);
            assert_eq!(
                got_through, allowed,
                "{} {} with {role:?} (person: {is_person}): {answer:?}",
                route.method, route.path
            );
            let status = if role.is_none() { 401 } else { 403 };
            if !allowed && route.need != Need::IntakeKey {
                assert_eq!(answer.status, status, "{} {}", route.method, route.path);
            }
        }
    }
    let intake = Caller::Token(site.token(TokenRole::Intake("acme".into()), None));
    for route in ROUTES {
        let answer = call(&site, route, &intake).await;
        let is_for_roles = matches!(route.need, Need::Role(_) | Need::Person(_));
        assert_eq!(got_through(&answer), !is_for_roles, "{} {}", route.method, route.path);
    }
}

#[tokio::test]
async fn nobody_comes_in_where_there_are_no_accounts() {
    let (handle, _inbox) = engine::channel(engine::Limits::default());
    let server = crate::common::start(handle, server::Limits::default(), |app| app).await;
    for route in ROUTES.iter().filter(|route| route.path.starts_with("/api/")) {
        let path = route.path.replace("{id}", "0");
        // What is not there either without a desk.
        if !["session", "setup", "oidc", "users", "tokens"].contains(&area(&path)) {
            continue;
        }
        let request = crate::common::client().request(route.method.clone(), server.url(&path));
        let answer = answer(request.bearer_auth("wgt_x").header("cookie", "wardgate_session=x"));
        let status = answer.await.status;
        let expected = if route.need == Need::Anyone { 404 } else { 401 };
        assert_eq!(status, expected, "{} {}", route.method, route.path);
    }
}

#[tokio::test]
async fn methods_that_the_table_has_not_are_refused() {
    let site = Site::open().await;
    let admin = site.signed_in("anna", Role::Admin).await;
    let request = admin.sign(site.request(Method::DELETE, "/api/v1/users"));
    let answer = answer(request).await;
    assert_eq!((answer.status, answer.headers["allow"].to_str().unwrap()), (405, "GET,HEAD,POST"));
    let head = admin.sign(site.request(Method::HEAD, "/api/v1/users"));
    assert_eq!(crate::support::answer(head).await.status, 200);
    let head = site.request(Method::HEAD, "/api/v1/users");
    assert_eq!(crate::support::answer(head).await.status, 401);
}

/// `users` of `/api/v1/users/0`.
fn area(path: &str) -> &str {
    path.split('/').nth(3).unwrap_or_default()
}
