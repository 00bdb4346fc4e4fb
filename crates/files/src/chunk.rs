//! A piece of an input that ends where an event ends, for one worker.

use std::borrow::Cow;
use std::sync::Arc;

use crate::columns::Columns;
use crate::form::Form;
use crate::{Reason, csv};

/// What a chunk holds at one place.
#[derive(Clone, Debug, PartialEq)]
pub enum Item<'a> {
    /// Text that stands where an event is expected. It has not been parsed: when it turns out to
    /// be no LogEvent, [`unwrap`](crate::unwrap) finds the events inside it.
    Event(Candidate<'a>),
    /// Something that can't be an event.
    Reject(Reject<'a>),
}

/// Text that stands where an event is expected: a line, an element of an array, an object, or a
/// CSV row made into JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate<'a> {
    /// The text to be parsed.
    pub text: &'a str,
    /// The bytes of the input it comes from, as they were.
    pub bytes: &'a [u8],
    /// The line of the decompressed input it begins on, from 1.
    pub line: u64,
    /// Whether the bytes were not UTF-8, so that U+FFFD stands for some of them in the text.
    pub repaired: bool,
}

/// Something in an input that can't be an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Reject<'a> {
    /// The bytes of the input, as they were. Of a file that is not text, only the first ones.
    pub bytes: &'a [u8],
    /// The line of the decompressed input it begins on, from 1.
    pub line: u64,
    /// Why it is none.
    pub reason: Reason,
    /// Whether this goes on with the reject before it, which was too long to be kept whole, and so
    /// is not to be counted again.
    pub continues: bool,
}

/// A piece of an input, about [`Options::chunk`](crate::Options::chunk) bytes long, and longer when
/// a single event is.
///
/// Given back to [`Chunks::next_chunk`](crate::Chunks::next_chunk), its buffers are used again.
#[derive(Debug, Default)]
pub struct Chunk {
    /// Initialised to its whole length, of which the first `len` bytes count.
    pub(crate) buffer: Vec<u8>,
    pub(crate) len: usize,
    pub(crate) marks: Vec<Mark>,
    pub(crate) columns: Option<Arc<Columns>>,
    pub(crate) form: Form,
    pub(crate) input: usize,
    pub(crate) sequence: u64,
    pub(crate) offset: u64,
}

/// A part of the chunk that is worth a look.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) line: u64,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Event,
    Reject(Reason),
    Continued(Reason),
}

impl Mark {
    /// What stands at `start..end` of `bytes`, without the white space, commas and the like around
    /// it; `None` when there is nothing else.
    pub(crate) fn trimmed(
        bytes: &[u8],
        start: usize,
        end: usize,
        line: u64,
        kind: Kind,
    ) -> Option<Self> {
        let part = bytes.get(start..end)?;
        let first = part.iter().position(|byte| !is_filler(byte))?;
        let last = part.iter().rposition(|byte| !is_filler(byte))?;
        let skipped = part.get(..first).unwrap_or_default();
        let line = line + memchr::memchr_iter(b'\n', skipped).count() as u64;
        Some(Self { start: start + first, end: start + last + 1, line, kind })
    }
}

/// Whether a byte may stand between events without meaning anything.
pub(crate) fn is_filler(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | 0x1E)
}

impl Chunk {
    /// An empty chunk, to be filled by [`Chunks::next_chunk`](crate::Chunks::next_chunk).
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Which of the inputs this comes from, as an index into
    /// [`Chunks::inputs`](crate::Chunks::inputs).
    #[must_use]
    pub fn input(&self) -> usize {
        self.input
    }

    /// The number of this chunk among all of the run, from 0: the order of output.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Where this chunk begins in the decompressed input, in bytes.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The line of the decompressed input on which the first item begins, from 1.
    #[must_use]
    pub fn first_line(&self) -> Option<u64> {
        self.marks.first().map(|mark| mark.line)
    }

    /// How the events stand in the input.
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
    }

    /// How many items [`Chunk::events`] will give at most: the header of a CSV file is none.
    #[must_use]
    pub fn item_count(&self) -> usize {
        self.marks.len()
    }

    /// The bytes of the input this chunk covers, decompressed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }

    /// Calls `each` with every item, in the order of the input.
    ///
    /// Nothing is copied or allocated here, save for CSV rows and for text that is not UTF-8.
    pub fn events(&self, mut each: impl FnMut(Item<'_>)) {
        let bytes = self.bytes();
        let whole = simdutf8::basic::from_utf8(bytes).ok();
        let mut rows = self.columns.as_deref().map(csv::Rows::new);
        for mark in &self.marks {
            let Mark { start, end, line, ref kind } = *mark;
            let bytes = bytes.get(start..end).unwrap_or_default();
            let (reason, continues) = match kind {
                Kind::Event => {
                    let text = match whole.and_then(|text| text.get(start..end)) {
                        Some(text) => Cow::Borrowed(text),
                        None => String::from_utf8_lossy(bytes),
                    };
                    let repaired = matches!(text, Cow::Owned(_));
                    let Some(rows) = &mut rows else {
                        let text = text.as_ref();
                        each(Item::Event(Candidate { text, bytes, line, repaired }));
                        continue;
                    };
                    match rows.event(&text) {
                        Ok(None) => continue,
                        Ok(Some(text)) => {
                            each(Item::Event(Candidate { text, bytes, line, repaired }));
                            continue;
                        }
                        Err(reason) => (reason, false),
                    }
                }
                Kind::Reject(reason) => (reason.clone(), false),
                Kind::Continued(reason) => (reason.clone(), true),
            };
            each(Item::Reject(Reject { bytes, line, reason, continues }));
        }
    }

    /// Makes room for `size` bytes in all.
    pub(crate) fn reserve(&mut self, size: usize) {
        if self.buffer.len() < size {
            self.buffer.resize(size, 0);
        }
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        self.reserve(end);
        if let Some(room) = self.buffer.get_mut(self.len..end) {
            room.copy_from_slice(bytes);
            self.len = end;
        }
    }

    /// Empties the chunk, with room for `size` bytes, and gives up a buffer far larger than that.
    pub(crate) fn reset(&mut self, size: usize) {
        if self.buffer.len() > size.saturating_mul(4) {
            self.buffer = Vec::new();
        }
        self.reserve(size);
        self.len = 0;
        self.marks.clear();
        self.columns = None;
    }
}
