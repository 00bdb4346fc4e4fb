//! When values were seen, what numbers come to, several fields at once, and when it ends early.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use ecs::{Context, Kind, Lookup};
use query::{Node, parse};
use store::search::{SearchError, Selection};

use crate::slow;
use crate::support::{STORED, organization, selection, slowly, with};

const QUERIES: [&str; 3] = ["*", "event.outcome:failure", "okta.system.target.type:AppInstance"];

/// The values of a field in each event that matches, with its time.
fn values(query: &Node, field: &str) -> Vec<(i64, Vec<String>)> {
    let mut context = Context::new(organization());
    let is_ip = Lookup::resolve(field).kind() == Kind::Ip;
    let of_event = |(place, text): (&(i64, u64), &&str)| {
        context.reset();
        let values = with(text, &context, |record| slow::values(field, record));
        let named = values.iter().map(|one| match is_ip {
            true => slow::address(one),
            false => one.clone(),
        });
        (place.0, named.collect())
    };
    slowly(query).iter().map(of_event).collect()
}

#[test]
fn values_are_seen_first_and_last() {
    let fields = ["user.name", "source.ip", "okta.system.target.type", "source.as.number"];
    for text in QUERIES {
        let query = parse(text).unwrap().root;
        let found = STORED.searcher.sightings(&selection(&query), &fields, usize::MAX).unwrap();
        assert_eq!(found.1, []);
        for (field, sightings) in fields.iter().zip(found.0) {
            let mut expected: BTreeMap<String, (u64, i64, i64)> = BTreeMap::new();
            for (time, values) in values(&query, field) {
                for value in values {
                    let seen = expected.entry(value).or_insert((0, time, time));
                    *seen = (seen.0 + 1, seen.1.min(time), seen.2.max(time));
                }
            }
            if Lookup::resolve(field).kind() == Kind::Long {
                assert_eq!(sightings, [], "of keywords and addresses only");
                continue;
            }
            let found: BTreeMap<String, (u64, i64, i64)> = sightings
                .into_iter()
                .map(|one| (one.value, (one.count, one.first.0, one.last.0)))
                .collect();
            assert_eq!(found, expected, "{text} {field}");
        }
    }
}

#[test]
fn numbers_and_dates_are_measured() {
    for text in QUERIES {
        let query = parse(text).unwrap().root;
        let numbers: Vec<f64> = values(&query, "source.as.number")
            .into_iter()
            .flat_map(|(_, values)| values)
            .map(|value| value.parse().unwrap())
            .collect();
        let stats = STORED.searcher.stats(&selection(&query), "source.as.number").unwrap().values;
        assert_eq!(stats.count as usize, numbers.len());
        assert_eq!(stats.min, numbers.iter().copied().reduce(f64::min), "{text}");
        assert_eq!(stats.max, numbers.iter().copied().reduce(f64::max));
        assert_eq!(stats.sum, numbers.iter().sum::<f64>());
        let times: Vec<f64> = slowly(&query).keys().map(|(time, _)| *time as f64).collect();
        let stats = STORED.searcher.stats(&selection(&query), "@timestamp").unwrap().values;
        assert_eq!(stats.count as usize, times.len());
        assert_eq!(stats.min, times.iter().copied().reduce(f64::min));
    }
    let none = parse("user.name:nobody").unwrap().root;
    let stats = STORED.searcher.stats(&selection(&none), "source.as.number").unwrap().values;
    assert_eq!((stats.count, stats.min, stats.max), (0, None, None));
    let error = STORED.searcher.stats(&selection(&none), "user.name").unwrap_err();
    assert!(error.to_string().contains("no numbers"), "{error}");
}

#[test]
fn fields_are_counted_together_as_one_by_one() {
    let fields = ["event.action", "source.ip", "okta.system.security_context.is_proxy"];
    let query = parse("event.outcome:(success OR failure)").unwrap().root;
    let (together, _) = STORED.searcher.counts_by(&selection(&query), &fields, 7).unwrap();
    for (field, together) in fields.iter().zip(together) {
        let alone = STORED.searcher.count_by(&selection(&query), field, 7).unwrap();
        assert_eq!(together.values, alone.values, "{field}");
        assert_eq!((together.distinct, together.missing), (alone.distinct, alone.missing));
        assert_eq!(together.events, alone.events);
    }
}

#[test]
fn a_search_ends_when_there_is_too_much_or_nobody_waits() {
    let all = Node::all();
    for field in ["user.name", "source.ip", "source.as.number"] {
        let distinct = STORED.searcher.count_by(&selection(&all), field, 1).unwrap().distinct;
        let most = |most_values| Selection { most_values, ..selection(&all) };
        assert!(STORED.searcher.count_by(&most(distinct), field, 1).is_ok(), "{field}");
        let error = STORED.searcher.count_by(&most(distinct - 1), field, 1).unwrap_err();
        assert!(matches!(error, SearchError::TooManyValues(_)), "{field}: {error}");
    }
    let few = Selection { most_values: 2, ..selection(&all) };
    let error = STORED.searcher.sightings(&few, &["user.name"], 1).unwrap_err();
    assert!(matches!(error, SearchError::TooManyValues(2)), "{error}");
    let given_up = Some(Arc::new(AtomicBool::new(true)));
    let alone = Selection { given_up, ..selection(&all) };
    assert!(matches!(STORED.searcher.count(&alone), Err(SearchError::TooCostly)));
}
