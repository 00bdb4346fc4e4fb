//! A table whose rows come one after the other.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use crate::term::clean::clean_to;
use crate::term::style::{QUIET, paint};
use crate::term::table::terminal_width;

/// How many rows decide how wide the columns are.
const LOOKED_AT: usize = 200;
/// The widest that a column is made.
const WIDEST: usize = 60;
/// The narrowest that a column is made to fit a terminal.
const NARROWEST: usize = 8;
/// Between two columns.
const GAP: usize = 2;

/// A table: what it writes fits the terminal. The first rows decide how wide its columns are.
pub(crate) struct Columns {
    heading: Vec<String>,
    waiting: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
}

impl Columns {
    pub(crate) fn new(heading: Vec<String>) -> Self {
        Self { heading, waiting: Vec::new(), widths: None }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, out: &mut dyn Write, cells: Vec<String>) -> io::Result<()> {
        self.waiting.push(cells);
        if self.widths.is_some() || self.waiting.len() >= LOOKED_AT {
            self.write(out)?;
        }
        Ok(())
    }

    /// Writes the rows that wait for others.
    pub(crate) fn write(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let is_first = self.widths.is_none();
        let widths = self.widths.take().unwrap_or_else(|| self.measure(terminal_width()));
        if is_first {
            let heading: Vec<String> =
                self.heading.iter().map(|name| name.to_uppercase()).collect();
            writeln!(out, "{}", paint(QUIET, &line(&heading, &widths)))?;
        }
        for row in self.waiting.drain(..) {
            writeln!(out, "{}", line(&row, &widths))?;
        }
        self.widths = Some(widths);
        Ok(())
    }

    fn measure(&self, terminal: Option<usize>) -> Vec<usize> {
        let rows = || std::iter::once(&self.heading).chain(&self.waiting);
        let widest = |column: usize| {
            let cells = rows().filter_map(|row| row.get(column));
            cells.map(|cell| cell.width()).max().unwrap_or_default().clamp(1, WIDEST)
        };
        let mut widths: Vec<usize> = (0..self.heading.len()).map(widest).collect();
        let Some(terminal) = terminal else { return widths };
        // The widest one gives way until the table fits, or none can.
        while widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1) > terminal {
            match widths.iter_mut().max_by_key(|width| **width) {
                Some(width) if *width > NARROWEST => *width -= 1,
                _ => break,
            }
        }
        widths
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        let cell = clean_to(cell, *width);
        let padding = width.saturating_sub(cell.width()) + GAP;
        line.push_str(&cell);
        line.extend(std::iter::repeat_n(' ', padding));
    }
    line.truncate(line.trim_end().len());
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[[&str; 2]]) -> String {
        let mut columns = Columns::new(vec!["who".to_owned(), "where".to_owned()]);
        let mut out = Vec::new();
        for row in rows {
            columns.row(&mut out, row.iter().map(ToString::to_string).collect()).unwrap();
        }
        columns.write(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn columns_stand_below_each_other() {
        let text = table(&[["ada", "London"], ["名前", "a\u{1b}[31mb\n"]]);
        assert_eq!(text, "WHO   WHERE\nada   London\n名前  a\u{fffd}[31mb\u{fffd}\n");
        assert_eq!(table(&[]), "");
        let long = table(&[["x".repeat(100).as_str(), "y"]]);
        assert!(long.ends_with("…  y\n"), "{long}");
    }

    #[test]
    fn the_widest_gives_way() {
        let mut columns = Columns::new(vec!["a".to_owned(), "b".to_owned()]);
        columns.waiting.push(vec!["x".repeat(50), "y".repeat(12)]);
        assert_eq!(columns.measure(Some(40)), [26, 12]);
        assert_eq!(columns.measure(None), [50, 12]);
        assert_eq!(columns.measure(Some(5)), [8, 8]);
    }
}
