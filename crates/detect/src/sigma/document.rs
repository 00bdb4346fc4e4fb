//! Files: several documents each, some of which say something about the others.

use std::collections::HashMap;
use std::sync::Arc;

use super::correlation;
use super::diagnostic::{Diagnostic, Position, Report};
use super::filter::{self, Filter};
use super::rule::{self, Rule};
use super::yaml::{self, Budget, Content, Key, MAX_DEPTH, Node, YamlError};

/// The largest rule file, in bytes.
const MAX_FILE: usize = 1 << 20;

/// What stands in a rule file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// The rules, in the order of the file.
    pub rules: Vec<Rule>,
    /// The filters, in the order of the file.
    pub filters: Vec<Filter>,
    /// What is wrong with them, and with the documents that are neither.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses the text of a rule file of up to 1 MiB. `file` is its name, for messages.
///
/// A document that can't be used is reported in the diagnostics and does not stop the others.
///
/// ```
/// let text = "
/// title: API token created
/// logsource: {product: okta, service: okta}
/// detection:
///     selection:
///         event.action: system.api_token.create
///     condition: selektion
/// ";
/// let parsed = detect::sigma::parse(text, "token.yml");
/// assert!(parsed.rules.is_empty());
/// assert_eq!(
///     parsed.diagnostics[0].to_string(),
///     "token.yml:7:16: error[unknown-selection]: there is no selection 'selektion' \
///      (did you mean 'selection'?)",
/// );
/// ```
#[must_use]
pub fn parse(text: &str, file: &str) -> Parsed {
    let mut report = Report::new(Arc::from(file));
    let mut parsed = Parsed::default();
    let start = Position { line: 1, column: 1 };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > MAX_FILE {
        let message = format!("the file has {} bytes, the most is {MAX_FILE}", text.len());
        report.error("too-large", start, message, None);
        parsed.diagnostics = report.diagnostics;
        return parsed;
    }
    let mut collection = Collection::default();
    let mut budget = Budget::new();
    for (text, first_line) in documents(text) {
        match yaml::parse(text, first_line, &mut budget) {
            Ok(nodes) => {
                for node in nodes {
                    if let Err(error) =
                        collection.document(node, &mut budget, &mut parsed, &mut report)
                    {
                        report.error(error.code, error.at, error.message, None);
                    }
                }
            }
            Err(error) => {
                report.error(error.code, error.at, error.message, None);
                if error.code == "too-large" {
                    break;
                }
            }
        }
    }
    if parsed.rules.is_empty() && parsed.filters.is_empty() && report.diagnostics.is_empty() {
        report.warning("empty", start, "there is no rule in this file", None);
    }
    parsed.diagnostics = report.diagnostics;
    parsed
}

/// Cuts a file at its `---` lines, so that a syntax error ends with its document. Gives each
/// part and its first line, counted from 1.
fn documents(text: &str) -> Vec<(&str, u32)> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut first_line = 1;
    let mut offset = 0;
    let mut only_directives = true;
    for (line, number) in text.split_inclusive('\n').zip(1..) {
        let marker = line.strip_prefix("---");
        let is_marker =
            marker.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']));
        if is_marker && !only_directives {
            parts.push((text.get(start..offset).unwrap_or_default(), first_line));
            start = offset;
            first_line = number;
        }
        // Directives and comments belong to the document that follows them.
        let blank = line.trim().is_empty() || line.starts_with(['%', '#']);
        only_directives = !is_marker && only_directives && blank;
        offset += line.len();
    }
    parts.push((text.get(start..).unwrap_or_default(), first_line));
    parts
}

/// The state of a file whose documents change each other by `action`.
#[derive(Default)]
struct Collection {
    global: Option<Node>,
    previous: Option<Node>,
}

impl Collection {
    fn document(
        &mut self,
        mut node: Node,
        budget: &mut Budget,
        parsed: &mut Parsed,
        report: &mut Report,
    ) -> Result<(), YamlError> {
        if node.is_null() {
            return Ok(());
        }
        let at = node.at;
        let Content::Map(entries) = &mut node.content else {
            let message = format!("expected a rule, found {}", node.kind());
            report.error("document", at, message, None);
            return Ok(());
        };
        let action = entries.extract_if(.., |(key, _)| key.text == "action").next();
        let Some((_, action)) = action else {
            if let Some(global) = &self.global {
                budget.pay(yaml::size(global), at)?;
                node = merged(global.clone(), node, 0);
            }
            read(&node, parsed, report);
            self.previous = Some(node);
            return Ok(());
        };
        match action.text().unwrap_or_default() {
            "global" => {
                self.global = Some(match self.global.take() {
                    Some(global) => merged(global, node, 0),
                    None => node,
                });
            }
            "reset" => self.global = None,
            "repeat" => match self.previous.take() {
                Some(previous) => {
                    budget.pay(yaml::size(&previous), at)?;
                    let node = merged(previous, node, 0);
                    read(&node, parsed, report);
                    self.previous = Some(node);
                }
                None => report.error("action", action.at, "there is no rule to repeat", None),
            },
            other => {
                let hint = "use global, reset or repeat".to_owned();
                report.error("action", action.at, format!("unknown action '{other}'"), hint);
            }
        }
        Ok(())
    }
}

fn read(document: &Node, parsed: &mut Parsed, report: &mut Report) {
    if document.get("correlation").is_some() {
        parsed.rules.extend(correlation::parse(document, report));
    } else if document.get("filter").is_some() {
        parsed.filters.extend(filter::parse(document, report));
    } else {
        parsed.rules.extend(rule::parse(document, report));
    }
}

/// `above` laid over `below`: mappings are joined, everything else is replaced.
fn merged(below: Node, above: Node, depth: usize) -> Node {
    let at = above.at;
    let (below, above) = match (below.content, above.content) {
        (Content::Map(below), Content::Map(above)) if depth < MAX_DEPTH => (below, above),
        (_, content) => return Node { at, content },
    };
    let mut above: HashMap<String, (usize, Key, Node)> = above
        .into_iter()
        .enumerate()
        .map(|(order, (key, node))| (key.text.clone(), (order, key, node)))
        .collect();
    let mut entries: Vec<(Key, Node)> = below
        .into_iter()
        .map(|(key, node)| match above.remove(&key.text) {
            Some((_, key, over)) => (key, merged(node, over, depth + 1)),
            None => (key, node),
        })
        .collect();
    let mut new: Vec<_> = above.into_values().collect();
    new.sort_unstable_by_key(|(order, ..)| *order);
    entries.extend(new.into_iter().map(|(_, key, node)| (key, node)));
    Node { at, content: Content::Map(entries) }
}
