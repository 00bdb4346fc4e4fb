//! Who makes a request.

use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;

use super::Role;
use crate::answer::Problem;

/// Who makes a request, as the gate has found out: an extension of the request, and an extractor
/// for handlers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The name for the audit log and for what is changed: that of the account, or `token:NAME`.
    pub name: Arc<str>,
    /// What they may do.
    pub role: Role,
    /// What they have shown.
    pub by: Credential,
}

/// What a caller has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// The cookie of somebody who has signed in, with the number of their account.
    Session {
        /// The account.
        user: i64,
    },
    /// An API token.
    Token {
        /// Its number.
        token: i64,
        /// The account that it belongs to; none if it was made on the command line.
        user: Option<i64>,
    },
}

impl Caller {
    /// The number of the account behind it.
    #[must_use]
    pub fn user(&self) -> Option<i64> {
        match self.by {
            Credential::Session { user } => Some(user),
            Credential::Token { user, .. } => user,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::signed_out)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        _: &S,
    ) -> Result<Option<Self>, std::convert::Infallible> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}
