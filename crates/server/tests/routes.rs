//! Event hooks, metrics, health, and what every answer has in common.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::{
    KEY, ONE, Running, Stored, TWO, client, consume, origin, raw, start, start_with, texts,
};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use server::{Check, Hook, HookTable, Limits, Tls};

const SECRET: &str = "a secret that only Okta knows";

fn hooks() -> Arc<HookTable> {
    let hooks = Arc::new(HookTable::default());
    let hook = Hook::new("X-Hook-Secret", SECRET.as_bytes(), origin("acme")).unwrap();
    hooks.replace([("acme".to_owned(), hook)]);
    hooks
}

async fn running() -> (Running, Stored) {
    let (handle, inbox) = engine::channel(engine::Limits::default());
    (start(handle, Limits::default(), |app| app.hooks(hooks())).await, consume(inbox))
}

async fn body(response: Response) -> Value {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

async fn deliver(server: &Running, name: &str, secret: &str, body: String) -> Response {
    let request = client().post(server.url(&format!("/hooks/{name}")));
    request.header("x-hook-secret", secret).body(body).send().await.unwrap()
}

fn envelope(events: &str) -> String {
    format!(
        r#"{{"eventType":"com.okta.event_hook","eventTypeVersion":"1.0","cloudEventsVersion":"0.1",
            "source":"https://acme.okta.example/api/v1/eventHooks/who1","eventId":"e",
            "data":{{"events":[{events}]}},"eventTime":"2026-09-30T22:23:07Z",
            "contentType":"application/json"}}"#
    )
}

