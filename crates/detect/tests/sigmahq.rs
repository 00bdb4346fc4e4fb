//! SigmaHQ's rules for Okta, unmodified, on events they describe and events they do not.
//!
//! The rules under `data/sigmahq` are SigmaHQ's, by the authors named in them, under the
//! Detection Rule License 1.1; see `data/sigmahq/README.md`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod common;

use std::fs;
use std::path::Path;

use common::matching;
use detect::{Options, RuleSet};
use okta::LogEvent;

const PLACEHOLDER_RULE: &str = "okta_session_impersonation_granted";

fn rules(options: &Options) -> RuleSet {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sigmahq");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml"))
        .collect();
    files.sort();
    let mut rules = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let parsed = detect::sigma::parse(&fs::read_to_string(&file).unwrap(), name);
        assert_eq!(parsed.diagnostics, [], "{name}");
        assert_eq!(parsed.rules.len(), 1, "{name}");
        rules.extend(parsed.rules);
    }
    assert_eq!(rules.len(), 22);
    RuleSet::compile(rules, &[], options)
}

fn found(rules: &RuleSet, members: &str) -> Vec<String> {
    let text = format!(
        r#"{{"uuid": "1", "published": "2026-11-22T10:00:00.000Z", "severity": "INFO", {members}}}"#
    );
    let event = LogEvent::parse(&text).unwrap();
    let context = ecs::Context::default();
    let record = ecs::Record::new(&event, &context, ecs::Arrival::default());
    let files = matching(rules, &record).into_iter().map(|index| &rules.rules()[index].rule().file);
    files.map(|file| file.to_string()).collect()
}

