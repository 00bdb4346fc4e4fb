//! The pipeline: batches of events in, records and alerts in the store, acknowledgements out.

mod batch;
mod correlation;
mod hunt;
mod metrics;
mod pipeline;
mod poll;
mod worker;

pub use batch::{
    Acknowledgement, Batch, CursorMove, Handle, Inbox, Limits, Origin, Outcome, Receipt, Refused,
    Reject, Span, Stopped, Submission, channel,
};
pub use hunt::{Hunt, Hunted};
pub use metrics::Metrics;
pub use pipeline::Pipeline;
pub use poll::{backfill, follow};
