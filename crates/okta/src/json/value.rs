//! Values as the scanner gives them, and the walk through objects and arrays kept as text.

use std::borrow::Cow;

use super::{Scanner, Text};

/// A JSON value, borrowed from the text it stands in.
#[derive(Clone, Copy, Debug, Default)]
pub enum Value<'a> {
    /// There is no value: the member does not occur.
    #[default]
    Missing,
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it was written.
    Number(&'a str),
    /// A string.
    Text(Text<'a>),
    /// An object, not yet looked into.
    Object(Raw<'a>),
    /// An array, not yet looked into.
    Array(Raw<'a>),
}

impl<'a> Value<'a> {
    /// The string, when it is one.
    #[must_use]
    #[inline]
    pub fn text(&self) -> Option<Text<'a>> {
        match self {
            Self::Text(text) => Some(*text),
            _ => None,
        }
    }

    /// How a string, number or boolean reads; `None` for everything else.
    #[must_use]
    pub fn to_str(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text.to_str()),
            Self::Number(number) => Some(Cow::Borrowed(number)),
            Self::Bool(true) => Some(Cow::Borrowed("true")),
            Self::Bool(false) => Some(Cow::Borrowed("false")),
            _ => None,
        }
    }

    /// Whether this is no value, or `null`.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Missing | Self::Null)
    }

    /// The members of an object; nothing for everything else.
    #[must_use]
    pub fn entries(&self) -> Entries<'a> {
        match self {
            Self::Object(raw) => raw.entries(),
            _ => Raw::validated("{}").entries(),
        }
    }

    /// The elements of an array; nothing for everything else.
    #[must_use]
    pub fn items(&self) -> Items<'a> {
        match self {
            Self::Array(raw) => raw.items(),
            _ => Raw::validated("[]").items(),
        }
    }

    /// The value of the member `name` of an object, the last one when there are several;
    /// [`Value::Missing`] when there is none or this is no object.
    #[must_use]
    pub fn get(&self, name: &str) -> Value<'a> {
        let named = self.entries().filter(|(key, _)| key.is(name));
        named.last().map_or(Value::Missing, |(_, value)| value)
    }
}

/// The text of an object or array that has been validated.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'a>(&'a str);

impl<'a> Raw<'a> {
    pub(super) const fn validated(text: &'a str) -> Self {
        Self(text)
    }

    /// The text, from bracket to bracket.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// Whether there is nothing between the brackets.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let inner = self.0.as_bytes();
        inner.iter().filter(|byte| !byte.is_ascii_whitespace()).count() <= 2
    }

    /// The members, in the order in which they stand; none when this is an array.
    #[must_use]
    pub fn entries(&self) -> Entries<'a> {
        let mut scanner = Scanner::new(self.0);
        let open = scanner.peek() == Some(b'{');
        Entries { scanner, open }
    }

    /// The elements, in the order in which they stand; none when this is an object.
    #[must_use]
    pub fn items(&self) -> Items<'a> {
        let mut scanner = Scanner::new(self.0);
        let open = scanner.peek() == Some(b'[');
        Items { scanner, open }
    }
}

/// The members of an object. See [`Raw::entries`].
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    scanner: Scanner<'a>,
    open: bool,
}

impl<'a> Iterator for Entries<'a> {
    type Item = (Text<'a>, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if !self.open {
            return None;
        }
        // Over the opening brace, or the comma behind the last member.
        self.open = false;
        self.scanner.advance();
        if self.scanner.peek()? == b'}' {
            return None;
        }
        let name = self.scanner.name().ok()?;
        let value = self.scanner.value().ok()?;
        self.open = self.scanner.peek() == Some(b',');
        Some((name, value))
    }
}

/// The elements of an array. See [`Raw::items`].
#[derive(Clone, Debug)]
pub struct Items<'a> {
    scanner: Scanner<'a>,
    open: bool,
}

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        if !self.open {
            return None;
        }
        self.open = false;
        self.scanner.advance();
        if self.scanner.peek()? == b']' {
            return None;
        }
        let value = self.scanner.value().ok()?;
        self.open = self.scanner.peek() == Some(b',');
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value<'_> {
        Scanner::new(text).value().unwrap()
    }

    #[test]
    fn objects_and_arrays_are_walked_in_order() {
        let object = value(r#" { "a" : 1 , "b":[true,null, {"c":"d"}],"a":"again" } "#);
        let names: Vec<_> = object.entries().map(|(name, _)| name.to_str().into_owned()).collect();
        assert_eq!(names, ["a", "b", "a"]);
        assert!(object.get("a").text().unwrap().is("again"), "the last of several wins");
        let items: Vec<_> = object.get("b").items().collect();
        assert!(matches!(items[..], [Value::Bool(true), Value::Null, Value::Object(_)]));
        assert!(items[2].get("c").text().unwrap().is("d"));
    }

    #[test]
    fn empty_ones_hold_nothing() {
        for text in ["{}", "[]", "{ }", "[\n]", "null", "7"] {
            assert_eq!(value(text).entries().count() + value(text).items().count(), 0, "{text}");
        }
        assert!(matches!(value("{ }"), Value::Object(raw) if raw.is_empty()));
        assert!(matches!(value("[1]"), Value::Array(raw) if !raw.is_empty()));
    }
}
