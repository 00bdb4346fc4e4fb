//! Rules and what they say about themselves.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::correlation::Correlation;
use super::detection::{self, Detection, Item, Search};
use super::diagnostic::{Position, Report, nearest};
use super::yaml::{Content, Node};

/// A Sigma rule (specification 2.1.0), with Wardgate's additions.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// What the rule finds, in a few words.
    pub title: String,
    /// Its identifier, a UUID as a rule.
    pub id: Option<String>,
    /// A unique readable name, usable in place of the identifier.
    pub name: Option<String>,
    /// How ripe it is.
    pub status: Option<Status>,
    /// What it finds, at length.
    pub description: Option<String>,
    /// Where to read more.
    pub references: Vec<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// When it was written, as it stands in the file.
    pub date: Option<String>,
    /// When it was last changed, as it stands in the file.
    pub modified: Option<String>,
    /// Tags with their name spaces, such as `attack.t1098`.
    pub tags: Vec<String>,
    /// How serious a match is.
    pub level: Option<Level>,
    /// Which logs it is for.
    pub logsource: LogSource,
    /// What else can cause a match.
    pub falsepositives: Vec<String>,
    /// Fields worth showing with a match.
    pub fields: Vec<String>,
    /// Its relations to other rules.
    pub related: Vec<Related>,
    /// The naming scheme of its fields.
    pub taxonomy: Option<String>,
    /// Its licence, as an SPDX identifier.
    pub license: Option<String>,
    /// What it is meant for, more narrowly.
    pub scope: Vec<String>,
    /// What it looks for.
    pub detection: Detection,
    /// What several events have to have in common. A rule that has this looks for nothing in a
    /// single event: its detection never holds.
    pub correlation: Option<Correlation>,
    /// Wardgate's own attributes.
    pub wardgate: Attributes,
    /// The file it stands in, as it was named to the parser.
    pub file: Arc<str>,
    /// The line at which its document begins, counted from 1.
    pub line: u32,
}

impl Rule {
    /// What tells it from others: its id, or its title where it has none; in lower case.
    #[must_use]
    pub fn key(&self) -> String {
        self.id.as_deref().unwrap_or(&self.title).to_lowercase()
    }

    /// The names of the fields that it looks at, each once, in their order.
    #[must_use]
    pub fn field_names(&self) -> Vec<String> {
        fn collect(search: &Search, fields: &mut BTreeSet<String>) {
            match search {
                Search::All(parts) | Search::Any(parts) => {
                    parts.iter().for_each(|part| collect(part, fields));
                }
                Search::Item(Item { field: Some(field), .. }) => {
                    fields.insert(field.clone());
                }
                Search::Item(_) => {}
            }
        }
        let mut fields = BTreeSet::new();
        if let Some(correlation) = &self.correlation {
            let aliased = correlation.aliases.iter().flat_map(|alias| &alias.fields);
            let is_field = |name: &&String| correlation.aliases.iter().all(|a| a.name != **name);
            fields.extend(correlation.group_by.iter().filter(is_field).cloned());
            fields.extend(correlation.fields.iter().cloned());
            fields.extend(aliased.map(|(_, field)| field.clone()));
        }
        for selection in &self.detection.selections {
            collect(&selection.search, &mut fields);
        }
        fields.into_iter().collect()
    }
}

/// The custom attribute `wardgate` of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// How much effort its alerts cost.
    pub effort: Option<Effort>,
    /// A template for the alert's title.
    pub title: Option<String>,
    /// What to look at first.
    pub triage: Vec<String>,
}

/// Which logs a rule is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogSource {
    /// A kind of product, such as `firewall`.
    pub category: Option<String>,
    /// A product, such as `okta`.
    pub product: Option<String>,
    /// One of a product's logs.
    pub service: Option<String>,
    /// What has to be configured for the logs to be written.
    pub definition: Option<String>,
}

impl LogSource {
    /// Whether a filter for this source applies to a rule for `rule`: everything that the
    /// filter names has to be the same there.
    #[must_use]
    pub fn covers(&self, rule: &Self) -> bool {
        let same = |ours: &Option<String>, theirs: &Option<String>| match (ours, theirs) {
            (None, _) => true,
            (Some(ours), Some(theirs)) => ours.eq_ignore_ascii_case(theirs),
            (Some(_), None) => false,
        };
        same(&self.category, &rule.category)
            && same(&self.product, &rule.product)
            && same(&self.service, &rule.service)
    }

    /// Whether a rule for this source is meant for Okta's System Log.
    #[must_use]
    pub fn is_okta(&self) -> bool {
        let okta = |name: &Option<String>| {
            name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("okta"))
        };
        let okta_or_open = |name| Option::is_none(name) || okta(name);
        let named = okta(&self.product) || okta(&self.service);
        let open = self.category.is_none() && self.product.is_none() && self.service.is_none();
        (named || open) && okta_or_open(&self.product) && okta_or_open(&self.service)
    }
}

