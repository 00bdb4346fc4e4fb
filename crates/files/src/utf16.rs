//! UTF-16, as some spreadsheets and shells write it, read as UTF-8.

use std::io::{self, Read};

#[derive(Clone, Copy, Debug)]
pub(crate) enum ByteOrder {
    Little,
    Big,
}

/// Reads UTF-16 and gives UTF-8; U+FFFD for what is no character.
pub(crate) struct Utf16<R> {
    from: R,
    order: ByteOrder,
    raw: Vec<u8>,
    /// Bytes at the start of `raw` left over from the last read: half a unit, or half a pair.
    kept: usize,
    text: Vec<u8>,
    given: usize,
}

impl<R: Read> Utf16<R> {
    pub(crate) fn new(from: R, order: ByteOrder) -> Self {
        Self { from, order, raw: vec![0; 32 * 1024], kept: 0, text: Vec::new(), given: 0 }
    }

    /// Decodes the next bytes into `text`, which stays empty at the end of the input.
    fn fill(&mut self) -> io::Result<()> {
        self.text.clear();
        self.given = 0;
        while self.text.is_empty() {
            let count = self.from.read(self.raw.get_mut(self.kept..).unwrap_or_default())?;
            let length = self.kept + count;
            let bytes = self.raw.get(..length).unwrap_or_default();
            let (pairs, half) = bytes.as_chunks::<2>();
            let mut units: Vec<u16> = pairs
                .iter()
                .map(|pair| match self.order {
                    ByteOrder::Little => u16::from_le_bytes(*pair),
                    ByteOrder::Big => u16::from_be_bytes(*pair),
                })
                .collect();
            let mut rest = half.len();
            if count > 0 && units.last().is_some_and(|unit| (0xD800..0xDC00).contains(unit)) {
                units.pop();
                rest += 2;
            }
            let characters = char::decode_utf16(units)
                .map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER));
            let mut text = String::with_capacity(length);
            text.extend(characters);
            if count == 0 && rest > 0 {
                text.push(char::REPLACEMENT_CHARACTER);
                rest = 0;
            }
            self.text = text.into_bytes();
            self.raw.copy_within(length - rest..length, 0);
            self.kept = rest;
            if count == 0 {
                break;
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.given == self.text.len() && !to.is_empty() {
            self.fill()?;
        }
        let count = self.text.get(self.given..).unwrap_or_default().read(to)?;
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(to.len());
            self.0.read(&mut to[..count])
        }
    }

    #[test]
    fn characters_survive_every_cut() {
        let text = "{\"ä\": \"😀\"}\n".repeat(3);
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for step in 1..9 {
            for (bytes, order) in [(&little, ByteOrder::Little), (&big, ByteOrder::Big)] {
                let mut read = String::new();
                Utf16::new(Drip(bytes, step), order).read_to_string(&mut read).unwrap();
                assert_eq!(read, text, "{step}");
            }
        }
    }

    #[test]
    fn halves_become_replacement_characters() {
        for bytes in [b"a\0\x3D\xD8b\0c".as_slice(), b"a\0\x3D\xD8b\0\x3D\xD8"] {
            let mut read = String::new();
            Utf16::new(bytes, ByteOrder::Little).read_to_string(&mut read).unwrap();
            assert_eq!(read, "a\u{fffd}b\u{fffd}");
        }
    }
}
