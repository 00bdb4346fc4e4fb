//! Finds the events in what other tools wrap around them.
//!
//! [`unwrap`] is called for a text only when it has been parsed and is no LogEvent, so that plain
//! exports cost nothing here.

use std::borrow::Cow;

use okta::json::{self, Raw, Scanner, Value};

use crate::resync::{Wholeness, next_start, wholeness};
use crate::{Reason, columns, envelope, names};

/// The event type of Okta's event hooks, which is that of an envelope and not of an event.
pub(crate) const EVENT_HOOK: &str = "com.okta.event_hook";

/// How many steps are taken into wrappers, about two for each of them: the member it keeps the event
/// in, and the text that is to be read as JSON.
const DEEPEST: usize = 8;

/// Members in which other tools put an event, or a list of them, or the text of one; in the order
/// in which they are tried.
const WRAPPERS: [&str; 21] = [
    "detail",         // EventBridge
    "result",         // Splunk exports
    "_source",        // Elasticsearch hits
    "event.original", // ECS, with dotted names
    "event",          // ECS, Splunk's HTTP event collector
    "original",       // ECS, inside `event`
    "message",        // ECS, Logstash, Filebeat
    "raw",
    "body", // OpenTelemetry
    "Body",
    "payload",
    "log",  // container logs
    "data", // event hooks
    "events",
    "hits", // Elasticsearch answers
    "value",
    "records",
    "Records",
    "results",   // Splunk's API
    "logEvents", // CloudWatch
    "items",
];

/// A part of a wrapper.
#[derive(Clone, Debug, PartialEq)]
pub enum Part<'a> {
    /// The text of an object that looks like a LogEvent.
    Event {
        /// Its JSON.
        text: &'a str,
        /// How many lines below the start of the wrapper it begins.
        line: u64,
    },
    /// An element of a list that is no event, or text beside one that is no JSON.
    Reject {
        /// As it stands in the wrapper.
        text: &'a str,
        /// How many lines below the start of the wrapper it begins.
        line: u64,
        /// Why it is none.
        reason: Reason,
    },
}

/// Something found in a wrapper.
struct Found<'a> {
    text: Cow<'a, str>,
    /// Where in the wrapper it begins, when it stands there.
    offset: Option<usize>,
    reason: Option<Reason>,
}

/// Calls `each` with every event in `text`, a line or element that is not an event itself: an
/// envelope of event hooks, EventBridge, Splunk, Elasticsearch or ECS, an array or object with a
/// list of events, or text with an event somewhere in it, such as a line that was cut off and
/// written on.
///
/// # Errors
///
/// When there is no event in it: why. `each` has not been called then.
///
/// ```
/// use files::{Part, unwrap};
///
/// let line = r#"{"result": {"_raw": "{\"uuid\": \"1\", \"eventType\": \"user.session.start\"}"}}"#;
/// let mut events = Vec::new();
/// unwrap(line, &mut |part| {
///     if let Part::Event { text, .. } = part {
///         events.push(text.to_owned());
///     }
/// })?;
/// assert_eq!(events, [r#"{"uuid": "1", "eventType": "user.session.start"}"#]);
/// # Ok::<(), files::Reason>(())
/// ```
pub fn unwrap(text: &str, each: &mut dyn FnMut(Part<'_>)) -> Result<(), Reason> {
    let mut scanner = Scanner::new(text);
    let value = scanner.value().and_then(|value| scanner.end().map(|()| value));
    let found = match value {
        Ok(value) => open(text, value, 0).ok_or_else(|| refusal(value))?,
        Err(error) => salvage(text, error)?,
    };
    let mut lines = Lines { text, at: 0, line: 0 };
    for Found { text, offset, reason } in &found {
        let line = offset.map_or(0, |offset| lines.before(offset));
        each(match reason {
            None => Part::Event { text, line },
            Some(reason) => Part::Reject { text, line, reason: reason.clone() },
        });
    }
    Ok(())
}

/// Why a value that is no event and has none inside is none.
fn refusal(value: Value<'_>) -> Reason {
    match value {
        Value::Object(raw) if has_empty_list(raw) => Reason::EmptyList,
        Value::Object(_) => Reason::NotAnEvent,
        Value::Array(_) => Reason::NotAnObject("an array"),
        Value::Text(_) => Reason::NotAnObject("a string"),
        Value::Number(_) => Reason::NotAnObject("a number"),
        Value::Bool(_) => Reason::NotAnObject("a boolean"),
        Value::Null | Value::Missing => Reason::NotAnObject("null"),
    }
}

fn has_empty_list(raw: Raw<'_>) -> bool {
    raw.entries().any(|(name, value)| {
        let is_list = name.as_plain().is_some_and(|name| envelope::LISTS.contains(&name));
        is_list && matches!(value, Value::Array(list) if list.is_empty())
    })
}

/// The events in `value`, which stands in `text`.
fn open<'a>(text: &'a str, value: Value<'a>, depth: usize) -> Option<Vec<Found<'a>>> {
    match value {
        _ if depth > DEEPEST => None,
        Value::Object(raw) => open_object(text, raw, depth),
        Value::Array(raw) => open_array(text, raw, depth),
        Value::Text(inner) if inner.to_str().trim_start().starts_with(['{', '[']) => {
            let offset = inner.as_json().and_then(|inner| offset_in(text, inner));
            let found = match inner.to_str() {
                Cow::Borrowed(inner) => open_text(inner, depth)?,
                Cow::Owned(inner) => own(open_text(&inner, depth)?),
            };
            Some(found.into_iter().map(|found| Found { offset, ..found }).collect())
        }
        _ => None,
    }
}

fn own<'a>(found: Vec<Found<'_>>) -> Vec<Found<'a>> {
    let owned = |found: Found<'_>| Found {
        text: Cow::Owned(found.text.into_owned()),
        offset: found.offset,
        reason: found.reason,
    };
    found.into_iter().map(owned).collect()
}

