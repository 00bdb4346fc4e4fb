//! Fields that do not exist, values that never occur, and values written the long way.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use ecs::{Kind, Lookup};

use super::{Subject, visit_items};
use crate::sigma::diagnostic::{Report, nearest};
use crate::sigma::yaml::Content;
use crate::sigma::{
    Correlation, CorrelationKind, Item, Modifier, Operator, Part, Pattern, Position, Value,
};

pub(super) fn check(subject: &Subject<'_>, report: &mut Report) {
    let mut check_item = |item: &Item| {
        if let Some(name) = &item.field {
            field(name, item, report);
        }
        if let [written] = item.values.as_slice() {
            regex(item, written, report);
        }
        wildcards(item, report);
        repeated(item, report);
    };
    for selection in &subject.rule.detection.selections {
        visit_items(&selection.search, &mut check_item);
    }
    if let Some(correlation) = &subject.rule.correlation {
        of_correlation(correlation, subject, report);
    }
}

/// The fields that a correlation reads.
fn of_correlation(correlation: &Correlation, subject: &Subject<'_>, report: &mut Report) {
    let section = subject.document.and_then(|document| document.get("correlation"));
    let at = |key: &str, place: usize| {
        let node = section.and_then(|section| section.get(key));
        let element = node.and_then(|node| match &node.content {
            Content::List(nodes) => nodes.get(place),
            _ => None,
        });
        element.or(node).map_or(correlation.at, |node| node.at)
    };
    too_slow(correlation, at("timespan", 0), report);
    let is_alias = |name: &str| correlation.aliases.iter().any(|alias| alias.name == name);
    let names = (0..).zip(&correlation.group_by).map(|(place, name)| (name, at("group-by", place)));
    let fields = correlation.fields.iter().map(|name| (name, at("condition", 0)));
    let aliased = correlation
        .aliases
        .iter()
        .flat_map(|alias| alias.fields.iter().map(move |(_, field)| (field, alias.at)));
    for (name, at) in names.chain(fields).chain(aliased) {
        let lookup = Lookup::resolve(name);
        if !is_alias(name) && !lookup.is_known() {
            unknown_field(name, at, report);
        }
    }
}

/// Warns of a time span at whose end no two places are as far apart as the speed asks for.
fn too_slow(correlation: &Correlation, at: Position, report: &mut Report) {
    /// Half of the Earth's circumference, in kilometres.
    const FARTHEST: f64 = 20_015.0;
    if correlation.kind != CorrelationKind::ImpossibleTravel {
        return;
    }
    let bounds = correlation.condition.iter().filter_map(|(operator, bound)| match operator {
        Operator::Gt | Operator::Gte | Operator::Eq => Some(*bound),
        _ => None,
    });
    let Some(speed) = bounds.reduce(f64::max).filter(|speed| *speed > 0.0) else { return };
    let hours = correlation.timespan as f64 / 3_600_000.0;
    let enough = FARTHEST / speed;
    if hours > enough {
        let message = format!(
            "no place is farther than {FARTHEST} km: after {enough:.0} hours no journey is as fast"
        );
        let hint = format!("write 'timespan: {}h' at the most", enough.floor().max(1.0));
        report.warning("timespan", at, message, hint);
    }
}

fn unknown_field(name: &str, at: Position, report: &mut Report) {
    let hint = match Lookup::suggest(name) {
        Some(meant) => format!("did you mean '{meant}'?"),
        None => "see 'wardgate fields'".to_owned(),
    };
    report.warning("unknown-field", at, format!("there is no field '{name}'"), hint);
}

fn field(name: &str, item: &Item, report: &mut Report) {
    let lookup = Lookup::resolve(name);
    if !lookup.is_known() {
        unknown_field(name, item.at, report);
        return;
    }
    if matches!(lookup.kind(), Kind::Object | Kind::GeoPoint)
        && !item.has(Modifier::Exists)
        && item.values.iter().any(|value| *value != Value::Null)
    {
        let message = format!("'{name}' holds other fields, not a value");
        let hint = format!("name one of them: '{name}.…'");
        report.warning("object-field", item.at, message, hint);
        return;
    }
    if item.has(Modifier::FieldRef) {
        for value in &item.values {
            let other = value.as_written();
            if !Lookup::resolve(other).is_known() {
                let hint = Lookup::suggest(other).map(|meant| format!("did you mean '{meant}'?"));
                let message = format!("there is no field '{other}' to compare with");
                report.warning("unknown-field", item.at, message, hint);
            }
        }
        return;
    }
    if let Some(known) = known_values(lookup.name()) {
        never(name, item, &known, report);
    }
}

