//! Pages, links, limits and errors of `/api/v1/logs`.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sim::{Attack, Scenario};
use sim_server::{Backlog, Late, Live, Options, Server};

use crate::support::{Reply, get, send};

/// A time before now.
pub(crate) fn days_ago(days: u64) -> jiff::Timestamp {
    jiff::Timestamp::now() - Duration::from_secs(days * 86_400)
}

/// Two busy days that ended yesterday.
pub(crate) fn scenario(events: u64) -> Scenario {
    let start = days_ago(3);
    Scenario { start, days: Some(2), users: Some(30), ..Scenario::new(events, 5) }
}

fn serve(options: Options) -> Server {
    Server::start(options).unwrap()
}

fn serve_scenario(events: u64) -> Server {
    serve(Options { backlog: Backlog::Scenario(scenario(events)), ..Options::default() })
}

/// Follows `next` links from `path` until a page is empty, or there is no link.
pub(crate) fn follow(server: &Server, path: &str) -> (Vec<String>, Vec<Reply>) {
    let (mut uuids, mut replies) = (Vec::new(), Vec::new());
    let mut path = Some(path.to_owned());
    while let Some(current) = path {
        let reply = get(server, &current);
        assert_eq!(reply.status, 200, "{current} {reply:?}");
        let page = reply.uuids();
        path = reply.link("next").filter(|_| !page.is_empty());
        uuids.extend(page);
        replies.push(reply);
    }
    (uuids, replies)
}

/// The uuids of all events, as they were persisted.
pub(crate) fn truth(server: &Server) -> Vec<String> {
    server.truth().uuids.into_iter().map(Option::unwrap).collect()
}

#[test]
fn polling_gives_every_event_once_as_it_was_persisted_whatever_the_page() {
    let server = serve_scenario(700);
    let truth = truth(&server);
    assert_eq!(truth.len(), 700);
    assert_eq!(truth.iter().collect::<HashSet<_>>().len(), 700);
    for limit in [7, 100, 699, 700, 701, 1000] {
        let (uuids, replies) = follow(&server, &format!("/api/v1/logs?limit={limit}"));
        assert_eq!(uuids, truth, "limit {limit}");
        // The empty page at the end has its link as well, which leads to the same place.
        let last = replies.last().unwrap();
        assert_eq!(get(&server, &last.link("next").unwrap()).uuids(), [""; 0]);
    }
    let (_, replies) = follow(&server, "/api/v1/logs");
    assert_eq!(replies[0].uuids().len(), 100);
    assert_eq!(server.stats().polled_until, 700);
}

#[test]
fn events_are_out_of_order_when_polled_and_in_order_when_bounded() {
    let server = serve(Options {
        backlog: Backlog::Scenario(scenario(600)),
        late: Late { per_mille: 200, longest: Duration::from_secs(6 * 3600) },
        ..Options::default()
    });
    let published = |replies: &[Reply]| -> Vec<String> {
        let pages = replies.iter().map(Reply::json);
        let events = pages.flat_map(|page| page.as_array().cloned().unwrap());
        events.map(|event| event["published"].as_str().unwrap().to_owned()).collect()
    };
    let (polled, replies) = follow(&server, "/api/v1/logs?limit=1000");
    assert!(!published(&replies).is_sorted());
    let until = jiff::Timestamp::now();
    let path = format!("/api/v1/logs?until={until}&limit=90");
    let (up, replies) = follow(&server, &path);
    assert!(published(&replies).is_sorted() && up.len() == 600);
    assert_eq!(replies.last().unwrap().link("next"), None);
    assert_eq!(up.iter().collect::<HashSet<_>>(), polled.iter().collect::<HashSet<_>>());
    let (mut down, replies) = follow(&server, &format!("{path}&sortOrder=DESCENDING"));
    assert_eq!(replies.last().unwrap().link("next"), None);
    down.reverse();
    assert_eq!(down, up);
    let (mut down, _) = follow(&server, "/api/v1/logs?sortOrder=DESCENDING&limit=250");
    down.reverse();
    assert_eq!(down, up);
}