fn open_text(text: &str, depth: usize) -> Option<Vec<Found<'_>>> {
    let mut scanner = Scanner::new(text);
    let value = scanner.value().ok()?;
    scanner.end().ok()?;
    open(text, value, depth + 1)
}

fn open_array<'a>(text: &'a str, raw: Raw<'a>, depth: usize) -> Option<Vec<Found<'a>>> {
    let mut all = Vec::new();
    let mut has_event = false;
    for item in raw.items() {
        if let Some(found) = open(text, item, depth + 1) {
            all.extend(found);
            has_event = true;
            continue;
        }
        let element = source(item);
        let reason = Some(refusal(item));
        let offset = offset_in(text, element);
        all.push(Found { text: Cow::Borrowed(element), offset, reason });
    }
    // An empty page of the API has nothing to lose.
    (has_event || (depth == 0 && all.is_empty())).then_some(all)
}

/// How a value stands in its text, as far as that can be told.
fn source<'a>(value: Value<'a>) -> &'a str {
    match value {
        Value::Object(raw) | Value::Array(raw) => raw.as_str(),
        Value::Number(number) => number,
        Value::Text(text) => text.as_json().unwrap_or_default(),
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        Value::Null | Value::Missing => "null",
    }
}

fn open_object<'a>(text: &'a str, raw: Raw<'a>, depth: usize) -> Option<Vec<Found<'a>>> {
    let mut members = [Value::Missing; WRAPPERS.len()];
    let mut splunk_raw = Value::Missing;
    let (mut has_type, mut is_hook, mut has_identity, mut has_paths) = (false, false, false, false);
    let mut is_preview = false;
    for (name, value) in raw.entries() {
        let name = name.to_str();
        match name.as_ref() {
            "eventType" => {
                let event_type = value.text().filter(|event_type| !event_type.is_empty());
                is_hook = event_type.is_some_and(|event_type| event_type.is(EVENT_HOOK));
                has_type = event_type.is_some() && !is_hook;
            }
            "uuid" | "published" => {
                has_identity |= value.to_str().is_some_and(|value| !value.is_empty());
            }
            "_raw" => splunk_raw = value,
            "preview" => is_preview = matches!(value, Value::Bool(_)),
            name => {
                has_paths |= name.contains(['.', '{']) && names::is_path(name);
                let wrappers = members.iter_mut().zip(WRAPPERS);
                for (member, _) in wrappers.filter(|(_, wrapper)| *wrapper == name) {
                    *member = value;
                }
            }
        }
    }
    if let Some(found) = open(text, splunk_raw, depth + 1) {
        return Some(found);
    }
    let offset = offset_in(text, raw.as_str());
    if has_type && has_paths {
        let text = Cow::Owned(columns::rebuild(fields(raw)));
        return Some(vec![Found { text, offset, reason: None }]);
    }
    if has_type && has_identity {
        return Some(vec![Found { text: Cow::Borrowed(raw.as_str()), offset, reason: None }]);
    }
    if let Some(found) = members.iter().find_map(|member| open(text, *member, depth + 1)) {
        return Some(found);
    }
    let is_last_row = is_preview && members.iter().all(Value::is_absent);
    let is_empty = is_last_row || (is_hook || members.iter().any(is_answer)) && no_event(&members);
    (depth == 0 && is_empty).then(Vec::new)
}

