//! A client that sees what is on the wire.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;
use sim_server::Server;

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// How the connection ended, if not well.
    pub(crate) error: Option<io::ErrorKind>,
}

impl Reply {
    /// All values of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let with_name = self.headers.iter().filter(|(key, _)| key == name);
        with_name.map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    pub(crate) fn number(&self, name: &str) -> i64 {
        self.header(name).unwrap().parse().unwrap()
    }

    /// Whether the body is as long as was said.
    pub(crate) fn is_whole(&self) -> bool {
        self.header("content-length").and_then(|it| it.parse().ok()) == Some(self.body.len())
    }

    pub(crate) fn json(&self) -> Value {
        let error = |error| panic!("{error} in {self:?}");
        serde_json::from_slice(&self.body).unwrap_or_else(error)
    }

    pub(crate) fn uuids(&self) -> Vec<String> {
        let json = self.json();
        let events = json.as_array().unwrap().iter();
        events.map(|event| event["uuid"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The path and query of the link with this `rel`.
    pub(crate) fn link(&self, rel: &str) -> Option<String> {
        let end = format!("; rel=\"{rel}\"");
        let links = self.all("link").into_iter().flat_map(|it| it.split(", "));
        let link = links.into_iter().find(|it| it.ends_with(&end))?;
        let url = link.strip_prefix('<')?.strip_suffix(&format!(">{end}"))?;
        Some(format!("/{}", url.splitn(4, '/').nth(3)?))
    }
}

/// Sends a request and reads until the connection ends. `head` is of lines that end with CRLF.
pub(crate) fn exchange(mut stream: impl Read + Write, head: &str, body: &str) -> Reply {
    let request = format!(
        "{head}host: test.example\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let sent = stream.write_all(request.as_bytes());
    let mut bytes = Vec::new();
    let result = sent.and_then(|()| stream.read_to_end(&mut bytes).map(|_| ()));
    let error = result.err().map(|error| error.kind());
    let end = bytes.windows(4).position(|it| it == b"\r\n\r\n");
    let Some(end) = end else {
        return Reply { status: 0, headers: Vec::new(), body: bytes, error };
    };
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.map(|line| line.split_once(": ").unwrap());
    let headers = headers.map(|(key, value)| (key.to_lowercase(), value.to_owned())).collect();
    Reply { status, headers, body: bytes[end + 4..].to_vec(), error }
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// A request with an `authorization` header and a body.
pub(crate) fn send(server: &Server, request: &str, authorization: &str, body: &str) -> Reply {
    let head = format!("{request} HTTP/1.1\r\nauthorization: {authorization}\r\n");
    exchange(connect(server.address()), &head, body)
}

/// `GET` with the server's own token.
pub(crate) fn get(server: &Server, path: &str) -> Reply {
    send(server, &format!("GET {path}"), &format!("SSWS {}", server.token()), "")
}
