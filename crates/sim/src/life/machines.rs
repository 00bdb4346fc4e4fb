//! What goes on without people: service accounts, directory agents, imports, provisioning, mail,
//! hooks, limits, and the noise of the internet.

use crate::catalogue::{self as types, Severity};
use crate::clock::SECOND;
use crate::event::{Authentication, Event, Form, Outcome, Party, SYSTEM, Scene, UNKNOWN};
use crate::org::agents::UserAgent;
use crate::org::{Origin, Service, User, places};
use crate::stage::Stage;

/// One of the service accounts does its work.
pub(crate) fn service(stage: &mut Stage<'_, '_>, mut at: i64) {
    let service = stage.rng.pick(&stage.org.services);
    let mut scene = service_scene(stage, service);
    if service.token.is_none() {
        client_credentials(stage, service, &scene, at);
        return;
    }
    for _ in 0..1 + stage.rng.below(5) {
        let user = stage.rng.pick(&stage.org.users);
        let group = stage.rng.pick(&stage.org.groups);
        let users_uri = format!("/api/v1/users/{}", user.id);
        let event = match stage.rng.below(100) {
            0..35 => {
                let title =
                    *stage.rng.pick(&["Manager", "Engineer II", "Ingénieure", "Sr. \"Ninja\""]);
                Event::new(&types::UPDATE_PROFILE, at, service.party(), &scene)
                    .uri(users_uri)
                    .debug("changedAttributes", "title,costCenter,manager")
                    .target_with(
                        user.party(),
                        &[],
                        Some((
                            &[("title", "Associate"), ("costCenter", "4410")],
                            &[("title", title), ("costCenter", "4411")],
                        )),
                    )
            }
            35..55 => Event::new(&types::GROUP_ADD, at, service.party(), &scene)
                .uri(format!("/api/v1/groups/{}/users/{}", group.id, user.id))
                .target(user.party())
                .target(Party::named("UserGroup", group)),
            55..68 => Event::new(&types::GROUP_REMOVE, at, service.party(), &scene)
                .uri(format!("/api/v1/groups/{}/users/{}", group.id, user.id))
                .target(user.party())
                .target(Party::named("UserGroup", group)),
            68..88 => {
                let app = stage.org.app_of(user, stage.rng);
                Event::new(&types::APP_USER_UPDATE, at, service.party(), &scene)
                    .uri(format!("/api/v1/apps/{}/users/{}", app.id, user.id))
                    .debug("appname", app.kind.name)
                    .target(user.app_user())
                    .target(app.party())
                    .target(user.party())
            }
            _ => Event::new(&types::EXPIRE_PASSWORD, at, service.party(), &scene)
                .uri(format!("{users_uri}/lifecycle/expire_password"))
                .target(user.party()),
        };
        stage.emit(&event);
        scene.transaction = stage.transaction();
        at += stage.rng.between(80, 1_500);
    }
}

/// The scene of a service account, in a new request.
pub(crate) fn service_scene<'o>(stage: &mut Stage<'o, '_>, service: &'o Service) -> Scene<'o> {
    let transaction = stage.transaction();
    let mut scene = Scene::request(&service.origin, &service.agent, transaction);
    scene.api_token = service.token;
    scene.form = Form::of_machine(stage.rng);
    if service.token.is_none() {
        scene.client_id = Some(service.id);
    } else {
        // What an API token does carries the id of the session that stands for it.
        scene.session =
            service.token.map(|token| crate::text::Text::from(format!("trs{token}").as_str()));
    }
    scene
}

fn client_credentials(stage: &mut Stage<'_, '_>, service: &Service, scene: &Scene<'_>, at: i64) {
    if stage.rng.chance(15) {
        stage.emit(
            &Event::new(&types::OAUTH_INVALID_CLIENT, at, service.party(), scene)
                .outcome(Outcome::Failure, "INVALID_CLIENT_CREDENTIALS")
                .uri("/oauth2/default/v1/token")
                .debug("grantType", "client_credentials"),
        );
        return;
    }
    if stage.rng.chance(200) {
        stage.emit(
            &Event::new(&types::OAUTH_CLAIM, at, service.party(), scene)
                .result(Outcome::Skipped)
                .uri("/oauth2/default/v1/token")
                .debug("claim", "department")
                .no_targets(),
        );
    }
    let token = stage.rng.id("AT.", 38);
    stage.emit(
        &Event::new(&types::OAUTH_AS_ACCESS_TOKEN, at + 3, service.party(), scene)
            .uri("/oauth2/default/v1/token")
            .debug("grantType", "client_credentials")
            .debug("requestedScopes", "orders.read orders.write")
            .debug("grantedScopes", "orders.read orders.write")
            .debug("authorizationServerName", "default")
            .target_detail(
                Party::new("access_token", token.as_str(), "unknown", "Access Token"),
                &[("expires", "3600"), ("hash", token.as_str())],
            ),
    );
}

