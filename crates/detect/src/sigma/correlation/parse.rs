//! Reads the section `correlation`.

use super::condition::{self, Conditions};
use super::span::milliseconds;
use super::weights::Weights;
use super::{
    Alias, BASELINE, Correlation, CorrelationKind, DAY, LONGEST, MOST_RULES, Reference, Risk,
    Travel,
};
use crate::sigma::condition::Condition;
use crate::sigma::detection::Detection;
use crate::sigma::diagnostic::{Position, Report, nearest};
use crate::sigma::rule::{self, Rule};
use crate::sigma::value::Value;
use crate::sigma::yaml::{Content, Node};

const KEYS: [&str; 18] = [
    "title",
    "id",
    "name",
    "status",
    "description",
    "references",
    "author",
    "date",
    "modified",
    "tags",
    "level",
    "falsepositives",
    "fields",
    "related",
    "taxonomy",
    "license",
    "correlation",
    "wardgate",
];
const SECTION_KEYS: [&str; 14] = [
    "type",
    "rules",
    "group-by",
    "timespan",
    "aliases",
    "condition",
    "generate",
    "learning",
    "before",
    "distance",
    "shared",
    "memory",
    "half-life",
    "weights",
];
/// The longest distance on Earth, in kilometres.
const FARTHEST: f64 = 20_040.0;
/// The most groups of which an address is known to be shared.
const MOST_SHARING: f64 = 1_000.0;

/// Parses a document with a correlation; `None` when there was an error, which is then in the
/// report.
pub(in crate::sigma) fn parse(document: &Node, report: &mut Report) -> Option<Rule> {
    let errors = report.errors();
    let mut known = KEYS.to_vec();
    // The specification has it at both places.
    known.push("generate");
    rule::warn_unknown_keys(document, &known, "attribute", report);
    let never = Detection { selections: Vec::new(), condition: Condition::Or(Vec::new()) };
    let mut rule = rule::about(document, Default::default(), never, report);
    let section = document.get("correlation")?;
    let correlation = correlation(section, document, report);
    if let Some(rule) = &mut rule {
        rule.correlation = correlation;
    }
    rule.filter(|rule| report.errors() == errors && rule.correlation.is_some())
}

fn correlation(section: &Node, document: &Node, report: &mut Report) -> Option<Correlation> {
    if !matches!(section.content, Content::Map(_)) {
        let hint = "write type, rules, group-by, timespan and condition".to_owned();
        let message = format!("'correlation' should be a mapping, found {}", section.kind());
        report.error("correlation", section.at, message, hint);
        return None;
    }
    rule::warn_unknown_keys(section, &SECTION_KEYS, "attribute of 'correlation'", report);
    let kind = kind(section, report)?;
    // Without names, all alerts are a risk.
    let is_of_all = kind == CorrelationKind::Risk && section.get("rules").is_none();
    let rules = if is_of_all { Vec::new() } else { references(section, report) };
    let timespan = span(section, "timespan", report);
    if section.get("timespan").is_none() {
        let hint = "add 'timespan: 10m'".to_owned();
        report.error("missing-timespan", section.at, "the correlation has no timespan", hint);
    }
    only_for(
        section,
        "learning",
        kind,
        &[CorrelationKind::FirstSeen, CorrelationKind::Spike],
        report,
    );
    let usual = if kind == CorrelationKind::Spike { 14 * DAY } else { 7 * DAY };
    let learning = span(section, "learning", report).unwrap_or(usual);
    let group_by = names(section, "group-by", report);
    let aliases = aliases(section, &rules, report);
    let Conditions { condition, fields, percentile, deviations, distinct } =
        condition::conditions(section, kind, report);
    if kind.is_of_a_group() && group_by.is_empty() {
        let hint = "add 'group-by: [user.name]'".to_owned();
        let message = match kind {
            CorrelationKind::FirstSeen => {
                "first_seen needs a group-by: for whom the value is new".to_owned()
            }
            kind => format!("{} needs a group-by: whom it is about", kind.as_str()),
        };
        report.error("missing-group-by", section.at, message, hint);
    }
    if kind == CorrelationKind::FirstSeen && timespan.is_some_and(|timespan| learning >= timespan) {
        let at = rule::position(section, "learning");
        let message = "the learning time has to be shorter than the timespan";
        report.error("learning", at, message, None);
    }
    if kind == CorrelationKind::Spike {
        if timespan.is_some_and(|timespan| timespan > DAY) {
            let at = rule::position(section, "timespan");
            report.error("timespan", at, "a spike is looked for within a day at the most", None);
        }
        if learning > BASELINE {
            let at = rule::position(section, "learning");
            let message = "what is usual is taken from the last four weeks";
            report.error("learning", at, message, "learn for up to 4w".to_owned());
        }
    }
    if kind.is_of_several_rules() && rules.len() < 2 && section.get("rules").is_some() {
        let at = rule::position(section, "rules");
        report.error("rules", at, format!("{} needs several rules", kind.as_str()), None);
    }
    only_for(section, "before", kind, &[CorrelationKind::MissingFollowup], report);
    let before = span(section, "before", report).unwrap_or(0);
    let travel = travel(section, kind, report);
    let risk = Risk { rules: distinct, ..risk(section, kind, report) };
    let generate = [section, document].into_iter().find_map(|node| node.get("generate"));
    let generate = match generate.map(|node| (node, Value::from_node(node))) {
        None => false,
        Some((_, Some(Value::Bool(generate)))) => generate,
        Some((node, _)) => {
            report.error("generate", node.at, "expected true or false", None);
            false
        }
    };
    Some(Correlation {
        kind,
        rules,
        group_by,
        timespan: timespan?,
        aliases,
        condition,
        fields,
        percentile,
        learning,
        before,
        travel,
        deviations,
        risk,
        generate,
        at: section.at,
    })
}

