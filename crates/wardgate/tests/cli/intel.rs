//! `wardgate intel`: indicators come in, are listed, and are looked for in what is stored.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use ecs::{Arrival, Context, Organization, Record, Timestamp};
use okta::LogEvent;
use serde_json::{Value, json};
use store::{AlertFilter, Database, Options, Origin, Prepared, Writer};

use crate::support::{Place, event_of, texts};

const DATA: &str = "wardgate-data";

/// A place whose data folder has these events.
fn stored(events: &[String]) -> Place {
    let place = Place::new();
    let options = Options { retention_days: None, ..Options::default() };
    let mut writer = Writer::open(&place.path(DATA), options).unwrap();
    let organization = Organization::default();
    let origin = Arc::new(Origin::new("acme", &organization));
    let context = Context::new(organization);
    let received = Timestamp(1_788_400_000_000);
    let mut batch = Prepared::new(origin, received);
    for text in events {
        let event = LogEvent::parse(text).unwrap();
        let arrival = Arrival { ingested: Some(received), repaired: false };
        batch.event(&Record::new(&event, &context, arrival), false);
    }
    writer.commit(&mut [batch.finish()]).unwrap();
    writer.flush();
    place
}

fn intel(place: &Place, args: &[&str], status: i32) -> crate::support::Run {
    let mut all = vec!["intel"];
    all.extend(args);
    all.extend(["--data", DATA]);
    place.run(&all).ended(status)
}

fn event(uuid: &str, day: u32, members: &str) -> String {
    let text = event_of(uuid, "user.session.start", members);
    text.replace("2026-09-01T", &format!("2026-09-{day:02}T"))
}

