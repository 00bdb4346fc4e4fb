//! From rules as they are written to a set of rules that can be tried on events.
//!
//! Every field that rules ask for becomes a slot, looked up once; every item (a field, its
//! modifiers and values) becomes tests, shared by the rules that have the same item; every
//! condition becomes an expression over items. What an event must have for a rule to match at
//! all becomes an index, so that an event is tried on few rules.

mod dispatch;
mod item;
mod necessary;
mod placeholders;
pub(crate) mod transform;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ecs::Lookup;

pub use placeholders::Placeholders;

use crate::ruleset::{
    CompiledItem, CompiledRule, Dispatch, Expression, ItemTest, RuleSet, Slot, Source,
};
use crate::sigma::diagnostic::nearest;
use crate::sigma::{
    Condition, Detection, Diagnostic, Filter, Item, Modifier, Position, Relation, Rule, Search,
    Severity,
};
use necessary::{Kind, Needs};

/// Choices for [`RuleSet::compile`].
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What `%name%` stands for in values with the modifier `expand`.
    pub placeholders: Placeholders,
}

impl RuleSet {
    /// Compiles rules for Okta's System Log, and the filters that cover them.
    ///
    /// A rule that can't be used (its log source is another product's, it has a placeholder that
    /// nobody gives values for) is left out and reported in [`RuleSet::diagnostics`]. A rule all
    /// of whose placeholders are known but have no values is kept, and idle.
    #[must_use]
    pub fn compile<R: Into<Arc<Rule>>>(
        rules: impl IntoIterator<Item = R>,
        filters: &[Filter],
        options: &Options,
    ) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let rules: Vec<Arc<Rule>> = rules.into_iter().map(Into::into).collect();
        let mut compiler = Compiler::new(&options.placeholders);
        compiler.note_replaced(&rules);
        let filters = compiler.usable_filters(filters, &rules);
        let mut compiled = Vec::new();
        let mut all_needs = Vec::new();
        for rule in rules {
            if rule.correlation.is_some() {
                // It has its place among the rules, and is tried on no event.
                all_needs.push(None);
                let (index, idle, expression) = (compiled.len(), Vec::new(), Expression::never());
                compiled.push(CompiledRule { rule, index, idle, expression });
                continue;
            }
            let covering = filters.iter().filter(|(filter, _)| filter.covers(&rule));
            let covering: Vec<Expression> =
                covering.map(|(_, expression)| expression.clone()).collect();
            let Some((expression, idle)) = compiler.rule(&rule, covering) else { continue };
            let is_idle = !idle.is_empty();
            let expression = if is_idle { Expression::never() } else { expression };
            let items = |index: usize| compiler.needs.get(index).cloned().unwrap_or_default();
            all_needs.push((!is_idle).then(|| necessary::needs(&expression, &items)));
            compiled.push(CompiledRule { rule, index: compiled.len(), idle, expression });
        }
        let preferred = compiler.slots_by_name.get(EVENT_TYPE).copied();
        let dispatch: Dispatch = dispatch::build(all_needs, preferred);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            rules: compiled,
            slots: compiler.slots,
            items: compiler.items,
            dispatch,
            diagnostics: compiler.diagnostics,
        }
    }
}

/// The field that has Okta's event type, under its ECS name.
const EVENT_TYPE: &str = "event.action";

struct Compiler<'c> {
    placeholders: &'c Placeholders,
    slots: Vec<Slot>,
    slots_by_name: HashMap<String, usize>,
    items: Vec<CompiledItem>,
    items_by_text: HashMap<String, usize>,
    /// What is necessary for each item to match.
    needs: Vec<Needs>,
    diagnostics: Vec<Diagnostic>,
}

/// Where a rule or filter stands.
#[derive(Clone, Copy)]
struct Place<'p> {
    file: &'p Arc<str>,
    at: Position,
}

impl<'p> Place<'p> {
    fn of(file: &'p Arc<str>, line: u32) -> Self {
        Self { file, at: Position { line, column: 1 } }
    }
}

impl<'c> Compiler<'c> {
    fn new(placeholders: &'c Placeholders) -> Self {
        Self {
            placeholders,
            slots: Vec::new(),
            slots_by_name: HashMap::new(),
            items: Vec::new(),
            items_by_text: HashMap::new(),
            needs: Vec::new(),
            diagnostics: Vec::new(),
        }
    }

    fn report(
        &mut self,
        severity: Severity,
        code: &'static str,
        place: Place<'_>,
        message: String,
        hint: Option<String>,
    ) {
        let Position { line, column } = place.at;
        let file = Arc::clone(place.file);
        self.diagnostics.push(Diagnostic { severity, code, file, line, column, message, hint });
    }

