//! `simulate --listen`: the organisation on a port.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Place, WARDGATE};

/// An organisation that is served until this is dropped.
struct Served {
    child: Child,
    lines: Vec<Value>,
}

impl Served {
    fn start(orgs: usize, args: &str) -> Served {
        let mut child = Command::new(WARDGATE)
            .args("simulate --listen 127.0.0.1:0 --format json".split(' '))
            .args(args.split_whitespace())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().take(orgs);
        let lines = lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
        Served { child, lines }
    }

    /// What org number `number` answers, headers included.
    fn get(&self, number: usize, path: &str) -> String {
        let line = &self.lines[number];
        let (url, token) = (line["url"].as_str().unwrap(), line["token"].as_str().unwrap());
        let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: SSWS {token}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn uuids(answer: &str) -> Vec<String> {
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let events: Vec<Value> = serde_json::from_str(body).unwrap();
    events.iter().map(|event| event["uuid"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn several_organisations_are_served_with_what_has_happened() {
    let served = Served::start(2, "--orgs 2 --events 150 --users 20 --late 0 --fault 500@3");
    let first = served.get(0, "/api/v1/logs?limit=1000");
    assert!(first.starts_with("HTTP/1.1 200 ") && first.contains("x-rate-limit-limit: 60\r\n"));
    let second = served.get(1, "/api/v1/logs?limit=1000");
    assert_eq!((uuids(&first).len(), uuids(&second).len()), (150, 150));
    assert_ne!(uuids(&first), uuids(&second));
    assert_eq!(uuids(&served.get(0, "/api/v1/logs?limit=3")), uuids(&first)[..3]);
    assert!(served.get(0, "/api/v1/logs").starts_with("HTTP/1.1 500 "));
}

#[test]
fn a_file_is_served_as_it_stands() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let published = jiff::Timestamp::from_second(now.as_secs() as i64 - 60).unwrap();
    let line = format!(r#"{{"uuid":"mine","published":"{published}"}}"#);
    let place = Place::with("log.ndjson", &line);
    let path = place.path("log.ndjson");
    let served = Served::start(1, &format!("--backlog {}", path.display()));
    let answer = served.get(0, "/api/v1/logs");
    assert!(answer.ends_with(&format!("\r\n\r\n[{line}]")), "{answer}");
}

#[cfg(unix)]
#[test]
fn it_ends_when_it_is_told_to() {
    let mut served = Served::start(1, "--rate 100");
    let id = served.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let mut said = String::new();
    served.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(served.child.wait().unwrap().code(), Some(0), "{said}");
    assert!(said.contains(" events, 0 requests"), "{said}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (args, said) in [
        ("--listen 0.0.0.0:0", "127.0.0.1"),
        ("--rate 5", "--listen"),
        ("--listen 127.0.0.1:0 --fault teapot:0.5", "cut-json"),
        ("--listen 127.0.0.1:0 --backlog no-such-file", "cannot read no-such-file"),
        ("--listen 127.0.0.1:0 --out x", "--out"),
    ] {
        let output = Command::new(WARDGATE).arg("simulate").args(args.split(' ')).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{args}: {text}");
        assert!(text.contains(said), "{args}: {text}");
    }
}
