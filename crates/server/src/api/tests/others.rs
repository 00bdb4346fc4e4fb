//! What is left: meta, overview, entities, searches, keys, the description.

use serde_json::{Value, json};

use super::support::{SIMULATED, Served};

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_it_is_and_how_it_goes() {
    let served = Served::open().await;
    let meta = served.ok("/meta", &[]).await;
    assert_eq!(meta["caller"], json!({"name": "ada", "role": "admin"}));
    assert_eq!(meta["limits"]["page"], 1000);
    let health = served.ok("/health", &[]).await;
    assert_eq!(
        (&health["ok"], &health["store"]["first_day"]),
        (&json!(true), &json!("2026-09-01"))
    );
    let intakes = served.ok("/intakes", &[]).await;
    let intake = &intakes["intakes"][0];
    assert_eq!((&intake["status"], &intake["keys"]["active"]), (&json!("catching_up"), &json!(0)));
    assert!(intake["lag_seconds"].as_i64().unwrap() >= 90);
    assert_eq!(served.ok("/indicators", &[]).await["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overview_adds_up() {
    let served = Served::open().await;
    let time = [("since", "2026-08-31"), ("until", "2026-09-06")];
    let overview = served.ok("/overview", &time).await;
    assert_eq!(overview["events"]["total"], SIMULATED + 1);
    let alerts = served.ok("/alerts", &[]).await["total"].clone();
    assert_eq!(overview["alerts"]["total"], alerts);
    assert_eq!(overview["open"]["new"], alerts);
    let by_severity: u64 = overview["open"]["by_severity"]
        .as_object()
        .unwrap()
        .values()
        .map(|count| count.as_u64().unwrap())
        .sum();
    assert_eq!(json!(by_severity), alerts);
    let ranks = ["informational", "low", "medium", "high", "critical"];
    let attention: Vec<usize> = overview["attention"]
        .as_array()
        .unwrap()
        .iter()
        .map(|alert| ranks.iter().position(|rank| alert["severity"] == *rank).unwrap())
        .collect();
    assert!(!attention.is_empty() && attention.is_sorted_by(|a, b| a >= b), "{attention:?}");
    let sign_ins = &overview["sign_ins"];
    let query = "event.action:user.session.start AND event.outcome:(success OR failure)";
    let found = served.ok("/events/histogram", &[("query", query)]).await;
    assert_eq!(sign_ins["total"], found["total"]);
    let events = overview["events"]["buckets"].as_array().unwrap();
    assert_eq!(events.len(), overview["alerts"]["buckets"].as_array().unwrap().len());
    let wrong = [("since", "2026-09-06"), ("until", "2026-09-06")];
    assert_eq!(served.get("/overview", &wrong).await.problem(400), "invalid-parameter");
}

#[tokio::test(flavor = "multi_thread")]
async fn entities_are_known() {
    let served = Served::open().await;
    let time = [("since", "2026-08-20"), ("until", "2026-09-08")];
    for kind in ["user", "address", "session", "app", "device"] {
        let list = served.ok(&format!("/entities/{kind}"), &time).await;
        let first = list["entities"][0]["value"].as_str().unwrap_or_default();
        assert!(!first.is_empty(), "{kind}");
        let escaped = super::support::uri("", &[("x", first)]);
        let escaped = escaped.split_once('=').unwrap().1;
        let entity = served.ok(&format!("/entities/{kind}/{escaped}"), &time).await;
        assert_eq!((&entity["kind"], &entity["id"]), (&json!(kind), &json!(first)));
        let query = entity["query"].as_str().unwrap();
        let found = served.ok("/events/histogram", &[("query", query)]).await;
        assert_eq!(entity["events"], found["total"], "{kind} {first}");
        assert!(entity["first_seen"].as_str() <= entity["last_seen"].as_str());
        if kind == "user" {
            assert_eq!(entity["names"]["name"], first);
            let alerts = served.ok("/alerts", &[("user", first)]).await;
            assert_eq!(
                entity["alerts"].as_array().unwrap().len() as u64,
                alerts["total"].as_u64().unwrap()
            );
            assert_eq!(entity["risk"]["score"], list["entities"][0]["risk"]);
        }
    }
    for none in ["/entities/user/nobody", "/entities/address/x", "/entities/tree/x"] {
        assert_eq!(served.get(none, &[]).await.problem(404), "not-found", "{none}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_are_saved() {
    let served = Served::open().await;
    let search = |name: &str| json!({"name": name, "kind": "events", "query": "a:b", "params": {"columns": "x"}});
    let refused = served.ask("POST", "/searches", search("One")).await;
    assert_eq!(refused.problem(400), "invalid-query", "there is no field a");
    let search = |name: &str| json!({"name": name, "kind": "events", "query": "user.name:ada"});
    let one = served.ask("POST", "/searches", search("One")).await.expect(201);
    let path = format!("/searches/{}", one["id"]);
    assert_eq!(served.ask("POST", "/searches", search("ONE")).await.problem(409), "conflict");
    let changed = served.ask("PUT", &path, search("Two")).await.expect(200);
    assert_eq!(served.ok(&path, &[]).await, changed);
    assert_eq!(served.ok("/searches", &[]).await["searches"], json!([changed]));
    served.ask("DELETE", &path, Value::Null).await.expect(204);
    for (method, body) in [("GET", Value::Null), ("PUT", search("x")), ("DELETE", Value::Null)] {
        assert_eq!(served.ask(method, &path, body).await.problem(404), "not-found", "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_intakes_are_made_rotated_and_revoked() {
    let served = Served::open().await;
    let made = served.ask("POST", "/intakes/push/keys", json!({"name": "relay"})).await.expect(201);
    assert!(made["key"].as_str().unwrap().starts_with("wgi_"));
    let path = format!("/intakes/push/keys/{}", made["id"]);
    let rotated = served.ask("POST", &format!("{path}/rotate"), Value::Null).await.expect(201);
    assert_ne!(rotated["key"], made["key"]);
    assert_eq!(rotated["name"], "relay");
    assert_eq!(served.ask("DELETE", &path, Value::Null).await.problem(404), "not-found");
    let path = format!("/intakes/push/keys/{}", rotated["id"]);
    served.ask("DELETE", &path, Value::Null).await.expect(204);
    let keys = served.ok("/intakes/push/keys", &[]).await;
    let revoked: Vec<bool> =
        keys["keys"].as_array().unwrap().iter().map(|key| key["revoked"].is_string()).collect();
    assert_eq!(revoked, [true, true]);
    assert!(!keys.to_string().contains("wgi_"), "keys are not kept");
    let none = served.ask("POST", "/intakes/none/keys", json!({})).await;
    assert_eq!(none.problem(404), "not-found");
    let okta = served.ask("POST", "/intakes/acme/keys", json!({})).await;
    assert_eq!(okta.problem(409), "conflict");
    let audit = served.ok("/audit", &[("action", "intake_key"), ("limit", "3")]).await;
    assert_eq!(audit["entries"].as_array().unwrap().len(), 3);
    let next = audit["next"].as_str().unwrap();
    let rest = served.ok("/audit", &[("action", "intake_key"), ("cursor", next)]).await;
    assert_eq!(rest["entries"].as_array().unwrap().len(), 1);
    assert!(!audit.to_string().contains("wgi_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_has_every_route_of_the_table() {
    let served = Served::open().await;
    let description = served.ok("/api/openapi.json", &[]).await;
    assert_eq!(description["openapi"], "3.1.0");
    let paths = description["paths"].as_object().unwrap();
    let access = ["/session", "/setup", "/oidc", "/users", "/tokens"];
    let ours = crate::access::ROUTES.iter().filter(|route| {
        let below = route.path.strip_prefix("/api/v1");
        below.is_some_and(|path| !access.iter().any(|other| path.starts_with(other)))
    });
    let mut described = 0;
    for route in ours {
        let method = route.method.as_str().to_lowercase();
        assert!(paths[route.path][&method].is_object(), "{method} {}", route.path);
        described += 1;
    }
    let all: usize = paths.values().map(|path| path.as_object().unwrap().len()).sum();
    assert_eq!(described, all, "every route is in the table of access");
}