    /// Notes rules that another one of the set replaces.
    fn note_replaced(&mut self, rules: &[Arc<Rule>]) {
        let with_id = rules.iter().filter_map(|rule| Some((rule.id.clone()?, rule)));
        let by_id: HashMap<String, &Arc<Rule>> = with_id.collect();
        for rule in rules {
            for related in &rule.related {
                let verb = match related.relation {
                    Relation::Obsolete => "replaces",
                    Relation::Renamed => "was formerly",
                    Relation::Merged => "was merged from",
                    Relation::Derived | Relation::Similar => continue,
                };
                let Some(other) = by_id.get(&related.id).filter(|other| !Arc::ptr_eq(other, rule))
                else {
                    continue;
                };
                let message =
                    format!("'{}' {verb} '{}', and both are in use", rule.title, other.title);
                let hint = Some(format!("switch {} off", related.id));
                let place = Place::of(&rule.file, rule.line);
                self.report(Severity::Warning, "replaced-rule", place, message, hint);
            }
        }
    }

    /// The filters that can be compiled, with their expressions.
    fn usable_filters<'f>(
        &mut self,
        filters: &'f [Filter],
        rules: &[Arc<Rule>],
    ) -> Vec<(&'f Filter, Expression)> {
        let mut usable = Vec::new();
        for filter in filters {
            let place = Place::of(&filter.file, filter.line);
            if !rules.iter().any(|rule| filter.covers(rule)) {
                let message = format!("the filter '{}' covers no rule", filter.title);
                let hint = Some("check its 'rules' and 'logsource'".to_owned());
                self.report(Severity::Warning, "unused-filter", place, message, hint);
                continue;
            }
            if !self.knows_placeholders(&filter.detection, place) {
                continue;
            }
            if let Some(expression) = self.detection(&filter.detection, &filter.file) {
                usable.push((filter, expression));
            }
        }
        usable
    }

    /// Compiles a rule under its filters; gives the placeholders too, when it is idle.
    fn rule(&mut self, rule: &Rule, filters: Vec<Expression>) -> Option<(Expression, Vec<String>)> {
        let place = Place::of(&rule.file, rule.line);
        if !rule.logsource.is_okta() {
            let message = format!("'{}' is for another log source than Okta's", rule.title);
            let hint = Some("rules need 'logsource: {product: okta}'".to_owned());
            self.report(Severity::Warning, "other-logsource", place, message, hint);
            return None;
        }
        if !self.knows_placeholders(&rule.detection, place) {
            return None;
        }
        let mut names = placeholder_names(&rule.detection);
        names.sort_unstable();
        names.dedup();
        let empty = names.iter().all(|name| self.placeholders.is_empty(name));
        let idle = if empty { names } else { Vec::new() };
        let expression = self.detection(&rule.detection, &rule.file)?;
        if filters.is_empty() {
            return Some((expression, idle));
        }
        let parts = std::iter::once(expression).chain(filters).collect();
        Some((Expression::All(parts), idle))
    }

    fn knows_placeholders(&mut self, detection: &Detection, place: Place<'_>) -> bool {
        let names = placeholder_names(detection);
        let Some(unknown) = names.iter().find(|name| !self.placeholders.contains(name)) else {
            return true;
        };
        let hint = match nearest(unknown, self.placeholders.names()) {
            Some(meant) => format!("did you mean '%{meant}%'?"),
            None => format!("give values for the placeholder '{unknown}'"),
        };
        let message = format!("nothing is known about the placeholder '%{unknown}%'");
        self.report(Severity::Error, "unknown-placeholder", place, message, Some(hint));
        false
    }

    fn detection(&mut self, detection: &Detection, file: &Arc<str>) -> Option<Expression> {
        let mut selections = Vec::with_capacity(detection.selections.len());
        for selection in &detection.selections {
            selections.push(self.search(&selection.search, file)?);
        }
        Some(self.condition(&detection.condition, &selections))
    }

    fn condition(&self, condition: &Condition, selections: &[Expression]) -> Expression {
        let one = |index: &usize| selections.get(*index).cloned().unwrap_or(Expression::never());
        match condition {
            Condition::Selection(index) => one(index),
            Condition::Not(inner) => Expression::Not(Box::new(self.condition(inner, selections))),
            Condition::And(parts) => {
                self.all(parts.iter().map(|part| self.condition(part, selections)).collect())
            }
            Condition::Or(parts) => {
                self.any(parts.iter().map(|part| self.condition(part, selections)).collect())
            }
            Condition::AtLeast(needed, indexes) => {
                let parts: Vec<Expression> = indexes.iter().map(one).collect();
                match *needed {
                    1 => self.any(parts),
                    needed if needed == parts.len() => self.all(parts),
                    needed => Expression::AtLeast(needed, parts.into()),
                }
            }
        }
    }

    fn search(&mut self, search: &Search, file: &Arc<str>) -> Option<Expression> {
        let mut inner = |parts: &[Search]| {
            parts.iter().map(|part| self.search(part, file)).collect::<Option<Vec<_>>>()
        };
        match search {
            Search::All(parts) => inner(parts).map(|parts| self.all(parts)),
            Search::Any(parts) => inner(parts).map(|parts| self.any(parts)),
            Search::Item(item) => self.item(item, file).map(Expression::Item),
        }
    }

    /// Joins by "and", cheap parts first: that does not change what matches.
    fn all(&self, mut parts: Vec<Expression>) -> Expression {
        match parts.pop() {
            Some(only) if parts.is_empty() => only,
            last => {
                parts.extend(last);
                parts.sort_by_key(|part| self.cost(part));
                Expression::All(parts.into())
            }
        }
    }

    fn any(&self, mut parts: Vec<Expression>) -> Expression {
        match parts.pop() {
            Some(only) if parts.is_empty() => only,
            last => {
                parts.extend(last);
                parts.sort_by_key(|part| self.cost(part));
                Expression::Any(parts.into())
            }
        }
    }

    /// Roughly how long an expression takes to try.
    fn cost(&self, expression: &Expression) -> usize {
        match expression {
            Expression::Item(index) => {
                let Some(item) = self.items.get(*index) else { return 0 };
                let leaves =
                    self.slots.get(item.slot).is_some_and(|s| matches!(s.source, Source::Leaves));
                let tests = match &item.test {
                    ItemTest::Exists(_) => 1,
                    ItemTest::Values(groups) => groups.iter().flatten().map(test_cost).sum(),
                };
                if leaves { 100 + 100 * tests } else { 1 + tests }
            }
            Expression::Not(inner) => self.cost(inner),
            Expression::All(parts) | Expression::Any(parts) | Expression::AtLeast(_, parts) => {
                parts.iter().map(|part| self.cost(part)).sum()
            }
        }
    }

    fn item(&mut self, item: &Item, file: &Arc<str>) -> Option<usize> {
        let key = format!("{:?}", (&item.field, &item.modifiers, &item.values));
        if let Some(index) = self.items_by_text.get(&key) {
            return Some(*index);
        }
        let place = Place { file, at: item.at };
        let slot = self.slot(item.field.as_deref());
        let mut other_slots = Vec::new();
        let placeholders = self.placeholders;
        let compiled = item::compile(item, placeholders, &mut |name| {
            let slot = self.slot(Some(name));
            other_slots.push(slot);
            slot
        });
        let tests = match compiled {
            Ok(tests) => tests,
            Err(message) => {
                self.report(Severity::Error, "value", place, message, None);
                return None;
            }
        };
        if let Some(message) = tests.left_out.first() {
            let count = tests.left_out.len();
            let message = format!("{count} values of placeholders are left out: {message}");
            self.report(Severity::Warning, "placeholder-value", place, message, None);
        }
        let negated = item.has(Modifier::Neq);
        if let ItemTest::Values(groups) = &tests.test {
            let needs_raw = groups.iter().flatten().any(|test| test.needs_raw());
            for index in std::iter::once(&slot).chain(&other_slots) {
                if let Some(slot) = self.slots.get_mut(*index) {
                    slot.needs_raw |= needs_raw;
                }
            }
        }
        let mut needs = Needs::new();
        if !negated {
            for necessary in tests.necessary {
                needs.extend(necessary.equal.map(|texts| ((Kind::Equal, slot), texts)));
                needs.extend(necessary.inner.map(|texts| ((Kind::Inner, slot), texts)));
            }
        }
        let index = self.items.len();
        let name = item.field.clone().unwrap_or_else(|| "keyword".to_owned());
        self.items.push(CompiledItem { name, slot, other_slots, test: tests.test, negated });
        self.needs.push(needs);
        self.items_by_text.insert(key, index);
        Some(index)
    }

    /// The slot of a field, or of all values for keywords.
    fn slot(&mut self, field: Option<&str>) -> usize {
        let (name, source) = match field {
            None => (String::new(), Source::Leaves),
            Some(field) => {
                let mut lookup = Lookup::resolve(field);
                if lookup.name() == "eventType" {
                    // Okta's name for the same value.
                    lookup = Lookup::resolve(EVENT_TYPE);
                }
                (lookup.name().to_owned(), Source::Field(lookup))
            }
        };
        let next = self.slots.len();
        let slot = *self.slots_by_name.entry(name).or_insert(next);
        if slot == next {
            self.slots.push(Slot { source, needs_raw: false });
        }
        slot
    }
}

fn test_cost(test: &crate::matcher::test::Test) -> usize {
    use crate::matcher::test::Test::{Cased, Folded, Null, Regex};
    use crate::matcher::text::TextTest::{Contains, ContainsOneOf, Glob};
    match test {
        Null => 1,
        Folded(Contains(_) | ContainsOneOf(_) | Glob(_))
        | Cased(Contains(_) | ContainsOneOf(_) | Glob(_)) => 8,
        Folded(_) | Cased(_) => 2,
        Regex(_) => 16,
        _ => 4,
    }
}

/// The names of the placeholders of a detection.
pub(crate) fn placeholder_names(detection: &Detection) -> Vec<String> {
    fn collect(search: &Search, names: &mut Vec<String>) {
        match search {
            Search::All(parts) | Search::Any(parts) => {
                parts.iter().for_each(|part| collect(part, names));
            }
            Search::Item(item) => names.extend(item.placeholders()),
        }
    }
    let mut names = Vec::new();
    detection.selections.iter().for_each(|selection| collect(&selection.search, &mut names));
    names
}
