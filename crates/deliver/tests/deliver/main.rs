//! Sinks at work: an outbox in memory, real files, and a real server on a loopback port.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice
)]

mod local;
mod support;
mod webhook;
