//! Accounts, sessions and API tokens. Of every secret a digest is kept, of a password its
//! argon2id hash.

mod sessions;
mod setup;
mod tokens;
mod users;

#[cfg(test)]
mod tests;

pub use sessions::{NewSession, Session};
pub use tokens::{NewToken, Token};
pub use users::{Account, External, NotSignedIn, Refused, User, UserChange};

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::Role;

pub(crate) const TABLES: &str = "
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    role TEXT NOT NULL,
    -- An argon2id hash; none for those who sign in elsewhere.
    password TEXT,
    -- Of OpenID Connect, for those who sign in there.
    issuer TEXT,
    subject TEXT,
    created INTEGER NOT NULL,
    disabled INTEGER,
    last_sign_in INTEGER,
    UNIQUE (issuer, subject)
);
CREATE TABLE sessions (
    digest BLOB PRIMARY KEY,
    user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    ends INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user);
CREATE TABLE api_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    role TEXT NOT NULL,
    intake TEXT,
    -- None: it was made on the command line.
    user INTEGER REFERENCES users (id) ON DELETE CASCADE,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    last_used INTEGER,
    revoked INTEGER
);
-- The link with which the first account is made.
CREATE TABLE setup (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    digest BLOB NOT NULL,
    expires INTEGER NOT NULL
);
";

impl ToSql for Role {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.name()))
    }
}

impl FromSql for Role {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map_err(|error| FromSqlError::Other(Box::new(error)))
    }
}

/// Begins to write: nobody else does until it ends.
fn writing(db: &Connection) -> rusqlite::Result<Transaction<'_>> {
    Transaction::new_unchecked(db, TransactionBehavior::Immediate)
}
