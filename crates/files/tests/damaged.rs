//! Whatever is wrong with an input, what is right in it is read, and the rest is rejected with line
//! and reason.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice)]

mod common;

use common::{event, gzip, options, pretty, read, zstd};
use files::Options;

const CUT_OFF: &str = "cut off: the text ends in the middle of a JSON value";
const BREAK: &str = "not JSON: a line break inside a string";

/// What an input should give: the uuids and lines of events, and line and start of the reason of
/// each reject.
struct Case<'a> {
    name: &'a str,
    text: String,
    events: &'a [(&'a str, u64)],
    rejects: &'a [(u64, &'a str)],
}

#[test]
fn what_is_right_is_kept_and_what_is_wrong_is_named() {
    let [a, b, c] = ["a", "b", "c"].map(event);
    let half = &b[..60];
    let pb = pretty(&b);
    let cases = [
        Case { name: "empty", text: String::new(), events: &[], rejects: &[] },
        Case { name: "blank", text: "\u{feff} \r\n\n\t\n".into(), events: &[], rejects: &[] },
        Case {
            name: "half a line at the end",
            text: format!("{a}\n{half}"),
            events: &[("a", 1)],
            rejects: &[(2, CUT_OFF)],
        },
        Case {
            name: "half a line in the middle, written on",
            text: format!("{a}\n{half}{c}\n{b}\n"),
            events: &[("a", 1), ("c", 2), ("b", 3)],
            rejects: &[(2, "not JSON at byte ")],
        },
        Case {
            name: "half a line at the start",
            text: format!("{}\n{a}\n", &b[60..]),
            events: &[("a", 2)],
            rejects: &[(1, "not JSON at byte 0")],
        },
        Case {
            name: "cut off in the first line",
            text: format!("{half}\n{a}\n"),
            events: &[("a", 2)],
            rejects: &[(1, CUT_OFF)],
        },
        Case {
            name: "other things than events",
            text: format!("{a}\nhello\n7\n\"x\"\nnull\n{{}}\n{{\"events\":[]}}\n{b}\n"),
            events: &[("a", 1), ("b", 8)],
            rejects: &[
                (2, "not JSON at byte 0"),
                (3, "not an event: expected an object, found a number"),
                (4, "not an event: expected an object, found a string"),
                (5, "not an event: expected an object, found null"),
                (6, "not an event: expected `eventType`"),
                (7, "not an event: its list of events is empty"),
            ],
        },
        Case {
            name: "a string left open in an array",
            text: format!("[\n{a},\n{half},\n{c}\n]"),
            events: &[("a", 2), ("c", 4)],
            rejects: &[(3, BREAK)],
        },
        Case {
            name: "a string left open on one line",
            text: format!("[{a},{half},{c}]"),
            events: &[("a", 1), ("c", 1)],
            rejects: &[(1, "not JSON at byte ")],
        },
        Case {
            name: "a brace left open",
            text: format!("[{a},\n{},\n{c}]", &b[..b.len() - 1]),
            events: &[("a", 1), ("c", 3)],
            rejects: &[(2, "not JSON at byte ")],
        },
        Case {
            name: "a brace too many",
            text: format!("[{a}}},\n{b},{c}]"),
            events: &[("a", 1), ("b", 2), ("c", 2)],
            rejects: &[(1, "not JSON at byte 0")],
        },
        Case {
            name: "garbage between elements",
            text: format!("[{a}, 1, \"[x\", oops {b}\nno,{c}]"),
            events: &[("a", 1), ("b", 1), ("c", 2)],
            rejects: &[
                (1, "not an event: expected an object, found a number"),
                (1, "not an event: expected an object, found a string"),
                (1, "not JSON at byte 0"),
                (2, "not JSON at byte 0"),
            ],
        },
        Case {
            name: "scalars and lists in an array",
            text: format!("[\n\"a [string\",\n{a},\n5,\n[],[{b}],null]"),
            events: &[("a", 3), ("b", 5)],
            rejects: &[
                (2, "not an event: expected an object, found a string"),
                (4, "not an event: expected an object, found a number"),
                (5, "not an event: expected an object, found null"),
            ],
        },
        Case {
            name: "an array cut off",
            text: format!("[{a},\n{b},\n{half}"),
            events: &[("a", 1), ("b", 2)],
            rejects: &[(3, CUT_OFF)],
        },
        Case {
            name: "pretty objects with one broken",
            text: format!("{pb}\n{}\n{pb}\n", pb.replace("\"uuid\":", "\"uuid\"")),
            events: &[("b", 1), ("b", 27)],
            rejects: &[(14, "not JSON at byte ")],
        },
        Case {
            name: "a bad element in an envelope",
            text: format!("{{\"events\":[{a},\n{{\"uuid\":oops}},\n{c},7]}}\n"),
            events: &[("a", 1), ("c", 3)],
            rejects: &[],
        },
        Case {
            name: "no event in an envelope",
            text: format!("{{\"events\":[{a},\n{{\"uuid\":1}},\n{c},7]}}\n"),
            events: &[("a", 1), ("c", 3)],
            rejects: &[
                (2, "not an event: expected `eventType`"),
                (3, "not an event: expected an object, found a number"),
            ],
        },
        Case {
            name: "CSV with a wrong row and an open quote",
            text: format!("n,_raw\n1\n2,\"{}\"\n3,\"x\n4,{{}}\n", a.replace('"', "\"\"")),
            events: &[("a", 3)],
            rejects: &[
                (2, "1 cells where the header names 2 columns"),
                (4, "a quoted cell that never ends"),
                (5, "not an event: expected `eventType`"),
            ],
        },
    ];
    for Case { name, text, events, rejects } in cases {
        for bytes in [text.as_bytes().to_vec(), text.replace('\n', "\r\n").into_bytes()] {
            let outcome = read(&bytes, Options::default());
            let got: Vec<_> = outcome.uuids().into_iter().zip(outcome.lines()).collect();
            let expected: Vec<_> =
                events.iter().map(|(uuid, line)| ((*uuid).to_owned(), *line)).collect();
            assert_eq!(got, expected, "{name}: {outcome:?}");
            if name == "a bad element in an envelope" {
                assert!(!outcome.rejects.is_empty(), "{name}");
                continue;
            }
            let reasons = outcome.reasons();
            assert_eq!(reasons.len(), rejects.len(), "{name}: {reasons:?}");
            for ((line, reason), expected) in reasons.iter().zip(rejects) {
                assert_eq!(*line, expected.0, "{name}: {reasons:?}");
                assert!(reason.starts_with(expected.1), "{name}: {reasons:?}");
            }
        }
    }
}

