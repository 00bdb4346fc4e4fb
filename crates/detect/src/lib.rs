//! Detection: Sigma rules over Okta's System Log.
//!
//! [`sigma::parse`] reads rule files; [`RuleSet::compile`] makes rules into a set;
//! [`RuleSet::matches`] tries the set on an [`Event`], which an [`ecs::Record`] is.
//!
//! ```
//! use detect::{Options, RuleSet, Scratch};
//!
//! let rules = "
//! title: Okta API token created
//! logsource: {product: okta, service: okta}
//! detection:
//!     selection:
//!         event.action: system.api_token.create
//!     condition: selection
//! level: medium
//! ";
//! let parsed = detect::sigma::parse(rules, "api_token.yml");
//! let rules = RuleSet::compile(parsed.rules, &parsed.filters, &Options::default());
//!
//! let event = r#"{"uuid": "1", "published": "2026-11-22T10:00:00.000Z",
//!     "eventType": "system.api_token.create"}"#;
//! let event = okta::LogEvent::parse(event)?;
//! let context = ecs::Context::default();
//! let record = ecs::Record::new(&event, &context, ecs::Arrival::default());
//!
//! let mut titles = Vec::new();
//! rules.matches(&record, &mut Scratch::default(), |rule, matched| {
//!     titles.push(rule.rule().title.clone());
//!     let value = ("event.action".to_owned(), "system.api_token.create".to_owned());
//!     assert_eq!(matched.values(), [value]);
//! });
//! assert_eq!(titles, ["Okta API token created"]);
//! # Ok::<(), okta::ParseError>(())
//! ```

mod alert;
pub mod attack;
pub mod builtin;
mod compile;
mod correlation;
pub mod coverage;
mod detector;
mod event;
mod exceptions;
mod indicators;
pub mod lint;
mod matcher;
mod pack;
pub mod rule_test;
mod ruleset;
pub mod sigma;
mod state;
mod threat;
mod title;

pub use alert::{Alert, severity};
pub use compile::{Options, Placeholders};
pub use correlation::{Correlator, Limits, Memory, Observation};
pub use detector::{Detector, Found, Workspace, is_feed_rule};
pub use event::Event;
pub use exceptions::{Exception, Exceptions};
pub use matcher::{Matched, Scratch};
pub use pack::{BUILTIN, LoadError, Pack, PackRule, Selection};
pub use ruleset::{CompiledRule, RuleSet};
pub use state::{RuleState, only_serves, rule_states};
pub use title::Template;
