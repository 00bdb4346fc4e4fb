//! The record: a LogEvent seen as an ECS document.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::ops::ControlFlow;
use std::rc::Rc;

use bumpalo::Bump;
use bumpalo::collections::{String as BumpString, Vec as BumpVec};
use okta::LogEvent;
use okta::json::{Text, Value};

use crate::agent::{Known, UserAgent, UserAgents, browser_name};
use crate::categories::{Categories, categorise};
use crate::fields::Visitor;
use crate::{Timestamp, debug, domain};

/// The Okta organisation that events come from, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Organization {
    /// `organization.id`.
    pub id: Option<String>,
    /// `organization.name`.
    pub name: Option<String>,
}

/// What records are made with: one for each thread.
///
/// It remembers user agents, and lends the memory in which a record keeps what it works out.
/// [`Context::reset`] between batches gives that memory back.
#[derive(Default)]
pub struct Context {
    pub(crate) organization: Organization,
    pub(crate) agents: UserAgents,
    pub(crate) bump: Bump,
    /// The time of arrival that was written last, as it is written.
    ingested: RefCell<Option<(Timestamp, String)>>,
}

impl Context {
    /// A context for the events of one organisation.
    #[must_use]
    pub fn new(organization: Organization) -> Self {
        Self { organization, ..Self::default() }
    }

    /// Gives back the memory that records have borrowed.
    pub fn reset(&mut self) {
        self.bump.reset();
    }
}

/// How an event came to us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// When it arrived; it stands in for a date that cannot be read.
    pub ingested: Option<Timestamp>,
    /// Whether its text was no UTF-8 and has been repaired.
    pub repaired: bool,
}

/// An id, a name and a full name, wherever they come from.
#[derive(Clone, Copy, Default)]
pub(crate) struct Person<'a> {
    pub(crate) id: Value<'a>,
    pub(crate) alternate_id: Value<'a>,
    pub(crate) display_name: Value<'a>,
}

/// An event as an ECS document, worked out field by field as they are asked for.
///
/// What it says is in the field table, [`crate::FIELDS`]. A field that has nothing to say is
/// left out: no nulls, no empty strings, no empty objects.
pub struct Record<'a> {
    pub(crate) event: &'a LogEvent<'a>,
    pub(crate) context: &'a Context,
    pub(crate) arrival: Arrival,
    pub(crate) user: Person<'a>,
    /// Which of the targets `user` is.
    user_from: Option<usize>,
    agent: OnceCell<Option<Rc<Known>>>,
    published: OnceCell<Option<Timestamp>>,
    source_ip: OnceCell<Value<'a>>,
    domain_parts: OnceCell<Option<(&'a str, &'a str)>>,
    debug_context: OnceCell<Value<'a>>,
    debug_data: OnceCell<&'a [(Text<'a>, Value<'a>)]>,
}

impl<'a> Record<'a> {
    /// The record of `event`.
    #[must_use]
    pub fn new(event: &'a LogEvent<'a>, context: &'a Context, arrival: Arrival) -> Self {
        let user_from = event.target.iter().position(|target| is_user(target.kind));
        let user = match user_from.and_then(|position| event.target.get(position)) {
            Some(target) => Person {
                id: target.id,
                alternate_id: target.alternate_id,
                display_name: target.display_name,
            },
            None => Person {
                id: event.actor.id,
                alternate_id: event.actor.alternate_id,
                display_name: event.actor.display_name,
            },
        };
        Self {
            event,
            context,
            arrival,
            user,
            user_from,
            agent: OnceCell::new(),
            published: OnceCell::new(),
            source_ip: OnceCell::new(),
            domain_parts: OnceCell::new(),
            debug_context: OnceCell::new(),
            debug_data: OnceCell::new(),
        }
    }

    /// The event behind the record.
    #[must_use]
    pub fn event(&self) -> &'a LogEvent<'a> {
        self.event
    }

    /// How the event came to us.
    #[must_use]
    pub fn arrival(&self) -> Arrival {
        self.arrival
    }