#[test]
fn they_behave_as_written() {
    let rules = rules(&Options::default());
    let cases: &[(&str, &[&str])] = &[
        (r#""eventType": "group.privilege.grant""#, &["okta_admin_role_assigned_to_user_or_group"]),
        (
            r#""eventType": "user.account.privilege.grant""#,
            &["okta_admin_role_assigned_to_user_or_group"],
        ),
        (r#""eventType": "group.privilege.revoke""#, &[]),
        (r#""eventType": "iam.resourceset.bindings.add""#, &["okta_admin_role_assignment_created"]),
        (r#""eventType": "system.api_token.create""#, &["okta_api_token_created"]),
        (r#""eventType": "system.api_token.revoke""#, &["okta_api_token_revoked"]),
        (
            r#""eventType": "application.lifecycle.delete""#,
            &["okta_application_modified_or_deleted"],
        ),
        (r#""eventType": "application.lifecycle.create""#, &[]),
        (
            r#""eventType": "application.policy.sign_on.update""#,
            &["okta_application_sign_on_policy_modified_or_deleted"],
        ),
        (r#""eventType": "system.idp.lifecycle.create""#, &["okta_identity_provider_created"]),
        (r#""eventType": "user.mfa.factor.reset_all""#, &["okta_mfa_reset_or_deactivated"]),
        (r#""eventType": "zone.delete""#, &["okta_network_zone_deactivated_or_deleted"]),
        (r#""eventType": "policy.lifecycle.update""#, &["okta_policy_modified_or_deleted"]),
        (r#""eventType": "policy.rule.delete""#, &["okta_policy_rule_modified_or_deleted"]),
        (r#""eventType": "security.threat.detected""#, &["okta_security_threat_detected"]),
        (
            r#""eventType": "user.account.report_suspicious_activity_by_enduser""#,
            &["okta_suspicious_activity_enduser_report"],
        ),
        (r#""eventType": "user.lifecycle.create""#, &["okta_user_created"]),
        (
            r#""eventType": "x", "displayMessage": "User attempted unauthorized access to app""#,
            &["okta_unauthorized_access_to_app"],
        ),
        (
            r#""eventType": "x", "displayMessage": "Max sign in attempts exceeded""#,
            &["okta_user_account_locked_out"],
        ),
        (
            r#""eventType": "user.authentication.auth_via_mfa", "outcome": {"result": "FAILURE", "reason": "FastPass declined phishing attempt"}"#,
            &["okta_fastpass_phishing_detection"],
        ),
        (
            r#""eventType": "user.authentication.auth_via_mfa", "outcome": {"result": "SUCCESS", "reason": "FastPass declined phishing attempt"}"#,
            &[],
        ),
        (
            r#""eventType": "user.session.start", "securityContext": {"isProxy": true}"#,
            &["okta_user_session_start_via_anonymised_proxy"],
        ),
        (r#""eventType": "user.session.start", "securityContext": {"isProxy": false}"#, &[]),
        (r#""eventType": "user.session.start", "securityContext": null"#, &[]),
        (
            r#""eventType": "x", "securityContext": {"isProxy": true}, "debugContext": {"debugData": {"requestUri": "/Admin/users"}}"#,
            &["okta_admin_activity_from_proxy_query"],
        ),
        (
            r#""eventType": "x", "securityContext": {"isProxy": true}, "debugContext": {"debugData": {"requestUri": "/home"}}"#,
            &[],
        ),
        (
            r#""eventType": "policy.evaluate_sign_on", "target": [{"id": "1", "type": "AppInstance", "displayName": "Mail"}, {"id": "2", "type": "AppInstance", "displayName": "Okta Admin Console"}], "debugContext": {"debugData": {"behaviors": "{New Device=POSITIVE, New IP=NEGATIVE}"}}"#,
            &["okta_new_behaviours_admin_console"],
        ),
        (
            r#""eventType": "policy.evaluate_sign_on", "target": [{"id": "2", "type": "AppInstance", "displayName": "Okta Admin Console"}], "debugContext": {"debugData": {"behaviors": "{New Device=NEGATIVE}"}}"#,
            &[],
        ),
        (
            r#""eventType": "user.session.start", "legacyEventType": "core.user_auth.login_failed", "actor": {"id": "unknown", "type": "User", "alternateId": "Tr0ub4dor&3"}"#,
            &["okta_password_in_alternateid_field"],
        ),
        (
            r#""eventType": "user.session.start", "legacyEventType": "core.user_auth.login_failed", "actor": {"id": "1", "type": "User", "alternateId": "ada@example.org"}"#,
            &[],
        ),
        (
            r#""eventType": "user.session.start", "legacyEventType": "core.user_auth.login_failed", "actor": {"id": "1", "type": "App", "alternateId": "0oa123"}"#,
            &[],
        ),
    ];
    for (members, expected) in cases {
        assert_eq!(found(&rules, members), *expected, "{members}");
    }
}

#[test]
fn a_placeholder_without_values_makes_a_rule_unusable() {
    let without = rules(&Options::default());
    let finding = without.diagnostics().iter().find(|finding| &*finding.file == PLACEHOLDER_RULE);
    let finding = finding.unwrap();
    assert_eq!(finding.code, "unknown-placeholder");
    let hint = finding.hint.as_deref().unwrap();
    assert_eq!(hint, "give values for the placeholder 'legtimate_identifiers'");
    assert_eq!(without.rules().len(), 21);

    let mut options = Options::default();
    options.placeholders.insert("legtimate_identifiers", ["@example.org"]);
    let with = rules(&options);
    assert_eq!(with.rules().len(), 22);
    let event = |who: &str| {
        format!(
            r#""eventType": "user.session.impersonation.grant", "actor": {{"id": "1", "type": "User", "alternateId": "{who}"}}"#
        )
    };
    assert_eq!(found(&with, &event("eve@evil.test")), [PLACEHOLDER_RULE]);
    assert!(found(&with, &event("ada@EXAMPLE.org")).is_empty());
    assert!(found(&with, &event("system@okta.com")).is_empty());

    let mut options = Options::default();
    options.placeholders.insert("legtimate_identifiers", Vec::<String>::new());
    let idle = rules(&options);
    assert!(idle.rules().iter().any(|rule| rule.is_idle()));
    assert!(found(&idle, &event("eve@evil.test")).is_empty());
}
