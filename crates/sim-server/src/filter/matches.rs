//! Whether an event matches.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Filter, Literal, Operator, Path};

impl Filter {
    /// Whether `event` matches.
    pub fn matches(&self, event: &Value) -> bool {
        match self {
            Filter::And(parts) => parts.iter().all(|part| part.matches(event)),
            Filter::Or(parts) => parts.iter().any(|part| part.matches(event)),
            Filter::Not(inner) => !inner.matches(event),
            Filter::Present(path) => path.any(event, &|value| match value {
                Value::Null => false,
                Value::String(text) => !text.is_empty(),
                Value::Object(members) => !members.is_empty(),
                _ => true,
            }),
            // What is not there is nothing.
            Filter::Compare(path, Operator::Eq, Literal::Null) => is_nothing(path, event),
            Filter::Compare(path, Operator::Ne, Literal::Null) => !is_nothing(path, event),
            Filter::Compare(path, Operator::Ne, literal) => {
                !path.any(event, &|value| compare(value, Operator::Eq, literal))
            }
            Filter::Compare(path, operator, literal) => {
                path.any(event, &|value| compare(value, *operator, literal))
            }
        }
    }
}

fn is_nothing(path: &Path, event: &Value) -> bool {
    !path.any(event, &|value| !value.is_null())
}

impl Path {
    /// Whether `test` holds for a value that the path leads to. Arrays are looked into.
    fn any(&self, event: &Value, test: &dyn Fn(&Value) -> bool) -> bool {
        any_at(&self.0, event, test)
    }
}

fn any_at(names: &[String], value: &Value, test: &dyn Fn(&Value) -> bool) -> bool {
    match (names.split_first(), value) {
        (_, Value::Array(items)) => items.iter().any(|item| any_at(names, item, test)),
        (None, value) => test(value),
        (Some((name, rest)), Value::Object(members)) => members
            .iter()
            .filter(|(key, _)| key.to_lowercase() == name.to_lowercase())
            .any(|(_, member)| any_at(rest, member, test)),
        _ => false,
    }
}

fn compare(value: &Value, operator: Operator, literal: &Literal) -> bool {
    match (value, literal) {
        (Value::String(text), Literal::Text(wanted)) => match operator {
            Operator::Co => text.contains(wanted.as_str()),
            Operator::Sw => text.starts_with(wanted.as_str()),
            Operator::Ew => text.ends_with(wanted.as_str()),
            _ => is(operator, text_order(text, wanted)),
        },
        (Value::Number(number), Literal::Number(wanted)) => {
            let order = number.as_f64().and_then(|number| number.partial_cmp(wanted));
            order.is_some_and(|order| is(operator, order))
        }
        (Value::Bool(flag), Literal::Flag(wanted)) => operator == Operator::Eq && flag == wanted,
        _ => false,
    }
}

fn text_order(text: &str, wanted: &str) -> Ordering {
    let time = |text: &str| text.parse::<jiff::Timestamp>().ok();
    match time(text).zip(time(wanted)) {
        Some((time, wanted)) => time.cmp(&wanted),
        None => text.cmp(wanted),
    }
}

fn is(operator: Operator, order: Ordering) -> bool {
    match operator {
        Operator::Eq => order.is_eq(),
        Operator::Gt => order.is_gt(),
        Operator::Ge => order.is_ge(),
        Operator::Lt => order.is_lt(),
        Operator::Le => order.is_le(),
        _ => false,
    }
}

/// Whether every keyword of `q` is part of some text of the event, whatever the case of letters.
pub(crate) fn has_keywords(event: &Value, q: &str) -> bool {
    q.split_whitespace().all(|word| has_text(event, &word.to_lowercase()))
}

fn has_text(value: &Value, word: &str) -> bool {
    match value {
        Value::String(text) => text.to_lowercase().contains(word),
        Value::Array(items) => items.iter().any(|item| has_text(item, word)),
        Value::Object(members) => members.values().any(|member| has_text(member, word)),
        _ => false,
    }
}
