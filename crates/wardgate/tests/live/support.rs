//! An organisation, a data folder, and the binary between them.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sim::Scenario;
use sim_server::{Backlog, Late, Options, Server};
use store::search::{Request, Searcher, Selection};
use store::{AlertFilter, Database};

/// Long enough for anything that is going to happen on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A simulated organisation with a past.
pub(crate) fn org(events: u64, seed: u64, faults: &[&str]) -> Server {
    Server::start(options(events, seed, faults)).unwrap()
}

pub(crate) fn options(events: u64, seed: u64, faults: &[&str]) -> Options {
    let mut scenario = Scenario::new(events, seed);
    scenario.days = Some(3);
    scenario.users = Some(40);
    let hours = jiff::SignedDuration::from_hours(80);
    scenario.start = jiff::Timestamp::now() - hours;
    let mut options = Options {
        backlog: Backlog::Scenario(scenario),
        late: Late { per_mille: 20, longest: Duration::from_secs(3600) },
        seed,
        ..Options::default()
    };
    faults.iter().for_each(|fault| options.faults.add(fault).unwrap());
    options.faults.seed = seed;
    options
}

/// An organisation with these events behind it.
pub(crate) fn org_with(events: &[String]) -> Server {
    let backlog = Backlog::Events(events.to_vec());
    Server::start(Options { backlog, ..Options::default() }).unwrap()
}

/// A folder in which an organisation is followed with these rules alone.
pub(crate) fn place_with(org: &Server, rules: &str) -> Place {
    let place = Place::new();
    fs::write(place.path("rules.yml"), rules).unwrap();
    place.follow(org, "[rules]\npaths = [\"rules.yml\"]\nbuiltin = false\n");
    place
}

/// The ids of the alerts that a scan raises with these rules alone.
pub(crate) fn scanned(events: &[String], rules: &str) -> BTreeSet<String> {
    let place = Place::new();
    fs::write(place.path("rules.yml"), rules).unwrap();
    fs::write(place.path("log.ndjson"), events.join("\n")).unwrap();
    let mut scan = Command::new(env!("CARGO_BIN_EXE_wardgate"));
    scan.args(["scan", "log.ndjson", "--alerts", "alerts.ndjson", "--quiet"]);
    scan.args(["--no-builtin", "--rules", "rules.yml"]);
    assert!(scan.current_dir(place.folder.path()).status().unwrap().success());
    place.delivered()
}

