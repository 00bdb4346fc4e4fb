//! Signing in through OpenID Connect: the authorization code flow with PKCE.
//!
//! A [`Provider`] knows one provider. [`Provider::begin`] says where to send a browser, and what to
//! give it to keep meanwhile; [`Provider::finish`] takes what the browser comes back with, fetches
//! the ID token, and gives the [`Identity`] that it vouches for. Nothing is kept here between the
//! two, so that nobody can fill the memory by beginning and never coming back.
//!
//! The documents: OpenID Connect Core 1.0 and Discovery 1.0, RFC 7636 (PKCE), RFC 7515, 7517 and
//! 7518 (tokens and keys), RFC 9207 (the issuer in the answer), RFC 9700 (best practice).
//!
//! [`verify`] is the check of an ID token alone:
//!
//! ```
//! use oidc::{Expected, InvalidToken, Keys, verify};
//!
//! let keys = Keys::parse(br#"{"keys": []}"#).map_err(|error| error.to_string())?;
//! let expected =
//!     Expected { issuer: "https://id.example", client_id: "wardgate", nonce: "n", now: 0 };
//! // {"alg":"none"}, {}, no signature
//! assert_eq!(verify("eyJhbGciOiJub25lIn0.e30.", &keys, &expected), Err(InvalidToken::Algorithm));
//! # Ok::<(), String>(())
//! ```

mod error;
mod http;
mod keys;
mod provider;
mod random;
mod seal;
mod settings;
mod token;

pub use error::Error;
pub use keys::Keys;
pub use provider::{Begun, Identity, Provider, Returned};
pub use settings::{ReadSecret, Settings, SettingsError};
pub use token::{Claims, Expected, InvalidToken, verify};
