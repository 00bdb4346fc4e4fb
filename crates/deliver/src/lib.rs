//! Alerts to where people see them.
//!
//! A [`Sink`] reads alerts from an [`Outbox`], which the store is, from a checkpoint of its own,
//! and [`run`] takes them to a [`Target`]: a writer such as the standard output, a [`FileTarget`],
//! or a [`Webhook`]. The checkpoint moves behind an alert only when it has been accepted, so each is
//! delivered at least once, in order; what comes twice has the same id. A sink that fails waits and
//! tries again, and delays nobody else. [`SinkHealth`] tells how it is doing.
//!
//! ```
//! use std::sync::{Arc, Mutex};
//! use deliver::{Delivery, Ndjson, Outbox, OutboxError, Sink, Target};
//!
//! /// One alert, and how far the sinks have come.
//! #[derive(Default)]
//! struct Memory(Mutex<Option<i64>>);
//!
//! impl Outbox for Memory {
//!     fn after(&self, seq: i64, _limit: usize) -> Result<Vec<Delivery>, OutboxError> {
//!         let alert = Delivery { seq: 1, document: "{}".into(), ..Delivery::default() };
//!         Ok(if seq < 1 { vec![alert] } else { Vec::new() })
//!     }
//!     fn latest(&self) -> Result<i64, OutboxError> {
//!         Ok(1)
//!     }
//!     fn checkpoint(&self, _sink: &str) -> Result<Option<i64>, OutboxError> {
//!         Ok(*self.0.lock().unwrap())
//!     }
//!     fn set_checkpoint(&self, _sink: &str, seq: i64) -> Result<(), OutboxError> {
//!         *self.0.lock().unwrap() = Some(seq);
//!         Ok(())
//!     }
//!     fn dead_letter(&self, _sink: &str, _seq: i64, _reason: &str) -> Result<(), OutboxError> {
//!         Ok(())
//!     }
//! }
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let outbox = Arc::new(Memory::default());
//! let sink = Sink::new("stdout", Target::writer(Ndjson::new(std::io::stdout())))
//!     .from(deliver::From::Earliest);
//! let health = sink.health();
//! let wake = Arc::new(tokio::sync::Notify::new());
//! let (stop, stopped) = tokio::sync::watch::channel(false);
//! let running = tokio::spawn(deliver::run(sink, outbox.clone(), wake, stopped));
//! while outbox.checkpoint("stdout")? != Some(1) {
//!     tokio::time::sleep(std::time::Duration::from_millis(5)).await;
//! }
//! assert_eq!(health.delivered(), 1);
//! let _ = stop.send(true);
//! running.await?;
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! # }).unwrap();
//! # Ok::<(), std::io::Error>(())
//! ```

mod backoff;
mod delivery;
mod failure;
mod file;
mod health;
mod run;
mod sink;
mod text;
mod webhook;
mod writer;

pub use backoff::Patience;
pub use delivery::{Delivery, Outbox, OutboxError, Severity};
pub use file::FileTarget;
pub use health::SinkHealth;
pub use run::run;
pub use sink::{From, Sink, Target};
pub use webhook::{Format, Webhook, WebhookError, WebhookOptions};
pub use writer::{AlertWriter, Ndjson};
