//! Packs: where rules come from, and which of them are on.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hashbrown::HashMap;

use crate::sigma::{self, Diagnostic, Effort, Filter, Level, Rule, Severity};

/// The name of the built-in rules' set, `rule.ruleset` in alerts.
pub const BUILTIN: &str = "wardgate";

/// The largest rule file that is read, in bytes. The parser has the same limit; this one keeps
/// what is larger out of memory.
const LARGEST_FILE: u64 = 1 << 20;

/// Rules and filters from the binary and from folders.
///
/// ```
/// use detect::{Pack, Selection};
///
/// let pack = Pack::builtin();
/// let on = pack.rules().iter().filter(|rule| Selection::default().enables(&rule.rule)).count();
/// assert!(on > 0 && on < pack.rules().len());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Pack {
    rules: Vec<PackRule>,
    filters: Vec<Filter>,
    diagnostics: Vec<Diagnostic>,
    /// The rules' places by their ids in lower case.
    ids: HashMap<String, usize>,
}

/// A rule and the set it belongs to.
#[derive(Clone, Debug)]
pub struct PackRule {
    /// The rule.
    pub rule: Arc<Rule>,
    /// The name of its set: [`BUILTIN`], or that of the folder or file it was loaded from.
    pub ruleset: Arc<str>,
}

/// Why rules could not be loaded at all.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file or folder could not be read.
    #[error("cannot read rules from {}: {source}", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A folder without rule files.
    #[error("there is no .yml or .yaml file in {}", path.display())]
    Empty {
        /// Which one.
        path: PathBuf,
    },
}

impl Pack {
    /// Rules that are there already, as one set.
    pub(crate) fn of_rules(rules: impl Iterator<Item = Rule>, filters: Vec<Filter>) -> Self {
        let ruleset: Arc<str> = Arc::from("tests");
        let rules = rules.map(|rule| PackRule { rule: rule.into(), ruleset: Arc::clone(&ruleset) });
        Self { rules: rules.collect(), filters, ..Self::default() }
    }

    /// The rules that are built into the binary.
    #[must_use]
    pub fn builtin() -> Self {
        let mut pack = Self::default();
        for (path, text) in crate::builtin::files() {
            if is_rule_file(Path::new(path)) {
                pack.add(text, path, &Arc::from(BUILTIN));
            }
        }
        pack
    }

    /// Adds the rules of a file, or of all `.yml` and `.yaml` files below a folder, in the order
    /// of their names. A rule with the id of one that is there already takes its place.
    ///
    /// # Errors
    ///
    /// When `path` cannot be read or holds no rule files. What is wrong with one rule is in
    /// [`Pack::diagnostics`].
    pub fn load(&mut self, path: &Path) -> Result<(), LoadError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |source| LoadError::Unreadable { path, source }
        };
        let ruleset: Arc<str> = path
            .canonicalize()
            .map_err(unreadable(path))?
            .file_stem()
            .map_or_else(|| Arc::from("rules"), |name| Arc::from(name.to_string_lossy()));
        let mut files = Vec::new();
        if path.is_dir() {
            collect(path, &mut files, 0).map_err(unreadable(path))?;
            files.sort();
            if files.is_empty() {
                return Err(LoadError::Empty { path: path.to_owned() });
            }
        } else {
            files.push(path.to_owned());
        }
        let first = self.rules.len();
        for file in files {
            let mut bytes = Vec::new();
            let limited = fs::File::open(&file).map(|open| open.take(LARGEST_FILE + 1));
            limited.and_then(|mut open| open.read_to_end(&mut bytes)).map_err(unreadable(&file))?;
            self.add_from(
                &String::from_utf8_lossy(&bytes),
                &file.to_string_lossy(),
                &ruleset,
                first,
            );
        }
        Ok(())
    }

    /// Adds the rules of a text; `file` is its name, for messages, and `ruleset` that of the set
    /// they belong to.
    pub fn add(&mut self, text: &str, file: &str, ruleset: &Arc<str>) {
        self.add_from(text, file, ruleset, self.rules.len());
    }

    /// [`Pack::add`]; of rules with one id, one that stands at `first` or behind it was added
    /// together with this one, and they are duplicates of each other.
    fn add_from(&mut self, text: &str, file: &str, ruleset: &Arc<str>, first: usize) {
        let parsed = sigma::parse(text, file);
        self.diagnostics.extend(parsed.diagnostics);
        self.filters.extend(parsed.filters);
        for rule in parsed.rules {
            let id = rule.id.as_ref().map(|id| id.to_lowercase());
            let place = id.as_ref().and_then(|id| self.ids.get(id).copied());
            let line = rule.line;
            let added = PackRule { rule: rule.into(), ruleset: Arc::clone(ruleset) };
            match place.and_then(|place| Some((place, self.rules.get_mut(place)?))) {
                Some((place, there)) if place >= first => self.diagnostics.push(Diagnostic {
                    severity: Severity::Error,
                    code: "duplicate-id",
                    file: Arc::from(file),
                    line,
                    column: 1,
                    message: format!(
                        "'{}' has the id of '{}' in {}:{}",
                        added.rule.title, there.rule.title, there.rule.file, there.rule.line
                    ),
                    hint: Some("give one of them an id of its own".to_owned()),
                }),
                Some((_, there)) => *there = added,
                None => {
                    if let Some(id) = id {
                        self.ids.insert(id, self.rules.len());
                    }
                    self.rules.push(added);
                }
            }
        }
    }

    /// The rules, in the order in which they were added.
    #[must_use]
    pub fn rules(&self) -> &[PackRule] {
        &self.rules
    }

    /// The filters.
    #[must_use]
    pub fn filters(&self) -> &[Filter] {
        &self.filters
    }

    /// What is wrong with rules that could not be used, or may not do what they were meant to.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }
}

