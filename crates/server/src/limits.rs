//! How much the server takes at once, and how long it waits.

use std::time::Duration;

/// How much the server takes at once, and how long it waits. Sizes are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections.
    pub connections: usize,
    /// Requests that push events, at the same time.
    pub requests: usize,
    /// A body as it is sent.
    pub sent_body: usize,
    /// A body without its compression.
    pub body: usize,
    /// Events in one request.
    pub events: usize,
    /// All bodies together that are being read and not yet handed in. A quarter of this, and of
    /// `requests`, is for those whose key has not been seen yet: it may stand in their body.
    pub bodies: usize,
    /// For the head of a request, from the end of the one before.
    pub head_time: Duration,
    /// Between two parts of a body.
    pub idle_time: Duration,
    /// For a whole body.
    pub body_time: Duration,
    /// For an answer to be taken.
    pub write_time: Duration,
    /// For events to be stored.
    pub store_time: Duration,
    /// For the events of a hook to be stored: Okta waits for 3 s.
    pub hook_time: Duration,
    /// For requests to be done when the server stops.
    pub stop_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            requests: 256,
            sent_body: 32 << 20,
            body: 64 << 20,
            events: 100_000,
            bodies: 128 << 20,
            head_time: Duration::from_secs(30),
            idle_time: Duration::from_secs(15),
            body_time: Duration::from_secs(60),
            write_time: Duration::from_secs(30),
            store_time: Duration::from_secs(30),
            hook_time: Duration::from_millis(2500),
            stop_time: Duration::from_secs(5),
        }
    }
}
