//! Batches back into their order, and out.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use detect::sigma::Level;
use detect::{Alert, Correlator, Detector, Limits, Memory};
use ecs::Organization;
use files::Form;
use hashbrown::{HashMap, HashSet};
use uuid::Uuid;

use super::batch::{Batch, Observed, Wants};
use super::kept::Kept;
use super::lock;
use super::summary::{EntityCount, RuleCount};
use super::tally::Spans;

/// How many batches each thread may be ahead of the one that is due.
const AHEAD: u64 = 8;

/// How much later than a newer event one may stand and still be correlated, in milliseconds:
/// exports may have the newest first, and files may be named in any order.
const LATENESS: i64 = 31 * 86_400_000;

/// How many reasons for rejects are kept for the terminal.
const REASONS: usize = 10;

/// How many alert ids are remembered, to know an alert that comes again. An id takes 17 bytes.
const REMEMBERED: usize = 1 << 20;

/// How many users and addresses are told apart.
const MOST_ENTITIES: usize = 100_000;

/// A place that is written to.
pub(crate) type Out = Box<dyn Write + Send>;

/// How alerts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AlertForm {
    /// One document a line.
    Ndjson,
    /// The elements of a JSON array, whose brackets somebody else writes.
    Elements,
    /// One row each.
    Csv,
}

/// Where things are written to.
#[derive(Default)]
pub(crate) struct Outputs {
    pub(crate) records: Option<Out>,
    pub(crate) rejects: Option<Out>,
    pub(crate) alerts: Vec<(Out, AlertForm)>,
}

/// Takes batches in any order and writes them in that of the input.
pub(super) struct Sink<'d> {
    detector: &'d Detector,
    wants: Wants,
    ahead: u64,
    state: Mutex<State>,
    /// Told whenever the batch that is due changes.
    moved: Condvar,
    closed: AtomicBool,
}

struct State {
    due: u64,
    waiting: BTreeMap<u64, Batch>,
    outputs: Outputs,
    error: Option<io::Error>,
    finished: Finished,
    correlator: Correlator,
}

/// What is known when everything is written.
pub(super) struct Finished {
    pub(super) counts: Counts,
    pub(super) kept: Kept,
    pub(super) inputs: Vec<InputCounts>,
    /// Where and why the first rejects were rejected.
    pub(super) rejects: Vec<String>,
    /// What correlations remembered in the end, and what they forgot.
    pub(super) memory: Memory,
}

#[derive(Clone, Default)]
pub(super) struct InputCounts {
    pub(super) form: Option<Form>,
    pub(super) events: u64,
    pub(super) rejects: u64,
    pub(super) bytes: u64,
}

impl<'d> Sink<'d> {
    pub(super) fn new(
        outputs: Outputs,
        detector: &'d Detector,
        organization: Organization,
        keep: usize,
        threads: usize,
        inputs: usize,
    ) -> Self {
        let wants =
            Wants { records: outputs.records.is_some(), rejects: outputs.rejects.is_some() };
        let finished = Finished {
            counts: Counts::new(detector.rules().len()),
            kept: Kept::new(keep),
            inputs: vec![InputCounts::default(); inputs],
            rejects: Vec::new(),
            memory: Memory::default(),
        };
        let limits = Limits { lateness: LATENESS, patience: LATENESS, ..Limits::default() };
        let correlator = Correlator::new(detector, organization, limits);
        let waiting = BTreeMap::new();
        let state = State { due: 0, waiting, outputs, error: None, finished, correlator };
        Self {
            detector,
            wants,
            ahead: AHEAD * threads as u64,
            state: Mutex::new(state),
            moved: Condvar::new(),
            closed: AtomicBool::new(false),
        }
    }

    /// What batches should hold.
    pub(super) fn wants(&self) -> Wants {
        self.wants
    }

