//! Conditions that can't hold, and such that always do.
//!
//! A condition is tried with every combination of selections that hold and do not. Combinations
//! that no event can bring about do not count: a field with one value that would have to be two
//! things at once, or be what a selection that does not hold asks for.

use std::collections::{BTreeMap, BTreeSet};

use ecs::{FIELDS, Lookup};

use super::Subject;
use crate::sigma::diagnostic::Report;
use crate::sigma::{Condition, Item, Modifier, Pattern, Search, Selection, Value};

/// The most different selections for which every combination is tried.
const MOST_SELECTIONS: usize = 12;

/// The values that fields with one value may have.
type Allowed = BTreeMap<String, BTreeSet<String>>;

/// What is known about a selection.
struct Known {
    /// What has to be so where it holds; `None` when it never does.
    holds: Option<Allowed>,
    /// What must not be so where it does not hold, when that can be said.
    fails: Option<(String, BTreeSet<String>)>,
}

pub(super) fn check(subject: &Subject<'_>, report: &mut Report) {
    let detection = &subject.rule.detection;
    let known: Vec<Known> = detection.selections.iter().map(Known::of).collect();
    for (selection, known) in detection.selections.iter().zip(&known) {
        if known.holds.is_none() {
            let message =
                format!("'{}' never holds: a field would need two values", selection.name);
            let hint = "write the values as one list, if either will do".to_owned();
            report.error("contradiction", selection.at, message, hint);
        }
    }
    // Selections that look for the same hold together.
    let keys: Vec<String> = detection.selections.iter().map(|s| key(&s.search)).collect();
    let mut different: Vec<&String> = keys.iter().collect();
    different.sort();
    different.dedup();
    if different.len() > MOST_SELECTIONS {
        return;
    }
    let variable = |index: usize| {
        let key = keys.get(index);
        different.iter().position(|known| Some(*known) == key).unwrap_or_default()
    };
    let (mut ever_true, mut ever_false) = (false, false);
    let (mut possibly_true, mut possibly_false) = (false, false);
    for combination in 0_u32..(1 << different.len()) {
        let holds = |index: usize| combination & (1 << variable(index)) != 0;
        let result = is_met(&detection.condition, &holds);
        ever_true |= result;
        ever_false |= !result;
        let undecided = if result { !possibly_true } else { !possibly_false };
        if undecided && is_possible(&known, &holds) {
            possibly_true |= result;
            possibly_false |= !result;
        }
    }
    let document = subject.document.and_then(|document| document.get("detection"));
    let condition = document.and_then(|detection| detection.get("condition"));
    let at = condition.map_or(subject.at("detection"), |node| node.at);
    if !ever_true {
        let message = "the condition can't hold: it contradicts itself";
        report.error("impossible-condition", at, message, None);
    } else if !possibly_true && known.iter().all(|known| known.holds.is_some()) {
        let message = "the condition can't hold: its selections exclude each other";
        let hint = "join them with 'or', or compare their values".to_owned();
        report.error("impossible-condition", at, message, hint);
    } else if !ever_false || !possibly_false {
        let message = "the condition always holds, whatever the event";
        report.error("always-true", at, message, None);
    }
}

fn is_met(condition: &Condition, holds: &impl Fn(usize) -> bool) -> bool {
    match condition {
        Condition::Selection(index) => holds(*index),
        Condition::Not(inner) => !is_met(inner, holds),
        Condition::And(parts) => parts.iter().all(|part| is_met(part, holds)),
        Condition::Or(parts) => parts.iter().any(|part| is_met(part, holds)),
        Condition::AtLeast(needed, indexes) => {
            indexes.iter().filter(|index| holds(**index)).count() >= *needed
        }
    }
}

/// Whether an event can be such that just these selections hold.
fn is_possible(known: &[Known], holds: &impl Fn(usize) -> bool) -> bool {
    let mut allowed = Allowed::new();
    for (_, selection) in known.iter().enumerate().filter(|(index, _)| holds(*index)) {
        match &selection.holds {
            Some(more) if narrow(&mut allowed, more) => {}
            _ => return false,
        }
    }
    for (_, selection) in known.iter().enumerate().filter(|(index, _)| !holds(*index)) {
        if let Some((field, values)) = &selection.fails
            && let Some(left) = allowed.get_mut(field)
        {
            left.retain(|value| !values.contains(value));
            if left.is_empty() {
                return false;
            }
        }
    }
    true
}

