//! The event types the simulated organisation writes, with the display message, the legacy event
//! type and the severity they usually carry.
//!
//! Names come from Okta's published event type catalogue, of which `data/event-types.csv` is a
//! copy; [`UNLISTED`] are invented ones that no catalogue has, since Okta adds event types without
//! notice and a reader has to cope.

/// LogEvent `severity`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Severity {
    Debug,
    Info,
    Warn,
    Error,
}

impl Severity {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Severity::Debug => "DEBUG",
            Severity::Info => "INFO",
            Severity::Warn => "WARN",
            Severity::Error => "ERROR",
        }
    }
}

/// What all events of one type have in common.
#[derive(Debug)]
pub(crate) struct EventType {
    pub(crate) name: &'static str,
    pub(crate) message: &'static str,
    pub(crate) legacy: Option<&'static str>,
    pub(crate) severity: Severity,
}

macro_rules! event_types {
    ($($constant:ident $name:literal $message:literal $severity:ident $(= $legacy:literal)?;)*) => {
        $(pub(crate) static $constant: EventType = EventType {
            name: $name,
            message: $message,
            legacy: event_types!(@legacy $($legacy)?),
            severity: Severity::$severity,
        };)*
        /// Every event type of this file.
        #[cfg(test)]
        pub(crate) static ALL: &[&EventType] = &[$(&$constant),*];
    };
    (@legacy) => { None };
    (@legacy $legacy:literal) => { Some($legacy) };
}

/// Event types that are in no catalogue.
pub const UNLISTED: [&str; 2] =
    ["user.authentication.passkey_autofill", "system.agent.connector.heartbeat_missed"];

