//! The pipeline's threads: some work, one commits.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use detect::Detector;
use ecs::Timestamp;
use store::{Committed, NewAlert, Prepared, Writer};
use tokio::sync::watch;

use crate::batch::{Acknowledgement, Batch, Inbox, Outcome};
use crate::correlation::{Correlation, Moved, Sightings};
use crate::metrics::Metrics;
use crate::worker::{Seen, Worked, Worker};

/// How many events are committed together at the most.
const MOST_TOGETHER: usize = 4_000;
/// How many batches may wait between two threads.
const WAITING: usize = 4;
/// How long to wait before what could not be committed is tried again.
const PAUSE: Duration = Duration::from_millis(500);
/// How often there is tidying up.
const TIDYING: Duration = Duration::from_secs(5);

/// Takes batches, and stores what comes of them.
pub struct Pipeline {
    detector: Arc<RwLock<Arc<Detector>>>,
    trouble: Arc<Mutex<Option<String>>>,
    alerts: watch::Receiver<u64>,
    giving_up: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

struct Worked1 {
    ticket: u64,
    batch: Batch,
    acknowledgement: Acknowledgement,
}

struct Waiting {
    worked: Worked,
    detector: Arc<Detector>,
    batch: Batch,
    acknowledgement: Acknowledgement,
}

impl Pipeline {
    /// Starts the threads. They end when nobody can hand in anything any more.
    ///
    /// # Errors
    ///
    /// When a thread cannot be started.
    pub fn start(
        writer: Writer,
        detector: impl Into<Arc<Detector>>,
        inbox: Inbox,
        metrics: Arc<Metrics>,
    ) -> io::Result<Self> {
        let detector = Arc::new(RwLock::new(detector.into()));
        let trouble = Arc::new(Mutex::new(None));
        let giving_up = Arc::new(AtomicBool::new(false));
        let (alerted, alerts) = watch::channel(0);
        let workers = thread::available_parallelism().map_or(2, usize::from).clamp(1, 8);
        let (to_work, work) = sync_channel::<Worked1>(WAITING);
        let (done, to_commit) = sync_channel::<(u64, Waiting)>(WAITING);
        let stalled = inbox.stalled();
        let mut threads = Vec::new();
        let mut start = |name: &str, body: Box<dyn FnOnce() + Send>| -> io::Result<()> {
            threads.push(thread::Builder::new().name(name.to_owned()).spawn(body)?);
            Ok(())
        };
        start("inbox", Box::new(move || hand_out(inbox, &to_work)))?;
        let work = Arc::new(Mutex::new(work));
        for _ in 0..workers {
            let (work, done, detector) = (Arc::clone(&work), done.clone(), Arc::clone(&detector));
            start("worker", Box::new(move || do_work(&work, &done, &detector)))?;
        }
        drop(done);
        let committer = Committer {
            writer,
            metrics,
            trouble: Arc::clone(&trouble),
            stalled,
            giving_up: Arc::clone(&giving_up),
            alerted,
            tidied: Instant::now(),
            correlation: None,
            committed: Instant::now(),
        };
        start("committer", Box::new(move || committer.run(&to_commit)))?;
        Ok(Self { detector, trouble, alerts, giving_up, threads })
    }

    /// Matches other rules from the next batch on.
    pub fn replace_detector(&self, detector: impl Into<Arc<Detector>>) {
        *self.detector.write().unwrap_or_else(PoisonError::into_inner) = detector.into();
    }

    /// Looks for other indicators from the next event on; nothing waits for it. `false`: the rules
    /// use their values, so that a new detector is needed.
    #[must_use]
    pub fn replace_indicators(&self, indicators: Arc<intel::IndicatorSet>) -> bool {
        self.detector().replace_indicators(indicators)
    }

    /// The rules that are matched now.
    #[must_use]
    pub fn detector(&self) -> Arc<Detector> {
        Arc::clone(&self.detector.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Why nothing can be stored at the moment, if it is so.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What does: a function that can be handed to others.
    pub fn troubles(&self) -> impl Fn() -> Option<String> + Send + Sync + 'static {
        let trouble = Arc::clone(&self.trouble);
        move || trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many alerts have been stored since the start; it changes when there are new ones.
    #[must_use]
    pub fn alerts(&self) -> watch::Receiver<u64> {
        self.alerts.clone()
    }

    /// Whether a thread has ended though nobody asked it to.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.threads.iter().any(JoinHandle::is_finished)
    }

    /// Waits until everything that was handed in is stored and searchable. Nobody may be able to
    /// hand in anything any more. What cannot be stored now is left to be fetched again.
    pub fn finish(self) {
        self.giving_up.store(true, Ordering::Relaxed);
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the pipeline ended unexpectedly");
            }
        }
    }
}

