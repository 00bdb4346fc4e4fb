//! The file of a rule's tests: cases with sparse events, made into whole LogEvents.

use std::collections::HashSet;
use std::sync::Arc;

use crate::sigma::diagnostic::{Report, nearest};
use crate::sigma::yaml::{self, Budget, Content, Node};
use crate::sigma::{Diagnostic, Position, Quantity, Value};

/// The tests of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleTests {
    /// The file's name, as it was given to the parser.
    pub file: Arc<str>,
    /// What placeholders stand for: names and values.
    pub placeholders: Vec<(String, Vec<String>)>,
    /// Events that the rule has to match.
    pub matches: Vec<Case>,
    /// Events that it must not match.
    pub near_misses: Vec<Case>,
}

/// One event, and what is expected of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// What the event is, in a few words.
    pub name: String,
    /// Where the case stands.
    pub at: Position,
    /// The LogEvent as JSON.
    pub event: String,
    /// The title that the alert has to have.
    pub title: Option<String>,
}

/// What a case's event gets when it does not say otherwise.
const PUBLISHED: &str = "2026-01-01T00:00:00.000Z";

const KEYS: [&str; 3] = ["placeholders", "matches", "near_misses"];
const CASE_KEYS: [&str; 3] = ["name", "event", "title"];

impl RuleTests {
    /// Reads the text of a file of tests. `file` is its name, for messages. A case that cannot
    /// be used is reported as an error, and left out.
    #[must_use]
    pub fn parse(text: &str, file: &str) -> (Self, Vec<Diagnostic>) {
        let mut report = Report::new(Arc::from(file));
        let mut tests = Self { file: Arc::from(file), ..Self::default() };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        match yaml::parse(text, 1, &mut Budget::new()) {
            Ok(documents) => match documents.as_slice() {
                [document] => tests.read(document, &mut report),
                [] => report.error(
                    "tests",
                    Position { line: 1, column: 1 },
                    "there are no tests",
                    None,
                ),
                [_, second, ..] => {
                    let hint = "keep one document with matches and near_misses".to_owned();
                    report.error("tests", second.at, "more than one document", hint);
                }
            },
            Err(error) => report.error(error.code, error.at, error.message, None),
        }
        (tests, report.diagnostics)
    }

    /// All cases, and whether each has to match.
    pub fn cases(&self) -> impl Iterator<Item = (&Case, bool)> {
        let matches = self.matches.iter().map(|case| (case, true));
        matches.chain(self.near_misses.iter().map(|case| (case, false)))
    }

    fn read(&mut self, document: &Node, report: &mut Report) {
        let Content::Map(entries) = &document.content else {
            let message = format!("expected matches and near_misses, found {}", document.kind());
            report.error("tests", document.at, message, None);
            return;
        };
        let mut names = HashSet::new();
        for (key, node) in entries {
            match key.text.as_str() {
                "placeholders" => self.placeholders = placeholders(node, report),
                "matches" => self.matches = cases(node, 0, &mut names, report),
                "near_misses" => self.near_misses = cases(node, 1000, &mut names, report),
                other => {
                    let hint = nearest(other, KEYS).map(|meant| format!("did you mean '{meant}'?"));
                    report.error("tests", key.at, format!("unknown key '{other}'"), hint);
                }
            }
        }
    }
}