    /// Whether an output failed, so that there is no point in going on.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Takes a batch, writes what is due, and gives a written batch back. Waits while the batch
    /// is too far ahead; the one that is due never waits.
    pub(super) fn submit(&self, batch: Batch) -> Option<Batch> {
        let mut state = lock(&self.state);
        while batch.sequence > state.due + self.ahead && !self.is_closed() {
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting.insert(batch.sequence, batch);
        let mut spent = None;
        while let Some(mut batch) = {
            let due = state.due;
            state.waiting.remove(&due)
        } {
            state.due += 1;
            state.correlate(&mut batch, self.detector);
            if state.error.is_none()
                && let Err(error) = state.write(&batch, self.detector)
            {
                state.error = Some(error);
                self.closed.store(true, Ordering::Relaxed);
            }
            spent = Some(batch);
        }
        self.moved.notify_all();
        spent
    }

    /// Flushes the outputs.
    pub(super) fn finish(self) -> io::Result<Finished> {
        let mut state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.end(self.detector);
        if let Some(error) = state.error {
            return Err(error);
        }
        let Outputs { records, rejects, alerts } = &mut state.outputs;
        let alerts = alerts.iter_mut().map(|(out, _)| out);
        for out in records.iter_mut().chain(rejects).chain(alerts) {
            out.flush()?;
        }
        Ok(state.finished)
    }
}

impl State {
    /// Puts the alerts about several events where the event that completed them stands.
    fn correlate(&mut self, batch: &mut Batch, detector: &Detector) {
        if !detector.correlates() {
            return;
        }
        let mut alerts = Vec::with_capacity(batch.alerts.len());
        let mut single = std::mem::take(&mut batch.alerts).into_iter();
        let mut taken = 0;
        for Observed { alerts: before, newest, observation } in batch.observed.drain(..) {
            alerts.extend(single.by_ref().take(before.saturating_sub(taken)));
            taken = before;
            let on_alert = &mut |alert| alerts.push(alert);
            if let Some(newest) = newest {
                self.correlator.advance(detector, newest, on_alert);
            }
            self.correlator.take(detector, observation, on_alert);
        }
        alerts.extend(single);
        if let Some(newest) = batch.newest {
            self.correlator.advance(detector, newest, &mut |alert| alerts.push(alert));
        }
        batch.alerts = alerts;
    }

    /// Raises the alerts about what has not come, now that nothing does any more.
    fn end(&mut self, detector: &Detector) {
        let mut batch = Batch::default();
        self.correlator.finish(detector, &mut |alert| batch.alerts.push(alert));
        if self.error.is_none()
            && let Err(error) = self.write(&batch, detector)
        {
            self.error = Some(error);
        }
        self.finished.memory = self.correlator.memory();
    }

