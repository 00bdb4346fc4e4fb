//! Tests of one text: equal, prefix, suffix, substring, wildcards, and any of many of those.

use std::hash::BuildHasher;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use hashbrown::{DefaultHashBuilder, HashTable};
use memchr::memmem;

use crate::sigma::{Part, Pattern};

/// A test of one text. Whether case matters is decided by what it is given: patterns and texts
/// are either both folded or both as they were written.
#[derive(Debug)]
pub(crate) enum TextTest {
    Equals(Box<str>),
    StartsWith(Box<str>),
    EndsWith(Box<str>),
    Contains(Box<memmem::Finder<'static>>),
    Glob(Glob),
    OneOf(StringSet),
    StartsWithOneOf(AffixSet),
    EndsWithOneOf(AffixSet),
    ContainsOneOf(Box<AhoCorasick>),
}

impl TextTest {
    pub(crate) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Equals(value) => text == &**value,
            Self::StartsWith(value) => is_prefix(value.as_bytes(), text),
            Self::EndsWith(value) => is_suffix(value.as_bytes(), text),
            Self::Contains(finder) => finder.find(text.as_bytes()).is_some(),
            Self::Glob(glob) => glob.matches(text),
            Self::OneOf(set) => set.contains(text),
            Self::StartsWithOneOf(set) => set.has_prefix_of(text),
            Self::EndsWithOneOf(set) => set.has_suffix_of(text),
            Self::ContainsOneOf(automaton) => automaton.is_match(text),
        }
    }
}

/// Whether the text begins with these bytes. An empty vector points nowhere, and comparing no
/// bytes at such a place, right as it is, costs some processors a hundred nanoseconds: it is
/// looked for first.
fn is_prefix(bytes: &[u8], text: &str) -> bool {
    bytes.is_empty() || text.as_bytes().starts_with(bytes)
}

/// Whether the text ends with these bytes. See [`is_prefix`].
fn is_suffix(bytes: &[u8], text: &str) -> bool {
    bytes.is_empty() || text.as_bytes().ends_with(bytes)
}

/// How many tests of a kind are worth a common structure.
const MANY: usize = 4;

/// Patterns sorted by what they ask for, on the way to as few tests as possible.
#[derive(Debug, Default)]
pub(crate) struct TextTests {
    equal: Vec<String>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
    inner: Vec<String>,
    globs: Vec<Glob>,
}

impl TextTests {
    /// Adds a pattern; `map` is what happens to its literal text, such as folding.
    pub(crate) fn add(&mut self, pattern: &Pattern, map: impl Fn(&str) -> String) {
        match pattern.parts() {
            [] => self.equal.push(String::new()),
            [Part::Literal(text)] => self.equal.push(map(text)),
            [Part::Literal(text), Part::Many] => self.prefixes.push(map(text)),
            [Part::Many, Part::Literal(text)] => self.suffixes.push(map(text)),
            [Part::Many, Part::Literal(text), Part::Many] => self.inner.push(map(text)),
            [Part::Many] => self.prefixes.push(String::new()),
            parts => self.globs.push(Glob::new(parts, map)),
        }
    }

    /// As few tests as possible, cheap ones first.
    ///
    /// # Errors
    ///
    /// A message, when there is more text than an index can hold.
    pub(crate) fn finish(self) -> Result<Vec<TextTest>, String> {
        let mut tests = Vec::new();
        if self.equal.len() > MANY {
            tests.push(TextTest::OneOf(StringSet::new(&self.equal)?));
        } else {
            tests.extend(self.equal.into_iter().map(|text| TextTest::Equals(text.into())));
        }
        if self.prefixes.len() > MANY {
            tests.push(TextTest::StartsWithOneOf(AffixSet::new(&self.prefixes)?));
        } else {
            tests.extend(self.prefixes.into_iter().map(|text| TextTest::StartsWith(text.into())));
        }
        if self.suffixes.len() > MANY {
            tests.push(TextTest::EndsWithOneOf(AffixSet::new(&self.suffixes)?));
        } else {
            tests.extend(self.suffixes.into_iter().map(|text| TextTest::EndsWith(text.into())));
        }
        if self.inner.len() >= MANY {
            tests.push(TextTest::ContainsOneOf(Box::new(automaton(&self.inner)?)));
        } else {
            tests.extend(
                self.inner.iter().map(|text| {
                    TextTest::Contains(Box::new(memmem::Finder::new(text).into_owned()))
                }),
            );
        }
        tests.extend(self.globs.into_iter().map(TextTest::Glob));
        Ok(tests)
    }
}

