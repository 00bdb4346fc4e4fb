//! Finding back after a broken element: where the next one plausibly begins.

use okta::json;

/// Members with which an event, or what other tools wrap around one, begins, and with which no
/// object inside a LogEvent does.
const FIRST_MEMBERS: [&str; 32] = [
    // LogEvent
    "actor",
    "authenticationContext",
    "client",
    "debugContext",
    "displayMessage",
    "eventType",
    "legacyEventType",
    "outcome",
    "published",
    "request",
    "securityContext",
    "severity",
    "target",
    "transaction",
    "uuid",
    // event hooks, EventBridge, Splunk, Elasticsearch, ECS
    "@timestamp",
    "@version",
    "_id",
    "_index",
    "_raw",
    "_source",
    "_time",
    "account",
    "cloudEventsVersion",
    "detail",
    "detail-type",
    "eventId",
    "message",
    "offset",
    "preview",
    "result",
    "sourcetype",
];

/// No start of an element is cut when this many bytes are kept together.
const WINDOW: usize = 64;

/// The first plausible start of an element at or behind `from`: a `{` with the first member of an
/// event behind it, or a `{` at the start of a line.
pub(crate) fn next_start(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    memchr::memchr_iter(b'{', rest).map(|at| from + at).find(|&at| is_start(bytes, at))
}

fn is_start(bytes: &[u8], brace: usize) -> bool {
    let behind = bytes.get(brace + 1..).unwrap_or_default();
    let behind = behind.get(..WINDOW).unwrap_or(behind).trim_ascii_start();
    let Some(name) = behind.strip_prefix(b"\"") else {
        return false;
    };
    let at_line_start = brace.checked_sub(1).and_then(|at| bytes.get(at)) == Some(&b'\n');
    if at_line_start {
        return true;
    }
    let Some(end) = memchr::memchr(b'"', name) else {
        return false;
    };
    let name = name.get(..end).unwrap_or_default();
    FIRST_MEMBERS.iter().any(|member| member.as_bytes() == name)
}

/// How much of `bytes`, in which there is no start, can be given away: the rest could be the
/// beginning of one.
pub(crate) fn startless(bytes: &[u8]) -> usize {
    let tail = bytes.len().saturating_sub(WINDOW);
    let cut = memchr::memchr(b'{', bytes.get(tail..).unwrap_or_default());
    // A line break may turn the brace behind it into a start.
    let end = bytes.len() - usize::from(bytes.last() == Some(&b'\n'));
    cut.map_or(end, |at| (tail + at).saturating_sub(1))
}

/// What the bytes of an element are, as far as they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wholeness {
    /// A whole JSON value.
    Whole,
    /// The beginning of a JSON value.
    Beginning,
    /// Not JSON, however it goes on.
    Broken(json::Error),
}

/// Whether `bytes` are a JSON value, or could become one.
pub(crate) fn wholeness(bytes: &[u8]) -> Wholeness {
    match String::from_utf8_lossy(bytes) {
        std::borrow::Cow::Borrowed(text) => wholeness_of(text),
        std::borrow::Cow::Owned(text) => wholeness_of(&text),
    }
}

/// The longest thing that can be cut in the middle and then be taken for an error before the end:
/// an escape such as `\u00e9`, with its backslash.
const LONGEST_TOKEN: usize = 6;

fn wholeness_of(text: &str) -> Wholeness {
    match json::validate(text) {
        Ok(()) => Wholeness::Whole,
        Err(error) => {
            let tail = text.as_bytes().get(error.offset..).unwrap_or_default();
            let unfinished = tail.is_empty()
                || (tail.len() < LONGEST_TOKEN
                    && match error.expected {
                        json::Expected::Escape => {
                            tail.iter().skip(2).all(u8::is_ascii_hexdigit)
                                && matches!(tail, [b'\\'] | [b'\\', b'u', ..])
                        }
                        json::Expected::Value => ["true", "false", "null"]
                            .iter()
                            .any(|word| word.as_bytes().starts_with(tail)),
                        _ => false,
                    });
            if unfinished { Wholeness::Beginning } else { Wholeness::Broken(error) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_are_told_from_nested_objects() {
        let cases = [
            (r#"x,{"uuid":1}"#, Some(2)),
            (r#"[{"id":1},{ "actor" :{}}]"#, Some(10)),
            ("{\"id\":1}\n{\"id\":2}", Some(9)),
            ("[\n  {\"id\":1}]", None),
            (r#""text {\"uuid\": 1}""#, None),
            (r#"{"uui"#, None),
        ];
        for (text, expected) in cases {
            assert_eq!(next_start(text.as_bytes(), 0), expected, "{text}");
        }
    }

    #[test]
    fn a_start_is_never_given_away_in_halves() {
        let text = format!("{}\n{{  \"uuid\": 1", "x".repeat(100));
        let start = next_start(text.as_bytes(), 0).unwrap();
        for cut in 1..text.len() {
            let bytes = &text.as_bytes()[..cut];
            if next_start(bytes, 0).is_none() {
                assert!(startless(bytes) < start, "{cut}");
            }
        }
    }

    #[test]
    fn every_prefix_of_json_is_a_beginning() {
        let text = r#"{"a":[true,false,null,-1.5e+7,"é\u00e9\n\\"],"b":{"c":{}}}"#;
        for end in 0..text.len() {
            assert_eq!(wholeness(&text.as_bytes()[..end]), Wholeness::Beginning, "{end}");
        }
        assert_eq!(wholeness(text.as_bytes()), Wholeness::Whole);
        for broken in [r#"{"a" 1"#, "{]", "[1,}", "{\"a\":tree", "{\"a\":\"\\x", "{\"a\":tx"] {
            assert!(matches!(wholeness(broken.as_bytes()), Wholeness::Broken(_)), "{broken}");
        }
    }
}
