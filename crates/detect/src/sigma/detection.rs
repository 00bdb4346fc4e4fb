//! The detection section: selections, their items, and the condition over them.

use super::condition::{self, Condition};
use super::diagnostic::{Position, Report};
use super::modifier::{self, Modifier};
use super::network::Network;
use super::regular;
use super::value::{Pattern, Value};
use super::yaml::{Content, Key, Node};

/// What a rule looks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// The selections, in the order of the file.
    pub selections: Vec<Selection>,
    /// The condition; several conditions of a list are joined by "or".
    pub condition: Condition,
}

/// A named part of a detection.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// Its name, as conditions use it.
    pub name: String,
    /// Where the name stands.
    pub at: Position,
    /// What it looks for.
    pub search: Search,
}

/// What a selection looks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Search {
    /// All have to match: the items of a mapping.
    All(Vec<Search>),
    /// One has to match: the elements of a list.
    Any(Vec<Search>),
    /// A field and its values.
    Item(Item),
}

/// A field, modifiers, and values, as in `field|modifier: [value, value]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The field; `None` for keywords, which are looked for in all values of the event.
    pub field: Option<String>,
    /// The modifiers in order; they go together.
    pub modifiers: Vec<Modifier>,
    /// At least one value, each fit for the modifiers.
    pub values: Vec<Value>,
    /// Where the item stands.
    pub at: Position,
}

impl Item {
    /// Whether it has this modifier.
    #[must_use]
    pub fn has(&self, modifier: Modifier) -> bool {
        self.modifiers.contains(&modifier)
    }

    /// The names of the placeholders in its values; none without the modifier `expand`.
    pub fn placeholders(&self) -> Vec<String> {
        if !self.has(Modifier::Expand) {
            return Vec::new();
        }
        let mut names = Vec::new();
        for value in &self.values {
            if let Value::Text(text) = value {
                names.extend(Pattern::parse(text, true).placeholders().map(str::to_owned));
            }
        }
        names
    }
}

/// Parses `detection` or `filter`: everything but the keys in `other_keys` is a selection.
/// `None` when there was an error, which is then in the report.
pub(super) fn parse(node: &Node, other_keys: &[&str], report: &mut Report) -> Option<Detection> {
    let errors = report.errors();
    let Content::Map(entries) = &node.content else {
        let message = format!("expected selections and a condition, found {}", node.kind());
        report.error("detection", node.at, message, None);
        return None;
    };
    let mut selections = Vec::new();
    let mut conditions = None;
    for (key, node) in entries {
        match key.text.as_str() {
            "condition" => conditions = Some(node),
            "timeframe" => {
                let hint = "a time frame needs a correlation rule".to_owned();
                report.error("aggregation", key.at, "'timeframe' is not supported", hint);
            }
            other if other_keys.contains(&other) => {}
            name => {
                if let Some(search) = search(node, key.at, report) {
                    selections.push(Selection { name: name.to_owned(), at: key.at, search });
                } else {
                    // Still known by name, so that the condition is not blamed as well.
                    let search = Search::Any(Vec::new());
                    selections.push(Selection { name: name.to_owned(), at: key.at, search });
                }
            }
        }
    }
    let Some(conditions) = conditions else {
        let hint = "add 'condition: selection'".to_owned();
        report.error("missing-condition", node.at, "there is no condition", hint);
        return None;
    };
    let condition = parse_conditions(conditions, &selections, report)?;
    warn_unused(&selections, &condition, report);
    (report.errors() == errors).then_some(Detection { selections, condition })
}

fn parse_conditions(
    node: &Node,
    selections: &[Selection],
    report: &mut Report,
) -> Option<Condition> {
    let names: Vec<&str> = selections.iter().map(|selection| selection.name.as_str()).collect();
    let mut one = |node: &Node| {
        let Some(text) = node.text() else {
            let message = format!("expected a condition, found {}", node.kind());
            report.error("condition", node.at, message, None);
            return None;
        };
        match condition::parse(text, &names) {
            Ok(condition) => Some(condition),
            Err(error) => {
                // Exact where the condition stands unquoted on one line, near it otherwise.
                let offset = u32::try_from(error.offset).unwrap_or(u32::MAX);
                let column = node.at.column.saturating_add(offset);
                let at = Position { column, ..node.at };
                report.error(error.code, at, error.message, error.hint);
                None
            }
        }
    };
    match &node.content {
        Content::List(nodes) if nodes.is_empty() => {
            report.error("condition", node.at, "the list of conditions is empty", None);
            None
        }
        Content::List(nodes) => {
            let conditions: Vec<_> = nodes.iter().map(one).collect();
            let mut conditions = conditions.into_iter().collect::<Option<Vec<_>>>()?;
            match conditions.len() {
                1 => conditions.pop(),
                _ => Some(Condition::Or(conditions)),
            }
        }
        _ => one(node),
    }
}

