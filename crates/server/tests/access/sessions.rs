//! Signing in and out, and what pages of other sites cannot do.

use reqwest::Method;
use serde_json::json;
use server::access::{Role, Settings};
use store::UserChange;

use crate::support::{PASSWORD, Session, Site, answer};

const NEW: &str = "seven herons by the canal";

#[tokio::test]
async fn a_password_begins_a_session() {
    let site = Site::open().await;
    site.add("Anna", Role::Analyst);
    let done = site.try_sign_in("anna", PASSWORD).await;
    let user = &done.body["user"];
    assert_eq!(user["name"], "Anna");
    assert_eq!(
        (user["role"].as_str(), user["has_password"].as_bool()),
        (Some("analyst"), Some(true))
    );
    let cookie = done.headers["set-cookie"].to_str().unwrap();
    let (name_value, attributes) = cookie.split_once("; ").unwrap();
    assert!(name_value.starts_with("wardgate_session=") && name_value.len() > 17 + 40);
    assert_eq!(attributes, "Path=/; HttpOnly; SameSite=Strict");
    let session = Session::of(&done);
    let state = answer(site.get("/api/v1/session").header("cookie", &session.cookie)).await;
    assert_eq!(state.body["csrf"], session.csrf);
    assert!(!state.body.to_string().contains(session.cookie.split('=').nth(1).unwrap()));
    assert_eq!(state.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn a_cookie_of_tls_goes_no_other_way() {
    let secure = [
        Settings { is_tls: true, ..Settings::default() },
        Settings { public_url: Some("https://w.example".into()), ..Settings::default() },
    ];
    for settings in secure {
        let site = Site::open_with(settings).await;
        site.add("anna", Role::Viewer);
        let done = site.try_sign_in("anna", PASSWORD).await;
        let cookie = done.headers["set-cookie"].to_str().unwrap();
        assert!(cookie.starts_with("__Host-wardgate_session="), "{cookie}");
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict; Secure"), "{cookie}");
        assert_eq!(site.whose(done.cookie().unwrap()).await.as_deref(), Some("anna"));
        let plain = done.cookie().unwrap().replace("__Host-", "");
        assert_eq!(site.whose(&plain).await, None);
    }
}

#[tokio::test]
async fn nothing_tells_an_unknown_account_from_a_wrong_password() {
    let site = Site::open().await;
    let anna = site.add("anna", Role::Admin);
    site.add("ben", Role::Admin);
    let wrong = site.try_sign_in("anna", "four teapots on the Moon").await;
    assert_eq!((wrong.status, wrong.code()), (401, "wrong-credentials"));
    assert!(wrong.cookie().is_none());
    for (name, password) in [("eve", PASSWORD), ("anna", ""), ("", ""), ("anna\0", PASSWORD)] {
        let unknown = site.try_sign_in(name, password).await;
        assert_eq!((unknown.status, &unknown.body), (401, &wrong.body), "{name}");
    }
    let long = site.try_sign_in("anna", &PASSWORD.repeat(100)).await;
    assert_eq!((long.status, &long.body), (401, &wrong.body));
    let change = UserChange { disabled: Some(true), ..UserChange::default() };
    site.database().change_user(site.now(), "test", anna, &change).unwrap().unwrap();
    let disabled = site.try_sign_in("anna", PASSWORD).await;
    assert_eq!((disabled.status, &disabled.body), (401, &wrong.body));
}

#[tokio::test]
async fn a_session_has_another_id_than_the_browser_came_with() {
    let site = Site::open().await;
    site.add("anna", Role::Viewer);
    let planted = "wardgate_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let body = json!({"name": "anna", "password": PASSWORD});
    let request = site.send(Method::POST, "/api/v1/session", &body).header("cookie", planted);
    let first = Session::of(&answer(request).await);
    assert_ne!(first.cookie, planted);
    assert_eq!(site.whose(planted).await, None);
    let request = first.sign(site.send(Method::POST, "/api/v1/session", &body));
    let second = Session::of(&answer(request).await);
    assert_ne!(first.cookie, second.cookie);
    assert_eq!(site.whose(&first.cookie).await, None, "its place is taken");
    assert_eq!(site.whose(&second.cookie).await.as_deref(), Some("anna"));
}

#[tokio::test]
async fn sessions_end_when_they_are_not_used_and_at_the_latest_after_a_day() {
    const HOUR: i64 = 3600;
    let site = Site::open().await;
    let session = site.signed_in("anna", Role::Viewer).await;
    let other = site.sign_in("anna").await;
    for _ in 0..3 {
        site.pass(7 * HOUR);
        assert!(site.whose(&session.cookie).await.is_some());
        // The use is noted a moment later.
        let mut tries = 0;
        while seen(&site, &session).await != site.now().0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            tries += 1;
            assert!(tries < 500, "the use is not noted");
        }
    }
    assert!(site.whose(&other.cookie).await.is_none(), "not used for 21 h");
    site.pass(3 * HOUR - 1);
    assert!(site.whose(&session.cookie).await.is_some());
    site.pass(1);
    assert!(site.whose(&session.cookie).await.is_none(), "after 24 h");
}

async fn seen(site: &Site, session: &Session) -> i64 {
    let id = session.cookie.split_once('=').unwrap().1;
    let digest = server::Digest::of(id.as_bytes());
    let found = site.database().session(site.now(), ecs::Timestamp(0), digest.as_bytes());
    found.unwrap().unwrap().seen.0
}

#[tokio::test]
async fn signing_out_ends_the_session_here_and_no_other() {
    let site = Site::open().await;
    let session = site.signed_in("anna", Role::Viewer).await;
    let other = site.sign_in("anna").await;
    let out = answer(session.sign(site.request(Method::DELETE, "/api/v1/session"))).await;
    assert_eq!(out.status, 204);
    let cookie = out.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("wardgate_session=;") && cookie.ends_with("; Max-Age=0"));
    assert_eq!(site.whose(&session.cookie).await, None);
    assert!(site.whose(&other.cookie).await.is_some());
    let again = answer(site.request(Method::DELETE, "/api/v1/session")).await;
    assert_eq!(again.status, 204);
}

