//! What holds for every event, whatever stands in it.
//!
//! The events have Okta's members at the places where they belong and at others, with values of
//! the kinds they should have and of others; written as text, so that there is also what no JSON
//! library would write: members that come twice, and halves of surrogate pairs.

#![allow(clippy::unwrap_used, clippy::panic)]

mod lookups;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use ecs::{Arrival, Context, FIELDS, Kind, Lookup, Organization, Record, Timestamp};
use lookups::{at, found};
use okta::{LogEvent, Path};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use serde_json::Value;

/// The documented members, as a tree.
#[derive(Clone, Default)]
struct Members(BTreeMap<String, Members>);

impl Members {
    fn documented() -> Self {
        let mut root = Self::default();
        for path in Path::all() {
            let mut node = &mut root;
            for part in path.split('.') {
                node = node.0.entry(part.to_owned()).or_default();
            }
        }
        root
    }
}

/// A value that has nothing below it.
fn leaf() -> impl Strategy<Value = String> {
    let usual = [
        "User",
        "AppUser",
        "UserGroup",
        "unknown",
        "UNKNOWN",
        "SUCCESS",
        "DENY",
        "198.51.100.7",
        "2001:db8::1",
        "ada@example.org",
        "ada@example.org\\\\",
        "\\\\",
        "www.example.co.uk",
        ".",
        "CHROME",
        "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/109.0",
        "true",
        "FALSE",
        "3741",
        "1e3",
        "48.5",
        "-181",
        "{level=LOW}",
        "{reasons=New IP, New Device, level=HIGH}",
        "{\\\"risk\\\":{\\\"level\\\":\\\"LOW\\\",\\\"x\\\":null}}",
        "{cut off",
        "2026-09-01T08:00:00.000Z",
        "2026-09-31T08:00:00.000Z",
        "user.session.start",
        "system.api_token.create",
        "",
        "\\ud800",
        "a\\udc00\\u00e9",
        "\\ud83e\\udd80",
        "\\u0000\\n\\\"",
    ];
    let numbers = [
        "0",
        "-1",
        "7",
        "3741.0",
        "9007199254740993",
        "1e300",
        "-0.5",
        "123456789012345678901234567890",
    ];
    prop_oneof![
        6 => select(usual.to_vec()).prop_map(|text| format!("\"{text}\"")),
        2 => "[ -!#-\\[\\]-~é🦀]{0,12}".prop_map(|text| format!("\"{text}\"")),
        2 => select(numbers.to_vec()).prop_map(str::to_owned),
        1 => select(vec!["null", "true", "false", "{}", "[]", "[null]", "{\"a\":null}"]).prop_map(str::to_owned),
    ]
}

fn object(members: impl Strategy<Value = Vec<(String, String)>>) -> impl Strategy<Value = String> {
    members.prop_map(|members| {
        let members = members.iter().map(|(name, value)| format!("\"{name}\":{value}"));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    })
}

fn array(items: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    vec(items, 0..4).prop_map(|items| format!("[{}]", items.join(",")))
}

/// Names of Okta's from anywhere, and some of nobody's.
fn any_name() -> BoxedStrategy<String> {
    let parts = |path: String| path.split('.').map(str::to_owned).collect::<Vec<_>>();
    let known: BTreeSet<String> = Path::all().into_iter().flat_map(parts).collect();
    let other = [
        "risk",
        "behaviors",
        "logOnlySecurityData",
        "requestUri",
        "request_uri",
        "dtHash",
        "DtHash",
        "New Device",
        "\\ud800",
        "a",
    ];
    prop_oneof![
        3 => select(known.into_iter().collect::<Vec<_>>()),
        2 => select(other.to_vec()).prop_map(str::to_owned),
        1 => "[a-zA-Z_ -]{1,8}",
    ]
    .boxed()
}

/// Anything, with names of Okta's in it.
fn anything() -> BoxedStrategy<String> {
    leaf()
        .prop_recursive(4, 24, 6, |inner| {
            prop_oneof![array(inner.clone()), object(vec((any_name(), inner), 0..6)),]
        })
        .boxed()
}

/// A value for a documented member: mostly one that fits, else anything.
fn member(members: &Members, anything: &BoxedStrategy<String>) -> BoxedStrategy<String> {
    if members.0.is_empty() {
        return prop_oneof![5 => leaf(), 1 => anything.clone()].boxed();
    }
    let inside: Vec<(u32, BoxedStrategy<(String, String)>)> = members
        .0
        .iter()
        .map(|(name, below)| {
            let name = name.clone();
            let named = member(below, anything).prop_map(move |value| (name.clone(), value));
            (3, named.boxed())
        })
        .chain([(2, (any_name(), anything.clone()).boxed())])
        .collect();
    let object = object(vec(Union::new_weighted(inside), 0..8)).boxed();
    prop_oneof![
        6 => object.clone(),
        2 => array(prop_oneof![4 => object, 1 => anything.clone()]),
        1 => anything.clone(),
    ]
    .boxed()
}

