//! An alert document, read for the page.

use std::borrow::Cow;

use okta::json::{Error, Scanner, Value};

use super::severity::Severity;
use super::time;

/// One alert document. What every row needs is read at once, the rest when it is shown.
#[derive(Clone, Debug)]
pub(super) struct AlertView<'a> {
    document: Value<'a>,
    /// Its place in [`super::Report::alerts`].
    pub(super) number: usize,
    /// Milliseconds since 1970.
    pub(super) time: Option<i64>,
    pub(super) severity: Severity,
    pub(super) rule_id: Cow<'a, str>,
    pub(super) message: Cow<'a, str>,
    /// The users that take part: user, actor, target user, each name once.
    pub(super) users: Vec<Cow<'a, str>>,
    pub(super) address: Option<Cow<'a, str>>,
}

/// A named thing of an alert: label, name, id.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entity<'a> {
    pub(super) label: &'static str,
    pub(super) name: Cow<'a, str>,
    pub(super) id: Option<Cow<'a, str>>,
}

/// An event of an alert, in a line.
#[derive(Debug)]
pub(super) struct EventView<'a> {
    pub(super) time: Option<i64>,
    pub(super) action: Option<Cow<'a, str>>,
    pub(super) outcome: Option<Cow<'a, str>>,
    pub(super) actor: Option<Cow<'a, str>>,
    pub(super) address: Option<Cow<'a, str>>,
    pub(super) id: Option<Cow<'a, str>>,
}

impl<'a> AlertView<'a> {
    /// Reads the document at `number`.
    pub(super) fn read(number: usize, text: &'a str) -> Result<Self, Error> {
        let mut scanner = Scanner::new(text);
        let document = scanner.value()?;
        scanner.end()?;

        let alert = document.get("wardgate").get("alert");
        let entities = alert.get("entities");
        let mut users = Vec::new();
        for member in ["user", "actor", "target_user"] {
            if let Some(name) = said(entities.get(member).get("name"))
                && !users.contains(&name)
            {
                users.push(name);
            }
        }
        Ok(Self {
            document,
            number,
            time: said(document.get("@timestamp")).and_then(|text| time::parse(&text)),
            severity: Severity::named(&said(alert.get("severity")).unwrap_or_default()),
            rule_id: said(document.get("rule").get("id")).unwrap_or_default(),
            message: said(document.get("message")).unwrap_or(Cow::Borrowed("Alert")),
            users,
            address: said(entities.get("source_ip")),
        })
    }

    pub(super) fn rule(&self, member: &str) -> Option<Cow<'a, str>> {
        said(self.document.get("rule").get(member))
    }

    pub(super) fn references(&self) -> Vec<Cow<'a, str>> {
        list(self.document.get("rule").get("reference"))
    }

    /// Ids and names of tactics, techniques and sub-techniques, in this order.
    pub(super) fn attack(&self) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        let threat = self.document.get("threat");
        let technique = threat.get("technique");
        [threat.get("tactic"), technique, technique.get("subtechnique")]
            .into_iter()
            .flat_map(|part| {
                let names =
                    list(part.get("name")).into_iter().map(Some).chain(std::iter::repeat(None));
                list(part.get("id")).into_iter().zip(names)
            })
            .map(|(id, name)| (id, name.unwrap_or_default()))
            .collect()
    }

    pub(super) fn entities(&self) -> Vec<Entity<'a>> {
        let entities = self.alert("entities");
        let labels = [
            ("user", "User"),
            ("actor", "Actor"),
            ("target_user", "Target user"),
            ("source_ip", "Address"),
            ("place", "Place"),
            ("app", "App"),
            ("session", "Session"),
            ("api_token", "API token"),
        ];
        let mut found = Vec::new();
        for (member, label) in labels {
            let value = entities.get(member);
            let id = said(value.get("id"));
            let name = said(value).or_else(|| said(value.get("name"))).or_else(|| id.clone());
            let Some(name) = name else { continue };
            let id = id.filter(|id| *id != name);
            // Most people act on their own behalf; once is enough.
            let known = |entity: &Entity<'_>| entity.name == name && entity.id == id;
            if member == "actor" && found.iter().any(known) {
                continue;
            }
            found.push(Entity { label, name, id });
        }
        found
    }

    /// Fields of the rule and the values that matched.
    pub(super) fn matched(&self) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        let field = |item: Value<'a>| Some((said(item.get("field"))?, shown(item.get("value"))));
        self.alert("matched").items().filter_map(field).collect()
    }

    pub(super) fn triage(&self) -> Vec<Cow<'a, str>> {
        list(self.alert("triage"))
    }

    pub(super) fn false_positives(&self) -> Vec<Cow<'a, str>> {
        list(self.alert("false_positives"))
    }

    pub(super) fn events(&self) -> impl Iterator<Item = EventView<'a>> + use<'a> {
        self.alert("events").items().map(|record| {
            let event = record.get("event");
            let actor = record.get("okta").get("system").get("actor");
            EventView {
                time: said(record.get("@timestamp")).and_then(|text| time::parse(&text)),
                action: said(event.get("action")),
                outcome: said(event.get("outcome")),
                actor: said(record.get("user").get("name"))
                    .or_else(|| said(actor.get("alternate_id"))),
                address: said(record.get("source").get("ip")),
                id: said(event.get("id")),
            }
        })
    }

    fn alert(&self, member: &str) -> Value<'a> {
        self.document.get("wardgate").get("alert").get(member)
    }
}

