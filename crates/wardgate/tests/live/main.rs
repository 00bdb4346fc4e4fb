//! The real binary, following simulated organisations: what it promises, under faults.

mod crash;
mod faults;
mod running;
mod support;
