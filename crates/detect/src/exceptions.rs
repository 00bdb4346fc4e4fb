//! Exceptions: what a rule is not to report, why, and until when.

use std::sync::Arc;

use ecs::{Kind, Lookup, Record, Timestamp};

use crate::compile::Options;
use crate::matcher::Scratch;
use crate::ruleset::RuleSet;
use crate::sigma::diagnostic::Report;
use crate::sigma::yaml::{self, Budget, Content, Node};
use crate::sigma::{
    Attributes, Condition, Detection, Diagnostic, Item, LogSource, Modifier, Position, Rule,
    Search, Selection, Value,
};

/// A list of exceptions.
///
/// ```yaml
/// exceptions:
///   - rule: 0b9c5d0e-…          # a rule's id, or "*" for every rule
///     field: source.ip
///     value: 198.51.100.0/24    # a value or a list; * and ? as in Sigma, networks for addresses
///     reason: the office scanner, ticket 4711
///     expires: 2027-01-31       # the exception ends with this day (or instant)
/// ```
///
/// An exception applies to events that happened before it expires, not to runs before that: the
/// same events give the same alerts next year.
#[derive(Debug, Default)]
pub struct Exceptions {
    entries: Vec<Exception>,
    /// The fields and values, as a rule each.
    set: Option<RuleSet>,
}

/// One exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The id of the rule; `*` for every rule.
    pub rule: String,
    /// The field.
    pub field: String,
    /// The values of the field, one of which an event has to have.
    pub values: Vec<String>,
    /// Why there is an exception.
    pub reason: String,
    /// When it ends.
    pub expires: Timestamp,
    /// The line in the file at which it stands, counted from 1.
    pub line: u32,
}

impl Exceptions {
    /// Reads a file of exceptions; `file` is its name, for messages. What is wrong with one does
    /// not stop the others.
    #[must_use]
    pub fn parse(text: &str, file: &str) -> (Self, Vec<Diagnostic>) {
        let mut report = Report::new(Arc::from(file));
        let nodes = yaml::parse(text, 1, &mut Budget::new());
        let mut entries = Vec::new();
        match nodes {
            Ok(nodes) => {
                for node in &nodes {
                    read_document(node, &mut entries, &mut report);
                }
            }
            Err(error) => report.error(error.code, error.at, error.message, None),
        }
        let rules = entries.iter().map(|entry| entry.as_rule(file));
        let set = RuleSet::compile(rules, &[], &Options::default());
        let mut diagnostics = report.diagnostics;
        diagnostics.extend(set.diagnostics().iter().cloned());
        (Self { entries, set: Some(set) }, diagnostics)
    }

    /// Exceptions that are no file's.
    #[must_use]
    pub fn of(entries: Vec<Exception>) -> (Self, Vec<Diagnostic>) {
        Self::default().and(entries)
    }

    /// These, and more behind them that are no file's. What is wrong with one does not stop the
    /// others.
    #[must_use]
    pub fn and(self, more: Vec<Exception>) -> (Self, Vec<Diagnostic>) {
        let mut entries = self.entries;
        let last = entries.iter().map(|entry| entry.line).max().unwrap_or(0);
        // The line tells exceptions apart.
        let lines = (1..).map_while(|place| last.checked_add(place));
        entries
            .extend(more.into_iter().zip(lines).map(|(entry, line)| Exception { line, ..entry }));
        let rules = entries.iter().map(|entry| entry.as_rule("exceptions"));
        let set = RuleSet::compile(rules, &[], &Options::default());
        let diagnostics = set.diagnostics().to_vec();
        (Self { entries, set: Some(set) }, diagnostics)
    }

    /// The exceptions, in the order of the file.
    #[must_use]
    pub fn entries(&self) -> &[Exception] {
        &self.entries
    }

    /// The exception that keeps a rule from reporting this event, if there is one.
    pub(crate) fn applying<'e>(
        &'e self,
        rule: &Rule,
        record: &Record<'_>,
        scratch: &mut Scratch,
    ) -> Option<&'e Exception> {
        let set = self.set.as_ref().filter(|_| !self.entries.is_empty())?;
        let mut applying = None;
        set.matches(record, scratch, |matched, _| {
            // The line tells which exception was compiled into which rule.
            let entry = self.entries.iter().find(|entry| entry.line == matched.rule().line);
            let Some(entry) = entry else { return };
            let of_rule = entry.rule == "*"
                || rule.id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(&entry.rule));
            let in_time = record.time().is_none_or(|time| time < entry.expires);
            if of_rule && in_time {
                applying = Some(entry);
            }
        });
        applying
    }
}

