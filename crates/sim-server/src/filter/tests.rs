use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::matches::has_keywords;
use super::*;

fn event() -> Value {
    json!({
        "eventType": "user.session.start",
        "published": "2026-09-01T10:00:00.000Z",
        "actor": {"alternateId": "ada@example.com", "displayName": "Ada \"the\" L", "detailEntry": null},
        "target": [
            {"id": "00u1", "type": "User"},
            {"id": "0oa2", "type": "AppInstance", "detailEntry": {"signOnModeType": "SAML"}},
        ],
        "debugContext": {"debugData": {"requestUri": "/api/v1/authn", "count": 3, "risky": true}},
        "request": {"ipChain": []},
        "outcome": {"reason": ""},
    })
}

#[test]
fn filters_match_as_documented() {
    let event = event();
    let cases = [
        (r#"eventType eq "user.session.start""#, true),
        (r#"EVENTTYPE EQ "user.session.start""#, true),
        (r#"eventType eq "User.session.start""#, false),
        (r#"eventType ne "user.session.end""#, true),
        (r#"nothing ne "x""#, true),
        (r#"nothing eq null"#, true),
        (r#"actor.detailEntry eq null and actor.id eq null"#, true),
        (r#"actor.alternateId ne null"#, true),
        (r#"eventType sw "user." and eventType ew "start" and eventType co "session""#, true),
        (r#"target.id eq "0oa2""#, true),
        (r#"target.id eq "00u1" and target.id eq "0oa2""#, true),
        (r#"target.id ne "0oa2""#, false),
        (r#"target.detailEntry.signOnModeType eq "SAML""#, true),
        (r#"debugContext.debugData.requestUri sw "/api""#, true),
        (r#"debugContext.debugData.count ge 3 and debugContext.debugData.count lt 3.5"#, true),
        (r#"debugContext.debugData.count eq "3""#, false),
        (r#"debugContext.debugData.risky eq true"#, true),
        (
            r#"published gt "2026-09-01T11:59:00+02:00" and published le "2026-09-01T10:00:00Z""#,
            true,
        ),
        (r#"published eq "2026-09-01T10:00:00Z""#, true),
        (r#"actor.displayName eq "Ada \"the\" L""#, true),
        (r#"actor.displayName co "the\\""#, false),
        ("actor pr and target pr and not (actor.detailEntry pr)", true),
        ("request.ipChain pr or outcome.reason pr", false),
        (r#"not (eventType eq "x") and (nothing pr or actor.alternateId pr)"#, true),
        (r#"nothing pr or actor pr and nothing pr"#, false),
        (r#"(actor pr or actor pr) and nothing pr"#, false),
    ];
    for (text, expected) in cases {
        let filter: Filter = text.parse().unwrap();
        assert_eq!(filter.matches(&event), expected, "{text}");
    }
    assert!("not pr".parse::<Filter>().unwrap().matches(&json!({"not": 1})));
}

#[test]
fn what_is_no_filter_says_where() {
    let cases = [
        ("", 0),
        ("   ", 3),
        ("eventType", 9),
        ("eventType is \"x\"", 10),
        ("eventType eq", 12),
        ("eventType eq x", 13),
        ("eventType eq \"x", 13),
        (r#"eventType eq "\x""#, 13),
        ("(eventType pr", 13),
        ("eventType pr)", 12),
        ("eventType pr and", 16),
        ("eventType pr eventType pr", 13),
        ("actor..id pr", 0),
        ("risky gt true", 8),
        ("count co 3", 8),
    ];
    for (text, at) in cases {
        assert_eq!(text.parse::<Filter>().unwrap_err().at, at, "{text}");
    }
    assert!(format!("{}a pr{}", "(".repeat(30), ")".repeat(30)).parse::<Filter>().is_ok());
    assert!("(".repeat(100_000).parse::<Filter>().is_err());
    assert!(format!("a pr{}", " and a pr".repeat(100_000)).parse::<Filter>().is_ok());
}

#[test]
fn keywords_are_looked_for_in_all_texts() {
    let cases = [("ADA", true), ("ada authn", true), ("ada nobody", false), ("alternateId", false)];
    for (q, expected) in cases {
        assert_eq!(has_keywords(&event(), q), expected, "{q}");
    }
}

/// Every value with its path, arrays left out of the path: another way to look at an event.
fn leaves(path: &str, value: &Value, out: &mut Vec<(String, Value)>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| leaves(path, item, out)),
        _ => out.push((path.to_owned(), value.clone())),
    }
    if let Value::Object(members) = value {
        for (key, member) in members {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            leaves(&path, member, out);
        }
    }
}

/// The slow way: every leaf is looked at for every comparison.
fn slowly(filter: &Filter, leaves: &[(String, Value)]) -> bool {
    let at = |path: &Path| -> Vec<&Value> {
        let path = path.to_string().to_lowercase();
        let found = leaves.iter().filter(|(other, _)| other.to_lowercase() == path);
        found.map(|(_, value)| value).collect()
    };
    match filter {
        Filter::And(parts) => !parts.iter().any(|part| !slowly(part, leaves)),
        Filter::Or(parts) => !parts.iter().all(|part| !slowly(part, leaves)),
        Filter::Not(inner) => !slowly(inner, leaves),
        Filter::Present(path) => {
            let empty = [json!(null), json!(""), json!({})];
            at(path).into_iter().any(|value| !empty.contains(value))
        }
        Filter::Compare(path, operator, literal) => {
            let values = at(path);
            let count = |test: &dyn Fn(&Value) -> bool| values.iter().filter(|it| test(it)).count();
            let equal = match literal {
                Literal::Null => usize::from(count(&|value| !value.is_null()) == 0),
                Literal::Text(text) => count(&|value| *value == json!(text)),
                Literal::Number(number) => count(&|value| value.as_f64() == Some(*number)),
                Literal::Flag(flag) => count(&|value| *value == json!(flag)),
            };
            let ordered = |below: bool, or_equal: bool| match literal {
                Literal::Text(text) => count(&|value| {
                    let Value::String(value) = value else { return false };
                    (or_equal && value == text) || (value != text && (value < text) == below)
                }),
                Literal::Number(number) => count(&|value| {
                    let Some(value) = value.as_f64() else { return false };
                    (or_equal && value == *number)
                        || (value != *number && (value < *number) == below)
                }),
                _ => 0,
            };
            let part = |test: fn(&str, &str) -> bool| {
                let Literal::Text(text) = literal else { return 0 };
                count(&|value| value.as_str().is_some_and(|value| test(value, text)))
            };
            match operator {
                Operator::Eq => equal > 0,
                Operator::Ne => equal == 0,
                Operator::Gt => ordered(false, false) > 0,
                Operator::Ge => ordered(false, true) > 0,
                Operator::Lt => ordered(true, false) > 0,
                Operator::Le => ordered(true, true) > 0,
                Operator::Co => part(|value, text| value.split(text).count() > 1) > 0,
                Operator::Sw => part(|value, text| value.strip_prefix(text).is_some()) > 0,
                Operator::Ew => part(|value, text| value.strip_suffix(text).is_some()) > 0,
            }
        }
    }
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "C", "dÉ"]).prop_map(str::to_owned)
}

fn text() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["x", "xy", "y\"\\z", "X", " ) ", "é"]).prop_map(str::to_owned)
}

fn events() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        Just(json!("")),
        any::<bool>().prop_map(|it| json!(it)),
        (-2..3_i32).prop_map(|it| json!(it)),
        text().prop_map(|it| json!(it)),
    ];
    let value = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((name(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    });
    prop::collection::vec((name(), value), 0..4)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

fn paths() -> impl Strategy<Value = Path> {
    prop::collection::vec(name(), 1..4).prop_map(Path)
}

fn filters() -> impl Strategy<Value = Filter> {
    let literal = prop_oneof![
        text().prop_map(Literal::Text),
        (-2..3_i32).prop_map(|it| Literal::Number(it.into())),
        any::<bool>().prop_map(Literal::Flag),
        Just(Literal::Null),
    ];
    let operator = prop::sample::select(Operator::ALL.to_vec());
    let compare = (paths(), operator, literal)
        .prop_filter("has no order", |(_, operator, literal)| operator.takes(literal))
        .prop_map(|(path, operator, literal)| Filter::Compare(path, operator, literal));
    let leaf = prop_oneof![compare, paths().prop_map(Filter::Present)];
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::Or),
            inner.prop_map(|inner| Filter::Not(Box::new(inner))),
        ]
    })
}

proptest! {
    #[test]
    fn filters_read_back_as_they_were_written(filter in filters()) {
        prop_assert_eq!(filter.to_string().parse::<Filter>(), Ok(filter));
    }

    #[test]
    fn filters_match_what_the_slow_way_matches(filter in filters(), event in events()) {
        let mut all = Vec::new();
        leaves("", &event, &mut all);
        prop_assert_eq!(filter.matches(&event), slowly(&filter, &all), "{}", filter);
    }

    #[test]
    fn any_text_is_read_or_refused(text in r#"[a-c. ()"\\0-9eqornatpé]{0,60}"#) {
        if let Ok(filter) = text.parse::<Filter>() {
            prop_assert_eq!(filter.to_string().parse::<Filter>(), Ok(filter));
        }
    }
}
