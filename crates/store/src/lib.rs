//! Events, alerts and cursors at rest, in one commit; search over them.

mod backup;
mod database;
mod day;
mod db;
mod error;
mod failpoint;
mod folder;
mod index;
mod keys;
mod prepared;
pub mod search;
mod writer;

pub use backup::{Verified, backup, restore, verify};
pub use database::Database;
pub use day::{Day, NoDay};
pub use db::{
    Alert, AlertFilter, AlertState, Change, Cursor, FeedState, Import, Imported, IndicatorCount,
    IndicatorFilter, NewAlert, Origin, OriginId, Quarantined, StoredAlert, StoredIndicator,
    UnknownAlert, Verdict,
};
pub use error::Error;
pub use folder::{FORMAT, Folder};
pub use index::{Schema, TOKENIZER, document, lower_cased, open_day, tokenizers};
pub use keys::IntakeKey;
pub use prepared::Prepared;
pub use writer::{Committed, Correlate, Options, Writer};
