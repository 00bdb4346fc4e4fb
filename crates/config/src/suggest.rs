//! What may have been meant.

use strsim::{damerau_levenshtein, jaro_winkler};

/// Longer words are not looked at: nothing that is known is as long.
const LONGEST: usize = 64;

/// The known word that is most like this one, as a question.
pub(crate) fn suggest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<String> {
    nearest(word, known).map(|known| format!("did you mean {known}?"))
}

/// The known word that is most like this one, if it is like it at all.
pub(crate) fn nearest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    if word.chars().count() > LONGEST {
        return None;
    }
    let plain = |word: &str| word.to_lowercase().replace(['-', ' '], "_");
    let word = plain(word);
    let score = |known: &'w str| {
        let plain = plain(known);
        let edits = damerau_levenshtein(&word, &plain);
        let is_near = edits * 3 <= plain.len().max(3) || jaro_winkler(&word, &plain) > 0.9;
        is_near.then_some((edits, known))
    };
    known.filter_map(score).min_by_key(|(edits, _)| *edits).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised() {
        let known = ["listen", "tls_cert", "tls_key", "token_file", "kind", "of"];
        for (word, expected) in [
            ("lsiten", Some("listen")),
            ("Listen", Some("listen")),
            ("tls-key", Some("tls_key")),
            ("tokenfile", Some("token_file")),
            ("typ", None),
            ("", None),
            ("completely_different", None),
        ] {
            assert_eq!(nearest(word, known.into_iter()), expected, "{word}");
        }
        assert_eq!(nearest(&"x".repeat(1_000_000), known.into_iter()), None);
    }
}
