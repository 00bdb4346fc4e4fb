//! Those who are told of alerts.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use config::Config;
use deliver::{Sink, SinkHealth};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::outbox::StoreOutbox;
use crate::sinks;

/// Tasks that deliver alerts.
pub(super) struct Sinks {
    tasks: JoinSet<()>,
    pub(super) health: Vec<(String, Arc<SinkHealth>)>,
}

impl Sinks {
    /// Waits until they have ended, which they do when told so.
    pub(super) async fn stop(mut self, patience: Duration) {
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(patience, ended).await;
    }
}

/// Begins to deliver to all sinks of the configuration.
pub(super) fn start(
    config: &Config,
    show_alerts: bool,
    root: &Path,
    wake: &Arc<Notify>,
    stopped: &watch::Receiver<bool>,
) -> Result<Sinks> {
    let outbox = Arc::new(StoreOutbox::open(root)?);
    let mut running = Sinks { tasks: JoinSet::new(), health: Vec::new() };
    let mut add = |sink: Sink| {
        running.health.push((sink.name().to_owned(), sink.health()));
        let outbox = Arc::clone(&outbox);
        running.tasks.spawn(deliver::run(sink, outbox, Arc::clone(wake), stopped.clone()));
    };
    for sink in &config.sinks {
        add(sinks::sink(sink)?);
    }
    if show_alerts {
        add(Sink::new("terminal", sinks::terminal()).from(deliver::From::Earliest));
    }
    Ok(running)
}

/// Wakes sinks when there are new alerts.
pub(super) async fn wake_on_alerts(mut alerts: watch::Receiver<u64>, wake: Arc<Notify>) {
    while alerts.changed().await.is_ok() {
        wake.notify_waiters();
    }
}
