//! Where a chunk ends makes no difference, and no byte gets lost.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use common::{event, options, pretty, read};
use files::Options;
use proptest::prelude::*;

/// Text that is hard on whoever looks for quotes and brackets.
fn awkward() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![
            Just("\\".to_owned()),
            Just("\"".to_owned()),
            Just("}".to_owned()),
            Just("[{".to_owned()),
            Just(",\n{\"uuid\":".to_owned()),
            Just("\r\n".to_owned()),
            Just("ä😀".to_owned()),
            "[a-z ]{0,80}",
        ],
        0..12,
    )
    .prop_map(|parts| parts.concat())
}

fn events() -> impl Strategy<Value = Vec<String>> {
    let event = (awkward(), awkward(), any::<bool>()).prop_map(|(uuid, name, is_pretty)| {
        let uuid = format!("u{uuid}");
        let value = serde_json::json!({
            "uuid": uuid, "eventType": "user.session.start", "debugContext": {"debugData": {name: [{}]}},
        });
        if is_pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }
            .unwrap()
    });
    proptest::collection::vec(event, 0..20)
}

fn compact(event: &str) -> String {
    serde_json::from_str::<serde_json::Value>(event).unwrap().to_string()
}

/// How a list of events can be written: what stands before, between and behind them.
const LISTS: [(&str, &str, &str); 8] = [
    ("[", ",", "]"),
    ("[\n", ",\r\n", "\n]\n"),
    ("", "\n", "\n"),
    ("\u{feff}", "", ""),
    ("[", "][", "]"),
    ("[[", "],\n[", "]]"),
    ("{\"took\":1,\"hits\":{\"x\":\"[{\",\"hits\":[", ",", "],\"y\":[1,{}]}}"),
    ("{\"eventType\":\"com.okta.event_hook\",\"data\":{\"events\":[", "\n,", "]}}\n"),
];

proptest! {
    #[test]
    fn any_events_in_any_form_are_the_same_for_any_chunk_size(
        events in events(),
        form in 0..LISTS.len() + 2,
        chunk in prop_oneof![1..200_usize, 200..20_000_usize, Just(1 << 20)],
    ) {
        let expected: Vec<serde_json::Value> =
            events.iter().map(|event| serde_json::from_str(event).unwrap()).collect();
        let mut lines = Vec::new();
        let mut text = String::new();
        let (before, between, behind) = *LISTS.get(form).unwrap_or(&("", "\n", ""));
        text.push_str(if form == LISTS.len() + 1 { "_raw,n\n" } else { before });
        for (index, event) in events.iter().enumerate() {
            if index > 0 {
                text.push_str(between);
            }
            lines.push(text.matches('\n').count() as u64 + 1);
            match form.checked_sub(LISTS.len()) {
                None => text.push_str(event),
                Some(0) => text.push_str(&compact(event)),
                Some(_) => text.push_str(&format!("\"{}\",1", event.replace('"', "\"\""))),
            }
        }
        text.push_str(behind);
        let outcome = read(text.as_bytes(), options(chunk));
        let values: Vec<serde_json::Value> = outcome
            .events
            .iter()
            .map(|(text, _)| serde_json::from_str(text).unwrap())
            .collect();
        prop_assert_eq!(&outcome.rejects, &[], "{}", text);
        prop_assert_eq!(values, expected, "{}", text);
        prop_assert_eq!(outcome.lines(), lines, "{}", text);
    }

    #[test]
    fn every_byte_is_in_an_event_or_in_a_reject(
        parts in proptest::collection::vec(
            proptest::sample::select(vec![
                b"{\"uuid\":\"1\",\"eventType\":\"x\"}".as_slice(), b"{", b"}", b"[", b"]", b",",
                b"\"", b"\\", b"\n", b" ", b"\"a\":", b"1", b"{\"uuid\":", b"null", b"x,y",
                b"\xC3\xA4", b"\xFF", b"\xEF\xBB\xBF", b"\r\n", b"{\"a\":[{},\"b\"]}", b"\x1E",
                b"                                                                        ",
            ]),
            0..60,
        ),
        chunk in 1..300_usize,
        limit in prop_oneof![10..200_usize, Just(1 << 20)],
    ) {
        let bytes = parts.concat();
        let outcome = read(&bytes, Options { chunk, limit });
        let is_content = |byte: &u8| !b" \t\r\n,[]\x1E\xEF\xBB\xBF".contains(byte);
        let content = |bytes: &[u8]| -> Vec<u8> {
            bytes.iter().copied().filter(|byte| is_content(byte)).collect()
        };
        let (input, output) = (content(&bytes), content(&outcome.covered));
        prop_assert_eq!(
            String::from_utf8_lossy(&input), String::from_utf8_lossy(&output),
            "{}", bytes.escape_ascii()
        );
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(
        front in proptest::sample::select(vec![
            b"".as_slice(), b"{\"events\":[", b"[", b"{\"uuid\":1}\n", b"uuid,eventType,_raw\n",
            b"\x1F\x8B\x08\0\0\0\0\0\0\0", b"\x28\xB5\x2F\xFD", b"\xFF\xFE", b"\xFE\xFF",
        ]),
        rest in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..400),
            proptest::collection::vec(proptest::sample::select(b"{}[]\",:\\\n 1ae".to_vec()), 0..400),
        ],
        chunk in 1..300_usize,
        limit in 1..500_usize,
    ) {
        read(&[front, &rest].concat(), Options { chunk, limit });
        let text = String::from_utf8_lossy(&rest);
        // Whatever is found is handed over, and a refusal finds nothing.
        let mut count = 0;
        let opened = files::unwrap(&text, &mut |_| count += 1);
        prop_assert!(opened.is_ok() || count == 0);
    }

    #[test]
    fn an_input_cut_off_anywhere_gives_the_events_before(
        count in 1..6_usize,
        form in 0..LISTS.len(),
        cut in 0.0..1.0_f64,
        chunk in 1..2000_usize,
    ) {
        let events: Vec<_> = (0..count).map(|n| pretty(&event(&n.to_string()))).collect();
        let (before, between, behind) = LISTS[form];
        let text = format!("{before}{}{behind}", events.join(between));
        let cut = (text.len() as f64 * cut) as usize;
        let (mut whole, mut end) = (0, before.len());
        for event in &events {
            end += event.len();
            whole += usize::from(end <= cut);
            end += between.len();
        }
        let outcome = read(&text.as_bytes()[..cut], options(chunk));
        let expected: Vec<_> = (0..whole).map(|n| n.to_string()).collect();
        prop_assert_eq!(outcome.uuids(), expected);
        prop_assert!(outcome.rejects.len() <= 1, "{:?}", outcome.reasons());
    }
}
