//! `GET /entities/{kind}/{id}`: what is known of one entity.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ecs::{Lookup, Record, Timestamp};
use serde::{Deserialize, Serialize};
use store::output::Records;
use store::search::{Request, Searcher, Sighting};
use store::{Alert, AlertFilter};
use utoipa::{IntoParams, ToSchema};

use super::kind::EntityKind;
use crate::answer::Problem;
use crate::api::Desk;
use crate::api::alerts::summary::AlertSummary;
use crate::api::ask::{Ask, Given};
use crate::api::events::shape::{damaged, event_id};
use crate::api::events::{buckets_over, count_parts, interval_for};
use crate::api::params::{Params, Segment, When, bad_parameter, not_found};
use crate::api::risk::{Risk, risk};
use crate::api::values::{Bucket, Time, ValueCount};

const DAY: i64 = 86_400_000;
/// What has been seen first within this time is new.
const NEW: i64 = 7 * DAY;
/// How many values of each thing are told.
const MOST_SEEN: usize = 50;
const MOST_CHANGES: usize = 100;
const MOST_ALERTS: usize = 50;
/// How many alerts count for the risk.
const MOST_RISKY: usize = 2_000;
/// How many events are read to find out with which applications they have to do.
const MOST_READ: usize = 2_000;

/// What changes about somebody, by what it is about: how actions begin.
const CHANGES: [(&str, &[&str]); 5] = [
    (
        "factor",
        &[
            "user.mfa.factor.activate",
            "user.mfa.factor.deactivate",
            "user.mfa.factor.reset_all",
            "user.mfa.factor.suspend",
            "user.mfa.factor.unsuspend",
            "user.mfa.factor.update",
            "user.account.reset_factors",
            "device.enrollment.create",
            "device.user.add",
            "device.user.remove",
        ],
    ),
    (
        "privilege",
        &[
            "user.account.privilege.grant",
            "user.account.privilege.revoke",
            "group.privilege.grant",
            "group.privilege.revoke",
            "iam.role.create",
            "iam.resourceset.bindings.add",
            "group.user_membership.add",
            "group.user_membership.remove",
        ],
    ),
    (
        "credential",
        &[
            "user.account.update_password",
            "user.account.reset_password",
            "user.account.expire_password",
            "user.account.update_secondary_email",
            "user.account.update_primary_email",
            "user.account.update_user_type",
            "system.api_token.create",
            "system.api_token.revoke",
        ],
    ),
    (
        "session",
        &[
            "user.session.clear",
            "user.session.impersonation.grant",
            "user.session.impersonation.initiate",
            "user.session.impersonation.end",
            "user.session.impersonation.revoke",
        ],
    ),
    (
        "account",
        &[
            "user.lifecycle.create",
            "user.lifecycle.activate",
            "user.lifecycle.deactivate",
            "user.lifecycle.suspend",
            "user.lifecycle.unsuspend",
            "user.lifecycle.reactivate",
            "user.lifecycle.delete.initiated",
            "user.account.lock",
            "user.account.unlock",
            "user.account.unlock_by_admin",
            "user.account.update_profile",
            "application.user_membership.add",
            "application.user_membership.remove",
        ],
    ),
];

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OneParams {
    /// Default: 30d.
    #[param(value_type = Option<String>)]
    since: Option<When>,
    /// Default: now.
    #[param(value_type = Option<String>)]
    until: Option<When>,
}

/// What is known of an entity.
#[derive(Serialize, ToSchema)]
pub(super) struct Entity {
    kind: &'static str,
    id: String,
    /// The query that finds all of its events.
    query: String,
    names: EntityNames,
    /// How many events there were in the time.
    events: u64,
    /// How many of them failed.
    failures: u64,
    /// In all that is stored.
    first_seen: Option<Time>,
    last_seen: Option<Time>,
    activity: Activity,
    actions: Vec<ValueCount>,
    places: Vec<Seen>,
    addresses: Vec<Seen>,
    devices: Vec<Seen>,
    user_agents: Vec<Seen>,
    apps: Vec<Seen>,
    sessions: Vec<Seen>,
    users: Vec<Seen>,
    /// What was changed about it, the latest first.
    changes: Vec<EntityChange>,
    /// The latest first.
    alerts: Vec<AlertSummary>,
    risk: Risk,
}

