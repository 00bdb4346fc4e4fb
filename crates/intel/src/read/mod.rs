//! Reads indicators, in whatever form they come.

mod list;
mod objects;
mod pattern;
mod records;
mod stix;
mod table;

use std::fmt;
use std::io::{BufRead, BufReader, Read};

use crate::indicator::{Feed, Indicator};

/// How many problems are kept; the others are counted.
const MOST_PROBLEMS: usize = 1_000;
/// How much of a reason is kept, in characters.
const LONGEST_REASON: usize = 300;
/// The longest line of a list, in bytes.
const LONGEST_LINE: u64 = 64 << 10;

/// How indicators are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A STIX 2.1 bundle, or what a TAXII server answers.
    Stix,
    /// CSV with a header.
    Csv,
    /// One value a line.
    List,
}

/// Where something stands in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line, counted from 1.
    Line(u64),
    /// An object of a bundle, counted from 1, and its id.
    Object(u64, String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Object(number, id) if id.is_empty() => write!(f, "object {number}"),
            Self::Object(number, id) => write!(f, "object {number} ({id})"),
        }
    }
}

/// Something that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// Why.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

/// What came of reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The form.
    pub form: Form,
    /// How many indicators were given on; revoked ones too, so that they can be taken back.
    pub used: u64,
    /// How many the feed leaves out: too little confidence, other labels, not to be passed on.
    /// Those with an id are given on as revoked.
    pub left_out: u64,
    /// What cannot be used, the first thousand.
    pub problems: Vec<Problem>,
    /// How many those are in all.
    pub problem_count: u64,
    /// Whether it was not read to its end.
    pub is_cut: bool,
}

impl Reading {
    fn new(form: Form) -> Self {
        Self { form, used: 0, left_out: 0, problems: Vec::new(), problem_count: 0, is_cut: false }
    }

    /// Notes why nothing more is read.
    fn end(&mut self, place: Place, reason: impl fmt::Display) {
        self.is_cut = true;
        self.problem(place, reason);
    }

    fn problem(&mut self, place: Place, reason: impl fmt::Display) {
        self.problem_count += 1;
        if self.problems.len() < MOST_PROBLEMS {
            let mut reason = reason.to_string();
            if let Some((end, _)) = reason.char_indices().nth(LONGEST_REASON) {
                reason.truncate(end);
                reason.push('…');
            }
            self.problems.push(Problem { place, reason });
        }
    }
}

/// What readers give indicators to.
struct To<'t> {
    feed: &'t Feed,
    on_indicator: &'t mut dyn FnMut(Indicator),
    reading: Reading,
}

impl To<'_> {
    fn give(&mut self, mut indicator: Indicator) {
        if self.feed.complete(&mut indicator) {
            self.reading.used += 1;
            (self.on_indicator)(indicator);
            return;
        }
        self.reading.left_out += 1;
        if !indicator.id.is_empty() {
            // An earlier version of it may have been used.
            indicator.revoked = true;
            (self.on_indicator)(indicator);
        }
    }
}

/// Reads indicators, and calls `on_indicator` with each. The form shows in the content: JSON is
/// STIX, a first line with a column `value` begins CSV, all else is a list. What cannot be used
/// stops nothing; memory is bounded by one object or line.
pub fn read(text: impl Read, feed: &Feed, on_indicator: &mut dyn FnMut(Indicator)) -> Reading {
    read_form(text, None, feed, on_indicator)
}

/// As [`read`], where the form may be known.
pub fn read_form(
    text: impl Read,
    known: Option<Form>,
    feed: &Feed,
    on_indicator: &mut dyn FnMut(Indicator),
) -> Reading {
    let mut text = BufReader::with_capacity(64 << 10, text);
    let (form, skipped) = match text.fill_buf() {
        Ok(start) => (form(start), usize::from(start.starts_with(BOM)) * BOM.len()),
        Err(_) => (Form::List, 0),
    };
    let form = known.unwrap_or(form);
    text.consume(skipped);
    let mut to = To { feed, on_indicator, reading: Reading::new(form) };
    match form {
        Form::Stix => stix::read(text, &mut to),
        Form::Csv => table::read(text, &mut to),
        Form::List => list::read(text, &mut to),
    }
    to.reading
}

const BOM: &[u8] = "\u{feff}".as_bytes();

fn form(start: &[u8]) -> Form {
    let start = start.strip_prefix(BOM).unwrap_or(start);
    let start = start.trim_ascii_start();
    if matches!(start.first(), Some(b'{' | b'[')) {
        return Form::Stix;
    }
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line).to_ascii_lowercase();
    let mut columns = line.split(',').map(|name| name.trim().trim_matches('"'));
    if columns.any(|name| name == "value") { Form::Csv } else { Form::List }
}

/// Reads on to the end of the line, and keeps nothing of it.
fn skip_line(text: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = text.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        match buffer.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                text.consume(end + 1);
                return Ok(());
            }
            None => {
                let all = buffer.len();
                text.consume(all);
            }
        }
    }
}

#[cfg(test)]
mod tests;
