//! The query language: Lucene's syntax, read into a tree.
//!
//! [`parse`] gives a [`Query`]: a tree of [`Node`]s that know where they stand, or a
//! [`Diagnostic`] that says what was expected, and where. What fields there are, and which values
//! they have, is not known here. [`Pattern`] matches wildcards and [`Moment`] reads dates for
//! those who know.
//!
//! Two clauses side by side have to match both, as if AND stood between them. AND binds tighter
//! than OR, and NOT tighter than AND. There are no scores: a clause matches or does not.
//!
//! ```
//! use query::{Clause, Matcher, parse};
//!
//! let query = parse(r#"user.name:ada* NOT source.ip:(10.0.0.0/8 OR "::1")"#)?;
//! let Clause::And(both) = &query.root.clause else { unreachable!() };
//! assert!(matches!(&both[0].clause, Clause::Test(test) if matches!(test.matcher, Matcher::Wildcard(_))));
//! assert_eq!(
//!     query.root.to_string(),
//!     r#"user.name:ada* AND NOT (source.ip:10.0.0.0/8 OR source.ip:"::1")"#,
//! );
//!
//! let text = "user.name:(ada OR ";
//! let error = parse(text).unwrap_err();
//! assert_eq!(error.render(text), "\
//! user.name:(ada OR
//!                   ^ expected something to search for after OR: write another term, or leave OR out");
//! # Ok::<(), query::Diagnostic>(())
//! ```

mod date;
mod diagnostic;
mod display;
mod parse;
mod pattern;
mod scan;
mod tree;

pub use date::{InvalidDate, Moment};
pub use diagnostic::{Diagnostic, Span};
pub use parse::{MAX_BYTES, MAX_CLAUSES, MAX_DEPTH, parse};
pub use pattern::{Pattern, Piece};
pub use tree::{Clause, Field, Matcher, Node, Operand, Query, Range, Test};
