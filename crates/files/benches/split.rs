//! How fast inputs are cut into events: everything this crate does, reading from memory included.

#![allow(clippy::expect_used, missing_docs)]

use std::hint::black_box;
use std::io::Cursor;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use files::{Chunk, Chunks, Item, Options};

/// An event of about 1.5 kB, with as many members, nulls and escapes as real ones have.
fn event(number: usize) -> String {
    let target = |name: &str| {
        format!(
            r#"{{"id":"00u{number:017}","type":"{name}","alternateId":"person.{number}@example.com","displayName":"Person \"{number}\"","detailEntry":null}}"#
        )
    };
    format!(
        r#"{{"actor":{},"client":{{"userAgent":{{"rawUserAgent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/107.0.0.0 Safari/537.36","os":"Windows 10","browser":"CHROME"}},"zone":"null","device":"Computer","id":null,"ipAddress":"192.0.2.1","geographicalContext":{{"city":"Paris","state":"Ile-de-France","country":"France","postalCode":"75001","geolocation":{{"lat":48.856944,"lon":2.351389}}}}}},"device":null,"authenticationContext":{{"authenticationProvider":null,"credentialProvider":null,"credentialType":null,"issuer":null,"interface":null,"authenticationStep":0,"externalSessionId":"102{number:020}"}},"displayMessage":"User login to Okta","eventType":"user.session.start","outcome":{{"result":"SUCCESS","reason":null}},"published":"2026-11-22T10:00:00.000Z","securityContext":{{"asNumber":3741,"asOrg":"example","isp":"example isp","domain":"example.org","isProxy":false}},"severity":"INFO","debugContext":{{"debugData":{{"requestId":"Y3{number:020}","requestUri":"/idp/idx/identify","logOnlySecurityData":"{{\"risk\":{{\"level\":\"LOW\"}},\"behaviors\":{{\"New Device\":\"NEGATIVE\"}}}}","url":"/idp/idx/identify?"}}}},"legacyEventType":"core.user_auth.login_success","transaction":{{"type":"WEB","id":"Y3{number:020}","detail":{{}}}},"uuid":"7a353625-99c9-435b-a4b6-{number:012}","version":"0","request":{{"ipChain":[]}},"target":[{}]}}"#,
        target("User"),
        target("AppInstance"),
    )
}

fn split(criterion: &mut Criterion) {
    let events: Vec<_> = (0..20_000).map(event).collect();
    let pretty = |event: &String| {
        let value: serde_json::Value = serde_json::from_str(event).expect("JSON");
        serde_json::to_string_pretty(&value).expect("JSON")
    };
    let row = |event: &String| format!("\"{}\"\n", event.replace('"', "\"\""));
    let forms = [
        ("ndjson", events.join("\n")),
        ("array", format!("[{}]", events.join(","))),
        ("pretty", events.iter().map(pretty).collect::<Vec<_>>().join("\n")),
        ("csv", format!("_raw\n{}", events.iter().map(row).collect::<String>())),
    ];
    for (name, text) in forms {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(text.len() as u64)).sample_size(10);
        let bytes: std::sync::Arc<[u8]> = text.into_bytes().into();
        group.bench_function("split", |bencher| {
            bencher.iter(|| {
                let reader = Cursor::new(std::sync::Arc::clone(&bytes));
                let mut chunks = Chunks::of_bytes(reader, Options::default()).expect("memory");
                let (mut count, mut chunk) = (0, Chunk::new());
                while let Some(filled) = chunks.next_chunk(chunk).expect("bytes") {
                    filled.events(|item| {
                        if let Item::Event(event) = black_box(item) {
                            count += usize::from(!event.repaired);
                        }
                    });
                    chunk = filled;
                }
                assert_eq!(count, 20_000);
            });
        });
        group.finish();
    }
}

criterion_group!(benches, split);
criterion_main!(benches);
