//! `GET /alerts/export`: alerts in a file.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::State;
use axum::response::Response;
use store::output::csv;
use store::{Alert, AlertFilter, Database, Verdict};

use super::filter::{AlertForm, FilterParams};
use crate::access::Caller;
use crate::answer::Problem;
use crate::api::Desk;
use crate::api::events::{attachment, chunks};
use crate::api::params::Params;

/// How many alerts are read at a time.
const AT_A_TIME: usize = 500;

/// The columns of alerts.
const COLUMNS: [&str; 13] = [
    "id",
    "time",
    "last_time",
    "count",
    "severity",
    "state",
    "verdict",
    "assignee",
    "rule",
    "user",
    "address",
    "place",
    "title",
];

/// All alerts that the filter lets through, as a file.
#[utoipa::path(get, path = "/alerts/export", tag = "alerts", params(FilterParams),
    responses((status = 200, content(
        (String = "application/x-ndjson"), (String = "text/csv; charset=utf-8")))))]
pub(super) async fn export(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Params(params): Params<FilterParams>,
) -> Result<Response, Problem> {
    let form = params.format.unwrap_or_default();
    let filter = AlertFilter { after: None, ..params.filter(&caller)? };
    let most = desk.limits.export;
    let gone = Arc::new(AtomicBool::new(false));
    let (mut parts, body) = chunks(Arc::clone(&gone));
    let root = desk.root.clone();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let desk_of_task = Arc::clone(&desk);
    tokio::spawn(async move {
        let done = desk_of_task.long(desk_of_task.limits.export_time, move |_, _| {
            let _ = begun.send(());
            let written = Database::open(&root)
                .map_err(io::Error::other)
                .and_then(|database| write(&database, filter, form, most, &gone, &mut parts));
            match written {
                Ok(()) => parts.end(),
                Err(error) => {
                    tracing::debug!(%error, "an export of alerts ended early");
                    parts.cut();
                }
            }
            Ok(())
        });
        done.await
    });
    if has_begun.await.is_err() {
        return Err(Problem::busy());
    }
    let (kind, name) = match form {
        AlertForm::Ndjson => ("application/x-ndjson", "alerts.ndjson"),
        AlertForm::Csv => ("text/csv; charset=utf-8", "alerts.csv"),
    };
    Ok(attachment(body, kind, name))
}

fn write(
    database: &Database,
    mut filter: AlertFilter,
    form: AlertForm,
    most: usize,
    gone: &AtomicBool,
    out: &mut impl Write,
) -> io::Result<()> {
    if form == AlertForm::Csv {
        csv::write_row(out, COLUMNS)?;
    }
    let mut written = 0;
    while written < most {
        if gone.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        filter.limit = AT_A_TIME.min(most - written);
        let alerts = database.alerts(&filter).map_err(io::Error::other)?;
        let Some(last) = alerts.last() else { break };
        filter.after = Some(last.page(filter.sort));
        written += alerts.len();
        for alert in alerts {
            match form {
                AlertForm::Csv => row(out, &alert)?,
                AlertForm::Ndjson => {
                    let stored = database.alert_of_id(alert.id).map_err(io::Error::other)?;
                    if let Some(stored) = stored {
                        writeln!(out, "{}", stored.document)?;
                    }
                }
            }
        }
    }
    Ok(())
}

fn row(out: &mut impl Write, alert: &Alert) -> io::Result<()> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let cells = [
        alert.id.to_string(),
        alert.time.to_string(),
        alert.last_time.to_string(),
        alert.count.to_string(),
        alert.severity.clone(),
        alert.state.to_string(),
        alert.verdict.map(Verdict::as_str).unwrap_or_default().to_owned(),
        text(&alert.assignee),
        alert.rule_name.clone(),
        text(&alert.user),
        text(&alert.address),
        text(&alert.place),
        alert.title.clone(),
    ];
    csv::write_row(out, cells.iter().map(String::as_str))
}