    /// When the event happened; when it arrived, if its own date cannot be read; `None` when
    /// neither is known.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        self.published().or(self.arrival.ingested)
    }

    /// When the event happened, if that can be read.
    #[must_use]
    pub fn published(&self) -> Option<Timestamp> {
        *self.published.get_or_init(|| Timestamp::parse(&self.event.published.text()?.to_str()))
    }

    /// Calls `visitor` with every text, number and boolean of the event, until it breaks.
    pub fn visit_leaves(&self, visitor: Visitor<'_, 'a>) -> ControlFlow<()> {
        self.event.visit_leaves(visitor)
    }

    pub(crate) fn constant(&self, text: &'static str) -> Value<'a> {
        Value::Text(Text::word(text))
    }

    /// A string of ours; nothing when it is empty.
    pub(crate) fn plain(&self, text: Option<&'a str>) -> Value<'a> {
        text.filter(|text| !text.is_empty())
            .map_or(Value::Missing, |text| Value::Text(Text::plain(text)))
    }

    /// A value as a keyword: a string that is not empty, or a number or boolean written as one.
    pub(crate) fn keyword(&self, value: Value<'a>) -> Value<'a> {
        keyword(value)
    }

    /// A login name: a keyword, without the backslash that some end in.
    pub(crate) fn name(&self, value: Value<'a>) -> Value<'a> {
        let value = self.keyword(value);
        let Value::Text(text) = value else { return value };
        match text.as_plain() {
            Some(plain) if !plain.ends_with('\\') => value,
            _ => {
                let name = self.borrow(text.to_str());
                match name.trim_end_matches('\\') {
                    "" => Value::Missing,
                    trimmed if trimmed.len() == name.len() => value,
                    trimmed => self.plain(Some(trimmed)),
                }
            }
        }
    }

    /// An integer, also when it is written as a string; nothing when it is none.
    pub(crate) fn long(&self, value: Value<'a>) -> Value<'a> {
        let Some(text) = value.to_str().filter(|_| !matches!(value, Value::Bool(_))) else {
            return Value::Missing;
        };
        let text = text.trim();
        let whole = text.parse::<i64>().ok().or_else(|| whole_number(text));
        let Some(number) = whole else { return Value::Missing };
        match value {
            Value::Number(written) if written.parse::<i64>().is_ok() => value,
            _ => Value::Number(self.context.bump.alloc_str(itoa::Buffer::new().format(number))),
        }
    }

    pub(crate) fn boolean(&self, value: Value<'a>) -> Value<'a> {
        match value {
            Value::Bool(_) => value,
            Value::Text(text) => match &*text.to_str().to_ascii_lowercase() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                _ => Value::Missing,
            },
            _ => Value::Missing,
        }
    }

    /// An IPv4 or IPv6 address, as it was written.
    pub(crate) fn ip(&self, value: Value<'a>) -> Value<'a> {
        ip(value)
    }

    pub(crate) fn source_ip(&self) -> Value<'a> {
        *self.source_ip.get_or_init(|| self.ip(self.event.client.ip_address))
    }

    /// Hands one of several values to `visit`, if there is one.
    pub(crate) fn member(&self, value: Value<'a>, visit: Visitor<'_, 'a>) -> ControlFlow<()> {
        match value {
            Value::Missing => ControlFlow::Continue(()),
            value => visit(value),
        }
    }

    pub(crate) fn categories(&self) -> Categories {
        match self.event.event_type.text() {
            Some(text) => categorise(&text.to_str()),
            None => categorise(""),
        }
    }

    pub(crate) fn outcome(&self) -> Value<'a> {
        let Value::Text(result) = self.keyword(self.event.outcome.result) else {
            return Value::Missing;
        };
        self.constant(match &*result.to_str() {
            "SUCCESS" | "ALLOW" => "success",
            "FAILURE" | "DENY" => "failure",
            _ => "unknown",
        })
    }

    pub(crate) fn ingested(&self) -> Value<'a> {
        self.arrival.ingested.map_or(Value::Missing, |ingested| {
            let mut last = self.context.ingested.borrow_mut();
            // What comes together arrived together.
            let written = match &*last {
                Some((time, written)) if *time == ingested => self.context.bump.alloc_str(written),
                _ => {
                    let written = ingested.to_string();
                    let borrowed = self.context.bump.alloc_str(&written);
                    *last = Some((ingested, written));
                    borrowed
                }
            };
            self.plain(Some(written))
        })
    }

    pub(crate) fn domain_parts(&self) -> Option<(&'a str, &'a str)> {
        *self.domain_parts.get_or_init(|| {
            let domain = self.event.security_context.domain.text()?;
            let domain = self.borrow(domain.to_str());
            let domain = if domain.bytes().any(|byte| byte.is_ascii_uppercase()) {
                self.context.bump.alloc_str(&domain.to_ascii_lowercase())
            } else {
                domain
            };
            domain::registrable(domain)
        })
    }

    pub(crate) fn location(&self) -> Value<'a> {
        let Some((lat, lon)) = self.coordinates() else { return Value::Missing };
        let mut json = BumpString::with_capacity_in(lat.len() + lon.len() + 16, &self.context.bump);
        for part in ["{\"lat\":", &lat, ",\"lon\":", &lon, "}"] {
            json.push_str(part);
        }
        debug::object(json.into_bump_str()).unwrap_or_default()
    }

    /// Latitude and longitude in degrees, as JSON numbers.
    pub fn coordinates(&self) -> Option<(Cow<'a, str>, Cow<'a, str>)> {
        // A number that JSON knows stays as it was written; one from a string is written anew.
        let degrees = |value: Value<'a>, limit: f64| {
            let text = value.to_str()?;
            let degrees: f64 = text.trim().parse().ok()?;
            let written = match value {
                Value::Number(_) => text,
                _ => Cow::Owned(degrees.to_string()),
            };
            (degrees.abs() <= limit).then_some(written)
        };
        let geolocation = &self.event.client.geographical_context.geolocation;
        Some((degrees(geolocation.lat, 90.0)?, degrees(geolocation.lon, 180.0)?))
    }

    /// The targeted user, when the actor is somebody else.
    pub(crate) fn user_target(&self) -> Person<'a> {
        let actor_id = self.event.actor.id.to_str();
        match self.user_from {
            Some(_) if self.user.id.to_str() != actor_id => self.user,
            _ => Person::default(),
        }
    }

    pub(crate) fn agent_original(&self) -> Value<'a> {
        let value = self.keyword(self.event.client.user_agent.raw_user_agent);
        let Value::Text(text) = value else { return Value::Missing };
        if contains_unknown(text.to_str().as_bytes()) { Value::Missing } else { value }
    }

    pub(crate) fn agent(&self) -> Option<&Rc<Known>> {
        let agent = self.agent.get_or_init(|| {
            let original = self.agent_original().text()?;
            Some(self.context.agents.parse(&original.to_str()))
        });
        agent.as_ref()
    }

    pub(crate) fn agent_part(&self, part: impl Fn(&UserAgent) -> Option<&str>) -> Value<'a> {
        match self.agent().and_then(|known| part(&known.agent)) {
            Some(text) => self.plain(Some(self.context.bump.alloc_str(text))),
            None => Value::Missing,
        }
    }

    pub(crate) fn agent_name(&self) -> Value<'a> {
        if self.agent().is_some() {
            return self.agent_part(|agent| Some(&agent.name));
        }
        let browser = self.event.client.user_agent.browser.text();
        browser
            .and_then(|browser| {
                let browser = browser.to_str();
                let name = browser_name(&browser)?;
                Some(self.plain(Some(self.context.bump.alloc_str(&name))))
            })
            .unwrap_or_default()
    }

    pub(crate) fn session_id(&self) -> Value<'a> {
        match self.keyword(self.event.authentication_context.external_session_id) {
            Value::Text(text) if text.is("unknown") => Value::Missing,
            value => value,
        }
    }

    pub(crate) fn device_integrator(&self) -> Value<'a> {
        match self.event.device.device_integrator {
            value @ (Value::Object(_) | Value::Array(_)) => value,
            Value::Text(text) => debug::object(self.borrow(text.to_str())).unwrap_or_default(),
            _ => Value::Missing,
        }
    }

    pub(crate) fn ip_chain(&self) -> impl Iterator<Item = Value<'a>> {
        self.event.request.ip_chain.items().filter(|hop| matches!(hop, Value::Object(_)))
    }

    /// Hands a member of each hop, by its name in ECS's spelling, to `visit`.
    pub(crate) fn hops(
        &self,
        name: &str,
        read: impl Fn(Value<'a>) -> Value<'a>,
        visit: Visitor<'_, 'a>,
    ) -> ControlFlow<()> {
        self.ip_chain().try_for_each(|hop| {
            let value = named(hop, name).map_or(Value::Missing, &read);
            self.member(value, visit)
        })
    }

    pub(crate) fn targets(&self, visit: Visitor<'_, 'a>) -> ControlFlow<()> {
        // The objects themselves are found in the text: the members that are known have been
        // read, and the others are what somebody who asks for the whole wants.
        let Some(root) = debug::object(self.event.raw()) else { return ControlFlow::Continue(()) };
        let target = root.get("target");
        match target {
            Value::Object(_) => visit(target),
            _ => target.items().filter(|item| matches!(item, Value::Object(_))).try_for_each(visit),
        }
    }

    /// The members of debugData, read once for all who look into it.
    pub(crate) fn debug_data(&self) -> &'a [(Text<'a>, Value<'a>)] {
        self.debug_data.get_or_init(|| {
            let members = self.event.debug_context.debug_data.entries();
            BumpVec::from_iter_in(members, &self.context.bump).into_bump_slice()
        })
    }

    /// debugData as an object, with structures in the place of the strings that hold them. Names
    /// are still Okta's.
    pub(crate) fn debug_context(&self) -> Value<'a> {
        *self.debug_context.get_or_init(|| {
            let data = self.event.debug_context.debug_data;
            if !matches!(data, Value::Object(_)) {
                return Value::Missing;
            }
            let bump = &self.context.bump;
            let mut json = BumpString::from_str_in("{", bump);
            for (name, value) in data.entries() {
                let value = debug::structured(name, value, bump);
                if matches!(value, Value::Missing) {
                    continue;
                }
                if json.len() > 1 {
                    json.push(',');
                }
                crate::write::text(&mut json, name);
                json.push(':');
                crate::write::value(&mut json, value);
            }
            json.push('}');
            debug::object(json.into_bump_str()).unwrap_or(data)
        })
    }

    /// Every login name in the record, sorted, each once.
    pub(crate) fn related_users(&self) -> BumpVec<'a, &'a str> {
        let event = self.event;
        let targets = event.target.iter().filter(|target| is_user(target.kind));
        let targets = targets.map(|target| target.alternate_id);
        let actor_is_user = event.actor.kind.text().is_some_and(|kind| kind.is("User"));
        let actor = actor_is_user.then_some(event.actor.alternate_id);
        let names = std::iter::once(self.user.alternate_id).chain(targets).chain(actor);
        let names =
            names.filter_map(|name| self.name(name).text()).map(|name| self.borrow(name.to_str()));
        let mut names = BumpVec::from_iter_in(names, &self.context.bump);
        names.sort_unstable();
        names.dedup();
        names
    }

    pub(crate) fn tags(&self) -> impl Iterator<Item = &'static str> {
        let no_date = self.published().is_none().then_some("timestamp_invalid");
        let repaired = self.arrival.repaired.then_some("utf8_repaired");
        no_date.into_iter().chain(repaired)
    }

    /// A string for as long as the record lives.
    fn borrow(&self, text: Cow<'a, str>) -> &'a str {
        match text {
            Cow::Borrowed(text) => text,
            Cow::Owned(text) => self.context.bump.alloc_str(&text),
        }
    }
}

