//! The way of exported events: read in chunks, turned into records and alerts by every core, and
//! put back into their order on the way out.
//!
//! [`run`] starts the workers. A worker takes a chunk ([`files::Chunks`]), reads its events and
//! makes a [`batch::Batch`] of what came of them ([`worker`]); the [`sink::Sink`] takes batches
//! in any order and writes them in that of the input. What is only counted ([`tally`]) needs no
//! order and is added up at the end.

mod batch;
mod kept;
mod sink;
pub(crate) mod summary;
mod tally;
mod worker;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use detect::Detector;
use ecs::{Organization, Timestamp};
use files::{Chunk, Chunks, Input, ReadProgress};

pub(crate) use sink::{AlertForm, Outputs};
pub(crate) use summary::{EntityCount, RuleCount, Summary, Timeline};

use sink::Sink;
use tally::Tally;

/// What to make of the events.
pub(crate) struct Plan<'d> {
    pub(crate) inputs: Vec<Input>,
    pub(crate) reading: files::Options,
    pub(crate) threads: usize,
    pub(crate) detector: &'d Detector,
    pub(crate) organization: Organization,
    /// Events from here on, and before that.
    pub(crate) since: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
    pub(crate) outputs: Outputs,
    /// How many alerts to keep for the report.
    pub(crate) keep: usize,
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) summary: Summary,
    /// The alerts that were kept for the report, in order of time, and how many were not.
    pub(crate) kept: Vec<Box<str>>,
    pub(crate) left_out: u64,
    /// Inputs that could not be opened, and why.
    pub(crate) unreadable: Vec<String>,
    /// The first rejects: where and why.
    pub(crate) rejects: Vec<String>,
    /// Alerts of each rule, by its place in the detector.
    pub(crate) alerts_by_rule: Vec<u64>,
    /// What correlations remembered in the end, and what they forgot.
    pub(crate) memory: detect::Memory,
}

/// How far a scan has come, for whoever shows it.
#[derive(Default)]
pub(crate) struct Progress {
    pub(crate) events: AtomicU64,
    pub(crate) alerts: AtomicU64,
}

/// A mutex whose lock cannot fail: what panicked while holding it has ended the process anyway.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Scans the inputs of a plan.
///
/// # Errors
///
/// When an output cannot be written. A broken pipe is an error of its kind, for the caller to
/// end quietly.
pub(crate) fn run(
    plan: Plan<'_>,
    progress: &Arc<Progress>,
    watch: impl FnOnce(&Arc<ReadProgress>),
) -> io::Result<Outcome> {
    let Plan { inputs, reading, threads, detector, organization, since, until, outputs, keep } =
        plan;
    let chunks = Chunks::new(inputs, reading);
    let inputs = chunks.inputs();
    watch(&chunks.progress());
    let sink = Sink::new(outputs, detector, organization.clone(), keep, threads, inputs.len());
    let chunks = Mutex::new(chunks);
    let unreadable = Mutex::new(Vec::new());
    let tallies = Mutex::new(Tally::default());
    let work = || {
        let mut worker = worker::Worker::new(detector, &organization, &inputs, since, until);
        let mut chunk = Chunk::new();
        loop {
            if sink.is_closed() {
                break;
            }
            // The lock must be gone before the chunk is worked on.
            let next = lock(&chunks).next_chunk(std::mem::take(&mut chunk));
            match next {
                Ok(Some(filled)) => {
                    let batch = worker.batch(&filled, sink.wants());
                    progress.events.fetch_add(batch.events, Ordering::Relaxed);
                    progress.alerts.fetch_add(batch.alerts.len() as u64, Ordering::Relaxed);
                    chunk = filled;
                    if let Some(spent) = sink.submit(batch) {
                        worker.reuse(spent);
                    }
                }
                Ok(None) => break,
                Err(error) => lock(&unreadable).push(error.to_string()),
            }
        }
        lock(&tallies).add(worker.into_tally());
    };
    if threads == 1 {
        work();
    } else {
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(work);
            }
        });
    }
    let tally = tallies.into_inner().unwrap_or_else(PoisonError::into_inner);
    let finished = sink.finish()?;
    let alerts_by_rule = finished.counts.by_rule();
    let (rejects, memory) = (finished.rejects.clone(), finished.memory);
    let summary = Summary::new(&inputs, tally, &finished, detector);
    let (kept, left_out) = finished.kept.into_documents();
    let unreadable = unreadable.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Outcome { summary, kept, left_out, unreadable, rejects, alerts_by_rule, memory })
}
