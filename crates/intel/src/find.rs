//! Finds indicators in events.

use std::borrow::Cow;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use ecs::{FieldId, Record, Timestamp};
use hashbrown::HashSet;
use memchr::memmem::Finder;
use okta::json::{Text, Value as Json};

use crate::indicator::Tlp;
use crate::networks::{canonical, is_nobody};
use crate::set::{Entry, IndicatorSet, NONE, Times};
use crate::value::{Kind, Value, domain, email, network_key, url, user_agent};

/// How many days an indicator is looked for before and after it holds.
pub const TOLERANCE_DAYS: u32 = 5;
const TOLERANCE: i64 = TOLERANCE_DAYS as i64 * 86_400;
/// How many findings an event has at the most.
const MOST: usize = 100;
/// How many entries are noted for it, before it is looked which of them hold.
const MOST_NOTED: usize = 10_000;
/// The members of debugData that hold URLs, by Okta's names and by ours.
const URLS: [(&str, &str); 4] = [
    ("url", "okta.system.debug_context.url"),
    ("requestUri", "okta.system.debug_context.request_uri"),
    ("redirectUri", "okta.system.debug_context.redirect_uri"),
    ("origin", "okta.system.debug_context.origin"),
];

/// Which events an indicator finds, by the time they happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// From five days before it holds (it is known only after the fact) until it no longer does.
    Stream,
    /// Five days more.
    Hunt,
}

/// An indicator and where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The field of the record.
    pub field: &'static str,
    /// The value in it.
    pub matched: String,
    /// The indicator.
    pub indicator: Found,
}

/// What is known of an indicator that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its id, or nothing.
    pub id: String,
    /// The value.
    pub value: String,
    /// The STIX type of the value.
    pub kind: &'static str,
    /// The feed.
    pub feed: String,
    /// From when on it holds.
    pub valid_from: Option<Timestamp>,
    /// Until when.
    pub valid_until: Option<Timestamp>,
    /// How sure the feed is, 0 to 100.
    pub confidence: Option<u8>,
    /// How far it may be passed on.
    pub tlp: Option<Tlp>,
    /// What it indicates.
    pub labels: Vec<String>,
    /// What it is about.
    pub description: String,
}

/// How many values are remembered in which nothing was found; a power of two.
const REMEMBERED: usize = 1 << 14;

/// The values of late that no indicator of a set has anything to do with: users, addresses and
/// domains come again and again. One for each thread.
#[derive(Debug, Default)]
pub struct Seen {
    /// The set that it is about.
    set: u64,
    /// Hashes, each in the place that its lowest bits say.
    hashes: Vec<u64>,
}

impl Seen {
    fn be_about(&mut self, set: u64) {
        if self.set != set || self.hashes.is_empty() {
            self.hashes.clear();
            self.hashes.resize(REMEMBERED, 0);
            self.set = set;
        }
    }

    fn has(&self, hash: u64) -> bool {
        self.hashes.get(hash as usize & (REMEMBERED - 1)) == Some(&hash)
    }

    fn remember(&mut self, hash: u64) {
        if let Some(place) = self.hashes.get_mut(hash as usize & (REMEMBERED - 1)) {
            *place = hash;
        }
    }
}

/// What is looked for in a value.
#[derive(Clone, Copy, Hash)]
enum Look {
    Address,
    Domain,
    UserEmail,
    Email,
    UserAgent,
}

/// What is looked for in one event.
struct Search<'s, 'm> {
    set: &'s IndicatorSet,
    seen: Option<&'m mut Seen>,
    /// Whether there was any entry for the value at hand, whenever it holds.
    noticed: bool,
    /// From when until when it happened, both included.
    time: Option<(Timestamp, Timestamp)>,
    behind: i64,
    found: Vec<(&'static str, String, &'s Entry)>,
    key: Vec<u8>,
}

impl IndicatorSet {
    /// The indicators that an event has something to do with: each once, those that are surest
    /// first. An event without a time finds whatever there is.
    #[must_use]
    pub fn find(&self, record: &Record<'_>, period: Period) -> Vec<Finding> {
        self.find_in(record, period, None)
    }

    /// As [`IndicatorSet::find`], for one event after the other.
    pub fn find_next(&self, record: &Record<'_>, period: Period, seen: &mut Seen) -> Vec<Finding> {
        seen.be_about(self.number);
        self.find_in(record, period, Some(seen))
    }

