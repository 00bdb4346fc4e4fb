//! API tokens.

use reqwest::Method;
use serde_json::{Value, json};
use server::access::{Role, TokenRole};
use store::UserChange;

use crate::common::ONE;
use crate::support::{Answer, Session, Site, answer};

async fn make(site: &Site, session: &Session, body: &Value) -> Answer {
    answer(session.sign(site.send(Method::POST, "/api/v1/tokens", body))).await
}

async fn status(site: &Site, path: &str, token: &str) -> u16 {
    answer(site.get(path).bearer_auth(token)).await.status
}

#[tokio::test]
async fn a_token_lives_until_it_is_revoked_or_expires() {
    let site = Site::open().await;
    let anna = site.signed_in("anna", Role::Admin).await;
    let wanted = json!({"name": "ci", "role": "viewer", "expires_in_days": 2});
    let made = make(&site, &anna, &wanted).await;
    assert_eq!(made.status, 201, "{made:?}");
    let secret = made.body["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("wgt_"));
    assert_eq!(status(&site, "/api/v1/tokens", &secret).await, 200);
    assert_eq!(status(&site, "/api/v1/users", &secret).await, 403, "a viewer's");
    let listed = answer(anna.sign(site.get("/api/v1/tokens"))).await.body;
    let token = &listed["tokens"][0];
    assert_eq!((&token["name"], &token["owner"]), (&json!("ci"), &json!("anna")));
    assert!(!listed.to_string().contains(&secret) && token.get("secret").is_none());

    let id = made.body["id"].as_i64().unwrap();
    let other = make(&site, &anna, &wanted).await.body["secret"].as_str().unwrap().to_owned();
    let revoke = || anna.sign(site.request(Method::DELETE, &format!("/api/v1/tokens/{id}")));
    assert_eq!(answer(revoke()).await.status, 204);
    assert_eq!(status(&site, "/api/v1/tokens", &secret).await, 401, "at once");
    assert_eq!(answer(revoke()).await.status, 404);
    site.pass(2 * 86_400 - 1);
    assert_eq!(status(&site, "/api/v1/tokens", &other).await, 200);
    site.pass(1);
    assert_eq!(status(&site, "/api/v1/tokens", &other).await, 401, "expired");
}

#[tokio::test]
async fn a_token_may_never_more_than_its_owner() {
    let site = Site::open().await;
    let (ben, _) = (site.add("ben", Role::Admin), site.add("anna", Role::Admin));
    let token = site.token(TokenRole::Role(Role::Admin), Some(ben));
    assert_eq!(status(&site, "/api/v1/users", &token).await, 200);
    let change = |change: UserChange| {
        site.database().change_user(site.now(), "test", ben, &change).unwrap().unwrap();
    };
    change(UserChange { role: Some(Role::Viewer), ..UserChange::default() });
    assert_eq!(status(&site, "/api/v1/users", &token).await, 403);
    assert_eq!(status(&site, "/api/v1/tokens", &token).await, 200);
    change(UserChange { disabled: Some(true), ..UserChange::default() });
    assert_eq!(status(&site, "/api/v1/tokens", &token).await, 401);
}

#[tokio::test]
async fn nobody_gives_away_more_than_they_have() {
    let site = Site::open().await;
    let anna = site.signed_in("anna", Role::Analyst).await;
    let ask = |body: Value| {
        let (site, anna) = (&site, &anna);
        async move {
            let answer = make(site, anna, &body).await;
            (answer.status, answer.code().to_owned())
        }
    };
    for (role, expected) in [("viewer", 201), ("analyst", 201), ("admin", 403), ("root", 422)] {
        assert_eq!(ask(json!({"name": "x", "role": role})).await.0, expected, "{role}");
    }
    let intake = json!({"name": "x", "role": "intake", "intake": "acme"});
    assert_eq!(ask(intake.clone()).await, (403, "forbidden".into()));
    for days in [0, 367] {
        let body = json!({"name": "x", "role": "viewer", "expires_in_days": days});
        assert_eq!(ask(body).await, (422, "bad-expiry".into()));
    }
    for name in ["", "  ", "a\nb", "a\u{202e}b"] {
        assert_eq!(ask(json!({"name": name, "role": "viewer"})).await, (422, "bad-name".into()));
    }
    let ben = site.signed_in("ben", Role::Admin).await;
    assert_eq!(make(&site, &ben, &intake).await.status, 201);
    let unknown = json!({"name": "x", "role": "intake", "intake": "other"});
    assert_eq!(make(&site, &ben, &unknown).await.code(), "unknown-intake");
    // Each sees and revokes their own; an admin all.
    let tokens = |session: &Session| {
        let request = session.sign(site.get("/api/v1/tokens"));
        async { answer(request).await.body["tokens"].as_array().unwrap().len() }
    };
    assert_eq!((tokens(&anna).await, tokens(&ben).await), (2, 3));
    let bens = site.database().tokens(None).unwrap()[0].id;
    let revoke = |session: &Session, id: i64| {
        answer(session.sign(site.request(Method::DELETE, &format!("/api/v1/tokens/{id}"))))
    };
    assert_eq!(revoke(&anna, bens).await.status, 404);
    assert_eq!(revoke(&ben, 1).await.status, 204);
}

#[tokio::test]
async fn a_token_for_an_intake_pushes_events_and_nothing_else() {
    let site = Site::open().await;
    let token = site.token(TokenRole::Intake("acme".into()), None);
    let other = site.token(TokenRole::Intake("other".into()), None);
    let viewer = site.token(TokenRole::Role(Role::Admin), None);
    let push =
        |token: &str| answer(site.request(Method::POST, "/plain").bearer_auth(token).body(ONE));
    assert_eq!(push(&token).await.status, 200);
    assert_eq!(site.stored.lock().unwrap()[0].origin.intake, "acme");
    assert_eq!(push(&other).await.status, 401, "there is no such intake");
    assert_eq!(push(&viewer).await.status, 401, "no token for an intake");
    assert_eq!(status(&site, "/api/v1/tokens", &token).await, 403);
    let id = site.database().tokens(None).unwrap().last().unwrap().id;
    assert!(site.database().revoke_token(site.now(), "test", id, None).unwrap());
    assert_eq!(push(&token).await.status, 401, "at once");
}
