//! Writing values whose members nobody can foresee: with their names in ECS's spelling, and
//! nothing empty in them.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use hashbrown::HashMap;
use okta::json::{Error, Scanner, Text, Value};

use crate::debug::{is_structured, snake_case_in, structured};
use crate::record;
use crate::write::{self, Out};

/// How deep objects are walked into. Okta's are three deep; what is deeper comes from somebody
/// who wants to see what happens, and is copied as it stands.
const DEEPEST: usize = 16;

/// How many names of one object are compared one by one. With more of them, the object is read
/// a second time with a table.
const FEW: usize = 32;

/// Writes values tidily.
#[derive(Clone, Copy)]
pub(crate) struct Tidy<'b> {
    bump: &'b Bump,
    known: Known,
}

/// What is known about the members of the outermost object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Nothing,
    /// debugData: some strings hold structures, which are written in their place.
    DebugData,
    /// A hop of the IP chain: some members are rows of the field table.
    Hop,
}

impl<'b> Tidy<'b> {
    /// With memory for names and the like from `bump`.
    pub(crate) fn new(bump: &'b Bump) -> Self {
        Self { bump, known: Known::Nothing }
    }

    /// For debugData.
    pub(crate) fn debug_data(bump: &'b Bump) -> Self {
        Self { bump, known: Known::DebugData }
    }

    /// For a hop of the IP chain.
    pub(crate) fn hop(bump: &'b Bump) -> Self {
        Self { bump, known: Known::Hop }
    }

    /// Writes a value. Returns whether there was anything to write.
    pub(crate) fn write(self, out: &mut Vec<u8>, value: Value<'_>) -> bool {
        self.value(out, value, 0)
    }

    /// Writes the objects among `values` as an array. Returns whether there was anything to write.
    pub(crate) fn write_objects<'a>(
        self,
        out: &mut Vec<u8>,
        values: impl Iterator<Item = Value<'a>>,
    ) -> bool {
        let start = out.len();
        out.put("[");
        let empty = out.len();
        for object in values.filter(|value| matches!(value, Value::Object(_))) {
            let before = out.len();
            if before > empty {
                out.put(",");
            }
            if !self.value(out, object, 0) {
                out.truncate(before);
            }
        }
        close(out, start, empty, "]")
    }

    fn value(self, out: &mut Vec<u8>, value: Value<'_>, depth: usize) -> bool {
        match value {
            Value::Missing | Value::Null => false,
            Value::Text(text) if text.is_empty() => false,
            Value::Object(raw) | Value::Array(raw) if depth < DEEPEST => {
                self.next(out, &mut Scanner::new(raw.as_str()), depth).unwrap_or(false)
            }
            Value::Object(raw) | Value::Array(raw) if raw.is_empty() => false,
            Value::Object(raw) | Value::Array(raw) => {
                copy(out, raw.as_str());
                true
            }
            other => {
                write::value(out, other);
                true
            }
        }
    }

    /// Writes the value that the scanner stands before, in one pass over its text.
    fn next(
        self,
        out: &mut Vec<u8>,
        scanner: &mut Scanner<'_>,
        depth: usize,
    ) -> Result<bool, Error> {
        match scanner.peek() {
            Some(b'{') if depth < DEEPEST => self.object(out, scanner, depth),
            Some(b'[') if depth < DEEPEST => {
                let start = out.len();
                out.put("[");
                let empty = out.len();
                scanner.array(|scanner| {
                    let before = out.len();
                    if before > empty {
                        out.put(",");
                    }
                    if !self.next(out, scanner, depth + 1)? {
                        out.truncate(before);
                    }
                    Ok(())
                })?;
                Ok(close(out, start, empty, "]"))
            }
            _ => {
                let value = scanner.value()?;
                Ok(self.value(out, value, depth))
            }
        }
    }

    fn object(
        self,
        out: &mut Vec<u8>,
        scanner: &mut Scanner<'_>,
        depth: usize,
    ) -> Result<bool, Error> {
        let mut again = scanner.clone();
        let start = out.len();
        out.put("{");
        let empty = out.len();
        let mut names: [&str; FEW] = [""; FEW];
        let mut count = 0;
        let mut is_simple = true;
        scanner.object(|name, scanner| {
            let spelled = snake_case_in(name, self.bump);
            is_simple &= count < FEW && !names.iter().take(count).any(|other| *other == spelled);
            if !is_simple {
                return scanner.value().map(drop);
            }
            if let Some(slot) = names.get_mut(count) {
                *slot = spelled;
            }
            count += 1;
            let before = out.len();
            self.name(out, spelled, before > empty);
            let written = if depth == 0 && self.knows(name, spelled) {
                let value = self.known(name, spelled, scanner.value()?);
                self.value(out, value, depth + 1)
            } else {
                self.next(out, scanner, depth + 1)?
            };
            if !written {
                out.truncate(before);
            }
            Ok(())
        })?;
        if is_simple {
            return Ok(close(out, start, empty, "}"));
        }
        // Two names that come to the same, or more of them than are worth comparing.
        out.truncate(empty);
        for (name, value) in last_of_each(again.value()?, self.bump) {
            let before = out.len();
            let spelled = snake_case_in(name, self.bump);
            self.name(out, spelled, before > empty);
            let value = match depth == 0 && self.knows(name, spelled) {
                true => self.known(name, spelled, value),
                false => value,
            };
            if !self.value(out, value, depth + 1) {
                out.truncate(before);
            }
        }
        Ok(close(out, start, empty, "}"))
    }

    /// Whether something is known about a member of the outermost object.
    fn knows(self, name: Text<'_>, spelled: &str) -> bool {
        match self.known {
            Known::Nothing => false,
            Known::DebugData => is_structured(name),
            Known::Hop => matches!(spelled, "ip" | "version" | "source"),
        }
    }

    /// The value of a member about which something is known.
    fn known<'v>(self, name: Text<'_>, spelled: &str, value: Value<'v>) -> Value<'v>
    where
        'b: 'v,
    {
        match (self.known, spelled) {
            (Known::DebugData, _) => structured(name, value, self.bump),
            (Known::Hop, "ip") => record::ip(value),
            (Known::Hop, _) => record::keyword(value),
            (Known::Nothing, _) => value,
        }
    }

    fn name(self, out: &mut Vec<u8>, name: &str, comma: bool) {
        if comma {
            out.put(",");
        }
        write::string(out, name);
        out.put(":");
    }
}