    fn find_in(
        &self,
        record: &Record<'_>,
        period: Period,
        seen: Option<&mut Seen>,
    ) -> Vec<Finding> {
        if self.is_empty() {
            return Vec::new();
        }
        let behind = if period == Period::Hunt { TOLERANCE } else { 0 };
        // Whenever it happened: that is looked at when there is something.
        let mut search = Search::new(self, None, behind);
        search.seen = seen;
        search.record(record);
        if search.found.is_empty() {
            return Vec::new();
        }
        search.time = record.time().map(|time| (time, time));
        search.keep_held();
        search.findings()
    }

    fn allows(&self, kind: Kind, key: &[u8]) -> bool {
        let order = |value: &Value| (value.kind(), value.key()).cmp(&(kind, key));
        self.allowed.binary_search_by(order).is_ok()
    }
}

impl<'s, 'm> Search<'s, 'm> {
    fn new(set: &'s IndicatorSet, time: Option<(Timestamp, Timestamp)>, behind: i64) -> Self {
        let (found, key) = (Vec::new(), Vec::new());
        Self { set, seen: None, noticed: false, time, behind, found, key }
    }

    /// Looks at a value, unless it is known that there is nothing.
    fn look(&mut self, what: Look, text: &str, look: impl FnOnce(&mut Self)) {
        let Some(seen) = &self.seen else { return look(self) };
        let hash = self.set.hasher.hash_one((what, text.as_bytes()));
        if seen.has(hash) {
            return;
        }
        self.noticed = false;
        look(self);
        if !self.noticed
            && let Some(seen) = &mut self.seen
        {
            seen.remember(hash);
        }
    }

    fn record(&mut self, record: &Record<'_>) {
        let set = self.set;
        let has = |kind| set.count(kind) > 0;
        if has(Kind::Address) {
            let first = texts(record, FieldId::SourceIp, |text| {
                self.look(Look::Address, text, |search| search.address("source.ip", text, false));
            });
            self.chain(record.event().request.ip_chain, first.as_deref());
        }
        if has(Kind::Domain) {
            // source.registered_domain is above it: what is found for that is found for this.
            texts(record, FieldId::SourceDomain, |text| {
                self.look(Look::Domain, text, |search| search.domain("source.domain", text));
            });
        }
        if has(Kind::Domain) || has(Kind::Email) {
            let own = texts(record, FieldId::UserEmail, |text| {
                self.look(Look::UserEmail, text, |search| search.user_email(text));
            });
            if has(Kind::Email) {
                let mut other = |field, text: &str| {
                    self.look(Look::Email, text, |search| search.email(field, text));
                };
                texts(record, FieldId::UserTargetEmail, |text| other("user.target.email", text));
                texts(record, FieldId::ActorAlternateId, |text| {
                    if own.as_deref() != Some(text) {
                        other("okta.system.actor.alternate_id", text);
                    }
                });
            }
        }
        let debug_data = record.event().debug_context.debug_data;
        let in_urls = has(Kind::Url) || has(Kind::Domain) || has(Kind::Address);
        if in_urls && may_have_url(debug_data) {
            for (name, value) in debug_data.entries() {
                self.debug(name, value);
            }
        }
        if has(Kind::UserAgent) {
            texts(record, FieldId::UserAgentOriginal, |text| {
                self.look(Look::UserAgent, text, |search| {
                    let (agent, field) = (user_agent(text), "user_agent.original");
                    search.try_value(field, text, Kind::UserAgent, agent.as_bytes());
                });
            });
        }
        if has(Kind::System) {
            texts(record, FieldId::SourceAsNumber, |text| {
                if let Ok(number) = text.parse::<u32>() {
                    let key = number.to_be_bytes();
                    self.try_value("source.as.number", text, Kind::System, &key);
                }
            });
        }
    }

    /// The addresses of the request's chain, which mostly has but the client's.
    fn chain(&mut self, chain: Json<'_>, client: Option<&str>) {
        if let Json::Array(raw) = chain
            && !self.may_be_in(raw.as_str(), client)
        {
            return;
        }
        for hop in chain.items() {
            if let Some(text) = hop.get("ip").to_str()
                && Some(&*text) != client
            {
                self.address("okta.system.request.ip_chain.ip", text.trim(), false);
            }
        }
    }

