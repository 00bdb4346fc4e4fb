//! Modifiers that make another text of a value: `windash`, the UTF-16 family, `base64`,
//! `base64offset`, and at the end `contains`, `startswith`, `endswith`.

use crate::sigma::{Modifier, Part, Pattern};

/// What `windash` puts in place of a dash.
const DASHES: [char; 5] = ['-', '/', '–', '—', '―'];
/// The most dashes of one value that `windash` varies; each makes five values of one.
const MAX_DASHES: usize = 5;

/// A part of a value underway, as bytes that need not be UTF-8.
#[derive(Clone)]
enum Piece {
    Bytes(Vec<u8>),
    Many,
    One,
}

/// Checks that the modifiers can be applied to a value, except where that depends on what
/// placeholders stand for.
pub(crate) fn check(pattern: &Pattern, modifiers: &[Modifier]) -> Result<(), String> {
    if pattern.placeholders().next().is_some() {
        return Ok(());
    }
    apply(pattern.clone(), modifiers).map(drop)
}

/// Applies the modifiers in the order in which they stand. One value may become several, one of
/// which has to be found.
///
/// # Errors
///
/// A message, when a modifier can't be applied to this value.
pub(crate) fn apply(pattern: Pattern, modifiers: &[Modifier]) -> Result<Vec<Pattern>, String> {
    let mut patterns = vec![pattern];
    if modifiers.contains(&Modifier::WinDash) {
        let [pattern] = patterns.as_slice() else { return Ok(patterns) };
        patterns = windash(pattern)?;
    }
    if modifiers.iter().any(|modifier| modifier.is_utf16() || modifier.is_base64()) {
        patterns = patterns.iter().map(|pattern| encoded(pattern, modifiers)).try_fold(
            Vec::new(),
            |mut all, encoded| {
                all.extend(encoded?);
                Ok::<_, String>(all)
            },
        )?;
    }
    let position = modifiers.iter().find(|modifier| modifier.is_position());
    Ok(patterns
        .into_iter()
        .map(|pattern| match position {
            Some(Modifier::Contains) => pattern.after_anything().before_anything(),
            Some(Modifier::StartsWith) => pattern.before_anything(),
            Some(Modifier::EndsWith) => pattern.after_anything(),
            _ => pattern,
        })
        .collect())
}

/// Varies every dash or slash that begins a word and does not end one, as pySigma does: in
/// `-param-name` the first only.
fn windash(pattern: &Pattern) -> Result<Vec<Pattern>, String> {
    let mut variants = vec![Pattern::default()];
    let mut dashes = 0;
    for part in pattern.parts() {
        let Part::Literal(text) = part else {
            variants.iter_mut().for_each(|variant| variant.push(part.clone()));
            continue;
        };
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let mut before = None;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let begins_word =
                !before.is_some_and(is_word) && chars.peek().is_some_and(|next| is_word(*next));
            before = Some(c);
            if !DASHES.contains(&c) || !begins_word {
                let part = Part::Literal(c.into());
                variants.iter_mut().for_each(|variant| variant.push(part.clone()));
                continue;
            }
            dashes += 1;
            if dashes > MAX_DASHES {
                return Err(format!("'windash' with more than {MAX_DASHES} dashes"));
            }
            variants = variants
                .iter()
                .flat_map(|variant| {
                    DASHES.map(|dash| {
                        let mut variant = variant.clone();
                        variant.push(Part::Literal(dash.into()));
                        variant
                    })
                })
                .collect();
        }
    }
    Ok(variants)
}

fn encoded(pattern: &Pattern, modifiers: &[Modifier]) -> Result<Vec<Pattern>, String> {
    let mut pieces: Vec<Piece> = Vec::new();
    for part in pattern.parts() {
        pieces.push(match part {
            Part::Literal(text) => Piece::Bytes(text.as_bytes().to_vec()),
            Part::Many => Piece::Many,
            Part::One => Piece::One,
            Part::Placeholder(name) => return Err(format!("'%{name}%' is not expanded")),
        });
    }
    let mut values = vec![pieces];
    for modifier in modifiers {
        match modifier {
            Modifier::Utf16Le => values.iter_mut().for_each(|value| utf16(value, u16::to_le_bytes)),
            Modifier::Utf16Be => values.iter_mut().for_each(|value| utf16(value, u16::to_be_bytes)),
            Modifier::Utf16 => {
                for value in &mut values {
                    utf16(value, u16::to_le_bytes);
                    match value.first_mut() {
                        Some(Piece::Bytes(bytes)) => drop(bytes.splice(..0, [0xFF, 0xFE])),
                        _ => value.insert(0, Piece::Bytes(vec![0xFF, 0xFE])),
                    }
                }
            }
            Modifier::Base64 => {
                for value in &mut values {
                    let encoded = base64(plain(value, "base64")?);
                    *value = vec![Piece::Bytes(encoded)];
                }
            }
            Modifier::Base64Offset => {
                let mut shifted = Vec::new();
                for value in &values {
                    shifted.extend(base64_offsets(plain(value, "base64offset")?));
                }
                if shifted.is_empty() {
                    return Err("the value is too short for 'base64offset'".to_owned());
                }
                values = shifted.into_iter().map(|bytes| vec![Piece::Bytes(bytes)]).collect();
            }
            _ => {}
        }
    }
    values.into_iter().map(finished).collect()
}

