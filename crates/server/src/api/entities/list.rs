//! `GET /entities/{kind}`: those with the most risk and events.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ecs::Timestamp;
use serde::{Deserialize, Serialize};
use store::AlertFilter;
use utoipa::{IntoParams, ToSchema};

use super::kind::EntityKind;
use crate::answer::Problem;
use crate::api::Desk;
use crate::api::ask::Ask;
use crate::api::params::{Params, Segment, When, within};
use crate::api::risk::points;

/// How many alerts are looked at.
const MOST_ALERTS: usize = 20_000;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListParams {
    /// Default: 7d.
    #[param(value_type = Option<String>)]
    since: Option<When>,
    #[param(value_type = Option<String>)]
    until: Option<When>,
    /// How their names begin, in any case.
    prefix: Option<String>,
    /// From 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
}

/// Entities of a kind.
#[derive(Serialize, ToSchema)]
pub(super) struct EntityList {
    /// Those with the most risk first, then those with the most events.
    entities: Vec<EntitySummary>,
}

#[derive(Serialize, ToSchema)]
struct EntitySummary {
    value: String,
    events: u64,
    /// Of users and addresses.
    alerts: u64,
    risk: u64,
}

/// The users, addresses, sessions, applications or devices of the events of a time.
#[utoipa::path(get, path = "/entities/{kind}", tag = "entities",
    params(("kind" = inline(EntityKind), Path), ListParams),
    responses((status = 200, body = EntityList)))]
pub(super) async fn list(
    State(desk): State<Arc<Desk>>,
    Segment(kind): Segment<EntityKind>,
    Params(params): Params<ListParams>,
) -> Result<Json<EntityList>, Problem> {
    let limit = within("limit", params.limit, 1..=200, 50)?;
    let until = params.until.map(|until| until.0);
    let end = until.unwrap_or_else(Timestamp::now);
    let since = params.since.map_or(Timestamp(end.0 - 7 * 86_400_000), |since| since.0);
    let query = kind.condition().map(str::to_owned);
    let ask = Ask::new(query, Some(When(since)), until.map(When))?;
    let counted = desk.search(move |searcher, given| {
        let counted = searcher.count_by(&ask.selection(given), kind.main_field(), usize::MAX);
        counted.map_err(|error| ask.refused(error))
    });
    let counted = counted.await?;
    let filter =
        AlertFilter { since: Some(since), until, limit: MOST_ALERTS, ..AlertFilter::default() };
    let alerts = desk.database(move |database| match kind {
        EntityKind::User | EntityKind::Address => Ok(database.alerts(&filter)?),
        _ => Ok(Vec::new()),
    });
    let mut of_alerts: HashMap<String, (u64, u64)> = HashMap::new();
    for alert in alerts.await? {
        let points = points(&alert);
        let name = if kind == EntityKind::User { alert.user } else { alert.address };
        if let Some(name) = name {
            let (count, risk) = of_alerts.entry(name.to_lowercase()).or_default();
            *count += 1;
            *risk += points;
        }
    }
    let prefix = params.prefix.unwrap_or_default().to_lowercase();
    let named = counted.values.into_iter();
    let named = named.filter(|(value, _)| value.to_lowercase().starts_with(&prefix));
    let mut entities: Vec<EntitySummary> = named
        .map(|(value, events)| {
            let (alerts, risk) = of_alerts.get(&value.to_lowercase()).copied().unwrap_or_default();
            EntitySummary { value, events, alerts, risk }
        })
        .collect();
    entities.sort_by(|a, b| {
        (b.risk, b.events).cmp(&(a.risk, a.events)).then_with(|| a.value.cmp(&b.value))
    });
    entities.truncate(limit);
    Ok(Json(EntityList { entities }))
}
