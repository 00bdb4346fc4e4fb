//! A first look at an element: whether it is an event, at the cost of checking its JSON once.

use okta::json::{self, Scanner, Value};

/// What an element is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'a> {
    /// A LogEvent.
    Event,
    /// An object that is none and has a member `json`, which is a string or an object.
    Payload(Value<'a>),
    /// A string.
    Text(json::Text<'a>),
    /// Something else.
    Other,
}

/// Reads the next value of `scanner`.
pub(super) fn element<'a>(scanner: &mut Scanner<'a>) -> Result<Found<'a>, json::Error> {
    if scanner.peek() != Some(b'{') {
        return Ok(match scanner.value()? {
            Value::Text(text) => Found::Text(text),
            _ => Found::Other,
        });
    }
    let (mut event_type, mut uuid, mut published) =
        (Value::Missing, Value::Missing, Value::Missing);
    let mut payload = Value::Missing;
    scanner.object(|name, scanner| {
        let value = scanner.value()?;
        // What is no plain text is none of the names, but for names that nobody writes so.
        match name.to_str().as_ref() {
            "eventType" => event_type = value,
            "uuid" => uuid = value,
            "published" => published = value,
            "json" => payload = value,
            _ => {}
        }
        Ok(())
    })?;
    // As `okta::LogEvent::parse` sees it.
    let has = |value: Value<'_>| value.to_str().is_some_and(|text| !text.is_empty());
    let has_type = event_type.text().is_some_and(|name| !name.is_empty());
    Ok(match payload {
        _ if has_type && (has(uuid) || has(published)) => Found::Event,
        Value::Text(_) | Value::Object(_) => Found::Payload(payload),
        _ => Found::Other,
    })
}

/// Looks at a text that should be one value.
pub(super) fn whole(text: &str) -> Result<Found<'_>, json::Error> {
    let mut scanner = Scanner::new(text);
    let found = element(&mut scanner)?;
    scanner.end()?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_what_its_reader_takes_for_one() {
        let texts = [
            r#"{"uuid":"1","eventType":"a.b"}"#,
            r#"{"published":"x","eventType":"a.b"}"#,
            r#"{"uuid":1,"eventType":"a.b"}"#,
            r#"{"uuid":"1","eventTyp\u0065":"a.b"}"#,
            r#"{"uuid":"1","eventType":"a.b","eventType":""}"#,
            r#"{"uuid":"","published":null,"eventType":"a.b"}"#,
            r#"{"uuid":{},"eventType":"a.b"}"#,
            r#"{"uuid":"1","eventType":7}"#,
            r#"{"uuid":"1"}"#,
            r#"{"eventType":"com.okta.event_hook","eventId":"1","data":{"events":[]}}"#,
            r#"{"uuid":"1","eventType":"a.b"} x"#,
            r#"{"uuid":"1","eventType":"a.b""#,
            "[]",
            "7",
            "",
        ];
        for text in texts {
            let is_event = matches!(whole(text), Ok(Found::Event));
            assert_eq!(is_event, okta::LogEvent::parse(text).is_ok(), "{text}");
        }
    }
}
