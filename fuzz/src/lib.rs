//! What the fuzz targets have in common: an event to match with, and a look at documents that is
//! independent of what wrote them.

use std::collections::HashSet;
use std::fmt;

use okta::LogEvent;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// An event on which rules and exceptions are tried.
pub const EVENT: &str = include_str!("../../crates/ecs/tests/samples/sso_failure.raw.json");

/// Calls `with` with the record of an event.
pub fn with_record(event: &LogEvent<'_>, with: impl FnOnce(&ecs::Record<'_>)) {
    let organization = ecs::Organization { id: Some("00o1".to_owned()), name: None };
    let context = ecs::Context::new(organization);
    let arrival = ecs::Arrival { ingested: Some(ecs::Timestamp(0)), repaired: false };
    with(&ecs::Record::new(event, &context, arrival));
}

/// Checks that `json` is a JSON document in which nothing is null or empty, and no member comes
/// twice.
///
/// # Panics
///
/// When it is not.
pub fn assert_tidy(json: &[u8]) {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let result = Tidy { depth: 0 }.deserialize(&mut deserializer);
    if let Err(error) = result.and_then(|()| deserializer.end()) {
        panic!("{error}: {}", String::from_utf8_lossy(json));
    }
}

/// Reads a value that has to be tidy.
struct Tidy {
    depth: usize,
}

/// What is nested deeper than this is copied from the event as it stands, and only has to be JSON.
const DEEPEST: usize = 16;

impl<'de> DeserializeSeed<'de> for Tidy {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.depth > DEEPEST {
            return deserializer.deserialize_ignored_any(IgnoredAny).map(drop);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tidy {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value that is not empty")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if text.is_empty() { Err(E::custom("an empty string")) } else { Ok(()) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut count = 0;
        while items.next_element_seed(Self { depth: self.depth + 1 })?.is_some() {
            count += 1;
        }
        if count == 0 { Err(A::Error::custom("an empty array")) } else { Ok(()) }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            members.next_value_seed(Self { depth: self.depth + 1 })?;
            if let Some(twice) = names.replace(name) {
                return Err(A::Error::custom(format!("'{twice}' comes twice")));
            }
        }
        if names.is_empty() { Err(A::Error::custom("an empty object")) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_untidy_is_found() {
        let cases = [
            r#"{"a":null}"#,
            r#"{"a":""}"#,
            r#"{"a":[{}]}"#,
            r#"{"a":[]}"#,
            r#"{"a":1,"b":{"c":1,"c":2}}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":1}}"#,
            "{}",
            "",
        ];
        for case in cases {
            let found = std::panic::catch_unwind(|| assert_tidy(case.as_bytes()));
            assert!(found.is_err(), "{case}");
        }
        assert_tidy(br#"{"a":[1,-1,0.5,true,"x",{"b":"\ud83e\udd80"}]}"#);
        let deep = format!(r#"{{"a":{}null{}}}"#, "[".repeat(300), "]".repeat(300));
        assert_tidy(deep.as_bytes());
    }

    #[test]
    fn there_is_an_event() {
        let event = LogEvent::parse(EVENT).expect("an event");
        with_record(&event, |record| {
            let mut json = Vec::new();
            record.write_json(&mut json);
            assert_tidy(&json);
        });
    }
}
