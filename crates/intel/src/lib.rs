//! Indicators of compromise: reading them, and finding them in events.
//!
//! [`read`] takes STIX 2.1 bundles, CSV and plain lists, and gives [`Indicator`]s. A [`Builder`]
//! packs them into an [`IndicatorSet`], which never changes: one serves all threads, and another
//! takes its place when the feeds have changed. [`IndicatorSet::find`] names the indicators that
//! an event has something to do with.
//!
//! ```
//! use intel::{Builder, Feed, Period, read};
//!
//! let feed = Feed::named("own");
//! let mut builder = Builder::default();
//! let reading = read("203.0.113.66\nphish.example\n".as_bytes(), &feed, &mut |indicator| {
//!     builder.add(&indicator);
//! });
//! assert_eq!(reading.used, 2);
//! let set = builder.build();
//!
//! let text = r#"{"uuid": "1", "published": "2026-11-22T10:00:00.000Z",
//!     "eventType": "user.session.start", "client": {"ipAddress": "203.0.113.66"}}"#;
//! let event = okta::LogEvent::parse(text)?;
//! let context = ecs::Context::default();
//! let record = ecs::Record::new(&event, &context, ecs::Arrival::default());
//! let found = set.find(&record, Period::Stream);
//! assert_eq!(found[0].field, "source.ip");
//! assert_eq!(found[0].indicator.value, "203.0.113.66");
//! # Ok::<(), okta::ParseError>(())
//! ```

mod builder;
mod find;
mod indicator;
mod networks;
mod read;
mod set;
mod value;

pub use builder::{Builder, MOST_INDICATORS};
pub use find::{Finding, Found, Hunter, Period, Seen, TOLERANCE_DAYS, Term};
pub use indicator::{Feed, Indicator, Part, Tlp, pack, unpack};
pub use read::{Form, Place, Problem, Reading, read, read_form};
pub use set::IndicatorSet;
pub use value::{Kind, Unusable, Value};
