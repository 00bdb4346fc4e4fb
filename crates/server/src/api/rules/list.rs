//! `GET /rules`: the rules, and what has become of them.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use detect::attack::{Tactic, Threat};
use detect::sigma::{Level, Rule};
use detect::{PackRule, RuleState};
use ecs::Timestamp;
use serde::Serialize;
use store::{Database, Fired, RuleSwitch, StoredException};
use utoipa::ToSchema;

use super::book::Worked;
use crate::answer::Problem;
use crate::api::Desk;
use crate::api::values::{Diagnostic, Time};

const DAY: i64 = 86_400_000;
/// How many problems are told.
const MOST_PROBLEMS: usize = 100;

/// The rules.
#[derive(Serialize, ToSchema)]
pub(super) struct RuleList {
    /// The gravest first, then by title.
    rules: Vec<RuleSummary>,
    counts: RuleCounts,
    /// What is wrong with rules.
    problems: Vec<Diagnostic>,
}

/// How many rules are in which state.
#[derive(Default, Serialize, ToSchema)]
struct RuleCounts {
    on: usize,
    idle: usize,
    unusable: usize,
    off: usize,
}

/// A rule in a list.
#[derive(Clone, Serialize, ToSchema)]
pub(super) struct RuleSummary {
    /// Its id, or its title where it has none.
    pub(super) id: String,
    pub(super) title: String,
    description: Option<String>,
    /// `informational`, `low`, `medium`, `high` or `critical`.
    level: &'static str,
    /// `elementary`, `intermediate`, `advanced` or `master`.
    effort: Option<&'static str>,
    /// How ripe it is.
    status: Option<&'static str>,
    tags: Vec<String>,
    techniques: Vec<RuleTechnique>,
    tactics: Vec<RuleTactic>,
    /// `wardgate` for the built-in ones.
    ruleset: String,
    /// `event`, `correlation` or `intelligence`.
    kind: &'static str,
    /// `on`; `idle`: it waits for values of placeholders, or indicators; `unusable`; `off`.
    state: &'static str,
    pub(super) enabled: bool,
    /// Who has switched it, over the configuration.
    switched: Option<Switched>,
    /// How many exceptions are for it.
    exceptions: usize,
    alerts: RuleAlerts,
}

#[derive(Clone, Serialize, ToSchema)]
struct RuleTechnique {
    id: String,
    name: String,
}

#[derive(Clone, Serialize, ToSchema)]
struct RuleTactic {
    id: &'static str,
    name: &'static str,
    short_name: &'static str,
}

/// That somebody has switched a rule.
#[derive(Clone, Serialize, ToSchema)]
struct Switched {
    enabled: bool,
    by: String,
    at: Time,
    reason: Option<String>,
}

/// How often a rule has raised alerts in the last day, week and month, repeats included.
#[derive(Clone, Default, Serialize, ToSchema)]
struct RuleAlerts {
    day: u64,
    week: u64,
    month: u64,
    last: Option<Time>,
}

/// What the database knows of rules.
pub(super) struct Known {
    fired: HashMap<String, Fired>,
    switches: HashMap<String, RuleSwitch>,
    pub(super) exceptions: Vec<StoredException>,
}

impl Known {
    pub(super) fn read(database: &Database) -> Result<Self, Problem> {
        let now = Timestamp::now().0;
        let since = [1, 7, 30].map(|days| Timestamp(now - days * DAY));
        let fired = database.fired(since)?.into_iter();
        let switches = database.rule_switches()?.into_iter();
        Ok(Self {
            fired: fired.map(|fired| (fired.rule.to_lowercase(), fired)).collect(),
            switches: switches.map(|switch| (switch.rule.clone(), switch)).collect(),
            exceptions: database.exceptions()?,
        })
    }
}

/// A rule and what has become of it.
pub(super) fn summary(
    worked: &Worked,
    place: usize,
    rule: &PackRule,
    known: &Known,
) -> RuleSummary {
    let PackRule { rule, ruleset } = rule;
    let key = rule.key();
    let threat = Threat::of_tags(&rule.tags);
    let tactic = |tactic: &&'static Tactic| RuleTactic {
        id: tactic.id,
        name: tactic.name,
        short_name: tactic.short_name,
    };
    let techniques = threat.most_exact().into_iter();
    let techniques = techniques
        .map(|technique| RuleTechnique { id: technique.id.into(), name: technique.full_name() });
    let state = worked.states.get(place).copied().unwrap_or(RuleState::Off);
    let applies = |of: &str| of == "*" || of.to_lowercase() == key;
    let fired = known.fired.get(&key);
    let [day, week, month] = fired.map_or([0; 3], |fired| fired.counts);
    RuleSummary {
        id: rule.id.clone().unwrap_or_else(|| rule.title.clone()),
        title: rule.title.clone(),
        description: rule.description.clone(),
        level: rule.level.unwrap_or(Level::Medium).as_str(),
        effort: rule.wardgate.effort.map(|effort| effort.as_str()),
        status: rule.status.map(|status| status.as_str()),
        tags: rule.tags.clone(),
        techniques: techniques.collect(),
        tactics: threat.tactics.iter().map(tactic).collect(),
        ruleset: ruleset.to_string(),
        kind: kind(rule),
        state: state.as_str(),
        enabled: worked.rules.selection.enables(rule),
        switched: known.switches.get(&key).map(|switch| Switched {
            enabled: switch.enabled,
            by: switch.by.clone(),
            at: switch.at.into(),
            reason: switch.reason.clone(),
        }),
        exceptions: worked.rules.exceptions.iter().filter(|one| applies(&one.rule)).count(),
        alerts: RuleAlerts { day, week, month, last: fired.map(|fired| fired.last.into()) },
    }
}

fn kind(rule: &Rule) -> &'static str {
    if rule.correlation.is_some() {
        "correlation"
    } else if detect::is_feed_rule(rule) {
        "intelligence"
    } else {
        "event"
    }
}

/// All rules that raise alerts.
#[utoipa::path(get, path = "/rules", tag = "rules", responses((status = 200, body = RuleList)))]
pub(super) async fn list(State(desk): State<Arc<Desk>>) -> Result<Json<RuleList>, Problem> {
    let known = desk.database(|database| Known::read(database)).await?;
    let worked = desk.rules.read();
    let mut counts = RuleCounts::default();
    let mut rules = Vec::new();
    for (place, rule) in worked.rules.pack.rules().iter().enumerate() {
        if worked.serving.get(place) == Some(&true) {
            continue;
        }
        match worked.states.get(place) {
            Some(RuleState::On) => counts.on += 1,
            Some(RuleState::Idle) => counts.idle += 1,
            Some(RuleState::Unusable) => counts.unusable += 1,
            Some(RuleState::Off) | None => counts.off += 1,
        }
        rules.push((rule.rule.level, summary(&worked, place, rule, &known)));
    }
    rules.sort_by(|(a, one), (b, other)| b.cmp(a).then_with(|| one.title.cmp(&other.title)));
    let pack = worked.rules.pack.diagnostics().iter();
    let problems = pack.chain(worked.rules.detector.diagnostics());
    Ok(Json(RuleList {
        rules: rules.into_iter().map(|(_, rule)| rule).collect(),
        counts,
        problems: problems.take(MOST_PROBLEMS).map(Diagnostic::from).collect(),
    }))
}
