//! Events one after the other, as a source hands them in: for all tests of whole correlations.

use ecs::{Arrival, Context, Organization, Record, Timestamp};
use okta::LogEvent;

use crate::{
    Alert, Correlator, Detector, Exceptions, Found, Limits, Observation, Pack, Placeholders,
    Selection, Workspace,
};

/// The first second of 2026, a Thursday.
pub(super) const START: i64 = 1_767_225_600_000;
pub(super) const MINUTE: i64 = 60_000;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// An event: when, after the start, and what else it has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Event {
    pub(super) time: i64,
    pub(super) text: String,
}

/// An event with an id of its own, by a user.
pub(super) fn event(id: &str, time: i64, action: &str, user: &str, more: &str) -> Event {
    let published = Timestamp(START + time);
    let text = format!(
        r#"{{"uuid":"{id}","published":"{published}","eventType":"act.{action}","actor":{{"id":"{user}","alternateId":"{user}"}}{more}}}"#
    );
    Event { time, text }
}

/// A detector for rules about `act.a`, `act.b` and `act.c`, and for what is written out.
pub(super) fn detector(rules: &str) -> Detector {
    let mut text = String::new();
    for name in ["a", "b", "c"] {
        text.push_str(&format!(
            "title: Base {name}\nname: {name}\nlevel: medium\nlogsource: {{product: okta}}\n\
             detection: {{s: {{eventType: act.{name}}}, condition: s}}\n---\n"
        ));
    }
    text.push_str(rules);
    of_text(&text, &Exceptions::default())
}

/// A detector for the rules of a file.
pub(super) fn of_text(text: &str, exceptions: &Exceptions) -> Detector {
    let mut pack = Pack::default();
    pack.add(text, "c.yml", &"test".into());
    assert_eq!(pack.diagnostics(), []);
    let again: Vec<String> = exceptions
        .entries()
        .iter()
        .map(|one| {
            format!(
                "  - {{rule: '{}', field: {}, value: {}, reason: r, expires: 2099-01-01}}\n",
                one.rule,
                one.field,
                one.values.join("")
            )
        })
        .collect();
    let exceptions = match again.is_empty() {
        true => Exceptions::default(),
        false => Exceptions::parse(&format!("exceptions:\n{}", again.concat()), "e.yml").0,
    };
    let detector = Detector::new(&pack, &Selection::default(), Placeholders::default(), exceptions);
    assert_eq!(detector.diagnostics(), []);
    detector
}

/// A source that hands in events one by one.
pub(super) struct Stream<'d> {
    detector: &'d Detector,
    pub(super) correlator: Correlator,
    workspace: Workspace,
    newest: i64,
    pub(super) alerts: Vec<Alert>,
}

impl<'d> Stream<'d> {
    pub(super) fn new(detector: &'d Detector, limits: Limits) -> Self {
        let correlator = Correlator::new(detector, Organization::default(), limits);
        let (workspace, alerts) = (Workspace::default(), Vec::new());
        Self { detector, correlator, workspace, newest: i64::MIN, alerts }
    }

    /// What rules see in an event, and the alerts it raises by itself.
    pub(super) fn inspect(&mut self, event: &Event) -> (Vec<Observation>, Vec<Alert>) {
        let parsed = LogEvent::parse(&event.text).unwrap();
        let context = Context::default();
        let record = Record::new(&parsed, &context, Arrival::default());
        let (mut observations, mut alerts) = (Vec::new(), Vec::new());
        self.detector.inspect(&record, &mut self.workspace, |found| match found {
            Found::Observation(observation) => observations.push(observation),
            Found::Alert(alert) => alerts.push(alert),
            Found::Excepted(_) => {}
        });
        (observations, alerts)
    }

    pub(super) fn take(&mut self, event: &Event) {
        let (observations, _) = self.inspect(event);
        self.newest = self.newest.max(START + event.time);
        let alerts = &mut self.alerts;
        let on_alert = &mut |alert| alerts.push(alert);
        self.correlator.advance(self.detector, Timestamp(self.newest), on_alert);
        for observation in observations {
            self.correlator.take(self.detector, observation, on_alert);
        }
    }

    pub(super) fn clock(&mut self, time: i64) {
        let alerts = &mut self.alerts;
        let now = Timestamp(START + time);
        self.correlator.advance(self.detector, now, &mut |alert| alerts.push(alert));
    }

    pub(super) fn finish(mut self) -> Vec<Alert> {
        let alerts = &mut self.alerts;
        self.correlator.finish(self.detector, &mut |alert| alerts.push(alert));
        self.alerts
    }
}

/// The alerts of a scan of these events: however late they stand, they count.
pub(super) fn scan(detector: &Detector, events: &[Event]) -> Vec<Alert> {
    let limits = Limits { lateness: 31 * DAY, patience: 31 * DAY, ..Limits::default() };
    let mut stream = Stream::new(detector, limits);
    events.iter().for_each(|event| stream.take(event));
    stream.finish()
}

/// The part of an alert that tells of the correlation.
pub(super) fn told(alert: &Alert) -> serde_json::Value {
    let document: serde_json::Value = serde_json::from_str(&alert.document).unwrap();
    document["wardgate"]["alert"]["correlation"].clone()
}
