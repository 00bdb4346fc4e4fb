//! Accounts, kept by admins.

use reqwest::Method;
use serde_json::{Value, json};
use server::access::Role;

use crate::support::{Answer, PASSWORD, Session, Site, answer};

async fn change(site: &Site, by: &Session, id: i64, body: Value) -> Answer {
    answer(by.sign(site.send(Method::PATCH, &format!("/api/v1/users/{id}"), &body))).await
}

#[tokio::test]
async fn admins_keep_the_accounts() {
    let site = Site::open().await;
    let anna = site.signed_in("anna", Role::Admin).await;
    let create = |name: &str, password: &str| {
        let body = json!({"name": name, "role": "viewer", "password": password});
        answer(anna.sign(site.send(Method::POST, "/api/v1/users", &body)))
    };
    let made = create("ben", PASSWORD).await;
    assert_eq!(made.status, 201);
    let id = made.body["id"].as_i64().unwrap();
    assert_eq!(create("BEN", PASSWORD).await.code(), "name-taken");
    assert_eq!(create("b/n", PASSWORD).await.code(), "bad-name");
    assert_eq!(create("carl", "short").await.code(), "weak-password");

    let ben = site.sign_in("ben").await;
    assert_eq!(answer(ben.sign(site.get("/api/v1/users"))).await.status, 403);
    let promoted = change(&site, &anna, id, json!({"role": "admin"})).await;
    assert_eq!((promoted.status, &promoted.body["role"]), (200, &json!("admin")));
    assert_eq!(site.whose(&ben.cookie).await, None, "begun with another role");
    let ben = site.sign_in("ben").await;
    assert_eq!(answer(ben.sign(site.get("/api/v1/users"))).await.status, 200);
    let disabled = change(&site, &anna, id, json!({"disabled": true})).await;
    assert_eq!(disabled.body["disabled"], true);
    assert_eq!(site.whose(&ben.cookie).await, None, "at once");
    change(&site, &anna, id, json!({"disabled": false, "password": "nine owls in a barn"})).await;
    assert_eq!(site.try_sign_in("ben", PASSWORD).await.status, 401);
    assert_eq!(site.try_sign_in("ben", "nine owls in a barn").await.status, 200);
    assert_eq!(change(&site, &anna, 99, json!({"disabled": true})).await.status, 404);
    let listed = answer(anna.sign(site.get("/api/v1/users"))).await.body.to_string();
    assert!(!listed.contains("argon2"), "{listed}");
    let noted = site.actions();
    for action in ["user.create ben", "user.role ben", "user.disable ben", "user.password ben"] {
        assert!(noted.contains(&format!("anna {action}")), "{action}: {noted:?}");
    }
}

#[tokio::test]
async fn the_last_admin_stays() {
    let site = Site::open().await;
    let anna = site.signed_in("anna", Role::Admin).await;
    for body in [json!({"role": "viewer"}), json!({"disabled": true})] {
        let refused = change(&site, &anna, 1, body).await;
        assert_eq!((refused.status, refused.code()), (409, "last-admin"));
    }
    assert!(site.whose(&anna.cookie).await.is_some());
    site.add("ben", Role::Admin);
    assert_eq!(change(&site, &anna, 1, json!({"role": "viewer"})).await.status, 200);
}
