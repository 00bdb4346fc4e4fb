//! What is logged, and how.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use config::{LogFormat, LogLevel};
use indicatif::ProgressBar;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::term::clean::clean;

/// The line at the bottom of the terminal that log lines go above, when there is one.
static BOTTOM: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Begins to log. Where it has begun already, it stays as it is.
pub(crate) fn start(log: &config::Log) {
    let level = match log.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    // Of the libraries, only what goes wrong.
    let ours = ["wardgate", "engine", "store", "okta_client", "server", "deliver", "sim_server"];
    let targets = tracing_subscriber::filter::Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_targets(ours.map(|name| (name, level)));
    let terminal = io::stderr().is_terminal();
    let as_text = match log.format {
        LogFormat::Auto => terminal,
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let layer = if as_text {
        let colours = terminal && std::env::var_os("NO_COLOR").is_none();
        fmt::layer().with_ansi(colours).with_target(false).with_writer(|| Lines).boxed()
    } else {
        fmt::layer().json().flatten_event(true).with_writer(|| Lines).boxed()
    };
    let _ = tracing_subscriber::registry().with(layer.with_filter(targets)).try_init();
}

/// Sets the line at the bottom, or takes it away.
pub(super) fn set_bottom(bar: Option<ProgressBar>) {
    *BOTTOM.lock().unwrap_or_else(PoisonError::into_inner) = bar;
}

/// Writes something to the standard output, above the line at the bottom.
pub(crate) fn above_bottom(write: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let bottom = BOTTOM.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match bottom {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        above_bottom(|| {
            // A log that nobody reads stops nothing.
            let _ = io::stderr().lock().write_all(bytes);
            Ok(())
        })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A text from outside, fit for the terminal.
pub(super) fn fit(text: &str) -> String {
    clean(text).to_string()
}
