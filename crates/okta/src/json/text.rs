//! Strings: as they stand between the quotes of a JSON text, or computed.

use std::borrow::Cow;

/// A string: either the part between the quotes of a JSON text, or a plain string of our own.
///
/// Most strings in a log hold no escapes; those cost nothing to use. The others are unescaped
/// when somebody asks, with a lone surrogate (`"\ud800"`, which no UTF-8 can hold) read as
/// U+FFFD.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    text: &'a str,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// From a JSON text, without a backslash: is what it says, and may be copied into JSON.
    Clean,
    /// From a JSON text, with escapes: may be copied into JSON, has to be unescaped to be read.
    Escaped,
    /// Not from a JSON text: is what it says, and has to be escaped when written.
    Plain,
}

impl<'a> Text<'a> {
    /// A string that does not come from a JSON text.
    #[must_use]
    pub const fn plain(text: &'a str) -> Self {
        Self { text, form: Form::Plain }
    }

    /// A string that may stand in a JSON text as it is: one of our own words, without quotes,
    /// backslashes and control characters.
    #[must_use]
    pub const fn word(text: &'static str) -> Self {
        Self { text, form: Form::Clean }
    }

    /// What stood between the quotes of a valid JSON string.
    pub(super) const fn scanned(text: &'a str, escaped: bool) -> Self {
        Self { text, form: if escaped { Form::Escaped } else { Form::Clean } }
    }

    /// The string as it reads, unescaped where that is needed.
    #[must_use]
    pub fn to_str(&self) -> Cow<'a, str> {
        match self.form {
            Form::Clean | Form::Plain => Cow::Borrowed(self.text),
            Form::Escaped => {
                let mut text = String::new();
                unescape(self.text, &mut text);
                Cow::Owned(text)
            }
        }
    }

    /// Writes the string as it reads behind what is in `out`.
    pub fn push_to(&self, out: &mut String) {
        match self.form {
            Form::Clean | Form::Plain => out.push_str(self.text),
            Form::Escaped => unescape(self.text, out),
        }
    }

    /// The string as it reads, when no unescaping is needed for it.
    #[must_use]
    pub fn as_plain(&self) -> Option<&'a str> {
        match self.form {
            Form::Clean | Form::Plain => Some(self.text),
            Form::Escaped => None,
        }
    }

    /// The string in the form in which it can stand between the quotes of a JSON text, when it
    /// already has that form.
    #[must_use]
    pub fn as_json(&self) -> Option<&'a str> {
        match self.form {
            Form::Clean | Form::Escaped => Some(self.text),
            Form::Plain => None,
        }
    }

    /// Whether the string has no characters at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether the string reads `other`, to the letter.
    #[must_use]
    pub fn is(&self, other: &str) -> bool {
        match self.as_plain() {
            Some(text) => text == other,
            None => self.to_str() == other,
        }
    }
}

/// Undoes JSON's escapes in what stood between the quotes of a valid string.
fn unescape(escaped: &str, out: &mut String) {
    out.reserve(escaped.len());
    let mut rest = escaped;
    // JSON within JSON has an escape every few bytes.
    while let Some(at) = rest.as_bytes().iter().position(|byte| *byte == b'\\') {
        out.push_str(rest.get(..at).unwrap_or_default());
        let escape = rest.as_bytes().get(at + 1).copied().unwrap_or_default();
        rest = rest.get(at + 2..).unwrap_or_default();
        out.push(match escape {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => {
                let (character, behind) = unicode_escape(rest);
                rest = behind;
                character
            }
            other => char::from(other),
        });
    }
    out.push_str(rest);
}

/// Reads the four hexadecimal digits after `\u`, and the low half of a surrogate pair behind it.
fn unicode_escape(text: &str) -> (char, &str) {
    let Some((unit, rest)) = code_unit(text) else {
        return (char::REPLACEMENT_CHARACTER, text);
    };
    if let Some(character) = char::from_u32(unit) {
        return (character, rest);
    }
    let low = (0xD800..0xDC00)
        .contains(&unit)
        .then(|| rest.strip_prefix("\\u").and_then(code_unit))
        .flatten()
        .filter(|(low, _)| (0xDC00..0xE000).contains(low));
    match low {
        Some((low, rest)) => {
            let code = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
            (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), rest)
        }
        None => (char::REPLACEMENT_CHARACTER, rest),
    }
}

fn code_unit(text: &str) -> Option<(u32, &str)> {
    let digits = text.get(..4)?;
    Some((u32::from_str_radix(digits, 16).ok()?, text.get(4..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        let cases = [
            ("plain", "plain"),
            (r"a\nb\t\r\b\f\/\\\x22".replace("\\x22", "\\\"").as_str(), "a\nb\t\r\u{8}\u{c}/\\\""),
            (r"\u0041\u00e9", "Aé"),
            (r"\ud83d\ude00!", "😀!"),
            (r"\ud83d", "\u{fffd}"),
            (r"\ud83dx", "\u{fffd}x"),
            (r"\ude00\ud83d\ude00", "\u{fffd}😀"),
            (r"\ud83d\u0041", "\u{fffd}A"),
        ]
        .map(|(escaped, read)| (escaped.to_owned(), read));
        for (escaped, read) in cases {
            let mut out = "before ".to_owned();
            Text::scanned(&escaped, true).push_to(&mut out);
            assert_eq!(out, format!("before {read}"), "{escaped}");
            assert_eq!(Text::scanned(&escaped, true).to_str(), read);
        }
    }

    #[test]
    fn a_text_reads_the_same_in_every_form() {
        assert!(Text::plain("a\"b").is("a\"b"));
        assert!(Text::scanned(r#"a\"b"#, true).is("a\"b"));
        assert_eq!(Text::plain("a\"b").as_json(), None);
        assert_eq!(Text::scanned("ab", false).as_plain(), Some("ab"));
    }
}
