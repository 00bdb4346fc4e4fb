//! The field table: the one definition of what a record holds.
//!
//! Serialisation, rule lookup, index schemas and the reference in the book all read it. A row
//! names the field, its type, where it comes from, what it means, and how it is got.

use std::ops::ControlFlow;

use okta::json::Value;

use crate::record::Record;

/// The type of a field, in Elasticsearch's and ECS's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An exact string.
    Keyword,
    /// A date and time.
    Date,
    /// A 64-bit integer.
    Long,
    /// `true` or `false`.
    Boolean,
    /// An IPv4 or IPv6 address.
    Ip,
    /// Latitude and longitude in degrees.
    GeoPoint,
    /// An object whose members are not fixed.
    Object,
    /// Not a field of the table.
    Unknown,
}

impl Kind {
    /// The type's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keyword => "keyword",
            Self::Date => "date",
            Self::Long => "long",
            Self::Boolean => "boolean",
            Self::Ip => "ip",
            Self::GeoPoint => "geo_point",
            Self::Object => "object",
            Self::Unknown => "unknown",
        }
    }
}

/// Why a record has a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// One of the 42 fields that the reference document extracts.
    Extracted,
    /// Worked out from other fields.
    Inferred,
    /// Beyond the reference document.
    Added,
}

impl Origin {
    /// The origin's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Extracted => "extracted",
            Self::Inferred => "inferred",
            Self::Added => "added",
        }
    }
}

/// A row of the field table.
#[derive(Debug)]
pub struct Field {
    /// Which row.
    pub id: FieldId,
    /// The dotted name.
    pub name: &'static str,
    /// The type of each value.
    pub kind: Kind,
    /// Whether a record can hold several values of it.
    pub many: bool,
    /// Why there is such a field.
    pub origin: Origin,
    /// Where in the event it comes from.
    pub source: &'static str,
    /// What it means.
    pub description: &'static str,
    /// The field of objects that this one is a member of. It is written with them.
    pub part_of: Option<FieldId>,
}

/// What is called with each value of a field.
pub type Visitor<'v, 'a> = &'v mut dyn FnMut(Value<'a>) -> ControlFlow<()>;

macro_rules! fields {
    ($( $id:ident, $name:literal, $kind:ident, $many:ident, $origin:ident, $source:literal,
        $description:literal, $(in $parent:ident,)? |$record:ident, $visit:ident| $get:expr; )*) => {
        /// The name of a row of the field table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "the table's rows describe them")]
        pub enum FieldId { $( $id, )* }

        /// The field table, in the order in which a record is written.
        pub static FIELDS: &[Field] = &[ $( Field {
            id: FieldId::$id,
            name: $name,
            kind: Kind::$kind,
            many: fields!(@many $many),
            origin: Origin::$origin,
            source: $source,
            description: $description,
            part_of: fields!(@parent $($parent)?),
        }, )* ];

        impl FieldId {
            /// The dotted name of the field.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$id => $name, )* }
            }

            /// The type of the field's values.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $( Self::$id => Kind::$kind, )* }
            }
        }

        impl<'a> Record<'a> {
            /// Calls `visit` with each value of a field, until it breaks.
            #[inline]
            pub fn visit_field(&self, id: FieldId, visit: Visitor<'_, 'a>) -> ControlFlow<()> {
                match id { $( FieldId::$id => fields!(@get $many, self, $record, visit, $visit, $get), )* }
            }
        }
    };
    (@many one) => { false };
    (@many many) => { true };
    (@parent) => { None };
    (@parent $parent:ident) => { Some(FieldId::$parent) };
    (@get one, $self:ident, $record:ident, $outer:ident, $visit:ident, $get:expr) => {{
        let $record = $self;
        match $get {
            Value::Missing => ControlFlow::Continue(()),
            value => $outer(value),
        }
    }};
    (@get many, $self:ident, $record:ident, $outer:ident, $visit:ident, $get:expr) => {{
        let $record = $self;
        let $visit = $outer;
        $get
    }};
}