fn placeholders(node: &Node, report: &mut Report) -> Vec<(String, Vec<String>)> {
    let Content::Map(entries) = &node.content else {
        let message = format!("expected lists of values by name, found {}", node.kind());
        report.error("tests", node.at, message, None);
        return Vec::new();
    };
    let mut lists = Vec::new();
    for (key, node) in entries {
        let nodes = match &node.content {
            Content::List(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let values: Option<Vec<String>> =
            nodes.iter().map(|node| node.text().map(str::to_owned)).collect();
        match values {
            Some(values) => lists.push((key.text.clone(), values)),
            None => report.error("tests", node.at, "expected a list of texts", None),
        }
    }
    lists
}

fn cases(
    node: &Node,
    first_number: usize,
    names: &mut HashSet<String>,
    report: &mut Report,
) -> Vec<Case> {
    let nodes = match &node.content {
        Content::List(nodes) => nodes.as_slice(),
        _ if node.is_null() => &[],
        _ => {
            let message = format!("expected a list of cases, found {}", node.kind());
            report.error("tests", node.at, message, "write '- name: …' and 'event: …'".to_owned());
            &[]
        }
    };
    let mut cases = Vec::with_capacity(nodes.len());
    for (node, number) in nodes.iter().zip(first_number..) {
        cases.extend(case(node, number, names, report));
    }
    cases
}

fn case(
    node: &Node,
    number: usize,
    names: &mut HashSet<String>,
    report: &mut Report,
) -> Option<Case> {
    let Content::Map(entries) = &node.content else {
        let hint = "write '- name: …' and 'event: …'".to_owned();
        report.error("tests", node.at, format!("expected a case, found {}", node.kind()), hint);
        return None;
    };
    for (key, _) in entries {
        if !CASE_KEYS.contains(&key.text.as_str()) {
            let hint =
                nearest(&key.text, CASE_KEYS).map(|meant| format!("did you mean '{meant}'?"));
            report.error("tests", key.at, format!("unknown key '{}'", key.text), hint);
        }
    }
    let Some(name) = node.get("name").and_then(Node::text) else {
        report.error("tests", node.at, "a case without a name", None);
        return None;
    };
    if !names.insert(name.to_owned()) {
        let message = format!("two cases are called '{name}'");
        report.warning("tests", node.at, message, None);
    }
    let event = match node.get("event") {
        Some(event) if matches!(event.content, Content::Map(_)) => event,
        other => {
            let found = other.map_or("nothing", Node::kind);
            let message = format!("'{name}' needs an event with Okta's members, found {found}");
            report.error("tests", other.map_or(node.at, |node| node.at), message, None);
            return None;
        }
    };
    let title = node.get("title").and_then(Node::text).map(str::to_owned);
    Some(Case { name: name.to_owned(), at: node.at, event: event_json(event, number), title })
}

/// A LogEvent of a case, with what no LogEvent is without.
fn event_json(event: &Node, number: usize) -> String {
    let mut json = String::from("{");
    if event.get("uuid").is_none() {
        json.push_str(&format!("\"uuid\":\"00000000-0000-4000-8000-{number:012}\","));
    }
    if event.get("published").is_none() {
        json.push_str(&format!("\"published\":\"{PUBLISHED}\","));
    }
    match &event.content {
        Content::Map(entries) if !entries.is_empty() => write_members(entries, &mut json),
        // The comma is that of what was filled in.
        _ => json.truncate(json.trim_end_matches(',').len()),
    }
    json.push('}');
    json
}

fn write_members(entries: &[(yaml::Key, Node)], json: &mut String) {
    for (position, (key, node)) in entries.iter().enumerate() {
        if position > 0 {
            json.push(',');
        }
        write_text(&key.text, json);
        json.push(':');
        write_value(node, json);
    }
}

fn write_value(node: &Node, json: &mut String) {
    match &node.content {
        Content::Map(entries) => {
            json.push('{');
            write_members(entries, json);
            json.push('}');
        }
        Content::List(nodes) => {
            json.push('[');
            for (position, node) in nodes.iter().enumerate() {
                if position > 0 {
                    json.push(',');
                }
                write_value(node, json);
            }
            json.push(']');
        }
        Content::Scalar { .. } => match Value::from_node(node) {
            Some(Value::Text(text)) => write_text(&text, json),
            Some(Value::Number(number)) => match number.value {
                // JSON has neither hexadecimal numbers nor a leading plus.
                Quantity::Integer(integer) => json.push_str(&integer.to_string()),
                Quantity::Float(_) if okta::json::validate(&number.text).is_ok() => {
                    json.push_str(&number.text);
                }
                Quantity::Float(float) => json.push_str(&float.to_string()),
            },
            Some(value @ (Value::Bool(_) | Value::Null)) => json.push_str(value.as_written()),
            None => json.push_str("null"),
        },
    }
}

fn write_text(text: &str, json: &mut String) {
    json.push_str(&serde_json::Value::from(text).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(text: &str) -> Vec<String> {
        let (tests, diagnostics) = RuleTests::parse(text, "r.tests.yml");
        assert_eq!(diagnostics, []);
        tests.cases().map(|(case, _)| case.event.clone()).collect()
    }

    #[test]
    fn sparse_events_are_filled_in() {
        let found = events(
            "matches:\n- name: a\n  event: {eventType: x, n: [1, 0x10, 1.5, 1e3, .5], t: true, \
             'null': ~, s: '5', \"q\\\"\": \"a\\nb\"}\n- {name: b, event: {}}\n\
             near_misses:\n- {name: c, event: {uuid: u, published: p}}\n",
        );
        assert_eq!(
            found,
            [
                r#"{"uuid":"00000000-0000-4000-8000-000000000000","published":"2026-01-01T00:00:00.000Z","eventType":"x","n":[1,16,1.5,1e3,0.5],"t":true,"null":null,"s":"5","q\"":"a\nb"}"#,
                r#"{"uuid":"00000000-0000-4000-8000-000000000001","published":"2026-01-01T00:00:00.000Z"}"#,
                r#"{"uuid":"u","published":"p"}"#,
            ]
        );
        for event in found {
            assert!(okta::json::validate(&event).is_ok(), "{event}");
        }
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let cases = [
            ("", "r.tests.yml:1:1: error[tests]: there are no tests"),
            (
                "- a",
                "r.tests.yml:1:1: error[tests]: expected matches and near_misses, found a list",
            ),
            (
                "matchs: []",
                "r.tests.yml:1:1: error[tests]: unknown key 'matchs' (did you mean 'matches'?)",
            ),
            (
                "matches: 5",
                "r.tests.yml:1:10: error[tests]: expected a list of cases, found a single value (write '- name: …' and 'event: …')",
            ),
            ("matches:\n- {event: {}}", "r.tests.yml:2:3: error[tests]: a case without a name"),
            (
                "matches:\n- {name: a}",
                "r.tests.yml:2:3: error[tests]: 'a' needs an event with Okta's members, found nothing",
            ),
            (
                "matches:\n- {name: a, event: [], }",
                "r.tests.yml:2:20: error[tests]: 'a' needs an event with Okta's members, found a list",
            ),
            (
                "matches:\n- {name: a, evnt: {}, event: {}}",
                "r.tests.yml:2:13: error[tests]: unknown key 'evnt' (did you mean 'event'?)",
            ),
            (
                "placeholders: [a]",
                "r.tests.yml:1:15: error[tests]: expected lists of values by name, found a list",
            ),
            (
                "matches: []\n---\nmatches: []",
                "r.tests.yml:3:1: error[tests]: more than one document (keep one document with matches and near_misses)",
            ),
        ];
        for (text, expected) in cases {
            let (_, diagnostics) = RuleTests::parse(text, "r.tests.yml");
            let found = diagnostics.first().map(ToString::to_string).unwrap_or_default();
            assert_eq!(found, expected, "{text}");
        }
    }
}