fn finished(pieces: Vec<Piece>) -> Result<Pattern, String> {
    let mut pattern = Pattern::default();
    for piece in pieces {
        pattern.push(match piece {
            Piece::Many => Part::Many,
            Piece::One => Part::One,
            Piece::Bytes(bytes) => Part::Literal(String::from_utf8(bytes).map_err(|_| {
                "the encoded value is no text: add 'base64' or 'base64offset'".to_owned()
            })?),
        });
    }
    Ok(pattern)
}

fn utf16(pieces: &mut [Piece], to_bytes: fn(u16) -> [u8; 2]) {
    for piece in pieces {
        if let Piece::Bytes(bytes) = piece {
            let text = String::from_utf8_lossy(bytes);
            let encoded = text.encode_utf16().flat_map(to_bytes).collect();
            *bytes = encoded;
        }
    }
}

/// The bytes of a value without wildcards.
fn plain<'p>(pieces: &'p [Piece], modifier: &str) -> Result<&'p [u8], String> {
    match pieces {
        [] => Ok(&[]),
        [Piece::Bytes(bytes)] => Ok(bytes),
        _ => Err(format!("'{modifier}' with wildcards")),
    }
}

/// The part of the encoded value that is the same whatever stands around it, for each of the
/// three places it can have within a group of three bytes.
fn base64_offsets(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut variants = Vec::new();
    for (shift, skipped) in [(0, 0), (1, 2), (2, 3)] {
        let mut shifted = vec![b' '; shift];
        shifted.extend_from_slice(bytes);
        let dropped = match shifted.len() % 3 {
            0 => 0,
            1 => 3,
            _ => 2,
        };
        let encoded = base64(&shifted);
        let kept = encoded.get(skipped..encoded.len().saturating_sub(dropped));
        variants.extend(kept.filter(|kept| !kept.is_empty()).map(<[u8]>::to_vec));
    }
    variants
}

/// Base64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit)) & 0x3F;
            let letter = ALPHABET.get(value as usize).copied().unwrap_or(b'=');
            encoded.push(if digit as usize <= group.len() { letter } else { b'=' });
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use Modifier::{Base64, Base64Offset, Contains, Utf16, Utf16Be, Utf16Le, WinDash};

    fn literals(text: &str, modifiers: &[Modifier]) -> Vec<String> {
        let patterns = apply(Pattern::parse(text, false), modifiers).unwrap();
        patterns.iter().map(|pattern| pattern.as_literal().unwrap().to_owned()).collect()
    }

    #[test]
    fn encodings() {
        let cases: [(&str, &[Modifier], &[&str]); 9] = [
            ("", &[Base64], &[""]),
            ("f", &[Base64], &["Zg=="]),
            ("foobar", &[Base64], &["Zm9vYmFy"]),
            ("foob", &[Base64], &["Zm9vYg=="]),
            ("foo", &[Base64Offset], &["Zm9v", "Zvb", "mb2"]),
            ("cmd", &[Utf16Le], &["c\0m\0d\0"]),
            ("cmd", &[Utf16Be], &["\0c\0m\0d"]),
            ("cmd", &[Utf16, Base64], &["//5jAG0AZAA="]),
            ("é", &[Utf16Le, Base64], &["6QA="]),
        ];
        for (text, modifiers, expected) in cases {
            assert_eq!(literals(text, modifiers), expected, "{text} {modifiers:?}");
        }
    }

    #[test]
    fn an_offset_is_found_wherever_the_text_stands() {
        let variants = literals("http://", &[Base64Offset]);
        for before in ["", "x", "xy", "xyz", "xyzw"] {
            let whole = base64(format!("{before}http://example").as_bytes());
            let whole = String::from_utf8(whole).unwrap();
            assert!(variants.iter().any(|variant| whole.contains(variant)), "{before}: {whole}");
        }
    }

    #[test]
    fn dashes_that_begin_a_word_vary() {
        assert_eq!(literals("-param-name", &[WinDash]).len(), 5);
        assert_eq!(literals("-a /b", &[WinDash]).len(), 25);
        assert_eq!(literals("a - b", &[WinDash]), ["a - b"]);
        assert!(literals("-s", &[WinDash]).contains(&"—s".to_owned()));
    }

    #[test]
    fn what_cannot_be_encoded_is_refused() {
        let cases: [(&str, &[Modifier]); 4] = [
            ("a*b", &[Base64]),
            ("a?", &[Base64Offset, Contains]),
            ("x", &[Utf16]),
            ("-a -b -c -d -e -f", &[WinDash]),
        ];
        for (text, modifiers) in cases {
            assert!(apply(Pattern::parse(text, false), modifiers).is_err(), "{text}");
        }
    }
}
