//! Runs the binary in a folder of its own, and reads what it wrote.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value;

/// Where the binary is.
pub(crate) const WARDGATE: &str = env!("CARGO_BIN_EXE_wardgate");

/// A folder in which the binary runs, and another one that it writes to.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    out: tempfile::TempDir,
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit status; `None` when a signal ended it.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    /// The most memory that was seen to be in use, in bytes.
    pub(crate) memory: u64,
}

impl Run {
    /// The same, when it ended with `status` and without a panic.
    #[track_caller]
    pub(crate) fn ended(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{}", self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.stdout.clone()).expect("the output is UTF-8")
    }

    /// The standard output as one JSON object a line.
    pub(crate) fn lines(&self) -> Vec<Value> {
        json_lines(&self.stdout)
    }

    /// Asserts that everything of `parts` is said on the standard error.
    #[track_caller]
    pub(crate) fn says(&self, parts: &[&str]) {
        for part in parts {
            assert!(self.stderr.contains(part), "expected '{part}' in:\n{}", self.stderr);
        }
    }
}

/// Everything that a scan can write.
#[derive(Debug)]
pub(crate) struct Scanned {
    pub(crate) run: Run,
    pub(crate) records: Vec<Value>,
    pub(crate) alerts: Vec<Value>,
    pub(crate) rejects: Vec<Value>,
    pub(crate) summary: Value,
}

impl Scanned {
    /// Line and reason of each reject.
    pub(crate) fn reasons(&self) -> Vec<(u64, String)> {
        let reason = |reject: &Value| {
            (reject["line"].as_u64().unwrap(), reject["reason"].as_str().unwrap().to_owned())
        };
        self.rejects.iter().map(reason).collect()
    }

    /// The ids of the events.
    pub(crate) fn ids(&self) -> Vec<&str> {
        texts(&self.records, "/event/id")
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), out: tempfile::tempdir().unwrap() }
    }

    /// A place with one file in it.
    pub(crate) fn with(name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> Self {
        let place = Self::new();
        place.write(name, content);
        place
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The path of something that is written.
    pub(crate) fn out(&self, name: &str) -> PathBuf {
        self.out.path().join(name)
    }

    pub(crate) fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// A run of the binary in the folder, not yet started.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, args: &[A]) -> Command {
        let mut command = Command::new(WARDGATE);
        command.args(args).current_dir(self.folder.path()).stdin(Stdio::null());
        for name in ["NO_COLOR", "CLICOLOR_FORCE", "COLUMNS"] {
            command.env_remove(name);
        }
        command
    }

    pub(crate) fn run<A: AsRef<OsStr>>(&self, args: &[A]) -> Run {
        self.run_with(args, &[])
    }

    /// Runs the binary with something to read on its standard input.
    pub(crate) fn run_with<A: AsRef<OsStr>>(&self, args: &[A], stdin: &[u8]) -> Run {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut to = child.stdin.take().unwrap();
        let mut from = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        std::thread::scope(|scope| {
            scope.spawn(move || {
                // It need not want all of it.
                let _ = to.write_all(stdin);
            });
            let stdout = scope.spawn(move || {
                let mut bytes = Vec::new();
                from.0.read_to_end(&mut bytes).unwrap();
                bytes
            });
            let stderr = scope.spawn(move || {
                let mut bytes = Vec::new();
                from.1.read_to_end(&mut bytes).unwrap();
                String::from_utf8_lossy(&bytes).into_owned()
            });
            let mut memory = 0;
            let status = loop {
                memory = memory.max(most_memory(child.id()));
                match child.try_wait().unwrap() {
                    Some(status) => break status,
                    None => std::thread::sleep(Duration::from_millis(2)),
                }
            };
            Run {
                status: status.code(),
                stdout: stdout.join().unwrap(),
                stderr: stderr.join().unwrap(),
                memory,
            }
        })
    }

    /// Scans `paths`, with everything written that can be.
    pub(crate) fn scan(&self, paths: &[&str]) -> Scanned {
        self.scan_with(paths, &[], &[])
    }

    pub(crate) fn scan_with(&self, paths: &[&str], more: &[&str], stdin: &[u8]) -> Scanned {
        let outs = ["records", "alerts", "rejects"].map(|name| self.out(name));
        let [records, alerts, rejects] = outs.each_ref().map(|path| path.to_str().unwrap());
        let mut args = vec!["scan", "--quiet", "--format", "json"];
        args.extend(["--records", records, "--alerts", alerts, "--rejects", rejects]);
        args.extend(more);
        args.extend(paths);
        let run = self.run_with(&args, stdin);
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
        let [records, alerts, rejects] = outs.map(|path| json_lines(&fs::read(path).unwrap()));
        for record in &records {
            nothing_is_empty(record, "");
        }
        let told: Value = serde_json::from_slice(&run.stdout).unwrap();
        assert_eq!(told["alerts"].as_array().unwrap(), &alerts, "both outputs are the same");
        let summary = told["summary"].clone();
        Scanned { run, records, alerts, rejects, summary }
    }
}

