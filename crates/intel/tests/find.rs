//! What finds what.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use intel::{Builder, Feed, Finding, IndicatorSet, Kind, Period, Reading, Value, read};

/// A set of what a text has.
fn set(text: &str) -> IndicatorSet {
    let (builder, reading) = builder(text);
    assert_eq!(reading.problems, [], "{text}");
    builder.build()
}

fn builder(text: &str) -> (Builder, Reading) {
    let mut builder = Builder::default();
    let reading = read(text.as_bytes(), &Feed::named("own"), &mut |indicator| {
        assert!(builder.add(&indicator));
    });
    (builder, reading)
}

fn find_in(set: &IndicatorSet, event: &str, period: Period) -> Vec<Finding> {
    let event = okta::LogEvent::parse(event).unwrap();
    let context = ecs::Context::default();
    set.find(&ecs::Record::new(&event, &context, ecs::Arrival::default()), period)
}

/// An event at noon of a day of November 2026.
fn event(day: u32, members: &str) -> String {
    format!(
        r#"{{"uuid":"1","published":"2026-11-{day:02}T12:00:00.000Z","eventType":"user.session.start",{members}}}"#
    )
}

/// The fields in which something was found.
fn fields(indicators: &str, members: &str) -> Vec<&'static str> {
    let found = find_in(&set(indicators), &event(22, members), Period::Stream);
    found.iter().map(|finding| finding.field).collect()
}

