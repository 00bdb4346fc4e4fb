//! Alerts that weigh something together.

use super::stream::{Event, HOUR, MINUTE, Stream, detector, event, of_text, scan, told};
use crate::{Exceptions, Limits};

const RULE: &str = "title: Risky\nid: risky\ncorrelation: {type: risk, group-by: [user.name], \
     timespan: 2d, half-life: 10h, condition: {gte: 50, rules: 2}}\n";

fn at(minute: i64, action: &str, user: &str) -> Event {
    event(&format!("{user}-{action}-{minute}"), minute * MINUTE, action, user, "")
}

fn risky(alerts: &[crate::Alert]) -> Vec<String> {
    let titles = alerts.iter().map(|alert| alert.title.clone());
    titles.filter(|title| title.starts_with("Risky")).collect()
}

#[test]
fn alerts_add_up_and_fade() {
    let detector = detector(RULE);
    let hours = |hours: i64| hours * 60;
    // A medium alert weighs 20.
    let cases: [(&str, Vec<Event>, &[&str]); 7] = [
        (
            "three of two rules",
            vec![at(0, "a", "u"), at(1, "b", "u"), at(2, "a", "u")],
            &["Risky: u, 60 of 3 alerts in 2 days"],
        ),
        ("two", vec![at(0, "a", "u"), at(1, "b", "u")], &[]),
        ("of one rule", (0..20).map(|minute| at(minute, "a", "u")).collect(), &[]),
        ("of several users", vec![at(0, "a", "u"), at(1, "b", "v"), at(2, "a", "v")], &[]),
        (
            "half of them faded",
            vec![at(0, "a", "u"), at(hours(10), "b", "u"), at(hours(10), "a", "u")],
            &["Risky: u, 50 of 3 alerts in 2 days"],
        ),
        (
            "faded a little more",
            vec![at(0, "a", "u"), at(hours(11), "b", "u"), at(hours(11), "a", "u")],
            &[],
        ),
        (
            "it goes on",
            (0..9).flat_map(|minute| [at(minute, "a", "u"), at(minute, "b", "u")]).collect(),
            &["Risky: u, 60 of 3 alerts in 2 days"],
        ),
    ];
    for (what, events, expected) in cases {
        assert_eq!(risky(&scan(&detector, &events)), expected, "{what}");
    }
}

#[test]
fn an_alert_names_those_behind_it() {
    let detector = detector(RULE);
    let mut stream = Stream::new(&detector, Limits::default());
    let events = [at(0, "a", "u"), at(600, "b", "u"), at(600, "c", "u")];
    let mut ids = Vec::new();
    for event in &events {
        ids.extend(stream.inspect(event).1.into_iter().map(|alert| alert.id.to_string()));
        stream.take(event);
    }
    let alerts = stream.finish();
    let told = told(&alerts[0]);
    let behind = told["alerts"].as_array().unwrap();
    let mut found: Vec<&str> =
        behind.iter().map(|one| one["event"]["id"].as_str().unwrap()).collect();
    found.sort_unstable();
    ids.sort_unstable();
    assert_eq!(found, ids);
    assert_eq!(behind[2]["rule"]["name"], "Base a");
    assert_eq!(
        (behind[0]["weight"].as_f64(), behind[2]["weight"].as_f64()),
        (Some(20.0), Some(10.0))
    );
    assert_eq!(told["value"], "50");
}

