//! What is wrong with a configuration, and where.

use std::fmt;

/// Whether a problem keeps the configuration from being used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It cannot be used.
    Error,
    /// It can be used, but is hardly what was meant.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A mistake, with its place and what to do about it. It never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How grave it is.
    pub severity: Severity,
    /// The file, or the environment variable that overrides it.
    pub file: String,
    /// The line, from 1; 0 if it is in no line, such as in the environment.
    pub line: usize,
    /// The column in characters, from 1; 0 if it is in no line.
    pub column: usize,
    /// The setting, such as `intake[0].frequency`, counted from 0; empty if it is none.
    pub path: String,
    /// What is wrong, and what was expected.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file)?;
        if self.line > 0 {
            write!(f, "{}:{}:", self.line, self.column)?;
        }
        write!(f, " {}: ", self.severity.name())?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

/// Where a setting is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) path: String,
}

impl Place {
    pub(crate) fn error(&self, message: impl Into<String>) -> Problem {
        self.problem(Severity::Error, message.into())
    }

    pub(crate) fn warning(&self, message: impl Into<String>) -> Problem {
        self.problem(Severity::Warning, message.into())
    }

    fn problem(&self, severity: Severity, message: String) -> Problem {
        let Self { file, line, column, path } = self.clone();
        Problem { severity, file, line, column, path, message, help: None }
    }
}

impl Problem {
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}

/// Finds lines and columns of a text.
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// Line and column of a byte, both from 1.
    pub(crate) fn find(&self, byte: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= byte);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let before = self.text.as_bytes().get(start..byte.min(self.text.len())).unwrap_or_default();
        // A character has one byte that is no continuation of another.
        let characters = before.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        (line, characters + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        let lines = Lines::new("a = 1\né = 2\n\nx");
        for (byte, expected) in
            [(0, (1, 1)), (4, (1, 5)), (6, (2, 1)), (9, (2, 3)), (13, (3, 1)), (14, (4, 1))]
        {
            assert_eq!(lines.find(byte), expected, "{byte}");
        }
        assert_eq!(lines.find(1000), (4, 2));
    }
}
