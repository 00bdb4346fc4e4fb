//! One thread's work: a batch of events into records and alerts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use detect::{Detector, Found, Workspace};
use ecs::{Arrival, Context, Record, Timestamp};
use files::{Part, Reason};
use hashbrown::HashMap;
use okta::{LogEvent, ParseError};
use store::{Cursor, NewAlert, Prepared};

use crate::batch::{Batch, Origin};
use crate::correlation::{Observed, Sightings};

/// How much later than its arrival an event may say it is, in milliseconds.
const SKEW: i64 = 300_000;
/// How many origins a thread keeps a context for.
const MOST_CONTEXTS: usize = 64;

/// One thread's tools.
#[derive(Default)]
pub(crate) struct Worker {
    contexts: HashMap<Arc<str>, (Arc<Origin>, Context, Arc<store::Origin>)>,
    workspace: Workspace,
}

/// What came of a batch.
pub(crate) struct Worked {
    pub(crate) prepared: Prepared,
    /// The ids of its events, then those of its rejects.
    pub(crate) ids: Vec<String>,
    pub(crate) seen: Seen,
    /// What correlations want to know of.
    pub(crate) sightings: Sightings,
}

/// What was counted in a batch.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The latest `published`, in milliseconds since 1970.
    pub(crate) newest: Option<i64>,
    /// How often each rule matched, by its place in the detector.
    pub(crate) matches: Vec<(usize, u64)>,
    /// How long the rules took.
    pub(crate) detecting: Duration,
}

impl Worker {
    /// Works through a batch.
    pub(crate) fn work(&mut self, batch: &mut Batch, detector: &Detector) -> Worked {
        let Self { contexts, workspace } = self;
        if contexts.len() > MOST_CONTEXTS {
            contexts.clear();
        }
        let intake: Arc<str> = batch.origin.intake.as_str().into();
        let (origin, context, stored) =
            contexts.entry(intake).or_insert_with(|| fresh(&batch.origin));
        if *origin != batch.origin {
            (*origin, *context, *stored) = fresh(&batch.origin);
        }
        let mut prepared = Prepared::new(Arc::clone(stored), batch.received);
        let mut worked = Ready {
            ids: Vec::with_capacity(batch.events.len()),
            seen: Seen::default(),
            sightings: Sightings::default(),
            latest: Timestamp(batch.received.0.saturating_add(SKEW)),
        };
        for span in &batch.events {
            let range = span.start as usize..span.end as usize;
            let Some(text) = batch.text.get(range) else { continue };
            let arrival = Arrival { ingested: Some(batch.received), repaired: span.repaired };
            match LogEvent::parse(text) {
                Ok(event) => {
                    context.reset();
                    let record = Record::new(&event, context, arrival);
                    worked.event(&record, span.repaired, detector, workspace, &mut prepared);
                }
                Err(error) => {
                    let before = worked.ids.len();
                    let mut rejects = Vec::new();
                    let opened = open(text, &error, &mut rejects, &mut |part| {
                        let Ok(event) = LogEvent::parse(part) else { return false };
                        context.reset();
                        let record = Record::new(&event, context, arrival);
                        worked.event(&record, span.repaired, detector, workspace, &mut prepared);
                        true
                    });
                    match opened {
                        Ok(()) => rejects.into_iter().for_each(|(bytes, reason)| {
                            prepared.reject(bytes, reason);
                        }),
                        Err(reason) => prepared.reject(text.as_bytes().to_vec(), reason),
                    }
                    // One id for each text that was handed in, whatever was in it.
                    worked.ids.truncate(before + 1);
                    if worked.ids.len() == before {
                        worked.ids.push(made_id(text.as_bytes()));
                    }
                }
            }
        }
        context.reset();
        for reject in std::mem::take(&mut batch.rejects) {
            worked.ids.push(made_id(&reject.bytes));
            prepared.reject(reject.bytes, reject.reason);
        }
        if let Some(cursor) = batch.cursor.take() {
            prepared.cursor(Cursor {
                source: cursor.source,
                cursor: cursor.cursor,
                last_seen: cursor.last_seen,
                moved: batch.received,
            });
        }
        let Ready { ids, seen, sightings, .. } = worked;
        Worked { prepared: prepared.finish(), ids, seen, sightings }
    }
}

