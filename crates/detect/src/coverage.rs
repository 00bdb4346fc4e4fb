//! Which techniques of ATT&CK rules cover, as a layer for the ATT&CK Navigator.
//!
//! A layer has the format 4.5 that
//! <https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md>
//! describes. Techniques that the matrix does not have count for their counterparts in it,
//! because the Navigator leaves them out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::attack::{self, Status, Tactic, Technique, Threat};
use crate::sigma::Rule;

/// The Navigator that wrote the format first, and its number.
const NAVIGATOR: &str = "5.1.0";
const LAYER: &str = "4.5";

/// Light to dark: few to many.
const COLOURS: [&str; 3] = ["#d6e9f8", "#5aa3d8", "#0b4f8a"];
/// For techniques that only rules cover that are off.
const OFF: &str = "#d9d9d9";

/// What is known of each technique.
#[derive(Debug, Default)]
pub struct Coverage {
    techniques: BTreeMap<&'static str, Covered>,
    counts_alerts: bool,
}

/// The rules of a technique.
#[derive(Debug, Default)]
struct Covered {
    on: Vec<Line>,
    off: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    title: String,
    id: Option<String>,
    level: Option<&'static str>,
    alerts: u64,
}

/// A tactic and how well it is covered.
#[derive(Debug, PartialEq, Eq)]
pub struct TacticCoverage {
    /// Which.
    pub tactic: &'static Tactic,
    /// Techniques of the tactic with a rule that is on, and the titles of those rules.
    pub covered: Vec<(&'static Technique, Vec<String>)>,
    /// Techniques of the tactic with nothing but rules that are off.
    pub only_off: Vec<&'static Technique>,
    /// How many techniques the tactic has, sub-techniques not counted.
    pub techniques: usize,
}

impl Coverage {
    /// The coverage by rules: a technique's score is the number of rules that are on. With each
    /// rule comes whether it is.
    #[must_use]
    pub fn of_rules<'r>(rules: impl IntoIterator<Item = (&'r Rule, bool)>) -> Self {
        let mut coverage = Self::default();
        for (rule, is_on) in rules {
            coverage.add(rule, is_on, 0);
        }
        coverage
    }

    /// What alerts came from: a technique's score is the number of alerts. With each rule comes
    /// how many alerts it raised; rules without any count for nothing.
    #[must_use]
    pub fn of_alerts<'r>(rules: impl IntoIterator<Item = (&'r Rule, u64)>) -> Self {
        let mut coverage = Self { counts_alerts: true, ..Self::default() };
        for (rule, alerts) in rules {
            if alerts > 0 {
                coverage.add(rule, true, alerts);
            }
        }
        coverage
    }

    fn add(&mut self, rule: &Rule, is_on: bool, alerts: u64) {
        let mut ids: Vec<&str> = Threat::of_tags(&rule.tags)
            .most_exact()
            .into_iter()
            .filter_map(|technique| match technique.status {
                Status::Current => Some(technique.id),
                Status::Revoked(other) | Status::Later(other) => Some(other),
                Status::Deprecated => None,
            })
            .collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            let covered = self.techniques.entry(id).or_default();
            let rules = if is_on { &mut covered.on } else { &mut covered.off };
            let level = rule.level.map(|level| level.as_str());
            rules.push(Line { title: rule.title.clone(), id: rule.id.clone(), level, alerts });
        }
    }

    /// How many techniques and sub-techniques have a rule that is on.
    #[must_use]
    pub fn techniques(&self) -> usize {
        self.techniques.values().filter(|covered| !covered.on.is_empty()).count()
    }

    /// The coverage tactic by tactic, in the order of the matrix. A technique stands under each
    /// tactic that it serves.
    #[must_use]
    pub fn tactics(&self) -> Vec<TacticCoverage> {
        let of_tactic = |tactic: &'static Tactic| {
            let mut row =
                TacticCoverage { tactic, covered: Vec::new(), only_off: Vec::new(), techniques: 0 };
            for technique in attack::techniques().iter().filter(|t| t.tactics.contains(&tactic)) {
                row.techniques += usize::from(technique.parent().is_none());
                let Some(covered) = self.techniques.get(technique.id) else { continue };
                if covered.on.is_empty() {
                    row.only_off.push(technique);
                } else {
                    let titles = covered.on.iter().map(|line| line.title.clone()).collect();
                    row.covered.push((technique, titles));
                }
            }
            row
        };
        attack::TACTICS.iter().map(of_tactic).collect()
    }

    /// The Navigator layer, as JSON; `name` is what the Navigator calls its tab.
    #[must_use]
    pub fn layer(&self, name: &str) -> Value {
        let scores = self.techniques.values().map(|covered| self.score(covered));
        // The format wants the upper bound above the lower one.
        let highest = scores.max().unwrap_or(0).max(2);
        let unit = if self.counts_alerts { "alerts" } else { "rules" };
        let description = match self.counts_alerts {
            true => "How many alerts each technique was seen in.",
            false => "How many detection rules look for each technique in Okta's System Log.",
        };
        let attack_version = attack::VERSION.split('.').next().unwrap_or(attack::VERSION);
        let [few, _, many] = COLOURS;
        let one = unit.trim_end_matches('s');
        let mut legend = vec![
            json!({"label": format!("1 {one}"), "color": few}),
            json!({"label": format!("{highest} {unit}"), "color": many}),
        ];
        if self.techniques.values().any(|covered| covered.on.is_empty()) {
            legend.push(json!({"label": "only rules that are off", "color": OFF}));
        }
        let techniques: Vec<Value> = self
            .techniques
            .iter()
            .map(|(id, covered)| self.technique(id, covered))
            .chain(self.unfolded_parents())
            .collect();
        json!({
            "name": name,
            "versions": {"attack": attack_version, "navigator": NAVIGATOR, "layer": LAYER},
            "domain": "enterprise-attack",
            "description": description,
            "sorting": 3,
            "layout": {
                "layout": "side",
                "aggregateFunction": "sum",
                "showID": true,
                "showName": true,
                "showAggregateScores": true,
                "countUnscored": false,
                "expandedSubtechniques": "annotated",
            },
            "hideDisabled": false,
            "techniques": techniques,
            "gradient": {"colors": COLOURS, "minValue": 1, "maxValue": highest},
            "legendItems": legend,
            "showTacticRowBackground": false,
            "selectTechniquesAcrossTactics": true,
            "selectSubtechniquesWithParent": false,
            "selectVisibleTechniques": false,
            "metadata": [{"name": "made by", "value": concat!("Wardgate ", env!("CARGO_PKG_VERSION"))}],
        })
    }

    fn score(&self, covered: &Covered) -> u64 {
        match self.counts_alerts {
            true => covered.on.iter().map(|line| line.alerts).sum(),
            false => u64::try_from(covered.on.len()).unwrap_or(u64::MAX),
        }
    }

    fn technique(&self, id: &str, covered: &Covered) -> Value {
        let describe = |line: &Line| match (self.counts_alerts, line.alerts) {
            (false, _) => line.title.clone(),
            (true, alerts) => format!("{} ({alerts})", line.title),
        };
        let off = covered.off.iter().map(|line| format!("{} (off)", line.title));
        let comment: Vec<String> = covered.on.iter().map(describe).chain(off).collect();
        let mut metadata: Vec<Value> = Vec::new();
        for line in covered.on.iter().chain(&covered.off) {
            // The Navigator ignores entries whose name or value is empty.
            let details = [line.level, line.id.as_deref()];
            let details: Vec<&str> =
                details.into_iter().flatten().filter(|t| !t.is_empty()).collect();
            if !details.is_empty() {
                metadata.push(json!({"name": line.title, "value": details.join(", ")}));
            }
        }
        let (key, value) = match covered.on.is_empty() {
            true => ("color", json!(OFF)),
            false => ("score", json!(self.score(covered))),
        };
        json!({
            "techniqueID": id,
            (key): value,
            "comment": comment.join("\n"),
            "enabled": true,
            "metadata": metadata,
            "showSubtechniques": false,
        })
    }

    /// Techniques that only their sub-techniques are covered of: without a score, unfolded.
    fn unfolded_parents(&self) -> Vec<Value> {
        let parents = self.techniques.keys().filter_map(|id| Some(id.split_once('.')?.0));
        let mut parents: Vec<&str> =
            parents.filter(|parent| !self.techniques.contains_key(parent)).collect();
        parents.dedup();
        let unfolded = |id: &str| json!({"techniqueID": id, "showSubtechniques": true});
        parents.into_iter().map(unfolded).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigma;

    fn rule(title: &str, tags: &str) -> Rule {
        let text = format!(
            "title: {title}\nid: 00000000-0000-4000-8000-000000000001\nlevel: high\n\
             tags: [{tags}]\nlogsource: {{product: okta}}\n\
             detection: {{s: {{event.action: a}}, condition: s}}\n"
        );
        sigma::parse(&text, "r.yml").rules.remove(0)
    }

    fn accepted(layer: &Value) {
        let schema = include_str!("../tests/data/navigator-layer-4.5.schema.json");
        let schema: Value = serde_json::from_str(schema).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let problems: Vec<String> =
            validator.iter_errors(layer).map(|error| error.to_string()).collect();
        assert!(problems.is_empty(), "{problems:?}\n{layer:#}");
        as_the_navigator_reads_it(layer);
    }

    /// What the Navigator checks beyond types when it loads a layer: it drops or refuses what
    /// does not hold here.
    fn as_the_navigator_reads_it(layer: &Value) {
        let is_colour = |value: &Value| {
            let digits = value.as_str().unwrap().strip_prefix('#').unwrap();
            assert!(digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()));
        };
        let gradient = &layer["gradient"];
        assert!(gradient["maxValue"].as_u64() > gradient["minValue"].as_u64());
        gradient["colors"].as_array().unwrap().iter().for_each(is_colour);
        for item in layer["legendItems"].as_array().unwrap() {
            is_colour(&item["color"]);
        }
        let mut seen = std::collections::HashSet::new();
        for technique in layer["techniques"].as_array().unwrap() {
            let id = technique["techniqueID"].as_str().unwrap();
            assert!(seen.insert(id), "{id} twice");
            assert_eq!(attack::technique(id).unwrap().status, Status::Current, "{id}");
            for entry in technique["metadata"].as_array().into_iter().flatten() {
                assert!(!entry["name"].as_str().unwrap().is_empty());
                assert!(!entry["value"].as_str().unwrap().is_empty());
            }
        }
    }

    fn technique<'l>(layer: &'l Value, id: &str) -> &'l Value {
        let mut techniques = layer["techniques"].as_array().unwrap().iter();
        techniques.find(|technique| technique["techniqueID"] == id).unwrap()
    }

    #[test]
    fn rules_are_counted_by_technique() {
        let token = rule("token", "attack.persistence, attack.t1098.001");
        let grant = rule("grant", "attack.t1098.001, attack.t1078");
        let off = rule("off", "attack.t1098.001, attack.t1531");
        let coverage = Coverage::of_rules([(&token, true), (&grant, true), (&off, false)]);
        assert_eq!(coverage.techniques(), 2);
        let layer = coverage.layer("Wardgate rules");
        accepted(&layer);
        assert_eq!(technique(&layer, "T1098.001")["score"], 2);
        assert_eq!(technique(&layer, "T1098.001")["comment"], "token\ngrant\noff (off)");
        assert_eq!(technique(&layer, "T1078")["score"], 1);
        assert_eq!(technique(&layer, "T1531")["color"], OFF);
        assert!(technique(&layer, "T1531").get("score").is_none());
        assert_eq!(technique(&layer, "T1098")["showSubtechniques"], true);
        let tactics = coverage.tactics();
        let persistence =
            tactics.iter().find(|row| row.tactic.short_name == "persistence").unwrap();
        let ids: Vec<&str> = persistence.covered.iter().map(|(t, _)| t.id).collect();
        assert_eq!(ids, ["T1078", "T1098.001"]);
        assert_eq!(persistence.only_off, Vec::<&Technique>::new());
        let impact = tactics.iter().find(|row| row.tactic.short_name == "impact").unwrap();
        assert_eq!(impact.only_off[0].id, "T1531");
    }

    #[test]
    fn alerts_are_counted_by_technique() {
        let (one, two) = (rule("one", "attack.t1110"), rule("two", "attack.t1110, attack.t1078"));
        let quiet = rule("quiet", "attack.t1531");
        let layer = Coverage::of_alerts([(&one, 40), (&two, 2), (&quiet, 0)]).layer("alerts");
        accepted(&layer);
        assert_eq!(technique(&layer, "T1110")["score"], 42);
        assert_eq!(technique(&layer, "T1110")["comment"], "one (40)\ntwo (2)");
        assert_eq!(layer["gradient"]["maxValue"], 42);
        assert_eq!(layer["techniques"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn techniques_of_other_versions_count_for_their_counterparts() {
        let old = rule("old", "attack.t1086, attack.t1059.001, attack.t1108, attack.t9999");
        let later = rule("later", "attack.defense-impairment, attack.t1686.001");
        let layer = Coverage::of_rules([(&old, true), (&later, true)]).layer("old");
        accepted(&layer);
        assert_eq!(technique(&layer, "T1562.007")["score"], 1);
        assert_eq!(technique(&layer, "T1059.001")["score"], 1);
        accepted(&Coverage::default().layer("nothing"));
    }

    #[test]
    fn the_built_in_rules_make_a_layer() {
        let rules: Vec<Rule> = crate::builtin::rules()
            .flat_map(|(path, text)| sigma::parse(text, path).rules)
            .collect();
        let coverage = Coverage::of_rules(rules.iter().map(|rule| (rule, true)));
        accepted(&coverage.layer("Wardgate"));
        assert!(coverage.techniques() > 10);
    }

    #[test]
    fn the_schema_refuses_what_the_format_does_not_allow() {
        let schema = include_str!("../tests/data/navigator-layer-4.5.schema.json");
        let validator = jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap();
        let good = Coverage::of_rules([(&rule("r", "attack.t1110"), true)]).layer("l");
        let with = |path: &str, value: Value| {
            let mut layer = good.clone();
            *layer.pointer_mut(path).unwrap() = value;
            layer
        };
        assert!(validator.is_valid(&good));
        for (path, value) in [
            ("/versions/layer", json!("4.4")),
            ("/versions/navigator", json!(5)),
            ("/domain", json!("enterprise")),
            ("/name", json!(null)),
            ("/sorting", json!("3")),
            ("/layout/layout", json!("wide")),
            ("/layout/aggregateFunction", json!("median")),
            ("/layout/expandedSubtechniques", json!(true)),
            ("/techniques/0/techniqueID", json!("1110")),
            ("/techniques/0/score", json!("1")),
            ("/techniques/0/metadata", json!([{"name": "a"}])),
            ("/gradient/colors", json!(["#ffffff"])),
            ("/legendItems", json!([{"label": "a"}])),
        ] {
            assert!(!validator.is_valid(&with(path, value.clone())), "{path} {value}");
        }
    }
}
