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
            "é", "É", "σ", "ς", "Σ", "ß", "ı", "i", "I", "k", "\u{212a}", "10.0.0.1", "10.0.0.0/8", "::1", "::ffff:10.9.9.9",
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

fn quoted(text: impl AsRef<str>) -> String {
    serde_json::to_string(text.as_ref()).unwrap_or_default()
}

fn from(values: &[&'static str]) -> BoxedStrategy<String> {
    select(values.to_vec()).prop_map(str::to_owned).boxed()
}

fn texts(texts: &[&'static str]) -> BoxedStrategy<String> {
    select(texts.to_vec()).prop_map(quoted).boxed()
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => pattern().prop_map(|text| quoted(&text)),
        2 => from(&["5", "1.5", "0x5", "16", "-1", "2026", "53"]),
        1 => from(&["true", "false"]),
    ]
}

/// Modifiers with values that fit them.
fn modified() -> impl Strategy<Value = (String, BoxedStrategy<String>)> {
    let regexes = ["^a", "b$", "a|b", "[ab]{2}", ".", "a.b", "(ab)+", "", "^$", "É"];
    let networks = ["10.0.0.0/8", "10.0.0.1", "::1", "::/0", "10.9.9.8/31", "0.0.0.0/0"];
    let plain = ["a", "ab", "abA", "aab", "é", "a b", "10.0.0.1"];
    let numbers = ["5", "1.5", "0x5", "16", "-1", "2026", "100"];
    let names = ["a", "b", "c", "eventType", "missing"];
    let expanded = ["%one%", "%two%", "*%one%%two%", r"\%a%one%", "%one%b", "x", "%"];
    let kinds: Vec<(u32, &[&'static str], BoxedStrategy<String>)> = vec![
        (
            3,
            &["", "|neq", "|all"],
            prop_oneof![9 => scalar(), 1 => Just("null".to_owned())].boxed(),
        ),
        (
            6,
            &[
                "",
                "|contains",
                "|startswith",
                "|endswith",
                "|contains|all",
                "|cased",
                "|contains|cased",
                "|contains|neq",
                "|all|neq",
                "|endswith|cased|neq",
                "|windash|contains",
                "|windash|startswith|all",
                "|cased|all",
            ],
            scalar().boxed(),
        ),
        (1, &["|re", "|re|i", "|re|s|m", "|re|neq", "|re|all"], texts(&regexes)),
        (1, &["|cidr", "|cidr|neq", "|cidr|all"], texts(&networks)),
        (1, &["|cidr|expand", "|expand|cidr"], texts(&["%nets%", "::1"])),
        (1, &["|exists"], from(&["true", "false"])),
        (
            1,
            &[
                "|fieldref",
                "|fieldref|contains",
                "|fieldref|startswith|cased",
                "|fieldref|neq",
                "|fieldref|endswith",
                "|fieldref|cased|all",
            ],
            texts(&names),
        ),
        (1, &["|expand", "|contains|expand", "|expand|all", "|expand|cased"], texts(&expanded)),
        (1, &["|lt", "|lte", "|gt", "|gte", "|lt|neq", "|gte|all"], from(&numbers)),
        (1, &["|hour", "|hour|gte", "|hour|lt|neq"], from(&["0", "5", "16", "23"])),
        (1, &["|minute", "|day", "|month|lte"], from(&["1", "3", "5", "11"])),
        (1, &["|week", "|week|gt", "|year|gte"], from(&["1", "47", "53"])),
        (1, &["|base64", "|base64offset|contains", "|wide|base64", "|base64|neq"], texts(&plain)),
    ];
    let kinds = kinds.into_iter().map(|(weight, modifiers, values)| {
        let modifiers = select(modifiers.to_vec()).prop_map(str::to_owned);
        (weight, (modifiers, Just(values)).boxed())
    });
    proptest::strategy::Union::new_weighted(kinds.collect())
}

fn listed(value: impl Strategy<Value = String> + Clone) -> impl Strategy<Value = String> {
    prop_oneof![
        value.clone(),
        prop::collection::vec(value, 1..9).prop_map(|values| format!("[{}]", values.join(", "))),
    ]
}

fn item() -> impl Strategy<Value = String> {
    let values = modified().prop_flat_map(|(modifiers, value)| {
        // A list where one value is expected is one of the mistakes that remain.
        let values = match modifiers.as_str() {
            "|exists" => value,
            _ => listed(value).boxed(),
        };
        (Just(modifiers), values)
    });
    (field(), values).prop_map(|(field, (modifiers, values))| {
        format!("{}: {values}", quoted(format!("{field}{modifiers}")))
    })
}

fn map() -> impl Strategy<Value = String> {
    prop::collection::vec(item(), 1..3).prop_map(|items| format!("{{{}}}", items.join(", ")))
}

fn selection() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => map(),
        2 => prop::collection::vec(map(), 1..4).prop_map(|maps| format!("[{}]", maps.join(", "))),
        1 => prop::collection::vec(scalar(), 1..4).prop_map(|words| format!("[{}]", words.join(", "))),
        1 => (select(vec!["|all", "|contains", "|cased", "|startswith", "|neq"]), listed(scalar().boxed()))
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
