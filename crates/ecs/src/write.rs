//! Writing records as JSON.

use std::ops::ControlFlow;

use bumpalo::collections::String as BumpString;
use okta::json::{Text, Value};

use crate::debug::snake_case;
use crate::fields::{FIELDS, Field, FieldId};
use crate::record::Record;

/// Where JSON is written to.
pub(crate) trait Out {
    fn put(&mut self, text: &str);
}

impl Out for Vec<u8> {
    #[inline]
    fn put(&mut self, text: &str) {
        self.extend_from_slice(text.as_bytes());
    }
}

impl Out for BumpString<'_> {
    #[inline]
    fn put(&mut self, text: &str) {
        self.push_str(text);
    }
}

/// Writes a string in quotes, with the escapes that JSON demands.
pub(crate) fn string(out: &mut impl Out, text: &str) {
    out.put("\"");
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\')
    {
        let (before, special) = rest.split_at(at);
        out.put(before);
        match special.as_bytes().first() {
            Some(b'"') => out.put("\\\""),
            Some(b'\\') => out.put("\\\\"),
            Some(b'\n') => out.put("\\n"),
            Some(b'\r') => out.put("\\r"),
            Some(b'\t') => out.put("\\t"),
            Some(control) => {
                const DIGITS: [&str; 16] = [
                    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f",
                ];
                out.put("\\u00");
                for digit in [control >> 4, control & 15] {
                    out.put(DIGITS.get(usize::from(digit)).copied().unwrap_or("0"));
                }
            }
            None => {}
        }
        rest = special.get(1..).unwrap_or_default();
    }
    out.put(rest);
    out.put("\"");
}

/// Writes a text in quotes. One that stands in a JSON text already is copied, unless it may hold
/// half a surrogate pair, which many readers of JSON refuse.
#[inline]
pub(crate) fn text(out: &mut impl Out, text: Text<'_>) {
    match (text.as_json(), text.as_plain()) {
        (Some(json), Some(_)) => quoted(out, json),
        (Some(json), None) if !json.contains("\\u") => quoted(out, json),
        _ => string(out, &text.to_str()),
    }
}

#[inline]
fn quoted(out: &mut impl Out, json: &str) {
    out.put("\"");
    out.put(json);
    out.put("\"");
}

/// Writes a value as it stands.
pub(crate) fn value(out: &mut impl Out, value: Value<'_>) {
    match value {
        Value::Missing | Value::Null => out.put("null"),
        Value::Bool(true) => out.put("true"),
        Value::Bool(false) => out.put("false"),
        Value::Number(number) => out.put(number),
        Value::Text(content) => text(out, content),
        Value::Object(raw) | Value::Array(raw) => out.put(raw.as_str()),
    }
}

/// How deep objects are walked into to tidy them. Okta's are three deep; what is deeper comes
/// from somebody who wants to see what happens, and is copied as it stands.
const DEEPEST: usize = 16;

/// Writes a value with its members' names in ECS's spelling and nothing empty in it. Returns
/// whether there was anything to write.
fn tidy(out: &mut Vec<u8>, content: Value<'_>, depth: usize) -> bool {
    match content {
        Value::Missing | Value::Null => false,
        Value::Text(text) if text.is_empty() => false,
        Value::Object(_) if depth < DEEPEST => {
            let start = out.len();
            out.put("{");
            let empty = out.len();
            for (name, member) in last_of_each(content) {
                let before = out.len();
                if before > empty {
                    out.put(",");
                }
                string(out, &name);
                out.put(":");
                if !tidy(out, member, depth + 1) {
                    out.truncate(before);
                }
            }
            if out.len() == empty {
                out.truncate(start);
                return false;
            }
            out.put("}");
            true
        }
        Value::Array(_) if depth < DEEPEST => {
            let start = out.len();
            out.put("[");
            let empty = out.len();
            for item in content.items() {
                let before = out.len();
                if before > empty {
                    out.put(",");
                }
                if !tidy(out, item, depth + 1) {
                    out.truncate(before);
                }
            }
            if out.len() == empty {
                out.truncate(start);
                return false;
            }
            out.put("]");
            true
        }
        Value::Object(raw) | Value::Array(raw) if raw.is_empty() => false,
        other => {
            value(out, other);
            true
        }
    }
}

