//! Webhooks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Response};
use deliver::{Delivery, Format, From, Severity};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::support::*;

#[tokio::test]
async fn alerts_arrive_in_order_and_are_sent_again_until_they_are_taken() {
    let outbox = Memory::with((1..=4).map(alert));
    let server = Server::scripted([
        status(500),
        with_header(503, "retry-after", "0"),
        with_header(429, "retry-after", "1"),
        status(200),
        status(408),
        status(202),
    ])
    .await;
    let running = start(server.sink(), &outbox);
    until("all are delivered", || outbox.at("soc") == 4).await;
    assert_eq!(server.seqs(), [1, 1, 1, 1, 2, 2, 3, 4]);
    for request in server.requests() {
        assert_eq!(request.method, Method::POST);
        assert_eq!(request.body, format!("{{\"n\":{}}}", request.seq()).into_bytes());
        assert_eq!(request.header("content-type"), "application/json; charset=utf-8");
        assert_eq!(request.header("x-wardgate-signature"), "", "there is no secret");
    }
    until("all is well", || running.health.behind() == 0).await;
    assert_eq!((running.health.delivered(), running.health.failed()), (4, 4));
    assert!(running.health.is_healthy());
    running.stop().await;
}

#[tokio::test]
async fn what_comes_later_is_found_at_once() {
    let outbox = Memory::with([]);
    let server = Server::scripted([]).await;
    let running = start(server.sink(), &outbox);
    // The sink is not woken by time: see `hasty`.
    for seq in 1..=20 {
        outbox.alerts.lock().unwrap().push(alert(seq));
        running.wake.notify_waiters();
        until("it is delivered", || outbox.at("soc") == seq).await;
    }
    assert_eq!(server.seqs(), (1..=20).collect::<Vec<_>>());
    running.stop().await;
}

#[tokio::test]
async fn after_a_crash_an_alert_comes_again_with_the_same_id() {
    let outbox = Memory::with((1..=3).map(alert));
    let server = Server::scripted([]).await;
    *outbox.is_broken.lock().unwrap() = true;
    outbox.checkpoints.lock().unwrap().insert("soc".into(), 1);
    let running = start(server.sink(), &outbox);
    until("it is accepted, but not kept", || {
        !server.seqs().is_empty() && !running.health.is_healthy()
    })
    .await;
    let error = running.health.last_error().unwrap();
    assert_eq!(error, "the store does not answer: disk full");
    running.crash().await;
    *outbox.is_broken.lock().unwrap() = false;
    let running = start(server.sink(), &outbox);
    until("all are delivered", || outbox.at("soc") == 3).await;
    assert_eq!(server.seqs(), [2, 2, 3]);
    running.stop().await;
}

#[tokio::test]
async fn signatures_can_be_verified_on_each_attempt() {
    let outbox = Memory::with([alert(1)]);
    let server = Server::scripted([status(500)]).await;
    let sink = server.sink_with(|options| {
        options.secret = Some(b"hook-secret".to_vec());
        options.headers = vec![("Authorization".into(), "Bearer x".into())];
    });
    let running = start(sink, &outbox);
    until("it is delivered", || outbox.at("soc") == 1).await;
    running.stop().await;
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"hook-secret");
    assert_eq!(server.requests().len(), 2);
    for request in server.requests() {
        assert_eq!(request.header("authorization"), "Bearer x");
        let header = request.header("x-wardgate-signature");
        let (time, signature) = header.split_once(",v1=").unwrap();
        let time = time.strip_prefix("t=").unwrap();
        let now = jiff::Timestamp::now().as_second();
        assert!((now - time.parse::<i64>().unwrap()).abs() < 300);
        let signed = [time.as_bytes(), b".", &request.body].concat();
        let bytes: Vec<u8> = (0..signature.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&signature[at..at + 2], 16).unwrap())
            .collect();
        assert!(ring::hmac::verify(&key, &signed, &bytes).is_ok());
        let changed = [&signed[..], b" "].concat();
        assert!(ring::hmac::verify(&key, &changed, &bytes).is_err());
    }
}

