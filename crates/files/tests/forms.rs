//! Every form of an export, plain and compressed, gives the same events with their lines.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::{event, gzip, options, pretty, read, zstd};
use files::{Chunks, Options, expand};

/// The text of an export of the events `a`, `b` and `c`, and the lines they begin on.
fn forms() -> Vec<(&'static str, String, [u64; 3])> {
    let [a, b, c] = ["a", "b", "c"].map(event);
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let cell = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let splunk = |text: &str| {
        format!(r#"{{"preview":false,"result":{{"_raw":{},"source":"x"}}}}"#, quoted(text))
    };
    let bridge =
        |text: &str| format!(r#"{{"version":"0","detail-type":"SystemLog","detail":{text}}}"#);
    let hit = |text: &str| format!(r#"{{"_index":"okta","_id":"1","_source":{text}}}"#);
    let ecs = |text: &str| {
        let text = quoted(text);
        format!(
            r#"{{"@timestamp":"2026-11-22T10:00:00Z","event":{{"kind":"event","original":{text}}}}}"#
        )
    };
    let [pa, pb, pc] = [&a, &b, &c].map(|event| pretty(event));
    // What the lines of the pretty-printed forms below are counted by.
    assert_eq!(pa.lines().count(), 13);
    vec![
        ("ndjson", format!("{a}\n{b}\n{c}\n"), [1, 2, 3]),
        ("ndjson without a last line break", format!("{a}\n{b}\n{c}"), [1, 2, 3]),
        ("CRLF and empty lines", format!("\r\n{a}\r\n\r\n{b}\r\n  {c}\r\n"), [2, 4, 5]),
        ("byte order mark", format!("\u{feff}{a}\n{b}\n{c}\n"), [1, 2, 3]),
        (
            "files joined with byte order marks",
            format!("\u{feff}[{a}]\u{feff}[{b}]\u{feff}[{c}]"),
            [1; 3],
        ),
        ("JSON text sequences", format!("\u{1e}{a}\n\u{1e}{b}\n\u{1e}{c}\n"), [1, 2, 3]),
        ("array", format!("[{a},{b},{c}]"), [1, 1, 1]),
        ("array by lines", format!("[\n{a},\n{b},\n{c}\n]\n"), [2, 3, 4]),
        ("pretty array", format!("[\n{pa},\n{pb}\n,{pc}]"), [2, 15, 28]),
        ("pages", format!("[{a}][]\n[{b}\n,{c}]\n[]"), [1, 2, 3]),
        ("a page a line", format!("[{a}]\n[]\n[{b},{c}]\n"), [1, 3, 3]),
        ("array of pages", format!("[[{a}],[],[{b},{c}]]\n"), [1, 1, 1]),
        ("objects", format!("{a}{b} {c}"), [1, 1, 1]),
        ("objects with commas", format!("{a},\n{b},\n{c},\n"), [1, 2, 3]),
        ("pretty objects", format!("{pa}\n{pb}{pc}\n"), [1, 14, 26]),
        ("ndjson, then pretty", format!("{a}\n[\n{pb},\n{c}]"), [1, 3, 16]),
        (
            "event hook",
            format!(
                r#"{{"eventType":"com.okta.event_hook","eventId":"e","data":{{"events":[{a},{b},{c}]}}}}"#
            ),
            [1; 3],
        ),
        (
            "event hooks by lines",
            [&a, &b, &c]
                .map(|event| {
                    format!(
                        r#"{{"eventType":"com.okta.event_hook","data":{{"events":[{event}]}}}}"#
                    )
                })
                .join("\n"),
            [1, 2, 3],
        ),
        ("EventBridge", [&a, &b, &c].map(|event| bridge(event)).join("\n"), [1, 2, 3]),
        (
            "EventBridge as text",
            [&a, &b, &c].map(|event| bridge(&quoted(event))).join("\n"),
            [1, 2, 3],
        ),
        (
            "Splunk",
            [&a, &b, &c].map(|event| splunk(event)).join("\n")
                + "\n{\"preview\":false,\"lastrow\":true}\n",
            [1, 2, 3],
        ),
        (
            "Splunk results",
            format!(
                r#"{{"preview":false,"results":[{{"_raw":{}}},{{"_raw":{}}},{{"_raw":{}}}]}}"#,
                quoted(&a),
                quoted(&b),
                quoted(&c)
            ),
            [1; 3],
        ),
        ("Elasticsearch hits by lines", [&a, &b, &c].map(|event| hit(event)).join("\n"), [1, 2, 3]),
        (
            "Elasticsearch answer",
            format!(
                "{{\"took\":5,\n\"hits\":{{\"total\":3,\"hits\":[{},\n{},{}]}}}}",
                hit(&a),
                hit(&b),
                hit(&c)
            ),
            [2, 3, 3],
        ),
        ("ECS", [&a, &b, &c].map(|event| ecs(event)).join("\n"), [1, 2, 3]),
        (
            "ECS message",
            [&a, &b, &c].map(|event| format!(r#"{{"message":{}}}"#, quoted(event))).join("\n"),
            [1, 2, 3],
        ),
        (
            "ECS dotted",
            [&a, &b, &c]
                .map(|event| format!(r#"{{"event.original":{}}}"#, quoted(event)))
                .join("\n"),
            [1, 2, 3],
        ),
        (
            "ECS in hits in an array",
            format!("[{},\n{},{}]", hit(&ecs(&a)), hit(&ecs(&b)), hit(&ecs(&c))),
            [1, 2, 2],
        ),
        ("events", format!(r#"{{"events":[{a},{b},{c}]}}"#), [1; 3]),
        ("value", format!("{{\n\"value\":[\n{a},\n{b},\n{c}\n]}}"), [3, 4, 5]),
        ("Records", format!(r#"{{"Records":[{a},{b},{c}],"next":null}}"#), [1; 3]),
        (
            "syslog",
            [&a, &b, &c]
                .map(|event| format!("<14>1 2026-11-22T10:00:00Z host okta - - {event}"))
                .join("\n"),
            [1, 2, 3],
        ),
        (
            "CSV with whole events",
            format!("_time,_raw\r\n1,{}\r\n2,{}\r\n3,{}\r\n", cell(&a), cell(&b), cell(&c)),
            [2, 3, 4],
        ),
        (
            "CSV with pretty events",
            format!("sep=;\nmessage;n\n{};\n{};\n{};\n", cell(&pa), cell(&pb), cell(&pc)),
            [3, 16, 29],
        ),
    ]
}

#[test]
fn every_form_gives_the_same_events() {
    let expected = ["a", "b", "c"]
        .map(|uuid| serde_json::from_str::<serde_json::Value>(&event(uuid)).unwrap());
    for (name, text, lines) in forms() {
        let plain = text.into_bytes();
        let variants = [
            ("plain", plain.clone()),
            ("gzip", gzip(&plain)),
            ("zstd", zstd(&plain)),
            ("gzip members", [gzip(&plain[..5]), gzip(&plain[5..])].concat()),
            ("zstd frames", [zstd(&plain[..5]), zstd(&plain[5..])].concat()),
            ("gzip in zstd", zstd(&gzip(&plain))),
        ];
        for (compression, bytes) in variants {
            for chunk in [1, 7, 64, 100, 1000, 1 << 20] {
                let outcome = read(&bytes, options(chunk));
                let values: Vec<serde_json::Value> = outcome
                    .events
                    .iter()
                    .map(|(text, _)| serde_json::from_str(text).unwrap())
                    .collect();
                let case = format!("{name}, {compression}, chunks of {chunk}");
                assert_eq!(outcome.rejects, [], "{case}");
                assert_eq!(values, expected, "{case}");
                assert_eq!(outcome.lines(), lines, "{case}");
            }
        }
    }
}

#[test]
fn utf16_is_read() {
    let text = format!("\u{feff}{}\r\n{}\r\n", event("ä"), event("😀"));
    for bytes in [
        text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
        text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    ] {
        let outcome = read(&bytes, options(100));
        assert_eq!((outcome.uuids(), outcome.lines()), (vec!["ä".into(), "😀".into()], vec![1, 2]));
    }
}

#[test]
fn csv_columns_become_members() {
    let text = "\u{feff}uuid,event_type,timestamp,actor.alternate_id,target0.id,target1.id,debug_context.debug_data.request_uri,security_context.is_proxy\r\n\
                1,user.session.start,2026-11-22T10:00:00Z,\"a, \"\"b\"\"\nc\",x,y,/login,TRUE\r\n\
                2,user.session.end,2026-11-22T10:00:01Z,,,,,\r\n\
                uuid,event_type,timestamp,actor.alternate_id,target0.id,target1.id,debug_context.debug_data.request_uri,security_context.is_proxy\r\n\
                3,,,,,,,\r\n\
                4,user.session.end,one cell too many,,,,,,\r\n";
    let outcome = read(text.as_bytes(), Options::default());
    let expected = [
        (r#"{"uuid":"1","eventType":"user.session.start","published":"2026-11-22T10:00:00Z","actor":{"alternateId":"a, \"b\"\nc"},"target":[{"id":"x"},{"id":"y"}],"debugContext":{"debugData":{"requestUri":"/login"}},"securityContext":{"isProxy":true}}"#.to_owned(), 2),
        (r#"{"uuid":"2","eventType":"user.session.end","published":"2026-11-22T10:00:01Z"}"#.to_owned(), 4),
    ];
    assert_eq!(outcome.events, expected);
    let reasons = [
        (6, "not an event: expected `eventType` with `uuid` or `published`, or an event inside"),
        (7, "9 cells where the header names 8 columns"),
    ];
    assert_eq!(outcome.reasons(), reasons);
    assert_eq!(outcome.rejects[0].0, b"3,,,,,,,");
}

#[test]
fn splunk_fields_become_members() {
    let text = r#"{"preview":false,"result":{"_time":"x","eventType":"user.session.start","uuid":"1","actor.displayName":"A","target{}.id":["t","u"],"outcome.result":"SUCCESS"}}"#;
    let outcome = read(text.as_bytes(), Options::default());
    let event = okta::LogEvent::parse(&outcome.events[0].0).unwrap();
    assert_eq!(event.outcome.result.to_str().as_deref(), Some("SUCCESS"));
    assert_eq!(event.actor.display_name.to_str().as_deref(), Some("A"));
    assert_eq!(event.target.len(), 2);
}

#[test]
fn long_lists_in_an_object_are_not_held_in_memory() {
    let list = (0..5000).map(|n| event(&n.to_string())).collect::<Vec<_>>().join(",\n");
    let text = format!(r#"{{"took":1,"hits":{{"hits":[{list}],"more":[{{"x":1}}]}},"tail":"}}"}}"#);
    let outcome = read(text.as_bytes(), options(16 * 1024));
    assert_eq!(outcome.reasons(), []);
    assert_eq!(outcome.events.len(), 5000);
    assert_eq!(outcome.lines(), (1..=5000).collect::<Vec<_>>());
    assert!(outcome.largest_chunk <= 64 * 1024, "{}", outcome.largest_chunk);
}

#[test]
fn files_are_read_in_order_with_progress() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("1.gz"), gzip(event("a").as_bytes())).unwrap();
    std::fs::write(folder.path().join("2"), "").unwrap();
    std::fs::write(folder.path().join("3"), event("b")).unwrap();
    std::fs::write(folder.path().join("4.bin"), vec![0; 300_000]).unwrap();
    let inputs = expand(&[folder.path()]).unwrap();
    assert!(inputs.iter().all(|input| input.modified().is_some()));
    let mut chunks = Chunks::new(inputs, Options::default());
    let progress = chunks.progress();
    let mut seen = Vec::new();
    while let Some(chunk) = chunks.next_chunk(files::Chunk::new()).unwrap() {
        seen.push((chunk.input(), chunk.sequence(), chunk.first_line(), chunk.item_count()));
    }
    assert_eq!(seen, [(0, 0, Some(1), 1), (2, 1, Some(1), 1), (3, 2, Some(1), 1)]);
    assert_eq!(Some(progress.read()), progress.total());
}

#[test]
fn a_file_that_is_gone_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["1", "2"] {
        std::fs::write(folder.path().join(name), event(name)).unwrap();
    }
    let mut chunks = Chunks::new(expand(&[folder.path()]).unwrap(), Options::default());
    std::fs::remove_file(folder.path().join("1")).unwrap();
    let error = chunks.next_chunk(files::Chunk::new()).unwrap_err();
    assert!(error.to_string().contains("/1: "), "{error}");
    assert_eq!(common::read_all(&mut chunks).uuids(), ["2"]);
}
