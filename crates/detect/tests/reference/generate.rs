//! Rules and events from few letters, so that they often meet.

use proptest::prelude::*;
use proptest::sample::select;

use crate::common::{Flat, Leaf};

fn field() -> impl Strategy<Value = &'static str> {
    select(vec!["a", "b", "c", "event.action", "eventType"])
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[abAB]{0,3}",
        1 => select(vec![
            "é", "É", "σ", "ς", "Σ", "ß", "ı", "10.0.0.1", "10.0.0.0/8", "::1", "::ffff:10.9.9.9",
            "2026-11-22T16:05:00Z", "2021-01-03", "true", "5", "1.5", "YWI=", "a b", "-a", "/a",
            "—a", "a\nb", "\\", "a\\b", "null",
        ]).prop_map(str::to_owned),
    ]
}

fn pattern() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => word(),
        3 => r"[abAB*?\\]{0,5}",
        1 => select(vec!["%one%", "%two%x", "*%one%%two%", r"\%a%one%", "%nets%", "%", "%a b%"])
            .prop_map(str::to_owned),
        1 => select(vec!["^a", "b$", "a|b", "[ab]{2}", ".", "a.b", "(ab)+"]).prop_map(str::to_owned),
    ]
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => pattern().prop_map(|text| quoted(&text)),
        2 => select(vec!["5", "1.5", "0x5", "16", "-1", "2026", "53"]).prop_map(str::to_owned),
        1 => select(vec!["true", "false"]).prop_map(str::to_owned),
        1 => Just("null".to_owned()),
    ]
}

fn modifiers() -> impl Strategy<Value = String> {
    let common = select(vec![
        "",
        "|contains",
        "|startswith",
        "|endswith",
        "|contains|all",
        "|cased",
        "|contains|cased",
        "|neq",
        "|contains|neq",
        "|all",
        "|re",
        "|re|i",
        "|re|s|m",
        "|re|neq",
        "|cidr",
        "|cidr|neq",
        "|exists",
        "|fieldref",
        "|fieldref|contains",
        "|fieldref|startswith|cased",
        "|fieldref|neq",
        "|expand",
        "|contains|expand",
        "|cidr|expand",
        "|lt",
        "|lte",
        "|gt",
        "|gte",
        "|lt|neq",
        "|hour",
        "|hour|gte",
        "|minute",
        "|week",
        "|year|lt",
        "|base64",
        "|base64offset|contains",
        "|wide|base64",
        "|windash|contains",
        "|windash|startswith|all",
        "|endswith|cased|neq",
        "|all|neq",
        "|expand|all",
    ]);
    common.prop_map(str::to_owned)
}

fn values() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => value(),
        3 => prop::collection::vec(value(), 1..9).prop_map(|values| format!("[{}]", values.join(", "))),
    ]
}

fn item() -> impl Strategy<Value = String> {
    (field(), modifiers(), values()).prop_map(|(field, modifiers, values)| {
        format!("{}: {values}", quoted(&format!("{field}{modifiers}")))
    })
}

fn map() -> impl Strategy<Value = String> {
    prop::collection::vec(item(), 1..3).prop_map(|items| format!("{{{}}}", items.join(", ")))
}

fn selection() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => map(),
        2 => prop::collection::vec(map(), 1..4).prop_map(|maps| format!("[{}]", maps.join(", "))),
        1 => prop::collection::vec(value(), 1..4).prop_map(|words| format!("[{}]", words.join(", "))),
        1 => (select(vec!["|all", "|contains", "|re", "|cased", "|startswith", "|neq"]), values())
            .prop_map(|(modifiers, values)| format!("{{{}: {values}}}", quoted(modifiers))),
        1 => (map(), pattern()).prop_map(|(map, word)| format!("[{map}, {}]", quoted(&word))),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    let leaf = select(vec![
        "s1",
        "s2",
        "s3",
        "_s4",
        "1 of them",
        "all of them",
        "1 of s*",
        "2 of s*",
        "all of _*",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| format!("not {inner}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} and {b})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a} or {b})")),
        ]
    })
}

/// A rule with four selections; not all are valid.
pub fn rule() -> impl Strategy<Value = String> {
    let conditions = prop_oneof![
        4 => condition(),
        1 => (condition(), condition()).prop_map(|(a, b)| format!("[{a}, {b}]")),
    ];
    let selections = (selection(), selection(), selection(), selection());
    (selections, conditions, any::<u32>()).prop_map(|((s1, s2, s3, s4), condition, number)| {
        format!(
            "title: Rule {number}\nlogsource: {{product: okta}}\ndetection:\n  s1: {s1}\n  \
             s2: {s2}\n  s3: {s3}\n  _s4: {s4}\n  condition: {condition}\n"
        )
    })
}

fn leaf() -> impl Strategy<Value = Leaf> {
    prop_oneof![
        8 => word().prop_map(Leaf::Text),
        2 => select(vec!["5", "5.0", "1.5", "-1", "1e2", "16", "2026"])
            .prop_map(|number| Leaf::Number(number.to_owned())),
        1 => any::<bool>().prop_map(Leaf::Bool),
        1 => Just(Leaf::Null),
    ]
}

/// An event with some of the fields that rules ask for.
pub fn event() -> impl Strategy<Value = Flat> {
    let values = || prop::collection::vec(leaf(), 0..3);
    (values(), values(), values(), values()).prop_map(|(a, b, c, action)| {
        let named = [("a", a), ("b", b), ("c", c), ("event.action", action)];
        let present = named.into_iter().filter(|(_, values)| !values.is_empty());
        Flat(present.map(|(name, values)| (name.to_owned(), values)).collect())
    })
}

/// Bits of YAML and Sigma.
pub fn scrap() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec![
            "---\n",
            "- ",
            ": ",
            "[",
            "]",
            "{",
            "}",
            "'",
            "\"",
            "&x ",
            "*x",
            "!!str ",
            "|",
            ">",
            "|\n",
            "# ",
            "\n",
            "\t",
            "%",
            "? ",
            "\\",
            "title:",
            "detection:",
            "condition:",
            "filter:",
            "action: ",
            "global\n",
            "repeat\n",
            "|re: ",
            "|cidr: ",
            "(",
            ")",
            " and ",
            " of ",
            "\u{0}",
            "\u{feff}",
            "...\n",
            "<<: ",
            "~",
            "  ",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ]
}

/// Texts with something of YAML in them, and texts with nothing.
pub fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        prop::collection::vec(scrap(), 0..40).prop_map(|scraps| scraps.concat()),
    ]
}
