//! What a scan found, in numbers.

use detect::Detector;
use detect::sigma::Level;
use files::{Form, Input};
use serde::Serialize;

use super::sink::Finished;
use super::tally::Tally;

/// How many event types and entities are named.
const MOST_NAMED: usize = 20;

/// What a scan found. The same for the same inputs, on every run.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Summary {
    pub(crate) inputs: Vec<InputSummary>,
    pub(crate) events: u64,
    pub(crate) rejects: u64,
    /// Bytes read, decompressed.
    pub(crate) bytes: u64,
    /// The dates of the earliest and the latest event, RFC 3339.
    pub(crate) first: Option<String>,
    pub(crate) last: Option<String>,
    /// Events whose date cannot be read.
    pub(crate) undated: u64,
    /// Events outside the span of time that was asked for.
    pub(crate) outside: u64,
    pub(crate) alerts: u64,
    /// Alerts that were raised before, for the same rule and event.
    pub(crate) repeated_alerts: u64,
    /// Alerts that an exception kept quiet.
    pub(crate) excepted_alerts: u64,
    /// Alerts by severity, the gravest first.
    pub(crate) severities: Vec<Count>,
    pub(crate) rules: Vec<RuleCount>,
    /// The users and addresses with the most alerts.
    pub(crate) users: Vec<EntityCount>,
    pub(crate) addresses: Vec<EntityCount>,
    pub(crate) timeline: Timeline,
    pub(crate) event_types: Vec<Count>,
}

/// One input.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct InputSummary {
    pub(crate) name: String,
    pub(crate) form: String,
    pub(crate) events: u64,
    pub(crate) rejects: u64,
}

/// How often something occurs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Count {
    pub(crate) name: String,
    pub(crate) count: u64,
}

/// The alerts of a rule.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RuleCount {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) severity: String,
    pub(crate) effort: String,
    /// ATT&CK techniques.
    pub(crate) techniques: Vec<String>,
    pub(crate) count: u64,
    pub(crate) first: Option<String>,
    pub(crate) last: Option<String>,
}

/// The alerts about a user or an address.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct EntityCount {
    pub(crate) name: String,
    pub(crate) alerts: u64,
    /// The gravest severity among them.
    pub(crate) severity: String,
    /// The rules that raised them.
    pub(crate) rules: Vec<String>,
    /// For an address, where it is thought to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<String>,
}

/// Events and alerts over time.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Timeline {
    /// The beginning of the first span, in milliseconds since 1970.
    pub(crate) start_ms: i64,
    /// The length of a span.
    pub(crate) step_ms: i64,
    pub(crate) events: Vec<u64>,
    /// By severity, from informational to critical.
    pub(crate) alerts: Vec<[u64; 5]>,
}

impl Summary {
    pub(super) fn new(
        inputs: &[Input],
        tally: Tally,
        finished: &Finished,
        detector: &Detector,
    ) -> Self {
        let counts = &finished.counts;
        let mut event_types: Vec<Count> = tally
            .types
            .iter()
            .map(|(name, count)| Count { name: name.to_string(), count: *count })
            .collect();
        event_types.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
        event_types.truncate(MOST_NAMED);
        let severities = Level::ALL.iter().rev().map(|level| Count {
            name: level.to_string(),
            count: counts.levels.get(*level as usize).copied().unwrap_or_default(),
        });
        let inputs = inputs.iter().zip(&finished.inputs).map(|(input, counted)| InputSummary {
            name: input.to_string(),
            form: form_name(counted.form).to_owned(),
            events: counted.events,
            rejects: counted.rejects,
        });
        let inputs: Vec<_> = inputs.collect();
        Self {
            events: inputs.iter().map(|input| input.events).sum(),
            rejects: inputs.iter().map(|input| input.rejects).sum(),
            bytes: finished.inputs.iter().map(|input| input.bytes).sum(),
            inputs,
            first: tally.first.map(|time| time.to_string()),
            last: tally.last.map(|time| time.to_string()),
            undated: tally.undated,
            outside: tally.outside,
            alerts: counts.levels.iter().sum(),
            repeated_alerts: counts.repeated,
            excepted_alerts: tally.excepted,
            severities: severities.collect(),
            rules: counts.rules(detector),
            users: counts.users.most(MOST_NAMED, detector),
            addresses: counts.addresses.most(MOST_NAMED, detector),
            timeline: Timeline::new(&tally.spans.counts(), &counts.spans()),
            event_types,
        }
    }
}

/// How people call the form of an input.
const fn form_name(form: Option<Form>) -> &'static str {
    match form {
        Some(Form::Lines) => "lines",
        Some(Form::Values) => "JSON",
        Some(Form::Csv) => "CSV",
        Some(Form::NotText) => "not a log",
        None => "empty",
    }
}

impl Timeline {
    /// Puts counts by the beginnings of their spans side by side, in at most some hundred steps
    /// of a length that people know.
    fn new(events: &[(i64, u64)], alerts: &[(i64, [u64; 5])]) -> Self {
        const MINUTE: i64 = 60_000;
        const HOUR: i64 = 60 * MINUTE;
        const DAY: i64 = 24 * HOUR;
        const MOST: i64 = 240;
        let times =
            events.iter().map(|(time, _)| *time).chain(alerts.iter().map(|(time, _)| *time));
        let (Some(first), Some(last)) = (times.clone().min(), times.max()) else {
            return Self::default();
        };
        let lengths = [HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 7 * DAY, 28 * DAY];
        let fits = |step: &i64| last.div_euclid(*step) - first.div_euclid(*step) < MOST;
        let step = lengths.into_iter().find(fits).unwrap_or_else(|| {
            let mut step = 56 * DAY;
            while !fits(&step) {
                step *= 2;
            }
            step
        });
        let start = first.div_euclid(step);
        let place = |time: i64| usize::try_from(time.div_euclid(step) - start).unwrap_or_default();
        let length = place(last) + 1;
        let mut timeline = Self {
            start_ms: start * step,
            step_ms: step,
            events: vec![0; length],
            alerts: vec![[0; 5]; length],
        };
        for (time, count) in events {
            if let Some(slot) = timeline.events.get_mut(place(*time)) {
                *slot += count;
            }
        }
        for (time, counts) in alerts {
            if let Some(slots) = timeline.alerts.get_mut(place(*time)) {
                slots.iter_mut().zip(counts).for_each(|(slot, count)| *slot += count);
            }
        }
        timeline
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn steps_are_as_short_as_fits() {
        const DAY: i64 = 86_400_000;
        for (days, step) in
            [(1, 3_600_000), (30, 3 * 3_600_000), (365, 7 * DAY), (100_000, 448 * DAY)]
        {
            let timeline = Timeline::new(&[(0, 1), (days * DAY - 1, 2)], &[]);
            assert_eq!(timeline.step_ms, step, "{days}");
            assert!(timeline.events.len() <= 240);
        }
        assert_eq!(Timeline::new(&[], &[]).events, [0_u64; 0]);
    }

    proptest! {
        #[test]
        fn every_count_is_in_the_timeline(
            events in proptest::collection::vec((-9_000_000_000_000_i64..200_000_000_000_000, 1_u64..9), 1..50),
        ) {
            let timeline = Timeline::new(&events, &[(events[0].0, [1, 0, 0, 0, 2])]);
            prop_assert_eq!(
                timeline.events.iter().sum::<u64>(),
                events.iter().map(|(_, count)| count).sum::<u64>()
            );
            prop_assert_eq!(timeline.alerts.iter().flatten().sum::<u64>(), 3);
        }
    }
}
