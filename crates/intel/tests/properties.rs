//! The set finds what a slow comparison of everything with everything finds.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::net::IpAddr;

use ecs::Timestamp;
use intel::{Builder, Feed, Hunter, IndicatorSet, Period, Seen, Term, Value, pack, read, unpack};
use proptest::prelude::*;

const HOUR: i64 = 3_600_000;

#[derive(Clone, Debug)]
enum Wanted {
    Network(IpAddr, u8, Written),
    Domain(String),
    Email(String),
    Url(String),
    Agent(String),
}

/// How an address is written.
#[derive(Clone, Copy, Debug)]
enum Written {
    Plain,
    /// IPv4 as IPv6.
    Mapped,
    UpperCase,
}

impl Written {
    fn text(self, address: IpAddr, prefix: u8) -> String {
        match (self, address) {
            (Self::Mapped, IpAddr::V4(v4)) => format!("{}/{}", v4.to_ipv6_mapped(), prefix + 96),
            (Self::UpperCase, _) => format!("{address}/{prefix}").to_uppercase(),
            _ => format!("{address}/{prefix}"),
        }
    }
}

/// What an event has.
#[derive(Clone, Debug)]
struct Event {
    address: IpAddr,
    email: String,
    url: String,
    agent: String,
    hours: i64,
}

impl Wanted {
    fn text(&self) -> String {
        match self {
            Self::Network(address, prefix, written) => written.text(*address, *prefix),
            Self::Domain(text) | Self::Email(text) | Self::Url(text) | Self::Agent(text) => {
                text.clone()
            }
        }
    }

    const fn kind(&self) -> &'static str {
        match self {
            Self::Network(..) => "ip",
            Self::Domain(_) => "domain",
            Self::Email(_) => "email",
            Self::Url(_) => "url",
            Self::Agent(_) => "user-agent",
        }
    }

    /// Bit by bit, label by label, letter by letter.
    fn finds(&self, seen: &Event) -> bool {
        let lower = |text: &str| text.to_lowercase();
        let is_host = |host: &str, domain: &str| {
            let (host, domain) = (lower(host), lower(domain));
            host == domain || host.ends_with(&format!(".{domain}"))
        };
        let url = |text: &str| {
            let (host, path) = text.strip_prefix("https://").unwrap().split_once('/').unwrap();
            (lower(host), path.to_owned())
        };
        match self {
            Self::Network(network, prefix, _) => {
                let bits = |address: IpAddr| match address {
                    IpAddr::V4(v4) => format!("{:032b}", u32::from(v4)),
                    IpAddr::V6(v6) => format!("{:0128b}", u128::from(v6)),
                };
                let (network, address) = (bits(*network), bits(seen.address));
                let prefix = usize::from(*prefix);
                network.len() == address.len() && network.get(..prefix) == address.get(..prefix)
            }
            Self::Domain(domain) => {
                is_host(seen.email.split('@').nth(1).unwrap(), domain)
                    || is_host(&url(&seen.url).0, domain)
            }
            Self::Email(wanted) => lower(wanted) == lower(&seen.email),
            Self::Url(wanted) => {
                let (wanted, (host, path)) = (url(wanted), url(&seen.url));
                let bare = path.split('?').next().unwrap().to_owned();
                wanted == (host.clone(), path) || wanted == (host, bare)
            }
            Self::Agent(wanted) => lower(wanted) == lower(&seen.agent),
        }
    }
}

/// From when until when, in hours.
type Validity = (Option<i64>, Option<i64>);

fn holds((from, until): Validity, hours: i64, behind: i64) -> bool {
    from.is_none_or(|from| hours >= from - 120) && until.is_none_or(|until| hours < until + behind)
}

/// Addresses that lie close to each other, so that networks have them.
fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (0_u32..1 << 12).prop_map(|low| IpAddr::V4((0xC633_6000 | low).into())),
        (0_u128..1 << 12).prop_map(|low| IpAddr::V6(((0x2001_0db8_u128 << 96) | low).into())),
    ]
}

fn host() -> impl Strategy<Value = String> {
    "([abA]\\.){0,3}[abB]\\.(example|Example)"
}

fn email() -> impl Strategy<Value = String> {
    ("[mnM]", host()).prop_map(|(name, host)| format!("{name}@{host}"))
}

fn url() -> impl Strategy<Value = String> {
    (host(), "[aA]?(/b)?(\\?[cC])?").prop_map(|(host, path)| format!("https://{host}/{path}"))
}

fn agent() -> impl Strategy<Value = String> {
    "(Evil|evil|EVIL)/[12]"
}

fn written() -> impl Strategy<Value = Written> {
    prop_oneof![Just(Written::Plain), Just(Written::Mapped), Just(Written::UpperCase)]
}

fn wanted() -> impl Strategy<Value = Wanted> {
    prop_oneof![
        (address(), 0_u8..=16, written()).prop_map(|(address, shorter, written)| {
            let most = if address.is_ipv4() { 32 } else { 128 };
            Wanted::Network(address, most - shorter, written)
        }),
        host().prop_map(Wanted::Domain),
        email().prop_map(Wanted::Email),
        url().prop_map(Wanted::Url),
        agent().prop_map(Wanted::Agent),
    ]
}

