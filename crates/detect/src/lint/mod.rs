//! What is doubtful about rules beyond what keeps them from being parsed.
//!
//! [`lint`] looks at whole files, with their tests, and at all of them together. Findings are
//! [`Diagnostic`]s, like the parser's, which come with them.
//!
//! ```
//! use detect::lint::{Source, lint};
//!
//! let text = "
//! title: Token created
//! logsource: {product: okta}
//! detection:
//!     selection: {event.actoin: system.api_token.create}
//!     condition: selection
//! ";
//! let source = Source { path: "token.yml".into(), text: text.into(), tests: None };
//! let findings = lint(&[source]);
//! let field = findings.iter().find(|finding| finding.code == "unknown-field").ok_or("none")?;
//! assert_eq!(
//!     field.to_string(),
//!     "token.yml:5:17: warning[unknown-field]: there is no field 'event.actoin' \
//!      (did you mean 'event.action'?)",
//! );
//! # Ok::<(), &str>(())
//! ```

mod logic;
mod metadata;
mod values;

use std::collections::HashMap;
use std::sync::Arc;

use crate::builtin;
use crate::correlation::Links;
use crate::rule_test::{FEWEST_MATCHES, FEWEST_NEAR_MISSES, RuleTests};
use crate::sigma::diagnostic::Report;
use crate::sigma::yaml::{self, Budget, Node};
use crate::sigma::{self, Diagnostic, Item, Position, Rule, Search};

/// A file of rules, and the tests beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The file's name, for messages.
    pub path: String,
    /// Its text.
    pub text: String,
    /// The name and text of the file with its tests.
    pub tests: Option<(String, String)>,
}

/// A rule with what is needed to point at its parts.
struct Subject<'s> {
    rule: &'s Rule,
    /// The rule's YAML; none when a later document of its file is broken.
    document: Option<&'s Node>,
    /// Whether it raises no alerts and only serves correlations of its file.
    serves: bool,
}

impl Subject<'_> {
    /// Where an attribute stands, or the rule when it is missing.
    fn at(&self, key: &str) -> Position {
        let start = Position { line: self.rule.line, column: 1 };
        let node = self.document.and_then(|document| document.get(key));
        node.map_or(start, |node| node.at)
    }

    /// Where an element of a list attribute stands.
    fn element_at(&self, key: &str, index: usize) -> Position {
        let list = self.document.and_then(|document| document.get(key));
        let element = list.and_then(|list| match &list.content {
            yaml::Content::List(nodes) => nodes.get(index),
            _ => None,
        });
        element.map_or_else(|| self.at(key), |node| node.at)
    }
}

/// Looks at files of rules, each by itself and all together. The findings are in the order of
/// the files, and of the lines in each.
#[must_use]
pub fn lint(sources: &[Source]) -> Vec<Diagnostic> {
    let mut reports: Vec<Vec<Diagnostic>> = Vec::with_capacity(sources.len());
    let mut rules: Vec<(usize, Rule)> = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let parsed = sigma::parse(&source.text, &source.path);
        let mut report = Report::new(Arc::from(source.path.as_str()));
        let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
        let documents = yaml::parse(text, 1, &mut Budget::new()).unwrap_or_default();
        for rule in &parsed.rules {
            let document = documents.iter().find(|document| document.at.line == rule.line);
            let serves = is_served(rule, &parsed.rules);
            let subject = Subject { rule, document, serves };
            metadata::check(&subject, &mut report);
            values::check(&subject, &mut report);
            if rule.correlation.is_none() {
                logic::check(&subject, &mut report);
            }
        }
        // A rule that only serves others is tested with them.
        let tested = parsed.rules.iter().filter(|rule| !is_served(rule, &parsed.rules));
        let tested: Vec<&Rule> = tested.collect();
        if !tested.is_empty() {
            tests(source, &tested, &mut report);
        }
        let mut findings = parsed.diagnostics;
        findings.extend(report.diagnostics);
        reports.push(findings);
        rules.extend(parsed.rules.into_iter().map(|rule| (index, rule)));
    }
    for (index, finding) in together(&rules).into_iter().chain(links(&rules)) {
        if let Some(report) = reports.get_mut(index) {
            report.push(finding);
        }
    }
    for report in &mut reports {
        report.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    }
    reports.into_iter().flatten().collect()
}

/// Whether a rule raises no alerts and only serves correlations among these of its file.
#[must_use]
pub fn is_served(rule: &Rule, rules: &[Rule]) -> bool {
    let correlations = rules.iter().filter_map(|rule| rule.correlation.as_ref());
    let mut users = correlations.filter(|correlation| correlation.names(rule)).peekable();
    users.peek().is_some() && users.all(|correlation| !correlation.generate)
}

