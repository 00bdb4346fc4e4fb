//! Events at rest: one Tantivy index a day.

pub(crate) mod day_index;
mod document;
pub(crate) mod indexer;
pub(crate) mod known;
mod schema;

pub use day_index::open as open_day;
pub(crate) use document::address_v6;
pub use document::document;
pub(crate) use schema::WORDS;
pub use schema::{Schema, TOKENIZER, lower_cased, tokenizers};
