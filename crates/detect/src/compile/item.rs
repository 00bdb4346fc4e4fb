//! From an item of a rule to the tests of its values.

use super::necessary::Necessary;
use super::placeholders::Placeholders;
use super::transform;
use crate::matcher::fold::fold;
use crate::matcher::test::{Comparison, Networks, Relation, Test};
use crate::matcher::text::TextTests;
use crate::ruleset::ItemTest;
use crate::sigma::network::Network;
use crate::sigma::{Item, Modifier, Pattern, Value, regular};

/// An item's tests, without the fields they are for.
pub(super) struct Tests {
    pub(super) test: ItemTest,
    /// What an event has to have for the item to match, where that is known.
    pub(super) necessary: Vec<Necessary>,
    /// Values of placeholders that had to be left out, and why.
    pub(super) left_out: Vec<String>,
}

/// Compiles an item. `slot` gives the slot of another field that a test compares with.
///
/// # Errors
///
/// A message, when the values are too many, or do not fit the modifiers after all.
pub(super) fn compile(
    item: &Item,
    placeholders: &Placeholders,
    slot: &mut dyn FnMut(&str) -> usize,
) -> Result<Tests, String> {
    if item.has(Modifier::Exists) {
        let expected = item.values.contains(&Value::Bool(true));
        let test = ItemTest::Exists(expected);
        return Ok(Tests { test, necessary: Vec::new(), left_out: Vec::new() });
    }
    let mut left_out = Vec::new();
    let mut groups = Vec::new();
    let mut necessary = Vec::new();
    let all = item.has(Modifier::All);
    let groups_of_values: Vec<&[Value]> =
        if all { item.values.chunks(1).collect() } else { vec![&item.values] };
    for values in groups_of_values {
        let mut group = Group::default();
        for value in values {
            group.add(item, value, placeholders, slot, &mut left_out)?;
        }
        necessary.push(group.necessary());
        groups.push(group.finish()?);
    }
    Ok(Tests { test: ItemTest::Values(groups), necessary, left_out })
}

/// Tests of which a value has to pass one.
#[derive(Default)]
struct Group {
    folded: TextTests,
    cased: TextTests,
    networks: Option<Vec<Network>>,
    others: Vec<Test>,
    /// What is necessary for the tests in `folded` and `cased`; the others ask for nothing that
    /// an index has.
    texts: Necessary,
}

impl Group {
    fn add(
        &mut self,
        item: &Item,
        value: &Value,
        placeholders: &Placeholders,
        slot: &mut dyn FnMut(&str) -> usize,
        left_out: &mut Vec<String>,
    ) -> Result<(), String> {
        let modifiers = &item.modifiers;
        let date_part = modifiers.iter().copied().find(|modifier| modifier.is_date_part());
        let comparison = Comparison::from_modifiers(modifiers);
        match value {
            Value::Null => self.others.push(Test::Null),
            Value::Number(number) if date_part.is_some() || comparison != Comparison::Equal => {
                self.others.push(match date_part {
                    Some(part) => Test::DatePart(part, comparison, number.value),
                    None => Test::Compare(comparison, number.value),
                });
            }
            value if item.has(Modifier::Re) => {
                let regex = regular::compile(value.as_written(), modifiers);
                self.others.push(Test::Regex(regex.map_err(|(message, _)| message)?));
            }
            Value::Text(name) if item.has(Modifier::FieldRef) => {
                let pattern = Pattern::parse(name, false);
                let slot = slot(pattern.as_literal().unwrap_or(name));
                let relation = match modifiers.iter().find(|modifier| modifier.is_position()) {
                    Some(Modifier::StartsWith) => Relation::Start,
                    Some(Modifier::EndsWith) => Relation::End,
                    Some(Modifier::Contains) => Relation::Anywhere,
                    _ => Relation::Equal,
                };
                let cased = item.has(Modifier::Cased);
                self.others.push(Test::Field { slot, relation, cased });
            }
            Value::Text(text) => {
                let expands = item.has(Modifier::Expand);
                let pattern = Pattern::parse(text, expands);
                let patterns = match expands && pattern.placeholders().next().is_some() {
                    true => placeholders.expand(&pattern)?,
                    false => vec![pattern],
                };
                for pattern in patterns {
                    self.add_pattern(item, pattern, left_out)?;
                }
            }
            Value::Number(_) | Value::Bool(_) => {
                if let Value::Number(number) = value
                    && !modifiers.iter().any(|m| m.is_position() || m.is_transformation())
                    && item.field.is_some()
                {
                    self.others.push(Test::Number(number.value));
                }
                self.add_pattern(item, Pattern::literal(value.as_written()), left_out)?;
            }
        }
        Ok(())
    }

    fn add_pattern(
        &mut self,
        item: &Item,
        pattern: Pattern,
        left_out: &mut Vec<String>,
    ) -> Result<(), String> {
        if item.has(Modifier::Cidr) {
            let networks = self.networks.get_or_insert_default();
            match Network::parse(pattern.as_literal().unwrap_or("*")) {
                Ok(network) => networks.push(network),
                Err((message, _)) => left_out.push(message),
            }
            return Ok(());
        }
        let patterns = match transform::apply(pattern, &item.modifiers) {
            Ok(patterns) => patterns,
            // What is wrong with a value of the rule itself was found when it was parsed.
            Err(message) => {
                left_out.push(message);
                return Ok(());
            }
        };
        let is_keyword = item.field.is_none();
        let has_position = item.modifiers.iter().any(|modifier| modifier.is_position());
        for mut pattern in patterns {
            if is_keyword && !has_position {
                pattern = pattern.after_anything().before_anything();
            }
            self.texts.add(&pattern);
            match item.has(Modifier::Cased) {
                true => self.cased.add(&pattern, str::to_owned),
                false => self.folded.add(&pattern, |text| fold(text).into_owned()),
            }
        }
        Ok(())
    }

    fn necessary(&self) -> Necessary {
        match self.others.is_empty() && self.networks.is_none() {
            true => self.texts.clone(),
            false => Necessary::unknown(),
        }
    }

    fn finish(self) -> Result<Vec<Test>, String> {
        let mut tests: Vec<Test> = self.folded.finish()?.into_iter().map(Test::Folded).collect();
        tests.extend(self.cased.finish()?.into_iter().map(Test::Cased));
        tests.extend(self.networks.map(|networks| Test::Networks(Networks::new(&networks))));
        tests.extend(self.others);
        Ok(tests)
    }
}
