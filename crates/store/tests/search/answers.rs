//! The answers are those of a slow look at every record.

use std::collections::BTreeMap;
use std::time::Duration;

use ecs::{Context, Kind, Lookup, Timestamp};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use query::{Node, parse};
use store::search::{Request, SearchError, Selection};

use crate::slow;
use crate::support::{
    NOW, RECEIVED, SIMULATED, STORED, organization, paged, place, selection, slowly, with,
};

/// The numbers of the events that match, as the index and as a slow look have it.
#[track_caller]
fn check(text: &str) -> usize {
    let query = parse(text).unwrap_or_else(|error| panic!("{}", error.render(text))).root;
    let expected = slowly(&query);
    let request =
        Request { selection: selection(&query), limit: 1_000, newest_first: false, after: None };
    let hits = paged(&STORED.searcher, request);
    let found: Vec<_> = hits.iter().map(|hit| place(hit.page())).collect();
    assert_eq!(found, expected.keys().copied().collect::<Vec<_>>(), "{text}");
    let raw = hits.iter().map(|hit| hit.raw.as_str());
    assert!(raw.eq(expected.into_values()), "{text}: the events are as they were stored");
    let counts = STORED.searcher.count(&selection(&query)).unwrap();
    assert_eq!(counts.events as usize, found.len(), "{text}");
    found.len()
}

#[test]
fn every_kind_of_clause_finds_what_it_says() {
    let all = STORED.events.len();
    assert_eq!(check("*"), all);
    assert_eq!(check("user.name:*"), all - check("NOT user.name:*"));
    // Some find something for certain, others are only compared.
    let cases = [
        ("event.action:user.session.start", 1),
        ("event.action:USER.Session.Start", 1),
        ("eventType:user.session.start", 1),
        ("event.action:\"user.session.start\"", 1),
        ("event.action:user.session*", 1),
        ("event.action:*SESSION*", 1),
        ("event.action:user.?ession.start", 1),
        ("event.action:/user\\.(session|mfa)\\..*/", 1),
        ("event.action:/session/", 0),
        ("event.action:[user.a TO user.t]", 1),
        ("event.action:{user.a TO *}", 1),
        ("event.action:<USER", 1),
        ("event.action:[z TO a]", 0),
        ("event.outcome:failure", 1),
        ("okta.system.outcome.result:(FAILURE OR DENY)", 1),
        ("session", 1),
        ("\"user session start\"", 1),
        ("\"session user\"", 0),
        ("sess*", 1),
        ("*ess*", 1),
        ("/sess.{3}/", 1),
        ("odd-3", 1),
        ("zoë@example.org", 1),
        ("ΣΑΣ", 1),
        ("\"100% safe (really)\"", 1),
        ("a\\*b\\?c", 1),
        ("event.reason:a\\*b\\?c*", 1),
        ("INVALID_CREDENTIALS", 1),
        ("\"---\"", 0),
        ("source.ip:2001:db8::7", 1),
        ("source.ip:2001:db8::/32", 1),
        ("source.ip:0.0.0.0/0", 1),
        ("source.ip:::/0", 1),
        ("source.ip:[2001:db8:: TO 2001:db9::]", 1),
        ("source.ip:[9.0.0.0 TO 1.0.0.0]", 0),
        ("source.ip:*", 1),
        ("okta.system.request.ip_chain.ip:10.1.*", 1),
        ("10.1.2.3", 1),
        ("10.1.2.0/24", 1),
        ("10.1.2.*", 1),
        ("source.as.number:-5", 1),
        ("source.as.number:[-5 TO 0]", 1),
        ("source.as.number:>-5", 1),
        ("source.as.number:[5 TO -5]", 0),
        ("okta.system.security_context.is_proxy:true", 1),
        ("okta.system.security_context.is_proxy:false", 0),
        ("@timestamp:2026-09-02", 1),
        ("@timestamp:[2026-09-02T10 TO 2026-09-02T14]", 1),
        ("@timestamp:{2026-09-01 TO 2026-09-03}", 1),
        ("@timestamp:<2000", 1),
        ("@timestamp:>=9999", 0),
        ("@timestamp:[2026-09-03 TO 2026-09-02]", 0),
        ("event.ingested:*", 1),
        ("okta.system.debug_context.request_uri:/api/v1/logs", 1),
        ("debugContext.debugData.requestUri:/\\/api\\/.*/", 1),
        ("okta.system.debug_context.request_uri:*", 1),
        ("okta.system.debug_context.risk:*", 1),
        ("okta.system.debug_context.risk.level:high", 1),
        ("okta.system.debug_context.dt_hash:[a TO b]", 1),
        ("okta.system.debug_context.dt_hash:>=abc", 1),
        ("okta.system.target.type:user", 1),
        ("okta.system.target.alternate_id:(ada AND grace)", 1),
        ("tags:timestamp_invalid", 1),
        ("-event.outcome:success -event.outcome:failure", 1),
        ("NOT (event.outcome:success OR event.outcome:failure)", 1),
        ("event.action:* NOT *", 0),
    ];
    for (text, least) in cases {
        let text = text.replace("request_uri:/api/v1/logs", "request_uri:\"/api/v1/logs\"");
        let found = check(&text);
        assert!(found >= least, "{text}: found {found}");
        assert!(least > 0 || found < all, "{text}: found everything");
    }
    let by_place = parse("source.geo.location.lat:[-90 TO 90]").unwrap().root;
    let located = parse("source.geo.location:*").unwrap().root;
    let count = |query: &Node| STORED.searcher.count(&selection(query)).unwrap().events;
    assert!(count(&by_place) > 0);
    assert_eq!(count(&by_place), count(&located));
    let targeted = parse("okta.system.target:*").unwrap().root;
    assert_eq!(count(&targeted) as usize, slowly(&targeted).len());
}

