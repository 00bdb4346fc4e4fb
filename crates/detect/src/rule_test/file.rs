//! The file of a rule's tests: cases with sparse events, made into whole LogEvents.

use std::collections::HashSet;
use std::sync::Arc;

use ecs::Timestamp;

use crate::sigma::correlation::milliseconds;
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
    /// The LogEvents as JSON, in the order of their arrival: one, or those of a sequence.
    pub events: Vec<String>,
    /// What time it is in the end; when nothing is said, that of the last event.
    pub until: Option<Timestamp>,
    /// How many alerts a correlation has to raise.
    pub alerts: usize,
    /// The title that the alert has to have.
    pub title: Option<String>,
}

/// What a case's event gets when it does not say otherwise.
const PUBLISHED: &str = "2026-01-01T00:00:00.000Z";
/// The same, in milliseconds since 1970: the start of a sequence.
const START: i64 = 1_767_225_600_000;
/// The most events of one sequence.
const MOST_EVENTS: usize = 20_000;

const KEYS: [&str; 3] = ["placeholders", "matches", "near_misses"];
const CASE_KEYS: [&str; 6] = ["name", "event", "events", "until", "alerts", "title"];
const STEP_KEYS: [&str; 5] = ["at", "repeat", "every", "each", "event"];

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
    let events = match (node.get("event"), node.get("events")) {
        (None, Some(events)) => sequence(events, number, report)?,
        (Some(event), None) if matches!(event.content, Content::Map(_)) => {
            vec![event_json(event, number as u64, PUBLISHED)]
        }
        (Some(_), Some(events)) => {
            let message = format!("'{name}' has both an event and events");
            report.error("tests", events.at, message, None);
            return None;
        }
        (other, None) => {
            let found = other.map_or("nothing", Node::kind);
            let message = format!("'{name}' needs an event with Okta's members, found {found}");
            report.error("tests", other.map_or(node.at, |node| node.at), message, None);
            return None;
        }
    };
    let alerts = match node.get("alerts") {
        Some(alerts) => count(alerts, 1, MOST_EVENTS, report)?,
        None => 1,
    };
    let until = match node.get("until") {
        Some(until) => Some(Timestamp(START.saturating_add(span(until, report)?))),
        None => None,
    };
    let title = node.get("title").and_then(Node::text).map(str::to_owned);
    Some(Case { name: name.to_owned(), at: node.at, events, until, alerts, title })
}

/// A number within bounds.
fn count(node: &Node, least: usize, most: usize, report: &mut Report) -> Option<usize> {
    let number = node.text().and_then(|text| text.parse::<usize>().ok());
    let number = number.filter(|number| (least..=most).contains(number));
    if number.is_none() {
        report.error("tests", node.at, format!("expected a number from {least} to {most}"), None);
    }
    number
}

/// A time span in milliseconds.
fn span(node: &Node, report: &mut Report) -> Option<i64> {
    let span = node.text().and_then(milliseconds);
    if span.is_none() {
        let hint = "write a number and s, m, h, d or w: 90s".to_owned();
        report.error("tests", node.at, "expected a time span", hint);
    }
    span
}

