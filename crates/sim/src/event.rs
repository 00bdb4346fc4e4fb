//! One System Log event on its way to JSON.
//!
//! The form is that of Okta's LogEvent as its API gives it: the order of members, where it writes
//! `null`, where it leaves a member out, and debug data that is nearly all strings.

use std::borrow::Cow;

use crate::catalogue::{EventType, Severity};
use crate::clock;
use crate::json;
use crate::org::agents::{Platform, UserAgent};
use crate::org::{App, Device, Named, Org, Origin, Service, User};
use crate::rng;
use crate::text::Text;

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
        }
    }
}

/// `actor`, or one of the `target`s.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Party<'a> {
    pub(crate) id: &'a str,
    pub(crate) kind: &'static str,
    pub(crate) alternate_id: &'a str,
    pub(crate) display_name: &'a str,
}

/// Okta itself, acting on its own.
pub(crate) static SYSTEM: Party<'static> = Party {
    id: "00u1l0ysystemOkta297",
    kind: "SystemPrincipal",
    alternate_id: "system@okta.com",
    display_name: "Okta System",
};

/// Somebody who has not said who they are, or whom Okta does not know.
pub(crate) static UNKNOWN: Party<'static> =
    Party { id: "unknown", kind: "User", alternate_id: "unknown", display_name: "unknown" };

impl<'a> Party<'a> {
    pub(crate) fn new(
        kind: &'static str,
        id: &'a str,
        alternate_id: &'a str,
        name: &'a str,
    ) -> Self {
        Party { id, kind, alternate_id, display_name: name }
    }

    /// Anything whose alternate id Okta does not tell.
    pub(crate) fn named(kind: &'static str, thing: &'a Named) -> Self {
        Party::new(kind, thing.id.as_str(), "unknown", &thing.name)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"id\":");
        json::string(out, self.id);
        json::member(out, "type", self.kind);
        json::member(out, "alternateId", self.alternate_id);
        json::member(out, "displayName", self.display_name);
    }
}

impl User {
    pub(crate) fn party(&self) -> Party<'_> {
        Party::new("User", self.id.as_str(), &self.login, &self.name)
    }

    pub(crate) fn app_user(&self) -> Party<'_> {
        Party::new("AppUser", self.id.as_str(), &self.login, &self.name)
    }
}

impl App {
    pub(crate) fn party(&self) -> Party<'_> {
        Party::new("AppInstance", self.id.as_str(), self.kind.label, self.display_name())
    }
}

impl Service {
    pub(crate) fn party(&self) -> Party<'_> {
        let kind = if self.token.is_some() { "User" } else { "PublicClientApp" };
        Party::new(kind, self.id.as_str(), &self.login, self.name)
    }
}

/// `debugData.behaviors`: which of them are `POSITIVE`, a bit each, in the order of [`BEHAVIOURS`].
pub(crate) mod behaviour {
    pub(crate) const GEO_LOCATION: u8 = 1;
    pub(crate) const DEVICE: u8 = 2;
    pub(crate) const IP: u8 = 4;
    pub(crate) const STATE: u8 = 8;
    pub(crate) const COUNTRY: u8 = 16;
    pub(crate) const VELOCITY: u8 = 32;
    pub(crate) const CITY: u8 = 64;
    /// Somebody else, somewhere else.
    pub(crate) const STRANGER: u8 = GEO_LOCATION | DEVICE | IP | STATE | COUNTRY | VELOCITY | CITY;
}

static BEHAVIOURS: [&str; 7] = [
    "New Geo-Location",
    "New Device",
    "New IP",
    "New State",
    "New Country",
    "Velocity",
    "New City",
];

/// Where and through what something was done: what the events of one request, one sign-in or one
/// session have in common.
#[derive(Clone, Debug)]
pub(crate) struct Scene<'o> {
    pub(crate) agent: Option<&'o UserAgent>,
    /// The addresses from the client's to Okta's edge. Nothing for what Okta does by itself.
    pub(crate) hops: [Option<&'o Origin>; 3],
    /// The device Okta Verify vouches for.
    pub(crate) device: Option<&'o Device>,
    pub(crate) fingerprint: Option<Text>,
    pub(crate) client_id: Option<Text>,
    pub(crate) zone: &'o str,
    pub(crate) session: Option<Text>,
    pub(crate) transaction: Text,
    pub(crate) is_job: bool,
    pub(crate) api_token: Option<Text>,
    pub(crate) risk: Risk,
    /// Bits of [`behaviour`].
    pub(crate) behaviours: u8,
    /// What `dtHash` is computed from: the browser's device token.
    pub(crate) device_token: u64,
}

