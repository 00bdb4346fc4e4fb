//! CSV: finds the rows, and makes events of them.

use crate::Reason;
use crate::chunk::{Kind, Mark};
use crate::columns::{Cells, Columns};
use crate::split::Window;

/// Splits a window into rows, which may go over several lines where a cell is quoted.
#[derive(Debug)]
pub(crate) struct Records {
    delimiter: u8,
    /// The offset of the next byte to be looked at.
    at: usize,
    line: u64,
    state: State,
    /// Inside a row that is longer than the limit.
    too_long: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    CellStart,
    Plain,
    Quoted,
    /// Behind a quote in a quoted cell: the cell's end, or the first half of a doubled quote.
    QuoteInQuoted,
}

impl Records {
    pub(crate) fn new(delimiter: u8) -> Self {
        Self { delimiter, at: 0, line: 1, state: State::CellStart, too_long: false }
    }

    /// The line on which what has not been consumed begins.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// Marks the rows of `window`; returns how many bytes are done with.
    pub(crate) fn split(&mut self, window: &Window<'_>, marks: &mut Vec<Mark>) -> usize {
        let bytes = window.bytes;
        let mut start = 0;
        loop {
            if let Some(end) = self.row_end(bytes) {
                self.push(window, start, end, marks);
                start = end + 1;
                self.at = start;
                self.state = State::CellStart;
                continue;
            }
            let rest = bytes.len() - start;
            if rest == 0 || !(window.eof || rest >= window.limit) {
                break;
            }
            if self.state == State::Quoted && !self.too_long {
                // A quote that nothing closes takes only its own line with it.
                let line = bytes.get(start..).unwrap_or_default();
                if let Some(length) = memchr::memchr(b'\n', line) {
                    let kind = Kind::Reject(Reason::OpenQuote);
                    let end = start + length;
                    marks.extend(Mark::trimmed(bytes, start, end, self.line, kind));
                    self.line += 1;
                    start = end + 1;
                    self.at = start;
                    self.state = State::CellStart;
                    continue;
                }
            }
            self.push(window, start, bytes.len(), marks);
            self.too_long = !window.eof;
            start = bytes.len();
            break;
        }
        self.at = bytes.len() - start;
        start
    }

    /// The offset of the line break that ends the row, from where the last call left off.
    fn row_end(&mut self, bytes: &[u8]) -> Option<usize> {
        loop {
            let rest = bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
            match self.state {
                State::CellStart if rest.first() == Some(&b'"') => {
                    self.state = State::Quoted;
                    self.at += 1;
                }
                State::QuoteInQuoted if rest.first() == Some(&b'"') => {
                    self.state = State::Quoted;
                    self.at += 1;
                }
                State::CellStart | State::QuoteInQuoted => self.state = State::Plain,
                State::Quoted => match memchr::memchr(b'"', rest) {
                    Some(quote) => {
                        self.state = State::QuoteInQuoted;
                        self.at += quote + 1;
                    }
                    None => self.at = bytes.len(),
                },
                State::Plain => match memchr::memchr2(self.delimiter, b'\n', rest) {
                    Some(end) if rest.get(end) == Some(&b'\n') => return Some(self.at + end),
                    Some(end) => {
                        self.state = State::CellStart;
                        self.at += end + 1;
                    }
                    None => self.at = bytes.len(),
                },
            }
        }
    }

    fn push(&mut self, window: &Window<'_>, start: usize, end: usize, marks: &mut Vec<Mark>) {
        let row = window.bytes.get(start..end).unwrap_or_default();
        let is_long = row.len() >= window.limit;
        let line = self.line;
        self.line += memchr::memchr_iter(b'\n', row).count() as u64;
        self.line += u64::from(window.bytes.get(end) == Some(&b'\n'));
        if std::mem::take(&mut self.too_long) {
            let kind = Kind::Continued(Reason::TooLong(window.limit));
            marks.push(Mark { start, end, line, kind });
        } else if is_long {
            let kind = Kind::Reject(Reason::TooLong(window.limit));
            marks.push(Mark { start, end, line, kind });
        } else if !row.trim_ascii().is_empty() {
            let end = end - usize::from(row.last() == Some(&b'\r'));
            marks.push(Mark { start, end, line, kind: Kind::Event });
        }
    }
}

