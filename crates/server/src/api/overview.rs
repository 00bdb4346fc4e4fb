//! `GET /overview`: what goes on, and what needs somebody to look at it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ecs::Timestamp;
use serde::{Deserialize, Serialize};
use store::search::Searcher;
use store::{AlertFilter, AlertGroup, AlertSort, AlertState, Assignee, Database};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;
use super::alerts::summary::AlertSummary;
use super::ask::{Ask, Given};
use super::events::{buckets_over, count_parts, interval_for};
use super::meta::{Intake, all_intakes};
use super::params::{Params, When, bad_parameter, within};
use super::risk::points;
use super::values::{Bucket, Time, UnreadableDay};
use crate::answer::Problem;

/// What is a sign-in.
const SIGN_IN: &str = "event.action:user.session.start";
const COUNTRY: &str = "source.geo.country_name";
const MOST_COUNTRIES: usize = 50;
const MOST_ATTENTION: usize = 10;
const MOST_TOP: usize = 10;
/// How many alerts are looked at for the risk of users.
const MOST_ALERTS: usize = 20_000;

pub(super) fn routes() -> OpenApiRouter<Arc<Desk>> {
    OpenApiRouter::new().routes(routes!(overview))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OverviewParams {
    /// Default: 24h.
    #[param(value_type = Option<String>)]
    since: Option<When>,
    /// Default: now.
    #[param(value_type = Option<String>)]
    until: Option<When>,
    /// About how many parts, from 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 48)]
    buckets: Option<usize>,
}

/// What goes on.
#[derive(Serialize, ToSchema)]
struct Overview {
    since: Time,
    until: Time,
    interval_ms: i64,
    events: EventsOverview,
    alerts: AlertsOverview,
    /// The alerts that are open now, whatever the time that is asked for.
    open: OpenAlerts,
    /// Open alerts, the gravest first.
    attention: Vec<AlertSummary>,
    sign_ins: SignIns,
    top_rules: Vec<TopRule>,
    /// Users by risk.
    top_users: Vec<TopUser>,
    intakes: Vec<Intake>,
    unreadable: Vec<UnreadableDay>,
}

#[derive(Serialize, ToSchema)]
struct EventsOverview {
    total: u64,
    buckets: Vec<Bucket>,
}

/// Alerts, repeats not counted.
#[derive(Serialize, ToSchema)]
struct AlertsOverview {
    total: u64,
    buckets: Vec<AlertBucket>,
}

#[derive(Serialize, ToSchema)]
struct AlertBucket {
    time: Time,
    #[serde(flatten)]
    by_severity: BySeverity,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
struct BySeverity {
    informational: u64,
    low: u64,
    medium: u64,
    high: u64,
    critical: u64,
}

impl BySeverity {
    fn add(&mut self, severity: &str, count: u64) {
        let part = match severity {
            "critical" => &mut self.critical,
            "high" => &mut self.high,
            "medium" => &mut self.medium,
            "low" => &mut self.low,
            _ => &mut self.informational,
        };
        *part += count;
    }

    fn total(&self) -> u64 {
        self.informational + self.low + self.medium + self.high + self.critical
    }
}

#[derive(Serialize, ToSchema)]
struct OpenAlerts {
    new: u64,
    acknowledged: u64,
    unassigned: u64,
    by_severity: BySeverity,
}

#[derive(Serialize, ToSchema)]
struct SignIns {
    total: u64,
    failed: u64,
    /// The most first.
    countries: Vec<CountrySignIns>,
}

#[derive(Serialize, ToSchema)]
struct CountrySignIns {
    country: String,
    success: u64,
    failure: u64,
}

#[derive(Serialize, ToSchema)]
struct TopRule {
    id: String,
    title: String,
    severity: String,
    count: u64,
}

#[derive(Serialize, ToSchema)]
struct TopUser {
    user: String,
    risk: u64,
    alerts: u64,
}

/// Events, alerts and sign-ins in a time, and what is open now.
#[utoipa::path(get, path = "/overview", tag = "overview", params(OverviewParams),
    responses((status = 200, body = Overview)))]
async fn overview(
    State(desk): State<Arc<Desk>>,
    Params(params): Params<OverviewParams>,
) -> Result<Json<Overview>, Problem> {
    let wanted = within("buckets", params.buckets, 1..=200, 48)?;
    let until = params.until.map_or_else(Timestamp::now, |until| until.0);
    let since = params.since.map_or(Timestamp(until.0 - 86_400_000), |since| since.0);
    if since >= until {
        return Err(bad_parameter("since: expected a time before until"));
    }
    let wanted = i64::try_from(wanted).unwrap_or(48);
    let interval = interval_for(until.0.saturating_sub(since.0), wanted);
    let of_events =
        desk.search(move |searcher, given| of_events(searcher, given, since, until, interval));
    let of_alerts = desk.database(move |database| of_alerts(database, since, until, interval));
    let (events, alerts, intakes) = tokio::join!(of_events, of_alerts, all_intakes(&desk));
    let (events, sign_ins, unreadable) = events?;
    let OfAlerts { alerts, open, attention, top_rules, top_users } = alerts?;
    Ok(Json(Overview {
        since: since.into(),
        until: until.into(),
        interval_ms: interval,
        events,
        alerts,
        open,
        attention,
        sign_ins,
        top_rules,
        top_users,
        intakes: intakes?,
        unreadable,
    }))
}

