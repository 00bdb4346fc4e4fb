//! Keywords without an inverted index: looked for in the dictionary of their column.
//!
//! Such fields have few different values, so that all of them can be looked at for every search.
//! What is accepted becomes a set of the dictionary's numbers, and the column is gone through
//! once.

use std::ops::Bound;
use std::sync::Arc;

use tantivy::columnar::{Cardinality, Column, StrColumn};
use tantivy::query::{
    AllScorer, BitSetDocSet, ConstScorer, EmptyScorer, EnableScoring, Explanation, Query, Scorer,
    Weight,
};
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{BitSet, DocId, Score, SegmentReader, TantivyError};

use super::budget::Budget;
use super::terms::Accept;
use crate::index::lower_case_into;

/// How many values are looked at between two looks at the clock.
const STRIDE: u64 = 4096;
/// With more runs of numbers than this, the events are asked for their numbers.
const MOST_RUNS: usize = 4;

/// Matches the events that have an accepted value in a column of texts.
#[derive(Clone)]
pub(crate) struct DictionaryQuery {
    pub(crate) name: &'static str,
    pub(crate) test: Test,
    pub(crate) budget: Arc<Budget>,
}

impl std::fmt::Debug for DictionaryQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DictionaryQuery").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a value is tested for.
#[derive(Clone)]
pub(crate) enum Test {
    /// The whole value is one of these.
    Whole(Texts),
    /// One of its words is one of these.
    AnyWord(Texts, TextAnalyzer),
    /// It has these words at these distances.
    Phrase(Vec<(usize, String)>, TextAnalyzer),
}

/// Texts in lower case, between two bounds and accepted.
#[derive(Clone, Debug)]
pub(crate) struct Texts {
    pub(crate) lower: Bound<String>,
    pub(crate) upper: Bound<String>,
    pub(crate) accept: Accept,
}

impl Texts {
    /// This one alone.
    pub(crate) fn only(text: String) -> Self {
        Self {
            lower: Bound::Included(text.clone()),
            upper: Bound::Included(text),
            accept: Accept::All,
        }
    }

    /// All that are accepted.
    pub(crate) fn all(accept: Accept) -> Self {
        Self { lower: Bound::Unbounded, upper: Bound::Unbounded, accept }
    }

    fn hold(&self, text: &str) -> bool {
        let is_above = match &self.lower {
            Bound::Included(lower) => text >= lower.as_str(),
            Bound::Excluded(lower) => text > lower.as_str(),
            Bound::Unbounded => true,
        };
        let is_below = match &self.upper {
            Bound::Included(upper) => text <= upper.as_str(),
            Bound::Excluded(upper) => text < upper.as_str(),
            Bound::Unbounded => true,
        };
        is_above && is_below && self.accept.accepts(text)
    }
}

impl Test {
    /// Tests a value. `scratch` saves allocations.
    fn passes(&mut self, value: &str, scratch: &mut String) -> bool {
        match self {
            Self::Whole(texts) => {
                lower_case_into(value, scratch);
                texts.hold(scratch)
            }
            Self::AnyWord(texts, words) => {
                let mut found = false;
                words.token_stream(value).process(&mut |token| found |= texts.hold(&token.text));
                found
            }
            Self::Phrase(phrase, words) => has_phrase(value, phrase, words),
        }
    }
}

/// Whether `value` has the words of a phrase at their distances.
fn has_phrase(value: &str, phrase: &[(usize, String)], words: &mut TextAnalyzer) -> bool {
    let Some((first, rest)) = phrase.split_first() else { return false };
    let mut found = Vec::new();
    words.token_stream(value).process(&mut |token| {
        if phrase.iter().any(|(_, word)| *word == token.text) {
            found.push((token.position, token.text.clone()));
        }
    });
    let has = |position: usize, word: &str| {
        found.iter().any(|(at, text)| *at == position && text == word)
    };
    let starts = found.iter().filter(|(_, text)| *text == first.1);
    starts.into_iter().any(|(start, _)| {
        rest.iter().all(|(position, word)| has(start + (position - first.0), word))
    })
}

impl Query for DictionaryQuery {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for DictionaryQuery {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let Some(column) = reader.fast_fields().str(self.name)? else {
            return Ok(Box::new(EmptyScorer));
        };
        let accepted = self.accepted(&column)?;
        let docs = reader.max_doc();
        let ords = column.ords();
        let is_full = ords.index.get_cardinality() == Cardinality::Full;
        if is_full && accepted.covers(column.num_terms() as u64) {
            return Ok(Box::new(ConstScorer::new(AllScorer::new(docs), boost)));
        }
        if accepted.runs.is_empty() {
            return Ok(Box::new(EmptyScorer));
        }
        let mut set = BitSet::with_max_value(docs);
        accepted.add_docs(ords, docs, &mut set);
        Ok(Box::new(ConstScorer::new(BitSetDocSet::from(set), boost)))
    }

