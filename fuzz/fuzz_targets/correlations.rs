//! Any text, read as the section `correlation` of a rule, and events that the first bytes decide
//! upon: correlations raise the same alerts however the events are cut into batches, within the
//! memory that they are allowed.
#![no_main]

use detect::{
    Alert, Correlator, Detector, Exceptions, Found, Limits, Observation, Pack, Placeholders,
    Selection, Workspace,
};
use ecs::{Arrival, Context, Organization, Record, Timestamp};
use libfuzzer_sys::fuzz_target;
use okta::LogEvent;

/// The first bytes are events, four of them each.
const EVENTS: usize = 64;
const BYTES: usize = 100_000;
const START: i64 = 1_767_225_600_000;

fuzz_target!(|data: &[u8]| {
    let Some((events, text)) = data.split_at_checked(EVENTS) else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let mut rules = String::new();
    for name in ["a", "b", "c"] {
        rules.push_str(&format!(
            "title: {name}\nname: {name}\nlogsource: {{product: okta}}\n\
             detection: {{s: {{eventType: act.{name}}}, condition: s}}\n---\n"
        ));
    }
    // Indented, all of it is the section.
    let indented: Vec<String> = text.lines().map(|line| format!("  {line}")).collect();
    rules.push_str(&format!("title: C\nid: c\ncorrelation:\n{}\n", indented.join("\n")));
    let mut pack = Pack::default();
    pack.add(&rules, "c.yml", &"fuzz".into());
    let detector =
        Detector::new(&pack, &Selection::default(), Placeholders::default(), Exceptions::default());
    if !detector.correlates() {
        return;
    }
    assert!(detector.past().iter().all(|past| past.back > 0));
    let events: Vec<String> = events.chunks_exact(4).enumerate().map(made).collect();
    let one_by_one = alerts(&detector, &events, 1);
    assert_eq!(one_by_one, alerts(&detector, &events, 5));
    for alert in &one_by_one {
        assert!(okta::json::validate(&alert.document).is_ok(), "{}", alert.document);
        assert!(!alert.title.is_empty());
    }
});

/// An event of four bytes: when, what, who, and from where.
fn made((number, bytes): (usize, &[u8])) -> String {
    let [time, action, user, value] = bytes else { return String::new() };
    let minutes = i64::from(*time) * i64::from(*time);
    let published = Timestamp(START + minutes * 60_000);
    let action = ["a", "b", "c"][usize::from(action % 3)];
    let (user, latitude) = (user % 3, i64::from(*value) % 180 - 90);
    format!(
        r#"{{"uuid":"e{number}","published":"{published}","eventType":"act.{action}","actor":{{"id":"u{user}","alternateId":"u{user}"}},"client":{{"ipAddress":"192.0.2.{value}","geographicalContext":{{"country":"{value}","geolocation":{{"lat":{latitude},"lon":{value}.5}}}}}},"securityContext":{{"asNumber":{}}}}}"#,
        value % 5
    )
}

fn alerts(detector: &Detector, events: &[String], size: usize) -> Vec<Alert> {
    let limits = Limits { bytes: BYTES, ..Limits::default() };
    let mut correlator = Correlator::new(detector, Organization::default(), limits);
    let mut workspace = Workspace::default();
    let context = Context::default();
    let (mut alerts, mut newest) = (Vec::new(), Timestamp(i64::MIN));
    for batch in events.chunks(size) {
        let mut seen: Vec<(Timestamp, Observation)> = Vec::new();
        for event in batch {
            let event = LogEvent::parse(event).expect("an event");
            let record = Record::new(&event, &context, Arrival::default());
            newest = newest.max(record.time().expect("a time"));
            detector.inspect(&record, &mut workspace, |found| {
                if let Found::Observation(observation) = found {
                    seen.push((newest, observation));
                }
            });
        }
        for (newest, observation) in seen {
            correlator.advance(detector, newest, &mut |alert| alerts.push(alert));
            correlator.take(detector, observation, &mut |alert| alerts.push(alert));
            assert!(correlator.memory().bytes <= BYTES, "{:?}", correlator.memory());
        }
        correlator.advance(detector, newest, &mut |alert| alerts.push(alert));
    }
    correlator.finish(detector, &mut |alert| alerts.push(alert));
    alerts
}
