//! The text of a query, read from left to right.

use crate::{Diagnostic, Span};

/// A place in a text.
#[derive(Clone, Debug)]
pub(crate) struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scanner<'t> {
    pub(crate) const fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// Where it is, in bytes.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// What has not been read.
    pub(crate) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(crate) fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Goes behind `token`, if it comes next.
    pub(crate) fn take(&mut self, token: &str) -> bool {
        let is_next = self.rest().starts_with(token);
        if is_next {
            self.at += token.len();
        }
        is_next
    }

    pub(crate) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|one| !wanted(one)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    pub(crate) fn skip_space(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// Goes behind an operator that is a word, if it comes next and ends there.
    pub(crate) fn take_word(&mut self, word: &str) -> bool {
        let is_next = self.is_word(word);
        if is_next {
            self.at += word.len();
        }
        is_next
    }

    /// Whether a word that is an operator comes next.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        let behind = self.rest().strip_prefix(word);
        behind.is_some_and(|behind| behind.chars().next().is_none_or(ends_word))
    }

    /// From `start` to where it is.
    pub(crate) fn since(&self, start: usize) -> Span {
        Span::new(start, self.at)
    }

    /// A part of the text.
    pub(crate) fn text_between(&self, start: usize, end: usize) -> Option<&'t str> {
        self.text.get(start..end)
    }

    /// The next character; nothing at the end.
    pub(crate) fn here(&self) -> Span {
        Span::new(self.at, self.at + self.peek().map_or(0, char::len_utf8))
    }

    /// What stands between quotes, from the first to behind the second, without backslashes.
    pub(crate) fn quoted(&mut self, warnings: &mut Vec<Diagnostic>) -> Result<String, Diagnostic> {
        let start = self.at;
        self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                Some('"') if text.is_empty() => {
                    let problem = "there is nothing between the quotes";
                    let help = "to find where a field has no value write NOT field:*";
                    return Err(Diagnostic::new(self.since(start), problem, help));
                }
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escaped(warnings)?),
                Some(other) => text.push(other),
                None => {
                    let span = Span::new(start, start + 1);
                    let help = "write another \" behind the phrase, or \\\" for a quote in it";
                    return Err(Diagnostic::new(span, "the quote is not closed", help));
                }
            }
        }
    }

    /// The character behind a backslash that has just been read.
    pub(crate) fn escaped(&mut self, warnings: &mut Vec<Diagnostic>) -> Result<char, Diagnostic> {
        let start = self.at - 1;
        // That is how to search for the words that are operators.
        let is_operator = OPERATORS.iter().any(|word| self.is_word(word));
        let Some(escaped) = self.next() else {
            let problem = "expected a character after the backslash";
            let help = "write two backslashes for one";
            return Err(Diagnostic::new(self.since(start), problem, help));
        };
        if escaped.is_alphanumeric() && !is_operator {
            let problem = format!("a backslash before '{escaped}' is left out");
            warnings.push(Diagnostic::new(
                self.since(start),
                problem,
                "write two backslashes for one",
            ));
        }
        Ok(escaped)
    }
}

/// The operators that are words.
pub(crate) const OPERATORS: [&str; 3] = ["AND", "OR", "NOT"];

/// Whether a word ends before a character.
pub(crate) fn ends_word(one: char) -> bool {
    one.is_whitespace() || matches!(one, '(' | ')' | '"')
}
