//! Stored events, and the same in memory.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use ecs::{Arrival, Context, Organization, Record, Timestamp};
use okta::LogEvent;
use query::Node;
use store::search::{Hit, Page, Request, Searcher, Selection};
use store::{Options, Origin, Prepared, Writer};

/// What `now` is for all of them.
pub(crate) const NOW: Timestamp = Timestamp(1_788_500_000_000);
/// When the events arrived.
pub(crate) const RECEIVED: Timestamp = Timestamp(1_788_400_000_000);

pub(crate) fn organization() -> Organization {
    Organization { id: Some("00o1".to_owned()), name: Some("Acme".to_owned()) }
}

pub(crate) fn open(root: &Path) -> Writer {
    Writer::open(root, Options { retention_days: None, ..Options::default() }).unwrap()
}

/// Stores events, and waits until they are searchable.
pub(crate) fn store(writer: &mut Writer, events: &[String]) {
    let organization = organization();
    let origin = Arc::new(Origin::new("acme", &organization));
    let context = Context::new(organization);
    let mut batch = Prepared::new(origin, RECEIVED);
    for text in events {
        with(text, &context, |record| {
            batch.event(record, false);
        });
    }
    let stored = writer.commit(&mut [batch.finish()]).unwrap();
    assert_eq!(stored[0].stored, events.len(), "every event is new");
    writer.flush();
}

pub(crate) fn with<T>(text: &str, context: &Context, work: impl FnOnce(&Record<'_>) -> T) -> T {
    let event = LogEvent::parse(text).unwrap();
    let arrival = Arrival { ingested: Some(RECEIVED), repaired: false };
    work(&Record::new(&event, context, arrival))
}

/// Events of some days, in the order in which they are stored.
pub(crate) fn simulated(events: u64, seed: u64, days: u32) -> Vec<String> {
    let mut scenario = sim::Scenario::new(events, seed);
    scenario.days = Some(days);
    let mut simulation = scenario.simulate().unwrap();
    let mut all = Vec::new();
    while let Some(event) = simulation.next_event() {
        all.push(String::from_utf8(event.json().to_vec()).unwrap());
    }
    all
}

/// Events that are odd: without a date, of far years, with several values, in other scripts.
fn odd() -> Vec<String> {
    [
        r#"{"uuid":"odd-1","eventType":"user.session.start","published":"never","actor":{"alternateId":"ZOË@example.org","displayName":"Zoë ΣΑΣ"}}"#,
        r#"{"uuid":"odd-2","eventType":"user.session.start","published":"1999-12-31T23:59:59.999Z","client":{"ipAddress":"2001:DB8::7"}}"#,
        r#"{"uuid":"odd-3","eventType":"system.api","published":"2026-09-02T12:00:00.000Z","target":[{"type":"User","id":"1","alternateId":"ada"},{"type":"User","id":"2","alternateId":"grace"},{"type":"AppInstance","displayName":"100% safe (really)"}],"securityContext":{"asNumber":-5,"isProxy":true}}"#,
        r#"{"uuid":"odd-4","eventType":"system.api","published":"2026-09-02T12:00:00.000Z","debugContext":{"debugData":{"requestUri":"/api/v1/Logs","risk":"{level=HIGH, reasons=New Device}","dtHash":"ABC"}},"displayMessage":"a*b?c \"quoted\" \\ text"}"#,
        r#"{"uuid":"odd-5","eventType":"system.api","published":"2026-09-02T12:00:00.000Z","request":{"ipChain":[{"ip":"10.1.2.3","version":"V4"},{"ip":"10.1.2.3","version":"V4"},{"ip":"2001:db8::8","version":"V6"}]},"outcome":{"result":"FAILURE","reason":"INVALID_CREDENTIALS"}}"#,
    ]
    .map(str::to_owned)
    .to_vec()
}

/// How many events come before the odd ones.
pub(crate) const SIMULATED: u64 = 300;

/// A store of four days and some events without a date.
pub(crate) struct Stored {
    pub(crate) events: Vec<String>,
    pub(crate) searcher: Searcher,
    _folder: tempfile::TempDir,
}

pub(crate) static STORED: LazyLock<Stored> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let mut events = simulated(SIMULATED, 11, 4);
    // What is stored later happened earlier, now and then.
    events.chunks_mut(50).for_each(<[String]>::reverse);
    events.extend(odd());
    let mut writer = open(folder.path());
    for chunk in events.chunks(80) {
        store(&mut writer, chunk);
    }
    drop(writer);
    let searcher = Searcher::open(folder.path()).unwrap();
    Stored { events, searcher, _folder: folder }
});

pub(crate) fn selection(query: &Node) -> Selection<'_> {
    Selection { now: NOW, ..Selection::new(query) }
}

/// All events of a request, in pages of `limit`.
pub(crate) fn paged(searcher: &Searcher, mut request: Request<'_>) -> Vec<Hit> {
    let mut hits: Vec<Hit> = Vec::new();
    loop {
        let before = hits.len();
        let found = searcher.for_each(&request, |hit| {
            hits.push(hit);
            std::ops::ControlFlow::Continue(())
        });
        let found = found.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(found.unreadable, []);
        assert_eq!(found.events as usize, hits.len() - before);
        assert!(found.events as usize <= request.limit);
        if !found.is_cut {
            return hits;
        }
        request.after = hits.last().map(Hit::page);
    }
}

/// The events that match, slowly: their texts by time and number.
pub(crate) fn slowly(query: &Node) -> BTreeMap<(i64, u64), &'static str> {
    let mut context = Context::new(organization());
    let mut found = BTreeMap::new();
    for (seq, text) in (1..).zip(&STORED.events) {
        context.reset();
        with(text, &context, |record| {
            if crate::slow::matches(query, record, NOW.0) {
                found.insert((record.time().unwrap().0, seq), text.as_str());
            }
        });
    }
    found
}

pub(crate) fn place(page: Page) -> (i64, u64) {
    (page.time.0, page.seq)
}
