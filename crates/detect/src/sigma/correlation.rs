//! Correlations: what several events have to have in common (specification 2.1.0, "Sigma
//! Correlation Rules"), and Wardgate's additions.

use super::condition::Condition;
use super::detection::Detection;
use super::diagnostic::{Position, Report, nearest};
use super::rule::{self, Rule};
use super::value::{Number, Quantity, Value};
use super::yaml::{Content, Node};

/// The most events that a condition may ask for.
pub const MOST_EVENTS: u32 = 10_000;
/// The most rules that a correlation may name.
const MOST_RULES: usize = 64;
/// The longest time span, in milliseconds: a year.
const LONGEST: i64 = 366 * DAY;

const DAY: i64 = 86_400_000;

/// The section `correlation` of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Correlation {
    /// What is worked out of the events.
    pub kind: CorrelationKind,
    /// The rules whose matches count, by name or id.
    pub rules: Vec<Reference>,
    /// The fields that events have to share; none when all events belong together.
    pub group_by: Vec<String>,
    /// How far apart events may be, in milliseconds.
    pub timespan: i64,
    /// Names that stand for another field in each rule's events.
    pub aliases: Vec<Alias>,
    /// What the number has to be; all of it has to hold.
    pub condition: Vec<(Operator, f64)>,
    /// The fields whose values are looked at.
    pub fields: Vec<String>,
    /// Which percentile, from 0 to 100.
    pub percentile: f64,
    /// How long a group has to be known before something new about it counts, in milliseconds.
    pub learning: i64,
    /// Whether the rules raise alerts of their own as well.
    pub generate: bool,
    /// Where the section stands.
    pub at: Position,
}

/// A rule that is named by another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its name or id.
    pub name: String,
    /// Where it is named.
    pub at: Position,
}

/// A name that stands for a field of each rule's events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The name.
    pub name: String,
    /// Rules and their fields.
    pub fields: Vec<(String, String)>,
    /// Where it stands.
    pub at: Position,
}

/// What a correlation works out of the events of its time span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CorrelationKind {
    /// How many there are.
    EventCount,
    /// How many different values a field has.
    ValueCount,
    /// How many of the rules have matched.
    Temporal,
    /// How many of the rules have matched in their order.
    TemporalOrdered,
    /// The sum of a field's values.
    ValueSum,
    /// The average of a field's values.
    ValueAvg,
    /// A percentile of a field's values.
    ValuePercentile,
    /// Whether a value is new for its group.
    FirstSeen,
}

impl CorrelationKind {
    const ALL: [Self; 8] = [
        Self::EventCount,
        Self::ValueCount,
        Self::Temporal,
        Self::TemporalOrdered,
        Self::ValueSum,
        Self::ValueAvg,
        Self::ValuePercentile,
        Self::FirstSeen,
    ];

    /// The word for it in rules.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EventCount => "event_count",
            Self::ValueCount => "value_count",
            Self::Temporal => "temporal",
            Self::TemporalOrdered => "temporal_ordered",
            Self::ValueSum => "value_sum",
            Self::ValueAvg => "value_avg",
            Self::ValuePercentile => "value_percentile",
            Self::FirstSeen => "first_seen",
        }
    }

    /// Whether it looks at the values of a field.
    #[must_use]
    pub const fn has_field(self) -> bool {
        !matches!(self, Self::EventCount | Self::Temporal | Self::TemporalOrdered)
    }

    const fn is_temporal(self) -> bool {
        matches!(self, Self::Temporal | Self::TemporalOrdered)
    }
}

/// How a number is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Greater than.
    Gt,
    /// At least.
    Gte,
    /// Less than.
    Lt,
    /// At most.
    Lte,
    /// Exactly.
    Eq,
    /// Anything but.
    Neq,
}

