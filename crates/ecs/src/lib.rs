//! Okta events as ECS documents.
//!
//! [`Record`] is a view of one [`okta::LogEvent`]; nothing is worked out before it is asked for.
//! [`FIELDS`] is the table of everything a record can hold; [`Lookup`] finds a field by name.
//!
//! ```
//! let text = r#"{"uuid": "1", "published": "2026-11-22T10:00:00.000Z",
//!     "eventType": "user.session.start", "outcome": {"result": "SUCCESS"},
//!     "actor": {"id": "00u1", "type": "User", "alternateId": "ada@example.org"}}"#;
//! let event = okta::LogEvent::parse(text)?;
//! let context = ecs::Context::default();
//! let record = ecs::Record::new(&event, &context, ecs::Arrival::default());
//!
//! let outcome = ecs::Lookup::resolve("event.outcome");
//! assert_eq!(record.first(&outcome).as_deref(), Some("success"));
//!
//! let mut json = Vec::new();
//! record.write_json(&mut json);
//! assert!(json.starts_with(br#"{"@timestamp":"2026-11-22T10:00:00.000Z","event":{"kind":"event","#));
//! # Ok::<(), okta::ParseError>(())
//! ```

mod agent;
mod categories;
mod debug;
mod domain;
mod fields;
mod lookup;
mod record;
mod tidy;
mod time;
mod write;

pub use agent::{UserAgent, prepare_user_agents};
pub use categories::{Categories, categorise, event_types};
pub use debug::snake_case;
pub use fields::{FIELDS, Field, FieldId, Kind, Origin, Visitor};
pub use lookup::Lookup;
pub use record::{Arrival, Context, Organization, Record};
pub use time::Timestamp;
pub use write::write_json_string;
