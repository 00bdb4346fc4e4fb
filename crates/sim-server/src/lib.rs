//! A simulated Okta organisation on a port: the System Log API as its documentation has it, for
//! trying and testing what follows an organisation.
//!
//! A [`Server`] serves one organisation, made from [`Options`]: what has happened ([`Backlog`]), what
//! goes on happening ([`Live`]), who may ask and how often. It knows the [`Truth`].
//!
//! ```
//! use sim_server::{Backlog, Options, Server};
//!
//! let events = vec![r#"{"uuid":"1","published":"2026-09-01T00:00:00Z"}"#.to_owned()];
//! let server = Server::start(Options { backlog: Backlog::Events(events), ..Options::default() })?;
//!
//! println!("GET {}/api/v1/logs with Authorization: SSWS {}", server.url(), server.token());
//! assert_eq!(server.truth().uuids, [Some("1".to_owned())]);
//! # Ok::<(), sim_server::StartError>(())
//! ```
//!
//! It is written from the documentation and shares nothing with the client it is there to test, so
//! that the two can disagree. `feed` fills the `log`, `http` gives pages of it, `oauth` the tokens
//! for it; [`Faults`] say what goes wrong on purpose.

mod cursor;
mod faults;
mod feed;
mod filter;
mod hooks;
mod http;
mod log;
mod oauth;
mod options;
mod org;
mod server;
mod socket;
mod spool;
mod tls;

pub use faults::{Fault, FaultKind, Faults, UnknownFault};
pub use filter::{Filter, FilterError, Literal, Operator, Path};
pub use hooks::{Hook, HookStats};
pub use oauth::{BadKey, OauthClient, PublicKey};
pub use options::{Backlog, Late, Live, Options};
pub use org::{ClientStats, Stats};
pub use server::{Server, StartError, Truth};
pub use tls::Tls;
