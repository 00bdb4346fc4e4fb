//! Values of a rule, and the wildcards and placeholders inside its strings.

use super::yaml::{Content, Node};

/// A value as it stands in a rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A string, as written: backslashes, wildcards and placeholders not yet looked at.
    Text(String),
    /// A number.
    Number(Number),
    /// `true` or `false`.
    Bool(bool),
    /// `null`: the field is missing, or holds JSON's null.
    Null,
}

impl Value {
    /// The value of a YAML scalar, by YAML 1.2's core schema; `None` for lists and mappings.
    /// Infinity and "not a number" stay text.
    pub(crate) fn from_node(node: &Node) -> Option<Self> {
        let Content::Scalar { text, plain } = &node.content else { return None };
        if !plain {
            return Some(Self::Text(text.clone()));
        }
        if node.is_null() {
            return Some(Self::Null);
        }
        Some(match text.as_str() {
            "true" | "True" | "TRUE" => Self::Bool(true),
            "false" | "False" | "FALSE" => Self::Bool(false),
            text => match Number::from_yaml(text) {
                Some(number) => Self::Number(number),
                None => Self::Text(text.to_owned()),
            },
        })
    }

    /// The value as text, the way an event's string would be compared with it.
    #[must_use]
    pub fn as_written(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => &number.text,
            Self::Bool(true) => "true",
            Self::Bool(false) => "false",
            Self::Null => "null",
        }
    }
}

/// A number, and how it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// As it stands in the rule.
    pub text: String,
    /// What it is worth.
    pub value: Quantity,
}

impl Number {
    fn from_yaml(text: &str) -> Option<Self> {
        let radix = |prefix: &str, radix| {
            text.strip_prefix(prefix)
                .filter(|digits| !digits.starts_with(['+', '-']))
                .and_then(|digits| i128::from_str_radix(digits, radix).ok())
                .map(Quantity::Integer)
        };
        let value = radix("0x", 16).or_else(|| radix("0o", 8)).or_else(|| Quantity::parse(text))?;
        Some(Self { text: text.to_owned(), value })
    }
}

/// What a number is worth: exactly, when it is an integer that fits 128 bits.
#[derive(Clone, Copy, Debug)]
pub enum Quantity {
    /// An integer.
    Integer(i128),
    /// Anything else.
    Float(f64),
}

impl Quantity {
    /// Reads a decimal number, with fraction and exponent; nothing else, not even white space.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            return None;
        }
        if let Ok(integer) = text.parse() {
            return Some(Self::Integer(integer));
        }
        let float: f64 = text.parse().ok()?;
        if float.is_finite() { Some(Self::Float(float)) } else { None }
    }

    fn as_float(self) -> f64 {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "compared with a float anyway")]
            Self::Integer(integer) => integer as f64,
            Self::Float(float) => float,
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(std::cmp::Ordering::Equal)
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => Some(a.cmp(b)),
            _ => self.as_float().partial_cmp(&other.as_float()),
        }
    }
}

/// A part of a [`Pattern`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// These characters.
    Literal(String),
    /// `*`: any number of characters, none as well.
    Many,
    /// `?`: exactly one character.
    One,
    /// `%name%`, with the `expand` modifier.
    Placeholder(String),
}

/// A string of a rule, taken apart. Neighbouring literals are one part, as are neighbouring
/// `*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    parts: Vec<Part>,
}

impl Pattern {
    /// Reads Sigma's wildcards and escapes (specification 2.1.0, "Escape Character"): a
    /// backslash before `*`, `?` or another backslash makes that character plain; any other
    /// backslash is itself.
    ///
    /// With `placeholders`, `%name%` is one, and `\%` a plain percent sign.
    #[must_use]
    pub fn parse(text: &str, placeholders: bool) -> Self {
        let mut pattern = Self::default();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let mut after = rest.get(first.len_utf8()..).unwrap_or_default();
            match first {
                '*' => pattern.push(Part::Many),
                '?' => pattern.push(Part::One),
                '\\' => {
                    let next = after.chars().next();
                    let escaped = next
                        .filter(|c| matches!(c, '*' | '?' | '\\') || (*c == '%' && placeholders));
                    if let Some(escaped) = escaped {
                        pattern.push_char(escaped);
                        after = after.get(1..).unwrap_or_default();
                    } else {
                        pattern.push_char('\\');
                    }
                }
                '%' if placeholders => match placeholder(after) {
                    Some((name, rest)) => {
                        pattern.push(Part::Placeholder(name.to_owned()));
                        after = rest;
                    }
                    None => pattern.push_char('%'),
                },
                other => pattern.push_char(other),
            }
            rest = after;
        }
        pattern
    }

    /// A pattern that is just this text.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        let mut pattern = Self::default();
        pattern.push(Part::Literal(text.to_owned()));
        pattern
    }

    /// The parts in order; none when the text is empty.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The text, when there are no wildcards and no placeholders in it.
    #[must_use]
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The names of the placeholders, in order.
    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Placeholder(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Adds a part at the end.
    pub(crate) fn push(&mut self, part: Part) {
        match (self.parts.last_mut(), part) {
            (Some(Part::Many), Part::Many) => {}
            (_, Part::Literal(text)) if text.is_empty() => {}
            (Some(Part::Literal(last)), Part::Literal(text)) => last.push_str(&text),
            (_, part) => self.parts.push(part),
        }
    }

    fn push_char(&mut self, c: char) {
        match self.parts.last_mut() {
            Some(Part::Literal(last)) => last.push(c),
            _ => self.parts.push(Part::Literal(c.into())),
        }
    }

    /// The same with `*` before it.
    #[must_use]
    pub(crate) fn after_anything(self) -> Self {
        let mut pattern = Self { parts: vec![Part::Many] };
        for part in self.parts {
            pattern.push(part);
        }
        pattern
    }

    /// The same with `*` behind it.
    #[must_use]
    pub(crate) fn before_anything(mut self) -> Self {
        self.push(Part::Many);
        self
    }
}

