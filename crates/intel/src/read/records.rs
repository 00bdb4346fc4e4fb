//! Splits CSV (RFC 4180) into records, and says on which line each begins.

use std::io::{self, BufRead, Cursor, Read};

/// The longest record, in bytes: what a quote that is never closed may take.
pub(super) const LONGEST: usize = 1 << 20;
/// How many cells of a record are kept.
const MOST_CELLS: usize = 1_000;
/// How often reading goes on after a quote that is not closed.
const MOST_RETRIES: u32 = 20;

/// A record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// The line that it begins on, from 1.
    pub(super) line: u64,
    pub(super) cells: Vec<Vec<u8>>,
}

/// Why there is no record.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    /// Reading goes on at the next line.
    #[error("expected at most {LONGEST} bytes in a record, is a quote not closed?")]
    Long,
    /// Likewise.
    #[error("expected '\"' at the end of a cell, found the end of the text")]
    Open,
    #[error("too many quotes are not closed, nothing is read from here on")]
    Hopeless,
    #[error("nothing is read from here on: {0}")]
    Unreadable(#[from] io::Error),
}

/// Splits a text.
pub(super) struct Records<R> {
    text: R,
    /// What has to be read again.
    again: Cursor<Vec<u8>>,
    /// The line that is read next.
    line: u64,
    retries: u32,
}

impl<R: BufRead> Records<R> {
    pub(super) fn new(text: R) -> Self {
        Self { text, again: Cursor::default(), line: 1, retries: 0 }
    }

    /// The next record that is no empty line, or the line on which something is broken.
    pub(super) fn next(&mut self) -> Option<Result<Record, (u64, Broken)>> {
        loop {
            let line = self.line;
            match self.record() {
                Ok(Some(cells)) if cells.iter().all(|cell| cell.trim_ascii().is_empty()) => {}
                Ok(Some(cells)) => return Some(Ok(Record { line, cells })),
                Ok(None) => return None,
                Err(broken) => return Some(Err((line, broken))),
            }
        }
    }

    /// The cells of the next record, `None` at the end.
    fn record(&mut self) -> Result<Option<Vec<Vec<u8>>>, Broken> {
        let first = self.line;
        let mut raw = Vec::new();
        let mut cells = Cells::default();
        loop {
            let begin = raw.len();
            self.append_line(&mut raw)?;
            let added = raw.get(begin..).unwrap_or_default();
            if raw.is_empty() {
                return Ok(None);
            }
            cells.take(added);
            let broken = if raw.len() > LONGEST {
                Broken::Long
            } else if cells.state != State::Quoted {
                self.line += 1;
                return Ok(Some(cells.done()));
            } else if added.is_empty() {
                Broken::Open
            } else {
                self.line += 1;
                continue;
            };
            self.line = first + 1;
            return Err(self.give_back(raw, broken)?);
        }
    }

    /// Appends a line, or as much of it as makes the record too long.
    fn append_line(&mut self, raw: &mut Vec<u8>) -> io::Result<()> {
        let most = (LONGEST + 1).saturating_sub(raw.len()) as u64;
        let begin = raw.len();
        let read = (&mut self.again).take(most).read_until(b'\n', raw)? as u64;
        if read == most || (raw.len() > begin && raw.ends_with(b"\n")) {
            return Ok(());
        }
        (&mut self.text).take(most - read).read_until(b'\n', raw)?;
        Ok(())
    }

    /// Puts all lines back but the first.
    fn give_back(&mut self, mut raw: Vec<u8>, broken: Broken) -> io::Result<Broken> {
        self.retries += 1;
        if self.retries > MOST_RETRIES {
            return Ok(Broken::Hopeless);
        }
        match raw.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                let mut rest = raw.split_off(end + 1);
                self.again.read_to_end(&mut rest)?;
                self.again = Cursor::new(rest);
            }
            None if raw.len() > LONGEST => {
                super::skip_line(&mut (&mut self.again).chain(&mut self.text))?;
            }
            None => {}
        }
        Ok(broken)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Begins,
    Plain,
    Quoted,
    /// After a quote in quotes: it ends them, or stands for itself before another.
    Quote,
}

