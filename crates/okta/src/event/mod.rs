//! The LogEvent: one entry of the System Log.

mod member;
mod objects;
mod path;

use std::ops::{ControlFlow, Deref};

use crate::json::{self, Scanner, Value};
use member::{Member, Visit};

pub use member::{List, visit_value};
pub use objects::{
    Actor, AuthenticationContext, Client, DebugContext, Device, GeographicalContext, Geolocation,
    Issuer, Members, Outcome, Request, SecurityContext, Target, Transaction, UserAgent,
};
pub use path::Path;

/// Why a text is not a LogEvent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The text is not JSON.
    #[error(transparent)]
    Json(#[from] json::Error),
    /// The text is JSON, but another kind of value than an object.
    #[error("not an Okta event: expected a JSON object")]
    NotAnObject,
    /// An object that lacks what makes it a LogEvent.
    #[error("not an Okta event: expected `eventType` to be a text that names one")]
    NoEventType,
    /// An object with an `eventType`, but with nothing to tell one event from the next.
    #[error("not an Okta event: expected `uuid` or `published` beside `eventType`")]
    NoIdentity,
}

/// One entry of Okta's System Log, borrowed from its JSON text.
///
/// The members are those of Okta's documentation, read through [`Deref`]
/// (`event.actor.alternate_id`). Each is a [`Value`], for what is promised as a number comes as a
/// string from time to time. Members that Okta has not documented, and those of another shape
/// than documented, stay reachable: [`LogEvent::visit`] finds them by their path in the text,
/// which [`LogEvent::raw`] gives as it came. Of a member that occurs twice, the last one counts.
#[derive(Clone, Debug)]
pub struct LogEvent<'a> {
    raw: &'a str,
    members: Members<'a>,
}

impl<'a> LogEvent<'a> {
    /// Reads one event.
    ///
    /// # Errors
    ///
    /// When `text` is not one JSON object with an `eventType` and a `uuid` or `published`.
    ///
    /// ```
    /// let event = okta::LogEvent::parse(
    ///     r#"{"uuid": "1", "eventType": "user.session.start", "actor": {"id": "00u1"}, "new": [7]}"#,
    /// )?;
    /// assert!(event.actor.id.text().is_some_and(|id| id.is("00u1")));
    /// assert!(event.client.ip_address.is_absent());
    /// # Ok::<(), okta::ParseError>(())
    /// ```
    pub fn parse(text: &'a str) -> Result<Self, ParseError> {
        let mut scanner = Scanner::new(text);
        if scanner.peek() != Some(b'{') {
            json::validate(text)?;
            return Err(ParseError::NotAnObject);
        }
        let mut members = Members::default();
        members.read(&mut scanner)?;
        scanner.end()?;
        let event = Self { raw: text, members };
        if event.event_type.text().is_none_or(|name| name.is_empty()) {
            return Err(ParseError::NoEventType);
        }
        let has = |value: Value<'_>| value.to_str().is_some_and(|text| !text.is_empty());
        if !has(event.uuid) && !has(event.published) {
            return Err(ParseError::NoIdentity);
        }
        Ok(event)
    }

