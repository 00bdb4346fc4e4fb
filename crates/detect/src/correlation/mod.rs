//! Correlation: alerts about several events.
//!
//! The rules that a correlation names are tried on every event, in any thread, like all others.
//! What they match is given to the [`Correlator`] as an [`Observation`], in the order of the
//! events; that is the only place with a memory. An event that no such rule matches costs
//! nothing.
//!
//! What is known of a group is the business of a module for each type: [`counted`] for those of
//! the Sigma specification, [`known`] for `first_seen`, [`journey`] for `impossible_travel`,
//! [`awaited`] for `missing_followup`, [`usual`] for `spike`, [`burden`] for `risk`. [`groups`]
//! holds them all, within the memory that is allowed.

mod awaited;
mod burden;
mod correlator;
mod counted;
mod finding;
mod groups;
mod journey;
mod known;
mod links;
mod observation;
mod plan;
mod usual;
mod visitors;
mod window;

#[cfg(test)]
mod tests;

pub use correlator::Correlator;
pub use groups::{Limits, Memory};
pub use observation::Observation;

pub(crate) use finding::Finding;
pub(crate) use links::Links;
pub(crate) use observation::Brief;
pub(crate) use plan::{Match, Plan, Sighting};
