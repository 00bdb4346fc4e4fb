//! The `after` of a link: where a page ended, in a form that nobody should look into.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::log::Moment;

/// Where a page ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Cursor {
    /// The next page of a polling request starts at this position.
    Position(u64),
    /// The last event of the page of a bounded request.
    After(Moment),
}

impl Cursor {
    /// As text, which only the same `secret` reads back.
    pub(crate) fn write(self, secret: u64) -> String {
        let (kind, published, position) = match self {
            Cursor::Position(position) => (1_u8, 0, position),
            Cursor::After((published, position)) => (2, published, position),
        };
        let mut bytes = Vec::with_capacity(21);
        bytes.push(kind);
        bytes.extend_from_slice(&published.to_be_bytes());
        bytes.extend_from_slice(&position.to_be_bytes());
        let seal = seal(&bytes, secret);
        bytes.extend_from_slice(&seal);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what [`Cursor::write`] wrote; nothing for any other text.
    pub(crate) fn read(text: &str, secret: u64) -> Option<Cursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (body, sealed) = bytes.split_at_checked(17)?;
        if seal(body, secret) != sealed {
            return None;
        }
        let (kind, rest) = body.split_first()?;
        let (published, position) = rest.split_first_chunk::<8>()?;
        let position = u64::from_be_bytes(position.try_into().ok()?);
        match kind {
            1 => Some(Cursor::Position(position)),
            2 => Some(Cursor::After((i64::from_be_bytes(*published), position))),
            _ => None,
        }
    }
}

/// Four bytes that tell a cursor of this organisation from one that was made up.
fn seal(bytes: &[u8], secret: u64) -> [u8; 4] {
    let mut hash = secret ^ 0xcbf2_9ce4_8422_2325;
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        hash ^= hash >> 29;
    }
    ((hash >> 32) as u32 ^ hash as u32).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn cursors_read_back(published: i64, position: u64, secret: u64) {
            for cursor in [Cursor::Position(position), Cursor::After((published, position))] {
                let text = cursor.write(secret);
                prop_assert_eq!(Cursor::read(&text, secret), Some(cursor));
                prop_assert_eq!(Cursor::read(&text, secret ^ 1), None);
            }
        }

        #[test]
        fn what_is_made_up_is_none(text: String) {
            prop_assert_eq!(Cursor::read(&text, 7), None);
        }
    }
}