fields! {
    Timestamp, "@timestamp", Date, one, Extracted, "published",
        "When the event happened, as Okta wrote it.",
        |r, _v| r.keyword(r.event.published);
    EventKind, "event.kind", Keyword, one, Extracted, "constant",
        "What kind of information the record holds: an event.",
        |r, _v| r.constant("event");
    EventDataset, "event.dataset", Keyword, one, Extracted, "constant",
        "The log the event stood in: the System Log.",
        |r, _v| r.constant("system-log");
    EventProvider, "event.provider", Keyword, one, Added, "constant",
        "The product that wrote the event.",
        |r, _v| r.constant("okta");
    EventAction, "event.action", Keyword, one, Extracted, "eventType",
        "What happened: Okta's event type.",
        |r, _v| r.keyword(r.event.event_type);
    EventReason, "event.reason", Keyword, one, Extracted, "displayMessage",
        "What happened, in Okta's words.",
        |r, _v| r.keyword(r.event.display_message);
    EventCategory, "event.category", Keyword, many, Extracted, "eventType",
        "The area the event belongs to, one of ECS's categories.",
        |r, v| r.categories().category.iter().try_for_each(|name| v(r.constant(name)));
    EventType, "event.type", Keyword, many, Extracted, "eventType",
        "What was done in that area, one of ECS's types.",
        |r, v| r.categories().kind.iter().try_for_each(|name| v(r.constant(name)));
    EventOutcome, "event.outcome", Keyword, one, Added, "outcome.result",
        "`success`, `failure` or `unknown`.",
        |r, _v| r.outcome();
    EventId, "event.id", Keyword, one, Added, "uuid",
        "The event's identity, the same wherever the event turns up.",
        |r, _v| r.keyword(r.event.uuid);
    EventIngested, "event.ingested", Date, one, Added, "arrival",
        "When the event arrived.",
        |r, _v| r.ingested();
    ObserverVendor, "observer.vendor", Keyword, one, Extracted, "constant",
        "Who makes the product that observed the event.",
        |r, _v| r.constant("Okta");
    OrganizationId, "organization.id", Keyword, one, Added, "intake",
        "The id of the Okta organisation.",
        |r, _v| r.plain(r.context.organization.id.as_deref());
    OrganizationName, "organization.name", Keyword, one, Added, "intake",
        "The name of the Okta organisation.",
        |r, _v| r.plain(r.context.organization.name.as_deref());
    SourceIp, "source.ip", Ip, one, Extracted, "client.ipAddress",
        "The address the request came from.",
        |r, _v| r.source_ip();
    SourceAddress, "source.address", Keyword, one, Inferred, "source.domain, source.ip",
        "The domain the request came from, else the address.",
        |r, _v| match r.keyword(r.event.security_context.domain) {
            Value::Missing => r.source_ip(),
            domain => domain,
        };
    SourceDomain, "source.domain", Keyword, one, Extracted, "securityContext.domain",
        "The domain of the network the request came from.",
        |r, _v| r.keyword(r.event.security_context.domain);
    SourceTopLevelDomain, "source.top_level_domain", Keyword, one, Inferred, "source.domain",
        "The public suffix of the domain.",
        |r, _v| r.plain(r.domain_parts().map(|(suffix, _)| suffix));
    SourceRegisteredDomain, "source.registered_domain", Keyword, one, Inferred, "source.domain",
        "The part of the domain that somebody registered.",
        |r, _v| r.plain(r.domain_parts().map(|(_, registered)| registered));
    SourceUserId, "source.user.id", Keyword, one, Extracted, "client.id",
        "The id of the OAuth client that sent the request.",
        |r, _v| r.keyword(r.event.client.id);
    SourceAsNumber, "source.as.number", Long, one, Extracted, "securityContext.asNumber",
        "The number of the autonomous system the address belongs to.",
        |r, _v| r.long(r.event.security_context.as_number);
    SourceAsOrganizationName, "source.as.organization.name", Keyword, one, Extracted,
        "securityContext.asOrg",
        "The organisation that runs the autonomous system.",
        |r, _v| r.keyword(r.event.security_context.as_org);
    SourceGeoCityName, "source.geo.city_name", Keyword, one, Extracted,
        "client.geographicalContext.city",
        "The city the address is thought to be in.",
        |r, _v| r.keyword(r.event.client.geographical_context.city);
    SourceGeoRegionName, "source.geo.region_name", Keyword, one, Extracted,
        "client.geographicalContext.state",
        "The state or region the address is thought to be in.",
        |r, _v| r.keyword(r.event.client.geographical_context.state);
    SourceGeoCountryName, "source.geo.country_name", Keyword, one, Extracted,
        "client.geographicalContext.country",
        "The country the address is thought to be in.",
        |r, _v| r.keyword(r.event.client.geographical_context.country);
    SourceGeoPostalCode, "source.geo.postal_code", Keyword, one, Extracted,
        "client.geographicalContext.postalCode",
        "The postal code of the place the address is thought to be at.",
        |r, _v| r.keyword(r.event.client.geographical_context.postal_code);
    SourceGeoLocation, "source.geo.location", GeoPoint, one, Extracted,
        "client.geographicalContext.geolocation",
        "The coordinates of that place.",
        |r, _v| r.location();
    UserId, "user.id", Keyword, one, Extracted, "actor.id, target.id",
        "The id of the user the event is about: the first user among the targets, else the actor.",
        |r, _v| r.keyword(r.user.id);
    UserName, "user.name", Keyword, one, Extracted, "actor.alternateId, target.alternateId",
        "The login name of that user.",
        |r, _v| r.name(r.user.alternate_id);
    UserEmail, "user.email", Keyword, one, Extracted, "actor.alternateId, target.alternateId",
        "The e-mail address of that user, which is the login name in Okta.",
        |r, _v| r.name(r.user.alternate_id);
    UserFullName, "user.full_name", Keyword, one, Extracted, "actor.displayName, target.displayName",
        "The full name of that user.",
        |r, _v| r.keyword(r.user.display_name);
    UserTargetId, "user.target.id", Keyword, one, Added, "target.id",
        "The id of the user that somebody else did it to.",
        |r, _v| r.keyword(r.user_target().id);
    UserTargetName, "user.target.name", Keyword, one, Added, "target.alternateId",
        "The login name of the user that somebody else did it to.",
        |r, _v| r.name(r.user_target().alternate_id);
    UserTargetEmail, "user.target.email", Keyword, one, Added, "target.alternateId",
        "The e-mail address of the user that somebody else did it to.",
        |r, _v| r.name(r.user_target().alternate_id);
    UserTargetFullName, "user.target.full_name", Keyword, one, Added, "target.displayName",
        "The full name of the user that somebody else did it to.",
        |r, _v| r.keyword(r.user_target().display_name);
    UserAgentOriginal, "user_agent.original", Keyword, one, Extracted,
        "client.userAgent.rawUserAgent",
        "The user agent as the client sent it.",
        |r, _v| r.agent_original();
    UserAgentName, "user_agent.name", Keyword, one, Extracted,
        "client.userAgent.rawUserAgent, client.userAgent.browser",
        "The program's name.",
        |r, _v| r.agent_name();
    UserAgentVersion, "user_agent.version", Keyword, one, Inferred, "client.userAgent.rawUserAgent",
        "The program's version.",
        |r, _v| r.agent_part(|agent| agent.version.as_deref());
    UserAgentDeviceName, "user_agent.device.name", Keyword, one, Inferred,
        "client.userAgent.rawUserAgent",
        "The kind of device the program says it runs on.",
        |r, _v| r.agent_part(|agent| Some(&agent.device));
    UserAgentOsName, "user_agent.os.name", Keyword, one, Inferred, "client.userAgent.rawUserAgent",
        "The operating system the program says it runs on.",
        |r, _v| r.agent_part(|agent| Some(&agent.os));
    UserAgentOsVersion, "user_agent.os.version", Keyword, one, Inferred,
        "client.userAgent.rawUserAgent",
        "The version of that operating system.",
        |r, _v| r.agent_part(|agent| agent.os_version.as_deref());
    Severity, "okta.system.severity", Keyword, one, Extracted, "severity",
        "How severe Okta finds the event: DEBUG, INFO, WARN or ERROR.",
        |r, _v| r.keyword(r.event.severity);
    LegacyEventType, "okta.system.legacy_event_type", Keyword, one, Added, "legacyEventType",
        "The event type that Okta's older Events API had for this.",
        |r, _v| r.keyword(r.event.legacy_event_type);
    ActorId, "okta.system.actor.id", Keyword, one, Extracted, "actor.id",
        "The id of who did it.",
        |r, _v| r.keyword(r.event.actor.id);
    ActorType, "okta.system.actor.type", Keyword, one, Extracted, "actor.type",
        "What did it: a user, the system, an application.",
        |r, _v| r.keyword(r.event.actor.kind);
    ActorAlternateId, "okta.system.actor.alternate_id", Keyword, one, Extracted,
        "actor.alternateId",
        "The login name of who did it.",
        |r, _v| r.name(r.event.actor.alternate_id);
    ActorDisplayName, "okta.system.actor.display_name", Keyword, one, Extracted,
        "actor.displayName",
        "The full name of who did it.",
        |r, _v| r.keyword(r.event.actor.display_name);
    TransactionId, "okta.system.transaction.id", Keyword, one, Extracted, "transaction.id",
        "What the events of one request have in common.",
        |r, _v| r.keyword(r.event.transaction.id);
    TransactionType, "okta.system.transaction.type", Keyword, one, Extracted, "transaction.type",
        "WEB for a request, JOB for what Okta does on its own.",
        |r, _v| r.keyword(r.event.transaction.kind);
    RequestApiTokenId, "okta.system.transaction.detail.request_api_token_id", Keyword, one, Added,
        "transaction.detail.requestApiTokenId",
        "The API token the request was made with.",
        |r, _v| r.keyword(r.event.transaction.detail.get("requestApiTokenId"));
    OutcomeResult, "okta.system.outcome.result", Keyword, one, Extracted, "outcome.result",
        "How it ended, in Okta's terms.",
        |r, _v| r.keyword(r.event.outcome.result);
    OutcomeReason, "okta.system.outcome.reason", Keyword, one, Extracted, "outcome.reason",
        "Why it ended so.",
        |r, _v| r.keyword(r.event.outcome.reason);
    AuthenticationInterface, "okta.system.authentication_context.interface", Keyword, one,
        Extracted, "authenticationContext.interface",
        "The interface of a third party that the actor signed in through.",
        |r, _v| r.keyword(r.event.authentication_context.interface);
    AuthenticationProvider, "okta.system.authentication_context.authentication.provider", Keyword,
        one, Extracted, "authenticationContext.authenticationProvider",
        "What checked the credentials.",
        |r, _v| r.keyword(r.event.authentication_context.authentication_provider);
    CredentialProvider, "okta.system.authentication_context.credential.provider", Keyword, one,
        Extracted, "authenticationContext.credentialProvider",
        "What issued the credentials.",
        |r, _v| r.keyword(r.event.authentication_context.credential_provider);
    CredentialType, "okta.system.authentication_context.credential.type", Keyword, one, Extracted,
        "authenticationContext.credentialType",
        "The technology of the credentials.",
        |r, _v| r.keyword(r.event.authentication_context.credential_type);
    IssuerId, "okta.system.authentication_context.issuer.id", Keyword, one, Extracted,
        "authenticationContext.issuer.id",
        "The id of who vouched for the credentials.",
        |r, _v| r.keyword(r.event.authentication_context.issuer.id);
    IssuerType, "okta.system.authentication_context.issuer.type", Keyword, one, Extracted,
        "authenticationContext.issuer.type",
        "What vouched for the credentials.",
        |r, _v| r.keyword(r.event.authentication_context.issuer.kind);
    ExternalSessionId, "okta.system.authentication_context.external_session_id", Keyword, one,
        Extracted, "authenticationContext.externalSessionId",
        "The session the event belongs to.",
        |r, _v| r.session_id();
    RootSessionId, "okta.system.authentication_context.root_session_id", Keyword, one, Added,
        "authenticationContext.rootSessionId",
        "The session that the event's session began in.",
        |r, _v| r.keyword(r.event.authentication_context.root_session_id);
    Isp, "okta.system.security_context.isp", Keyword, one, Extracted, "securityContext.isp",
        "The provider of the network the request came from.",
        |r, _v| r.keyword(r.event.security_context.isp);
    IsProxy, "okta.system.security_context.is_proxy", Boolean, one, Extracted,
        "securityContext.isProxy",
        "Whether the address is known as a proxy.",
        |r, _v| r.boolean(r.event.security_context.is_proxy);
    DeviceId, "okta.system.device.id", Keyword, one, Added, "device.id",
        "The id of the device.",
        |r, _v| r.keyword(r.event.device.id);
    DeviceName, "okta.system.device.name", Keyword, one, Added, "device.name",
        "The name of the device.",
        |r, _v| r.keyword(r.event.device.name);
    DeviceOsPlatform, "okta.system.device.os_platform", Keyword, one, Added, "device.os_platform",
        "The operating system of the device.",
        |r, _v| r.keyword(r.event.device.os_platform);
    DeviceOsVersion, "okta.system.device.os_version", Keyword, one, Added, "device.os_version",
        "The version of that operating system.",
        |r, _v| r.keyword(r.event.device.os_version);
    DeviceManaged, "okta.system.device.managed", Boolean, one, Added, "device.managed",
        "Whether the organisation manages the device.",
        |r, _v| r.boolean(r.event.device.managed);
    DeviceRegistered, "okta.system.device.registered", Boolean, one, Added, "device.registered",
        "Whether the device is registered with Okta.",
        |r, _v| r.boolean(r.event.device.registered);
    DeviceIntegrator, "okta.system.device.device_integrator", Object, one, Added,
        "device.device_integrator",
        "What a device manager or endpoint product says of the device.",
        |r, _v| r.device_integrator();
    DeviceDiskEncryptionType, "okta.system.device.disk_encryption_type", Keyword, one, Added,
        "device.disk_encryption_type",
        "How the device's disk is encrypted.",
        |r, _v| r.keyword(r.event.device.disk_encryption_type);
    DeviceScreenLockType, "okta.system.device.screen_lock_type", Keyword, one, Added,
        "device.screen_lock_type",
        "How the device's screen is locked.",
        |r, _v| r.keyword(r.event.device.screen_lock_type);
    DeviceJailbreak, "okta.system.device.jailbreak", Boolean, one, Added, "device.jailbreak",
        "Whether the device's own protection has been broken.",
        |r, _v| r.boolean(r.event.device.jailbreak);
    DeviceSecureHardwarePresent, "okta.system.device.secure_hardware_present", Boolean, one, Added,
        "device.secure_hardware_present",
        "Whether the device keeps keys in hardware.",
        |r, _v| r.boolean(r.event.device.secure_hardware_present);
    IpChain, "okta.system.request.ip_chain", Object, many, Added, "request.ipChain",
        "The addresses the request came through, nearest to the client first.",
        |r, v| r.ip_chain().try_for_each(v);
    IpChainIp, "okta.system.request.ip_chain.ip", Ip, many, Added, "request.ipChain.ip",
        "An address the request came through.",
        in IpChain, |r, v| r.hops("ip", |ip| r.ip(ip), v);
    IpChainVersion, "okta.system.request.ip_chain.version", Keyword, many, Added,
        "request.ipChain.version",
        "V4 or V6.",
        in IpChain, |r, v| r.hops("version", |version| r.keyword(version), v);
    IpChainSource, "okta.system.request.ip_chain.source", Keyword, many, Added,
        "request.ipChain.source",
        "How Okta learned of the address.",
        in IpChain, |r, v| r.hops("source", |source| r.keyword(source), v);
    Target, "okta.system.target", Object, many, Added, "target",
        "Everything it was done to.",
        |r, v| r.targets(v);
    TargetId, "okta.system.target.id", Keyword, many, Added, "target.id",
        "The id of a thing it was done to.",
        in Target, |r, v| r.event.target.iter().try_for_each(|t| r.member(r.keyword(t.id), v));
    TargetType, "okta.system.target.type", Keyword, many, Added, "target.type",
        "What that thing is: a user, an application, a group, a policy.",
        in Target, |r, v| r.event.target.iter().try_for_each(|t| r.member(r.keyword(t.kind), v));
    TargetAlternateId, "okta.system.target.alternate_id", Keyword, many, Added,
        "target.alternateId",
        "The login name or label of that thing.",
        in Target, |r, v| r.event.target.iter().try_for_each(|t| r.member(r.name(t.alternate_id), v));
    TargetDisplayName, "okta.system.target.display_name", Keyword, many, Added,
        "target.displayName",
        "The name of that thing.",
        in Target, |r, v| r.event.target.iter().try_for_each(|t| r.member(r.keyword(t.display_name), v));
    DebugContext, "okta.system.debug_context", Object, one, Added, "debugContext.debugData",
        "Everything else that Okta noted, with names in ECS's spelling and structures read out of strings.",
        |r, _v| r.debug_context();
    RelatedIp, "related.ip", Ip, many, Inferred, "source.ip",
        "Every address in the record.",
        |r, v| r.member(r.source_ip(), v);
    RelatedHosts, "related.hosts", Keyword, many, Inferred, "source.domain",
        "Every host and domain in the record.",
        |r, v| r.member(r.keyword(r.event.security_context.domain), v);
    RelatedUser, "related.user", Keyword, many, Inferred, "actor, target",
        "The login name of every user in the record.",
        |r, v| r.related_users().into_iter().try_for_each(|name| v(r.plain(Some(name))));
    Tags, "tags", Keyword, many, Added, "published, text",
        "What had to be put up with: `timestamp_invalid` when `@timestamp` is no date, `utf8_repaired` when the text was no UTF-8.",
        |r, v| r.tags().try_for_each(|tag| v(r.constant(tag)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn rows_stand_where_their_ids_say() {
        for (row, field) in FIELDS.iter().enumerate() {
            assert_eq!(field.id as usize, row, "{}", field.name);
        }
        let names: HashSet<_> = FIELDS.iter().map(|field| field.name).collect();
        assert_eq!(names.len(), FIELDS.len());
    }

    #[test]
    fn the_table_holds_the_fields_of_the_reference() {
        let reference: serde_json::Value =
            serde_json::from_str(include_str!("../data/fields.json")).unwrap();
        let reference = reference.as_array().unwrap();
        assert_eq!(reference.len(), 42);
        for field in reference {
            let name = field["field"].as_str().unwrap();
            let row = FIELDS.iter().find(|row| row.name == name);
            let row = row.unwrap_or_else(|| panic!("{name} is missing"));
            assert_eq!(row.kind.name(), field["type"].as_str().unwrap(), "{name}");
            assert_eq!(row.origin, Origin::Extracted, "{name}");
        }
        let extracted = FIELDS.iter().filter(|row| row.origin == Origin::Extracted).count();
        assert_eq!(extracted, 42);
    }

    #[test]
    fn fields_of_one_object_stand_together() {
        let mut closed = HashSet::new();
        let mut before: Vec<&str> = Vec::new();
        for field in FIELDS {
            let path: Vec<_> = field.name.split('.').collect();
            let parents = &path[..path.len() - 1];
            let common = before.iter().zip(parents).take_while(|(a, b)| a == b).count();
            for depth in common..before.len() {
                closed.insert(before[..=depth].join("."));
            }
            for depth in 1..=parents.len() {
                assert!(!closed.contains(&parents[..depth].join(".")), "{} comes late", field.name);
            }
            before = parents.to_vec();
        }
    }
}
