//! Reads tables by the table of settings, and collects what is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::model::HeaderValue;
use crate::problem::{Lines, Place, Problem, Severity};
use crate::secret::SecretSource;
use crate::settings::{FEEDS, INTAKES, Kind, Need, PREFIX, SINKS, Section, Setting, settings};
use crate::suggest::suggest;
use crate::surroundings::{Reference, Target};
use crate::value::{self, Value, kind_of};

/// Reads tables of one file.
pub(crate) struct Reader<'t> {
    lines: Lines<'t>,
    file: String,
    folder: PathBuf,
    /// Lines that are no TOML: what is found in them means nothing.
    broken: BTreeSet<usize>,
    problems: Vec<Problem>,
    references: Vec<Reference>,
}

/// What a table says.
#[derive(Debug)]
pub(crate) struct Fields {
    pub(crate) place: Place,
    values: BTreeMap<&'static str, (Value, Place)>,
    /// Settings that are there, but wrong.
    wrong: BTreeSet<&'static str>,
    tables: BTreeMap<&'static str, Self>,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(text: &'t str, file: &Path) -> Self {
        Self {
            lines: Lines::new(text),
            file: file.display().to_string(),
            folder: file.parent().unwrap_or(Path::new("")).to_owned(),
            broken: BTreeSet::new(),
            problems: Vec::new(),
            references: Vec::new(),
        }
    }

    /// Says that the text is no TOML somewhere.
    pub(crate) fn syntax(&mut self, error: &toml::de::Error) {
        let span = error.span().unwrap_or_default();
        let place = self.place(span, String::new());
        self.broken.insert(place.line);
        // The message, not the error: that shows the line, which can hold a secret.
        self.problems.push(place.error(format!("no TOML: {}", error.message())));
    }

    pub(crate) fn push(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// What was found, by place, and what is referred to.
    pub(crate) fn finish(mut self) -> (Vec<Problem>, Vec<Reference>) {
        let broken = self.broken;
        self.problems
            .retain(|one| one.message.starts_with("no TOML") || !broken.contains(&one.line));
        self.problems.sort_by(|a, b| {
            let key = |one: &Problem| (one.line == 0, one.line, one.column);
            key(a).cmp(&key(b))
        });
        (self.problems, self.references)
    }

    fn place(&self, span: Range<usize>, path: String) -> Place {
        let (line, column) = self.lines.find(span.start);
        Place { file: self.file.clone(), line, column, path }
    }

    /// The place of the file as a whole.
    pub(crate) fn whole(&self) -> Place {
        Place { file: self.file.clone(), line: 0, column: 0, path: String::new() }
    }

    /// Reads the table of a section that is there once.
    pub(crate) fn table(&mut self, root: &DeTable<'_>, section: Section) -> Fields {
        let found = root.get(section.name());
        let place = match found {
            Some(value) => self.place(value.span(), section.name().to_owned()),
            None => Place { path: section.name().to_owned(), ..self.whole() },
        };
        match found.map(Spanned::get_ref) {
            None => self.section(section, &DeTable::default(), place),
            Some(DeValue::Table(table)) => self.section(section, table, place),
            Some(other) => {
                let expected = section.heading();
                let problem = format!("expected a table {expected}, found {}", kind_of(other));
                self.problems.push(place.error(problem));
                self.section(section, &DeTable::default(), place)
            }
        }
    }

    /// Reads the tables of a section that can be there several times.
    pub(crate) fn tables(&mut self, root: &DeTable<'_>, section: Section) -> Vec<Fields> {
        let Some(found) = root.get(section.name()) else { return Vec::new() };
        let heading = section.heading();
        let single = std::slice::from_ref(found);
        let items = match found.get_ref() {
            DeValue::Array(items) => items.iter().as_slice(),
            _ => {
                let place = self.place(found.span(), section.name().to_owned());
                let problem = place.error(format!("expected {heading} with two brackets"));
                self.problems.push(problem.help("there can be several"));
                single
            }
        };
        let mut all = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let place = self.place(item.span(), format!("{}[{index}]", section.name()));
            match item.get_ref() {
                DeValue::Table(table) => all.push(self.section(section, table, place)),
                other => {
                    let problem = format!("expected a table {heading}, found {}", kind_of(other));
                    self.problems.push(place.error(problem));
                }
            }
        }
        all
    }

    /// Reads what stands before the first table.
    pub(crate) fn root(&mut self, root: &DeTable<'_>) -> Fields {
        let place = self.whole();
        self.section(Section::Root, root, place)
    }

    fn section(&mut self, section: Section, table: &DeTable<'_>, place: Place) -> Fields {
        let kinds = match section {
            Section::Intake => INTAKES,
            Section::Sink => SINKS,
            Section::Feed => FEEDS,
            _ => &[],
        };
        let kind = table.get("kind").and_then(|kind| kind.get_ref().as_str());
        let kind = kind.filter(|kind| kinds.contains(kind));
        let mut fields = Fields {
            place,
            values: BTreeMap::new(),
            wrong: BTreeSet::new(),
            tables: BTreeMap::new(),
        };
        for (key, found) in table {
            let name = &**key.get_ref();
            let is_table = |one: &Section| section == Section::Root && one.name() == name;
            if Section::ALL.iter().any(|one| is_table(one) && *one != Section::OAuth) {
                continue;
            }
            let path = join(&fields.place.path, name);
            match settings(section).find(|one| one.name == name && one.is_for(kind)) {
                Some(setting) => {
                    let place = self.place(found.span(), path);
                    self.field(&mut fields, setting, found.get_ref(), place);
                }
                None => {
                    let place = self.place(key.span(), path);
                    let problem = unknown(&place, section, kind, name);
                    self.problems.push(problem);
                }
            }
        }
        // Without a kind nobody knows what is needed.
        let is_known = kinds.is_empty() || kind.is_some();
        self.complete(&mut fields, section, kind, is_known);
        fields
    }

    fn field(
        &mut self,
        fields: &mut Fields,
        setting: &'static Setting,
        found: &DeValue<'_>,
        place: Place,
    ) {
        let name = setting.name;
        if let (Kind::Table(section), DeValue::Table(table)) = (setting.kind, found) {
            let inner = self.section(section, table, place);
            fields.tables.insert(name, inner);
            return;
        }
        match value::read(setting.kind, found) {
            Ok(value) => {
                let value = self.resolve(setting, value, &place);
                fields.values.insert(name, (value, place));
            }
            Err(misfit) => {
                fields.wrong.insert(name);
                self.problems.push(place.error(misfit.message).maybe_help(misfit.help));
            }
        }
    }

    /// Joins paths to the folder, and remembers what has to be there.
    fn resolve(&mut self, setting: &Setting, value: Value, place: &Place) -> Value {
        let folder = self.folder.clone();
        let references = &mut self.references;
        let mut refer = |target| references.push(Reference { target, place: place.clone() });
        match value {
            Value::Path(path) => {
                let path = folder.join(path);
                match setting.kind {
                    Kind::File => refer(Target::File(path.clone())),
                    Kind::SecretFile => refer(Target::SecretFile(path.clone())),
                    _ => {}
                }
                Value::Path(path)
            }
            Value::Paths(paths) => {
                let paths: Vec<_> = paths.iter().map(|path| folder.join(path)).collect();
                paths.iter().cloned().map(Target::FileOrFolder).for_each(refer);
                Value::Paths(paths)
            }
            Value::Headers(mut headers) => {
                for (_, value) in &mut headers {
                    match value {
                        HeaderValue::Kept(SecretSource::File(path)) => {
                            *path = folder.join(&*path);
                            refer(Target::SecretFile(path.clone()));
                        }
                        HeaderValue::Kept(SecretSource::Env(name)) => {
                            refer(Target::Variable(name.clone()));
                        }
                        HeaderValue::Here(_) => {}
                    }
                }
                Value::Headers(headers)
            }
            Value::Text(name) if setting.kind == Kind::SecretEnv => {
                refer(Target::Variable(name.clone()));
                Value::Text(name)
            }
            value => value,
        }
    }

    /// Fills in defaults, and says what is missing.
    fn complete(&mut self, fields: &mut Fields, section: Section, kind: Option<&str>, known: bool) {
        let mut groups = BTreeMap::<&str, Vec<&Setting>>::new();
        for setting in settings(section).filter(|one| one.is_for(kind)) {
            match setting.need {
                Need::Default(text) if !fields.has(setting.name) => {
                    let place = Place {
                        path: join(&fields.place.path, setting.name),
                        ..fields.place.clone()
                    };
                    if let Ok(default) = DeValue::parse(text) {
                        self.field(fields, setting, default.get_ref(), place);
                    }
                }
                Need::Required if !fields.has(setting.name) => {
                    let is_kind = setting.name == "kind" || setting.name == "name";
                    if (known || is_kind) && self.broken.is_empty() {
                        let place = &fields.place;
                        let (name, expected) = (setting.name, setting.kind.expected());
                        let problem = format!("{name} is missing, expected {expected}");
                        let help = format!("write {name} = {}", setting.example);
                        self.problems.push(place.error(problem).help(help));
                    }
                }
                Need::OneOf(group) | Need::AtMostOneOf(group) => {
                    groups.entry(group).or_default().push(setting);
                }
                _ => {}
            }
        }
        if !known || !self.broken.is_empty() {
            return;
        }
        for settings in groups.values() {
            self.choose(fields, settings);
        }
    }

    /// Says when more of the settings are there than should be, or none.
    fn choose(&mut self, fields: &Fields, settings: &[&Setting]) {
        let all: Vec<_> = settings.iter().map(|one| one.name).collect();
        let there: Vec<_> = all.iter().copied().filter(|name| fields.has(name)).collect();
        let is_needed = settings.iter().any(|one| matches!(one.need, Need::OneOf(_)));
        let place = &fields.place;
        match there.as_slice() {
            [] if is_needed => {
                let problem = format!("expected one of {}, found none", all.join(", "));
                let example = settings.first().map_or("", |one| one.example);
                let name = all.first().copied().unwrap_or_default();
                let help = format!("write {name} = {example}");
                self.problems.push(place.error(problem).help(help));
            }
            [_, second, ..] => {
                let there = there.join(" and ");
                let problem = format!("expected only one of {}, found {there}", all.join(", "));
                let place = fields.place_of(second);
                self.problems.push(place.error(problem));
            }
            _ => {}
        }
    }

    /// Takes a setting from the environment instead: `WARDGATE__SERVER__LISTEN`.
    pub(crate) fn override_by(
        &mut self,
        tables: &mut BTreeMap<Section, Fields>,
        variable: &str,
        text: Option<&str>,
    ) {
        let place = Place { file: variable.to_owned(), line: 0, column: 0, path: String::new() };
        let rest = variable.strip_prefix(PREFIX).unwrap_or(variable);
        let (table, name) = rest.split_once("__").unwrap_or(("", rest));
        let mut single = tables.keys().copied().collect::<Vec<_>>();
        single.retain(|section| section.name().eq_ignore_ascii_case(table));
        let found = single.first().and_then(|section| {
            let setting = settings(*section).find(|one| one.name.eq_ignore_ascii_case(name))?;
            Some((setting, tables.get_mut(section)?))
        });
        let Some((setting, fields)) = found else {
            let variables: Vec<String> = tables
                .keys()
                .flat_map(|section| settings(*section))
                .filter_map(Setting::variable)
                .collect();
            let repeated = [Section::Intake, Section::Sink, Section::Feed];
            let is_repeated = repeated.iter().any(|one| one.name().eq_ignore_ascii_case(table));
            let help = suggest(variable, variables.iter().map(String::as_str))
                .filter(|_| !is_repeated)
                .unwrap_or_else(|| {
                    "intakes, sinks and feeds can only be set in the file".to_owned()
                });
            self.problems.push(place.error("there is no such setting").help(help));
            return;
        };
        let place = Place { path: join(&fields.place.path, setting.name), ..place };
        let Some(text) = text else {
            self.problems.push(place.error(format!("expected {}", setting.kind.expected())));
            return;
        };
        fields.wrong.remove(setting.name);
        // What the file said about it does not matter any more.
        self.problems.retain(|one| one.path != place.path || one.severity == Severity::Warning);
        self.references.retain(|one| one.place.path != place.path);
        let list = || text.split(',').map(str::trim).filter(|item| !item.is_empty());
        let is_list = !text.trim_start().starts_with('[');
        match setting.kind {
            Kind::Texts if is_list => {
                let value = Value::Texts(list().map(str::to_owned).collect());
                fields.values.insert(setting.name, (value, place));
            }
            Kind::Files if is_list => {
                let value = Value::Paths(list().map(PathBuf::from).collect());
                let value = self.resolve(setting, value, &place);
                fields.values.insert(setting.name, (value, place));
            }
            Kind::Networks if is_list => {
                let items: Vec<String> = list().map(|item| format!("{item:?}")).collect();
                let array = format!("[{}]", items.join(","));
                let plain = DeValue::String(text.into());
                let value = DeValue::parse(&array).map_or(plain, Spanned::into_inner);
                self.field(fields, setting, &value, place);
            }
            Kind::Switch | Kind::Number(..) | Kind::Texts | Kind::Files | Kind::Networks => {
                let plain = DeValue::String(text.into());
                let value = DeValue::parse(text.trim()).map_or(plain, Spanned::into_inner);
                self.field(fields, setting, &value, place);
            }
            _ => self.field(fields, setting, &DeValue::String(text.into()), place),
        }
    }
}

