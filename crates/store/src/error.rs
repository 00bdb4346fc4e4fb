//! What can go wrong with a store.

use std::io;
use std::path::PathBuf;

use crate::Day;

/// A store that cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no data folder here.
    #[error("{0} is no data folder: start wardgate run, or name another with --data")]
    NoFolder(PathBuf),
    /// A data folder is to be made where something is.
    #[error("{0} is not empty: choose another folder, or move what is in it")]
    NotEmpty(PathBuf),
    /// Another process writes into it.
    #[error("{0} is in use by another wardgate: stop it first, or use another data_dir")]
    InUse(PathBuf),
    /// It was written by a newer version.
    #[error("{folder} has format {found}, this version knows up to {known}: use a newer wardgate")]
    Newer {
        /// The folder.
        folder: PathBuf,
        /// Its format.
        found: u32,
        /// The latest that is known.
        known: u32,
    },
    /// The database is damaged.
    #[error(
        "{0} is damaged ({1}): run wardgate verify, and wardgate restore from a backup; \
         the events in days/ stay readable with wardgate search"
    )]
    DamagedDatabase(PathBuf, String),
    /// The index of a day is damaged.
    #[error(
        "the events of {0} are damaged ({1}): run wardgate verify, then restore the day from a \
         backup or move its folder away; the other days stay readable"
    )]
    DamagedDay(Day, String),
    /// The disk is full.
    #[error("no room left on the disk for {0}")]
    Full(PathBuf),
    /// Events are stored, but too many of them wait to become searchable.
    #[error("too many stored events wait to become searchable: {0}")]
    NotSearchable(String),
    /// The database cannot be used.
    #[error("cannot use the database: {0}")]
    Database(rusqlite::Error),
    /// An index cannot be used.
    #[error("cannot use the events of {0}: {1}")]
    Index(Day, tantivy::TantivyError),
    /// A file cannot be used.
    #[error("cannot use {0}: {1}")]
    Io(PathBuf, io::Error),
}

impl Error {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(path),
            _ => Self::Io(path, error),
        }
    }

    pub(crate) fn index(day: Day) -> impl FnOnce(tantivy::TantivyError) -> Self {
        use tantivy::TantivyError as Tantivy;
        use tantivy::directory::error::OpenReadError;
        move |error| {
            let text = error.to_string();
            match error {
                Tantivy::DataCorruption(_)
                | Tantivy::IncompatibleIndex(_)
                | Tantivy::SchemaError(_)
                | Tantivy::OpenReadError(
                    OpenReadError::FileDoesNotExist(_) | OpenReadError::IncompatibleIndex(_),
                ) => Self::DamagedDay(day, text),
                error => Self::Index(day, error),
            }
        }
    }

    /// Whether it may pass by itself, such as a full disk.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Full(_) | Self::Index(..) | Self::Io(..) | Self::NotSearchable(_) => true,
            Self::Database(error) => !matches!(
                error.sqlite_error_code(),
                Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase)
            ),
            _ => false,
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full("wardgate.db".into()),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::DamagedDatabase("wardgate.db".into(), error.to_string())
            }
            _ => Self::Database(error),
        }
    }
}
