//! How the intakes go, for the analyst's desk.

use std::sync::Arc;

use config::{Config, IntakeKind};
use ecs::Timestamp;
use okta_client::{Health, Progress, State};
use server::api::{IntakeState, IntakeStatus};

use super::observe::Observed;
use super::sources::origin;

/// Tells how each intake of the configuration goes.
pub(super) fn statuses(
    config: &Config,
    observed: &Arc<Observed>,
) -> impl Fn() -> Vec<IntakeStatus> + Send + Sync + use<> {
    let fixed: Vec<IntakeStatus> = config.intakes.iter().map(|one| fixed(config, one)).collect();
    let observed = Arc::clone(observed);
    move || {
        let of_now = |fixed: &IntakeStatus| {
            let health = observed.sources.iter().find(|(name, _)| *name == fixed.name);
            health.map_or_else(|| fixed.clone(), |(_, health)| now(fixed.clone(), health))
        };
        fixed.iter().map(of_now).collect()
    }
}

/// What does not change while it runs.
fn fixed(config: &Config, intake: &config::Intake) -> IntakeStatus {
    let organization = origin(config, intake).organization.clone();
    let (kind, base_url, state) = match &intake.kind {
        IntakeKind::Okta(okta) => ("okta", Some(okta.base_url.clone()), IntakeState::Idle),
        IntakeKind::Http => ("http", None, IntakeState::Listening),
        IntakeKind::EventHook(_) => ("event_hook", None, IntakeState::Listening),
    };
    IntakeStatus {
        name: intake.name.clone(),
        kind,
        organization_id: organization.id,
        organization_name: organization.name,
        base_url,
        state,
        problem: None,
        last_problem: None,
        newest_event: None,
        last_success: None,
        events: None,
        backfill: None,
        rate_limit: None,
    }
}

fn now(fixed: IntakeStatus, health: &Health) -> IntakeStatus {
    let snapshot = health.snapshot();
    let tail = &snapshot.tail;
    let time = |time: jiff::Timestamp| Timestamp(time.as_millisecond());
    let problem = match &tail.state {
        State::Retrying { trouble, .. } => Some(trouble.to_string()),
        _ => None,
    };
    let begun = snapshot.backfill != Progress::default();
    let limit = snapshot.rate_limit;
    IntakeStatus {
        state: state(&tail.state),
        problem,
        last_problem: tail
            .last_error
            .as_ref()
            .map(|(at, trouble)| (time(*at), trouble.to_string())),
        newest_event: tail.newest.map(time),
        last_success: tail.last_success.map(time),
        events: Some(tail.events.saturating_add(snapshot.backfill.events)),
        backfill: begun.then(|| state(&snapshot.backfill.state)),
        rate_limit: limit.map(|limit| (u64::from(limit.limit), u64::from(limit.remaining))),
        ..fixed
    }
}

const fn state(state: &State) -> IntakeState {
    match state {
        State::Idle => IntakeState::Idle,
        State::CatchingUp => IntakeState::CatchingUp,
        State::CaughtUp => IntakeState::UpToDate,
        State::Retrying { .. } => IntakeState::Failing,
        State::Finished => IntakeState::Finished,
    }
}
