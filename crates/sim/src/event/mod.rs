//! One System Log event on its way to JSON.
//!
//! The form is that of Okta's LogEvent as its API gives it: the order of members, where it writes
//! `null`, where it leaves a member out, and debug data that is nearly all strings.

mod party;
mod scene;
mod write;

use std::borrow::Cow;

pub(crate) use party::{Party, SYSTEM, UNKNOWN};
pub(crate) use scene::{Form, Risk, Scene, behaviour};

use crate::catalogue::{EventType, Severity};
use crate::json;

/// `outcome.result`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    Success,
    Failure,
    Skipped,
    Allow,
    Deny,
    Challenge,
    Unknown,
    Unanswered,
    Abandoned,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Outcome::Success => "SUCCESS",
            Outcome::Failure => "FAILURE",
            Outcome::Skipped => "SKIPPED",
            Outcome::Allow => "ALLOW",
            Outcome::Deny => "DENY",
            Outcome::Challenge => "CHALLENGE",
            Outcome::Unknown => "UNKNOWN",
            Outcome::Unanswered => "UNANSWERED",
            Outcome::Abandoned => "ABANDONED",
        }
    }
}

/// `authenticationContext`, less the sessions.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Authentication<'a> {
    pub(crate) provider: Option<&'static str>,
    pub(crate) credential_provider: Option<&'static str>,
    pub(crate) credential_type: Option<&'static str>,
    pub(crate) interface: Option<&'static str>,
    pub(crate) issuer: Option<(&'a str, &'static str)>,
    pub(crate) step: u8,
}

/// One event. Made by [`Event::new`], completed member by member, then written.
#[derive(Debug)]
pub(crate) struct Event<'a> {
    pub(crate) kind: &'static EventType,
    pub(crate) at: i64,
    pub(crate) actor: Party<'a>,
    pub(crate) scene: &'a Scene<'a>,
    pub(crate) severity: Severity,
    pub(crate) legacy: Option<&'static str>,
    pub(crate) outcome: Outcome,
    pub(crate) reason: Option<Cow<'a, str>>,
    pub(crate) authentication: Authentication<'a>,
    /// `debugData.requestUri`; `url` is the same with a question mark.
    pub(crate) uri: Cow<'a, str>,
    pub(crate) threat_suspected: bool,
    debug: Vec<u8>,
    targets: Option<Vec<u8>>,
}

impl<'a> Event<'a> {
    pub(crate) fn new(
        kind: &'static EventType,
        at: i64,
        actor: Party<'a>,
        scene: &'a Scene<'a>,
    ) -> Event<'a> {
        Event {
            kind,
            at,
            actor,
            scene,
            severity: kind.severity,
            legacy: kind.legacy,
            outcome: Outcome::Success,
            reason: None,
            authentication: Authentication::default(),
            uri: Cow::Borrowed(""),
            threat_suspected: false,
            debug: Vec::with_capacity(512),
            targets: None,
        }
    }

    pub(crate) fn outcome(mut self, outcome: Outcome, reason: impl Into<Cow<'a, str>>) -> Self {
        self.outcome = outcome;
        self.reason = Some(reason.into());
        self
    }

    pub(crate) fn result(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    pub(crate) fn uri(mut self, uri: impl Into<Cow<'a, str>>) -> Self {
        self.uri = uri.into();
        self
    }

    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    pub(crate) fn legacy(mut self, legacy: &'static str) -> Self {
        self.legacy = Some(legacy);
        self
    }

    pub(crate) fn authentication(mut self, authentication: Authentication<'a>) -> Self {
        self.authentication = authentication;
        self
    }

    /// Adds a text to `debugData`.
    pub(crate) fn debug(mut self, key: &'static str, value: &str) -> Self {
        json::member(&mut self.debug, key, value);
        self
    }

    /// Adds JSON text to `debugData`: the rare value that is not a string.
    pub(crate) fn debug_json(mut self, key: &'static str, value: &str) -> Self {
        self.debug.extend_from_slice(b",\"");
        self.debug.extend_from_slice(key.as_bytes());
        self.debug.extend_from_slice(b"\":");
        self.debug.extend_from_slice(value.as_bytes());
        self
    }

    /// Adds `behaviors` and `risk` in the form of sign-in events; where little is said, only when
    /// there is something to say.
    pub(crate) fn debug_risk(mut self) -> Self {
        if !matches!(self.scene.form, Form::Bare | Form::Classic) || self.scene.risk != Risk::Low {
            write::risk(&mut self.debug, self.scene);
        }
        self
    }

    /// Adds `logOnlySecurityData`, the same as JSON inside a string.
    pub(crate) fn debug_log_only(mut self) -> Self {
        if !matches!(self.scene.form, Form::Bare | Form::Classic) {
            write::log_only(&mut self.debug, self.scene);
        }
        self
    }

    /// Adds `logOnlySecurityData` where everything is said.
    pub(crate) fn debug_log_only_in_full(self) -> Self {
        if self.scene.form == Form::Full { self.debug_log_only() } else { self }
    }

    /// Makes `target` an empty list, where without any it is null.
    pub(crate) fn no_targets(mut self) -> Self {
        self.targets = Some(Vec::new());
        self
    }

    pub(crate) fn target(self, party: Party<'_>) -> Self {
        self.target_with(party, &[], None)
    }

    pub(crate) fn target_detail(self, party: Party<'_>, detail: &[(&str, &str)]) -> Self {
        self.target_with(party, detail, None)
    }

    /// Adds a target with `detailEntry` and, given before and after, `changeDetails`.
    pub(crate) fn target_with(
        mut self,
        party: Party<'_>,
        detail: &[(&str, &str)],
        change: Option<(Pairs<'_>, Pairs<'_>)>,
    ) -> Self {
        let out = self.targets.get_or_insert_with(|| Vec::with_capacity(512));
        if !out.is_empty() {
            out.push(b',');
        }
        write::target(out, &party, detail, change, self.scene.form);
        self
    }
}