impl Operator {
    const NAMES: [(&'static str, Self); 6] = [
        ("gt", Self::Gt),
        ("gte", Self::Gte),
        ("lt", Self::Lt),
        ("lte", Self::Lte),
        ("eq", Self::Eq),
        ("neq", Self::Neq),
    ];

    /// Whether it holds between two numbers.
    #[must_use]
    #[expect(clippy::float_cmp, reason = "equality is what the rule asks for")]
    pub fn holds(self, number: f64, bound: f64) -> bool {
        match self {
            Self::Gt => number > bound,
            Self::Gte => number >= bound,
            Self::Lt => number < bound,
            Self::Lte => number <= bound,
            Self::Eq => number == bound,
            Self::Neq => number != bound,
        }
    }

    /// What it says, in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Gt => "more than",
            Self::Gte => "at least",
            Self::Lt => "less than",
            Self::Lte => "at most",
            Self::Eq => "exactly",
            Self::Neq => "anything but",
        }
    }
}

impl Correlation {
    /// Whether a number is what the condition asks for.
    #[must_use]
    pub fn is_met(&self, number: f64) -> bool {
        self.condition.iter().all(|(operator, bound)| operator.holds(number, *bound))
    }

    /// Whether it names a rule.
    #[must_use]
    pub fn names(&self, rule: &Rule) -> bool {
        let is_name = |name: &String| {
            self.rules.iter().any(|reference| reference.name.eq_ignore_ascii_case(name))
        };
        rule.id.iter().chain(&rule.name).any(is_name)
    }

    /// The field that a name in `group-by` stands for in the events of a rule, which is known
    /// by these names.
    #[must_use]
    pub fn field_of<'f>(
        &'f self,
        name: &'f str,
        is_rule: impl Fn(&str) -> bool,
    ) -> Option<&'f str> {
        let Some(alias) = self.aliases.iter().find(|alias| alias.name == name) else {
            return Some(name);
        };
        alias.fields.iter().find(|(rule, _)| is_rule(rule)).map(|(_, field)| field.as_str())
    }
}

