//! Regular expressions of the `re` modifier.

use regex::{Regex, RegexBuilder};

use super::modifier::Modifier;

/// The most memory that one compiled expression may take, in bytes.
const MAX_SIZE: usize = 4 << 20;

/// Compiles an expression with the flags `i`, `m` and `s` among `modifiers`. On error: a message
/// and perhaps a hint.
///
/// Sigma's flavour is the part of PCRE that needs no backtracking (specification 2.1.0,
/// appendix "Sigma Modifiers"), so look-around and back-references are refused.
pub(crate) fn compile(
    pattern: &str,
    modifiers: &[Modifier],
) -> Result<Regex, (String, Option<String>)> {
    let built = RegexBuilder::new(pattern)
        .case_insensitive(modifiers.contains(&Modifier::IgnoreCase))
        .multi_line(modifiers.contains(&Modifier::MultiLine))
        .dot_matches_new_line(modifiers.contains(&Modifier::DotAll))
        .size_limit(MAX_SIZE)
        .nest_limit(100)
        .build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => {
            let hint = "use smaller repetition counts, or split it".to_owned();
            ("the regular expression is too large".to_owned(), Some(hint))
        }
        error => explain(&error.to_string()),
    })
}

/// The last line of a regex error says what is wrong; the lines before draw a picture of it.
fn explain(error: &str) -> (String, Option<String>) {
    let last = error.lines().last().unwrap_or_default();
    let reason = last.strip_prefix("error: ").unwrap_or(last);
    let hint = if reason.contains("look-around") {
        Some("use a second selection and 'not' in the condition in place of look-around")
    } else if reason.contains("backreference") {
        Some("sigma's regular expressions have no back-references")
    } else {
        None
    };
    (format!("not a regular expression: {reason}"), hint.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_explained() {
        let cases = [
            ("(a", "unclosed group", false),
            ("(?!a)b", "look-around", true),
            (r"(a)\1", "backreference", true),
            ("a{1000}{1000}{10}", "too large", true),
        ];
        for (pattern, message, hinted) in cases {
            let (error, hint) = compile(pattern, &[Modifier::Re]).unwrap_err();
            assert!(error.contains(message), "{pattern}: {error}");
            assert_eq!(hint.is_some(), hinted, "{pattern}");
        }
    }

    #[test]
    fn flags_are_heeded() {
        use Modifier::{DotAll, IgnoreCase, MultiLine};
        let cases: [(&str, &[Modifier], &str, bool); 6] = [
            ("^abc$", &[], "ABC", false),
            ("^abc$", &[IgnoreCase], "ABC", true),
            ("^b$", &[], "a\nb", false),
            ("^b$", &[MultiLine], "a\nb", true),
            ("a.b", &[], "a\nb", false),
            ("a.b", &[DotAll], "a\nb", true),
        ];
        for (pattern, flags, text, matches) in cases {
            assert_eq!(compile(pattern, flags).unwrap().is_match(text), matches, "{pattern}");
        }
    }
}