fn of_events(
    searcher: &Searcher,
    given: Given,
    since: Timestamp,
    until: Timestamp,
    interval: i64,
) -> Result<(EventsOverview, SignIns, Vec<UnreadableDay>), Problem> {
    let ask = |query: Option<String>| Ask::new(query, Some(When(since)), Some(When(until)));
    let (counts, unreadable) = count_parts(searcher, &ask(None)?, given.clone(), interval)?;
    let events = EventsOverview {
        total: counts.values().sum(),
        buckets: buckets_over(&counts, since.0, until.0, interval),
    };
    let mut countries: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut totals = [0, 0];
    for (place, outcome) in ["success", "failure"].into_iter().enumerate() {
        let ask = ask(Some(format!("{SIGN_IN} AND event.outcome:{outcome}")))?;
        let counted = searcher.count_by(&ask.selection(given.clone()), COUNTRY, usize::MAX);
        let counted = counted.map_err(|error| ask.refused(error))?;
        if let Some(total) = totals.get_mut(place) {
            *total = counted.events;
        }
        for (country, count) in counted.values {
            let of_country = countries.entry(country).or_default();
            *(if place == 0 { &mut of_country.0 } else { &mut of_country.1 }) += count;
        }
    }
    let mut countries: Vec<CountrySignIns> = countries
        .into_iter()
        .map(|(country, (success, failure))| CountrySignIns { country, success, failure })
        .collect();
    countries.sort_by_key(|country| std::cmp::Reverse(country.success + country.failure));
    countries.truncate(MOST_COUNTRIES);
    let [succeeded, failed] = totals;
    let sign_ins = SignIns { total: succeeded + failed, failed, countries };
    Ok((events, sign_ins, unreadable))
}

struct OfAlerts {
    alerts: AlertsOverview,
    open: OpenAlerts,
    attention: Vec<AlertSummary>,
    top_rules: Vec<TopRule>,
    top_users: Vec<TopUser>,
}

fn of_alerts(
    database: &Database,
    since: Timestamp,
    until: Timestamp,
    interval: i64,
) -> Result<OfAlerts, Problem> {
    let mut parts: BTreeMap<i64, BySeverity> = BTreeMap::new();
    for (part, severity, count) in database.alerts_over_time(since, until, interval)? {
        parts.entry(part).or_default().add(&severity, count);
    }
    let total = parts.values().map(BySeverity::total).sum();
    let buckets = buckets_over(&BTreeMap::new(), since.0, until.0, interval).into_iter();
    let buckets = buckets.map(|bucket| {
        let part = bucket.time.0.0.div_euclid(interval);
        let by_severity = parts.get(&part).copied().unwrap_or_default();
        AlertBucket { time: bucket.time, by_severity }
    });
    let alerts = AlertsOverview { total, buckets: buckets.collect() };

    let open_states = vec![AlertState::New, AlertState::Acknowledged];
    let is_open = AlertFilter { states: open_states, ..AlertFilter::default() };
    let mut by_severity = BySeverity::default();
    for (severity, _, count) in database.count_alerts_by(&is_open, AlertGroup::Severity, 10)? {
        by_severity.add(severity.as_deref().unwrap_or_default(), count);
    }
    let count_in = |state: AlertState| {
        database.count_alerts(&AlertFilter { states: vec![state], ..AlertFilter::default() })
    };
    let unassigned = AlertFilter { assignee: Some(Assignee::Nobody), ..is_open.clone() };
    let open = OpenAlerts {
        new: count_in(AlertState::New)?,
        acknowledged: count_in(AlertState::Acknowledged)?,
        unassigned: database.count_alerts(&unassigned)?,
        by_severity,
    };
    let gravest = AlertFilter { sort: AlertSort::Severity, limit: MOST_ATTENTION, ..is_open };
    let attention = database.alerts(&gravest)?.into_iter().map(AlertSummary::from).collect();

    let in_time = AlertFilter {
        since: Some(since),
        until: Some(until),
        limit: MOST_ALERTS,
        ..AlertFilter::default()
    };
    let mut rules: BTreeMap<String, TopRule> = BTreeMap::new();
    let mut users: BTreeMap<String, TopUser> = BTreeMap::new();
    for alert in database.alerts(&in_time)? {
        let points = points(&alert);
        if let Some(user) = alert.user {
            let top = users.entry(user.to_lowercase()).or_insert_with(|| TopUser {
                user,
                risk: 0,
                alerts: 0,
            });
            top.risk += points;
            top.alerts += 1;
        }
        let top = rules.entry(alert.rule.clone()).or_insert_with(|| TopRule {
            id: alert.rule,
            title: alert.rule_name,
            severity: alert.severity,
            count: 0,
        });
        top.count += 1;
    }
    let mut top_rules: Vec<TopRule> = rules.into_values().collect();
    top_rules.sort_by_key(|rule| std::cmp::Reverse(rule.count));
    top_rules.truncate(MOST_TOP);
    let mut top_users: Vec<TopUser> = users.into_values().filter(|user| user.risk > 0).collect();
    top_users.sort_by_key(|user| std::cmp::Reverse((user.risk, user.alerts)));
    top_users.truncate(MOST_TOP);
    Ok(OfAlerts { alerts, open, attention, top_rules, top_users })
}
