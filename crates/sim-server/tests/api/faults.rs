//! Every fault as a client meets it.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sim_server::{Backlog, FaultKind, Faults, Options, Server};

use crate::logs::{follow, scenario, truth};
use crate::support::{Reply, get, send};

/// Pages of ten; the fault at the second one.
const SECOND: &str = "/api/v1/logs?limit=10";

fn serve(rate_limit: u32) -> Server {
    let backlog = Backlog::Scenario(scenario(100));
    Server::start(Options { backlog, rate_limit, ..Options::default() }).unwrap()
}

/// The first page, the second with the fault, and the same request again.
fn meet(server: &Server, fault: &str) -> (Reply, Reply, Reply) {
    let mut faults = Faults::default();
    faults.add(&format!("{fault}@2")).unwrap();
    server.set_faults(faults);
    let first = get(server, SECOND);
    let path = first.link("next").unwrap();
    let before = server.stats().faults;
    let second = get(server, &path);
    let name = fault.split('=').next().unwrap();
    let count = |faults: &std::collections::BTreeMap<String, u64>| faults.get(name).copied();
    assert_eq!(count(&server.stats().faults).unwrap(), count(&before).unwrap_or(0) + 1, "{fault}");
    let again = get(server, &path);
    (first, second, again)
}

#[test]
fn statuses_go_wrong_and_are_right_the_next_time() {
    let server = serve(1_000);
    let truth = truth(&server);
    for (fault, status) in [
        ("429", 429),
        ("429-seconds=7", 429),
        ("429-date=9", 429),
        ("500", 500),
        ("503", 503),
        ("revoked", 401),
    ] {
        let (first, second, again) = meet(&server, fault);
        assert_eq!((first.status, second.status, again.status), (200, status, 200), "{fault}");
        assert_eq!(again.uuids(), truth[10..20], "{fault}");
        if status == 429 {
            assert_eq!(second.json()["errorCode"], "E0000047");
            assert_eq!(second.number("x-rate-limit-remaining"), 0);
            assert!(second.number("x-rate-limit-reset") > jiff::Timestamp::now().as_second() - 2);
        }
        match fault {
            "429-seconds=7" => assert_eq!(second.header("retry-after"), Some("7")),
            "429-date=9" => assert!(second.header("retry-after").unwrap().ends_with(" GMT")),
            "500" => assert_eq!(second.json()["errorCode"], "E0000009"),
            _ => assert_eq!(second.header("retry-after"), None),
        }
    }
    let unlimited = serve(0);
    let (_, second, _) = meet(&unlimited, "429=5");
    let left = second.number("x-rate-limit-reset") - jiff::Timestamp::now().as_second();
    assert!((0..=5).contains(&left), "{left}");
}

#[test]
fn bodies_end_badly() {
    let server = serve(0);
    let truth = truth(&server);
    let (_, reset, again) = meet(&server, "reset");
    assert_eq!((reset.status, reset.error), (200, Some(ErrorKind::ConnectionReset)));
    assert!(!reset.is_whole() && reset.link("next").is_some());
    assert_eq!(again.uuids(), truth[10..20]);

    let (_, cut, again) = meet(&server, "cut-body");
    assert_eq!((cut.status, cut.error), (200, None));
    assert!(!cut.is_whole() && !cut.body.is_empty());
    assert_eq!(again.uuids(), truth[10..20]);

    let (_, cut, again) = meet(&server, "cut-json");
    assert!(cut.is_whole() && cut.error.is_none() && cut.link("next").is_some());
    assert!(serde_json::from_slice::<Value>(&cut.body).is_err());
    assert_eq!(again.uuids(), truth[10..20]);

    let started = Instant::now();
    let (_, drip, _) = meet(&server, "drip=1");
    assert!(started.elapsed() > Duration::from_millis(900));
    assert!(drip.is_whole());
    assert_eq!(drip.uuids(), truth[10..20]);

    let started = Instant::now();
    let (_, hang, again) = meet(&server, "hang=1");
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!((hang.status, hang.body.len()), (0, 0));
    assert_eq!(again.uuids(), truth[10..20]);

    let (_, huge, again) = meet(&server, "huge=3");
    assert!(huge.is_whole() && huge.body.len() > 3 << 20 && huge.link("next").is_none());
    assert_eq!(huge.uuids(), ["huge"]);
    assert_eq!(again.uuids(), truth[10..20]);

    let (_, html, _) = meet(&server, "html");
    assert_eq!((html.status, html.header("content-type")), (200, Some("text/html")));
}

