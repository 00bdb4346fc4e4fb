//! A server that answers as a test wants it to, and remembers what it was asked.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use feeds::{Client, Credential, Options, Patience};

/// A request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What stands behind GET.
    pub target: String,
    /// The headers, as they came.
    pub headers: String,
}

pub struct Server {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Answers each request with what `answer` makes of it and its number, the first being 0.
    pub fn start(answer: impl Fn(&Asked, usize) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let Some(request) = read(&mut stream) else { continue };
                let number = {
                    let mut all = all.lock().unwrap();
                    all.push(request.clone());
                    all.len() - 1
                };
                let _ = stream.write_all(&answer(&request, number));
            }
        });
        Self { url, asked }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

fn read(stream: &mut TcpStream) -> Option<Asked> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
    while !text.windows(4).any(|four| four == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => text.extend_from_slice(&buffer[..count]),
        }
    }
    let text = String::from_utf8(text).ok()?;
    let (line, headers) = text.split_once("\r\n")?;
    Some(Asked { target: line.split(' ').nth(1)?.to_owned(), headers: headers.to_lowercase() })
}

/// An answer with headers, each with a line break behind it.
pub fn answer(status: u16, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    )
    .into_bytes()
}

pub fn taxii(body: &str) -> Vec<u8> {
    answer(200, "content-type: application/taxii+json;version=2.1\r\n", body)
}

pub fn options(url: &str) -> Options {
    Options {
        url: url.to_owned(),
        credential: None,
        ca_file: None,
        timeout: Duration::from_secs(5),
        patience: Patience {
            tries: 3,
            first: Duration::from_millis(5),
            longest: Duration::from_millis(20),
            longest_told: Duration::from_secs(2),
        },
    }
}

pub fn client(url: &str) -> Client {
    Client::new(&options(url)).unwrap()
}

#[allow(dead_code, reason = "not every test signs in")]
pub fn signed_in(url: &str, credential: Credential) -> Client {
    Client::new(&Options { credential: Some(credential), ..options(url) }).unwrap()
}