fn fresh(origin: &Arc<Origin>) -> (Arc<Origin>, Context, Arc<store::Origin>) {
    let mut stored = store::Origin::new(&origin.intake, &origin.organization);
    stored.same_as = origin.same_as.clone().unwrap_or_default();
    (Arc::clone(origin), Context::new(origin.organization.clone()), Arc::new(stored))
}

/// Finds the events in something that is none, and what is none of them.
fn open(
    text: &str,
    error: &ParseError,
    rejects: &mut Vec<(Vec<u8>, String)>,
    on_event: &mut dyn FnMut(&str) -> bool,
) -> Result<(), String> {
    if let ParseError::Json(error) = error {
        return Err(error.to_string());
    }
    let opened = files::unwrap(text, &mut |part| match part {
        Part::Event { text, .. } => {
            if !on_event(text) {
                rejects.push((text.as_bytes().to_vec(), Reason::NotAnEvent.to_string()));
            }
        }
        Part::Reject { text, reason, .. } => {
            rejects.push((text.as_bytes().to_vec(), reason.to_string()));
        }
    });
    opened.map_err(|reason| reason.to_string())
}

/// The id of something that has none.
fn made_id(bytes: &[u8]) -> String {
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, bytes).to_string()
}

struct Ready {
    ids: Vec<String>,
    seen: Seen,
    sightings: Sightings,
    /// An event that says it is later than this does not say how late it is.
    latest: Timestamp,
}

impl Ready {
    fn event(
        &mut self,
        record: &Record<'_>,
        repaired: bool,
        detector: &Detector,
        workspace: &mut Workspace,
        prepared: &mut Prepared,
    ) {
        let id = prepared.event(record, repaired);
        self.ids.push(id.strip_prefix("text:").unwrap_or(id).to_owned());
        let published = record.published().map(|time| time.0);
        self.seen.newest = self.seen.newest.max(published);
        let begun = Instant::now();
        let rules = detector.rules();
        let matches = &mut self.seen.matches;
        let place = u32::try_from(prepared.len().saturating_sub(1)).unwrap_or(u32::MAX);
        let time = record.time().filter(|time| *time <= self.latest);
        self.sightings.newest = self.sightings.newest.max(time);
        let Sightings { observed, newest } = &mut self.sightings;
        detector.inspect(record, workspace, |found| match found {
            Found::Alert(alert) => {
                match matches.iter_mut().find(|(rule, _)| *rule == alert.rule) {
                    Some((_, count)) => *count += 1,
                    None => matches.push((alert.rule, 1)),
                }
                if let Some(rule) = rules.get(alert.rule) {
                    prepared.alert(stored(alert, &rule.rule));
                }
            }
            Found::Observation(observation) => {
                observed.push(Observed { place, newest: *newest, observation });
            }
            Found::Excepted(_) => {}
        });
        self.seen.detecting += begun.elapsed();
    }
}

pub(crate) fn stored(alert: detect::Alert, rule: &detect::sigma::Rule) -> NewAlert {
    let level = rule.level.unwrap_or(detect::sigma::Level::Medium);
    let techniques = detect::attack::Threat::of_tags(&rule.tags).most_exact();
    NewAlert {
        id: alert.id,
        rule: rule.id.clone().unwrap_or_else(|| rule.title.clone()),
        rule_name: rule.title.clone(),
        severity: level.as_str().to_owned(),
        time: alert.time.unwrap_or(Timestamp(0)),
        title: alert.title,
        user: alert.user,
        address: alert.address,
        place: alert.whereabouts,
        techniques: techniques.into_iter().map(|technique| technique.id.to_owned()).collect(),
        document: alert.document,
    }
}
