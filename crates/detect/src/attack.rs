//! MITRE ATT&CK: the tactics and techniques that rules name in their tags.
//!
//! Sigma writes them `attack.persistence` and `attack.t1098.001`. The names come from
//! `data/attack-techniques.csv`, which has ATT&CK Enterprise of the version [`VERSION`].

use std::sync::LazyLock;

/// The version of ATT&CK that the names are from.
pub const VERSION: &str = "18.1";

/// A column of the matrix: what an attacker is after.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Tactic {
    /// `TA0003`.
    pub id: &'static str,
    /// The name in tags and layers, `privilege-escalation`.
    pub short_name: &'static str,
    /// The name for people, `Privilege Escalation`.
    pub name: &'static str,
}

/// A technique or a sub-technique: how they go about it.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Technique {
    /// `T1098`, or `T1098.001` for a sub-technique.
    pub id: &'static str,
    /// The name; a sub-technique's without that of its technique.
    pub name: &'static str,
    /// The tactics it serves, in the order of the matrix. None when it is no longer current.
    pub tactics: Vec<&'static Tactic>,
    /// Whether ATT&CK still has it.
    pub status: Status,
}

/// Whether ATT&CK still has a technique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It has.
    Current,
    /// It was given up.
    Deprecated,
    /// It became the technique with this id.
    Revoked(&'static str),
    /// A later version has it; in this one, the technique with this id is the nearest.
    Later(&'static str),
}

const fn tactic_row(id: &'static str, short_name: &'static str, name: &'static str) -> Tactic {
    Tactic { id, short_name, name }
}

/// The tactics, in the order of the matrix.
pub static TACTICS: [Tactic; 14] = [
    tactic_row("TA0043", "reconnaissance", "Reconnaissance"),
    tactic_row("TA0042", "resource-development", "Resource Development"),
    tactic_row("TA0001", "initial-access", "Initial Access"),
    tactic_row("TA0002", "execution", "Execution"),
    tactic_row("TA0003", "persistence", "Persistence"),
    tactic_row("TA0004", "privilege-escalation", "Privilege Escalation"),
    tactic_row("TA0005", "defense-evasion", "Defense Evasion"),
    tactic_row("TA0006", "credential-access", "Credential Access"),
    tactic_row("TA0007", "discovery", "Discovery"),
    tactic_row("TA0008", "lateral-movement", "Lateral Movement"),
    tactic_row("TA0009", "collection", "Collection"),
    tactic_row("TA0011", "command-and-control", "Command and Control"),
    tactic_row("TA0010", "exfiltration", "Exfiltration"),
    tactic_row("TA0040", "impact", "Impact"),
];

/// The tactics that took the place of Defense Evasion in version 19, the first under its id.
/// Public rules name them; techniques of this version are under Defense Evasion.
pub static LATER_TACTICS: [Tactic; 2] = [
    tactic_row("TA0005", "stealth", "Stealth"),
    tactic_row("TA0112", "defense-impairment", "Defense Impairment"),
];

static TECHNIQUES: LazyLock<Vec<Technique>> =
    LazyLock::new(|| read(include_str!("../data/attack-techniques.csv")));

/// Reads the table; its rows are in the order of the ids, and no cell has a comma in it.
fn read(table: &'static str) -> Vec<Technique> {
    let rows = table.lines().skip(1).filter_map(|row| {
        let mut cells = row.split(',');
        let (id, name) = (cells.next()?, cells.next()?);
        let tactics = cells.next()?.split_whitespace().filter_map(tactic).collect();
        let status = match (cells.next()?, cells.next()?) {
            ("revoked", successor) => Status::Revoked(successor),
            ("deprecated", _) => Status::Deprecated,
            ("later", counterpart) => Status::Later(counterpart),
            _ => Status::Current,
        };
        Some(Technique { id, name, tactics, status })
    });
    rows.collect()
}

/// The techniques and sub-techniques, in the order of their ids, former ones among them.
#[must_use]
pub fn techniques() -> &'static [Technique] {
    &TECHNIQUES
}

/// The technique with an id, in any case, with or without `attack.` before it.
///
/// ```
/// let technique = detect::attack::technique("attack.t1098.001").ok_or("unknown")?;
/// assert_eq!(technique.full_name(), "Account Manipulation: Additional Cloud Credentials");
/// # Ok::<(), &str>(())
/// ```
#[must_use]
pub fn technique(id: &str) -> Option<&'static Technique> {
    let id = without_namespace(id).to_ascii_uppercase();
    let found = TECHNIQUES.binary_search_by(|technique| technique.id.cmp(id.as_str()));
    TECHNIQUES.get(found.ok()?)
}

