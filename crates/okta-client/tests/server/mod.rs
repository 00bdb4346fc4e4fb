//! An HTTP server on a loopback port that answers as a test says, byte by byte if need be.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use okta_client::{Backoff, Client, Credentials, OAuth, Secret, SecretSource, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// What a request said.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: HashMap<String, String>,
    /// As it was asked for, with its query.
    pub(crate) target: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
    pub(crate) at: std::time::Instant,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }
}

/// What to do with it.
pub(crate) enum Act {
    /// A whole answer.
    Reply(Reply),
    /// These bytes, and then the connection ends.
    Bytes(Vec<u8>),
    /// A few bytes of the answer at a time.
    Drip(Reply, Duration),
    /// The connection is reset.
    Reset,
    /// Nothing, for long.
    Hang,
}

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn next(self, link: impl std::fmt::Display) -> Self {
        self.header("link", format!("<{link}>; rel=\"next\""))
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("HTTP/1.1 {} X\r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend(format!("{name}: {value}\r\n").bytes());
        }
        bytes.extend(format!("content-length: {}\r\n", self.body.len()).bytes());
        bytes.extend(b"connection: close\r\n\r\n");
        bytes.extend(&self.body);
        bytes
    }
}

impl From<Reply> for Act {
    fn from(reply: Reply) -> Self {
        Self::Reply(reply)
    }
}

/// A page with these events.
pub(crate) fn page(events: &[&str]) -> Reply {
    Reply::new(200, format!("[{}]", events.join(","))).header("content-type", "application/json")
}

/// An event that was published at a second of a minute long ago.
pub(crate) fn event(second: usize) -> String {
    format!(
        r#"{{"uuid":"e{second}","eventType":"user.session.start","published":"2026-01-02T03:04:{second:02}.000Z"}}"#
    )
}

/// Okta's way of saying no.
pub(crate) fn refusal(status: u16, code: &str) -> Reply {
    Reply::new(status, format!(r#"{{"errorCode":"{code}","errorSummary":"no","errorCauses":[]}}"#))
}

pub(crate) struct Server {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Answers with what `answer` gives for the request and the number of requests before it.
    pub(crate) async fn start(answer: impl FnMut(&Request, usize) -> Act + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(Mutex::new(answer));
        let log = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                tokio::spawn(async move {
                    serve(stream, |request| {
                        let mut log = log.lock().unwrap();
                        let act = (answer.lock().unwrap())(&request, log.len());
                        log.push(request);
                        act
                    })
                    .await
                });
            }
        });
        Self { url, requests }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Settings with a token, and waits that tests have time for.
    pub(crate) fn settings(&self) -> Settings {
        let token = SecretSource::Given(Secret::new("s3cret-token"));
        quick(Settings::new(self.url.clone(), Credentials::Token(token)))
    }

    pub(crate) fn oauth(&self, change: impl FnOnce(&mut OAuth)) -> Settings {
        let key = include_str!("../keys/rsa.pkcs8.pem");
        let mut oauth = OAuth::new("client-1", SecretSource::Given(Secret::new(key)));
        oauth.key_id = Some("key-1".to_owned());
        change(&mut oauth);
        quick(Settings::new(self.url.clone(), Credentials::OAuth(oauth)))
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.settings()).unwrap()
    }
}

pub(crate) fn quick(settings: Settings) -> Settings {
    Settings {
        frequency: Duration::from_millis(20),
        ratelimit_per_minute: 0,
        ratelimit_share: 100,
        backoff: Backoff { first: Duration::from_millis(10), longest: Duration::from_millis(100) },
        ..settings
    }
}

async fn serve(mut stream: TcpStream, answer: impl FnOnce(Request) -> Act) {
    let mut bytes = Vec::new();
    let (head, length) = loop {
        let mut part = [0; 4096];
        let Ok(count @ 1..) = stream.read(&mut part).await else { return };
        bytes.extend_from_slice(&part[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, _)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().unwrap())
        });
        break (head.to_owned(), length.unwrap_or(0_usize));
    };
    let begin = head.len() + 4;
    while bytes.len() < begin + length {
        let mut part = [0; 4096];
        let Ok(count @ 1..) = stream.read(&mut part).await else { return };
        bytes.extend_from_slice(&part[..count]);
    }
    let body = String::from_utf8_lossy(&bytes[begin..]).into_owned();
    match answer(parse(&head, body)) {
        Act::Reply(reply) => {
            let _ = stream.write_all(&reply.bytes()).await;
            let _ = stream.shutdown().await;
        }
        Act::Bytes(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Act::Drip(reply, pause) => {
            for part in reply.bytes().chunks(16) {
                if stream.write_all(part).await.is_err() {
                    return;
                }
                sleep(pause).await;
            }
        }
        Act::Reset => {
            let _ = stream.set_zero_linger();
        }
        Act::Hang => sleep(Duration::from_secs(600)).await,
    }
}

fn parse(head: &str, body: String) -> Request {
    let mut lines = head.lines();
    let mut first = lines.next().unwrap().split(' ');
    let (method, target) = (first.next().unwrap().to_owned(), first.next().unwrap().to_owned());
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    Request {
        path: path.to_owned(),
        query: form(query),
        method,
        headers: headers.collect(),
        body,
        at: std::time::Instant::now(),
        target,
    }
}

/// Reads `a=b&c=d`.
pub(crate) fn form(text: &str) -> HashMap<String, String> {
    let url = reqwest::Url::parse(&format!("http://x/?{text}")).unwrap();
    url.query_pairs().into_owned().collect()
}
