//! Journeys that nobody makes.

use super::stream::{Event, HOUR, MINUTE, Stream, detector, event, scan, told};
use crate::Limits;

const RULE: &str = "title: Far\nid: far\ncorrelation: {type: impossible_travel, rules: [a], \
     group-by: [user.name], timespan: 12h, distance: 500, shared: 3, memory: 30d, \
     condition: {gte: 1000}}\n";

/// Name, country, latitude, longitude, autonomous system, address.
type City = (&'static str, &'static str, f64, f64, u32, &'static str);

const BERLIN: City = ("Berlin", "Germany", 52.52, 13.405, 3320, "192.0.2.1");
const SYDNEY: City = ("Sydney", "Australia", -33.8688, 151.2093, 64_500, "203.0.113.9");
const LIMA: City = ("Lima", "Peru", -12.0464, -77.0428, 64_501, "203.0.113.77");
const POTSDAM: City = ("Potsdam", "Germany", 52.39, 13.06, 6805, "192.0.2.200");

fn at(time: i64, user: &str, city: City) -> Event {
    let (name, country, latitude, longitude, system, address) = city;
    let more = format!(
        r#","client":{{"ipAddress":"{address}","geographicalContext":{{"city":"{name}","country":"{country}","geolocation":{{"lat":{latitude},"lon":{longitude}}}}}}},"securityContext":{{"asNumber":{system}}}"#
    );
    event(&format!("{user}-{name}-{time}"), time, "a", user, &more)
}

#[test]
fn what_is_too_far_apart_is_told_once() {
    let detector = detector(RULE);
    let minutes = |minutes: i64| minutes * MINUTE;
    let cases: [(&str, Vec<Event>, usize); 11] = [
        ("at once", vec![at(0, "u", BERLIN), at(minutes(30), "u", SYDNEY)], 1),
        ("by aeroplane", vec![at(0, "u", BERLIN), at(20 * HOUR, "u", SYDNEY)], 0),
        ("nearby", vec![at(0, "u", BERLIN), at(1_000, "u", POTSDAM)], 0),
        ("somebody else", vec![at(0, "u", BERLIN), at(minutes(30), "v", SYDNEY)], 0),
        (
            "there and back",
            vec![
                at(0, "u", BERLIN),
                at(minutes(5), "u", SYDNEY),
                at(minutes(10), "u", BERLIN),
                at(minutes(15), "u", SYDNEY),
            ],
            1,
        ),
        (
            "the same address as if it were elsewhere",
            vec![
                at(0, "u", BERLIN),
                at(minutes(5), "u", ("Sydney", "Australia", -33.8, 151.2, 3320, "192.0.2.1")),
            ],
            0,
        ),
        (
            "nowhere",
            vec![at(0, "u", BERLIN), at(minutes(5), "u", ("", "", 0.0, 0.0, 1, "203.0.113.5"))],
            0,
        ),
        (
            "every day through the same tunnel, which the first one shows",
            (0..9)
                .flat_map(|day| {
                    let day = day * 24 * HOUR;
                    [at(day, "u", BERLIN), at(day + minutes(5), "u", SYDNEY)]
                })
                .collect(),
            1,
        ),
        (
            "from two places on two days",
            vec![
                at(0, "u", BERLIN),
                at(minutes(5), "u", SYDNEY),
                at(48 * HOUR, "u", BERLIN),
                at(48 * HOUR + minutes(5), "u", LIMA),
            ],
            2,
        ),
        (
            "a known network that has not been seen for long",
            vec![
                at(0, "u", SYDNEY),
                at(20 * HOUR, "u", BERLIN),
                at(40 * 24 * HOUR, "u", BERLIN),
                at(40 * 24 * HOUR + minutes(5), "u", SYDNEY),
            ],
            1,
        ),
        ("the last stands first", vec![at(minutes(30), "u", SYDNEY), at(0, "u", BERLIN)], 1),
    ];
    for (what, events, expected) in cases {
        let alerts = scan(&detector, &events);
        assert_eq!(alerts.len(), expected, "{what}: {alerts:#?}");
    }
}

#[test]
fn an_address_that_many_share_is_no_place() {
    let detector = detector(RULE);
    // The gateway of a company, in Sydney.
    let mut events: Vec<Event> =
        ["v", "w"].iter().zip(1..).map(|(user, n)| at(n * MINUTE, user, SYDNEY)).collect();
    events.push(at(HOUR, "u", BERLIN));
    events.push(at(HOUR + MINUTE, "u", SYDNEY));
    assert_eq!(scan(&detector, &events).len(), 0, "three come from it");
    events.remove(0);
    assert_eq!(scan(&detector, &events).len(), 1, "two come from it");
}

#[test]
fn a_network_that_many_travel_to_is_no_place() {
    let detector = detector(RULE);
    // Each gets an address of its own in the tunnel's network.
    let addresses = ["203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4", "203.0.113.5"];
    let mut events = Vec::new();
    for (n, address) in (0..).zip(addresses) {
        let user = format!("u{n}");
        let home: &'static str = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"]
            [usize::try_from(n).unwrap()];
        events.push(at(n * MINUTE, &user, ("Berlin", "Germany", 52.52, 13.405, 3320, home)));
        let tunnel = ("Sydney", "Australia", -33.8688, 151.2093, 64_500, address);
        events.push(at((n + 30) * MINUTE, &user, tunnel));
    }
    events.sort();
    // The homes are in a network that everybody knows to be theirs on the next day.
    assert!(scan(&detector, &events).len() < addresses.len());
}

#[test]
fn an_alert_tells_from_where_to_where() {
    let detector = detector(RULE);
    let alerts = scan(&detector, &[at(0, "u", BERLIN), at(30 * MINUTE, "u", SYDNEY)]);
    assert_eq!(
        alerts[0].title,
        "Far: u, Berlin, Germany to Sydney, Australia, 16095 km in 30 minutes"
    );
    let told = told(&alerts[0]);
    for (name, value) in [
        ("type", "impossible_travel"),
        ("from", "Berlin, Germany"),
        ("to", "Sydney, Australia"),
        ("distance", "16095"),
        ("speed", "32189"),
        ("minutes", "30"),
        ("value", "32189"),
    ] {
        assert_eq!(told[name], value, "{name}");
    }
}

#[test]
fn what_is_too_late_does_not_count() {
    let detector = detector(RULE);
    let mut stream = Stream::new(&detector, Limits::default());
    stream.take(&at(3 * HOUR, "u", SYDNEY));
    stream.take(&at(HOUR, "u", BERLIN));
    assert_eq!(stream.correlator.memory().late, 1);
    assert!(stream.finish().is_empty());
}
