//! Writing JSON text straight into a byte buffer.

/// What a byte inside a JSON string needs: 0 nothing, `u` a `\u00XX` escape, else the letter after
/// the backslash.
static ESCAPES: [u8; 256] = escapes();

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn escapes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = b'u';
        byte += 1;
    }
    table[0x08] = b'b';
    table[0x09] = b't';
    table[0x0a] = b'n';
    table[0x0c] = b'f';
    table[0x0d] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
}

/// Appends `text` with what RFC 8259 section 7 asks to be escaped, without the quotes around it.
pub(crate) fn escape(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let mut written = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        let escape = ESCAPES.get(usize::from(byte)).copied().unwrap_or(0);
        if escape == 0 {
            continue;
        }
        out.extend_from_slice(bytes.get(written..at).unwrap_or_default());
        written = at + 1;
        out.extend_from_slice(&[b'\\', escape]);
        if escape == b'u' {
            out.extend_from_slice(b"00");
            out.extend_from_slice(&[hex_digit(byte >> 4), hex_digit(byte)]);
        }
    }
    out.extend_from_slice(bytes.get(written..).unwrap_or_default());
}

/// Appends `text` as a JSON string.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escape(out, text);
    out.push(b'"');
}

/// Appends `,"key":"value"`. The key is one of ours and needs no escape.
pub(crate) fn member(out: &mut Vec<u8>, key: &str, value: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
    string(out, value);
}

/// Appends the decimal digits of `number`.
pub(crate) fn number(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0; 20];
    let mut rest = number;
    let mut used = 0;
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + (rest % 10) as u8;
        rest /= 10;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - used..).unwrap_or_default());
}

/// A JSON object in the course of being written. Keys are the program's own and need no escape.
///
/// It has to be closed; what is written between belongs to it.
#[derive(Debug)]
pub(crate) struct Object<'b> {
    out: &'b mut Vec<u8>,
    is_empty: bool,
    nulls: bool,
}

impl<'b> Object<'b> {
    /// Begins an object. Without `nulls`, members that have no value are left out.
    pub(crate) fn open(out: &'b mut Vec<u8>, nulls: bool) -> Object<'b> {
        out.push(b'{');
        Object { out, is_empty: true, nulls }
    }

    /// Writes a key; the value is for the caller to write.
    pub(crate) fn key(&mut self, key: &str) -> &mut Vec<u8> {
        if !self.is_empty {
            self.out.push(b',');
        }
        self.is_empty = false;
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    pub(crate) fn text(&mut self, key: &str, value: &str) {
        string(self.key(key), value);
    }

    pub(crate) fn text_or_null(&mut self, key: &str, value: Option<&str>) {
        match value {
            Some(value) => self.text(key, value),
            None => self.null(key),
        }
    }

    pub(crate) fn null(&mut self, key: &str) {
        if self.nulls {
            self.key(key).extend_from_slice(b"null");
        }
    }

    pub(crate) fn flag(&mut self, key: &str, value: bool) {
        self.key(key).extend_from_slice(if value { b"true" } else { b"false" });
    }

    pub(crate) fn number(&mut self, key: &str, value: u64) {
        number(self.key(key), value);
    }

    /// Writes members that [`member`] has written before: each begins with a comma.
    pub(crate) fn members(&mut self, members: &[u8]) {
        match members.split_first() {
            Some((_comma, rest)) if self.is_empty => {
                self.out.extend_from_slice(rest);
                self.is_empty = false;
            }
            _ => self.out.extend_from_slice(members),
        }
    }

    pub(crate) fn close(self) {
        self.out.push(b'}');
    }
}

/// The lower-case hexadecimal digit of the low four bits of `value`.
pub(crate) fn hex_digit(value: u8) -> u8 {
    match value & 0xf {
        digit @ 0..=9 => b'0' + digit,
        letter => b'a' + letter - 10,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quoted(text: &str) -> String {
        let mut out = Vec::new();
        string(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn escapes_only_what_json_asks_for() {
        let cases = [
            ("", r#""""#),
            ("plain", r#""plain""#),
            ("Zoë 李 🦀", r#""Zoë 李 🦀""#),
            (r#"say "hi""#, r#""say \"hi\"""#),
            (r"CORP\zoe", r#""CORP\\zoe""#),
            ("a\nb\r\tc", r#""a\nb\r\tc""#),
            ("\u{8}\u{c}\u{0}\u{1f}\u{7f}", "\"\\b\\f\\u0000\\u001f\u{7f}\""),
            ("שלום/", r#""שלום/""#),
        ];
        for (text, expected) in cases {
            assert_eq!(quoted(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_string_reads_back_as_it_was(text: String) {
            prop_assert_eq!(serde_json::from_str::<String>(&quoted(&text)).unwrap(), text);
        }

        #[test]
        fn control_characters_and_quotes_read_back(text in "[\\x00-\\x22\\\\é🦀]{0,40}") {
            prop_assert_eq!(serde_json::from_str::<String>(&quoted(&text)).unwrap(), text);
        }

        #[test]
        fn any_number_is_written_as_the_standard_library_would(value: u64) {
            let mut out = Vec::new();
            number(&mut out, value);
            prop_assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }
    }
}