/// Events in which something can be found, and what finds it.
fn cases() -> Vec<(&'static str, String)> {
    let client = |ip: &str| format!(r#""client":{{"ipAddress":"{ip}"}}"#);
    let debug =
        |name: &str, url: &str| format!(r#""debugContext":{{"debugData":{{"{name}":"{url}"}}}}"#);
    let actor = |id: &str| {
        format!(r#""actor":{{"id":"00u9","type":"User","alternateId":"{id}","displayName":"M"}}"#)
    };
    vec![
        ("198.51.100.7", client("198.51.100.7")),
        ("203.0.113.0/24", client("203.0.113.200")),
        ("2001:db8:bad::/48", client("2001:db8:bad::1")),
        ("192.0.2.9", client("::ffff:192.0.2.9")),
        ("192.0.2.10", r#""request":{"ipChain":[{"ip":"192.0.2.10"}]}"#.to_owned()),
        ("evil.example", r#""securityContext":{"domain":"a.EVIL.example"}"#.to_owned()),
        ("phish.example", actor("m@mail.Phish.example")),
        ("mallory@other.example", actor("Mallory@Other.example")),
        ("https://kit.example/Login", debug("url", "https://KIT.example/Login?a=B")),
        ("kit2.example", debug("redirectUri", "https://www.kit2.example:8443/x")),
        ("192.0.2.77", debug("origin", "http://192.0.2.77/x")),
        (
            "EvilClient/1.0",
            r#""client":{"userAgent":{"rawUserAgent":"evilclient/1.0"}}"#.to_owned(),
        ),
        ("AS64500", r#""securityContext":{"asNumber":64500}"#.to_owned()),
    ]
}

#[test]
fn a_hunt_finds_what_would_have_been_found() {
    let mut events: Vec<String> = cases()
        .iter()
        .enumerate()
        .map(|(number, (_, members))| event(&format!("e{number}"), 1 + number as u32 % 3, members))
        .collect();
    // What is found by nothing.
    for (number, members) in [
        r#""client":{"ipAddress":"198.51.100.8"}"#,
        r#""client":{"ipAddress":"10.0.0.1"}"#,
        r#""securityContext":{"domain":"notevil.example"}"#,
        r#""debugContext":{"debugData":{"url":"https://kit.example/login"}}"#,
        r#""debugContext":{"debugData":{"url":"/kit2.example"}}"#,
    ]
    .iter()
    .enumerate()
    {
        events.push(event(&format!("n{number}"), 2, members));
    }
    let place = stored(&events);
    let mut list: Vec<&str> = cases().iter().map(|(indicator, _)| *indicator).collect();
    list.push("10.0.0.0/8");
    place.write("own.txt", list.join("\n"));
    place.write("log", events.join("\n"));
    let scanned =
        place.scan_with(&["log"], &["--effort", "elementary", "--indicators", "own.txt"], b"");
    let live: BTreeSet<&str> = scanned
        .alerts
        .iter()
        .filter(|alert| alert["rule"]["name"] == "Intelligence Feed")
        .map(|alert| alert["event"]["id"].as_str().unwrap())
        .collect();
    assert_eq!(live.len(), cases().len(), "each finds its own");

    intel(&place, &["import", "own.txt"], 0).says(&["own: 14 new, 0 changed"]);
    let dry = intel(&place, &["hunt", "--dry-run", "--format", "ndjson"], 0);
    dry.says(&["14 indicators, 13 events with some, nothing is stored"]);
    assert_eq!(texts(&dry.lines(), "/id").into_iter().collect::<BTreeSet<_>>(), live);
    let database = Database::open(&place.path(DATA)).unwrap();
    assert_eq!(database.last_alert().unwrap(), 0);

    intel(&place, &["hunt"], 0).says(&["13 alerts are new"]);
    intel(&place, &["hunt"], 0).says(&["13 events with some, 0 alerts are new"]);
    let all = AlertFilter { repeats: true, ..AlertFilter::default() };
    let alerts = database.alerts(&all).unwrap();
    let ids: BTreeSet<String> = alerts.iter().map(|alert| alert.id.to_string()).collect();
    assert_eq!(ids, live.iter().map(|id| (*id).to_owned()).collect());
    // The same alert, but for the mark.
    for alert in database.alerts_after(0, 100).unwrap() {
        let mut hunted: Value = serde_json::from_str(&alert.document).unwrap();
        let id = hunted["event"]["id"].clone();
        let mut live = scanned.alerts.iter().find(|one| one["event"]["id"] == id).unwrap().clone();
        let details = hunted["wardgate"]["alert"].as_object_mut().unwrap();
        assert_eq!(details.remove("found_afterwards"), Some(json!(true)));
        for document in [&mut hunted, &mut live] {
            for event in document["wardgate"]["alert"]["events"].as_array_mut().unwrap() {
                event["event"].as_object_mut().unwrap().remove("ingested");
                event.as_object_mut().unwrap().remove("wardgate");
                event.as_object_mut().unwrap().remove("organization");
            }
        }
        assert_eq!(hunted, live);
    }
}

#[test]
fn a_hunt_keeps_to_the_time_in_which_indicators_hold() {
    let ip = |ip: &str| format!(r#""client":{{"ipAddress":"{ip}"}}"#);
    let events: Vec<String> =
        (1..=28).map(|day| event(&format!("d{day}"), day, &ip("198.51.100.7"))).collect();
    let place = stored(&events);
    let found = |args: &[&str]| {
        let mut all = vec!["hunt", "--dry-run", "--format", "ndjson"];
        all.extend(args);
        let lines = intel(&place, &all, 0).lines();
        let days = texts(&lines, "/time").into_iter();
        days.map(|time| time[8..10].parse::<u32>().unwrap()).collect::<Vec<_>>()
    };
    let import = |row: &str| {
        place.write("own.csv", format!("value,valid_from,valid_until\n{row}\n"));
        intel(&place, &["import", "--replace", "own.csv"], 0);
    };
    import("198.51.100.7,2026-09-10T08:00:00Z,2026-09-12T08:00:00Z");
    assert_eq!(found(&[]), (5..=16).collect::<Vec<_>>(), "five days on either side");
    assert_eq!(found(&["--since", "2026-09-07", "--until", "2026-09-09"]), [7, 8]);
    assert_eq!(found(&["--feed", "other"]), [0; 0]);
    import("198.51.100.7,,2026-09-02");
    assert_eq!(found(&[]), (1..=6).collect::<Vec<_>>());
    import("198.51.100.7,2026-09-25T08:00:00Z,");
    assert_eq!(found(&[]), (20..=28).collect::<Vec<_>>());
    import("198.51.100.0/24,,");
    assert_eq!(found(&[]).len(), 28);
    // What is never matched.
    place.write("wardgate.toml", "[intel]\nallow = [\"198.51.100.7\"]\n");
    assert_eq!(found(&[]), [0; 0]);
    place.write("wardgate.toml", "[rules]\ndisable = [\"Intelligence Feed\"]\n");
    intel(&place, &["hunt"], 2).says(&["the rule Intelligence Feed is off"]);
}

const BUNDLE: &str = r#"{"type":"bundle","objects":[
    {"type":"indicator","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","name":"Kit",
     "pattern":"[domain-name:value = 'a.example'] AND [ipv4-addr:value = '198.51.100.1']",
     "modified":"2026-09-02T00:00:00Z","valid_from":"2026-09-01T00:00:00Z","confidence":80},
    {"type":"indicator","id":"indicator--9e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f",
     "pattern":"[url:value = 'https://b.example/']","valid_from":"2026-09-01T00:00:00Z",
     "valid_until":"2026-09-02T00:00:00Z"},
    {"type":"indicator","id":"indicator--ae2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","pattern":"[x:y = 1]"}]}"#;

#[test]
fn indicators_are_imported_listed_and_removed() {
    let place = Place::new();
    place.write("Acme Feed.json", BUNDLE);
    place.write("own.csv", "value,labels,description\nevil.example,a;b,\"one, two\"\n=cmd/1.0,,\n");
    // There is no data folder before.
    intel(&place, &["import", "Acme Feed.json", "own.csv"], 0).says(&[
        "Acme Feed.json: object 3 (indicator--ae2e2d2b-17d4-4cbf-938f-98ee46b3cd3f)",
        "acme-feed: 2 new, 0 changed, 0 removed, 0 known",
        "own: 2 new",
    ]);
    intel(&place, &["import", "own.csv"], 0).says(&["own: 0 new, 0 changed, 0 removed, 2 known"]);
    let lines = intel(&place, &["list"], 0).lines();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0]["type"], "pattern");
    assert_eq!(lines[0]["value"], "198.51.100.1 AND a.example");
    assert_eq!(lines[0]["name"], "Kit");
    let valid = intel(&place, &["list", "--valid", "--feed", "acme-feed"], 0).lines();
    assert_eq!(texts(&valid, "/value"), ["198.51.100.1 AND a.example"]);
    let urls = intel(&place, &["list", "--type", "url"], 0).lines();
    assert_eq!(texts(&urls, "/value"), ["https://b.example/"]);
    let json = intel(&place, &["list", "--value", "EVIL", "--format", "json"], 0).text();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["labels"], json!(["a", "b"]));
    intel(&place, &["list", "--format", "table", "--limit", "1"], 0).says(&["the first 1"]);
    // What is listed as CSV can be imported again.
    let csv = intel(&place, &["list", "--feed", "own", "--format", "csv"], 0).text();
    assert!(csv.starts_with("type,value,"), "{csv}");
    place.write("again.csv", csv.replace("'=", "="));
    intel(&place, &["import", "again.csv"], 0).says(&["again: 2 new"]);

    let stats = intel(&place, &["stats"], 0).lines();
    assert_eq!(texts(&stats, "/feed"), ["acme-feed", "again", "own"]);
    assert_eq!(stats[0]["types"], json!({"pattern": 1, "url": 1}));
    assert_eq!((&stats[0]["indicators"], &stats[0]["valid"]), (&json!(2), &json!(1)));
    for format in ["table", "json", "csv"] {
        assert!(intel(&place, &["stats", "--format", format], 0).text().contains("acme-feed"));
    }
    place.write("own.csv", "value\nother.example\n");
    intel(&place, &["import", "--replace", "own.csv"], 0).says(&["1 new, 0 changed, 2 removed"]);
    intel(&place, &["remove", "own", "again"], 0).says(&["own: 1 indicators", "again: 2"]);
    intel(&place, &["remove", "own"], 2).says(&["there is no feed 'own'"]);
    assert_eq!(intel(&place, &["list"], 0).lines().len(), 2);

    // What is of no use changes nothing.
    place.write("page.html", "<html>\n<p>\n");
    place.write("acme.json", "{\"objects\": [");
    intel(&place, &["import", "--replace", "--feed", "acme-feed", "acme.json"], 2)
        .says(&["acme.json:1: no JSON from here on"]);
    intel(&place, &["import", "--feed", "Own", "own.csv"], 2).says(&["--feed: expected a name"]);
    intel(&place, &["import", "-"], 2).says(&["--feed"]);
    intel(&place, &["import", "nowhere.csv"], 2).says(&["cannot read nowhere.csv"]);
    assert_eq!(intel(&place, &["list"], 0).lines().len(), 2);
}

#[test]
fn feeds_are_read_when_told() {
    let place = Place::new();
    place.write("own.txt", "198.51.100.7\nevil.example\n");
    place.write("broken.csv", "name\nx\n");
    place.write(
        "wardgate.toml",
        "data_dir = \"wardgate-data\"\n\
         [[feed]]\nname = \"own\"\nkind = \"list\"\npath = \"own.txt\"\nconfidence = 30\n\
         [[feed]]\nname = \"gone\"\nkind = \"stix\"\nurl = \"http://127.0.0.1:1/x?key=s3cret\"\n\
         timeout = \"1s\"\n\
         [[feed]]\nname = \"broken\"\nkind = \"csv\"\npath = \"broken.csv\"\n",
    );
    let sync = |feeds: &[&str], status| {
        let mut args = vec!["intel", "sync"];
        args.extend(feeds);
        place.run(&args).ended(status)
    };
    sync(&["own"], 0).says(&["own: 2 new, 0 changed, 0 removed, 0 known"]);
    place.write("own.txt", "evil.example\n");
    sync(&["own"], 0).says(&["own: 0 new, 0 changed, 1 removed, 1 known"]);
    sync(&["broken"], 2).says(&["broken: nothing of it can be used: line 1: expected a header"]);
    sync(&["other"], 2).says(&["there is no feed 'other': expected own or gone or broken"]);
    let stats = intel(&place, &["stats"], 0).lines();
    assert_eq!(texts(&stats, "/feed"), ["broken", "own"]);
    assert_eq!(stats[0]["failures"], 1);
    assert!(stats[0]["error"].as_str().unwrap().contains("expected a header"));
    assert!(stats[1]["last_success"].is_string());
    let listed = intel(&place, &["list"], 0).lines();
    assert_eq!(listed[0]["confidence"], 30);
    place.run(&["config", "check"]).ended(0);
}

/// A TAXII server with one collection: two pages at first, and what is new after that.
fn taxii() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/taxii2/", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let all = Arc::clone(&asked);
    let object = |number: u32, more: &str| {
        format!(
            r#"{{"type":"indicator","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3{number}",
            "pattern":"[domain-name:value = 'evil{number}.example']","confidence":70,
            "modified":"2026-09-0{number}T00:00:00Z"{more}}}"#
        )
    };
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).unwrap_or(0);
            let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
            let target = text.split(' ').nth(1).unwrap_or_default().to_owned();
            all.lock().unwrap().push(target.clone());
            let is_known = text.to_lowercase().contains("authorization: basic dxm6chc=\r\n");
            let (time, body) = match target.as_str() {
                "/taxii2/" => (0, r#"{"title":"T","api_roots":["/api"]}"#.to_owned()),
                "/api/collections/" => (
                    0,
                    r#"{"collections":[{"id":"c1","title":"All","can_read":true},
                        {"id":"c2","title":"Other","can_read":true}]}"#
                        .to_owned(),
                ),
                one if one.contains("next=2") => {
                    (2, format!(r#"{{"objects":[{}]}}"#, object(2, "")))
                }
                one if one.contains("added_after=") => (
                    3,
                    format!(
                        r#"{{"objects":[{},{}]}}"#,
                        object(3, ""),
                        object(1, r#","revoked":true"#)
                    ),
                ),
                _ => (1, format!(r#"{{"more":true,"next":"2","objects":[{}]}}"#, object(1, ""))),
            };
            let status = if is_known { "200 OK" } else { "401 Unauthorized" };
            let answer = format!(
                "HTTP/1.1 {status}\r\nconnection: close\r\n\
                 content-type: application/taxii+json;version=2.1\r\n\
                 x-taxii-date-added-first: 2026-09-0{time}T00:00:00.000000Z\r\n\
                 x-taxii-date-added-last: 2026-09-0{time}T00:00:00.000000Z\r\n\
                 content-length: {}\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (url, asked)
}

#[test]
fn a_collection_is_read_from_where_it_was_left() {
    let (url, asked) = taxii();
    let place = Place::new();
    place.write("password", "pw\n");
    let config = |more: &str| {
        let text = format!(
            "data_dir = \"wardgate-data\"\n[[feed]]\nname = \"isac\"\nkind = \"taxii\"\n\
             url = \"{url}\"\nusername = \"us\"\npassword_file = \"password\"\n\
             collections = [\"All\"]\n{more}"
        );
        place.write("wardgate.toml", text);
    };
    config("");
    let sync = |status| place.run(&["intel", "sync"]).ended(status);
    sync(0).says(&["isac: 2 new, 0 changed, 0 removed, 0 known"]);
    let values = || {
        let lines = intel(&place, &["list", "--format", "ndjson"], 0).lines();
        let mut values: Vec<String> =
            texts(&lines, "/value").into_iter().map(str::to_owned).collect();
        values.sort();
        values
    };
    assert_eq!(values(), ["evil1.example", "evil2.example"]);
    sync(0).says(&["isac: 1 new, 0 changed, 1 removed, 0 known"]);
    assert_eq!(values(), ["evil2.example", "evil3.example"]);
    let last = asked.lock().unwrap().last().unwrap().clone();
    assert!(last.contains("added_after=2026-09-02T00%3A00%3A00.000000Z"), "{last}");
    // Other settings make other indicators of it: it is read anew.
    config("min_confidence = 80\n");
    sync(0).says(&["1 removed", "2 left out"]);
    let last = asked.lock().unwrap().last().unwrap().clone();
    assert!(!last.contains("added_after"), "{last}");
    assert_eq!(values(), ["evil3.example"]);
    place.write("password", "other\n");
    let refused = sync(2);
    refused.says(&["answered 401: check the credential"]);
    assert!(!refused.stderr.contains("other"), "{}", refused.stderr);
    place.write("password", "pw\n");
    place.write("wardgate.toml", "[[feed]]\nname = \"x\"\nkind = \"taxii\"\nurl = \"x\"\n");
    sync(2).says(&["feed[0].url: expected an address"]);
}
