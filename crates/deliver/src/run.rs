//! The loop of a sink.

use std::pin::pin;
use std::sync::Arc;

use tokio::sync::{Notify, watch};
use tokio::time::sleep;
use tracing::{debug, info, warn};

use crate::delivery::{Delivery, Outbox, OutboxError};
use crate::failure::{Failure, FailureKind};
use crate::sink::{From, Sink};

/// How many alerts are read at once.
const PAGE: usize = 500;

/// Delivers alerts until `shutdown` is true, or its sender is gone.
///
/// After each commit of alerts `wake.notify_waiters()` should be called; without it they are found
/// within [`Patience::poll`](crate::Patience). At shutdown, an attempt that is under way has
/// [`Patience::grace`](crate::Patience) to end. What was not accepted by then is sent after the next
/// start.
pub async fn run(
    sink: Sink,
    outbox: Arc<dyn Outbox>,
    wake: Arc<Notify>,
    shutdown: watch::Receiver<bool>,
) {
    let name = sink.name.clone();
    let mut runner = Runner { sink, outbox, shutdown, latest: 0 };
    let _: Option<()> = runner.run(&wake).await;
    debug!(sink = name, "sink stopped");
}

struct Runner {
    sink: Sink,
    outbox: Arc<dyn Outbox>,
    shutdown: watch::Receiver<bool>,
    /// The last alert's place, when it was last asked for.
    latest: i64,
}

/// Methods give `None` when it is time to stop.
impl Runner {
    async fn run(&mut self, wake: &Notify) -> Option<()> {
        let mut position = self.begin().await?;
        loop {
            // From before the outbox is read, so that no alert comes unnoticed between the two.
            let mut woken = pin!(wake.notified());
            woken.as_mut().enable();
            let page = self.ask(move |outbox| {
                let latest = outbox.latest()?;
                Ok((outbox.after(position, PAGE)?, latest))
            });
            let (page, latest) = page.await?;
            self.latest = latest;
            self.sink.health.is_at(latest - position);
            if page.is_empty() {
                let poll = self.sink.patience.poll;
                tokio::select! {
                    biased;
                    () = stopped(&mut self.shutdown) => return None,
                    () = woken => {}
                    () = sleep(poll) => {}
                }
                continue;
            }
            position = self.deliver(position, page).await?;
        }
    }

    /// Where to go on, or begin.
    async fn begin(&mut self) -> Option<i64> {
        let name = self.sink.name.clone();
        let from = self.sink.from;
        self.ask(move |outbox| {
            if let Some(position) = outbox.checkpoint(&name)? {
                return Ok(position);
            }
            let position = match from {
                From::Now => outbox.latest()?,
                From::Earliest => 0,
            };
            // At once: what comes before the first delivery is not to be skipped by a restart.
            outbox.set_checkpoint(&name, position)?;
            Ok(position)
        })
        .await
    }

    /// Delivers a page of alerts, and gives the place behind it.
    async fn deliver(&mut self, position: i64, page: Vec<Delivery>) -> Option<i64> {
        let most = self.sink.target.batch();
        let end = page.last().map_or(position, |alert| alert.seq.max(position));
        let mut kept = position;
        let mut batch = Vec::new();
        for alert in page {
            if self.sink.wants(&alert) {
                batch.push(alert);
            }
            if batch.len() >= most {
                kept = self.send(std::mem::take(&mut batch)).await?;
            }
        }
        if !batch.is_empty() {
            kept = self.send(batch).await?;
        }
        if kept < end {
            self.move_to(end).await?;
        }
        Some(end)
    }

    /// Sends alerts until they are accepted or set aside, and moves the checkpoint behind them.
    async fn send(&mut self, alerts: Vec<Delivery>) -> Option<i64> {
        let seq = alerts.last().map_or(0, |alert| alert.seq);
        let (mut failures, mut refusals) = (0_u32, 0_u32);
        loop {
            if *self.shutdown.borrow() {
                return None;
            }
            let grace = self.sink.patience.grace;
            let shutdown = &mut self.shutdown;
            let over = async {
                stopped(shutdown).await;
                sleep(grace).await;
            };
            let sent = tokio::select! {
                biased;
                sent = self.sink.target.send(alerts.clone()) => sent,
                () = over => return None,
            };
            let Err(failure) = sent else {
                if failures > 0 {
                    info!(sink = self.sink.name, "sink delivers again");
                }
                self.sink.health.accepted(alerts.len());
                self.move_to(seq).await?;
                return Some(seq);
            };
            failures = failures.saturating_add(1);
            refusals += u32::from(failure.kind == FailureKind::Refused);
            self.sink.health.failure(&failure.reason);
            if refusals >= self.sink.patience.refusals.max(1) && alerts.len() == 1 {
                self.set_aside(seq, failure).await?;
                return Some(seq);
            }
            let wait = self.sink.patience.wait(failures, &failure.kind);
            let Failure { reason, .. } = failure;
            let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            warn!(sink = self.sink.name, seq, failures, wait_ms, reason, "sink failed");
            tokio::select! {
                biased;
                () = stopped(&mut self.shutdown) => return None,
                () = sleep(wait) => {}
            }
            // More may have come meanwhile. If that cannot be told, it is asked for next time.
            let outbox = Arc::clone(&self.outbox);
            if let Ok(Ok(latest)) = tokio::task::spawn_blocking(move || outbox.latest()).await {
                self.latest = latest;
                let done = alerts.first().map_or(0, |alert| alert.seq - 1);
                self.sink.health.is_at(latest - done);
            }
        }
    }

    async fn set_aside(&mut self, seq: i64, failure: Failure) -> Option<()> {
        let name = self.sink.name.clone();
        let reason = failure.reason.clone();
        self.ask(move |outbox| outbox.dead_letter(&name, seq, &reason)).await?;
        self.sink.health.put_aside();
        self.move_to(seq).await?;
        let Failure { reason, .. } = failure;
        warn!(sink = self.sink.name, seq, reason, "alert refused, set aside");
        Some(())
    }

    async fn move_to(&mut self, seq: i64) -> Option<()> {
        let name = self.sink.name.clone();
        self.ask(move |outbox| outbox.set_checkpoint(&name, seq)).await?;
        self.sink.health.is_at(self.latest - seq);
        Some(())
    }

    /// Asks the outbox, until it answers.
    async fn ask<T: Send + 'static>(
        &mut self,
        question: impl Fn(&dyn Outbox) -> Result<T, OutboxError> + Clone + Send + 'static,
    ) -> Option<T> {
        let mut failures = 0_u32;
        loop {
            let outbox = Arc::clone(&self.outbox);
            let once = question.clone();
            let answer = tokio::task::spawn_blocking(move || once(&*outbox)).await;
            let reason = match answer {
                Ok(Ok(answer)) => return Some(answer),
                Ok(Err(error)) => format!("the store does not answer: {error}"),
                Err(_) => "the store broke off".to_owned(),
            };
            failures = failures.saturating_add(1);
            self.sink.health.failure(&reason);
            let wait = self.sink.patience.wait(failures, &FailureKind::Soon(None));
            let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            warn!(sink = self.sink.name, failures, wait_ms, reason, "sink cannot go on");
            tokio::select! {
                biased;
                () = stopped(&mut self.shutdown) => return None,
                () = sleep(wait) => {}
            }
        }
    }
}

/// Waits for the end.
async fn stopped(shutdown: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone.
    let _ = shutdown.wait_for(|is_over| *is_over).await;
}
