//! The syntax tree.

use std::ops::Bound;

use crate::{Diagnostic, Pattern, Span};

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Query {
    /// The outermost node.
    pub root: Node,
    /// What may not mean what was intended.
    pub warnings: Vec<Diagnostic>,
}

/// A part of a query. Two are equal when they ask for the same, wherever they stand.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it asks for.
    pub clause: Clause,
    /// Where it stands.
    pub span: Span,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.clause == other.clause
    }
}

impl Node {
    /// The query that everything matches.
    #[must_use]
    pub fn all() -> Self {
        Self { clause: Clause::All, span: Span::default() }
    }
}

/// What a node asks for. The tree is at most [`crate::MAX_DEPTH`] deep.
#[derive(Clone, Debug, PartialEq)]
pub enum Clause {
    /// Everything matches.
    All,
    /// All of these match: two or more.
    And(Vec<Node>),
    /// One of these matches: two or more.
    Or(Vec<Node>),
    /// This does not match.
    Not(Box<Node>),
    /// A value is as it should be.
    Test(Test),
}

/// A condition on the values of a field, or on those of all fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// The field; `None` for free text.
    pub field: Option<Field>,
    /// What one of its values has to be like. Without a field it is neither a range nor
    /// [`Matcher::Exists`].
    pub matcher: Matcher,
}

/// The name of a field, as it was written. Two are equal when they are spelled alike.
#[derive(Clone, Debug)]
pub struct Field {
    /// ASCII letters, digits, `_`, `-`, `@` and dots.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// What a value has to be like.
#[derive(Clone, Debug, PartialEq)]
pub enum Matcher {
    /// A word; for a field of addresses also a network, such as `10.0.0.0/8`.
    Term(String),
    /// Words in their order: what stood between quotes.
    Phrase(String),
    /// A text with `*` and `?` in it.
    Wildcard(Pattern),
    /// A regular expression: what stood between slashes, as it stood there.
    Regex(String),
    /// A value between two others.
    Range(Range),
    /// Any value.
    Exists,
}

/// Two ends, of which one at least is bounded.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// Where it begins.
    pub lower: Bound<Operand>,
    /// Where it ends.
    pub upper: Bound<Operand>,
}

/// An end of a range. Two are equal when they read alike.
#[derive(Clone, Debug)]
pub struct Operand {
    /// The value: a number, a date, an address, or a text.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

impl PartialEq for Operand {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
