//! Feeds of indicators over HTTP: TAXII 2.1 collections, and files.
//!
//! A [`Client`] talks to one server, and to no other: redirects and addresses that lead elsewhere
//! are refused, so that credentials stay where they belong. What a server answers is bounded in
//! size and time; what may pass is tried again, as patiently as [`Patience`] says.
//!
//! - [`Client::collections`] finds the collections of a TAXII server, [`Client::pages`] reads one
//!   of them from where it was left.
//! - [`Client::download`] fetches a file, if it has changed.
//!
//! What is in a page or file is not looked at: `intel::read` does that.

mod client;
mod error;
mod retry;
mod taxii;

pub use client::{Client, Credential, Downloaded, Options};
pub use error::FeedError;
pub use retry::Patience;
pub use taxii::{Collection, Collections, Page, Pages};
