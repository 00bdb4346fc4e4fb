//! `wardgate simulate`, and what `wardgate scan` finds in it.

use std::collections::{HashMap, HashSet};
use std::fs;

use serde_json::Value;

use crate::support::{Place, json_lines};

/// Simulates into files; returns the events and the truth.
fn simulate(place: &Place, name: &str, args: &[&str]) -> (Vec<u8>, Vec<u8>) {
    let [log, truth] = ["log", "truth"].map(|kind| format!("{name}.{kind}"));
    let outs = ["--out", &log, "--truth", &truth];
    place.run(&[&["simulate"], args, &outs].concat()).ended(0).says(&["events", "attacks"]);
    (fs::read(place.path(log)).unwrap(), fs::read(place.path(truth)).unwrap())
}

#[test]
fn a_seed_gives_the_same_bytes() {
    let place = Place::new();
    let first = simulate(&place, "first", &["--events", "1000", "--seed", "7"]);
    let again = simulate(&place, "again", &["--events", "1000", "--seed", "7"]);
    let other = simulate(&place, "other", &["--events", "1000", "--seed", "8"]);
    assert!(first == again && first.0 != other.0 && first.1 != other.1);
    let piped = place.run(&["simulate", "--events", "1000", "--seed", "7"]).ended(0);
    assert!(piped.stdout == first.0, "the standard output gets the same");
    assert_eq!(json_lines(&first.0).len(), 1_000);

    let peaceful = simulate(&place, "peaceful", &["--events", "500", "--no-attacks"]);
    assert_eq!(peaceful.1, b"");
}

#[test]
fn the_truth_is_about_events_that_are_there() {
    let place = Place::new();
    let (log, truth) = simulate(&place, "a", &["--events", "3000", "--seed", "3"]);
    let events: HashMap<String, String> = json_lines(&log)
        .iter()
        .map(|event| {
            let text = |name: &str| event[name].as_str().unwrap().to_owned();
            (text("uuid"), text("published"))
        })
        .collect();
    assert_eq!(events.len(), 3_000, "no uuid comes twice");
    let truth = json_lines(&truth);
    assert!(truth.len() > 5);
    for attack in &truth {
        let ids: Vec<_> = uuids(attack);
        let times: Vec<_> = ids.iter().map(|uuid| &events[*uuid]).collect();
        assert!(times.is_sorted());
        assert_eq!(attack["first"], *times[0]);
        assert_eq!(attack["last"], **times.last().unwrap());
        assert!(!attack["path"].as_array().unwrap().is_empty());
    }
}

fn uuids(attack: &Value) -> Vec<&str> {
    attack["events"].as_array().unwrap().iter().map(|uuid| uuid.as_str().unwrap()).collect()
}

/// An attack, and the rules that have to notice it.
const NOTICED_BY: [(&str, &[&str]); 13] = [
    ("brute_force", &["Okta User Account Locked", "Okta Many Failed Sign-Ins of One User"]),
    ("admin_takeover", &["Okta Admin Privilege Granted", "Okta API Token created"]),
    (
        "policy_weakening",
        &[
            "Okta Policy Modified or Deleted",
            "Okta Policy Rule Modified or Deleted",
            "Okta Network Zone Modified",
            "Okta Network Zone Deactivated",
            "Okta Network Zone Deleted",
            "Okta Blacklist Manipulations",
            "Okta Security Threat Configuration Updated",
        ],
    ),
    ("application_tampering", &["Okta Application modified", "Okta Application deleted"]),
    ("factors_deactivated", &["Okta MFA Disabled"]),
    ("fastpass_phishing", &["Okta Phishing Detection with FastPass Origin Check"]),
    ("support_impersonation", &["Okta User Impersonation Access"]),
    ("suspicious_activity_reported", &["Okta Suspicious Activity Reported"]),
    (
        "malware_user_agents",
        &[
            "Nimbo-C2 User Agent",
            "Potential Bazar Loader User-Agents",
            "Potential Lemon Duck User-Agent",
            "RYUK Ransomeware - martinstevens Username",
        ],
    ),
    ("insider_deactivation", &["Okta User Account Deactivated", "Okta API Token revoked"]),
    ("mfa_bypass", &["Okta MFA Bypass Attempt"]),
    ("password_spray", &[]),
    ("session_replay", &["Okta Session Used on Two Operating Systems"]),
];

#[test]
fn attacks_are_found_where_there_are_rules_for_them() {
    let place = Place::new();
    let mut args = vec!["--events", "4000", "--seed", "11"];
    for (attack, _) in NOTICED_BY {
        args.extend(["--attack", attack]);
    }
    let (_, truth) = simulate(&place, "a", &args);
    let truth = json_lines(&truth);
    let run = place.run(&["scan", "a.log", "-q", "--effort", "master"]).ended(0);
    let alerts: Vec<(String, String)> = run
        .lines()
        .iter()
        .map(|alert| {
            let event = &alert["wardgate"]["alert"]["events"][0]["event"]["id"];
            (event.as_str().unwrap().to_owned(), alert["rule"]["name"].as_str().unwrap().to_owned())
        })
        .collect();
    for (attack, rules) in NOTICED_BY {
        let happened: Vec<_> = truth.iter().filter(|one| one["attack"] == attack).collect();
        assert!(!happened.is_empty(), "{attack} happens");
        for attack in happened {
            let events: HashSet<_> = uuids(attack).into_iter().collect();
            let noticed: HashSet<_> = alerts
                .iter()
                .filter(|(event, _)| events.contains(event.as_str()))
                .map(|(_, rule)| rule.as_str())
                .collect();
            for rule in rules {
                assert!(noticed.contains(rule), "{attack} is noticed by {rule}: {noticed:?}");
            }
        }
    }
}

#[test]
fn indicators_of_the_simulation_are_found() {
    let place = Place::new();
    simulate(&place, "a", &["--events", "2000", "--seed", "5"]);
    let indicators = sim::Simulation::indicators();
    let lists = [
        indicators.addresses,
        indicators.domains,
        indicators.urls,
        indicators.emails,
        indicators.user_agents,
    ];
    place.write("feed.txt", lists.concat().join("\n"));
    let args = ["scan", "a.log", "-q", "--effort", "elementary", "--indicators", "feed.txt"];
    let alerts = place.run(&args).ended(0).lines();
    let feed = alerts.iter().filter(|alert| alert["rule"]["name"] == "Intelligence Feed").count();
    assert!(feed > 0);
}

#[test]
fn attacks_are_listed() {
    let listed = Place::new().run(&["simulate", "--list-attacks"]).ended(0).text();
    for attack in sim::Attack::ALL {
        let line = listed.lines().find(|line| line.starts_with(attack.name()));
        assert!(line.is_some_and(|line| line.contains(attack.description())), "{attack}");
    }
}
