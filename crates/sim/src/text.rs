//! Short ASCII text kept in place: identifiers and addresses, of which every event has many.

use std::fmt;

/// At most [`Text::CAPACITY`] ASCII characters. What does not fit is left out.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) struct Text {
    length: u8,
    bytes: [u8; Text::CAPACITY],
}

impl Text {
    /// Enough for a UUID and for any IPv6 address.
    pub(crate) const CAPACITY: usize = 39;

    pub(crate) fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(usize::from(self.length)) {
            *slot = if byte.is_ascii() { byte } else { b'?' };
            self.length += 1;
        }
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.length)
    }

    pub(crate) fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.len()).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl Default for Text {
    fn default() -> Text {
        Text { length: 0, bytes: [0; Text::CAPACITY] }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        let mut short = Text::default();
        for byte in text.bytes() {
            short.push(byte);
        }
        short
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.push(byte);
        }
        Ok(())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_ascii_up_to_its_capacity() {
        assert_eq!(Text::from("00u1").as_str(), "00u1");
        assert_eq!(Text::from("é").as_str(), "??");
        assert_eq!(Text::from("x".repeat(60).as_str()).len(), Text::CAPACITY);
        assert_eq!(Text::default().as_str(), "");
    }
}
