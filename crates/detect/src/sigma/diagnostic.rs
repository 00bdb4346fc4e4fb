//! What is wrong with a rule file, where, and what to do about it.

use std::fmt;
use std::sync::Arc;

/// How bad a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The rule works, but perhaps not as its author meant.
    Warning,
    /// The document it stands in can't be used; the others can.
    Error,
}

/// One finding about one place in a rule file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether the document can still be used.
    pub severity: Severity,
    /// A short stable name for this kind of finding, such as `unknown-modifier`.
    pub code: &'static str,
    /// The file's name, as it was given to the parser.
    pub file: Arc<str>,
    /// Line, counted from 1.
    pub line: u32,
    /// Column in characters, counted from 1.
    pub column: u32,
    /// What is wrong: lower-case, without a full stop.
    pub message: String,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let Self { code, file, line, column, message, hint, .. } = self;
        write!(f, "{file}:{line}:{column}: {severity}[{code}]: {message}")?;
        match hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// A place in a file: line and column, both counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, counted from 1.
    pub line: u32,
    /// Column in characters, counted from 1.
    pub column: u32,
}

/// Collects the diagnostics of one file.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) file: Arc<str>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    errors: usize,
}

impl Report {
    pub(crate) fn new(file: Arc<str>) -> Self {
        Self { file, diagnostics: Vec::new(), errors: 0 }
    }

    /// How many errors there have been; who compares it before and after knows whether a part
    /// of the document went well.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    pub(crate) fn error(
        &mut self,
        code: &'static str,
        at: Position,
        message: impl Into<String>,
        hint: impl Into<Option<String>>,
    ) {
        self.errors += 1;
        self.push(Severity::Error, code, at, message.into(), hint.into());
    }

    pub(crate) fn warning(
        &mut self,
        code: &'static str,
        at: Position,
        message: impl Into<String>,
        hint: impl Into<Option<String>>,
    ) {
        self.push(Severity::Warning, code, at, message.into(), hint.into());
    }

    fn push(
        &mut self,
        severity: Severity,
        code: &'static str,
        at: Position,
        message: String,
        hint: Option<String>,
    ) {
        let file = Arc::clone(&self.file);
        let Position { line, column } = at;
        self.diagnostics.push(Diagnostic { severity, code, file, line, column, message, hint });
    }
}

/// The candidate most like `name`, when it is like enough that `name` may be a slip of it.
pub(crate) fn nearest<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    const LONGEST: usize = 64;
    let length = name.chars().count();
    if length > LONGEST {
        return None;
    }
    let allowed = (length / 3).max(1);
    let measured = candidates
        .into_iter()
        .filter(|candidate| candidate.chars().count() <= LONGEST)
        .map(|candidate| (edit_distance(name, candidate), candidate));
    let (distance, candidate) = measured.min_by_key(|(distance, _)| *distance)?;
    (distance <= allowed).then_some(candidate)
}

/// How many letters have to be changed, added, left out, or swapped with their neighbours, to
/// make one name of the other, ignoring case.
fn edit_distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.to_lowercase().chars().collect();
    let mut previous: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    let mut before = None;
    for (i, a) in from.to_lowercase().chars().enumerate() {
        let mut next = vec![i + 1];
        let mut to_before = None;
        for (j, b) in to.iter().copied().enumerate() {
            let cell =
                |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX);
            let replaced = cell(&row, j) + usize::from(a != b);
            let mut distance = replaced.min(cell(&row, j + 1) + 1).min(cell(&next, j) + 1);
            if before == Some(b) && to_before == Some(a) {
                distance = distance.min(cell(&previous, j - 1) + 1);
            }
            next.push(distance);
            to_before = Some(b);
        }
        previous = std::mem::replace(&mut row, next);
        before = Some(a);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        let names = ["contains", "endswith", "startswith", "re"];
        let cases = [
            ("contain", Some("contains")),
            ("endwith", Some("endswith")),
            ("StartsWith", Some("startswith")),
            ("r", Some("re")),
            ("frobnicate", None),
            ("", None),
        ];
        for (name, expected) in cases {
            assert_eq!(nearest(name, names), expected, "{name}");
        }
    }

    #[test]
    fn distances_count_slips() {
        for (a, b, distance) in [
            ("", "", 0),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("flaw", "lawn", 2),
            ("hihg", "high", 1),
            ("ab", "ba", 1),
        ] {
            assert_eq!(edit_distance(a, b), distance, "{a} {b}");
            assert_eq!(edit_distance(b, a), distance, "{b} {a}");
        }
    }
}
