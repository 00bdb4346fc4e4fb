//! What the server counts of itself.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The counters of a server. Clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    in_flight: Gauge,
    connections: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
}

/// The upper ends of the durations that are told apart, in seconds.
const BUCKETS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

impl Metrics {
    /// Counters that are in `registry`.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            in_flight: Gauge::default(),
            connections: Gauge::default(),
        };
        let requests = metrics.requests.clone();
        registry.register("wardgate_http_requests", "HTTP requests by route and status", requests);
        let durations = metrics.durations.clone();
        let help = "From the head of a request to its answer";
        registry.register("wardgate_http_request_duration_seconds", help, durations);
        let in_flight = metrics.in_flight.clone();
        registry.register("wardgate_http_requests_in_flight", "HTTP requests under way", in_flight);
        let connections = metrics.connections.clone();
        registry.register("wardgate_http_connections", "Open HTTP connections", connections);
        metrics
    }

    /// Counts a request as under way, until this is dropped.
    pub(crate) fn begin(&self) -> UnderWay {
        UnderWay::new(&self.in_flight)
    }

    /// Counts a connection as open, until this is dropped.
    pub(crate) fn connect(&self) -> UnderWay {
        UnderWay::new(&self.connections)
    }

    /// Counts a request that has been answered.
    pub(crate) fn answered(&self, route: &'static str, status: u16, seconds: f64) {
        self.requests.get_or_create(&RequestLabels { route, status }).inc();
        self.durations.get_or_create(&RouteLabels { route }).observe(seconds);
    }
}

/// Something that is counted as long as it goes on.
#[derive(Debug)]
pub(crate) struct UnderWay(Gauge);

impl UnderWay {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}
