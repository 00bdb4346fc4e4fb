//! x
pub(crate) mod transform;
