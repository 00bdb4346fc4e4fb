//! Every field of the table, proven: what it is in the record of an event, and that lookups see
//! the same.

#![allow(clippy::unwrap_used, clippy::panic)]

mod lookups;

use std::collections::BTreeSet;

use ecs::{Arrival, Context, FIELDS, Kind, Lookup, Organization, Record, Timestamp};
use lookups::{at, found};
use serde_json::{Value, json};

/// An event with something in every field; cases below change a member or two.
const FULL: &str = r#"{
    "uuid": "b9fc8b80-9f4c-11ef-8a4d-000000000001",
    "published": "2026-09-03T08:14:22.101Z",
    "eventType": "user.account.update_password",
    "displayMessage": "User update password for Okta",
    "severity": "INFO",
    "legacyEventType": "core.user.config.password_update.success",
    "actor": {"id": "00u1", "type": "User", "alternateId": "ada@example.org", "displayName": "Ada Lovelace"},
    "client": {
        "id": "0oa1client",
        "ipAddress": "198.51.100.7",
        "userAgent": {
            "rawUserAgent": "Mozilla/5.0 (iPhone; CPU iPhone OS 16_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.5 Mobile/15E148 Safari/604.1",
            "browser": "SAFARI"
        },
        "geographicalContext": {
            "city": "Paris", "state": "Île-de-France", "country": "France", "postalCode": "75001",
            "geolocation": {"lat": 48.8566, "lon": 2.3522}
        }
    },
    "securityContext": {"asNumber": 3215, "asOrg": "orange", "isp": "orange s.a.", "domain": "host.example.co.uk", "isProxy": false},
    "outcome": {"result": "FAILURE", "reason": "INVALID_CREDENTIALS"},
    "transaction": {"id": "W1", "type": "WEB", "detail": {"requestApiTokenId": "00T1"}},
    "authenticationContext": {
        "interface": "SAML", "authenticationProvider": "FACTOR_PROVIDER",
        "credentialProvider": "OKTA_CREDENTIAL_PROVIDER", "credentialType": "OTP",
        "issuer": {"id": "iss1", "type": "ORG"},
        "externalSessionId": "102session", "rootSessionId": "102root"
    },
    "device": {
        "id": "guo1", "name": "Ada's phone", "os_platform": "IOS", "os_version": "16.5", "managed": true,
        "registered": "false", "device_integrator": "{\"provider\":{\"osquery\":{\"score\":7}}}",
        "disk_encryption_type": "FULL", "screen_lock_type": "BIOMETRIC", "jailbreak": false,
        "secure_hardware_present": true
    },
    "request": {"ipChain": [
        {"ip": "198.51.100.7", "version": "V4", "source": "proxy", "geographicalContext": {"postalCode": "75001"}},
        {"ip": "2001:db8::7", "version": "V6", "source": null}
    ]},
    "target": [
        {"id": "0oa2", "type": "AppInstance", "alternateId": "Salesforce\\", "displayName": "Salesforce"},
        {"id": "00u2", "type": "User", "alternateId": "bob@example.org", "displayName": "Bob Byron"},
        {"id": "00u3", "type": "AppUser", "alternateId": "cy@example.org", "displayName": ""}
    ],
    "debugContext": {"debugData": {
        "requestUri": "/api/v1/users", "behaviors": "{New Device=POSITIVE, New IP=NEGATIVE}",
        "risk": "{reasons=Anomalous Device, level=HIGH}",
        "logOnlySecurityData": "{\"risk\":{\"level\":\"LOW\"},\"newThing\":null}", "empty": ""
    }}
}"#;

