//! HTTP: intake, event hooks, metrics and health.
//!
//! [`Server`] listens; [`App`] is what it needs from the rest of the program: the
//! [`engine::Handle`] at which events are handed in, who may push ([`Keys`], [`HookRegistry`]), and
//! what `/metrics` and `/readyz` say. [`events`] finds the events in a body.
//!
//! An answer of 200 means that the events are durably stored. What is no event is kept in
//! quarantine and has an id all the same; when a request is refused, nothing of it is taken.
//!
//! | route | |
//! | --- | --- |
//! | `POST /plain`, `/plain/batch`, `/jsons`, `/batch`, `/array` | events, with an intake key |
//! | `GET /hooks/NAME`, `POST /hooks/NAME` | Okta's event hooks |
//! | `GET /` and what is below it | the pages, unless another route takes it |
//! | `GET /metrics`, `/healthz`, `/readyz` | for those who run it |
//! | `/api/v1/…`, `GET /api/openapi.json` | the analyst's desk, see [`api`] |
//!
//! ```
//! use std::sync::Arc;
//!
//! use server::{App, Digest, KeyRing, Metrics, Server};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let (handle, mut inbox) = engine::channel(engine::Limits::default());
//! let keys = Arc::new(KeyRing::default());
//! keys.replace([(Digest::of(b"wgi_example"), Arc::default())]);
//! let metrics = Metrics::register(&mut Default::default());
//! let app = App::new(handle, metrics).keys(keys);
//! let server = Server::bind(([127, 0, 0, 1], 0).into(), app).await?;
//! let mut client = tokio::net::TcpStream::connect(server.local_addr()).await?;
//! let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
//! let serving = tokio::spawn(server.serve(async { drop(stopped.await) }));
//!
//! let request = "POST /plain?intake_key=wgi_example HTTP/1.1\r\nHost: localhost\r\n\
//!     Connection: close\r\nContent-Length: 30\r\n\r\n{\"uuid\":\"1\",\"eventType\":\"a.b\"}";
//! client.write_all(request.as_bytes()).await?;
//! // The pipeline stores the event.
//! let (batch, acknowledgement) = inbox.next().await.expect("a batch").split();
//! assert_eq!(batch.events.len(), 1);
//! acknowledgement.done(engine::Outcome { ids: vec!["1".to_owned()], ..Default::default() });
//! let mut answer = String::new();
//! client.read_to_string(&mut answer).await?;
//! assert!(answer.ends_with(r#"{"event_id":"1"}"#), "{answer}");
//! drop(stop);
//! serving.await?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

#[cfg(test)]
extern crate self as server;
#[cfg(test)]
#[path = "../tests/common/desk.rs"]
mod empty_desk;

pub mod access;
mod answer;
pub mod api;
mod app;
pub mod events;
mod guard;
mod health;
mod intake;
mod intake_key;
mod keys;
mod limits;
mod listen;
mod metrics;
mod secret;
mod tls;
mod ui;

pub use answer::Problem;
pub use app::App;
pub use health::Check;
pub use intake_key::NewIntakeKey;
pub use keys::{Hook, HookRegistry, HookTable, Key, KeyRing, Keys};
pub use limits::Limits;
pub use listen::Server;
pub use metrics::Metrics;
pub use secret::Digest;
pub use tls::{Tls, TlsError};
