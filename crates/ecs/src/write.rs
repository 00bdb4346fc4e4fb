//! Writing records as JSON.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use bumpalo::collections::String as BumpString;
use hashbrown::HashMap;
use okta::json::{Text, Value};

use crate::fields::{FIELDS, Field, FieldId};
use crate::record::Record;
use crate::tidy::Tidy;

/// Where JSON is written to.
pub(crate) trait Out {
    fn put(&mut self, text: &str);

    /// Writes a text between quotes, in which it may stand as it is.
    fn put_quoted(&mut self, text: &str) {
        self.put("\"");
        self.put(text);
        self.put("\"");
    }
}

impl Out for Vec<u8> {
    #[inline]
    fn put(&mut self, text: &str) {
        self.extend_from_slice(text.as_bytes());
    }

    #[inline]
    fn put_quoted(&mut self, text: &str) {
        // One look at the room that is left, not three.
        self.reserve(text.len() + 2);
        self.push(b'"');
        self.extend_from_slice(text.as_bytes());
        self.push(b'"');
    }
}

impl Out for BumpString<'_> {
    #[inline]
    fn put(&mut self, text: &str) {
        self.push_str(text);
    }
}

/// Appends a string in quotes, with the escapes that JSON demands.
pub fn write_json_string(out: &mut Vec<u8>, text: &str) {
    string(out, text);
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
        (Some(json), Some(_)) => out.put_quoted(json),
        (Some(json), None) if !json.contains("\\u") => out.put_quoted(json),
        _ => string(out, &text.to_str()),
    }
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

/// How a field is reached from the objects that are open when it is written.
struct Step {
    /// The objects the field is in, outermost first: each named by a number of its own.
    parents: Vec<usize>,
    /// What is written before the value when the first so many of the parents are open already:
    /// `"okta":{"system":{"severity":`, `"system":{"severity":`, `"severity":`; and the same with
    /// a comma in front.
    openings: Vec<[String; 2]>,
}

/// The steps of all fields, by their rows in the table.
static STEPS: LazyLock<Vec<Step>> = LazyLock::new(|| {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let step = |field: &'static Field| {
        let names: Vec<&str> = field.name.split('.').collect();
        let dots = field.name.match_indices('.').map(|(at, _)| at);
        let parents = dots.filter_map(|at| field.name.get(..at)).map(|parent| {
            let next = numbers.len();
            *numbers.entry(parent).or_insert(next)
        });
        let parents = parents.collect();
        let openings = (0..names.len()).map(|open| {
            let (key, objects) = names.split_last().unwrap_or((&"", &[]));
            let objects = objects.iter().skip(open).map(|name| format!("\"{name}\":{{"));
            let opening = objects.collect::<String>() + &format!("\"{key}\":");
            [opening.clone(), format!(",{opening}")]
        });
        Step { parents, openings: openings.collect() }
    };
    FIELDS.iter().map(step).collect()
});

/// An object that is being written, field after field in the order of the table.
struct Document<'o> {
    out: &'o mut Vec<u8>,
    /// The objects that are open, outermost first.
    open: &'static [usize],
    /// Whether something stands before the next field.
    started: bool,
}

impl Document<'_> {
    /// Writes everything up to the field's value.
    #[inline]
    fn key(&mut self, id: FieldId) {
        let Some(step) = STEPS.get(id as usize) else { return };
        let common = self.open.iter().zip(&step.parents).take_while(|(a, b)| a == b).count();
        self.close(common);
        if let Some([opening, with_comma]) = step.openings.get(common) {
            self.out.put(if self.started { with_comma } else { opening });
        }
        self.open = &step.parents;
        self.started = true;
    }

    /// Closes the objects that are open below `depth`.
    #[inline]
    fn close(&mut self, depth: usize) {
        for _ in depth..self.open.len() {
            self.out.put("}");
        }
        self.open = self.open.get(..depth).unwrap_or_default();
    }
}

impl Record<'_> {
    /// Appends the record as one JSON object, without white space.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        self.write_json_with(out, |_| true, |_| {});
    }

    /// Appends those fields of the record that `keep` wants, as one JSON object that ends in
    /// further members: `more` is to append them, each with a comma before it. The fields of
    /// `user_agent` go together with the first of them. `@timestamp` must
    /// be kept, or another field that every record has, for a comma to be right.
    pub fn write_json_with(
        &self,
        out: &mut Vec<u8>,
        keep: impl Fn(&Field) -> bool,
        more: impl FnOnce(&mut Vec<u8>),
    ) {
        out.put("{");
        let mut document = Document { out, open: &[], started: false };
        for field in FIELDS.iter().filter(|field| field.part_of.is_none() && keep(field)) {
            self.write_field(field, &mut document);
        }
        document.close(0);
        more(out);
        out.put("}");
    }

    #[inline]
    fn write_field(&self, field: &Field, document: &mut Document<'_>) {
        match field.id {
            FieldId::Target => self.write_targets(document),
            FieldId::DebugContext => {
                let data = self.event.debug_context.debug_data;
                if let Value::Object(_) = data {
                    let tidy = Tidy::debug_data(&self.context.bump);
                    document.write_tidily(field.id, |out| tidy.write(out, data));
                }
            }
            // A user agent comes again and again, and with it everything that is worked out.
            FieldId::UserAgentOriginal => {
                if let Some(known) = self.agent() {
                    document.key(field.id);
                    document.out.put(&known.json);
                }
            }
            FieldId::UserAgentVersion
            | FieldId::UserAgentDeviceName
            | FieldId::UserAgentOsName
            | FieldId::UserAgentOsVersion => {}
            FieldId::UserAgentName if self.agent().is_some() => {}
            FieldId::SourceGeoLocation => {
                if let Some((lat, lon)) = self.coordinates() {
                    document.key(field.id);
                    for part in ["{\"lat\":", &lat, ",\"lon\":", &lon, "}"] {
                        document.out.put(part);
                    }
                }
            }
            FieldId::DeviceIntegrator => {
                let integrator = self.device_integrator();
                let tidy = Tidy::new(&self.context.bump);
                document.write_tidily(field.id, |out| match integrator {
                    Value::Array(list) => tidy.write_objects(out, list.items()),
                    one => tidy.write(out, one),
                });
            }
            FieldId::IpChain => {
                let tidy = Tidy::hop(&self.context.bump);
                document.write_tidily(field.id, |out| tidy.write_objects(out, self.ip_chain()));
            }
            _ if field.many => {
                let mut first = true;
                let _ = self.visit_field(field.id, &mut |content| {
                    if first {
                        document.key(field.id);
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
                    document.key(field.id);
                    value(document.out, content);
                    ControlFlow::Break(())
                });
            }
        }
    }

    /// Writes the targets, each with the members that the table has.
    fn write_targets(&self, document: &mut Document<'_>) {
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
                        document.key(FieldId::Target);
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

impl Document<'_> {
    /// Writes a field whose value `write` writes; if that finds nothing to write, as if it had
    /// never been begun.
    fn write_tidily(&mut self, id: FieldId, write: impl FnOnce(&mut Vec<u8>) -> bool) {
        let (length, open, started) = (self.out.len(), self.open, self.started);
        self.key(id);
        if !write(self.out) {
            self.out.truncate(length);
            self.open = open;
            self.started = started;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn strings_are_read_back_as_they_were(content: String) {
            let mut out = Vec::new();
            string(&mut out, &content);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), content);
        }
    }
}