/// Keys, which need no escape, and values.
pub(crate) type Pairs<'a> = &'a [(&'a str, &'a str)];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::catalogue::SSO;
    use crate::org::Org;
    use crate::text::Text;

    fn read(event: &Event<'_>, org: &Org) -> Value {
        let mut out = Vec::new();
        event.write(&mut out, "f790999f-fe87-467a-9880-6982a583986c", org);
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn members_without_a_value_are_null_or_left_out() {
        let org = Org::new(1, 20);
        let origin = &org.users[0].home;
        let agent = &org.users[0].devices[0].browser;
        for (form, is_null) in
            [(Form::Bare, false), (Form::Classic, false), (Form::Usual, true), (Form::Full, true)]
        {
            let scene = Scene { form, ..Scene::request(origin, agent, Text::from("t")) };
            let event = read(&Event::new(&SSO, 0, UNKNOWN, &scene), &org);
            for path in ["/device", "/outcome/reason", "/actor/detailEntry", "/client/id"] {
                assert_eq!(event.pointer(path), is_null.then_some(&Value::Null), "{form:?} {path}");
            }
            let bare = form == Form::Bare;
            assert_eq!(event.get("securityContext").is_none(), bare, "{form:?}");
            assert_eq!(event.get("request").is_none(), bare, "{form:?}");
            assert_eq!(event["target"], Value::Null);
            assert_eq!(event["published"], "1970-01-01T00:00:00.000Z");
            assert_eq!(event["client"]["ipAddress"], origin.address.as_str());
        }
    }

    proptest! {
        #[test]
        fn any_text_reads_back_as_it_was(name: String, id: String, value: String, uri: String) {
            let org = Org::new(1, 3);
            for form in [Form::Bare, Form::Classic, Form::Usual, Form::Full] {
                let scene = Scene { form, is_job: false, ..Scene::job(Text::from("t")) };
                let actor = Party::new("User", &id, &id, &name);
                let event = Event::new(&SSO, 0, actor, &scene)
                    .outcome(Outcome::Failure, value.as_str())
                    .uri(uri.as_str())
                    .debug("factor", &value)
                    .target_with(actor, &[("old", &value)], Some((&[("a", &name)], &[("a", &uri)])));
                let event = read(&event, &org);
                prop_assert_eq!(&event["actor"]["displayName"], &name);
                prop_assert_eq!(&event["outcome"]["reason"], &value);
                prop_assert_eq!(&event["debugContext"]["debugData"]["requestUri"], &uri);
                prop_assert_eq!(&event["debugContext"]["debugData"]["factor"], &value);
                prop_assert_eq!(&event["target"][0]["alternateId"], &id);
                prop_assert_eq!(&event["target"][0]["detailEntry"]["old"], &value);
                prop_assert_eq!(&event["target"][0]["changeDetails"]["from"]["a"], &name);
                prop_assert_eq!(&event["target"][0]["changeDetails"]["to"]["a"], &uri);
            }
        }
    }
}