/// Every value that a field can have, where that is known.
fn known_values(name: &str) -> Option<BTreeSet<&'static str>> {
    static CATEGORIES: LazyLock<(BTreeSet<&str>, BTreeSet<&str>)> = LazyLock::new(|| {
        let all = || ecs::event_types().map(ecs::categorise);
        let categories = all().flat_map(|found| found.category).copied().collect();
        (categories, all().flat_map(|found| found.kind).copied().collect())
    });
    let values: &[&str] = match name {
        "event.action" | "eventType" => return Some(ecs::event_types().collect()),
        "event.category" => return Some(CATEGORIES.0.clone()),
        "event.type" => return Some(CATEGORIES.1.clone()),
        "event.kind" => &["event"],
        "event.dataset" => &["system-log"],
        "event.provider" => &["okta"],
        "event.outcome" => &["success", "failure", "unknown"],
        "observer.vendor" => &["Okta"],
        "okta.system.severity" | "severity" => &["DEBUG", "INFO", "WARN", "ERROR"],
        "okta.system.outcome.result" | "outcome.result" => &[
            "SUCCESS",
            "FAILURE",
            "SKIPPED",
            "ALLOW",
            "DENY",
            "CHALLENGE",
            "UNKNOWN",
            "DEFERRED",
            "RATE_LIMIT",
            "SCHEDULED",
            "ABANDONED",
            "UNANSWERED",
        ],
        "okta.system.transaction.type" | "transaction.type" => &["WEB", "JOB"],
        _ => return None,
    };
    Some(values.iter().copied().collect())
}

/// Warns of values that the field never has.
fn never(name: &str, item: &Item, known: &BTreeSet<&'static str>, report: &mut Report) {
    let plain = [
        Modifier::All,
        Modifier::Cased,
        Modifier::Neq,
        Modifier::Contains,
        Modifier::StartsWith,
        Modifier::EndsWith,
    ];
    if !item.modifiers.iter().all(|modifier| plain.contains(modifier)) {
        return;
    }
    let cased = item.has(Modifier::Cased);
    for value in &item.values {
        let pattern = match value {
            Value::Text(text) => Pattern::parse(text, false),
            Value::Null => continue,
            other => Pattern::literal(other.as_written()),
        };
        let pattern = anchored(pattern, item);
        let possible = known.iter().any(|known| like(pattern.parts(), known, cased));
        if possible {
            continue;
        }
        let written = value.as_written();
        let differs_in_case =
            cased && known.iter().find(|known| like(pattern.parts(), known, false)).is_some();
        let hint = if differs_in_case {
            Some("it has other upper and lower case: remove 'cased'".to_owned())
        } else if let Some(meant) = nearest(written, known.iter().copied()) {
            Some(format!("did you mean '{meant}'?"))
        } else if known.len() <= 20 {
            let all: Vec<&str> = known.iter().copied().collect();
            Some(format!("its values are {}", all.join(", ")))
        } else {
            None
        };
        let message = format!("'{name}' is never '{written}'");
        report.warning("impossible-value", item.at, message, hint);
    }
}

fn anchored(pattern: Pattern, item: &Item) -> Pattern {
    let open_start = item.has(Modifier::Contains) || item.has(Modifier::EndsWith);
    let open_end = item.has(Modifier::Contains) || item.has(Modifier::StartsWith);
    let pattern = if open_start { pattern.after_anything() } else { pattern };
    if open_end { pattern.before_anything() } else { pattern }
}

/// A character of a pattern, or what stands for some.
#[derive(Clone, Copy, PartialEq)]
enum Token {
    Char(char),
    One,
    Many,
}

/// A pattern in single tokens; a placeholder may stand for anything.
fn tokens(parts: &[Part], cased: bool) -> Vec<Token> {
    let mut tokens = Vec::new();
    for part in parts {
        match part {
            Part::Literal(text) if cased => tokens.extend(text.chars().map(Token::Char)),
            Part::Literal(text) => {
                tokens.extend(text.chars().map(|c| Token::Char(c.to_ascii_lowercase())));
            }
            Part::One => tokens.push(Token::One),
            Part::Many | Part::Placeholder(_) => tokens.push(Token::Many),
        }
    }
    tokens
}

/// Whether a text is like a pattern. After a mismatch the last `*` takes one character more.
fn like(parts: &[Part], text: &str, cased: bool) -> bool {
    let tokens = tokens(parts, cased);
    let fold = |c: char| if cased { c } else { c.to_ascii_lowercase() };
    let text: Vec<char> = text.chars().map(fold).collect();
    let (mut next, mut at) = (0, 0);
    let mut last_many = None;
    while let Some(c) = text.get(at) {
        match tokens.get(next) {
            Some(Token::Many) => {
                last_many = Some((next + 1, at));
                next += 1;
            }
            Some(Token::One) => (next, at) = (next + 1, at + 1),
            Some(Token::Char(expected)) if expected == c => (next, at) = (next + 1, at + 1),
            _ => match &mut last_many {
                Some((behind, taken)) => {
                    *taken += 1;
                    (next, at) = (*behind, *taken);
                }
                None => return false,
            },
        }
    }
    tokens.iter().skip(next).all(|token| *token == Token::Many)
}

