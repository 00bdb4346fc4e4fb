//! The pipeline: batches of events in, records and alerts in the store, acknowledgements out.

mod batch;

pub use batch::{
    Acknowledgement, Batch, CursorMove, Handle, Inbox, Limits, Origin, Outcome, Receipt, Refused,
    Reject, Span, Stopped, Submission, channel,
};
