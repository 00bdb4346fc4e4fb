//! The header of a CSV file, as paths into a LogEvent, and events made from the cells below it.
//!
//! Names are understood as Okta's API writes them (`actor.alternateId`), as its console exports
//! them (`actor.alternate_id`, `target0.id`, `timestamp`), and with array elements written as
//! `target.0.id`, `target[0].id` or `target{}.id`.

use okta::json;

use crate::csv::Reader;

/// The members of a LogEvent, by their names in Okta's documentation.
const MEMBERS: [&str; 92] = [
    "actor",
    "alternateId",
    "asNumber",
    "asOrg",
    "authenticationContext",
    "authenticationProvider",
    "authenticationStep",
    "behaviors",
    "botProtection",
    "browser",
    "changeDetails",
    "city",
    "client",
    "country",
    "credentialProvider",
    "credentialType",
    "debugContext",
    "debugData",
    "detail",
    "detailEntry",
    "detectionName",
    "device",
    "deviceFingerprint",
    "device_integrator",
    "disk_encryption_type",
    "displayMessage",
    "displayName",
    "domain",
    "dtHash",
    "eventType",
    "externalSessionId",
    "factor",
    "from",
    "geographicalContext",
    "geolocation",
    "id",
    "interface",
    "ip",
    "ipAddress",
    "ipChain",
    "ipDetails",
    "isProxy",
    "isp",
    "issuer",
    "jailbreak",
    "lat",
    "legacyEventType",
    "level",
    "logOnlySecurityData",
    "lon",
    "managed",
    "name",
    "os",
    "os_platform",
    "os_version",
    "outcome",
    "postalCode",
    "previousLevel",
    "published",
    "rawUserAgent",
    "reason",
    "reasons",
    "registered",
    "request",
    "requestApiTokenId",
    "requestId",
    "requestUri",
    "result",
    "risk",
    "rootSessionId",
    "screen_lock_type",
    "secure_hardware_present",
    "securityContext",
    "severity",
    "source",
    "state",
    "target",
    "threatSuspected",
    "to",
    "transaction",
    "transactionId",
    "type",
    "url",
    "userAgent",
    "userBehaviors",
    "uuid",
    "version",
    "zone",
    "proxyType",
    "authnRequestId",
    "audience",
    "grantType",
];

/// Members at the top of a LogEvent, and whether they hold members themselves.
const TOP: [(&str, bool); 17] = [
    ("actor", true),
    ("authenticationContext", true),
    ("client", true),
    ("debugContext", true),
    ("device", true),
    ("displayMessage", false),
    ("eventType", false),
    ("legacyEventType", false),
    ("outcome", true),
    ("published", false),
    ("request", true),
    ("securityContext", true),
    ("severity", false),
    ("target", true),
    ("transaction", true),
    ("uuid", false),
    ("version", false),
];

/// Members that are arrays, with or without a number behind them.
const ARRAYS: [&str; 3] = ["ipChain", "target", "userBehaviors"];

const NUMBERS: [&str; 4] = ["asNumber", "authenticationStep", "lat", "lon"];

const BOOLEANS: [&str; 5] =
    ["isProxy", "jailbreak", "managed", "registered", "secure_hardware_present"];

/// Members that are strings whatever stands in them.
const STRINGS: [&str; 12] = [
    "alternateId",
    "displayMessage",
    "displayName",
    "eventType",
    "id",
    "name",
    "published",
    "rawUserAgent",
    "reason",
    "type",
    "uuid",
    "version",
];

/// Columns that hold a whole event as JSON, in the names that other tools give them.
const WHOLE: [&str; 13] = [
    "_raw",
    "_source",
    "body",
    "content",
    "event",
    "event.original",
    "event_original",
    "json",
    "log",
    "message",
    "original",
    "payload",
    "raw",
];

/// Deeper names than this are taken as they are.
const DEEPEST: usize = 24;

/// The header of a CSV file.
#[derive(Debug)]
pub(crate) struct Columns {
    delimiter: u8,
    /// The header's cells, to recognise it when it comes again.
    names: Vec<String>,
    whole: Vec<usize>,
    root: Node,
}

