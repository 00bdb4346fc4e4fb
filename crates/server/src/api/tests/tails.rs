//! Live tails.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use store::{AlertUpdate, Database};

use super::support::Served;

struct Tail {
    body: Body,
    text: String,
}

impl Tail {
    async fn open(served: &Served, path: &str) -> Self {
        let request = Request::get(format!("/api/v1{path}")).body(Body::empty()).unwrap();
        let response = served.send(request).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers().get("content-type").unwrap(), "text/event-stream");
        Self { body: response.into_body(), text: String::new() }
    }

    /// The next event: its kind and its data.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                if let Some(kind) = field("event: ") {
                    let data = field("data: ").unwrap();
                    return Some((kind.to_owned(), serde_json::from_str(data).unwrap()));
                }
                continue;
            }
            let frame = tokio::time::timeout(Duration::from_secs(30), self.body.frame());
            let frame = frame.await.expect("something in time")?.unwrap();
            self.text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
        }
    }
}

fn event(uuid: &str) -> String {
    json!({
        "uuid": uuid, "published": "2026-09-04T10:00:00.000Z",
        "eventType": "system.api_token.create",
        "actor": {"id": "00u1", "type": "User", "alternateId": "tail@example.org"},
        "outcome": {"result": "SUCCESS"},
    })
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_is_told() {
    let served = Served::open().await;
    let mut events =
        Tail::open(&served, "/events/tail?query=user.name:tail*&fields=user.name").await;
    let mut alerts = Tail::open(&served, "/alerts/tail").await;
    let root = served.root();
    let database = Database::open(&root).unwrap();
    let active = super::support::active(&database);
    super::support::store(&root, &active, &[event("tail-1"), event("tail-2")]).await;
    for expected in ["tail-1", "tail-2"] {
        let (kind, data) = events.next().await.unwrap();
        assert_eq!((kind.as_str(), &data["id"]), ("event", &json!(expected)));
        assert_eq!(data["fields"], json!({"user.name": "tail@example.org"}));
    }
    let (kind, first) = alerts.next().await.unwrap();
    assert_eq!((kind.as_str(), &first["user"]), ("alert", &json!("tail@example.org")));
    assert_eq!(first["repeat_of"], Value::Null);
    let (_, second) = alerts.next().await.unwrap();
    assert_eq!(second["repeat_of"], first["id"]);
    let mut database = database;
    let update = AlertUpdate { comment: Some("hm".to_owned()), ..AlertUpdate::new("bob") };
    database.change_alert(first["seq"].as_i64().unwrap(), &update).unwrap().unwrap();
    let (kind, changed) = alerts.next().await.unwrap();
    assert_eq!(
        (kind.as_str(), &changed["id"], &changed["comments"]),
        ("change", &first["id"], &json!(1))
    );
    served.stop.send(true).unwrap();
    assert!(events.next().await.is_none() && alerts.next().await.is_none(), "they end");
}

#[tokio::test(flavor = "multi_thread")]
async fn tails_are_bounded() {
    let limits = crate::api::DeskLimits { tails: 1, ..Default::default() };
    let served = Served::open_with(limits).await;
    let first = Tail::open(&served, "/alerts/tail").await;
    assert_eq!(served.get("/alerts/tail", &[]).await.problem(503), "busy");
    drop(first);
    let again = Request::get("/api/v1/alerts/tail").body(Body::empty()).unwrap();
    assert_eq!(served.send(again).await.status(), 200, "its place is free again");
    assert_eq!(served.get("/events/tail", &[("query", "(")]).await.problem(400), "invalid-query");
}
