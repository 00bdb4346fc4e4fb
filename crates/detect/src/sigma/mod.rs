//! Sigma rules as they are written: files, rules, filters, selections, conditions, values.
//!
//! [`parse`] reads the text of a file and gives rules, correlations among them, filters, and a [`Diagnostic`] with line,
//! column and hint for everything that is wrong. What it gives is valid: modifiers go together,
//! values fit them, regular expressions compile, conditions name selections that exist.
//!
//! The language is that of the Sigma specification 2.1.0.

mod condition;
pub(crate) mod correlation;
pub(crate) mod detection;
pub(crate) mod diagnostic;
mod document;
mod filter;
pub(crate) mod modifier;
pub(crate) mod network;
pub(crate) mod regular;
mod rule;
pub(crate) mod value;
pub(crate) mod yaml;

pub use condition::Condition;
pub(crate) use correlation::BASELINE;
pub use correlation::{
    Alias, Correlation, CorrelationKind, MOST_EVENTS, Operator, Reference, Risk, Travel, Weights,
    in_words,
};
pub use detection::{Detection, Item, Search, Selection};
pub use diagnostic::{Diagnostic, Position, Severity};
pub use document::{Parsed, parse};
pub use filter::{Filter, FilteredRules};
pub use modifier::Modifier;
pub use rule::{Attributes, Effort, Level, LogSource, Related, Relation, Rule, Status};
pub use value::{Number, Part, Pattern, Quantity, Value};
