//! The store's alerts, as sinks read them.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use deliver::{Delivery, Outbox, OutboxError};
use store::{Database, StoredAlert};

pub(super) struct StoreOutbox(Mutex<Database>);

impl StoreOutbox {
    pub(super) fn open(root: &Path) -> Result<Self> {
        Ok(Self(Mutex::new(super::database(root)?)))
    }

    fn database(&self) -> MutexGuard<'_, Database> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbox for StoreOutbox {
    fn after(&self, seq: i64, limit: usize) -> Result<Vec<Delivery>, OutboxError> {
        let alerts = self.database().alerts_after(seq, limit)?;
        Ok(alerts.into_iter().map(delivery).collect())
    }

    fn latest(&self) -> Result<i64, OutboxError> {
        Ok(self.database().last_alert()?)
    }

    fn checkpoint(&self, sink: &str) -> Result<Option<i64>, OutboxError> {
        Ok(self.database().checkpoint(sink)?)
    }

    fn set_checkpoint(&self, sink: &str, seq: i64) -> Result<(), OutboxError> {
        Ok(self.database().set_checkpoint(sink, seq)?)
    }

    fn dead_letter(&self, sink: &str, seq: i64, reason: &str) -> Result<(), OutboxError> {
        Ok(self.database().dead_letter(sink, seq, reason)?)
    }
}

fn delivery(stored: StoredAlert) -> Delivery {
    let StoredAlert { alert, document } = stored;
    Delivery {
        seq: alert.seq,
        id: alert.id,
        repeat_of: alert.repeat_of,
        rule_id: alert.rule,
        rule_name: alert.rule_name,
        severity: alert.severity,
        time_ms: alert.time.0,
        title: alert.title,
        user: alert.user,
        address: alert.address,
        place: alert.place,
        document,
    }
}
