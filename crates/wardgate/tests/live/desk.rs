//! An analyst's day over HTTP: an attack appears, is worked, and is kept from coming again.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{PATIENCE, Place, Running, org, wait};

/// The rule that tells of API tokens.
const RULE: &str = "9dfb369b-ab13-4fae-a276-55daa05f1119";

/// Somebody with a token.
struct Desk {
    address: String,
    token: String,
}

impl Desk {
    fn of(place: &Place, running: &Running, role: &str) -> Self {
        let mut create = Command::new(env!("CARGO_BIN_EXE_wardgate"));
        create.args(["token", "create", role, "--role", role, "--data"]).arg(place.data());
        let made = create.output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let token = String::from_utf8(made.stdout).unwrap().trim().to_owned();
        Self { address: running.address(), token }
    }

    fn begin(&self, method: &str, path: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\
             authorization: Bearer {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.address,
            self.token,
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut answer = String::new();
        self.begin(method, path, &body).read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        (status, serde_json::from_str(body).unwrap_or_default())
    }

    #[track_caller]
    fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path, &Value::Null);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    #[track_caller]
    fn change(&self, method: &str, path: &str, body: &Value, expected: u16) -> Value {
        let (status, answer) = self.ask(method, path, body);
        assert_eq!(status, expected, "{method} {path}: {answer}");
        answer
    }
}

fn token_event(uuid: &str, address: &str) -> String {
    json!({
        "uuid": uuid, "published": jiff::Timestamp::now().to_string(),
        "eventType": "system.api_token.create",
        "displayMessage": "Create API token",
        "actor": {"id": "00u1", "type": "User", "alternateId": "mallory@example.org"},
        "client": {"ipAddress": address},
        "outcome": {"result": "SUCCESS"},
    })
    .to_string()
}

#[test]
fn an_alert_is_worked_through_the_api() {
    let org = org(1_200, 4, &[]);
    let place = Place::new();
    place.follow(&org, "");
    let mut running = place.start();
    place.wait_for_events(&mut running, 1_200);
    let desk = Desk::of(&place, &running, "admin");
    let viewer = Desk::of(&place, &running, "viewer");
    let nobody = Desk { address: desk.address.clone(), token: "wgt_guessed".to_owned() };
    assert_eq!(nobody.ask("GET", "/alerts", &Value::Null).0, 401);
    assert_eq!(desk.get("/events/histogram")["total"], 1_200);
    assert_eq!(desk.get("/intakes")["intakes"][0]["name"], "acme");

    // It is seen as it happens.
    let tail = BufReader::new(desk.begin("GET", "/alerts/tail", ""));
    let mut lines = tail.lines().map(Result::unwrap);
    assert!(lines.any(|line| line.starts_with("retry: ")), "the tail has begun");
    org.append(&token_event("evil-1", "203.0.113.50")).unwrap();
    let told = lines.find(|line| line.starts_with("data: ") && line.contains("mallory")).unwrap();
    let alert: Value = serde_json::from_str(told.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(alert["rule"]["id"], RULE);

    // What happened, and what else they did.
    let path = format!("/alerts/{}", alert["id"].as_str().unwrap());
    let detail = desk.get(&path);
    assert_eq!(detail["events"][0]["id"], "evil-1");
    wait("the event to be found", || {
        desk.get("/events?query=event.id:evil-1")["events"][0].is_object()
    });
    assert_eq!(desk.get("/events/evil-1")["alerts"][0]["id"], alert["id"]);
    let entity = desk.get("/entities/user/mallory%40example.org");
    assert_eq!((&entity["events"], &entity["risk"]["score"]), (&json!(1), &json!(20)));

    // A viewer looks on.
    assert_eq!(viewer.ask("PATCH", &path, &json!({"state": "new"})).0, 403);
    let taken = json!({"state": "acknowledged", "assignee": "me"});
    let taken = desk.change("PATCH", &path, &taken, 200);
    let me = desk.get("/meta")["caller"]["name"].as_str().unwrap().to_owned();
    assert_eq!(taken["assignee"], me.as_str());
    let closed = json!({"state": "closed", "verdict": "benign", "comment": "a rehearsal"});
    desk.change("PATCH", &path, &closed, 200);
    let history = viewer.get(&format!("{path}/history"));
    assert_eq!(history["history"].as_array().unwrap().len(), 3);
    let mut show = Command::new(env!("CARGO_BIN_EXE_wardgate"));
    show.args(["alerts", "show", alert["id"].as_str().unwrap(), "--data"]).arg(place.data());
    let shown = String::from_utf8(show.output().unwrap().stdout).unwrap();
    assert!(
        shown.contains("a rehearsal") && shown.contains(&format!("assigned to {me}")),
        "{shown}"
    );

    // It does not come again from there, and does from elsewhere.
    let exception = json!({
        "rule": RULE, "field": "source.ip", "values": ["203.0.113.0/24"],
        "reason": "the red team", "expires": "2099-12-31",
    });
    assert_eq!(viewer.ask("POST", "/exceptions", &exception).0, 403);
    desk.change("POST", "/exceptions", &exception, 201);
    let alerts_of =
        || desk.get(&format!("/alerts?rule={RULE}&user=mallory%40example.org&repeats=true"));
    org.append(&token_event("evil-2", "203.0.113.51")).unwrap();
    org.append(&token_event("evil-3", "198.51.100.9")).unwrap();
    wait("the alert from elsewhere", || alerts_of()["total"] == 2);
    let addresses: Vec<Value> = alerts_of()["alerts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|alert| alert["address"].clone())
        .collect();
    assert_eq!(addresses, [json!("198.51.100.9"), json!("203.0.113.50")]);

    // What a rule would have found.
    let rule = "title: Tokens\nlogsource: {product: okta}\nlevel: low\n\
                detection: {s: {event.action: system.api_token.create, user.name: 'mallory*'}, condition: s}\n";
    wait("the events to be searchable", || {
        let dry = desk.change("POST", "/rules/dry-run", &json!({"yaml": rule}), 200);
        dry["matched"] == 3
    });

    // A rule that is off stays off after a restart.
    let off = json!({"enabled": false, "reason": "rehearsal"});
    desk.change("PATCH", &format!("/rules/{RULE}"), &off, 200);
    running.stop();
    let mut running = place.start();
    let desk = Desk { address: running.address(), ..desk };
    assert_eq!(desk.get(&format!("/rules/{RULE}"))["state"], "off");
    org.append(&token_event("evil-4", "198.51.100.10")).unwrap();
    place.wait_for_events(&mut running, 1_204);
    std::thread::sleep(Duration::from_millis(500));
    let total = desk.get(&format!("/alerts?rule={RULE}&user=mallory%40example.org&repeats=true"));
    assert_eq!(total["total"], 2);
    let audit = desk.get("/audit?limit=500");
    let actions: Vec<&str> = audit["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["action"].as_str().unwrap())
        .collect();
    for action in ["alert.change", "exception.create", "rule.switch", "token.create"] {
        assert!(actions.contains(&action), "{action}: {actions:?}");
    }
    running.assert_runs();
    running.stop();
}
