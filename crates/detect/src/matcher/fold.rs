//! Upper and lower case made the same, character for character.

use std::borrow::Cow;

/// One character for all its cases. Every character stays one character, so that `?` in a
/// pattern stands for the same thing before and after.
pub(crate) fn fold_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    // Through upper case first, which brings together characters that share one: σ and ς.
    // Dotless ı is the exception: its upper case is I, yet it is not an i.
    let upper = match single(c.to_uppercase()) {
        Some(upper) if c != 'ı' => upper,
        _ => c,
    };
    single(upper.to_lowercase()).unwrap_or(upper)
}

fn single(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next()?;
    chars.next().is_none().then_some(first)
}

/// A text with every character folded, borrowed when that changes nothing.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    if is_folded_ascii(text) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(fold_char).collect())
}

/// Whether folding leaves the text as it is, for a reason that is quick to see.
pub(crate) fn is_folded_ascii(text: &str) -> bool {
    // Whole blocks without a branch, so that the compiler can look at many bytes at once.
    let folded = |block: &[u8]| {
        block.iter().fold(true, |all, byte| all & byte.is_ascii() & !byte.is_ascii_uppercase())
    };
    text.as_bytes().chunks(32).all(folded)
}

/// Appends the folded text.
pub(crate) fn fold_into(text: &str, out: &mut String) {
    if text.is_ascii() {
        let start = out.len();
        out.push_str(text);
        if let Some(appended) = out.get_mut(start..) {
            appended.make_ascii_lowercase();
        }
        return;
    }
    out.extend(text.chars().map(fold_char));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_become_the_same() {
        for (a, b) in [
            ("ABC", "abc"),
            ("Ärger", "ÄRGER"),
            ("ΟΔΟΣ", "οδος"),
            ("ÇELİK", "çelİk"),
            ("ЖУК", "жук"),
            ("K", "k"),
            ("ſ", "S"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} {b}");
        }
        for (a, b) in [("i", "ı"), ("ß", "ss"), ("é", "e")] {
            assert_ne!(fold(a), fold(b), "{a} {b}");
        }
    }

    #[test]
    fn every_character_stays_one_and_folds_once() {
        for c in '\0'..=char::MAX {
            let folded = fold_char(c);
            assert_eq!(fold_char(folded), folded, "{c}");
            assert_eq!(fold_char(single(c.to_lowercase()).unwrap_or(c)), folded, "{c}");
        }
    }

    #[test]
    fn appending_is_the_same() {
        for text in ["", "plain", "UPPER", "Größe ΣΑΣ", &"A".repeat(100)] {
            let mut out = String::from("X");
            fold_into(text, &mut out);
            assert_eq!(out, format!("X{}", fold(text)), "{text}");
            assert!(!is_folded_ascii(text) || fold(text) == text);
        }
    }
}
