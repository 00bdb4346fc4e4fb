//! Characters that can't be seen or that change how others are shown, made visible.

use std::borrow::Cow;

/// Whether a character has no shape of its own, or moves the text around it: controls, the
/// bidirectional overrides and isolates, zero-width characters, fillers, line and paragraph
/// separators, tags. An attacker who names a thing can use any of them to make it look like
/// another. The script has the same table.
pub(super) fn is_hidden(character: char) -> bool {
    matches!(character,
        '\u{0}'..='\u{1f}'
        | '\u{7f}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{115f}' | '\u{1160}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// The name under which a hidden character is shown: `U+202E`.
pub(super) fn name(character: char) -> String {
    format!("U+{:04X}", u32::from(character))
}

/// `text` with every hidden character replaced by its name in brackets, for places that hold
/// plain text: titles and attributes.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_hidden(character) {
            out.push('⟨');
            out.push_str(&name(character));
            out.push('⟩');
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

/// The first `limit` characters of `text`, and how many it has when these are not all.
pub(super) fn clip(text: &str, limit: usize) -> (&str, Option<usize>) {
    match text.char_indices().nth(limit) {
        None => (text, None),
        Some((end, _)) => (text.get(..end).unwrap_or(text), Some(text.chars().count())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_what_cannot_be_seen() {
        let cases = [
            ("ada", "ada"),
            ("Zoë Ωμέγα 山田", "Zoë Ωμέγα 山田"),
            ("gpj.\u{202e}exe", "gpj.⟨U+202E⟩exe"),
            ("a\0b\n", "a⟨U+0000⟩b⟨U+000A⟩"),
            ("admi\u{200b}n", "admi⟨U+200B⟩n"),
            ("\u{e0041}", "⟨U+E0041⟩"),
        ];
        for (text, expected) in cases {
            assert_eq!(visible(text), expected);
        }
    }

    #[test]
    fn clips_at_characters() {
        assert_eq!(clip("żółw", 4), ("żółw", None));
        assert_eq!(clip("żółw", 3), ("żół", Some(4)));
        assert_eq!(clip("", 3), ("", None));
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left(text in any::<String>()) {
            prop_assert!(!visible(&text).chars().any(is_hidden));
        }

        #[test]
        fn a_clip_is_a_start_of_at_most_the_limit(text in any::<String>(), limit in 0_usize..20) {
            let (start, total) = clip(&text, limit);
            prop_assert!(text.starts_with(start));
            prop_assert!(start.chars().count() <= limit);
            prop_assert_eq!(total.is_none(), start == text);
        }
    }
}
