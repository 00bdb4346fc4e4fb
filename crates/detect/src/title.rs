//! Titles of alerts: one line in plain words, built from the event.

use std::ops::ControlFlow;

use ecs::{Lookup, Record};

use crate::sigma::CorrelationKind;

/// The template of a title: text with `{name}` or `{this|else that|"words"}` in it.
///
/// A name is a field's, or one of `actor`, `user`, `target`, `target_user` and `place`, which
/// say who, to what and from where as a person would. Correlations also have `count`, `value`,
/// `group` and `timespan`, and what their type adds: `from`, `to`, `distance`, `speed` and
/// `minutes` of a journey, `usual` and `bound` of a spike. The first that the event has is taken;
/// when it has none, `unknown`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Words(String),
    FirstOf(Vec<Source>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Actor,
    User,
    Target,
    TargetUser,
    Place,
    Words(String),
    Field(Lookup),
    /// Of a correlation: how many events, what was worked out of them, whom they are about, and
    /// how far apart they are.
    Count,
    Value,
    Group,
    Timespan,
    /// What else a type of correlation says.
    Detail(&'static str),
}

/// What types of correlations say beside what all say.
const DETAILS: [&str; 7] = ["from", "to", "distance", "speed", "minutes", "usual", "bound"];

/// What a correlation adds to the event for its title.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Correlated<'c> {
    pub(crate) count: String,
    pub(crate) value: String,
    pub(crate) group: String,
    pub(crate) timespan: String,
    pub(crate) details: &'c [(&'static str, String)],
}

/// The longest that one value may be in a title, in characters.
const LONGEST: usize = 100;

impl Template {
    /// Reads a template. A brace that is not closed is a brace like any other character.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((words, after)) = rest.split_once('{') {
            let Some((sources, after)) = after.split_once('}') else { break };
            parts.push(Part::Words(words.to_owned()));
            parts.push(Part::FirstOf(sources.split('|').map(Source::parse).collect()));
            rest = after;
        }
        parts.push(Part::Words(rest.to_owned()));
        Self { parts }
    }

    /// The template of a rule that has none: its own title, who, and from where.
    #[must_use]
    pub fn of_rule(title: &str) -> Self {
        let mut template =
            Self::parse(": {user|actor|\"somebody\"}, from {place|\"an unknown address\"}");
        template.parts.insert(0, Part::Words(title.to_owned()));
        template
    }

    /// The template of a correlation that has none: its own title, about whom, and how much.
    #[must_use]
    pub fn of_correlation(title: &str, kind: CorrelationKind) -> Self {
        let mut template = Self::parse(match kind {
            CorrelationKind::ImpossibleTravel => {
                ": {group}, {from} to {to}, {distance} km in {minutes} minutes"
            }
            CorrelationKind::MissingFollowup => {
                ": {group|\"everybody\"}, not followed within {timespan}"
            }
            CorrelationKind::Spike => ": {group}, {value} in {timespan} instead of {usual}",
            CorrelationKind::Risk => ": {group}, {value} of {count} alerts in {timespan}",
            _ => ": {group|\"everybody\"}, {count} events in {timespan}",
        });
        template.parts.insert(0, Part::Words(title.to_owned()));
        template
    }

    /// The names in it that no field has.
    pub fn unknown_names(&self) -> impl Iterator<Item = &str> {
        let sources = self.parts.iter().flat_map(|part| match part {
            Part::FirstOf(sources) => sources.as_slice(),
            Part::Words(_) => &[],
        });
        sources.filter_map(|source| match source {
            Source::Field(lookup) if !lookup.is_known() => Some(lookup.name()),
            _ => None,
        })
    }

    /// The title for an event: one line, without control characters.
    #[must_use]
    pub fn fill(&self, record: &Record<'_>) -> String {
        self.fill_with(record, &Correlated::default())
    }

    /// The title of a correlation's alert, about the event that completed it.
    pub(crate) fn fill_with(&self, record: &Record<'_>, correlated: &Correlated<'_>) -> String {
        let mut title = String::new();
        for part in &self.parts {
            match part {
                Part::Words(words) => title.push_str(words),
                Part::FirstOf(sources) => {
                    let value = sources.iter().find_map(|source| source.value(record, correlated));
                    title.push_str(&one_line(value.as_deref().unwrap_or("unknown")));
                }
            }
        }
        title
    }
}

