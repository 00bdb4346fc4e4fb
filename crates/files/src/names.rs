//! How column names lead to members of a LogEvent, whoever wrote them.

/// The members of a LogEvent, by their names in Okta's documentation.
const MEMBERS: [&str; 92] = [
    "actor",
    "alternateId",
    "asNumber",
    "asOrg",
    "authenticationContext",
    "authenticationProvider",
    "authenticationStep",
    "behaviors",
    "botProtection",
    "browser",
    "changeDetails",
    "city",
    "client",
    "country",
    "credentialProvider",
    "credentialType",
    "debugContext",
    "debugData",
    "detail",
    "detailEntry",
    "detectionName",
    "device",
    "deviceFingerprint",
    "device_integrator",
    "disk_encryption_type",
    "displayMessage",
    "displayName",
    "domain",
    "dtHash",
    "eventType",
    "externalSessionId",
    "factor",
    "from",
    "geographicalContext",
    "geolocation",
    "id",
    "interface",
    "ip",
    "ipAddress",
    "ipChain",
    "ipDetails",
    "isProxy",
    "isp",
    "issuer",
    "jailbreak",
    "lat",
    "legacyEventType",
    "level",
    "logOnlySecurityData",
    "lon",
    "managed",
    "name",
    "os",
    "os_platform",
    "os_version",
    "outcome",
    "postalCode",
    "previousLevel",
    "published",
    "rawUserAgent",
    "reason",
    "reasons",
    "registered",
    "request",
    "requestApiTokenId",
    "requestId",
    "requestUri",
    "result",
    "risk",
    "rootSessionId",
    "screen_lock_type",
    "secure_hardware_present",
    "securityContext",
    "severity",
    "source",
    "state",
    "target",
    "threatSuspected",
    "to",
    "transaction",
    "transactionId",
    "type",
    "url",
    "userAgent",
    "userBehaviors",
    "uuid",
    "version",
    "zone",
    "proxyType",
    "authnRequestId",
    "audience",
    "grantType",
];

/// Members at the top of a LogEvent, and whether they hold members themselves.
pub(crate) const TOP: [(&str, bool); 17] = [
    ("actor", true),
    ("authenticationContext", true),
    ("client", true),
    ("debugContext", true),
    ("device", true),
    ("displayMessage", false),
    ("eventType", false),
    ("legacyEventType", false),
    ("outcome", true),
    ("published", false),
    ("request", true),
    ("securityContext", true),
    ("severity", false),
    ("target", true),
    ("transaction", true),
    ("uuid", false),
    ("version", false),
];

/// Members that are arrays, with or without a number behind them.
const ARRAYS: [&str; 3] = ["ipChain", "target", "userBehaviors"];

pub(crate) const NUMBERS: [&str; 4] = ["asNumber", "authenticationStep", "lat", "lon"];

pub(crate) const BOOLEANS: [&str; 5] =
    ["isProxy", "jailbreak", "managed", "registered", "secure_hardware_present"];

/// Members that are strings whatever stands in them.
pub(crate) const STRINGS: [&str; 12] = [
    "alternateId",
    "displayMessage",
    "displayName",
    "eventType",
    "id",
    "name",
    "published",
    "rawUserAgent",
    "reason",
    "type",
    "uuid",
    "version",
];

/// Deeper names than this are taken as they are.
const DEEPEST: usize = 24;

/// Whether `name` is a path below a member of LogEvents.
pub(crate) fn is_path(name: &str) -> bool {
    let path = path(name);
    path.len() > 1
        && path.first().is_some_and(|first| {
            TOP.iter().any(|(name, has_members)| *has_members && name == first)
        })
}

/// The members a column's name leads through, in Okta's spelling; a name that leads nowhere in a
/// LogEvent is one member as it stands.
pub(crate) fn path(name: &str) -> Vec<String> {
    let mut path: Vec<String> = Vec::new();
    let mut is_free = false;
    for segment in name.split('.') {
        let (segment, index) = match segment.strip_suffix("{}") {
            Some(segment) => (segment, Some("0")),
            None => match segment.strip_suffix(']').and_then(|segment| segment.split_once('[')) {
                Some((segment, index)) if is_index(index) => (segment, Some(index)),
                _ => (segment, None),
            },
        };
        let after_array = path.last().is_some_and(|last| ARRAYS.contains(&last.as_str()));
        if after_array && !is_index(segment) {
            path.push("0".into());
        }
        if is_free {
            path.push(debug_key(segment));
        } else if let Some(number) = segment.strip_prefix("target").filter(|n| is_index(n)) {
            path.extend(["target".into(), number.into()]);
        } else {
            path.push(spelling(segment));
        }
        path.extend(index.map(str::to_owned));
        is_free |= path.last().is_some_and(|last| last == "debugData");
    }
    let leads_into_event =
        path.first().is_some_and(|first| TOP.iter().any(|(name, _)| name == first));
    let is_odd = path.iter().any(String::is_empty) || path.len() > DEEPEST;
    if is_odd || !leads_into_event { vec![name.to_owned()] } else { path }
}

fn is_index(text: &str) -> bool {
    !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A name without what spellings differ in.
pub(crate) fn squash(name: &str) -> String {
    name.trim().chars().filter(|&c| c != '_').map(|c| c.to_ascii_lowercase()).collect()
}

/// Okta's spelling of a member.
fn spelling(name: &str) -> String {
    let name = name.trim();
    let squashed = squash(name);
    let known = MEMBERS.iter().find(|member| squash(member) == squashed);
    known.map_or_else(|| name.to_owned(), |&member| member.to_owned())
}

/// A key of debugData: Okta's where it is known, else snake case turned back into what it was.
fn debug_key(name: &str) -> String {
    let known = spelling(name);
    if known != name || !name.contains('_') || name.chars().any(|c| c.is_ascii_uppercase()) {
        return known;
    }
    let mut words = name.split('_').filter(|word| !word.is_empty());
    let mut key = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut characters = word.chars();
        key.extend(characters.next().map(|first| first.to_ascii_uppercase()));
        key.push_str(characters.as_str());
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_members() {
        let cases = [
            ("actor.alternateId", "actor/alternateId"),
            ("actor.alternate_id", "actor/alternateId"),
            ("Client.IP_Address", "client/ipAddress"),
            ("target.0.id", "target/0/id"),
            ("target[1].displayName", "target/1/displayName"),
            ("target2.display_name", "target/2/displayName"),
            ("target{}.id", "target/0/id"),
            ("target.id", "target/0/id"),
            ("request.ip_chain.ip", "request/ipChain/0/ip"),
            ("device.os_platform", "device/os_platform"),
            ("debugContext.debugData.a_b", "debugContext/debugData/aB"),
            ("debug_context.debug_data.request_uri", "debugContext/debugData/requestUri"),
            ("event_type", "eventType"),
            ("_time", "_time"),
            ("okta.actor.id", "okta.actor.id"),
            ("actor..id", "actor..id"),
        ];
        for (name, expected) in cases {
            assert_eq!(path(name).join("/"), expected, "{name}");
        }
    }
}
