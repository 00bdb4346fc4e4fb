//! Input that is broken, or none at all.

use serde_json::json;

use crate::support::{Place, event, gzip, nothing_is_empty, simulated, texts, zstd};

#[test]
fn where_there_is_nothing_to_read_the_scan_fails_and_says_so() {
    let place = Place::with("log", event("1", ""));
    std::fs::create_dir(place.path("folder")).unwrap();
    place.write("hidden/.log", "");
    let cases: [(&[&str], &str); 7] = [
        (&["missing.json"], "missing.json: no such file or folder"),
        (&["log", "missing.json"], "missing.json: no such file or folder"),
        (&["*.xml"], "*.xml: no file matches this pattern"),
        (&["[.json"], "[.json: not a valid pattern: "),
        (&["folder"], "folder: there are no files in this folder (hidden ones are not read)"),
        (&["hidden"], "hidden: there are no files in this folder (hidden ones are not read)"),
        (&[], "<PATH>..."),
    ];
    for (paths, message) in cases {
        let args = [&["scan"], paths].concat();
        let run = place.run(&args).ended(2);
        run.says(&[message]);
        assert_eq!(run.text(), "", "{paths:?}");
    }
}

#[test]
fn what_is_empty_has_no_events_and_no_faults() {
    let contents: [(&str, Vec<u8>); 7] = [
        ("empty", Vec::new()),
        ("line breaks", b"\n\r\n\n".to_vec()),
        ("byte order mark", b"\xef\xbb\xbf".to_vec()),
        ("empty array", b"[]".to_vec()),
        ("empty pages", b"[]\n[ ]\n".to_vec()),
        ("gzip", gzip(b"")),
        ("zstd", zstd(b"")),
    ];
    for (name, content) in contents {
        let scanned = Place::with("log", content).scan(&["log"]);
        assert_eq!(scanned.run.status, Some(0), "{name}");
        assert_eq!(scanned.reasons(), [], "{name}");
        assert_eq!(scanned.summary["events"], 0, "{name}");
        assert_eq!(scanned.summary["inputs"][0]["name"], "log", "{name}");
    }
    let run = Place::with("log", "").run(&["scan", "log", "--format", "table"]).ended(0);
    assert!(run.text().contains("0 events in 1 input"), "{}", run.text());
    assert!(run.text().contains("No alerts."), "{}", run.text());
}

/// A damaged file, the events that are found in it nevertheless, and line and reason of what is
/// rejected.
struct Damaged {
    name: &'static str,
    content: Vec<u8>,
    ids: &'static [&'static str],
    rejects: &'static [(u64, &'static str)],
}

fn damaged() -> Vec<Damaged> {
    let [a, b, c] = ["a", "b", "c"].map(|uuid| event(uuid, ""));
    let utf16 = |text: &str, order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        let marked = format!("\u{feff}{text}");
        marked.encode_utf16().flat_map(order).collect()
    };
    let lines = format!("{a}\n{b}\n{c}\n");
    vec![
        Damaged {
            name: "a program",
            content: [b"\x7fELF\x02\x01\x01\0".as_slice(), &[0, 1, 2, 255].repeat(500)].concat(),
            ids: &[],
            rejects: &[(1, "not a log: a program")],
        },
        Damaged {
            name: "a picture",
            content: [b"\x89PNG\r\n\x1a\n".as_slice(), &[0, 1, 2, 255].repeat(500)].concat(),
            ids: &[],
            rejects: &[(1, "not a log: ")],
        },
        Damaged {
            name: "half a line at the end",
            content: format!("{a}\n{b}\n{}", &c[..60]).into_bytes(),
            ids: &["a", "b"],
            rejects: &[(3, "not JSON at byte 60: ")],
        },
        Damaged {
            name: "half a line in the middle",
            content: format!("{a}\n{}\n{c}\n", &b[..60]).into_bytes(),
            ids: &["a", "c"],
            rejects: &[(2, "not JSON at byte 60: ")],
        },
        Damaged {
            name: "an array that is cut off",
            content: format!("[{a},\n{b},\n{}", &c[..60]).into_bytes(),
            ids: &["a", "b"],
            rejects: &[(3, "not JSON at byte 60: ")],
        },
        Damaged {
            name: "gzip without its end",
            content: gzip(lines.as_bytes())[..gzip(lines.as_bytes()).len() - 8].to_vec(),
            ids: &["a", "b", "c"],
            rejects: &[(4, "the gzip data is cut off at byte ")],
        },
        Damaged {
            name: "what is no JSON between what is",
            content: format!("{a}\nERROR: connection reset\n{b}\n42\n\"text\"\nnull\n[1,2]\n{c}\n")
                .into_bytes(),
            ids: &["a", "b", "c"],
            rejects: &[
                (2, "not JSON"),
                (4, "not an event: expected an object, found a number"),
                (5, "not an event: expected an object, found a string"),
                (6, "not an event: expected an object, found null"),
                (7, "not an event: expected an object, found "),
            ],
        },
        Damaged {
            name: "objects that are no events",
            content: format!(
                "{a}\n{{}}\n{{\"eventType\":7,\"uuid\":\"x\"}}\n{{\"eventType\":\"a\"}}\n{b}\n"
            )
            .into_bytes(),
            ids: &["a", "b"],
            rejects: &[
                (2, "not an event: expected `eventType`"),
                (3, "not an event: expected `eventType`"),
                (4, "not an event: expected `eventType`"),
            ],
        },
        Damaged {
            name: "a byte order mark and Windows' line ends",
            content: format!("\u{feff}{a}\r\n{b}\r\n\r\n{c}\r\n").into_bytes(),
            ids: &["a", "b", "c"],
            rejects: &[],
        },
        Damaged {
            name: "UTF-16, little end first",
            content: utf16(&lines, u16::to_le_bytes),
            ids: &["a", "b", "c"],
            rejects: &[],
        },
        Damaged {
            name: "UTF-16, big end first",
            content: utf16(&lines, u16::to_be_bytes),
            ids: &["a", "b", "c"],
            rejects: &[],
        },
    ]
}

