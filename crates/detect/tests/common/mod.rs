//! Events of the tests: fields and their values, without a log around them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "part of tests")]
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of this module")]

use std::ops::ControlFlow;

use detect::{Event, Options, RuleSet, Scratch};
use ecs::Lookup;
use okta::json::{Text, Value};

#[derive(Clone, Debug, PartialEq)]
pub enum Leaf {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
}

impl Leaf {
    /// How the value reads, for everything but null.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Null => None,
            Self::Bool(true) => Some("true"),
            Self::Bool(false) => Some("false"),
            Self::Number(text) | Self::Text(text) => Some(text),
        }
    }

    fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(flag) => Value::Bool(*flag),
            Self::Number(text) => Value::Number(text),
            Self::Text(text) => Value::Text(Text::plain(text)),
        }
    }
}

/// Values by dotted names.
#[derive(Clone, Debug, Default)]
pub struct Flat(pub Vec<(String, Vec<Leaf>)>);

impl Flat {
    pub fn from_json(text: &str) -> Self {
        let mut flat = Self::default();
        flat.add("", &serde_json::from_str(text).unwrap());
        flat
    }

    pub fn values(&self, name: &str) -> &[Leaf] {
        let name = if name == "eventType" { "event.action" } else { name };
        self.0.iter().find(|(known, _)| known == name).map_or(&[], |(_, values)| values)
    }

    fn add(&mut self, name: &str, value: &serde_json::Value) {
        use serde_json::Value as Json;
        let leaf = match value {
            Json::Object(members) => {
                for (key, value) in members {
                    let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                    self.add(&name, value);
                }
                return;
            }
            Json::Array(items) => return items.iter().for_each(|item| self.add(name, item)),
            Json::Null => Leaf::Null,
            Json::Bool(flag) => Leaf::Bool(*flag),
            Json::Number(number) => Leaf::Number(number.to_string()),
            Json::String(text) => Leaf::Text(text.clone()),
        };
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => values.push(leaf),
            None => self.0.push((name.to_owned(), vec![leaf])),
        }
    }
}

impl Event for Flat {
    fn visit(
        &self,
        lookup: &Lookup,
        visitor: &mut dyn FnMut(Value<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.values(lookup.name()).iter().try_for_each(|leaf| visitor(leaf.value()))
    }

    fn visit_leaves(
        &self,
        visitor: &mut dyn FnMut(Value<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let leaves = self.0.iter().flat_map(|(_, values)| values);
        leaves.filter(|leaf| **leaf != Leaf::Null).try_for_each(|leaf| visitor(leaf.value()))
    }
}

/// A rule around a detection section, which is indented as in a rule file.
pub fn rule(detection: &str) -> String {
    format!(
        "title: A rule\nlogsource: {{product: okta, service: okta}}\nlevel: low\ndetection:\n{detection}\n"
    )
}

/// Compiles the rules of a text, which has to have no errors.
pub fn compiled(text: &str, options: &Options) -> RuleSet {
    let parsed = detect::sigma::parse(text, "test.yml");
    let errors: Vec<String> = parsed
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == detect::sigma::Severity::Error)
        .map(ToString::to_string)
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{text}");
    let rules = RuleSet::compile(parsed.rules, &parsed.filters, options);
    assert!(!rules.rules().is_empty(), "{:#?}\n{text}", rules.diagnostics());
    rules
}

/// The indexes of the rules that match.
pub fn matching(rules: &RuleSet, event: &dyn Event) -> Vec<usize> {
    let mut found = Vec::new();
    rules.matches(event, &mut Scratch::default(), |rule, _| found.push(rule.index()));
    found
}
