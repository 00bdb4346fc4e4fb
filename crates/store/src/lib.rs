//! Events, alerts and cursors at rest, in one commit; search over them.

mod backup;
mod database;
mod day;
mod db;
mod desk;
mod error;
mod failpoint;
mod folder;
mod index;
mod keys;
pub mod output;
mod prepared;
mod retention;
mod role;
pub mod search;
mod writer;

pub use backup::{Verified, backup, restore, verify};
pub use database::Database;
pub use day::{Day, NoDay};
pub use db::{
    Account, Alert, AlertFilter, AlertGroup, AlertPage, AlertRefused, AlertSort, AlertState,
    AlertUpdate, Assignee, Audit, AuditEntry, AuditFilter, Change, ChangeKind, Cursor, External,
    FeedState, Import, Imported, IndicatorCount, IndicatorFilter, NewAlert, NewException,
    NewSearch, NewSession, NewToken, NotSignedIn, Origin, OriginId, Quarantined, Refused,
    RuleSwitch, SavedSearch, Session, StoredAlert, StoredException, StoredIndicator, Token,
    UnknownAlert, User, UserChange, Verdict, event_id,
};
pub use desk::Fired;
pub use error::Error;
pub use folder::{FORMAT, Folder};
pub use index::{Schema, TOKENIZER, lower_cased, open_day, tokenizers};
pub use keys::IntakeKey;
pub use prepared::Prepared;
pub use role::{NoRole, Role, TokenRole};
pub use writer::{Committed, Correlate, Options, Writer};