/// Background jobs around the directories and the provisioned applications.
pub(crate) fn directory(stage: &mut Stage<'_, '_>, at: i64) {
    match stage.rng.below(100) {
        0..45 => agent(stage, at),
        45..65 => import(stage, at),
        65..71 => push_memberships(stage, at),
        _ => provisioning(stage, at),
    }
}

fn agent(stage: &mut Stage<'_, '_>, at: i64) {
    let scene = stage.job();
    let agent = stage.rng.pick(&stage.org.directory_agents);
    let directory = stage.rng.pick(&stage.org.directories);
    let target = Party::named("ADAgent", agent);
    let event = match stage.rng.below(1000) {
        0..300 => Event::new(&types::AD_READ_LDAP, at, SYSTEM, &scene),
        300..600 => Event::new(&types::AD_REALTIME_SYNC, at, SYSTEM, &scene),
        600..760 => Event::new(&types::AD_READ_TOPOLOGY, at, SYSTEM, &scene),
        760..900 => Event::new(&types::AD_CONNECT, at, SYSTEM, &scene),
        900..940 => Event::new(&types::CONNECTOR_MISSED, at, SYSTEM, &scene)
            .outcome(Outcome::Unknown, "No heartbeat within 120 seconds"),
        940..960 => Event::new(&types::AD_CONFIG_CHANGE, at, SYSTEM, &scene),
        960..975 => Event::new(&types::RADIUS_FAILED, at, SYSTEM, &scene)
            .outcome(Outcome::Failure, "Port 1812 is in use"),
        _ => Event::new(&types::AD_CONNECT, at, SYSTEM, &scene).severity(Severity::Error).outcome(
            Outcome::Failure,
            "Agent could not reach the domain controller\\DC=corp,DC=local",
        ),
    };
    stage.emit(
        &event
            .debug("agentVersion", "3.20.0")
            .debug("domain", &directory.name)
            .target_detail(target, &[("agentType", "AD")])
            .target(Party::new(
                "AppInstance",
                directory.id.as_str(),
                &directory.name,
                "Active Directory",
            )),
    );
}

fn import(stage: &mut Stage<'_, '_>, mut at: i64) {
    let scene = stage.job();
    let directory = stage.rng.pick(&stage.org.directories);
    let app = Party::new("AppInstance", directory.id.as_str(), &directory.name, "Active Directory");
    for kind in
        [&types::IMPORT_START, &types::IMPORT_DOWNLOAD_START, &types::IMPORT_DOWNLOAD_COMPLETE]
    {
        stage.emit(
            &Event::new(kind, at, SYSTEM, &scene).debug("importType", "INCREMENTAL").target(app),
        );
        at += stage.rng.between(1, 8) * SECOND;
    }
    if stage.rng.chance(15) {
        stage.emit(
            &Event::new(&types::IMPORT_ROADBLOCK, at, SYSTEM, &scene)
                .outcome(Outcome::Failure, "Unassignment limit of 20 % exceeded")
                .target(app),
        );
        return;
    }
    if stage.rng.chance(40) {
        let user = stage.rng.pick(&stage.org.users);
        for kind in [&types::AD_IMPORT_USER, &types::IMPORT_USER_CREATE] {
            stage.emit(&Event::new(kind, at, SYSTEM, &scene).target(app).target(user.party()));
        }
    }
    let updated = stage.rng.below(5);
    for _ in 0..updated {
        let user = stage.rng.pick(&stage.org.users);
        stage.emit(
            &Event::new(&types::IMPORT_USER_UPDATE, at, SYSTEM, &scene)
                .debug("changedAttributes", "department,title")
                .target(app)
                .target(user.party())
                .target(user.app_user()),
        );
        at += stage.rng.between(10, 300);
    }
    stage.emit(&Event::new(&types::IMPORT_MEMBERSHIP, at, SYSTEM, &scene).target(app));
    stage.emit(
        &Event::new(&types::IMPORT_COMPLETE, at + 500, SYSTEM, &scene)
            .debug("usersAdded", "0")
            .debug("usersUpdated", &updated.to_string())
            .debug("groupsUpdated", "0")
            .target(app),
    );
}

/// A group's members go to an application, several in one event.
fn push_memberships(stage: &mut Stage<'_, '_>, at: i64) {
    let scene = stage.job();
    let group = stage.rng.pick(&stage.org.groups);
    let app = stage.rng.pick(&stage.org.apps);
    let mut event = Event::new(&types::PUSH_MEMBERSHIPS, at, SYSTEM, &scene)
        .debug("appname", app.kind.name)
        .target(app.party())
        .target(Party::named("UserGroup", group));
    for _ in 0..1 + stage.rng.below(4) {
        event = event.target(stage.rng.pick(&stage.org.users).party());
    }
    stage.emit(&event);
}

