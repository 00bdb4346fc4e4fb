//! The organisation as a client sees it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod faults;
mod hooks;
mod logs;
mod oauth;
mod support;
mod tls;
