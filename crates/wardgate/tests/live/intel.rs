//! Indicators that come while it runs: matched from then on, and found in what came before.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use store::Database;

use crate::support::{Place, Running, wait};

const RULE: &str = "6a015b66-5e4a-429c-9be7-df00cba497dd";

/// A server that gives a file as it is at the time, and asks for a token.
fn serve(file: Arc<Mutex<String>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/list.txt", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).unwrap_or(0);
            let asked = String::from_utf8_lossy(&buffer[..read]).to_lowercase();
            let (status, body) = match asked.contains("authorization: bearer s3cret\r\n") {
                true => ("200 OK", file.lock().unwrap().clone()),
                false => ("401 Unauthorized", String::new()),
            };
            let answer = format!(
                "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn metrics(running: &Running) -> String {
    let address = running.address();
    ask(&address, "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
}

/// Pushes a sign-in from an address that happens now.
fn push(running: &Running, key: &str, uuid: &str, ip: &str) {
    let now = jiff::Timestamp::now();
    let event = format!(
        r#"{{"uuid":"{uuid}","published":"{now:.3}","eventType":"user.session.start",
        "client":{{"ipAddress":"{ip}"}},"outcome":{{"result":"SUCCESS"}},
        "actor":{{"id":"00u1","type":"User","alternateId":"{uuid}@example.org"}}}}"#
    )
    .replace('\n', "");
    let request = format!(
        "POST /plain HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-sekoiaio-intake-key: {key}\r\n\
         content-length: {}\r\n\r\n{event}",
        event.len()
    );
    let answer = ask(&running.address(), &request);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

fn wardgate(place: &Place, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wardgate"));
    let run = command.args(args).current_dir(place.folder.path()).output().unwrap();
    assert!(run.status.success(), "{args:?}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap()
}

/// The documents of alerts about indicators, by the event that they are about.
fn alerts(place: &Place) -> Vec<(String, Value)> {
    let database = Database::open(&place.data()).unwrap();
    let alerts = database.alerts_after(0, 1_000).unwrap();
    let mut found: Vec<(String, Value)> = alerts
        .iter()
        .filter(|stored| stored.alert.rule == RULE)
        .map(|stored| {
            let document: Value = serde_json::from_str(&stored.document).unwrap();
            let event = &document["wardgate"]["alert"]["events"][0]["event"]["id"];
            (event.as_str().unwrap().to_owned(), document)
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn events(alerts: &[(String, Value)]) -> Vec<&str> {
    alerts.iter().map(|(event, _)| event.as_str()).collect()
}

#[test]
fn indicators_that_come_later_are_matched_and_hunted_for() {
    let place = Place::new();
    let list = Arc::new(Mutex::new("# nothing yet\n192.0.2.1\n".to_owned()));
    fs::write(place.path("token"), "s3cret\n").unwrap();
    let config = format!(
        "data_dir = \"data\"\n[server]\nlisten = \"127.0.0.1:0\"\n\
         [intel]\nallow = [\"203.0.113.66\"]\n\
         [[sink]]\nname = \"file\"\nkind = \"file\"\npath = \"alerts.ndjson\"\n\
         from = \"earliest\"\nmin_severity = \"informational\"\nrepeats = true\n\
         [[intake]]\nname = \"push\"\nkind = \"http\"\n\
         [[feed]]\nname = \"own\"\nkind = \"list\"\nurl = \"{}\"\ntoken_file = \"token\"\n",
        serve(Arc::clone(&list))
    );
    fs::write(place.path("wardgate.toml"), config).unwrap();
    let key = wardgate(&place, &["intake", "create", "push"]).trim().to_owned();
    let mut running = place.start();
    running.address();
    wait("the feed's first indicators", || {
        running.assert_runs();
        metrics(&running).contains("wardgate_indicators_matched 1.0\n")
    });
    push(&running, &key, "before", "203.0.113.9");
    push(&running, &key, "ours", "203.0.113.66");
    push(&running, &key, "another", "198.51.100.7");
    place.wait_for_events(&mut running, 3);
    assert_eq!(events(&alerts(&place)), [""; 0]);

    // The list grows, and is read again when it is told to.
    list.lock().unwrap().push_str("203.0.113.0/24\n");
    running.signal("HUP");
    wait("the alert that is found afterwards", || {
        running.assert_runs();
        events(&alerts(&place)) == ["before"]
    });
    push(&running, &key, "live", "203.0.113.10");
    wait("the alert of an event that comes after", || {
        running.assert_runs();
        events(&alerts(&place)) == ["before", "live"]
    });
    let found = alerts(&place);
    let afterwards = |document: &Value| document["wardgate"]["alert"]["found_afterwards"].clone();
    assert_eq!(afterwards(&found[0].1), Value::Bool(true));
    assert_eq!(afterwards(&found[1].1), Value::Null);

    // From beside, into another feed.
    fs::write(place.path("more.csv"), "value,confidence\n198.51.100.7,90\n").unwrap();
    wardgate(&place, &["intel", "import", "more.csv"]);
    wait("the alert of an import", || {
        running.assert_runs();
        events(&alerts(&place)) == ["another", "before", "live"]
    });
    let ids: BTreeSet<String> = alerts(&place)
        .iter()
        .map(|(_, document)| document["event"]["id"].as_str().unwrap().to_owned())
        .collect();
    wait("the sink to be told", || ids.is_subset(&place.delivered()));
    wait("the metrics", || {
        let metrics = metrics(&running);
        [
            "wardgate_indicators_matched 3.0\n",
            "wardgate_feed_indicators{feed=\"own\",type=\"ip\"} 2.0\n",
            "wardgate_feed_failures{feed=\"own\"} 0.0\n",
            "wardgate_feed_last_success_timestamp_seconds{feed=\"own\"} 1",
            "wardgate_hunted_alerts_total 2\n",
        ]
        .iter()
        .all(|expected| metrics.contains(expected))
    });
    // A feed that fails keeps what it had.
    fs::write(place.path("token"), "other\n").unwrap();
    running.signal("HUP");
    wait("the failure", || {
        metrics(&running).contains("wardgate_feed_failures{feed=\"own\"} 1.0\n")
    });
    assert!(metrics(&running).contains("wardgate_indicators_matched 3.0\n"));
    assert!(running.log().contains("answered 401: check the credential"), "{}", running.log());
    assert!(!running.log().contains("s3cret"));
    running.stop();

    // The same alerts as one who had the indicators all along.
    let other = Place::new();
    fs::write(other.path("more.csv"), "value,confidence\n198.51.100.7,90\n").unwrap();
    fs::write(other.path("own.txt"), &*list.lock().unwrap()).unwrap();
    let config = "data_dir = \"data\"\n[server]\nlisten = \"127.0.0.1:0\"\n\
         [[intake]]\nname = \"push\"\nkind = \"http\"\n[rules]\nindicators = [\"own.txt\"]\n";
    fs::write(other.path("wardgate.toml"), config).unwrap();
    let key = wardgate(&other, &["intake", "create", "push"]).trim().to_owned();
    wardgate(&other, &["intel", "import", "more.csv"]);
    let mut running = other.start();
    for (uuid, ip) in
        [("before", "203.0.113.9"), ("live", "203.0.113.10"), ("another", "198.51.100.7")]
    {
        push(&running, &key, uuid, ip);
    }
    other.wait_for_events(&mut running, 3);
    let live: BTreeSet<String> = alerts(&other)
        .iter()
        .map(|(_, document)| document["event"]["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(live, ids);
    assert!(alerts(&other).iter().all(|(_, document)| afterwards(document).is_null()));
    running.stop();
}
