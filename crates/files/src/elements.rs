//! Where the elements of a JSON array stand.

use std::ops::Range;

use crate::scan::{Progress, Scan};

/// Where in `text` the objects stand, when it is one JSON array of objects and nothing else: the
/// body of a page, which need not be copied to be cut. `None` for everything else, which
/// [`Chunks`](crate::Chunks) makes the most of.
///
/// Only brackets, quotes and commas are looked at: whether an element is JSON is found when it is
/// parsed.
///
/// ```
/// let page = r#"[{"uuid": "1"}, {"uuid": "]2["}]"#;
/// let elements = files::elements(page).expect("an array of objects");
/// assert_eq!(page.get(elements[1].clone()), Some(r#"{"uuid": "]2["}"#));
/// assert_eq!(files::elements("[{}, 7]"), None);
/// ```
#[must_use]
pub fn elements(text: &str) -> Option<Vec<Range<usize>>> {
    let bytes = text.as_bytes();
    let mut at = blank(bytes, 0);
    if bytes.get(at) != Some(&b'[') {
        return None;
    }
    at = blank(bytes, at + 1);
    let mut elements = Vec::new();
    if bytes.get(at) == Some(&b']') {
        return is_end(bytes, at + 1).then_some(elements);
    }
    loop {
        if bytes.get(at) != Some(&b'{') {
            return None;
        }
        let Progress::End(end) = Scan::new(at).run(bytes) else { return None };
        // The scan takes any closing bracket for the one it waits for.
        if bytes.get(end - 1) != Some(&b'}') {
            return None;
        }
        elements.push(at..end);
        at = blank(bytes, end);
        match bytes.get(at)? {
            b',' => at = blank(bytes, at + 1),
            b']' => return is_end(bytes, at + 1).then_some(elements),
            _ => return None,
        }
    }
}

/// The offset of the first byte at or behind `at` that is not white space.
fn blank(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let length = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    at + length.count()
}

fn is_end(bytes: &[u8], at: usize) -> bool {
    blank(bytes, at) == bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use okta::json::{Scanner, Value};
    use proptest::prelude::*;

    /// The same for what is JSON, by the scanner that checks everything.
    fn slow(text: &str) -> Option<Vec<Range<usize>>> {
        let (mut scanner, mut elements, mut objects) = (Scanner::new(text), Vec::new(), true);
        let read = scanner.array(|scanner| {
            scanner.peek();
            let start = scanner.offset();
            objects &= matches!(scanner.value()?, Value::Object(_));
            elements.push(start..scanner.offset());
            Ok(())
        });
        (read.is_ok() && scanner.end().is_ok() && objects).then_some(elements)
    }

    #[test]
    fn only_an_array_of_objects_is_cut() {
        let cases = [
            ("[]", Some(vec![])),
            (" [ ] \n", Some(vec![])),
            ("[{},{}]", Some(vec![1..3, 4..6])),
            (" [ {\"a\":\"}\"} ,\n{} ] ", Some(vec![3..12, 15..17])),
            ("", None),
            ("{}", None),
            ("[", None),
            ("[{}", None),
            ("[{},]", None),
            ("[{}] x", None),
            ("[{}][{}]", None),
            ("[7]", None),
            ("[{]]", None),
            ("[{\"a\":\"cut\n\"}]", None),
        ];
        for (text, expected) in cases {
            assert_eq!(elements(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn json_is_cut_as_the_strict_scanner_does(
            parts in proptest::collection::vec(
                prop_oneof![
                    Just("{}"), Just("{\"a\":[1,{\"b\":\"]}\\\"\"}]}"), Just("7"), Just("[]"),
                    Just(" "), Just(","), Just("]"), Just("\n"), Just("{\"é\": \"{\"}"),
                ],
                0..8,
            ),
        ) {
            let text = format!("[{}]", parts.concat());
            prop_assert_eq!(elements(&text), slow(&text));
        }

        #[test]
        fn anything_can_come(text in "[\\[\\]{},\" a\\\\\n]{0,40}") {
            if let Some(expected) = slow(&text) {
                prop_assert_eq!(elements(&text), Some(expected));
            }
            for range in elements(&text).unwrap_or_default() {
                let element = text.get(range).unwrap();
                let is_object = element.starts_with('{') && element.ends_with('}');
                prop_assert!(is_object, "{}", element);
            }
        }
    }
}
