//! Why something in a file is not an event.

use okta::json;

/// Why a part of a file is rejected. Displays as one short line for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The text is not JSON; the offset counts from the start of the rejected line or element.
    #[error("{0}")]
    NotJson(json::Error),
    /// The text ends in the middle of a JSON value.
    #[error("cut off: the text ends in the middle of a JSON value")]
    CutOff,
    /// A string of a JSON value has a line break in it, so that its end can't be known.
    #[error("not JSON: a line break inside a string")]
    LineBreak,
    /// Text between the elements of an array, or between objects.
    #[error("not JSON: expected an object")]
    Garbage,
    /// A JSON value of another kind than an object.
    #[error("not an event: expected an object, found {0}")]
    NotAnObject(&'static str),
    /// An object that is no LogEvent, and has none inside.
    #[error("not an event: expected `eventType` with `uuid` or `published`, or an event inside")]
    NotAnEvent,
    /// An object around a list of events that has nothing in it.
    #[error("not an event: its list of events is empty")]
    EmptyList,
    /// Longer than the limit, which is given in bytes.
    #[error("longer than {0} bytes, the limit for one event")]
    TooLong(usize),
    /// A whole file that is not text, and what it looks like.
    #[error("not a log: {0}")]
    NotText(&'static str),
    /// The file, or its compression, can't be read further than this.
    #[error("{0}; what could be read before it is kept")]
    Broken(Box<str>),
    /// A CSV row with another number of cells than the header has columns.
    #[error("{found} cells where the header names {expected} columns")]
    Cells {
        /// Cells in the row.
        found: usize,
        /// Columns in the header.
        expected: usize,
    },
    /// A CSV cell that opens a quote and never closes it.
    #[error("a quoted cell that never ends")]
    OpenQuote,
}
