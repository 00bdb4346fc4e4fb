//! `/exceptions`: what rules are not to report, why, and until when.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ecs::{Lookup, Timestamp};
use serde::{Deserialize, Serialize};
use store::{NewException, StoredException};
use utoipa::{IntoParams, ToSchema};

use super::book::Worked;
use crate::access::Caller;
use crate::answer::Problem;
use crate::api::Desk;
use crate::api::params::{Body, Params, Segment, not_found, unusable};
use crate::api::values::Time;

const MOST_VALUES: usize = 100;
const LONGEST_VALUE: usize = 1_000;
const LONGEST_REASON: usize = 1_000;
/// The most exceptions that can be made here.
const MOST_EXCEPTIONS: usize = 5_000;
const DAY: i64 = 86_400_000;

/// What a rule is not to report.
#[derive(Serialize, ToSchema)]
pub(super) struct Exception {
    /// Null for those of the exceptions file, which cannot be deleted here.
    id: Option<i64>,
    /// The id of the rule, or `*` for every rule.
    pub(super) rule: String,
    rule_title: Option<String>,
    field: String,
    /// One of which an event has to have.
    values: Vec<String>,
    reason: String,
    /// It applies to events before this time.
    expires: Time,
    by: Option<String>,
    created: Option<Time>,
    is_over: bool,
    /// `desk` or `file`.
    source: &'static str,
}

/// The exceptions.
#[derive(Serialize, ToSchema)]
pub(super) struct ExceptionList {
    exceptions: Vec<Exception>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExceptionParams {
    /// Only those for this rule; those for every rule, too.
    rule: Option<String>,
}

/// The exceptions, those of the file first.
#[utoipa::path(get, path = "/exceptions", tag = "rules", params(ExceptionParams),
    responses((status = 200, body = ExceptionList)))]
pub(super) async fn list(
    State(desk): State<Arc<Desk>>,
    Params(params): Params<ExceptionParams>,
) -> Result<Json<ExceptionList>, Problem> {
    let stored = desk.database(|database| Ok(database.exceptions()?)).await?;
    let mut exceptions = all_exceptions(&desk.rules.read(), &stored);
    if let Some(rule) = params.rule {
        exceptions.retain(|one| one.rule == "*" || one.rule.eq_ignore_ascii_case(&rule));
    }
    Ok(Json(ExceptionList { exceptions }))
}

/// Those of the file and those of the database.
pub(super) fn all_exceptions(worked: &Worked, stored: &[StoredException]) -> Vec<Exception> {
    let of_file = worked.rules.file_exceptions.iter().map(|one| Exception {
        id: None,
        rule: one.rule.clone(),
        rule_title: title(worked, &one.rule),
        field: one.field.clone(),
        values: one.values.clone(),
        reason: one.reason.clone(),
        expires: one.expires.into(),
        by: None,
        created: None,
        is_over: one.expires <= Timestamp::now(),
        source: "file",
    });
    of_file.chain(stored.iter().map(|one| of_desk(worked, one))).collect()
}

fn of_desk(worked: &Worked, stored: &StoredException) -> Exception {
    let StoredException { id, exception, by, created } = stored;
    Exception {
        id: Some(*id),
        rule: exception.rule.clone(),
        rule_title: title(worked, &exception.rule),
        field: exception.field.clone(),
        values: exception.values.clone(),
        reason: exception.reason.clone(),
        expires: exception.expires.into(),
        by: Some(by.clone()),
        created: Some((*created).into()),
        is_over: exception.expires <= Timestamp::now(),
        source: "desk",
    }
}

fn title(worked: &Worked, rule: &str) -> Option<String> {
    let key = rule.to_lowercase();
    let mut rules = worked.rules.pack.rules().iter();
    rules.find(|other| other.rule.key() == key).map(|rule| rule.rule.title.clone())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExceptionRequest {
    /// The id of a rule, or `*` for every rule.
    rule: String,
    /// The name of a field, such as `source.ip`.
    field: String,
    /// From 1 to 100: values as Sigma has them, with `*` and `?`, and networks for addresses.
    #[schema(min_items = 1, max_items = 100)]
    values: Vec<String>,
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
    /// The last day, such as `2027-01-31`, or a date and time.
    expires: String,
}

/// Makes an exception. When the answer comes, it holds for events that come from then on.
#[utoipa::path(post, path = "/exceptions", tag = "rules", request_body = ExceptionRequest,
    responses((status = 201, body = Exception)))]
