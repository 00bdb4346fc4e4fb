//! Stories and the organisations they happen in, read back from whole exports.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sim::{Profile, Scenario, Story, UNLISTED_EVENT_TYPES};

fn scenario(seed: u64, profile: Profile, stories: &[Story]) -> Scenario {
    Scenario {
        users: Some(150),
        days: Some(16),
        attacks: Vec::new(),
        stories: stories.to_vec(),
        profile: Some(profile),
        ..Scenario::new(Scenario::events_of(150, 16), seed)
    }
}

fn bytes(scenario: &Scenario) -> (Vec<u8>, Vec<u8>) {
    let (mut events, mut truth) = (Vec::new(), Vec::new());
    scenario.simulate().unwrap().write(&mut events, &mut truth).unwrap();
    (events, truth)
}

fn lines(ndjson: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(ndjson).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text<'v>(value: &'v Value, path: &str) -> &'v str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

fn catalogue() -> BTreeSet<&'static str> {
    let rows = include_str!("../data/event-types.csv").lines().skip(1);
    rows.filter_map(|line| line.split(',').next()).collect()
}

#[test]
fn every_story_is_told_and_its_truth_is_in_the_log() {
    let catalogue = catalogue();
    for (seed, &profile) in Profile::ALL.iter().enumerate() {
        let (events, truth) = bytes(&scenario(seed as u64 + 3, profile, Story::ALL));
        let (events, truths) = (lines(&events), lines(&truth));
        let by_uuid: BTreeMap<&str, &Value> =
            events.iter().map(|event| (text(event, "/uuid"), event)).collect();
        assert_eq!(by_uuid.len(), events.len());
        let told: BTreeSet<&str> = truths.iter().map(|truth| text(truth, "/story")).collect();
        let all: BTreeSet<&str> = Story::ALL.iter().map(|story| story.name()).collect();
        assert_eq!(told, all, "{profile}");
        let mut claimed = BTreeSet::new();
        for truth in &truths {
            let name = text(truth, "/story");
            let uuids = truth["events"].as_array().unwrap();
            assert!(uuids.len() >= 3, "{name}: {}", uuids.len());
            let mut last = "";
            let mut touches_principal = false;
            let (id, login) = (text(truth, "/principal/id"), text(truth, "/principal/login"));
            assert!(!id.is_empty() && !login.is_empty(), "{name}");
            for uuid in uuids {
                let uuid = uuid.as_str().unwrap();
                assert!(claimed.insert(uuid), "{name}: {uuid} is told twice");
                let event = by_uuid.get(uuid).expect("an event of the log");
                assert!(catalogue.contains(text(event, "/eventType")), "{name}: {event}");
                assert!(text(event, "/published") >= last, "{name}");
                last = text(event, "/published");
                touches_principal |= event.to_string().contains(id);
            }
            assert!(touches_principal, "{name}");
            assert_eq!(text(truth, "/last"), last);
            assert_eq!(
                text(truth, "/first"),
                text(by_uuid[uuids[0].as_str().unwrap()], "/published")
            );
            assert_eq!(truth["seed"], seed as u64 + 3);
            assert!(truth["path"].as_array().unwrap().len() >= 2, "{name}");
            assert!(!truth["actors"].as_array().unwrap().is_empty(), "{name}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_another_course() {
    let told = |seed| bytes(&scenario(seed, Profile::Office, Story::ALL));
    let (first, second) = (told(5), told(6));
    assert_eq!(first, told(5));
    let shapes = |(events, truth): &(Vec<u8>, Vec<u8>)| -> BTreeMap<String, Vec<String>> {
        let events = lines(events);
        let kinds: BTreeMap<&str, (&str, &str)> = events
            .iter()
            .map(|it| (text(it, "/uuid"), (text(it, "/eventType"), text(it, "/client/ipAddress"))))
            .collect();
        let shape = |truth: &Value| {
            let uuids = truth["events"].as_array().unwrap().iter();
            uuids.map(|uuid| format!("{:?}", kinds[uuid.as_str().unwrap()])).collect()
        };
        lines(truth).iter().map(|it| (text(it, "/story").to_owned(), shape(it))).collect()
    };
    let (first, second) = (shapes(&first), shapes(&second));
    for (name, shape) in &first {
        assert_ne!(shape, &second[name], "{name} is the same with another seed");
    }
}

#[test]
fn rounds_tell_the_same_story_in_other_ways() {
    let one = [Story::PushFlood];
    let (_, truth) = bytes(&Scenario { story_rounds: 4, ..scenario(2, Profile::Office, &one) });
    let truths = lines(&truth);
    let numbers: BTreeSet<u64> = truths.iter().map(|it| it["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, BTreeSet::from([0, 1, 2, 3]));
    let lengths: BTreeSet<usize> =
        truths.iter().map(|truth| truth["events"].as_array().unwrap().len()).collect();
    assert!(lengths.len() > 1, "{lengths:?}");
}

/// What only an attack does: none of it is in the ordinary life of any profile.
#[test]
fn ordinary_life_has_no_marks_of_attacks() {
    let marks = [
        "app.oauth2.token.detect_reuse",
        "app.oauth2.as.token.detect_reuse",
        "system.log_stream.lifecycle.deactivate",
        "event_hook.deleted",
        "user.session.impersonation.initiate",
        "user.mfa.attempt_bypass",
        "group.privilege.grant",
        "user.account.privilege.grant",
        "iam.role.create",
        "system.agent.ad.create",
        "system.idp.lifecycle.create",
        "user.lifecycle.delete.initiated",
        "device.assurance.policy.delete",
        "user.mfa.factor.reset_all",
        "zone.delete",
        "policy.lifecycle.delete",
    ];
    let catalogue = catalogue();
    for &profile in Profile::ALL {
        let (events, truth) = bytes(&scenario(9, profile, &[]));
        assert!(truth.is_empty());
        let events = lines(&events);
        assert_eq!(events.len() as u64, Scenario::events_of(150, 16));
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for event in &events {
            let kind = text(event, "/eventType");
            assert!(!marks.contains(&kind), "{profile}: {event}");
            assert!(catalogue.contains(kind) || UNLISTED_EVENT_TYPES.contains(&kind), "{kind}");
            assert!(!event.to_string().contains("tor exit"), "{profile}");
            assert!(!event.to_string().contains("\\\"factorMode\\\":\\\"1FA\\\""), "{profile}");
            seen.insert(kind);
        }
        for ordinary in
            ["user.mfa.factor.activate", "user.account.lock", "user.mfa.factor.deactivate"]
        {
            assert!(seen.contains(ordinary), "{profile}: no {ordinary}");
        }
    }
}

/// A rule that knew the addresses of attackers would not know attacks.
#[test]
fn attackers_come_from_where_people_come_from() {
    let (events, truth) = bytes(&scenario(4, Profile::Office, Story::ALL));
    let (events, truths) = (lines(&events), lines(&truth));
    let of_stories: BTreeSet<&str> = truths
        .iter()
        .flat_map(|truth| truth["events"].as_array().unwrap())
        .map(|uuid| uuid.as_str().unwrap())
        .collect();
    let block = |event: &Value| {
        let address = text(event, "/client/ipAddress").to_owned();
        address.split(['.', ':']).next().unwrap_or_default().to_owned()
    };
    let blocks = |inside: bool| -> BTreeSet<String> {
        let chosen = events.iter().filter(|it| of_stories.contains(text(it, "/uuid")) == inside);
        chosen.map(block).collect()
    };
    let unheard_of: Vec<String> = blocks(true).difference(&blocks(false)).cloned().collect();
    assert!(unheard_of.is_empty(), "{unheard_of:?}");
}

#[test]
fn profiles_differ_in_their_habits() {
    let share = |profile, kind: &str| {
        let events = lines(&bytes(&scenario(1, profile, &[])).0);
        let of_kind = events.iter().filter(|event| text(event, "/eventType") == kind).count();
        of_kind as f64 / events.len() as f64
    };
    let texts = "system.sms.send_factor_verify_message";
    assert!(share(Profile::Retail, texts) > 2.0 * share(Profile::Office, texts));
    let pushes = "system.push.send_factor_verify_push";
    assert!(share(Profile::Office, pushes) > share(Profile::Retail, pushes));
}

#[test]
fn names_read_back() {
    for &story in Story::ALL {
        assert_eq!(story.name().parse(), Ok(story));
    }
    for &profile in Profile::ALL {
        assert_eq!(profile.name().parse(), Ok(profile));
    }
    let error = "phishing".parse::<Story>().unwrap_err().to_string();
    assert!(error.starts_with("no story is called \"phishing\", choose from: spray_and_enrol"));
    let error = "bank".parse::<Profile>().unwrap_err().to_string();
    assert_eq!(error, "no profile is called \"bank\", choose from: office retail");
    assert!(Story::ALL.len() >= 25);
}
