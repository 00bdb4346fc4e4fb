//! Saved searches.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;
use super::ask::Ask;
use super::params::{Body, Segment, not_found, unusable};
use super::values::Time;
use crate::access::Caller;
use crate::answer::Problem;

const LONGEST_NAME: usize = 200;
const MOST_PARAMS: usize = 50;
const LONGEST_PARAM: usize = 2_000;
/// The most searches that are kept.
const MOST: usize = 1_000;

pub(super) fn routes() -> OpenApiRouter<Arc<Desk>> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(one, change, delete))
}

/// The saved searches.
#[derive(Serialize, ToSchema)]
struct SearchList {
    searches: Vec<SavedSearch>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum SearchKind {
    Events,
    Alerts,
}

/// A saved search.
#[derive(Serialize, ToSchema)]
struct SavedSearch {
    id: i64,
    name: String,
    kind: SearchKind,
    query: String,
    params: BTreeMap<String, String>,
    by: String,
    created: Time,
    changed: Time,
}

impl From<store::SavedSearch> for SavedSearch {
    fn from(saved: store::SavedSearch) -> Self {
        let store::SavedSearch { id, search, by, created, changed } = saved;
        Self {
            id,
            name: search.name,
            kind: if search.kind == "alerts" { SearchKind::Alerts } else { SearchKind::Events },
            query: search.query,
            params: serde_json::from_str(&search.params).unwrap_or_default(),
            by,
            created: created.into(),
            changed: changed.into(),
        }
    }
}

/// What is to be saved.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSearch {
    /// No two searches are called the same, in any case.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    kind: SearchKind,
    query: String,
    /// What else belongs to it, such as columns and a time.
    #[serde(default)]
    params: BTreeMap<String, String>,
}

impl NewSearch {
    fn checked(self) -> Result<store::NewSearch, Problem> {
        let length = self.name.chars().count();
        if self.name.trim().is_empty() || length > LONGEST_NAME {
            let detail = format!("name: expected from 1 to {LONGEST_NAME} characters");
            return Err(unusable(detail));
        }
        let is_long = |text: &String| text.len() > LONGEST_PARAM;
        if self.params.len() > MOST_PARAMS
            || self.params.iter().any(|(a, b)| is_long(a) || is_long(b))
        {
            return Err(unusable(format!(
                "params: expected {MOST_PARAMS} at the most, of {LONGEST_PARAM} bytes each"
            )));
        }
        match self.kind {
            SearchKind::Events => Ask::new(Some(self.query.clone()), None, None)?.check()?,
            SearchKind::Alerts if is_long(&self.query) => {
                return Err(unusable(format!("query: expected {LONGEST_PARAM} bytes at the most")));
            }
            SearchKind::Alerts => {}
        }
        let kind = if self.kind == SearchKind::Alerts { "alerts" } else { "events" };
        Ok(store::NewSearch {
            name: self.name,
            kind: kind.to_owned(),
            query: self.query,
            params: serde_json::to_string(&self.params).unwrap_or_default(),
        })
    }
}

fn taken() -> Problem {
    let detail = "another search is called so: choose another name";
    Problem::coded(StatusCode::CONFLICT, "conflict", detail)
}

fn none() -> Problem {
    not_found("there is no search with this number")
}

/// The saved searches, by name.
#[utoipa::path(get, path = "/searches", tag = "searches",
    responses((status = 200, body = SearchList)))]
async fn list(State(desk): State<Arc<Desk>>) -> Result<Json<SearchList>, Problem> {
    let searches = desk.database(|database| Ok(database.searches()?)).await?;
    Ok(Json(SearchList { searches: searches.into_iter().map(SavedSearch::from).collect() }))
}

/// Saves a search.
#[utoipa::path(post, path = "/searches", tag = "searches", request_body = NewSearch,
    responses((status = 201, body = SavedSearch),
        (status = 409, body = super::meta::ProblemDocument)))]
async fn add(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Body(search): Body<NewSearch>,
) -> Result<Response, Problem> {
    let search = search.checked()?;
    let saved = desk.database(move |database| {
        if database.searches()?.len() >= MOST {
            return Err(unusable(format!("there are {MOST} searches already: delete some")));
        }
        Ok(database.save_search(None, &search, &caller.name)?)
    });
    let saved = SavedSearch::from(saved.await?.ok_or_else(taken)?);
    Ok((StatusCode::CREATED, Json(saved)).into_response())
}

/// One saved search.
#[utoipa::path(get, path = "/searches/{id}", tag = "searches", params(("id" = i64, Path)),
    responses((status = 200, body = SavedSearch),
        (status = 404, body = super::meta::ProblemDocument)))]
async fn one(
    State(desk): State<Arc<Desk>>,
    Segment(id): Segment<i64>,
) -> Result<Json<SavedSearch>, Problem> {
    let saved = desk.database(move |database| Ok(database.search(id)?)).await?;
    saved.map(|saved| Json(saved.into())).ok_or_else(none)
}

/// Changes a saved search.
#[utoipa::path(put, path = "/searches/{id}", tag = "searches", params(("id" = i64, Path)),
    request_body = NewSearch,
    responses((status = 200, body = SavedSearch),
        (status = 404, body = super::meta::ProblemDocument),
        (status = 409, body = super::meta::ProblemDocument)))]
async fn change(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Segment(id): Segment<i64>,
    Body(search): Body<NewSearch>,
) -> Result<Json<SavedSearch>, Problem> {
    let search = search.checked()?;
    let saved = desk.database(move |database| {
        database.search(id)?.ok_or_else(none)?;
        Ok(database.save_search(Some(id), &search, &caller.name)?)
    });
    Ok(Json(saved.await?.ok_or_else(taken)?.into()))
}

/// Deletes a saved search.
#[utoipa::path(delete, path = "/searches/{id}", tag = "searches", params(("id" = i64, Path)),
    responses((status = 204), (status = 404, body = super::meta::ProblemDocument)))]
async fn delete(
    State(desk): State<Arc<Desk>>,
    caller: Caller,
    Segment(id): Segment<i64>,
) -> Result<StatusCode, Problem> {
    let deleted = desk.database(move |database| Ok(database.delete_search(id, &caller.name)?));
    if deleted.await? { Ok(StatusCode::NO_CONTENT) } else { Err(none()) }
}
