//! The seven samples of the reference document, record by record.

#![allow(clippy::unwrap_used)]

use ecs::{Arrival, Context, Record};
use serde_json::Value;

/// What a record has beyond the samples, as dotted names; a name takes everything below it.
const ADDITIONS: &[&str] = &[
    "event.id",
    "event.outcome",
    "event.provider",
    "event.ingested",
    "organization",
    "user.target",
    "okta.system.target",
    "okta.system.debug_context",
    "okta.system.device",
    "okta.system.request",
    "okta.system.transaction.detail",
    "okta.system.legacy_event_type",
    "okta.system.authentication_context.root_session_id",
    // In the field table of the document, though not in its samples.
    "okta.system.security_context",
    "tags",
];

fn record(raw: &str) -> Value {
    let event = okta::LogEvent::parse(raw).unwrap();
    let context = Context::default();
    let mut json = Vec::new();
    Record::new(&event, &context, Arrival::default()).write_json(&mut json);
    serde_json::from_slice(&json).unwrap()
}

/// Takes `path` out of `record`, and objects that are empty without it.
fn remove(record: &mut Value, path: &[&str]) {
    let (Some((first, rest)), Some(members)) = (path.split_first(), record.as_object_mut()) else {
        return;
    };
    if rest.is_empty() {
        members.remove(*first);
    } else if let Some(member) = members.get_mut(*first) {
        remove(member, rest);
        if member.as_object().is_some_and(|members| members.is_empty()) {
            members.remove(*first);
        }
    }
}

macro_rules! samples {
    ($($name:ident)*) => { $(
        #[test]
        fn $name() {
            let raw = include_str!(concat!("samples/", stringify!($name), ".raw.json"));
            let expected = include_str!(concat!("samples/", stringify!($name), ".expected.json"));
            let mut actual = record(raw);
            for addition in ADDITIONS {
                remove(&mut actual, &addition.split('.').collect::<Vec<_>>());
            }
            let expected: Value = serde_json::from_str(expected).unwrap();
            similar_asserts::assert_eq!(actual, expected);
        }
    )* };
}

samples! {
    auth_via_idp
    auth_via_mfa
    push_factor
    session_start
    sso_failure
    sso_success
    update_password
}

#[test]
fn the_additions_are_there() {
    let idp = record(include_str!("samples/auth_via_idp.raw.json"));
    assert_eq!(idp["event"]["id"], "7a353625-99c9-435b-a4b6-b1137a5e6edb");
    assert_eq!(idp["event"]["outcome"], "success");
    assert_eq!(idp["event"]["provider"], "okta");
    assert_eq!(idp["user"]["target"]["name"], "john.doe@example.org");
    assert_eq!(idp["okta"]["system"]["target"][0]["alternate_id"], "Org2org");
    assert_eq!(idp["okta"]["system"]["security_context"]["isp"], "Easttel");
    assert_eq!(idp["okta"]["system"]["security_context"]["is_proxy"], false);
    assert_eq!(idp["okta"]["system"]["legacy_event_type"], "core.user_auth.idp.saml.login_success");
    let hop = &idp["okta"]["system"]["request"]["ip_chain"][0];
    assert_eq!(hop["ip"], "1.2.3.4");
    assert_eq!(hop["geographical_context"]["geolocation"]["lat"], 48.856_944);

    let sso = record(include_str!("samples/sso_failure.raw.json"));
    assert_eq!(sso["event"]["outcome"], "failure");
    assert_eq!(sso["user"].get("target"), None, "the actor is the user");

    let session = record(include_str!("samples/session_start.raw.json"));
    assert_eq!(session["tags"], serde_json::json!(["timestamp_invalid"]));
    assert_eq!(session["okta"]["system"]["debug_context"]["request_uri"], "/login/do-login");

    let password = record(include_str!("samples/update_password.raw.json"));
    let detail = &password["okta"]["system"]["transaction"]["detail"];
    assert_eq!(detail["request_api_token_id"], "REDACTED");
}