#[test]
fn pages_are_not_what_they_should_be() {
    let server = serve(0);
    let truth = truth(&server);

    let (first, duplicate, again) = meet(&server, "duplicate");
    assert_eq!(duplicate.uuids(), first.uuids());
    assert_eq!(get(&server, &duplicate.link("next").unwrap()).uuids(), truth[10..20]);
    assert_eq!(again.uuids(), truth[10..20]);

    let (_, reordered, _) = meet(&server, "reorder");
    let mut uuids = reordered.uuids();
    assert_ne!(uuids, truth[10..20]);
    uuids.sort();
    let mut expected = truth[10..20].to_vec();
    expected.sort();
    assert_eq!(uuids, expected);

    for fault in ["bad-event", "cut-event"] {
        for _ in 0..8 {
            let (_, bad, again) = meet(&server, fault);
            // Every event of the page is in there still.
            let good = again.json();
            let text = String::from_utf8(bad.body).unwrap();
            for event in good.as_array().unwrap() {
                let uuid = event["uuid"].as_str().unwrap();
                assert!(text.contains(uuid), "{fault} {uuid}");
            }
            assert!(text.len() > again.body.len());
            assert_eq!(bad.status, 200);
        }
    }
    let (_, foreign, again) = meet(&server, "foreign-next");
    let links = foreign.all("link").join(" ");
    assert!(links.contains("<https://elsewhere.example/api/v1/logs?after="), "{links}");
    assert!(links.contains("<http://test.example/api/v1/logs?"), "{links}");
    assert!(!again.all("link").join(" ").contains("elsewhere"));

    let (_, clock, again) = meet(&server, "clock=86400");
    let day = |reply: &Reply| reply.header("date").unwrap().split(' ').nth(1).unwrap().to_owned();
    assert_ne!(day(&clock), day(&again));

    let (_, stale, again) = meet(&server, "stale");
    assert_eq!((stale.status, again.status), (400, 400));
    assert_eq!(stale.json()["errorCode"], "E0000001");
}

#[test]
fn a_connection_is_reset_before_it_says_anything() {
    let server = serve(0);
    let mut faults = Faults::default();
    faults.add("tls@1").unwrap();
    server.set_faults(faults);
    let reply = get(&server, SECOND);
    assert_eq!(reply.status, 0);
    assert_eq!(get(&server, SECOND).status, 200);
    assert_eq!(server.stats().faults["tls"], 1);
}

#[test]
fn other_processes_change_what_goes_wrong() {
    let server = serve(0);
    let faults = json!({"rates": {"500": 1.0}}).to_string();
    assert_eq!(send(&server, "PUT /_sim/faults", "", &faults).status, 200);
    assert_eq!(get(&server, SECOND).status, 500);
    assert_eq!(get(&server, "/_sim/faults").json()["rates"]["500"], 1.0);
    assert_eq!(get(&server, "/_sim/state").json()["faults"]["500"], 1);
    assert_eq!(send(&server, "PUT /_sim/faults", "", "{}").status, 200);
    assert_eq!(get(&server, SECOND).status, 200);
    assert_eq!(send(&server, "PUT /_sim/faults", "", r#"{"rates":{"x":1}}"#).status, 400);
}

/// A client that tries again until it is answered well sees every event in spite of everything that
/// can be noticed.
#[test]
fn with_patience_everything_is_read_through_faults() {
    let server = serve(0);
    let mut faults = Faults { seed: 11, ..Faults::default() };
    for fault in [
        "429-seconds:0.1",
        "500:0.1",
        "503:0.1",
        "reset:0.1",
        "cut-body:0.1",
        "cut-json:0.1",
        "html:0.1",
    ] {
        faults.add(fault).unwrap();
    }
    server.set_faults(faults);
    let mut uuids = Vec::new();
    let mut path = "/api/v1/logs?limit=3".to_owned();
    let mut tries = 0;
    while uuids.len() < 100 {
        tries += 1;
        assert!(tries < 2_000);
        let reply = get(&server, &path);
        if reply.status != 200 || !reply.is_whole() {
            continue;
        }
        let Ok(Value::Array(events)) = serde_json::from_slice(&reply.body) else { continue };
        uuids.extend(events.iter().map(|it| it["uuid"].as_str().unwrap().to_owned()));
        path = reply.link("next").unwrap();
    }
    assert_eq!(uuids, truth(&server));
    let stats = server.stats();
    assert_eq!(stats.faults.len(), 7, "{:?}", stats.faults);
    server.set_faults(Faults::default());
    assert_eq!(follow(&server, SECOND).0, uuids);
    for kind in FaultKind::ALL {
        assert!(!kind.description().is_empty());
    }
}