#[test]
fn correlations_add_to_it_and_weights_are_chosen() {
    let rules = "title: Often\nid: often\nlevel: high\ntags: [attack.t1110]\n\
         correlation: {type: event_count, rules: [c], group-by: [user.name], timespan: 5m, \
         condition: {gte: 3}}\n---\n\
         title: Risky\nid: risky\ncorrelation: {type: risk, group-by: [user.name], timespan: 2d, \
         condition: {gte: 60}, weights: {WEIGHTS}}\n";
    let events = [at(0, "c", "u"), at(1, "c", "u"), at(2, "c", "u"), at(3, "a", "u")];
    let cases = [
        // 20 and 50 for the correlation; what it counts raises no alerts.
        ("", &["Risky: u, 70 of 2 alerts in 2 days"][..]),
        ("medium: 5", &[]),
        ("medium: 5, attack.t1110: 59", &["Risky: u, 64 of 2 alerts in 2 days"]),
        ("often: 60", &["Risky: u, 60 of 1 alerts in 2 days"]),
        ("often: 0", &[]),
    ];
    for (weights, expected) in cases {
        let detector = detector(&rules.replace("WEIGHTS", weights));
        assert_eq!(risky(&scan(&detector, &events)), expected, "{weights}");
    }
}

#[test]
fn a_risk_is_no_part_of_a_risk_and_can_be_built_on() {
    let rules = format!(
        "{RULE}---\ntitle: Other\nid: other\ncorrelation: {{type: risk, group-by: [user.name], \
         timespan: 2d, condition: {{gte: 60}}}}\n---\n\
         title: Twice\nid: twice\ncorrelation: {{type: temporal, rules: [risky, other], \
         group-by: [user.name], timespan: 1h}}\n"
    );
    let detector = detector(&rules);
    let events = [at(0, "a", "u"), at(1, "b", "u"), at(2, "c", "u"), at(3, "a", "u")];
    let titles: Vec<String> = scan(&detector, &events).into_iter().map(|a| a.title).collect();
    // What serves another in its file raises nothing itself.
    assert_eq!(titles, ["Twice: u, 2 events in 1 hour"]);
}

#[test]
fn exceptions_keep_a_risk_quiet() {
    let rules = format!(
        "title: A\nlevel: high\nlogsource: {{product: okta}}\n\
         detection: {{s: {{eventType: act.a}}, condition: s}}\n---\n\
         title: B\nlevel: high\nlogsource: {{product: okta}}\n\
         detection: {{s: {{eventType: act.b}}, condition: s}}\n---\n{RULE}"
    );
    let exceptions = "exceptions:\n  - {rule: risky, field: user.name, value: u, reason: r, \
         expires: 2099-01-01}\n";
    let (exceptions, problems) = Exceptions::parse(exceptions, "e.yml");
    assert_eq!(problems, []);
    let events = |user: &str| [at(0, "a", user), at(1, "b", user)];
    let detector = of_text(&rules, &exceptions);
    assert_eq!(risky(&scan(&detector, &events("u"))).len(), 0);
    assert_eq!(risky(&scan(&detector, &events("v"))).len(), 1);
}

#[test]
fn stored_alerts_are_recalled_and_count_once() {
    let detector = detector(RULE);
    let events = [at(0, "a", "u"), at(1, "b", "u"), at(2, "a", "u")];
    let mut stream = Stream::new(&detector, Limits::default());
    for event in &events[..2] {
        let (_, alerts) = stream.inspect(event);
        let parsed = okta::LogEvent::parse(&event.text).unwrap();
        let context = ecs::Context::default();
        let record = ecs::Record::new(&parsed, &context, ecs::Arrival::default());
        // Its rule has no id, and goes by its title. Twice, as after two restarts.
        for _ in 0..2 {
            let rule = format!("Base {}", if event.text.contains("act.a") { "a" } else { "b" });
            detector.recall(&rule, alerts[0].id, &record, &mut |observation| {
                stream.correlator.take_stored(&detector, observation);
            });
        }
    }
    assert!(stream.alerts.is_empty());
    stream.take(&events[2]);
    let found = stream.finish();
    assert_eq!(risky(&found), ["Risky: u, 60 of 3 alerts in 2 days"]);
    assert_eq!(found[0].id, scan(&detector, &events)[0].id);
    assert!(detector.past_of_alerts().is_some_and(|back| back >= 96 * HOUR));
    assert_eq!(detector.past(), [], "events need not be looked at for it");
}
