//! Detection.
pub mod builtin;
pub(crate) mod compile;
pub mod sigma;
