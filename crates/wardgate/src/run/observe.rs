//! How it goes: for Prometheus, for who asks whether it is ready, for the status line.

use std::fmt::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use deliver::SinkHealth;
use engine::Handle;
use okta_client::{Health, LATENCY_BOUNDS, Snapshot, State};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use server::Check;
use store::FeedState;

use super::intel::IntelHealth;

/// What is looked at.
pub(super) struct Observed {
    pub(super) sources: Vec<(String, Arc<Health>)>,
    pub(super) sinks: Vec<(String, Arc<SinkHealth>)>,
    pub(super) handle: Handle,
    pub(super) intel: Arc<IntelHealth>,
    pub(super) trouble: Box<dyn Fn() -> Option<String> + Send + Sync>,
}

impl Observed {
    /// Whether events are taken, collected and delivered.
    pub(super) fn checks(&self) -> Vec<Check> {
        let trouble = (self.trouble)();
        let mut checks =
            vec![Check { name: "store".into(), ok: trouble.is_none(), reason: trouble }];
        for (name, health) in &self.sources {
            let snapshot = health.snapshot();
            let reason = match snapshot.tail.state {
                State::Retrying { trouble, .. } => Some(trouble.to_string()),
                _ => None,
            };
            // A source that fails does not keep the others, or the intake, from working.
            checks.push(Check { name: format!("intake/{name}"), ok: true, reason });
        }
        for (name, health) in &self.sinks {
            let reason = if health.is_healthy() { None } else { health.last_error() };
            checks.push(Check { name: format!("sink/{name}"), ok: true, reason });
        }
        for feed in self.intel.feeds().iter().filter(|feed| feed.tried.is_some()) {
            let reason = feed.error.clone();
            checks.push(Check { name: format!("feed/{}", feed.name), ok: true, reason });
        }
        checks
    }

    /// In a few words, the worst first.
    pub(super) fn summary(&self) -> String {
        if let Some(trouble) = (self.trouble)() {
            return format!("waiting: {trouble}");
        }
        let mut catching_up = 0;
        for (name, health) in &self.sources {
            match health.snapshot().tail.state {
                State::Retrying { trouble, .. } => return format!("{name}: {trouble}"),
                State::CatchingUp => catching_up += 1,
                _ => {}
            }
        }
        for (name, health) in &self.sinks {
            if !health.is_healthy() {
                return format!("sink {name}: {}", health.last_error().unwrap_or_default());
            }
        }
        match catching_up {
            0 => "up to date".to_owned(),
            1 => "catching up".to_owned(),
            several => format!("{several} intakes are catching up"),
        }
    }
}

/// The metrics in the text format of OpenMetrics.
pub(super) fn render(registry: &Registry) -> String {
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, registry) {
        Ok(()) => text,
        Err(_) => "# EOF\n".to_owned(),
    }
}

/// What is read when Prometheus asks.
pub(super) struct Collected(pub(super) Arc<Observed>);

impl std::fmt::Debug for Collected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Collected")
    }
}

impl Collector for Collected {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let observed = &self.0;
        let snapshots: Vec<(&str, Snapshot)> = observed
            .sources
            .iter()
            .map(|(name, health)| (name.as_str(), health.snapshot()))
            .collect();
        single(
            &mut encoder,
            "wardgate_queue_fill_ratio",
            "Part of the queue of events that is taken",
            observed.handle.fill(),
        )?;
        let stalled = if observed.handle.is_stalled() { 1.0 } else { 0.0 };
        single(&mut encoder, "wardgate_stalled", "1 when nothing can be stored", stalled)?;
        counter(
            &mut encoder,
            "wardgate_poll_requests",
            "Requests for pages by intake and status, 0 for none",
            snapshots.iter().flat_map(|(name, snapshot)| {
                snapshot.requests.iter().map(move |(status, count)| {
                    (vec![("intake", (*name).to_owned()), ("status", status.to_string())], *count)
                })
            }),
        )?;
        let by_intake = |value: fn(&Snapshot) -> Option<f64>| {
            snapshots
                .iter()
                .filter_map(move |(name, snapshot)| {
                    Some((vec![("intake", (*name).to_owned())], value(snapshot)?))
                })
                .collect::<Vec<_>>()
        };
        gauge(
            &mut encoder,
            "wardgate_rate_limit_remaining",
            "Requests that Okta still allows until the reset",
            by_intake(|snapshot| Some(f64::from(snapshot.rate_limit?.remaining))),
        )?;
        gauge(
            &mut encoder,
            "wardgate_rate_limit_limit",
            "Requests that Okta allows",
            by_intake(|snapshot| Some(f64::from(snapshot.rate_limit?.limit))),
        )?;
        gauge(
            &mut encoder,
            "wardgate_clock_skew_seconds",
            "How far Okta's clock is ahead of ours",
            by_intake(|snapshot| Some(snapshot.skew_ms? as f64 / 1000.0)),
        )?;
        gauge(
            &mut encoder,
            "wardgate_newest_event_lag_seconds",
            "How long ago the newest event of an intake was published",
            by_intake(|snapshot| {
                let newest = snapshot.tail.newest?;
                Some(jiff::Timestamp::now().duration_since(newest).as_secs_f64())
            }),
        )?;
        gauge(
            &mut encoder,
            "wardgate_poll_failing",
            "1 when the last request for a page failed",
            by_intake(|snapshot| {
                Some(match snapshot.tail.state {
                    State::Retrying { .. } => 1.0,
                    _ => 0.0,
                })
            }),
        )?;
        counter(
            &mut encoder,
            "wardgate_bad_pages",
            "Pages that were no array of events",
            by_intake(|snapshot| Some(snapshot.tail.bad_pages as f64))
                .into_iter()
                .map(|(labels, count)| (labels, count as u64)),
        )?;
        counter(
            &mut encoder,
            "wardgate_cursor_fallbacks",
            "Times that a cursor was no longer taken",
            by_intake(|snapshot| Some(snapshot.tail.fallbacks as f64))
                .into_iter()
                .map(|(labels, count)| (labels, count as u64)),
        )?;
        page_latency(&mut encoder, &snapshots)?;
        indicators(&mut encoder, &observed.intel)?;
        let by_sink = |value: fn(&SinkHealth) -> f64| {
            observed
                .sinks
                .iter()
                .map(move |(name, health)| (vec![("sink", name.clone())], value(health)))
                .collect::<Vec<_>>()
        };
        gauge(
            &mut encoder,
            "wardgate_sink_healthy",
            "1 when the last delivery was accepted",
            by_sink(|health| if health.is_healthy() { 1.0 } else { 0.0 }),
        )?;
        gauge(
            &mut encoder,
            "wardgate_sink_behind",
            "Alerts that a sink has not delivered yet",
            by_sink(|health| health.behind() as f64),
        )?;
        counter(
            &mut encoder,
            "wardgate_sink_delivered",
            "Alerts that were accepted",
            by_sink(|health| health.delivered() as f64)
                .into_iter()
                .map(|(labels, count)| (labels, count as u64)),
        )?;
        counter(
            &mut encoder,
            "wardgate_sink_failures",
            "Deliveries that were not accepted",
            by_sink(|health| health.failed() as f64)
                .into_iter()
                .map(|(labels, count)| (labels, count as u64)),
        )
    }
}

