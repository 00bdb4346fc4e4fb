//! The line at the bottom of the terminal.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::Metrics;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::watch;
use tokio::time::interval;

use super::logging::{fit, set_bottom};
use super::observe::Observed;

/// Shows how it goes until it is told to stop; only on a terminal.
pub(super) async fn show(
    intakes: Vec<String>,
    metrics: Arc<Metrics>,
    observed: Arc<Observed>,
    mut stopped: watch::Receiver<bool>,
) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    set_bottom(Some(bar.clone()));
    let mut every = interval(Duration::from_secs(1));
    let mut before: Option<(Instant, u64)> = None;
    loop {
        tokio::select! {
            _ = every.tick() => {}
            _ = stopped.wait_for(|stop| *stop) => break,
        }
        let (events, alerts) = metrics.totals(&intakes);
        let now = Instant::now();
        let rate = before.map_or(0.0, |(then, count)| {
            events.saturating_sub(count) as f64 / (now - then).as_secs_f64()
        });
        before = Some((now, events));
        let state = observed.summary();
        bar.set_message(format!("{events} events  {rate:.0}/s  {alerts} alerts  {}", fit(&state)));
        bar.tick();
    }
    set_bottom(None);
    bar.finish_and_clear();
}
