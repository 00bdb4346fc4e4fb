//! `GET /events/histogram` and `GET /events/facets`: how many events there are, when and of what.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use ecs::Timestamp;
use serde::{Deserialize, Serialize};
use store::search::{Histogram, Request, Searcher, ValueCounts};
use utoipa::{IntoParams, ToSchema};

use super::search::milliseconds_since;
use crate::answer::Problem;
use crate::api::Desk;
use crate::api::ask::{Ask, Given, bad_field};
use crate::api::params::{List, Params, When, bad_parameter, milliseconds, within};
use crate::api::values::{Bucket, Time, UnreadableDay, ValueCount, unreadable};

/// The most parts of a histogram in an answer.
const MOST_BUCKETS: i64 = 2_000;
/// The most fields that are counted by at once.
const MOST_FACETS: usize = 20;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Lengths that people count time in.
const INTERVALS: [i64; 18] = [
    SECOND,
    5 * SECOND,
    10 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    7 * DAY,
    28 * DAY,
];

/// The length with which a range has about as many parts as wanted, and no more.
pub(crate) fn interval_for(range: i64, buckets: i64) -> i64 {
    let least = range.max(0) / buckets.max(1);
    let mut lengths = INTERVALS.into_iter();
    lengths.find(|length| *length >= least).unwrap_or_else(|| (least / DAY + 1) * DAY)
}

/// Parts from `since` to `until`, empty ones included.
pub(crate) fn buckets_over(
    counts: &BTreeMap<i64, u64>,
    since: i64,
    until: i64,
    interval: i64,
) -> Vec<Bucket> {
    let (first, last) = (since.div_euclid(interval), (until - 1).div_euclid(interval));
    (first..=last)
        .map(|part| Bucket {
            time: Timestamp(part.saturating_mul(interval)).into(),
            count: counts.get(&part).copied().unwrap_or_default(),
        })
        .collect()
}

/// How many events there are in each part of a length, by the number of the part.
pub(crate) fn count_parts(
    searcher: &Searcher,
    ask: &Ask,
    given: Given,
    interval: i64,
) -> Result<(BTreeMap<i64, u64>, Vec<UnreadableDay>), Problem> {
    let counted = searcher.histogram(&ask.selection(given), interval);
    let Histogram { parts, unreadable: days } = counted.map_err(|error| ask.refused(error))?;
    let parts = parts.into_iter().map(|(time, count)| (time.0.div_euclid(interval), count));
    Ok((parts.collect(), unreadable(days)))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct HistogramParams {
    /// What the events match, in Lucene's syntax. Default: everything.
    query: Option<String>,
    #[param(value_type = Option<String>)]
    since: Option<When>,
    #[param(value_type = Option<String>)]
    until: Option<When>,
    /// How long each part is: `30s`, `15m`, `1h`, `1d`.
    interval: Option<String>,
    /// About how many parts, from 1 to 500, where no interval is named.
    #[param(minimum = 1, maximum = 500, default = 60)]
    buckets: Option<usize>,
}

/// How many events there are when.
#[derive(Serialize, ToSchema)]
pub(super) struct HistogramAnswer {
    interval_ms: i64,
    /// The range that is covered.
    since: Option<Time>,
    until: Option<Time>,
    total: u64,
    /// Without gaps; aligned to 1970-01-01 in UTC.
    buckets: Vec<Bucket>,
    unreadable: Vec<UnreadableDay>,
    took_ms: u64,
}

/// How many events there are in each part of a time.
#[utoipa::path(get, path = "/events/histogram", tag = "events", params(HistogramParams),
    responses((status = 200, body = HistogramAnswer)))]
pub(super) async fn histogram(
    State(desk): State<Arc<Desk>>,
    Params(params): Params<HistogramParams>,
) -> Result<Json<HistogramAnswer>, Problem> {
    let wanted = within("buckets", params.buckets, 1..=500, 60)?;
    let wanted = i64::try_from(wanted).unwrap_or(60);
    let fixed = params.interval.as_deref().map(read_interval).transpose()?;
    let ask = Ask::new(params.query, params.since, params.until)?;
    let begun = Instant::now();
    let answer =
        desk.search(move |searcher, given| histogram_of(searcher, given, ask, fixed, wanted));
    let answer = answer.await?;
    Ok(Json(HistogramAnswer { took_ms: milliseconds_since(begun), ..answer }))
}

pub(super) fn read_interval(text: &str) -> Result<i64, Problem> {
    let expected = "interval: expected a length of time such as 30s, 15m, 1h or 1d";
    milliseconds(text).ok_or_else(|| bad_parameter(expected))
}

