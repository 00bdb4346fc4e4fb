//! `wardgate intake`, alone and beside a `wardgate run`.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::Place;

const CONFIG: &str = r#"
data_dir = "data"

[[intake]]
name = "forwarder"
kind = "http"

[[intake]]
name = "acme"
kind = "okta"
base_url = "https://acme.okta.example"
token_env = "OKTA_TOKEN"
"#;

fn create(place: &Place, name: &str) -> String {
    let run = place.run(&["intake", "create", "forwarder", "--name", name]).ended(0);
    run.says(&["keep it now"]);
    let key = run.text().trim().to_owned();
    assert!(!run.stderr.contains(&key));
    key
}

#[test]
fn a_key_is_shown_once_and_kept_as_a_digest() {
    let place = Place::with("wardgate.toml", CONFIG);
    place.run(&["intake", "list"]).ended(2).says(&["is no data folder"]);
    let (one, two) = (create(&place, "relay in Paris"), create(&place, "a,b"));
    assert_ne!(one, two);
    for key in [&one, &two] {
        let random = key.strip_prefix("wgi_").expect("a prefix to be recognised by");
        assert_eq!(random.len(), 43, "256 bits");
    }
    place.run(&["intake", "revoke", "1"]).ended(0).says(&["key 1 is revoked"]);
    place.run(&["intake", "revoke", "1"]).ended(0).says(&["had been revoked before"]);
    place.run(&["intake", "revoke", "2", "9"]).ended(2).says(&["there is no key 9"]);
    let keys = place.run(&["intake", "list"]).ended(0).lines();
    let names: Vec<&Value> = keys.iter().map(|key| &key["name"]).collect();
    assert_eq!(names, ["relay in Paris", "a,b"]);
    assert!(keys[0]["revoked"].is_string() && keys[1]["revoked"].is_null(), "{keys:?}");
    let formats = [
        ("table", "ID"),
        ("json", "[\n  {\n    \"id\": 1,"),
        ("csv", "id,intake,name,created,revoked\r\n1,forwarder,relay in Paris,"),
    ];
    for (format, start) in formats {
        let text =
            place.run(&["intake", "list", "--format", format, "--data", "data"]).ended(0).text();
        assert!(text.starts_with(start), "{text}");
        assert!(!text.contains(&one) && !text.contains(&two));
    }
    for entry in std::fs::read_dir(place.path("data")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = if path.is_file() { std::fs::read(path).unwrap() } else { Vec::new() };
        for key in [&one, &two] {
            assert!(!bytes.windows(key.len()).any(|part| part == key.as_bytes()));
        }
    }
}

#[test]
fn only_intakes_that_take_keys_get_some() {
    let place = Place::with("wardgate.toml", CONFIG);
    let refused = |name: &str| place.run(&["intake", "create", name]).ended(2);
    refused("acme").says(&["'acme' is not of kind \"http\""]);
    refused("other").says(&["there is no intake 'other': expected forwarder"]);
    assert!(refused("other").text().is_empty());
    place.write("wardgate.toml", "data_dir = \"data\"\n");
    refused("other").says(&["no intake of kind \"http\": add an [[intake]]"]);
    place.write("wardgate.toml", "data_dir = 7\n");
    refused("forwarder").says(&["wardgate.toml:1:12", "--data"]);
    assert!(!place.path("data").exists());
}

/// A `wardgate run`, which ends with this.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The status and the body of the answer to an event that is pushed; `None` when nobody answers.
fn push(port: u16, key: &str) -> Option<(u16, String)> {
    let event =
        r#"{"uuid":"5b4a9dd2-0000-0000-0000-000000000001","eventType":"user.session.start"}"#;
    let request = format!(
        "POST /plain HTTP/1.1\r\nHost: x\r\nX-SEKOIAIO-INTAKE-KEY: {key}\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{event}",
        event.len()
    );
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    Some((status, answer.rsplit("\r\n").next()?.to_owned()))
}

#[test]
fn keys_come_and_go_while_another_process_runs() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = format!(
        "data_dir = \"data\"\n[server]\nlisten = \"127.0.0.1:{port}\"\n\
         [[intake]]\nname = \"forwarder\"\nkind = \"http\"\n"
    );
    let place = Place::with("wardgate.toml", config);
    let before = create(&place, "made before");
    let mut command = place.command(&["run"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let _running = Running(command.spawn().unwrap());
    let until = |key: &str, status: u16| {
        let begun = Instant::now();
        loop {
            match push(port, key) {
                Some((found, body)) if found == status => return body,
                found => assert!(begun.elapsed() < Duration::from_secs(60), "{found:?}"),
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    let body = until(&before, 200);
    assert_eq!(body, r#"{"event_id":"5b4a9dd2-0000-0000-0000-000000000001"}"#);
    let during = create(&place, "made meanwhile");
    until(&during, 200);
    place.run(&["intake", "revoke", "1"]).ended(0);
    until(&before, 401);
    assert_eq!(push(port, &during).map(|(status, _)| status), Some(200));
}
