//! Alerts: ECS documents about a rule's match.

use std::ops::ControlFlow;

use ecs::{Lookup, Record, Timestamp, write_json_string};
use intel::Finding;
use okta::Target;
use okta::json::Value;
use uuid::Uuid;

use crate::correlation::{self, Brief};
use crate::indicators;
use crate::matcher::Matched;
use crate::pack::PackRule;
use crate::sigma::{Level, Rule, in_words};
use crate::threat;
use crate::title::{Correlated, Template, whereabouts};

/// A rule's match with an event, ready to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The same for the same rule and events, wherever and whenever they are read.
    pub id: Uuid,
    /// The rule, by its place in [`crate::Detector::rules`].
    pub rule: usize,
    /// When the event happened, or arrived if that cannot be read.
    pub time: Option<Timestamp>,
    /// What happened, in one line.
    pub title: String,
    /// The login name of the user it is about.
    pub user: Option<String>,
    /// The address it came from.
    pub address: Option<String>,
    /// Where that address is thought to be: city and country.
    pub whereabouts: Option<String>,
    /// The alert as an ECS document, in JSON without white space.
    pub document: String,
}

/// What an alert is raised for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct About<'a> {
    /// Fields that matched, with their values.
    pub(crate) values: &'a [(String, String)],
    /// Indicators that were found.
    pub(crate) findings: &'a [Finding],
    /// Whether they came after the event.
    pub(crate) afterwards: bool,
}

/// What every alert of a rule has in common, worked out once.
#[derive(Debug)]
pub(crate) struct Mould {
    title: Template,
    level: Level,
    /// `"rule":{…},"threat":{…}`
    rule_and_threat: String,
    has_threat: bool,
    /// `"severity":…,"effort":…`
    grading: String,
    /// `"triage":[…],"false_positives":[…]`, each with a comma before it.
    advice: String,
    /// What the ids of the rule's alerts are made from.
    namespace: Uuid,
}

impl Mould {
    pub(crate) fn new(rule: &PackRule) -> Self {
        let ruleset = &rule.ruleset;
        let rule: &Rule = &rule.rule;
        let level = rule.level.unwrap_or(Level::Medium);
        let title = match &rule.wardgate.title {
            Some(template) => Template::parse(template),
            None if let Some(correlation) = &rule.correlation => {
                Template::of_correlation(&rule.title, correlation.kind)
            }
            None => Template::of_rule(&rule.title),
        };
        let mut fields = Vec::new();
        object(&mut fields, "rule", |out| {
            member(out, "id", rule.id.as_deref());
            member(out, "name", Some(&rule.title));
            member(out, "description", rule.description.as_deref());
            member(out, "ruleset", Some(ruleset));
            member(out, "license", rule.license.as_deref());
            members(out, "author", rule.author.as_slice());
            members(out, "reference", &rule.references);
        });
        let threat = threat::threat_json(&rule.tags);
        if !threat.is_empty() {
            fields.extend_from_slice(b",\"threat\":");
            fields.extend_from_slice(threat.as_bytes());
        }
        let mut grading = Vec::new();
        member(&mut grading, "severity", Some(level.as_str()));
        member(&mut grading, "effort", rule.wardgate.effort.map(|effort| effort.as_str()));
        let mut advice = Vec::new();
        members(&mut advice, "triage", &rule.wardgate.triage);
        members(&mut advice, "false_positives", &rule.falsepositives);
        if !advice.is_empty() {
            advice.insert(0, b',');
        }
        let identity = rule.id.as_deref().unwrap_or(&rule.title).to_lowercase();
        Self {
            title,
            level,
            rule_and_threat: text(fields),
            has_threat: !threat.is_empty(),
            grading: text(grading),
            advice: text(advice),
            namespace: Uuid::new_v5(&Uuid::NAMESPACE_OID, identity.as_bytes()),
        }
    }

    /// The id of the alert about one event.
    pub(crate) fn id(&self, record: &Record<'_>) -> Uuid {
        let event = record.event();
        match event.uuid.to_str().filter(|uuid| !uuid.is_empty()) {
            Some(uuid) => Uuid::new_v5(&self.namespace, uuid.as_bytes()),
            None => Uuid::new_v5(&self.namespace, event.raw().as_bytes()),
        }
    }