/// The members of an object by their names in ECS's spelling. Of those that come to the same
/// name, the last one counts.
fn last_of_each(object: Value<'_>) -> Vec<(std::borrow::Cow<'_, str>, Value<'_>)> {
    use std::borrow::Cow;
    use std::collections::HashMap;

    let mut members: Vec<(Cow<'_, str>, Value<'_>)> = Vec::new();
    let mut positions: HashMap<String, usize> = HashMap::new();
    for (name, member) in object.entries() {
        let name = match name.to_str() {
            Cow::Borrowed(name) => snake_case(name),
            Cow::Owned(name) => Cow::Owned(snake_case(&name).into_owned()),
        };
        // A handful of members is searched faster than it is hashed.
        let position = if members.len() < 32 {
            members.iter().position(|(other, _)| *other == name)
        } else {
            if positions.is_empty() {
                let all = members.iter().enumerate();
                positions = all.map(|(position, (name, _))| (name.to_string(), position)).collect();
            }
            positions.get(&*name).copied()
        };
        match position.and_then(|position| members.get_mut(position)) {
            Some(slot) => slot.1 = member,
            None => {
                if !positions.is_empty() {
                    positions.insert(name.to_string(), members.len());
                }
                members.push((name, member));
            }
        }
    }
    members
}

/// An object that is being written, field after field in the order of the table: which objects
/// inside it are open, and whether a comma is due.
struct Document<'o> {
    out: &'o mut Vec<u8>,
    open: Vec<&'static str>,
    comma: bool,
}

impl Document<'_> {
    /// Writes everything up to the field's value.
    fn key(&mut self, name: &'static str) {
        let (parents, key) = match name.rsplit_once('.') {
            Some((parents, key)) => (parents, key),
            None => ("", name),
        };
        let mut depth = 0;
        for parent in parents.split('.').filter(|parent| !parent.is_empty()) {
            if self.open.get(depth) != Some(&parent) {
                self.close(depth);
                self.name(parent);
                self.out.put("{");
                self.open.push(parent);
                self.comma = false;
            }
            depth += 1;
        }
        self.close(depth);
        self.name(key);
        self.comma = true;
    }

    /// Closes the objects that are open below `depth`.
    fn close(&mut self, depth: usize) {
        while self.open.len() > depth {
            self.open.pop();
            self.out.put("}");
            self.comma = true;
        }
    }

    fn name(&mut self, name: &str) {
        self.out.put(if self.comma { ",\"" } else { "\"" });
        self.out.put(name);
        self.out.put("\":");
    }
}

