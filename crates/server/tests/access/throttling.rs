//! Guessing passwords.

use server::access::{Role, Settings};

use crate::support::{PASSWORD, Site, answer};

#[tokio::test]
async fn guessing_becomes_slow_for_accounts_that_there_are_and_are_not() {
    let site = Site::open().await;
    site.add("anna", Role::Viewer);
    for name in ["anna", "nobody"] {
        for _ in 0..8 {
            assert_eq!(site.try_sign_in(name, "a wrong password").await.status, 401);
        }
        let refused = site.try_sign_in(name, PASSWORD).await;
        assert_eq!((refused.status, refused.code()), (429, "throttled"), "{name}");
        let wait: i64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((20..=21).contains(&wait), "{wait}");
    }
    site.pass(20);
    assert_eq!(site.try_sign_in("anna", PASSWORD).await.status, 200, "one more after a while");
    assert_eq!(site.try_sign_in("anna", "wrong").await.status, 401, "and a fresh start then");
}

#[tokio::test]
async fn whoever_has_signed_in_stays_in_while_others_guess() {
    let site = Site::open().await;
    let session = site.signed_in("anna", Role::Viewer).await;
    while site.try_sign_in("anna", "a wrong password").await.status == 401 {}
    assert!(site.whose(&session.cookie).await.is_some());
}

#[tokio::test]
async fn a_proxy_says_who_guesses_if_it_is_trusted() {
    let proxies = vec!["127.0.0.1".parse().unwrap()];
    for (trusted_proxies, expected) in [(proxies, 401), (Vec::new(), 429)] {
        let settings = Settings { trusted_proxies, ..Settings::default() };
        let site = Site::open_with(settings).await;
        let body = serde_json::json!({"name": "anna", "password": "a wrong password"});
        let from = |address: &str| {
            let request = site.send(reqwest::Method::POST, "/api/v1/session", &body);
            answer(request.header("x-forwarded-for", address))
        };
        while from("192.0.2.1").await.status == 401 {}
        assert_eq!(from("192.0.2.2").await.status, expected);
    }
}