/// What correlations say of rules that there are not; the built-in ones are there as well.
fn links(rules: &[(usize, Rule)]) -> Vec<(usize, Diagnostic)> {
    if rules.iter().all(|(_, rule)| rule.correlation.is_none()) {
        return Vec::new();
    }
    let all = builtin::rules().flat_map(|(path, text)| sigma::parse(text, path).rules);
    let all: Vec<Arc<Rule>> =
        all.chain(rules.iter().map(|(_, rule)| rule.clone())).map(Arc::new).collect();
    let findings = Links::of(&all).diagnostics.into_iter();
    let weights = rules.iter().flat_map(|(_, rule)| weights(rule, &all));
    let place = |finding: Diagnostic| {
        let (index, _) = rules.iter().find(|(_, rule)| rule.file == finding.file)?;
        Some((*index, finding))
    };
    findings.chain(weights).filter_map(place).collect()
}

/// What a risk says of the weight of rules and tags that there are not.
fn weights(rule: &Rule, all: &[Arc<Rule>]) -> Vec<Diagnostic> {
    let Some(correlation) = &rule.correlation else { return Vec::new() };
    let mut report = Report::new(Arc::clone(&rule.file));
    for (name, _) in &correlation.risk.weights.named {
        let is_known = all.iter().any(|rule| {
            let names = rule.id.iter().chain(&rule.name).chain([&rule.title]).chain(&rule.tags);
            names.into_iter().any(|known| known.eq_ignore_ascii_case(name))
        });
        if !is_known {
            let message = format!("no rule, tag or level is called '{name}'");
            report.warning("unknown-rule", correlation.at, message, None);
        }
    }
    report.diagnostics
}

/// Whether there are tests, and enough of them.
fn tests(source: &Source, rules: &[&Rule], report: &mut Report) {
    let line = rules.first().map_or(1, |rule| rule.line);
    let at = Position { line, column: 1 };
    let Some((path, text)) = &source.tests else {
        let name = source.path.rsplit(['/', '\\']).next().unwrap_or(&source.path);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let hint = format!("write events into '{stem}.tests.yml' beside it");
        report.warning("missing-tests", at, "the rule has no tests", hint);
        return;
    };
    if let [_, second, ..] = rules {
        let at = Position { line: second.line, column: 1 };
        let hint = "give each tested rule a file of its own".to_owned();
        report.warning("tests-of-many", at, "the tests are for a file with several rules", hint);
    }
    let (tests, diagnostics) = RuleTests::parse(text, path);
    report.diagnostics.extend(diagnostics);
    for (what, count, fewest) in [
        ("events that match", tests.matches.len(), FEWEST_MATCHES),
        ("near misses", tests.near_misses.len(), FEWEST_NEAR_MISSES),
    ] {
        if count < fewest {
            let message = format!("the tests have {count} {what}, and should have {fewest}");
            report.warning("few-tests", at, message, None);
        }
    }
}

/// What several rules have in common that they should not, and what they say of others.
fn together(rules: &[(usize, Rule)]) -> Vec<(usize, Diagnostic)> {
    let mut findings = Vec::new();
    let mut finding =
        |index: usize, rule: &Rule, error: bool, code, message, hint: Option<&str>| {
            let mut report = Report::new(Arc::clone(&rule.file));
            let at = Position { line: rule.line, column: 1 };
            let hint = hint.map(str::to_owned);
            match error {
                true => report.error(code, at, message, hint),
                false => report.warning(code, at, message, hint),
            }
            findings.extend(report.diagnostics.into_iter().map(|finding| (index, finding)));
        };
    let mut ids: HashMap<String, &Rule> = HashMap::new();
    let mut titles: HashMap<String, &Rule> = HashMap::new();
    for (index, rule) in rules {
        if let Some(id) = &rule.id {
            match ids.entry(id.to_lowercase()) {
                std::collections::hash_map::Entry::Occupied(first) => {
                    let Rule { title, file, line, .. } = first.get();
                    let message = format!("the id is that of '{title}' in {file}:{line}");
                    let hint = Some("give it a new random UUID");
                    finding(*index, rule, true, "duplicate-id", message, hint);
                }
                std::collections::hash_map::Entry::Vacant(free) => {
                    free.insert(rule);
                }
            }
        }
        match titles.entry(rule.title.to_lowercase()) {
            std::collections::hash_map::Entry::Occupied(first) => {
                let Rule { file, line, .. } = first.get();
                let message = format!("the title is that of the rule in {file}:{line}");
                let hint = Some("say what is different about it");
                finding(*index, rule, false, "duplicate-title", message, hint);
            }
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(rule);
            }
        }
    }
    for (index, rule) in rules {
        for related in &rule.related {
            if ids.contains_key(&related.id.to_lowercase()) {
                continue;
            }
            // Former ids of a rule are not found anywhere, that is what they are kept for.
            let is_former = matches!(
                related.relation,
                sigma::Relation::Renamed | sigma::Relation::Merged | sigma::Relation::Obsolete
            );
            if !is_former {
                let message = format!("the related rule {} is not among these", related.id);
                finding(*index, rule, false, "unknown-related", message, None);
            }
        }
    }
    findings
}

/// Calls `on_item` with every item of a search.
fn visit_items<'s>(search: &'s Search, on_item: &mut impl FnMut(&'s Item)) {
    match search {
        Search::All(parts) | Search::Any(parts) => {
            parts.iter().for_each(|part| visit_items(part, on_item));
        }
        Search::Item(item) => on_item(item),
    }
}

#[cfg(test)]
mod tests;