/// Whether this is what Elasticsearch puts around hits.
fn is_answer(value: &Value<'_>) -> bool {
    matches!(value.get("hits"), Value::Array(_))
}

/// Whether none of the lists in an envelope has anything in it.
fn no_event(members: &[Value<'_>]) -> bool {
    let is_empty = |value: Value<'_>| matches!(value, Value::Array(list) if list.is_empty());
    members.iter().any(|member| is_empty(member.get("hits")) || is_empty(member.get("events")))
}

/// Members by path, an array under a `{}` element by element.
fn fields<'a>(raw: Raw<'a>) -> impl Iterator<Item = (String, Cow<'a, str>)> {
    raw.entries().flat_map(|(name, value)| {
        let name = name.to_str().into_owned();
        if name.contains("{}") && matches!(value, Value::Array(_)) {
            let element = |(index, item): (usize, Value<'a>)| {
                Some((name.replacen("{}", &format!("[{index}]"), 1), item.to_str()?))
            };
            return value.items().enumerate().filter_map(element).collect::<Vec<_>>();
        }
        let cell = match value {
            Value::Object(raw) | Value::Array(raw) => Cow::Borrowed(raw.as_str()),
            Value::Null | Value::Missing => Cow::Borrowed(""),
            scalar => scalar.to_str().unwrap_or_default(),
        };
        vec![(name, cell)]
    })
}

/// Where in `text` a part of it begins; `None` when it is none.
fn offset_in(text: &str, part: &str) -> Option<usize> {
    let offset = part.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    (offset <= text.len()).then_some(offset)
}

/// Counts the line breaks before the parts of a text, which come in their order: a list of very
/// many is not counted from its start for each.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl Lines<'_> {
    fn before(&mut self, offset: usize) -> u64 {
        if offset < self.at {
            (self.at, self.line) = (0, 0);
        }
        let between = self.text.as_bytes().get(self.at..offset).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', between).count() as u64;
        self.at = offset;
        self.line
    }
}

/// The events in a text that is not JSON as a whole.
fn salvage(text: &str, error: json::Error) -> Result<Vec<Found<'_>>, Reason> {
    let bytes = text.as_bytes();
    let mut all = Vec::new();
    let mut has_event = false;
    // Where what belongs to no event begins, and where to look next.
    let (mut bad, mut at) = (0, 0);
    // A text full of beginnings that lead nowhere is not read again and again.
    let mut budget = text.len().saturating_mul(8);
    while let Some(start) = next_start(bytes, at) {
        let rest = text.get(start..).unwrap_or_default();
        let mut scanner = Scanner::new(rest);
        let value = scanner.value();
        budget = match budget.checked_sub(scanner.offset()) {
            Some(budget) => budget,
            None => break,
        };
        at = start + 1;
        if let Ok(value) = value
            && let Some(found) = open(text, value, 0)
        {
            reject(text, bad, start, error, &mut all);
            all.extend(found);
            has_event = true;
            at = start + scanner.offset();
            bad = at;
        }
    }
    if !has_event {
        return Err(match wholeness(bytes) {
            Wholeness::Beginning => Reason::CutOff,
            _ => Reason::NotJson(error),
        });
    }
    reject(text, bad, text.len(), error, &mut all);
    Ok(all)
}

/// Keeps what stands beside events, unless it is only what holds a list together, or the header
/// that a log shipper writes before each event.
fn reject<'a>(
    text: &'a str,
    start: usize,
    end: usize,
    error: json::Error,
    all: &mut Vec<Found<'a>>,
) {
    let part = text.get(start..end).unwrap_or_default();
    let is_filler = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '\u{feff}');
    let part = part.trim_matches(is_filler);
    let is_prefix = start == 0 && !part.contains(['{', '"', '\n']);
    if part.is_empty() || is_prefix {
        return;
    }
    let reason = Some(Reason::NotJson(error));
    all.push(Found { text: Cow::Borrowed(part), offset: offset_in(text, part), reason });
}