    fn write(&mut self, batch: &Batch, detector: &Detector) -> io::Result<()> {
        if let Some(input) = self.finished.inputs.get_mut(batch.input) {
            input.form.get_or_insert(batch.form);
            input.events += batch.events;
            input.rejects += batch.rejected;
            input.bytes += batch.bytes;
        }
        let room = REASONS.saturating_sub(self.finished.rejects.len());
        self.finished.rejects.extend(batch.reasons.iter().take(room).cloned());
        if let Some(out) = &mut self.outputs.records {
            out.write_all(&batch.records)?;
        }
        if let Some(out) = &mut self.outputs.rejects {
            out.write_all(&batch.rejects)?;
        }
        for alert in &batch.alerts {
            let Some(rule) = detector.rules().get(alert.rule) else { continue };
            let level = rule.rule.level.unwrap_or(Level::Medium);
            let is_first = !self.finished.counts.has_any();
            if !self.finished.counts.add(alert, level) {
                continue;
            }
            self.finished.kept.add(level, alert.time, &alert.document);
            for (out, form) in &mut self.outputs.alerts {
                match form {
                    AlertForm::Ndjson => {
                        out.write_all(alert.document.as_bytes())?;
                        out.write_all(b"\n")?;
                    }
                    AlertForm::Elements => {
                        out.write_all(if is_first { b"\n" } else { b",\n" })?;
                        out.write_all(alert.document.as_bytes())?;
                    }
                    AlertForm::Csv => {
                        crate::term::csv::write_alert(out, alert, level, &rule.rule)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Alerts, counted.
pub(super) struct Counts {
    pub(super) levels: [u64; 5],
    pub(super) repeated: u64,
    rules: Vec<OneRule>,
    pub(super) users: Entities,
    pub(super) addresses: Entities,
    known: HashSet<Uuid>,
    spans: [Spans; 5],
}

#[derive(Clone, Default)]
struct OneRule {
    count: u64,
    first: Option<ecs::Timestamp>,
    last: Option<ecs::Timestamp>,
}

impl Counts {
    fn new(rules: usize) -> Self {
        Self {
            levels: [0; 5],
            repeated: 0,
            rules: vec![OneRule::default(); rules],
            users: Entities::default(),
            addresses: Entities::default(),
            known: HashSet::new(),
            spans: Default::default(),
        }
    }

    fn has_any(&self) -> bool {
        self.levels.iter().any(|count| *count > 0)
    }

    /// Counts an alert; `false` when it has been counted before.
    fn add(&mut self, alert: &Alert, level: Level) -> bool {
        if self.known.contains(&alert.id) {
            self.repeated += 1;
            return false;
        }
        if self.known.len() < REMEMBERED {
            self.known.insert(alert.id);
        }
        if let Some(count) = self.levels.get_mut(level as usize) {
            *count += 1;
        }
        if let (Some(time), Some(spans)) = (alert.time, self.spans.get_mut(level as usize)) {
            spans.add(time.0, 1);
        }
        if let Some(rule) = self.rules.get_mut(alert.rule) {
            rule.count += 1;
            rule.first = [rule.first, alert.time].into_iter().flatten().min();
            rule.last = [rule.last, alert.time].into_iter().flatten().max();
        }
        if let Some(user) = &alert.user {
            self.users.add(user, alert, level, None);
        }
        if let Some(address) = &alert.address {
            self.addresses.add(address, alert, level, alert.whereabouts.as_deref());
        }
        true
    }

    /// Alerts of each rule, by its place in the detector.
    pub(super) fn by_rule(&self) -> Vec<u64> {
        self.rules.iter().map(|rule| rule.count).collect()
    }

    /// The rules that raised alerts, the gravest first, then those with the most.
    pub(super) fn rules(&self, detector: &Detector) -> Vec<RuleCount> {
        let mut counted: Vec<_> = detector
            .rules()
            .iter()
            .zip(&self.rules)
            .filter(|(_, counted)| counted.count > 0)
            .map(|(rule, counted)| (&rule.rule, counted))
            .collect();
        counted.sort_by(|(a, a_counted), (b, b_counted)| {
            let level = |rule: &detect::sigma::Rule| rule.level.unwrap_or(Level::Medium);
            level(b)
                .cmp(&level(a))
                .then(b_counted.count.cmp(&a_counted.count))
                .then_with(|| a.title.cmp(&b.title))
        });
        let counted = counted.into_iter().map(|(rule, counted)| RuleCount {
            id: rule.id.clone().unwrap_or_default(),
            name: rule.title.clone(),
            severity: rule.level.unwrap_or(Level::Medium).to_string(),
            effort: rule.wardgate.effort.map(|effort| effort.to_string()).unwrap_or_default(),
            techniques: techniques(&rule.tags),
            count: counted.count,
            first: counted.first.map(|time| time.to_string()),
            last: counted.last.map(|time| time.to_string()),
        });
        counted.collect()
    }

    /// Alerts over time, by severity.
    pub(super) fn spans(&self) -> Vec<(i64, [u64; 5])> {
        let mut all: BTreeMap<i64, [u64; 5]> = BTreeMap::new();
        for (level, spans) in self.spans.iter().enumerate() {
            for (time, count) in spans.counts() {
                if let Some(slot) = all.entry(time).or_default().get_mut(level) {
                    *slot += count;
                }
            }
        }
        all.into_iter().collect()
    }
}

/// The ATT&CK techniques among a rule's tags, as ATT&CK writes them.
fn techniques(tags: &[String]) -> Vec<String> {
    let names = tags.iter().filter_map(|tag| tag.strip_prefix("attack.t"));
    names
        .filter(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
        .map(|rest| format!("T{rest}"))
        .collect()
}

/// Users or addresses with their alerts.
#[derive(Default)]
pub(super) struct Entities(HashMap<String, Entity>);

struct Entity {
    alerts: u64,
    level: Level,
    rules: Vec<usize>,
    place: Option<Box<str>>,
}

impl Entities {
    fn add(&mut self, name: &str, alert: &Alert, level: Level, place: Option<&str>) {
        if !self.0.contains_key(name) && self.0.len() >= MOST_ENTITIES {
            return;
        }
        let entity = self.0.entry_ref(name).or_insert_with(|| Entity {
            alerts: 0,
            level,
            rules: Vec::new(),
            place: None,
        });
        entity.alerts += 1;
        entity.level = entity.level.max(level);
        if !entity.rules.contains(&alert.rule) {
            entity.rules.push(alert.rule);
        }
        if entity.place.is_none() {
            entity.place = place.map(Into::into);
        }
    }

    /// Those with the gravest alerts first, then with those from most rules, then most.
    pub(super) fn most(&self, most: usize, detector: &Detector) -> Vec<EntityCount> {
        let mut all: Vec<_> = self.0.iter().collect();
        all.sort_by(|(a_name, a), (b_name, b)| {
            let key = |entity: &Entity| (entity.level, entity.rules.len(), entity.alerts);
            key(b).cmp(&key(a)).then_with(|| a_name.cmp(b_name))
        });
        let name = |rule: &usize| detector.rules().get(*rule).map(|rule| rule.rule.title.clone());
        let all = all.into_iter().take(most).map(|(entity_name, entity)| EntityCount {
            name: entity_name.to_string(),
            alerts: entity.alerts,
            severity: entity.level.to_string(),
            rules: entity.rules.iter().filter_map(name).collect(),
            place: entity.place.as_deref().map(str::to_owned),
        });
        all.collect()
    }
}
