//! Numbers, checked against JSON's grammar and kept as they were written.

/// The length of the JSON number at the start of `bytes`, or the offset at which it goes wrong.
///
/// ```text
/// number = [ "-" ] ( "0" / 1-9 *digit ) [ "." 1*digit ] [ ("e" / "E") [ "+" / "-" ] 1*digit ]
/// ```
pub(super) fn scan(bytes: &[u8]) -> Result<usize, usize> {
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    match bytes.get(at) {
        Some(b'0') => at += 1,
        Some(b'1'..=b'9') => at = digits(bytes, at),
        _ => return Err(at),
    }
    if bytes.get(at) == Some(&b'.') {
        at = some_digits(bytes, at + 1)?;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1;
        at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
        at = some_digits(bytes, at)?;
    }
    Ok(at)
}

fn digits(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b'0'..=b'9')) {
        at += 1;
    }
    at
}

fn some_digits(bytes: &[u8], at: usize) -> Result<usize, usize> {
    let end = digits(bytes, at);
    if end == at { Err(at) } else { Ok(end) }
}

#[cfg(test)]
mod tests {
    use super::scan;

    #[test]
    fn numbers_are_those_of_json() {
        for good in ["0", "-0", "7", "10", "-12.5", "1e9", "1.25E-7", "9007199254740993", "1e400"] {
            assert_eq!(scan(good.as_bytes()), Ok(good.len()), "{good}");
        }
        for (bad, at) in [("-", 1), ("", 0), ("1.", 2), ("1e", 2), ("1e+", 3), (".5", 0), ("+1", 0)]
        {
            assert_eq!(scan(bad.as_bytes()), Err(at), "{bad}");
        }
        assert_eq!(scan(b"01"), Ok(1), "the second digit belongs to nobody");
        assert_eq!(scan(b"12,"), Ok(2));
    }
}
