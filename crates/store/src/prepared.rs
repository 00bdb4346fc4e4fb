//! A batch of events, made ready to be committed.

use std::sync::Arc;

use ecs::{Record, Timestamp};

use crate::Day;
use crate::db::{self, Cursor, NewAlert, Origin};
use crate::index::Document;

/// A batch, with all the work done that does not depend on what is stored.
#[derive(Debug)]
pub struct Prepared {
    pub(crate) origin: Arc<Origin>,
    pub(crate) received: Timestamp,
    pub(crate) events: Vec<PreparedEvent>,
    pub(crate) alerts: Vec<(usize, NewAlert)>,
    pub(crate) rejects: Vec<(Vec<u8>, String)>,
    pub(crate) cursor: Option<Cursor>,
    /// The events' texts, for the journal.
    pub(crate) packed: Vec<u8>,
    plain: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct PreparedEvent {
    pub(crate) id: String,
    pub(crate) day: Day,
    /// Taken when the event is committed.
    pub(crate) document: Option<Document>,
}

impl Prepared {
    /// An empty batch that arrived at `received`.
    #[must_use]
    pub fn new(origin: Arc<Origin>, received: Timestamp) -> Self {
        Self {
            origin,
            received,
            events: Vec::new(),
            alerts: Vec::new(),
            rejects: Vec::new(),
            cursor: None,
            packed: Vec::new(),
            plain: Vec::new(),
        }
    }

    /// Adds an event and gives its id.
    pub fn event(&mut self, record: &Record<'_>, repaired: bool) -> &str {
        let event = record.event();
        let id = db::event_id(event.uuid, event.raw());
        let day = Day::of(record.published());
        let document = Some(Document::new(record, &id, repaired));
        db::pack(&mut self.plain, event.raw(), repaired);
        self.events.push(PreparedEvent { id, day, document });
        self.events.last().map_or("", |event| &event.id)
    }

    /// Adds an alert about the event that was added last. It is stored only if the event is new.
    pub fn alert(&mut self, alert: NewAlert) {
        self.alerts.push((self.events.len().saturating_sub(1), alert));
    }

    /// Adds something that is no event.
    pub fn reject(&mut self, bytes: Vec<u8>, reason: String) {
        self.rejects.push((bytes, reason));
    }

    /// Sets the cursor that moves with the batch.
    pub fn cursor(&mut self, cursor: Cursor) {
        self.cursor = Some(cursor);
    }

    /// Where its events come from.
    #[must_use]
    pub fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// The source whose cursor moves with the batch.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.cursor.as_ref().map(|cursor| cursor.source.as_str())
    }

    /// How many events it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether it has no events.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Makes it ready to be committed.
    #[must_use]
    pub fn finish(mut self) -> Self {
        self.packed = db::compress(&self.plain);
        self.plain = Vec::new();
        self
    }
}
