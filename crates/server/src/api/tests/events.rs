//! Events.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::support::{SIMULATED, Served};

fn ids(page: &Value) -> Vec<String> {
    let events = page["events"].as_array().unwrap().iter();
    events.map(|event| event["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_searched_page_by_page() {
    let served = Served::open().await;
    for order in ["newest", "oldest"] {
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut params = vec![("limit", "400"), ("order", order)];
            if let Some(cursor) = &cursor {
                params.push(("cursor", cursor));
            }
            let page = served.ok("/events", &params).await;
            all.extend(ids(&page));
            cursor = page["next"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(all.len(), SIMULATED + 1, "{order}");
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "each once");
    }
    let query = "user.session.start AND event.outcome:failure";
    let some = served.ok("/events", &[("query", query), ("fields", "user.name,event.outcome")]);
    let some = some.await;
    for event in some["events"].as_array().unwrap() {
        assert_eq!(event["fields"]["event.outcome"], "failure");
        assert!(event.get("record").is_none() && event.get("raw").is_none());
    }
    let one = served.ok("/events", &[("query", "event.id:hostile"), ("raw", "true")]).await;
    let event = &one["events"][0];
    assert_eq!(event["record"]["event"]["action"], "user.session.start");
    assert_eq!(event["intake"], "acme");
    let raw: Value = serde_json::from_str(event["raw"].as_str().unwrap()).unwrap();
    assert_eq!(raw["displayMessage"], "<script>alert(1)</script>");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_counted() {
    let served = Served::open().await;
    let all = served.ok("/events/histogram", &[]).await;
    assert_eq!(all["total"], SIMULATED + 1);
    let buckets = all["buckets"].as_array().unwrap();
    let sum: u64 = buckets.iter().map(|bucket| bucket["count"].as_u64().unwrap()).sum();
    assert_eq!(sum, SIMULATED as u64 + 1);
    assert!((30..=62).contains(&buckets.len()), "{}", buckets.len());
    let day = [("since", "2026-09-01"), ("until", "2026-09-02"), ("interval", "1h")];
    let day = served.ok("/events/histogram", &day).await;
    assert_eq!(day["interval_ms"], 3_600_000);
    assert_eq!(day["buckets"].as_array().unwrap().len(), 24);
    assert_eq!(day["buckets"][0]["time"], "2026-09-01T00:00:00.000Z");
    let nothing = served.ok("/events/histogram", &[("query", "user.name:nobody")]).await;
    assert_eq!((&nothing["total"], &nothing["buckets"]), (&json!(0), &json!([])));

    let fields = [("fields", "event.outcome,source.ip,event.action"), ("size", "3")];
    let facets = served.ok("/events/facets", &fields).await;
    assert_eq!(facets["total"], SIMULATED + 1);
    let facet = &facets["facets"][0];
    assert_eq!(facet["field"], "event.outcome");
    let counted: u64 =
        facet["values"].as_array().unwrap().iter().map(|one| one["count"].as_u64().unwrap()).sum();
    assert_eq!(counted + facet["missing"].as_u64().unwrap(), SIMULATED as u64 + 1);
    assert_eq!(facets["facets"][1]["values"].as_array().unwrap().len(), 3);
    // A facet's value finds as many events as it says.
    let most = &facets["facets"][2]["values"][0];
    let query = format!("event.action:\"{}\"", most["value"].as_str().unwrap());
    let found = served.ok("/events/histogram", &[("query", &query)]).await;
    assert_eq!(found["total"], most["count"]);

    let request = json!({
        "query": "event.outcome:(success OR failure)",
        "aggs": {
            "users": {"terms": {"field": "user.name", "size": 2}},
            "addresses": {"cardinality": {"field": "source.ip"}},
            "days": {"date_histogram": {"interval": "1d"}},
            "when": {"stats": {"field": "@timestamp"}},
        },
    });
    let answer = served.ask("POST", "/events/aggregate", request).await.expect(200);
    let aggs = &answer["aggs"];
    assert_eq!(aggs["users"]["values"].as_array().unwrap().len(), 2);
    assert!(aggs["addresses"]["value"].as_u64().unwrap() > 5);
    let days: u64 = aggs["days"]["buckets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bucket| bucket["count"].as_u64().unwrap())
        .sum();
    assert_eq!(days, answer["total"].as_u64().unwrap());
    assert_eq!(aggs["when"]["count"], answer["total"]);
    assert!(aggs["when"]["min"].as_f64().unwrap() < aggs["when"]["max"].as_f64().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_event_comes_with_all_there_is() {
    let served = Served::open().await;
    let one = served.ok("/events/hostile", &[]).await;
    assert_eq!(one["id"], "hostile");
    assert_eq!(one["record"]["source"]["ip"], "203.0.113.9");
    let flat = one["flat"].as_array().unwrap();
    let field = |name: &str| flat.iter().find(|one| one["field"] == name).unwrap();
    assert_eq!(field("source.ip")["values"], json!(["203.0.113.9"]));
    assert_eq!(field("user.name")["type"], "keyword");
    assert!(one["raw"].as_str().unwrap().contains("onerror"));
    assert_eq!(served.get("/events/nothing", &[]).await.problem(404), "not-found");
    assert_eq!(served.get("/events/a%22%20OR%20%2a", &[]).await.problem(404), "not-found");

    // An event of an alert names the alert.
    let alerts = served.ok("/alerts", &[("limit", "1")]).await;
    let id = alerts["alerts"][0]["id"].as_str().unwrap();
    let alert = served.ok(&format!("/alerts/{id}"), &[]).await;
    let event = alert["events"].as_array().unwrap().last().unwrap();
    let event = event["id"].as_str().unwrap();
    let event = served.ok(&format!("/events/{event}"), &[]).await;
    let named = event["alerts"].as_array().unwrap();
    assert!(named.iter().any(|one| one["id"] == id), "{named:?}");

    let around = served.ok("/events/hostile/around", &[("before", "3"), ("after", "2")]).await;
    let times = |part: &str| -> Vec<String> {
        let list = around[part].as_array().unwrap().iter();
        list.map(|event| event["time"].as_str().unwrap().to_owned()).collect()
    };
    let (before, after) = (times("before"), times("after"));
    assert_eq!((before.len(), after.len()), (3, 2));
    assert!(before.is_sorted() && after.is_sorted());
    let middle = around["event"]["time"].as_str().unwrap();
    assert!(before[2].as_str() <= middle && middle <= after[0].as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_are_whole_and_harmless() {
    let served = Served::open().await;
    let all = served.get("/events/export", &[]).await;
    assert_eq!(all.status, 200);
    assert_eq!(all.text.lines().count(), SIMULATED + 1);
    for line in all.text.lines() {
        serde_json::from_str::<Value>(line).unwrap();
    }
    let disposition = all.headers.get("content-disposition").unwrap().to_str().unwrap();
    assert_eq!(disposition, "attachment; filename=\"events.ndjson\"");
    let query = ("query", "event.id:hostile");
    let fields = ("fields", "user.name,source.geo.country_name");
    let csv = served.get("/events/export", &[query, ("format", "csv"), fields]).await.text;
    let expected = "user.name,source.geo.country_name\r\n\
        \"'=HYPERLINK(\"\"http://x\"\")\",\"'+1,2\"\"3\"\r\n";
    assert_eq!(csv, expected);
    let raw = served.get("/events/export", &[query, ("format", "raw")]).await.text;
    assert_eq!(raw.trim_end(), super::support::HOSTILE);
    let some = served.get("/events/export", &[("max", "10"), ("order", "newest")]).await;
    assert_eq!(some.text.lines().count(), 10);

    let alerts = served.ok("/alerts", &[("limit", "1")]).await["total"].as_u64().unwrap();
    let csv = served.get("/alerts/export", &[("format", "csv")]).await.text;
    assert_eq!(csv.matches("\r\n").count() as u64, alerts + 1);
    let documents = served.get("/alerts/export", &[]).await.text;
    assert_eq!(documents.lines().count() as u64, alerts);
    let first: Value = serde_json::from_str(documents.lines().next().unwrap()).unwrap();
    assert_eq!(first["event"]["kind"], "alert");
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_helped_with() {
    let served = Served::open().await;
    let fields = served.ok("/fields", &[]).await;
    let fields = fields["fields"].as_array().unwrap();
    let field = |name: &str| fields.iter().find(|field| field["name"] == name).unwrap();
    assert_eq!(field("source.ip")["type"], "ip");
    assert_eq!(field("user.name")["countable"], true);
    assert_eq!(field("event.id")["countable"], false);
    assert!(field("event.action")["values"].as_array().unwrap().len() > 100);

    let since = ("since", "2026-08-01");
    let prefix = [("prefix", "USER.sess"), since];
    let values = served.ok("/fields/event.action/values", &prefix).await;
    let values = values["values"].as_array().unwrap();
    assert!(!values.is_empty());
    for value in values {
        assert!(value["value"].as_str().unwrap().starts_with("user.sess"), "{value}");
    }
    let hostile = [("prefix", "=hyper"), since];
    let values = served.ok("/fields/user.name/values", &hostile).await;
    assert_eq!(values["values"][0]["count"], 1);
    assert_eq!(served.get("/fields/nonsense/values", &[]).await.problem(400), "invalid-parameter");

    let check = served.ok("/query/check", &[("query", "user.name:a b")]).await;
    assert_eq!(check["normalised"], "user.name:a AND b");
    assert_eq!(check["fields"], json!(["user.name"]));
    let wrong = served.ok("/query/check", &[("query", "ü user.nam:x")]).await;
    assert_eq!((&wrong["ok"], &wrong["error"]["start"]), (&json!(false), &json!(2)));
    assert_eq!(wrong["error"]["help"], "did you mean user.name?");
}