/// Whether a file holds rules: YAML, and neither tests nor hidden.
fn is_rule_file(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
    let Some((stem, "yml" | "yaml")) = name.rsplit_once('.') else { return false };
    !stem.ends_with(".tests") && !name.starts_with('.')
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>, depth: usize) -> std::io::Result<()> {
    // Deeper than anybody sorts rules into folders; a link may lead back to where it came from.
    const DEEPEST: usize = 16;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            let is_hidden =
                path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if !is_hidden && depth < DEEPEST {
                collect(&path, files, depth + 1)?;
            }
        } else if is_rule_file(&path) {
            files.push(path);
        }
    }
    Ok(())
}

/// Which rules are on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The highest effort whose rules are on. Rules that name none are on at every level.
    pub effort: Effort,
    /// The lowest level whose rules are on.
    pub min_level: Level,
    /// Ids, names, tags or levels of rules that are on whatever their effort.
    pub enable: Vec<String>,
    /// Ids, names, tags or levels of rules that are off, whatever else is said.
    pub disable: Vec<String>,
    /// Rules that are on or off whatever all of the above says, by their key.
    pub switches: BTreeMap<String, bool>,
}

impl Default for Selection {
    /// Everything up to advanced effort.
    fn default() -> Self {
        Self {
            effort: Effort::Advanced,
            min_level: Level::Informational,
            enable: Vec::new(),
            disable: Vec::new(),
            switches: BTreeMap::new(),
        }
    }
}

impl Selection {
    /// Whether a rule is on.
    #[must_use]
    pub fn enables(&self, rule: &Rule) -> bool {
        if let Some(on) = self.switches.get(&rule.key()) {
            return *on;
        }
        let named = |names: &[String]| names.iter().any(|name| is_named(rule, name));
        if named(&self.disable) || rule.level.unwrap_or(Level::Medium) < self.min_level {
            return false;
        }
        named(&self.enable) || rule.wardgate.effort.is_none_or(|effort| effort <= self.effort)
    }

    /// Those of the names to enable and disable that no rule of the pack has.
    #[must_use]
    pub fn unknown<'s>(&'s self, pack: &Pack) -> Vec<&'s str> {
        let names = self.enable.iter().chain(&self.disable);
        names
            .filter(|name| !pack.rules().iter().any(|rule| is_named(&rule.rule, name)))
            .map(String::as_str)
            .collect()
    }
}

