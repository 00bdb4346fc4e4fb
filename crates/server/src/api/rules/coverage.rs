//! `GET /coverage`: ATT&CK, the rules that look for it, and what was found.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use detect::RuleState;
use detect::attack::{self, Status, TACTICS, Technique, Threat};
use detect::coverage::Coverage;
use detect::sigma::{Level, Rule};
use ecs::Timestamp;
use serde::{Deserialize, Serialize};
use store::AlertFilter;
use utoipa::{IntoParams, ToSchema};

use crate::answer::Problem;
use crate::api::Desk;
use crate::api::params::{Params, When};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CoverageParams {
    /// Since when alerts are counted. Default: 30d.
    #[param(value_type = Option<String>)]
    since: Option<When>,
}

/// Which techniques rules look for.
#[derive(Serialize, ToSchema)]
pub(super) struct CoverageAnswer {
    attack_version: &'static str,
    /// How many techniques and sub-techniques have a rule that is on.
    techniques_covered: usize,
    /// In the order of the matrix.
    tactics: Vec<CoveredTactic>,
}

#[derive(Serialize, ToSchema)]
struct CoveredTactic {
    id: &'static str,
    name: &'static str,
    short_name: &'static str,
    /// How many techniques it has, sub-techniques not counted.
    techniques_total: usize,
    /// Those with a rule, be it on or off.
    techniques: Vec<CoveredTechnique>,
}

#[derive(Clone, Serialize, ToSchema)]
struct CoveredTechnique {
    id: &'static str,
    name: String,
    url: String,
    /// The technique that it is a sub-technique of.
    parent: Option<&'static str>,
    rules: Vec<CoveringRule>,
    /// How many alerts there were, repeats not counted.
    fired: u64,
}

#[derive(Clone, Serialize, ToSchema)]
struct CoveringRule {
    id: String,
    title: String,
    level: &'static str,
    enabled: bool,
}

/// The technique of the matrix that a technique of a rule counts for.
fn current(technique: &'static Technique) -> Option<&'static Technique> {
    match technique.status {
        Status::Current => Some(technique),
        Status::Revoked(other) | Status::Later(other) => attack::technique(other),
        Status::Deprecated => None,
    }
}

/// Which techniques rules look for, tactic by tactic, and how often they were found.
#[utoipa::path(get, path = "/coverage", tag = "rules", params(CoverageParams),
    responses((status = 200, body = CoverageAnswer)))]
pub(super) async fn coverage(
    State(desk): State<Arc<Desk>>,
    Params(params): Params<CoverageParams>,
) -> Result<Json<CoverageAnswer>, Problem> {
    let month_ago = Timestamp(Timestamp::now().0 - 30 * 86_400_000);
    let since = params.since.map_or(month_ago, |since| since.0);
    let filter = AlertFilter { since: Some(since), ..AlertFilter::default() };
    let counts = desk.database(move |database| Ok(database.alert_techniques(&filter)?)).await?;
    let mut fired: BTreeMap<&'static str, u64> = BTreeMap::new();
    for (ids, count) in counts {
        let techniques = ids.iter().filter_map(|id| current(attack::technique(id)?));
        let mut ids: Vec<&'static str> = techniques.map(|technique| technique.id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().for_each(|id| *fired.entry(id).or_default() += count);
    }
    let worked = desk.rules.read();
    let mut rules: BTreeMap<&'static str, Vec<CoveringRule>> = BTreeMap::new();
    for (place, pack_rule) in worked.rules.pack.rules().iter().enumerate() {
        let rule = &pack_rule.rule;
        let state = worked.states.get(place).copied().unwrap_or(RuleState::Off);
        if worked.serving.get(place) == Some(&true) || state == RuleState::Unusable {
            continue;
        }
        let techniques = Threat::of_tags(&rule.tags).most_exact().into_iter().filter_map(current);
        let mut ids: Vec<&'static str> = techniques.map(|technique| technique.id).collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            rules.entry(id).or_default().push(CoveringRule {
                id: rule.id.clone().unwrap_or_else(|| rule.title.clone()),
                title: rule.title.clone(),
                level: rule.level.unwrap_or(Level::Medium).as_str(),
                enabled: state != RuleState::Off,
            });
        }
    }
    let is_on = |rules: &&Vec<CoveringRule>| rules.iter().any(|rule| rule.enabled);
    let techniques_covered = rules.values().filter(is_on).count();
    let tactics = TACTICS.iter().map(|tactic| {
        let mut row = CoveredTactic {
            id: tactic.id,
            name: tactic.name,
            short_name: tactic.short_name,
            techniques_total: 0,
            techniques: Vec::new(),
        };
        for technique in attack::techniques().iter().filter(|one| one.tactics.contains(&tactic)) {
            let parent = technique.parent().map(|parent| parent.id);
            row.techniques_total += usize::from(parent.is_none());
            let Some(covering) = rules.get(technique.id) else { continue };
            row.techniques.push(CoveredTechnique {
                id: technique.id,
                name: technique.full_name(),
                url: technique.url(),
                parent,
                rules: covering.clone(),
                fired: fired.get(technique.id).copied().unwrap_or_default(),
            });
        }
        row
    });
    Ok(Json(CoverageAnswer {
        attack_version: attack::VERSION,
        techniques_covered,
        tactics: tactics.collect(),
    }))
}

/// The coverage as a layer for the ATT&CK Navigator.
#[utoipa::path(get, path = "/coverage/navigator", tag = "rules",
    responses((status = 200, body = serde_json::Value)))]
pub(super) async fn navigator(State(desk): State<Arc<Desk>>) -> Json<serde_json::Value> {
    let worked = desk.rules.read();
    let rules = worked.rules.pack.rules().iter().zip(&worked.states);
    let rules = rules.filter(|(_, state)| **state != RuleState::Unusable);
    let rules: Vec<(&Rule, bool)> =
        rules.map(|(rule, state)| (&*rule.rule, *state != RuleState::Off)).collect();
    Json(Coverage::of_rules(rules).layer("Wardgate rules"))
}