/// The member of an object that has a name in ECS's spelling: of several, the last.
pub(crate) fn named<'a>(object: Value<'a>, name: &str) -> Option<Value<'a>> {
    let named = object.entries().filter(|(key, _)| has_name(*key, name)).last();
    named.map(|(_, value)| value)
}

/// Whether a member of Okta's has a name in ECS's spelling, in any case.
pub(crate) fn has_name(key: Text<'_>, name: &str) -> bool {
    match key.as_plain() {
        Some(plain) if plain == name => true,
        // Spelling it anew leaves the first letter as it is.
        Some(plain) if !begins_alike(plain, name) => false,
        _ => debug::snake_case(&key.to_str()).eq_ignore_ascii_case(name),
    }
}

/// Whether two names may have the same first letter: they do not when both begin with different
/// ASCII letters.
fn begins_alike(a: &str, b: &str) -> bool {
    match (a.as_bytes().first(), b.as_bytes().first()) {
        (Some(a), Some(b)) if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
            a.eq_ignore_ascii_case(b)
        }
        _ => true,
    }
}

/// See [`Record::keyword`].
pub(crate) fn keyword(value: Value<'_>) -> Value<'_> {
    match value {
        Value::Text(text) if !text.is_empty() => value,
        Value::Number(number) => Value::Text(Text::plain(number)),
        Value::Bool(true) => Value::Text(Text::plain("true")),
        Value::Bool(false) => Value::Text(Text::plain("false")),
        _ => Value::Missing,
    }
}

/// See [`Record::ip`].
pub(crate) fn ip(value: Value<'_>) -> Value<'_> {
    match value.text().map(|text| text.to_str().parse::<std::net::IpAddr>()) {
        Some(Ok(_)) => value,
        _ => Value::Missing,
    }
}

fn is_user(kind: Value<'_>) -> bool {
    kind.text().is_some_and(|kind| kind.is("User") || kind.is("AppUser"))
}

/// Whether `unknown` occurs, in any case.
fn contains_unknown(text: &[u8]) -> bool {
    memchr::memchr2_iter(b'k', b'K', text).any(|at| {
        let around = at.checked_sub(2).and_then(|start| text.get(start..start + 7));
        around.is_some_and(|around| around.eq_ignore_ascii_case(b"unknown"))
    })
}

/// The integer that a number such as `3741.0` or `3.741e3` is, where a double can tell.
fn whole_number(text: &str) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let number: f64 = text.parse().ok()?;
    if number.fract() != 0.0 || number.abs() > EXACT {
        return None;
    }
    format!("{number:.0}").parse().ok()
}