#[test]
fn events_behind_a_broken_one_are_found_for_every_chunk_size() {
    let list: Vec<_> = (0..50).map(|n| event(&n.to_string())).collect();
    for separator in [",", ",\n", "\n", " "] {
        for damage in 1..list[10].chars().count() {
            let mut damaged = list.clone();
            let kept = list[10].chars().enumerate().filter(|(at, _)| *at != damage);
            damaged[10] = kept.map(|(_, character)| character).collect();
            // Some characters can be missed.
            if okta::LogEvent::parse(&damaged[10]).is_ok() {
                continue;
            }
            let text = format!("[{}]", damaged.join(separator));
            for chunk in [100, 1000, 1 << 20] {
                let outcome = read(text.as_bytes(), options(chunk));
                let uuids = outcome.uuids();
                let others: Vec<_> =
                    (0..50).filter(|n| *n != 10).map(|n: i32| n.to_string()).collect();
                assert_eq!(uuids, others, "{separator:?} {damage} {chunk}: {}", damaged[10]);
                assert!(!outcome.rejects.is_empty());
            }
        }
    }
}

#[test]
fn a_stream_that_breaks_off_keeps_what_was_read() {
    let lines: Vec<_> = (0..2000).map(|n| event(&format!("{n}-{}", n * 7919 % 1013))).collect();
    let csv = |line: &String| format!("1,\"{}\"", line.replace('"', "\"\""));
    let forms = [
        lines.join("\n"),
        format!("[{}]", lines.join(",")),
        format!("n,_raw\n{}", lines.iter().map(csv).collect::<Vec<_>>().join("\n")),
    ];
    for (text, (what, whole)) in forms.iter().flat_map(|text| {
        [(text, ("gzip", gzip(text.as_bytes()))), (text, ("zstd", zstd(text.as_bytes())))]
    }) {
        let cut = whole.len() * 3 / 4;
        let outcome = read(&whole[..cut], options(10_000));
        let expected: Vec<_> = read(text.as_bytes(), Options::default()).events;
        assert!(outcome.events.len() > 100, "{what}: {}", outcome.events.len());
        assert_eq!(outcome.events, expected[..outcome.events.len()]);
        let reason = format!(
            "the {what} data is cut off at byte {cut}; what could be read before it is kept"
        );
        assert_eq!(outcome.reasons().len(), 1, "{:?}", outcome.reasons());
        assert_eq!(outcome.reasons()[0].1, reason);
    }
    let outcome = read(&gzip(b"")[..5], Options::default());
    assert_eq!(outcome.reasons().len(), 1);
    let padded = [gzip(event("a").as_bytes()), b"\0\0tail".to_vec()].concat();
    let outcome = read(&padded, Options::default());
    assert_eq!((outcome.uuids().len(), outcome.reasons().len()), (1, 1));
}