#[tokio::test]
async fn an_alert_that_is_refused_is_set_aside_and_the_next_goes_on() {
    let outbox = Memory::with((1..=3).map(alert));
    let server = Server::new(|request| status(if request.seq() == 2 { 422 } else { 200 })).await;
    let running = start(server.sink(), &outbox);
    until("all are done", || outbox.at("soc") == 3).await;
    assert_eq!(server.seqs(), [1, 2, 2, 2, 3]);
    let dead = outbox.dead.lock().unwrap().clone();
    let reason = format!("{}: answered 422", server.address);
    assert_eq!(dead, [("soc".to_owned(), 2, reason)]);
    assert_eq!((running.health.delivered(), running.health.set_aside()), (2, 1));
    running.stop().await;
}

#[tokio::test]
async fn nothing_is_given_up_while_somebody_can_repair_it() {
    for code in [401, 403, 404, 410, 500] {
        let outbox = Memory::with([alert(1)]);
        let is_repaired = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&is_repaired);
        let server = Server::new(move |_| {
            let body = Body::from("no_service");
            let code = if flag.load(Ordering::SeqCst) { 200 } else { code };
            Response::builder().status(code).body(body).unwrap()
        })
        .await;
        let running = start(server.sink(), &outbox);
        until("it was tried often", || server.requests().len() > 8).await;
        assert!(!running.health.is_healthy());
        until("it is said", || running.health.behind() == 1).await;
        let error = running.health.last_error().unwrap();
        assert_eq!(error, format!("{}: answered {code} no_service", server.address));
        is_repaired.store(true, Ordering::SeqCst);
        until("it is delivered", || outbox.at("soc") == 1).await;
        assert!(running.health.is_healthy() && outbox.dead.lock().unwrap().is_empty());
        running.stop().await;
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_waited_for() {
    let outbox = Memory::with([alert(1)]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let sink = {
        let options = deliver::WebhookOptions::new(format!("http://user:s3cret@{address}/s3cret"));
        let webhook = deliver::Webhook::new(&options).unwrap();
        deliver::Sink::new("soc", deliver::Target::webhook(webhook))
            .from(From::Earliest)
            .patience(hasty())
    };
    let running = start(sink, &outbox);
    until("it has failed", || running.health.failed() > 2).await;
    let error = running.health.last_error().unwrap();
    assert!(error.starts_with(&format!("{address}: cannot connect: ")), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
    let server = Server::on(TcpListener::bind(address).await.unwrap(), |_| status(200));
    until("it is delivered", || outbox.at("soc") == 1).await;
    assert_eq!(server.seqs(), [1]);
    running.stop().await;
}

#[tokio::test]
async fn answers_that_do_not_come_or_do_not_end_do_no_harm() {
    let outbox = Memory::with((1..=2).map(alert));
    let server = Server::new(|_| hang()).await;
    let sink = server.sink_with(|options| options.timeout = Duration::from_millis(100));
    let running = start(sink, &outbox);
    until("it was tried again", || server.requests().len() > 1).await;
    let error = running.health.last_error().unwrap();
    assert_eq!(error, format!("{}: no answer in time", server.address));
    running.stop().await;

    // An answer whose end never comes.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n";
                let mut piece = &head[..];
                while socket.write_all(piece).await.is_ok() {
                    piece = &[b'x'; 1024];
                }
            });
        }
    });
    let sink = server.sink_with(|options| options.url = url);
    let running = start(sink, &outbox);
    until("all are delivered", || outbox.at("soc") == 2).await;
    running.stop().await;
}

#[tokio::test]
async fn redirects_are_followed_only_where_nothing_is_lost_or_shown() {
    let other = Server::scripted([]).await;
    let elsewhere = format!("http://{}/", other.address);
    for (code, location) in [(307, &*elsewhere), (302, "/new"), (303, "/new"), (308, &elsewhere)] {
        let outbox = Memory::with([alert(1)]);
        let answer = location.to_owned();
        let server = Server::new(move |_| with_header(code, "location", &answer)).await;
        let running = start(server.sink(), &outbox);
        until("it was tried again", || running.health.failed() > 1).await;
        let error = running.health.last_error().unwrap();
        assert!(error.ends_with(&format!("answered {code}, a redirect that is not followed")));
        assert!(server.requests().iter().all(|request| request.method == Method::POST));
        assert_eq!(outbox.at("soc"), 0);
        running.stop().await;
    }
    assert!(other.requests().is_empty());

    let outbox = Memory::with([alert(1)]);
    let server = Server::new(|request| match &*request.path {
        "/new" => status(200),
        _ => with_header(308, "location", "/new"),
    })
    .await;
    let running = start(server.sink(), &outbox);
    until("it is delivered", || outbox.at("soc") == 1).await;
    let requests = server.requests();
    let last = requests.last().unwrap();
    assert_eq!((&last.method, &*last.path), (&Method::POST, "/new"));
    assert_eq!(last.body, b"{\"n\":1}");
    assert_eq!(last.header("referer"), "");
    running.stop().await;
}