/// The tactic with a short name, in any case, with `-` or `_` between words, with or without
/// `attack.` before it; or the one with an id such as `TA0003`.
#[must_use]
pub fn tactic(name: &str) -> Option<&'static Tactic> {
    let name = without_namespace(name).replace('_', "-");
    TACTICS.iter().chain(&LATER_TACTICS).find(|tactic| {
        tactic.short_name.eq_ignore_ascii_case(&name) || tactic.id.eq_ignore_ascii_case(&name)
    })
}

fn without_namespace(tag: &str) -> &str {
    let (start, rest) = tag.split_at_checked("attack.".len()).unwrap_or(("", tag));
    if start.eq_ignore_ascii_case("attack.") { rest } else { tag }
}

impl Technique {
    /// The technique that this sub-technique is one of; `None` when it is a technique itself.
    #[must_use]
    pub fn parent(&self) -> Option<&'static Technique> {
        technique(self.id.split_once('.')?.0)
    }

    /// The name with that of its technique, as ATT&CK writes it.
    #[must_use]
    pub fn full_name(&self) -> String {
        match self.parent() {
            Some(parent) => format!("{}: {}", parent.name, self.name),
            None => self.name.to_owned(),
        }
    }

    /// Whether it serves a tactic. What served Defense Evasion may serve either of the tactics
    /// that took its place.
    #[must_use]
    pub fn serves(&self, tactic: &Tactic) -> bool {
        let evades =
            |tactic: &Tactic| tactic.id == "TA0005" || LATER_TACTICS.iter().any(|l| l == tactic);
        self.tactics.iter().any(|own| *own == tactic || (evades(own) && evades(tactic)))
    }

    /// Where ATT&CK describes it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://attack.mitre.org/techniques/{}/", self.id.replace('.', "/"))
    }
}

/// What a rule's tags say of tactics and techniques, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Threat {
    /// The tactics, in the order of the tags. When none is tagged, those of techniques that
    /// serve only one.
    pub tactics: Vec<&'static Tactic>,
    /// The techniques, among them those that the sub-techniques belong to.
    pub techniques: Vec<&'static Technique>,
    /// The sub-techniques.
    pub subtechniques: Vec<&'static Technique>,
}

impl Threat {
    /// Reads tags; those that are not ATT&CK's, or not known, count for nothing.
    pub fn of_tags<T: AsRef<str>>(tags: &[T]) -> Self {
        let mut threat = Self::default();
        for tag in tags.iter().map(AsRef::as_ref).filter(|tag| is_attack_tag(tag)) {
            if let Some(tactic) = tactic(tag) {
                add(&mut threat.tactics, tactic);
            } else if let Some(technique) = technique(tag) {
                match technique.id.split_once('.') {
                    Some(_) => {
                        if let Some(parent) = technique.parent() {
                            add(&mut threat.techniques, parent);
                        }
                        add(&mut threat.subtechniques, technique);
                    }
                    None => add(&mut threat.techniques, technique),
                }
            }
        }
        if threat.tactics.is_empty() {
            for technique in &threat.techniques {
                if let [only] = technique.tactics.as_slice() {
                    add(&mut threat.tactics, only);
                }
            }
        }
        threat
    }

    /// Whether the tags name neither a tactic nor a technique.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tactics.is_empty() && self.techniques.is_empty() && self.subtechniques.is_empty()
    }

    /// The most exact names: sub-techniques, and the techniques that have none here.
    #[must_use]
    pub fn most_exact(&self) -> Vec<&'static Technique> {
        let has_part = |technique: &Technique| {
            self.subtechniques
                .iter()
                .any(|part| part.parent().is_some_and(|p| p.id == technique.id))
        };
        let whole = self.techniques.iter().filter(|technique| !has_part(technique));
        let mut exact: Vec<_> = whole.chain(&self.subtechniques).copied().collect();
        exact.sort_by_key(|technique| technique.id);
        exact
    }
}

/// Whether a tag is in the name space of ATT&CK.
#[must_use]
pub fn is_attack_tag(tag: &str) -> bool {
    without_namespace(tag).len() < tag.len()
}