/// What an entity is called.
#[derive(Default, Serialize, ToSchema)]
struct EntityNames {
    id: Option<String>,
    name: Option<String>,
    full_name: Option<String>,
    r#type: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct Activity {
    interval_ms: i64,
    buckets: Vec<Bucket>,
}

/// Something that was seen with an entity.
#[derive(Serialize, ToSchema)]
struct Seen {
    value: String,
    count: u64,
    first: Time,
    last: Time,
    /// Whether it was not seen before the last seven days of the time.
    is_new: bool,
}

/// A change of an entity.
#[derive(Serialize, ToSchema)]
struct EntityChange {
    time: Time,
    action: String,
    /// What happened, as Okta puts it.
    what: String,
    by: Option<String>,
    target: Option<String>,
    event_id: String,
    outcome: Option<String>,
    /// `factor`, `privilege`, `credential`, `session` or `account`.
    area: &'static str,
}

/// What is known of one user, address, session, application or device.
#[utoipa::path(get, path = "/entities/{kind}/{id}", tag = "entities",
    params(("kind" = inline(EntityKind), Path), ("id" = String, Path), OneParams),
    responses((status = 200, body = Entity),
        (status = 404, body = crate::api::meta::ProblemDocument)))]
pub(super) async fn one(
    State(desk): State<Arc<Desk>>,
    Segment((kind, id)): Segment<(EntityKind, String)>,
    Params(params): Params<OneParams>,
) -> Result<Json<Entity>, Problem> {
    if kind == EntityKind::Address && id.parse::<std::net::IpAddr>().is_err() {
        return Err(not_found("there is no address of this form"));
    }
    let until = params.until.map_or_else(Timestamp::now, |until| until.0);
    let since = params.since.map_or(Timestamp(until.0 - 30 * DAY), |since| since.0);
    if since >= until {
        return Err(bad_parameter("since: expected a time before until"));
    }
    let query = kind.query(&id);
    let looked = query.clone();
    let found = desk.search(move |searcher, given| {
        Looking { searcher, given, query: looked, since, until }.look(kind)
    });
    let found = found.await?;
    let names = [Some(id.clone()), found.names.name.clone()];
    let alerts = desk.database(move |database| {
        let mut alerts: Vec<Alert> = Vec::new();
        for name in names.into_iter().flatten() {
            let filter = AlertFilter {
                since: Some(since),
                until: Some(until),
                limit: MOST_RISKY,
                ..AlertFilter::default()
            };
            let filter = match kind {
                EntityKind::User => AlertFilter { user: Some(name), ..filter },
                EntityKind::Address => AlertFilter { address: Some(name), ..filter },
                _ => return Ok(Vec::new()),
            };
            let more = database.alerts(&filter)?;
            alerts.extend(more);
            alerts.sort_by_key(|alert| std::cmp::Reverse((alert.last_time, alert.seq)));
            alerts.dedup_by_key(|alert| alert.seq);
        }
        Ok(alerts)
    });
    let alerts = alerts.await?;
    if found.first_seen.is_none() && alerts.is_empty() {
        return Err(not_found("no event and no alert names it"));
    }
    let risk = risk(&alerts);
    let alerts = alerts.into_iter().take(MOST_ALERTS).map(AlertSummary::from).collect();
    Ok(Json(Entity { id, query, alerts, risk, ..found }))
}

/// A look at the events of an entity.
struct Looking<'s> {
    searcher: &'s Searcher,
    given: Given,
    query: String,
    since: Timestamp,
    until: Timestamp,
}