fn hand_out(mut inbox: Inbox, to_work: &SyncSender<Worked1>) {
    let mut ticket = 0;
    while let Some(submission) = inbox.blocking_next() {
        let (batch, acknowledgement) = submission.split();
        if to_work.send(Worked1 { ticket, batch, acknowledgement }).is_err() {
            return;
        }
        ticket += 1;
    }
}

fn do_work(
    work: &Mutex<Receiver<Worked1>>,
    done: &SyncSender<(u64, Waiting)>,
    detector: &RwLock<Arc<Detector>>,
) {
    let mut worker = Worker::default();
    loop {
        let next = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Worked1 { ticket, mut batch, acknowledgement }) = next else { return };
        let detector = Arc::clone(&detector.read().unwrap_or_else(PoisonError::into_inner));
        let worked = worker.work(&mut batch, &detector);
        // Its text is in what came of it.
        batch.text = String::new();
        let waiting = Waiting { worked, detector, batch, acknowledgement };
        if done.send((ticket, waiting)).is_err() {
            return;
        }
    }
}

struct Committer {
    writer: Writer,
    metrics: Arc<Metrics>,
    trouble: Arc<Mutex<Option<String>>>,
    stalled: Arc<AtomicBool>,
    giving_up: Arc<AtomicBool>,
    alerted: watch::Sender<u64>,
    tidied: Instant,
    correlation: Option<Correlation>,
    committed: Instant,
}