/// The cells of a record, as its lines are taken one by one.
#[derive(Default)]
struct Cells {
    state: State,
    cells: Vec<Vec<u8>>,
    cell: Vec<u8>,
}

impl Cells {
    fn take(&mut self, line: &[u8]) {
        for byte in line {
            self.state = match (self.state, byte) {
                (State::Begins, b'"') => State::Quoted,
                (State::Quoted, b'"') => State::Quote,
                (State::Begins | State::Plain | State::Quote, b',') => {
                    self.end();
                    State::Begins
                }
                (state, byte) => {
                    self.cell.push(*byte);
                    if matches!(state, State::Quoted)
                        || (matches!(state, State::Quote) && *byte == b'"')
                    {
                        State::Quoted
                    } else {
                        State::Plain
                    }
                }
            };
        }
    }

    fn end(&mut self) {
        let cell = std::mem::take(&mut self.cell);
        if self.cells.len() < MOST_CELLS {
            self.cells.push(cell);
        }
    }

    fn done(mut self) -> Vec<Vec<u8>> {
        self.end();
        self.cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<String> {
        let mut records = Records::new(text.as_bytes());
        let mut all = Vec::new();
        while let Some(record) = records.next() {
            all.push(match record {
                Ok(Record { line, cells }) => {
                    let cells: Vec<_> = cells
                        .iter()
                        .map(|cell| String::from_utf8_lossy(cell).into_owned())
                        .collect();
                    format!("{line} {}", cells.join("|").trim_end().replace('\n', "/"))
                }
                Err((line, Broken::Long)) => format!("{line} long"),
                Err((line, Broken::Open)) => format!("{line} open"),
                Err((line, broken)) => {
                    all.push(format!("{line} {broken}"));
                    break;
                }
            });
        }
        all
    }

    #[test]
    fn records_are_split_and_know_their_lines() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[]),
            ("\n\r\n , \n", &[]),
            ("a,b\nc", &["1 a|b", "2 c"]),
            ("a,,b\n\n\n\r\nc,\r\n", &["1 a||b", "5 c|"]),
            ("\"a,\"\"b\"\"\",c\nd", &["1 a,\"b\"|c", "2 d"]),
            ("\"a\n\nb\",c\n\nd", &["1 a//b|c", "5 d"]),
            ("a\"b\",c\"\n\"d\"e,f", &["1 a\"b\"|c\"", "2 de|f"]),
            ("a\nb,\"c\nd\ne", &["1 a", "2 open", "3 d", "4 e"]),
            ("\"", &["1 open"]),
            ("a\n\"b", &["1 a", "2 open"]),
        ];
        for (text, expected) in cases {
            assert_eq!(all(text), *expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_too_long_takes_no_more_than_its_line() {
        let lines = "x\n".repeat(LONGEST);
        let split = all(&format!("a\n\"b\n{lines}c"));
        assert_eq!(split[..3], ["1 a", "2 long", "3 x"]);
        assert_eq!(split.last().unwrap(), &format!("{} c", LONGEST + 3));
        let split = all(&format!("a\n{}\nc", "x".repeat(5 * LONGEST)));
        assert_eq!(split, ["1 a", "2 long", "3 c"]);
        let split = all(&format!("a\n{}", "x".repeat(5 * LONGEST)));
        assert_eq!(split, ["1 a", "2 long"]);
    }

    #[test]
    fn many_open_quotes_are_not_tried_for_ever() {
        let split = all(&"x\",\"x\n".repeat(300_000));
        assert_eq!(split.len(), MOST_RETRIES as usize + 1);
        assert!(split.last().unwrap().contains("too many quotes"), "{split:?}");
    }
}