#[test]
fn a_bounded_request_keeps_its_bounds() {
    let event = |hour: u32| {
        let at = days_ago(2) + Duration::from_secs(u64::from(hour) * 3600);
        json!({"uuid": hour.to_string(), "published": format!("{at:.3}")}).to_string()
    };
    let events: Vec<String> = (0..10).map(event).collect();
    let at = |hour: usize| -> String {
        let event: Value = serde_json::from_str(&events[hour]).unwrap();
        event["published"].as_str().unwrap().to_owned()
    };
    let server = serve(Options { backlog: Backlog::Events(events.clone()), ..Options::default() });
    let path = format!("/api/v1/logs?since={}&until={}", at(3), at(6));
    assert_eq!(get(&server, &path).uuids(), ["3", "4", "5"]);
    // A polling request goes by when events were persisted.
    assert_eq!(get(&server, &format!("/api/v1/logs?since={}", at(8))).uuids(), ["8", "9"]);
    assert_eq!(get(&server, "/api/v1/logs?limit=0").uuids(), [""; 0]);
}

#[test]
fn seven_days_unless_said_and_ninety_at_most() {
    let event = |days: u64| {
        json!({"uuid": days.to_string(), "published": days_ago(days).to_string()}).to_string()
    };
    let events = [100, 80, 8, 6, 1].map(event).to_vec();
    let server = serve(Options { backlog: Backlog::Events(events), ..Options::default() });
    assert_eq!(get(&server, "/api/v1/logs").uuids(), ["6", "1"]);
    for bound in ["", &format!("&until={}", jiff::Timestamp::now())] {
        let path = format!("/api/v1/logs?since={}{bound}", days_ago(120));
        assert_eq!(get(&server, &path).uuids(), ["80", "8", "6", "1"]);
        let reply = get(&server, &format!("/api/v1/logs?since={}{bound}", days_ago(181)));
        assert_eq!((reply.status, &reply.json()["errorCode"]), (400, &json!("E0000053")));
    }
}