    /// Whether something may be found in the text of a chain. To take its hops apart would take
    /// longer than all the rest.
    fn may_be_in(&self, chain: &str, client: Option<&str>) -> bool {
        static MEMBER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"ip\""));
        if memchr::memchr(b'\\', chain.as_bytes()).is_some() {
            return true;
        }
        MEMBER.find_iter(chain.as_bytes()).any(|at| {
            let Some(value) = chain.get(at + 4..).and_then(|rest| rest.strip_prefix(':')) else {
                return true;
            };
            let Some(value) = value.trim_ascii_start().strip_prefix('"') else { return true };
            // Mostly it is the client's, which has been looked at.
            let behind = client.and_then(|client| value.strip_prefix(client));
            if behind.is_some_and(|behind| behind.starts_with('"')) {
                return false;
            }
            let Some((value, _)) = value.split_once('"') else { return true };
            match value.trim().parse().map(canonical) {
                Ok(IpAddr::V4(v4)) => self.set.blocks.may_have(v4),
                Ok(IpAddr::V6(_)) => true,
                Err(_) => false,
            }
        })
    }

    fn debug(&mut self, name: Text<'_>, value: Json<'_>) {
        let Some((_, field)) = URLS.iter().find(|(url, _)| name.is(url)) else { return };
        let Some(text) = value.text() else { return };
        let text = text.to_str();
        // Most are paths of the organisation's own.
        if text.contains("://") {
            self.url(field, &text);
        }
    }

    fn address(&mut self, field: &'static str, text: &str, in_url: bool) {
        let Ok(address) = text.parse::<IpAddr>() else { return };
        let address = canonical(address);
        let set = self.set;
        if let IpAddr::V4(v4) = address
            && !set.blocks.may_have(v4)
        {
            return;
        }
        if is_nobody(address) || self.is_allowed(address) {
            return;
        }
        let [v4, v6] = &set.prefixes;
        let prefixes = if address.is_ipv4() { v4 } else { v6 };
        let mut key = std::mem::take(&mut self.key);
        for prefix in prefixes {
            network_key(address, *prefix, &mut key);
            for entry in set.alike(Kind::Address, &key) {
                // Victims talk to command and control; nobody signs in from it.
                if in_url || !entry.command_and_control {
                    self.note(field, text, entry);
                }
            }
        }
        self.key = key;
    }

    fn is_allowed(&self, address: IpAddr) -> bool {
        if self.set.allowed.is_empty() {
            return false;
        }
        let most = if address.is_ipv4() { 32 } else { 128 };
        let mut key = Vec::with_capacity(17);
        (0..=most).any(|prefix| {
            network_key(address, prefix, &mut key);
            self.set.allows(Kind::Address, &key)
        })
    }

    fn domain(&mut self, field: &'static str, text: &str) {
        let mut key = std::mem::take(&mut self.key);
        if lower(text, &mut key) {
            // What is no domain is none of an indicator, and found to be none.
            if key.last() == Some(&b'.') {
                key.pop();
            }
            self.domain_key(field, text, &key);
        } else if let Some(domain) = domain(text) {
            self.domain_key(field, text, domain.as_bytes());
        }
        self.key = key;
    }

    /// A domain, and all above it but the last, which nobody owns.
    fn domain_key(&mut self, field: &'static str, text: &str, key: &[u8]) {
        let set = self.set;
        let above = || {
            let dots = memchr::memchr_iter(b'.', key).map(|dot| dot + 1);
            std::iter::once(0).chain(dots).filter_map(|start| key.get(start..))
        };
        let allowed = |name: &[u8]| set.allows(Kind::Domain, name);
        if !set.allowed.is_empty() && above().any(allowed) {
            return;
        }
        for name in above().filter(|name| name.contains(&b'.')) {
            self.try_value(field, text, Kind::Domain, name);
        }
    }

    fn user_email(&mut self, text: &str) {
        if self.set.count(Kind::Domain) > 0
            && let Some((_, host)) = text.rsplit_once('@')
        {
            self.domain("user.email", host);
        }
        if self.set.count(Kind::Email) > 0 {
            self.email("user.email", text);
        }
    }

    fn email(&mut self, field: &'static str, text: &str) {
        let mut key = std::mem::take(&mut self.key);
        let is_plain = text.rsplit_once('@').is_some_and(|(name, host)| {
            name.is_ascii() && lower(host, &mut key) && !host.ends_with('.')
        });
        if is_plain {
            key.clear();
            key.extend_from_slice(text.as_bytes());
            key.make_ascii_lowercase();
            self.try_value(field, text, Kind::Email, &key);
        } else if let Some(email) = email(text) {
            self.try_value(field, text, Kind::Email, email.as_bytes());
        }
        self.key = key;
    }

    fn url(&mut self, field: &'static str, text: &str) {
        let Some((whole, query, parsed)) = url(text) else { return };
        self.try_value(field, text, Kind::Url, whole.as_bytes());
        if let Some(without) = query.and_then(|query| whole.get(..query)) {
            self.try_value(field, text, Kind::Url, without.as_bytes());
        }
        match parsed.host() {
            Some(url::Host::Domain(host)) => self.domain(field, host),
            Some(url::Host::Ipv4(address)) => self.address(field, &address.to_string(), true),
            Some(url::Host::Ipv6(address)) => self.address(field, &address.to_string(), true),
            None => {}
        }
    }

    fn try_value(&mut self, field: &'static str, text: &str, kind: Kind, key: &[u8]) {
        let set = self.set;
        set.alike(kind, key).for_each(|entry| self.note(field, text, entry));
    }

    fn note(&mut self, field: &'static str, text: &str, entry: &'s Entry) {
        self.noticed = true;
        if self.holds(entry) && self.found.len() < MOST_NOTED {
            self.found.push((field, text.to_owned(), entry));
        }
    }

    fn holds(&self, entry: &Entry) -> bool {
        let holds = |(first, last)| entry.times.hold_within(first, last, TOLERANCE, self.behind);
        entry.times != Times::NEVER && self.time.is_none_or(holds)
    }

    fn keep_held(&mut self) {
        let mut found = std::mem::take(&mut self.found);
        found.retain(|(_, _, entry)| self.holds(entry));
        found.truncate(4 * MOST);
        self.found = found;
    }

    fn findings(self) -> Vec<Finding> {
        let Self { set, found, .. } = self;
        let mut findings: Vec<Finding> = Vec::new();
        for (field, matched, entry) in &found {
            if entry.compound != NONE {
                let mut values: Vec<_> = found
                    .iter()
                    .filter(|(_, _, other)| other.compound == entry.compound)
                    .map(|(_, _, other)| (other.kind, set.value(other)))
                    .collect();
                values.sort_unstable();
                values.dedup();
                let wanted = set.compounds.get(entry.compound as usize).copied().unwrap_or(NONE);
                if u32::try_from(values.len()).unwrap_or(0) < wanted {
                    continue;
                }
            }
            let Some(context) = set.contexts.get(entry.context as usize) else { continue };
            let value = Value::from_key(entry.kind, set.value(entry));
            let indicator = Found {
                id: set.id(entry),
                value: value.to_string(),
                kind: value.stix_type(),
                feed: set.feed(context).to_owned(),
                valid_from: entry.times.from(),
                valid_until: entry.times.until(),
                confidence: context.confidence,
                tlp: context.tlp,
                labels: set.labels.get(context.labels as usize).map_or_else(Vec::new, |labels| {
                    labels.iter().map(|label| label.to_string()).collect()
                }),
                description: set.description(context),
            };
            if findings.len() < MOST && !findings.iter().any(|one| one.indicator == indicator) {
                let matched = matched.clone();
                findings.push(Finding { field, matched, indicator });
            }
        }
        findings.sort_by_key(|one| std::cmp::Reverse(one.indicator.confidence));
        findings
    }
}

