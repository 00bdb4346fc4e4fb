//! The values of a field, from the two places that have to agree.

use std::ops::ControlFlow;

use ecs::{Lookup, Record};
use okta::json::Value as Okta;
use serde_json::Value;

/// What a lookup finds, as JSON.
pub(crate) fn found(record: &Record<'_>, name: &str) -> Vec<Value> {
    let mut values = Vec::new();
    let flow = record.visit(&Lookup::resolve(name), &mut |value| {
        values.push(match value {
            Okta::Missing => panic!("{name}: a value that is missing"),
            Okta::Null => Value::Null,
            Okta::Bool(flag) => Value::Bool(flag),
            Okta::Number(number) => serde_json::from_str(number).unwrap(),
            Okta::Text(text) => Value::String(text.to_str().into_owned()),
            Okta::Object(raw) | Okta::Array(raw) => serde_json::from_str(raw.as_str()).unwrap(),
        });
        ControlFlow::Continue(())
    });
    assert!(flow.is_continue());
    values
}

/// What stands under a dotted name in a record, through arrays: each element on its own. Arrays
/// in arrays have no name.
pub(crate) fn at(record: &Value, name: &str) -> Vec<Value> {
    let mut values = vec![record];
    for part in name.split('.') {
        values =
            values.into_iter().flat_map(elements).filter_map(|value| value.get(part)).collect();
    }
    values.into_iter().flat_map(elements).cloned().collect()
}

fn elements(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().filter(|item| !item.is_array()).collect(),
        one => vec![one],
    }
}
