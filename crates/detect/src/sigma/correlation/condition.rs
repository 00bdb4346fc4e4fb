//! The condition of a correlation: numbers to compare with, and the fields that are looked at.

use super::parse::list;
use super::{CorrelationKind, MOST_EVENTS, Operator};
use crate::sigma::diagnostic::{Report, nearest};
use crate::sigma::value::{Number, Quantity, Value};
use crate::sigma::yaml::{Content, Node};

/// How many deviations a spike has to be above what is usual unless its rule says otherwise.
const DEVIATIONS: f64 = 6.0;

#[derive(Default)]
pub(super) struct Conditions {
    pub(super) condition: Vec<(Operator, f64)>,
    pub(super) fields: Vec<String>,
    pub(super) percentile: f64,
    pub(super) deviations: f64,
    /// Of how many different rules alerts have to be.
    pub(super) distinct: u32,
}

pub(super) fn conditions(section: &Node, kind: CorrelationKind, report: &mut Report) -> Conditions {
    let mut found = Conditions {
        percentile: 50.0,
        deviations: DEVIATIONS,
        distinct: 1,
        ..Conditions::default()
    };
    let word = kind.as_str();
    let example = match kind {
        CorrelationKind::FirstSeen => "{field: source.geo.country_name}",
        CorrelationKind::ValuePercentile => "{field: …, percentile: 95, gte: 10}",
        CorrelationKind::ImpossibleTravel => "{gte: 1000}",
        CorrelationKind::Spike => "{gte: 20, deviations: 6}",
        CorrelationKind::Risk => "{gte: 100, rules: 2}",
        kind if kind.has_field() => "{field: source.ip, gte: 10}",
        _ => "{gte: 10}",
    };
    let hint = || format!("add 'condition: {example}'");
    let Some(node) = section.get("condition") else {
        if !kind.needs_no_condition() {
            report.error(
                "missing-condition",
                section.at,
                format!("{word} needs a condition"),
                hint(),
            );
        }
        return found;
    };
    let Content::Map(entries) = &node.content else {
        let message = format!("'condition' should be a mapping, found {}", node.kind());
        report.error("condition", node.at, message, hint());
        return found;
    };
    for (key, node) in entries {
        let name = key.text.as_str();
        if let Some((_, operator)) = Operator::NAMES.into_iter().find(|(word, _)| *word == name) {
            if !kind.compares() {
                report.error("condition", key.at, format!("{word} compares no number"), None);
            }
            let Some(number) = number(node, report) else { continue };
            let counts = !matches!(
                kind,
                CorrelationKind::ValueSum
                    | CorrelationKind::ValueAvg
                    | CorrelationKind::ValuePercentile
                    | CorrelationKind::ImpossibleTravel
                    | CorrelationKind::Risk
            );
            if counts && !(0.0..=f64::from(MOST_EVENTS)).contains(&number) {
                let message = format!("expected a number from 0 to {MOST_EVENTS}");
                report.error("condition", node.at, message, None);
            }
            found.condition.push((operator, number));
            continue;
        }
        match name {
            "field" | "fields" if kind.takes_field() => {
                let names = list(node, "the name of a field", report);
                found.fields.extend(names.into_iter().map(|(name, _)| name.to_owned()));
            }
            "field" | "fields" => {
                report.error("condition", key.at, format!("{word} looks at no field"), hint());
            }
            "percentile" if kind == CorrelationKind::ValuePercentile => {
                let Some(percentile) = number(node, report) else { continue };
                if !(0.0..=100.0).contains(&percentile) {
                    report.error("condition", node.at, "expected a number from 0 to 100", None);
                }
                found.percentile = percentile;
            }
            "deviations" if kind == CorrelationKind::Spike => {
                let Some(deviations) = number(node, report) else { continue };
                if !(1.0..=1_000.0).contains(&deviations) {
                    report.error("condition", node.at, "expected a number from 1 to 1000", None);
                }
                found.deviations = deviations;
            }
            "rules" if kind == CorrelationKind::Risk => {
                let Some(rules) = number(node, report) else { continue };
                if !(1.0..=64.0).contains(&rules) {
                    report.error("condition", node.at, "expected a number from 1 to 64", None);
                }
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let rules = rules.clamp(1.0, 64.0) as u32;
                found.distinct = rules;
            }
            other => {
                let mut names: Vec<&str> = Operator::NAMES.iter().map(|(name, _)| *name).collect();
                names.extend(["field", "fields", "percentile", "deviations", "rules"]);
                let hint = match nearest(other, names) {
                    Some(meant) => format!("did you mean '{meant}'?"),
                    None => "use gt, gte, lt, lte, eq or neq".to_owned(),
                };
                report.error("condition", key.at, format!("unknown condition '{other}'"), hint);
            }
        }
    }
    if kind.has_field() && found.fields.is_empty() {
        report.error("missing-field", node.at, format!("{word} needs a field"), hint());
    }
    let only_one = kind.takes_field() && kind != CorrelationKind::FirstSeen;
    if only_one && found.fields.len() > 1 {
        report.error("condition", node.at, format!("{word} looks at one field"), None);
    }
    let needs_number = kind.compares() && !kind.needs_no_condition();
    if found.condition.is_empty() && needs_number {
        let message = format!("{word} needs a number to compare with");
        report.error("missing-condition", node.at, message, hint());
    }
    found
}

/// A number of the rule.
pub(super) fn number(node: &Node, report: &mut Report) -> Option<f64> {
    let number = match Value::from_node(node) {
        #[expect(clippy::cast_precision_loss, reason = "nobody compares with such numbers")]
        Some(Value::Number(Number { value: Quantity::Integer(integer), .. })) => {
            Some(integer as f64)
        }
        Some(Value::Number(Number { value: Quantity::Float(float), .. })) => Some(float),
        _ => None,
    };
    if number.is_none() {
        report.error("condition", node.at, "expected a number", None);
    }
    number
}