impl Exception {
    /// The field and the values, as a rule that matches what has them.
    fn as_rule(&self, file: &str) -> Rule {
        let at = Position { line: self.line, column: 1 };
        let is_address = Lookup::resolve(&self.field).kind() == Kind::Ip;
        let is_network = is_address && self.values.iter().any(|value| value.contains('/'));
        let modifiers = if is_network { vec![Modifier::Cidr] } else { Vec::new() };
        let values = self.values.iter().cloned().map(Value::Text).collect();
        let item = Item { field: Some(self.field.clone()), modifiers, values, at };
        let selection = Selection { name: "value".into(), at, search: Search::Item(item) };
        Rule {
            title: "exception".into(),
            id: None,
            name: None,
            status: None,
            description: None,
            references: Vec::new(),
            author: None,
            date: None,
            modified: None,
            tags: Vec::new(),
            level: None,
            logsource: LogSource::default(),
            falsepositives: Vec::new(),
            fields: Vec::new(),
            related: Vec::new(),
            taxonomy: None,
            license: None,
            scope: Vec::new(),
            detection: Detection {
                selections: vec![selection],
                condition: Condition::Selection(0),
            },
            correlation: None,
            wardgate: Attributes::default(),
            file: Arc::from(file),
            line: self.line,
        }
    }
}

fn read_document(node: &Node, entries: &mut Vec<Exception>, report: &mut Report) {
    let list = node.get("exceptions").unwrap_or(node);
    match &list.content {
        Content::List(nodes) => {
            entries.extend(nodes.iter().filter_map(|node| read_entry(node, report)));
        }
        _ if list.is_null() => {}
        _ => {
            let hint = "begin with 'exceptions:' and a list of 'rule', 'field', 'value', 'reason' and 'expires'";
            let message = format!("expected a list of exceptions, found {}", list.kind());
            report.error("not-a-list", list.at, message, hint.to_owned());
        }
    }
}

fn read_entry(node: &Node, report: &mut Report) -> Option<Exception> {
    const KEYS: [&str; 5] = ["rule", "field", "value", "reason", "expires"];
    let Content::Map(members) = &node.content else {
        let message = format!("expected an exception, found {}", node.kind());
        report.error("not-an-exception", node.at, message, None);
        return None;
    };
    for (key, _) in members.iter().filter(|(key, _)| !KEYS.contains(&key.text.as_str())) {
        let hint = format!("an exception has {}", KEYS.join(", "));
        report.warning("unknown-key", key.at, format!("unknown key '{}'", key.text), hint);
    }
    let mut required = |key: &str, what: &str| {
        let text = node.get(key).and_then(Node::text).map(str::trim);
        let text = text.filter(|text| !text.is_empty()).map(str::to_owned);
        if text.is_none() {
            let at = node.get(key).map_or(node.at, |node| node.at);
            let message = format!("an exception needs '{key}'");
            report.error("missing-key", at, message, format!("'{key}' is {what}"));
        }
        text
    };
    let rule = required("rule", "the id of a rule, or \"*\"");
    let field = required("field", "the name of a field, such as source.ip");
    let reason = required("reason", "why there is an exception");
    let expires = required("expires", "the last day of the exception, such as 2027-01-31");
    let values: Vec<String> = match node.get("value").map(|node| (&node.content, node)) {
        Some((Content::List(nodes), _)) => {
            nodes.iter().filter_map(Node::text).map(str::to_owned).collect()
        }
        Some((_, node)) => node.text().map(str::to_owned).into_iter().collect(),
        None => Vec::new(),
    };
    if values.is_empty() {
        let hint = "'value' is a value of the field, or a list of values".to_owned();
        report.error("missing-key", node.at, "an exception needs 'value'", hint);
    }
    let (rule, field, reason, expires) = (rule?, field?, reason?, expires?);
    if !Lookup::resolve(&field).is_known() {
        let hint = Lookup::suggest(&field).map(|name| format!("did you mean '{name}'?"));
        report.warning("unknown-field", node.at, format!("unknown field '{field}'"), hint);
    }
    let Some(end) = end_of(&expires) else {
        let at = node.get("expires").map_or(node.at, |node| node.at);
        let hint = "write a day such as 2027-01-31, or an instant such as 2027-01-31T12:00:00Z";
        report.error("bad-date", at, format!("'{expires}' is not a date"), hint.to_owned());
        return None;
    };
    let line = node.at.line;
    (!values.is_empty()).then_some(Exception { rule, field, values, reason, expires: end, line })
}

