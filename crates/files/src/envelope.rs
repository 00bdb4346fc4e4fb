//! Finds the list of events in an object that is too long to be kept whole.

use crate::scan::{Progress, Scan};

/// Members that hold a list of events.
pub(crate) const LISTS: [&str; 9] =
    ["events", "data", "hits", "value", "records", "Records", "logEvents", "results", "items"];

/// Members that hold an object with such a list.
const OBJECTS: [&str; 5] = ["data", "hits", "result", "response", "body"];

/// Where the list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct List {
    /// The offset of its `[`.
    pub(crate) start: usize,
    /// How many objects are open around it.
    pub(crate) braces: u32,
}

/// Finds the list of events in the beginning of an object; `None` when there is none so far, or the
/// object is an event itself.
pub(crate) fn find(bytes: &[u8]) -> Option<List> {
    let mut at = 1;
    let mut braces = 1;
    let mut is_event = false;
    loop {
        at += blank(bytes, at);
        if bytes.get(at) == Some(&b',') {
            at += 1;
            continue;
        }
        let (name, end) = string(bytes, at)?;
        at = end + blank(bytes, end);
        if bytes.get(at) != Some(&b':') {
            return None;
        }
        at += 1;
        at += blank(bytes, at);
        match bytes.get(at)? {
            b'[' if !is_event && LISTS.contains(&name) => return Some(List { start: at, braces }),
            b'{' if braces < 4 && OBJECTS.contains(&name) => {
                at += 1;
                braces += 1;
                continue;
            }
            b'{' | b'[' => match Scan::new(at).run(bytes) {
                Progress::End(end) => at = end,
                Progress::LineBreak(_) | Progress::Open => return None,
            },
            b'"' => {
                let (value, end) = string(bytes, at)?;
                is_event |= name == "eventType" && value != crate::unwrap::EVENT_HOOK;
                at = end;
            }
            _ => {
                let rest = bytes.get(at..)?;
                at += rest.iter().position(|byte| matches!(byte, b',' | b'}'))?;
            }
        }
        at += blank(bytes, at);
        while bytes.get(at) == Some(&b'}') {
            braces -= 1;
            at += 1;
            at += blank(bytes, at);
            if braces == 0 {
                return None;
            }
        }
    }
}

fn blank(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.len() - rest.trim_ascii_start().len()
}

/// The string at `at`, between its quotes, and the offset behind it.
fn string(bytes: &[u8], at: usize) -> Option<(&str, usize)> {
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let mut from = at + 1;
    loop {
        let end = from + memchr::memchr2(b'"', b'\\', bytes.get(from..)?)?;
        if bytes.get(end) == Some(&b'"') {
            // A name that is not UTF-8 is none of those looked for.
            let text = std::str::from_utf8(bytes.get(at + 1..end)?).unwrap_or_default();
            return Some((text, end + 1));
        }
        from = end + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_found_in_the_beginning_of_an_object() {
        let cases = [
            (r#"{"events":[{"#, Some((10, 1))),
            (r#"{ "took" : 5, "hits":{"total":{"value":9},"hits" : [ "#, Some((51, 2))),
            (r#"{"eventType":"com.okta.event_hook","data":{"events":["#, Some((52, 2))),
            (r#"{"data":{"x":1},"a":[1,"]"],"value":["#, Some((36, 1))),
            (r#"{"eventType":"user.session.start","data":["#, None),
            (r#"{"debugContext":{"events":["#, None),
            (r#"{"a":1"#, None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|(start, braces)| List { start, braces });
            assert_eq!(find(text.as_bytes()), expected, "{text}");
        }
    }
}
