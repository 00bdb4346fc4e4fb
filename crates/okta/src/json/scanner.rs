//! The scanner proper: a position in a text, moved over one token at a time.

use super::{Raw, Text, Value, number, skip};
use wide::u8x16;

/// What would have been right where a text stops being JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A string, number, object, array, `true`, `false` or `null`.
    Value,
    /// A member name in double quotes.
    Name,
    /// `:` after a member name.
    Colon,
    /// `,` or `}`.
    CommaOrBrace,
    /// `,` or `]`.
    CommaOrBracket,
    /// The `"` that ends a string: the text ends inside it.
    Quote,
    /// An escape that JSON knows, behind a backslash.
    Escape,
    /// An escaped control character: the text holds one as it is.
    NoControl,
    /// A digit.
    Digit,
    /// Nothing more: the value is over.
    End,
}

/// Where a text stops being JSON, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not JSON at byte {offset}: expected {}", .expected.describe())]
pub struct Error {
    /// The byte of the text at which it goes wrong, from 0.
    pub offset: usize,
    /// What was expected there.
    pub expected: Expected,
}

impl Expected {
    const fn describe(self) -> &'static str {
        match self {
            Self::Value => "a value",
            Self::Name => "a member name in double quotes",
            Self::Colon => "`:`",
            Self::CommaOrBrace => "`,` or `}`",
            Self::CommaOrBracket => "`,` or `]`",
            Self::Quote => "the closing `\"` of a string",
            Self::Escape => "a valid escape behind `\\`",
            Self::NoControl => "control characters to be escaped",
            Self::Digit => "a digit",
            Self::End => "the end of the text",
        }
    }
}

/// Reads a text value by value.
#[derive(Clone, Debug)]
pub struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// A scanner at the start of `text`.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The offset of the next byte to be read.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.at
    }

    /// The next byte that is not white space, without moving over it; `None` at the end.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    /// Reads the next value.
    ///
    /// # Errors
    ///
    /// Where and why there is none.
    #[inline]
    pub fn value(&mut self) -> Result<Value<'a>, Error> {
        match self.peek() {
            Some(b'"') => Ok(Value::Text(self.string()?)),
            Some(b'{') => Ok(Value::Object(self.container()?)),
            Some(b'[') => Ok(Value::Array(self.container()?)),
            Some(b'n') => self.literal("null", Value::Null),
            Some(b't') => self.literal("true", Value::Bool(true)),
            Some(b'f') => self.literal("false", Value::Bool(false)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.error(Expected::Value)),
        }
    }

    /// Moves over an object, and calls `member` with the name of each of its members, the
    /// scanner standing before the member's value, which `member` has to read.
    ///
    /// # Errors
    ///
    /// Where and why this is not an object, or what `member` returned.
    #[inline]
    pub fn object(
        &mut self,
        mut member: impl FnMut(Text<'a>, &mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.peek() != Some(b'{') {
            return Err(self.error(Expected::Value));
        }
        self.at += 1;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            let name = self.name()?;
            member(name, self)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.error(Expected::CommaOrBrace)),
            }
        }
    }

    /// Moves over an array, and calls `item` before each of its values, which `item` has to read.
    ///
    /// # Errors
    ///
    /// Where and why this is not an array, or what `item` returned.
    #[inline]
    pub fn array(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.peek() != Some(b'[') {
            return Err(self.error(Expected::Value));
        }
        self.at += 1;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            item(self)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.error(Expected::CommaOrBracket)),
            }
        }
    }

    /// Checks that nothing but white space follows.
    ///
    /// # Errors
    ///
    /// Where something else follows.
    pub fn end(&mut self) -> Result<(), Error> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.error(Expected::End)),
        }
    }

    /// Reads a member's name and the colon behind it.
    #[inline]
    pub(super) fn name(&mut self) -> Result<Text<'a>, Error> {
        if self.peek() != Some(b'"') {
            return Err(self.error(Expected::Name));
        }
        let name = self.string()?;
        if self.peek() != Some(b':') {
            return Err(self.error(Expected::Colon));
        }
        self.at += 1;
        Ok(name)
    }

    /// Reads a string; the scanner stands on its opening quote.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Text<'a>, Error> {
        let start = self.at + 1;
        self.at = start;
        let mut escaped = false;
        loop {
            self.at = find_special(self.text.as_bytes(), self.at);
            match self.text.as_bytes().get(self.at) {
                Some(b'"') => {
                    let text = self.slice(start, self.at);
                    self.at += 1;
                    return Ok(Text::scanned(text, escaped));
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return Err(self.error(Expected::NoControl)),
                None => return Err(self.error(Expected::Quote)),
            }
        }
    }

    #[inline]
    fn escape(&mut self) -> Result<(), Error> {
        match self.text.as_bytes().get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                Ok(())
            }
            Some(b'u') => {
                let digits = self.text.as_bytes().get(self.at + 2..self.at + 6);
                if digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    self.at += 6;
                    Ok(())
                } else {
                    Err(self.error(Expected::Escape))
                }
            }
            _ => Err(self.error(Expected::Escape)),
        }
    }

    #[inline]
    pub(super) fn number(&mut self) -> Result<Value<'a>, Error> {
        let start = self.at;
        match number::scan(self.text.as_bytes().get(start..).unwrap_or_default()) {
            Ok(length) => {
                self.at = start + length;
                Ok(Value::Number(self.slice(start, self.at)))
            }
            Err(length) => {
                self.at = start + length;
                Err(self.error(Expected::Digit))
            }
        }
    }

    #[inline]
    pub(super) fn literal(&mut self, word: &str, value: Value<'a>) -> Result<Value<'a>, Error> {
        let end = self.at + word.len();
        if self.text.as_bytes().get(self.at..end) == Some(word.as_bytes()) {
            self.at = end;
            Ok(value)
        } else {
            Err(self.error(Expected::Value))
        }
    }

    #[inline]
    fn container(&mut self) -> Result<Raw<'a>, Error> {
        let start = self.at;
        skip::container(self)?;
        Ok(Raw::validated(self.slice(start, self.at)))
    }

    #[inline]
    pub(super) fn advance(&mut self) {
        self.at += 1;
    }

    /// The text from `start` to `end`, which both lie beside an ASCII byte and so on character
    /// boundaries.
    #[inline]
    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    #[cold]
    pub(super) fn error(&self, expected: Expected) -> Error {
        Error { offset: self.at, expected }
    }
}

