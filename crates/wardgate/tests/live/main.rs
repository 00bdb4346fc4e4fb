//! The real binary, following simulated organisations: what it promises, under faults.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod access;
mod correlation;
mod crash;
mod delivery;
mod desk;
mod faults;
mod organisations;
mod running;
mod support;