fn kind(section: &Node, report: &mut Report) -> Option<CorrelationKind> {
    let words = CorrelationKind::ALL.map(CorrelationKind::as_str);
    let Some(node) = section.get("type") else {
        let hint = format!("add 'type:' and one of {}", words.join(", "));
        report.error("missing-type", section.at, "the correlation has no type", hint);
        return None;
    };
    let name = node.text().unwrap_or_default();
    let found = CorrelationKind::ALL.into_iter().find(|kind| kind.as_str() == name);
    if found.is_none() {
        let hint = match nearest(name, words) {
            Some(meant) => format!("did you mean '{meant}'?"),
            None => format!("use one of {}", words.join(", ")),
        };
        report.error("unknown-word", node.at, format!("unknown correlation type '{name}'"), hint);
    }
    found
}

/// Warns of an attribute that only other types have.
fn only_for(
    section: &Node,
    key: &str,
    kind: CorrelationKind,
    kinds: &[CorrelationKind],
    report: &mut Report,
) {
    if section.get(key).is_none() || kinds.contains(&kind) {
        return;
    }
    let at = rule::position(section, key);
    let words: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    report.warning(
        warning_of(key),
        at,
        format!("'{key}' is for {} only", words.join(" and ")),
        None,
    );
}

fn warning_of(key: &str) -> &'static str {
    if key == "learning" { "learning" } else { "attribute" }
}

fn travel(section: &Node, kind: CorrelationKind, report: &mut Report) -> Travel {
    let mut travel = Travel::default();
    for key in ["distance", "shared", "memory"] {
        only_for(section, key, kind, &[CorrelationKind::ImpossibleTravel], report);
    }
    if let Some(distance) = bounded(section, "distance", (1.0, FARTHEST), report) {
        travel.distance = distance;
    }
    if let Some(shared) = bounded(section, "shared", (2.0, MOST_SHARING), report) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded")]
        let shared = shared as u32;
        travel.shared = shared;
    }
    if let Some(memory) = span(section, "memory", report) {
        travel.memory = memory;
    }
    travel
}

fn risk(section: &Node, kind: CorrelationKind, report: &mut Report) -> Risk {
    let mut risk = Risk::default();
    for key in ["half-life", "weights"] {
        only_for(section, key, kind, &[CorrelationKind::Risk], report);
    }
    if let Some(half_life) = span(section, "half-life", report) {
        risk.half_life = half_life;
    }
    if let Some(node) = section.get("weights") {
        risk.weights = Weights::parse(node, report);
    }
    risk
}

/// A number of the section, within bounds.
fn bounded(
    section: &Node,
    key: &'static str,
    (least, most): (f64, f64),
    report: &mut Report,
) -> Option<f64> {
    let node = section.get(key)?;
    let number = condition::number(node, report)?;
    if !(least..=most).contains(&number) {
        let message = format!("expected a number from {least} to {most} for '{key}'");
        report.error("attribute", node.at, message, None);
        return None;
    }
    Some(number)
}