fn provisioning(stage: &mut Stage<'_, '_>, mut at: i64) {
    let scene = stage.job();
    let user = stage.rng.pick(&stage.org.users);
    let app = stage.org.app_of(user, stage.rng);
    let kind = *stage.rng.pick(&[
        &types::PUSH_PROFILE,
        &types::PUSH_PROFILE,
        &types::PROVISION_SYNC,
        &types::PROVISION_EXISTS,
    ]);
    for attempt in 0..3 {
        let failed = stage.rng.chance(30);
        let mut event = Event::new(kind, at, SYSTEM, &scene)
            .debug("appname", app.kind.name)
            .debug("attempt", &(attempt + 1).to_string())
            .target(user.app_user())
            .target(app.party())
            .target(user.party());
        if failed {
            event = event
                .severity(Severity::Error)
                .outcome(Outcome::Failure, "Automatic provisioning failed: {\"status\": 429, \"detail\": \"Too many requests\"}");
        } else if stage.rng.chance(60) {
            event = event.outcome(Outcome::Skipped, "No changes to push");
        }
        stage.emit(&event);
        if !failed {
            break;
        }
        at += stage.rng.between(1, 30) * SECOND;
        stage.emit(
            &Event::new(&types::INTEGRATION_RATE_LIMIT, at, SYSTEM, &scene)
                .outcome(Outcome::Failure, "RATE_LIMIT_EXCEEDED")
                .target(app.party()),
        );
        at += stage.rng.between(1, 30) * SECOND;
    }
}

/// Mail, hooks, flows and limits.
pub(crate) fn platform(stage: &mut Stage<'_, '_>, at: i64) {
    let job = stage.job();
    let user = stage.rng.pick(&stage.org.users);
    match stage.rng.below(1000) {
        0..380 => {
            let outcome = match stage.rng.below(100) {
                0..94 => (Outcome::Success, "delivered"),
                94..98 => (Outcome::Failure, "bounce"),
                _ => (Outcome::Skipped, "unsubscribed"),
            };
            stage.emit(
                &Event::new(&types::EMAIL_DELIVERY, at, SYSTEM, &job)
                    .outcome(outcome.0, outcome.1)
                    .debug("template", "com.okta.email.newSignOn")
                    .debug("provider", "okta")
                    .target(Party::new("email", &user.login, &user.login, &user.login)),
            );
        }
        380..640 => {
            let hook = stage.rng.pick(&stage.org.hooks);
            let delivery = stage.rng.uuid();
            let failed = stage.rng.chance(25);
            let event = Event::new(&types::HOOK_DELIVERY, at, SYSTEM, &job)
                .debug("targetEventHookIds", hook.id.as_str())
                .debug("eventHookEventId", delivery.as_str())
                .debug("deliveryTimeMs", &stage.rng.between(40, 2_900).to_string())
                .debug_json("delivered", if failed { "false" } else { "true" })
                .target(Party::named("EventHook", hook));
            stage.emit(&if failed {
                event.severity(Severity::Warn).outcome(Outcome::Failure, "Read timed out")
            } else {
                event
            });
        }
        640..740 => {
            let group = stage.rng.pick(&stage.org.groups);
            stage.emit(
                &Event::new(&types::GROUP_RULE_EVALUATION, at, SYSTEM, &job)
                    .debug(
                        "groupRuleExpression",
                        "user.department==\"Sales\" and !isMemberOfAnyGroup(\"00g1\")",
                    )
                    .target(user.party())
                    .target(Party::named("UserGroup", group)),
            );
        }
        740..860 => stage.emit(
            &Event::new(&types::FLOW_RUN, at, SYSTEM, &job)
                .debug("flowName", "Notify manager → Slack")
                .target(Party::new("WorkflowsFlow", "flo1h8k2m", "unknown", "Notify manager")),
        ),
        860..920 => stage.emit(
            &Event::new(&types::INLINE_HOOK, at, SYSTEM, &job)
                .debug("hookType", "com.okta.oauth2.tokens.transform")
                .debug("status", "SUCCESS")
                .no_targets(),
        ),
        920..985 => rate_limit(stage, at),
        985..993 => stage.emit(
            &Event::new(&types::DEVICE_SIGNALS, at, SYSTEM, &job)
                .result(Outcome::Unknown)
                .target(user.party()),
        ),
        _ => {
            let app = stage.org.app_of(user, stage.rng);
            stage.emit(
                &Event::new(&types::INTEGRATION_FAILURE, at, SYSTEM, &job)
                    .outcome(Outcome::Failure, "java.net.SocketTimeoutException: Read timed out")
                    .target(app.party()),
            );
        }
    }
}

