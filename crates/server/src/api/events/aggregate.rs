//! `POST /events/aggregate`: several aggregations of the same events.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use store::search::{Measured, Searcher};
use utoipa::ToSchema;

use super::count::{buckets_over, count_parts, counts_by, read_interval};
use super::search::milliseconds_since;
use crate::answer::Problem;
use crate::api::Desk;
use crate::api::ask::{Ask, Given, bad_field};
use crate::api::params::{Body, When, unusable};
use crate::api::values::{Bucket, UnreadableDay, ValueCount, unreadable};

/// The most aggregations in one request.
const MOST: usize = 10;
/// The most values and parts of one.
const MOST_VALUES: usize = 1_000;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AggregateRequest {
    /// What the events match, in Lucene's syntax. Default: everything.
    query: Option<String>,
    #[schema(value_type = Option<String>)]
    since: Option<When>,
    #[schema(value_type = Option<String>)]
    until: Option<When>,
    /// From 1 to 10, by names of your own.
    aggs: BTreeMap<String, Agg>,
}

/// What is to be counted or measured.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Agg {
    /// How many events have each value of a field.
    Terms(Terms),
    /// How many different values a field has.
    Cardinality(OfField),
    /// How many events there are in each part of the time.
    DateHistogram(DateHistogram),
    /// Extremes, sum and average of a number, or of a date in milliseconds since 1970.
    Stats(OfField),
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Terms {
    field: String,
    /// How many values, from 1 to 1000.
    #[schema(minimum = 1, maximum = 1000, default = 10)]
    size: Option<usize>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OfField {
    field: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DateHistogram {
    /// `30s`, `15m`, `1h`, `1d`.
    interval: String,
}

/// What came of the aggregations.
#[derive(Serialize, ToSchema)]
pub(super) struct AggregateAnswer {
    /// How many events match.
    total: u64,
    aggs: BTreeMap<String, Aggregated>,
    unreadable: Vec<UnreadableDay>,
    took_ms: u64,
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Aggregated {
    Terms { values: Vec<ValueCount>, distinct: usize, missing: u64 },
    Cardinality { value: usize },
    DateHistogram { interval_ms: i64, buckets: Vec<Bucket> },
    Stats { count: u64, min: Option<f64>, max: Option<f64>, sum: Option<f64>, avg: Option<f64> },
}

/// Counts and measures the events that match.
#[utoipa::path(post, path = "/events/aggregate", tag = "events", request_body = AggregateRequest,
    responses((status = 200, body = AggregateAnswer)))]
pub(super) async fn aggregate(
    State(desk): State<Arc<Desk>>,
    Body(request): Body<AggregateRequest>,
) -> Result<Json<AggregateAnswer>, Problem> {
    if !(1..=MOST).contains(&request.aggs.len()) {
        return Err(unusable(format!("aggs: expected from 1 to {MOST} aggregations")));
    }
    let ask = Ask::new(request.query, request.since, request.until)?;
    let begun = Instant::now();
    let answer = desk.search(move |searcher, given| {
        let counted = searcher.count(&ask.selection(given.clone()));
        let counted = counted.map_err(|error| ask.refused(error))?;
        let mut aggs = BTreeMap::new();
        for (name, agg) in request.aggs {
            let result = one(searcher, &ask, given.clone(), agg)?;
            aggs.insert(name, result);
        }
        let days = unreadable(counted.unreadable);
        Ok(AggregateAnswer { total: counted.events, aggs, unreadable: days, took_ms: 0 })
    });
    let answer = answer.await?;
    Ok(Json(AggregateAnswer { took_ms: milliseconds_since(begun), ..answer }))
}

fn one(searcher: &Searcher, ask: &Ask, given: Given, agg: Agg) -> Result<Aggregated, Problem> {
    match agg {
        Agg::Terms(Terms { field, size }) => {
            let size = size.unwrap_or(10);
            if !(1..=MOST_VALUES).contains(&size) {
                return Err(unusable(format!("size: expected a number from 1 to {MOST_VALUES}")));
            }
            let (counts, _) = counts_by(searcher, ask, given, &[field], size)?;
            let counts = counts.into_iter().next().unwrap_or_default();
            let values = counts.values.into_iter().map(ValueCount::from).collect();
            Ok(Aggregated::Terms { values, distinct: counts.distinct, missing: counts.missing })
        }
        Agg::Cardinality(OfField { field }) => {
            let (counts, _) = counts_by(searcher, ask, given, &[field], 1)?;
            Ok(Aggregated::Cardinality { value: counts.first().map_or(0, |one| one.distinct) })
        }
        Agg::DateHistogram(DateHistogram { interval }) => {
            let interval = read_interval(&interval)?;
            let (counts, _) = count_parts(searcher, ask, given, interval)?;
            let ends = counts.first_key_value().zip(counts.last_key_value());
            let Some(((first, _), (last, _))) = ends else {
                return Ok(Aggregated::DateHistogram { interval_ms: interval, buckets: vec![] });
            };
            if last - first >= i64::try_from(MOST_VALUES).unwrap_or(i64::MAX) {
                return Err(unusable(format!(
                    "interval: there would be more than {MOST_VALUES} parts, use a longer one"
                )));
            }
            let (since, until) = (first * interval, (last + 1) * interval);
            let buckets = buckets_over(&counts, since, until, interval);
            Ok(Aggregated::DateHistogram { interval_ms: interval, buckets })
        }
        Agg::Stats(OfField { field }) => {
            store::search::check_measurable(&field).map_err(|error| bad_field("field", error))?;
            let stats = searcher.stats(&ask.selection(given), &field);
            let Measured { count, min, max, sum } =
                stats.map_err(|error| ask.refused(error))?.values;
            let some = |value: f64| (count > 0).then_some(value);
            Ok(Aggregated::Stats { count, min, max, sum: some(sum), avg: some(sum / count as f64) })
        }
    }
}
