//! What people see on a terminal, and rows for spreadsheets.

pub(crate) mod clean;
pub(crate) mod csv;
pub(crate) mod progress;
pub(crate) mod say;
pub(crate) mod style;
pub(crate) mod summary;
pub(crate) mod table;