    /// The JSON text the event was read from.
    #[must_use]
    pub const fn raw(&self) -> &'a str {
        self.raw
    }

    /// Calls `visitor` with each value that stands at `path`, until it breaks: one call for each
    /// element of an array, none when nothing is there, one with [`Value::Null`] for a `null`.
    pub fn visit(
        &self,
        path: &Path,
        visitor: &mut dyn FnMut(Value<'a>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if path.is_known()
            && let Visit::Done(flow) = self.members.visit(path.segments(), visitor)
        {
            return flow;
        }
        match Scanner::new(self.raw).value() {
            Ok(root) => visit_value(root, path.segments(), visitor),
            Err(_) => ControlFlow::Continue(()),
        }
    }

    /// Calls `visitor` with every text, number and boolean of the event, however deep, until it
    /// breaks. Names of members are not visited.
    pub fn visit_leaves(
        &self,
        visitor: &mut dyn FnMut(Value<'a>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut open = Vec::new();
        open.extend(Scanner::new(self.raw).value());
        while let Some(value) = open.pop() {
            match value {
                Value::Object(raw) => {
                    let first = open.len();
                    open.extend(raw.entries().map(|(_, value)| value));
                    open.get_mut(first..).unwrap_or_default().reverse();
                }
                Value::Array(raw) => {
                    let first = open.len();
                    open.extend(raw.items());
                    open.get_mut(first..).unwrap_or_default().reverse();
                }
                Value::Missing | Value::Null => {}
                scalar => visitor(scalar)?,
            }
        }
        ControlFlow::Continue(())
    }
}

impl<'a> Deref for LogEvent<'a> {
    type Target = Members<'a>;

    fn deref(&self) -> &Members<'a> {
        &self.members
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, path: &str) -> Vec<String> {
        let event = LogEvent::parse(text).unwrap();
        let mut found = Vec::new();
        let _ = event.visit(&Path::resolve(path), &mut |value| {
            found.push(match value {
                Value::Null => "null".to_owned(),
                Value::Object(raw) | Value::Array(raw) => raw.as_str().to_owned(),
                value => value.to_str().unwrap().into_owned(),
            });
            ControlFlow::Continue(())
        });
        found
    }

    const EVENT: &str = r#"{"uuid":"u","eventType":"a.b","actor":{"id":"1","extra":{"deep":[1,2]}},
        "target":[{"id":"t1","displayName":"one"},{"id":"t2","displayName":null},{"id":"t3","detailEntry":{"k":"v"}}],
        "debugContext":{"debugData":{"dtHash":"h","behaviors":["x","y"]}},
        "client":null,"outcome":"odd","new":{"Thing":[{"a":1},{"a":2}]},"list":[[1],2]}"#;

    #[test]
    fn paths_find_known_and_unknown_members() {
        let cases: &[(&str, &[&str])] = &[
            ("eventType", &["a.b"]),
            ("eventtype", &["a.b"]),
            ("actor.id", &["1"]),
            ("actor.extra.deep", &["1", "2"]),
            ("actor.extra.deep.1", &["2"]),
            ("target.id", &["t1", "t2", "t3"]),
            ("target.displayName", &["one", "null"]),
            ("Target.DisplayName", &["one", "null"]),
            ("target.1.id", &["t2"]),
            ("target[1].id", &["t2"]),
            ("target.7.id", &[]),
            ("target.detailEntry.k", &["v"]),
            ("debugContext.debugData.dtHash", &["h"]),
            ("debugcontext.debugdata.dthash", &["h"]),
            ("debugContext.debugData.behaviors", &["x", "y"]),
            ("client.ipAddress", &[]),
            ("client", &["null"]),
            ("outcome", &["odd"]),
            ("outcome.result", &[]),
            ("new.Thing.a", &["1", "2"]),
            ("new.thing.a", &["1", "2"]),
            ("list", &["[1]", "2"]),
            ("nothing.at.all", &[]),
        ];
        for (path, values) in cases {
            assert_eq!(at(EVENT, path), *values, "{path}");
        }
    }

    #[test]
    fn what_is_not_an_event_says_why() {
        use ParseError::{NoEventType, NoIdentity, NotAnObject};
        let cases = [
            ("[]", NotAnObject),
            ("7", NotAnObject),
            ("{}", NoEventType),
            (r#"{"uuid":"1","eventType":7}"#, NoEventType),
            (r#"{"uuid":"1","eventType":""}"#, NoEventType),
            (r#"{"eventType":"a.b"}"#, NoIdentity),
            (r#"{"eventType":"a.b","uuid":null,"published":""}"#, NoIdentity),
        ];
        for (text, error) in cases {
            assert_eq!(LogEvent::parse(text).unwrap_err(), error, "{text}");
        }
        assert!(matches!(LogEvent::parse("{\"uuid\":"), Err(ParseError::Json(_))));
        assert!(matches!(LogEvent::parse(r#"{"uuid":"1"} x"#), Err(ParseError::Json(_))));
    }

    #[test]
    fn odd_shapes_lose_nothing_else() {
        let event = LogEvent::parse(
            r#"{"uuid":1,"eventType":"a.b","event\u0054ype":"c.d","actor":[1],"client":"x",
                "target":{"id":"alone"},"securityContext":{"asNumber":"64500","isProxy":"true"},
                "version":0,"severity":["odd"],"actor":{"id":"late"}}"#,
        )
        .unwrap();
        assert!(event.event_type.text().unwrap().is("c.d"), "the last of several counts");
        assert!(event.actor.id.text().unwrap().is("late"));
        assert_eq!(event.target.len(), 1);
        assert!(matches!(event.version, Value::Number("0")));
        assert!(matches!(event.severity, Value::Array(_)));
    }

    #[test]
    fn targets_are_all_there_however_many() {
        for count in 0..10 {
            let targets: Vec<_> = (0..count).map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
            let text =
                format!(r#"{{"uuid":"u","eventType":"e","target":[{}]}}"#, targets.join(","));
            let event = LogEvent::parse(&text).unwrap();
            let ids: Vec<_> =
                event.target.iter().map(|target| target.id.to_str().unwrap()).collect();
            assert_eq!(ids, (0..count).map(|id| id.to_string()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn leaves_are_visited_in_order() {
        let event =
            LogEvent::parse(r#"{"uuid":"u","eventType":"e","a":[1,{"b":true,"c":null},"z"]}"#)
                .unwrap();
        let mut leaves = Vec::new();
        let _ = event.visit_leaves(&mut |value| {
            leaves.push(value.to_str().unwrap().into_owned());
            ControlFlow::Continue(())
        });
        assert_eq!(leaves, ["u", "e", "1", "true", "z"]);
    }
}