#[tokio::test]
async fn a_hook_is_verified() {
    let (server, _) = running().await;
    let get = |name: &str| client().get(server.url(&format!("/hooks/{name}")));
    let challenge = |value: &str| get("acme").header("x-okta-verification-challenge", value);
    let response = challenge("a\"b\\c").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(body(response).await, json!({"verification": "a\"b\\c"}));
    assert_eq!(get("acme").send().await.unwrap().status(), 400);
    assert_eq!(challenge(&"x".repeat(2000)).send().await.unwrap().status(), 400);
    assert_eq!(get("other").send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_hook_takes_events_from_who_knows_its_secret() {
    let (server, stored) = running().await;
    let both = envelope(&format!("{ONE},{TWO}"));
    let response = deliver(&server, "acme", SECRET, both.clone()).await;
    assert_eq!(response.status(), 200);
    assert_eq!(body(response).await, json!({"events": 2}));
    let batch = stored.lock().unwrap().pop().unwrap();
    assert_eq!((texts(&batch), batch.origin.intake.as_str()), (vec![ONE, TWO], "acme"));
    assert_eq!(deliver(&server, "acme", SECRET, envelope("")).await.status(), 200);
    for (name, secret, status) in
        [("acme", "another", 401), ("acme", "", 401), ("acme", KEY, 401), ("other", SECRET, 404)]
    {
        assert_eq!(deliver(&server, name, secret, both.clone()).await.status(), status);
    }
    let request = client().post(server.url("/hooks/acme")).body(both);
    assert_eq!(request.send().await.unwrap().status(), 401);
    assert!(stored.lock().unwrap().is_empty());
    // What cannot be read is kept: sent again, it would be the same.
    assert_eq!(deliver(&server, "acme", SECRET, "hello".to_owned()).await.status(), 200);
    assert_eq!(stored.lock().unwrap()[0].rejects[0].bytes, b"hello");
}

#[tokio::test]
async fn okta_is_not_kept_waiting() {
    let (handle, _inbox) = engine::channel(engine::Limits::default());
    let limits = Limits { hook_time: Duration::from_millis(300), ..Limits::default() };
    let server = start(handle, limits, |app| app.hooks(hooks())).await;
    let response = deliver(&server, "acme", SECRET, envelope(ONE)).await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "5");
    // Nor by a body that does not come.
    let request = format!(
        "POST /hooks/acme HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Hook-Secret: {SECRET}\r\n\
         Content-Length: 500\r\n\r\n"
    );
    let answer = raw(server.address, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
}

#[tokio::test]
async fn what_is_counted_is_shown() {
    let (server, _stored) = running().await;
    let get = |path: &str| client().get(server.url(path)).send();
    for _ in 0..2 {
        let url = server.url(&format!("/plain?intake_key={KEY}"));
        assert_eq!(client().post(url).body(ONE).send().await.unwrap().status(), 200);
    }
    get("/hooks/a-secret-name").await.unwrap();
    get("/what?ever").await.unwrap();
    let response = get("/metrics").await.unwrap();
    assert_eq!(response.status(), 200);
    let kind = response.headers()["content-type"].to_str().unwrap();
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    let text = response.text().await.unwrap();
    for line in [
        "wardgate_http_requests_total{route=\"/plain\",status=\"200\"} 2",
        "wardgate_http_requests_total{route=\"/hooks/{name}\",status=\"404\"} 1",
        "wardgate_http_requests_total{route=\"other\",status=\"404\"} 1",
        "wardgate_http_request_duration_seconds_count{route=\"/plain\"} 2",
        "wardgate_http_requests_in_flight 1",
        "# EOF",
    ] {
        assert!(text.lines().any(|one| one == line), "{line} in\n{text}");
    }
    assert!(!text.contains(KEY) && !text.contains("secret") && !text.contains("ever"), "{text}");
}

#[tokio::test]
async fn health_and_readiness_are_told_apart() {
    let (handle, _inbox) = engine::channel(engine::Limits::default());
    let full = Arc::new(AtomicBool::new(false));
    let is_full = Arc::clone(&full);
    let checks = move || {
        let full = is_full.load(Ordering::Relaxed);
        let reason = full.then(|| "the disk is full".to_owned());
        let config = Check { name: "config".to_owned(), ok: true, reason: None };
        vec![config, Check { name: "store".to_owned(), ok: !full, reason }]
    };
    let server = start(handle, Limits::default(), |app| app.ready(checks)).await;
    let get = |path: &str| client().get(server.url(path)).send();
    let response = get("/readyz").await.unwrap();
    assert_eq!(response.status(), 200);
    let expected = json!({"ok": true,
        "checks": [{"name": "config", "ok": true}, {"name": "store", "ok": true}]});
    assert_eq!(body(response).await, expected);
    full.store(true, Ordering::Relaxed);
    let response = get("/readyz").await.unwrap();
    assert_eq!(response.status(), 503);
    let store = json!({"name": "store", "ok": false, "reason": "the disk is full"});
    assert_eq!(body(response).await["checks"][1], store);
    assert_eq!(body(get("/healthz").await.unwrap()).await, json!({"ok": true}));
}

#[tokio::test]
async fn unknown_paths_and_methods_are_told() {
    let (server, _stored) = running().await;
    let cases = [
        (Method::GET, "/api/nothing", 404, None),
        (Method::GET, "/nothing", 404, None),
        (Method::POST, "/plain/", 404, None),
        (Method::GET, "/plain", 405, Some("POST")),
        (Method::PUT, "/jsons", 405, Some("POST")),
        (Method::DELETE, "/hooks/acme", 405, Some("GET,HEAD,POST")),
        (Method::POST, "/metrics", 405, Some("GET,HEAD")),
        (Method::HEAD, "/healthz", 200, None),
        (Method::GET, "/healthz", 200, None),
    ];
    for (method, path, status, allow) in cases {
        let request = client().request(method.clone(), server.url(path));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{method} {path}");
        let headers = response.headers().clone();
        assert_eq!(headers.get("allow").map(|value| value.to_str().unwrap()), allow, "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert!(headers.contains_key("content-security-policy"));
        if status != 200 {
            assert_eq!(headers["content-type"], "application/problem+json");
            assert_eq!(body(response).await["status"], status);
        }
    }
}

#[tokio::test]
async fn heads_are_bounded() {
    let (server, _stored) = running().await;
    let long = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(1 << 20));
    let answer = raw(server.address, long.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let many = format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{}\r\n", "X: y\r\n".repeat(1000));
    let answer = raw(server.address, many.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

/// Writes a new certificate and key; returns the certificate.
fn write_certificate(folder: &std::path::Path) -> rcgen::Certificate {
    let key = rcgen::KeyPair::generate().unwrap();
    let parameters = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = parameters.self_signed(&key).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    std::fs::write(folder.join("cert.pem"), certificate.pem()).unwrap();
    certificate
}

/// Asks over TLS, trusting `certificate` alone.
async fn ask_securely(
    address: SocketAddr,
    certificate: &rcgen::Certificate,
) -> reqwest::Result<Response> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let builder = reqwest::Client::builder().tls_backend_preconfigured(config);
    let client = builder.resolve("localhost", address).build().unwrap();
    client.get(format!("https://localhost:{}/healthz", address.port())).send().await
}

#[tokio::test]
async fn certificates_are_exchanged_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    assert!(Tls::load(&certificate, &key).unwrap_err().to_string().starts_with("cannot read "));
    let first = write_certificate(folder.path());
    std::fs::rename(&key, folder.path().join("away")).unwrap();
    std::fs::write(&key, "nothing").unwrap();
    let error = Tls::load(&certificate, &key).unwrap_err().to_string();
    assert!(error.ends_with("holds no private key in PEM"), "{error}");
    std::fs::rename(folder.path().join("away"), &key).unwrap();

    let tls = Tls::load(&certificate, &key).unwrap().every(Duration::from_millis(50));
    let (handle, _inbox) = engine::channel(engine::Limits::default());
    let server = start_with(handle, Limits::default(), |app| app, |server| server.tls(tls)).await;
    assert_eq!(ask_securely(server.address, &first).await.unwrap().status(), 200);
    // Without TLS there is no answer.
    let plain = raw(server.address, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(!plain.contains("HTTP"), "{plain}");
    // A file that is half written is not used.
    std::fs::write(&certificate, "-----BEGIN").unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(ask_securely(server.address, &first).await.unwrap().status(), 200);
    let second = write_certificate(folder.path());
    for _ in 0..200 {
        if ask_securely(server.address, &second).await.is_ok() {
            assert!(ask_securely(server.address, &first).await.is_err());
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the new certificate is not used");
}