fn add<T: PartialEq>(list: &mut Vec<&'static T>, one: &'static T) {
    if !list.contains(&one) {
        list.push(one);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_fit_together() {
        let rows = techniques();
        assert_eq!(rows.len(), 765);
        assert_eq!(rows.iter().filter(|row| row.status == Status::Current).count(), 691);
        assert!(rows.is_sorted_by(|a, b| a.id < b.id));
        for row in rows {
            let well_formed = row.id.strip_prefix('T').is_some_and(|number| {
                number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
                    && matches!(number.len(), 4 | 8)
            });
            assert!(well_formed && !row.name.is_empty(), "{row:?}");
            match row.status {
                Status::Current => assert!(!row.tactics.is_empty(), "{}", row.id),
                Status::Deprecated => assert!(row.tactics.is_empty(), "{}", row.id),
                Status::Revoked(other) | Status::Later(other) => {
                    assert_eq!(technique(other).unwrap().status, Status::Current, "{}", row.id);
                }
            }
            assert_eq!(row.parent().is_some(), row.id.contains('.'), "{}", row.id);
        }
        let cells = include_str!("../data/attack-techniques.csv").lines();
        assert!(cells.clone().all(|row| row.split(',').count() == 5));
        let named: usize =
            cells.filter_map(|row| row.split(',').nth(2)).map(|c| c.split(' ').count()).sum();
        let found: usize = rows.iter().map(|row| row.tactics.len().max(1)).sum();
        assert_eq!(named, found + 1, "every tactic of the table is known");
    }

    #[test]
    fn names_are_found_however_rules_write_them() {
        let cases = [
            ("T1098", Some("Account Manipulation")),
            ("t1098.001", Some("Account Manipulation: Additional Cloud Credentials")),
            ("attack.T1562.007", Some("Impair Defenses: Disable or Modify Cloud Firewall")),
            ("attack.t1086", Some("PowerShell")),
            ("attack.t1621", Some("Multi-Factor Authentication Request Generation")),
            ("attack.t1686.001", Some("Disable or Modify System Firewall: Cloud Firewall")),
            ("T9999", None),
            ("T1098.", None),
            ("attack.persistence", None),
            ("", None),
        ];
        for (id, name) in cases {
            assert_eq!(technique(id).map(Technique::full_name).as_deref(), name, "{id}");
        }
        let cases = [
            ("attack.credential-access", Some("TA0006")),
            ("attack.credential_access", Some("TA0006")),
            ("Command-and-Control", Some("TA0011")),
            ("ta0040", Some("TA0040")),
            ("attack.stealth", Some("TA0005")),
            ("attack.defense-impairment", Some("TA0112")),
            ("attack.t1098", None),
            ("", None),
        ];
        for (name, id) in cases {
            assert_eq!(tactic(name).map(|tactic| tactic.id), id, "{name}");
        }
    }

    #[test]
    fn either_heir_of_defense_evasion_will_do() {
        let cases = [
            ("T1562", "defense-evasion", true),
            ("T1562", "defense-impairment", true),
            ("T1078", "stealth", true),
            ("T1685", "defense-evasion", true),
            ("T1110", "stealth", false),
            ("T1562", "impact", false),
        ];
        for (id, name, expected) in cases {
            assert_eq!(
                technique(id).unwrap().serves(tactic(name).unwrap()),
                expected,
                "{id} {name}"
            );
        }
    }

    #[test]
    fn tags_become_a_threat() {
        let ids = |threat: &Threat| {
            let tactics = threat.tactics.iter().map(|tactic| tactic.id);
            let techniques = threat.techniques.iter().map(|technique| technique.id);
            let parts = threat.subtechniques.iter().map(|technique| technique.id);
            tactics.chain(techniques).chain(parts).collect::<Vec<_>>().join(" ")
        };
        let cases: [(&[&str], &str); 6] = [
            (&["attack.persistence", "attack.t1098.001"], "TA0003 T1098 T1098.001"),
            (
                &["attack.t1098", "attack.t1098.001", "attack.t1098.003"],
                "T1098 T1098.001 T1098.003",
            ),
            (&["attack.t1110"], "TA0006 T1110"),
            (&["attack.impact", "attack.impact", "attack.t1531"], "TA0040 T1531"),
            (&["cve.2021.44228", "t1110", "attack.g0001", "attack.s0002"], ""),
            (&[], ""),
        ];
        for (tags, expected) in cases {
            assert_eq!(ids(&Threat::of_tags(tags)), expected, "{tags:?}");
        }
        assert!(Threat::of_tags(&["detection.threat-hunting"]).is_empty());
        let exact = Threat::of_tags(&["attack.t1098.001", "attack.t1078"]).most_exact();
        assert_eq!(exact.iter().map(|t| t.id).collect::<Vec<_>>(), ["T1078", "T1098.001"]);
    }
}
