//! Follows an Okta organisation's System Log over HTTP: credentials, pages, cursors, rate limits.
//!
//! A [`Client`] knows one organisation and how to ask it. Its [`Follower`] gives one [`Page`] after
//! another for ever; its [`Backfill`] gives those between two times. Both wait, back off and try
//! again by themselves: whatever the network or the organisation does, the same place is asked for
//! until its page has come. The cursor in a page is for the caller to store; with it, a later run
//! resumes where this one was. How it goes is read from [`Health`].
//!
//! ```no_run
//! use okta_client::{Client, Credentials, Resume, SecretSource, Settings, Start};
//!
//! # async fn run(stored: Option<Resume>) -> Result<(), okta_client::SettingsError> {
//! let token = SecretSource::Env("OKTA_TOKEN".to_owned());
//! let client = Client::new(Settings::new("https://acme.okta.com", Credentials::Token(token)))?;
//! let mut follower = client.follow(Start::Now, stored);
//! loop {
//!     let page = follower.next().await;
//!     for event in page.texts() {
//!         println!("{event}");
//!     }
//!     if let Some(cursor) = page.next {
//!         println!("to be stored with the events: {cursor} {}", page.last_seen);
//!     }
//! }
//! # }
//! ```

mod auth;
mod client;
mod dates;
mod follow;
mod health;
mod http;
mod key;
mod limiter;
mod links;
mod page;
mod random;
mod secret;
mod settings;
mod trouble;

pub use auth::Grant;
pub use client::{Check, Client};
pub use follow::{Backfill, Follower, Resume};
pub use health::{Health, LATENCY_BOUNDS, Latency, Progress, Snapshot, State};
pub use limiter::{Limiter, RateLimit};
pub use links::find_link;
pub use page::{Body, Page, Reject, Span};
pub use secret::{Secret, SecretSource};
pub use settings::{
    Backoff, Credentials, KEPT, LARGEST_PAGE, OAuth, Settings, SettingsError, Start,
};
pub use trouble::{ApiError, Network, Trouble};