impl Committer {
    fn run(mut self, to_commit: &Receiver<(u64, Waiting)>) {
        let mut next_ticket = 0;
        let mut early = BTreeMap::new();
        loop {
            match to_commit.recv_timeout(TIDYING / 10) {
                Ok((ticket, waiting)) => {
                    early.insert(ticket, waiting);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            while let Ok((ticket, waiting)) = to_commit.try_recv() {
                early.insert(ticket, waiting);
            }
            while let Some(group) = take_group(&mut early, &mut next_ticket) {
                if !self.commit(group) {
                    // Those who wait for the rest find out that it has not been stored.
                    return;
                }
            }
            self.tidy();
        }
        while let Some(group) = take_group(&mut early, &mut next_ticket) {
            if !self.commit(group) {
                return;
            }
        }
        self.writer.flush();
        self.tidied = Instant::now() - TIDYING;
        self.tidy();
    }

    /// Commits a group, however often that has to be tried. `false`: not before the end.
    fn commit(&mut self, group: Vec<Waiting>) -> bool {
        let mut batches = Vec::with_capacity(group.len());
        let mut rest = Vec::with_capacity(group.len());
        let mut observed = Vec::with_capacity(group.len());
        for Waiting { worked, detector, batch, acknowledgement } in group {
            let Worked { prepared, ids, seen, sightings } = worked;
            let moved = Moved {
                source: prepared.source().map(str::to_owned),
                caught_up: batch.caught_up.then_some(batch.received),
            };
            batches.push(prepared);
            observed.push((sightings, moved));
            rest.push((batch, ids, seen, detector, acknowledgement));
        }
        if let Some((.., detector, _)) = rest.first() {
            self.remember(detector);
        }
        let Some(committed) = self.try_commit(&mut batches, observed) else { return false };
        self.committed = Instant::now();
        if let Some(correlation) = &self.correlation {
            self.metrics.correlated(correlation.memory());
        }
        let mut alerts = 0;
        for ((batch, ids, seen, detector, acknowledgement), committed) in
            rest.into_iter().zip(committed)
        {
            alerts += committed.alerts as u64;
            self.count(&batch, &seen, &detector, committed);
            acknowledgement.done(Outcome {
                ids,
                stored: committed.stored,
                repeated: committed.repeated,
                quarantined: committed.quarantined,
                expired: committed.expired,
            });
        }
        if alerts > 0 {
            self.alerted.send_modify(|count| *count += alerts);
        }
        true
    }

    /// Sees to it that what is correlated is remembered for this detector.
    fn remember(&mut self, detector: &Arc<Detector>) {
        let current = self.correlation.as_ref().map(Correlation::detector);
        if current.is_some_and(|current| Arc::ptr_eq(current, detector)) {
            return;
        }
        let mut correlation = Correlation::new(Arc::clone(detector));
        if detector.correlates() {
            let begun = Instant::now();
            self.writer.flush();
            match correlation.remember(self.writer.folder().root()) {
                Ok(events) => {
                    let seconds = begun.elapsed().as_secs_f64();
                    tracing::info!(events, seconds, "correlations remember the past");
                }
                Err(error) => {
                    tracing::warn!(error = %error, "correlations begin without the past");
                }
            }
        }
        self.correlation = Some(correlation);
    }

    fn try_commit(
        &mut self,
        batches: &mut [Prepared],
        observed: Vec<(Sightings, Moved)>,
    ) -> Option<Vec<Committed>> {
        let origins: Vec<_> = batches.iter().map(Prepared::origin).map(Arc::clone).collect();
        // What came of it is kept: a commit that is tried again correlates nothing twice.
        let mut observed = Some(observed);
        let mut correlated: Vec<Vec<NewAlert>> = Vec::new();
        loop {
            let begun = Instant::now();
            let correlation = &mut self.correlation;
            let result = self.writer.commit_with(batches, &mut |left_out| {
                if let (Some(observed), Some(correlation)) = (observed.take(), correlation.as_mut())
                {
                    for ((origin, (sightings, moved)), left_out) in
                        origins.iter().zip(observed).zip(left_out)
                    {
                        let mut alerts = Vec::new();
                        let is_new = |place| left_out.binary_search(&place).is_err();
                        correlation.take(origin, sightings, &moved, is_new, &mut alerts);
                        correlated.push(alerts);
                    }
                }
                correlated.clone()
            });
            match result {
                Ok(committed) => {
                    let events = batches.iter().map(Prepared::len).sum();
                    self.metrics.committed(begun.elapsed(), events, self.writer.unindexed());
                    self.set_trouble(self.writer.trouble());
                    return Some(committed);
                }
                Err(error) => {
                    self.metrics.commit_failed();
                    self.set_trouble(Some(error.to_string()));
                    if self.giving_up.load(Ordering::Relaxed) {
                        return None;
                    }
                    thread::sleep(PAUSE);
                }
            }
        }
    }

    /// Stores alerts about what has not come, where events are pushed and none has for a while.
    fn look_at_the_clock(&mut self) {
        if self.committed.elapsed() < TIDYING {
            return;
        }
        let now = Timestamp::now();
        let told = self.correlation.as_mut().map(|correlation| correlation.tick(now));
        for (origin, alerts) in told.into_iter().flatten() {
            let mut batches = [Prepared::new(origin, now).finish()];
            let count = alerts.len() as u64;
            match self.writer.commit_with(&mut batches, &mut |_| vec![alerts.clone()]) {
                Ok(_) => self.alerted.send_modify(|told| *told += count),
                // After the next start they are raised again.
                Err(error) => tracing::error!(error = %error, "alerts could not be stored"),
            }
        }
    }

    /// Notes whether storing works, and says so when it changes.
    fn set_trouble(&self, now: Option<String>) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if *trouble == now {
            return;
        }
        match &now {
            Some(reason) => tracing::error!(reason, "nothing can be stored: sources wait"),
            None => tracing::info!("events are stored again"),
        }
        self.stalled.store(now.is_some(), Ordering::Relaxed);
        *trouble = now;
    }

    fn count(&self, batch: &Batch, seen: &Seen, detector: &Detector, committed: Committed) {
        let metrics = &self.metrics;
        metrics.events(&batch.origin.intake, committed, seen.newest);
        metrics.detected(seen.detecting);
        for (rule, count) in &seen.matches {
            if let Some(rule) = detector.rules().get(*rule) {
                metrics.matched(&rule.rule.title, *count);
            }
        }
    }

    fn tidy(&mut self) {
        if self.tidied.elapsed() < TIDYING {
            return;
        }
        self.tidied = Instant::now();
        self.look_at_the_clock();
        match self.writer.tidy(Timestamp::now()) {
            Ok(_) => self.set_trouble(self.writer.trouble()),
            Err(error) => tracing::warn!(error = %error, "cannot tidy up the store"),
        }
    }
}

/// The batches that can be committed now, in their order.
fn take_group(early: &mut BTreeMap<u64, Waiting>, next_ticket: &mut u64) -> Option<Vec<Waiting>> {
    let mut group: Vec<Waiting> = Vec::new();
    let mut events = 0;
    while let Some(waiting) = early.remove(next_ticket) {
        // What is correlated together was seen by the same rules.
        let other = |first: &Waiting| !Arc::ptr_eq(&first.detector, &waiting.detector);
        if group.first().is_some_and(other) {
            early.insert(*next_ticket, waiting);
            break;
        }
        *next_ticket += 1;
        events += waiting.worked.prepared.len();
        group.push(waiting);
        if events >= MOST_TOGETHER {
            break;
        }
    }
    (!group.is_empty()).then_some(group)
}