pub(crate) fn automaton(texts: &[String]) -> Result<AhoCorasick, String> {
    AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .match_kind(MatchKind::Standard)
        .build(texts)
        .map_err(|error| format!("too many values for one 'contains': {error}"))
}

/// A set of strings, kept in one piece of memory: lists of indicators are long.
#[derive(Debug)]
pub(crate) struct StringSet {
    texts: String,
    spans: HashTable<(u32, u32)>,
    hasher: DefaultHashBuilder,
}

impl StringSet {
    pub(crate) fn new(values: &[String]) -> Result<Self, String> {
        let mut set = Self {
            texts: String::with_capacity(values.iter().map(String::len).sum()),
            spans: HashTable::with_capacity(values.len()),
            hasher: DefaultHashBuilder::default(),
        };
        for value in values {
            set.insert(value)?;
        }
        Ok(set)
    }

    fn insert(&mut self, value: &str) -> Result<(), String> {
        if self.contains(value) {
            return Ok(());
        }
        let too_large = |_| "the values are longer than 4 GiB together".to_owned();
        let start = u32::try_from(self.texts.len()).map_err(too_large)?;
        let length = u32::try_from(value.len()).map_err(too_large)?;
        let hash = self.hasher.hash_one(value);
        self.texts.push_str(value);
        let Self { texts, spans, hasher } = self;
        spans.insert_unique(hash, (start, length), |span| hasher.hash_one(text_at(texts, *span)));
        Ok(())
    }

    pub(crate) fn contains(&self, text: &str) -> bool {
        let hash = self.hasher.hash_one(text);
        self.spans.find(hash, |span| text_at(&self.texts, *span) == text).is_some()
    }
}

fn text_at(texts: &str, (start, length): (u32, u32)) -> &str {
    let start = start as usize;
    texts.get(start..start + length as usize).unwrap_or_default()
}

/// A set of prefixes or suffixes: one look into a set for every length that occurs.
#[derive(Debug)]
pub(crate) struct AffixSet {
    lengths: Box<[usize]>,
    set: StringSet,
}

impl AffixSet {
    pub(crate) fn new(values: &[String]) -> Result<Self, String> {
        let mut lengths: Vec<usize> = values.iter().map(String::len).collect();
        lengths.sort_unstable();
        lengths.dedup();
        Ok(Self { lengths: lengths.into(), set: StringSet::new(values)? })
    }

    fn has_prefix_of(&self, text: &str) -> bool {
        let fitting = self.lengths.iter().take_while(|length| **length <= text.len());
        fitting.filter_map(|length| text.get(..*length)).any(|prefix| self.set.contains(prefix))
    }

    fn has_suffix_of(&self, text: &str) -> bool {
        let fitting = self.lengths.iter().take_while(|length| **length <= text.len());
        fitting
            .filter_map(|length| text.get(text.len() - length..))
            .any(|suffix| self.set.contains(suffix))
    }
}

/// A pattern with wildcards in places that no simpler test has.
#[derive(Debug)]
pub(crate) struct Glob {
    /// What has to stand at the beginning.
    first: Segment,
    /// What has to stand in between, in this order; `None` when there is no `*` at all.
    others: Option<Others>,
}

#[derive(Debug)]
struct Others {
    inner: Box<[Segment]>,
    /// What has to stand at the end.
    last: Segment,
}

/// What stands between two `*`.
#[derive(Debug)]
enum Segment {
    Literal(Box<memmem::Finder<'static>>),
    /// With `?`, which is `None`.
    Letters(Box<[Option<char>]>),
}

impl Glob {
    fn new(parts: &[Part], map: impl Fn(&str) -> String) -> Self {
        let mut segments = parts.split(|part| *part == Part::Many);
        let first = Segment::new(segments.next().unwrap_or_default(), &map);
        let others = segments.next_back().map(|last| Others {
            inner: segments.map(|parts| Segment::new(parts, &map)).collect(),
            last: Segment::new(last, &map),
        });
        Self { first, others }
    }

