//! What a rule looks for, in plain words.

use detect::sigma::{
    self, Condition, Correlation, CorrelationKind, Detection, Item, Modifier, Rule, Search, Value,
};

/// The most values that one line names.
const MOST_VALUES: usize = 12;

/// A sentence, or several under a heading.
enum Outline {
    Line(String),
    Group(&'static str, Vec<Outline>),
}

/// What a rule looks for as indented lines.
pub(super) fn of_rule(rule: &Rule) -> Vec<String> {
    match &rule.correlation {
        Some(correlation) => correlated(correlation),
        None => describe(&rule.detection),
    }
}

/// What several events have to have in common: how much of what, of whom, within what time.
fn correlated(correlation: &Correlation) -> Vec<String> {
    let conditions: Vec<String> =
        correlation.condition.iter().map(|(o, bound)| format!("{} {bound}", o.words())).collect();
    let condition = conditions.join(" and ");
    let field = correlation.fields.join(", ");
    let rules = quoted(correlation.rules.iter().map(|rule| rule.name.as_str()));
    let several = correlation.rules.len() > 1;
    let of = if several { "of any of the rules" } else { "of the rule" };
    let groups = correlation.group_by.join(", ");
    let timespan = sigma::in_words(correlation.timespan);
    let all_or = |all: &str| match condition.as_str() {
        "" => all.to_owned(),
        condition => condition.to_owned(),
    };
    let first = match correlation.kind {
        CorrelationKind::EventCount => format!("{condition} events"),
        CorrelationKind::ValueCount => format!("{condition} different values of {field}"),
        CorrelationKind::Temporal => format!("{} of these rules match: {rules}", all_or("all")),
        CorrelationKind::TemporalOrdered => {
            format!("{} of these rules match, in this order: {rules}", all_or("all"))
        }
        CorrelationKind::ValueSum => format!("the sum of {field} is {condition}"),
        CorrelationKind::ValueAvg => format!("the average of {field} is {condition}"),
        CorrelationKind::ValuePercentile => {
            format!("percentile {} of {field} is {condition}", correlation.percentile)
        }
        CorrelationKind::FirstSeen => format!("a value of {field} that is new"),
        CorrelationKind::ImpossibleTravel => {
            format!(
                "two places at least {} km apart, at {condition} km/h",
                correlation.travel.distance
            )
        }
        CorrelationKind::MissingFollowup => missing(correlation),
        CorrelationKind::Spike if field.is_empty() => format!("{condition} events"),
        CorrelationKind::Spike => format!("{condition} different values of {field}"),
        CorrelationKind::Risk => {
            let of = match correlation.risk.rules {
                1 => String::new(),
                rules => format!(" of at least {rules} rules"),
            };
            format!("alerts{of} that together weigh {condition}")
        }
    };
    let mut lines = vec![first];
    match correlation.kind {
        CorrelationKind::Temporal
        | CorrelationKind::TemporalOrdered
        | CorrelationKind::MissingFollowup => {}
        CorrelationKind::Risk if correlation.rules.is_empty() => {
            lines.push("of any of the rules that are on".to_owned());
        }
        _ => lines.push(format!("in events {of} {rules}")),
    }
    let is_first_seen = correlation.kind == CorrelationKind::FirstSeen;
    match groups.as_str() {
        "" => {}
        groups if is_first_seen => lines.push(format!("for this {groups}")),
        groups => lines.push(format!("with the same {groups}")),
    }
    if is_first_seen {
        lines.push(format!("not seen in the {timespan} before"));
        let learning = sigma::in_words(correlation.learning);
        lines.push(format!("where the {groups} has been known for {learning}"));
    } else if correlation.kind != CorrelationKind::MissingFollowup {
        lines.push(format!("within {timespan}"));
    }
    match correlation.kind {
        CorrelationKind::ImpossibleTravel => {
            let memory = sigma::in_words(correlation.travel.memory);
            lines.push(format!("one of them in a network that is new within {memory}"));
            let shared = correlation.travel.shared;
            lines.push(format!("neither a proxy, nor an address that {shared} of them share"));
        }
        CorrelationKind::Spike => {
            lines.push(format!(
                "{} deviations above what is usual at that hour of the week",
                correlation.deviations
            ));
            let learning = sigma::in_words(correlation.learning);
            lines.push(format!("where the {groups} has been known for {learning}"));
        }
        CorrelationKind::Risk => {
            let half_life = sigma::in_words(correlation.risk.half_life);
            lines.push(format!("where an alert weighs half after {half_life}"));
        }
        _ => {}
    }
    for alias in &correlation.aliases {
        let fields = alias.fields.iter().map(|(rule, field)| format!("{field} of '{rule}'"));
        lines.push(format!("where {} is {}", alias.name, fields.collect::<Vec<_>>().join(", ")));
    }
    lines
}

/// What comes, and what does not.
fn missing(correlation: &Correlation) -> String {
    let names = || correlation.rules.iter().map(|rule| rule.name.as_str());
    let timespan = sigma::in_words(correlation.timespan);
    let first = quoted(names().take(1));
    let others = names().skip(1).map(|name| format!("'{name}'")).collect::<Vec<_>>().join(" or ");
    let before = match correlation.before {
        0 => String::new(),
        before => format!(", or {} before", sigma::in_words(before)),
    };
    format!("the rule {first} matches, and {others} does not within {timespan} after it{before}")
}

fn quoted<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

/// The detection as indented lines.
fn describe(detection: &Detection) -> Vec<String> {
    let mut lines = Vec::new();
    condition(&detection.condition, detection).write(0, &mut lines);
    lines
}

fn condition(condition: &Condition, detection: &Detection) -> Outline {
    let selection = |index: &usize| match detection.selections.get(*index) {
        Some(selection) => search(&selection.search),
        None => Outline::Line("nothing".to_owned()),
    };
    let all =
        |parts: &[Condition]| parts.iter().map(|part| self::condition(part, detection)).collect();
    match condition {
        Condition::Selection(index) => selection(index),
        Condition::Not(inner) => Outline::Group("not:", vec![self::condition(inner, detection)]),
        Condition::And(parts) => Outline::joined("all of:", all(parts)),
        Condition::Or(parts) => Outline::joined("any of:", all(parts)),
        Condition::AtLeast(needed, indexes) => {
            let parts: Vec<Outline> = indexes.iter().map(selection).collect();
            match *needed {
                1 => Outline::joined("any of:", parts),
                needed if needed == parts.len() => Outline::joined("all of:", parts),
                needed => {
                    let heading =
                        Outline::Line(format!("at least {needed} of these {}:", parts.len()));
                    Outline::Group("", vec![heading, Outline::Group("", parts)])
                }
            }
        }
    }
}

fn search(search: &Search) -> Outline {
    match search {
        Search::All(parts) => Outline::joined("all of:", parts.iter().map(self::search).collect()),
        Search::Any(parts) => Outline::joined("any of:", parts.iter().map(self::search).collect()),
        Search::Item(found) => Outline::Line(item(found)),
    }
}

impl Outline {
    /// Parts under a heading; those that have the same heading become parts of this one.
    fn joined(heading: &'static str, parts: Vec<Outline>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::Group(other, inner) if other == heading => flat.extend(inner),
                other => flat.push(other),
            }
        }
        match flat.pop() {
            Some(only) if flat.is_empty() => only,
            last => {
                flat.extend(last);
                Self::Group(heading, flat)
            }
        }
    }

    fn write(&self, depth: usize, lines: &mut Vec<String>) {
        let indent = "  ".repeat(depth);
        match self {
            Self::Line(text) => lines.push(format!("{indent}{text}")),
            Self::Group("", parts) => parts.iter().for_each(|part| part.write(depth, lines)),
            Self::Group(heading, parts) => {
                lines.push(format!("{indent}{heading}"));
                parts.iter().for_each(|part| part.write(depth + 1, lines));
            }
        }
    }
}

