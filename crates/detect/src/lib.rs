//! Detection.
pub(crate) mod compile;
pub mod sigma;
