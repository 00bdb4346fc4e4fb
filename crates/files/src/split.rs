//! The splitters, one for each form, behind one door.

use std::sync::Arc;

use crate::array::Values;
use crate::chunk::Mark;
use crate::columns::Columns;
use crate::csv::Records;
use crate::form::{Form, Found};
use crate::ndjson::Lines;

/// What a splitter sees of an input: all that has been read and not yet been consumed.
#[derive(Debug)]
pub(crate) struct Window<'a> {
    pub(crate) bytes: &'a [u8],
    /// Nothing follows.
    pub(crate) eof: bool,
    /// At least as long as chunks are to be.
    pub(crate) full: bool,
    /// What is at least this long without an end is given away in parts.
    pub(crate) limit: usize,
}

/// Finds the events of one input. A splitter that returns 0 is called again with a longer window;
/// at the end of the input it consumes everything.
#[derive(Debug)]
pub(crate) enum Splitter {
    Lines(Lines),
    Values(Values),
    Records(Records, Arc<Columns>),
    /// Not a log: whatever comes is passed over.
    Nothing,
}

impl Splitter {
    pub(crate) fn new(found: Found) -> Self {
        match found {
            Found::Lines => Self::Lines(Lines::new(1)),
            Found::Values => Self::Values(Values::new(1)),
            Found::Csv(columns) => {
                Self::Records(Records::new(columns.delimiter()), Arc::new(columns))
            }
            Found::NotText(_) => Self::Nothing,
        }
    }

    pub(crate) fn form(&self) -> Form {
        match self {
            Self::Lines(_) => Form::Lines,
            Self::Values(_) => Form::Values,
            Self::Records(..) => Form::Csv,
            Self::Nothing => Form::NotText,
        }
    }

    pub(crate) fn columns(&self) -> Option<Arc<Columns>> {
        match self {
            Self::Records(_, columns) => Some(Arc::clone(columns)),
            _ => None,
        }
    }

    /// The line on which what has not been consumed begins.
    pub(crate) fn line(&self) -> u64 {
        match self {
            Self::Lines(lines) => lines.line(),
            Self::Values(values) => values.line(),
            Self::Records(records, _) => records.line(),
            Self::Nothing => 1,
        }
    }

    /// Marks what is in `window`; returns how many of its bytes are done with.
    pub(crate) fn split(&mut self, window: &Window<'_>, marks: &mut Vec<Mark>) -> usize {
        let done = match self {
            Self::Lines(lines) => lines.split(window, marks),
            Self::Values(values) => return values.split(window, marks),
            Self::Records(records, _) => return records.split(window, marks),
            Self::Nothing => return window.bytes.len(),
        };
        let Self::Lines(lines) = &self else { return done };
        if !lines.is_multiline() {
            return done;
        }
        *self = Self::Values(Values::new(lines.line()));
        if done > 0 { done } else { self.split(window, marks) }
    }
}
