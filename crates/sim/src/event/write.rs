//! The JSON of an event.

use super::scene::BEHAVIOURS;
use super::{Authentication, Event, Form, Pairs, Party, Risk, Scene};
use crate::clock;
use crate::json::{self, Object};
use crate::org::agents::Platform;
use crate::org::{Device, Org, Origin};
use crate::rng;
use crate::text::Text;

impl Event<'_> {
    /// Appends the event as one line of JSON, without the line's end.
    pub(crate) fn write(&self, out: &mut Vec<u8>, uuid: &str, org: &Org) {
        let scene = self.scene;
        let nulls = matches!(scene.form, Form::Usual | Form::Full);
        let mut event = Object::open(out, nulls);
        party(event.key("actor"), &self.actor, &[], None, nulls);
        client(event.key("client"), scene, nulls);
        // Background jobs leave the device out altogether.
        match scene.device.filter(|_| nulls) {
            Some(it) => device(event.key("device"), it),
            None if scene.is_job => {}
            None => event.null("device"),
        }
        authentication(event.key("authenticationContext"), &self.authentication, scene, nulls);
        event.text("displayMessage", self.kind.message);
        event.text("eventType", self.kind.name);
        let mut outcome = Object::open(event.key("outcome"), nulls);
        outcome.text("result", self.outcome.as_str());
        outcome.text_or_null("reason", self.reason.as_deref());
        outcome.close();
        let published = event.key("published");
        published.push(b'"');
        clock::write(published, self.at);
        published.push(b'"');
        if scene.form != Form::Bare {
            security(event.key("securityContext"), scene);
        }
        event.text("severity", self.severity.as_str());
        let mut context = Object::open(event.key("debugContext"), nulls);
        self.debug_data(context.key("debugData"), org);
        context.close();
        event.text_or_null("legacyEventType", self.legacy);
        let mut transaction = Object::open(event.key("transaction"), nulls);
        transaction.text("type", if scene.is_job { "JOB" } else { "WEB" });
        transaction.text("id", scene.transaction.as_str());
        let mut detail = Object::open(transaction.key("detail"), nulls);
        if let Some(token) = &scene.api_token {
            detail.text("requestApiTokenId", token.as_str());
        }
        detail.close();
        transaction.close();
        event.text("uuid", uuid);
        event.text("version", "0");
        if scene.form != Form::Bare {
            request(event.key("request"), scene);
        }
        match &self.targets {
            Some(targets) => {
                let list = event.key("target");
                list.push(b'[');
                list.extend_from_slice(targets);
                list.push(b']');
            }
            None => event.key("target").extend_from_slice(b"null"),
        }
        event.close();
    }

    fn debug_data(&self, out: &mut Vec<u8>, org: &Org) {
        let scene = self.scene;
        let mut data = Object::open(out, true);
        if !scene.is_job {
            let says_all = matches!(scene.form, Form::Usual | Form::Full);
            if says_all {
                data.text("requestId", scene.transaction.as_str());
            }
            if scene.device_token != 0 && says_all {
                let hash = data.key("dtHash");
                hash.push(b'"');
                for part in 0..4 {
                    hex(hash, rng::mix(org.seed ^ scene.device_token ^ (part << 56)));
                }
                hash.push(b'"');
            }
            if let Some(fingerprint) = scene.fingerprint.filter(|_| scene.form == Form::Full) {
                data.text("deviceFingerprint", fingerprint.as_str());
            }
            data.text("requestUri", &self.uri);
            if scene.form != Form::Bare {
                data.text("threatSuspected", if self.threat_suspected { "true" } else { "false" });
            }
            if says_all {
                let url = data.key("url");
                url.push(b'"');
                json::escape(url, &self.uri);
                url.extend_from_slice(b"?\"");
            }
        }
        data.members(&self.debug);
        if scene.form == Form::Full && !scene.is_job {
            full_debug_data(&mut data, self.at, scene, org);
        }
        data.close();
    }
}

