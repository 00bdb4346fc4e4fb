//! The header of a CSV file, as paths into a LogEvent, and events made from the cells below it.
//!
//! Names are understood as Okta's API writes them (`actor.alternateId`), as its console exports
//! them (`actor.alternate_id`, `target0.id`, `timestamp`), and with array elements written as
//! `target.0.id`, `target[0].id` or `target{}.id`.

use okta::json;

use crate::csv::Reader;
use crate::names::{BOOLEANS, NUMBERS, STRINGS, TOP, path, squash};

/// Columns that hold a whole event as JSON, in the names that other tools give them.
const WHOLE: [&str; 13] = [
    "_raw",
    "_source",
    "body",
    "content",
    "event",
    "event.original",
    "event_original",
    "json",
    "log",
    "message",
    "original",
    "payload",
    "raw",
];

/// The header of a CSV file.
#[derive(Debug)]
pub(crate) struct Columns {
    delimiter: u8,
    /// The header's cells, to recognise it when it comes again.
    names: Vec<String>,
    whole: Vec<usize>,
    root: Node,
}

/// A member, and what is below it.
#[derive(Debug, Default)]
struct Node {
    kind: CellKind,
    columns: Vec<usize>,
    /// By name; the elements of an array by their number.
    children: Vec<(String, Node)>,
    is_array: bool,
}

/// What is made of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum CellKind {
    #[default]
    Any,
    String,
    Number,
    Boolean,
}

/// The cells of one row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cells<'a> {
    text: &'a str,
    ends: &'a [usize],
}

impl<'a> Cells<'a> {
    /// Cells that stand one behind the other in `text`, and where each ends.
    pub(crate) fn new(text: &'a str, ends: &'a [usize]) -> Self {
        Self { text, ends }
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(&self, index: usize) -> &'a str {
        let end = self.ends.get(index).copied().unwrap_or_default();
        let before = index.checked_sub(1).and_then(|before| self.ends.get(before));
        self.text.get(before.copied().unwrap_or_default()..end).unwrap_or_default()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a str> {
        let cells = *self;
        (0..self.len()).map(move |index| cells.get(index))
    }
}

impl Columns {
    /// Reads `header`, the first row of a file, when it is one that says where the parts of events
    /// are to be found.
    pub(crate) fn recognise(header: &str) -> Option<Self> {
        let candidates = [b',', b';', b'\t', b'|'].map(|delimiter| {
            let names = Reader::new(delimiter).cells(header).iter().map(str::to_owned).collect();
            let columns = Self::new(delimiter, names);
            (columns.score(), columns)
        });
        let best = candidates.into_iter().rev().max_by_key(|(score, _)| *score);
        best.filter(|(score, _)| *score > 0).map(|(_, columns)| columns)
    }

    fn new(delimiter: u8, names: Vec<String>) -> Self {
        let mut columns =
            Self { delimiter, names: Vec::new(), whole: Vec::new(), root: Node::default() };
        let has_published = names.iter().any(|name| squash(name) == "published");
        for (index, name) in names.iter().enumerate() {
            let name = name.trim();
            if WHOLE.contains(&name.to_ascii_lowercase().as_str()) {
                columns.whole.push(index);
            }
            let path = match squash(name).as_str() {
                "timestamp" | "@timestamp" | "time" if !has_published => vec!["published".into()],
                _ => path(name),
            };
            columns.root.insert(&path, index);
        }
        columns.names = names;
        columns
    }

    /// How well this fits as the header of a file of events; 0 when it does not at all.
    fn score(&self) -> usize {
        let known = TOP.iter().filter(|(name, _)| self.root.child(name).is_some()).count();
        let is_event = known >= 2 && self.root.child("eventType").is_some();
        if is_event || !self.whole.is_empty() || known >= 4 {
            1 + known + self.names.len()
        } else {
            0
        }
    }

    pub(crate) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether these are the header's own cells, as in the middle of files joined together.
    pub(crate) fn is_header(&self, cells: &Cells<'_>) -> bool {
        cells.iter().eq(self.names.iter().map(String::as_str))
    }