/// A time span as people say it: `10 minutes`.
#[must_use]
pub fn in_words(milliseconds: i64) -> String {
    let units = [(86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second")];
    let (unit, name) =
        units.into_iter().find(|(unit, _)| milliseconds % unit == 0).unwrap_or((1_000, "second"));
    match milliseconds / unit {
        1 => format!("1 {name}"),
        number => format!("{number} {name}s"),
    }
}

const KEYS: [&str; 18] = [
    "title",
    "id",
    "name",
    "status",
    "description",
    "references",
    "author",
    "date",
    "modified",
    "tags",
    "level",
    "falsepositives",
    "fields",
    "related",
    "taxonomy",
    "license",
    "correlation",
    "wardgate",
];
const SECTION_KEYS: [&str; 8] =
    ["type", "rules", "group-by", "timespan", "aliases", "condition", "generate", "learning"];

/// Parses a document with a correlation; `None` when there was an error, which is then in the
/// report.
pub(super) fn parse(document: &Node, report: &mut Report) -> Option<Rule> {
    let errors = report.errors();
    let mut known = KEYS.to_vec();
    // The specification has it at both places.
    known.push("generate");
    rule::warn_unknown_keys(document, &known, "attribute", report);
    let never = Detection { selections: Vec::new(), condition: Condition::Or(Vec::new()) };
    let mut rule = rule::about(document, Default::default(), never, report);
    let section = document.get("correlation")?;
    let correlation = correlation(section, document, report);
    if let Some(rule) = &mut rule {
        rule.correlation = correlation;
    }
    rule.filter(|rule| report.errors() == errors && rule.correlation.is_some())
}

fn correlation(section: &Node, document: &Node, report: &mut Report) -> Option<Correlation> {
    if !matches!(section.content, Content::Map(_)) {
        let hint = "write type, rules, group-by, timespan and condition".to_owned();
        let message = format!("'correlation' should be a mapping, found {}", section.kind());
        report.error("correlation", section.at, message, hint);
        return None;
    }
    rule::warn_unknown_keys(section, &SECTION_KEYS, "attribute of 'correlation'", report);
    let kind = kind(section, report)?;
    let rules = references(section, report);
    let timespan = span(section, "timespan", report);
    if section.get("timespan").is_none() {
        let hint = "add 'timespan: 10m'".to_owned();
        report.error("missing-timespan", section.at, "the correlation has no timespan", hint);
    }
    let learning = span(section, "learning", report).unwrap_or(7 * DAY);
    let group_by = names(section, "group-by", report);
    let aliases = aliases(section, &rules, report);
    let Conditions { condition, fields, percentile } = conditions(section, kind, report);
    if kind == CorrelationKind::FirstSeen {
        if group_by.is_empty() {
            let hint = "add 'group-by: [user.name]'".to_owned();
            let message = "first_seen needs a group-by: for whom the value is new";
            report.error("missing-group-by", section.at, message, hint);
        }
        if timespan.is_some_and(|timespan| learning >= timespan) {
            let at = rule::position(section, "learning");
            let message = "the learning time has to be shorter than the timespan";
            report.error("learning", at, message, None);
        }
    } else if section.get("learning").is_some() {
        let at = rule::position(section, "learning");
        report.warning("learning", at, "'learning' is for first_seen only", None);
    }
    if kind.is_temporal() && rules.len() < 2 && section.get("rules").is_some() {
        let at = rule::position(section, "rules");
        report.error("rules", at, format!("{} needs several rules", kind.as_str()), None);
    }
    let generate = [section, document].into_iter().find_map(|node| node.get("generate"));
    let generate = match generate.map(|node| (node, Value::from_node(node))) {
        None => false,
        Some((_, Some(Value::Bool(generate)))) => generate,
        Some((node, _)) => {
            report.error("generate", node.at, "expected true or false", None);
            false
        }
    };
    Some(Correlation {
        kind,
        rules,
        group_by,
        timespan: timespan?,
        aliases,
        condition,
        fields,
        percentile,
        learning,
        generate,
        at: section.at,
    })
}

fn kind(section: &Node, report: &mut Report) -> Option<CorrelationKind> {
    let words = CorrelationKind::ALL.map(CorrelationKind::as_str);
    let Some(node) = section.get("type") else {
        let hint = format!("add 'type:' and one of {}", words.join(", "));
        report.error("missing-type", section.at, "the correlation has no type", hint);
        return None;
    };
    let name = node.text().unwrap_or_default();
    let found = CorrelationKind::ALL.into_iter().find(|kind| kind.as_str() == name);
    if found.is_none() {
        let hint = match nearest(name, words) {
            Some(meant) => format!("did you mean '{meant}'?"),
            None => format!("use one of {}", words.join(", ")),
        };
        report.error("unknown-word", node.at, format!("unknown correlation type '{name}'"), hint);
    }
    found
}

/// A text or a list of texts that are not empty.
fn list<'n>(node: &'n Node, what: &str, report: &mut Report) -> Vec<(&'n str, Position)> {
    let nodes = match &node.content {
        Content::List(nodes) => nodes.as_slice(),
        Content::Scalar { .. } if node.is_null() => &[],
        _ => std::slice::from_ref(node),
    };
    let mut texts = Vec::new();
    for node in nodes {
        match node.text().filter(|text| !text.trim().is_empty()) {
            Some(text) => texts.push((text, node.at)),
            None => {
                let message = format!("expected {what}, found {}", node.kind());
                report.error("correlation", node.at, message, None);
            }
        }
    }
    texts
}

fn references(section: &Node, report: &mut Report) -> Vec<Reference> {
    let hint = || "write 'rules: [name]' with the names or ids of rules".to_owned();
    let Some(node) = section.get("rules") else {
        let message = "the correlation names no rules";
        report.error("missing-rules", section.at, message, hint());
        return Vec::new();
    };
    let mut rules: Vec<Reference> = Vec::new();
    for (name, at) in list(node, "the name or id of a rule", report) {
        if rules.iter().any(|rule| rule.name.eq_ignore_ascii_case(name)) {
            report.error("rules", at, format!("'{name}' is named twice"), None);
        }
        rules.push(Reference { name: name.to_owned(), at });
    }
    if rules.is_empty() {
        report.error("missing-rules", node.at, "the correlation names no rules", hint());
    }
    if rules.len() > MOST_RULES {
        let message = format!("{} rules, the most is {MOST_RULES}", rules.len());
        report.error("rules", node.at, message, None);
    }
    rules
}

fn names(section: &Node, key: &str, report: &mut Report) -> Vec<String> {
    let Some(node) = section.get(key) else { return Vec::new() };
    list(node, "the name of a field", report).into_iter().map(|(name, _)| name.to_owned()).collect()
}

fn aliases(section: &Node, rules: &[Reference], report: &mut Report) -> Vec<Alias> {
    let Some(node) = section.get("aliases") else { return Vec::new() };
    let hint =
        || "write 'aliases: {who: {rule_a: user.name, rule_b: user.target.name}}'".to_owned();
    let Content::Map(entries) = &node.content else {
        let message = format!("'aliases' should be a mapping, found {}", node.kind());
        report.error("aliases", node.at, message, hint());
        return Vec::new();
    };
    let mut aliases = Vec::new();
    for (key, node) in entries {
        let Content::Map(entries) = &node.content else {
            let message = format!("expected a field for each rule, found {}", node.kind());
            report.error("aliases", node.at, message, hint());
            continue;
        };
        let mut fields = Vec::new();
        for (rule, field) in entries {
            if !rules.iter().any(|reference| reference.name.eq_ignore_ascii_case(&rule.text)) {
                let names = rules.iter().map(|rule| rule.name.as_str());
                let hint =
                    nearest(&rule.text, names).map(|meant| format!("did you mean '{meant}'?"));
                let message = format!("'{}' is none of the correlation's rules", rule.text);
                report.error("aliases", rule.at, message, hint);
            }
            match field.text() {
                Some(name) => fields.push((rule.text.clone(), name.to_owned())),
                None => {
                    let message = format!("expected the name of a field, found {}", field.kind());
                    report.error("aliases", field.at, message, None);
                }
            }
        }
        for rule in rules {
            if !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case(&rule.name)) {
                let message = format!("'{}' has no field for the rule '{}'", key.text, rule.name);
                report.error("aliases", key.at, message, None);
            }
        }
        aliases.push(Alias { name: key.text.clone(), fields, at: key.at });
    }
    aliases
}