    fn explain(&self, _: &SegmentReader, _: DocId) -> tantivy::Result<Explanation> {
        Err(TantivyError::InvalidArgument("there are no scores to explain".to_owned()))
    }
}

impl DictionaryQuery {
    /// The numbers of the values that pass.
    fn accepted(&self, column: &StrColumn) -> tantivy::Result<Accepted> {
        let mut test = self.test.clone();
        let mut accepted = Accepted::default();
        let mut scratch = String::new();
        let mut values = column.dictionary().stream()?;
        let mut seen = 0;
        while values.advance() {
            seen += 1;
            if seen % STRIDE == 0 {
                self.budget.take(STRIDE)?;
            }
            let value = std::str::from_utf8(values.key()).unwrap_or_default();
            if test.passes(value, &mut scratch) {
                accepted.add(values.term_ord());
            }
        }
        self.budget.take(seen % STRIDE)?;
        Ok(accepted)
    }
}

/// Numbers of a dictionary, as runs from the first to the last of each.
#[derive(Default)]
pub(super) struct Accepted {
    runs: Vec<(u64, u64)>,
}

impl Accepted {
    /// Adds a number that is larger than all others.
    pub(super) fn add(&mut self, ord: u64) {
        match self.runs.last_mut() {
            Some((_, last)) if *last + 1 == ord => *last = ord,
            _ => self.runs.push((ord, ord)),
        }
    }

    fn covers(&self, terms: u64) -> bool {
        matches!(self.runs.as_slice(), [(0, last)] if last + 1 == terms)
    }

    fn holds(&self, ord: u64) -> bool {
        let behind = self.runs.partition_point(|(first, _)| *first <= ord);
        let run = behind.checked_sub(1).and_then(|at| self.runs.get(at));
        run.is_some_and(|(_, last)| ord <= *last)
    }

    /// Adds the events that have one of them to `set`.
    pub(super) fn add_docs(&self, ords: &Column<u64>, docs: u32, set: &mut BitSet) {
        if self.runs.len() <= MOST_RUNS {
            let mut found = Vec::new();
            for (first, last) in &self.runs {
                ords.get_docids_for_value_range(*first..=*last, 0..docs, &mut found);
                for doc in found.drain(..) {
                    set.insert(doc);
                }
            }
            return;
        }
        for doc in 0..docs {
            if ords.values_for_doc(doc).any(|ord| self.holds(ord)) {
                set.insert(doc);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::{WORDS, tokenizers};

    fn words(text: &str) -> Vec<(usize, String)> {
        let mut words = Vec::new();
        tokenizers().get(WORDS).unwrap().token_stream(text).process(&mut |token| {
            words.push((token.position, token.text.clone()));
        });
        words
    }

    #[test]
    fn values_are_tested() {
        let analyzer = || tokenizers().get(WORDS).unwrap();
        let phrase = |text: &str| Test::Phrase(words(text), analyzer());
        let whole = |text: &str| Test::Whole(Texts::only(text.to_owned()));
        let word = |text: &str| Test::AnyWord(Texts::only(text.to_owned()), analyzer());
        let cases = [
            (phrase("like gecko"), "AppleWebKit/537.36 (KHTML, like Gecko) Chrome", true),
            (phrase("gecko like"), "AppleWebKit/537.36 (KHTML, like Gecko) Chrome", false),
            (phrase("gecko gecko"), "like Gecko Gecko", true),
            (phrase("gecko gecko"), "like Gecko", false),
            (phrase("a a b"), "a a a b", true),
            (whole("user.session.start"), "user.session.START", true),
            (whole("session"), "user.session.start", false),
            (whole("ärger"), "ÄRGER", true),
            (word("session"), "user.Session.start", true),
            (word("sess"), "user.session.start", false),
        ];
        for (mut test, value, expected) in cases {
            assert_eq!(test.passes(value, &mut String::new()), expected, "{value}");
        }
    }

    #[test]
    fn runs_hold_what_was_added() {
        let mut accepted = Accepted::default();
        for ord in [0, 1, 2, 7, 9, 10] {
            accepted.add(ord);
        }
        assert_eq!(accepted.runs, [(0, 2), (7, 7), (9, 10)]);
        let held: Vec<u64> = (0..12).filter(|ord| accepted.holds(*ord)).collect();
        assert_eq!(held, [0, 1, 2, 7, 9, 10]);
        assert!(!accepted.covers(11));
    }
}
