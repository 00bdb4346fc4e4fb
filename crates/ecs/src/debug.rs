//! Structures that Okta keeps in the strings of debugData, and names in ECS's spelling.

use std::borrow::Cow;

use bumpalo::Bump;
use bumpalo::collections::String as BumpString;
use okta::json::{Scanner, Text, Value};

use crate::write;

/// Spells a name as ECS does: `logOnlySecurityData` and `New Geo-Location` become
/// `log_only_security_data` and `new_geo_location`.
#[must_use]
pub fn snake_case(name: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.bytes().all(plain) {
        return Cow::Borrowed(name);
    }
    let mut spelled = String::with_capacity(name.len() + 4);
    let mut before = None::<char>;
    let mut characters = name.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '_' {
            spelled.push('_');
        } else if !character.is_alphanumeric() {
            if !spelled.is_empty() && !spelled.ends_with('_') {
                spelled.push('_');
            }
        } else {
            let starts_word = character.is_uppercase()
                && before.is_some_and(|before| {
                    let next_is_lower = characters.peek().is_some_and(|next| next.is_lowercase());
                    before.is_lowercase()
                        || before.is_numeric()
                        || (before.is_uppercase() && next_is_lower)
                });
            if starts_word && !spelled.ends_with('_') {
                spelled.push('_');
            }
            spelled.extend(character.to_lowercase());
        }
        before = Some(character);
    }
    if spelled.ends_with('_') && !name.ends_with('_') {
        spelled.pop();
    }
    if spelled.is_empty() { Cow::Borrowed(name) } else { Cow::Owned(spelled) }
}

/// [`snake_case`], with the memory for it taken from `bump`.
pub(crate) fn snake_case_in<'b, 'a: 'b>(name: Text<'a>, bump: &'b Bump) -> &'b str {
    let name = match name.to_str() {
        Cow::Borrowed(name) => name,
        Cow::Owned(name) => bump.alloc_str(&name),
    };
    let mut spelled = BumpString::with_capacity_in(name.len() + 4, bump);
    if matches!(name.as_bytes().last(), None | Some(b' ' | b'-')) {
        return bump.alloc_str(&snake_case(name));
    }
    let mut previous = b'_';
    for &byte in name.as_bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' => spelled.push(char::from(byte)),
            // A capital behind a small letter or a separator begins a word. Everything less
            // simple is left to the general rule.
            b'A'..=b'Z' if previous.is_ascii_lowercase() || previous.is_ascii_digit() => {
                spelled.push('_');
                spelled.push(char::from(byte.to_ascii_lowercase()));
            }
            b'A'..=b'Z' if previous == b' ' || previous == b'-' => {
                spelled.push(char::from(byte.to_ascii_lowercase()));
            }
            b' ' | b'-' if previous.is_ascii_alphanumeric() => spelled.push('_'),
            _ => return bump.alloc_str(&snake_case(name)),
        }
        previous = byte;
    }
    spelled.into_bump_str()
}

/// Whether Okta keeps a structure in the string of debugData that has this name.
pub(crate) fn is_structured(name: Text<'_>) -> bool {
    ["risk", "behaviors", "logOnlySecurityData"].iter().any(|one| name.is(one))
}

/// A value of debugData, with the structure read out of its string where Okta keeps one there:
/// `behaviors` and `risk` as `{New Device=POSITIVE, …}`, `logOnlySecurityData` as JSON.
/// A string that should hold a structure and does not becomes the member `original` of one, for
/// a field is either an object in every record or in none.
pub(crate) fn structured<'a>(name: Text<'_>, value: Value<'a>, bump: &'a Bump) -> Value<'a> {
    let Value::Text(text) = value else { return value };
    if !is_structured(name) {
        return value;
    }
    let name = name.to_str();
    let text = match text.to_str() {
        Cow::Borrowed(text) => text,
        Cow::Owned(text) => bump.alloc_str(&text),
    };
    let structure = match &*name {
        "logOnlySecurityData" => object(text),
        "behaviors" => braces(text, bump),
        "risk" => object(text).or_else(|| braces(text, bump)),
        _ => return value,
    };
    structure.unwrap_or_else(|| {
        if text.is_empty() {
            return Value::Missing;
        }
        let mut json = BumpString::from_str_in("{\"original\":", bump);
        write::string(&mut json, text);
        json.push('}');
        object(json.into_bump_str()).unwrap_or(value)
    })
}

