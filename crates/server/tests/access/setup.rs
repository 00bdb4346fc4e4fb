//! The setup link.

use reqwest::Method;
use serde_json::{Value, json};
use server::access::Role;

use crate::support::{Answer, PASSWORD, Session, Site, answer};

async fn set_up(site: &Site, token: &str, name: &str, password: &str) -> Answer {
    let body = json!({"token": token, "name": name, "password": password});
    answer(site.send(Method::POST, "/api/v1/setup", &body)).await
}

#[tokio::test]
async fn the_link_makes_the_first_admin_once() {
    let site = Site::open().await;
    let state = answer(site.get("/api/v1/session")).await.body;
    assert_eq!(state, json!({"user": null, "csrf": null, "setup": true, "oidc": null}));
    let voided = site.access.offer_setup().unwrap().unwrap();
    let token = site.access.offer_setup().unwrap().unwrap();
    assert!(token.starts_with("wgs_") && token.len() > 40);
    for wrong in ["", "wgs_", &voided, token.trim_start_matches('w')] {
        let refused = set_up(&site, wrong, "eve", PASSWORD).await;
        assert_eq!((refused.status, refused.code()), (403, "setup-void"), "{wrong}");
    }
    let weak = set_up(&site, &token, "anna", "passwordpassword").await;
    assert_eq!((weak.status, weak.code()), (422, "weak-password"));
    let bad = set_up(&site, &token, "an na", PASSWORD).await;
    assert_eq!((bad.status, bad.code()), (422, "bad-name"));
    let done = set_up(&site, &token, "anna", PASSWORD).await;
    assert_eq!(done.body["user"]["role"], "admin", "{done:?}");
    let session = Session::of(&done);
    assert_eq!(site.whose(&session.cookie).await.as_deref(), Some("anna"));
    let again = set_up(&site, &token, "eve", PASSWORD).await;
    assert_eq!((again.status, again.code()), (403, "setup-void"));
    assert_eq!(site.access.offer_setup().unwrap(), None);
    assert_eq!(answer(site.get("/api/v1/session")).await.body["setup"], Value::Bool(false));
    let expected = ["setup link user.create anna", "anna session.create anna"];
    assert_eq!(site.actions(), expected);
}

#[tokio::test]
async fn the_link_expires() {
    let site = Site::open().await;
    let token = site.access.offer_setup().unwrap().unwrap();
    site.pass(3600);
    assert_eq!(set_up(&site, &token, "anna", PASSWORD).await.code(), "setup-void");
    let token = site.access.offer_setup().unwrap().unwrap();
    site.pass(3599);
    assert_eq!(set_up(&site, &token, "anna", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn the_link_is_void_once_there_is_an_account() {
    let site = Site::open().await;
    let token = site.access.offer_setup().unwrap().unwrap();
    site.add("anna", Role::Viewer);
    assert_eq!(set_up(&site, &token, "eve", PASSWORD).await.code(), "setup-void");
}

#[tokio::test]
async fn of_two_at_once_one_comes_in() {
    let site = Site::open().await;
    let token = site.access.offer_setup().unwrap().unwrap();
    let (one, other) = tokio::join!(
        set_up(&site, &token, "anna", PASSWORD),
        set_up(&site, &token, "ben", PASSWORD)
    );
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403]);
    assert_eq!(site.database().users().unwrap().len(), 1);
}
