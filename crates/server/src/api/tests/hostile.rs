//! Questions that are meant to do harm.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};

use super::support::Served;
use crate::api::DeskLimits;

#[tokio::test(flavor = "multi_thread")]
async fn hostile_queries_are_answered_and_end() {
    let served = Served::open().await;
    let nested = format!("{}user.name:a{}", "(".repeat(200), ")".repeat(200));
    let long = format!("user.name:{}", "a".repeat(20_000));
    let many = vec!["user.name:a"; 2_000].join(" OR ");
    let refused =
        ["(", "a:", "user.name:[a TO", &nested, &long, &many, "a~", "user.name:/(/", "nonsense:1"];
    for query in refused {
        let answer = served.get("/events", &[("query", query)]).await;
        assert_eq!(answer.problem(400), "invalid-query", "{query:.40}");
        let position = &answer.json()["position"];
        assert!(position["start"].as_u64() <= position["end"].as_u64());
    }
    let bomb = format!("*{}", "a*".repeat(500));
    let regex = format!("user.name:/({}){{50}}/", "a|b".repeat(100));
    let begun = Instant::now();
    for query in [
        "*a*b*c*d*e*f*g*h*",
        &bomb,
        &regex,
        "user.name:/(a{1000}){1000}/",
        "*:*",
        "_exists_:okta.system.debug_context",
    ] {
        for path in ["/events", "/events/histogram"] {
            let answer = served.get(path, &[("query", query)]).await;
            assert!([200, 400, 422].contains(&answer.status), "{query:.40}: {answer:?}");
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    assert_eq!(served.get("/events", &[]).await.status, 200, "others are served as before");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_has_limits() {
    let served = Served::open().await;
    let cases: [(&str, &[(&str, &str)]); 14] = [
        ("/events", &[("limit", "0")]),
        ("/events", &[("limit", "1001")]),
        ("/events", &[("limit", "-1")]),
        ("/events", &[("since", "yesterday")]),
        ("/events", &[("since", "2026-09-02"), ("until", "2026-09-01")]),
        ("/events", &[("cursor", "AAAA")]),
        ("/events", &[("fields", "user.nmae")]),
        (
            "/events/histogram",
            &[("interval", "1s"), ("since", "2020-01-01"), ("until", "2026-09-05")],
        ),
        ("/events/histogram", &[("buckets", "501")]),
        ("/events/facets", &[("fields", "")]),
        ("/events/facets", &[("fields", "event.id")]),
        ("/events/facets", &[("fields", "@timestamp")]),
        ("/events/export", &[("max", "1000001")]),
        ("/events/hostile/around", &[("before", "101")]),
    ];
    for (path, params) in cases {
        assert_eq!(
            served.get(path, params).await.problem(400),
            "invalid-parameter",
            "{path} {params:?}"
        );
    }
    for path in ["/events", "/alerts", "/overview", "/audit", "/events/export", "/alerts/tail"] {
        assert_eq!(
            served.get(path, &[("x", "1")]).await.problem(400),
            "unknown-parameter",
            "{path}"
        );
    }
    let many: serde_json::Map<String, Value> =
        (0..11).map(|n| (n.to_string(), json!({"cardinality": {"field": "user.name"}}))).collect();
    for wrong in
        [json!({"aggs": {}}), json!({"aggs": many}), json!({"aggs": {"a": {"top": {}}}}), json!([])]
    {
        let answer = served.ask("POST", "/events/aggregate", wrong).await;
        assert_eq!(answer.problem(422), "invalid-body");
    }
    let post = |kind: &str, body: Body| {
        let request = Request::post("/api/v1/searches").header(header::CONTENT_TYPE, kind);
        request.body(body).unwrap()
    };
    let answer = served.raw(post("text/plain", Body::from("{}"))).await;
    assert_eq!(answer.problem(415), "unsupported-media-type");
    let answer = served.raw(post("application/json", Body::from("{"))).await;
    assert_eq!(answer.problem(400), "invalid-body");
    for wrong in ["[".repeat(100_000), "[\"a\",\"events\",\"b\",{}]".to_owned()] {
        let answer = served.raw(post("application/json", Body::from(wrong))).await;
        assert_eq!(answer.problem(422), "invalid-body");
    }
    let deep = format!("{{\"params\":{}", "{\"a\":".repeat(100_000));
    let answer = served.raw(post("application/json", Body::from(deep))).await;
    assert_eq!(answer.problem(422), "invalid-body");
    let answer = served.raw(post("application/json", Body::from(vec![b' '; 2 << 20]))).await;
    assert_eq!(answer.problem(413), "too-large");
    let path = format!("/entities/user/{}", "%2f..%2f".repeat(20));
    assert_eq!(served.get(&path, &[]).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_costs_too_much_is_given_up() {
    let limits = DeskLimits { values: 3, search_time: Duration::ZERO, ..DeskLimits::default() };
    let served = Served::open_with(limits).await;
    for path in ["/events", "/events/histogram", "/entities/user/ada"] {
        assert_eq!(served.get(path, &[]).await.problem(422), "too-costly", "{path}");
    }
    let limits = DeskLimits { values: 3, ..DeskLimits::default() };
    let served = Served::open_with(limits).await;
    let facets = served.get("/events/facets", &[("fields", "user.name")]).await;
    assert_eq!(facets.problem(422), "too-costly");
    assert_eq!(served.get("/events/facets", &[("fields", "observer.vendor")]).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_searches_are_told_to_wait() {
    let limits = DeskLimits { searches: 1, waiting: 1, ..DeskLimits::default() };
    let served = Served::open_with(limits).await;
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let desk = std::sync::Arc::clone(&served.desk);
    let held = tokio::spawn(async move {
        let hold = move |_: &store::search::Searcher, _| {
            let _ = begun.send(());
            let _ = wait.recv();
            Ok(())
        };
        desk.search(hold).await
    });
    has_begun.await.unwrap();
    let desk = std::sync::Arc::clone(&served.desk);
    let waiting = tokio::spawn(async move { desk.search(|_, _| Ok(())).await });
    let refused = loop {
        let answer = tokio::time::timeout(Duration::from_millis(200), served.get("/events", &[]));
        if let Ok(answer) = answer.await {
            break answer;
        }
    };
    assert_eq!(refused.problem(503), "busy");
    assert_eq!(refused.headers.get("retry-after").unwrap(), "1");
    assert_eq!(served.get("/alerts", &[]).await.status, 200, "alerts do not wait for searches");
    go.send(()).unwrap();
    assert!(held.await.unwrap().is_ok());
    let _ = waiting.await.unwrap();
    assert_eq!(served.get("/events", &[("limit", "1")]).await.status, 200);
}
