//! Events at rest: one Tantivy index a day.

mod document;
mod schema;

pub use document::document;
pub use schema::{INDEX_SETTINGS_VERSION, Schema, TOKENIZER, lower_cased, tokenizers};