/// Whether `name` is the rule's id, name, title, level or one of its tags, with or without
/// `attack.` before a technique.
fn is_named(rule: &Rule, name: &str) -> bool {
    let same = |other: &str| other.eq_ignore_ascii_case(name);
    rule.id.as_deref().is_some_and(same)
        || rule.name.as_deref().is_some_and(same)
        || same(&rule.title)
        || rule.level.is_some_and(|level| same(level.as_str()))
        || rule.tags.iter().any(|tag| same(tag) || tag.strip_prefix("attack.").is_some_and(same))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(title: &str, id: &str, more: &str) -> String {
        format!(
            "title: {title}\nid: {id}\nlogsource: {{product: okta, service: okta}}\n\
             detection: {{s: {{event.action: a}}, condition: s}}\n{more}\n"
        )
    }

    fn titles(pack: &Pack) -> Vec<&str> {
        pack.rules().iter().map(|rule| rule.rule.title.as_str()).collect()
    }

    #[test]
    fn folders_are_loaded_in_order_and_replace_what_has_the_same_id() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("sub")).unwrap();
        fs::write(path("b.yml"), rule("b", "id-b", "")).unwrap();
        fs::write(path("a.yaml"), rule("a", "id-a", "")).unwrap();
        fs::write(path("sub/c.yml"), rule("c", "ID-OLD", "")).unwrap();
        fs::write(path("b.tests.yml"), "matches: []").unwrap();
        fs::write(path(".hidden.yml"), "nonsense").unwrap();
        fs::write(path("notes.txt"), "nonsense").unwrap();
        let mut pack = Pack::default();
        pack.add(&rule("old", "id-old", ""), "old.yml", &Arc::from(BUILTIN));
        pack.load(folder.path()).unwrap();
        assert_eq!(titles(&pack), ["c", "a", "b"]);
        assert_eq!(pack.diagnostics(), []);
        assert_eq!(&*pack.rules()[1].ruleset, folder.path().file_stem().unwrap().to_str().unwrap());

        fs::write(path("z.yml"), rule("twice", "id-a", "")).unwrap();
        let mut pack = Pack::default();
        pack.load(folder.path()).unwrap();
        assert_eq!(pack.diagnostics()[0].code, "duplicate-id");
    }

    #[test]
    fn folders_without_rules_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let mut pack = Pack::default();
        assert!(matches!(pack.load(folder.path()), Err(LoadError::Empty { .. })));
        let missing = pack.load(&folder.path().join("missing"));
        assert!(matches!(missing, Err(LoadError::Unreadable { .. })));
    }

    #[test]
    fn rules_are_on_by_effort_level_and_name() {
        let parsed = sigma::parse(
            &rule("r", "id-r", "level: low\ntags: [attack.t1098.001]\nwardgate: {effort: master}"),
            "r.yml",
        );
        let rule = &parsed.rules[0];
        let selection = |effort, enable: &[&str], disable: &[&str], min_level| Selection {
            effort,
            min_level,
            enable: enable.iter().map(|name| (*name).to_owned()).collect(),
            disable: disable.iter().map(|name| (*name).to_owned()).collect(),
            switches: BTreeMap::new(),
        };
        let low = Level::Low;
        let cases = [
            (selection(Effort::Advanced, &[], &[], low), false),
            (selection(Effort::Master, &[], &[], low), true),
            (selection(Effort::Master, &[], &[], Level::Medium), false),
            (selection(Effort::Elementary, &["ID-R"], &[], low), true),
            (selection(Effort::Elementary, &["T1098.001"], &[], low), true),
            (selection(Effort::Elementary, &["attack.t1098.001"], &[], low), true),
            (selection(Effort::Elementary, &["low"], &[], low), true),
            (selection(Effort::Elementary, &["id-r"], &["low"], low), false),
            (selection(Effort::Master, &[], &["r"], low), false),
        ];
        for (selection, on) in cases {
            assert_eq!(selection.enables(rule), on, "{selection:?}");
        }
        for on in [true, false] {
            let mut switched = selection(Effort::Elementary, &["id-r"], &["low"], Level::Critical);
            switched.switches.insert("id-r".to_owned(), on);
            assert_eq!(switched.enables(rule), on);
        }
        let unknown = selection(Effort::Master, &["nobody"], &[], low);
        assert_eq!(unknown.unknown(&Pack::default()), ["nobody"]);
    }
}
