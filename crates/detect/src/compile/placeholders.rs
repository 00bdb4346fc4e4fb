//! The values that placeholders stand for.

use std::collections::BTreeMap;

use crate::sigma::{Part, Pattern};

/// The most values that one value with several placeholders may become.
const MAX_COMBINATIONS: usize = 4_000_000;

/// Lists of values, by the name that rules have between percent signs.
///
/// ```
/// let mut placeholders = detect::Placeholders::default();
/// placeholders.insert("trusted_domains", ["@example.org", "@example.net"]);
/// placeholders.insert_literal("indicator_url", ["https://evil.example/?id=*"]);
/// assert!(placeholders.contains("trusted_domains"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Placeholders {
    lists: BTreeMap<String, List>,
}

#[derive(Clone, Debug)]
struct List {
    values: Vec<String>,
    /// Whether `*`, `?` and `\` in the values are just characters.
    literal: bool,
}

impl Placeholders {
    /// Sets the values of a placeholder: strings as rules have them, where `*` and `?` are
    /// wildcards. An empty list is one too: the placeholder is known and stands for nothing.
    pub fn insert<V: Into<String>>(
        &mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) {
        let values = values.into_iter().map(Into::into).collect();
        self.lists.insert(name.into(), List { values, literal: false });
    }

    /// Sets the values of a placeholder, in which `*`, `?` and `\` are characters like others.
    pub fn insert_literal<V: Into<String>>(
        &mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) {
        let values = values.into_iter().map(Into::into).collect();
        self.lists.insert(name.into(), List { values, literal: true });
    }

    /// Whether the placeholder is known, be its list empty or not.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.lists.contains_key(name)
    }

    /// Whether the placeholder has no values.
    pub(crate) fn is_empty(&self, name: &str) -> bool {
        self.lists.get(name).is_none_or(|list| list.values.is_empty())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.lists.keys().map(String::as_str)
    }

    /// Every combination of values for the placeholders of a pattern; none when one of them has
    /// no values.
    ///
    /// # Errors
    ///
    /// A message, when there are too many combinations.
    pub(crate) fn expand(&self, pattern: &Pattern) -> Result<Vec<Pattern>, String> {
        let mut expanded = vec![Pattern::default()];
        for part in pattern.parts() {
            let Part::Placeholder(name) = part else {
                expanded.iter_mut().for_each(|pattern| pattern.push(part.clone()));
                continue;
            };
            let Some(list) = self.lists.get(name) else { return Ok(Vec::new()) };
            if expanded.len().saturating_mul(list.values.len()) > MAX_COMBINATIONS {
                return Err(format!("the placeholders make more than {MAX_COMBINATIONS} values"));
            }
            let mut next = Vec::with_capacity(expanded.len() * list.values.len());
            for value in &list.values {
                let value = match list.literal {
                    true => Pattern::literal(value),
                    false => Pattern::parse(value, false),
                };
                for before in &expanded {
                    let mut pattern = before.clone();
                    value.parts().iter().for_each(|part| pattern.push(part.clone()));
                    next.push(pattern);
                }
            }
            expanded = next;
        }
        Ok(expanded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_combined() {
        let mut placeholders = Placeholders::default();
        placeholders.insert("a", ["1", "2*"]);
        placeholders.insert_literal("b", ["x*", "y"]);
        placeholders.insert("none", Vec::<String>::new());
        let cases = [
            ("plain", 1),
            ("%a%", 2),
            ("<%a%-%b%>", 4),
            ("%none%", 0),
            ("%a%%none%", 0),
            ("%unknown%", 0),
        ];
        for (text, count) in cases {
            let expanded = placeholders.expand(&Pattern::parse(text, true)).unwrap();
            assert_eq!(expanded.len(), count, "{text}");
        }
        let expanded = placeholders.expand(&Pattern::parse("%b%", true)).unwrap();
        assert_eq!(expanded[0].as_literal(), Some("x*"));
        let expanded = placeholders.expand(&Pattern::parse("%a%", true)).unwrap();
        assert_eq!(expanded[1], Pattern::parse("2*", false));
    }
}