#[test]
fn filters_and_keywords_choose_events_on_all_pages() {
    let server = serve_scenario(1_500);
    let all: Vec<Value> = {
        let lines = String::from_utf8(get(&server, "/_sim/events").body).unwrap();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let expected = |test: &dyn Fn(&Value) -> bool| -> Vec<String> {
        let chosen = all.iter().filter(|event| test(event));
        chosen.map(|event| event["uuid"].as_str().unwrap().to_owned()).collect()
    };
    let failures = expected(&|it| it["outcome"]["result"] == "FAILURE");
    let by_target = expected(&|it| {
        it["target"].as_array().is_some_and(|all| all.iter().any(|it| it["type"] == "AppInstance"))
    });
    assert!(failures.len() > 5 && by_target.len() > 50);
    for (query, expected) in [
        ("filter=outcome.result%20eq%20%22FAILURE%22", &failures),
        ("filter=target.type+eq+%22AppInstance%22", &by_target),
        ("q=FAILURE&filter=outcome.result%20eq%20%22FAILURE%22", &failures),
    ] {
        for limit in [3, 1000] {
            // A polling page is short only at the end of the log.
            let path = format!("/api/v1/logs?{query}&limit={limit}");
            assert_eq!(follow(&server, &path).0, *expected, "{path}");
            let until = jiff::Timestamp::now();
            let (mut up, mut expected) =
                (follow(&server, &format!("{path}&until={until}")).0, expected.clone());
            up.sort();
            expected.sort();
            assert_eq!(up, expected, "{path} until {until}");
        }
    }
    let reply = get(&server, "/api/v1/logs?filter=outcome.result%20is%20%22FAILURE%22");
    assert_eq!((reply.status, &reply.json()["errorCode"]), (400, &json!("E0000031")));
    assert_eq!(get(&server, "/api/v1/logs?q=noSuchWordAnywhere").uuids(), [""; 0]);
}

#[test]
fn errors_have_their_form() {
    let server = serve_scenario(10);
    server.add_token("powerless", false);
    let token = format!("SSWS {}", server.token());
    let cases = [
        ("GET /api/v1/logs?limit=1001", token.as_str(), 400, "E0000001"),
        ("GET /api/v1/logs?after=1700000000000_1", token.as_str(), 400, "E0000001"),
        ("GET /api/v1/logs", "SSWS nobody", 401, "E0000011"),
        ("GET /api/v1/logs", "SSWS", 401, "E0000011"),
        ("GET /api/v1/logs", "Bearer nobody", 401, "E0000011"),
        ("GET /api/v1/logs", "SSWS powerless", 403, "E0000006"),
        ("POST /api/v1/logs", token.as_str(), 405, "E0000022"),
        ("GET /api/v1/users", token.as_str(), 404, "E0000007"),
    ];
    for (request, authorization, status, code) in cases {
        let reply = send(&server, request, authorization, "");
        assert_eq!(reply.status, status, "{request}");
        let json = reply.json();
        assert_eq!(json["errorCode"], code, "{request}");
        for key in ["errorSummary", "errorLink", "errorId"] {
            assert!(json[key].as_str().is_some_and(|text| !text.is_empty()), "{json}");
        }
        assert!(json["errorCauses"].is_array());
        assert!(reply.header("x-okta-request-id").is_some_and(|id| id.len() > 20));
        assert!(reply.header("date").is_some_and(|date| date.ends_with(" GMT")));
    }
    server.add_token("another", true);
    assert_eq!(send(&server, "GET /api/v1/logs", "SSWS another", "").status, 200);
    assert!(server.revoke_token("another") && !server.revoke_token("another"));
    assert_eq!(send(&server, "GET /api/v1/logs", "SSWS another", "").status, 401);
}

#[test]
fn links_come_in_several_headers_or_in_one() {
    for (links_in_one_header, headers) in [(false, 2), (true, 1)] {
        let backlog = Backlog::Scenario(scenario(10));
        let server = serve(Options { links_in_one_header, backlog, ..Options::default() });
        let since = days_ago(5).to_string().replace(':', "%3A");
        let reply = get(&server, &format!("/api/v1/logs?limit=4&since={since}&x=y"));
        assert_eq!(reply.all("link").len(), headers);
        let own = format!("/api/v1/logs?since={since}&limit=4");
        assert_eq!(reply.link("self").unwrap(), own);
        assert!(reply.link("next").unwrap().starts_with("/api/v1/logs?after="));
        assert!(reply.header("link").unwrap().starts_with("<http://test.example/api/v1/logs?"));
    }
}

#[test]
fn the_rate_limit_is_told_kept_and_lifted() {
    let server = serve(Options {
        rate_limit: 3,
        rate_window: Duration::from_secs(3),
        backlog: Backlog::Scenario(scenario(10)),
        ..Options::default()
    });
    server.add_token("other", true);
    let mut refused = 0;
    for request in 1..=5 {
        let reply = if request == 2 {
            // Everybody shares it.
            send(&server, "GET /api/v1/logs", "SSWS other", "")
        } else {
            get(&server, "/api/v1/logs")
        };
        assert_eq!(reply.number("x-rate-limit-limit"), 3);
        let left = jiff::Timestamp::now().as_second() + 4;
        assert!((left - 4..=left).contains(&reply.number("x-rate-limit-reset")));
        if reply.status == 429 {
            assert_eq!(reply.json()["errorCode"], "E0000047");
            assert_eq!(reply.number("x-rate-limit-remaining"), 0);
            refused += 1;
        }
    }
    assert!(refused > 0);
    let deadline = Instant::now() + Duration::from_secs(30);
    while get(&server, "/api/v1/logs").status == 429 {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(200));
    }
    let stats = server.stats();
    assert_eq!(stats.clients["token 2"].requests, 1);
    assert!(stats.clients["token 1"].most_in_a_window >= 2);
    let without = serve_scenario(1);
    assert_eq!(get(&without, "/api/v1/logs").header("x-rate-limit-limit"), None);
}

