//! The data of the page as one JSON block that nothing in it can end.

use std::io::{self, Write};

use super::{Report, hidden};

/// Writes `{"generated_by", "summary", "attack", "alerts"}`, safe inside a script element.
pub(super) fn write_data(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    out.write_all(b"{\"generated_by\":")?;
    write_safe(out, &serde_json::to_string(report.generated_by)?)?;
    out.write_all(b",\"title\":")?;
    write_safe(out, &serde_json::to_string(report.title)?)?;
    out.write_all(b",\n\"summary\":")?;
    write_safe(out, &serde_json::to_string(report.summary)?)?;
    out.write_all(b",\n\"attack\":")?;
    write_safe(out, &serde_json::to_string(report.attack)?)?;
    out.write_all(b",\n\"alerts\":[")?;
    for (number, alert) in report.alerts.iter().enumerate() {
        out.write_all(if number == 0 { b"\n" } else { b",\n" })?;
        write_safe(out, alert)?;
    }
    out.write_all(b"]}")
}

/// Writes JSON text with everything escaped that means something to HTML or that is not seen.
///
/// Outside of strings valid JSON has none of these characters, and inside `\uXXXX` stands for
/// the same, so the value does not change.
fn write_safe(out: &mut dyn Write, json: &str) -> io::Result<()> {
    let mut written = 0;
    for (at, character) in json.char_indices() {
        let unsafe_here = matches!(character, '<' | '>' | '&')
            || (!character.is_ascii() && hidden::is_hidden(character))
            || character == '\u{7f}';
        if !unsafe_here {
            continue;
        }
        out.write_all(json.as_bytes().get(written..at).unwrap_or_default())?;
        let mut units = [0; 2];
        for unit in character.encode_utf16(&mut units) {
            write!(out, "\\u{unit:04x}")?;
        }
        written = at + character.len_utf8();
    }
    out.write_all(json.as_bytes().get(written..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn safe(json: &str) -> String {
        let mut out = Vec::new();
        write_safe(&mut out, json).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn escapes_what_html_sees() {
        let cases = [
            (r#"{"a":"</script>"}"#, r#"{"a":"\u003c/script\u003e"}"#),
            (r#""<!--<script>&amp;""#, r#""\u003c!--\u003cscript\u003e\u0026amp;""#),
            ("\"\u{2028}\u{2029}\u{202e}\u{7f}\"", r#""\u2028\u2029\u202e\u007f""#),
            ("\"\u{e0041}é\"", r#""\udb40\udc41é""#),
            ("{\n\t\"a\": 1\r\n}", "{\n\t\"a\": 1\r\n}"),
        ];
        for (json, expected) in cases {
            assert_eq!(safe(json), expected);
        }
    }

    proptest! {
        #[test]
        fn stays_the_same_value(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            let safe = safe(&json);
            let seen = ['<', '>', '&', '\u{2028}', '\u{2029}'];
            prop_assert!(!safe.contains(seen));
            prop_assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text);
        }
    }
}
