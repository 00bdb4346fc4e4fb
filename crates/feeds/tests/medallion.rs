//! The client against medallion, OASIS's TAXII 2.1 server, as it comes from PyPI.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
#![allow(missing_docs)]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use feeds::{Client, Credential, FeedError, Options, Patience};
use serde_json::{Value, json};

const COLLECTION: &str = "91a7b528-80eb-42ed-a74d-c6fbd5a26116";
const PER_PAGE: usize = 7;

/// The server, until it is dropped.
struct Medallion {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Drop for Medallion {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Python with medallion in it, made when it is not there yet.
fn python() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("medallion");
    let python = folder.join("bin/python");
    let run = |command: &mut Command| {
        let status = command.status().expect("python3 is needed");
        assert!(status.success(), "{command:?}: {status}");
    };
    if !folder.join("bin/medallion").exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        run(Command::new(&python).args(["-m", "pip", "install", "-q", "medallion==3.0.0"]));
    }
    python
}

/// A time in November 2026.
fn time(second: usize) -> String {
    format!("2026-11-01T00:{:02}:{:02}.000000Z", second / 60, second % 60)
}

fn indicator(number: usize) -> Value {
    json!({
        "type": "indicator", "spec_version": "2.1",
        "id": format!("indicator--00000000-0000-4000-8000-{number:012}"),
        "created": time(number), "modified": time(number),
        "pattern": format!("[ipv4-addr:value = '198.51.100.{number}']"),
        "pattern_type": "stix", "valid_from": time(number),
    })
}

/// Starts it with a collection of so many indicators, of which each three were added at once.
fn medallion(indicators: usize) -> Medallion {
    let python = python();
    let mut objects: Vec<Value> = (0..indicators).map(indicator).collect();
    let mut manifest: Vec<Value> = (0..indicators)
        .map(|number| {
            json!({
                "id": objects[number]["id"], "date_added": time(number / 3 * 3),
                "version": time(number), "media_type": "application/stix+json;version=2.1",
            })
        })
        .collect();
    // What is no indicator is not asked for.
    let identity = "identity--c78cb6e5-0c4b-4611-8297-d1b8b55e40b5";
    objects.push(json!({
        "type": "identity", "spec_version": "2.1", "id": identity, "name": "x",
        "created": time(0), "modified": time(0),
    }));
    manifest.push(json!({
        "id": identity, "date_added": time(0), "version": time(0),
        "media_type": "application/stix+json;version=2.1",
    }));
    let data = json!({
        "/discovery": {
            "title": "A server", "default": "http://127.0.0.1:1/elsewhere/", "api_roots": ["/trustgroup1/"],
        },
        "trustgroup1": {
            "information": {
                "title": "A root", "versions": ["application/taxii+json;version=2.1"],
                "max_content_length": 9_765_625,
            },
            "status": [],
            "collections": [
                {
                    "id": COLLECTION, "title": "Indicators", "can_read": true, "can_write": false,
                    "media_types": ["application/stix+json;version=2.1"],
                    "objects": objects, "manifest": manifest,
                },
                {
                    "id": "52892447-4d7e-4f70-b94d-d7f22742ff63", "title": "Closed",
                    "can_read": false, "can_write": true, "media_types": [], "objects": [],
                    "manifest": [],
                },
            ],
        },
    });
    let folder = tempfile::tempdir().unwrap();
    let (data_file, config_file) =
        (folder.path().join("data.json"), folder.path().join("config.json"));
    fs::write(&data_file, data.to_string()).unwrap();
    let config = json!({
        "backend": {
            "module": "medallion.backends.memory_backend", "module_class": "MemoryBackend",
            "filename": data_file,
        },
        "users": {"wardgate": "s3cret"},
        "taxii": {"max_page_size": PER_PAGE},
    });
    fs::write(&config_file, config.to_string()).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let child = Command::new(python)
        .args(["-m", "medallion.scripts.run", "--port", &port.to_string()])
        .arg(&config_file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let server =
        Medallion { child, url: format!("http://127.0.0.1:{port}/taxii2/"), _folder: folder };
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "medallion does not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    server
}

fn client(server: &Medallion, password: &str) -> Client {
    Client::new(&Options {
        url: server.url.clone(),
        credential: Some(Credential::Basic("wardgate".to_owned(), password.to_owned())),
        ca_file: None,
        timeout: Duration::from_secs(30),
        patience: Patience { tries: 2, ..Patience::default() },
    })
    .unwrap()
}

/// The ids of all indicators that were added after a time, the number of pages, and from where to
/// go on.
async fn read(
    client: &Client,
    added_after: Option<&str>,
    most: usize,
) -> (Vec<String>, usize, Option<String>) {
    let found = client.collections().await.unwrap();
    let collections = found.choose(&["Indicators".to_owned()]).unwrap();
    let mut pages = client.pages(&collections[0], added_after);
    let (mut ids, mut count, mut resume) = (Vec::new(), 0, added_after.map(str::to_owned));
    while count < most
        && let Some(page) = pages.next().await.unwrap()
    {
        let envelope: Value = serde_json::from_slice(&page.body).unwrap();
        let objects = envelope["objects"].as_array().cloned().unwrap_or_default();
        ids.extend(objects.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        count += 1;
        resume = page.resume.or(resume);
    }
    (ids, count, resume)
}

#[tokio::test]
#[ignore = "needs Python and PyPI: cargo test -p feeds --test medallion -- --ignored"]
async fn a_collection_is_read_page_by_page_and_from_where_it_was_left() {
    let server = medallion(40);
    let wrong = client(&server, "wrong").collections().await.unwrap_err();
    assert!(matches!(wrong, FeedError::Refused { status: 401, .. }), "{wrong}");

    let client = client(&server, "s3cret");
    let found = client.collections().await.unwrap();
    assert!(matches!(found.problems.as_slice(), [FeedError::Elsewhere { .. }]), "{found:?}");
    let titles: Vec<_> = found.readable.iter().map(|one| one.title.as_str()).collect();
    assert_eq!(titles, ["Indicators"]);

    let expected: Vec<String> =
        (0..40).map(|number| indicator(number)["id"].as_str().unwrap().to_owned()).collect();
    let (ids, pages, resume) = read(&client, None, usize::MAX).await;
    assert_eq!(ids, expected);
    assert_eq!(pages, 40_usize.div_ceil(PER_PAGE));

    // Nothing more has come.
    let (more, pages, again) = read(&client, resume.as_deref(), usize::MAX).await;
    assert_eq!((more.len(), pages), (0, 1));
    assert_eq!(again, resume);

    // Broken off behind any page, nothing is missing when it is gone on.
    for most in 1..5 {
        let (mut ids, _, resume) = read(&client, None, most).await;
        let (rest, ..) = read(&client, resume.as_deref(), usize::MAX).await;
        assert!(rest.len() < 40 || most == 1, "{most}: it began anew");
        ids.extend(rest);
        ids.sort();
        ids.dedup();
        assert_eq!(ids, expected, "{most}");
    }
}