    fn matches(&self, text: &str) -> bool {
        let Some(mut rest) = self.first.after_start(text) else { return false };
        let Some(Others { inner, last }) = &self.others else { return rest.is_empty() };
        // The first place is as good as any: it leaves the most for what follows.
        for segment in inner {
            match segment.after_first(rest) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        last.is_end_of(rest)
    }
}

impl Segment {
    fn new(parts: &[Part], map: impl Fn(&str) -> String) -> Self {
        match parts {
            [] => Self::Literal(Box::new(memmem::Finder::new("").into_owned())),
            [Part::Literal(text)] => {
                Self::Literal(Box::new(memmem::Finder::new(&map(text)).into_owned()))
            }
            parts => {
                let mut letters = Vec::new();
                for part in parts {
                    match part {
                        Part::Literal(text) => letters.extend(map(text).chars().map(Some)),
                        // Placeholders have been expanded before.
                        Part::One | Part::Many | Part::Placeholder(_) => letters.push(None),
                    }
                }
                Self::Letters(letters.into())
            }
        }
    }

    fn after_start<'t>(&self, text: &'t str) -> Option<&'t str> {
        match self {
            Self::Literal(finder) => {
                let needle = finder.needle();
                is_prefix(needle, text).then(|| text.get(needle.len()..))?
            }
            Self::Letters(letters) => {
                let mut chars = text.chars();
                letters
                    .iter()
                    .all(|expected| fits(*expected, chars.next()))
                    .then_some(chars.as_str())
            }
        }
    }

    fn after_first<'t>(&self, text: &'t str) -> Option<&'t str> {
        match self {
            Self::Literal(finder) => {
                let found = finder.find(text.as_bytes())?;
                text.get(found + finder.needle().len()..)
            }
            Self::Letters(_) => {
                let mut chars = text.chars();
                loop {
                    if let Some(after) = self.after_start(chars.as_str()) {
                        return Some(after);
                    }
                    chars.next()?;
                }
            }
        }
    }

    fn is_end_of(&self, text: &str) -> bool {
        match self {
            Self::Literal(finder) => is_suffix(finder.needle(), text),
            Self::Letters(letters) => {
                let mut chars = text.chars();
                letters.iter().rev().all(|expected| fits(*expected, chars.next_back()))
            }
        }
    }
}

fn fits(expected: Option<char>, found: Option<char>) -> bool {
    match (expected, found) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(expected), Some(found)) => expected == found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(patterns: &[&str]) -> Vec<TextTest> {
        let mut tests = TextTests::default();
        for pattern in patterns {
            tests.add(&Pattern::parse(pattern, false), str::to_owned);
        }
        tests.finish().unwrap()
    }

    #[test]
    fn wildcards_match_what_they_say() {
        let cases = [
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a?c", "aéc", true),
            ("?", "", false),
            ("?", "é", true),
            ("a*b*c", "abc", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "acb", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*ab*ab", "ab", false),
            ("*ab*ab", "abab", true),
            ("*a?", "aaab", true),
            ("a*?", "a", false),
            ("a*?", "ab", true),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("Lemon-Duck-*-*", "Lemon-Duck-ab-cd", true),
            ("Lemon-Duck-*-*", "Lemon-Duck-abcd", false),
        ];
        for (pattern, text, matches) in cases {
            assert_eq!(test(&[pattern])[0].matches(text), matches, "{pattern} {text}");
        }
    }

    #[test]
    fn many_values_become_one_test() {
        let cases = [
            ("value#", "value7", "value"),
            ("value#*", "value7-and-more", "valu"),
            ("*value#", "a value7", "value7 "),
            ("*value#*", "a value7 b", "value"),
        ];
        for (pattern, matching, other) in cases {
            let numbered = |n: usize| pattern.replace('#', &n.to_string());
            let patterns: Vec<String> = (0..100).map(numbered).collect();
            let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
            let tests = test(&patterns);
            assert_eq!(tests.len(), 1);
            assert!(tests[0].matches(matching), "{matching}");
            assert!(!tests[0].matches(other), "{other}");
        }
    }

    #[test]
    fn affixes_are_cut_between_characters() {
        let values = ["é", "éa", "a", "ab", "abc"].map(str::to_owned);
        let set = AffixSet::new(&values).unwrap();
        assert!(set.has_prefix_of("éx") && !set.has_prefix_of("xé"));
        assert!(set.has_suffix_of("xé") && !set.has_suffix_of("éx"));
    }
}