#[test]
fn what_can_be_read_of_a_damaged_file_is_kept() {
    for Damaged { name, content, ids, rejects } in damaged() {
        let place = Place::with("log", content);
        let scanned = place.scan(&["log"]);
        assert_eq!(scanned.ids(), ids, "{name}");
        let reasons = scanned.reasons();
        let fits = |((line, reason), expected): (&(u64, String), &(u64, &str))| {
            *line == expected.0 && reason.starts_with(expected.1)
        };
        let fit = reasons.len() == rejects.len() && reasons.iter().zip(rejects).all(fits);
        assert!(fit, "{name}: {reasons:?} instead of {rejects:?}");
        assert_eq!(scanned.summary["rejects"], rejects.len(), "{name}");
        assert_eq!(scanned.run.status, Some(0), "{name}: it is told, and is no failure");

        let told = place.run(&["scan", "log"]);
        for (line, reason) in rejects {
            told.says(&[&format!("wardgate: log:{line}: {reason}")]);
        }
    }
}

#[test]
fn what_comes_before_the_end_of_cut_off_compression_is_kept() {
    let all = simulated().join("\n");
    let cases = [("gzip", gzip(all.as_bytes())), ("zstd", zstd(all.as_bytes()))];
    for (name, whole) in cases {
        let scanned = Place::with("log", &whole[..whole.len() / 2]).scan(&["log"]);
        let events = scanned.records.len();
        // zstd gives what it can a block of 128 KiB at a time.
        assert!(events > 50 && events < 300, "{name}: {events}");
        let [reject] = scanned.rejects.as_slice() else { panic!("{:?}", scanned.reasons()) };
        assert_eq!(reject["line"], events as u64 + 1, "{name}");
        let reason = reject["reason"].as_str().unwrap();
        let expected = format!("the {name} data is cut off at byte {}", whole.len() / 2);
        assert!(reason.starts_with(&expected), "{reason}");
        assert!(simulated()[events].starts_with(reject["text"].as_str().unwrap()), "{name}");
    }
}

