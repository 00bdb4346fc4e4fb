//! What is wrong with a query, and where.

use std::fmt;

/// A part of a query's text, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Its first byte.
    pub start: usize,
    /// The byte behind its last.
    pub end: usize,
}

impl Span {
    /// A part of a text.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// Something that is wrong, or may be, with a part of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The part.
    pub span: Span,
    /// What is wrong with it, or what was expected there.
    pub problem: String,
    /// What to do about it; may be empty.
    pub help: String,
}

/// How many characters of a long query are shown around what is wrong.
const AROUND: usize = 50;

impl Diagnostic {
    /// Something wrong with a part of a query.
    pub fn new(span: Span, problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self { span, problem: problem.into(), help: help.into() }
    }

    /// The position in `text` as a person counts: the first character is 1.
    #[must_use]
    pub fn column(&self, text: &str) -> usize {
        text.char_indices().take_while(|(at, _)| *at < self.span.start).count() + 1
    }

    /// The query `text` on one line, as far as it stands near, and below it a caret under what is
    /// wrong, with the problem.
    #[must_use]
    pub fn render(&self, text: &str) -> String {
        let column = self.column(text) - 1;
        let skipped = column.saturating_sub(AROUND);
        let mut line = String::new();
        if skipped > 0 {
            line.push('…');
        }
        let shown = text.chars().skip(skipped).take(column - skipped + AROUND);
        // Each character takes one column, whatever it was.
        line.extend(shown.map(|one| if one.is_control() { ' ' } else { one }));
        if text.chars().count() > column + AROUND {
            line.push('…');
        }
        let width = text.get(self.span.start..self.span.end).map_or(0, |part| part.chars().count());
        let indent = column - skipped + usize::from(skipped > 0);
        let carets = "^".repeat(width.clamp(1, AROUND));
        format!("{}\n{:indent$}{carets} {self}", line.trim_end(), "")
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.problem)?;
        if !self.help.is_empty() {
            write!(formatter, ": {}", self.help)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostic {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_queries_are_shown_in_part() {
        let text = format!("{}é\t{}", "a".repeat(100), "b".repeat(100));
        let diagnostic = Diagnostic::new(Span::new(102, 103), "a tab", "");
        assert_eq!(diagnostic.column(&text), 102);
        let rendered = diagnostic.render(&text);
        let (line, carets) = rendered.split_once('\n').unwrap();
        assert_eq!(line, format!("…{}é {}…", "a".repeat(49), "b".repeat(49)));
        assert_eq!(carets, format!("{}^ a tab", " ".repeat(51)));
    }

    #[test]
    fn a_position_outside_is_put_at_the_end() {
        let diagnostic = Diagnostic::new(Span::new(9, 12), "gone", "come back");
        assert_eq!(diagnostic.render("ab"), "ab\n  ^ gone: come back");
    }
}