impl Looking<'_> {
    fn ask(&self, more: Option<&str>) -> Result<Ask, Problem> {
        let ask =
            Ask::new(Some(self.query.clone()), Some(When(self.since)), Some(When(self.until)))?;
        more.map_or(Ok(ask.clone()), |more| ask.and(more))
    }

    /// All that events tell; alerts are left out.
    fn look(&self, kind: EntityKind) -> Result<Entity, Problem> {
        let interval = interval_for(self.until.0 - self.since.0, 60);
        let ask = self.ask(None)?;
        let (counts, _) = count_parts(self.searcher, &ask, self.given.clone(), interval)?;
        let fields = [
            "source.geo.country_name",
            "source.geo.city_name",
            "source.ip",
            "okta.system.device.name",
            "user_agent.original",
            "okta.system.authentication_context.external_session_id",
            "user.name",
        ];
        let sighted =
            self.searcher.sightings(&ask.selection(self.given.clone()), &fields, MOST_SEEN);
        let (sighted, _) = sighted.map_err(|error| ask.refused(error))?;
        let mut sighted = sighted.into_iter();
        let mut next = || self.seen(sighted.next().unwrap_or_default());
        let (countries, cities, addresses, devices) = (next(), next(), next(), next());
        let (user_agents, sessions, users) = (next(), next(), next());
        let actions =
            self.searcher.count_by(&ask.selection(self.given.clone()), "event.action", 20);
        let actions = actions.map_err(|error| ask.refused(error))?;
        let failed = self.ask(Some("event.outcome:failure"))?;
        let failures = self.searcher.count(&failed.selection(self.given.clone()));
        let failures = failures.map_err(|error| failed.refused(error))?.events;
        let is = |other: EntityKind| kind == other;
        let unless = |other: EntityKind, seen: Vec<Seen>| if is(other) { vec![] } else { seen };
        let mut places = countries;
        places.extend(cities);
        let apps = if is(EntityKind::App) { Vec::new() } else { self.apps()? };
        Ok(Entity {
            kind: kind.as_str(),
            id: String::new(),
            query: String::new(),
            names: self.names(kind)?,
            events: counts.values().sum(),
            failures,
            first_seen: self.end_of_all(false)?,
            last_seen: self.end_of_all(true)?,
            activity: Activity {
                interval_ms: interval,
                buckets: buckets_over(&counts, self.since.0, self.until.0, interval),
            },
            actions: actions.values.into_iter().map(ValueCount::from).collect(),
            places,
            addresses: unless(EntityKind::Address, addresses),
            devices: unless(EntityKind::Device, devices),
            user_agents,
            apps,
            sessions: unless(EntityKind::Session, sessions),
            users: unless(EntityKind::User, users),
            changes: self.changes()?,
            alerts: Vec::new(),
            risk: risk(&[]),
        })
    }

    fn seen(&self, sightings: Vec<Sighting>) -> Vec<Seen> {
        let new_from = self.until.0 - NEW;
        let seen = sightings.into_iter().map(|one| Seen {
            value: one.value,
            count: one.count,
            is_new: one.first.0 >= new_from && self.since.0 < new_from,
            first: one.first.into(),
            last: one.last.into(),
        });
        seen.collect()
    }

    /// When the first or the last event of all that is stored was.
    fn end_of_all(&self, newest_first: bool) -> Result<Option<Time>, Problem> {
        let ask = Ask::new(Some(self.query.clone()), None, None)?;
        let selection = ask.selection(self.given.clone());
        let request = Request { selection, limit: 1, newest_first, after: None };
        let mut time = None;
        let found = self.searcher.for_each(&request, |hit| {
            time = Some(Time(hit.time));
            ControlFlow::Break(())
        });
        found.map_err(|error| ask.refused(error))?;
        Ok(time)
    }

    /// Hands the records of the latest events to `look`.
    fn latest(
        &self,
        ask: &Ask,
        limit: usize,
        mut look: impl FnMut(&Record<'_>, Timestamp),
    ) -> Result<(), Problem> {
        let selection = ask.selection(self.given.clone());
        let request = Request { selection, limit, newest_first: true, after: None };
        let mut records = Records::default();
        let mut failed = false;
        let found = self.searcher.for_each(&request, |hit| {
            let time = hit.time;
            failed |= records.with(&hit, |record| look(record, time)).is_err();
            ControlFlow::Continue(())
        });
        found.map_err(|error| ask.refused(error))?;
        if failed { Err(damaged()) } else { Ok(()) }
    }

    fn names(&self, kind: EntityKind) -> Result<EntityNames, Problem> {
        let mut names = EntityNames::default();
        let (id, name, full_name, of_kind) = match kind {
            EntityKind::User => ("user.id", "user.name", "user.full_name", None),
            EntityKind::Device => (
                "okta.system.device.id",
                "okta.system.device.name",
                "okta.system.device.name",
                Some("okta.system.device.os_platform"),
            ),
            _ => return Ok(names),
        };
        let ask = Ask::new(Some(self.query.clone()), None, None)?;
        // Events name others, too: the one that is meant is the one that was asked for.
        self.latest(&ask, 20, |record, _| {
            let first = |name: &str| record.first(&Lookup::resolve(name));
            let is_it = [id, name].iter().any(|field| {
                first(field).is_some_and(|value| {
                    self.query
                        .to_lowercase()
                        .contains(&crate::api::fields::quoted(&value).to_lowercase())
                })
            });
            if is_it && names.id.is_none() {
                names = EntityNames {
                    id: first(id),
                    name: first(name),
                    full_name: first(full_name),
                    r#type: of_kind.and_then(first),
                };
            }
        })?;
        Ok(names)
    }

    /// The applications that its latest events have to do with.
    fn apps(&self) -> Result<Vec<Seen>, Problem> {
        let ask = self.ask(Some("okta.system.target.type:AppInstance"))?;
        let mut apps: HashMap<String, Sighting> = HashMap::new();
        self.latest(&ask, MOST_READ, |record, time| {
            for target in record.event().target.iter() {
                if target.kind.to_str().as_deref() != Some("AppInstance") {
                    continue;
                }
                let Some(name) = target.display_name.to_str() else { continue };
                let sighting = apps.entry(name.to_string()).or_insert_with(|| Sighting {
                    value: name.into_owned(),
                    count: 0,
                    first: time,
                    last: time,
                });
                sighting.count += 1;
                sighting.first = sighting.first.min(time);
                sighting.last = sighting.last.max(time);
            }
        })?;
        let mut apps: Vec<Sighting> = apps.into_values().collect();
        apps.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
        apps.truncate(MOST_SEEN);
        Ok(self.seen(apps))
    }

    fn changes(&self) -> Result<Vec<EntityChange>, Problem> {
        let all: Vec<&str> =
            CHANGES.iter().flat_map(|(_, actions)| actions.iter().copied()).collect();
        let ask = self.ask(Some(&format!("event.action:({})", all.join(" OR "))))?;
        let mut changes = Vec::new();
        self.latest(&ask, MOST_CHANGES, |record, time| {
            let first = |name: &str| record.first(&Lookup::resolve(name));
            let action = first("event.action").unwrap_or_default();
            let area = CHANGES.iter().find(|(_, actions)| actions.contains(&action.as_str()));
            changes.push(EntityChange {
                time: time.into(),
                what: first("event.reason").unwrap_or_else(|| action.clone()),
                by: first("okta.system.actor.alternate_id"),
                target: first("user.target.name")
                    .or_else(|| first("okta.system.target.display_name")),
                event_id: event_id(record),
                outcome: first("event.outcome"),
                area: area.map_or("account", |(area, _)| area),
                action,
            });
        })?;
        Ok(changes)
    }
}
