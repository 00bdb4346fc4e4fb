//! The set finds what a slow comparison of everything with everything finds.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::net::IpAddr;

use intel::{Builder, Feed, Period, read};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Wanted {
    Network(IpAddr, u8),
    Domain(String),
    Email(String),
}

impl Wanted {
    fn text(&self) -> String {
        match self {
            Self::Network(address, prefix) => format!("{address}/{prefix}"),
            Self::Domain(text) | Self::Email(text) => text.clone(),
        }
    }

    /// Bit by bit, label by label.
    fn finds(&self, address: IpAddr, email: &str) -> bool {
        match self {
            Self::Network(network, prefix) => {
                let bits = |address: IpAddr| match address {
                    IpAddr::V4(v4) => format!("{:032b}", u32::from(v4)),
                    IpAddr::V6(v6) => format!("{:0128b}", u128::from(v6)),
                };
                let (network, address, prefix) = (bits(*network), bits(address), *prefix as usize);
                network.len() == address.len() && network.get(..prefix) == address.get(..prefix)
            }
            Self::Domain(domain) => {
                let host = email.split('@').nth(1).unwrap();
                host == domain || host.ends_with(&format!(".{domain}"))
            }
            Self::Email(wanted) => wanted == email,
        }
    }
}

/// Addresses that lie close to each other, so that networks have them.
fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (0_u32..1 << 12).prop_map(|low| IpAddr::V4((0xC633_6000 | low).into())),
        (0_u128..1 << 12).prop_map(|low| IpAddr::V6(((0x2001_0db8_u128 << 96) | low).into())),
    ]
}

fn host() -> impl Strategy<Value = String> {
    "([ab]\\.){0,3}[ab]\\.example"
}

fn email() -> impl Strategy<Value = String> {
    ("[mn]", host()).prop_map(|(name, host)| format!("{name}@{host}"))
}

fn wanted() -> impl Strategy<Value = Wanted> {
    prop_oneof![
        (address(), 0_u8..=16).prop_map(|(address, shorter)| {
            let most = if address.is_ipv4() { 32 } else { 128 };
            Wanted::Network(address, most - shorter)
        }),
        host().prop_map(Wanted::Domain),
        email().prop_map(Wanted::Email),
    ]
}

proptest! {
    #[test]
    fn the_set_finds_what_a_slow_search_finds(
        all in prop::collection::vec(wanted(), 0..40),
        events in prop::collection::vec((address(), email()), 1..20),
    ) {
        let text: String = all.iter().enumerate()
            .map(|(number, wanted)| format!("{number},{}\n", wanted.text()))
            .collect();
        let mut builder = Builder::default();
        let reading = read(
            format!("id,value\n{text}").as_bytes(),
            &Feed::named("own"),
            &mut |indicator| assert!(builder.add(&indicator)),
        );
        prop_assert_eq!(reading.used as usize, all.len());
        let set = builder.build();
        for (address, email) in events {
            let event = format!(
                r#"{{"uuid":"1","published":"2026-11-22T10:00:00.000Z","eventType":"x",
                "client":{{"ipAddress":"{address}"}},
                "actor":{{"id":"u","type":"User","alternateId":"{email}"}}}}"#
            );
            let event = okta::LogEvent::parse(&event).unwrap();
            let context = ecs::Context::default();
            let record = ecs::Record::new(&event, &context, ecs::Arrival::default());
            let found: BTreeSet<usize> = set
                .find(&record, Period::Stream)
                .iter()
                .map(|finding| finding.indicator.id.parse().unwrap())
                .collect();
            let expected: BTreeSet<usize> = (0..all.len())
                .filter(|number| all[*number].finds(address, &email))
                .collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn no_bytes_stop_the_readers(bytes in prop::collection::vec(any::<u8>(), 0..300), form in 0..3) {
        let mut text = [&b""[..], b"value,type\n", b"{\"objects\":["][form as usize].to_vec();
        text.extend(bytes);
        let mut builder = Builder::default();
        let reading = read(&text[..], &Feed::default(), &mut |indicator| {
            builder.add(&indicator);
        });
        prop_assert_eq!(reading.problem_count as usize, reading.problems.len());
    }

    #[test]
    fn no_pattern_stops_the_reader(pattern in "([\\[\\]()=!<>,' ]|AND|OR|NOT|IN|FOLLOWEDBY|WITHIN|START|REPEATS|ipv4-addr:value|'1\\.2\\.3\\.4'|[a-z0-9é\\\\]){0,40}") {
        let bundle = format!(
            r#"{{"type":"indicator","pattern":{}}}"#,
            serde_json::to_string(&pattern).unwrap()
        );
        let mut count = 0;
        let reading = read(bundle.as_bytes(), &Feed::default(), &mut |_| count += 1);
        prop_assert!(count + reading.problem_count >= 1, "{}", pattern);
    }
}