fn item(item: &Item) -> String {
    let has = |modifier| item.has(modifier);
    let field = item.field.as_deref();
    if has(Modifier::Exists) {
        let is_there = item.values.first().is_none_or(|value| *value == Value::Bool(true));
        return format!(
            "{} is {}",
            field.unwrap_or("something"),
            if is_there { "there" } else { "missing" }
        );
    }
    let part = item.modifiers.iter().find(|modifier| modifier.is_date_part());
    let subject = match (field, part) {
        (Some(field), Some(part)) => format!("the {} of {field}", part.name()),
        (Some(field), None) => field.to_owned(),
        (None, _) => "any text of the event".to_owned(),
    };
    let several = item.values.len() > 1;
    let negated = has(Modifier::Neq);
    let verb = item.modifiers.iter().find_map(|modifier| {
        Some(match modifier {
            Modifier::Contains => "contains",
            Modifier::StartsWith => "begins with",
            Modifier::EndsWith => "ends with",
            Modifier::Re => "matches the regular expression",
            Modifier::Cidr => "is in the network",
            Modifier::Lt => "is less than",
            Modifier::Lte => "is at most",
            Modifier::Gt => "is more than",
            Modifier::Gte => "is at least",
            Modifier::FieldRef => "is the same as",
            _ => return None,
        })
    });
    let verb = match (verb, field) {
        (Some(verb), _) => verb,
        (None, None) => "contains",
        (None, Some(_)) => "is",
    };
    let mut words = vec![subject];
    if negated {
        words.push("not:".to_owned());
    }
    words.push(verb.to_owned());
    if has(Modifier::Base64) || has(Modifier::Base64Offset) {
        words.push("the Base64 form of".to_owned());
    }
    words.push(values(item, several));
    if has(Modifier::Cased) {
        words.push("(in this letter case)".to_owned());
    }
    words.join(" ")
}