    /// The id of the alert of a correlation.
    pub(crate) fn correlated_id(&self, finding: &correlation::Finding) -> Uuid {
        let first = finding.events.first().map_or("", |(_, brief)| brief.id());
        let identity = format!("{}\n{first}", finding.group);
        Uuid::new_v5(&self.namespace, identity.as_bytes())
    }

    /// The alert about one event.
    pub(crate) fn cast(&self, index: usize, matched: &Matched<'_>, record: &Record<'_>) -> Alert {
        self.cast_with(index, &About { values: &matched.values(), ..About::default() }, record)
    }

    /// The alert about one event, with the indicators that were found in it.
    pub(crate) fn cast_with(&self, index: usize, about: &About<'_>, record: &Record<'_>) -> Alert {
        let id = self.id(record);
        let title = self.title.fill(record);
        self.alert(index, id, title, about, record, &mut |out| {
            out.extend_from_slice(b",\"events\":[");
            whole(out, record);
            out.push(b']');
        })
    }

    /// The alert of a correlation, about the event that completed it. `rules` are those of the
    /// detector.
    pub(crate) fn cast_correlated(
        &self,
        index: usize,
        rules: &[PackRule],
        record: &Record<'_>,
        finding: &correlation::Finding,
    ) -> Alert {
        let id = self.correlated_id(finding);
        let none = Vec::new();
        let correlation = rules.get(index).and_then(|rule| rule.rule.correlation.as_ref());
        let (kind, timespan) = correlation
            .map_or(("", 0), |correlation| (correlation.kind.as_str(), correlation.timespan));
        let group_by = correlation.map_or(&none, |correlation| &correlation.group_by);
        let fields = correlation.map_or(&none, |correlation| &correlation.fields);
        let values: Vec<String> = serde_json::from_str(&finding.group).unwrap_or_default();
        let title = self.title.fill_with(
            record,
            &Correlated {
                count: finding.count.to_string(),
                value: finding.value.clone(),
                group: values.join(", "),
                timespan: in_words(timespan),
                details: &finding.details,
            },
        );
        let mut matched: Vec<(String, String)> = group_by.iter().cloned().zip(values).collect();
        let names = fields.join(", ");
        if !names.is_empty() {
            matched.push((names, finding.value.clone()));
        }
        let about = About { values: &matched, ..About::default() };
        self.alert(index, id, title, &about, record, &mut |out| {
            out.extend_from_slice(b",\"events\":[");
            for (place, (time, brief)) in finding.events.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                if brief.id() == finding.seen.brief.id() {
                    whole(out, record);
                } else {
                    in_brief(out, Timestamp(*time), brief);
                }
            }
            out.extend_from_slice(format!("],\"event_count\":{}", finding.count).as_bytes());
            object(out, "correlation", |out| {
                member(out, "type", Some(kind));
                member(out, "timespan", Some(&in_words(timespan)));
                member(out, "value", Some(&finding.value));
                let times = || finding.events.iter().map(|(time, _)| *time);
                let text = |time: Option<i64>| time.map(|time| Timestamp(time).to_string());
                member(out, "first", text(times().min()).as_deref());
                member(out, "last", text(times().max()).as_deref());
                for (name, value) in &finding.details {
                    member(out, name, Some(value));
                }
                contributions(out, rules, finding);
            });
        })
    }

    fn alert(
        &self,
        index: usize,
        id: Uuid,
        title: String,
        about: &About<'_>,
        record: &Record<'_>,
        events: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Alert {
        let first = |name| record.first(&Lookup::resolve(name));
        let document = self.document(&id, &title, about, record, events);
        Alert {
            id,
            rule: index,
            time: record.time(),
            title,
            user: first("user.name"),
            address: first("source.ip"),
            whereabouts: whereabouts(record),
            document,
        }
    }

    fn document(
        &self,
        id: &Uuid,
        title: &str,
        about: &About<'_>,
        record: &Record<'_>,
        events: &mut dyn FnMut(&mut Vec<u8>),
    ) -> String {
        // What the alert shares with the event: who, from where, with what, and when.
        const SHARED: [&str; 6] =
            ["@timestamp", "organization.", "source.", "user.", "user_agent.", "related."];
        let mut out = Vec::with_capacity(8 * 1024);
        let keep = |field: &ecs::Field| SHARED.iter().any(|start| field.name.starts_with(start));
        let published = record.published();
        out.push(b'{');
        // The time of arrival stands in for a date that is none: an alert has to be somewhere
        // in time.
        let arrived = published.is_none().then(|| record.time()).flatten();
        if let Some(time) = arrived {
            member(&mut out, "@timestamp", Some(&time.to_string()));
        }
        let mut shared = Vec::with_capacity(2 * 1024);
        record.write_json_with(
            &mut shared,
            |field| keep(field) && (arrived.is_none() || field.name != "@timestamp"),
            |_| {},
        );
        let shared = shared.strip_prefix(b"{").and_then(|shared| shared.strip_suffix(b"}"));
        let shared = shared.unwrap_or_default();
        if !shared.is_empty() {
            comma(&mut out);
            out.extend_from_slice(shared);
        }
        member(&mut out, "message", Some(title));
        object(&mut out, "event", |out| {
            member(out, "kind", Some("alert"));
            member(out, "id", Some(&id.to_string()));
            member(out, "provider", Some("wardgate"));
            member(out, "dataset", Some("wardgate.alerts"));
            let first = |name| record.first(&Lookup::resolve(name));
            member(out, "action", first("event.action").as_deref());
            members(out, "category", &all(record, "event.category"));
            members(out, "type", &all(record, "event.type"));
            member(out, "outcome", first("event.outcome").as_deref());
            comma(out);
            out.extend_from_slice(format!("\"severity\":{}", severity(self.level)).as_bytes());
        });
        comma(&mut out);
        out.extend_from_slice(self.rule_and_threat.as_bytes());
        indicators::write_threat(&mut out, self.has_threat, about.findings);
        object(&mut out, "wardgate", |out| {
            object(out, "alert", |out| {
                out.extend_from_slice(self.grading.as_bytes());
                entities(out, record);
                comma(out);
                out.extend_from_slice(b"\"matched\":[");
                for (position, (field, value)) in about.values.iter().enumerate() {
                    if position > 0 {
                        out.push(b',');
                    }
                    out.push(b'{');
                    member(out, "field", Some(field));
                    comma(out);
                    out.extend_from_slice(b"\"value\":");
                    write_json_string(out, value);
                    out.push(b'}');
                }
                out.push(b']');
                indicators::write_details(out, about.findings);
                if about.afterwards {
                    out.extend_from_slice(b",\"found_afterwards\":true");
                }
                out.extend_from_slice(self.advice.as_bytes());
                events(out);
            });
        });
        out.push(b'}');
        text(out)
    }
}