#[derive(Default)]
struct Conditions {
    condition: Vec<(Operator, f64)>,
    fields: Vec<String>,
    percentile: f64,
}

fn conditions(section: &Node, kind: CorrelationKind, report: &mut Report) -> Conditions {
    let mut found = Conditions { percentile: 50.0, ..Conditions::default() };
    let word = kind.as_str();
    let example = match kind {
        CorrelationKind::FirstSeen => "{field: source.geo.country_name}",
        CorrelationKind::ValuePercentile => "{field: …, percentile: 95, gte: 10}",
        kind if kind.has_field() => "{field: source.ip, gte: 10}",
        _ => "{gte: 10}",
    };
    let hint = || format!("add 'condition: {example}'");
    let Some(node) = section.get("condition") else {
        if !kind.is_temporal() {
            report.error(
                "missing-condition",
                section.at,
                format!("{word} needs a condition"),
                hint(),
            );
        }
        return found;
    };
    let Content::Map(entries) = &node.content else {
        let message = format!("'condition' should be a mapping, found {}", node.kind());
        report.error("condition", node.at, message, hint());
        return found;
    };
    for (key, node) in entries {
        let name = key.text.as_str();
        if let Some((_, operator)) = Operator::NAMES.into_iter().find(|(word, _)| *word == name) {
            if kind == CorrelationKind::FirstSeen {
                report.error("condition", key.at, "first_seen compares no number", hint());
            }
            let Some(number) = number(node, report) else { continue };
            let counts = !matches!(
                kind,
                CorrelationKind::ValueSum
                    | CorrelationKind::ValueAvg
                    | CorrelationKind::ValuePercentile
            );
            if counts && !(0.0..=f64::from(MOST_EVENTS)).contains(&number) {
                let message = format!("expected a number from 0 to {MOST_EVENTS}");
                report.error("condition", node.at, message, None);
            }
            found.condition.push((operator, number));
            continue;
        }
        match name {
            "field" | "fields" if kind.has_field() => {
                let names = list(node, "the name of a field", report);
                found.fields.extend(names.into_iter().map(|(name, _)| name.to_owned()));
            }
            "field" | "fields" => {
                report.error("condition", key.at, format!("{word} looks at no field"), hint());
            }
            "percentile" if kind == CorrelationKind::ValuePercentile => {
                let Some(percentile) = number(node, report) else { continue };
                if !(0.0..=100.0).contains(&percentile) {
                    report.error("condition", node.at, "expected a number from 0 to 100", None);
                }
                found.percentile = percentile;
            }
            other => {
                let mut names: Vec<&str> = Operator::NAMES.iter().map(|(name, _)| *name).collect();
                names.extend(["field", "fields", "percentile"]);
                let hint = match nearest(other, names) {
                    Some(meant) => format!("did you mean '{meant}'?"),
                    None => "use gt, gte, lt, lte, eq or neq".to_owned(),
                };
                report.error("condition", key.at, format!("unknown condition '{other}'"), hint);
            }
        }
    }
    if kind.has_field() && found.fields.is_empty() {
        report.error("missing-field", node.at, format!("{word} needs a field"), hint());
    }
    let only_one = kind.has_field() && kind != CorrelationKind::FirstSeen;
    if only_one && found.fields.len() > 1 {
        report.error("condition", node.at, format!("{word} looks at one field"), None);
    }
    if found.condition.is_empty() && !kind.is_temporal() && kind != CorrelationKind::FirstSeen {
        let message = format!("{word} needs a number to compare with");
        report.error("missing-condition", node.at, message, hint());
    }
    found
}

