//! Why somebody could not sign in.

use crate::token::InvalidToken;

/// Why somebody could not sign in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// They came back too late, with another browser, twice, or were sent by somebody else.
    #[error("this sign-in was not begun here, or too long ago")]
    NotBegun,
    /// The provider did not let them in; its word for why (RFC 6749, 4.1.2.1).
    #[error("the provider refuses: {0}")]
    Refused(String),
    /// The answer names another provider (RFC 9207).
    #[error("the answer is from another provider")]
    OtherIssuer,
    /// The ID token is not what it has to be.
    #[error("the ID token is not valid: {0}")]
    Token(#[from] InvalidToken),
    /// The provider cannot be asked, or gives no answer that can be used.
    #[error("cannot use {what} of the provider: {why}")]
    Provider {
        /// Which of its documents or endpoints.
        what: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The client secret cannot be read.
    #[error("the client secret: {0}")]
    Secret(String),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    NoRandomness,
}

impl Error {
    pub(crate) fn provider(what: &'static str, why: impl Into<String>) -> Self {
        Self::Provider { what, why: why.into() }
    }
}
