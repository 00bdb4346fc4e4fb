//! Writing values whose members nobody can foresee: with their names in ECS's spelling, and
//! nothing empty in them.

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use hashbrown::HashMap;
use okta::json::{Error, Scanner, Text, Value};

use crate::debug::{is_structured, snake_case_in, structured};
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
    is_debug_data: bool,
}

impl<'b> Tidy<'b> {
    /// With memory for names and the like from `bump`.
    pub(crate) fn new(bump: &'b Bump) -> Self {
        Self { bump, is_debug_data: false }
    }

    /// For debugData: some of its strings hold structures, which are written in their place.
    pub(crate) fn debug_data(bump: &'b Bump) -> Self {
        Self { bump, is_debug_data: true }
    }

    /// Writes a value. Returns whether there was anything to write.
    pub(crate) fn write(self, out: &mut Vec<u8>, value: Value<'_>) -> bool {
        self.value(out, value, 0)
    }

    fn value(self, out: &mut Vec<u8>, value: Value<'_>, depth: usize) -> bool {
        match value {
            Value::Missing | Value::Null => false,
            Value::Text(text) if text.is_empty() => false,
            Value::Object(raw) | Value::Array(raw) if depth < DEEPEST => {
                self.next(out, &mut Scanner::new(raw.as_str()), depth).unwrap_or(false)
            }
            Value::Object(raw) | Value::Array(raw) if raw.is_empty() => false,
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
            let written = if self.is_debug_data && depth == 0 && is_structured(name) {
                let value = structured(name, scanner.value()?, self.bump);
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
            let value = match self.is_debug_data && depth == 0 {
                true => structured(name, value, self.bump),
                false => value,
            };
            if !self.value(out, value, depth + 1) {
                out.truncate(before);
            }
        }
        Ok(close(out, start, empty, "}"))
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
    fn depth_costs_no_stack() {
        let deep = "[".repeat(100_000) + "1" + &"]".repeat(100_000);
        assert_eq!(tidied(&deep).len(), deep.len());
    }
}