/// What each field is in the full event.
fn full() -> Vec<(&'static str, Value)> {
    vec![
        ("@timestamp", json!("2026-09-03T08:14:22.101Z")),
        ("event.kind", json!("event")),
        ("event.dataset", json!("system-log")),
        ("event.provider", json!("okta")),
        ("event.action", json!("user.account.update_password")),
        ("event.reason", json!("User update password for Okta")),
        ("event.category", json!(["iam"])),
        ("event.type", json!(["change"])),
        ("event.outcome", json!("failure")),
        ("event.id", json!("b9fc8b80-9f4c-11ef-8a4d-000000000001")),
        ("event.ingested", json!("2026-09-10T00:26:40.123Z")),
        ("observer.vendor", json!("Okta")),
        ("organization.id", json!("00o1")),
        ("organization.name", json!("Example")),
        ("source.ip", json!("198.51.100.7")),
        ("source.address", json!("host.example.co.uk")),
        ("source.domain", json!("host.example.co.uk")),
        ("source.top_level_domain", json!("co.uk")),
        ("source.registered_domain", json!("example.co.uk")),
        ("source.user.id", json!("0oa1client")),
        ("source.as.number", json!(3215)),
        ("source.as.organization.name", json!("orange")),
        ("source.geo.city_name", json!("Paris")),
        ("source.geo.region_name", json!("Île-de-France")),
        ("source.geo.country_name", json!("France")),
        ("source.geo.postal_code", json!("75001")),
        ("source.geo.location", json!({"lat": 48.8566, "lon": 2.3522})),
        ("user.id", json!("00u2")),
        ("user.name", json!("bob@example.org")),
        ("user.email", json!("bob@example.org")),
        ("user.full_name", json!("Bob Byron")),
        ("user.target.id", json!("00u2")),
        ("user.target.name", json!("bob@example.org")),
        ("user.target.email", json!("bob@example.org")),
        ("user.target.full_name", json!("Bob Byron")),
        (
            "user_agent.original",
            json!(
                "Mozilla/5.0 (iPhone; CPU iPhone OS 16_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.5 Mobile/15E148 Safari/604.1"
            ),
        ),
        ("user_agent.name", json!("Mobile Safari")),
        ("user_agent.version", json!("16.5")),
        ("user_agent.device.name", json!("iPhone")),
        ("user_agent.os.name", json!("iOS")),
        ("user_agent.os.version", json!("16.5")),
        ("okta.system.severity", json!("INFO")),
        ("okta.system.legacy_event_type", json!("core.user.config.password_update.success")),
        ("okta.system.actor.id", json!("00u1")),
        ("okta.system.actor.type", json!("User")),
        ("okta.system.actor.alternate_id", json!("ada@example.org")),
        ("okta.system.actor.display_name", json!("Ada Lovelace")),
        ("okta.system.transaction.id", json!("W1")),
        ("okta.system.transaction.type", json!("WEB")),
        ("okta.system.transaction.detail.request_api_token_id", json!("00T1")),
        ("okta.system.outcome.result", json!("FAILURE")),
        ("okta.system.outcome.reason", json!("INVALID_CREDENTIALS")),
        ("okta.system.authentication_context.interface", json!("SAML")),
        ("okta.system.authentication_context.authentication.provider", json!("FACTOR_PROVIDER")),
        (
            "okta.system.authentication_context.credential.provider",
            json!("OKTA_CREDENTIAL_PROVIDER"),
        ),
        ("okta.system.authentication_context.credential.type", json!("OTP")),
        ("okta.system.authentication_context.issuer.id", json!("iss1")),
        ("okta.system.authentication_context.issuer.type", json!("ORG")),
        ("okta.system.authentication_context.external_session_id", json!("102session")),
        ("okta.system.authentication_context.root_session_id", json!("102root")),
        ("okta.system.security_context.isp", json!("orange s.a.")),
        ("okta.system.security_context.is_proxy", json!(false)),
        ("okta.system.device.id", json!("guo1")),
        ("okta.system.device.name", json!("Ada's phone")),
        ("okta.system.device.os_platform", json!("IOS")),
        ("okta.system.device.os_version", json!("16.5")),
        ("okta.system.device.managed", json!(true)),
        ("okta.system.device.registered", json!(false)),
        ("okta.system.device.device_integrator", json!({"provider": {"osquery": {"score": 7}}})),
        ("okta.system.device.disk_encryption_type", json!("FULL")),
        ("okta.system.device.screen_lock_type", json!("BIOMETRIC")),
        ("okta.system.device.jailbreak", json!(false)),
        ("okta.system.device.secure_hardware_present", json!(true)),
        (
            "okta.system.request.ip_chain",
            json!([
                {"ip": "198.51.100.7", "version": "V4", "source": "proxy", "geographical_context": {"postal_code": "75001"}},
                {"ip": "2001:db8::7", "version": "V6"}
            ]),
        ),
        ("okta.system.request.ip_chain.ip", json!(["198.51.100.7", "2001:db8::7"])),
        ("okta.system.request.ip_chain.version", json!(["V4", "V6"])),
        ("okta.system.request.ip_chain.source", json!(["proxy"])),
        (
            "okta.system.target",
            json!([
                {"id": "0oa2", "type": "AppInstance", "alternate_id": "Salesforce", "display_name": "Salesforce"},
                {"id": "00u2", "type": "User", "alternate_id": "bob@example.org", "display_name": "Bob Byron"},
                {"id": "00u3", "type": "AppUser", "alternate_id": "cy@example.org"}
            ]),
        ),
        ("okta.system.target.id", json!(["0oa2", "00u2", "00u3"])),
        ("okta.system.target.type", json!(["AppInstance", "User", "AppUser"])),
        (
            "okta.system.target.alternate_id",
            json!(["Salesforce", "bob@example.org", "cy@example.org"]),
        ),
        ("okta.system.target.display_name", json!(["Salesforce", "Bob Byron"])),
        (
            "okta.system.debug_context",
            json!({
                "request_uri": "/api/v1/users",
                "behaviors": {"new_device": "POSITIVE", "new_ip": "NEGATIVE"},
                "risk": {"reasons": ["Anomalous Device"], "level": "HIGH"},
                "log_only_security_data": {"risk": {"level": "LOW"}}
            }),
        ),
        ("related.ip", json!(["198.51.100.7"])),
        ("related.hosts", json!(["host.example.co.uk"])),
        ("related.user", json!(["ada@example.org", "bob@example.org", "cy@example.org"])),
        ("tags", json!(["utf8_repaired"])),
    ]
}