#[test]
fn files_that_are_no_text_are_rejected_once() {
    let noise: Vec<u8> =
        (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
    for bytes in [
        [b"PK\x03\x04\x14\0".as_slice(), &noise].concat(),
        [b"%PDF-1.7\n%\xE2\xE3\n".as_slice(), &noise].concat(),
        noise.clone(),
        zstd(&noise),
        vec![0; 100_000],
        [b"some text\n".as_slice(), &noise].concat(),
    ] {
        let outcome = read(&bytes, options(1000));
        assert_eq!(outcome.rejects.len(), 1);
        assert!(outcome.rejects[0].0.len() <= 256);
        assert!(outcome.rejects[0].2.starts_with("not a log: "), "{}", outcome.rejects[0].2);
    }
}

#[test]
fn bytes_that_are_not_utf8_are_repaired_in_the_event_and_kept_beside_it() {
    let line = event("a").replace('ä', "?").into_bytes();
    let broken: Vec<u8> = line.iter().map(|&byte| if byte == b'?' { 0xE4 } else { byte }).collect();
    for bytes in [
        [&broken, b"\n".as_slice(), event("b").as_bytes()].concat(),
        [b"[".as_slice(), &broken, b",\n".as_slice(), event("b").as_bytes(), b"]"].concat(),
    ] {
        let outcome = read(&bytes, Options::default());
        assert_eq!(outcome.uuids(), ["a", "b"]);
        assert!(outcome.events[0].0.contains("[\\\"\u{fffd}\\\"]"));
        assert!(outcome.events[1].0.contains('ä'));
        assert_eq!((outcome.repaired, outcome.rejects.len()), (1, 0));
        assert!(outcome.covered.windows(broken.len()).any(|window| window == broken));
    }
}

#[test]
fn long_and_deep_events_are_read() {
    let long = event("a").replace("\\\\\"", &format!("{}\"", "x".repeat(50_000_000)));
    let nested = "[{\"a\":".repeat(100) + "1" + &"}]".repeat(100);
    let deep = event("b").replace("null", &nested);
    for text in [format!("{long}\n{deep}\n"), format!("[{long},{deep}]")] {
        let outcome = read(text.as_bytes(), Options::default());
        assert_eq!((outcome.uuids(), outcome.rejects.len()), (vec!["a".into(), "b".into()], 0));
    }
}

#[test]
fn what_is_longer_than_the_limit_is_given_away_in_parts() {
    let long = event("long").replace("null", &format!("\"{}\"", "x\\\"}".repeat(300_000)));
    let [a, b] = ["a", "b"].map(event);
    let limit = Options { chunk: 1000, limit: 10_000 };
    for (text, reject) in [
        (format!("{a}\n{long}\n{b}\n"), long.clone()),
        (format!("[{a},\n{long},\n{b}]"), long.clone()),
        (format!("{a}\n{}\n{b}\n", "x".repeat(50_000)), "x".repeat(50_000)),
        (
            format!("_raw,n\n{a},1\n{},1\n{b},1\n", "x".repeat(50_000)).replace(['{', '}'], ""),
            String::new(),
        ),
    ] {
        let outcome = read(text.as_bytes(), limit);
        if reject.is_empty() {
            let too_long: Vec<_> =
                outcome.rejects.iter().filter(|reject| reject.2.contains("the limit")).collect();
            assert_eq!((too_long.len(), too_long[0].1, too_long[0].0.len()), (1, 3, 50_002));
            continue;
        }
        assert_eq!(outcome.uuids(), ["a", "b"]);
        assert_eq!(outcome.lines(), [1, 3]);
        assert_eq!(outcome.reasons(), [(2, "longer than 10000 bytes, the limit for one event")]);
        assert_eq!(String::from_utf8_lossy(&outcome.rejects[0].0), reject);
        assert!(outcome.largest_chunk <= 200_000, "{}", outcome.largest_chunk);
    }
}

#[test]
fn nothing_grows_with_brackets() {
    let text = "[".repeat(1_000_000) + &"{\"a\":".repeat(200_000) + &"]}".repeat(300_000);
    let outcome = read(text.as_bytes(), Options { chunk: 4096, limit: 65_536 });
    assert_eq!(outcome.events, []);
    assert!(!outcome.rejects.is_empty());
    assert!(outcome.largest_chunk <= 1 << 20, "{}", outcome.largest_chunk);
}

#[test]
fn a_file_full_of_broken_elements_takes_no_longer_than_others() {
    // Each of these would be scanned up to the end of its window, were it not for a closer look.
    for element in [r#"{"uuid":"x,"#, r#"{"uuid":1 ,"#, r#"{"uuid":[},"#, r#"{"uuid""#] {
        let text = format!("[{}]", element.repeat(20_000));
        let start = std::time::Instant::now();
        let outcome = read(text.as_bytes(), Options::default());
        assert_eq!(outcome.events, []);
        assert!(!outcome.rejects.is_empty());
        assert!(start.elapsed().as_secs() < 20, "{element}: {:?}", start.elapsed());
    }
}
