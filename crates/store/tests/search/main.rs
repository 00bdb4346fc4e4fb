//! Search over stored events: the same answers as a slow look at every record, in order, in
//! pages, by value and by time; also beside a writer, and where days are damaged.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod answers;
mod beside;
mod measured;
mod slow;
mod support;
