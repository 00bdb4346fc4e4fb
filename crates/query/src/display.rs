//! From tree to text: what [`crate::parse`] reads as the same tree.

use std::fmt::{self, Display, Formatter, Write};
use std::ops::Bound;

use crate::scan::OPERATORS;
use crate::{Clause, Matcher, Node, Operand, Pattern, Piece, Range, Test};

impl Display for Node {
    /// The query in one spelling: operators are words, and fields stand before every value.
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match &self.clause {
            Clause::All => out.write_str("*:*"),
            Clause::And(nodes) => joined(out, nodes, " AND "),
            Clause::Or(nodes) => joined(out, nodes, " OR "),
            Clause::Not(node) => {
                out.write_str("NOT ")?;
                operand(out, node)
            }
            Clause::Test(test) => test.fmt(out),
        }
    }
}

fn joined(out: &mut Formatter<'_>, nodes: &[Node], operator: &str) -> fmt::Result {
    for (position, node) in nodes.iter().enumerate() {
        if position > 0 {
            out.write_str(operator)?;
        }
        operand(out, node)?;
    }
    Ok(())
}

/// A part of a larger clause.
fn operand(out: &mut Formatter<'_>, node: &Node) -> fmt::Result {
    match &node.clause {
        Clause::And(_) | Clause::Or(_) => write!(out, "({node})"),
        _ => node.fmt(out),
    }
}

impl Display for Test {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        if let Some(field) = &self.field {
            write!(out, "{}:", field.name)?;
        }
        match &self.matcher {
            Matcher::Term(text) => {
                if OPERATORS.contains(&text.as_str()) {
                    out.write_char('\\')?;
                    return out.write_str(text);
                }
                word(out, text, true)
            }
            Matcher::Phrase(text) => quoted(out, text),
            Matcher::Wildcard(pattern) => pattern.fmt(out),
            Matcher::Regex(text) => write!(out, "/{text}/"),
            Matcher::Range(range) => range.fmt(out),
            Matcher::Exists => out.write_char('*'),
        }
    }
}

impl Display for Pattern {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for (position, piece) in self.pieces().iter().enumerate() {
            match piece {
                Piece::Text(text) => word(out, text, position == 0)?,
                Piece::One => out.write_char('?')?,
                Piece::Many => out.write_char('*')?,
            }
        }
        Ok(())
    }
}

impl Display for Range {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match (&self.lower, &self.upper) {
            (Bound::Included(lower), Bound::Unbounded) => write!(out, ">={lower}"),
            (Bound::Excluded(lower), Bound::Unbounded) => write!(out, ">{lower}"),
            (Bound::Unbounded, Bound::Included(upper)) => write!(out, "<={upper}"),
            (Bound::Unbounded, Bound::Excluded(upper)) => write!(out, "<{upper}"),
            (lower, upper) => {
                match lower {
                    Bound::Included(lower) => write!(out, "[{lower}")?,
                    Bound::Excluded(lower) => write!(out, "{{{lower}")?,
                    Bound::Unbounded => out.write_str("[*")?,
                }
                out.write_str(" TO ")?;
                match upper {
                    Bound::Included(upper) => write!(out, "{upper}]"),
                    Bound::Excluded(upper) => write!(out, "{upper}}}"),
                    Bound::Unbounded => out.write_str("*]"),
                }
            }
        }
    }
}

impl Display for Operand {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let is_plain = |one: char| one.is_ascii_alphanumeric() || "-._:@/|+".contains(one);
        let is_operator = self.text == "TO" || OPERATORS.contains(&self.text.as_str());
        if !is_operator && self.text.chars().all(is_plain) {
            return out.write_str(&self.text);
        }
        quoted(out, &self.text)
    }
}

fn quoted(out: &mut Formatter<'_>, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for one in text.chars() {
        if matches!(one, '"' | '\\') {
            out.write_char('\\')?;
        }
        out.write_char(one)?;
    }
    out.write_char('"')
}

fn word(out: &mut Formatter<'_>, text: &str, begins: bool) -> fmt::Result {
    for (position, one) in text.chars().enumerate() {
        let is_first = begins && position == 0;
        let is_special = r#"(){}[]^"~*?:\&|"#.contains(one)
            || one.is_whitespace()
            || (is_first && "+-!/<>".contains(one));
        if is_special {
            out.write_char('\\')?;
        }
        out.write_char(one)?;
    }
    Ok(())
}