/// What is added where everything is said.
fn full_debug_data(data: &mut Object<'_>, at: i64, scene: &Scene<'_>, org: &Org) {
    let trace = rng::Rng::numbered(scene.device_token, at as u64).uuid();
    let host = org.domain.split('.').next().unwrap_or("org");
    data.text("origin", &format!("https://{host}.okta.com"));
    data.text("traceId", trace.as_str());
    data.text("audience", &format!("https://{host}.okta.com/oauth2/v1/token"));
    data.text("authMethodReference", "[pwd, mfa, swk]");
    data.text("xForwardedProto", "https");
    data.text("responseTime", &(at % 900 + 35).to_string());
    let proxy = scene.hops.iter().flatten().any(|hop| hop.network.proxy);
    data.text(
        "tunnels",
        if proxy { r#"[{"anonymous":true,"operator":"NORD_VPN","type":"VPN"}]"# } else { "[]" },
    );
    let Some(device) = scene.device else {
        return;
    };
    data.text("deviceId", device.id.as_str());
    data.text(
        "deviceAssurancePolicyEvaluation",
        "{\"satisfied\":true,\"unsatisfiedAttributes\":[]}",
    );
    let mut signals = String::from("{\"os\":{");
    signals.push_str(&format!("\"platform\":\"{}\",", device.platform.device_name()));
    signals.push_str(&format!("\"version\":\"{}\"}},\"provider\":[", device.version));
    let path = match device.platform {
        Platform::Windows => r"C:\\ProgramData\\edr",
        _ => "/opt/edr",
    };
    let providers = 2 + (trace.as_str().len() as i64 + at) % 7;
    for number in 0..providers {
        if number > 0 {
            signals.push(',');
        }
        signals.push_str(&format!(
            r#"{{"name":"com.example.edr.{number}","hostname":"{}","antivirusEnabled":true,"firewallEnabled":true,"riskScore":{},"lastSeen":{at},"path":"{path}"}}"#,
            device.name.replace('"', ""),
            at % 17 + number,
        ));
    }
    signals.push_str("]}");
    data.text("deviceSignals", &signals);
}

/// Appends one of the targets.
pub(super) fn target(
    out: &mut Vec<u8>,
    target: &Party<'_>,
    detail: Pairs<'_>,
    change: Option<(Pairs<'_>, Pairs<'_>)>,
    form: Form,
) {
    party(out, target, detail, change, matches!(form, Form::Usual | Form::Full));
}

fn party(
    out: &mut Vec<u8>,
    party: &Party<'_>,
    detail: Pairs<'_>,
    change: Option<(Pairs<'_>, Pairs<'_>)>,
    nulls: bool,
) {
    let mut object = Object::open(out, nulls);
    object.text("id", party.id);
    object.text("type", party.kind);
    object.text("alternateId", party.alternate_id);
    object.text("displayName", party.display_name);
    match detail {
        [] => object.null("detailEntry"),
        detail => pairs(object.key("detailEntry"), detail),
    }
    if let Some((from, to)) = change {
        let mut details = Object::open(object.key("changeDetails"), nulls);
        pairs(details.key("from"), from);
        pairs(details.key("to"), to);
        details.close();
    }
    object.close();
}

fn pairs(out: &mut Vec<u8>, pairs: Pairs<'_>) {
    let mut object = Object::open(out, true);
    for (key, value) in pairs {
        object.text(key, value);
    }
    object.close();
}

fn client(out: &mut Vec<u8>, scene: &Scene<'_>, nulls: bool) {
    let [origin, ..] = scene.hops;
    let mut client = Object::open(out, nulls);
    match scene.agent {
        Some(agent) => {
            let mut object = Object::open(client.key("userAgent"), nulls);
            object.text("rawUserAgent", &agent.raw);
            object.text("os", agent.os);
            object.text("browser", agent.browser);
            object.close();
        }
        None => client.null("userAgent"),
    }
    // Okta writes the word `null` for a client outside all zones, and null for no client.
    client.text_or_null("zone", origin.map(|_| scene.zone));
    client.text_or_null("device", scene.agent.map(|agent| agent.device));
    client.text_or_null("id", scene.client_id.as_ref().map(Text::as_str));
    client.text_or_null("ipAddress", origin.map(|origin| origin.address.as_str()));
    match origin.filter(|_| scene.form != Form::Bare) {
        Some(origin) => origin.town.write(client.key("geographicalContext")),
        None => client.null("geographicalContext"),
    }
    client.close();
}

fn device(out: &mut Vec<u8>, device: &Device) {
    let encryption = if device.platform.is_mobile() { "FULL" } else { "ALL_INTERNAL_VOLUMES" };
    let mut object = Object::open(out, true);
    object.text("id", device.id.as_str());
    object.text("name", &device.name);
    object.text("os_platform", device.platform.device_name());
    object.text("os_version", device.version);
    object.flag("managed", device.managed);
    object.flag("registered", device.registered);
    object.null("device_integrator");
    object.text("disk_encryption_type", encryption);
    object.text("screen_lock_type", "BIOMETRIC");
    match device.platform {
        Platform::Iphone | Platform::Ipad | Platform::Android => object.flag("jailbreak", false),
        _ => object.null("jailbreak"),
    }
    object.flag("secure_hardware_present", true);
    object.close();
}

fn authentication(
    out: &mut Vec<u8>,
    authentication: &Authentication<'_>,
    scene: &Scene<'_>,
    nulls: bool,
) {
    let mut object = Object::open(out, nulls);
    object.text_or_null("authenticationProvider", authentication.provider);
    object.text_or_null("credentialProvider", authentication.credential_provider);
    object.text_or_null("credentialType", authentication.credential_type);
    match authentication.issuer {
        Some((id, kind)) => {
            let mut issuer = Object::open(object.key("issuer"), nulls);
            issuer.text("id", id);
            issuer.text("type", kind);
            issuer.close();
        }
        None => object.null("issuer"),
    }
    object.text_or_null("interface", authentication.interface);
    object.number("authenticationStep", u64::from(authentication.step));
    let session = scene.session.as_ref().map_or("unknown", Text::as_str);
    if nulls && !scene.is_job {
        object.text("rootSessionId", session);
    }
    object.text("externalSessionId", session);
    object.close();
}

fn security(out: &mut Vec<u8>, scene: &Scene<'_>) {
    let mut object = Object::open(out, true);
    let [Some(origin), ..] = scene.hops else {
        for key in ["asNumber", "asOrg", "isp", "domain", "isProxy"] {
            object.null(key);
        }
        object.close();
        return;
    };
    let network = origin.network;
    object.number("asNumber", u64::from(network.number));
    object.text("asOrg", network.organization);
    object.text("isp", network.isp);
    object.text("domain", network.domain);
    object.flag("isProxy", network.proxy);
    if scene.form == Form::Full {
        object.null("ipDetails");
    }
    if scene.session.is_some() && (scene.risk != Risk::Low || scene.form == Form::Full) {
        let mut risk = Object::open(object.key("risk"), true);
        risk.text("level", scene.risk.level());
        risk.text("previousLevel", "LOW");
        risk.text("reasons", scene.risk.reasons());
        risk.close();
        let list = object.key("userBehaviors");
        list.push(b'[');
        for (bit, name) in BEHAVIOURS.iter().enumerate() {
            if bit > 0 {
                list.push(b',');
            }
            let mut behaviour = Object::open(list, true);
            behaviour.text("id", &format!("bhv{}", 1_000_000_000 + bit));
            behaviour.text("name", name);
            behaviour.text("result", if scene.is_positive(bit) { "POSITIVE" } else { "NEGATIVE" });
            behaviour.close();
        }
        list.push(b']');
    }
    object.close();
}

fn request(out: &mut Vec<u8>, scene: &Scene<'_>) {
    out.extend_from_slice(b"{\"ipChain\":[");
    for (number, hop) in scene.hops.iter().flatten().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        ip_chain_entry(out, hop);
    }
    out.extend_from_slice(b"]}");
}

