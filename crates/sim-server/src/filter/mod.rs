//! The `filter` of the System Log API: expressions of SCIM 2.0 (RFC 7644, section 3.4.2.2).

mod matches;
mod parse;
#[cfg(test)]
mod tests;

use std::fmt;

pub(crate) use self::matches::has_keywords;

/// A filter expression, such as `eventType sw "user." and not (outcome.result eq "SUCCESS")`.
///
/// Paths lead to any member of an event, whatever the case of their letters; on the way through an
/// array, to that of each of its elements. Values are compared as they are, times as times.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// All of these hold.
    And(Vec<Filter>),
    /// One of these holds.
    Or(Vec<Filter>),
    /// This does not hold.
    Not(Box<Filter>),
    /// There is something at the path.
    Present(Path),
    /// Something at the path compares with the value.
    Compare(Path, Operator, Literal),
}

/// The names that lead to a value of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Path(pub(crate) Vec<String>);

/// How two values are compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Operator {
    /// They are equal.
    Eq,
    /// They are not.
    Ne,
    /// The event's contains the filter's.
    Co,
    /// The event's starts with the filter's.
    Sw,
    /// The event's ends with the filter's.
    Ew,
    /// The event's is greater.
    Gt,
    /// The event's is not less.
    Ge,
    /// The event's is less.
    Lt,
    /// The event's is not greater.
    Le,
}

/// A value in a filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// A text.
    Text(String),
    /// A number.
    Number(f64),
    /// True or false.
    Flag(bool),
    /// Nothing.
    Null,
}

/// A text that is no filter.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{reason} at byte {at} of the filter")]
pub struct FilterError {
    /// Where it can't be read any further, in bytes from its beginning.
    pub at: usize,
    /// What was expected.
    pub reason: &'static str,
}

impl fmt::Display for Filter {
    /// Writes it as a filter that reads as the same one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // And binds closer than or.
        let join = |f: &mut fmt::Formatter<'_>, parts: &[Filter], word: &str| {
            for (number, part) in parts.iter().enumerate() {
                if number > 0 {
                    write!(f, " {word} ")?;
                }
                match (part, word) {
                    (Filter::Or(_), _) | (Filter::And(_), "and") => write!(f, "({part})")?,
                    _ => write!(f, "{part}")?,
                }
            }
            Ok(())
        };
        match self {
            Filter::And(parts) => join(f, parts, "and"),
            Filter::Or(parts) => join(f, parts, "or"),
            Filter::Not(inner) => write!(f, "not ({inner})"),
            Filter::Present(path) => write!(f, "{path} pr"),
            Filter::Compare(path, operator, literal) => {
                write!(f, "{path} {} {literal}", operator.name())
            }
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Text(text) => write!(f, "{}", serde_json::Value::from(text.as_str())),
            Literal::Number(number) => write!(f, "{number:?}"),
            Literal::Flag(flag) => write!(f, "{flag}"),
            Literal::Null => f.write_str("null"),
        }
    }
}

impl Operator {
    pub(crate) const ALL: [Operator; 9] = [
        Operator::Eq,
        Operator::Ne,
        Operator::Co,
        Operator::Sw,
        Operator::Ew,
        Operator::Gt,
        Operator::Ge,
        Operator::Lt,
        Operator::Le,
    ];

    fn name(self) -> &'static str {
        match self {
            Operator::Eq => "eq",
            Operator::Ne => "ne",
            Operator::Co => "co",
            Operator::Sw => "sw",
            Operator::Ew => "ew",
            Operator::Gt => "gt",
            Operator::Ge => "ge",
            Operator::Lt => "lt",
            Operator::Le => "le",
        }
    }

    /// Whether it asks for order or for parts, which not all values have.
    fn takes(self, literal: &Literal) -> bool {
        match self {
            Operator::Eq | Operator::Ne => true,
            Operator::Co | Operator::Sw | Operator::Ew => matches!(literal, Literal::Text(_)),
            Operator::Gt | Operator::Ge | Operator::Lt | Operator::Le => {
                matches!(literal, Literal::Text(_) | Literal::Number(_))
            }
        }
    }
}
