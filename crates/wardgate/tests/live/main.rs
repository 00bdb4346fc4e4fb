//! The real binary, following simulated organisations: what it promises, under faults.

mod crash;
mod delivery;

mod faults;
mod organisations;
mod running;
mod support;