fn warn_unused(selections: &[Selection], condition: &Condition, report: &mut Report) {
    fn mark(condition: &Condition, used: &mut [bool]) {
        match condition {
            Condition::Selection(index) => {
                if let Some(used) = used.get_mut(*index) {
                    *used = true;
                }
            }
            Condition::Not(inner) => mark(inner, used),
            Condition::And(parts) | Condition::Or(parts) => {
                parts.iter().for_each(|part| mark(part, used));
            }
            Condition::AtLeast(_, indexes) => {
                indexes.iter().for_each(|index| mark(&Condition::Selection(*index), used));
            }
        }
    }
    let mut used = vec![false; selections.len()];
    mark(condition, &mut used);
    for (selection, used) in selections.iter().zip(used) {
        if !used {
            let message = format!("the condition does not use '{}'", selection.name);
            let hint = "add it to the condition, or remove it".to_owned();
            report.warning("unused-selection", selection.at, message, hint);
        }
    }
}

fn search(node: &Node, name_at: Position, report: &mut Report) -> Option<Search> {
    match &node.content {
        Content::Map(entries) => map(node, entries, report),
        Content::Scalar { .. } => keywords(name_at, vec![node], report),
        Content::List(nodes) if nodes.is_empty() => {
            report.error("empty-selection", name_at, "the list is empty", None);
            None
        }
        Content::List(nodes) => {
            let mut alternatives = Vec::new();
            let (words, others): (Vec<_>, Vec<_>) =
                nodes.iter().partition(|node| matches!(node.content, Content::Scalar { .. }));
            let mut complete = true;
            for node in others {
                let alternative = match &node.content {
                    Content::Map(entries) => map(node, entries, report),
                    _ => {
                        let hint = "lists hold strings or mappings".to_owned();
                        report.error("detection", node.at, "a list inside a list", hint);
                        None
                    }
                };
                complete &= alternative.is_some();
                alternatives.extend(alternative);
            }
            if !words.is_empty() {
                let keywords = keywords(name_at, words, report);
                complete &= keywords.is_some();
                alternatives.extend(keywords);
            }
            complete.then_some(Search::Any(alternatives))
        }
    }
}

fn keywords(at: Position, nodes: Vec<&Node>, report: &mut Report) -> Option<Search> {
    item(None, Vec::new(), at, &nodes, report).map(Search::Item)
}

fn map(node: &Node, entries: &[(Key, Node)], report: &mut Report) -> Option<Search> {
    if entries.is_empty() {
        report.error("empty-selection", node.at, "the mapping is empty", None);
        return None;
    }
    let items: Vec<_> = entries.iter().map(|(key, node)| entry(key, node, report)).collect();
    let items = items.into_iter().collect::<Option<Vec<_>>>()?;
    Some(Search::All(items.into_iter().map(Search::Item).collect()))
}

fn entry(key: &Key, node: &Node, report: &mut Report) -> Option<Item> {
    let mut names = key.text.split('|');
    let field = names.next().filter(|field| !field.is_empty()).map(str::to_owned);
    let mut modifiers = Vec::new();
    let mut offset = field.as_deref().map_or(0, |field| field.chars().count());
    for name in names {
        let column = key.at.column.saturating_add(u32::try_from(offset + 1).unwrap_or(u32::MAX));
        match Modifier::from_name(name) {
            Ok(modifier) => modifiers.push(modifier),
            Err(meant) => {
                let hint = meant.map(|meant| format!("did you mean '{meant}'?"));
                let at = Position { column, ..key.at };
                let message = format!("unknown modifier '{name}'");
                report.error("unknown-modifier", at, message, hint);
                return None;
            }
        }
        offset += 1 + name.chars().count();
    }
    if field.is_none() && modifiers.is_empty() {
        report.error("detection", key.at, "a field without a name", None);
        return None;
    }
    let nodes: Vec<&Node> = match &node.content {
        Content::Scalar { .. } => vec![node],
        Content::List(nodes) => nodes.iter().collect(),
        Content::Map(_) => {
            let hint = "name fields inside others with dots: 'outer.inner: value'".to_owned();
            report.error("detection", node.at, "expected a value, found a mapping", hint);
            return None;
        }
    };
    item(field, modifiers, key.at, &nodes, report)
}

fn item(
    field: Option<String>,
    modifiers: Vec<Modifier>,
    at: Position,
    nodes: &[&Node],
    report: &mut Report,
) -> Option<Item> {
    let errors = report.errors();
    if let Err((message, hint)) = modifier::check(&modifiers, field.is_some()) {
        report.error("modifiers", at, message, hint.map(str::to_owned));
        return None;
    }
    if nodes.is_empty() {
        report.error("no-values", at, "the list of values is empty", None);
        return None;
    }
    let mut values = Vec::with_capacity(nodes.len());
    for node in nodes {
        let Some(value) = Value::from_node(node) else {
            let message = format!("expected a value, found {}", node.kind());
            report.error("detection", node.at, message, None);
            continue;
        };
        if let Err(problem) = check_value(&value, &modifiers, field.is_some()) {
            report.error(problem.code, node.at, problem.message, problem.hint);
        }
        values.push(value);
    }
    let item = Item { field, modifiers, values, at };
    if report.errors() != errors {
        return None;
    }
    warn(&item, report);
    Some(item)
}