/// The instant at which a day ends, or the instant itself.
fn end_of(text: &str) -> Option<Timestamp> {
    const DAY: i64 = 86_400_000;
    let day = Timestamp::parse(&format!("{text}T00:00:00Z")).map(|day| Timestamp(day.0 + DAY));
    day.or_else(|| Timestamp::parse(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applies(exceptions: &str, rule: &str, event: &str) -> bool {
        let (exceptions, diagnostics) = Exceptions::parse(exceptions, "exceptions.yml");
        assert_eq!(diagnostics, []);
        let parsed = crate::sigma::parse(
            &format!(
                "title: t\nid: {rule}\nlogsource: {{product: okta}}\ndetection: {{s: {{event.action: '*'}}, condition: s}}"
            ),
            "rule.yml",
        );
        let event = okta::LogEvent::parse(event).unwrap();
        let context = ecs::Context::default();
        let record = Record::new(&event, &context, ecs::Arrival::default());
        exceptions.applying(&parsed.rules[0], &record, &mut Scratch::default()).is_some()
    }

    #[test]
    fn an_exception_is_for_a_rule_a_value_and_a_time() {
        let list = "exceptions:
  - {rule: aaaa, field: source.ip, value: 198.51.100.0/24, reason: scanner, expires: 2026-12-31}
  - {rule: '*', field: user.name, value: [svc-*, bot@example.org], reason: robots, expires: 2026-12-31T12:00:00Z}
";
        let event = |published: &str, name: &str, address: &str| {
            format!(
                r#"{{"uuid":"1","published":"{published}","eventType":"a.b","actor":{{"alternateId":"{name}"}},"client":{{"ipAddress":"{address}"}}}}"#
            )
        };
        let cases = [
            ("aaaa", "2026-11-22T10:00:00.000Z", "ada", "198.51.100.77", true),
            ("AAAA", "2026-12-31T23:59:59.999Z", "ada", "198.51.100.77", true),
            ("aaaa", "2027-01-01T00:00:00.000Z", "ada", "198.51.100.77", false),
            ("aaaa", "2026-11-22T10:00:00.000Z", "ada", "198.51.101.77", false),
            ("bbbb", "2026-11-22T10:00:00.000Z", "ada", "198.51.100.77", false),
            ("bbbb", "2026-11-22T10:00:00.000Z", "SVC-backup", "192.0.2.1", true),
            ("bbbb", "2026-12-31T12:00:00.000Z", "svc-backup", "192.0.2.1", false),
            ("bbbb", "2026-11-22T10:00:00.000Z", "bot@example.org", "192.0.2.1", true),
        ];
        for (rule, published, name, address, expected) in cases {
            let event = event(published, name, address);
            assert_eq!(applies(list, rule, &event), expected, "{rule} {event}");
        }
    }

    #[test]
    fn more_exceptions_join_those_of_a_file() {
        let file = "exceptions:
  - {rule: a, field: user.name, value: svc-*, reason: robots, expires: 2099-12-31}
";
        let (exceptions, _) = Exceptions::parse(file, "e.yml");
        let more = |value: &str| Exception {
            rule: "a".into(),
            field: "user.name".into(),
            values: vec![value.to_owned()],
            reason: "r".into(),
            expires: Timestamp(i64::MAX),
            line: 2,
        };
        let (exceptions, diagnostics) = exceptions.and(vec![more("ada"), more("bob")]);
        assert_eq!(diagnostics, []);
        let rule = crate::sigma::parse(
            "title: t\nid: a\nlogsource: {product: okta}\ndetection: {s: {event.action: '*'}, condition: s}",
            "rule.yml",
        );
        for (name, expected) in [("svc-1", true), ("ada", true), ("bob", true), ("eve", false)] {
            let text = format!(
                r#"{{"uuid":"1","published":"2026-11-22T10:00:00.000Z","eventType":"a.b","actor":{{"alternateId":"{name}"}}}}"#
            );
            let event = okta::LogEvent::parse(&text).unwrap();
            let context = ecs::Context::default();
            let record = Record::new(&event, &context, ecs::Arrival::default());
            let applying = exceptions.applying(&rule.rules[0], &record, &mut Scratch::default());
            assert_eq!(applying.is_some(), expected, "{name}");
        }
        let (_, diagnostics) =
            Exceptions::of(vec![Exception { field: "source.ip".into(), ..more("10.0.0.0/99") }]);
        assert_ne!(diagnostics, []);
    }

    #[test]
    fn what_is_missing_is_said_with_its_line() {
        let cases = [
            (
                "- {rule: a, field: source.ip, value: 192.0.2.1, expires: 2026-12-31}",
                "missing-key",
                1,
            ),
            ("- rule: a\n  field: f\n  value: v\n  reason: r\n  expires: soon", "bad-date", 5),
            ("- {field: user.name, value: v, reason: r, expires: 2026-12-31}", "missing-key", 1),
            ("- {rule: a, field: user.name, reason: r, expires: 2026-12-31}", "missing-key", 1),
            (
                "- {rule: a, field: user.nmae, value: v, reason: r, expires: 2026-12-31}",
                "unknown-field",
                1,
            ),
            ("exceptions: yes", "not-a-list", 1),
            ("- [a]", "not-an-exception", 1),
            (
                "- {rule: a, field: source.ip, value: 10.0.0.0/99, reason: r, expires: 2026-12-31}",
                "",
                1,
            ),
            ("- {", "", 1),
        ];
        for (text, code, line) in cases {
            let (_, diagnostics) = Exceptions::parse(text, "exceptions.yml");
            let found = diagnostics.iter().any(|one| {
                (code.is_empty() || one.code == code)
                    && one.line >= line
                    && &*one.file == "exceptions.yml"
            });
            assert!(found, "{text}: {diagnostics:?}");
        }
        assert_eq!(Exceptions::parse("exceptions:\n", "e.yml").1, []);
    }
}
