//! Any bytes, read as an export: plain or compressed, lines, values or CSV; cut into chunks of any
//! size. Every byte is in an item or means nothing, every item is on the line it says, and what
//! is no event is unwrapped.
//!
//! The first four bytes of the input say how the rest is read: the size of chunks, the limit of an
//! event (two bytes), and what stands in front. Files up to 64 KiB are looked at in one piece, so
//! that much of nothing stands in front of most, and the cuts go through what is behind it.
#![no_main]

use std::io::Cursor;

use files::{Chunk, Chunks, Form, Item, Options, Part};
use libfuzzer_sys::fuzz_target;
use okta::LogEvent;

/// More than is looked at in order to recognise what an input is.
const MUCH: usize = 64 * 1024 + 16;

/// The names of lists in envelopes. Around such a list there is text that is in no item.
const LISTS: [&[u8]; 9] = [
    b"\"events\"",
    b"\"data\"",
    b"\"hits\"",
    b"\"value\"",
    b"\"records\"",
    b"\"Records\"",
    b"\"logEvents\"",
    b"\"results\"",
    b"\"items\"",
];

fuzz_target!(|data: &[u8]| {
    let [chunk, low, high, front, content @ ..] = data else { return };
    let limit = usize::from(u16::from_le_bytes([*low, *high])).max(8);
    let options = Options { chunk: usize::from(*chunk) + 1, limit };
    let front: &[u8] = match front % 8 {
        0 => b"{\"uuid\":\"1\",\"eventType\":\"a.b\"}\n",
        1 => b"[",
        2 => b"[{\"uuid\":\"1\",\"eventType\":\"a.b\"},",
        3 => b"uuid,eventType,published,_raw\n",
        4 => b"uuid;eventType;displayMessage\n",
        5 => b"{\"events\":[",
        _ => b"",
    };
    let mut bytes = front.to_vec();
    if !front.is_empty() {
        bytes.resize(MUCH, b' ');
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(content);
    read(bytes, options);
});

/// The most that is read of what has been compressed.
const ENOUGH: u64 = 4 << 20;

/// Reads an export to its end, and checks what comes out.
fn read(bytes: Vec<u8>, options: Options) {
    let is_plain = !is_encoded(&bytes);
    let mut found = Found { bytes: is_plain.then(|| bytes.clone()), ..Found::default() };
    let mut chunks = Chunks::of_bytes(Cursor::new(bytes), options).expect("a reader");
    let (mut chunk, mut sequence) = (Chunk::new(), 0);
    while let Some(filled) = chunks.next_chunk(chunk).expect("what is in memory can be read") {
        assert_eq!(filled.sequence(), sequence);
        sequence += 1;
        found.chunk(&filled);
        if !is_plain && filled.offset() > ENOUGH {
            return;
        }
        chunk = filled;
    }
    found.end();
}

/// Whether the bytes of an input are not those that are read.
fn is_encoded(bytes: &[u8]) -> bool {
    match bytes {
        [0x1F, 0x8B, ..] | [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => {
            true
        }
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => true,
        [b'{' | b'[', 0, ..] | [0, b'{' | b'[', ..] => true,
        _ => false,
    }
}

/// What has been found in an input.
#[derive(Default)]
struct Found {
    /// The input; none when it has to be decoded first.
    bytes: Option<Vec<u8>>,
    /// How far it is accounted for.
    at: usize,
    /// The line of that place, less one.
    lines: u64,
    form: Form,
    /// CSV headers, which are no items.
    headers: usize,
    /// There is an object around a list, and more of it may follow behind the list.
    in_envelope: bool,
}

impl Found {
    fn chunk(&mut self, chunk: &Chunk) {
        self.form = chunk.form();
        let start = chunk.bytes().as_ptr() as usize;
        let mut items = Vec::new();
        chunk.events(|item| {
            let (bytes, line) = match item {
                Item::Event(candidate) => {
                    let is_utf8 = std::str::from_utf8(candidate.bytes).is_ok();
                    assert_eq!(candidate.repaired, !is_utf8);
                    open(candidate.text);
                    (candidate.bytes, Some(candidate.line))
                }
                Item::Reject(reject) => {
                    assert!(!reject.reason.to_string().is_empty());
                    (reject.bytes, (!reject.continues).then_some(reject.line))
                }
            };
            let from = bytes.as_ptr() as usize - start;
            assert!(from + bytes.len() <= chunk.bytes().len(), "an item is in its chunk");
            items.push((from, from + bytes.len(), line));
        });
        let headers = chunk.item_count() - items.len();
        assert!(headers == 0 || self.form == Form::Csv, "only headers of CSV are no items");
        self.headers += headers;
        let offset = usize::try_from(chunk.offset()).expect("a size");
        for (from, to, line) in items {
            self.item(offset + from, offset + to, line);
        }
    }

    fn item(&mut self, from: usize, to: usize, line: Option<u64>) {
        let Some(bytes) = self.bytes.take() else { return };
        assert!(self.at <= from && to <= bytes.len(), "{}..{from}..{to}", self.at);
        self.gap(&bytes[self.at..from], self.form);
        self.lines += breaks(&bytes[self.at..from]);
        if let Some(line) = line {
            assert_eq!(line, self.lines + 1, "the line of byte {from}");
        }
        self.lines += breaks(&bytes[from..to]);
        self.at = to;
        self.bytes = Some(bytes);
    }

    fn end(&mut self) {
        let Some(bytes) = self.bytes.take() else { return };
        // Lines can end in a bracket, with which values would begin.
        let form = if self.form == Form::Lines { Form::Values } else { self.form };
        self.gap(&bytes[self.at..], form);
    }

    /// Checks that there is nothing in `gap`, which is in no item.
    fn gap(&mut self, gap: &[u8], form: Form) {
        let gap = gap.trim_ascii();
        let is_bom = |byte: &u8| b"\xEF\xBB\xBF".contains(byte);
        let is_blank = |byte: &u8| byte.is_ascii_whitespace() || is_bom(byte);
        let is_nothing = match form {
            Form::Lines => gap.iter().all(is_blank),
            Form::Values => {
                let has_list = |list: &&[u8]| gap.windows(list.len()).any(|part| part == *list);
                let is_filler = |byte: &u8| is_blank(byte) || b",[]\x1E".contains(byte);
                self.in_envelope |= LISTS.iter().any(has_list);
                self.in_envelope || gap.iter().all(is_filler)
            }
            Form::Csv => gap.iter().all(is_blank) || self.headers > 0,
            Form::NotText => true,
        };
        assert!(is_nothing, "lost as {form:?}: {}", gap.escape_ascii());
    }
}

/// Reads an event, or what it is wrapped in.
fn open(text: &str) {
    if LogEvent::parse(text).is_ok() {
        return;
    }
    let mut parts = 0;
    let opened = files::unwrap(text, &mut |part| {
        parts += 1;
        match part {
            Part::Event { text, .. } => {
                assert!(LogEvent::parse(text).is_ok(), "unwrapped, but no event: {text}");
            }
            Part::Reject { reason, .. } => assert!(!reason.to_string().is_empty()),
        }
    });
    assert_eq!(opened.is_ok(), parts > 0, "either parts or a reason why there are none");
}

fn breaks(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
