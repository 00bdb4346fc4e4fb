//! Text from outside, made fit for a terminal.

use std::borrow::Cow;

/// Replaces what could move the cursor, change colours, reverse the direction of what follows or
/// hide itself: control characters, and the invisible ones that Unicode has for formatting.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_unfit) {
        Cow::Owned(text.chars().map(|one| if is_unfit(one) { '\u{fffd}' } else { one }).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// Cleans a text and cuts it to `width` columns.
pub(crate) fn clean_to(text: &str, width: usize) -> String {
    use unicode_width::UnicodeWidthChar;

    let text = clean(text);
    let mut cut = String::new();
    let mut taken = 0;
    for one in text.chars() {
        taken += one.width().unwrap_or_default();
        if taken > width {
            // Make room for the mark that something is missing.
            while cut.chars().map(|one| one.width().unwrap_or_default()).sum::<usize>() >= width {
                if cut.pop().is_none() {
                    break;
                }
            }
            cut.push('…');
            break;
        }
        cut.push(one);
    }
    cut
}

fn is_unfit(one: char) -> bool {
    one.is_control()
        || matches!(one,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn nothing_moves_hides_or_colours() {
        assert_eq!(clean("Zoë 🦀 \"x\""), "Zoë 🦀 \"x\"");
        assert_eq!(
            clean("\u{1b}[31mred\r\n\u{202e}txt"),
            "\u{fffd}[31mred\u{fffd}\u{fffd}\u{fffd}txt"
        );
    }

    proptest! {
        #[test]
        fn what_is_cut_fits(text: String, width in 1_usize..30) {
            prop_assert!(clean_to(&text, width).width() <= width);
        }
    }
}