    /// Writes the event that `cells` describe as JSON.
    pub(crate) fn write_event(&self, cells: &Cells<'_>, out: &mut String) {
        let whole = self.whole.iter().map(|&index| cells.get(index).trim());
        for cell in whole {
            if cell.starts_with(['{', '[']) {
                out.push_str(cell);
                return;
            }
        }
        let cell = |index| cells.get(index);
        if !self.root.write(&cell, out) {
            out.push_str("{}");
        }
    }
}

/// The JSON of an event whose members are given by their paths, such as Splunk's fields.
pub(crate) fn rebuild<'a>(
    fields: impl Iterator<Item = (String, std::borrow::Cow<'a, str>)>,
) -> String {
    let (names, cells): (Vec<_>, Vec<_>) = fields.unzip();
    let columns = Columns::new(b',', names);
    let mut out = String::new();
    let cell = |index| cells.get(index).map(std::convert::AsRef::as_ref).unwrap_or_default();
    if !columns.root.write(&cell, &mut out) {
        out.push_str("{}");
    }
    out
}

impl Node {
    fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|(child, _)| child == name).map(|(_, node)| node)
    }

    fn insert(&mut self, path: &[String], column: usize) {
        let mut node = self;
        let mut is_free = false;
        for name in path {
            node.is_array |= name.parse::<u32>().is_ok() && node.children.is_empty();
            let position = node.children.iter().position(|(child, _)| child == name);
            let position = position.unwrap_or_else(|| {
                node.children.push((name.clone(), Self::default()));
                node.children.len() - 1
            });
            let Some((_, child)) = node.children.get_mut(position) else { return };
            node = child;
            node.kind = match name.as_str() {
                _ if is_free => CellKind::String,
                name if NUMBERS.contains(&name) => CellKind::Number,
                name if BOOLEANS.contains(&name) => CellKind::Boolean,
                name if STRINGS.contains(&name) => CellKind::String,
                _ => CellKind::Any,
            };
            // debugData has keys of all sorts, and strings that look like JSON behind them.
            is_free |= name == "debugData";
        }
        node.columns.push(column);
    }

    /// Writes the value that the cells give this node; false when all of them are empty.
    fn write<'a>(&self, cell: &impl Fn(usize) -> &'a str, out: &mut String) -> bool {
        if let Some(cell) = self.columns.iter().map(|&index| cell(index)).find(|c| !c.is_empty()) {
            write_cell(cell, self.kind, out);
            return true;
        }
        if self.children.is_empty() {
            return false;
        }
        let start = out.len();
        let (open, close) = if self.is_array { ('[', ']') } else { ('{', '}') };
        let mut separator = open;
        for (name, child) in &self.children {
            let before = out.len();
            out.push(separator);
            if !self.is_array {
                write_string(name, out);
                out.push(':');
            }
            if child.write(cell, out) {
                separator = ',';
            } else {
                out.truncate(before);
            }
        }
        if out.len() == start {
            return false;
        }
        out.push(close);
        true
    }
}

fn write_cell(cell: &str, kind: CellKind, out: &mut String) {
    let trimmed = cell.trim();
    let is_json = || json::validate(trimmed).is_ok();
    let literal = match kind {
        CellKind::String => None,
        CellKind::Any if trimmed.starts_with(['{', '[']) && is_json() => Some(trimmed),
        CellKind::Number if trimmed.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
            is_json().then_some(trimmed)
        }
        CellKind::Boolean if trimmed.eq_ignore_ascii_case("true") => Some("true"),
        CellKind::Boolean if trimmed.eq_ignore_ascii_case("false") => Some("false"),
        _ if trimmed == "null" => Some("null"),
        _ => None,
    };
    match literal {
        Some(literal) => out.push_str(literal),
        None => write_string(cell, out),
    }
}

fn write_string(text: &str, out: &mut String) {
    use std::fmt::Write as _;
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1F}' => {
                // Writing to a string can't fail.
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_events() {
        let header = "eventType;uuid;actor.displayName;securityContext.isProxy;\
                      securityContext.asNumber;target.0.id;target.1.id;target.1.detailEntry;\
                      debugContext.debugData.logOnlySecurityData;client.userAgent;extra;\
                      transaction.detail";
        let columns = Columns::recognise(header).unwrap();
        assert_eq!(columns.delimiter(), b';');
        let row = "a.b;1;\"7 \"\"x\"\"\\\n\";TRUE;7018;;t;{\"a\":[1]};\"{\"\"risk\"\":1}\";\
                   {broken;e;";
        let mut reader = Reader::new(b';');
        let mut event = String::new();
        columns.write_event(&reader.cells(row), &mut event);
        let expected = r#"{"eventType":"a.b","uuid":"1","actor":{"displayName":"7 \"x\"\\\n"},"#
            .to_owned()
            + r#""securityContext":{"isProxy":true,"asNumber":7018},"#
            + r#""target":[{"id":"t","detailEntry":{"a":[1]}}],"#
            + r#""debugContext":{"debugData":{"logOnlySecurityData":"{\"risk\":1}"}},"#
            + r#""client":{"userAgent":"{broken"},"extra":"e"}"#;
        assert_eq!(event, expected);
        assert!(json::validate(&event).is_ok());
    }

    #[test]
    fn other_texts_are_no_headers() {
        for text in ["", "hello, world", "2026-01-01 INFO actor, target", "id,type,version"] {
            assert!(Columns::recognise(text).is_none(), "{text}");
        }
        assert!(Columns::recognise("_time,_raw").is_some());
        assert_eq!(Columns::recognise("message").unwrap().len(), 1);
    }
}
