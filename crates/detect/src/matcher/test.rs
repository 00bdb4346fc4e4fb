//! Tests of one value of an event.

use std::net::IpAddr;

use regex::Regex;

use super::date;
use super::scratch::{Entry, Kind, Memo};
use super::text::TextTest;
use crate::sigma::network::{self, Network};
use crate::sigma::{Modifier, Quantity};

/// A test that one value of a field passes or fails.
#[derive(Debug)]
pub(crate) enum Test {
    /// Of the text with case folded.
    Folded(TextTest),
    /// Of the text as it is.
    Cased(TextTest),
    /// The same number.
    Number(Quantity),
    /// A null, or no value at all.
    Null,
    /// A regular expression is found in the text.
    Regex(Regex),
    /// An address in one of these networks.
    Networks(Networks),
    /// A number, or a text that is one, compares so.
    Compare(Comparison, Quantity),
    /// A part of a date compares so.
    DatePart(Modifier, Comparison, Quantity),
    /// A value of another field (by its slot) is the same, or a part of this one.
    Field { slot: usize, relation: Relation, cased: bool },
}

/// How a number has to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Comparison {
    pub(crate) fn from_modifiers(modifiers: &[Modifier]) -> Self {
        let comparison = modifiers.iter().find(|modifier| modifier.is_comparison());
        match comparison {
            Some(Modifier::Lt) => Self::Less,
            Some(Modifier::Lte) => Self::AtMost,
            Some(Modifier::Gt) => Self::Greater,
            Some(Modifier::Gte) => Self::AtLeast,
            _ => Self::Equal,
        }
    }

    fn holds(self, found: Quantity, limit: Quantity) -> bool {
        match self {
            Self::Equal => found == limit,
            Self::Less => found < limit,
            Self::AtMost => found <= limit,
            Self::Greater => found > limit,
            Self::AtLeast => found >= limit,
        }
    }
}

/// Where the other field's value has to stand in this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    Start,
    End,
    Anywhere,
}

impl Test {
    /// Whether it looks at the text as it is, not only folded.
    pub(crate) fn needs_raw(&self) -> bool {
        match self {
            Self::Folded(_) | Self::Null => false,
            Self::Field { cased, .. } => *cased,
            _ => true,
        }
    }

    /// Whether the value passes. [`Test::Null`] also passes for no value, which is not seen here.
    pub(crate) fn passes(&self, entry: &Entry, memo: &Memo) -> bool {
        if let Self::Null = self {
            return entry.kind == Kind::Null;
        }
        if !entry.has_text() {
            return false;
        }
        match self {
            Self::Folded(test) => test.matches(memo.folded(entry)),
            Self::Cased(test) => test.matches(memo.raw(entry)),
            Self::Regex(regex) => regex.is_match(memo.raw(entry)),
            Self::Number(quantity) => {
                entry.kind == Kind::Number && Quantity::parse(memo.raw(entry)) == Some(*quantity)
            }
            Self::Compare(comparison, limit) => {
                entry.kind != Kind::Bool
                    && Quantity::parse(memo.raw(entry))
                        .is_some_and(|found| comparison.holds(found, *limit))
            }
            Self::DatePart(part, comparison, limit) => date::part(memo.raw(entry), *part)
                .is_some_and(|found| comparison.holds(Quantity::Integer(found), *limit)),
            Self::Networks(networks) => networks.contain(memo.raw(entry)),
            Self::Field { slot, relation, cased } => memo
                .entries(*slot)
                .iter()
                .any(|other| other.has_text() && related(entry, other, memo, *relation, *cased)),
            Self::Null => false,
        }
    }
}

fn related(entry: &Entry, other: &Entry, memo: &Memo, relation: Relation, cased: bool) -> bool {
    let (text, part) = match cased {
        true => (memo.raw(entry), memo.raw(other)),
        false => (memo.folded(entry), memo.folded(other)),
    };
    match relation {
        Relation::Equal => text == part,
        Relation::Start => text.starts_with(part),
        Relation::End => text.ends_with(part),
        Relation::Anywhere => text.contains(part),
    }
}

/// Networks as ranges that are sorted and do not overlap.
#[derive(Debug, Default)]
pub(crate) struct Networks {
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
}

impl Networks {
    pub(crate) fn new(networks: &[Network]) -> Self {
        let mut ranges = Self::default();
        for network in networks {
            match *network {
                Network::V4 { first, last } => ranges.v4.push((first, last)),
                Network::V6 { first, last } => ranges.v6.push((first, last)),
            }
        }
        ranges.v4 = disjoint(ranges.v4);
        ranges.v6 = disjoint(ranges.v6);
        ranges
    }

    fn contain(&self, text: &str) -> bool {
        match network::address(text) {
            Some(IpAddr::V4(address)) => within(&self.v4, address.to_bits()),
            Some(IpAddr::V6(address)) => within(&self.v6, address.to_bits()),
            None => false,
        }
    }
}

fn disjoint<T: Ord + Copy>(mut ranges: Vec<(T, T)>) -> Vec<(T, T)> {
    ranges.sort_unstable();
    ranges.dedup_by(|next, previous| {
        let overlap = next.0 <= previous.1;
        if overlap {
            previous.1 = previous.1.max(next.1);
        }
        overlap
    });
    ranges.shrink_to_fit();
    ranges
}

fn within<T: Ord>(ranges: &[(T, T)], address: T) -> bool {
    let after = ranges.partition_point(|(first, _)| *first <= address);
    let range = after.checked_sub(1).and_then(|index| ranges.get(index));
    range.is_some_and(|(_, last)| address <= *last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_many_networks() {
        let networks: Vec<Network> =
            ["10.0.0.0/8", "10.1.0.0/16", "192.168.0.0/24", "1.2.3.4", "2001:db8::/32", "::1"]
                .map(|text| Network::parse(text).unwrap())
                .into();
        let networks = Networks::new(&networks);
        assert_eq!((networks.v4.len(), networks.v6.len()), (3, 2));
        let cases = [
            ("10.200.0.1", true),
            ("11.0.0.0", false),
            ("192.168.0.255", true),
            ("192.168.1.0", false),
            ("1.2.3.4", true),
            ("1.2.3.5", false),
            ("0.0.0.0", false),
            ("2001:db8:1::", true),
            ("2001:db9::", false),
            ("::1", true),
            ("::ffff:10.0.0.1", true),
            ("not an address", false),
            ("", false),
        ];
        for (address, expected) in cases {
            assert_eq!(networks.contain(address), expected, "{address}");
        }
    }
}
