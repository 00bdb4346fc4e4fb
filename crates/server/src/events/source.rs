//! A body as text, and the way back from the text to the bytes that came.

use super::Unreadable;

/// The most places of a body that are repaired; one with more is no text.
const MOST_REPAIRS: usize = 1 << 16;

/// What stands for bytes that are no UTF-8.
const REPLACEMENT: &str = "\u{FFFD}";

/// A body as text.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub(super) text: String,
    /// In ascending order.
    repairs: Vec<Repair>,
    /// The bytes that came, when the text is not the same.
    original: Vec<u8>,
}

/// A place at which U+FFFD stands for bytes that are no UTF-8.
#[derive(Clone, Copy, Debug)]
struct Repair {
    in_text: usize,
    in_original: usize,
    length: usize,
}

impl Source {
    pub(super) fn new(bytes: Vec<u8>) -> Result<Self, Unreadable> {
        let original = match String::from_utf8(bytes) {
            Ok(text) => return Ok(Self { text, ..Self::default() }),
            Err(error) => error.into_bytes(),
        };
        let mut text = String::with_capacity(original.len());
        let mut repairs = Vec::new();
        let mut at = 0;
        for chunk in original.utf8_chunks() {
            text.push_str(chunk.valid());
            at += chunk.valid().len();
            let length = chunk.invalid().len();
            if length == 0 {
                continue;
            }
            if repairs.len() == MOST_REPAIRS {
                return Err(Unreadable::NotText);
            }
            repairs.push(Repair { in_text: text.len(), in_original: at, length });
            text.push_str(REPLACEMENT);
            at += length;
        }
        Ok(Self { text, repairs, original })
    }

    /// The text from `start` to `end`, which are character boundaries.
    pub(super) fn slice(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// Whether something was repaired between `start` and `end` of the text.
    pub(super) fn is_repaired(&self, start: usize, end: usize) -> bool {
        let first = self.repairs.partition_point(|repair| repair.in_text < start);
        self.repairs.get(first).is_some_and(|repair| repair.in_text < end)
    }

    /// The bytes that came for what stands between `start` and `end` of the text.
    pub(super) fn bytes(&self, start: usize, end: usize) -> &[u8] {
        if self.repairs.is_empty() {
            return self.text.as_bytes().get(start..end).unwrap_or_default();
        }
        self.original.get(self.origin(start)..self.origin(end)).unwrap_or_default()
    }

    /// Where in the bytes that came an offset of the text lies.
    fn origin(&self, offset: usize) -> usize {
        let before = self.repairs.partition_point(|repair| repair.in_text < offset);
        match before.checked_sub(1).and_then(|last| self.repairs.get(last)) {
            None => offset,
            Some(Repair { in_text, in_original, length }) => {
                in_original + length + offset - (in_text + REPLACEMENT.len())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_utf_8_leads_back_to_its_bytes() {
        let bytes = b"a\xFFb\xE2\x82c\n\xF0\x9F\x98\x80d".to_vec();
        let source = Source::new(bytes.clone()).unwrap();
        assert_eq!(source.text, "a\u{FFFD}b\u{FFFD}c\n😀d");
        let at = source.text.find('\n').unwrap();
        let end = source.text.len();
        assert_eq!(source.bytes(0, at), b"a\xFFb\xE2\x82c");
        assert_eq!(source.bytes(at + 1, end), "😀d".as_bytes());
        assert_eq!(source.bytes(0, end), bytes);
        assert!(source.is_repaired(0, at) && !source.is_repaired(at, end));
        assert!(source.is_repaired(1, 4) && !source.is_repaired(4, 5));
    }

    #[test]
    fn a_body_that_is_no_text_is_not_blown_up() {
        assert_eq!(Source::new(vec![0xFF; MOST_REPAIRS + 1]).err(), Some(Unreadable::NotText));
        assert!(Source::new(vec![0xFF; MOST_REPAIRS]).is_ok());
    }
}
