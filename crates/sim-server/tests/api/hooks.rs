//! Event hooks, as their receiver sees them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sim_server::{Hook, Options, Server};

/// A request that came: its first line and headers, and its body.
struct Received {
    head: String,
    body: Value,
}

/// A receiver that answers with each of `statuses` in turn, then with 200; the challenge always.
fn receiver(mut statuses: Vec<u16>) -> (String, Receiver<Received>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook?x=1", listener.local_addr().unwrap());
    let (sender, received) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).unwrap() > 0 {}
            let value = |name: &str| {
                let mut headers = head.lines().filter_map(|line| line.split_once(": "));
                let header = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
                header.map(|(_, value)| value.to_owned())
            };
            let length = value("content-length").map_or(0, |it| it.parse().unwrap());
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let (status, answer) = match value("x-okta-verification-challenge") {
                Some(challenge) => (200, json!({"verification": challenge}).to_string()),
                None if statuses.is_empty() => (200, String::new()),
                None => (statuses.remove(0), String::new()),
            };
            let answer = format!(
                "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
                answer.len()
            );
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
            let body = serde_json::from_slice(&body).unwrap_or_default();
            if sender.send(Received { head, body }).is_err() {
                return;
            }
        }
    });
    (url, received)
}

fn next(received: &Receiver<Received>) -> Received {
    received.recv_timeout(Duration::from_secs(60)).unwrap()
}

fn wait(server: &Server, test: impl Fn(&sim_server::HookStats) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !server.stats().hooks.values().any(&test) {
        assert!(Instant::now() < deadline, "{:?}", server.stats().hooks);
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_hook_proves_itself_and_is_told_of_events() {
    let (url, received) = receiver(vec![500]);
    let server = Server::start(Options {
        hooks: vec![Hook { batch: 2, ..Hook::new(url, "the secret") }],
        ..Options::default()
    })
    .unwrap();
    let challenge = next(&received);
    assert!(challenge.head.starts_with("GET /hook?x=1 HTTP/1.1\r\n"), "{}", challenge.head);
    wait(&server, |stats| stats.verified);
    assert!(!format!("{:?}", Hook::new("http://x", "the secret")).contains("secret"));
    for uuid in ["a", "b", "c"] {
        server.append(&json!({"uuid": uuid}).to_string()).unwrap();
    }
    let mut uuids = Vec::new();
    let mut requests = 0;
    while uuids.len() < 3 {
        let told = next(&received);
        assert!(told.head.starts_with("POST /hook?x=1 HTTP/1.1\r\n"));
        assert!(told.head.contains("authorization: the secret\r\n"));
        assert_eq!(told.body["eventType"], "com.okta.event_hook");
        assert!(told.body["eventId"].is_string() && told.body["eventTime"].is_string());
        requests += 1;
        // The first was refused, and comes again.
        if requests > 1 {
            let events = told.body["data"]["events"].as_array().unwrap();
            assert!((1..=2).contains(&events.len()));
            uuids.extend(events.iter().map(|it| it["uuid"].as_str().unwrap().to_owned()));
        }
    }
    assert_eq!(uuids, ["a", "b", "c"]);
    wait(&server, |stats| stats.delivered == 3 && stats.given_up == 0);
}

#[test]
fn a_hook_may_be_told_twice_and_gives_up_after_two_refusals() {
    let (url, received) = receiver(vec![500, 500, 200, 200]);
    let server = Server::start(Options::default()).unwrap();
    server.add_hook(Hook { twice: false, ..Hook::new(url, "s") });
    wait(&server, |stats| stats.verified);
    server.append("{\"uuid\":\"lost\"}").unwrap();
    wait(&server, |stats| stats.given_up == 1);
    server.append("{\"uuid\":\"kept\"}").unwrap();
    wait(&server, |stats| stats.delivered == 1 && stats.requests == 3);
    drop(received);
    let (url, received) = receiver(vec![]);
    let server = Server::start(Options::default()).unwrap();
    server.add_hook(Hook { twice: true, ..Hook::new(url, "s") });
    wait(&server, |stats| stats.verified);
    server.append("{\"uuid\":\"twice\"}").unwrap();
    next(&received);
    assert_eq!(next(&received).body["data"], next(&received).body["data"]);
}
