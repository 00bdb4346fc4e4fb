//! The objects of a LogEvent, member by member, as Okta's System Log API documents them.

use super::member::{List, object};
use crate::json::Value;

object! {
    /// Who did it.
    pub struct Actor {
        "id" => id: Value<'a>,
        /// `User`, `SystemPrincipal`, `PublicClientApp`, ….
        "type" => kind: Value<'a>,
        /// The login name, for a user.
        "alternateId" => alternate_id: Value<'a>,
        "displayName" => display_name: Value<'a>,
        "detailEntry" => detail_entry: Value<'a>,
    }
}

object! {
    /// What it was done with, and where.
    pub struct Client {
        "id" => id: Value<'a>,
        "zone" => zone: Value<'a>,
        "device" => device: Value<'a>,
        "ipAddress" => ip_address: Value<'a>,
        "userAgent" => user_agent: UserAgent<'a>,
        "geographicalContext" => geographical_context: GeographicalContext<'a>,
    }
}

object! {
    /// The program the client said it is.
    pub struct UserAgent {
        "rawUserAgent" => raw_user_agent: Value<'a>,
        "os" => os: Value<'a>,
        "browser" => browser: Value<'a>,
    }
}

object! {
    /// Where an address is thought to be.
    pub struct GeographicalContext {
        "city" => city: Value<'a>,
        "state" => state: Value<'a>,
        "country" => country: Value<'a>,
        "postalCode" => postal_code: Value<'a>,
        "geolocation" => geolocation: Geolocation<'a>,
    }
}

object! {
    /// Degrees.
    pub struct Geolocation {
        "lat" => lat: Value<'a>,
        "lon" => lon: Value<'a>,
    }
}

object! {
    /// The device, when Okta knows it. Okta spells some of its members with underscores.
    pub struct Device {
        "id" => id: Value<'a>,
        "name" => name: Value<'a>,
        "os_platform" => os_platform: Value<'a>,
        "os_version" => os_version: Value<'a>,
        "managed" => managed: Value<'a>,
        "registered" => registered: Value<'a>,
        "device_integrator" => device_integrator: Value<'a>,
        "disk_encryption_type" => disk_encryption_type: Value<'a>,
        "screen_lock_type" => screen_lock_type: Value<'a>,
        "jailbreak" => jailbreak: Value<'a>,
        "secure_hardware_present" => secure_hardware_present: Value<'a>,
    }
}

object! {
    /// How the actor was authenticated.
    pub struct AuthenticationContext {
        "authenticationProvider" => authentication_provider: Value<'a>,
        "credentialProvider" => credential_provider: Value<'a>,
        "credentialType" => credential_type: Value<'a>,
        "issuer" => issuer: Issuer<'a>,
        "interface" => interface: Value<'a>,
        "authenticationStep" => authentication_step: Value<'a>,
        "externalSessionId" => external_session_id: Value<'a>,
        "rootSessionId" => root_session_id: Value<'a>,
    }
}

object! {
    /// Who vouched for the credentials.
    pub struct Issuer {
        "id" => id: Value<'a>,
        "type" => kind: Value<'a>,
    }
}

object! {
    /// What is known of the network the request came from, and how risky Okta finds it.
    pub struct SecurityContext {
        "asNumber" => as_number: Value<'a>,
        "asOrg" => as_org: Value<'a>,
        "isp" => isp: Value<'a>,
        "domain" => domain: Value<'a>,
        "isProxy" => is_proxy: Value<'a>,
        "ipDetails" => ip_details: Value<'a>,
        "risk" => risk: Value<'a>,
        "userBehaviors" => user_behaviors: Value<'a>,
        "botProtection" => bot_protection: Value<'a>,
    }
}

object! {
    /// How it ended.
    pub struct Outcome {
        /// `SUCCESS`, `FAILURE`, `SKIPPED`, `ALLOW`, `DENY`, `CHALLENGE` or `UNKNOWN`.
        "result" => result: Value<'a>,
        "reason" => reason: Value<'a>,
    }
}

object! {
    /// One of the things it was done to.
    pub struct Target {
        "id" => id: Value<'a>,
        /// `User`, `AppUser`, `AppInstance`, `UserGroup`, ….
        "type" => kind: Value<'a>,
        "alternateId" => alternate_id: Value<'a>,
        "displayName" => display_name: Value<'a>,
        "detailEntry" => detail_entry: Value<'a>,
        /// `from` and `to`.
        "changeDetails" => change_details: Value<'a>,
    }
}

object! {
    /// What the event is a part of.
    pub struct Transaction {
        "id" => id: Value<'a>,
        /// `WEB` or `JOB`.
        "type" => kind: Value<'a>,
        "detail" => detail: Value<'a>,
    }
}

object! {
    /// What Okta's engineers thought worth noting.
    pub struct DebugContext {
        /// An object of any members, mostly strings, some of which hold structures of their own.
        "debugData" => debug_data: Value<'a>,
    }
}

object! {
    /// The request behind the event.
    pub struct Request {
        /// The addresses it came through: `ip`, `version`, `source`, `geographicalContext`, ….
        "ipChain" => ip_chain: Value<'a>,
    }
}

object! {
    /// All members of a LogEvent.
    pub struct Members {
        "uuid" => uuid: Value<'a>,
        "published" => published: Value<'a>,
        "eventType" => event_type: Value<'a>,
        "legacyEventType" => legacy_event_type: Value<'a>,
        "version" => version: Value<'a>,
        /// `DEBUG`, `INFO`, `WARN` or `ERROR`.
        "severity" => severity: Value<'a>,
        "displayMessage" => display_message: Value<'a>,
        "actor" => actor: Actor<'a>,
        "client" => client: Client<'a>,
        "device" => device: Device<'a>,
        "authenticationContext" => authentication_context: AuthenticationContext<'a>,
        "securityContext" => security_context: SecurityContext<'a>,
        "outcome" => outcome: Outcome<'a>,
        "target" => target: List<Target<'a>>,
        "transaction" => transaction: Transaction<'a>,
        "debugContext" => debug_context: DebugContext<'a>,
        "request" => request: Request<'a>,
    }
}