fn number(node: &Node, report: &mut Report) -> Option<f64> {
    let number = match Value::from_node(node) {
        #[expect(clippy::cast_precision_loss, reason = "nobody compares with such numbers")]
        Some(Value::Number(Number { value: Quantity::Integer(integer), .. })) => {
            Some(integer as f64)
        }
        Some(Value::Number(Number { value: Quantity::Float(float), .. })) => Some(float),
        _ => None,
    };
    if number.is_none() {
        report.error("condition", node.at, "expected a number", None);
    }
    number
}

/// A time span such as `90m`, in milliseconds.
fn span(section: &Node, key: &str, report: &mut Report) -> Option<i64> {
    let node = section.get(key)?;
    let span = node.text().and_then(milliseconds).filter(|span| (1..=LONGEST).contains(span));
    if span.is_none() {
        let found = node.text().map_or(node.kind().to_owned(), |text| format!("'{text}'"));
        let hint = "write a number and s, m, h, d, w or M, up to a year: 90m".to_owned();
        let message = format!("expected a time span, found {found}");
        report.error("timespan", node.at, message, hint);
    }
    span
}

/// The milliseconds of a number and a unit; a month has 30 days.
pub(crate) fn milliseconds(text: &str) -> Option<i64> {
    let units = [
        ("s", 1_000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", DAY),
        ("w", 7 * DAY),
        ("M", 30 * DAY),
    ];
    let (number, unit) =
        units.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return None;
    }
    number.parse::<i64>().ok()?.checked_mul(*unit)
}