fn validity() -> impl Strategy<Value = Validity> {
    (prop::option::weighted(0.5, 0_i64..400), prop::option::weighted(0.5, 0_i64..400))
}

fn seen() -> impl Strategy<Value = Event> {
    (address(), email(), url(), agent(), 0_i64..400)
        .prop_map(|(address, email, url, agent, hours)| Event { address, email, url, agent, hours })
}

fn set(all: &[(Wanted, Validity)], filler: bool) -> IndicatorSet {
    let mut text = "id,type,value,valid_from,valid_until\n".to_owned();
    for (number, (wanted, (from, until))) in all.iter().enumerate() {
        let time = |hours: &Option<i64>| {
            hours.map(|hours| Timestamp(hours * HOUR).to_string()).unwrap_or_default()
        };
        let row = [&number.to_string(), wanted.kind(), &wanted.text(), &time(from), &time(until)];
        text += &(row.join(",") + "\n");
    }
    if filler {
        // So many that blocks of addresses are told apart.
        for number in 1000..1300 {
            text += &format!("{number},ip,203.0.{}.{},,\n", number / 250, number % 250);
        }
    }
    let mut builder = Builder::default();
    read(text.as_bytes(), &Feed::named("own"), &mut |indicator| {
        assert!(builder.add(&indicator));
    });
    builder.build()
}

fn found(
    set: &IndicatorSet,
    seen: &Event,
    period: Period,
    memory: Option<&mut Seen>,
) -> BTreeSet<usize> {
    let Event { address, email, url, agent, hours } = seen;
    let time = Timestamp(hours * HOUR);
    let event = format!(
        r#"{{"uuid":"1","published":"{time}","eventType":"x",
        "client":{{"ipAddress":"{address}","userAgent":{{"rawUserAgent":"{agent}"}}}},
        "debugContext":{{"debugData":{{"url":"{url}"}}}},
        "actor":{{"id":"u","type":"User","alternateId":"{email}"}}}}"#
    );
    let event = okta::LogEvent::parse(&event).unwrap();
    let context = ecs::Context::default();
    let record = ecs::Record::new(&event, &context, ecs::Arrival::default());
    let found = match memory {
        Some(memory) => set.find_next(&record, period, memory),
        None => set.find(&record, period),
    };
    found.iter().map(|finding| finding.indicator.id.parse().unwrap()).collect()
}

proptest! {
    #[test]
    fn the_set_finds_what_a_slow_search_finds(
        all in prop::collection::vec((wanted(), validity()), 0..40),
        events in prop::collection::vec(seen(), 1..20),
        filler in any::<bool>(),
    ) {
        let set = set(&all, filler);
        let mut memory = Seen::default();
        // Each twice: what was looked at before is remembered.
        for seen in events.iter().chain(&events) {
            for (period, behind) in [(Period::Stream, 0), (Period::Hunt, 120)] {
                let expected: BTreeSet<usize> = (0..all.len())
                    .filter(|number| {
                        let (wanted, validity) = &all[*number];
                        wanted.finds(seen) && holds(*validity, seen.hours, behind)
                    })
                    .collect();
                prop_assert_eq!(&found(&set, seen, period, None), &expected);
                prop_assert_eq!(&found(&set, seen, period, Some(&mut memory)), &expected);
            }
        }
    }

    #[test]
    fn whatever_a_hunt_finds_shows_in_the_index(
        all in prop::collection::vec((wanted(), validity()), 1..20),
        seen in seen(),
    ) {
        let set = set(&all, false);
        let hunter = Hunter::new(&set);
        let time = Timestamp(seen.hours * HOUR);
        let lower = |text: &str| text.to_lowercase();
        let (email, url, agent) = (lower(&seen.email), lower(&seen.url), lower(&seen.agent));
        let terms = [
            ("source.ip", Term::Address(seen.address)),
            ("user.email", Term::Text(&email)),
            ("okta.system.debug_context.url", Term::Text(&url)),
            ("user_agent.original", Term::Text(&agent)),
        ];
        let fields = hunter.fields();
        let may_find = terms.iter().any(|(field, term)| {
            fields.contains(field) && hunter.may_find(field, *term, time, time)
        });
        if !found(&set, &seen, Period::Hunt, None).is_empty() {
            prop_assert!(may_find);
        }
    }

    #[test]
    fn what_is_packed_comes_back(all in prop::collection::vec((wanted(), wanted()), 0..5)) {
        let value = |wanted: &Wanted| Value::recognise(&wanted.text()).unwrap();
        let parts: Vec<_> = all.iter().map(|(a, b)| vec![value(a), value(b)]).collect();
        prop_assert_eq!(unpack(&pack(&parts)), Some(parts));
    }

    #[test]
    fn no_bytes_stop_the_unpacking(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Some(parts) = unpack(&bytes) {
            let mut indicator = intel::Indicator::new(parts);
            indicator.feed = "own".to_owned();
            let mut builder = Builder::default();
            builder.add(&indicator);
            let set = builder.build();
            prop_assert!(set.len() <= 1);
            let _ = Hunter::new(&set).fields();
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
