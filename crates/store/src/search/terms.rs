//! Wildcards, regular expressions and ranges of keywords: all terms of a field that are alike.

use std::ops::Bound;
use std::sync::Arc;

use query::Pattern;
use regex::Regex;
use tantivy::postings::BlockSegmentPostings;
use tantivy::query::{BitSetDocSet, ConstScorer, EmptyScorer, EnableScoring, Explanation, Query};
use tantivy::query::{Scorer, Weight};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{BitSet, DocId, Score, SegmentReader, TantivyError};

use super::budget::Budget;

/// How many terms are looked at between two looks at the clock.
const STRIDE: u64 = 4096;

/// Matches the events that have a term of `field` which stands between the bounds and is accepted.
///
/// Every term between the bounds is looked at once, so that what it costs grows with their number
/// and not with what a pattern could mean.
#[derive(Clone, Debug)]
pub(crate) struct TermsQuery {
    pub(crate) field: Field,
    pub(crate) lower: Bound<Vec<u8>>,
    pub(crate) upper: Bound<Vec<u8>>,
    /// What terms begin with that is no part of the value.
    pub(crate) name: String,
    pub(crate) accept: Accept,
    pub(crate) budget: Arc<Budget>,
}

/// Which values are accepted.
#[derive(Clone, Debug)]
pub(crate) enum Accept {
    All,
    Pattern(Pattern),
    Regex(Regex),
}

impl Accept {
    pub(super) fn accepts(&self, value: &str) -> bool {
        match self {
            Self::All => true,
            Self::Pattern(pattern) => pattern.matches(value),
            Self::Regex(regex) => regex.is_match(value),
        }
    }
}

impl TermsQuery {
    /// All terms that begin with `name`, and then with `prefix`.
    pub(crate) fn beginning(
        field: Field,
        name: String,
        prefix: &str,
        accept: Accept,
        budget: &Arc<Budget>,
    ) -> Self {
        let start = format!("{name}{prefix}").into_bytes();
        let upper = behind(&start).map_or(Bound::Unbounded, Bound::Excluded);
        let budget = Arc::clone(budget);
        Self { field, lower: Bound::Included(start), upper, name, accept, budget }
    }
}

/// The first text behind all that begin with `prefix`.
pub(crate) fn behind(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

impl Query for TermsQuery {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for TermsQuery {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let inverted = reader.inverted_index(self.field)?;
        let mut range = inverted.terms().range();
        range = match &self.lower {
            Bound::Included(lower) => range.ge(lower),
            Bound::Excluded(lower) => range.gt(lower),
            Bound::Unbounded => range,
        };
        range = match &self.upper {
            Bound::Included(upper) => range.le(upper),
            Bound::Excluded(upper) => range.lt(upper),
            Bound::Unbounded => range,
        };
        let mut terms = range.into_stream()?;
        let mut docs: Option<BitSet> = None;
        let mut postings: Option<BlockSegmentPostings> = None;
        let mut seen = 0;
        while terms.advance() {
            seen += 1;
            if seen % STRIDE == 0 {
                self.budget.take(STRIDE)?;
            }
            let value = terms.key().strip_prefix(self.name.as_bytes());
            let value = value.and_then(|value| std::str::from_utf8(value).ok());
            if !value.is_some_and(|value| self.accept.accepts(value)) {
                continue;
            }
            let docs = docs.get_or_insert_with(|| BitSet::with_max_value(reader.max_doc()));
            let postings =
                match &mut postings {
                    Some(postings) => {
                        inverted.reset_block_postings_from_terminfo(terms.value(), postings)?;
                        postings
                    }
                    none => none.insert(inverted.read_block_postings_from_terminfo(
                        terms.value(),
                        IndexRecordOption::Basic,
                    )?),
                };
            loop {
                let block = postings.docs();
                if block.is_empty() {
                    break;
                }
                for doc in block {
                    docs.insert(*doc);
                }
                postings.advance();
            }
        }
        self.budget.take(seen % STRIDE)?;
        Ok(match docs {
            Some(docs) => Box::new(ConstScorer::new(BitSetDocSet::from(docs), boost)),
            None => Box::new(EmptyScorer),
        })
    }

    fn explain(&self, _: &SegmentReader, _: DocId) -> tantivy::Result<Explanation> {
        Err(TantivyError::InvalidArgument("there are no scores to explain".to_owned()))
    }
}