fn ip_chain_entry(out: &mut Vec<u8>, hop: &Origin) {
    let mut object = Object::open(out, true);
    object.text("ip", hop.address.as_str());
    hop.town.write(object.key("geographicalContext"));
    object.text("version", if hop.v6 { "V6" } else { "V4" });
    object.null("source");
    object.close();
}

/// Appends `behaviors` and `risk` as members of debug data.
pub(super) fn risk(out: &mut Vec<u8>, scene: &Scene<'_>) {
    out.extend_from_slice(b",\"behaviors\":\"{");
    for (bit, name) in BEHAVIOURS.iter().enumerate() {
        if bit > 0 {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(if scene.is_positive(bit) { b"=POSITIVE" } else { b"=NEGATIVE" });
    }
    out.extend_from_slice(b"}\",\"risk\":\"{");
    if !scene.risk.reasons().is_empty() {
        out.extend_from_slice(b"reasons=");
        out.extend_from_slice(scene.risk.reasons().as_bytes());
        out.extend_from_slice(b", ");
    }
    out.extend_from_slice(b"level=");
    out.extend_from_slice(scene.risk.level().as_bytes());
    out.extend_from_slice(b"}\"");
}

/// Appends `logOnlySecurityData`, JSON inside a string, as a member of debug data.
pub(super) fn log_only(out: &mut Vec<u8>, scene: &Scene<'_>) {
    out.extend_from_slice(br#","logOnlySecurityData":"{\"risk\":{\"level\":\""#);
    out.extend_from_slice(scene.risk.level().as_bytes());
    out.extend_from_slice(br#"\""#);
    if !scene.risk.reasons().is_empty() {
        out.extend_from_slice(br#",\"reasons\":\""#);
        out.extend_from_slice(scene.risk.reasons().as_bytes());
        out.extend_from_slice(br#"\""#);
    }
    out.extend_from_slice(br#"},\"behaviors\":{"#);
    for (bit, name) in BEHAVIOURS.iter().enumerate() {
        out.extend_from_slice(if bit > 0 { br#",\""# } else { br#"\""# });
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(if scene.is_positive(bit) {
            br#"\":\"POSITIVE\""#
        } else {
            br#"\":\"NEGATIVE\""#
        });
    }
    out.extend_from_slice(br#"}}""#);
}

fn hex(out: &mut Vec<u8>, value: u64) {
    for nibble in (0..16).rev() {
        out.push(json::hex_digit((value >> (nibble * 4)) as u8));
    }
}
