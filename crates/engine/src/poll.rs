//! From the pages of an organisation's log to batches.

use std::sync::Arc;
use std::time::Duration;

use ecs::Timestamp;
use okta_client::{Backfill, Follower, Page};
use tokio::time::sleep;

use crate::batch::{Batch, CursorMove, Handle, Origin, Receipt, Refused, Reject, Span};

/// How many pages may be under way at a time. The cursor moves page by page, in their order.
const UNDER_WAY: usize = 4;
/// How long to wait when nothing can be stored.
const PAUSE: Duration = Duration::from_millis(500);

/// Follows a log until the pipeline stops, or the future is dropped.
pub async fn follow(mut follower: Follower, origin: Arc<Origin>, source: String, handle: Handle) {
    let mut under_way = UnderWay::default();
    loop {
        let page = follower.next().await;
        let caught_up = !page.is_full && page.next.is_some();
        if under_way.hand_in(page, caught_up, &origin, &source, &handle).await.is_err() {
            return;
        }
    }
}

/// Reads a log between two times. Gives `true` when all of it is stored.
pub async fn backfill(
    mut backfill: Backfill,
    origin: Arc<Origin>,
    source: String,
    handle: Handle,
) -> bool {
    let mut under_way = UnderWay::default();
    while let Some(page) = backfill.next().await {
        if under_way.hand_in(page, false, &origin, &source, &handle).await.is_err() {
            return false;
        }
    }
    under_way.wait(0).await.is_ok()
}

/// Pages that have been handed in and are not stored yet.
#[derive(Default)]
struct UnderWay(std::collections::VecDeque<Receipt>);

impl UnderWay {
    async fn hand_in(
        &mut self,
        page: Page,
        caught_up: bool,
        origin: &Arc<Origin>,
        source: &str,
        handle: &Handle,
    ) -> Result<(), Refused> {
        // Nothing is fetched that could not be kept.
        while handle.is_stalled() {
            sleep(PAUSE).await;
        }
        let receipt = handle.submit(batch(page, caught_up, origin, source)).await?;
        self.0.push_back(receipt);
        self.wait(UNDER_WAY - 1).await
    }

    /// Waits until no more than `left` are under way.
    async fn wait(&mut self, left: usize) -> Result<(), Refused> {
        while self.0.len() > left {
            if let Some(receipt) = self.0.pop_front() {
                receipt.await.map_err(|_| Refused::Stopping)?;
            }
        }
        Ok(())
    }
}

fn batch(page: Page, caught_up: bool, origin: &Arc<Origin>, source: &str) -> Batch {
    let last_seen = Timestamp(page.last_seen.as_millisecond());
    let span = |span: okta_client::Span| Span {
        start: span.start,
        end: span.end,
        repaired: span.repaired,
    };
    let reject =
        |reject: okta_client::Reject| Reject { bytes: reject.bytes, reason: reject.reason };
    Batch {
        origin: Arc::clone(origin),
        events: page.events.into_iter().map(span).collect(),
        rejects: page.rejects.into_iter().map(reject).collect(),
        cursor: page.next.map(|cursor| CursorMove {
            source: source.to_owned(),
            cursor,
            last_seen: Some(last_seen),
        }),
        received: Timestamp(page.received.as_millisecond()),
        text: page.text,
        caught_up,
    }
}
