//! From exports on disk to the text of single events, in order, with file and line.
//!
//! [`expand`] finds the files; [`Chunks`] reads them and cuts them into [`Chunk`]s, one for each
//! worker at a time; [`Chunk::events`] gives what stands in one. How the events are written
//! ([`Form`]) and compressed is recognised by content, never by name. [`unwrap`] finds the events
//! in what other tools put around them, and is called only for what is no event as it stands.
//! Nothing is dropped: what is no event comes as a [`Reject`], with the [`Reason`].
//!
//! ```
//! use files::{Chunk, Chunks, Item, Options, Part};
//!
//! let export = r#"[{"uuid": "1", "eventType": "user.session.start"},
//!     {"detail": {"uuid": "2", "eventType": "user.session.end"}}, 7]"#;
//! let mut chunks = Chunks::of_bytes(export.as_bytes(), Options::default())?;
//! let (mut events, mut rejects) = (Vec::new(), Vec::new());
//! let mut chunk = Chunk::new();
//! while let Some(filled) = chunks.next_chunk(chunk)? {
//!     filled.events(|item| match item {
//!         Item::Event(candidate) => {
//!             if let Ok(event) = okta::LogEvent::parse(candidate.text) {
//!                 events.push((event.uuid.to_str().unwrap_or_default().into_owned(), candidate.line));
//!                 return;
//!             }
//!             let opened = files::unwrap(candidate.text, &mut |part| match part {
//!                 Part::Event { text, line } => {
//!                     let event = okta::LogEvent::parse(text).expect("an event");
//!                     let uuid = event.uuid.to_str().unwrap_or_default().into_owned();
//!                     events.push((uuid, candidate.line + line));
//!                 }
//!                 Part::Reject { line, reason, .. } => {
//!                     rejects.push((candidate.line + line, reason.to_string()));
//!                 }
//!             });
//!             if let Err(reason) = opened {
//!                 rejects.push((candidate.line, reason.to_string()));
//!             }
//!         }
//!         Item::Reject(reject) => rejects.push((reject.line, reject.reason.to_string())),
//!     });
//!     chunk = filled;
//! }
//! assert_eq!(events, [("1".to_owned(), 1), ("2".to_owned(), 2)]);
//! assert_eq!(rejects, [(2, "not an event: expected an object, found a number".to_owned())]);
//! # Ok::<(), std::io::Error>(())
//! ```

mod array;
mod chunk;
mod columns;
mod csv;
mod decompress;
mod elements;
mod envelope;
mod form;
mod input;
mod names;
mod ndjson;
mod reader;
mod reason;
mod resync;
mod scan;
mod split;
mod unwrap;
mod utf16;

pub use chunk::{Candidate, Chunk, Item, Reject};
pub use elements::elements;
pub use form::Form;
pub use input::{Error, Input, expand};
pub use reader::{Chunks, Options, ReadProgress};
pub use reason::Reason;
pub use unwrap::{Part, unwrap};
