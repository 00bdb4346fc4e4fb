//! Events, alerts and cursors at rest, in one commit; search over them.

mod day;
mod index;

pub use day::{Day, NoDay};
pub use index::{INDEX_SETTINGS_VERSION, Schema, TOKENIZER, document, lower_cased, tokenizers};
