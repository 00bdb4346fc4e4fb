//! Correlation: alerts about several events.
//!
//! The rules that a correlation names are tried on every event, in any thread, like all others.
//! What they match is given to the [`Correlator`] as an [`Observation`], in the order of the
//! events; that is the only place with a memory. An event that no such rule matches costs
//! nothing.

mod correlator;
mod observation;
mod plan;
mod window;

#[cfg(test)]
mod tests;

pub use correlator::{Correlator, Limits, Memory};
pub use observation::Observation;

pub(crate) use correlator::Finding;
pub(crate) use observation::Brief;
pub(crate) use plan::{Links, Plan};