/// A folder with a configuration and what comes of it.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Configures an organisation to be followed in small pages, and a file for alerts.
    pub(crate) fn follow(&self, org: &Server, more: &str) {
        fs::write(self.path("token"), org.token()).unwrap();
        let text = format!(
            "data_dir = \"data\"\n[server]\nlisten = \"127.0.0.1:0\"\n{more}\n\
             [[sink]]\nname = \"file\"\nkind = \"file\"\npath = \"alerts.ndjson\"\n\
             from = \"earliest\"\nmin_severity = \"informational\"\nrepeats = true\n\
             [[intake]]\nname = \"acme\"\nkind = \"okta\"\nbase_url = \"{}\"\n\
             token_file = \"token\"\nfrequency = \"1s\"\nratelimit_per_minute = 10000\n\
             ratelimit_share = 100\nchunk_size = 100\nstart = \"earliest\"\n",
            org.url()
        );
        fs::write(self.path("wardgate.toml"), text).unwrap();
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wardgate"));
        command.arg("run").current_dir(self.folder.path()).env_remove("WARDGATE_FAILPOINT");
        command
    }

    pub(crate) fn start(&self) -> Running {
        Running::start(&mut self.command(), &self.path("log"))
    }

    /// The ids of all events, each as often as it is stored.
    pub(crate) fn events(&self) -> Vec<String> {
        let mut ids = Vec::new();
        let Ok(searcher) = Searcher::open(&self.data()) else { return ids };
        let query = query::parse("*").unwrap();
        let request = Request {
            selection: Selection::new(&query.root),
            limit: usize::MAX,
            newest_first: false,
            after: None,
        };
        let found = searcher.for_each(&request, |hit| {
            let event: serde_json::Value = serde_json::from_str(&hit.raw).unwrap();
            ids.push(event["uuid"].as_str().unwrap_or_default().to_owned());
            ControlFlow::Continue(())
        });
        assert_eq!(found.unwrap().unreadable, []);
        ids
    }

    /// How many events are searchable.
    pub(crate) fn count(&self) -> u64 {
        let Ok(searcher) = Searcher::open(&self.data()) else { return 0 };
        let query = query::parse("*").unwrap();
        searcher.count(&Selection::new(&query.root)).map_or(0, |counts| counts.events)
    }

    /// The ids of all alerts, repeats included.
    pub(crate) fn alerts(&self) -> BTreeSet<String> {
        let database = Database::open(&self.data()).unwrap();
        let all = AlertFilter { repeats: true, ..AlertFilter::default() };
        let alerts = database.alerts(&all).unwrap();
        let ids: BTreeSet<String> = alerts.iter().map(|alert| alert.id.to_string()).collect();
        assert_eq!(ids.len(), alerts.len());
        ids
    }

    /// The ids of the alerts that the file has.
    pub(crate) fn delivered(&self) -> BTreeSet<String> {
        let text = fs::read_to_string(self.path("alerts.ndjson")).unwrap_or_default();
        let lines = text.lines().map(|line| {
            let alert: serde_json::Value = serde_json::from_str(line).expect("whole lines");
            alert["event"]["id"].as_str().expect("an id").to_owned()
        });
        lines.collect()
    }

    /// Waits until so many events are searchable.
    pub(crate) fn wait_for_events(&self, running: &mut Running, events: u64) {
        wait(&format!("{events} events"), || {
            running.assert_runs();
            self.count() >= events
        });
    }

    /// Asserts that the store has just what the organisation has.
    pub(crate) fn assert_complete(&self, org: &Server) {
        let truth = org.truth();
        let mut expected: Vec<String> = truth.uuids.into_iter().flatten().collect();
        expected.sort_unstable();
        let mut stored = self.events();
        stored.sort_unstable();
        assert_eq!(stored.len(), expected.len(), "as many events as there were");
        assert!(stored == expected, "the very events");
    }
}

/// Waits until something is so.
pub(crate) fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what} did not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The binary, until it ends or this is dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    log: PathBuf,
    /// Where in the log it begins to speak.
    begins: usize,
}

impl Running {
    pub(crate) fn start(command: &mut Command, log: &Path) -> Running {
        let file = fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        let begins = file.metadata().unwrap().len() as usize;
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn();
        Running { child: child.unwrap(), log: log.to_owned(), begins }
    }

    pub(crate) fn log(&self) -> String {
        let mut text = String::new();
        let file = fs::File::open(&self.log);
        let _ = file.and_then(|mut file| file.read_to_string(&mut text));
        text
    }

    /// The address that it serves at.
    pub(crate) fn address(&self) -> String {
        let mut found = None;
        wait("the server's address", || {
            let log = self.log();
            let running = log
                .get(self.begins..)
                .unwrap_or_default()
                .lines()
                .rev()
                .find(|line| line.contains("\"message\":\"running\""));
            let line =
                running.and_then(|line| serde_json::from_str::<serde_json::Value>(line).ok());
            found = line.and_then(|line| Some(line["address"].as_str()?.to_owned()));
            found.is_some()
        });
        found.unwrap()
    }

    #[track_caller]
    pub(crate) fn assert_runs(&mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            panic!("ended with {status}: {}", self.log());
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// Tells it to stop, and asserts that it does.
    #[track_caller]
    pub(crate) fn stop(mut self) {
        // Before it runs there is nothing that it could stop in order.
        self.address();
        self.signal("TERM");
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "{status}: {}", self.log());
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not stop: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