/// Whether there may be a URL in debugData: `://` stands in its text, or could be hidden by escapes.
fn may_have_url(debug_data: Json<'_>) -> bool {
    static SCHEME: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("://"));
    let Json::Object(raw) = debug_data else { return false };
    let raw = raw.as_str().as_bytes();
    SCHEME.find(raw).is_some() || memchr::memchr(b'\\', raw).is_some()
}

/// Writes a domain in lower case. `false`: it is written in a way that has more to it.
fn lower(text: &str, key: &mut Vec<u8>) -> bool {
    key.clear();
    key.extend_from_slice(text.as_bytes());
    key.make_ascii_lowercase();
    key.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_'))
}

/// Calls `each` with the texts of a field, and gives the first.
fn texts<'a>(
    record: &Record<'a>,
    field: FieldId,
    mut each: impl FnMut(&str),
) -> Option<Cow<'a, str>> {
    let mut first = None;
    let _ = record.visit_field(field, &mut |value| {
        if let Some(text) = value.to_str() {
            each(&text);
            first.get_or_insert(text);
        }
        ControlFlow::Continue(())
    });
    first
}

/// A value as an index has it: texts in lower case.
#[derive(Clone, Copy, Debug)]
pub enum Term<'t> {
    /// A text.
    Text(&'t str),
    /// An address.
    Address(IpAddr),
    /// A number.
    Number(i64),
}

/// Tells which values of an index are worth looking at the events for: with it, the past is
/// searched through what is different in it, whatever the number of indicators and events.
#[derive(Debug)]
pub struct Hunter<'s> {
    set: &'s IndicatorSet,
    /// Hashes of the URLs in lower case.
    urls: HashSet<u64>,
    /// Hashes of their hosts.
    hosts: HashSet<u64>,
}

