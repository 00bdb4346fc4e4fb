//! The program that runs day and night: everything put together.

mod access;
mod intakes;
mod logging;
mod observe;
mod outbox;
mod refresh;
mod rules;
mod sinks;
mod sources;
mod status;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use config::Config;
use engine::{Limits, Metrics, Pipeline, channel};
use prometheus_client::registry::Registry;
use server::api::{Desk, DeskLimits, Reload, RuleBook};
use server::{App, HookTable, KeyRing, Server, Tls};
use store::{Database, Writer};
use tokio::sync::{Notify, watch};

use refresh::Signals;

use crate::commands::rule_selection::RuleSelection;
use crate::term::say::say;

pub(crate) use logging::{above_bottom, start as start_logging};

pub(crate) use sources::settings as okta_settings;

/// How long a stop may take, all in all.
const STOPPING: Duration = Duration::from_secs(9);

/// What [`run`] is told beside the configuration.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Where alerts are written for people who look, beside the sinks.
    pub(crate) show_alerts: bool,
    /// End after this time.
    pub(crate) stop_after: Option<Duration>,
}

/// Runs until it is told to stop.
pub(crate) fn run(config: &Config, told: &Told) -> Result<()> {
    // Opening the store can take its time: whoever ends it meanwhile is heard.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut signals = runtime.block_on(async { Signals::listen() })?;
    let selection = RuleSelection::of_config(&config.rules);
    let writer = Writer::open(&config.data_dir, store_options(&config.store))?;
    let cursors = writer.cursors()?;
    let root = config.data_dir.as_path();
    let active = rules::load(&selection, config.rules.exceptions.as_deref(), &database(root)?)?;
    let detector = Arc::clone(&active.detector);
    let rules = detector.rules().len();
    let book = Arc::new(RuleBook::new(active));
    let mut registry = Registry::default();
    let metrics = Arc::new(Metrics::register(&mut registry));
    let server_metrics = server::Metrics::register(&mut registry);
    let (handle, inbox) = channel(Limits::default());
    let pipeline = Pipeline::start(writer, detector, inbox, Arc::clone(&metrics))?;
    let outcome = runtime.block_on(async {
        let (stop, stopped) = watch::channel(false);
        let keys = Arc::new(KeyRing::default());
        let hooks = Arc::new(HookTable::default());
        let (reload, reloads) = Reload::channel();
        let tools = refresh::Tools { keys: &keys, hooks: &hooks, book: &book, reloads };
        let mut refresh = refresh::Refresh::new(config, selection.clone(), tools)?;
        refresh.keys_and_hooks()?;

        let sources = sources::start(config, &cursors, &handle)?;
        let wake = Arc::new(Notify::new());
        let sinks = sinks::start(config, told.show_alerts, root, &wake, &stopped)?;
        let observed = observe::Observed {
            sources: sources.health.clone(),
            sinks: sinks.health.clone(),
            handle: handle.clone(),
            trouble: Box::new(pipeline.troubles()),
        };
        let observed = Arc::new(observed);
        registry.register_collector(Box::new(observe::Collected(Arc::clone(&observed))));
        let desk =
            Desk::open(root, DeskLimits::default(), Arc::clone(&book), reload, stopped.clone())?;
        let checked = Arc::clone(&observed);
        let desk = desk
            .demo(told.show_alerts)
            .intakes(intakes::statuses(config, &observed))
            .checks(move || checked.checks());
        let listen = config.server.listen;
        let access = access::open(config, root, listen)?;
        let (ready, shown) = (Arc::clone(&observed), registry);
        let app = App::new(handle.clone(), server_metrics)
            .access(Arc::clone(&access))
            .desk(Arc::new(desk))
            .keys(keys.clone())
            .hooks(hooks.clone())
            .metrics(move || observe::render(&shown))
            .ready(move || ready.checks());
        let mut server = Server::bind(listen, app)
            .await
            .with_context(|| format!("cannot listen on {listen}, see server.listen"))?;
        if let Some(tls) = &config.server.tls {
            server = server.tls(Tls::load(&tls.cert, &tls.key)?);
        }
        let address = server.local_addr();
        let mut server_stop = stopped.clone();
        let serving = tokio::spawn(server.serve(async move {
            let _ = server_stop.wait_for(|stop| *stop).await;
        }));
        tracing::info!(
            %address,
            data = %root.display(),
            rules,
            intakes = config.intakes.len(),
            sinks = config.sinks.len(),
            "running"
        );
        if let Some(link) = access::setup_link(&access, config, address)? {
            let told = above_bottom(|| {
                say(&link);
                Ok(())
            });
            told.context("the setup link")?;
        }
        let waker = tokio::spawn(sinks::wake_on_alerts(pipeline.alerts(), Arc::clone(&wake)));
        let status = tokio::spawn(status::show(
            config.intakes.iter().map(|intake| intake.name.clone()).collect(),
            Arc::clone(&metrics),
            Arc::clone(&observed),
            stopped.clone(),
        ));
        let ended = refresh.until_told(&pipeline, &mut signals, told.stop_after).await;

        // Sources first, then what they hand in to, then those who are told of it.
        sources.stop().await;
        let _ = stop.send(true);
        let _ = tokio::time::timeout(STOPPING / 3, serving).await;
        drop(handle);
        drop(observed);
        waker.abort();
        let _ = status.await;
        sinks.stop(STOPPING / 3).await;
        ended
    });
    // Whatever still holds a handle ends with the runtime.
    runtime.shutdown_timeout(Duration::from_millis(500));
    pipeline.finish();
    tracing::info!("stopped");
    outcome
}

fn store_options(store: &config::Store) -> store::Options {
    store::Options {
        retention_days: store.retention_days,
        retention_size: store.retention_size,
        fold_window: i64::try_from(store.fold_window.as_millis()).unwrap_or(i64::MAX),
    }
}

/// A connection to the database of the data folder.
fn database(root: &Path) -> Result<Database> {
    Ok(Database::open(root)?)
}
