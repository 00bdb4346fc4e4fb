//! One event a line.

use crate::Reason;
use crate::chunk::{Kind, Mark};
use crate::split::Window;

/// Splits a window into lines.
#[derive(Debug)]
pub(crate) struct Lines {
    /// The offset of the next byte to be searched for a line break.
    at: usize,
    line: u64,
    /// Inside a line that is longer than the limit, the beginning of which is already given away.
    too_long: bool,
    /// A line has been met that holds an opening bracket and nothing else.
    multiline: bool,
}

impl Lines {
    pub(crate) fn new(line: u64) -> Self {
        Self { at: 0, line, too_long: false, multiline: false }
    }

    /// The line on which what has not been consumed begins.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// Whether from here on values stand on more than one line.
    pub(crate) fn is_multiline(&self) -> bool {
        self.multiline
    }

    /// Marks the lines of `window`; returns how many bytes are done with.
    pub(crate) fn split(&mut self, window: &Window<'_>, marks: &mut Vec<Mark>) -> usize {
        let bytes = window.bytes;
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', bytes.get(self.at..).unwrap_or_default()) {
            let end = self.at + end;
            self.push(bytes, start, end, window, marks);
            if self.multiline {
                self.at = 0;
                return start;
            }
            self.line += 1;
            start = end + 1;
        }
        let rest = bytes.len() - start;
        if rest > 0 && (window.eof || rest >= window.limit) {
            self.push(bytes, start, bytes.len(), window, marks);
            if self.multiline {
                return start;
            }
            self.too_long = !window.eof;
            start = bytes.len();
        }
        self.at = bytes.len() - start;
        start
    }

    #[inline]
    fn push(
        &mut self,
        bytes: &[u8],
        start: usize,
        end: usize,
        window: &Window<'_>,
        marks: &mut Vec<Mark>,
    ) {
        let line = bytes.get(start..end).unwrap_or_default();
        if std::mem::take(&mut self.too_long) {
            let kind = Kind::Continued(Reason::TooLong(window.limit));
            if !line.is_empty() {
                marks.push(Mark { start, end, line: self.line, kind });
            }
            return;
        }
        let front = match line.first() {
            Some(b'{') => 0,
            _ => line.len() - line.trim_ascii_start().len(),
        };
        let length = line.trim_ascii_end().len();
        if front >= length {
            return;
        }
        if length - front == 1 && matches!(line.get(front), Some(b'{' | b'[')) {
            self.multiline = true;
            return;
        }
        let kind = if line.len() >= window.limit {
            Kind::Reject(Reason::TooLong(window.limit))
        } else {
            Kind::Event
        };
        marks.push(Mark { start: start + front, end: start + length, line: self.line, kind });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str, limit: usize) -> (Vec<(String, u64)>, usize) {
        let (mut lines, mut marks) = (Lines::new(1), Vec::new());
        let window = Window { bytes: text.as_bytes(), eof: true, full: true, limit };
        let done = lines.split(&window, &mut marks);
        let line = |mark: &Mark| {
            let line = &text.as_bytes()[mark.start..mark.end];
            (String::from_utf8_lossy(line).into_owned(), mark.line)
        };
        (marks.iter().map(line).collect(), done)
    }

    #[test]
    fn lines_are_numbered_and_trimmed() {
        let (lines, done) = split("{a}\r\n\n  {b} \r\n\t\nc", 100);
        assert_eq!(lines, [("{a}".into(), 1), ("{b}".into(), 3), ("c".into(), 5)]);
        assert_eq!(done, 17);
    }

    #[test]
    fn a_lone_bracket_ends_the_lines() {
        let (lines, done) = split("{a}\n[\n{b}\n]\n", 100);
        assert_eq!((lines.len(), done), (1, 4));
        let (lines, done) = split("{a}\n {", 100);
        assert_eq!((lines.len(), done), (1, 4), "at the end of the input too");
    }
}