fn warn(item: &Item, report: &mut Report) {
    if item.has(Modifier::All) && item.values.len() == 1 && item.placeholders().is_empty() {
        let hint = "remove 'all'".to_owned();
        report.warning("all-of-one", item.at, "'all' with a single value", hint);
    }
    if item.values.len() > 1 && item.values.contains(&Value::Null) {
        let hint = "use a second selection for null".to_owned();
        report.warning("null-in-list", item.at, "null in a list of values", hint);
    }
    if item.has(Modifier::Base64Offset)
        && !item.modifiers.iter().any(|modifier| modifier.is_position())
    {
        let hint = "add 'contains'".to_owned();
        let message = "'base64offset' finds the middle of a text only";
        report.warning("base64offset", item.at, message, hint);
    }
    if item.has(Modifier::Expand) && item.placeholders().is_empty() {
        let hint = "placeholders are written %name%".to_owned();
        report.warning("no-placeholder", item.at, "'expand' without a placeholder", hint);
    }
}

struct Problem {
    code: &'static str,
    message: String,
    hint: Option<String>,
}

impl Problem {
    fn new(message: impl Into<String>, hint: Option<&str>) -> Self {
        Self { code: "value", message: message.into(), hint: hint.map(str::to_owned) }
    }
}

fn check_value(value: &Value, modifiers: &[Modifier], has_field: bool) -> Result<(), Problem> {
    let has = |modifier| modifiers.contains(&modifier);
    let number = modifiers.iter().copied().find(|m| m.is_comparison() || m.is_date_part());
    if let Some(number) = number {
        return check_number(value, number, modifiers);
    }
    if has(Modifier::Exists) {
        return match value {
            Value::Bool(_) => Ok(()),
            _ => Err(Problem::new("'exists' takes true or false", Some("without quotes"))),
        };
    }
    if *value == Value::Null {
        let plain = modifiers.iter().all(|m| matches!(m, Modifier::Neq | Modifier::All));
        return match (plain, has_field) {
            (true, true) => Ok(()),
            (false, _) => Err(Problem::new("null with modifiers", None)),
            (true, false) => Err(Problem::new("null as a keyword", Some("quote it"))),
        };
    }
    let text = value.as_written();
    if has(Modifier::Re) {
        let compiled = regular::compile(text, modifiers);
        return compiled.map(drop).map_err(|(message, hint)| Problem {
            code: "regex",
            message,
            hint,
        });
    }
    let pattern = match value {
        Value::Text(text) => Pattern::parse(text, has(Modifier::Expand)),
        other => Pattern::literal(other.as_written()),
    };
    if has(Modifier::Cidr) {
        if pattern.placeholders().next().is_some() {
            return Ok(());
        }
        let parsed = Network::parse(text);
        return parsed.map(drop).map_err(|(message, hint)| Problem { code: "cidr", message, hint });
    }
    let only_text = [Modifier::FieldRef, Modifier::Base64, Modifier::Base64Offset];
    if let Some(modifier) = only_text.into_iter().find(|modifier| has(*modifier)) {
        let plain = pattern.as_literal().is_some() || pattern.placeholders().next().is_some();
        if !plain {
            let name = modifier.name();
            let hint = Some("write a plain '*' or '?' as '\\*' or '\\?'");
            return Err(Problem::new(format!("'{name}' with wildcards"), hint));
        }
        if modifier == Modifier::FieldRef && (text.is_empty() || !matches!(value, Value::Text(_))) {
            return Err(Problem::new("'fieldref' takes the name of a field", None));
        }
    }
    crate::compile::transform::check(&pattern, modifiers)
        .map_err(|message| Problem::new(message, None))
}

fn check_number(value: &Value, modifier: Modifier, modifiers: &[Modifier]) -> Result<(), Problem> {
    let name = modifier.name();
    let Value::Number(number) = value else {
        let hint = match value {
            Value::Text(text) if super::value::Quantity::parse(text).is_some() => {
                Some("write the number without quotes")
            }
            _ => None,
        };
        let message = format!("'{name}' takes a number, not '{}'", value.as_written());
        return Err(Problem::new(message, hint));
    };
    use super::value::Quantity::Integer;
    let part = modifiers.iter().copied().find(|modifier| modifier.is_date_part());
    let (from, to) = match part {
        Some(Modifier::Minute) => (0, 59),
        Some(Modifier::Hour) => (0, 23),
        Some(Modifier::Day) => (1, 31),
        Some(Modifier::Week) => (1, 53),
        Some(Modifier::Month) => (1, 12),
        Some(_) => (0, 9999),
        None => return Ok(()),
    };
    if number.value >= Integer(from) && number.value <= Integer(to) {
        return Ok(());
    }
    let name = part.unwrap_or(modifier).name();
    Err(Problem::new(format!("'{name}' is a number from {from} to {to}"), None))
}