/// What the system says is the most memory that a process has had; 0 when it has ended, or where
/// the system does not tell.
fn most_memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = peak.and_then(|peak| peak.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}

#[track_caller]
pub(crate) fn json_lines(bytes: &[u8]) -> Vec<Value> {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| {
            serde_json::from_slice(line).unwrap_or_else(|error| {
                panic!("{error}: {}", String::from_utf8_lossy(&line[..line.len().min(2_000)]))
            })
        })
        .collect()
}

/// Asserts that there is no null, no empty string, object or array at any depth.
#[track_caller]
pub(crate) fn nothing_is_empty(value: &Value, path: &str) {
    match value {
        Value::Null => panic!("{path} is null"),
        Value::String(text) => assert!(!text.is_empty(), "{path} is empty"),
        Value::Array(items) => {
            assert!(!items.is_empty(), "{path} is empty");
            items.iter().for_each(|item| nothing_is_empty(item, path));
        }
        Value::Object(members) => {
            assert!(!members.is_empty(), "{path} is empty");
            for (name, member) in members {
                nothing_is_empty(member, &format!("{path}/{name}"));
            }
        }
        Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The text at a JSON pointer of each value.
#[track_caller]
pub(crate) fn texts<'v>(values: &'v [Value], pointer: &str) -> Vec<&'v str> {
    let text = |value: &'v Value| value.pointer(pointer).and_then(Value::as_str);
    values.iter().map(|value| text(value).unwrap_or_else(|| panic!("{pointer}: {value}"))).collect()
}

/// The names of the rules of alerts, in their order.
#[track_caller]
pub(crate) fn rule_names(alerts: &[Value]) -> Vec<&str> {
    texts(alerts, "/rule/name")
}

/// An event as text, with `members` (`"actor": {…}`) beside those that every event has.
pub(crate) fn event(uuid: &str, members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    format!(
        r#"{{"uuid":"{uuid}","published":"2026-09-01T08:00:00.000Z","eventType":"user.session.start"{comma}{members}}}"#
    )
}

/// An event of a type, by somebody.
pub(crate) fn event_of(uuid: &str, kind: &str, more: &str) -> String {
    let comma = if more.is_empty() { "" } else { "," };
    format!(
        r#"{{"uuid":"{uuid}","published":"2026-09-01T08:00:00.000Z","eventType":"{kind}","outcome":{{"result":"SUCCESS"}},"actor":{{"id":"00u1","type":"User","alternateId":"ada@example.org","displayName":"Ada"}}{comma}{more}}}"#
    )
}

/// What happens on a simulated day with attacks in it: 300 events, one a line.
pub(crate) fn simulated() -> &'static [String] {
    static EVENTS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let (mut events, mut truth) = (Vec::new(), Vec::new());
        let scenario = sim::Scenario::new(300, 7);
        scenario.simulate().unwrap().write(&mut events, &mut truth).unwrap();
        let events = String::from_utf8(events).unwrap();
        events.lines().map(str::to_owned).collect()
    });
    &EVENTS
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut to = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}