/// Makes the JSON of events from the rows of a chunk.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    columns: &'a Columns,
    reader: Reader,
    event: String,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(columns: &'a Columns) -> Self {
        Self { columns, reader: Reader::new(columns.delimiter()), event: String::new() }
    }

    /// The event of `row`, to be parsed; `None` for the header.
    ///
    /// # Errors
    ///
    /// When the row does not fit the header.
    pub(crate) fn event(&mut self, row: &str) -> Result<Option<&str>, Reason> {
        let cells = self.reader.cells(row);
        if self.columns.is_header(&cells) || is_separator_line(row) {
            return Ok(None);
        }
        let expected = self.columns.len();
        if cells.len() != expected {
            return Err(Reason::Cells { found: cells.len(), expected });
        }
        self.event.clear();
        self.columns.write_event(&cells, &mut self.event);
        Ok(Some(&self.event))
    }
}

/// Whether this is the line with which spreadsheets are told the delimiter: `sep=;`.
pub(crate) fn is_separator_line(row: &str) -> bool {
    row.len() == 5 && row.starts_with("sep=")
}

/// Reads single rows into cells, without allocating anew for each.
#[derive(Debug)]
pub(crate) struct Reader {
    csv: csv_core::Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Reader {
    pub(crate) fn new(delimiter: u8) -> Self {
        let csv = csv_core::ReaderBuilder::new()
            .delimiter(delimiter)
            .terminator(csv_core::Terminator::Any(b'\n'))
            .build();
        Self { csv, text: Vec::new(), ends: Vec::new() }
    }

    /// The cells of `row`, which is one row without its line break.
    pub(crate) fn cells(&mut self, row: &str) -> Cells<'_> {
        // Every byte can be a cell of its own, and there is one cell more than delimiters.
        if self.text.len() < row.len() {
            self.text.resize(row.len(), 0);
        }
        if self.ends.is_empty() {
            self.ends.resize(64, 0);
        }
        self.csv.reset();
        let (mut input, mut written, mut count) = (row.as_bytes(), 0, 0);
        loop {
            let text = self.text.get_mut(written..).unwrap_or_default();
            let ends = self.ends.get_mut(count..).unwrap_or_default();
            let (result, read, wrote, ended) = self.csv.read_record(input, text, ends);
            input = input.get(read..).unwrap_or_default();
            written += wrote;
            count += ended;
            match result {
                csv_core::ReadRecordResult::OutputEndsFull => self.ends.resize(count * 2, 0),
                // Cells are never longer than what they are read from.
                csv_core::ReadRecordResult::OutputFull => self.text.resize(written * 2 + 64, 0),
                // An empty input tells the reader that the row is over.
                csv_core::ReadRecordResult::InputEmpty => {}
                csv_core::ReadRecordResult::Record | csv_core::ReadRecordResult::End => break,
            }
        }
        let text = std::str::from_utf8(self.text.get(..written).unwrap_or_default());
        Cells::new(text.unwrap_or_default(), self.ends.get(..count).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, step: usize) -> Vec<(String, u64)> {
        let (mut records, mut done, mut rows) = (Records::new(b','), 0, Vec::new());
        let mut end = 0;
        while done < text.len() {
            end = (end + step).min(text.len());
            let bytes = &text.as_bytes()[done..end];
            let window = Window { bytes, eof: end == text.len(), full: true, limit: 1000 };
            let mut marks = Vec::new();
            let consumed = records.split(&window, &mut marks);
            for mark in marks {
                let row = String::from_utf8_lossy(&bytes[mark.start..mark.end]);
                rows.push((row.into_owned(), mark.line));
            }
            done += consumed;
        }
        rows
    }

    #[test]
    fn rows_end_where_the_quotes_say() {
        let text = "a,b\r\n\"x\ny\",\"he said \"\"no\"\"\n\"\n\nc,d\"e\nf\"g,\"\"";
        let expected = [
            ("a,b".to_owned(), 1),
            ("\"x\ny\",\"he said \"\"no\"\"\n\"".to_owned(), 2),
            ("c,d\"e".to_owned(), 6),
            ("f\"g,\"\"".to_owned(), 7),
        ];
        for step in 1..text.len() + 1 {
            assert_eq!(rows(text, step), expected, "{step}");
        }
    }

    #[test]
    fn an_open_quote_takes_one_line() {
        let found = rows("a,b\nc,\"d\ne,f\ng,h", 100);
        let lines: Vec<_> = found.iter().map(|(row, line)| (row.as_str(), *line)).collect();
        assert_eq!(lines, [("a,b", 1), ("c,\"d", 2), ("e,f", 3), ("g,h", 4)]);
    }

    #[test]
    fn cells_lose_their_quotes() {
        let mut reader = Reader::new(b';');
        let cells = reader.cells("a;\"b;\"\"c\"\"\nd\";;é");
        let cells: Vec<_> = cells.iter().collect();
        assert_eq!(cells, ["a", "b;\"c\"\nd", "", "é"]);
        let many = vec!["x"; 1000].join(";");
        assert_eq!(reader.cells(&many).len(), 1000);
    }
}