impl Source {
    fn parse(text: &str) -> Self {
        let text = text.trim();
        match text {
            "actor" => Self::Actor,
            "user" => Self::User,
            "target" => Self::Target,
            "target_user" => Self::TargetUser,
            "place" => Self::Place,
            "count" => Self::Count,
            "value" => Self::Value,
            "group" => Self::Group,
            "timespan" => Self::Timespan,
            _ if let Some(name) = DETAILS.into_iter().find(|name| *name == text) => {
                Self::Detail(name)
            }
            _ => match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
                Some(words) => Self::Words(words.to_owned()),
                None => Self::Field(Lookup::resolve(text)),
            },
        }
    }

    fn value(&self, record: &Record<'_>, correlated: &Correlated<'_>) -> Option<String> {
        let event = record.event();
        let text = |value: &okta::json::Value<'_>| {
            let text = value.to_str()?;
            let text = text.trim_end_matches('\\');
            (!text.trim().is_empty()).then(|| text.to_owned())
        };
        let is_user = |target: &&okta::Target<'_>| {
            target.kind.text().is_some_and(|kind| kind.is("User") || kind.is("AppUser"))
        };
        let known = |text: &String| (!text.is_empty()).then(|| text.clone());
        match self {
            Self::Count => known(&correlated.count),
            Self::Value => known(&correlated.value),
            Self::Group => known(&correlated.group),
            Self::Timespan => known(&correlated.timespan),
            Self::Detail(name) => {
                let found = correlated.details.iter().find(|(other, _)| other == name);
                found.and_then(|(_, value)| known(value))
            }
            Self::Words(words) => Some(words.clone()),
            Self::Actor => {
                let actor = &event.actor;
                [&actor.display_name, &actor.alternate_id, &actor.id].into_iter().find_map(text)
            }
            Self::User => first(record, "user.name"),
            Self::Target => {
                let mut targets = event.target.iter();
                let target = targets.find(|target| !is_user(target)).or(event.target.first())?;
                [&target.display_name, &target.alternate_id].into_iter().find_map(text)
            }
            Self::TargetUser => {
                let target = event.target.iter().find(is_user)?;
                [&target.display_name, &target.alternate_id].into_iter().find_map(text)
            }
            Self::Place => place(record),
            Self::Field(lookup) => {
                let mut values: Vec<String> = Vec::new();
                let _ = record.visit(lookup, &mut |value| {
                    values.extend(text(&value));
                    if values.len() < 3 {
                        ControlFlow::Continue(())
                    } else {
                        ControlFlow::Break(())
                    }
                });
                (!values.is_empty()).then(|| values.join(", "))
            }
        }
    }
}

/// The first value of a field, by name.
fn first(record: &Record<'_>, name: &str) -> Option<String> {
    record.first(&Lookup::resolve(name)).filter(|text| !text.trim().is_empty())
}

/// Where a request came from: `198.51.100.7 (Paris, France)`, as far as it is known.
fn place(record: &Record<'_>) -> Option<String> {
    match (first(record, "source.ip"), whereabouts(record)) {
        (Some(address), Some(whereabouts)) => Some(format!("{address} ({whereabouts})")),
        (address, whereabouts) => address.or(whereabouts),
    }
}

/// City and country of a request's address, as far as they are known.
pub(crate) fn whereabouts(record: &Record<'_>) -> Option<String> {
    let city = first(record, "source.geo.city_name");
    let country = first(record, "source.geo.country_name");
    let known: Vec<_> = city.into_iter().chain(country).collect();
    (!known.is_empty()).then(|| known.join(", "))
}

/// A value as it may stand in a title: control characters are spaces, and what is very long is
/// cut.
fn one_line(text: &str) -> String {
    let mut line: String = text
        .chars()
        .take(LONGEST)
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(template: &str, event: &str) -> String {
        let event = okta::LogEvent::parse(event).unwrap();
        let context = ecs::Context::default();
        Template::parse(template).fill(&Record::new(&event, &context, ecs::Arrival::default()))
    }

    const EVENT: &str = r#"{"uuid":"1","eventType":"zone.delete",
        "actor":{"id":"00u1","type":"User","alternateId":"ada@example.org","displayName":"Ada\nL."},
        "client":{"ipAddress":"198.51.100.7","geographicalContext":{"city":"Paris","country":"France"}},
        "target":[{"type":"User","displayName":"Bob","alternateId":"bob@example.org"},{"type":"Zone","displayName":"Office"}]}"#;

    #[test]
    fn templates_are_filled_with_what_the_event_has() {
        let cases = [
            ("plain words", "plain words"),
            ("{actor} deleted {target}", "Ada L. deleted Office"),
            ("{user}, {target_user}", "bob@example.org, Bob"),
            ("from {place}", "from 198.51.100.7 (Paris, France)"),
            ("{outcome.reason|event.action}", "zone.delete"),
            (r#"{outcome.reason|"no reason"}"#, "no reason"),
            ("{outcome.reason}", "unknown"),
            ("{okta.system.target.display_name}", "Bob, Office"),
            ("a { b", "a { b"),
            ("{}", "unknown"),
        ];
        for (template, title) in cases {
            assert_eq!(fill(template, EVENT), title, "{template}");
        }
    }

    #[test]
    fn a_place_is_what_is_known_of_it() {
        let cases = [
            ("{}", "unknown"),
            (r#"{"ipAddress":"2001:db8::1"}"#, "2001:db8::1"),
            (r#"{"geographicalContext":{"country":"Peru"}}"#, "Peru"),
        ];
        for (client, place) in cases {
            let event = format!(r#"{{"uuid":"1","eventType":"a.b","client":{client}}}"#);
            assert_eq!(fill("{place}", &event), place, "{client}");
        }
    }

    #[test]
    fn long_values_are_cut_and_unknown_names_are_known_as_such() {
        let name = "é".repeat(500);
        let event = format!(r#"{{"uuid":"1","eventType":"a","actor":{{"displayName":"{name}"}}}}"#);
        assert_eq!(fill("{actor}", &event).chars().count(), LONGEST + 1);
        let template = Template::parse("{actor} {user.nmae|\"x\"}");
        assert_eq!(template.unknown_names().collect::<Vec<_>>(), ["user.nmae"]);
    }
}
