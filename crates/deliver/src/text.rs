//! Texts from outside, made fit for messages.

/// Makes a line of at most `most` UTF-16 units of a text: what could break lines, hide or turn
/// what follows around becomes a space, `escape` says what is written for a character, and what is
/// cut off ends with `…`. Never empty, since neither Slack nor Teams takes that.
pub(crate) fn line(
    text: &str,
    most: usize,
    escape: impl Fn(char) -> Option<&'static str>,
) -> String {
    let mut line = String::new();
    let mut units = 0;
    // Where to cut when it turns out to be too long: behind this many bytes `…` has room.
    let mut cut = 0;
    for one in text.chars() {
        let one = if is_unfit(one) { ' ' } else { one };
        let mut plain = [0; 4];
        let written = escape(one).unwrap_or_else(|| one.encode_utf8(&mut plain));
        units += written.encode_utf16().count();
        if units > most {
            line.truncate(cut);
            line.push('…');
            break;
        }
        line.push_str(written);
        if units < most {
            cut = line.len();
        }
    }
    if line.trim().is_empty() { "-".to_owned() } else { line }
}

/// Control characters, and the invisible ones that Unicode has for formatting.
fn is_unfit(one: char) -> bool {
    one.is_control()
        || matches!(one,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// A time as RFC 3339 has it, to the second.
pub(crate) fn time(ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(ms);
    time.map_or_else(|_| "unknown".to_owned(), |time| format!("{time:.0}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn plain(_: char) -> Option<&'static str> {
        None
    }

    #[test]
    fn lines_are_cut_at_whole_escapes() {
        let escape = |one| (one == '&').then_some("&amp;");
        assert_eq!(line("a&b", 10, escape), "a&amp;b");
        assert_eq!(line("a&b", 7, escape), "a&amp;b");
        assert_eq!(line("a&b", 6, escape), "a…");
        assert_eq!(line("a&&", 7, escape), "a&amp;…");
        assert_eq!(line("a\r\nb\u{202e}c", 9, plain), "a  b c");
        assert_eq!(line("🦀🦀", 3, plain), "🦀…");
        assert_eq!(line("", 9, plain), "-");
        assert_eq!(line("\n", 9, plain), "-");
        assert_eq!(time(1_788_220_800_123), "2026-09-01T00:00:00Z");
        assert_eq!(time(i64::MAX), "unknown");
    }

    proptest! {
        #[test]
        fn lines_fit(text: String, most in 5_usize..50) {
            let line = line(&text, most, |one| (one == 'a').then_some("(a)"));
            prop_assert!(line.encode_utf16().count() <= most);
            prop_assert!(!line.trim().is_empty() && !line.contains('\n'));
        }
    }
}
