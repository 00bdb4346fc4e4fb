//! The organisations that are followed.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use config::{Config, Credential, Intake, IntakeKind, OktaIntake};
use ecs::{Organization, Timestamp};
use engine::{Batch, CursorMove, Handle, Origin};
use okta_client::{Client, Credentials, Health, OAuth, Resume, SecretSource, Settings, Start};
use store::Cursor;
use tokio::task::JoinSet;

/// What a finished backfill has for a cursor.
const FINISHED: &str = "finished";

/// Tasks that follow organisations.
pub(super) struct Sources {
    tasks: JoinSet<()>,
    /// How it goes, by intake.
    pub(super) health: Vec<(String, Arc<Health>)>,
}

impl Sources {
    /// Ends them. A page that is being fetched is fetched again after the next start.
    pub(super) async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

/// Where an intake's events come from.
pub(super) fn origin(config: &Config, intake: &Intake) -> Arc<Origin> {
    let hook_of = match &intake.kind {
        IntakeKind::EventHook(hook) => hook.of.as_deref(),
        _ => None,
    };
    let of = config.intakes.iter().find(|other| Some(other.name.as_str()) == hook_of);
    let id = intake.organization_id.clone().or_else(|| of?.organization_id.clone());
    let name = intake.organization_name.clone().or_else(|| of?.organization_name.clone());
    Arc::new(Origin {
        intake: intake.name.clone(),
        organization: Organization { id, name },
        same_as: of.map(|of| of.name.clone()),
    })
}

/// Begins to follow all organisations of the configuration, each from where it was left.
pub(super) fn start(config: &Config, cursors: &[Cursor], handle: &Handle) -> Result<Sources> {
    let mut sources = Sources { tasks: JoinSet::new(), health: Vec::new() };
    for intake in &config.intakes {
        let IntakeKind::Okta(okta) = &intake.kind else { continue };
        let client = Client::new(settings(okta))
            .with_context(|| format!("the intake {} cannot be followed", intake.name))?;
        sources.health.push((intake.name.clone(), client.health()));
        let origin = origin(config, intake);
        let follower = client.follow(begin(okta), resume(cursors, &intake.name));
        let source = intake.name.clone();
        sources.tasks.spawn(engine::follow(follower, Arc::clone(&origin), source, handle.clone()));
        if let Some(back) = okta.backfill {
            let source = format!("{}/backfill", intake.name);
            let left = cursors.iter().find(|cursor| cursor.source == source);
            if left.is_none_or(|cursor| cursor.cursor != FINISHED) {
                let resume = resume(cursors, &source);
                let task = backfill(client, back, resume, origin, source, handle.clone());
                sources.tasks.spawn(task);
            }
        }
    }
    Ok(sources)
}

/// Reads the past of an organisation, once.
async fn backfill(
    client: Client,
    back: Duration,
    resume: Option<Resume>,
    origin: Arc<Origin>,
    source: String,
    handle: Handle,
) {
    let now = jiff::Timestamp::now();
    let backfill = client.backfill(Start::Ago(back), now, resume);
    let stored = engine::backfill(backfill, Arc::clone(&origin), source.clone(), handle.clone());
    if !stored.await {
        return;
    }
    tracing::info!(source, "the past is read");
    let cursor = CursorMove { source, cursor: FINISHED.to_owned(), last_seen: None };
    let end = Batch {
        origin,
        text: String::new(),
        events: Vec::new(),
        rejects: Vec::new(),
        cursor: Some(cursor),
        received: Timestamp::now(),
        caught_up: false,
    };
    if let Ok(receipt) = handle.submit(end).await {
        let _ = receipt.await;
    }
}

fn resume(cursors: &[Cursor], source: &str) -> Option<Resume> {
    let cursor = cursors.iter().find(|cursor| cursor.source == source)?;
    let last_seen = cursor.last_seen.unwrap_or(cursor.moved);
    let last_seen = jiff::Timestamp::from_millisecond(last_seen.0).ok()?;
    Some(Resume { cursor: cursor.cursor.clone(), last_seen })
}

/// An organisation's settings, as the client has them.
pub(crate) fn settings(okta: &OktaIntake) -> Settings {
    let credentials = match &okta.credential {
        Credential::Token(source) => Credentials::Token(secret(source)),
        Credential::OAuth(oauth) => Credentials::OAuth(OAuth {
            client_id: oauth.client_id.clone(),
            key: secret(&oauth.key),
            key_id: oauth.key_id.clone(),
            scopes: oauth.scopes.clone(),
            dpop: oauth.dpop,
        }),
    };
    Settings {
        frequency: okta.frequency,
        ratelimit_per_minute: okta.ratelimit_per_minute,
        ratelimit_share: okta.ratelimit_share,
        filter: okta.filter.clone(),
        q: okta.q.clone(),
        chunk_size: okta.chunk_size,
        timeout: okta.timeout,
        ca_file: okta.ca_file.clone(),
        ..Settings::new(okta.base_url.clone(), credentials)
    }
}

fn secret(source: &config::SecretSource) -> SecretSource {
    match source {
        config::SecretSource::Env(name) => SecretSource::Env(name.clone()),
        config::SecretSource::File(path) => SecretSource::File(path.clone()),
    }
}

fn begin(okta: &OktaIntake) -> Start {
    match okta.start {
        config::Start::Now => Start::Now,
        config::Start::Earliest => Start::Earliest,
        config::Start::Ago(ago) => Start::Ago(ago),
        config::Start::At(time) => {
            jiff::Timestamp::from_millisecond(time).map_or(Start::Now, Start::At)
        }
    }
}
