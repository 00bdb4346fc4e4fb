//! Alerts.

use serde_json::{Value, json};

use super::support::Served;

async fn first_id(served: &Served) -> String {
    let page = served.ok("/alerts", &[("limit", "1")]).await;
    page["alerts"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_are_listed_filtered_and_counted() {
    let served = Served::open().await;
    let all = served.ok("/alerts", &[("limit", "500")]).await;
    let alerts = all["alerts"].as_array().unwrap();
    assert!(alerts.len() > 5, "{}", alerts.len());
    assert_eq!(all["total"].as_u64().unwrap(), alerts.len() as u64);
    assert_eq!(all["next"], Value::Null);
    for sort in ["last_time", "time", "severity"] {
        let (mut paged, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut params = vec![("limit", "3"), ("sort", sort), ("order", "asc")];
            if let Some(cursor) = &cursor {
                params.push(("cursor", cursor));
            }
            let page = served.ok("/alerts", &params).await;
            paged.extend(page["alerts"].as_array().unwrap().clone());
            cursor = page["next"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(paged.len(), alerts.len(), "{sort}");
    }
    let facets = served.ok("/alerts/facets", &[("severity", "high")]).await;
    for facet in facets["severity"].as_array().unwrap() {
        let value = facet["value"].as_str().unwrap();
        let found = served.ok("/alerts", &[("severity", value)]).await;
        assert_eq!(found["total"], facet["count"], "{value}");
    }
    for facet in facets["rule"].as_array().unwrap() {
        let rule = facet["value"].as_str().unwrap();
        let found = served.ok("/alerts", &[("rule", rule), ("severity", "high")]).await;
        assert_eq!(found["total"], facet["count"], "{rule}");
    }
    let technique = served.ok("/alerts/facets", &[]).await["technique"][0].clone();
    let id = technique["value"].as_str().unwrap();
    let found = served.ok("/alerts", &[("technique", id)]).await;
    assert_eq!(found["total"], technique["count"], "{id}");
    for wrong in [("state", "open"), ("severity", "urgent"), ("cursor", "x"), ("limit", "0")] {
        assert_eq!(served.get("/alerts", &[wrong]).await.problem(400), "invalid-parameter");
    }
    assert_eq!(served.get("/alerts", &[("sate", "new")]).await.problem(400), "unknown-parameter");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_worked_from_new_to_closed() {
    let served = Served::open().await;
    let id = first_id(&served).await;
    let path = format!("/alerts/{id}");
    let alert = served.ok(&path, &[]).await;
    assert_eq!((&alert["state"], &alert["version"]), (&json!("new"), &json!(0)));
    assert_eq!(alert["document"]["event"]["id"], id.as_str());
    assert!(!alert["matched"].as_array().unwrap().is_empty());
    assert!(!alert["triage"].as_array().unwrap().is_empty());
    assert!(alert["events"].as_array().unwrap().iter().any(|event| event["is_whole"] == true));
    assert_eq!(
        alert["attack"]["techniques"].as_array().unwrap().len(),
        alert["techniques"].as_array().unwrap().len()
    );

    let refused = served.ask("PATCH", &path, json!({"state": "closed"})).await;
    assert_eq!(refused.problem(422), "invalid-body");
    for wrong in [json!({}), json!({"state": "open"}), json!({"comment": " "}), json!({"x": 1})] {
        assert_eq!(served.ask("PATCH", &path, wrong).await.problem(422), "invalid-body");
    }
    let taken = json!({"assignee": "me", "state": "acknowledged", "if_version": 0});
    let taken = served.ask("PATCH", &path, taken).await.expect(200);
    assert_eq!((&taken["assignee"], &taken["version"]), (&json!("ada"), &json!(1)));
    let stale = json!({"assignee": null, "if_version": 0});
    assert_eq!(served.ask("PATCH", &path, stale).await.problem(409), "conflict");
    let mine = served.ok("/alerts", &[("assignee", "me"), ("state", "acknowledged")]).await;
    assert_eq!(mine["total"], 1);

    let comment = json!({"text": "=cmd|' /C calc'!A0 <b>"});
    let comment = served.ask("POST", &format!("{path}/comments"), comment).await.expect(201);
    assert_eq!(
        (&comment["by"], &comment["text"]),
        (&json!("ada"), &json!("=cmd|' /C calc'!A0 <b>"))
    );
    let closing = json!({"state": "closed", "verdict": "false_positive", "comment": "the new VPN"});
    let closed = served.ask("PATCH", &path, closing).await.expect(200);
    assert_eq!(
        (&closed["state"], &closed["verdict"]),
        (&json!("closed"), &json!("false_positive"))
    );
    assert_eq!(closed["comments_list"].as_array().unwrap().len(), 2);
    let history = served.ok(&format!("{path}/history"), &[]).await;
    let kinds: Vec<&str> = history["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["assign", "state", "comment", "state"]);
    let similar = served.ok(&format!("{path}/similar"), &[]).await;
    assert_eq!(similar["verdicts"]["false_positive"], 1);
    for other in similar["alerts"].as_array().unwrap() {
        assert_ne!(other["id"], id.as_str());
        assert!(!other["because"].as_array().unwrap().is_empty());
    }
    let audit = served.ok("/audit", &[("target", &id)]).await;
    let actions: Vec<&str> = audit["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["alert.change", "alert.comment", "alert.change"]);
    for none in ["/alerts/x", "/alerts/00000000-0000-0000-0000-000000000000"] {
        assert_eq!(served.get(none, &[]).await.problem(404), "not-found");
        let change = served.ask("PATCH", none, json!({"state": "new"})).await;
        assert_eq!(change.problem(404), "not-found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_alerts_are_changed_together() {
    let served = Served::open().await;
    let page = served.ok("/alerts", &[("limit", "3")]).await;
    let mut ids: Vec<&str> =
        page["alerts"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    ids.push("nonsense");
    let change = json!({"state": "closed", "verdict": "benign"});
    let answer = served.ask("POST", "/alerts/bulk", json!({"ids": ids, "change": change})).await;
    let answer = answer.expect(200);
    assert_eq!((&answer["changed"], answer["failed"].as_array().unwrap().len()), (&json!(3), 1));
    assert_eq!(served.ok("/alerts", &[("verdict", "benign")]).await["total"], 3);
    let too_many = vec!["x"; 1001];
    let refused = served.ask("POST", "/alerts/bulk", json!({"ids": too_many, "change": change}));
    assert_eq!(refused.await.problem(422), "invalid-body");
}