fn rate_limit(stage: &mut Stage<'_, '_>, at: i64) {
    let service = stage.rng.pick(&stage.org.services);
    let scene = service_scene(stage, service);
    let (kind, percent) = match stage.rng.below(10) {
        0..7 => (&types::RATE_LIMIT_WARNING, "60"),
        7 => (&types::RATE_LIMIT_BURST, "100"),
        8 => (&types::CONCURRENCY_VIOLATION, "100"),
        _ => (&types::RATE_LIMIT_VIOLATION, "100"),
    };
    let bucket = *stage.rng.pick(&[
        "/api/v1/logs",
        "/api/v1/users",
        "/oauth2/v1/authorize",
        "/api/v1/apps/{id}",
    ]);
    stage.emit(
        &Event::new(kind, at, service.party(), &scene)
            .outcome(
                if percent == "100" { Outcome::Deny } else { Outcome::Unknown },
                "Request rate limit",
            )
            .uri(bucket)
            .debug("rateLimitBucketUuid", "5cb2f6c0-7a63-4b6f-9f56-0b6f6a1c9d3e")
            .debug("rateLimitScopeType", "TOKEN")
            .debug("threshold", "600")
            .debug("timeSpan", "1")
            .debug("timeUnit", "MINUTES")
            .debug("userId", service.id.as_str())
            .debug("warningPercent", percent)
            .target(Party::new(
                "Bucket Uuid",
                "5cb2f6c0-7a63-4b6f-9f56-0b6f6a1c9d3e",
                bucket,
                bucket,
            )),
    );
}

/// Somebody out there tries names and passwords, and ThreatInsight sometimes says so.
pub(crate) fn noise(stage: &mut Stage<'_, '_>, at: i64) {
    let town = stage.rng.pick(places::DATA_CENTRES);
    let network = stage.rng.pick(places::HOSTING);
    let origin = Origin::v4([203, 0, 113, 200 + stage.rng.below(40) as u8], town, network);
    let agent = UserAgent::script(*stage.rng.pick(&[
        "python-requests/2.32.5",
        "curl/8.15.0",
        "Go-http-client/2.0",
        "axios/1.11.0",
        "-",
    ]));
    let transaction = stage.transaction();
    let scene = Scene::request(&origin, &agent, transaction);
    if stage.rng.chance(300) {
        let denied = stage.rng.chance(500);
        threat_detected(stage, &scene, at, denied, "Login failures with high unknown users count");
        return;
    }
    let guess = *stage.rng.pick(&["info", "admin", "test", "scanner", "hr"]);
    let login = format!("{guess}@{}", stage.org.domain);
    let actor = Party::new("User", "unknown", &login, "unknown");
    let mut event = Event::new(&types::SESSION_START, at, actor, &scene)
        .outcome(Outcome::Failure, "VERIFICATION_ERROR")
        .uri("/api/v1/authn")
        .legacy("core.user_auth.login_failed")
        .authentication(Authentication {
            credential_type: Some("PASSWORD"),
            ..Authentication::default()
        });
    event.threat_suspected = stage.rng.chance(300);
    stage.emit(&event);
}

/// ThreatInsight reports requests from an address.
pub(crate) fn threat_detected(
    stage: &mut Stage<'_, '_>,
    scene: &Scene<'_>,
    at: i64,
    denied: bool,
    detection: &'static str,
) {
    let mut event = Event::new(&types::THREAT_DETECTED, at, UNKNOWN, scene)
        .outcome(if denied { Outcome::Deny } else { Outcome::Allow }, detection)
        .uri("/api/v1/authn")
        .debug(
            "threatDetections",
            &format!("{{\"{detection}\":\"HIGH\",\"Login Failures\":\"MEDIUM\"}}"),
        );
    event.threat_suspected = true;
    stage.emit(&event);
}

/// Somebody's phone or laptop goes on asking through RADIUS.
pub(crate) fn radius(stage: &mut Stage<'_, '_>, user: &User, at: i64) {
    let job = stage.job();
    let failed = stage.rng.chance(80);
    let event = Event::new(&types::AUTH_VIA_RADIUS, at, user.party(), &job)
        .authentication(Authentication {
            provider: Some("FACTOR_PROVIDER"),
            credential_provider: Some("OKTA_CREDENTIAL_PROVIDER"),
            credential_type: Some("PASSWORD"),
            ..Authentication::default()
        })
        .target(user.party());
    stage.emit(&if failed {
        event.outcome(Outcome::Failure, "INVALID_CREDENTIALS")
    } else {
        event
    });
}
