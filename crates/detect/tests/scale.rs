//! Long lists and many rules.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod common;

use common::{Flat, compiled, matching, rule};
use detect::{Options, RuleSet};

#[test]
fn a_million_values_work() {
    const COUNT: u32 = 1_000_000;
    let mut options = Options::default();
    options.placeholders.insert_literal("domain", (0..COUNT).map(|n| format!("host{n}.test")));
    options.placeholders.insert_literal(
        "ip",
        (0..COUNT).map(|n| std::net::Ipv4Addr::from(0x0A00_0000 + 2 * n).to_string()),
    );
    let text = rule(
        "    equal: {a|expand: '%domain%'}\n    below: {b|endswith|expand: '.%domain%'}\n    \
         ip: {c|cidr|expand: '%ip%'}\n    condition: 1 of them",
    );
    let rules = compiled(&text, &options);
    assert_eq!(rules.diagnostics(), []);
    let cases = [
        (r#"{"a": "HOST999999.test"}"#, true),
        (r#"{"a": "host1000000.test"}"#, false),
        (r#"{"b": "www.host0.test"}"#, true),
        (r#"{"b": "wwwhost0.test"}"#, false),
        (r#"{"c": "10.0.0.2"}"#, true),
        (r#"{"c": "10.0.0.3"}"#, false),
    ];
    for (event, expected) in cases {
        assert_eq!(!matching(&rules, &Flat::from_json(event)).is_empty(), expected, "{event}");
    }
}

fn many(count: usize) -> RuleSet {
    let mut text = String::new();
    for n in 0..count {
        let selection = match n % 3 {
            0 => format!("{{event.action: [type.{n}, other.{n}]}}"),
            1 => format!("{{a|contains: ['needle-{n}-', 'x*pin-{n}-']}}"),
            _ => format!("{{b: Value{n}, eventType|startswith: type}}"),
        };
        text += &format!(
            "title: T\nlogsource: {{product: okta}}\ndetection: {{s: {selection}, condition: s}}\n---\n"
        );
    }
    compiled(&text, &Options::default())
}

#[test]
fn every_rule_of_many_is_found() {
    let rules = many(3000);
    let event = |a: &str, b: &str, action: &str| {
        Flat::from_json(&format!(
            r#"{{"a": "{a}", "b": "{b}", "event": {{"action": "{action}"}}}}"#
        ))
    };
    let cases = [
        (event("", "", "TYPE.2997"), vec![2997]),
        (event("a Needle-1- b xPIN-2998-", "", ""), vec![1, 2998]),
        (event("", "value2999", "type.0"), vec![0, 2999]),
        (event("", "value2999", "other.0"), vec![0]),
        (event("needle", "value", "type"), vec![]),
    ];
    for (event, expected) in cases {
        assert_eq!(matching(&rules, &event), expected, "{event:?}");
    }
}
