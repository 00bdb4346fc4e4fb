//! Why a rule does not match an event.

use std::ops::ControlFlow;

use ecs::{Lookup, Record};
use okta::json::Value as Json;

use crate::compile::Options;
use crate::matcher::Scratch;
use crate::ruleset::RuleSet;
use crate::sigma::{Condition, Detection, Item, Modifier, Position, Rule, Search, Selection};

/// The most values that a line names.
const MOST_VALUES: usize = 5;
/// The longest text that a line quotes, in characters.
const LONGEST: usize = 120;

/// One line for each selection that stands in the way of a match.
pub(super) fn no_match(rule: &Rule, record: &Record<'_>, options: &Options) -> Vec<String> {
    let explainer = Explainer { rule, record, options };
    let mut reasons = Vec::new();
    explainer.condition(&rule.detection.condition, true, &mut reasons);
    if reasons.is_empty() {
        reasons.push("the rule's own conditions hold, a filter excludes the event".to_owned());
    }
    reasons
}

struct Explainer<'e, 'r> {
    rule: &'e Rule,
    record: &'e Record<'r>,
    options: &'e Options,
}

impl Explainer<'_, '_> {
    /// Explains why a condition is not what is wanted of it.
    fn condition(&self, condition: &Condition, wanted: bool, reasons: &mut Vec<String>) {
        if self.condition_holds(condition) == wanted {
            return;
        }
        match condition {
            Condition::Selection(index) => {
                if let Some(selection) = self.rule.detection.selections.get(*index) {
                    reasons.push(self.selection(selection, wanted));
                }
            }
            Condition::Not(inner) => self.condition(inner, !wanted, reasons),
            Condition::And(parts) | Condition::Or(parts) => {
                parts.iter().for_each(|part| self.condition(part, wanted, reasons));
            }
            Condition::AtLeast(_, indexes) => {
                for index in indexes {
                    self.condition(&Condition::Selection(*index), wanted, reasons);
                }
            }
        }
    }

    fn condition_holds(&self, condition: &Condition) -> bool {
        self.detection_holds(Detection {
            selections: self.rule.detection.selections.clone(),
            condition: condition.clone(),
        })
    }

    fn search_holds(&self, search: &Search) -> bool {
        let at = Position { line: 1, column: 1 };
        let selection = Selection { name: "s".to_owned(), at, search: search.clone() };
        self.detection_holds(Detection {
            selections: vec![selection],
            condition: Condition::Selection(0),
        })
    }

    fn detection_holds(&self, detection: Detection) -> bool {
        let rule = Rule { detection, ..self.rule.clone() };
        let set = RuleSet::compile([rule], &[], self.options);
        let mut holds = false;
        set.matches(self.record, &mut Scratch::default(), |_, _| holds = true);
        holds
    }

    fn selection(&self, selection: &Selection, wanted: bool) -> String {
        let mut parts = Vec::new();
        if wanted {
            self.failing(&selection.search, &mut parts);
            format!("'{}' does not hold: {}", selection.name, parts.join("; "))
        } else {
            self.holding(&selection.search, &mut parts);
            format!("'{}' holds and excludes it: {}", selection.name, parts.join("; "))
        }
    }

    /// The items that keep a search from holding.
    fn failing(&self, search: &Search, parts: &mut Vec<String>) {
        match search {
            _ if self.search_holds(search) => {}
            Search::All(inner) | Search::Any(inner) => {
                inner.iter().for_each(|part| self.failing(part, parts));
            }
            Search::Item(item) => parts.push(self.item(item)),
        }
    }

    /// The items that make a search hold.
    fn holding(&self, search: &Search, parts: &mut Vec<String>) {
        match search {
            _ if !self.search_holds(search) => {}
            Search::All(inner) | Search::Any(inner) => {
                inner.iter().for_each(|part| self.holding(part, parts));
            }
            Search::Item(item) => parts.push(match &item.field {
                Some(field) => format!("{field} is {}", self.found(field)),
                None => format!("the event has {}", wanted_values(item)),
            }),
        }
    }

    fn item(&self, item: &Item) -> String {
        let Some(field) = &item.field else {
            return format!("the event has nothing like {}", wanted_values(item));
        };
        let unknown = if Lookup::resolve(field).is_known() {
            String::new()
        } else {
            match Lookup::suggest(field) {
                Some(meant) => format!(" (no such field, did you mean {meant}?)"),
                None => " (no such field)".to_owned(),
            }
        };
        let found = self.found(field);
        let modifiers: Vec<&str> = item
            .modifiers
            .iter()
            .filter(|modifier| !matches!(modifier, Modifier::All))
            .map(|modifier| modifier.name())
            .collect();
        let wanted = match modifiers.join("|").as_str() {
            "" => wanted_values(item),
            modifiers => format!("{modifiers} {}", wanted_values(item)),
        };
        format!("{field} is {found}, not {wanted}{unknown}")
    }

    /// What the event has in a field.
    fn found(&self, field: &str) -> String {
        let mut values = Vec::new();
        let _ = self.record.visit(&Lookup::resolve(field), &mut |value| {
            values.push(match value {
                Json::Null => "null".to_owned(),
                Json::Object(raw) | Json::Array(raw) => shortened(raw.as_str()),
                other => format!("'{}'", shortened(&other.to_str().unwrap_or_default())),
            });
            ControlFlow::Continue(())
        });
        match values.is_empty() {
            true => "missing".to_owned(),
            false => listed(&values, " and "),
        }
    }
}

fn wanted_values(item: &Item) -> String {
    let quoted: Vec<String> =
        item.values.iter().map(|value| format!("'{}'", shortened(value.as_written()))).collect();
    listed(&quoted, if item.has(Modifier::All) { " and " } else { " or " })
}

fn listed(values: &[String], last: &str) -> String {
    let shown: Vec<&str> = values.iter().take(MOST_VALUES).map(String::as_str).collect();
    match values.len() - shown.len() {
        0 => match shown.split_last() {
            Some((only, [])) => (*only).to_owned(),
            Some((end, start)) => format!("{}{last}{end}", start.join(", ")),
            None => String::new(),
        },
        more => format!("{}{last}{more} more", shown.join(", ")),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
