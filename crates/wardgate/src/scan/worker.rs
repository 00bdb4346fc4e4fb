//! One thread's work: the events of a chunk into records and alerts.

use std::time::UNIX_EPOCH;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use detect::{Detector, Found, Workspace};
use ecs::{Arrival, Context, Organization, Record, Timestamp, write_json_string};
use files::{Candidate, Chunk, Input, Item, Part, Reason};
use okta::{LogEvent, ParseError};

use super::batch::{Batch, Observed, Wants};
use super::tally::Tally;

/// How much later than now an event may say it is, in milliseconds.
const SKEW: i64 = 300_000;

/// How many reasons of a batch are kept for the terminal.
const REASONS: usize = 20;

/// How many events a context lends memory to before it gets it back.
const EVENTS_BETWEEN_RESETS: u32 = 64;

/// One thread's tools.
pub(super) struct Worker<'d> {
    detector: &'d Detector,
    inputs: &'d [Input],
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    context: Context,
    workspace: Workspace,
    tally: Tally,
    spare: Option<Batch>,
    events_since_reset: u32,
    /// An event that says it is later than this does not say how late it is.
    latest: Timestamp,
}

/// Where in the inputs something stands.
#[derive(Clone, Copy)]
struct Place<'p> {
    input: &'p Input,
    line: u64,
}

impl<'d> Worker<'d> {
    pub(super) fn new(
        detector: &'d Detector,
        organization: &Organization,
        inputs: &'d [Input],
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Self {
        Self {
            detector,
            inputs,
            since,
            until,
            context: Context::new(organization.clone()),
            workspace: Workspace::default(),
            tally: Tally::default(),
            spare: None,
            events_since_reset: 0,
            latest: Timestamp(Timestamp::now().0.saturating_add(SKEW)),
        }
    }

    /// Takes back a batch that has been written.
    pub(super) fn reuse(&mut self, mut batch: Batch) {
        batch.clear();
        self.spare = Some(batch);
    }

    /// What was counted.
    pub(super) fn into_tally(self) -> Tally {
        self.tally
    }

    /// Works through a chunk.
    pub(super) fn batch(&mut self, chunk: &Chunk, wants: Wants) -> Batch {
        let mut batch = self.spare.take().unwrap_or_default();
        batch.sequence = chunk.sequence();
        batch.input = chunk.input();
        batch.form = chunk.form();
        batch.bytes = chunk.bytes().len() as u64;
        let Some(input) = self.inputs.get(chunk.input()) else { return batch };
        let since_epoch = input.modified().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let ingested = since_epoch.and_then(|time| i64::try_from(time.as_millis()).ok());
        let ingested = ingested.map(Timestamp);
        chunk.events(|item| match item {
            Item::Event(candidate) => {
                let place = Place { input, line: candidate.line };
                let arrival = Arrival { ingested, repaired: candidate.repaired };
                match LogEvent::parse(candidate.text) {
                    Ok(event) => self.event(&event, arrival, wants, &mut batch),
                    Err(error) => {
                        self.unwrap(&candidate, error, arrival, place, wants, &mut batch);
                    }
                }
            }
            Item::Reject(reject) => {
                let place = Place { input, line: reject.line };
                let reason = reject.reason.to_string();
                reject_one(place, &reason, reject.bytes, reject.continues, wants, &mut batch);
            }
        });
        batch
    }

    /// Finds the events in something that is none.
    fn unwrap(
        &mut self,
        candidate: &Candidate<'_>,
        error: ParseError,
        arrival: Arrival,
        place: Place<'_>,
        wants: Wants,
        batch: &mut Batch,
    ) {
        let opened = match &error {
            ParseError::Json(_) => Err(Reason::NotAnEvent),
            _ => files::unwrap(candidate.text, &mut |part| match part {
                Part::Event { text, line } => {
                    let place = Place { line: place.line + line, ..place };
                    match LogEvent::parse(text) {
                        Ok(event) => self.event(&event, arrival, wants, batch),
                        Err(error) => {
                            let reason = error.to_string();
                            reject_one(place, &reason, text.as_bytes(), false, wants, batch);
                        }
                    }
                }
                Part::Reject { text, line, reason } => {
                    let place = Place { line: place.line + line, ..place };
                    let reason = reason.to_string();
                    reject_one(place, &reason, text.as_bytes(), false, wants, batch);
                }
            }),
        };
        if let Err(reason) = opened {
            let reason = match error {
                ParseError::Json(error) => error.to_string(),
                _ => reason.to_string(),
            };
            reject_one(place, &reason, candidate.bytes, false, wants, batch);
        }
    }

    /// Makes of an event what is wanted.
    #[inline]
    fn event(&mut self, event: &LogEvent<'_>, arrival: Arrival, wants: Wants, batch: &mut Batch) {
        self.events_since_reset += 1;
        if self.events_since_reset >= EVENTS_BETWEEN_RESETS {
            self.events_since_reset = 0;
            self.context.reset();
        }
        let record = Record::new(event, &self.context, arrival);
        let published = record.published();
        if let Some(time) = published.or(arrival.ingested)
            && (self.since.is_some_and(|since| time < since)
                || self.until.is_some_and(|until| time >= until))
        {
            self.tally.outside += 1;
            return;
        }
        batch.events += 1;
        batch.newest = batch.newest.max(record.time().filter(|time| *time <= self.latest));
        self.tally.event(event, published);
        let detector = self.detector;
        detector.inspect(&record, &mut self.workspace, |found| match found {
            Found::Alert(alert) => batch.alerts.push(alert),
            Found::Observation(observation) => {
                let (alerts, newest) = (batch.alerts.len(), batch.newest);
                batch.observed.push(Observed { alerts, newest, observation });
            }
            Found::Excepted(_) => self.tally.excepted += 1,
        });
        if wants.records {
            record.write_json(&mut batch.records);
            batch.records.push(b'\n');
        }
    }
}

/// Notes something that is no event.
fn reject_one(
    place: Place<'_>,
    reason: &str,
    bytes: &[u8],
    continues: bool,
    wants: Wants,
    batch: &mut Batch,
) {
    let Place { input, line } = place;
    if !continues {
        batch.rejected += 1;
        if batch.reasons.len() < REASONS {
            batch.reasons.push(format!("{input}:{line}: {reason}"));
        }
    }
    if !wants.rejects {
        return;
    }
    let out = &mut batch.rejects;
    out.extend_from_slice(b"{\"file\":");
    write_json_string(out, &input.to_string());
    out.extend_from_slice(format!(",\"line\":{line},\"reason\":").as_bytes());
    write_json_string(out, reason);
    if continues {
        out.extend_from_slice(b",\"continues\":true");
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            out.extend_from_slice(b",\"text\":");
            write_json_string(out, text);
        }
        Err(_) => {
            out.extend_from_slice(b",\"base64\":");
            write_json_string(out, &STANDARD.encode(bytes));
        }
    }
    out.extend_from_slice(b"}\n");
}