fn event() -> BoxedStrategy<String> {
    let anything = anything();
    let documented = Members::documented();
    let members: Vec<BoxedStrategy<(String, String)>> = documented
        .0
        .iter()
        .map(|(name, below)| {
            let name = name.clone();
            member(below, &anything).prop_map(move |value| (name.clone(), value)).boxed()
        })
        .collect();
    let identity = "\"uuid\":\"1\",\"eventType\":\"user.session.start\"";
    let members = vec(Union::new(members), 0..14);
    (any::<bool>(), object(members))
        .prop_map(move |(is_event, members)| match (is_event, members.strip_suffix('}')) {
            (true, Some("{")) => format!("{{{identity}}}"),
            (true, Some(open)) => format!("{open},{identity}}}"),
            _ => members,
        })
        .boxed()
}

fn nothing_is_empty(value: &Value) -> Result<(), TestCaseError> {
    match value {
        Value::Null => prop_assert!(false, "null"),
        Value::String(text) => prop_assert!(!text.is_empty(), "an empty text"),
        Value::Array(items) => {
            prop_assert!(!items.is_empty(), "an empty array");
            items.iter().try_for_each(nothing_is_empty)?;
        }
        Value::Object(members) => {
            prop_assert!(!members.is_empty(), "an empty object");
            members.values().try_for_each(nothing_is_empty)?;
        }
        Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

/// The dotted names of everything in `value` that is not an object, through arrays of objects.
/// What is in arrays of arrays has no name, nor has what has a dot in its own.
fn leaves(value: &Value, name: &str, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            let plain = |key: &&String| !key.is_empty() && !key.contains('.');
            for (key, member) in members.iter().filter(|(key, _)| plain(key)) {
                leaves(member, &format!("{name}.{key}"), names);
            }
        }
        Value::Array(items) => items.iter().filter(|item| !item.is_array()).for_each(|item| {
            leaves(item, name, names);
        }),
        _ => _ = names.insert(name.to_owned()),
    }
}

/// The record of an event, as it is written and as it is read back.
fn written(event: &str) -> Option<(Vec<u8>, Value)> {
    let event = LogEvent::parse(event).ok()?;
    let context = Context::new(Organization { id: Some("00o1".to_owned()), name: None });
    let arrival = Arrival { ingested: Some(Timestamp(0)), repaired: false };
    let record = Record::new(&event, &context, arrival);
    let mut json = Vec::new();
    record.write_json(&mut json);
    let value = serde_json::from_slice(&json)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&json)));
    Some((json, value))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_event_is_a_tidy_record(event in event()) {
        okta::json::validate(&event).unwrap();
        let Some((json, record)) = written(&event) else {
            prop_assert!(LogEvent::parse(&event).is_err());
            return Ok(());
        };
        nothing_is_empty(&record)?;
        prop_assert_eq!(&written(&event).unwrap().0, &json, "the same bytes every time");
        // Two members of one name would be one to a library that reads it.
        let again = serde_json::to_vec(&record).unwrap();
        let members = |json: &[u8]| json.iter().filter(|byte| **byte == b':').count();
        prop_assert_eq!(members(&again), members(&json), "no member comes twice");
    }

    #[test]
    fn lookups_find_what_stands_in_the_record(event in event()) {
        let Some((_, json)) = written(&event) else { return Ok(()) };
        let parsed = LogEvent::parse(&event).unwrap();
        let context = Context::new(Organization { id: Some("00o1".to_owned()), name: None });
        let arrival = Arrival { ingested: Some(Timestamp(0)), repaired: false };
        let record = Record::new(&parsed, &context, arrival);
        for field in FIELDS.iter().filter(|field| field.kind != Kind::Object) {
            prop_assert_eq!(found(&record, field.name), at(&json, field.name), "{}", field.name);
        }
        for field in FIELDS.iter().filter(|field| field.kind == Kind::Object) {
            let mut names = BTreeSet::new();
            for value in at(&json, field.name) {
                prop_assert!(value.is_object(), "{} is {}", field.name, value);
                leaves(&value, field.name, &mut names);
            }
            for name in names {
                // Beside them there may be objects, whose members have Okta's names in one and
                // ECS's in the other; they have been compared by what is below.
                let plain = |values: Vec<Value>| -> Vec<Value> {
                    values.into_iter().filter(|value| !value.is_object()).collect()
                };
                prop_assert_eq!(plain(found(&record, &name)), plain(at(&json, &name)), "{}", name);
            }
        }
        for path in Path::all() {
            let mut missing = 0;
            let _ = record.visit(&Lookup::resolve(&path), &mut |value| {
                missing += usize::from(matches!(value, okta::json::Value::Missing));
                ControlFlow::Continue(())
            });
            prop_assert_eq!(missing, 0, "{}", path);
        }
    }

    #[test]
    fn whatever_the_text_is_there_is_an_answer(text in "\\PC{0,60}", json in anything()) {
        for text in [text, json] {
            if let Ok(event) = LogEvent::parse(&text) {
                prop_assert_eq!(event.raw(), text.as_str());
            }
        }
    }
}