/// How a value reads, when it says anything.
fn said<'a>(value: Value<'a>) -> Option<Cow<'a, str>> {
    value.to_str().filter(|text| !text.is_empty())
}

/// How any value reads; objects, arrays and `null` as JSON.
fn shown(value: Value<'_>) -> Cow<'_, str> {
    match value {
        Value::Object(raw) | Value::Array(raw) => Cow::Borrowed(raw.as_str()),
        Value::Null => Cow::Borrowed("null"),
        other => other.to_str().unwrap_or_default(),
    }
}

/// The texts of an array, or the one text that stands in its place.
fn list<'a>(value: Value<'a>) -> Vec<Cow<'a, str>> {
    said(value).into_iter().chain(value.items().filter_map(said)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_a_row_needs() {
        let text = r#"{"@timestamp":"2026-09-03T08:14:22.101Z","message":"Ada did it",
            "rule":{"id":"r1","name":"Doing","reference":["a","b"]},
            "threat":{"tactic":{"id":["TA0003"],"name":["Persistence"]},
                "technique":{"id":["T1098"],"subtechnique":{"id":"T1098.001","name":"Cloud"}}},
            "wardgate":{"alert":{"severity":"high",
                "entities":{"user":{"id":"u1","name":"ada@x"},"actor":{"name":"ada@x"},
                    "target_user":{"name":"bob@x"},"source_ip":"1.2.3.4","app":{"id":"a9"}},
                "matched":[{"field":"eventType","value":"a.b"},{"field":"n","value":[1]},{"value":2}],
                "events":[{"event":{"action":"a.b","id":"e1"},"source":{"ip":"1.2.3.4"}}]}}}"#;
        let view = AlertView::read(7, text).unwrap();
        assert_eq!((view.number, view.severity), (7, Severity::High));
        assert_eq!(view.time, time::parse("2026-09-03T08:14:22.101Z"));
        assert_eq!((&*view.rule_id, &*view.message), ("r1", "Ada did it"));
        assert_eq!(view.users, ["ada@x", "bob@x"]);
        assert_eq!(view.address.as_deref(), Some("1.2.3.4"));
        assert_eq!(view.references(), ["a", "b"]);
        let attack: Vec<_> =
            view.attack().iter().map(|(id, name)| format!("{id}={name}")).collect();
        assert_eq!(attack, ["TA0003=Persistence", "T1098=", "T1098.001=Cloud"]);
        let entities = view.entities();
        assert_eq!(entities.len(), 5);
        assert_eq!(entities[0].id.as_deref(), Some("u1"));
        assert_eq!((entities[4].label, &*entities[4].name, &entities[4].id), ("App", "a9", &None));
        assert_eq!(
            view.matched(),
            [("eventType".into(), "a.b".into()), ("n".into(), "[1]".into())]
        );
        let events: Vec<_> = view.events().collect();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].id.as_deref(), Some("e1"));
    }

    #[test]
    fn names_an_actor_once() {
        let cases = [
            (r#"{"user":{"id":"1","name":"a"},"actor":{"id":"1","name":"a"}}"#, vec!["User"]),
            (
                r#"{"user":{"id":"1","name":"a"},"actor":{"id":"2","name":"a"}}"#,
                vec!["User", "Actor"],
            ),
            (r#"{"actor":{"id":"1","name":"a"}}"#, vec!["Actor"]),
        ];
        for (entities, expected) in cases {
            let text = format!(r#"{{"wardgate":{{"alert":{{"entities":{entities}}}}}}}"#);
            let view = AlertView::read(0, &text).unwrap();
            let labels: Vec<_> = view.entities().iter().map(|entity| entity.label).collect();
            assert_eq!(labels, expected);
        }
    }

    #[test]
    fn takes_a_document_that_says_nothing() {
        let view = AlertView::read(0, "{}").unwrap();
        assert_eq!((view.time, view.severity), (None, Severity::Informational));
        assert_eq!(view.message, "Alert");
        assert!(view.entities().is_empty() && view.attack().is_empty());
        assert_eq!(view.events().count(), 0);
        assert!(AlertView::read(0, "{").is_err());
    }
}