/// The events of a sequence, each a second behind the one before unless it says when.
fn sequence(node: &Node, case: usize, report: &mut Report) -> Option<Vec<String>> {
    let hint = "write '- {at: 0s, repeat: 10, every: 20s, event: {…}}'";
    let Content::List(steps) = &node.content else {
        let message = format!("expected a list of events, found {}", node.kind());
        report.error("tests", node.at, message, hint.to_owned());
        return None;
    };
    let mut events = Vec::new();
    let mut next = 0;
    for step in steps {
        if let Content::Map(entries) = &step.content {
            for (key, _) in entries {
                if !STEP_KEYS.contains(&key.text.as_str()) {
                    let meant = nearest(&key.text, STEP_KEYS);
                    let hint = meant.map(|meant| format!("did you mean '{meant}'?"));
                    report.error("tests", key.at, format!("unknown key '{}'", key.text), hint);
                }
            }
        }
        let Some(event) = step.get("event").filter(|e| matches!(e.content, Content::Map(_))) else {
            report.error("tests", step.at, "expected an event", hint.to_owned());
            return None;
        };
        let mut at = match step.get("at") {
            Some(at) => span(at, report)?,
            None => next,
        };
        let repeat = match step.get("repeat") {
            Some(repeat) => count(repeat, 1, MOST_EVENTS, report)?,
            None => 1,
        };
        let every = match step.get("every") {
            Some(every) => span(every, report)?,
            None => 1_000,
        };
        if events.len() + repeat > MOST_EVENTS {
            let message = format!("more than {MOST_EVENTS} events");
            report.error("tests", step.at, message, None);
            return None;
        }
        for repetition in 0..repeat {
            let mut event = event.clone();
            if let Some(each) = step.get("each") {
                let Content::Map(members) = &each.content else {
                    let hint = "write 'each: {actor.alternateId: [a@x, b@x]}'".to_owned();
                    report.error("tests", each.at, "expected lists by member", hint);
                    return None;
                };
                for (path, values) in members {
                    let value = match &values.content {
                        Content::List(values) if !values.is_empty() => {
                            values.get(repetition % values.len())
                        }
                        _ => None,
                    };
                    let Some(value) = value else {
                        report.error("tests", values.at, "expected a list of values", None);
                        return None;
                    };
                    set(&mut event, &path.text, value);
                }
            }
            let number = case as u64 * MOST_EVENTS as u64 + events.len() as u64;
            let published = Timestamp(START.saturating_add(at)).to_string();
            events.push(event_json(&event, number, &published));
            next = at.saturating_add(1_000);
            at = at.saturating_add(every);
        }
    }
    if events.is_empty() {
        report.error("tests", node.at, "a sequence without events", hint.to_owned());
        return None;
    }
    Some(events)
}

/// Sets a member of an event, named by the way to it: `client.ipAddress`.
fn set(node: &mut Node, path: &str, value: &Node) {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    if !matches!(node.content, Content::Map(_)) {
        node.content = Content::Map(Vec::new());
    }
    let at = node.at;
    let Content::Map(members) = &mut node.content else { return };
    if !members.iter().any(|(key, _)| key.text == name) {
        let empty = Node { at, content: Content::Map(Vec::new()) };
        members.push((yaml::Key { at, text: name.to_owned() }, empty));
    }
    let Some((_, member)) = members.iter_mut().find(|(key, _)| key.text == name) else { return };
    match rest {
        Some(rest) => set(member, rest, value),
        None => *member = value.clone(),
    }
}

/// A LogEvent of a case, with what no LogEvent is without.
fn event_json(event: &Node, number: u64, published: &str) -> String {
    let mut json = String::from("{");
    if event.get("uuid").is_none() {
        json.push_str(&format!("\"uuid\":\"00000000-0000-4000-8000-{number:012}\","));
    }
    if event.get("published").is_none() {
        json.push_str(&format!("\"published\":\"{published}\","));
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
        tests.cases().flat_map(|(case, _)| case.events.clone()).collect()
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
    fn sequences_are_written_out() {
        let found = events(
            "matches:\n- name: a\n  events:\n  - {at: 1m, repeat: 3, every: 20s, \
             each: {actor.alternateId: [x, y]}, event: {eventType: e}}\n  - event: {n: 1}\n",
        );
        let of = |number: usize, time: &str, rest: &str| {
            format!(
                "{{\"uuid\":\"00000000-0000-4000-8000-{number:012}\",\
                 \"published\":\"2026-01-01T00:0{time}.000Z\",{rest}}}"
            )
        };
        let actor =
            |name: &str| format!("\"eventType\":\"e\",\"actor\":{{\"alternateId\":\"{name}\"}}");
        let expected = [
            of(0, "1:00", &actor("x")),
            of(1, "1:20", &actor("y")),
            of(2, "1:40", &actor("x")),
            of(3, "1:41", "\"n\":1"),
        ];
        assert_eq!(found, expected);
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
                "matches:\n- {name: a, events: [{at: soon, event: {}}]}",
                "r.tests.yml:2:27: error[tests]: expected a time span (write a number and s, m, h, d or w: 90s)",
            ),
            (
                "matches:\n- {name: a, events: [{repeat: 0, event: {}}]}",
                "r.tests.yml:2:31: error[tests]: expected a number from 1 to 20000",
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
