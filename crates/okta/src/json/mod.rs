//! A strict JSON scanner that borrows everything from its input and allocates nothing.
//!
//! [`Scanner`] reads one value after another; [`Value`] is what it gives: scalars as they
//! stand in the text, objects and arrays as [`Raw`] text that has been validated and can be
//! walked later, when somebody asks. Every byte that passes through the scanner is checked
//! against RFC 8259, also inside the parts nobody looks at, so whatever is passed on as
//! [`Raw`] can be written into another JSON document as it is. Nothing here recurses: nesting
//! is as deep as the input is long.

mod number;
mod scanner;
mod skip;
mod text;
mod value;

pub use scanner::{Error, Expected, Scanner};
pub use text::Text;
pub use value::{Entries, Items, Raw, Value};

/// Checks that `text` is exactly one JSON value, with nothing but white space around it.
///
/// # Errors
///
/// The offset of the first byte that RFC 8259 does not allow, and what was expected there.
///
/// ```
/// assert!(okta::json::validate(r#"{"a": [1, 2, {"b": null}]}"#).is_ok());
/// assert_eq!(okta::json::validate("[1,]").unwrap_err().offset, 3);
/// ```
pub fn validate(text: &str) -> Result<(), Error> {
    let mut scanner = Scanner::new(text);
    scanner.value()?;
    scanner.end()
}
