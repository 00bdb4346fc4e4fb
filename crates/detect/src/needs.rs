//! What rules need of events: the fields they read, those without which they never match, and
//! the event types that they are tried on.

use std::collections::BTreeSet;

use crate::detector::Detector;
use crate::sigma::{
    Condition, Correlation, CorrelationKind, Detection, Item, Modifier, Rule, Search, Value,
};

/// What a rule of a detector needs of events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The fields that it reads, and those that the rules read which it names.
    pub fields: BTreeSet<String>,
    /// Those of them without which it never matches.
    pub necessary: BTreeSet<String>,
    /// The values of `event.action`, in lower case, one of which an event has to have; `None`
    /// when that is not what the rule depends on.
    pub actions: Option<Vec<String>>,
    /// The rules, by their places, all of which have to match for a correlation to.
    pub rules: Vec<usize>,
}

impl Detector {
    /// What a rule needs of events, by its place among [`Detector::rules`].
    #[must_use]
    pub fn needs(&self, rule: usize) -> Needs {
        self.needs_within(rule, 0)
    }

    /// The rules, by their places, that only serve the correlation at a place.
    #[must_use]
    pub fn serving(&self, rule: usize) -> Vec<usize> {
        let inputs = self.plan().inputs_of(rule).into_iter();
        inputs.filter(|input| !self.alerts(*input)).collect()
    }

    fn needs_within(&self, place: usize, depth: usize) -> Needs {
        let Some(rule) = self.rules().get(place).map(|rule| &*rule.rule) else {
            return Needs::default();
        };
        let Some(correlation) = &rule.correlation else {
            let mut needs = of_detection(&rule.detection);
            needs.actions = self.set().needed_actions(place);
            return needs;
        };
        let inputs = self.plan().inputs_of(place);
        if depth > self.rules().len() || inputs.is_empty() {
            return Needs::default();
        }
        let of_inputs: Vec<Needs> =
            inputs.iter().map(|input| self.needs_within(*input, depth + 1)).collect();
        let mut needs = joined(correlation, &of_inputs);
        needs.rules = match correlation.kind {
            CorrelationKind::Temporal | CorrelationKind::TemporalOrdered
                if correlation.condition.is_empty() =>
            {
                inputs
            }
            CorrelationKind::MissingFollowup => inputs.into_iter().take(1).collect(),
            _ => Vec::new(),
        };
        needs
    }
}

/// What a correlation needs beside what the rules need that it names.
fn joined(correlation: &Correlation, inputs: &[Needs]) -> Needs {
    let mut needs = Needs { actions: Some(Vec::new()), ..Needs::default() };
    for input in inputs {
        needs.fields.extend(input.fields.iter().cloned());
        match (&mut needs.actions, &input.actions) {
            (Some(all), Some(more)) => all.extend(more.iter().cloned()),
            (all, _) => *all = None,
        }
    }
    if let Some(actions) = &mut needs.actions {
        actions.sort();
        actions.dedup();
    }
    let shared = |field: &&String| inputs.iter().all(|input| input.necessary.contains(*field));
    if let Some(first) = inputs.first() {
        needs.necessary = first.necessary.iter().filter(shared).cloned().collect();
    }
    let is_field = |name: &&String| correlation.aliases.iter().all(|alias| alias.name != **name);
    let group_by = correlation.group_by.iter().filter(is_field);
    let mut own: BTreeSet<String> = group_by.cloned().collect();
    if let [field] = correlation.fields.as_slice() {
        own.insert(field.clone());
    }
    if correlation.kind == CorrelationKind::ImpossibleTravel {
        own.extend(["source.geo.location", "source.ip"].map(str::to_owned));
    }
    needs.necessary.extend(own.iter().cloned());
    needs.fields.extend(own);
    needs.fields.extend(correlation.fields.iter().cloned());
    let aliased = correlation.aliases.iter().flat_map(|alias| &alias.fields);
    needs.fields.extend(aliased.map(|(_, field)| field.clone()));
    needs
}

fn of_detection(detection: &Detection) -> Needs {
    let mut fields = BTreeSet::new();
    for selection in &detection.selections {
        collect(&selection.search, &mut fields);
    }
    let necessary = of_condition(&detection.condition, detection);
    Needs { fields, necessary, ..Needs::default() }
}

/// The fields that a rule reads.
#[must_use]
pub fn fields(rule: &Rule) -> BTreeSet<String> {
    let mut fields = of_detection(&rule.detection).fields;
    if let Some(correlation) = &rule.correlation {
        fields.extend(joined(correlation, &[]).fields);
    }
    fields
}

fn collect(search: &Search, fields: &mut BTreeSet<String>) {
    match search {
        Search::All(parts) | Search::Any(parts) => {
            parts.iter().for_each(|part| collect(part, fields));
        }
        Search::Item(Item { field, .. }) => fields.extend(field.clone()),
    }
}

