//! Fields and queries: what can be asked, for those who help people to ask.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ecs::{FIELDS, Kind, Timestamp};
use query::{Clause, Node};
use serde::{Deserialize, Serialize};
use store::search::abilities;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Desk;
use super::ask::{Ask, QueryNote, bad_field};
use super::params::{Params, Segment, When, within};
use super::values::ValueCount;
use crate::answer::Problem;

pub(super) fn routes() -> OpenApiRouter<Arc<Desk>> {
    OpenApiRouter::new().routes(routes!(fields)).routes(routes!(values)).routes(routes!(check))
}

/// The fields of records.
#[derive(Serialize, ToSchema)]
struct FieldList {
    fields: Vec<FieldInfo>,
}

/// A field of records.
#[derive(Serialize, ToSchema)]
struct FieldInfo {
    name: &'static str,
    /// `keyword`, `date`, `long`, `boolean`, `ip`, `geo_point` or `object`.
    r#type: &'static str,
    /// Whether a record can have several values.
    many: bool,
    description: &'static str,
    /// Where in Okta's event it comes from.
    okta: Option<&'static str>,
    searchable: bool,
    /// Whether events can be counted by it.
    countable: bool,
    /// All its values, where they are a known small set.
    values: Option<Vec<&'static str>>,
}

/// The fields that queries, facets and columns can name.
#[utoipa::path(get, path = "/fields", tag = "events", responses((status = 200, body = FieldList)))]
async fn fields() -> Json<FieldList> {
    let fields = FIELDS.iter().map(|field| {
        let (searchable, countable) = abilities(field.name);
        FieldInfo {
            name: field.name,
            r#type: field.kind.name(),
            many: field.many,
            description: field.description,
            okta: (field.source != "constant").then_some(field.source),
            searchable,
            countable,
            values: known_values(field),
        }
    });
    Json(FieldList { fields: fields.collect() })
}

fn known_values(field: &ecs::Field) -> Option<Vec<&'static str>> {
    match field.name {
        "event.action" => Some(ecs::event_types().collect()),
        "event.outcome" => Some(vec!["success", "failure", "unknown"]),
        _ if field.kind == Kind::Boolean => Some(vec!["true", "false"]),
        _ => None,
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ValuesParams {
    /// How the values begin, in any case.
    prefix: Option<String>,
    /// From 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<usize>,
    /// Only values of events that match.
    query: Option<String>,
    /// Default: 7d.
    #[param(value_type = Option<String>)]
    since: Option<When>,
    #[param(value_type = Option<String>)]
    until: Option<When>,
}

/// Values of a field.
#[derive(Serialize, ToSchema)]
struct FieldValues {
    field: String,
    /// Those that most events have come first.
    values: Vec<ValueCount>,
}

/// The values of a field that most events have.
#[utoipa::path(get, path = "/fields/{name}/values", tag = "events",
    params(("name" = String, Path), ValuesParams),
    responses((status = 200, body = FieldValues)))]
async fn values(
    State(desk): State<Arc<Desk>>,
    Segment(name): Segment<String>,
    Params(params): Params<ValuesParams>,
) -> Result<Json<FieldValues>, Problem> {
    let limit = within("limit", params.limit, 1..=100, 20)?;
    let week_ago = When(Timestamp(Timestamp::now().0 - 7 * 86_400_000));
    let since = params.since.or(params.until.is_none().then_some(week_ago));
    let prefix = params.prefix.unwrap_or_default();
    let lookup = ecs::Lookup::resolve(&name);
    let by_prefix = !prefix.is_empty() && lookup.kind() == Kind::Keyword;
    let query = match (params.query, by_prefix) {
        (query, false) => query,
        (query, true) => {
            let begins = format!("{}:{}*", lookup.name(), escaped(&prefix));
            Some(match query.filter(|query| !query.trim().is_empty()) {
                Some(query) => format!("({query}) AND {begins}"),
                None => begins,
            })
        }
    };
    let ask = Ask::new(query, since, params.until)?;
    let field = name.clone();
    // Of an event with several values, those that begin otherwise are counted as well.
    let counted = desk.search(move |searcher, given| {
        searcher
            .count_by(&ask.selection(given), &field, usize::MAX)
            .map_err(|error| bad_field("name", error))
    });
    let counted = counted.await?;
    let prefix = prefix.to_lowercase();
    let values = counted.values.into_iter();
    let values = values.filter(|(value, _)| value.to_lowercase().starts_with(&prefix));
    let values = values.take(limit).map(ValueCount::from).collect();
    Ok(Json(FieldValues { field: name, values }))
}

/// A text that means itself in a query.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_whitespace() || r#"+-!(){}[]^"~*?:\/&|<>="#.contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// A value between quotes that means itself in a query.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CheckParams {
    query: String,
}

/// Whether a query can be read.
#[derive(Serialize, ToSchema)]
struct QueryCheck {
    ok: bool,
    /// The query with all its operators.
    normalised: Option<String>,
    error: Option<QueryNote>,
    warnings: Vec<QueryNote>,
    /// The fields that it names.
    fields: Vec<String>,
}

/// Reads a query without asking it.
#[utoipa::path(get, path = "/query/check", tag = "events", params(CheckParams),
    responses((status = 200, body = QueryCheck)))]
async fn check(Params(params): Params<CheckParams>) -> Json<QueryCheck> {
    let text = params.query;
    let refused = |diagnostic: &query::Diagnostic| QueryCheck {
        ok: false,
        normalised: None,
        error: Some(QueryNote::new(&text, diagnostic)),
        warnings: Vec::new(),
        fields: Vec::new(),
    };
    let query = match query::parse(&text) {
        Ok(query) => query,
        Err(error) => return Json(refused(&error)),
    };
    // Fields and values are checked as the store would.
    if let Err(error) = store::search::check(&query.root, Timestamp::now()) {
        return Json(refused(&error));
    }
    let mut fields = Vec::new();
    name_fields(&query.root, &mut fields);
    fields.sort();
    fields.dedup();
    let warnings = query.warnings.iter().map(|warning| QueryNote::new(&text, warning));
    Json(QueryCheck {
        ok: true,
        normalised: Some(query.root.to_string()),
        error: None,
        warnings: warnings.collect(),
        fields,
    })
}

fn name_fields(node: &Node, names: &mut Vec<String>) {
    match &node.clause {
        Clause::All => {}
        Clause::And(nodes) | Clause::Or(nodes) => {
            nodes.iter().for_each(|node| name_fields(node, names));
        }
        Clause::Not(node) => name_fields(node, names),
        Clause::Test(test) => names.extend(test.field.as_ref().map(|field| field.name.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_mean_themselves() {
        for text in ["a b", "(", "say \"hi\"", "a\\b", "*?", "AND", "a:b/c", "ü&&||<>=", "-x"] {
            let quoted = format!("user.name:{}", quoted(text));
            let query = query::parse(&quoted).unwrap_or_else(|error| panic!("{quoted}: {error}"));
            let Clause::Test(_) = query.root.clause else { panic!("{quoted}") };
            let begins = format!("user.name:{}*", escaped(text));
            let query = query::parse(&begins).unwrap_or_else(|error| panic!("{begins}: {error}"));
            let Clause::Test(_) = query.root.clause else { panic!("{begins}") };
        }
    }
}