fn histogram_of(
    searcher: &Searcher,
    given: Given,
    mut ask: Ask,
    fixed: Option<i64>,
    wanted: i64,
) -> Result<HistogramAnswer, Problem> {
    // Where an end is not given, the first or last event is.
    if ask.since.is_none() {
        ask.since = end_of(searcher, &ask, given.clone(), false)?;
    }
    if ask.until.is_none() {
        let last = end_of(searcher, &ask, given.clone(), true)?;
        ask.until = last.map(|last| Timestamp(last.0.saturating_add(1)));
    }
    let interval_without_range = fixed.unwrap_or(HOUR);
    let empty = |ask: &Ask| HistogramAnswer {
        interval_ms: interval_without_range,
        since: ask.since.map(Time),
        until: ask.until.map(Time),
        total: 0,
        buckets: Vec::new(),
        unreadable: Vec::new(),
        took_ms: 0,
    };
    let Some((since, until)) = ask.since.zip(ask.until) else {
        return Ok(empty(&ask));
    };
    let range = until.0.saturating_sub(since.0);
    if range <= 0 {
        return Ok(empty(&ask));
    }
    let interval = fixed.unwrap_or_else(|| interval_for(range, wanted));
    if range / interval >= MOST_BUCKETS {
        return Err(bad_parameter(format!(
            "interval: there would be more than {MOST_BUCKETS} parts, use a longer one"
        )));
    }
    let (counts, unreadable) = count_parts(searcher, &ask, given, interval)?;
    Ok(HistogramAnswer {
        interval_ms: interval,
        since: Some(since.into()),
        until: Some(until.into()),
        total: counts.values().sum(),
        buckets: buckets_over(&counts, since.0, until.0, interval),
        unreadable,
        took_ms: 0,
    })
}

/// When the first or the last event was that matches.
fn end_of(
    searcher: &Searcher,
    ask: &Ask,
    given: Given,
    newest_first: bool,
) -> Result<Option<Timestamp>, Problem> {
    let request = Request { selection: ask.selection(given), limit: 1, newest_first, after: None };
    let mut time = None;
    let found = searcher.for_each(&request, |hit| {
        time = Some(hit.time);
        ControlFlow::Break(())
    });
    found.map_err(|error| ask.refused(error))?;
    Ok(time)
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FacetParams {
    /// What the events match, in Lucene's syntax. Default: everything.
    query: Option<String>,
    #[param(value_type = Option<String>)]
    since: Option<When>,
    #[param(value_type = Option<String>)]
    until: Option<When>,
    /// The fields to count by, 20 at the most, with commas between them.
    #[param(value_type = String)]
    fields: List<String>,
    /// How many values of each field, from 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 10)]
    size: Option<usize>,
}

/// How many events there are of what.
#[derive(Serialize, ToSchema)]
pub(super) struct FacetsAnswer {
    total: u64,
    facets: Vec<Facet>,
    unreadable: Vec<UnreadableDay>,
    took_ms: u64,
}

/// How many events have each value of a field.
#[derive(Serialize, ToSchema)]
pub(super) struct Facet {
    field: String,
    /// The values that most events have.
    values: Vec<ValueCount>,
    /// How many different values there are.
    distinct: usize,
    /// How many events have none.
    missing: u64,
}

/// How many events have each value of some fields. The counts are exact.
#[utoipa::path(get, path = "/events/facets", tag = "events", params(FacetParams),
    responses((status = 200, body = FacetsAnswer)))]
pub(super) async fn facets(
    State(desk): State<Arc<Desk>>,
    Params(params): Params<FacetParams>,
) -> Result<Json<FacetsAnswer>, Problem> {
    let size = within("size", params.size, 1..=100, 10)?;
    let names = params.fields.0;
    if names.is_empty() || names.len() > MOST_FACETS {
        let detail = format!("fields: expected from 1 to {MOST_FACETS} names of fields");
        return Err(bad_parameter(detail));
    }
    let ask = Ask::new(params.query, params.since, params.until)?;
    let begun = Instant::now();
    let answer = desk.search(move |searcher, given| {
        let (counts, days) = counts_by(searcher, &ask, given, &names, size)?;
        let total = counts.first().map_or(0, |counts| counts.events);
        let facets = names.into_iter().zip(counts).map(|(field, counts)| Facet {
            field,
            values: counts.values.into_iter().map(ValueCount::from).collect(),
            distinct: counts.distinct,
            missing: counts.missing,
        });
        Ok(FacetsAnswer { total, facets: facets.collect(), unreadable: days, took_ms: 0 })
    });
    let answer = answer.await?;
    Ok(Json(FacetsAnswer { took_ms: milliseconds_since(begun), ..answer }))
}

/// Counts by several fields at once. What is wrong with a field and with the query are told apart.
pub(super) fn counts_by(
    searcher: &Searcher,
    ask: &Ask,
    given: Given,
    names: &[String],
    size: usize,
) -> Result<(Vec<ValueCounts>, Vec<UnreadableDay>), Problem> {
    for name in names {
        store::search::check_countable(name).map_err(|error| bad_field("fields", error))?;
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let counted = searcher.counts_by(&ask.selection(given), &names, size);
    let (counts, days) = counted.map_err(|error| ask.refused(error))?;
    Ok((counts, unreadable(days)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_that_people_count_in() {
        let cases = [
            (60 * SECOND, 60, SECOND),
            (HOUR, 60, MINUTE),
            (DAY, 60, 30 * MINUTE),
            (7 * DAY, 60, 3 * HOUR),
            (365 * DAY, 60, 7 * DAY),
            (0, 60, SECOND),
            (100 * 365 * DAY, 60, 609 * DAY),
        ];
        for (range, buckets, expected) in cases {
            assert_eq!(interval_for(range, buckets), expected, "{range}");
        }
    }

    #[test]
    fn empty_parts_are_there_too() {
        let counts = BTreeMap::from([(1, 5)]);
        let buckets = buckets_over(&counts, HOUR / 2, 3 * HOUR, HOUR);
        let counts: Vec<u64> = buckets.iter().map(|bucket| bucket.count).collect();
        assert_eq!(counts, [0, 5, 0]);
        assert_eq!(buckets[0].time, Timestamp(0).into());
    }
}
