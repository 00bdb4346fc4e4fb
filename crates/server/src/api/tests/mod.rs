//! Every route, on a store that the pipeline has filled.

mod alerts;
mod events;
mod hostile;
mod others;
mod rules;
mod support;
mod tails;