/// Adds what else has to be so; gives whether anything is left for every field.
fn narrow(allowed: &mut Allowed, more: &Allowed) -> bool {
    for (field, values) in more {
        let left = allowed.entry(field.clone()).or_insert_with(|| values.clone());
        left.retain(|value| values.contains(value));
        if left.is_empty() {
            return false;
        }
    }
    true
}

impl Known {
    fn of(selection: &Selection) -> Self {
        let fails = match &selection.search {
            Search::Item(item) => equality(item),
            Search::All(parts) => match parts.as_slice() {
                [Search::Item(item)] => equality(item),
                _ => None,
            },
            Search::Any(_) => None,
        };
        Self { holds: required(&selection.search), fails }
    }
}

/// What has to be so for a search to hold; `None` when nothing can be.
fn required(search: &Search) -> Option<Allowed> {
    let mut allowed = Allowed::new();
    match search {
        Search::All(parts) => {
            for part in parts {
                if !narrow(&mut allowed, &required(part)?) {
                    return None;
                }
            }
        }
        // Every alternative has its own requirements, none of them has to be so.
        Search::Any(parts) if parts.iter().any(|part| required(part).is_some()) => {}
        Search::Any(_) => return None,
        Search::Item(item) => {
            if let Some((field, values)) = equality(item) {
                if item.has(Modifier::All) && values.len() > 1 {
                    return None;
                }
                allowed.insert(field, values);
            }
        }
    }
    Some(allowed)
}

/// The field and the values of an item that compares a field of one value with plain texts.
fn equality(item: &Item) -> Option<(String, BTreeSet<String>)> {
    if !item.modifiers.iter().all(|modifier| *modifier == Modifier::All) {
        return None;
    }
    let field = field_of_one_value(item.field.as_deref()?)?;
    let literal = |value: &Value| match value {
        Value::Text(text) => Pattern::parse(text, false).as_literal().map(str::to_lowercase),
        Value::Number(_) | Value::Bool(_) => Some(value.as_written().to_lowercase()),
        Value::Null => None,
    };
    let values = item.values.iter().map(literal).collect::<Option<BTreeSet<_>>>()?;
    Some((field, values))
}

/// The field's name in the table, when an event has one value of it at most.
fn field_of_one_value(name: &str) -> Option<String> {
    let lookup = Lookup::resolve(name);
    let ecs = match lookup.name() {
        "eventType" => "event.action",
        "severity" => "okta.system.severity",
        "outcome.result" => "okta.system.outcome.result",
        "outcome.reason" => "okta.system.outcome.reason",
        "actor.id" => "okta.system.actor.id",
        "actor.type" => "okta.system.actor.type",
        other => other,
    };
    let field = FIELDS.iter().find(|field| field.name == ecs)?;
    (!field.many && field.part_of.is_none()).then(|| ecs.to_owned())
}

/// What a search looks for, wherever it stands.
fn key(search: &Search) -> String {
    match search {
        Search::All(parts) => joined("all", parts),
        Search::Any(parts) => joined("any", parts),
        Search::Item(item) => {
            let field = item.field.as_deref().map(|field| Lookup::resolve(field).name().to_owned());
            let exact = item.has(Modifier::Cased) || item.has(Modifier::Re);
            let value = |value: &Value| match value {
                Value::Text(text) if !exact => format!("{:?}", text.to_lowercase()),
                other => format!("{other:?}"),
            };
            let mut values: Vec<String> = item.values.iter().map(value).collect();
            values.sort();
            format!("{field:?}{:?}{values:?}", item.modifiers)
        }
    }
}

fn joined(by: &str, parts: &[Search]) -> String {
    if let [only] = parts {
        return key(only);
    }
    let mut keys: Vec<String> = parts.iter().map(key).collect();
    keys.sort();
    format!("{by}({})", keys.join(","))
}
