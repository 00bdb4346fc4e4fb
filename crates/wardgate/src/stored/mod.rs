//! Stored events, for commands that read them: which ones, and how they are written.

mod columns;
mod output;
mod select;

pub(crate) use columns::Columns;
pub(crate) use output::{Form, Output};
pub(crate) use select::{SelectArgs, parse_duration, say_unreadable};
pub(crate) use store::output::Fields;
