//! What a query means, worked out slowly: every record is asked for its values.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::ops::{Bound, ControlFlow};

use ecs::{FIELDS, Kind, Lookup, Record, Timestamp};
use query::{Clause, Matcher, Moment, Node, Operand, Piece, Range};

/// Whether a record is what a query asks for.
pub(crate) fn matches(node: &Node, record: &Record<'_>, now: i64) -> bool {
    match &node.clause {
        Clause::All => true,
        Clause::And(nodes) => nodes.iter().all(|node| matches(node, record, now)),
        Clause::Or(nodes) => nodes.iter().any(|node| matches(node, record, now)),
        Clause::Not(node) => !matches(node, record, now),
        Clause::Test(test) => match &test.field {
            Some(field) => field_matches(&field.name, &test.matcher, record, now),
            None => free_text(&test.matcher, record),
        },
    }
}

/// The values of a field, each once.
pub(crate) fn values(name: &str, record: &Record<'_>) -> BTreeSet<String> {
    let mut values = BTreeSet::new();
    let _ = record.visit(&Lookup::resolve(name), &mut |value| {
        values.extend(value.to_str().map(|text| text.into_owned()));
        ControlFlow::Continue(())
    });
    values
}

fn field_matches(name: &str, matcher: &Matcher, record: &Record<'_>, now: i64) -> bool {
    let lookup = Lookup::resolve(name);
    if *matcher == Matcher::Exists {
        return record.visit(&lookup, &mut |_| ControlFlow::Break(())).is_break();
    }
    // Of Okta's own names, only such are tried whose values are keywords.
    values(name, record).iter().any(|value| match lookup.kind() {
        Kind::Ip => ip_matches(matcher, value.parse().unwrap()),
        Kind::Long => number_matches(matcher, value.parse().unwrap()),
        Kind::Boolean => text_of(matcher).is_some_and(|text| text.eq_ignore_ascii_case(value)),
        Kind::Date => {
            let time = match name {
                "@timestamp" => record.time(),
                _ => Timestamp::parse(value),
            };
            time.is_some_and(|time| date_matches(matcher, time.0, now))
        }
        _ => keyword_matches(matcher, value),
    })
}

fn text_of(matcher: &Matcher) -> Option<&str> {
    match matcher {
        Matcher::Term(text) | Matcher::Phrase(text) => Some(text),
        _ => None,
    }
}

thread_local! {
    static REGEXES: RefCell<HashMap<String, regex::Regex>> = RefCell::default();
}

