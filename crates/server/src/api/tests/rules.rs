//! Rules, exceptions, coverage and dry runs.

use serde_json::{Value, json};

use super::support::Served;

const RULE: &str = "title: Any sign-in
id: 11111111-1111-4111-8111-111111111111
level: high
logsource: {product: okta, service: okta}
detection: {s: {event.action: user.session.start}, condition: s}
";

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_listed_and_switched() {
    let served = Served::open().await;
    let rules = served.ok("/rules", &[]).await;
    let list = rules["rules"].as_array().unwrap();
    assert!(list.len() > 80, "{}", list.len());
    let counted: u64 = ["on", "idle", "unusable", "off"]
        .iter()
        .map(|state| rules["counts"][state].as_u64().unwrap())
        .sum();
    assert_eq!(counted, list.len() as u64);
    assert!(list.iter().any(|rule| rule["kind"] == "correlation"));
    let rule = list.iter().find(|rule| rule["state"] == "on").unwrap();
    let id = rule["id"].as_str().unwrap();
    let path = format!("/rules/{id}");
    let detail = served.ok(&path, &[]).await;
    assert!(detail["source"].as_str().unwrap().contains(id));
    assert!(!detail["fields"].as_array().unwrap().is_empty());

    let off = json!({"enabled": false, "reason": "too loud"});
    let off = served.ask("PATCH", &path, off).await.expect(200);
    assert_eq!((&off["state"], &off["enabled"]), (&json!("off"), &json!(false)));
    assert_eq!(off["switched"]["by"], "ada");
    let back = served.ask("PATCH", &path, json!({"enabled": null})).await.expect(200);
    assert_eq!((&back["state"], &back["switched"]), (&json!("on"), &Value::Null));
    for wrong in [json!({}), json!({"enabled": "no"}), json!({"enabled": true, "x": 1})] {
        assert_eq!(served.ask("PATCH", &path, wrong).await.problem(422), "invalid-body");
    }
    let none = served.ask("PATCH", "/rules/none", json!({"enabled": true})).await;
    assert_eq!(none.problem(404), "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn exceptions_are_made_and_taken_away() {
    let served = Served::open().await;
    let rules = served.ok("/rules", &[]).await;
    let rule = rules["rules"][0]["id"].as_str().unwrap();
    let new = |change: Value| {
        let mut new = json!({
            "rule": rule, "field": "source.ip", "values": ["203.0.113.0/24"],
            "reason": "the scanner", "expires": "2099-12-31",
        });
        let (Some(new_members), Value::Object(change)) = (new.as_object_mut(), change) else {
            panic!()
        };
        new_members.extend(change);
        new
    };
    for (wrong, expected) in [
        (json!({"rule": "none"}), "rule"),
        (json!({"field": "source.pi"}), "field"),
        (json!({"values": []}), "values"),
        (json!({"values": ["10.0.0.0/99"]}), "values"),
        (json!({"values": ["*"]}), "values"),
        (json!({"reason": ""}), "reason"),
        (json!({"expires": "2020-01-01"}), "expires"),
        (json!({"expires": "soon"}), "expires"),
    ] {
        let answer = served.ask("POST", "/exceptions", new(wrong)).await;
        assert_eq!(answer.problem(422), "invalid-body");
        assert!(answer.json()["detail"].as_str().unwrap().starts_with(expected), "{answer:?}");
    }
    let made = served.ask("POST", "/exceptions", new(json!({}))).await.expect(201);
    assert_eq!((&made["by"], &made["source"]), (&json!("ada"), &json!("desk")));
    assert_eq!(made["expires"], "2100-01-01T00:00:00.000Z");
    let listed = served.ok("/exceptions", &[("rule", rule)]).await;
    assert_eq!(listed["exceptions"].as_array().unwrap().len(), 1);
    let detail = served.ok(&format!("/rules/{rule}"), &[]).await;
    assert_eq!(detail["exceptions"], 1);
    let path = format!("/exceptions/{}", made["id"]);
    served.ask("DELETE", &path, Value::Null).await.expect(204);
    assert_eq!(served.ask("DELETE", &path, Value::Null).await.problem(404), "not-found");
    assert_eq!(served.ok("/exceptions", &[]).await["exceptions"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_tried_on_the_past() {
    let served = Served::open().await;
    let found = served.ok("/events/histogram", &[("query", "event.action:user.session.start")]);
    let expected = found.await["total"].clone();
    let run = |yaml: &str, more: Value| {
        let mut request = json!({"yaml": yaml, "limit": 5});
        if let (Some(members), Value::Object(more)) = (request.as_object_mut(), more) {
            members.extend(more);
        }
        request
    };
    let answer = served.ask("POST", "/rules/dry-run", run(RULE, json!({}))).await.expect(200);
    assert_eq!(answer["matched"], expected);
    assert_eq!((&answer["is_cut"], &answer["level"]), (&json!(false), &json!("high")));
    let matches = answer["matches"].as_array().unwrap();
    assert_eq!(matches.len(), 5);
    assert_eq!(matches[0]["matched"][0]["field"], "event.action");
    assert!(matches[0]["event_id"].is_string());
    assert!(matches[0]["time"].as_str() >= matches[4]["time"].as_str(), "the latest first");
    let days: u64 = answer["buckets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|day| day["count"].as_u64().unwrap())
        .sum();
    assert_eq!(json!(days), expected);
    let some = run(RULE, json!({"query": "event.outcome:failure"}));
    let failures = served.ask("POST", "/rules/dry-run", some).await.expect(200);
    assert!(failures["matched"].as_u64() < expected.as_u64());

    let counting = format!(
        "{RULE}name: sign_in\n---\ntitle: Several sign-ins\nid: 22222222-2222-4222-8222-222222222222\n\
         level: low\ncorrelation:\n    type: event_count\n    rules: [sign_in]\n    group-by: [user.name]\n\
         \x20   timespan: 1d\n    condition: {{gte: 2}}\n"
    );
    let counting =
        served.ask("POST", "/rules/dry-run", run(&counting, json!({}))).await.expect(200);
    assert_eq!(counting["title"], "Several sign-ins");
    assert!(counting["matched"].as_u64().unwrap() > 0, "{counting}");

    for broken in ["title: [", "", "title: x", "just text", "title: x\ndetection: {condition: s}"] {
        let answer = served.ask("POST", "/rules/dry-run", run(broken, json!({}))).await;
        assert_eq!(answer.problem(422), "invalid-rule", "{broken}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn coverage_tells_what_is_looked_for_and_was_found() {
    let served = Served::open().await;
    let coverage = served.ok("/coverage", &[("since", "2026-08-01")]).await;
    assert!(coverage["techniques_covered"].as_u64().unwrap() > 10);
    let tactics = coverage["tactics"].as_array().unwrap();
    assert_eq!(tactics.len(), 14);
    let techniques: Vec<&Value> =
        tactics.iter().flat_map(|tactic| tactic["techniques"].as_array().unwrap()).collect();
    assert!(techniques.iter().any(|one| one["fired"].as_u64().unwrap() > 0));
    assert!(techniques.iter().all(|one| !one["rules"].as_array().unwrap().is_empty()));
    let layer = served.ok("/coverage/navigator", &[]).await;
    assert_eq!(layer["versions"]["layer"], "4.5");
}
