//! Recognises by its first bytes how the events stand in an input.

use okta::json::Expected;

use crate::columns::Columns;
use crate::csv::is_separator_line;
use crate::resync::{Wholeness, wholeness};
use crate::scan::{Progress, Scan};

/// How the events stand in an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// One a line: NDJSON, and everything else that consists of lines.
    #[default]
    Lines,
    /// JSON values on as many lines as they like: an array, pages, objects one behind the other.
    Values,
    /// CSV with a header that names members of events.
    Csv,
    /// Not a log.
    NotText,
}

/// What an input was recognised as.
#[derive(Debug)]
pub(crate) enum Found {
    Lines,
    Values,
    Csv(Columns),
    /// Not a log, and what it is instead.
    NotText(&'static str),
}

/// First bytes by which files are known that hold no log as text, and what to tell about them.
const MAGIC: [(&[u8], &str); 18] = [
    (b"PK\x03\x04", "a zip archive or office document; extract it, or save it as CSV"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"%PDF-", "a PDF document"),
    (b"PAR1", "a Parquet file; convert it to NDJSON"),
    (b"Obj\x01", "an Avro file; convert it to NDJSON"),
    (b"ORC", "an ORC file; convert it to NDJSON"),
    (b"BZh", "bzip2; decompress it, only gzip and zstd are read as they are"),
    (b"\xFD7zXZ\0", "xz; decompress it, only gzip and zstd are read as they are"),
    (b"\x04\x22\x4D\x18", "lz4; decompress it, only gzip and zstd are read as they are"),
    (b"\xFF\x06\0\0sNaPpY", "snappy; decompress it, only gzip and zstd are read as they are"),
    (b"7z\xBC\xAF\x27\x1C", "a 7z archive; extract it"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old office document; save it as CSV"),
    (b"ElfFile\0", "a Windows event log"),
    (b"\x7FELF", "a program"),
    (b"MZ", "a program"),
    (b"\x89PNG\r\n\x1A\n", "a picture"),
    (b"\xFF\xD8\xFF", "a picture"),
];

/// Recognises an input by `head`, its first bytes.
pub(crate) fn recognise(head: &[u8]) -> Found {
    if let Some(what) = not_text(head) {
        return Found::NotText(what);
    }
    let text = head.trim_ascii_start();
    match text.first() {
        Some(b'[') => return Found::Values,
        Some(b'{') => return if is_one_a_line(text) { Found::Lines } else { Found::Values },
        _ => {}
    }
    let mut lines = text.splitn(3, |&byte| byte == b'\n').map(<[u8]>::trim_ascii_end);
    let header = match lines.next() {
        Some(line) if std::str::from_utf8(line).is_ok_and(is_separator_line) => lines.next(),
        line => line,
    };
    let columns = header.map(String::from_utf8_lossy).and_then(|row| Columns::recognise(&row));
    columns.map_or(Found::Lines, Found::Csv)
}

/// Whether the first line of `text`, which begins with an object, holds all of it.
fn is_one_a_line(text: &[u8]) -> bool {
    let Some(end) = memchr::memchr(b'\n', text) else {
        // One line without an end: an object, or many of them.
        return false;
    };
    let line = text.get(..end).unwrap_or_default();
    if let Progress::End(end) = Scan::new(0).run(line) {
        return line.get(end..).is_none_or(|rest| rest.trim_ascii().is_empty());
    }
    // The object goes on in the next line, unless that begins with one of its own where none can
    // stand: then the first line is only cut off.
    match wholeness(text) {
        Wholeness::Whole | Wholeness::Beginning => false,
        Wholeness::Broken(error) => {
            let before = text.get(..error.offset).unwrap_or_default();
            let is_object = text.get(error.offset) == Some(&b'{');
            let is_near = memchr::memchr_iter(b'\n', before).count() <= 2;
            error.offset <= end || (is_object && is_near && error.expected != Expected::End)
        }
    }
}

/// What this is, if it is no text.
fn not_text(head: &[u8]) -> Option<&'static str> {
    if let Some((_, what)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic))
        && !looks_like_json(head)
    {
        // Some are words with which a text may well begin.
        let is_plain = |byte: &u8| (b' '..0x7F).contains(byte) || byte.is_ascii_whitespace();
        if !head.iter().take(512).all(is_plain) {
            return Some(what);
        }
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some("a tar archive; extract it");
    }
    let front = head.trim_ascii_start();
    let front = front.get(..14).unwrap_or(front).to_ascii_lowercase();
    if front.starts_with(b"<!doctype html") || front.starts_with(b"<html") {
        return Some("a web page; was the export saved after signing in?");
    }
    let is_control = |byte: &&u8| matches!(byte, 0..=8 | 0x0E..=0x1A | 0x1C | 0x1D | 0x1F | 0x7F);
    let controls = head.iter().filter(is_control).count();
    let has_nul = memchr::memchr(0, head).is_some();
    let is_binary = if looks_like_json(head) {
        controls > head.len() / 10
    } else {
        has_nul || controls > head.len() / 20
    };
    is_binary.then_some("a binary file")
}

fn looks_like_json(head: &[u8]) -> bool {
    matches!(head.trim_ascii_start().first(), Some(b'{' | b'['))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_apart() {
        let cases: [(&[u8], &str); 24] = [
            (b"{\"a\":1}\n{\"b\":2}\n", "lines"),
            (b"\n  {\"a\":{\"b\":[]}} \r\n{", "lines"),
            (b"{\"a\":1}\n", "lines"),
            (b"{\"a\":1,\n{\"b\":2}\n", "lines"),
            (b"{\"a\":\"x\n\"b\":2}\n", "lines"),
            (b"{\"a\":\n{\"b\":2}\n{\"b\":3}\n", "lines"),
            (b"some text\n{\"b\":2}\n", "lines"),
            (b"", "lines"),
            (b"{\"a\":1}", "values"),
            (b"{\"a\":1}{\"b\":2}\n", "values"),
            (b"{\n \"a\":1}\n", "values"),
            (b"{ \"a\":1,\n \"b\":2}\n", "values"),
            (b"[{\"a\":1},\n{\"b\":2}]", "values"),
            (b"[\n", "values"),
            (b"{\"hits\":[{\"a\":1},\n{\"b\":2},\n{", "values"),
            (b"uuid,eventType,published\n", "csv"),
            (b"sep=;\r\nuuid;eventType\r\n1;2", "csv"),
            (b"\"_time\",\"_raw\"\n", "csv"),
            (b"PK\x03\x04\0\0", "a zip"),
            (b"%PDF-1.7\n%\xE2\xE3", "a PDF"),
            (b"\0\x01\x02\x03text", "a binary"),
            (b"<!DOCTYPE html><html>", "a web page"),
            (b"ORCHID,text\n", "lines"),
            (b"{\"a\":\"\0\", \"b\": \"a long enough line\"}\n", "lines"),
        ];
        for (head, expected) in cases {
            let name = match recognise(head) {
                Found::Lines => "lines",
                Found::Values => "values",
                Found::Csv(_) => "csv",
                Found::NotText(what) => what,
            };
            assert!(name.starts_with(expected), "{}: {name}", head.escape_ascii());
        }
    }
}