/// A text or a list of texts that are not empty.
pub(super) fn list<'n>(
    node: &'n Node,
    what: &str,
    report: &mut Report,
) -> Vec<(&'n str, Position)> {
    let nodes = match &node.content {
        Content::List(nodes) => nodes.as_slice(),
        Content::Scalar { .. } if node.is_null() => &[],
        _ => std::slice::from_ref(node),
    };
    let mut texts = Vec::new();
    for node in nodes {
        match node.text().filter(|text| !text.trim().is_empty()) {
            Some(text) => texts.push((text, node.at)),
            None => {
                let message = format!("expected {what}, found {}", node.kind());
                report.error("correlation", node.at, message, None);
            }
        }
    }
    texts
}

fn references(section: &Node, report: &mut Report) -> Vec<Reference> {
    let hint = || "write 'rules: [name]' with the names or ids of rules".to_owned();
    let Some(node) = section.get("rules") else {
        let message = "the correlation names no rules";
        report.error("missing-rules", section.at, message, hint());
        return Vec::new();
    };
    let mut rules: Vec<Reference> = Vec::new();
    for (name, at) in list(node, "the name or id of a rule", report) {
        if rules.iter().any(|rule| rule.name.eq_ignore_ascii_case(name)) {
            report.error("rules", at, format!("'{name}' is named twice"), None);
        }
        rules.push(Reference { name: name.to_owned(), at });
    }
    if rules.is_empty() {
        report.error("missing-rules", node.at, "the correlation names no rules", hint());
    }
    if rules.len() > MOST_RULES {
        let message = format!("{} rules, the most is {MOST_RULES}", rules.len());
        report.error("rules", node.at, message, None);
    }
    rules
}

fn names(section: &Node, key: &str, report: &mut Report) -> Vec<String> {
    let Some(node) = section.get(key) else { return Vec::new() };
    list(node, "the name of a field", report).into_iter().map(|(name, _)| name.to_owned()).collect()
}

fn aliases(section: &Node, rules: &[Reference], report: &mut Report) -> Vec<Alias> {
    let Some(node) = section.get("aliases") else { return Vec::new() };
    let hint =
        || "write 'aliases: {who: {rule_a: user.name, rule_b: user.target.name}}'".to_owned();
    let Content::Map(entries) = &node.content else {
        let message = format!("'aliases' should be a mapping, found {}", node.kind());
        report.error("aliases", node.at, message, hint());
        return Vec::new();
    };
    let mut aliases = Vec::new();
    for (key, node) in entries {
        let Content::Map(entries) = &node.content else {
            let message = format!("expected a field for each rule, found {}", node.kind());
            report.error("aliases", node.at, message, hint());
            continue;
        };
        let mut fields = Vec::new();
        for (rule, field) in entries {
            if !rules.iter().any(|reference| reference.name.eq_ignore_ascii_case(&rule.text)) {
                let names = rules.iter().map(|rule| rule.name.as_str());
                let hint =
                    nearest(&rule.text, names).map(|meant| format!("did you mean '{meant}'?"));
                let message = format!("'{}' is none of the correlation's rules", rule.text);
                report.error("aliases", rule.at, message, hint);
            }
            match field.text() {
                Some(name) => fields.push((rule.text.clone(), name.to_owned())),
                None => {
                    let message = format!("expected the name of a field, found {}", field.kind());
                    report.error("aliases", field.at, message, None);
                }
            }
        }
        for rule in rules {
            if !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case(&rule.name)) {
                let message = format!("'{}' has no field for the rule '{}'", key.text, rule.name);
                report.error("aliases", key.at, message, None);
            }
        }
        aliases.push(Alias { name: key.text.clone(), fields, at: key.at });
    }
    aliases
}

/// A time span such as `90m`, in milliseconds.
fn span(section: &Node, key: &str, report: &mut Report) -> Option<i64> {
    let node = section.get(key)?;
    let span = node.text().and_then(milliseconds).filter(|span| (1..=LONGEST).contains(span));
    if span.is_none() {
        let found = node.text().map_or(node.kind().to_owned(), |text| format!("'{text}'"));
        let hint = "write a number and s, m, h, d, w or M, up to a year: 90m".to_owned();
        let message = format!("expected a time span, found {found}");
        report.error("timespan", node.at, message, hint);
    }
    span
}
