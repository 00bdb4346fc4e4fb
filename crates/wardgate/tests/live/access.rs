//! The first start, and people coming and going while it runs.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Place, org, wait};

const PASSWORD: &str = "four teapots on the moon";

/// An answer: its status, head and body.
struct Answer {
    status: u16,
    head: String,
    body: Value,
}

impl Answer {
    /// `NAME=ID` of the session that begins.
    fn cookie(&self) -> String {
        let line = self.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        line.split(';').next().unwrap().to_owned()
    }
}

fn ask(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    request += "connection: close\r\ncontent-type: application/json\r\n";
    request += &format!("content-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let body = serde_json::from_str(body).unwrap_or_default();
    Answer { status, head: head.to_owned(), body }
}

fn sign_in(address: &str, name: &str, password: &str) -> Answer {
    let body = json!({"name": name, "password": password}).to_string();
    ask(address, "POST", "/api/v1/session", &[], &body)
}

/// Runs a command beside it; what comes by the standard input is a password.
fn beside(place: &Place, args: &[&str], password: &str) -> (bool, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_wardgate"))
        .args(args)
        .current_dir(place.folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that asks for none may have ended.
    let _ = writeln!(child.stdin.take().unwrap(), "{password}");
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains(PASSWORD), "{said}");
    (output.status.success(), String::from_utf8(output.stdout).unwrap() + &said)
}

#[test]
fn the_first_to_come_is_let_in_by_a_link_and_others_by_them() {
    let org = org(50, 5, &[]);
    let place = Place::new();
    place.follow(&org, "");
    let running = place.start();
    let address = running.address();
    wait("the link", || running.log().contains("/setup#token="));
    assert!(running.log().contains(&format!("\nhttp://{address}/setup#token=wgs_")));
    running.stop();

    // A link that nobody has used is void after the next start.
    let running = place.start();
    let address = running.address();
    wait("another link", || running.log().matches("/setup#token=").count() == 2);
    let tokens: Vec<String> = running
        .log()
        .lines()
        .filter_map(|line| Some(line.split_once("/setup#token=")?.1.to_owned()))
        .collect();
    let set_up = |token: &str| {
        let body = json!({"token": token, "name": "anna", "password": PASSWORD}).to_string();
        ask(&address, "POST", "/api/v1/setup", &[], &body)
    };
    assert_eq!(set_up(&tokens[0]).body["code"], "setup-void");
    let done = set_up(&tokens[1]);
    assert_eq!((done.status, &done.body["user"]["role"]), (200, &json!("admin")));
    assert_eq!(set_up(&tokens[1]).status, 403, "once");
    let cookie = done.cookie();
    let users = || ask(&address, "GET", "/api/v1/users", &[("cookie", &cookie)], "");
    assert_eq!(users().status, 200);
    assert_eq!(ask(&address, "GET", "/api/v1/users", &[], "").status, 401);
    assert_eq!(ask(&address, "GET", "/api/v1/events", &[], "").status, 401);

    // Users and tokens are kept beside it.
    let (done, said) = beside(&place, &["user", "add", "ben", "--role", "viewer"], "short");
    assert!(!done && said.contains("at least 12 characters"), "{said}");
    let (done, said) = beside(&place, &["user", "add", "ben", "--role", "viewer"], PASSWORD);
    assert!(done, "{said}");
    let (done, said) = beside(&place, &["user", "add", "Ben", "--role", "viewer"], PASSWORD);
    assert!(!done && said.contains("already"), "{said}");
    let ben = sign_in(&address, "ben", PASSWORD);
    let (cookie, csrf) = (ben.cookie(), ben.body["csrf"].as_str().unwrap().to_owned());
    let as_ben = |path: &str| ask(&address, "GET", path, &[("cookie", &cookie)], "").status;
    assert_eq!((as_ben("/api/v1/events"), as_ben("/api/v1/users")), (200, 403));
    let body = json!({"name": "eve", "role": "admin", "password": PASSWORD}).to_string();
    let headers = [("cookie", &*cookie), ("x-csrf-token", &*csrf)];
    assert_eq!(ask(&address, "POST", "/api/v1/users", &headers, &body).status, 403);
    assert!(beside(&place, &["user", "role", "ben", "admin"], "").0);
    assert_eq!(as_ben("/api/v1/events"), 401, "another role, another session");
    let (done, said) = beside(&place, &["token", "create", "ci", "--role", "viewer"], "");
    assert!(done, "{said}");
    let bearer = format!("Bearer {}", said.lines().next().unwrap());
    let by_token =
        || ask(&address, "GET", "/api/v1/events", &[("authorization", &bearer)], "").status;
    assert_eq!(by_token(), 200);
    assert!(beside(&place, &["token", "revoke", "1"], "").0);
    assert_eq!(by_token(), 401, "at once");
    assert!(beside(&place, &["user", "disable", "ben"], "").0);
    assert_eq!(sign_in(&address, "ben", PASSWORD).status, 401);
    let (done, said) = beside(&place, &["user", "disable", "anna"], "");
    assert!(!done && said.contains("last admin"), "{said}");
    let (done, listed) = beside(&place, &["user", "list"], "");
    assert!(done && listed.contains(r#""name":"anna","role":"admin","disabled":null"#), "{listed}");
    assert!(!listed.contains("argon2"), "{listed}");
    assert_eq!(users().status, 200, "anna is in all the while");
    let log = running.log();
    assert!(!log.contains(PASSWORD) && !log.contains(&cookie), "{log}");
    running.stop();

    // There is somebody now.
    let running = place.start();
    let address = running.address();
    assert_eq!(running.log().matches("/setup#token=").count(), 2, "no third link");
    let headers = [("cookie", cookie_of(&sign_in(&address, "anna", PASSWORD)))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let audit = ask(&address, "GET", "/api/v1/audit", &headers, "").body.to_string();
    for expected in ["setup link", "command line", "token.revoke", "user.disable", "127.0.0.1"] {
        assert!(audit.contains(expected), "expected {expected} in {audit}");
    }
    running.stop();
}

fn cookie_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 200);
    answer.cookie()
}
