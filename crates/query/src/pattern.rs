//! Texts with `*` and `?` in them.

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// This text; never empty.
    Text(String),
    /// `?`: any one character.
    One,
    /// `*`: any characters, or none.
    Many,
}

/// A text with wildcards in it, of which there is at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    pieces: Vec<Piece>,
}

impl Pattern {
    /// A pattern of these pieces: texts that stand side by side are joined, and so are `*`.
    #[must_use]
    pub fn new(pieces: impl IntoIterator<Item = Piece>) -> Self {
        let mut joined: Vec<Piece> = Vec::new();
        for piece in pieces {
            match (joined.last_mut(), piece) {
                (_, Piece::Text(text)) if text.is_empty() => {}
                (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
                (Some(Piece::Many), Piece::Many) => {}
                (_, piece) => joined.push(piece),
            }
        }
        Self { pieces: joined }
    }

    /// The pieces in their order.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The text that everything that matches begins with; may be empty.
    #[must_use]
    pub fn prefix(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Text(text)) => text,
            _ => "",
        }
    }

    /// The same pattern with other texts, such as those in lower case.
    #[must_use]
    pub fn map(&self, change: impl Fn(&str) -> String) -> Self {
        Self::new(self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => Piece::Text(change(text)),
            other => other.clone(),
        }))
    }

    /// Whether the whole of `text` is as the pattern says. What stands between two `*` is looked
    /// for once, from left to right: there is no going back that a pattern could multiply.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let mut parts = self.pieces.split(|piece| *piece == Piece::Many);
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = strip(first, text) else { return false };
        let Some(mut part) = parts.next() else { return rest.is_empty() };
        for next in parts {
            let Some(behind) = find(part, rest) else { return false };
            rest = behind;
            part = next;
        }
        ends_with(part, rest)
    }
}

/// What is behind `part` at the beginning of `text`.
fn strip<'t>(part: &[Piece], text: &'t str) -> Option<&'t str> {
    part.iter().try_fold(text, |rest, piece| match piece {
        Piece::Text(text) => rest.strip_prefix(text.as_str()),
        Piece::One => {
            let mut characters = rest.chars();
            characters.next().map(|_| characters.as_str())
        }
        Piece::Many => Some(rest),
    })
}

/// What is behind the first place in `text` where `part` stands.
fn find<'t>(part: &[Piece], text: &'t str) -> Option<&'t str> {
    match part {
        [] => Some(text),
        [Piece::Text(only)] => text.split_once(only.as_str()).map(|(_, behind)| behind),
        _ => {
            let starts = text.char_indices().filter_map(|(at, _)| text.get(at..));
            starts.map(|from| strip(part, from)).find_map(|found| found)
        }
    }
}

fn ends_with(part: &[Piece], text: &str) -> bool {
    let rest = part.iter().rev().try_fold(text, |rest, piece| match piece {
        Piece::Text(text) => rest.strip_suffix(text.as_str()),
        Piece::One => {
            let mut characters = rest.chars();
            characters.next_back().map(|_| characters.as_str())
        }
        Piece::Many => Some(rest),
    });
    rest.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text.chars().map(|one| match one {
            '*' => Piece::Many,
            '?' => Piece::One,
            other => Piece::Text(other.to_string()),
        }))
    }

    /// Whether it matches, by Wagner's and Fischer's table.
    fn slowly(pattern: &str, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let mut reached = vec![false; text.len() + 1];
        reached[0] = true;
        for one in pattern.chars() {
            let mut next = vec![false; text.len() + 1];
            for at in 0..=text.len() {
                next[at] = match one {
                    '*' => reached[at] || (at > 0 && next[at - 1]),
                    '?' => at > 0 && reached[at - 1],
                    other => at > 0 && reached[at - 1] && text[at - 1] == other,
                };
            }
            reached = next;
        }
        reached[text.len()]
    }

    #[test]
    fn prefixes_are_what_stands_first() {
        assert_eq!(pattern("ada*").prefix(), "ada");
        assert_eq!(pattern("*ada").prefix(), "");
        assert_eq!(pattern("a**b???*").pieces().len(), 7);
    }

    #[test]
    fn hostile_patterns_take_no_time() {
        let text = "a".repeat(60_000);
        assert!(
            !pattern(&"*a".repeat(2_000)).map(|text| text.to_owned()).matches(&"b".repeat(60_000))
        );
        assert!(!pattern(&format!("{}b", "*a".repeat(2_000))).matches(&text));
        assert!(!pattern(&format!("*{}b*", "a".repeat(2_000))).matches(&text));
        assert!(pattern(&"*a*?".repeat(2_000)).matches(&text));
    }

    proptest! {
        #[test]
        fn matching_agrees_with_a_table(wild in "[abé*?]{0,9}", text in "[abé]{0,12}") {
            prop_assert_eq!(pattern(&wild).matches(&text), slowly(&wild, &text));
        }
    }
}
