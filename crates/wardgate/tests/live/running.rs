//! An ordinary day.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use crate::support::{Place, org, wait};

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn it_follows_tells_and_stops() {
    let org = org(1_500, 3, &[]);
    let place = Place::new();
    place.follow(&org, "");
    let mut running = place.start();
    place.wait_for_events(&mut running, 1_500);
    let address = running.address();
    assert!(get(&address, "/healthz").starts_with("HTTP/1.1 200 "));
    let ready = get(&address, "/readyz");
    assert!(ready.starts_with("HTTP/1.1 200 ") && ready.contains("intake/acme"), "{ready}");
    let metrics = get(&address, "/metrics");
    for expected in [
        "wardgate_events_total{intake=\"acme\",outcome=\"stored\"} 1500\n",
        "wardgate_poll_requests_total{intake=\"acme\",status=\"200\"}",
        "wardgate_newest_event_lag_seconds{intake=\"acme\"}",
        "wardgate_page_seconds_count{intake=\"acme\"}",
        "wardgate_sink_healthy{sink=\"file\"} 1",
        "wardgate_commit_seconds_count",
        "wardgate_page_seconds_bucket{le=\"+Inf\",intake=\"acme\"}",
        "\nwardgate_queue_fill_ratio 0.0\n",
    ] {
        assert!(metrics.contains(expected), "expected {expected} in:\n{metrics}");
    }
    assert!(metrics.ends_with("# EOF\n"));

    // What comes while it runs.
    let published = jiff::Timestamp::now();
    org.append(&format!(
        r#"{{"uuid":"later","published":"{published}","eventType":"system.api_token.create"}}"#
    ))
    .unwrap();
    org.append("{\"uuid\": broken").unwrap();
    place.wait_for_events(&mut running, 1_501);
    wait("an alert of the new event", || {
        let text = fs::read_to_string(place.path("alerts.ndjson")).unwrap_or_default();
        text.contains("\"original\":\"{\\\"uuid\\\":\\\"later\\\"")
    });
    let database = store::Database::open(&place.data()).unwrap();
    wait("what is no event in quarantine", || {
        let quarantined = database.quarantined(0, 10).unwrap();
        quarantined.iter().any(|one| one.bytes.starts_with(b"{\"uuid\": broken"))
    });

    // One folder, one writer.
    let second = place.command().output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("in use by another wardgate"), "{said}");

    running.stop();
    assert_eq!(place.delivered(), place.alerts());
}

#[test]
fn the_same_alerts_as_a_scan_of_the_same_events() {
    let org = org(3_000, 8, &[]);
    let place = Place::new();
    place.follow(&org, "");
    let mut running = place.start();
    place.wait_for_events(&mut running, 3_000);
    running.stop();
    let searcher = store::search::Searcher::open(&place.data()).unwrap();
    let query = query::parse("*").unwrap();
    let request = store::search::Request {
        selection: store::search::Selection::new(&query.root),
        limit: usize::MAX,
        newest_first: false,
        after: None,
    };
    let mut log = Vec::new();
    let found = searcher.for_each(&request, |hit| {
        log.push((hit.seq, hit.raw.to_string()));
        std::ops::ControlFlow::Continue(())
    });
    found.unwrap();
    // In the order in which they came, which is that in which they were correlated.
    log.sort();
    let log: Vec<String> = log.into_iter().map(|(_, raw)| raw).collect();
    fs::write(place.path("log.ndjson"), log.join("\n")).unwrap();
    let mut scan = Command::new(env!("CARGO_BIN_EXE_wardgate"));
    scan.args(["scan", "log.ndjson", "--alerts", "scanned.ndjson", "--quiet"]);
    assert!(scan.current_dir(place.folder.path()).status().unwrap().success());
    let scanned = fs::read_to_string(place.path("scanned.ndjson")).unwrap();
    let scanned = scanned.lines().map(|line| {
        let alert: serde_json::Value = serde_json::from_str(line).unwrap();
        alert["event"]["id"].as_str().unwrap().to_owned()
    });
    assert_eq!(scanned.collect::<std::collections::BTreeSet<_>>(), place.alerts());
}

#[test]
fn rules_are_reloaded_while_it_runs() {
    let org = org(10, 1, &[]);
    let place = Place::new();
    let rules = place.path("rules");
    fs::create_dir(&rules).unwrap();
    place.follow(&org, "[rules]\npaths = [\"rules\"]\nbuiltin = false\n");
    let rule = |title: &str, id: u32, action: &str| {
        format!(
            "title: {title}\nid: 00000000-0000-4000-8000-00000000000{id}\n\
             logsource: {{product: okta, service: okta}}\n\
             detection: {{s: {{event.action: {action}}}, condition: s}}\nlevel: high\n"
        )
    };
    fs::write(rules.join("one.yml"), rule("One", 1, "a.one")).unwrap();
    let mut running = place.start();
    place.wait_for_events(&mut running, 10);
    let event = |uuid: &str, action: &str| {
        let published = jiff::Timestamp::now();
        let text =
            format!(r#"{{"uuid":"{uuid}","published":"{published}","eventType":"{action}"}}"#);
        org.append(&text).unwrap();
    };
    let alerted = || -> Vec<String> {
        let database = store::Database::open(&place.data()).unwrap();
        let alerts = database.alerts(&store::AlertFilter::default()).unwrap();
        alerts.into_iter().map(|alert| alert.rule_name).collect()
    };
    event("u1", "a.one");
    wait("an alert of the first rule", || alerted() == ["One"]);

    // Rules that cannot be used change nothing.
    fs::write(rules.join("two.yml"), "title: [").unwrap();
    running.signal("HUP");
    fs::write(rules.join("two.yml"), rule("Two", 2, "a.two")).unwrap();
    wait("the new rule", || running.log().contains("\"rules\":2"));
    event("u2", "a.two");
    wait("an alert of the second rule", || alerted().len() == 2);
    running.assert_runs();
    running.stop();
}