/// Calls `check` with the record of an event and its JSON.
fn with_record(event: &str, check: impl FnOnce(&Record<'_>, &Value)) {
    let event = okta::LogEvent::parse(event).unwrap();
    let context = Context::new(Organization {
        id: Some("00o1".to_owned()),
        name: Some("Example".to_owned()),
    });
    let arrival = Arrival { ingested: Some(Timestamp(1_789_000_000_123)), repaired: true };
    let record = Record::new(&event, &context, arrival);
    let mut json = Vec::new();
    record.write_json(&mut json);
    check(&record, &serde_json::from_slice(&json).unwrap());
}

#[test]
fn every_field_is_proven() {
    let cases = full();
    let proven: BTreeSet<_> = cases.iter().map(|(name, _)| *name).collect();
    let fields: BTreeSet<_> = FIELDS.iter().map(|field| field.name).collect();
    assert_eq!(proven, fields, "each field of the table has a case");
    assert_eq!(cases.len(), FIELDS.len(), "one");

    with_record(FULL, |record, json| {
        for (name, expected) in &cases {
            let field = FIELDS.iter().find(|field| field.name == *name).unwrap();
            let values = if field.many {
                expected.as_array().unwrap().clone()
            } else {
                vec![expected.clone()]
            };
            assert_eq!(at(json, name), values, "{name} in the record");
            if field.part_of.is_none() {
                let pointer = format!("/{}", name.replace('.', "/"));
                assert_eq!(json.pointer(&pointer), Some(expected), "{name}, one or many");
            }
            let lookup = Lookup::resolve(name);
            assert_eq!(lookup.field(), Some(field.id), "{name}");
            if field.kind == Kind::Object {
                assert_eq!(found(record, name).len(), values.len(), "{name} by lookup");
                continue;
            }
            assert_eq!(found(record, name), values, "{name} by lookup");
        }
    });
}

#[test]
fn what_is_below_an_object_is_found_by_name() {
    let cases = [
        ("okta.system.debug_context.request_uri", json!(["/api/v1/users"])),
        ("okta.system.debug_context.requestUri", json!(["/api/v1/users"])),
        ("OKTA.system.debug_context.behaviors.new_device", json!(["POSITIVE"])),
        ("okta.system.debug_context.risk.level", json!(["HIGH"])),
        ("okta.system.debug_context.risk.reasons", json!(["Anomalous Device"])),
        ("okta.system.debug_context.log_only_security_data.risk.level", json!(["LOW"])),
        ("okta.system.debug_context.log_only_security_data.new_thing", json!([])),
        ("okta.system.debug_context.empty", json!([])),
        ("okta.system.device.device_integrator.provider.osquery.score", json!([7])),
        ("okta.system.request.ip_chain.geographical_context.postal_code", json!(["75001"])),
        ("source.geo.location.lat", json!([48.8566])),
        ("source.geo.location.lon", json!([2.3522])),
    ];
    with_record(FULL, |record, json| {
        for (name, expected) in &cases {
            assert_eq!(json!(found(record, name)), *expected, "{name} by lookup");
            let name = name.replace("requestUri", "request_uri").to_lowercase();
            assert_eq!(json!(at(json, &name)), *expected, "{name} in the record");
        }
    });
}

/// Members that take the place of those of a small event, and what fields come to.
#[test]
fn fields_depend_on_what_is_there() {
    let small = |members: &str| {
        format!(
            r#"{{"uuid":"1","published":"2026-09-03T08:14:22.101Z","eventType":"user.session.start",{members}}}"#
        )
    };
    let cases: Vec<(&str, Vec<(&str, Value)>)> = vec![
        (
            r#""actor":{"id":"00u1","type":"User","alternateId":"ada@example.org","displayName":"Ada"}"#,
            vec![
                ("user.id", json!(["00u1"])),
                ("user.name", json!(["ada@example.org"])),
                ("user.email", json!(["ada@example.org"])),
                ("user.full_name", json!(["Ada"])),
                ("user.target.id", json!([])),
                ("related.user", json!(["ada@example.org"])),
            ],
        ),
        (
            r#""actor":{"id":"00u1","type":"User"},"target":[{"id":"00u1","type":"User","displayName":"Ada"}]"#,
            vec![
                ("user.id", json!(["00u1"])),
                ("user.full_name", json!(["Ada"])),
                ("user.target.id", json!([])),
                ("user.target.full_name", json!([])),
            ],
        ),
        (
            r#""actor":{"id":"sys","type":"SystemPrincipal","alternateId":"system@okta.com"},"target":[{"id":"g","type":"UserGroup"},{"id":"00u1","type":"AppUser"}]"#,
            vec![
                ("user.id", json!(["00u1"])),
                ("user.name", json!([])),
                ("user.target.id", json!(["00u1"])),
                ("related.user", json!([])),
            ],
        ),
        (
            r#""client":{"ipAddress":"2001:db8::1"}"#,
            vec![
                ("source.ip", json!(["2001:db8::1"])),
                ("source.address", json!(["2001:db8::1"])),
                ("source.domain", json!([])),
                ("related.ip", json!(["2001:db8::1"])),
                ("related.hosts", json!([])),
            ],
        ),
        (
            r#""client":{"ipAddress":"10.1.2.3.4"},"securityContext":{"domain":"."}"#,
            vec![
                ("source.ip", json!([])),
                ("source.address", json!(["."])),
                ("source.top_level_domain", json!([])),
                ("source.registered_domain", json!([])),
                ("related.ip", json!([])),
            ],
        ),
        (
            r#""client":{"userAgent":{"rawUserAgent":"UnKnown","browser":"CHROME","os":"Windows"}}"#,
            vec![
                ("user_agent.original", json!([])),
                ("user_agent.name", json!(["Chrome"])),
                ("user_agent.os.name", json!([])),
            ],
        ),
        (
            r#""client":{"userAgent":{"rawUserAgent":"curl","browser":"UNKNOWN"}}"#,
            vec![
                ("user_agent.original", json!(["curl"])),
                ("user_agent.device.name", json!(["Other"])),
                ("user_agent.os.name", json!(["Other"])),
                ("user_agent.os.version", json!([])),
            ],
        ),
        (r#""client":{"userAgent":{"browser":"UNKNOWN"}}"#, vec![("user_agent.name", json!([]))]),
        (
            r#""authenticationContext":{"externalSessionId":"unknown","rootSessionId":"unknown"}"#,
            vec![
                ("okta.system.authentication_context.external_session_id", json!([])),
                ("okta.system.authentication_context.root_session_id", json!(["unknown"])),
            ],
        ),
        (r#""outcome":{"result":"SUCCESS"}"#, vec![("event.outcome", json!(["success"]))]),
        (r#""outcome":{"result":"ALLOW"}"#, vec![("event.outcome", json!(["success"]))]),
        (r#""outcome":{"result":"DENY"}"#, vec![("event.outcome", json!(["failure"]))]),
        (r#""outcome":{"result":"CHALLENGE"}"#, vec![("event.outcome", json!(["unknown"]))]),
        (r#""outcome":{"reason":"x"}"#, vec![("event.outcome", json!([]))]),
        (
            r#""published":"2026-02-30T00:00:00Z""#,
            vec![
                ("@timestamp", json!(["2026-02-30T00:00:00Z"])),
                ("tags", json!(["timestamp_invalid", "utf8_repaired"])),
            ],
        ),
        (
            r#""eventType":"never.heard.of""#,
            vec![
                ("event.action", json!(["never.heard.of"])),
                ("event.category", json!(["iam"])),
                ("event.type", json!(["info"])),
            ],
        ),
        (
            r#""securityContext":{"asNumber":"3741","isProxy":"TRUE"}"#,
            vec![
                ("source.as.number", json!([3741])),
                ("okta.system.security_context.is_proxy", json!([true])),
            ],
        ),
    ];
    for (members, expected) in cases {
        with_record(&small(members), |record, json| {
            for (name, values) in &expected {
                assert_eq!(json!(at(json, name)), *values, "{name} in the record of {members}");
                assert_eq!(json!(found(record, name)), *values, "{name} by lookup in {members}");
            }
        });
    }
}
