//! The intake, over real connections.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::io::Write;
use std::sync::atomic::Ordering;
use std::time::Duration;

use common::{KEY, ONE, Running, Stored, TWO, client, consume, origin, outcome, raw, start, texts};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use server::{Digest, Limits};

async fn running(limits: Limits) -> (Running, Stored) {
    let (handle, inbox) = engine::channel(engine::Limits::default());
    (start(handle, limits, |app| app).await, consume(inbox))
}

async fn push(server: &Running, path: &str, body: impl Into<reqwest::Body>) -> Response {
    let request = client().post(server.url(path)).header("x-sekoiaio-intake-key", KEY);
    request.body(body).send().await.unwrap()
}

async fn body(response: Response) -> Value {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

fn string(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

#[tokio::test]
async fn every_endpoint_takes_its_form() {
    let (server, stored) = running(Limits::default()).await;
    let strings = format!("[{}, {}]", string(ONE), string(TWO));
    let cases = [
        ("/plain", ONE.to_owned()),
        ("/plain/batch", format!("{ONE}\n{TWO}\n")),
        ("/jsons", format!("[{ONE},{TWO}]")),
        ("/jsons", strings.clone()),
        ("/batch", format!(r#"{{"intake_key":"wrong","jsons":{strings}}}"#)),
        ("/array", format!(r#"[{{"json":{}}},{{"json":{TWO}}}]"#, string(ONE))),
        ("/array", strings),
    ];
    for (path, text) in cases {
        let response = push(&server, path, text).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], "application/json");
        let answer = body(response).await;
        let batch = stored.lock().unwrap().pop().unwrap();
        assert_eq!(batch.origin, origin("acme"));
        if path == "/plain" {
            assert_eq!(answer, json!({"event_id": "e0"}));
            assert_eq!(texts(&batch), [ONE]);
        } else {
            assert_eq!(answer, json!({"event_ids": ["e0", "e1"]}), "{path}");
            assert_eq!(texts(&batch), [ONE, TWO], "{path}");
        }
        assert!(stored.lock().unwrap().is_empty());
    }
    assert_eq!(body(push(&server, "/jsons", "[]").await).await, json!({"event_ids": []}));
    assert!(stored.lock().unwrap().is_empty(), "nothing to be stored");
}

#[tokio::test]
async fn what_is_no_event_has_an_id_at_its_place() {
    let (server, stored) = running(Limits::default()).await;
    let list = format!(r#"[{ONE},{TWO},{{"uuid": nope}},{ONE},7]"#);
    for (path, text) in [
        ("/jsons", list.clone()),
        ("/array", list.clone()),
        ("/batch", format!(r#"{{"jsons":{list}}}"#)),
        ("/plain/batch", format!("{ONE}\n{TWO}\n{{\"uuid\": nope}}\n{ONE}\n7")),
    ] {
        let response = push(&server, path, text).await;
        assert_eq!(response.status(), 200);
        assert_eq!(body(response).await, json!({"event_ids": ["e0", "e1", "r0", "e2", "r1"]}));
        let batch = stored.lock().unwrap().pop().unwrap();
        assert_eq!(texts(&batch), [ONE, TWO, ONE]);
        assert_eq!(batch.rejects[0].bytes, br#"{"uuid": nope}"#);
        assert!(batch.rejects[0].reason.contains("not JSON"), "{:?}", batch.rejects);
    }
    let answer = body(push(&server, "/plain", "hello").await).await;
    assert_eq!(answer, json!({"event_id": "r0"}));
}

#[tokio::test]
async fn bodies_of_another_form_are_refused_whole() {
    let (server, stored) = running(Limits { events: 3, ..Limits::default() }).await;
    let many = format!("[{ONE},{ONE},{ONE},{ONE}]");
    for (path, text, status) in [
        ("/plain", " ", 400),
        ("/jsons", "", 400),
        ("/jsons", ONE, 400),
        ("/array", "hello", 400),
        ("/batch", "[]", 400),
        ("/batch", "{\"x\": 1}", 400),
        ("/jsons", &many, 413),
    ] {
        let response = push(&server, path, text.to_owned()).await;
        assert_eq!(response.status(), status, "{path} {text}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let problem = body(response).await;
        assert_eq!(problem["status"], status);
        assert!(problem["detail"].as_str().unwrap().contains("expected") || status == 413);
    }
    assert!(stored.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_key_may_stand_in_four_places() {
    let (server, stored) = running(Limits::default()).await;
    let client = client();
    let post = |path: &str| client.post(server.url(path)).body(format!("[{ONE}]"));
    let batch = |key: &str| {
        let body = format!(r#"{{"jsons":[{ONE}],"intake_key":{}}}"#, string(key));
        client.post(server.url("/batch")).body(body)
    };
    let requests = [
        (post("/jsons").header("X-SEKOIAIO-INTAKE-KEY", KEY), 200),
        (post("/jsons").basic_auth("anybody", Some(KEY)), 200),
        (post("/jsons?x=1&intake_key=wgi%5Ftest"), 200),
        (batch(KEY), 200),
        (batch("other").header("X-SEKOIAIO-INTAKE-KEY", KEY), 200),
        (post("/jsons"), 401),
        (post("/jsons").header("X-SEKOIAIO-INTAKE-KEY", "wgi_tess"), 401),
        (post("/jsons").header("X-SEKOIAIO-INTAKE-KEY", ""), 401),
        (post("/jsons").basic_auth(KEY, Some("")), 401),
        (post("/jsons").bearer_auth(KEY), 401),
        (post("/jsons?intake_key="), 401),
        (post("/jsons?intake_key=x").header("X-SEKOIAIO-INTAKE-KEY", "y"), 401),
        (batch("wgi_tes"), 401),
        (client.post(server.url("/batch")).body("{}"), 401),
        (client.post(server.url("/batch")).body("hello"), 401),
    ];
    for (number, (request, status)) in requests.into_iter().enumerate() {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "request {number}");
        let taken = usize::from(status == 200);
        assert_eq!(stored.lock().unwrap().drain(..).count(), taken, "request {number}");
    }
}

#[tokio::test]
async fn keys_come_and_go_while_the_server_runs() {
    let (server, stored) = running(Limits::default()).await;
    let other = [(Digest::of(b"new"), origin("other")), (Digest::of(b"x"), origin("x"))];
    server.keys.replace(other);
    assert_eq!(push(&server, "/plain", ONE).await.status(), 401);
    let response = client().post(server.url("/plain?intake_key=new")).body(ONE).send().await;
    assert_eq!(response.unwrap().status(), 200);
    assert_eq!(stored.lock().unwrap()[0].origin, origin("other"));
}

#[tokio::test]
async fn no_key_and_a_wrong_one_are_told_the_same() {
    let (server, _stored) = running(Limits::default()).await;
    server.keys.replace([(Digest::of(b"revoked"), origin("acme"))]);
    server.keys.replace([(Digest::of(KEY.as_bytes()), origin("acme"))]);
    let request = |path: &str, headers: &str, body: &str| {
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        )
    };
    let key = |key: &str| format!("X-SEKOIAIO-INTAKE-KEY: {key}\r\n");
    let batch = |key: &str| format!(r#"{{"intake_key":"{key}","jsons":[{ONE}]}}"#);
    let requests = [
        request("/plain", "", ONE),
        request("/plain", &key("revoked"), ONE),
        request("/plain", &key("wgi_tesT"), ONE),
        request("/plain", &key("wgi_test_and_more"), ONE),
        request("/plain", "Authorization: Basic OnJldm9rZWQ=\r\n", ONE),
        request("/plain?intake_key=revoked", "", ONE),
        request("/batch", "", &batch("revoked")),
        request("/batch", "", &batch("never")),
        request("/batch", "", "nothing"),
    ];
    let mut answers = Vec::new();
    for request in requests {
        let answer = raw(server.address, request.as_bytes()).await;
        let lines = answer.lines().filter(|line| !line.starts_with("date: "));
        answers.push(lines.collect::<Vec<_>>().join("\n"));
    }
    assert!(answers[0].starts_with("HTTP/1.1 401 Unauthorized\n"), "{}", answers[0]);
    assert!(answers[0].contains("www-authenticate: Basic "));
    for answer in &answers {
        assert_eq!(*answer, answers[0]);
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

async fn push_gzip(server: &Running, path: &str, body: Vec<u8>) -> Response {
    let request = client().post(server.url(path)).header("content-encoding", "gzip");
    request.header("x-sekoiaio-intake-key", KEY).body(body).send().await.unwrap()
}

#[tokio::test]
async fn gzip_is_understood() {
    let (server, stored) = running(Limits::default()).await;
    let response = push_gzip(&server, "/jsons", gzip(format!("[{ONE},{TWO}]").as_bytes())).await;
    assert_eq!(body(response).await, json!({"event_ids": ["e0", "e1"]}));
    // In several parts, one behind the other.
    let parts = [gzip(format!("{ONE}\n").as_bytes()), gzip(TWO.as_bytes())].concat();
    let response = push_gzip(&server, "/plain/batch", parts).await;
    assert_eq!(body(response).await, json!({"event_ids": ["e0", "e1"]}));
    assert_eq!(stored.lock().unwrap().len(), 2);
    let whole = gzip(ONE.as_bytes());
    for damaged in [whole[..whole.len() - 9].to_vec(), b"hello".to_vec()] {
        let response = push_gzip(&server, "/plain", damaged).await;
        assert_eq!(response.status(), 400);
        assert_eq!(body(response).await["detail"], "the body is no valid gzip");
    }
    let request = client().post(server.url("/plain")).header("content-encoding", "br");
    let response = request.header("x-sekoiaio-intake-key", KEY).body(ONE).send().await.unwrap();
    assert_eq!(response.status(), 415);
    assert_eq!(response.headers()["accept-encoding"], "gzip");
    assert_eq!(stored.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_bomb_does_not_go_off() {
    let limits = Limits { body: 1 << 20, ..Limits::default() };
    let (server, stored) = running(limits).await;
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..512 {
        bomb.write_all(&[b' '; 1 << 17]).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < 128 << 10, "{} bytes for 64 MiB", bomb.len());
    let response = push_gzip(&server, "/plain", bomb).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(body(response).await["title"], "Payload Too Large");
    assert!(stored.lock().unwrap().is_empty());
}

#[tokio::test]
async fn bodies_are_bounded() {
    let limits = Limits { sent_body: 100_000, ..Limits::default() };
    let (server, stored) = running(limits).await;
    let line = format!("{ONE}\n");
    let fits = line.repeat(100_000 / line.len());
    assert_eq!(push(&server, "/plain/batch", fits).await.status(), 200);
    let long = line.repeat(100_000 / line.len() + 1);
    let response = push(&server, "/plain/batch", long.clone()).await;
    assert_eq!(response.status(), 413);
    let detail = body(response).await["detail"].to_string();
    assert!(detail.contains("100000 bytes"), "{detail}");
    // Of unknown length.
    let mut request = format!(
        "POST /plain/batch?intake_key={KEY} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Transfer-Encoding: chunked\r\n\r\n"
    );
    for part in long.as_bytes().chunks(10_000) {
        let part = std::str::from_utf8(part).unwrap();
        request += &format!("{:x}\r\n{part}\r\n", part.len());
    }
    request += "0\r\n\r\n";
    let answer = raw(server.address, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    // Announced, and never sent.
    let head = format!(
        "POST /plain?intake_key={KEY} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Expect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n"
    );
    let answer = raw(server.address, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert_eq!(stored.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn all_bodies_together_are_bounded() {
    let limits = Limits { bodies: 1 << 20, ..Limits::default() };
    let (server, stored) = running(limits).await;
    let response = push(&server, "/plain/batch", format!("{ONE}\n").repeat(40_000)).await;
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "1");
    assert!(stored.lock().unwrap().is_empty());
    // What had been taken is free again.
    let most = format!("{ONE}\n").repeat((700 << 10) / (ONE.len() + 1));
    for _ in 0..3 {
        assert_eq!(push(&server, "/plain/batch", most.clone()).await.status(), 200);
    }
}

#[tokio::test]
async fn slow_senders_are_given_up() {
    let limits = Limits {
        head_time: Duration::from_millis(300),
        idle_time: Duration::from_millis(200),
        body_time: Duration::from_millis(600),
        ..Limits::default()
    };
    let (server, stored) = running(limits).await;
    // A head that never ends.
    assert_eq!(raw(server.address, b"POST /plain HTTP/1.1\r\nHost: x\r\nX-").await, "");
    assert_eq!(raw(server.address, b"").await, "");
    // A body that never comes, and one that comes a byte at a time.
    let head =
        format!("POST /plain?intake_key={KEY} HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{{");
    let answer = raw(server.address, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    stream.write_all(head.as_bytes()).await.unwrap();
    let begun = std::time::Instant::now();
    let (mut from, mut to) = stream.split();
    let drip = async {
        while to.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let mut answer = [0; 12];
    tokio::select! {
        () = drip => {}
        read = from.read_exact(&mut answer) => { read.unwrap(); }
    }
    assert_eq!(&answer, b"HTTP/1.1 408");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(stored.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_body_that_breaks_off_is_not_stored() {
    let (server, stored) = running(Limits::default()).await;
    let head = format!(
        "POST /plain/batch?intake_key={KEY} HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{ONE}\n"
    );
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, head.as_bytes()).await.unwrap();
    drop(stream);
    assert_eq!(push(&server, "/plain", TWO).await.status(), 200);
    let stored = stored.lock().unwrap();
    assert_eq!(stored.iter().map(texts).collect::<Vec<_>>(), [[TWO]]);
}

#[tokio::test]
async fn an_answer_waits_until_the_events_are_stored() {
    let (handle, mut inbox) = engine::channel(engine::Limits::default());
    let server = start(handle, Limits::default(), |app| app).await;
    let url = server.url("/plain");
    let request = client().post(url).header("x-sekoiaio-intake-key", KEY).body(ONE).send();
    let answer = tokio::spawn(request);
    let submission = inbox.next().await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!answer.is_finished(), "nothing is stored yet");
    let (batch, acknowledgement) = submission.split();
    acknowledgement.done(outcome(&batch));
    assert_eq!(answer.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn what_cannot_be_taken_is_to_come_again() {
    let (handle, mut inbox) = engine::channel(engine::Limits { bytes: 100 });
    let limits = Limits { store_time: Duration::from_millis(300), ..Limits::default() };
    let server = start(handle, limits, |app| app).await;
    let later = |response: Response, status: u16, seconds: &str| {
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()["retry-after"], seconds);
    };
    // Not stored in time; its room stays taken.
    let long = format!("{ONE}{}", " ".repeat(100));
    later(push(&server, "/plain", long).await, 503, "5");
    // No room.
    later(push(&server, "/plain", ONE).await, 429, "1");
    let (batch, acknowledgement) = inbox.next().await.unwrap().split();
    acknowledgement.done(outcome(&batch));
    // The disk is full.
    let stalled = inbox.stalled();
    stalled.store(true, Ordering::Relaxed);
    later(push(&server, "/plain", ONE).await, 503, "30");
    stalled.store(false, Ordering::Relaxed);
    // Stopped before it was stored.
    let (response, submission) = tokio::join!(push(&server, "/plain", ONE), async {
        drop(inbox.next().await.unwrap());
    });
    let () = submission;
    later(response, 503, "5");
    // Stopped.
    drop(inbox);
    later(push(&server, "/plain", ONE).await, 503, "10");
}

#[tokio::test]
async fn a_server_that_stops_answers_what_is_under_way() {
    let (handle, mut inbox) = engine::channel(engine::Limits::default());
    let mut server = start(handle, Limits::default(), |app| app).await;
    let request = client().post(server.url("/plain")).header("x-sekoiaio-intake-key", KEY);
    let answer = tokio::spawn(request.body(ONE).send());
    let (batch, acknowledgement) = inbox.next().await.unwrap().split();
    let idle = tokio::net::TcpStream::connect(server.address).await.unwrap();
    server.stop();
    let address = server.address;
    while tokio::net::TcpStream::connect(address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!answer.is_finished());
    acknowledgement.done(outcome(&batch));
    assert_eq!(answer.await.unwrap().unwrap().status(), 200);
    server.stopped().await;
    drop(idle);
}

#[tokio::test]
async fn a_server_that_stops_does_not_wait_for_ever() {
    let (handle, mut inbox) = engine::channel(engine::Limits::default());
    let limits = Limits { stop_time: Duration::from_millis(200), ..Limits::default() };
    let server = start(handle, limits, |app| app).await;
    let request = client().post(server.url("/plain")).header("x-sekoiaio-intake-key", KEY);
    let answer = tokio::spawn(request.body(ONE).send());
    let submission = inbox.next().await.unwrap();
    server.stopped().await;
    assert!(answer.await.unwrap().is_err(), "no answer is better than a wrong one");
    drop(submission);
}

#[tokio::test]
async fn many_push_at_the_same_time() {
    let (server, stored) = running(Limits::default()).await;
    let client = client();
    let mut pushes = tokio::task::JoinSet::new();
    for sender in 0..20 {
        let request = client.post(server.url("/plain/batch")).header("x-sekoiaio-intake-key", KEY);
        pushes.spawn(async move {
            for round in 0..10 {
                let lines: String = (0..20)
                    .map(|line| {
                        format!("{{\"uuid\":\"{sender}-{round}-{line}\",\"eventType\":\"a.b\"}}\n")
                    })
                    .collect();
                let response = request.try_clone().unwrap().body(lines).send().await.unwrap();
                let answer = body(response).await;
                assert_eq!(answer["event_ids"].as_array().unwrap().len(), 20);
            }
        });
    }
    pushes.join_all().await;
    let stored = stored.lock().unwrap();
    let uuids: std::collections::HashSet<_> = stored.iter().flat_map(texts).collect();
    assert_eq!(uuids.len(), 20 * 10 * 20);
}

#[tokio::test]
async fn only_so_many_are_served_at_the_same_time() {
    let (handle, mut inbox) = engine::channel(engine::Limits::default());
    let limits = Limits { requests: 4, ..Limits::default() };
    let server = start(handle, limits, |app| app).await;
    let client = client();
    let request = client.post(server.url("/plain")).header("x-sekoiaio-intake-key", KEY).body(ONE);
    let mut answers = Vec::new();
    let mut waiting = Vec::new();
    for _ in 0..3 {
        answers.push(tokio::spawn(request.try_clone().unwrap().send()));
        waiting.push(inbox.next().await.unwrap());
    }
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
    // Those who watch are served all the same.
    assert_eq!(client.get(server.url("/healthz")).send().await.unwrap().status(), 200);
    for submission in waiting {
        let (batch, acknowledgement) = submission.split();
        acknowledgement.done(outcome(&batch));
    }
    for answer in answers {
        assert_eq!(answer.await.unwrap().unwrap().status(), 200);
    }
}

#[tokio::test]
async fn the_time_of_arrival_may_be_told() {
    let (server, stored) = running(Limits::default()).await;
    let request = |time: &str| {
        let request = client().post(server.url("/plain")).header("x-sekoiaio-intake-key", KEY);
        request.header("X-SEKOIAIO-EVENT-TIMESTAMP", time).body(ONE).send()
    };
    assert_eq!(request("2026-01-02T03:04:05Z").await.unwrap().status(), 200);
    let received = stored.lock().unwrap().pop().unwrap().received;
    assert_eq!(Some(received), ecs::Timestamp::parse("2026-01-02T03:04:05Z"));
    // Nothing arrives in the future.
    assert_eq!(request("2999-01-01T00:00:00Z").await.unwrap().status(), 200);
    assert!(stored.lock().unwrap().pop().unwrap().received <= ecs::Timestamp::now());
    assert_eq!(request("yesterday").await.unwrap().status(), 400);
    assert!(stored.lock().unwrap().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any list of texts arrives as the same list, whichever way it is pushed.
    #[test]
    fn a_list_arrives_as_it_was_pushed(
        messages in prop::collection::vec(any::<String>(), 1..6),
        compressed in any::<bool>(),
    ) {
        let texts: Vec<_> = messages.iter().map(|message| {
            json!({"uuid": "1", "eventType": "a.b", "displayMessage": message}).to_string()
        }).collect();
        let strings: Vec<_> = texts.iter().map(|text| string(text)).collect();
        let payloads: Vec<_> =
            strings.iter().map(|text| format!(r#"{{"json":{text}}}"#)).collect();
        let bodies = [
            ("/plain/batch", texts.join("\n")),
            ("/jsons", format!("[{}]", texts.join(","))),
            ("/jsons", format!("[{}]", strings.join(","))),
            ("/array", format!("[{}]", payloads.join(","))),
            ("/batch", format!(r#"{{"jsons":[{}]}}"#, strings.join(","))),
        ];
        let bodies = bodies.into_iter().chain(texts.iter().map(|text| ("/plain", text.clone())));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let arrived = runtime.block_on(async {
            let (server, stored) = running(Limits::default()).await;
            for (path, text) in bodies {
                let response = if compressed {
                    push_gzip(&server, path, gzip(text.as_bytes())).await
                } else {
                    push(&server, path, text).await
                };
                assert_eq!(response.status(), 200);
            }
            std::mem::take(&mut *stored.lock().unwrap())
        });
        for batch in arrived.iter().take(5) {
            prop_assert_eq!(common::texts(batch), texts.clone());
        }
        let singles = arrived.iter().skip(5).flat_map(common::texts);
        prop_assert_eq!(singles.collect::<Vec<_>>(), texts);
    }
}