#[test]
fn text_that_is_no_utf_8_is_repaired_and_tagged() {
    let mut content = event("a", r#""displayMessage":"caf?""#).into_bytes();
    let place = content.iter().position(|byte| *byte == b'?').unwrap();
    content[place] = 0xe9;
    content.extend_from_slice(format!("\n{}\n", event("b", "")).as_bytes());
    let scanned = Place::with("log", content).scan(&["log"]);
    assert_eq!(scanned.ids(), ["a", "b"]);
    assert_eq!(scanned.records[0]["event"]["reason"], "caf\u{fffd}");
    assert_eq!(scanned.records[0]["tags"], json!(["utf8_repaired"]));
    assert_eq!(scanned.records[1].get("tags"), None);
}

#[test]
fn depth_harms_nobody() {
    let nested = |depth: usize, open: &str, close: &str| {
        let data = open.repeat(depth) + "1" + &close.repeat(depth);
        event("deep", &format!(r#""debugContext":{{"debugData":{{"x":{data}}}}},"new":{data}"#))
    };
    for depth in [200, 100_000] {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let content = format!("{}\n{}\n", nested(depth, open, close), event("b", ""));
            let place = Place::with("log", content);
            let records = place.out("records");
            let args = ["scan", "log", "-q", "--records", records.to_str().unwrap()];
            assert_eq!(place.run(&args).ended(0).text(), "");
            let records = std::fs::read_to_string(records).unwrap();
            let [deep, next] = records.lines().collect::<Vec<_>>()[..] else { panic!("{depth}") };
            // Deeper than most readers go by default: it has to be JSON all the same.
            okta::json::validate(deep).unwrap();
            assert!(deep.contains(&open.repeat(depth)), "{depth} {open}");
            nothing_is_empty(&serde_json::from_str(next).unwrap(), "");
        }
    }
}

#[test]
fn lines_of_50_mb_are_events_or_rejects_and_need_bounded_memory() {
    const MB: usize = 1 << 20;
    let data = "0123456789abcdef".repeat(50 * MB / 16);
    let huge = event("huge", &format!(r#""debugContext":{{"debugData":{{"url":"{data}"}}}}"#));
    let content = format!("{}\n{huge}\n{}\n", event("a", ""), event("b", ""));
    let place = Place::with("log", content);
    drop((data, huge));

    let records = place.out("records");
    let run = place.run(&["scan", "log", "-q", "--records", records.to_str().unwrap()]).ended(0);
    let written = std::fs::read(&records).unwrap();
    let lengths: Vec<usize> = written.split(|byte| *byte == b'\n').map(<[u8]>::len).collect();
    assert_eq!(lengths.len(), 4, "three records");
    assert!(lengths[0] < 1_000 && lengths[1] > 50 * MB && lengths[2] < 1_000, "{lengths:?}");
    assert!(run.memory > 0 && run.memory < 400 * MB as u64, "{} MB", run.memory / MB as u64);

    let rejects = place.out("rejects");
    let args = ["scan", "log", "-q", "--max-event-size", "1000000", "--rejects"];
    let run = place.run(&[&args[..], &[rejects.to_str().unwrap(), "--format", "json"]].concat());
    let summary: serde_json::Value = serde_json::from_slice(&run.ended(0).stdout).unwrap();
    assert_eq!(summary["summary"]["events"], 2);
    assert_eq!(summary["summary"]["rejects"], 1);
    let rejects = crate::support::json_lines(&std::fs::read(&rejects).unwrap());
    assert_eq!(rejects[0]["line"], 2);
    assert_eq!(rejects[0]["reason"], "longer than 1000000 bytes, the limit for one event");
    assert!(rejects[1..].iter().all(|reject| reject["continues"] == true));
    let kept: usize = texts(&rejects, "/text").iter().map(|text| text.len()).sum();
    assert!(kept > 50 * MB, "all of it is kept");
}

#[test]
fn rejects_and_events_together_are_all_lines() {
    let mut lines = Vec::new();
    for (number, event) in simulated().iter().enumerate() {
        lines.push(event.as_str());
        match number % 7 {
            0 => lines.push("not JSON"),
            3 => lines.push(r#"{"no":"event"}"#),
            5 => lines.push(&event[..40]),
            _ => {}
        }
    }
    let place = Place::with("log", lines.join("\n"));
    let scanned = place.scan(&["log"]);
    assert_eq!(scanned.records.len(), 300);
    assert_eq!(scanned.records.len() + scanned.rejects.len(), lines.len());
    assert_eq!(scanned.summary["events"], 300);
    assert_eq!(scanned.summary["rejects"], scanned.rejects.len());
    for reject in &scanned.rejects {
        assert_eq!(reject["file"], "log");
        let line = reject["line"].as_u64().unwrap() as usize;
        assert_eq!(reject["text"], lines[line - 1], "as it came, where it stood");
        assert!(reject["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
    }
    // The first ones are told in full, the others counted.
    place.run(&["scan", "log"]).says(&["wardgate: log:2: ", "more are no events (--rejects FILE"]);
}

#[test]
fn bytes_that_are_no_text_are_rejected_as_base64() {
    let [a, b] = ["a", "b"].map(|uuid| event(uuid, ""));
    let content = [a.as_bytes(), b"\n\xe9 broken\n", b.as_bytes()].concat();
    let scanned = Place::with("log", content).scan(&["log"]);
    assert_eq!(scanned.ids(), ["a", "b"]);
    let [reject] = scanned.rejects.as_slice() else { panic!("{:?}", scanned.reasons()) };
    assert_eq!((&reject["line"], &reject["base64"]), (&json!(2), &json!("6SBicm9rZW4=")));
    assert_eq!(reject.get("text"), None);
}

#[cfg(unix)]
#[test]
fn names_of_files_need_not_be_utf_8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let name = OsStr::from_bytes(b"caf\xe9.json");
    let place = Place::with(name, format!("{}\nnonsense\n", event("a", "")));
    let run = place.run(&[OsStr::new("scan"), name]).ended(0);
    run.says(&["caf\u{fffd}.json:2: not JSON", "1 event"]);

    let scanned = place.scan(&["."]);
    assert_eq!(scanned.ids(), ["a"]);
    assert_eq!(scanned.rejects[0]["file"], "./caf\u{fffd}.json");
}
