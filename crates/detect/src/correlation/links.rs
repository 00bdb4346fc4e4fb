//! Which rules correlations name, and what is wrong with the names.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::sigma::diagnostic::Report;
use crate::sigma::{Diagnostic, Position, Reference, Rule};

/// For each rule, the places of the rules that it names; and what is wrong with the names.
/// Rules that name what there is not, or themselves in a circle, are in `broken`.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// The places of the rules that a correlation names, in its order; none for other rules.
    pub(crate) inputs: Vec<Vec<usize>>,
    /// Whether a correlation cannot be used.
    pub(crate) broken: Vec<bool>,
    /// Whether a rule only serves correlations of its file and raises no alerts of its own.
    pub(crate) silent: Vec<bool>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Links {
    pub(crate) fn of(rules: &[Arc<Rule>]) -> Self {
        let mut links = Self {
            inputs: vec![Vec::new(); rules.len()],
            broken: vec![false; rules.len()],
            silent: vec![false; rules.len()],
            diagnostics: Vec::new(),
        };
        if rules.iter().all(|rule| rule.correlation.is_none()) {
            return links;
        }
        let names = Names::of(rules);
        for (place, rule) in rules.iter().enumerate() {
            let Some(correlation) = &rule.correlation else { continue };
            for reference in &correlation.rules {
                match names.find(reference, rule, rules) {
                    Some(found) => {
                        if let Some(inputs) = links.inputs.get_mut(place) {
                            inputs.push(found);
                        }
                    }
                    None => {
                        let message = format!("there is no rule '{}'", reference.name);
                        let hint = names.like(&reference.name);
                        links.report(rule, reference.at, "unknown-rule", message, hint);
                        links.set_broken(place);
                    }
                }
            }
        }
        links.find_circles(rules);
        links.find_silent(rules);
        links
    }

    fn set_broken(&mut self, place: usize) {
        if let Some(broken) = self.broken.get_mut(place) {
            *broken = true;
        }
    }

    fn report(
        &mut self,
        rule: &Rule,
        at: Position,
        code: &'static str,
        message: String,
        hint: Option<String>,
    ) {
        let mut report = Report::new(Arc::clone(&rule.file));
        report.error(code, at, message, hint);
        self.diagnostics.extend(report.diagnostics);
    }

    /// Takes away, again and again, the correlations all of whose rules are known to be fine;
    /// what is left stands in a circle, or waits for one that does.
    fn find_circles(&mut self, rules: &[Arc<Rule>]) {
        let mut fine: Vec<bool> = rules.iter().map(|rule| rule.correlation.is_none()).collect();
        loop {
            let mut found = false;
            for (place, inputs) in self.inputs.iter().enumerate() {
                let is_broken = self.broken.get(place) == Some(&true);
                let is_fine = fine.get(place) == Some(&true);
                if !is_fine && !is_broken && inputs.iter().all(|i| fine.get(*i) == Some(&true)) {
                    if let Some(fine) = fine.get_mut(place) {
                        *fine = true;
                    }
                    found = true;
                }
            }
            if !found {
                break;
            }
        }
        for (place, rule) in rules.iter().enumerate() {
            let Some(correlation) = &rule.correlation else { continue };
            if fine.get(place) == Some(&true) || self.broken.get(place) == Some(&true) {
                continue;
            }
            let inputs = self.inputs.get(place).cloned().unwrap_or_default();
            let unusable = inputs.iter().position(|input| fine.get(*input) != Some(&true));
            let reference = unusable.and_then(|position| correlation.rules.get(position));
            let at = reference.map_or(correlation.at, |reference| reference.at);
            let name = reference.map_or("", |reference| reference.name.as_str());
            let message = format!("'{name}' cannot be used here: it is in a circle, or broken");
            self.report(rule, at, "correlation-cycle", message, None);
            self.set_broken(place);
        }
    }

    fn find_silent(&mut self, rules: &[Arc<Rule>]) {
        for (place, rule) in rules.iter().enumerate() {
            let (mut serves, mut generates) = (false, false);
            for (inputs, user) in self.inputs.iter().zip(rules) {
                if inputs.contains(&place) && user.file == rule.file {
                    serves = true;
                    generates |= user.correlation.as_ref().is_some_and(|c| c.generate);
                }
            }
            if let Some(silent) = self.silent.get_mut(place) {
                *silent = serves && !generates;
            }
        }
    }

    /// The rules that are needed for those that are chosen, those included.
    pub(crate) fn needed(&self, chosen: &[bool]) -> Vec<bool> {
        let mut needed = chosen.to_vec();
        let mut waiting: Vec<usize> =
            chosen.iter().enumerate().filter(|(_, on)| **on).map(|(place, _)| place).collect();
        while let Some(place) = waiting.pop() {
            for input in self.inputs.get(place).into_iter().flatten() {
                if let Some(needed) = needed.get_mut(*input).filter(|needed| !**needed) {
                    *needed = true;
                    waiting.push(*input);
                }
            }
        }
        needed
    }
}

/// The places of rules by id and name in lower case.
struct Names(HashMap<String, Vec<usize>>);

impl Names {
    fn of(rules: &[Arc<Rule>]) -> Self {
        let mut names: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, rule) in rules.iter().enumerate() {
            for name in rule.id.iter().chain(&rule.name) {
                names.entry(name.to_lowercase()).or_default().push(place);
            }
        }
        Self(names)
    }

    /// The rule of this name; of several, the one in the same file, else the last.
    fn find(&self, reference: &Reference, rule: &Rule, rules: &[Arc<Rule>]) -> Option<usize> {
        let places = self.0.get(&reference.name.to_lowercase())?;
        let is_here = |place: &&usize| rules.get(**place).is_some_and(|r| r.file == rule.file);
        places.iter().rfind(is_here).or(places.last()).copied()
    }

    fn like(&self, name: &str) -> Option<String> {
        let mut names: Vec<&str> = self.0.keys().map(String::as_str).collect();
        names.sort_unstable();
        let meant = crate::sigma::diagnostic::nearest(name, names);
        Some(match meant {
            Some(meant) => format!("did you mean '{meant}'?"),
            None => "name a rule of a loaded file by its 'name' or 'id'".to_owned(),
        })
    }
}
