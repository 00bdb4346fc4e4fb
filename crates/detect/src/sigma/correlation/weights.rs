//! How much alerts weigh in a risk.

use super::condition;
use crate::sigma::diagnostic::Report;
use crate::sigma::rule::{Level, Rule};
use crate::sigma::yaml::{Content, Node};

/// The most that one alert may weigh.
const HEAVIEST: f64 = 1_000_000.0;
/// The most weights that a rule may give.
const MOST: usize = 1_000;

/// How much an alert weighs: by its rule, else by one of its tags, else by its level.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// By level, from informational to critical.
    pub levels: [f64; 5],
    /// By the id, name or title of a rule, or a tag, in lower case.
    pub named: Vec<(String, f64)>,
}

impl Default for Weights {
    fn default() -> Self {
        Self { levels: [1.0, 5.0, 20.0, 50.0, 100.0], named: Vec::new() }
    }
}

impl Weights {
    /// Reads `weights`: levels, rules and tags with their numbers.
    pub(super) fn parse(node: &Node, report: &mut Report) -> Self {
        let mut weights = Self::default();
        let Content::Map(entries) = &node.content else {
            let message = format!("'weights' should be a mapping, found {}", node.kind());
            let hint = "write 'weights: {high: 50, attack.t1556: 80}'".to_owned();
            report.error("attribute", node.at, message, hint);
            return weights;
        };
        if entries.len() > MOST {
            report.error("attribute", node.at, format!("more than {MOST} weights"), None);
            return weights;
        }
        for (key, node) in entries {
            let Some(weight) = condition::number(node, report) else { continue };
            if !(0.0..=HEAVIEST).contains(&weight) {
                let message = format!("expected a number from 0 to {HEAVIEST}");
                report.error("attribute", node.at, message, None);
                continue;
            }
            let level = Level::from_name(&key.text);
            match level.and_then(|level| weights.levels.get_mut(level as usize)) {
                Some(of_level) => *of_level = weight,
                None => weights.named.push((key.text.to_lowercase(), weight)),
            }
        }
        weights
    }

    /// The weight of a rule's alerts; of several tags, the heaviest counts.
    #[must_use]
    pub fn of(&self, rule: &Rule) -> f64 {
        let named = |name: &str| {
            let same = |(other, _): &&(String, f64)| other.eq_ignore_ascii_case(name);
            self.named.iter().find(same).map(|(_, weight)| *weight)
        };
        let names = rule.id.iter().chain(&rule.name).chain([&rule.title]);
        if let Some(weight) = names.into_iter().find_map(|name| named(name)) {
            return weight;
        }
        if let Some(weight) = rule.tags.iter().filter_map(|tag| named(tag)).reduce(f64::max) {
            return weight;
        }
        let level = rule.level.unwrap_or(Level::Medium);
        self.levels.get(level as usize).copied().unwrap_or_default()
    }
}