fn join(path: &str, name: &str) -> String {
    // A key can be any text, and as long as the file.
    let is_plain = name.chars().all(|one| one.is_ascii_alphanumeric() || matches!(one, '_' | '-'));
    let short: String = name.chars().take(64).collect();
    let name = if is_plain { short } else { format!("{short:?}") };
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

fn unknown(place: &Place, section: Section, kind: Option<&str>, name: &str) -> Problem {
    let has_secrets =
        matches!(section, Section::Intake | Section::OAuth | Section::Sink | Section::Feed);
    let secrets = ["token", "secret", "password", "key", "credential"];
    let lower = name.to_lowercase();
    let known = || settings(section).filter(move |one| one.is_for(kind));
    let nearest = || {
        let tables: &[Section] = if section == Section::Root { &Section::ALL } else { &[] };
        let tables =
            tables.iter().map(|one| one.name()).filter(|one| !matches!(*one, "" | "oauth"));
        suggest(name, known().map(|one| one.name).chain(tables))
    };
    let is_source = lower.ends_with("_env") || lower.ends_with("_file");
    if has_secrets && !is_source && secrets.iter().any(|secret| lower.contains(secret)) {
        let sources: Vec<_> = known()
            .filter(|one| matches!(one.kind, Kind::SecretEnv | Kind::SecretFile))
            .map(|one| one.name)
            .filter(|one| !one.starts_with("url"))
            .collect();
        let problem = place.error("a secret does not belong here");
        let sources = sources.join(" or ");
        return if sources.is_empty() {
            problem.help("there is none in this table")
        } else {
            problem
                .help(format!("keep it in the environment or a file, and say where with {sources}"))
        };
    }
    let problem = place.error("there is no such setting");
    if let Some(other) = settings(section).find(|one| one.name == name) {
        let kinds: Vec<_> = other.kinds.iter().map(|kind| format!("\"{kind}\"")).collect();
        return problem.help(format!("it is for kind = {}", kinds.join(" or ")));
    }
    let elsewhere = || {
        let all = crate::SETTINGS.iter();
        let mut others = all.filter(|one| one.name == name && one.section != section);
        others.next().map(|one| match one.section {
            Section::Root => "it belongs before the first table".to_owned(),
            section => format!("it belongs in {}", section.heading()),
        })
    };
    problem.maybe_help(elsewhere().or_else(nearest))
}

/// Values by name and type. What is wrong has been said when they are asked for.
impl Fields {
    /// Whether it is there, be it wrong.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
            || self.wrong.contains(name)
            || self.tables.contains_key(name)
    }

    /// Where it is written; the table, if it is not.
    pub(crate) fn place_of(&self, name: &str) -> &Place {
        let table = || self.tables.get(name).map(|table| &table.place);
        let value = self.values.get(name).map(|(_, place)| place);
        value.or_else(table).unwrap_or(&self.place)
    }

    pub(crate) fn inner(&self, name: &str) -> Option<&Self> {
        self.tables.get(name)
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name).map(|(value, _)| value)
    }

    pub(crate) fn switch(&self, name: &str) -> Option<bool> {
        if let Value::Switch(value) = self.value(name)? { Some(*value) } else { None }
    }

    pub(crate) fn number<N: TryFrom<u32>>(&self, name: &str) -> Option<N> {
        if let Value::Number(value) = self.value(name)? { N::try_from(*value).ok() } else { None }
    }

    pub(crate) fn duration(&self, name: &str) -> Option<Duration> {
        if let Value::Duration(value) = self.value(name)? { Some(*value) } else { None }
    }

    pub(crate) fn size(&self, name: &str) -> Option<u64> {
        if let Value::Size(value) = self.value(name)? { Some(*value) } else { None }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        if let Value::Text(value) = self.value(name)? { Some(value) } else { None }
    }

    pub(crate) fn texts(&self, name: &str) -> Option<Vec<String>> {
        if let Value::Texts(value) = self.value(name)? { Some(value.clone()) } else { None }
    }

    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        if let Value::Path(value) = self.value(name)? { Some(value.clone()) } else { None }
    }

    pub(crate) fn paths(&self, name: &str) -> Option<Vec<PathBuf>> {
        if let Value::Paths(value) = self.value(name)? { Some(value.clone()) } else { None }
    }

    pub(crate) fn listen(&self) -> Option<SocketAddr> {
        if let Value::Listen(value) = self.value("listen")? { Some(*value) } else { None }
    }

    pub(crate) fn headers(&self) -> Option<Vec<(String, HeaderValue)>> {
        if let Value::Headers(value) = self.value("headers")? { Some(value.clone()) } else { None }
    }

    pub(crate) fn start(&self) -> Option<crate::Start> {
        if let Value::Start(value) = self.value("start")? { Some(*value) } else { None }
    }

    pub(crate) fn backfill(&self) -> Option<Option<Duration>> {
        if let Value::Backfill(value) = self.value("backfill")? { Some(*value) } else { None }
    }

    /// The source of a secret: `{stem}_env` or `{stem}_file`.
    pub(crate) fn source(&self, stem: &str) -> Option<SecretSource> {
        if let Some(name) = self.text(&format!("{stem}_env")) {
            return Some(SecretSource::Env(name.to_owned()));
        }
        self.path(&format!("{stem}_file")).map(SecretSource::File)
    }
}
