//! Finding the way through JSON that may be damaged.

use okta::json::{self, Scanner, Text, Value};

/// The offset of the first byte at or behind `at` that is no white space.
pub(super) fn blank(text: &str, at: usize) -> usize {
    skip(text, at, |byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

/// The offset of the first byte at or behind `at` that is neither white space nor a comma.
pub(super) fn filler(text: &str, at: usize) -> usize {
    skip(text, at, |byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b','))
}

fn skip(text: &str, at: usize, is_filler: impl Fn(u8) -> bool) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| !is_filler(*byte)).unwrap_or(rest.len())
}

/// A member of an object, whose value may be an array that has not been looked into.
pub(super) struct Member<'a> {
    pub(super) name: Text<'a>,
    pub(super) value: MemberValue<'a>,
    /// Where the value begins.
    pub(super) start: usize,
    /// The offset behind the value; of a list, behind its bracket.
    pub(super) end: usize,
}

/// The value of a member.
pub(super) enum MemberValue<'a> {
    /// An array.
    List,
    Other(Value<'a>),
}

/// Reads the member at `at`: a list is not read, in case it is damaged.
pub(super) fn member(text: &str, at: usize) -> Result<Member<'_>, json::Error> {
    let rest = text.get(at..).unwrap_or_default();
    let mut scanner = Scanner::new(rest);
    let moved = |error: json::Error, by: usize| json::Error { offset: error.offset + by, ..error };
    let expected = |offset: usize, expected| json::Error { offset, expected };
    let name = match scanner.value().map_err(|error| moved(error, at))? {
        Value::Text(name) => name,
        _ => return Err(expected(at, json::Expected::Name)),
    };
    let colon = blank(text, at + scanner.offset());
    if text.as_bytes().get(colon) != Some(&b':') {
        return Err(expected(colon, json::Expected::Colon));
    }
    let start = blank(text, colon + 1);
    if text.as_bytes().get(start) == Some(&b'[') && name.is("jsons") {
        return Ok(Member { name, value: MemberValue::List, start, end: start + 1 });
    }
    let mut scanner = Scanner::new(text.get(start..).unwrap_or_default());
    let value = scanner.value().map_err(|error| moved(error, start))?;
    let end = start + scanner.offset();
    Ok(Member { name, value: MemberValue::Other(value), start, end })
}

/// Where the element at `at`, which is no JSON, plausibly ends: with its last bracket or quote, or
/// before the next comma, if what follows can stand between elements.
pub(super) fn end(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let end = match bytes.get(at)? {
        b'"' => string_end(bytes, at)?,
        b'{' | b'[' => bracket_end(bytes, at)?,
        _ => {
            let rest = bytes.get(at..)?;
            let end = at + memchr::memchr3(b',', b']', b'\n', rest)?;
            return (end > at).then_some(end);
        }
    };
    matches!(bytes.get(blank(text, end))?, b',' | b']').then_some(end)
}

/// The offset behind the string that begins at `at`.
fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut from = at + 1;
    loop {
        let found = from + memchr::memchr2(b'"', b'\\', bytes.get(from..)?)?;
        if bytes.get(found) == Some(&b'"') {
            return Some(found + 1);
        }
        from = found + 2;
    }
}

/// The offset behind the bracket that closes the one at `at`, whatever kinds they are.
fn bracket_end(bytes: &[u8], at: usize) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, at);
    loop {
        match bytes.get(at)? {
            b'"' => {
                at = string_end(bytes, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_damaged_element_is_found_where_it_is_plausible() {
        let cases = [
            (r#"{"a": nope}, {"#, Some(11)),
            (r#"{"a": [1, "}"} , 2"#, None),
            (r#"{"a": "x}" "b"} ]"#, Some(15)),
            (r#"{"a": nope} {"b": 1}"#, None),
            (r#"{"a": nope}"#, None),
            (r#"{"a": "nope}"#, None),
            (r#""a \x b", "#, Some(8)),
            ("nope, 1", Some(4)),
            ("nope]", Some(4)),
            ("}]", Some(1)),
            ("nope", None),
        ];
        for (text, expected) in cases {
            assert_eq!(end(text, 0), expected, "{text}");
        }
    }
}