/// A relation to another rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// The other rule's identifier.
    pub id: String,
    /// What the other rule is to this one.
    pub relation: Relation,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word for it in rules.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The one of this name, in lower case.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.as_str() == name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words! {
    /// How serious a rule's match is, least first.
    Level {
        /// Not an alert by itself.
        Informational = "informational",
        /// Rarely an incident.
        Low = "low",
        /// To be reviewed regularly.
        Medium = "medium",
        /// To be reviewed promptly.
        High = "high",
        /// An incident.
        Critical = "critical",
    }
}

words! {
    /// How ripe a rule is.
    Status {
        /// For production.
        Stable = "stable",
        /// Nearly so.
        Test = "test",
        /// Possibly noisy.
        Experimental = "experimental",
        /// Replaced by another one.
        Deprecated = "deprecated",
        /// Not usable as it is.
        Unsupported = "unsupported",
    }
}

words! {
    /// What another rule is to the rule that names it.
    Relation {
        /// This rule was derived from it.
        Derived = "derived",
        /// This rule replaces it.
        Obsolete = "obsolete",
        /// This rule was merged from it and others.
        Merged = "merged",
        /// It is this rule's former identifier.
        Renamed = "renamed",
        /// It is like this rule.
        Similar = "similar",
    }
}

words! {
    /// How much effort a rule's alerts cost those who look at them, least first.
    Effort {
        /// Always worth it.
        Elementary = "elementary",
        /// Worth it for most.
        Intermediate = "intermediate",
        /// Needs knowledge of the organisation.
        Advanced = "advanced",
        /// Needs constant attention.
        Master = "master",
    }
}

const KEYS: [&str; 20] = [
    "title",
    "id",
    "name",
    "status",
    "description",
    "references",
    "author",
    "date",
    "modified",
    "tags",
    "level",
    "logsource",
    "falsepositives",
    "fields",
    "related",
    "taxonomy",
    "license",
    "scope",
    "detection",
    "wardgate",
];

/// Parses a rule; `None` when there was an error, which is then in the report.
pub(super) fn parse(document: &Node, report: &mut Report) -> Option<Rule> {
    let errors = report.errors();
    warn_unknown_keys(document, &KEYS, "attribute", report);
    let logsource = match document.get("logsource") {
        Some(node) => logsource(node, report),
        None => {
            let hint = "add 'logsource: {product: okta, service: okta}'".to_owned();
            report.error("missing-logsource", document.at, "there is no logsource", hint);
            LogSource::default()
        }
    };
    let detection = match document.get("detection") {
        Some(node) => detection::parse(node, &[], report),
        None => {
            report.error("missing-detection", document.at, "there is no detection", None);
            None
        }
    };
    let rule = about(document, logsource, detection?, report);
    rule.filter(|_| report.errors() == errors)
}

/// A rule with what the document says about it; `None` when it has no title.
pub(super) fn about(
    document: &Node,
    logsource: LogSource,
    detection: Detection,
    report: &mut Report,
) -> Option<Rule> {
    let title = required_title(document, report);
    let mut level = None;
    if let Some(node) = document.get("level") {
        level = word(node, "level", Level::from_name, Level::ALL, report);
    }
    let mut status = None;
    if let Some(node) = document.get("status") {
        status = word(node, "status", Status::from_name, Status::ALL, report);
    }
    Some(Rule {
        title: title?,
        id: text(document, "id", report),
        name: text(document, "name", report),
        status,
        description: text(document, "description", report),
        references: texts(document, "references", report),
        author: text(document, "author", report),
        date: date(document, "date", report),
        modified: date(document, "modified", report),
        tags: texts(document, "tags", report),
        level,
        logsource,
        falsepositives: texts(document, "falsepositives", report),
        fields: texts(document, "fields", report),
        related: related(document, report),
        taxonomy: text(document, "taxonomy", report),
        license: text(document, "license", report),
        scope: texts(document, "scope", report),
        detection,
        correlation: None,
        wardgate: attributes(document, report),
        file: Arc::clone(&report.file),
        line: document.at.line,
    })
}

pub(super) fn required_title(document: &Node, report: &mut Report) -> Option<String> {
    match document.get("title") {
        None => {
            report.error("missing-title", document.at, "there is no title", None);
            None
        }
        Some(_) => match text(document, "title", report) {
            Some(title) if title.trim().is_empty() => {
                report.error("missing-title", document.at, "the title is empty", None);
                None
            }
            Some(title) => {
                if title.chars().count() > 256 {
                    let at = document.get("title").map_or(document.at, |node| node.at);
                    report.warning("title", at, "the title is longer than 256 characters", None);
                }
                Some(title)
            }
            None => {
                report.error("missing-title", document.at, "the title is not a text", None);
                None
            }
        },
    }
}