/// An event in full, with the original.
fn whole(out: &mut Vec<u8>, record: &Record<'_>) {
    let original = |out: &mut Vec<u8>| member(out, "original", Some(record.event().raw()));
    record.write_json_with(out, |_| true, original);
}

/// The alerts behind a risk, the heaviest first.
fn contributions(out: &mut Vec<u8>, rules: &[PackRule], finding: &correlation::Finding) {
    if finding.alerts.is_empty() {
        return;
    }
    comma(out);
    out.extend_from_slice(b"\"alerts\":[");
    for alert in &finding.alerts {
        comma(out);
        out.push(b'{');
        member(out, "@timestamp", Some(&Timestamp(alert.time).to_string()));
        object(out, "event", |out| member(out, "id", Some(&alert.id.to_string())));
        let rule = usize::try_from(alert.rule).ok().and_then(|place| rules.get(place));
        if let Some(PackRule { rule, .. }) = rule {
            object(out, "rule", |out| {
                member(out, "id", rule.id.as_deref());
                member(out, "name", Some(&rule.title));
            });
        }
        out.extend_from_slice(format!(",\"weight\":{:.1}}}", alert.weight).as_bytes());
    }
    out.push(b']');
}

/// An event as far as it is remembered.
fn in_brief(out: &mut Vec<u8>, time: Timestamp, brief: &Brief) {
    let mut words = brief.words();
    let mut word = || words.next();
    let (id, action, user, address) = (word(), word(), word(), word());
    out.push(b'{');
    member(out, "@timestamp", Some(&time.to_string()));
    object(out, "event", |out| {
        member(out, "id", id);
        member(out, "action", action);
    });
    for (name, key, value) in [("user", "name", user), ("source", "ip", address)] {
        if value.is_some_and(|value| !value.is_empty()) {
            object(out, name, |out| member(out, key, value));
        }
    }
    out.push(b'}');
}