/// A regular expression that a simpler modifier would do for.
fn regex(item: &Item, written: &Value, report: &mut Report) {
    let changes = [Modifier::IgnoreCase, Modifier::MultiLine, Modifier::DotAll];
    if !item.has(Modifier::Re) {
        return;
    }
    if item.modifiers.iter().any(|m| changes.contains(m) && *m != Modifier::IgnoreCase) {
        return;
    }
    let text = written.as_written();
    let (at_start, text) = match text.strip_prefix('^') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (at_end, text) = match text.strip_suffix('$').filter(|rest| !rest.ends_with('\\')) {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let text = if at_start { text } else { text.strip_prefix(".*").unwrap_or(text) };
    let text = if at_end { text } else { text.strip_suffix(".*").unwrap_or(text) };
    let Some(literal) = literal_of_regex(text).filter(|literal| !literal.is_empty()) else {
        return;
    };
    let modifier = match (at_start, at_end) {
        (true, true) => None,
        (true, false) => Some("startswith"),
        (false, true) => Some("endswith"),
        (false, false) => Some("contains"),
    };
    let field = item.field.as_deref().unwrap_or_default();
    let cased = if item.has(Modifier::IgnoreCase) { "" } else { "|cased" };
    let position = modifier.map(|name| format!("|{name}")).unwrap_or_default();
    let escaped = literal.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?");
    let hint = format!("write '{field}{position}{cased}: {escaped}'");
    report.warning("simple-regex", item.at, "the regular expression is just a text", hint);
}

/// The text that a regular expression stands for, when it is nothing but a text.
fn literal_of_regex(regex: &str) -> Option<String> {
    let mut literal = String::new();
    let mut chars = regex.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => literal.push(chars.next().filter(|c| c.is_ascii_punctuation())?),
            '.' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' => {
                return None;
            }
            c => literal.push(c),
        }
    }
    Some(literal)
}

/// Wildcards that change nothing, or that a modifier says better.
fn wildcards(item: &Item, report: &mut Report) {
    let other = [Modifier::Re, Modifier::Cidr, Modifier::FieldRef, Modifier::Exists];
    if item.modifiers.iter().any(|m| other.contains(m) || m.is_comparison() || m.is_date_part()) {
        return;
    }
    for value in &item.values {
        let Value::Text(text) = value else { continue };
        let pattern = Pattern::parse(text, item.has(Modifier::Expand));
        let parts = pattern.parts();
        let (first, last) = (parts.first(), parts.last());
        let starts = first == Some(&Part::Many);
        let ends = last == Some(&Part::Many);
        let redundant = (starts && (item.has(Modifier::Contains) || item.has(Modifier::EndsWith)))
            || (ends && (item.has(Modifier::Contains) || item.has(Modifier::StartsWith)))
            || ((starts || ends) && item.field.is_none());
        if parts == [Part::Many] && item.field.is_some() {
            let field = item.field.as_deref().unwrap_or_default();
            let hint = format!("write '{field}|exists: true'");
            report.warning("any-value", item.at, "'*' matches whatever the field has", hint);
        } else if redundant {
            let message = format!("the '*' at the edge of '{text}' changes nothing");
            report.warning("redundant-wildcard", item.at, message, "remove it".to_owned());
        }
    }
}

/// Values that stand in a list twice.
fn repeated(item: &Item, report: &mut Report) {
    let fold = |value: &Value| match item.has(Modifier::Cased) || item.has(Modifier::Re) {
        true => value.as_written().to_owned(),
        false => value.as_written().to_lowercase(),
    };
    let mut seen = BTreeSet::new();
    for value in &item.values {
        if !seen.insert((matches!(value, Value::Null), fold(value))) {
            let message = format!("the value '{}' stands there twice", value.as_written());
            let hint = (!item.has(Modifier::Cased))
                .then(|| "upper and lower case make no difference without 'cased'".to_owned());
            report.warning("duplicate-value", item.at, message, hint);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_like_patterns() {
        let cases = [
            ("abc", "ABC", false, true),
            ("abc", "ABC", true, false),
            ("a*c", "abbbc", false, true),
            ("a?c", "abc", false, true),
            ("a?c", "ac", false, false),
            ("*", "", false, true),
            ("*.lock", "user.account.lock", false, true),
            ("*.lock", "user.account.lock.limit", false, false),
            ("é", "éa", false, false),
        ];
        for (pattern, text, cased, expected) in cases {
            let parsed = Pattern::parse(pattern, false);
            assert_eq!(like(parsed.parts(), text, cased), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn regexes_that_are_texts() {
        let cases = [
            ("abc", Some("abc")),
            (r"a\.b", Some("a.b")),
            (r"a\d", None),
            ("a.c", None),
            ("a|b", None),
            ("", Some("")),
        ];
        for (regex, expected) in cases {
            assert_eq!(literal_of_regex(regex).as_deref(), expected, "{regex}");
        }
    }
}