/// Closes what was opened at `start`, or takes it back when it is empty.
fn close(out: &mut Vec<u8>, start: usize, empty: usize, bracket: &str) -> bool {
    if out.len() == empty {
        out.truncate(start);
        return false;
    }
    out.put(bracket);
    true
}

/// Copies JSON that is not walked into, but for halves of surrogate pairs, which many readers of
/// JSON refuse.
fn copy(out: &mut Vec<u8>, json: &str) {
    if !json.contains("\\u") {
        return out.put(json);
    }
    let mut rest = json;
    while let Some((before, string)) = rest.split_once('"') {
        out.put(before);
        let mut escaped = false;
        let end = string.bytes().position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        let length = end.map_or(string.len(), |end| end + 1);
        let (_, string) = rest.split_at(before.len());
        let (quoted, after) = string.split_at(length + 1);
        if let Ok(Value::Text(text)) = Scanner::new(quoted).value() {
            write::text(out, text);
        }
        rest = after;
    }
    out.put(rest);
}

/// The members of an object. Of those that come to the same name in ECS's spelling, the last one
/// counts, and stands where the first one stood.
fn last_of_each<'b, 'a: 'b>(
    object: Value<'a>,
    bump: &'b Bump,
) -> BumpVec<'b, (Text<'a>, Value<'a>)> {
    let mut last = BumpVec::new_in(bump);
    let mut positions: HashMap<&'b str, usize> = HashMap::new();
    for (name, value) in object.entries() {
        let position = *positions.entry(snake_case_in(name, bump)).or_insert(last.len());
        match last.get_mut(position) {
            Some(slot) => *slot = (name, value),
            None => last.push((name, value)),
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use okta::json::Scanner;

    fn tidied(json: &str) -> String {
        let bump = Bump::new();
        let mut out = Vec::new();
        Tidy::new(&bump).write(&mut out, Scanner::new(json).value().unwrap());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_empty_is_written() {
        let cases = [
            (r#"{"a":null,"b":"","c":{},"d":[],"e":[null,""],"f":{"g":{"h":null}}}"#, ""),
            (r#"{"aB":1,"a_b":2,"c":[1,null,2]}"#, r#"{"a_b":2,"c":[1,2]}"#),
            (r#"{"aB":1,"c":3,"a_b":null}"#, r#"{"c":3}"#),
            (r#"{"New Geo-Location":"POSITIVE"}"#, r#"{"new_geo_location":"POSITIVE"}"#),
            (r#"{"a":false,"b":0,"c":" "}"#, r#"{"a":false,"b":0,"c":" "}"#),
            (r#"{"a":"\ud800\u0041\n"}"#, "{\"a\":\"\u{fffd}A\\n\"}"),
            ("[[[]]]", ""),
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
    fn structures_of_debug_data_are_written_once() {
        let bump = Bump::new();
        let data = r#"{"risk":"{level=LOW}","url":"","Risk2":{"risk":"{x=y}"},"behaviors":"{}"}"#;
        let mut out = Vec::new();
        Tidy::debug_data(&bump).write(&mut out, Scanner::new(data).value().unwrap());
        let expected = r#"{"risk":{"level":"LOW"},"risk2":{"risk":"{x=y}"}}"#;
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn what_is_deep_is_copied_without_halves_of_surrogate_pairs() {
        let deep = |inside: &str| "[".repeat(20) + inside + &"]".repeat(20);
        let cases = [
            (r#"1,"a\\","b\"c",null"#, r#"1,"a\\","b\"c",null"#),
            (r#""\ud800","\\","\"\udc00""#, "\"\u{fffd}\",\"\\\\\",\"\\\"\u{fffd}\""),
            (r#"{"\ud83e\udd80":"\\ud800","a":"\u0041"}"#, r#"{"🦀":"\\ud800","a":"A"}"#),
        ];
        for (json, expected) in cases {
            assert_eq!(tidied(&deep(json)), deep(expected), "{json}");
        }
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = "[".repeat(100_000) + "1" + &"]".repeat(100_000);
        assert_eq!(tidied(&deep).len(), deep.len());
    }
}
