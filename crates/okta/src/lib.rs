//! Okta's System Log: its events, read from JSON as fast as the text can be checked.
//!
//! [`LogEvent::parse`] reads one event and borrows everything from its text; [`Path`] finds
//! members by the names that rules and people use; [`json`] is the scanner below, of use to
//! everything else that meets JSON on the way of the data.
//!
//! ```
//! use okta::LogEvent;
//!
//! let event = LogEvent::parse(
//!     r#"{"uuid": "f790999f", "published": "2026-09-30T22:23:07.777Z",
//!         "eventType": "user.session.start", "outcome": {"result": "SUCCESS"},
//!         "target": [{"type": "AppInstance", "displayName": "Okta Admin Console"}]}"#,
//! )?;
//! assert_eq!(event.outcome.result.to_str().as_deref(), Some("SUCCESS"));
//! assert_eq!(event.target.len(), 1);
//! # Ok::<(), okta::ParseError>(())
//! ```

mod event;
pub mod json;

pub use event::{
    Actor, AuthenticationContext, Client, DebugContext, Device, GeographicalContext, Geolocation,
    Issuer, List, LogEvent, Members, Outcome, ParseError, Path, Request, SecurityContext, Target,
    Transaction, UserAgent, visit_value,
};
