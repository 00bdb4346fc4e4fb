//! What can change while it runs: rules, lists, keys and secrets. And when it is told to stop.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use config::{Config, IntakeKind, SecretSource};
use engine::{Origin, Pipeline};
use server::api::{ReloadRequests, RuleBook};
use server::{Digest, Hook, HookTable, KeyRing};
use store::Database;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::rules;
use super::sources::origin;
use crate::commands::rule_selection::RuleSelection;

/// How often it is looked whether something has changed.
const LOOKING: Duration = Duration::from_secs(2);
/// How many files are watched at the most.
const MOST_FILES: usize = 10_000;

/// What people tell a running program.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Listens from now on, within a runtime: none of them ends the process by itself any more.
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }
}

/// Where what has changed goes, and who asks for it.
pub(super) struct Tools<'c> {
    pub(super) keys: &'c KeyRing,
    pub(super) hooks: &'c HookTable,
    pub(super) book: &'c RuleBook,
    pub(super) reloads: ReloadRequests,
}

pub(super) struct Refresh<'c> {
    config: &'c Config,
    selection: RuleSelection,
    keys: &'c KeyRing,
    hooks: &'c HookTable,
    book: &'c RuleBook,
    reloads: ReloadRequests,
    database: Database,
    seen_rules: Stamps,
    seen_secrets: Stamps,
    seen_keys: Option<Vec<store::IntakeKey>>,
}

/// When files were changed last, and how long they are.
type Stamps = BTreeMap<PathBuf, Option<(SystemTime, u64)>>;

impl<'c> Refresh<'c> {
    pub(super) fn new(
        config: &'c Config,
        selection: RuleSelection,
        tools: Tools<'c>,
    ) -> Result<Self> {
        let Tools { keys, hooks, book, reloads } = tools;
        let database = super::database(&config.data_dir)?;
        let mut refresh = Self {
            config,
            selection,
            keys,
            hooks,
            book,
            reloads,
            database,
            seen_rules: Stamps::new(),
            seen_secrets: Stamps::new(),
            seen_keys: None,
        };
        refresh.seen_rules = refresh.rule_stamps();
        refresh.seen_secrets = refresh.secret_stamps();
        Ok(refresh)
    }

    /// Waits until it is told to stop, and sees to changes meanwhile.
    pub(super) async fn until_told(
        &mut self,
        pipeline: &Pipeline,
        signals: &mut Signals,
        stop_after: Option<Duration>,
    ) -> Result<()> {
        let Signals { terminate, interrupt, hang_up } = signals;
        let mut look = interval(LOOKING);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let far = Duration::from_secs(10 * 365 * 86_400);
        let end = Instant::now() + stop_after.unwrap_or(far);
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                () = sleep_until(end) => break,
                _ = hang_up.recv() => drop(self.rules(pipeline)),
                Some(done) = self.reloads.recv() => {
                    // Whoever has asked may have gone.
                    let _ = done.send(self.rules(pipeline));
                }
                _ = look.tick() => {
                    if pipeline.is_broken() {
                        bail!("a part of the program has ended unexpectedly, see the log");
                    }
                    self.look(pipeline);
                }
            }
        }
        tracing::info!("stopping");
        Ok(())
    }

    fn look(&mut self, pipeline: &Pipeline) {
        if self.rule_stamps() != self.seen_rules {
            let _ = self.rules(pipeline);
        }
        let secrets = self.secret_stamps();
        if secrets != self.seen_secrets {
            self.seen_secrets = secrets;
            self.seen_keys = None;
        }
        if let Err(error) = self.keys_and_hooks() {
            tracing::warn!(error = format!("{error:#}"), "keys stay as they were");
        }
    }

    /// Takes the rules and lists as they are now; when they cannot be used, those before stay, and
    /// the reason is given.
    fn rules(&mut self, pipeline: &Pipeline) -> Result<(), String> {
        self.seen_rules = self.rule_stamps();
        let exceptions = self.config.rules.exceptions.as_deref();
        match rules::load(&self.selection, exceptions, &self.database) {
            Ok(active) => {
                tracing::info!(rules = active.detector.rules().len(), "rules reloaded");
                pipeline.replace_detector(Arc::clone(&active.detector));
                self.book.replace(active);
                Ok(())
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(error, "rules stay as they were");
                Err(error)
            }
        }
    }

    /// Takes the keys of intakes and the secrets of event hooks, if they have changed.
    pub(super) fn keys_and_hooks(&mut self) -> Result<()> {
        let keys = self.database.intake_keys()?;
        if self.seen_keys.as_ref() == Some(&keys) {
            return Ok(());
        }
        let origins: BTreeMap<&str, Arc<Origin>> = self
            .config
            .intakes
            .iter()
            .filter(|intake| intake.kind == IntakeKind::Http)
            .map(|intake| (intake.name.as_str(), origin(self.config, intake)))
            .collect();
        let valid = keys.iter().filter(|key| key.revoked.is_none()).filter_map(|key| {
            let origin = origins.get(key.intake.as_str())?;
            Some((Digest::from_bytes(key.digest), Arc::clone(origin)))
        });
        self.keys.replace(valid);
        self.keys.replace_intakes(origins.values().cloned());
        let mut hooks = Vec::new();
        for intake in &self.config.intakes {
            let IntakeKind::EventHook(hook) = &intake.kind else { continue };
            let named = || format!("the secret of the event hook {}", intake.name);
            let secret = hook.secret.read().with_context(named)?;
            let origin = origin(self.config, intake);
            let made = Hook::new(&hook.header, secret.expose().as_bytes(), origin);
            hooks.push((intake.name.clone(), made.with_context(named)?));
        }
        self.hooks.replace(hooks);
        if self.seen_keys.is_some() {
            tracing::info!("keys reloaded");
        }
        self.seen_keys = Some(keys);
        Ok(())
    }

    fn rule_stamps(&self) -> Stamps {
        let rules = &self.config.rules;
        let lists = rules.exceptions.iter().chain(&rules.placeholders).chain(&rules.indicators);
        let mut stamps = Stamps::new();
        rules.paths.iter().chain(lists).for_each(|path| stamp(path, &mut stamps));
        stamps
    }

    fn secret_stamps(&self) -> Stamps {
        let mut stamps = Stamps::new();
        for intake in &self.config.intakes {
            if let IntakeKind::EventHook(hook) = &intake.kind
                && let SecretSource::File(path) = &hook.secret
            {
                stamp(path, &mut stamps);
            }
        }
        stamps
    }
}

/// Notes the state of a file, or of all files in a folder.
fn stamp(path: &Path, stamps: &mut Stamps) {
    if stamps.len() >= MOST_FILES {
        return;
    }
    let metadata = fs::metadata(path).ok();
    if metadata.as_ref().is_some_and(fs::Metadata::is_dir) {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            stamp(&entry.path(), stamps);
        }
        return;
    }
    let state = metadata.and_then(|metadata| Some((metadata.modified().ok()?, metadata.len())));
    stamps.insert(path.to_owned(), state);
}