/// `text`, when it is a JSON object.
pub(crate) fn object(text: &str) -> Option<Value<'_>> {
    let mut scanner = Scanner::new(text);
    let value = scanner.value().ok()?;
    scanner.end().ok()?;
    matches!(value, Value::Object(_)).then_some(value)
}

/// Reads `{New Device=POSITIVE, New IP=NEGATIVE}`. What follows a comma without having an `=`
/// of its own belongs to the value before it: `{reasons=Anomalous Device, New IP, level=HIGH}`.
fn braces<'a>(text: &str, bump: &'a Bump) -> Option<Value<'a>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut pairs: Vec<(&str, Vec<&str>)> = Vec::new();
    for part in inner.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        match (part.split_once('='), pairs.last_mut()) {
            (Some((name, value)), _) => pairs.push((name.trim(), vec![value.trim()])),
            (None, Some((_, values))) => values.push(part),
            (None, None) => return None,
        }
    }
    let mut json = BumpString::new_in(bump);
    json.push('{');
    for (position, (name, values)) in pairs.iter().enumerate() {
        if position > 0 {
            json.push(',');
        }
        write::string(&mut json, name);
        json.push(':');
        match values.as_slice() {
            [value] if *name != "reasons" => write::string(&mut json, value),
            values => {
                json.push('[');
                for (position, value) in values.iter().enumerate() {
                    if position > 0 {
                        json.push(',');
                    }
                    write::string(&mut json, value);
                }
                json.push(']');
            }
        }
    }
    json.push('}');
    object(json.into_bump_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_with_underscores() {
        for (name, spelled) in [
            ("dtHash", "dt_hash"),
            ("logOnlySecurityData", "log_only_security_data"),
            ("requestURI", "request_uri"),
            ("OIDCClientId", "oidc_client_id"),
            ("New Geo-Location", "new_geo_location"),
            ("already_there", "already_there"),
            ("a.b", "a_b"),
            ("ip2Country", "ip2_country"),
            ("größeÄnderung", "größe_änderung"),
            ("--", "--"),
            ("", ""),
        ] {
            assert_eq!(snake_case(name), spelled, "{name}");
            assert_eq!(snake_case_in(Text::plain(name), &Bump::new()), spelled, "{name}");
        }
    }

    #[test]
    fn structures_are_read_out_of_strings() {
        let cases = [
            (
                "behaviors",
                "{New Device=POSITIVE, New IP=NEGATIVE}",
                r#"{"New Device":"POSITIVE","New IP":"NEGATIVE"}"#,
            ),
            ("risk", "{level=LOW}", r#"{"level":"LOW"}"#),
            (
                "risk",
                "{reasons=Anomalous Device, New \"IP\", level=HIGH}",
                r#"{"reasons":["Anomalous Device","New \"IP\""],"level":"HIGH"}"#,
            ),
            ("risk", "{}", "{}"),
            ("risk", "LOW", r#"{"original":"LOW"}"#),
            ("behaviors", "{no equals sign}", r#"{"original":"{no equals sign}"}"#),
            ("logOnlySecurityData", r#"{"risk":{"level":"LOW"}}"#, r#"{"risk":{"level":"LOW"}}"#),
            ("logOnlySecurityData", "{cut off", r#"{"original":"{cut off"}"#),
        ];
        let bump = Bump::new();
        for (name, text, json) in cases {
            let value = structured(Text::plain(name), Value::Text(Text::plain(text)), &bump);
            assert!(
                matches!(value, Value::Object(raw) if raw.as_str() == json),
                "{name} {text}: {value:?}"
            );
        }
        let other = structured(Text::plain("url"), Value::Text(Text::plain("{a=b}")), &bump);
        assert!(matches!(other, Value::Text(_)));
    }

    proptest::proptest! {
        #[test]
        fn the_short_way_spells_as_the_long_one(name in "[A-Za-z0-9 _.-]{0,12}") {
            let bump = Bump::new();
            proptest::prop_assert_eq!(snake_case_in(Text::plain(&name), &bump), snake_case(&name));
        }
    }
}