/// `event.severity` for a level: where the bands of common products have their middle.
#[must_use]
pub const fn severity(level: Level) -> u8 {
    match level {
        Level::Informational => 21,
        Level::Low => 47,
        Level::Medium => 60,
        Level::High => 73,
        Level::Critical => 99,
    }
}

/// Who and what the alert is about.
fn entities(out: &mut Vec<u8>, record: &Record<'_>) {
    let event = record.event();
    let first = |name| record.first(&Lookup::resolve(name));
    object(out, "entities", |out| {
        let mut entity = |key, id: Option<String>, name: Option<String>, kind: Option<String>| {
            if id.is_some() || name.is_some() {
                object(out, key, |out| {
                    member(out, "id", id.as_deref());
                    member(out, "name", name.as_deref());
                    member(out, "type", kind.as_deref());
                });
            }
        };
        entity("user", first("user.id"), first("user.name"), None);
        entity(
            "actor",
            first("okta.system.actor.id"),
            first("okta.system.actor.alternate_id"),
            first("okta.system.actor.type"),
        );
        entity("target_user", first("user.target.id"), first("user.target.name"), None);
        let is_app = |target: &&Target<'_>| {
            let kind = target.kind.to_str().unwrap_or_default();
            kind == "AppInstance" || kind == "App" || kind == "PublicClientApp"
        };
        if let Some(app) = event.target.iter().find(is_app) {
            let text = |value: &Value<'_>| value.to_str().map(std::borrow::Cow::into_owned);
            entity("app", text(&app.id), text(&app.display_name), None);
        }
        member(out, "source_ip", first("source.ip").as_deref());
        member(out, "place", whereabouts(record).as_deref());
        member(
            out,
            "session",
            first("okta.system.authentication_context.external_session_id").as_deref(),
        );
        member(
            out,
            "api_token",
            first("okta.system.transaction.detail.request_api_token_id").as_deref(),
        );
    });
}

fn all(record: &Record<'_>, name: &str) -> Vec<String> {
    let mut values = Vec::new();
    let _ = record.visit(&Lookup::resolve(name), &mut |value| {
        values.extend(value.to_str().map(std::borrow::Cow::into_owned));
        ControlFlow::Continue(())
    });
    values
}

/// Writes a comma, unless nothing stands before it.
pub(crate) fn comma(out: &mut Vec<u8>) {
    if !matches!(out.last(), None | Some(b'{' | b'[' | b',' | b':')) {
        out.push(b',');
    }
}

/// Writes a member that is a string, if there is one that is not empty.
pub(crate) fn member(out: &mut Vec<u8>, name: &str, value: Option<&str>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        comma(out);
        write_json_string(out, name);
        out.push(b':');
        write_json_string(out, value);
    }
}

/// Writes a member that is a list of strings, if there are any.
pub(crate) fn members(out: &mut Vec<u8>, name: &str, values: &[String]) {
    if values.is_empty() {
        return;
    }
    comma(out);
    write_json_string(out, name);
    out.extend_from_slice(b":[");
    for (position, value) in values.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        write_json_string(out, value);
    }
    out.push(b']');
}

/// Writes a member that is an object; `inside` writes its members.
pub(crate) fn object(out: &mut Vec<u8>, name: &str, inside: impl FnOnce(&mut Vec<u8>)) {
    comma(out);
    write_json_string(out, name);
    out.extend_from_slice(b":{");
    inside(out);
    out.push(b'}');
}

/// JSON of ours as text. It is made of strings, and so is UTF-8.
fn text(json: Vec<u8>) -> String {
    String::from_utf8(json).unwrap_or_default()
}