/// Warns of keys of a mapping that are none of `known`.
pub(super) fn warn_unknown_keys(node: &Node, known: &[&str], what: &str, report: &mut Report) {
    let Content::Map(entries) = &node.content else { return };
    for (key, _) in entries {
        if !known.contains(&key.text.as_str()) {
            let hint = nearest(&key.text, known.iter().copied())
                .map(|meant| format!("did you mean '{meant}'?"));
            let message = format!("unknown {what} '{}'", key.text);
            report.warning("unknown-key", key.at, message, hint);
        }
    }
}

/// A text attribute; anything else gives a warning.
pub(super) fn text(node: &Node, key: &str, report: &mut Report) -> Option<String> {
    let node = node.get(key)?;
    if let Some(text) = node.text() {
        return Some(text.to_owned());
    }
    let message = format!("'{key}' should be a text, found {}", node.kind());
    report.warning("attribute", node.at, message, None);
    None
}

/// An attribute that is a list of texts; a single text is a list of one.
fn texts(node: &Node, key: &str, report: &mut Report) -> Vec<String> {
    let Some(node) = node.get(key) else { return Vec::new() };
    let nodes = match &node.content {
        Content::List(nodes) => nodes.as_slice(),
        // Some rules have the key with nothing behind it.
        Content::Scalar { .. } if node.is_null() => return Vec::new(),
        _ => std::slice::from_ref(node),
    };
    let mut texts = Vec::with_capacity(nodes.len());
    for node in nodes {
        match node.text() {
            Some(text) => texts.push(text.to_owned()),
            None => {
                let message = format!("'{key}' should hold texts, found {}", node.kind());
                report.warning("attribute", node.at, message, None);
            }
        }
    }
    texts
}

pub(super) fn date(node: &Node, key: &str, report: &mut Report) -> Option<String> {
    let date = text(node, key, report)?;
    let digits = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let parts: Vec<&str> = date.split('-').collect();
    let iso = matches!(parts.as_slice(), [year, month, day]
        if digits(year, 4) && digits(month, 2) && digits(day, 2));
    if !iso {
        let at = node.get(key).map_or(node.at, |node| node.at);
        let hint = "write it as YYYY-MM-DD".to_owned();
        report.warning("date", at, format!("'{date}' is not a date"), hint);
    }
    Some(date)
}

fn word<T: Copy + fmt::Display>(
    node: &Node,
    key: &str,
    from_name: fn(&str) -> Option<T>,
    all: &[T],
    report: &mut Report,
) -> Option<T> {
    let name = node.text().unwrap_or_default();
    let found = from_name(name);
    if found.is_none() {
        let words: Vec<String> = all.iter().map(T::to_string).collect();
        let hint = match nearest(name, words.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean '{meant}'?"),
            None => format!("use one of {}", words.join(", ")),
        };
        report.error("unknown-word", node.at, format!("unknown {key} '{name}'"), hint);
    }
    found
}

pub(super) fn logsource(node: &Node, report: &mut Report) -> LogSource {
    if !matches!(node.content, Content::Map(_)) {
        let message = format!("expected product and service, found {}", node.kind());
        report.error("logsource", node.at, message, None);
        return LogSource::default();
    }
    LogSource {
        category: text(node, "category", report),
        product: text(node, "product", report),
        service: text(node, "service", report),
        definition: text(node, "definition", report),
    }
}

fn related(document: &Node, report: &mut Report) -> Vec<Related> {
    let Some(node) = document.get("related") else { return Vec::new() };
    let Content::List(nodes) = &node.content else {
        let hint = "write '- id: …' and 'type: …'".to_owned();
        report.warning("related", node.at, "'related' should be a list", hint);
        return Vec::new();
    };
    let mut related = Vec::new();
    for node in nodes {
        let (Some(id), Some(relation)) = (text(node, "id", report), node.get("type")) else {
            let hint = "write '- id: …' and 'type: …'".to_owned();
            report.warning("related", node.at, "a relation needs an id and a type", hint);
            continue;
        };
        let known = match relation.text() {
            // The name before version 2.0.0 of the specification.
            Some("obsoletes") => Some(Relation::Obsolete),
            _ => word(relation, "relation", Relation::from_name, Relation::ALL, report),
        };
        related.extend(known.map(|relation| Related { id, relation }));
    }
    related
}

fn attributes(document: &Node, report: &mut Report) -> Attributes {
    let Some(node) = document.get("wardgate") else { return Attributes::default() };
    if !matches!(node.content, Content::Map(_)) {
        let message = format!("'wardgate' should be a mapping, found {}", node.kind());
        report.warning("attribute", node.at, message, None);
        return Attributes::default();
    }
    warn_unknown_keys(node, &["effort", "title", "triage"], "attribute of 'wardgate'", report);
    let mut effort = None;
    if let Some(node) = node.get("effort") {
        effort = word(node, "effort", Effort::from_name, Effort::ALL, report);
    }
    Attributes { effort, title: text(node, "title", report), triage: texts(node, "triage", report) }
}

/// Where an attribute stands, or the document when it is missing.
#[must_use]
pub(super) fn position(document: &Node, key: &str) -> Position {
    document.get(key).map_or(document.at, |node| node.at)
}