#[test]
fn a_live_organisation_goes_on_and_is_attacked() {
    let server = serve(Options {
        live: Some(Live {
            rate: 400.0,
            users: 30,
            attack_every: Some(Duration::from_millis(300)),
            attack_within: Duration::from_millis(500),
            ..Live::default()
        }),
        late: Late { per_mille: 100, longest: Duration::from_millis(400) },
        ..Options::default()
    });
    server.attack(Attack::BruteForce);
    let started = jiff::Timestamp::now() - Duration::from_secs(2);
    let mut uuids = Vec::new();
    let mut path = "/api/v1/logs?limit=50".to_owned();
    let deadline = Instant::now() + Duration::from_secs(60);
    while uuids.len() < 600 || server.truth().attacks.len() < 3 {
        assert!(Instant::now() < deadline);
        let reply = get(&server, &path);
        for event in reply.json().as_array().unwrap() {
            let published: jiff::Timestamp = event["published"].as_str().unwrap().parse().unwrap();
            assert!(published >= started && published <= jiff::Timestamp::now());
        }
        uuids.extend(reply.uuids());
        path = reply.link("next").unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
    server.pause(true);
    let truth = server.truth();
    let known: Vec<String> = truth.uuids.into_iter().map(Option::unwrap).collect();
    assert_eq!(uuids[..], known[..uuids.len()]);
    let brute_force = truth.attacks.iter().any(|it| it.attack() == Some(Attack::BruteForce));
    assert!(brute_force, "{:?}", truth.attacks);
}

#[test]
fn what_is_kept_is_bounded() {
    let backlog = Backlog::Scenario(scenario(6_000));
    let server = serve(Options { keep_events: 1_000, memory: 0, backlog, ..Options::default() });
    let truth = server.truth();
    assert_eq!(truth.events, 6_000);
    assert!((1_000..6_000).contains(&truth.uuids.len()), "{}", truth.uuids.len());
    let (uuids, _) = follow(&server, "/api/v1/logs?limit=1000");
    assert_eq!(uuids, truth.uuids.into_iter().map(Option::unwrap).collect::<Vec<_>>());
}

#[test]
fn other_processes_learn_the_truth_and_change_it() {
    let server = serve_scenario(50);
    let before = truth(&server);
    let lines = |path: &str| -> Vec<Value> {
        let reply = get(&server, path);
        assert_eq!(reply.status, 200, "{path}");
        let text = String::from_utf8(reply.body).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let uuids: Vec<_> = lines("/_sim/truth").into_iter().map(|it| it["uuid"].clone()).collect();
    assert_eq!(json!(uuids), json!(before));
    assert_eq!(lines("/_sim/truth?from=48").len(), 2);
    assert_eq!(lines("/_sim/events")[7]["uuid"], before[7]);
    let appended = "{\"uuid\":\"mine\"}\n\n{\"uuid\": broken\n";
    let reply = send(&server, "POST /_sim/append", "", appended);
    assert_eq!(reply.json(), json!({"appended": 2, "events": 52}));
    let reply = get(&server, "/api/v1/logs?limit=1000");
    assert!(reply.body.ends_with(b",{\"uuid\":\"mine\"},{\"uuid\": broken]"));
    let state = get(&server, "/_sim/state").json();
    assert_eq!(state["events"], 52);
    assert_eq!(state["requests"], 1);
    assert_eq!(state["statuses"]["200"], 1);
    assert_eq!(state["attacks"], lines("/_sim/attacks").len());
    let add = json!({"add": "new", "may_read": true}).to_string();
    assert_eq!(send(&server, "POST /_sim/tokens", "", &add).status, 200);
    assert_eq!(send(&server, "GET /api/v1/logs", "SSWS new", "").status, 200);
    assert_eq!(send(&server, "POST /_sim/tokens", "", r#"{"revoke": "new"}"#).status, 200);
    assert_eq!(send(&server, "GET /api/v1/logs", "SSWS new", "").status, 401);
    for (request, body) in [
        ("POST /_sim/tokens", "{}"),
        ("POST /_sim/attacks", "mfa_fatigue"),
        ("POST /_sim/attacks", "nothing"),
        ("PUT /_sim/live", "stop"),
        ("GET /_sim/truth?from=x", ""),
    ] {
        assert_eq!(send(&server, request, "", body).status, 400, "{request} {body}");
    }
    assert_eq!(send(&server, "DELETE /_sim/state", "", "").status, 405);
    assert_eq!(send(&server, "GET /_sim/other", "", "").status, 404);
}

#[test]
fn a_public_address_is_refused_and_a_dropped_server_is_gone() {
    let listen = "0.0.0.0:0".parse().unwrap();
    let error = Server::start(Options { listen, ..Options::default() }).unwrap_err();
    assert!(error.to_string().contains("127.0.0.1"), "{error}");
    let server = serve_scenario(1);
    let address = server.address();
    drop(server);
    assert!(std::net::TcpStream::connect(address).is_err());
}