/// A member, and what is below it.
#[derive(Debug, Default)]
struct Node {
    kind: CellKind,
    columns: Vec<usize>,
    /// By name; the elements of an array by their number.
    children: Vec<(String, Node)>,
    is_array: bool,
}

/// What is made of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum CellKind {
    #[default]
    Any,
    String,
    Number,
    Boolean,
}

/// The cells of one row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cells<'a> {
    text: &'a str,
    ends: &'a [usize],
}

impl<'a> Cells<'a> {
    /// Cells that stand one behind the other in `text`, and where each ends.
    pub(crate) fn new(text: &'a str, ends: &'a [usize]) -> Self {
        Self { text, ends }
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn get(&self, index: usize) -> &'a str {
        let end = self.ends.get(index).copied().unwrap_or_default();
        let before = index.checked_sub(1).and_then(|before| self.ends.get(before));
        self.text.get(before.copied().unwrap_or_default()..end).unwrap_or_default()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a str> {
        let cells = *self;
        (0..self.len()).map(move |index| cells.get(index))
    }
}

impl Columns {
    /// Reads `header`, the first row of a file, when it is one that says where the parts of events
    /// are to be found.
    pub(crate) fn recognise(header: &str) -> Option<Self> {
        let candidates = [b',', b';', b'\t', b'|'].map(|delimiter| {
            let names = Reader::new(delimiter).cells(header).iter().map(str::to_owned).collect();
            let columns = Self::new(delimiter, names);
            (columns.score(), columns)
        });
        let best = candidates.into_iter().rev().max_by_key(|(score, _)| *score);
        best.filter(|(score, _)| *score > 0).map(|(_, columns)| columns)
    }

    fn new(delimiter: u8, names: Vec<String>) -> Self {
        let mut columns =
            Self { delimiter, names: Vec::new(), whole: Vec::new(), root: Node::default() };
        let has_published = names.iter().any(|name| squash(name) == "published");
        for (index, name) in names.iter().enumerate() {
            let name = name.trim();
            if WHOLE.contains(&name.to_ascii_lowercase().as_str()) {
                columns.whole.push(index);
            }
            let path = match squash(name).as_str() {
                "timestamp" | "@timestamp" | "time" if !has_published => vec!["published".into()],
                _ => path(name),
            };
            columns.root.insert(&path, index);
        }
        columns.names = names;
        columns
    }

    /// How well this fits as the header of a file of events; 0 when it does not at all.
    fn score(&self) -> usize {
        let known = TOP.iter().filter(|(name, _)| self.root.child(name).is_some()).count();
        let is_event = known >= 2 && self.root.child("eventType").is_some();
        if is_event || !self.whole.is_empty() || known >= 4 {
            1 + known + self.names.len()
        } else {
            0
        }
    }

    pub(crate) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether these are the header's own cells, as in the middle of files joined together.
    pub(crate) fn is_header(&self, cells: &Cells<'_>) -> bool {
        cells.iter().eq(self.names.iter().map(String::as_str))
    }

