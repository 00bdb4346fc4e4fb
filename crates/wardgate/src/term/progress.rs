//! The progress bar of a scan.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use files::ReadProgress;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};

use crate::scan::Progress;

/// A bar that moves on its own until it is dropped. It is drawn on a terminal only, and not for
/// what is over in a moment.
pub(crate) struct Bar {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Bar {
    /// Starts drawing.
    pub(crate) fn start(scan: &Arc<Progress>, read: &Arc<ReadProgress>) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let (scan, read) = (Arc::clone(scan), Arc::clone(read));
        let is_done = Arc::clone(&done);
        let thread = std::thread::spawn(move || {
            const BEFORE_FIRST: Duration = Duration::from_millis(400);
            let started = Instant::now();
            std::thread::park_timeout(BEFORE_FIRST);
            let bar = match read.total() {
                Some(total) => ProgressBar::new(total),
                None => ProgressBar::new_spinner(),
            };
            let template = match read.total() {
                Some(_) => "{bar:24} {percent:>3}% {msg}, {eta} left",
                None => "{spinner} {msg}",
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            while !is_done.load(Ordering::Relaxed) {
                let events = scan.events.load(Ordering::Relaxed);
                let alerts = scan.alerts.load(Ordering::Relaxed);
                let rate = events as f64 / started.elapsed().as_secs_f64();
                bar.set_position(read.read());
                bar.set_message(format!(
                    "{}, {} events ({}/s), {} alerts",
                    HumanBytes(read.read()),
                    HumanCount(events),
                    HumanCount(rate as u64),
                    HumanCount(alerts),
                ));
                std::thread::park_timeout(Duration::from_millis(100));
            }
            bar.finish_and_clear();
        });
        Self { done, thread: Some(thread) }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

/// A bar for work that is done in steps. It is drawn on a terminal only.
pub(crate) struct Steps(ProgressBar);

/// Starts drawing a bar for steps that are called `what`.
pub(crate) fn steps(what: &'static str) -> Steps {
    let bar = ProgressBar::new(0);
    if let Ok(style) =
        ProgressStyle::with_template(&format!("{{bar:24}} {{pos}}/{{len}} {what} {{msg}}"))
    {
        bar.set_style(style);
    }
    Steps(bar)
}

impl Steps {
    /// Shows which step is next, how many are done, and how many there are.
    pub(crate) fn at(&self, step: &str, done: usize, all: usize) {
        self.0.set_length(all as u64);
        self.0.set_position(done as u64);
        self.0.set_message(step.to_owned());
    }
}

/// A count of something whose end is not known. It is drawn on a terminal only.
pub(crate) struct Counting(ProgressBar, &'static str);

/// Starts counting `what`.
pub(crate) fn counting(what: &'static str) -> Counting {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    Counting(bar, what)
}

impl Counting {
    /// Shows how many there are so far, of what.
    pub(crate) fn at(&self, name: &str, count: u64) {
        self.0.set_message(format!("{name}: {} {}", HumanCount(count), self.1));
        self.0.tick();
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