impl<'s> Hunter<'s> {
    /// Looks for the indicators of a set.
    #[must_use]
    pub fn new(set: &'s IndicatorSet) -> Self {
        let (mut urls, mut hosts) = (HashSet::new(), HashSet::new());
        for entry in set.entries.iter().filter(|entry| entry.kind == Kind::Url) {
            let text = String::from_utf8_lossy(set.value(entry)).into_owned();
            if let Some(host) = url(&text).and_then(|(.., url)| Some(url.host_str()?.to_owned())) {
                hosts.insert(set.hash(Kind::Url, host.as_bytes()));
            }
            urls.insert(set.hash(Kind::Url, text.to_ascii_lowercase().as_bytes()));
        }
        Self { set, urls, hosts }
    }

    /// The fields in which something can be found.
    #[must_use]
    pub fn fields(&self) -> Vec<&'static str> {
        let has = |kind| self.set.count(kind) > 0;
        let (address, domain, email) = (has(Kind::Address), has(Kind::Domain), has(Kind::Email));
        let in_urls = address || domain || has(Kind::Url);
        let mut fields = vec![
            ("source.ip", address),
            ("okta.system.request.ip_chain.ip", address),
            ("source.domain", domain),
            ("user.email", domain || email),
            ("user.target.email", email),
            ("okta.system.actor.alternate_id", email),
            ("user_agent.original", has(Kind::UserAgent)),
            ("source.as.number", has(Kind::System)),
        ];
        fields.extend(URLS.map(|(_, field)| (field, in_urls)));
        fields.into_iter().filter(|(_, has)| *has).map(|(field, _)| field).collect()
    }

    /// From when until when there may be events to find; `None` where there is no limit.
    #[must_use]
    pub fn period(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        let all = || self.set.entries.iter().map(|entry| entry.times);
        let tolerance = TOLERANCE.saturating_mul(1_000);
        let first = || all().map(|times| times.from()).min().flatten();
        let begins = all().all(|times| times.from().is_some());
        let ends = all().all(|times| times.until().is_some());
        let last = || all().filter_map(|times| times.until()).max();
        (
            begins.then(first).flatten().map(|time| Timestamp(time.0 - tolerance)),
            ends.then(last).flatten().map(|time| Timestamp(time.0 + tolerance)),
        )
    }

    /// Whether events from `first` to `last` may be found by a value in a field. Some that it says
    /// yes to are not, none that it says no to is.
    #[must_use]
    pub fn may_find(
        &self,
        field: &'static str,
        term: Term<'_>,
        first: Timestamp,
        last: Timestamp,
    ) -> bool {
        let time = Some((first, last));
        let mut search = Search::new(self.set, time, TOLERANCE);
        match (field, term) {
            (_, Term::Address(address)) => search.address(field, &address.to_string(), false),
            (_, Term::Number(number)) => {
                if let Ok(number) = u32::try_from(number) {
                    search.try_value(field, "", Kind::System, &number.to_be_bytes());
                }
            }
            ("source.domain", Term::Text(text)) => search.domain(field, text),
            ("user.email", Term::Text(text)) => search.user_email(text),
            ("user.target.email" | "okta.system.actor.alternate_id", Term::Text(text)) => {
                search.email(field, text);
            }
            ("user_agent.original", Term::Text(text)) => {
                search.try_value(field, text, Kind::UserAgent, user_agent(text).as_bytes());
            }
            (_, Term::Text(text)) => {
                if !text.contains("://") {
                    return false;
                }
                search.url(field, text);
                return !search.found.is_empty() || self.may_be_url(text);
            }
        }
        !search.found.is_empty()
    }

    /// The path of a URL counts exactly, and stands in the index in lower case.
    fn may_be_url(&self, text: &str) -> bool {
        if self.urls.is_empty() {
            return false;
        }
        let Some((whole, query, parsed)) = url(text) else { return false };
        let has = |set: &HashSet<u64>, text: &str| {
            set.contains(&self.set.hash(Kind::Url, text.as_bytes()))
        };
        let whole = whole.to_ascii_lowercase();
        if has(&self.urls, &whole)
            || query.and_then(|query| whole.get(..query)).is_some_and(|url| has(&self.urls, url))
        {
            return true;
        }
        // Written in other letters than ASCII's, its case cannot be known.
        !text.is_ascii() && parsed.host_str().is_some_and(|host| has(&self.hosts, host))
    }
}
