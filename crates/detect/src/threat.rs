//! `threat.*` fields: what ATT&CK calls what a rule finds.

use ecs::write_json_string;

use crate::attack::{Technique, Threat};

/// The `threat` object for a rule's tags as JSON; empty when they name nothing of ATT&CK.
pub(crate) fn threat_json(tags: &[String]) -> String {
    let threat = Threat::of_tags(tags);
    if threat.is_empty() {
        return String::new();
    }
    let mut out = b"{\"framework\":\"MITRE ATT&CK\"".to_vec();
    let tactics: Vec<_> = threat.tactics.iter().map(|tactic| (tactic.id, tactic.name)).collect();
    if !tactics.is_empty() {
        out.extend_from_slice(b",\"tactic\":{");
        ids_and_names(&mut out, &tactics);
        out.push(b'}');
    }
    let named = |techniques: &[&'static Technique]| -> Vec<(&'static str, &'static str)> {
        techniques.iter().map(|technique| (technique.id, technique.name)).collect()
    };
    let (techniques, subtechniques) = (named(&threat.techniques), named(&threat.subtechniques));
    if !techniques.is_empty() {
        out.extend_from_slice(b",\"technique\":{");
        ids_and_names(&mut out, &techniques);
        if !subtechniques.is_empty() {
            out.extend_from_slice(b",\"subtechnique\":{");
            ids_and_names(&mut out, &subtechniques);
            out.push(b'}');
        }
        out.push(b'}');
    }
    out.push(b'}');
    String::from_utf8(out).unwrap_or_default()
}

fn ids_and_names(out: &mut Vec<u8>, all: &[(&str, &str)]) {
    for (name, list) in [
        ("\"id\":[", all.iter().map(|(id, _)| *id).collect::<Vec<_>>()),
        (",\"name\":[", all.iter().map(|(_, name)| *name).collect()),
    ] {
        out.extend_from_slice(name.as_bytes());
        for (position, text) in list.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            write_json_string(out, text);
        }
        out.push(b']');
    }
}
