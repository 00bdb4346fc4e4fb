//! `GET` and `PATCH /rules/{id}`: one rule, and whether it is on.

use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use detect::{BUILTIN, PackRule, builtin};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::book::Worked;
use super::exceptions::{Exception, all_exceptions};
use super::list::{Known, RuleSummary, summary};
use crate::access::Caller;
use crate::answer::Problem;
use crate::api::Desk;
use crate::api::alerts::Verdicts;
use crate::api::params::{Body, Segment, not_found, unusable};

/// The largest rule file that is shown, in bytes.
const LARGEST: u64 = 1 << 20;
const LONGEST_REASON: usize = 1_000;

/// A rule with all there is about it.
#[derive(Serialize, ToSchema)]
pub(super) struct RuleDetail {
    #[serde(flatten)]
    summary: RuleSummary,
    author: Option<String>,
    references: Vec<String>,
    date: Option<String>,
    modified: Option<String>,
    license: Option<String>,
    /// What to look at, the first thing first.
    triage: Vec<String>,
    /// What else it can be.
    false_positives: Vec<String>,
    /// The fields that it looks at.
    fields: Vec<String>,
    file: String,
    /// The file that it stands in.
    source: Option<String>,
    exceptions_list: Vec<Exception>,
    /// What its closed alerts turned out to be.
    verdicts: Verdicts,
}

/// One rule: what it looks for, and what has become of it.
#[utoipa::path(get, path = "/rules/{id}", tag = "rules", params(("id" = String, Path)),
    responses((status = 200, body = RuleDetail),
        (status = 404, body = crate::api::meta::ProblemDocument)))]
pub(super) async fn one(
    State(desk): State<Arc<Desk>>,
    Segment(id): Segment<String>,
) -> Result<Json<RuleDetail>, Problem> {
    detail(&desk, &id).await.map(Json)
}

/// The rule with an id, and its place in the pack.
fn find<'w>(worked: &'w Worked, id: &str) -> Result<(usize, &'w PackRule), Problem> {
    let key = id.to_lowercase();
    let mut rules = worked.rules.pack.rules().iter().enumerate();
    let found = rules.find(|(_, rule)| rule.rule.key() == key);
    found.ok_or_else(|| not_found("there is no rule with this id"))
}

async fn detail(desk: &Desk, id: &str) -> Result<RuleDetail, Problem> {
    let worked = desk.rules.read();
    let (place, pack_rule) = find(&worked, id)?;
    let rule = &pack_rule.rule;
    let rule_id = rule.id.clone().unwrap_or_else(|| rule.title.clone());
    let (known, verdicts) = desk
        .database(move |database| {
            Ok((Known::read(database)?, Verdicts::of_rule(database, &rule_id)?))
        })
        .await?;
    let mut exceptions = all_exceptions(&worked, &known.exceptions);
    exceptions.retain(|one| one.rule == "*" || one.rule.to_lowercase() == rule.key());
    let source = source(pack_rule).await;
    Ok(RuleDetail {
        summary: summary(&worked, place, pack_rule, &known),
        author: rule.author.clone(),
        references: rule.references.clone(),
        date: rule.date.clone(),
        modified: rule.modified.clone(),
        license: rule.license.clone(),
        triage: rule.wardgate.triage.clone(),
        false_positives: rule.falsepositives.clone(),
        fields: rule.field_names(),
        file: rule.file.to_string(),
        source,
        exceptions_list: exceptions,
        verdicts,
    })
}

/// The text of the file that a rule stands in.
async fn source(rule: &PackRule) -> Option<String> {
    let path = rule.rule.file.to_string();
    if &*rule.ruleset == BUILTIN {
        return builtin::files().find(|(file, _)| *file == path).map(|(_, text)| text.to_owned());
    }
    let read = move || {
        let mut text = String::new();
        File::open(path).ok()?.take(LARGEST).read_to_string(&mut text).ok()?;
        Some(text)
    };
    tokio::task::spawn_blocking(read).await.ok().flatten()
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleChange {
    /// On or off; null leaves it to the configuration.
    #[serde(deserialize_with = "null_or_not")]
    #[schema(required)]
    enabled: Option<bool>,
    #[serde(default)]
    #[schema(max_length = 1000)]
    reason: Option<String>,
}

/// A member that has to be there, but may be null.
fn null_or_not<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Option::deserialize(deserializer)
}

/// Switches a rule on or off. It holds, also after a restart, whatever the configuration says; when
/// the answer comes, events are tried so.
#[utoipa::path(patch, path = "/rules/{id}", tag = "rules", params(("id" = String, Path)),
    request_body = RuleChange,
    responses((status = 200, body = RuleDetail),
        (status = 404, body = crate::api::meta::ProblemDocument)))]
pub(super) async fn switch(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Segment(id): Segment<String>,
    Body(change): Body<RuleChange>,
) -> Result<Json<RuleDetail>, Problem> {
    let reason = change.reason.filter(|reason| !reason.trim().is_empty());
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > LONGEST_REASON) {
        return Err(unusable(format!("reason: expected {LONGEST_REASON} characters at the most")));
    }
    let key = find(&desk.rules.read(), &id)?.1.rule.key();
    let enabled = change.enabled;
    desk.database(move |database| {
        Ok(database.switch_rule(&key, enabled, &caller.name, reason.as_deref())?)
    })
    .await?;
    desk.reload().await?;
    detail(&desk, &id).await.map(Json)
}