pub(super) async fn add(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Body(request): Body<ExceptionRequest>,
) -> Result<Response, Problem> {
    let exception = read(&desk.rules.read(), request)?;
    let stored = desk.database(move |database| {
        if database.exceptions()?.len() >= MOST_EXCEPTIONS {
            return Err(unusable(format!(
                "there are {MOST_EXCEPTIONS} exceptions already: delete those that are over"
            )));
        }
        Ok(database.add_exception(&exception, &caller.name)?)
    });
    let stored = stored.await?;
    desk.reload().await?;
    let exception = of_desk(&desk.rules.read(), &stored);
    Ok((StatusCode::CREATED, Json(exception)).into_response())
}

/// Checks an exception as far as the detector would.
fn read(worked: &Worked, request: ExceptionRequest) -> Result<NewException, Problem> {
    let ExceptionRequest { rule, field, values, reason, expires } = request;
    let known = rule == "*" || title(worked, &rule).is_some();
    if !known {
        return Err(unusable("rule: expected the id of a rule, or *"));
    }
    let lookup = Lookup::resolve(&field);
    if !lookup.is_known() {
        let like = Lookup::suggest(&field).map(|name| format!(", did you mean {name}?"));
        let like = like.unwrap_or_default();
        return Err(unusable(format!("field: there is no such field{like}")));
    }
    if !(1..=MOST_VALUES).contains(&values.len()) {
        return Err(unusable(format!("values: expected from 1 to {MOST_VALUES} values")));
    }
    if values.iter().any(|value| value.is_empty() || value.chars().count() > LONGEST_VALUE) {
        let detail = format!("values: expected from 1 to {LONGEST_VALUE} characters each");
        return Err(unusable(detail));
    }
    // One that covers everything switches the rule off, without saying so.
    if values.iter().any(|value| value.chars().all(|one| one == '*')) {
        return Err(unusable("values: * is every value, switch the rule off instead"));
    }
    if reason.trim().is_empty() || reason.chars().count() > LONGEST_REASON {
        let detail = format!("reason: expected from 1 to {LONGEST_REASON} characters");
        return Err(unusable(detail));
    }
    let day = Timestamp::parse(&format!("{expires}T00:00:00Z"));
    let expires = day.map(|day| Timestamp(day.0 + DAY)).or_else(|| Timestamp::parse(&expires));
    let Some(expires) = expires.filter(|expires| *expires > Timestamp::now()) else {
        return Err(unusable("expires: expected a day that is to come, such as 2027-01-31"));
    };
    let exception = NewException { rule, field: lookup.name().to_owned(), values, reason, expires };
    let (_, problems) = detect::Exceptions::of(vec![of_stored(&exception)]);
    match problems.first() {
        Some(problem) => Err(unusable(format!("values: {}", problem.message))),
        None => Ok(exception),
    }
}

/// An exception of the database, as the detector has them.
pub(crate) fn of_stored(exception: &NewException) -> detect::Exception {
    detect::Exception {
        rule: exception.rule.clone(),
        field: exception.field.clone(),
        values: exception.values.clone(),
        reason: exception.reason.clone(),
        expires: exception.expires,
        line: 0,
    }
}

/// Takes an exception away.
#[utoipa::path(delete, path = "/exceptions/{id}", tag = "rules", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = crate::api::meta::ProblemDocument)))]
pub(super) async fn delete(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Segment(id): Segment<i64>,
) -> Result<StatusCode, Problem> {
    let deleted = desk.database(move |database| Ok(database.delete_exception(id, &caller.name)?));
    if !deleted.await? {
        return Err(not_found("there is no exception with this number"));
    }
    desk.reload().await?;
    Ok(StatusCode::NO_CONTENT)
}
