//! Why alerts were not taken.

use std::fmt;
use std::time::Duration;

/// A delivery that did not succeed. It holds no secret.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: FailureKind,
    pub(crate) reason: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// It may succeed soon: not before this time, if the other side said so.
    Soon(Option<Duration>),
    /// Somebody has to change something first.
    Later,
    /// It is this alert that is not taken.
    Refused,
}

impl Failure {
    pub(crate) fn soon(reason: impl fmt::Display) -> Self {
        Self { kind: FailureKind::Soon(None), reason: reason.to_string() }
    }
}