#[tokio::test]
async fn what_changes_something_has_to_come_from_our_own_page() {
    let site = Site::open().await;
    let session = site.signed_in("anna", Role::Admin).await;
    let body = json!({"name": "eve", "role": "admin", "password": NEW});
    let post = || site.send(Method::POST, "/api/v1/users", &body).header("cookie", &session.cookie);
    let other = site.sign_in("anna").await;
    for wrong in [None, Some(""), Some("x"), Some(other.csrf.as_str())] {
        let request = match wrong {
            Some(token) => post().header("x-csrf-token", token),
            None => post(),
        };
        let refused = answer(request).await;
        assert_eq!((refused.status, refused.code()), (403, "csrf"), "{wrong:?}");
    }
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let refused = answer(post().header("x-csrf-token", &session.csrf).header(name, value));
        let refused = refused.await;
        assert_eq!((refused.status, refused.code()), (403, "cross-site"), "{name} {value}");
        let sign_in = json!({"name": "anna", "password": PASSWORD});
        let sign_in = site.send(Method::POST, "/api/v1/session", &sign_in).header(name, value);
        assert_eq!(answer(sign_in).await.code(), "cross-site", "nobody is signed in by others");
    }
    assert_eq!(site.database().users().unwrap().len(), 1);
    let own = site.server.url("");
    let request = post().header("x-csrf-token", &session.csrf).header("origin", own);
    assert_eq!(answer(request.header("sec-fetch-site", "same-origin")).await.status, 201);
    // What only reads needs none.
    let request = site.get("/api/v1/users").header("cookie", &session.cookie);
    assert_eq!(answer(request.header("sec-fetch-site", "none")).await.status, 200);
}

#[tokio::test]
async fn forms_of_other_sites_are_no_json() {
    let site = Site::open().await;
    site.add("anna", Role::Viewer);
    let body = json!({"name": "anna", "password": PASSWORD}).to_string();
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let request = site.request(Method::POST, "/api/v1/session").header("content-type", kind);
        assert_eq!(answer(request.body(body.clone())).await.status, 415, "{kind}");
    }
    let long = json!({"name": "anna", "password": "x".repeat(20_000)});
    assert_eq!(answer(site.send(Method::POST, "/api/v1/session", &long)).await.status, 413);
    let unknown = json!({"name": "anna", "password": PASSWORD, "role": "admin"});
    assert_eq!(answer(site.send(Method::POST, "/api/v1/session", &unknown)).await.status, 400);
}

#[tokio::test]
async fn a_new_password_ends_all_sessions_but_this() {
    let site = Site::open().await;
    let here = site.signed_in("anna", Role::Viewer).await;
    let there = site.sign_in("anna").await;
    let change = |current: &str, new: &str| {
        let body = json!({"current": current, "new": new});
        answer(here.sign(site.send(Method::PUT, "/api/v1/session/password", &body)))
    };
    let wrong = change("a wrong one", NEW).await;
    assert_eq!((wrong.status, wrong.code()), (403, "wrong-credentials"));
    let weak = change(PASSWORD, "annaannaannaanna").await;
    assert_eq!((weak.status, weak.code()), (422, "weak-password"));
    assert!(site.whose(&there.cookie).await.is_some(), "nothing has happened");
    let session = Session::of(&change(PASSWORD, NEW).await);
    assert_eq!(site.whose(&session.cookie).await.as_deref(), Some("anna"));
    assert_eq!(site.whose(&here.cookie).await, None);
    assert_eq!(site.whose(&there.cookie).await, None);
    assert_eq!(site.try_sign_in("anna", PASSWORD).await.status, 401);
    assert_eq!(site.try_sign_in("anna", NEW).await.status, 200);
}

#[tokio::test]
async fn a_live_tail_ends_with_the_session() {
    let look_again = std::time::Duration::from_millis(50);
    let site = Site::open_with(Settings { look_again, ..Settings::default() }).await;
    let anna = site.signed_in("anna", Role::Viewer).await;
    let ben = site.signed_in("ben", Role::Viewer).await;
    let tail = async |session: &Session| {
        let request = site.get("/api/v1/alerts/tail").header("cookie", &session.cookie);
        let mut response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(response.chunk().await.unwrap().is_some(), "it has begun");
        response
    };
    let (hers, mut his) = (tail(&anna).await, tail(&ben).await);
    let out = answer(anna.sign(site.request(Method::DELETE, "/api/v1/session"))).await;
    assert_eq!(out.status, 204);
    let patience = std::time::Duration::from_secs(30);
    tokio::time::timeout(patience, hers.bytes()).await.expect("it ends").unwrap();
    let goes_on = tokio::time::timeout(look_again * 10, async {
        while his.chunk().await.unwrap().is_some() {}
    });
    assert!(goes_on.await.is_err(), "that of others does not");
}
