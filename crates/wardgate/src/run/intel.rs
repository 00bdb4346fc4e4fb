//! Indicators of a running program: feeds are read on their own schedule, what has changed is
//! matched from then on, and looked for in the past.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use config::Config;
use detect::Detector;
use ecs::Timestamp;
use engine::{Hunt, Hunted, Pipeline};
use intel::{Builder, IndicatorSet};
use store::search::Searcher;
use store::{Database, FeedState, IndicatorCount, IndicatorFilter};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep};

use crate::commands::rule_selection::RuleSelection;
use crate::intel::{add_stored, allow, stored_set, sync};

/// For how long indicators have to stay as they are before they are taken over, and how long that
/// is put off at the most: an import changes them many times.
const SETTLED: Duration = Duration::from_secs(3);
const AT_MOST: Duration = Duration::from_secs(30);
/// How long a feed that failed waits at first; twice as long each time.
const FIRST_RETRY: Duration = Duration::from_secs(60);
/// How long batches that were begun with the indicators before may take to be stored.
const UNDER_WAY: Duration = Duration::from_secs(3);
/// How long to wait until what was stored can be searched.
const SEARCHABLE: Duration = Duration::from_secs(120);

/// How it goes, for metrics.
#[derive(Debug, Default)]
pub(super) struct IntelHealth {
    feeds: Mutex<Vec<FeedState>>,
    counts: Mutex<Vec<IndicatorCount>>,
    /// Indicators that are matched.
    pub(super) matched: AtomicU64,
    /// The bytes that they take.
    pub(super) bytes: AtomicU64,
    /// Hunts that have ended, and the alerts that they raised.
    pub(super) hunts: AtomicU64,
    pub(super) hunted_alerts: AtomicU64,
}

impl IntelHealth {
    pub(super) fn feeds(&self) -> MutexGuard<'_, Vec<FeedState>> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn counts(&self) -> MutexGuard<'_, Vec<IndicatorCount>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn loaded(&self, loaded: &Loaded) {
        self.matched.store(loaded.set.len() as u64, Ordering::Relaxed);
        self.bytes.store(loaded.set.bytes() as u64, Ordering::Relaxed);
        (*self.counts()).clone_from(&loaded.counts);
    }
}

/// Indicators as they were at some time.
pub(super) struct Loaded {
    pub(super) set: Arc<IndicatorSet>,
    counts: Vec<IndicatorCount>,
    /// The change that they are of.
    change: i64,
}

impl Loaded {
    /// Reads the indicators of all files and of the store.
    pub(super) fn read(selection: &RuleSelection, config: &Config, quiet: bool) -> Result<Self> {
        let database = super::database(&config.data_dir)?;
        // Before they are read: what changes meanwhile is found to have changed.
        let change = database.indicator_change()?;
        let stored = usize::try_from(database.count_indicators(0)?).unwrap_or(0);
        let mut builder = Builder::with_capacity(stored);
        selection.add_indicators(&mut builder, quiet)?;
        add_stored(&mut builder, &database, &IndicatorFilter::default())?;
        allow(&mut builder, &config.intel.allow)?;
        let counts = database.indicator_counts()?;
        Ok(Self { set: Arc::new(builder.build()), counts, change })
    }
}

/// Sees to it that indicators are up to date.
pub(super) struct Watch<'c> {
    config: &'c Config,
    selection: RuleSelection,
    database: Database,
    pub(super) health: Arc<IntelHealth>,
    pub(super) set: Arc<IndicatorSet>,
    /// The change that is matched.
    change: i64,
    /// The change that was seen last, since when, and since when it is not the one matched.
    seen: (i64, Instant),
    behind_since: Option<Instant>,
    loading: Option<JoinHandle<Result<Loaded>>>,
    hunting: Option<JoinHandle<Result<(Hunted, i64)>>>,
    /// Woken when a hunt has raised alerts.
    wake: Arc<Notify>,
}

impl<'c> Watch<'c> {
    pub(super) fn new(
        config: &'c Config,
        selection: RuleSelection,
        loaded: &Loaded,
        wake: Arc<Notify>,
    ) -> Result<Self> {
        let health = Arc::new(IntelHealth::default());
        health.loaded(loaded);
        let database = super::database(&config.data_dir)?;
        *health.feeds() = database.feeds()?;
        Ok(Self {
            config,
            selection,
            database,
            health,
            set: Arc::clone(&loaded.set),
            change: loaded.change,
            seen: (loaded.change, Instant::now()),
            behind_since: None,
            loading: None,
            hunting: None,
            wake,
        })
    }

    /// Takes over what was read on another occasion.
    pub(super) fn take(&mut self, loaded: &Loaded) {
        self.health.loaded(loaded);
        self.set = Arc::clone(&loaded.set);
        self.change = loaded.change;
    }

    /// Looks whether indicators have changed, and does what there is to do. Gives a set when rules
    /// have to be compiled anew for it.
    pub(super) async fn look(&mut self, pipeline: &Pipeline) -> Result<bool> {
        *self.health.feeds() = self.database.feeds()?;
        let mut recompile = false;
        if let Some(loading) = self.loading.take_if(|loading| loading.is_finished()) {
            let loaded = loading.await??;
            self.take(&loaded);
            recompile = !pipeline.replace_indicators(Arc::clone(&loaded.set));
            tracing::info!(indicators = loaded.set.len(), "indicators taken over");
        }
        if let Some(hunting) = self.hunting.take_if(|hunting| hunting.is_finished()) {
            self.hunted(hunting.await?)?;
        }
        let change = self.database.indicator_change()?;
        let now = Instant::now();
        if change != self.seen.0 {
            self.seen = (change, now);
        }
        if change == self.change {
            self.behind_since = None;
            self.begin_hunt(pipeline)?;
        } else if self.loading.is_none() {
            let behind_since = *self.behind_since.get_or_insert(now);
            if now - self.seen.1 >= SETTLED || now - behind_since >= AT_MOST {
                let (selection, config) = (self.selection.clone(), self.config.clone());
                self.loading = Some(tokio::task::spawn_blocking(move || {
                    Loaded::read(&selection, &config, true)
                }));
            }
        }
        Ok(recompile)
    }

