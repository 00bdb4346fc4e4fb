//! Whole exports, read back with another JSON implementation.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::LazyLock;

use serde_json::Value;
use sim::{Attack, Scenario, Simulation, UNLISTED_EVENT_TYPES};

/// How many events [`EXPORT`] has.
const EVENTS: usize = 24_000;

/// An export with every attack, and its truth, for the tests that look into one.
static EXPORT: LazyLock<(Vec<u8>, Vec<u8>)> =
    LazyLock::new(|| bytes(&Scenario::new(EVENTS as u64, 8)));

fn bytes(scenario: &Scenario) -> (Vec<u8>, Vec<u8>) {
    let (mut events, mut truth) = (Vec::new(), Vec::new());
    scenario.simulate().unwrap().write(&mut events, &mut truth).unwrap();
    (events, truth)
}

/// The events and the truths of a scenario.
fn export(scenario: &Scenario) -> (Vec<Value>, Vec<Value>) {
    let (events, truth) = bytes(scenario);
    (lines(&events), lines(&truth))
}

fn lines(ndjson: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(ndjson).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The uuids that the truth tells of.
fn attack_events(truths: &[Value]) -> BTreeSet<&str> {
    truths
        .iter()
        .flat_map(|truth| truth["events"].as_array().unwrap())
        .map(|uuid| uuid.as_str().unwrap())
        .collect()
}

/// FNV-1a, 64 bits.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[test]
fn the_same_scenario_gives_the_same_bytes() {
    let scenario = Scenario::new(3_000, 11);
    assert_eq!(bytes(&scenario), bytes(&scenario));
    assert_ne!(bytes(&scenario).0, bytes(&Scenario::new(3_000, 12)).0);
}

#[test]
fn the_bytes_are_the_same_on_every_platform() {
    // When generation changes on purpose, this changes with it.
    let (events, truth) = bytes(&Scenario::new(2_000, 1));
    assert_eq!(
        (digest(&events), digest(&truth)),
        (16_759_407_246_376_328_030, 4_845_665_067_920_552_953)
    );
}

#[test]
fn there_are_exactly_as_many_events_as_asked_for() {
    for events in [0, 1, 2, 17, 99, 100, 499, 1_000, 2_500] {
        for (users, days) in [(Some(1), None), (Some(30), Some(1)), (Some(50), Some(90))] {
            let scenario = Scenario { users, days, ..Scenario::new(events, events + 3) };
            let (events_out, _) = export(&scenario);
            assert_eq!(events_out.len() as u64, events, "users {users:?} days {days:?}");
        }
    }
}

#[test]
fn events_come_in_order_within_the_days_with_unique_uuids() {
    let scenario = Scenario { days: Some(3), ..Scenario::new(4_000, 5) };
    let (events, _) = export(&scenario);
    let published: Vec<&str> =
        events.iter().map(|event| event["published"].as_str().unwrap()).collect();
    assert!(published.is_sorted());
    assert!(published[0] >= "2026-09-01T00:00:00.000Z", "{}", published[0]);
    assert!(*published.last().unwrap() < "2026-09-04T00:00:00.000Z");
    assert!(*published.last().unwrap() > "2026-09-03T12:00:00.000Z");
    let uuids: BTreeSet<&str> =
        events.iter().map(|event| event["uuid"].as_str().unwrap()).collect();
    assert_eq!(uuids.len(), events.len());
    for uuid in uuids {
        let parts: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{uuid}");
    }
}

#[test]
fn event_types_are_those_of_the_catalogue() {
    let catalogue: BTreeSet<&str> = include_str!("../data/event-types.csv")
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
        .collect();
    let events = lines(&EXPORT.0);
    let seen: BTreeSet<&str> =
        events.iter().map(|event| event["eventType"].as_str().unwrap()).collect();
    assert!(seen.len() > 115, "{}", seen.len());
    for name in seen {
        assert!(catalogue.contains(name) || UNLISTED_EVENT_TYPES.contains(&name), "{name}");
    }
}

#[test]
fn proportions_and_sizes_are_those_of_a_real_log() {
    let mut sizes: Vec<usize> =
        EXPORT.0.split(|byte| *byte == b'\n').map(<[u8]>::len).filter(|size| *size > 0).collect();
    sizes.sort_unstable();
    let mean = sizes.iter().sum::<usize>() / sizes.len();
    assert!((1_400..=1_900).contains(&mean), "{mean}");
    assert!((600..=850).contains(&sizes[0]), "{}", sizes[0]);
    assert!((4_500..=7_000).contains(sizes.last().unwrap()), "{:?}", sizes.last());

    let events = lines(&EXPORT.0);
    let share = |name: &str| {
        let count = events.iter().filter(|event| event["eventType"] == name).count();
        count as f64 / events.len() as f64
    };
    for (name, low, high) in [
        ("policy.evaluate_sign_on", 0.12, 0.32),
        ("user.authentication.sso", 0.08, 0.25),
        ("user.authentication.auth_via_mfa", 0.06, 0.18),
        ("user.session.start", 0.03, 0.12),
        ("user.authentication.verify", 0.03, 0.10),
        ("system.push.send_factor_verify_push", 0.01, 0.05),
        ("app.oauth2.token.grant.access_token", 0.005, 0.05),
        ("system.email.delivery", 0.004, 0.04),
        ("group.user_membership.add", 0.005, 0.06),
        ("user.lifecycle.create", 0.000_05, 0.004),
        ("user.mfa.okta_verify.deny_push", 0.000_05, 0.005),
        ("application.lifecycle.update", 0.000_02, 0.003),
        ("policy.rule.update", 0.0, 0.002),
        ("security.threat.detected", 0.000_1, 0.005),
    ] {
        let share = share(name);
        assert!((low..=high).contains(&share), "{name}: {share}");
    }
    let mut results = BTreeMap::new();
    let mut severities = BTreeMap::new();
    for event in &events {
        *results.entry(event["outcome"]["result"].as_str().unwrap()).or_insert(0) += 1;
        *severities.entry(event["severity"].as_str().unwrap()).or_insert(0) += 1;
    }
    let names: Vec<&str> = results.keys().copied().collect();
    assert_eq!(names, ["ALLOW", "CHALLENGE", "DENY", "FAILURE", "SKIPPED", "SUCCESS", "UNKNOWN"]);
    assert_eq!(severities.keys().copied().collect::<Vec<_>>(), ["DEBUG", "ERROR", "INFO", "WARN"]);
    assert!((0.02..0.10).contains(&(f64::from(results["FAILURE"]) / EVENTS as f64)), "{results:?}");
}

#[test]
fn members_vary_as_in_a_real_log() {
    let events = lines(&EXPORT.0);
    let any = |what: &str, test: &dyn Fn(&Value) -> bool| {
        assert!(events.iter().any(test), "no event with {what}");
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    any("null targets", &|event| event["target"].is_null());
    any("no targets", &|event| event["target"].as_array().is_some_and(Vec::is_empty));
    any("six targets", &|event| event["target"].as_array().is_some_and(|list| list.len() == 6));
    any("changeDetails", &|event| event["target"][0]["changeDetails"]["to"].is_object());
    any("detailEntry", &|event| event["target"][0]["detailEntry"].is_object());
    any("an API token", &|event| event["transaction"]["detail"]["requestApiTokenId"].is_string());
    any("a job", &|event| event["transaction"]["type"] == "JOB");
    any("a device", &|event| event["device"]["registered"] == true);
    any("a null device", &|event| event.get("device").is_some_and(Value::is_null));
    any("no device", &|event| event.get("device").is_none());
    any("no security context", &|event| event.get("securityContext").is_none());
    any("a proxy", &|event| event["securityContext"]["isProxy"] == true);
    any("a risk", &|event| event["securityContext"]["risk"]["level"] == "MEDIUM");
    any("IPv6", &|event| event["request"]["ipChain"][0]["version"] == "V6");
    any("three hops", &|event| event["request"]["ipChain"][2].is_object());
    any("an issuer", &|event| event["authenticationContext"]["issuer"]["type"].is_string());
    any("risk as text", &|event| {
        text(&event["debugContext"]["debugData"]["risk"])
            == "{reasons=Anomalous Device, level=MEDIUM}"
    });
    any("behaviours", &|event| {
        text(&event["debugContext"]["debugData"]["behaviors"]).contains("New IP=POSITIVE")
    });
    any("logOnlySecurityData that reads as JSON", &|event| {
        let data = text(&event["debugContext"]["debugData"]["logOnlySecurityData"]);
        serde_json::from_str::<Value>(&data).is_ok_and(|data| data["risk"]["level"] == "LOW")
    });
    any("device signals that read as JSON", &|event| {
        let data = text(&event["debugContext"]["debugData"]["deviceSignals"]);
        serde_json::from_str::<Value>(&data).is_ok_and(|data| data["provider"].is_array())
    });
    any("debug data that is not a string", &|event| {
        event["debugContext"]["debugData"]["delivered"].is_boolean()
    });
    any("a quote in a name", &|event| text(&event["target"][0]["displayName"]).contains('"'));
    any("a name in another script", &|event| {
        text(&event["actor"]["displayName"]).chars().any(|letter| letter > '\u{2ff}')
    });
    let keys: BTreeSet<usize> = events
        .iter()
        .map(|event| event["debugContext"]["debugData"].as_object().unwrap().len())
        .collect();
    assert!(*keys.last().unwrap() >= 20, "{keys:?}");
    for event in &events {
        assert_eq!(event["version"], "0");
        assert!(event["actor"]["id"].is_string() && event["actor"]["type"].is_string());
        if let Some(address) = event["client"]["ipAddress"].as_str() {
            assert!(address.parse::<std::net::IpAddr>().is_ok(), "{address}");
        }
    }
}

#[test]
fn one_sign_in_shares_transaction_session_device_and_address() {
    let (events, _) = export(&Scenario { attacks: Vec::new(), ..Scenario::new(3_000, 6) });
    let mut checked = 0;
    for start in events.iter().filter(|event| {
        event["eventType"] == "user.session.start" && event["outcome"]["result"] == "SUCCESS"
    }) {
        let same: Vec<&Value> = events
            .iter()
            .filter(|event| event["transaction"]["id"] == start["transaction"]["id"])
            .collect();
        for event in same.iter().filter(|event| event["eventType"] == "user.authentication.sso") {
            checked += 1;
            for path in [
                "/authenticationContext/externalSessionId",
                "/client/ipAddress",
                "/client/userAgent/rawUserAgent",
                "/actor/id",
            ] {
                assert_eq!(event.pointer(path), start.pointer(path), "{path}");
            }
        }
        if checked > 50 {
            break;
        }
    }
    assert!(checked > 10, "{checked}");
}

#[test]
fn the_truth_names_each_of_its_events_once_and_in_order() {
    for seed in 0..3 {
        let (events, truths) = match seed {
            0 => (lines(&EXPORT.0), lines(&EXPORT.1)),
            _ => export(&Scenario::new(5_000, seed)),
        };
        let by_uuid: BTreeMap<&str, &Value> =
            events.iter().map(|event| (event["uuid"].as_str().unwrap(), event)).collect();
        let mut told = BTreeSet::new();
        for truth in &truths {
            let mut last = "";
            let uuids = truth["events"].as_array().unwrap();
            assert!(!uuids.is_empty());
            for uuid in uuids {
                let uuid = uuid.as_str().unwrap();
                let event = by_uuid.get(uuid).expect("an event of the export");
                assert!(told.insert(uuid.to_owned()), "{uuid} is told twice");
                let published = event["published"].as_str().unwrap();
                assert!(published >= last);
                last = published;
            }
            assert_eq!(truth["last"], last);
            assert_eq!(truth["first"], by_uuid[uuids[0].as_str().unwrap()]["published"]);
            assert!(!truth["actors"].as_array().unwrap().is_empty());
            assert!(!truth["victims"].as_array().unwrap().is_empty());
            assert!(truth["path"][0]["technique"].as_str().unwrap().starts_with('T'));
        }
        let names: BTreeSet<&str> =
            truths.iter().map(|truth| truth["attack"].as_str().unwrap()).collect();
        let all: BTreeSet<&str> = Attack::ALL.iter().map(|attack| attack.name()).collect();
        assert_eq!(names, all, "seed {seed}");
    }
}

#[test]
fn only_the_chosen_attacks_happen() {
    let chosen = vec![Attack::BruteForce, Attack::IdpBackdoor];
    let (_, truths) = export(&Scenario { attacks: chosen, ..Scenario::new(2_000, 9) });
    let mut names: Vec<&str> =
        truths.iter().map(|truth| truth["attack"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["brute_force", "idp_backdoor"]);
    let (_, none) = export(&Scenario { attacks: Vec::new(), ..Scenario::new(1_000, 9) });
    assert!(none.is_empty());
}

/// What the built-in rules look for, as plain conditions on the event.
#[test]
fn every_built_in_rule_has_something_to_find() {
    let (events, truths) = (lines(&EXPORT.0), lines(&EXPORT.1));
    let attack_events = attack_events(&truths);
    let found = |rule: &str, test: &dyn Fn(&Value) -> bool| {
        let by_attack = events
            .iter()
            .any(|event| test(event) && attack_events.contains(event["uuid"].as_str().unwrap()));
        assert!(by_attack, "no attack for: {rule}");
    };
    let agent = |event: &Value| {
        event["client"]["userAgent"]["rawUserAgent"].as_str().unwrap_or_default().to_owned()
    };
    for kinds in [
        &["system.api_token.create"][..],
        &["system.api_token.revoke"],
        &["user.account.privilege.grant"],
        &["application.lifecycle.delete"],
        &["application.lifecycle.update"],
        &["zone.remove_blacklist"],
        &["user.mfa.attempt_bypass"],
        &["user.mfa.factor.deactivate", "user.mfa.factor.reset_all"],
        &["system.mfa.factor.deactivate"],
        &["zone.deactivate"],
        &["zone.delete"],
        &["zone.update"],
        &["network_zone.rule.disabled"],
        &["policy.lifecycle.update"],
        &["policy.rule.update"],
        &["policy.rule.delete"],
        &["security.threat.configuration.update"],
        &["security.threat.detected"],
        &["user.account.report_suspicious_activity_by_enduser"],
        &["app.generic.unauth_app_access_attempt"],
        &["user.lifecycle.create"],
        &["user.lifecycle.deactivate"],
        &["user.account.lock"],
        &["user.session.impersonation.initiate"],
        &["user.session.impersonation.grant"],
    ] {
        found(&kinds.join(" or "), &|event| kinds.contains(&event["eventType"].as_str().unwrap()));
    }
    found("Nimbo-C2", &|event| {
        let agent = agent(event);
        agent.len() == 8 && agent.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    });
    found("Lemon Duck", &|event| agent(event).starts_with("Lemon-Duck-"));
    found("BazarLoader", &|event| agent(event).to_lowercase().starts_with("baza"));
    found("martinstevens", &|event| {
        let name = event["target"][0]["alternateId"].as_str().unwrap_or_default().to_lowercase();
        name.starts_with("martinstevens@")
    });
    found("FastPass", &|event| {
        event["eventType"] == "user.authentication.auth_via_mfa"
            && event["outcome"]["reason"] == "FastPass declined phishing attempt"
    });
    found("a sign-in to a locked account", &|event| {
        event["eventType"] == "user.session.start" && event["outcome"]["reason"] == "LOCKED_OUT"
    });
    let known = "203.0.113.";
    assert!(Simulation::indicators().addresses[0].starts_with(known));
    found("the intelligence feed", &|event| {
        let address = event["client"]["ipAddress"].as_str().unwrap_or_default();
        let host = address.strip_prefix(known).and_then(|host| host.parse::<u8>().ok());
        host.is_some_and(|host| (64..128).contains(&host))
            || address.starts_with("2001:db8:bad:c2:")
    });
}

#[test]
fn ordinary_life_sets_off_the_noisy_rules_now_and_then() {
    let truths = lines(&EXPORT.1);
    let attack_events = attack_events(&truths);
    let mut events = lines(&EXPORT.0);
    events.retain(|event| !attack_events.contains(event["uuid"].as_str().unwrap()));
    for name in [
        "application.lifecycle.update",
        "user.lifecycle.create",
        "user.lifecycle.deactivate",
        "user.account.lock",
        "security.threat.detected",
    ] {
        let count = events.iter().filter(|event| event["eventType"] == name).count();
        assert!((1..120).contains(&count), "{name}: {count}");
    }
    for name in ["user.session.impersonation.initiate", "user.mfa.attempt_bypass", "zone.delete"] {
        assert!(!events.iter().any(|event| event["eventType"] == name), "{name}");
    }
}

/// Counts what it is given and keeps nothing.
#[derive(Default)]
struct Counter {
    bytes: u64,
}

impl io::Write for Counter {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.bytes += buffer.len() as u64;
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_summary_counts_what_was_written() {
    let (mut events, mut truth) = (Counter::default(), Counter::default());
    let summary = Scenario::new(4_000, 1).simulate().unwrap().write(&mut events, &mut truth);
    let summary = summary.unwrap();
    assert_eq!(summary.events, 4_000);
    assert_eq!(summary.bytes, events.bytes);
    assert_eq!(summary.attacks as usize, Attack::ALL.len());
    assert!(truth.bytes > 0 && summary.attack_events > 100);
}

#[test]
fn scenarios_that_cannot_be_played_say_why() {
    let with = |users, days, start: &str| {
        let scenario =
            Scenario { users, days, start: start.parse().unwrap(), ..Scenario::new(10, 1) };
        scenario.simulate().unwrap_err().to_string()
    };
    let start = "2026-09-01T00:00:00Z";
    assert_eq!(with(Some(0), None, start), "an organisation needs at least one user");
    assert_eq!(with(Some(2_000_000), None, start), "more than 1000000 users, ask for fewer");
    assert_eq!(with(None, Some(0), start), "a simulation needs at least one day");
    assert!(with(None, Some(30), "9999-12-20T00:00:00Z").starts_with("days outside the years"));
}
