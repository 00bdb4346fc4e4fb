//! Webhooks that fail, and an end that is asked for in the middle of everything.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::{PATIENCE, Place, org, wait};

const SECRET: &str = "a secret that signs";

/// A request: the header of the signature, and the body.
type Taken = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// Serves a webhook until the test ends; refuses as long as it is told to.
fn webhook(refuses: Arc<AtomicBool>) -> (String, Taken, Taken) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/alerts", listener.local_addr().unwrap());
    let (taken, refused) = (Taken::default(), Taken::default());
    let (accepted, declined) = (Arc::clone(&taken), Arc::clone(&refused));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut length, mut signature) = (0, String::new());
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
                    break;
                }
                let Some((name, value)) = line.trim().split_once(": ") else { continue };
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => length = value.parse().unwrap(),
                    "x-wardgate-signature" => value.clone_into(&mut signature),
                    _ => {}
                }
            }
            let mut body = vec![0; length];
            if reader.read_exact(&mut body).is_err() {
                continue;
            }
            let refuse = refuses.load(Ordering::Relaxed);
            let status = if refuse { "503 Service Unavailable" } else { "200 OK" };
            let list = if refuse { &declined } else { &accepted };
            list.lock().unwrap().push((signature, body));
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (url, taken, refused)
}

fn sink(url: &str) -> String {
    format!(
        "[[sink]]\nname = \"soc\"\nkind = \"webhook\"\nurl = \"{url}\"\n\
         secret_file = \"secret\"\nfrom = \"earliest\"\n\
         min_severity = \"informational\"\nrepeats = true\n"
    )
}

#[test]
fn a_webhook_that_refuses_for_a_while_gets_every_alert_signed_and_in_order() {
    let refuses = Arc::new(AtomicBool::new(true));
    let (url, taken, refused) = webhook(Arc::clone(&refuses));
    let org = org(1_000, 13, &[]);
    let place = Place::new();
    fs::write(place.path("secret"), SECRET).unwrap();
    place.follow(&org, &sink(&url));
    let mut running = place.start();
    place.wait_for_events(&mut running, 1_000);
    wait("two refusals", || refused.lock().unwrap().len() >= 2);
    refuses.store(false, Ordering::Relaxed);
    wait("all alerts in the file", || place.delivered() == place.alerts());
    let id = |body: &[u8]| {
        let alert: serde_json::Value = serde_json::from_slice(body).unwrap();
        alert["event"]["id"].as_str().unwrap().to_owned()
    };
    let file = fs::read_to_string(place.path("alerts.ndjson")).unwrap();
    let expected: Vec<String> = file.lines().map(|line| id(line.as_bytes())).collect();
    assert!(expected.len() > 5);
    wait("all alerts at the webhook", || taken.lock().unwrap().len() >= expected.len());
    running.stop();
    let taken = taken.lock().unwrap();
    let mut ids: Vec<String> = taken.iter().map(|(_, body)| id(body)).collect();
    ids.dedup();
    assert_eq!(ids, expected);
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    for (signature, body) in taken.iter().chain(refused.lock().unwrap().iter()) {
        let (time, mac) = signature.split_once(',').unwrap();
        let (time, mac) = (time.strip_prefix("t=").unwrap(), mac.strip_prefix("v1=").unwrap());
        let signed = [time.as_bytes(), b".", body].concat();
        let hex = ring::hmac::sign(&key, &signed);
        let hex: String = hex.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(mac, hex);
    }
}

#[test]
fn told_to_stop_in_the_middle_of_everything_it_ends_in_time_with_nothing_lost() {
    let backlog = org(20_000, 14, &[]);
    let hanging = org(10, 15, &["hang=120:1"]);
    // Takes connections, and never answers.
    let dead = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = Place::new();
    fs::write(place.path("secret"), SECRET).unwrap();
    fs::write(place.path("token-2"), hanging.token()).unwrap();
    let more = format!(
        "{}[[intake]]\nname = \"hanging\"\nkind = \"okta\"\nbase_url = \"{}\"\n\
         token_file = \"token-2\"\nfrequency = \"1s\"\n",
        sink(&format!("http://{}/", dead.local_addr().unwrap())),
        hanging.url()
    );
    place.follow(&backlog, &more);
    let mut running = place.start();
    wait("the backlog to be half read", || {
        running.assert_runs();
        place.data().join("wardgate.db").exists() && backlog.stats().polled_until > 1_000
    });
    running.signal("TERM");
    let begun = Instant::now();
    while running.child.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < PATIENCE, "it does not stop: {}", running.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    let took = begun.elapsed();
    assert!(running.child.wait().unwrap().success(), "{}", running.log());
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(backlog.stats().polled_until < 20_000, "it was in the middle");

    let mut running = place.start();
    place.wait_for_events(&mut running, 20_000);
    running.stop();
    place.assert_complete(&backlog);
}