    /// Writes the event that `cells` describe as JSON.
    pub(crate) fn write_event(&self, cells: &Cells<'_>, out: &mut String) {
        let whole = self.whole.iter().map(|&index| cells.get(index).trim());
        for cell in whole {
            if cell.starts_with(['{', '[']) {
                out.push_str(cell);
                return;
            }
        }
        let cell = |index| cells.get(index);
        if !self.root.write(&cell, out) {
            out.push_str("{}");
        }
    }
}

/// The JSON of an event whose members are given by their paths, such as Splunk's fields.
pub(crate) fn rebuild<'a>(
    fields: impl Iterator<Item = (String, std::borrow::Cow<'a, str>)>,
) -> String {
    let (names, cells): (Vec<_>, Vec<_>) = fields.unzip();
    let columns = Columns::new(b',', names);
    let mut out = String::new();
    let cell = |index| cells.get(index).map(std::convert::AsRef::as_ref).unwrap_or_default();
    if !columns.root.write(&cell, &mut out) {
        out.push_str("{}");
    }
    out
}

/// Whether `name` is a path below a member of LogEvents.
pub(crate) fn is_path(name: &str) -> bool {
    let path = path(name);
    path.len() > 1
        && path.first().is_some_and(|first| {
            TOP.iter().any(|(name, has_members)| *has_members && name == first)
        })
}

impl Node {
    fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|(child, _)| child == name).map(|(_, node)| node)
    }

    fn insert(&mut self, path: &[String], column: usize) {
        let mut node = self;
        let mut is_free = false;
        for name in path {
            node.is_array |= name.parse::<u32>().is_ok() && node.children.is_empty();
            let position = node.children.iter().position(|(child, _)| child == name);
            let position = position.unwrap_or_else(|| {
                node.children.push((name.clone(), Self::default()));
                node.children.len() - 1
            });
            let Some((_, child)) = node.children.get_mut(position) else { return };
            node = child;
            node.kind = match name.as_str() {
                _ if is_free => CellKind::String,
                name if NUMBERS.contains(&name) => CellKind::Number,
                name if BOOLEANS.contains(&name) => CellKind::Boolean,
                name if STRINGS.contains(&name) => CellKind::String,
                _ => CellKind::Any,
            };
            // debugData has keys of all sorts, and strings that look like JSON behind them.
            is_free |= name == "debugData";
        }
        node.columns.push(column);
    }

    /// Writes the value that the cells give this node; false when all of them are empty.
    fn write<'a>(&self, cell: &impl Fn(usize) -> &'a str, out: &mut String) -> bool {
        if let Some(cell) = self.columns.iter().map(|&index| cell(index)).find(|c| !c.is_empty()) {
            write_cell(cell, self.kind, out);
            return true;
        }
        if self.children.is_empty() {
            return false;
        }
        let start = out.len();
        let (open, close) = if self.is_array { ('[', ']') } else { ('{', '}') };
        let mut separator = open;
        for (name, child) in &self.children {
            let before = out.len();
            out.push(separator);
            if !self.is_array {
                write_string(name, out);
                out.push(':');
            }
            if child.write(cell, out) {
                separator = ',';
            } else {
                out.truncate(before);
            }
        }
        if out.len() == start {
            return false;
        }
        out.push(close);
        true
    }
}

fn write_cell(cell: &str, kind: CellKind, out: &mut String) {
    let trimmed = cell.trim();
    let is_json = || json::validate(trimmed).is_ok();
    let literal = match kind {
        CellKind::String => None,
        CellKind::Any if trimmed.starts_with(['{', '[']) && is_json() => Some(trimmed),
        CellKind::Number if trimmed.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
            is_json().then_some(trimmed)
        }
        CellKind::Boolean if trimmed.eq_ignore_ascii_case("true") => Some("true"),
        CellKind::Boolean if trimmed.eq_ignore_ascii_case("false") => Some("false"),
        _ if trimmed == "null" => Some("null"),
        _ => None,
    };
    match literal {
        Some(literal) => out.push_str(literal),
        None => write_string(cell, out),
    }
}

fn write_string(text: &str, out: &mut String) {
    use std::fmt::Write as _;
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1F}' => {
                // Writing to a string can't fail.
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

/// The members a column's name leads through, in Okta's spelling; a name that leads nowhere in a
/// LogEvent is one member as it stands.
fn path(name: &str) -> Vec<String> {
    let mut path: Vec<String> = Vec::new();
    let mut is_free = false;
    for segment in name.split('.') {
        let (segment, index) = match segment.strip_suffix("{}") {
            Some(segment) => (segment, Some("0")),
            None => match segment.strip_suffix(']').and_then(|segment| segment.split_once('[')) {
                Some((segment, index)) if is_index(index) => (segment, Some(index)),
                _ => (segment, None),
            },
        };
        let after_array = path.last().is_some_and(|last| ARRAYS.contains(&last.as_str()));
        if after_array && !is_index(segment) {
            path.push("0".into());
        }
        if is_free {
            path.push(debug_key(segment));
        } else if let Some(number) = segment.strip_prefix("target").filter(|n| is_index(n)) {
            path.extend(["target".into(), number.into()]);
        } else {
            path.push(spelling(segment));
        }
        path.extend(index.map(str::to_owned));
        is_free |= path.last().is_some_and(|last| last == "debugData");
    }
    let leads_into_event =
        path.first().is_some_and(|first| TOP.iter().any(|(name, _)| name == first));
    let is_odd = path.iter().any(String::is_empty) || path.len() > DEEPEST;
    if is_odd || !leads_into_event { vec![name.to_owned()] } else { path }
}