fn of_condition(condition: &Condition, detection: &Detection) -> BTreeSet<String> {
    let of_selection = |index: &usize| {
        let selection = detection.selections.get(*index);
        selection.map(|selection| of_search(&selection.search)).unwrap_or_default()
    };
    match condition {
        Condition::Selection(index) => of_selection(index),
        Condition::Not(_) => BTreeSet::new(),
        Condition::And(parts) => {
            parts.iter().flat_map(|part| of_condition(part, detection)).collect()
        }
        Condition::Or(parts) => {
            common(parts.iter().map(|part| of_condition(part, detection)).collect())
        }
        Condition::AtLeast(needed, indexes) if *needed >= indexes.len() => {
            indexes.iter().flat_map(&of_selection).collect()
        }
        Condition::AtLeast(_, indexes) => common(indexes.iter().map(of_selection).collect()),
    }
}

fn of_search(search: &Search) -> BTreeSet<String> {
    match search {
        Search::All(parts) => parts.iter().flat_map(of_search).collect(),
        Search::Any(parts) => common(parts.iter().map(of_search).collect()),
        Search::Item(item) => match &item.field {
            Some(field) if needs_value(item) => [field.clone()].into(),
            _ => BTreeSet::new(),
        },
    }
}

/// Whether the field has to be there for an item to hold.
fn needs_value(item: &Item) -> bool {
    if item.has(Modifier::Exists) {
        return item.values.first().is_none_or(|value| *value == Value::Bool(true));
    }
    !item.has(Modifier::Neq) && !item.values.contains(&Value::Null)
}

/// What all of some sets have.
fn common(mut sets: Vec<BTreeSet<String>>) -> BTreeSet<String> {
    let Some(mut first) = sets.pop() else { return BTreeSet::new() };
    for set in sets {
        first.retain(|field| set.contains(field));
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Exceptions, Pack, Placeholders, Selection};

    fn detector(text: &str) -> Detector {
        let mut pack = Pack::default();
        pack.add(text, "n.yml", &"test".into());
        assert_eq!(pack.diagnostics(), []);
        let exceptions = Exceptions::default();
        Detector::new(&pack, &Selection::default(), Placeholders::default(), exceptions)
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_a_rule_cannot_do_without() {
        let cases: [(&str, &[&str], &[&str]); 8] = [
            ("{s: {a: x, b: y}, condition: s}", &["a", "b"], &["a", "b"]),
            ("{s: [{a: x}, {b: y}], condition: s}", &["a", "b"], &[]),
            ("{s: [{a: x, c: z}, {b: y, c: w}], condition: s}", &["a", "b", "c"], &["c"]),
            ("{s: {a: x}, f: {b: y}, condition: s and not f}", &["a", "b"], &["a"]),
            (
                "{s: {a: null, b|exists: false, c|neq: d, d: e}, condition: s}",
                &["a", "b", "c", "d"],
                &["d"],
            ),
            ("{s_1: {a: x}, s_2: {a: y, b: z}, condition: 1 of s_*}", &["a", "b"], &["a"]),
            ("{s_1: {a: x}, s_2: {b: z}, condition: all of s_*}", &["a", "b"], &["a", "b"]),
            ("{s: [x, y], condition: s}", &[], &[]),
        ];
        for (detection, fields, necessary) in cases {
            let text = format!("title: T\nlogsource: {{product: okta}}\ndetection: {detection}\n");
            let needs = detector(&text).needs(0);
            assert_eq!(
                (needs.fields, needs.necessary),
                (set(fields), set(necessary)),
                "{detection}"
            );
            assert_eq!(needs.actions, None);
        }
    }

    #[test]
    fn a_correlation_needs_what_its_rules_need() {
        let text = "title: A\nname: a\nlogsource: {product: okta}\n\
            detection: {s: {event.action: x.a, source.ip: 192.0.2.1}, condition: s}\n---\n\
            title: B\nname: b\nlogsource: {product: okta}\n\
            detection: {s: {event.action: [x.b, x.c], user.email: u}, condition: s}\n---\n\
            title: C\ncorrelation: {type: temporal, rules: [a, b], group-by: [user.name], timespan: 1h}\n---\n\
            title: D\ncorrelation: {type: missing_followup, rules: [a, b], group-by: [who], \
            aliases: {who: {a: user.name, b: user.id}}, timespan: 1h}\n";
        let detector = detector(text);
        let place = |title: &str| {
            detector.rules().iter().position(|rule| rule.rule.title == title).unwrap()
        };
        let needs = detector.needs(place("C"));
        assert_eq!(needs.fields, set(&["event.action", "source.ip", "user.email", "user.name"]));
        assert_eq!(needs.necessary, set(&["event.action", "user.name"]));
        let actions = ["x.a", "x.b", "x.c"].map(str::to_owned);
        assert_eq!(needs.actions, Some(actions.to_vec()));
        assert_eq!(needs.rules, [place("A"), place("B")]);
        let needs = detector.needs(place("D"));
        assert!(needs.fields.contains("user.id") && !needs.fields.contains("who"));
        assert_eq!(needs.necessary, set(&["event.action"]));
        assert_eq!(needs.rules, [place("A")]);
    }
}
