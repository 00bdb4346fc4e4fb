//! `GET /alerts/tail`: alerts and their changes as they come, as server-sent events.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use detect::sigma::Level;
use serde::Deserialize;
use store::Database;
use utoipa::IntoParams;

use super::summary::AlertSummary;
use crate::answer::Problem;
use crate::api::Desk;
use crate::api::params::{List, Params, bad_parameter};
use crate::api::tails::{Event, POLLING, Tail, last_event_id};

/// How many alerts are sent at a time; of more, only the number is told.
const AT_A_TIME: usize = 200;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TailParams {
    /// `informational`, `low`, `medium`, `high`, `critical`, with commas between them.
    #[param(value_type = Option<String>)]
    severity: Option<List<String>>,
}

/// Where a tail has come to.
#[derive(Clone, Copy)]
struct Place {
    alert: i64,
    change: i64,
}

/// Alerts as they are stored: `alert` with a new alert or a repeat, `change` with one that somebody
/// has changed, `behind` with the number of those that were skipped, `problem` before the end.
#[utoipa::path(get, path = "/alerts/tail", tag = "alerts", params(TailParams),
    responses((status = 200, content_type = "text/event-stream", body = String)))]
pub(super) async fn tail(
    State(desk): State<Arc<Desk>>,
    Params(params): Params<TailParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let severities = params.severity.unwrap_or_default().0;
    if let Some(unknown) = severities.iter().find(|name| Level::from_name(name).is_none()) {
        let expected = "expected informational, low, medium, high or critical";
        return Err(bad_parameter(format!("severity: {expected}, found '{unknown}'")));
    }
    let resumed = last_event_id(&headers).and_then(|seq| i64::try_from(seq).ok());
    let begins = desk.database(move |database| {
        let alert = resumed.map_or_else(|| database.last_alert(), Ok)?;
        Ok(Place { alert, change: database.last_change()? })
    });
    let mut place = begins.await?;
    let (tail, response) = Tail::begin(&desk)?;
    tokio::spawn(async move {
        let mut stopping = desk.stopping.clone();
        loop {
            tokio::select! {
                () = tokio::time::sleep(POLLING) => {}
                () = tail.closed() => return,
                _ = stopping.wait_for(|stop| *stop) => return,
            }
            let wanted = severities.clone();
            let polled = desk.database(move |database| next(database, place, &wanted)).await;
            let events = match polled {
                Ok((moved, events)) => {
                    place = moved;
                    events
                }
                Err(problem) => {
                    tail.problem(&problem).await;
                    return;
                }
            };
            for event in events {
                if tail.send(event).await.is_err() {
                    return;
                }
            }
        }
    });
    Ok(response)
}

/// What has come since, and where that leads to.
fn next(
    database: &Database,
    place: Place,
    severities: &[String],
) -> Result<(Place, Vec<Event>), Problem> {
    let mut events = Vec::new();
    let is_wanted = |severity: &String| severities.is_empty() || severities.contains(severity);
    let alerts = database.alerts_after(place.alert, AT_A_TIME)?;
    let mut last = alerts.last().map_or(place.alert, |stored| stored.alert.seq);
    let is_full = alerts.len() >= AT_A_TIME;
    for stored in alerts.into_iter().filter(|stored| is_wanted(&stored.alert.severity)) {
        let seq = u64::try_from(stored.alert.seq).ok();
        events.push(Event::new("alert", seq, &AlertSummary::from(stored.alert)));
    }
    if is_full {
        let latest = database.last_alert()?;
        if latest > last {
            let told = serde_json::json!({ "skipped": latest - last });
            events.push(Event::new("behind", None, &told));
            last = latest;
        }
    }
    let (changed, change) = database.changed_since(place.change)?;
    if !changed.is_empty() {
        for alert in database.alerts_numbered(&changed)? {
            if is_wanted(&alert.severity) {
                events.push(Event::new("change", None, &AlertSummary::from(alert)));
            }
        }
    }
    Ok((Place { alert: last, change }, events))
}