event_types! {
    // Signing in.
    EVALUATE_SIGN_ON "policy.evaluate_sign_on" "Evaluation of sign-on policy" Info;
    SESSION_START "user.session.start" "User login to Okta" Info = "core.user_auth.login_success";
    SESSION_END "user.session.end" "User logout from Okta" Info = "core.user_auth.logout_success";
    SESSION_CLEAR "user.session.clear" "Clear user session" Info = "core.user_auth.session_clear";
    SESSION_CONTEXT_CHANGE "user.session.context.change" "User session context changed" Info;
    SESSION_EXPIRE "user.session.expire" "Expire user session" Info = "core.user_auth.session_expired";
    AUTH_VIA_MFA "user.authentication.auth_via_mfa" "Authentication of user via MFA" Info = "core.user.factor.attempt_success";
    AUTH_VIA_IDP "user.authentication.auth_via_IDP" "Authenticate user via IDP" Info = "core.user_auth.idp.saml.login_success";
    AUTH_VIA_AD "user.authentication.auth_via_AD_agent" "Authenticate user via AD agent" Info = "core.user_auth.ad.login.success";
    AUTH_VIA_RADIUS "user.authentication.auth_via_radius" "Authentication of user via Radius" Info = "core.user_auth.radius.login.succeeded";
    VERIFY "user.authentication.verify" "Verify user identity" Info;
    SSO "user.authentication.sso" "User single sign on to app" Info = "app.auth.sso";
    SLO "user.authentication.slo" "User single sign out of app" Info = "app.auth.slo";
    UNIVERSAL_LOGOUT "user.authentication.universal_logout" "Universal Logout of user" Info;
    PASSKEY_AUTOFILL "user.authentication.passkey_autofill" "Passkey offered from autofill" Debug;
    ACCESS_ADMIN_APP "user.session.access_admin_app" "User accessing Okta admin app" Info = "app.admin.sso.login.success";
    SEND_PUSH "system.push.send_factor_verify_push" "A push was sent to a user for verification" Info;
    SEND_SMS "system.sms.send_factor_verify_message" "Send SMS for factor verification" Info = "core.user.sms.message_sent.factor";
    SMS_STATUS "system.sms.receive_status" "SMS delivery status received" Debug;
    SEND_EMAIL_FACTOR "system.email.send_factor_verify_message" "Send email factor verification message" Info = "core.user.email.message_sent.factor";
    EMAIL_DELIVERY "system.email.delivery" "Email delivery" Info;
    NEW_DEVICE_EMAIL "system.email.new_device_notification.sent_message" "Send new sign-on notification email" Info = "core.user.email.message_sent.new_device";
    DENY_PUSH "user.mfa.okta_verify.deny_push" "User rejected Okta push verify" Info = "core.user.factor.okta_verify.deny_push";
    OKTA_VERIFY "user.mfa.okta_verify" "Okta Verify challenge answered" Info;
    MFA_BYPASS "user.mfa.attempt_bypass" "User attempted to bypass multifactor authentication" Warn = "core.user.factor.attempt_bypass";
    UNAUTHORISED_APP "app.generic.unauth_app_access_attempt" "User attempted unauthorized access to app" Warn = "app.generic.unauth_app_access_attempt";
    SUSPICIOUS_REPORTED "user.account.report_suspicious_activity_by_enduser" "User report suspicious activity" Warn = "core.user.account.report_suspicious_activity";
    RISK_DETECT "user.risk.detect" "Entity risk level detected" Warn;

    // Authenticators.
    FACTOR_ACTIVATE "user.mfa.factor.activate" "Activate factor or authenticator enrollment for user" Info = "core.user.factor.activate";
    FACTOR_DEACTIVATE "user.mfa.factor.deactivate" "Deactivate factor or authenticator enrollment for user" Info = "core.user.factor.deactivate";
    FACTOR_RESET_ALL "user.mfa.factor.reset_all" "Reset all factors or authenticators for user" Warn = "core.user.factor.reset_all";
    SYSTEM_FACTOR_DEACTIVATE "system.mfa.factor.deactivate" "Disable factor for organization" Warn = "system.mfa.factor.deactivate";
    CREDENTIAL_ENROLL "user.credential.enroll" "Enroll credential for user" Info;

    // Accounts.
    ACCOUNT_LOCK "user.account.lock" "Max sign in attempts exceeded" Warn = "core.user_auth.account_locked";
    ACCOUNT_UNLOCK "user.account.unlock" "Unlock user account for Okta" Info = "core.user.config.account_unlock";
    UNLOCK_BY_ADMIN "user.account.unlock_by_admin" "Unlock user account by admin" Info = "core.user.config.account_unlock.admin";
    UPDATE_PASSWORD "user.account.update_password" "User update password for Okta" Info = "core.user.config.password_update.success";
    RESET_PASSWORD "user.account.reset_password" "User reset password for Okta" Info = "core.user.config.password_reset.success";
    PASSWORD_RESET_EMAIL "system.email.password_reset.sent_message" "Send self-service password reset email" Info = "core.user.email.message_sent.password_reset";
    EXPIRE_PASSWORD "user.account.expire_password" "Expire user password for Okta" Info = "core.user.config.password_expire";
    UPDATE_PROFILE "user.account.update_profile" "Update user profile for Okta" Info = "core.user.config.profile_update.success";
    USE_TOKEN "user.account.use_token" "Use account token" Info;
    PRIVILEGE_GRANT "user.account.privilege.grant" "Grant user privilege" Info = "core.user.admin_privilege.granted";
    PRIVILEGE_REVOKE "user.account.privilege.revoke" "Revoke user privilege" Info = "core.user.admin_privilege.revoked";
    GROUP_PRIVILEGE_GRANT "group.privilege.grant" "Grant group privilege" Info;
    USER_CREATE "user.lifecycle.create" "Create Okta user" Info = "core.user.config.user_creation.success";
    USER_ACTIVATE "user.lifecycle.activate" "Activate Okta user" Info = "core.user.config.user_activated";
    USER_DEACTIVATE "user.lifecycle.deactivate" "Deactivate Okta user" Info = "core.user.config.user_deactivated";
    USER_SUSPEND "user.lifecycle.suspend" "Suspend Okta user" Info = "core.user.config.user_suspended";
    USER_UNSUSPEND "user.lifecycle.unsuspend" "Unsuspend Okta user" Info = "core.user.config.user_unsuspended";
    IMPERSONATION_GRANT "user.session.impersonation.grant" "Grant impersonation access to Okta support" Warn = "core.user.impersonation.grant.enabled";
    IMPERSONATION_INITIATE "user.session.impersonation.initiate" "Initiate impersonation session" Warn = "core.user.impersonation.session.initiated";
    IMPERSONATION_END "user.session.impersonation.end" "Terminate impersonation session" Info = "core.user.impersonation.session.ended";
    IMPERSONATION_REVOKE "user.session.impersonation.revoke" "Revoke impersonation access from Okta support" Info = "core.user.impersonation.grant.revoked";

    // Groups and applications.
    GROUP_ADD "group.user_membership.add" "Add user to group membership" Info = "core.user_group_member.user_add";
    GROUP_REMOVE "group.user_membership.remove" "Remove user from group membership" Info = "core.user_group_member.user_remove";
    GROUP_RULE_EVALUATION "group.user_membership.rule.evaluation" "Evaluate group rule" Debug;
    APP_USER_ADD "application.user_membership.add" "Add user to application membership" Info = "app.generic.provision.assign_user_to_app";
    APP_USER_REMOVE "application.user_membership.remove" "Remove user's application membership" Info = "app.generic.provision.deactivate_user_from_app";
    APP_USER_UPDATE "application.user_membership.update" "Update user's application property" Info = "app.generic.config.app_username_update";
    APP_SHOW_PASSWORD "application.user_membership.show_password" "Show application password for user" Info = "app.generic.show.password";
    PUSH_PROFILE "application.provision.user.push_profile" "Push user's profile to external application" Info = "app.user_management.push_profile_success";
    PROVISION_PUSH "application.provision.user.push" "Push new user to external application" Info = "app.user_management.push_new_user_success";
    PROVISION_SYNC "application.provision.user.sync" "Sync user in external application" Info = "app.user_management.provision_user";
    PROVISION_DEACTIVATE "application.provision.user.deactivate" "Deactivate user in external application" Info = "app.user_management.deactivate_user.api_account";
    PROVISION_EXISTS "application.provision.user.verify_exists" "Verify user exists in external application" Info = "app.user_management.verified_user_with_thirdparty";
    GROUP_PUSHED "application.provision.group_push.pushed" "Push new group to external application" Info;
    PUSH_MEMBERSHIPS "application.provision.group_push.push_memberships" "Update group memberships in external application" Info;
    INTEGRATION_FAILURE "application.integration.general_failure" "General failure of an application integration" Error = "app.generic.api.general_failure";
    INTEGRATION_RATE_LIMIT "application.integration.rate_limit_exceeded" "Rate limit exceeded at an application integration" Warn = "app.generic.api.rate_limit";
    APP_CREATE "application.lifecycle.create" "Create application" Info = "app.generic.config.app_created";
    APP_ACTIVATE "application.lifecycle.activate" "Activate application" Info = "app.generic.config.app_activated";
    APP_UPDATE "application.lifecycle.update" "Update application" Info = "app.generic.config.app_updated";
    APP_DEACTIVATE "application.lifecycle.deactivate" "Deactivate application" Info = "app.generic.config.app_deactivated";
    APP_DELETE "application.lifecycle.delete" "Delete application" Warn = "app.generic.config.app_deleted";
    APP_SIGN_ON_UPDATE "application.policy.sign_on.update" "Update application sign on policy" Info = "app.generic.signon_policy.updated";
    APP_DENY_ACCESS "application.policy.sign_on.deny_access" "Deny user access due to app sign on policy" Warn = "app.generic.signon_policy.denied";
    GROUP_APP_ADD "group.application_assignment.add" "Add assigned application to group" Info;
    GROUP_CREATE "group.lifecycle.create" "Create Okta group" Info = "core.user_group.created";
    ADMIN_CONSENT "app.oauth2.admin.consent.grant" "Grant admin consent" Info;

    // OAuth.
    OAUTH_AUTHORIZE "app.oauth2.authorize.code" "OIDC authorization code request" Info = "app.oauth2.authorize.code_success";
    OAUTH_ACCESS_TOKEN "app.oauth2.token.grant.access_token" "OIDC access token is granted" Info = "app.oauth2.token.grant.access_token_success";
    OAUTH_ID_TOKEN "app.oauth2.token.grant.id_token" "OIDC id token is granted" Info = "app.oauth2.token.grant.id_token_success";
    OAUTH_REFRESH_TOKEN "app.oauth2.token.grant.refresh_token" "OIDC refresh token is granted" Info = "app.oauth2.token.grant.refresh_token_success";
    OAUTH_AS_ACCESS_TOKEN "app.oauth2.as.token.grant.access_token" "OAuth2 access token is granted" Info = "app.oauth2.as.token.grant.access_token_success";
    OAUTH_CLAIM "app.oauth2.as.evaluate.claim" "Evaluate claim" Debug;
    OAUTH_CONSENT "app.oauth2.as.consent.grant" "User granted consent to app" Info = "app.oauth2.as.consent.grant_success";
    OAUTH_REVOKE "app.oauth2.token.revoke" "OIDC token revocation request" Info;
    OAUTH_INVALID_CLIENT "app.oauth2.invalid_client_credentials" "Invalid OAuth2 client credentials" Warn;

    // Administration.
    POLICY_UPDATE "policy.lifecycle.update" "Update policy" Info = "policy.lifecycle.update";
    POLICY_CREATE "policy.lifecycle.create" "Create policy" Info = "policy.lifecycle.create";
    POLICY_DEACTIVATE "policy.lifecycle.deactivate" "Deactivate policy" Warn = "policy.lifecycle.deactivate";
    POLICY_DELETE "policy.lifecycle.delete" "Delete policy" Warn = "policy.lifecycle.delete";
    RULE_ADD "policy.rule.add" "Create policy rule" Info = "policy.rule.add";
    RULE_UPDATE "policy.rule.update" "Update policy rule" Info = "policy.rule.update";
    RULE_DEACTIVATE "policy.rule.deactivate" "Deactivate policy rule" Warn = "policy.rule.deactivate";
    RULE_DELETE "policy.rule.delete" "Delete policy rule" Warn = "policy.rule.delete";
    ZONE_CREATE "zone.create" "Create network zone" Info = "zone.create";
    ZONE_UPDATE "zone.update" "Update network zone" Info = "zone.update";
    ZONE_DEACTIVATE "zone.deactivate" "Deactivate network zone" Warn = "zone.deactivate";
    ZONE_DELETE "zone.delete" "Delete network zone" Warn = "zone.delete";
    ZONE_MAKE_BLACKLIST "zone.make_blacklist" "Make network zone a blacklist" Info = "zone.make_blacklist";
    ZONE_REMOVE_BLACKLIST "zone.remove_blacklist" "Remove network zone from blacklist" Warn = "zone.remove_blacklist";
    ZONE_RULE_DISABLED "network_zone.rule.disabled" "Network zone rule disabled" Warn = "network_zone.rule.disabled";
    THREAT_CONFIG "security.threat.configuration.update" "Update threat insight configuration" Warn;
    BEHAVIOR_UPDATE "security.behavior.settings.update" "Update behavior settings" Info;
    TOKEN_CREATE "system.api_token.create" "Create API token" Info = "api_token.create";
    TOKEN_REVOKE "system.api_token.revoke" "Revoke API token" Info = "api_token.revoke";
    TOKEN_OUTSIDE "system.api_token.request_outside_allowed_range" "API token used from outside its allowed network" Warn;
    IDP_CREATE "system.idp.lifecycle.create" "Create identity provider" Info;
    IDP_ACTIVATE "system.idp.lifecycle.activate" "Activate identity provider" Info;
    IDP_UPDATE "system.idp.lifecycle.update" "Update identity provider" Info;
    IDP_DEACTIVATE "system.idp.lifecycle.deactivate" "Deactivate identity provider" Info;
    IDP_KEY_CREATE "system.idp.key.create" "Create identity provider key" Info;
    LOG_STREAM_DEACTIVATE "system.log_stream.lifecycle.deactivate" "Deactivate log stream" Warn;
    FEATURE_ENABLE "system.feature.enable" "Enable feature" Info;
    HOOK_DELIVERY "event_hook.delivery" "Event hook delivery" Debug;
    INLINE_HOOK "inline_hook.executed" "Inline hook executed" Debug;
    REPORT_EXPORT "analytics.reports.export.download" "Download of exported report" Info;
    SUPPORT_VIEW "support.org.view" "Okta support viewed the organization" Info;
    TRUSTED_ORIGIN_CREATE "security.trusted_origin.create" "Create trusted origin" Info;

    // Directories, agents, imports.
    AD_CONNECT "system.agent.ad.connect" "Connect AD agent to Okta" Info = "system.agent.ad.connect";
    AD_READ_LDAP "system.agent.ad.read_ldap" "Perform LDAP read by AD agent" Debug = "system.agent.ad.read_ldap";
    AD_REALTIME_SYNC "system.agent.ad.realtimesync" "Perform RealTimeSync by AD agent" Debug = "system.agent.ad.realtimesync";
    AD_READ_TOPOLOGY "system.agent.ad.read_topology" "Perform topology read by AD agent" Debug = "system.agent.ad.read_topology";
    AD_IMPORT_USER "system.agent.ad.import_user" "Perform import of a user by AD agent" Info = "system.agent.ad.import_user";
    AD_CONFIG_CHANGE "system.agent.ad.config_change_detected" "Configuration change of AD agent detected" Warn;
    CONNECTOR_MISSED "system.agent.connector.heartbeat_missed" "Agent connector missed a heartbeat" Warn;
    RADIUS_FAILED "app.radius.agent.listener.failed" "Radius agent listener failed" Error;
    IMPORT_START "system.import.start" "Start import" Info = "system.import.start";
    IMPORT_DOWNLOAD_START "system.import.download.start" "Start import download" Debug;
    IMPORT_DOWNLOAD_COMPLETE "system.import.download.complete" "Complete import download" Debug;
    IMPORT_USER_UPDATE "system.import.user.update" "Update user during import" Info = "system.import.user.update";
    IMPORT_USER_CREATE "system.import.user.create" "Create user during import" Info = "system.import.user.create";
    IMPORT_MEMBERSHIP "system.import.group_membership.complete" "Complete import of group memberships" Info;
    IMPORT_COMPLETE "system.import.complete" "Complete import" Info = "system.import.complete";
    IMPORT_ROADBLOCK "system.import.roadblock" "Import hit a roadblock" Error;

    // Limits and defence.
    RATE_LIMIT_WARNING "system.org.rate_limit.warning" "Rate limit warning" Warn = "core.framework.ratelimit.warning";
    RATE_LIMIT_VIOLATION "system.org.rate_limit.violation" "Rate limit violation" Warn = "core.framework.ratelimit.violation";
    RATE_LIMIT_BURST "system.org.rate_limit.burst" "Rate limit burst" Warn;
    CONCURRENCY_VIOLATION "system.client.concurrency_rate_limit.violation" "Client concurrency rate limit violation" Warn;
    THREAT_DETECTED "security.threat.detected" "Request from suspicious actor" Warn = "security.threat.detected";
    REQUEST_BLOCKED "security.request.blocked" "Request blocked" Warn = "security.request.blocked";
    ATTACK_START "security.attack.start" "Attack on the organization started" Warn;
    ATTACK_END "security.attack.end" "Attack on the organization ended" Info;
    BREACHED_CREDENTIAL "security.breached_credential.detected" "Breached credential detected" Warn;

    // Devices.
    DEVICE_ENROLL "device.enrollment.create" "Enroll device" Info;
    DEVICE_USER_ADD "device.user.add" "Add user to device" Info;
    DEVICE_DEACTIVATE "device.lifecycle.deactivate" "Deactivate device" Info;
    DEVICE_SIGNALS "device.signals.status.timeout" "Device signals not received in time" Warn;

    // What only happens in stories and in organisations with a profile.
    USER_DELETE "user.lifecycle.delete.initiated" "Initiate user deletion" Warn = "core.user.config.user_deletion.initiated";
    AUTH_VIA_LDAP "user.authentication.auth_via_LDAP_agent" "Authenticate user via LDAP agent" Info = "core.user_auth.ldap.login.success";
    CLIENT_ROAMING "security.session.detect_client_roaming" "Session roaming detected" Warn;
    TOKEN_REUSE "app.oauth2.token.detect_reuse" "OAuth2 refresh token reuse detected" Warn;
    TOKEN_REUSE_AS "app.oauth2.as.token.detect_reuse" "OAuth2 refresh token reuse detected" Warn;
    TOKEN_GRANT "app.oauth2.token.grant" "OAuth2 token grant" Info;
    TOKEN_GRANT_AS "app.oauth2.as.token.grant" "OAuth2 token grant" Info;
    SECRET_READ "app.oauth2.client.read_client_secret" "Read OAuth2 client secret" Info;
    CLIENT_CREDENTIALS_CREATE "app.oauth2.credentials.lifecycle.create" "Create OAuth2 client credentials" Info;
    LOG_STREAM_DELETE "system.log_stream.lifecycle.delete" "Delete log stream" Warn;
    HOOK_DEACTIVATED "event_hook.deactivated" "Event hook deactivated" Info;
    HOOK_DELETED "event_hook.deleted" "Event hook deleted" Info;
    ASSURANCE_UPDATE "device.assurance.policy.update" "Update device assurance policy" Info;
    ASSURANCE_DELETE "device.assurance.policy.delete" "Delete device assurance policy" Info;
    AUTHENTICATOR_UPDATE "security.authenticator.lifecycle.update" "Update authenticator" Info;
    AUTHENTICATOR_DEACTIVATE "security.authenticator.lifecycle.deactivate" "Deactivate authenticator" Info;
    ROLE_CREATE "iam.role.create" "Create custom admin role" Info;
    RESOURCE_SET_CREATE "iam.resourceset.create" "Create resource set" Info;
    ROLE_BINDING_ADD "iam.resourceset.bindings.add" "Assign custom admin role" Info;
    PUSH_PASSWORD "application.provision.user.push_password" "Push user's password to external application" Info = "app.user_management.push_password_update";
    AD_AGENT_CREATE "system.agent.ad.create" "Create AD agent" Info = "system.agent.ad.create";
    IMPORT_GROUP_CREATE "system.import.group.create" "Create group during import" Info = "system.import.group.create";

    // Workflows.
    FLOW_RUN "workflows.user.delegatedflow.run" "Run delegated flow" Info;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_event_type_is_in_oktas_catalogue_save_the_named_ones() {
        let catalogue: BTreeSet<&str> = include_str!("../data/event-types.csv")
            .lines()
            .skip(1)
            .filter_map(|line| line.split(',').next())
            .collect();
        assert!(catalogue.len() > 1_000);
        let missing: Vec<&str> =
            ALL.iter().map(|kind| kind.name).filter(|name| !catalogue.contains(name)).collect();
        assert_eq!(missing, UNLISTED);
    }

    #[test]
    fn no_event_type_is_listed_twice() {
        let names: BTreeSet<&str> = ALL.iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), ALL.len());
    }
}