/// The name up to the closing `%`, and what follows. Names are letters, digits, `_`, `-`, `.`.
fn placeholder(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once('%')?;
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!name.is_empty() && name.chars().all(allowed)).then_some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Part {
        Part::Literal(text.to_owned())
    }

    #[test]
    fn wildcards_and_escapes_are_sigmas() {
        let cases = [
            ("", vec![]),
            ("abc", vec![text("abc")]),
            ("prog?.exe", vec![text("prog"), Part::One, text(".exe")]),
            ("a*", vec![text("a"), Part::Many]),
            ("a**b", vec![text("a"), Part::Many, text("b")]),
            (r"C:\Windows", vec![text(r"C:\Windows")]),
            (r"C:\\Windows", vec![text(r"C:\Windows")]),
            (r"\*", vec![text("*")]),
            (r"\?x", vec![text("?x")]),
            (r"\\*", vec![text(r"\"), Part::Many]),
            (r"\\\*", vec![text(r"\*")]),
            (r"a\\\b", vec![text(r"a\\b")]),
            (r"a\\\\b", vec![text(r"a\\b")]),
            (r"end\", vec![text(r"end\")]),
            ("%name%", vec![text("%name%")]),
        ];
        for (written, parts) in cases {
            assert_eq!(Pattern::parse(written, false).parts(), parts, "{written}");
        }
    }

    #[test]
    fn placeholders_stand_between_percent_signs() {
        let name = |name: &str| Part::Placeholder(name.to_owned());
        let cases = [
            ("%name%", vec![name("name")]),
            ("*@%domain%", vec![Part::Many, text("@"), name("domain")]),
            ("%a%%b%", vec![name("a"), name("b")]),
            (r"\%plain%name%", vec![text("%plain"), name("name")]),
            ("100%", vec![text("100%")]),
            ("%not a name%", vec![text("%not a name%")]),
            ("%%", vec![text("%%")]),
        ];
        for (written, parts) in cases {
            assert_eq!(Pattern::parse(written, true).parts(), parts, "{written}");
        }
    }

    #[test]
    fn numbers_compare_by_what_they_are_worth() {
        let quantity = |text| Quantity::parse(text).unwrap();
        assert_eq!(quantity("5"), quantity("5.0"));
        assert_eq!(quantity("1e3"), quantity("1000"));
        assert!(quantity("9007199254740993") > quantity("9007199254740992"));
        assert!(quantity("-1") < quantity("0.5"));
        for text in ["", "-", "abc", "inf", "NaN", "1 ", "0x10", "1e999"] {
            assert!(Quantity::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn scalars_have_yamls_types() {
        let cases = [
            ("5", "number"),
            ("0x1F", "number"),
            ("-1.5e3", "number"),
            ("'5'", "text"),
            ("5a", "text"),
            ("yes", "text"),
            ("true", "bool"),
            ("'true'", "text"),
            ("null", "null"),
            ("~", "null"),
            ("''", "text"),
            ("2022-01-01", "text"),
            (".inf", "text"),
            ("!!str 5", "text"),
        ];
        for (written, expected) in cases {
            let mut budget = super::super::yaml::Budget::new();
            let text = format!("- {written}");
            let document = super::super::yaml::parse(&text, 1, &mut budget).unwrap();
            let Content::List(items) = &document[0].content else { panic!("a list") };
            let kind = match Value::from_node(&items[0]).unwrap() {
                Value::Text(_) => "text",
                Value::Number(_) => "number",
                Value::Bool(_) => "bool",
                Value::Null => "null",
            };
            assert_eq!(kind, expected, "{written}");
        }
    }
}