fn is_index(text: &str) -> bool {
    !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A name without what spellings differ in.
fn squash(name: &str) -> String {
    name.trim().chars().filter(|&c| c != '_').map(|c| c.to_ascii_lowercase()).collect()
}

/// Okta's spelling of a member.
fn spelling(name: &str) -> String {
    let name = name.trim();
    let squashed = squash(name);
    let known = MEMBERS.iter().find(|member| squash(member) == squashed);
    known.map_or_else(|| name.to_owned(), |&member| member.to_owned())
}

/// A key of debugData: Okta's where it is known, else snake case turned back into what it was.
fn debug_key(name: &str) -> String {
    let known = spelling(name);
    if known != name || !name.contains('_') || name.chars().any(|c| c.is_ascii_uppercase()) {
        return known;
    }
    let mut words = name.split('_').filter(|word| !word.is_empty());
    let mut key = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut characters = word.chars();
        key.extend(characters.next().map(|first| first.to_ascii_uppercase()));
        key.push_str(characters.as_str());
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_members() {
        let cases = [
            ("actor.alternateId", "actor/alternateId"),
            ("actor.alternate_id", "actor/alternateId"),
            ("Client.IP_Address", "client/ipAddress"),
            ("target.0.id", "target/0/id"),
            ("target[1].displayName", "target/1/displayName"),
            ("target2.display_name", "target/2/displayName"),
            ("target{}.id", "target/0/id"),
            ("target.id", "target/0/id"),
            ("request.ip_chain.ip", "request/ipChain/0/ip"),
            ("device.os_platform", "device/os_platform"),
            ("debugContext.debugData.a_b", "debugContext/debugData/aB"),
            ("debug_context.debug_data.request_uri", "debugContext/debugData/requestUri"),
            ("event_type", "eventType"),
            ("_time", "_time"),
            ("okta.actor.id", "okta.actor.id"),
            ("actor..id", "actor..id"),
        ];
        for (name, expected) in cases {
            assert_eq!(path(name).join("/"), expected, "{name}");
        }
    }

    #[test]
    fn rows_become_events() {
        let header = "eventType;uuid;actor.displayName;securityContext.isProxy;\
                      securityContext.asNumber;target.0.id;target.1.id;target.1.detailEntry;\
                      debugContext.debugData.logOnlySecurityData;client.userAgent;extra;\
                      transaction.detail";
        let columns = Columns::recognise(header).unwrap();
        assert_eq!(columns.delimiter(), b';');
        let row = "a.b;1;\"7 \"\"x\"\"\\\n\";TRUE;7018;;t;{\"a\":[1]};\"{\"\"risk\"\":1}\";\
                   {broken;e;";
        let mut reader = Reader::new(b';');
        let mut event = String::new();
        columns.write_event(&reader.cells(row), &mut event);
        let expected = r#"{"eventType":"a.b","uuid":"1","actor":{"displayName":"7 \"x\"\\\n"},"#
            .to_owned()
            + r#""securityContext":{"isProxy":true,"asNumber":7018},"#
            + r#""target":[{"id":"t","detailEntry":{"a":[1]}}],"#
            + r#""debugContext":{"debugData":{"logOnlySecurityData":"{\"risk\":1}"}},"#
            + r#""client":{"userAgent":"{broken"},"extra":"e"}"#;
        assert_eq!(event, expected);
        assert!(json::validate(&event).is_ok());
    }

    #[test]
    fn other_texts_are_no_headers() {
        for text in ["", "hello, world", "2026-01-01 INFO actor, target", "id,type,version"] {
            assert!(Columns::recognise(text).is_none(), "{text}");
        }
        assert!(Columns::recognise("_time,_raw").is_some());
        assert_eq!(Columns::recognise("message").unwrap().len(), 1);
    }
}
