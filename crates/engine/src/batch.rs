//! What sources hand in, and what they get back.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ecs::{Organization, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// Where events come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The name of the intake.
    pub intake: String,
    /// The Okta organisation; intakes of one organisation share what is recognised as repeated.
    pub organization: Organization,
    /// The intake whose organisation it is, where that has neither id nor name.
    pub same_as: Option<String>,
}

/// Where in a batch's text an event stands, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first byte.
    pub start: u32,
    /// The byte behind its last.
    pub end: u32,
    /// Whether its text was no UTF-8 and has been repaired.
    pub repaired: bool,
}

/// Something that is no event, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// What came.
    pub bytes: Vec<u8>,
    /// Why it is no event.
    pub reason: String,
}

/// How far a source has been read, once the batch that it comes with is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorMove {
    /// The source whose cursor it is, such as `acme` or `acme/backfill`.
    pub source: String,
    /// The cursor: Okta's `next` link, as it came.
    pub cursor: String,
    /// The latest `published` up to here, for when the cursor is no longer taken.
    pub last_seen: Option<Timestamp>,
}

/// Events that arrived together and are acknowledged together.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Where they come from.
    pub origin: Arc<Origin>,
    /// The text in which the events stand.
    pub text: String,
    /// The events, in their order. Text that turns out to be no LogEvent goes to quarantine.
    pub events: Vec<Span>,
    /// What is known to be no event.
    pub rejects: Vec<Reject>,
    /// What moves in the same commit.
    pub cursor: Option<CursorMove>,
    /// When the batch arrived.
    pub received: Timestamp,
    /// Whether its source had no more events when it arrived.
    pub caught_up: bool,
}

impl Batch {
    /// The bytes that it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text.len() + self.rejects.iter().map(|reject| reject.bytes.len()).sum::<usize>()
    }
}

/// What became of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The id of each event, in order: its `uuid`, or one made from its text. Those of the rejects
    /// follow.
    pub ids: Vec<String>,
    /// Events that are new.
    pub stored: usize,
    /// Events that had been stored before.
    pub repeated: usize,
    /// Texts that are kept in quarantine.
    pub quarantined: usize,
    /// Events from before what is retained.
    pub expired: usize,
}

/// A batch was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// As much as there is room for waits already.
    #[error("too much is waiting to be stored, try again later")]
    Full,
    /// Nothing can be stored at the moment, such as when the disk is full.
    #[error("nothing can be stored at the moment, try again later")]
    Stalled,
    /// The program is stopping.
    #[error("stopping")]
    Stopping,
}

/// The program stopped before the batch was stored. It may or may not be in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stopped before the events were stored")]
pub struct Stopped;

/// The promise of an [`Outcome`]: ready when the batch is durably stored.
#[derive(Debug)]
pub struct Receipt(oneshot::Receiver<Outcome>);

impl Future for Receipt {
    type Output = Result<Outcome, Stopped>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map_err(|_| Stopped)
    }
}

/// A batch on its way, with the room that it takes and whom to tell.
#[derive(Debug)]
pub struct Submission {
    /// The batch.
    pub batch: Batch,
    receipt: oneshot::Sender<Outcome>,
    _room: OwnedSemaphorePermit,
}

impl Submission {
    /// Takes the batch out; what is left tells the source.
    pub fn split(self) -> (Batch, Acknowledgement) {
        let Self { batch, receipt, _room } = self;
        (batch, Acknowledgement { receipt, _room })
    }
}

/// Tells a source, once, that its batch is stored.
#[derive(Debug)]
pub struct Acknowledgement {
    receipt: oneshot::Sender<Outcome>,
    _room: OwnedSemaphorePermit,
}

impl Acknowledgement {
    /// Tells it.
    pub fn done(self, outcome: Outcome) {
        // A source that no longer waits has no need to know.
        let _ = self.receipt.send(outcome);
    }
}

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of text.
    pub bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 48 << 20 }
    }
}

/// Where sources hand in batches. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    sender: mpsc::UnboundedSender<Submission>,
    room: Arc<Semaphore>,
    limits: Limits,
    stalled: Arc<std::sync::atomic::AtomicBool>,
}

/// Where the pipeline takes them from.
#[derive(Debug)]
pub struct Inbox {
    receiver: mpsc::UnboundedReceiver<Submission>,
    stalled: Arc<std::sync::atomic::AtomicBool>,
}

/// A queue that holds as much as `limits` allow: what stands in it is bounded by the room that
/// each batch has to find first.
#[must_use]
pub fn channel(limits: Limits) -> (Handle, Inbox) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let room = Arc::new(Semaphore::new(limits.bytes as usize));
    let stalled = Arc::default();
    (Handle { sender, room, limits, stalled: Arc::clone(&stalled) }, Inbox { receiver, stalled })
}

impl Handle {
    /// Hands in a batch, if there is room for it now.
    ///
    /// # Errors
    ///
    /// [`Refused`]: nothing of the batch is taken.
    pub fn try_submit(&self, batch: Batch) -> Result<Receipt, Refused> {
        if self.is_stalled() {
            return Err(Refused::Stalled);
        }
        let room = Arc::clone(&self.room).try_acquire_many_owned(self.need(&batch));
        self.send(batch, room.map_err(|_| Refused::Full)?)
    }

    /// Hands in a batch as soon as there is room for it.
    ///
    /// # Errors
    ///
    /// [`Refused::Stopping`].
    pub async fn submit(&self, batch: Batch) -> Result<Receipt, Refused> {
        let room = Arc::clone(&self.room).acquire_many_owned(self.need(&batch)).await;
        self.send(batch, room.map_err(|_| Refused::Stopping)?)
    }

    /// Whether nothing can be stored at the moment.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        self.stalled.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// The part of the room that is taken, from 0 to 1.
    #[must_use]
    pub fn fill(&self) -> f64 {
        let limit = f64::from(self.limits.bytes);
        (limit - self.room.available_permits() as f64) / limit
    }

    /// A batch larger than all there is takes all there is.
    fn need(&self, batch: &Batch) -> u32 {
        u32::try_from(batch.bytes().max(1)).unwrap_or(u32::MAX).min(self.limits.bytes)
    }

    fn send(&self, batch: Batch, room: OwnedSemaphorePermit) -> Result<Receipt, Refused> {
        let (receipt, promise) = oneshot::channel();
        let submission = Submission { batch, receipt, _room: room };
        self.sender.send(submission).map_err(|_| Refused::Stopping)?;
        Ok(Receipt(promise))
    }
}

impl Inbox {
    /// The next batch; `None` when no source is left.
    pub async fn next(&mut self) -> Option<Submission> {
        self.receiver.recv().await
    }

    /// The next batch, for a thread that may block; `None` when no source is left.
    pub fn blocking_next(&mut self) -> Option<Submission> {
        self.receiver.blocking_recv()
    }

    /// What says to the sources whether nothing can be stored at the moment.
    #[must_use]
    pub fn stalled(&self) -> Arc<std::sync::atomic::AtomicBool> {
        Arc::clone(&self.stalled)
    }
}