impl Record<'_> {
    /// Appends the record as one JSON object, without white space.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        self.write_json_with(out, |_| {});
    }

    /// Appends the record as one JSON object that ends in further members: `more` is to append
    /// them, each with a comma before it.
    pub fn write_json_with(&self, out: &mut Vec<u8>, more: impl FnOnce(&mut Vec<u8>)) {
        out.put("{");
        let mut document = Document { out, open: Vec::with_capacity(6), comma: false };
        for field in FIELDS.iter().filter(|field| field.part_of.is_none()) {
            self.write_field(field, &mut document);
        }
        document.close(0);
        more(out);
        out.put("}");
    }

    fn write_field(&self, field: &Field, document: &mut Document<'_>) {
        match field.id {
            FieldId::Target => self.write_targets(field, document),
            FieldId::DebugContext | FieldId::DeviceIntegrator | FieldId::IpChain => {
                self.write_tidily(field, document);
            }
            _ if field.many => {
                let mut first = true;
                let _ = self.visit_field(field.id, &mut |content| {
                    if first {
                        document.key(field.name);
                        document.out.put("[");
                        first = false;
                    } else {
                        document.out.put(",");
                    }
                    value(document.out, content);
                    ControlFlow::Continue(())
                });
                if !first {
                    document.out.put("]");
                }
            }
            _ => {
                let _ = self.visit_field(field.id, &mut |content| {
                    document.key(field.name);
                    value(document.out, content);
                    ControlFlow::Break(())
                });
            }
        }
    }

    /// Writes objects whose members nobody can foresee.
    fn write_tidily(&self, field: &Field, document: &mut Document<'_>) {
        let mut tidied = Vec::new();
        let _ = self.visit_field(field.id, &mut |content| {
            let before = tidied.len();
            if before > 0 {
                tidied.put(",");
            }
            if !tidy(&mut tidied, content, 0) {
                tidied.truncate(before);
            }
            ControlFlow::Continue(())
        });
        if tidied.is_empty() {
            return;
        }
        document.key(field.name);
        if field.many {
            document.out.put("[");
        }
        document.out.extend_from_slice(&tidied);
        if field.many {
            document.out.put("]");
        }
    }

    /// Writes the targets, each with the members that the table has.
    fn write_targets(&self, field: &Field, document: &mut Document<'_>) {
        let mut any = false;
        for target in self.event.target.iter() {
            let members = [
                ("id", self.keyword(target.id)),
                ("type", self.keyword(target.kind)),
                ("alternate_id", self.name(target.alternate_id)),
                ("display_name", self.keyword(target.display_name)),
            ];
            let mut opened = false;
            for (name, member) in members {
                if matches!(member, Value::Missing) {
                    continue;
                }
                if !opened {
                    if any {
                        document.out.put(",{\"");
                    } else {
                        document.key(field.name);
                        document.out.put("[{\"");
                    }
                    opened = true;
                    any = true;
                } else {
                    document.out.put(",\"");
                }
                document.out.put(name);
                document.out.put("\":");
                value(document.out, member);
            }
            if opened {
                document.out.put("}");
            }
        }
        if any {
            document.out.put("]");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use okta::json::Scanner;
    use proptest::prelude::*;

    fn tidied(json: &str) -> String {
        let mut out = Vec::new();
        tidy(&mut out, Scanner::new(json).value().unwrap(), 0);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_empty_is_written() {
        let cases = [
            (r#"{"a":null,"b":"","c":{},"d":[],"e":[null,""],"f":{"g":{"h":null}}}"#, ""),
            (r#"{"aB":1,"a_b":2,"c":[1,null,2]}"#, r#"{"a_b":2,"c":[1,2]}"#),
            (r#"{"New Geo-Location":"POSITIVE"}"#, r#"{"new_geo_location":"POSITIVE"}"#),
            (r#"{"a":false,"b":0,"c":" "}"#, r#"{"a":false,"b":0,"c":" "}"#),
            (r#"{"a":"\ud800\u0041\n"}"#, "{\"a\":\"\u{fffd}A\\n\"}"),
        ];
        for (json, expected) in cases {
            assert_eq!(tidied(json), expected, "{json}");
        }
        let many: Vec<_> =
            (0..100).map(|number| format!("\"key{}\":{number}", number % 50)).collect();
        let object: serde_json::Value =
            serde_json::from_str(&tidied(&format!("{{{}}}", many.join(",")))).unwrap();
        assert_eq!(object.as_object().unwrap().len(), 50);
        assert_eq!(object["key7"], 57);
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = "[".repeat(100_000) + "1" + &"]".repeat(100_000);
        assert_eq!(tidied(&deep).len(), deep.len());
    }

    proptest! {
        #[test]
        fn strings_are_read_back_as_they_were(content: String) {
            let mut out = Vec::new();
            string(&mut out, &content);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), content);
        }
    }
}