fn client(ip: &str) -> String {
    format!(r#""client":{{"ipAddress":"{ip}"}}"#)
}

fn debug(name: &str, value: &str) -> String {
    format!(r#""debugContext":{{"debugData":{{"{name}":"{value}"}}}}"#)
}

#[test]
fn addresses_and_networks() {
    let cases = [
        ("198.51.100.7", "198.51.100.7", true),
        ("198.51.100.7", "198.51.100.8", false),
        ("198.51.100.0/24", "198.51.100.0", true),
        ("198.51.100.0/24", "198.51.100.255", true),
        ("198.51.100.0/24", "198.51.101.0", false),
        ("198.51.100.77/24", "198.51.100.1", true),
        ("198.51.100.8/31", "198.51.100.9", true),
        ("198.51.100.8/31", "198.51.100.10", false),
        ("198.0.0.0/8", "198.255.255.255", true),
        ("198.51.100.7", "::ffff:198.51.100.7", true),
        ("::ffff:198.51.100.0/120", "198.51.100.9", true),
        ("::ffff:c633:6407", "198.51.100.7", true),
        ("2001:DB8:0:0::1", "2001:db8::1", true),
        ("2001:db8::/32", "2001:db8:ffff::1", true),
        ("2001:db8::/32", "2001:db9::1", false),
        ("2001:db8::/32", "198.51.100.7", false),
        // Private, reserved, and what everybody asks.
        ("10.0.0.0/8", "10.1.2.3", false),
        ("8.8.8.8", "8.8.8.8", false),
        ("8.8.8.0/24", "8.8.8.8", false),
        ("8.8.8.0/24", "8.8.8.9", true),
        ("198.51.100.7", "no address", false),
    ];
    for (indicator, address, finds) in cases {
        let expected: &[&str] = if finds { &["source.ip"] } else { &[] };
        assert_eq!(fields(indicator, &client(address)), expected, "{indicator} in {address}");
    }
}

#[test]
fn values_in_their_fields() {
    let actor = |id: &str| format!(r#""actor":{{"id":"u","type":"User","alternateId":"{id}"}}"#);
    let domain = |name: &str| format!(r#""securityContext":{{"domain":"{name}"}}"#);
    let agent = |text: &str| format!(r#""client":{{"userAgent":{{"rawUserAgent":"{text}"}}}}"#);
    const URL: &[&str] = &["okta.system.debug_context.url"];
    let cases: Vec<(&str, String, &[&str])> = vec![
        // Domains, with all below them.
        ("evil.example", domain("evil.example"), &["source.domain"]),
        ("Evil.Example.", domain("a.b.EVIL.example"), &["source.domain"]),
        ("evil.example", domain("notevil.example"), &[]),
        ("a.evil.example", domain("evil.example"), &[]),
        ("bücher.example", domain("xn--bcher-kva.example"), &["source.domain"]),
        ("xn--bcher-kva.example", domain("BÜCHER.example"), &["source.domain"]),
        ("evil.example", actor("mallory@mail.evil.example"), &["user.email"]),
        // Addresses of mail.
        ("mallory@evil.example", actor("Mallory@Evil.Example"), &["user.email"]),
        ("mallory@evil.example", actor("alice@evil.example"), &[]),
        (
            "mallory@evil.example",
            format!(
                r#"{},"target":[{{"id":"t","type":"User","alternateId":"mallory@evil.example"}}]"#,
                actor("alice@example.org")
            ),
            &["user.email"],
        ),
        // URLs, with and without their query, and their hosts.
        ("https://evil.example/a", debug("url", "https://evil.example/a"), URL),
        ("https://evil.example/a", debug("url", "HTTPS://EVIL.example:443/a?b=c#d"), URL),
        ("https://evil.example/a?b=c", debug("url", "https://evil.example/a?b=d"), &[]),
        ("https://evil.example/a", debug("url", "https://evil.example/A"), &[]),
        ("https://evil.example/a", debug("url", "https://evil.example/a/b"), &[]),
        ("https://evil.example/a", debug("url", "/a?https"), &[]),
        ("evil.example", debug("url", "https://www.evil.example/x"), URL),
        ("198.51.100.7", debug("url", "http://198.51.100.7:8080/x"), URL),
        ("2001:db8::7", debug("url", "http://[2001:db8::7]/x"), URL),
        (
            "evil.example",
            debug("redirectUri", "https://evil.example/"),
            &["okta.system.debug_context.redirect_uri"],
        ),
        (
            "evil.example",
            debug("requestUri", "https://evil.example/"),
            &["okta.system.debug_context.request_uri"],
        ),
        (
            "evil.example",
            debug("origin", "https://evil.example"),
            &["okta.system.debug_context.origin"],
        ),
        ("evil.example", debug("other", "https://evil.example"), &[]),
        // User-Agents, whole, in any case.
        ("Evil/1.0 (x)", agent("evil/1.0 (X)"), &["user_agent.original"]),
        ("Evil/1.0 (x)", agent("Evil/1.0 (x) y"), &[]),
        // Autonomous systems.
        ("AS64500", r#""securityContext":{"asNumber":64500}"#.into(), &["source.as.number"]),
        ("as64500", r#""securityContext":{"asNumber":64501}"#.into(), &[]),
        // The chain, once where it repeats the client's address.
        (
            "198.51.100.7",
            r#""request":{"ipChain":[{"ip":"203.0.113.1"},{"ip":"198.51.100.7"}]}"#.into(),
            &["okta.system.request.ip_chain.ip"],
        ),
        (
            "198.51.100.7",
            format!(
                r#"{},"request":{{"ipChain":[{{"ip":"198.51.100.7"}}]}}"#,
                client("198.51.100.7")
            ),
            &["source.ip"],
        ),
    ];
    for (indicator, members, expected) in cases {
        assert_eq!(fields(indicator, &members), expected, "{indicator} in {members}");
    }
}

/// A bundle of one indicator.
fn stix(pattern: &str, members: &str) -> String {
    let pattern = serde_json::to_string(pattern).unwrap();
    format!(
        r#"{{"type":"bundle","objects":[{{"type":"indicator","id":"indicator--1",
        "pattern_type":"stix","pattern":{pattern}{members}}}]}}"#
    )
}

#[test]
fn patterns_of_several_values() {
    let a = "[ipv4-addr:value = '198.51.100.7' AND email-addr:value = 'm@evil.example']";
    let b = "[ipv4-addr:value = '198.51.100.7' OR email-addr:value = 'm@evil.example']";
    let c = "[ipv4-addr:value = '198.51.100.7'] FOLLOWEDBY [email-addr:value = 'm@evil.example']";
    let d = "[ipv4-addr:value = '198.51.100.7'] AND ([email-addr:value = 'm@evil.example'] OR \
             [autonomous-system:number = 64500])";
    let ip = client("198.51.100.7");
    let email = r#""actor":{"id":"u","type":"User","alternateId":"m@evil.example"}"#;
    let system = r#""securityContext":{"asNumber":64500}"#;
    let both = format!("{ip},{email}");
    let cases: Vec<(&str, String, &[&str])> = vec![
        (a, ip.clone(), &[]),
        (a, email.to_owned(), &[]),
        (a, both.clone(), &["source.ip", "user.email"]),
        (b, ip.clone(), &["source.ip"]),
        (b, email.to_owned(), &["user.email"]),
        (c, ip.clone(), &[]),
        (c, both.clone(), &["source.ip", "user.email"]),
        (d, ip.clone(), &[]),
        (d, format!("{email},{system}"), &[]),
        (d, both, &["source.ip", "user.email"]),
        (d, format!("{ip},{system}"), &["source.ip", "source.as.number"]),
    ];
    for (pattern, members, expected) in cases {
        assert_eq!(fields(&stix(pattern, ""), &members), expected, "{pattern} in {members}");
    }
}

#[test]
fn servers_that_victims_talk_to_are_no_sources() {
    let phase =
        r#","kill_chain_phases":[{"kill_chain_name":"x","phase_name":"command-and-control"}]"#;
    let pattern = "[ipv4-addr:value = '198.51.100.7']";
    let url = debug("url", "http://198.51.100.7/x");
    for (members, source, in_url) in [(phase, 0, 1), (r#","labels":["C2"]"#, 0, 1), ("", 1, 1)] {
        let indicators = stix(pattern, members);
        assert_eq!(fields(&indicators, &client("198.51.100.7")).len(), source, "{members}");
        assert_eq!(fields(&indicators, &url).len(), in_url, "{members}");
        let values = set(&indicators);
        assert_eq!(values.values(Kind::Address, ecs::Timestamp::now()).count(), source);
    }
}

#[test]
fn indicators_hold_for_a_time() {
    let both = "value,valid_from,valid_until\n198.51.100.7,2026-11-10,2026-11-20T12:00:00Z\n";
    let from = "value,valid_from\n198.51.100.7,2026-11-10\n";
    let until = "value,valid_until\n198.51.100.7,2026-11-20\n";
    let cases = [
        (both, 4, false, false),
        // Five days before it was known.
        (both, 5, true, true),
        (both, 10, true, true),
        (both, 19, true, true),
        // Its end is left out.
        (both, 20, false, true),
        (both, 24, false, true),
        (both, 25, false, false),
        (from, 4, false, false),
        (from, 30, true, true),
        (until, 1, true, true),
        (until, 20, false, true),
    ];
    for (text, day, stream, hunt) in cases {
        let event = event(day, &client("198.51.100.7"));
        for (period, finds) in [(Period::Stream, stream), (Period::Hunt, hunt)] {
            let found = find_in(&set(text), &event, period);
            assert_eq!(!found.is_empty(), finds, "{text} on the {day}th, {period:?}");
        }
    }
}

#[test]
fn what_is_taken_back_finds_nothing() {
    let row = |id: &str, revoked: bool| format!("198.51.100.7,{id},{revoked}\n");
    let cases = [
        (row("a", true), 0),
        (row("a", false) + &row("a", true), 0),
        (row("a", true) + &row("a", false), 0),
        (row("a", false) + &row("b", true), 1),
        (row("", false) + &row("", true), 1),
    ];
    for (rows, count) in cases {
        let set = set(&format!("value,id,revoked\n{rows}"));
        // At no time, and without one.
        for event in [
            event(22, &client("198.51.100.7")),
            event(22, &client("198.51.100.7")).replace("published", "x"),
        ] {
            assert_eq!(find_in(&set, &event, Period::Hunt).len(), count, "{rows}{event}");
        }
    }
}

#[test]
fn ones_own_addresses_and_domains_are_left_alone() {
    let (mut builder, _) = builder("198.51.100.0/24\nevil.example\nmallory@evil.example\n");
    for own in ["198.51.100.128/25", "own.evil.example"] {
        builder.allow(Value::recognise(own).unwrap());
    }
    let set = builder.build();
    let cases = [
        (client("198.51.100.127"), 1),
        (client("198.51.100.128"), 0),
        (client("::ffff:198.51.100.200"), 0),
        (debug("url", "https://evil.example/"), 1),
        (debug("url", "https://own.evil.example/"), 0),
        (debug("url", "https://a.own.evil.example/"), 0),
        (debug("url", "https://notown.evil.example/"), 1),
    ];
    for (members, count) in cases {
        let found = find_in(&set, &event(22, &members), Period::Stream);
        assert_eq!(found.len(), count, "{members}");
    }
}

#[test]
fn what_is_known_is_told_the_surest_first() {
    let text = "id,value,type,confidence,valid_from,valid_until,tlp,labels,description\n\
        ,198.51.100.0/24,,40,,,,,\n\
        indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f,198.51.100.7,ip,85,2026-11-01,\
        2026-12-01,amber+strict,a;b,\"kit, found\"\n\
        x-1,198.51.100.7,,,,,,,\n\
        x-1,198.51.100.7,,,,,,,\n";
    let found = find_in(&set(text), &event(22, &client("198.51.100.7")), Period::Stream);
    let ids: Vec<_> = found.iter().map(|one| one.indicator.id.as_str()).collect();
    assert_eq!(ids, ["indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "", "x-1"]);
    let first = &found[0].indicator;
    assert_eq!((first.feed.as_str(), first.kind), ("own", "ipv4-addr"));
    assert_eq!(first.valid_from, ecs::Timestamp::parse("2026-11-01T00:00:00Z"));
    assert_eq!(first.valid_until, ecs::Timestamp::parse("2026-12-01T00:00:00Z"));
    assert_eq!(first.tlp, Some(intel::Tlp::AmberStrict));
    assert_eq!(
        (&first.labels[..], first.description.as_str()),
        (&["a".into(), "b".into()][..], "kit, found")
    );
    assert_eq!(found[1].indicator.value, "198.51.100.0/24");
}
