//! What can go wrong with a feed. No message holds a credential, nor what stands behind the `?` of
//! an address, which often is one.

use std::path::PathBuf;
use std::time::Duration;

/// Why a feed cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// No address that can be asked.
    #[error("expected an http or https address without a user or password")]
    Url,
    /// A credential that fits into no header.
    #[error("the credential has characters that no header can hold")]
    Credential,
    /// The certificates cannot be used.
    #[error("cannot use the certificates of {0}: {1}")]
    CaFile(PathBuf, String),
    /// TLS cannot be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(String),
    /// No connection, or it broke off.
    #[error("{at}: {why}")]
    Unreachable {
        /// Host and path.
        at: String,
        /// What happened.
        why: String,
    },
    /// The answer took too long.
    #[error("{at}: no answer within {after:?}")]
    Timeout {
        /// Host and path.
        at: String,
        /// How long was waited.
        after: Duration,
    },
    /// The credential is not taken.
    #[error("{at}: answered {status}: check the credential, and what it may read")]
    Refused {
        /// Host and path.
        at: String,
        /// 401 or 403.
        status: u16,
    },
    /// Too many requests, and the wait is longer than it is worth.
    #[error("{at}: answered {status}, and asks to wait for {wait:?}")]
    Busy {
        /// Host and path.
        at: String,
        /// 429 or 503.
        status: u16,
        /// For how long.
        wait: Duration,
    },
    /// Any other answer that is none.
    #[error("{at}: answered {status}{}", hint(*status))]
    Status {
        /// Host and path.
        at: String,
        /// The status.
        status: u16,
    },
    /// It leads to another server.
    #[error("{at}: leads to {to}, which is another server: configure that one if it is meant")]
    Elsewhere {
        /// Host and path.
        at: String,
        /// Host and path of the other.
        to: String,
    },
    /// Something else than was asked for.
    #[error("{at}: expected {expected}, found {found}")]
    Content {
        /// Host and path.
        at: String,
        /// What was expected.
        expected: &'static str,
        /// What came.
        found: String,
    },
    /// More than is taken.
    #[error("{at}: expected at most {most} bytes")]
    TooLarge {
        /// Host and path.
        at: String,
        /// How much is taken.
        most: u64,
    },
    /// Pages without end.
    #[error("{at}: the pages do not come to an end: {why}")]
    Endless {
        /// Host and path.
        at: String,
        /// Why they are thought not to.
        why: &'static str,
    },
    /// A collection that there is not.
    #[error("there is no collection '{wanted}' that can be read: expected {}", .found.join(" or "))]
    NoCollection {
        /// Its id, alias or title.
        wanted: String,
        /// What there is.
        found: Vec<String>,
    },
    /// A file cannot be written.
    #[error("cannot write what was fetched: {0}")]
    Write(String),
}

const fn hint(status: u16) -> &'static str {
    match status {
        404 => ": check the address",
        406 | 415 => ": it does not speak TAXII 2.1",
        _ => "",
    }
}

impl FeedError {
    /// Whether trying again soon may help.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Timeout { .. } => true,
            Self::Status { status, .. } => matches!(status, 408 | 425 | 500..=599),
            _ => false,
        }
    }
}
