//! Who may do what, asked over HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/desk.rs"]
mod desk;
mod provider;
mod sessions;
mod setup;
mod support;
mod throttling;
mod tokens;
mod users;
mod walk;