    fn hunted(&mut self, outcome: Result<(Hunted, i64)>) -> Result<()> {
        let (hunted, change) = outcome?;
        self.database.set_hunted_change(change)?;
        self.health.hunts.fetch_add(1, Ordering::Relaxed);
        self.health.hunted_alerts.fetch_add(hunted.alerts, Ordering::Relaxed);
        for day in &hunted.unreadable {
            tracing::warn!(day = %day.day, reason = day.reason, "a day was not searched");
        }
        tracing::info!(
            found = hunted.found,
            alerts = hunted.alerts,
            "looked for new indicators in the past"
        );
        if hunted.is_cut {
            tracing::warn!("there was too much to find, see wardgate intel hunt");
        }
        if hunted.alerts > 0 {
            self.wake.notify_waiters();
        }
        Ok(())
    }

    /// Looks for indicators in the past that were not looked for yet.
    fn begin_hunt(&mut self, pipeline: &Pipeline) -> Result<()> {
        let after = self.database.hunted_change()?;
        if !self.config.intel.hunt || self.hunting.is_some() || after >= self.change {
            return Ok(());
        }
        let detector = pipeline.detector();
        if !detector.tells_of_indicators() {
            return Ok(());
        }
        if self.database.count_indicators(after)? == 0 {
            return Ok(self.database.set_hunted_change(self.change)?);
        }
        let window = self.config.store.fold_window.as_millis();
        let hunter = NewHunt {
            root: self.config.data_dir.clone(),
            allowed: self.config.intel.allow.clone(),
            detector,
            window: i64::try_from(window).unwrap_or(i64::MAX),
            after,
        };
        let change = self.change;
        self.hunting = Some(tokio::task::spawn_blocking(move || Ok((hunter.run()?, change))));
        Ok(())
    }
}

/// A hunt for what is new.
struct NewHunt {
    root: PathBuf,
    allowed: Vec<String>,
    detector: Arc<Detector>,
    window: i64,
    after: i64,
}

impl NewHunt {
    fn run(&self) -> Result<Hunted> {
        let mut database = super::database(&self.root)?;
        let filter = IndicatorFilter { new_after: self.after, ..IndicatorFilter::default() };
        let set = stored_set(&database, &filter, &self.allowed)?;
        // What was matched with the indicators before has to be there to be found.
        std::thread::sleep(UNDER_WAY);
        let (before, begun) = (database.next_event()?, std::time::Instant::now());
        while !database.is_searchable(before)? && begun.elapsed() < SEARCHABLE {
            std::thread::sleep(Duration::from_millis(500));
        }
        let searcher = Searcher::open(&self.root)?;
        let hunt = Hunt { store: Some(self.window), ..Hunt::default() };
        let what = (&*self.detector, &set);
        Ok(hunt.run(&searcher, &mut database, what, |_, _| {}, |_| {})?)
    }
}

/// Reads all feeds of a configuration, each when it is due, for as long as the tasks live. `again`
/// has them read at once.
pub(super) fn follow(config: &Config, again: &Arc<Notify>) -> Result<JoinSet<()>> {
    let mut tasks = JoinSet::new();
    let states = super::database(&config.data_dir)?.feeds()?;
    for feed in &config.feeds {
        let state = states.iter().find(|state| state.name == feed.name);
        let due = state.and_then(|state| state.succeeded).map_or(Duration::ZERO, |last| {
            let age = Timestamp::now().0.saturating_sub(last.0);
            feed.refresh.saturating_sub(Duration::from_millis(age.try_into().unwrap_or(0)))
        });
        tasks.spawn(keep_reading(
            feed.clone(),
            config.data_dir.clone(),
            config.store.retention_days,
            due,
            Arc::clone(again),
        ));
    }
    Ok(tasks)
}

async fn keep_reading(
    feed: config::Feed,
    root: PathBuf,
    retention_days: Option<u32>,
    due: Duration,
    again: Arc<Notify>,
) {
    let mut wait = due;
    let mut failures = 0_u32;
    loop {
        tokio::select! {
            () = sleep(wait) => {}
            () = again.notified() => {}
        }
        match sync::sync(&feed, &root, &mut |_| {}).await {
            Ok(synced) => {
                failures = 0;
                wait = feed.refresh;
                tracing::info!(feed = feed.name, "feed read: {}", synced.told());
                if let Err(error) = tokio::task::block_in_place(|| tidy(&root, retention_days)) {
                    tracing::warn!(error = format!("{error:#}"), "old indicators stay");
                }
            }
            Err(error) => {
                let doubled = FIRST_RETRY.saturating_mul(1 << failures.min(16));
                wait = doubled.min(feed.refresh);
                failures = failures.saturating_add(1);
                let error = format!("{error:#}");
                tracing::warn!(feed = feed.name, error, retry_in = ?wait, "feed not read");
            }
        }
    }
}

/// Forgets indicators of times from which no events are kept.
fn tidy(root: &Path, retention_days: Option<u32>) -> Result<()> {
    let margin = i64::from(intel::TOLERANCE_DAYS);
    let oldest = retention_days
        .map(|days| Timestamp(Timestamp::now().0 - (i64::from(days) + margin) * 86_400_000));
    super::database(root)?.tidy_indicators(oldest)?;
    Ok(())
}
