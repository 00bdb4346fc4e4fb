//! Filters: conditions added to rules that stand elsewhere (specification 2.1.0, "Sigma
//! Filters").

use std::sync::Arc;

use super::detection::{self, Detection};
use super::diagnostic::Report;
use super::rule::{self, LogSource, Rule};
use super::yaml::{Content, Node};

/// A filter: the rules it covers match only where its condition holds as well, so that a filter
/// that excludes something says `condition: not selection`.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// What it is for.
    pub title: String,
    /// Its identifier.
    pub id: Option<String>,
    /// What it is for, at length.
    pub description: Option<String>,
    /// Which logs it is for.
    pub logsource: LogSource,
    /// Which rules it covers.
    pub rules: FilteredRules,
    /// What has to hold as well.
    pub detection: Detection,
    /// The file it stands in, as it was named to the parser.
    pub file: Arc<str>,
    /// The line at which its document begins, counted from 1.
    pub line: u32,
}

/// Which rules a filter covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilteredRules {
    /// All for its log source.
    Any,
    /// Those with these identifiers or names.
    Named(Vec<String>),
}

impl Filter {
    /// Whether it covers this rule.
    #[must_use]
    pub fn covers(&self, rule: &Rule) -> bool {
        let named = match &self.rules {
            FilteredRules::Any => true,
            FilteredRules::Named(names) => names.iter().any(|name| {
                let is_id = rule.id.as_ref().is_some_and(|id| id.eq_ignore_ascii_case(name));
                is_id || rule.name.as_ref() == Some(name)
            }),
        };
        named && self.logsource.covers(&rule.logsource)
    }
}

const KEYS: [&str; 11] = [
    "title",
    "id",
    "name",
    "description",
    "author",
    "date",
    "modified",
    "taxonomy",
    "references",
    "logsource",
    "filter",
];

/// Parses a filter; `None` when there was an error, which is then in the report.
pub(super) fn parse(document: &Node, report: &mut Report) -> Option<Filter> {
    let errors = report.errors();
    rule::warn_unknown_keys(document, &KEYS, "attribute", report);
    let title = rule::required_title(document, report);
    let logsource = match document.get("logsource") {
        Some(node) => rule::logsource(node, report),
        None => {
            let hint = "add 'logsource: {product: okta, service: okta}'".to_owned();
            report.error("missing-logsource", document.at, "there is no logsource", hint);
            LogSource::default()
        }
    };
    let node = document.get("filter")?;
    let rules = rules(node, report);
    let detection = detection::parse(node, &["rules"], report);
    let filter = Filter {
        title: title?,
        id: rule::text(document, "id", report),
        description: rule::text(document, "description", report),
        logsource,
        rules: rules?,
        detection: detection?,
        file: Arc::clone(&report.file),
        line: document.at.line,
    };
    (report.errors() == errors).then_some(filter)
}

fn rules(filter: &Node, report: &mut Report) -> Option<FilteredRules> {
    let hint = "write 'rules: any', or a list of rule ids".to_owned();
    let at = rule::position(filter, "rules");
    let Some(node) = filter.get("rules") else {
        report.error("missing-rules", at, "the filter does not say for which rules", hint);
        return None;
    };
    match &node.content {
        Content::Scalar { text, .. } if text.eq_ignore_ascii_case("any") => {
            return Some(FilteredRules::Any);
        }
        Content::Scalar { .. } if node.text().is_some_and(|text| !text.is_empty()) => {
            return node.text().map(|name| FilteredRules::Named(vec![name.to_owned()]));
        }
        Content::List(nodes) if !nodes.is_empty() => {
            let names: Option<Vec<_>> =
                nodes.iter().map(|node| node.text().map(str::to_owned)).collect();
            if let Some(names) = names {
                return Some(FilteredRules::Named(names));
            }
        }
        _ => {}
    }
    report.error("rules", at, "expected 'any' or a list of rule ids", hint);
    None
}
