//! Events at rest: one Tantivy index a day.

pub(crate) mod day_index;
mod document;
pub(crate) mod indexer;
pub(crate) mod known;
mod schema;

pub use day_index::open as open_day;
pub(crate) use document::{Document, address_v6};
pub use schema::{Schema, TOKENIZER, lower_cased, tokenizers};
pub(crate) use schema::{WORDS, indexed_as, lower_case_into};
