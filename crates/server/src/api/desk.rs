//! What the API works with.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ecs::Timestamp;
use store::search::Searcher;
use store::{Database, Error};
use tokio::sync::{Semaphore, watch};

use super::pool::Pool;
use super::rules::{Reload, RuleBook};
use crate::answer::Problem;
use crate::health::Check;

/// How much the API does at once, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeskLimits {
    /// Searches at the same time. They have threads of their own.
    pub searches: usize,
    /// Searches that wait for one of these threads.
    pub waiting: usize,
    /// How long a search may take.
    pub search_time: Duration,
    /// Different values of a field that are counted.
    pub values: usize,
    /// Exports, dry runs and the like at the same time.
    pub long: usize,
    /// How long an export may take.
    pub export_time: Duration,
    /// Events and alerts in one export.
    pub export: usize,
    /// Events on one page.
    pub page: usize,
    /// Alerts that are changed together.
    pub bulk: usize,
    /// Bytes of a body.
    pub body: usize,
    /// Live tails at the same time.
    pub tails: usize,
}

impl Default for DeskLimits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            searches: cores.clamp(2, 8),
            waiting: 64,
            search_time: Duration::from_secs(10),
            values: 500_000,
            long: 2,
            export_time: Duration::from_secs(600),
            export: 1_000_000,
            page: 1_000,
            bulk: 1_000,
            body: 1 << 20,
            tails: 32,
        }
    }
}

/// What an intake is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IntakeState {
    /// Not begun.
    Idle,
    /// There is more to read.
    CatchingUp,
    /// Everything there was has been read.
    UpToDate,
    /// Something is wrong; it goes on trying.
    Failing,
    /// It waits for what is pushed.
    Listening,
    /// A backfill has reached its end.
    Finished,
}

/// How an intake goes.
#[derive(Clone, Debug)]
pub struct IntakeStatus {
    /// Its name.
    pub name: String,
    /// `okta`, `http` or `event_hook`.
    pub kind: &'static str,
    /// `organization.id` of its events.
    pub organization_id: Option<String>,
    /// `organization.name` of its events.
    pub organization_name: Option<String>,
    /// The address of the organisation that is followed.
    pub base_url: Option<String>,
    /// What it is doing.
    pub state: IntakeState,
    /// What is wrong now.
    pub problem: Option<String>,
    /// What went wrong last; it may be over.
    pub last_problem: Option<(Timestamp, String)>,
    /// When the newest event that came this way was published.
    pub newest_event: Option<Timestamp>,
    /// When the last page came.
    pub last_success: Option<Timestamp>,
    /// How many events have come since the start.
    pub events: Option<u64>,
    /// What the reading of the past is doing.
    pub backfill: Option<IntakeState>,
    /// Requests that Okta allows, and that are left of them.
    pub rate_limit: Option<(u64, u64)>,
}

/// A thread's way to the events. Each thread has a searcher of its own: what a search has found is
/// read from the same state of the indexes, which nobody renews before it is done.
pub(crate) struct SearchTool {
    root: PathBuf,
    searcher: Option<Searcher>,
}

impl SearchTool {
    fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), searcher: None }
    }

    /// The searcher, which knows what has become searchable up to now: what one request has seen,
    /// the next one sees as well, whichever thread it comes to.
    pub(crate) fn fresh(&mut self) -> Result<&Searcher, Problem> {
        match &mut self.searcher {
            Some(searcher) => {
                searcher.refresh();
                Ok(searcher)
            }
            // One thread each: as many searches as there are cores do not wait for each other.
            none => Ok(none.insert(Searcher::open(&self.root)?.threads(1))),
        }
    }
}

/// A thread's connection to the database, opened when it is needed.
struct Connection {
    root: PathBuf,
    database: Option<Database>,
}

/// What the API works with: the store, the rules, how intakes go.
pub struct Desk {
    pub(crate) root: PathBuf,
    pub(crate) started: Timestamp,
    pub(crate) demo: bool,
    pub(crate) limits: DeskLimits,
    pub(super) searches: Pool<SearchTool>,
    pub(super) long: Pool<SearchTool>,
    databases: Pool<Connection>,
    pub(crate) tails: Arc<Semaphore>,
    pub(super) rules: Arc<RuleBook>,
    pub(super) reload: Reload,
    pub(crate) intakes: Box<dyn Fn() -> Vec<IntakeStatus> + Send + Sync>,
    pub(crate) checks: Box<dyn Fn() -> Vec<Check> + Send + Sync>,
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Desk {
    /// A desk on the data folder at `root`, which has to exist, and the rules that are in use,
    /// which `reload` has taken anew. Its tails end when `stopping` turns true.
    ///
    /// # Errors
    ///
    /// When the folder cannot be opened, or a thread cannot be started.
    pub fn open(
        root: &Path,
        limits: DeskLimits,
        rules: Arc<RuleBook>,
        reload: Reload,
        stopping: watch::Receiver<bool>,
    ) -> Result<Self, Error> {
        let io = |error: io::Error| Error::Io(root.to_owned(), error);
        store::Folder::open(root)?;
        let tool = || SearchTool::new(root);
        let connection = || Connection { root: root.to_owned(), database: None };
        Ok(Self {
            root: root.to_owned(),
            started: Timestamp::now(),
            demo: false,
            limits,
            searches: Pool::start("search", limits.searches, limits.waiting, tool).map_err(io)?,
            long: Pool::start("export", limits.long, limits.long * 4, tool).map_err(io)?,
            databases: Pool::start("desk", 2, 256, connection).map_err(io)?,
            tails: Arc::new(Semaphore::new(limits.tails)),
            rules,
            reload,
            intakes: Box::new(Vec::new),
            checks: Box::new(Vec::new),
            stopping,
        })
    }

    /// Says that it is a simulated organisation that is followed.
    #[must_use]
    pub fn demo(mut self, demo: bool) -> Self {
        self.demo = demo;
        self
    }

    /// Tells how intakes go. It must not wait for anything.
    #[must_use]
    pub fn intakes(
        mut self,
        intakes: impl Fn() -> Vec<IntakeStatus> + Send + Sync + 'static,
    ) -> Self {
        self.intakes = Box::new(intakes);
        self
    }

    /// Tells whether everything is in order. It must not wait for anything.
    #[must_use]
    pub fn checks(mut self, checks: impl Fn() -> Vec<Check> + Send + Sync + 'static) -> Self {
        self.checks = Box::new(checks);
        self
    }

    /// Does something with the database, on a thread for that.
    pub(crate) async fn database<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Database) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let work = move |connection: &mut Connection| {
            let database = match &mut connection.database {
                Some(database) => database,
                none => none.insert(Database::open(&connection.root)?),
            };
            work(database)
        };
        self.databases.run(work).await?
    }
}