#[tokio::test]
async fn only_what_is_wanted_is_sent() {
    let with = |seq, severity: &str, repeats: bool| Delivery {
        severity: severity.into(),
        repeat_of: repeats.then(|| alert(1).id),
        ..alert(seq)
    };
    let alerts = [
        with(1, "high", false),
        with(2, "low", false),
        with(3, "critical", true),
        with(4, "odd", false),
        with(5, "informational", true),
    ];
    for (severity, repeats, expected) in [
        (Severity::Informational, false, vec![1, 2, 4]),
        (Severity::Informational, true, vec![1, 2, 3, 4, 5]),
        (Severity::High, false, vec![1, 4]),
        (Severity::Critical, true, vec![3, 4]),
    ] {
        let outbox = Memory::with(alerts.clone());
        let server = Server::scripted([]).await;
        let sink = server.sink().min_severity(severity).repeats(repeats);
        let running = start(sink, &outbox);
        until("the last is passed", || outbox.at("soc") == 5).await;
        assert_eq!(server.seqs(), expected);
        for request in server.requests() {
            let first = if matches!(request.seq(), 3 | 5) {
                alert(1).id.to_string()
            } else {
                String::new()
            };
            assert_eq!(request.header("x-wardgate-repeat-of"), first);
        }
        running.stop().await;
    }
}

#[tokio::test]
async fn a_new_sink_begins_where_it_should() {
    for (from, expected) in [(From::Earliest, vec![1, 2, 3]), (From::Now, vec![3])] {
        let outbox = Memory::with((1..=2).map(alert));
        let server = Server::scripted([]).await;
        let running = start(server.sink().from(from), &outbox);
        until("it has begun", || outbox.at("soc") >= if from == From::Now { 2 } else { 0 }).await;
        running.crash().await;
        // What comes while it is away is not passed over.
        outbox.alerts.lock().unwrap().push(alert(3));
        let running = start(server.sink().from(from), &outbox);
        until("all are delivered", || outbox.at("soc") == 3).await;
        let mut seqs = server.seqs();
        seqs.dedup();
        assert_eq!(seqs, expected);
        running.stop().await;
    }
}

#[tokio::test]
async fn an_attempt_can_end_at_shutdown_but_not_hold_it_up() {
    let outbox = Memory::with((1..=2).map(alert));
    let server = Server::new(|_| hang()).await;
    let running = start(server.sink(), &outbox);
    until("it was asked", || server.requests().len() == 1).await;
    running.stop().await;
    assert_eq!(outbox.at("soc"), 0);
}

#[tokio::test]
async fn a_dead_sink_delays_only_itself() {
    let outbox = Memory::with((1..=50).map(alert));
    let dead = Server::new(|_| hang()).await;
    let alive = Server::scripted([]).await;
    let other = {
        let options = deliver::WebhookOptions::new(alive.url());
        let target = deliver::Target::webhook(deliver::Webhook::new(&options).unwrap());
        deliver::Sink::new("other", target).from(From::Earliest).patience(hasty())
    };
    let (dead_sink, alive_sink) = (start(dead.sink(), &outbox), start(other, &outbox));
    until("the other is done", || outbox.at("other") == 50).await;
    assert_eq!(outbox.at("soc"), 0);
    assert_eq!(dead_sink.health.behind(), 50);
    dead_sink.stop().await;
    alive_sink.stop().await;
}

#[tokio::test]
async fn slack_and_teams_get_what_they_take() {
    for (format, part) in [(Format::Slack, "\"blocks\""), (Format::Teams, "\"AdaptiveCard\"")] {
        let outbox = Memory::with([alert(1)]);
        let server = Server::scripted([]).await;
        let running = start(server.sink_with(|options| options.format = format), &outbox);
        until("it is delivered", || outbox.at("soc") == 1).await;
        let body = String::from_utf8(server.requests()[0].body.clone()).unwrap();
        assert!(body.contains(part) && body.contains("alert 1"), "{body}");
        running.stop().await;
    }
}
