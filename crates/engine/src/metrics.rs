//! What the pipeline counts, for Prometheus.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use store::Committed;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByOutcome {
    intake: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByIntake {
    intake: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByRule {
    rule: String,
}

/// The pipeline's counters.
#[derive(Debug)]
pub struct Metrics {
    events: Family<ByOutcome, Counter>,
    newest: Family<ByIntake, Gauge<f64, AtomicU64>>,
    matches: Family<ByRule, Counter>,
    alerts: Counter,
    detecting: Counter<f64, AtomicU64>,
    commits: Histogram,
    commit_events: Histogram,
    commit_failures: Counter,
    unindexed: Gauge,
    groups: Gauge,
    groups_bytes: Gauge,
    groups_evicted: Gauge,
    late: Gauge,
}

impl Metrics {
    /// Counters that stand in a registry.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            events: Family::default(),
            newest: Family::default(),
            matches: Family::default(),
            alerts: Counter::default(),
            detecting: Counter::default(),
            commits: Histogram::new(exponential_buckets(0.001, 2.0, 14)),
            commit_events: Histogram::new(exponential_buckets(1.0, 4.0, 8)),
            commit_failures: Counter::default(),
            unindexed: Gauge::default(),
            groups: Gauge::default(),
            groups_bytes: Gauge::default(),
            groups_evicted: Gauge::default(),
            late: Gauge::default(),
        };
        let family = metrics.events.clone();
        registry.register(
            "wardgate_events",
            "Events by intake and what became of them: stored, repeated, expired, quarantined",
            family,
        );
        registry.register(
            "wardgate_newest_event_timestamp_seconds",
            "When the newest event of an intake was published",
            metrics.newest.clone(),
        );
        registry.register(
            "wardgate_rule_matches",
            "Matches by rule, those in repeated events included",
            metrics.matches.clone(),
        );
        registry.register("wardgate_alerts", "New alerts", metrics.alerts.clone());
        registry.register_with_unit(
            "wardgate_detecting",
            "Time spent matching rules",
            Unit::Seconds,
            metrics.detecting.clone(),
        );
        registry.register_with_unit(
            "wardgate_commit",
            "Time that a commit of events, alerts and cursors took",
            Unit::Seconds,
            metrics.commits.clone(),
        );
        registry.register(
            "wardgate_commit_events",
            "Events in a commit",
            metrics.commit_events.clone(),
        );
        registry.register(
            "wardgate_commit_failures",
            "Commits that could not be done and were tried again",
            metrics.commit_failures.clone(),
        );
        registry.register(
            "wardgate_unindexed_events",
            "Events that are stored and not searchable yet",
            metrics.unindexed.clone(),
        );
        registry.register(
            "wardgate_correlation_groups",
            "Groups that correlations remember, such as users and addresses",
            metrics.groups.clone(),
        );
        registry.register_with_unit(
            "wardgate_correlation_memory",
            "What these groups take, as far as it can be told",
            Unit::Bytes,
            metrics.groups_bytes.clone(),
        );
        registry.register(
            "wardgate_correlation_evicted",
            "Groups that were forgotten to make room since the rules were loaded",
            metrics.groups_evicted.clone(),
        );
        registry.register(
            "wardgate_correlation_late",
            "Matches that came too late to be correlated since the rules were loaded",
            metrics.late.clone(),
        );
        metrics
    }

    pub(crate) fn events(&self, intake: &str, committed: Committed, newest: Option<i64>) {
        let outcomes = [
            ("stored", committed.stored),
            ("repeated", committed.repeated),
            ("expired", committed.expired),
            ("quarantined", committed.quarantined),
        ];
        for (outcome, count) in outcomes {
            if count > 0 || outcome == "stored" {
                let labels = ByOutcome { intake: intake.to_owned(), outcome };
                self.events.get_or_create(&labels).inc_by(count as u64);
            }
        }
        self.alerts.inc_by(committed.alerts as u64);
        if let Some(newest) = newest {
            let gauge = self.newest.get_or_create(&ByIntake { intake: intake.to_owned() });
            let newest = newest as f64 / 1000.0;
            if newest > gauge.get() {
                gauge.set(newest);
            }
        }
    }

    pub(crate) fn matched(&self, rule: &str, count: u64) {
        self.matches.get_or_create(&ByRule { rule: rule.to_owned() }).inc_by(count);
    }

    pub(crate) fn detected(&self, took: Duration) {
        self.detecting.inc_by(took.as_secs_f64());
    }

    pub(crate) fn committed(&self, took: Duration, events: usize, unindexed: u64) {
        self.commits.observe(took.as_secs_f64());
        self.commit_events.observe(events as f64);
        self.unindexed.set(i64::try_from(unindexed).unwrap_or(i64::MAX));
    }

    pub(crate) fn correlated(&self, memory: detect::Memory) {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.groups.set(number(memory.groups as u64));
        self.groups_bytes.set(number(memory.bytes as u64));
        self.groups_evicted.set(number(memory.evicted));
        self.late.set(number(memory.late));
    }

    pub(crate) fn commit_failed(&self) {
        self.commit_failures.inc();
    }

    /// How many events have been stored since the start, and how many alerts.
    #[must_use]
    pub fn totals(&self, intakes: &[String]) -> (u64, u64) {
        let stored = |intake: &String| {
            let labels = ByOutcome { intake: intake.clone(), outcome: "stored" };
            self.events.get_or_create(&labels).get()
        };
        (intakes.iter().map(stored).sum(), self.alerts.get())
    }
}