fn values(item: &Item, several: bool) -> String {
    let value = |value: &Value| match value {
        Value::Null => "nothing (missing or null)".to_owned(),
        Value::Text(text) if text.is_empty() => "empty".to_owned(),
        other => other.as_written().to_owned(),
    };
    let mut texts: Vec<String> = item.values.iter().take(MOST_VALUES).map(value).collect();
    let more = item.values.len() - texts.len();
    if more > 0 {
        texts.push(format!("{more} more"));
    }
    let last = if item.has(Modifier::All) { " and " } else { " or " };
    match texts.pop() {
        Some(end) if several => format!("{}{last}{end}", texts.join(", ")),
        Some(only) => only,
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    fn words(detection: &str) -> String {
        let text = format!("title: t\nlogsource: {{product: okta}}\ndetection: {detection}\n");
        let parsed = detect::sigma::parse(&text, "t.yml");
        super::describe(&parsed.rules[0].detection).join("\n")
    }

    #[test]
    fn detections_read_like_sentences() {
        let cases = [
            ("{s: {a: x}, condition: s}", "a is x"),
            ("{s: {a: [x, y, z]}, condition: s}", "a is x, y or z"),
            ("{s: {a|contains|all: [x, y]}, condition: s}", "a contains x and y"),
            ("{s: [x, y], condition: s}", "any text of the event contains x or y"),
            ("{s: {a|exists: false}, condition: s}", "a is missing"),
            ("{s: {a: null}, condition: s}", "a is nothing (missing or null)"),
            ("{s: {a|gte: 5}, condition: s}", "a is at least 5"),
            ("{s: {a|startswith|cased: X}, condition: s}", "a begins with X (in this letter case)"),
            ("{s: {a|hour|gt: 20}, condition: s}", "the hour of a is more than 20"),
            (
                "{s: {a: x, b: y}, f: {c: z}, condition: s and not f}",
                "all of:\n  a is x\n  b is y\n  not:\n    c is z",
            ),
            (
                "{s_1: {a: x}, s_2: [{b: y}, {c: z}], condition: 1 of s_*}",
                "any of:\n  a is x\n  b is y\n  c is z",
            ),
            (
                "{s_1: {a: x}, s_2: {b: y}, s_3: {c: z}, condition: all of s_*}",
                "all of:\n  a is x\n  b is y\n  c is z",
            ),
        ];
        for (detection, expected) in cases {
            assert_eq!(words(detection), expected, "{detection}");
        }
    }
}
