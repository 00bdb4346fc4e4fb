//! Files and writers.

use std::fs;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use deliver::{FileTarget, From, Ndjson, Sink, Target};

use crate::support::*;

fn sink(target: Target) -> Sink {
    Sink::new("local", target).from(From::Earliest).patience(hasty())
}

fn lines(alerts: std::ops::RangeInclusive<i64>) -> String {
    alerts.map(|number| format!("{{\"n\":{number}}}\n")).collect()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.ndjson");
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    let outbox = Memory::with((1..=1200).map(alert));
    let running = start(sink(Target::file(FileTarget::new(&path, None, 3))), &outbox);
    until("it has failed", || running.health.failed() > 2).await;
    assert!(running.health.last_error().unwrap().contains("No space left on device"));
    assert_eq!(outbox.at("local"), 0);
    fs::remove_file(&path).unwrap();
    until("all are delivered", || outbox.at("local") == 1200).await;
    assert_eq!(fs::read_to_string(&path).unwrap(), lines(1..=1200));
    assert_eq!(running.health.delivered(), 1200);
    running.stop().await;
}

#[tokio::test]
async fn a_crash_leaves_whole_lines_each_at_least_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.ndjson");
    let outbox = Memory::with((1..=3).map(alert));
    outbox.checkpoints.lock().unwrap().insert("local".into(), 0);
    *outbox.is_broken.lock().unwrap() = true;
    let target = || Target::file(FileTarget::new(&path, None, 3));
    let running = start(sink(target()), &outbox);
    until("they are written, but not kept", || !running.health.is_healthy()).await;
    running.crash().await;
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"{\"n\":").unwrap();
    *outbox.is_broken.lock().unwrap() = false;
    let running = start(sink(target()), &outbox);
    until("all are delivered", || outbox.at("local") == 3).await;
    assert_eq!(fs::read_to_string(&path).unwrap(), lines(1..=3) + &lines(1..=3));
    running.stop().await;
}

/// A writer that fails at first.
#[derive(Clone, Default)]
struct Moody {
    failures: Arc<Mutex<usize>>,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Write for Moody {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.written.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_writer_that_fails_is_tried_again() {
    let moody = Moody { failures: Arc::new(Mutex::new(3)), ..Moody::default() };
    let outbox = Memory::with((1..=2).map(alert));
    let running = start(sink(Target::writer(Ndjson::new(moody.clone()))), &outbox);
    until("all are delivered", || outbox.at("local") == 2).await;
    assert_eq!(running.health.failed(), 3);
    assert_eq!(String::from_utf8(moody.written.lock().unwrap().clone()).unwrap(), lines(1..=2));
    running.stop().await;
}