impl<'o> Scene<'o> {
    /// A background job of Okta's.
    pub(crate) fn job(transaction: Text) -> Scene<'o> {
        Scene {
            agent: None,
            hops: [None; 3],
            device: None,
            fingerprint: None,
            client_id: None,
            zone: "null",
            session: None,
            transaction,
            is_job: true,
            api_token: None,
            risk: Risk::Low,
            behaviours: 0,
            device_token: 0,
        }
    }

    /// A request from `origin` by `agent`, outside any session.
    pub(crate) fn request(
        origin: &'o Origin,
        agent: &'o UserAgent,
        transaction: Text,
    ) -> Scene<'o> {
        Scene {
            agent: Some(agent),
            hops: [Some(origin), None, None],
            is_job: false,
            ..Scene::job(transaction)
        }
    }
}

/// The level of `debugData.risk`, with the usual reasons.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Risk {
    Low,
    Medium,
    High,
}

impl Risk {
    fn level(self) -> &'static str {
        match self {
            Risk::Low => "LOW",
            Risk::Medium => "MEDIUM",
            Risk::High => "HIGH",
        }
    }

    fn reasons(self) -> &'static str {
        match self {
            Risk::Low => "",
            Risk::Medium => "Anomalous Device",
            Risk::High => "Anomalous Location, Anomalous Device, Suspected Threat",
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
    pub(crate) actor_detail: Option<(&'static str, &'a str)>,
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
            actor_detail: None,
            scene,
            severity: kind.severity,
            legacy: kind.legacy,
            outcome: Outcome::Success,
            reason: None,
            authentication: Authentication::default(),
            uri: Cow::Borrowed(""),
            threat_suspected: false,
            debug: Vec::with_capacity(1024),
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

    /// Adds `behaviors` and `risk` in the form of sign-in events.
    pub(crate) fn debug_risk(mut self) -> Self {
        let out = &mut self.debug;
        out.extend_from_slice(b",\"behaviors\":\"{");
        for (bit, name) in BEHAVIOURS.iter().enumerate() {
            if bit > 0 {
                out.extend_from_slice(b", ");
            }
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(polarity(self.scene.behaviours, bit, b"=POSITIVE", b"=NEGATIVE"));
        }
        out.extend_from_slice(b"}\",\"risk\":\"{");
        if !self.scene.risk.reasons().is_empty() {
            out.extend_from_slice(b"reasons=");
            out.extend_from_slice(self.scene.risk.reasons().as_bytes());
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(b"level=");
        out.extend_from_slice(self.scene.risk.level().as_bytes());
        out.extend_from_slice(b"}\"");
        self
    }

    /// Adds `logOnlySecurityData`, the same as JSON inside a string.
    pub(crate) fn debug_log_only(mut self) -> Self {
        let out = &mut self.debug;
        out.extend_from_slice(br#","logOnlySecurityData":"{\"risk\":{\"level\":\""#);
        out.extend_from_slice(self.scene.risk.level().as_bytes());
        out.extend_from_slice(br#"\""#);
        if !self.scene.risk.reasons().is_empty() {
            out.extend_from_slice(br#",\"reasons\":\""#);
            out.extend_from_slice(self.scene.risk.reasons().as_bytes());
            out.extend_from_slice(br#"\""#);
        }
        out.extend_from_slice(br#"},\"behaviors\":{"#);
        for (bit, name) in BEHAVIOURS.iter().enumerate() {
            out.extend_from_slice(if bit > 0 { br#",\""# } else { br#"\""# });
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(polarity(
                self.scene.behaviours,
                bit,
                br#"\":\"POSITIVE\""#,
                br#"\":\"NEGATIVE\""#,
            ));
        }
        out.extend_from_slice(br#"}}""#);
        self
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
        party.write(out);
        out.extend_from_slice(b",\"detailEntry\":");
        match detail {
            [] => out.extend_from_slice(b"null"),
            pairs => write_pairs(out, pairs),
        }
        if let Some((from, to)) = change {
            out.extend_from_slice(b",\"changeDetails\":{\"from\":");
            write_pairs(out, from);
            out.extend_from_slice(b",\"to\":");
            write_pairs(out, to);
            out.push(b'}');
        }
        out.push(b'}');
        self
    }

    /// Appends the event as one line of JSON, without the line's end.
    pub(crate) fn write(&self, out: &mut Vec<u8>, uuid: &str, org: &Org) {
        out.extend_from_slice(b"{\"actor\":");
        self.actor.write(out);
        out.extend_from_slice(b",\"detailEntry\":");
        match self.actor_detail {
            Some(pair) => write_pairs(out, &[pair]),
            None => out.extend_from_slice(b"null"),
        }
        out.push(b'}');
        self.write_client(out);
        self.write_device(out);
        self.write_authentication(out);
        json::member(out, "displayMessage", self.kind.message);
        json::member(out, "eventType", self.kind.name);
        out.extend_from_slice(b",\"outcome\":{\"result\":\"");
        out.extend_from_slice(self.outcome.as_str().as_bytes());
        out.extend_from_slice(b"\",\"reason\":");
        json::string_or_null(out, self.reason.as_deref());
        out.extend_from_slice(b"},\"published\":\"");
        clock::write(out, self.at);
        out.push(b'"');
        self.write_security(out);
        json::member(out, "severity", self.severity.as_str());
        self.write_debug(out, org);
        out.extend_from_slice(b",\"legacyEventType\":");
        json::string_or_null(out, self.legacy);
        self.write_transaction(out);
        json::member(out, "uuid", uuid);
        out.extend_from_slice(b",\"version\":\"0\",\"request\":{\"ipChain\":[");
        self.write_chain(out);
        out.extend_from_slice(b"]},\"target\":");
        match &self.targets {
            Some(targets) => {
                out.push(b'[');
                out.extend_from_slice(targets);
                out.push(b']');
            }
            None => out.extend_from_slice(b"null"),
        }
        out.push(b'}');
    }

    fn write_client(&self, out: &mut Vec<u8>) {
        let [client, ..] = self.scene.hops;
        out.extend_from_slice(b",\"client\":{\"userAgent\":");
        match self.scene.agent {
            Some(agent) => {
                out.extend_from_slice(b"{\"rawUserAgent\":");
                json::string(out, &agent.raw);
                json::member(out, "os", agent.os);
                json::member(out, "browser", agent.browser);
                out.push(b'}');
            }
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"zone\":");
        // Okta writes the word `null` for a client outside all zones, and null for no client.
        json::string_or_null(out, client.map(|_| self.scene.zone));
        out.extend_from_slice(b",\"device\":");
        json::string_or_null(out, self.scene.agent.map(|agent| agent.device));
        out.extend_from_slice(b",\"id\":");
        json::string_or_null(out, self.scene.client_id.as_ref().map(Text::as_str));
        out.extend_from_slice(b",\"ipAddress\":");
        json::string_or_null(out, client.map(|origin| origin.address.as_str()));
        out.extend_from_slice(b",\"geographicalContext\":");
        write_town(out, client);
        out.push(b'}');
    }

    fn write_device(&self, out: &mut Vec<u8>) {
        if self.scene.is_job {
            // Background jobs leave the member out.
            return;
        }
        out.extend_from_slice(b",\"device\":");
        let Some(device) = self.scene.device else {
            out.extend_from_slice(b"null");
            return;
        };
        out.extend_from_slice(b"{\"id\":");
        json::string(out, device.id.as_str());
        json::member(out, "name", &device.name);
        json::member(out, "os_platform", device.platform.device_name());
        json::member(out, "os_version", device.version);
        write_flag(out, "managed", device.managed);
        write_flag(out, "registered", device.registered);
        out.extend_from_slice(b",\"device_integrator\":null");
        let encryption = match device.platform {
            Platform::Iphone | Platform::Ipad | Platform::Android => "FULL",
            _ => "ALL_INTERNAL_VOLUMES",
        };
        json::member(out, "disk_encryption_type", encryption);
        json::member(out, "screen_lock_type", "BIOMETRIC");
        if device.platform.is_mobile() {
            write_flag(out, "jailbreak", false);
        } else {
            out.extend_from_slice(b",\"jailbreak\":null");
        }
        write_flag(out, "secure_hardware_present", true);
        out.push(b'}');
    }

    fn write_authentication(&self, out: &mut Vec<u8>) {
        let authentication = &self.authentication;
        out.extend_from_slice(b",\"authenticationContext\":{\"authenticationProvider\":");
        json::string_or_null(out, authentication.provider);
        out.extend_from_slice(b",\"credentialProvider\":");
        json::string_or_null(out, authentication.credential_provider);
        out.extend_from_slice(b",\"credentialType\":");
        json::string_or_null(out, authentication.credential_type);
        out.extend_from_slice(b",\"issuer\":");
        match authentication.issuer {
            Some((id, kind)) => {
                out.extend_from_slice(b"{\"id\":");
                json::string(out, id);
                json::member(out, "type", kind);
                out.push(b'}');
            }
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"interface\":");
        json::string_or_null(out, authentication.interface);
        out.extend_from_slice(b",\"authenticationStep\":");
        json::number(out, u64::from(authentication.step));
        let session = self.scene.session.as_ref().map_or("unknown", Text::as_str);
        if !self.scene.is_job {
            json::member(out, "rootSessionId", session);
        }
        json::member(out, "externalSessionId", session);
        out.push(b'}');
    }

    fn write_security(&self, out: &mut Vec<u8>) {
        let [client, ..] = self.scene.hops;
        let Some(origin) = client else {
            out.extend_from_slice(
                b",\"securityContext\":{\"asNumber\":null,\"asOrg\":null,\"isp\":null,\"domain\":null,\"isProxy\":null}",
            );
            return;
        };
        let network = origin.network;
        out.extend_from_slice(b",\"securityContext\":{\"asNumber\":");
        json::number(out, u64::from(network.number));
        json::member(out, "asOrg", network.organization);
        json::member(out, "isp", network.isp);
        json::member(out, "domain", network.domain);
        write_flag(out, "isProxy", network.proxy);
        if self.scene.risk != Risk::Low && self.scene.session.is_some() {
            out.extend_from_slice(b",\"risk\":{\"level\":\"");
            out.extend_from_slice(self.scene.risk.level().as_bytes());
            out.extend_from_slice(b"\",\"previousLevel\":\"LOW\"");
            json::member(out, "reasons", self.scene.risk.reasons());
            out.extend_from_slice(b"},\"userBehaviors\":[");
            let mut first = true;
            for (bit, name) in BEHAVIOURS.iter().enumerate() {
                if self.scene.behaviours & (1 << bit) == 0 {
                    continue;
                }
                if !first {
                    out.push(b',');
                }
                first = false;
                out.extend_from_slice(b"{\"id\":\"bhv");
                json::number(out, 1_000_000_000 + bit as u64);
                out.push(b'"');
                json::member(out, "name", name);
                json::member(out, "result", "POSITIVE");
                out.push(b'}');
            }
            out.push(b']');
        }
        out.push(b'}');
    }

    fn write_debug(&self, out: &mut Vec<u8>, org: &Org) {
        out.extend_from_slice(b",\"debugContext\":{\"debugData\":{");
        let start = out.len();
        if !self.scene.is_job {
            json::member(out, "requestId", self.scene.transaction.as_str());
            if self.scene.device_token != 0 {
                out.extend_from_slice(b",\"dtHash\":\"");
                for part in 0..4 {
                    write_hex(out, rng::mix(org.seed ^ self.scene.device_token ^ (part << 56)));
                }
                out.push(b'"');
            }
            if let Some(fingerprint) = &self.scene.fingerprint {
                json::member(out, "deviceFingerprint", fingerprint.as_str());
            }
            json::member(out, "requestUri", &self.uri);
            json::member(
                out,
                "threatSuspected",
                if self.threat_suspected { "true" } else { "false" },
            );
            out.extend_from_slice(b",\"url\":\"");
            json::escape(out, &self.uri);
            out.extend_from_slice(b"?\"");
        }
        out.extend_from_slice(&self.debug);
        // Every member was written with a comma before it.
        if out.get(start) == Some(&b',') {
            out.remove(start);
        }
        out.extend_from_slice(b"}}");
    }

    fn write_transaction(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b",\"transaction\":{\"type\":\"");
        out.extend_from_slice(if self.scene.is_job { b"JOB" } else { b"WEB" });
        out.push(b'"');
        json::member(out, "id", self.scene.transaction.as_str());
        out.extend_from_slice(b",\"detail\":{");
        if let Some(token) = &self.scene.api_token {
            out.extend_from_slice(b"\"requestApiTokenId\":");
            json::string(out, token.as_str());
        }
        out.extend_from_slice(b"}}");
    }

    fn write_chain(&self, out: &mut Vec<u8>) {
        for (number, hop) in self.scene.hops.iter().flatten().enumerate() {
            if number > 0 {
                out.push(b',');
            }
            out.extend_from_slice(b"{\"ip\":");
            json::string(out, hop.address.as_str());
            out.extend_from_slice(b",\"geographicalContext\":");
            write_town(out, Some(hop));
            out.extend_from_slice(if hop.v6 {
                b",\"version\":\"V6\""
            } else {
                b",\"version\":\"V4\""
            });
            out.extend_from_slice(b",\"source\":null}");
        }
    }
}

/// Keys, which need no escape, and values.
pub(crate) type Pairs<'a> = &'a [(&'a str, &'a str)];

fn write_pairs(out: &mut Vec<u8>, pairs: Pairs<'_>) {
    out.push(b'{');
    for (number, (key, value)) in pairs.iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b"\":");
        json::string(out, value);
    }
    out.push(b'}');
}

fn write_flag(out: &mut Vec<u8>, key: &str, value: bool) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(if value { b"\":true" } else { b"\":false" });
}

fn write_town(out: &mut Vec<u8>, origin: Option<&Origin>) {
    match origin {
        Some(origin) => origin.town.write(out),
        None => out.extend_from_slice(b"null"),
    }
}

fn write_hex(out: &mut Vec<u8>, value: u64) {
    for nibble in (0..16).rev() {
        out.push(json::hex_digit((value >> (nibble * 4)) as u8));
    }
}

fn polarity<'b>(behaviours: u8, bit: usize, positive: &'b [u8], negative: &'b [u8]) -> &'b [u8] {
    if behaviours & (1 << bit) != 0 { positive } else { negative }
}