#[test]
fn what_cannot_be_answered_is_refused_with_advice() {
    let cases = [
        ("user.nam:ada", "^^^^^^^^ there is no field 'user.nam': did you mean user.name?"),
        ("a source.ip:ada", "^^^^^^^^^^^^^ 'ada' is no address: write one such as 198.51.100.7"),
        ("source.ip:10.0.0.0/40", "^ '10.0.0.0/40' is no address"),
        ("source.ip:10*", "'10*' is no address"),
        ("source.as.number:many", "'many' is no whole number"),
        ("source.as.number:6*", "numbers have no wildcards: write a range"),
        ("@timestamp:yesterday", "'yesterday' is no date: expected one such as 2026-09-01"),
        ("@timestamp:2026*", "dates have no wildcards: write 2026-09 for a month"),
        ("okta.system.security_context.is_proxy:maybe", "expected true or false"),
        ("okta.system.target:ada", "okta.system.target holds objects: name one of their members"),
        ("okta.system.debug_context:ada", "has no values of its own"),
        ("source.geo.location:50", "holds coordinates"),
        ("event.action:/(/", "the regular expression cannot be used (error: unclosed group)"),
        ("event.action:/(a{1000}){1000}/", "cannot be used (it is too large)"),
    ];
    for (text, expected) in cases {
        let query = parse(text).unwrap().root;
        match STORED.searcher.count(&selection(&query)) {
            Err(SearchError::Query(error)) => {
                let rendered = error.render(text);
                assert!(rendered.contains(expected), "expected {expected} in\n{rendered}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    let all = Node::all();
    for (field, expected) in [
        ("nobody", "there is no field"),
        ("@timestamp", "is a date"),
        ("event.id", "different in every event"),
        ("okta.system.target", "count by one of their members"),
    ] {
        let error = STORED.searcher.count_by(&selection(&all), field, 5).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn a_search_ends_when_it_may_not_take_longer() {
    let query = parse("*a*a*a*a*").unwrap().root;
    let within = |limit| Selection { time_limit: Some(limit), ..selection(&query) };
    let late = STORED.searcher.count(&within(Duration::ZERO));
    assert!(matches!(late, Err(SearchError::TooCostly)), "{late:?}");
    assert!(STORED.searcher.count(&within(Duration::from_secs(300))).is_ok());
}

#[test]
fn counts_by_value_and_by_time_are_exact() {
    for text in ["*", "event.outcome:failure", "okta.system.target.type:AppInstance"] {
        let query = parse(text).unwrap().root;
        let matching = slowly(&query);
        let mut context = Context::new(organization());
        for field in [
            "event.action",
            "user.name",
            "source.geo.country_name",
            "okta.system.target.type",
            "source.ip",
            "okta.system.request.ip_chain.ip",
            "source.as.number",
            "okta.system.security_context.is_proxy",
            "eventType",
        ] {
            let (mut expected, mut missing) = (BTreeMap::<String, u64>::new(), 0);
            for event in matching.values() {
                context.reset();
                let values = with(event, &context, |record| slow::values(field, record));
                missing += u64::from(values.is_empty());
                let is_ip = Lookup::resolve(field).kind() == Kind::Ip;
                let named = values.iter().map(|one| match is_ip {
                    true => slow::address(one),
                    false => one.clone(),
                });
                named.for_each(|value| *expected.entry(value).or_default() += 1);
            }
            let mut expected: Vec<_> = expected.into_iter().collect();
            expected.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            let found = STORED.searcher.count_by(&selection(&query), field, usize::MAX).unwrap();
            assert_eq!(found.values, expected, "{text} by {field}");
            assert_eq!((found.missing, found.events as usize), (missing, matching.len()));
            let top = STORED.searcher.count_by(&selection(&query), field, 2).unwrap();
            assert_eq!(top.values, expected[..expected.len().min(2)]);
            assert_eq!(top.distinct, expected.len());
        }
        let dated = Selection { since: Some(Timestamp(1_000_000_000_000)), ..selection(&query) };
        for interval in [3_600_000, 86_400_000, 7_000_000] {
            let histogram = STORED.searcher.histogram(&dated, interval).unwrap();
            let mut expected: BTreeMap<i64, u64> = BTreeMap::new();
            for (time, _) in matching.keys().filter(|(time, _)| *time >= 1_000_000_000_000) {
                *expected.entry(time - time.rem_euclid(interval)).or_default() += 1;
            }
            let found = histogram.parts.iter().filter(|(_, count)| *count > 0);
            let found: Vec<_> = found.map(|(time, count)| (time.0, *count)).collect();
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
            for pair in histogram.parts.windows(2) {
                assert_eq!(pair[1].0.0 - pair[0].0.0, interval, "nothing is left out");
            }
        }
    }
    let all = Node::all();
    let error = STORED.searcher.histogram(&selection(&all), 1).unwrap_err();
    assert!(matches!(error, SearchError::TooManyParts));
}

#[test]
fn hits_are_as_they_were_stored() {
    let query = parse("event.id:odd-1").unwrap().root;
    let request =
        Request { selection: selection(&query), limit: 5, newest_first: true, after: None };
    let hits = paged(&STORED.searcher, request);
    assert_eq!(hits.len(), 1);
    assert_eq!(hits[0].raw, STORED.events[SIMULATED as usize]);
    assert_eq!(hits[0].arrival.ingested, Some(RECEIVED));
    assert!(!hits[0].arrival.repaired);
    assert_eq!(hits[0].origin.as_ref().unwrap().organization(), organization());
    assert_eq!((hits[0].time, hits[0].seq), (RECEIVED, SIMULATED + 1), "it has no date of its own");
}

/// A clause about a value that an event has, or nearly has.
fn clause() -> impl Strategy<Value = String> {
    const FIELDS: [&str; 22] = [
        "event.action",
        "event.reason",
        "event.category",
        "event.id",
        "user.name",
        "user.full_name",
        "source.geo.city_name",
        "source.geo.country_name",
        "source.as.organization.name",
        "user_agent.original",
        "user_agent.os.name",
        "okta.system.actor.type",
        "okta.system.target.display_name",
        "okta.system.target.type",
        "okta.system.outcome.reason",
        "okta.system.debug_context.request_uri",
        "actor.alternateId",
        "organization.name",
        "related.user",
        "source.ip",
        "source.as.number",
        "@timestamp",
    ];
    let kind = 0..8_usize;
    (select(&FIELDS[..]), any::<Index>(), any::<Index>(), kind, any::<Index>(), any::<bool>())
        .prop_map(|(field, event, other, kind, cut, is_bare)| {
            let Some(value) = value_of(&event, field) else { return format!("NOT {field}:*") };
            let other = value_of(&other, field).unwrap_or_else(|| value.clone());
            let quoted =
                |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
            let (plain, other) = (quoted(&value), quoted(&other));
            let is_keyword = !matches!(field, "source.ip" | "source.as.number" | "@timestamp");
            let characters: Vec<char> = value.chars().collect();
            let at = cut.index(characters.len());
            let escaped = |characters: &[char]| {
                let escape = |one: &char| match one.is_alphanumeric() {
                    true => one.to_string(),
                    false => format!("\\{one}"),
                };
                characters.iter().map(escape).collect::<String>()
            };
            let name = match is_bare && is_keyword && kind < 4 {
                true => String::new(),
                false => format!("{field}:"),
            };
            match (kind, is_keyword) {
                (0, _) => format!("{name}{plain}"),
                (1, true) => format!("{name}{}*", escaped(&characters[..at])),
                (2, true) => format!("{name}*{}", escaped(&characters[at..])),
                (3, true) => {
                    let (before, after) =
                        (escaped(&characters[..at]), escaped(&characters[at + 1..]));
                    format!("{name}{before}?{after}")
                }
                (4, true) => format!("{name}{}", quoted(&value.to_uppercase())),
                (4 | 5, _) => format!("{field}:[{plain} TO {other}]"),
                (6, _) => format!("{field}:>{plain}"),
                (7, _) => format!("{field}:{{* TO {other}}}"),
                _ => format!("{field}:*"),
            }
        })
}

fn value_of(event: &Index, field: &str) -> Option<String> {
    let context = Context::new(organization());
    let values = with(event.get::<String>(STORED.events.as_slice()), &context, |record| {
        slow::values(field, record)
    });
    values.into_iter().next().filter(|value| value != "never")
}

fn tree() -> impl Strategy<Value = String> {
    clause().prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} AND {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} OR {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} -({b}))")),
            inner.prop_map(|a| format!("NOT {a}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_index_answers_as_a_slow_look_does(
        text in tree(), limit in 1..70_usize, newest_first: bool,
        since in prop::option::of(any::<Index>()), until in prop::option::of(any::<Index>()),
    ) {
        let query = parse(&text).map_err(|error| TestCaseError::fail(error.render(&text)))?.root;
        let time = |index: &Index| {
            let context = Context::new(organization());
            with(index.get::<String>(STORED.events.as_slice()), &context, |record| record.time().unwrap())
        };
        let (since, until) = (since.as_ref().map(time), until.as_ref().map(time));
        let mut expected: Vec<_> = slowly(&query).into_iter().collect();
        expected.retain(|((time, _), _)| {
            since.is_none_or(|since| *time >= since.0) && until.is_none_or(|until| *time < until.0)
        });
        if newest_first {
            expected.reverse();
        }
        let selection = Selection { since, until, now: NOW, ..Selection::new(&query) };
        let counted = STORED.searcher.count(&selection).unwrap().events;
        prop_assert_eq!(counted as usize, expected.len(), "{}", text);
        let request = Request { selection, limit, newest_first, after: None };
        let hits = paged(&STORED.searcher, request);
        let found: Vec<_> = hits.iter().map(|hit| place(hit.page())).collect();
        let expected: Vec<_> = expected.into_iter().map(|(place, _)| place).collect();
        prop_assert_eq!(found, expected, "{}", text);
    }
}
