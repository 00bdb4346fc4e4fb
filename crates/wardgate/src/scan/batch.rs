//! What comes of one chunk.

use detect::{Alert, Observation};
use ecs::Timestamp;
use files::Form;

/// The records, alerts and rejects of one chunk, in their order.
#[derive(Default)]
pub(crate) struct Batch {
    /// The number of the chunk.
    pub(crate) sequence: u64,
    /// Which input the chunk came from.
    pub(crate) input: usize,
    /// How the events stood in it.
    pub(crate) form: Form,
    /// Events read.
    pub(crate) events: u64,
    /// Rejects, those that go on with the one before not counted.
    pub(crate) rejected: u64,
    /// Bytes of the chunk.
    pub(crate) bytes: u64,
    /// Records, one a line.
    pub(crate) records: Vec<u8>,
    /// Rejects as they are written to a file, one a line.
    pub(crate) rejects: Vec<u8>,
    /// Where and why the first of them were rejected.
    pub(crate) reasons: Vec<String>,
    pub(crate) alerts: Vec<Alert>,
    /// What correlations want to know of.
    pub(crate) observed: Vec<Observed>,
    /// The time of the newest event.
    pub(crate) newest: Option<Timestamp>,
}

/// What a correlation wants to know of an event.
pub(crate) struct Observed {
    /// The number of alerts before it.
    pub(crate) alerts: usize,
    /// The time of the newest event up to it.
    pub(crate) newest: Option<Timestamp>,
    pub(crate) observation: Observation,
}

impl Batch {
    /// Empties the batch and keeps its memory.
    pub(crate) fn clear(&mut self) {
        let Self { records, rejects, reasons, alerts, observed, .. } = std::mem::take(self);
        let emptied = |mut bytes: Vec<u8>| {
            // A chunk with one huge event does not make every batch as large.
            const LARGEST: usize = 8 << 20;
            bytes.clear();
            bytes.shrink_to(LARGEST);
            bytes
        };
        (self.records, self.rejects) = (emptied(records), emptied(rejects));
        (self.reasons, self.alerts) = (reasons, alerts);
        self.observed = observed;
        self.observed.clear();
        self.reasons.clear();
        self.alerts.clear();
    }
}

/// What somebody wants to have of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wants {
    pub(crate) records: bool,
    pub(crate) rejects: bool,
}