/// The offset of the first byte at or behind `from` that needs a look inside a string: a quote,
/// a backslash or a control character; the length of `bytes` when there is none.
#[inline]
fn find_special(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let (blocks, tail) = rest.as_chunks::<16>();
    let mut at = from;
    for block in blocks {
        let block = u8x16::new(*block);
        let special = block.simd_eq(u8x16::splat(b'"'))
            | block.simd_eq(u8x16::splat(b'\\'))
            | block.min(u8x16::splat(0x1F)).simd_eq(block);
        let mask = special.to_bitmask();
        if mask != 0 {
            return at + mask.trailing_zeros() as usize;
        }
        at += 16;
    }
    let special = tail.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20);
    special.map_or(bytes.len(), |offset| at + offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_special_byte_is_found_wherever_it_stands() {
        for length in 0..70 {
            for special in [b'"', b'\\', b'\n', 0, 0x1F] {
                let mut bytes = vec![b'x'; length];
                assert_eq!(find_special(&bytes, 0), length);
                for at in 0..length {
                    bytes[at] = special;
                    for from in 0..=at {
                        assert_eq!(find_special(&bytes, from), at);
                    }
                    bytes[at] = 0xC3;
                }
            }
        }
    }

    #[test]
    fn errors_say_where_and_what() {
        let cases = [
            ("", 0, Expected::Value),
            ("  ", 2, Expected::Value),
            ("{", 1, Expected::Name),
            ("{\"a\"", 4, Expected::Colon),
            ("{\"a\":}", 5, Expected::Value),
            ("{\"a\":1", 6, Expected::CommaOrBrace),
            ("{\"a\":1,}", 7, Expected::Name),
            ("[1 2]", 3, Expected::CommaOrBracket),
            ("[1,]", 3, Expected::Value),
            ("\"abc", 4, Expected::Quote),
            ("\"a\\x\"", 2, Expected::Escape),
            ("\"a\\u12g4\"", 2, Expected::Escape),
            ("\"a\nb\"", 2, Expected::NoControl),
            ("nul", 0, Expected::Value),
            ("1.x", 2, Expected::Digit),
            ("1 1", 2, Expected::End),
            ("[[1]", 4, Expected::CommaOrBracket),
            ("[}", 1, Expected::Value),
            ("{\"a\":[}", 6, Expected::Value),
        ];
        for (text, offset, expected) in cases {
            assert_eq!(super::super::validate(text), Err(Error { offset, expected }), "{text}");
        }
    }
}