fn lower(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

fn keyword_matches(matcher: &Matcher, value: &str) -> bool {
    let value = lower(value);
    match matcher {
        Matcher::Term(text) | Matcher::Phrase(text) => lower(text) == value,
        Matcher::Wildcard(pattern) => {
            let value: Vec<char> = value.chars().collect();
            // Which beginnings of the value the pieces so far can be.
            let mut reached = vec![false; value.len() + 1];
            reached[0] = true;
            let mut step = |next: &dyn Fn(&[bool], usize) -> bool| {
                reached = (0..reached.len()).map(|at| next(&reached, at)).collect();
            };
            for piece in pattern.pieces() {
                match piece {
                    Piece::Text(text) => {
                        for one in lower(text).chars() {
                            step(&|before, at| at > 0 && before[at - 1] && value[at - 1] == one);
                        }
                    }
                    Piece::One => step(&|before, at| at > 0 && before[at - 1]),
                    Piece::Many => step(&|before, at| before[..=at].contains(&true)),
                }
            }
            reached[value.len()]
        }
        Matcher::Regex(text) => REGEXES.with_borrow_mut(|regexes| {
            let regex = regexes.entry(text.clone());
            let new = || regex::Regex::new(&format!("(?is)^(?:{text})$")).unwrap();
            regex.or_insert_with(new).is_match(&value)
        }),
        Matcher::Range(range) => {
            between(range, |operand| lower(&operand.text).cmp(&value).reverse())
        }
        Matcher::Exists => true,
    }
}

/// Whether a value is in a range; `compare` compares it with an end.
fn between(range: &Range, compare: impl Fn(&Operand) -> std::cmp::Ordering) -> bool {
    let above = match &range.lower {
        Bound::Included(lower) => compare(lower).is_ge(),
        Bound::Excluded(lower) => compare(lower).is_gt(),
        Bound::Unbounded => true,
    };
    above
        && match &range.upper {
            Bound::Included(upper) => compare(upper).is_le(),
            Bound::Excluded(upper) => compare(upper).is_lt(),
            Bound::Unbounded => true,
        }
}

fn number_matches(matcher: &Matcher, value: i64) -> bool {
    match matcher {
        Matcher::Range(range) => {
            between(range, |operand| value.cmp(&operand.text.parse::<i64>().unwrap()))
        }
        _ => text_of(matcher).unwrap().parse() == Ok(value),
    }
}

fn date_matches(matcher: &Matcher, time: i64, now: i64) -> bool {
    let moment = |text: &str| Moment::parse(text, now).unwrap();
    match matcher {
        Matcher::Range(Range { lower, upper }) => {
            let above = match lower {
                Bound::Included(lower) => time >= moment(&lower.text).start,
                Bound::Excluded(lower) => time >= moment(&lower.text).end,
                Bound::Unbounded => true,
            };
            above
                && match upper {
                    Bound::Included(upper) => time < moment(&upper.text).end,
                    Bound::Excluded(upper) => time < moment(&upper.text).start,
                    Bound::Unbounded => true,
                }
        }
        _ => {
            let moment = moment(text_of(matcher).unwrap());
            (moment.start..moment.end).contains(&time)
        }
    }
}

fn v6(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
    .into()
}

fn ip_matches(matcher: &Matcher, address: IpAddr) -> bool {
    let is_in = |text: &str| match text.split_once('/') {
        None => text.parse::<IpAddr>().is_ok_and(|other| v6(other) == v6(address)),
        Some((network, length)) => {
            let network: IpAddr = network.parse().unwrap();
            let mut length: u32 = length.parse().unwrap();
            length += if network.is_ipv4() { 96 } else { 0 };
            // Bit by bit.
            (0..length).all(|bit| v6(network) >> (127 - bit) & 1 == v6(address) >> (127 - bit) & 1)
        }
    };
    match matcher {
        Matcher::Wildcard(_) => keyword_matches(matcher, &address.to_string()),
        Matcher::Range(range) => {
            between(range, |operand| v6(address).cmp(&v6(operand.text.parse::<IpAddr>().unwrap())))
        }
        _ => is_in(text_of(matcher).unwrap()),
    }
}

/// What is searched for words.
const TEXT: [&str; 10] = [
    "event.reason",
    "event.action",
    "okta.system.outcome.reason",
    "okta.system.actor.alternate_id",
    "okta.system.actor.display_name",
    "okta.system.target.alternate_id",
    "okta.system.target.display_name",
    "source.geo.city_name",
    "source.geo.country_name",
    "user_agent.original",
];

fn words(text: &str) -> Vec<String> {
    let words = text.split(|one: char| !one.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(lower).collect()
}

fn free_text(matcher: &Matcher, record: &Record<'_>) -> bool {
    let in_words = TEXT.iter().flat_map(|name| values(name, record)).any(|value| {
        let value = words(&value);
        match text_of(matcher) {
            Some(text) => {
                let text = words(text);
                !text.is_empty() && value.windows(text.len()).any(|words| words == text)
            }
            None => value.iter().any(|word| keyword_matches(matcher, word)),
        }
    });
    let keywords =
        FIELDS.iter().filter(|row| row.kind == Kind::Keyword && row.source != "constant");
    let in_keywords = keywords
        .flat_map(|row| values(row.name, record))
        .any(|value| keyword_matches(matcher, &value));
    let is_address = match matcher {
        Matcher::Term(text) | Matcher::Phrase(text) => {
            let network = text.split('/').next().unwrap_or_default();
            network.parse::<IpAddr>().is_ok()
        }
        Matcher::Wildcard(pattern) => {
            let text = pattern.to_string();
            let begins = text.strip_suffix(".*").map(|text| text.split('.').collect::<Vec<_>>());
            begins.is_some_and(|numbers| {
                numbers.len() <= 3 && numbers.iter().all(|number| number.parse::<u8>().is_ok())
            })
        }
        _ => false,
    };
    let addresses = FIELDS.iter().filter(|row| row.kind == Kind::Ip);
    let in_addresses = is_address
        && addresses
            .flat_map(|row| values(row.name, record))
            .any(|value| ip_matches(matcher, value.parse().unwrap()));
    in_words || in_keywords || in_addresses
}

/// An address as counts name it.
pub(crate) fn address(text: &str) -> String {
    let address = Ipv6Addr::from(v6(text.parse().unwrap()));
    address.to_ipv4_mapped().map_or(address.to_string(), |address| address.to_string())
}