fn indicators(encoder: &mut DescriptorEncoder<'_>, intel: &IntelHealth) -> Result<(), Error> {
    let load = |number: &AtomicU64| number.load(Ordering::Relaxed);
    single(
        encoder,
        "wardgate_indicators_matched",
        "Indicators that events are matched with",
        load(&intel.matched) as f64,
    )?;
    single(
        encoder,
        "wardgate_indicators_bytes",
        "Memory that they take",
        load(&intel.bytes) as f64,
    )?;
    let counts = intel.counts().clone();
    gauge(
        encoder,
        "wardgate_feed_indicators",
        "Indicators of a feed that are stored, by type",
        counts
            .into_iter()
            .map(|count| (vec![("feed", count.feed), ("type", count.kind)], count.all as f64)),
    )?;
    let feeds = intel.feeds().clone();
    let read = || feeds.iter().filter(|feed| feed.tried.is_some());
    let label = |feed: &FeedState| vec![("feed", feed.name.clone())];
    gauge(
        encoder,
        "wardgate_feed_last_success_timestamp_seconds",
        "When a feed was last read",
        read().filter_map(|feed| Some((label(feed), feed.succeeded?.0 as f64 / 1000.0))),
    )?;
    gauge(
        encoder,
        "wardgate_feed_failures",
        "Times that a feed could not be read since it was last",
        read().map(|feed| (label(feed), feed.failures as f64)),
    )?;
    let hunts = load(&intel.hunts);
    count(encoder, "wardgate_hunts", "Times that new indicators were looked for", hunts)?;
    let alerts = load(&intel.hunted_alerts);
    count(encoder, "wardgate_hunted_alerts", "Alerts that came of that", alerts)
}

type Labels = Vec<(&'static str, String)>;

fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (Labels, f64)>,
) -> Result<(), Error> {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (labels, value) in values {
        ConstGauge::new(value).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}

/// A gauge without labels, and without the empty braces that the encoder writes for none.
fn single(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: f64,
) -> Result<(), Error> {
    let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    ConstGauge::new(value).encode(metric)
}

/// A counter without labels, likewise.
fn count(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: u64,
) -> Result<(), Error> {
    let metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    ConstCounter::new(value).encode(metric)
}

fn counter(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (Labels, u64)>,
) -> Result<(), Error> {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, value) in values {
        ConstCounter::new(value).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
}

fn page_latency(
    encoder: &mut DescriptorEncoder<'_>,
    snapshots: &[(&str, Snapshot)],
) -> Result<(), Error> {
    let help = "How long pages took, from the request to the end of the answer";
    let unit = Some(&Unit::Seconds);
    let mut metric =
        encoder.encode_descriptor("wardgate_page", help, unit, MetricType::Histogram)?;
    for (intake, snapshot) in snapshots {
        let latency = &snapshot.latency;
        // Ours are cumulative, the encoder wants each bucket for itself.
        let mut below = 0;
        let mut buckets = Vec::with_capacity(LATENCY_BOUNDS.len() + 1);
        for (bound, count) in LATENCY_BOUNDS.iter().zip(&latency.buckets) {
            buckets.push((*bound, count.saturating_sub(below)));
            below = *count;
        }
        buckets.push((f64::INFINITY, latency.count.saturating_sub(below)));
        let labels = vec![("intake", (*intake).to_owned())];
        metric.encode_family(&labels)?.encode_histogram::<NoLabelSet>(
            latency.sum.as_secs_f64(),
            latency.count,
            &buckets,
            None,
        )?;
    }
    Ok(())
}
