//! The events at hand: exported or stored.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::Result;
use ecs::{Arrival, Organization, Timestamp};
use files::{Chunk, Chunks, Item, Part};
use store::search::{Request, Searcher, Selection};

/// An event as it was written, and how it arrived.
pub(super) struct Event<'e> {
    pub(super) text: &'e str,
    pub(super) arrival: Arrival,
    pub(super) organization: Organization,
}

/// Calls `on_event` with the events of files, in their order.
pub(super) fn exported(paths: &[PathBuf], on_event: &mut dyn FnMut(Event<'_>)) -> Result<()> {
    let mut chunks = Chunks::new(files::expand(paths)?, files::Options::default());
    let inputs = chunks.inputs();
    let mut chunk = Chunk::new();
    while let Some(filled) = chunks.next_chunk(chunk)? {
        let modified = inputs.get(filled.input()).and_then(files::Input::modified);
        let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let ingested = since.and_then(|time| i64::try_from(time.as_millis()).ok()).map(Timestamp);
        let mut give = |text: &str, repaired| {
            let organization = Organization::default();
            on_event(Event { text, arrival: Arrival { ingested, repaired }, organization });
        };
        filled.events(|item| {
            let Item::Event(candidate) = item else { return };
            if okta::LogEvent::parse(candidate.text).is_ok() {
                return give(candidate.text, candidate.repaired);
            }
            // What is no event may have some in it; what has none is not counted.
            let _ = files::unwrap(candidate.text, &mut |part| {
                if let Part::Event { text, .. } = part {
                    give(text, candidate.repaired);
                }
            });
        });
        chunk = filled;
    }
    Ok(())
}

/// Calls `on_event` with the stored events, the earliest first.
pub(super) fn stored(data: &Path, on_event: &mut dyn FnMut(Event<'_>)) -> Result<()> {
    let searcher = Searcher::open(data)?;
    let query = query::parse("*").map_err(store::search::SearchError::Query)?;
    let selection = Selection::new(&query.root);
    let request = Request { selection, limit: usize::MAX, newest_first: false, after: None };
    let found = searcher.for_each(&request, |hit| {
        let organization = hit.origin.map(|origin| origin.organization()).unwrap_or_default();
        on_event(Event { text: &hit.raw, arrival: hit.arrival, organization });
        ControlFlow::Continue(())
    })?;
    crate::stored::say_unreadable(&found.unreadable);
    Ok(())
}
