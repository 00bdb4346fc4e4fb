//! Addresses and networks as they are written in queries.

use std::net::{IpAddr, Ipv6Addr};
use std::ops::RangeInclusive;

use query::{Pattern, Piece};

use crate::index::address_v6;

/// The addresses that `10.0.0.1`, `10.0.0.0/8` or `2001:db8::/32` stand for, as the index has
/// them.
pub(crate) fn addresses(text: &str) -> Option<RangeInclusive<Ipv6Addr>> {
    let Some((address, length)) = text.split_once('/') else {
        let address = address_v6(text.parse().ok()?);
        return Some(address..=address);
    };
    if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (address, length): (IpAddr, u32) = (address.parse().ok()?, length.parse().ok()?);
    let length = match address {
        IpAddr::V4(_) if length <= 32 => length + 96,
        IpAddr::V6(_) if length <= 128 => length,
        _ => return None,
    };
    let host = u128::MAX.checked_shr(length).unwrap_or(0);
    let address = u128::from(address_v6(address));
    Some(Ipv6Addr::from(address & !host)..=Ipv6Addr::from(address | host))
}

/// The addresses that `10.1.*` stands for: whole numbers of an IPv4 address, and then anything.
pub(crate) fn beginning(pattern: &Pattern) -> Option<RangeInclusive<Ipv6Addr>> {
    let [Piece::Text(text), Piece::Many] = pattern.pieces() else { return None };
    let numbers: Vec<&str> = text.strip_suffix('.')?.split('.').collect();
    if numbers.len() > 3 {
        return None;
    }
    let missing = ".0".repeat(4 - numbers.len());
    addresses(&format!("{}{missing}/{}", numbers.join("."), numbers.len() * 8))
}

/// An address as people write it.
pub(crate) fn shown(address: Ipv6Addr) -> String {
    match address.to_ipv4_mapped() {
        Some(address) => address.to_string(),
        None => address.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read() {
        let cases = [
            ("10.0.0.1", Some(("10.0.0.1", "10.0.0.1"))),
            ("10.1.2.3/8", Some(("10.0.0.0", "10.255.255.255"))),
            ("0.0.0.0/0", Some(("0.0.0.0", "255.255.255.255"))),
            ("10.0.0.1/32", Some(("10.0.0.1", "10.0.0.1"))),
            ("2001:db8::1/32", Some(("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"))),
            ("::/0", Some(("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"))),
            ("::1/128", Some(("::1", "::1"))),
            ("10.0.0.0/33", None),
            ("::/129", None),
            ("10.0.0.0/", None),
            ("10.0.0.0/+8", None),
            ("10.0.0/8", None),
            ("ada", None),
        ];
        for (text, expected) in cases {
            let found = addresses(text).map(|range| (shown(*range.start()), shown(*range.end())));
            let expected = expected.map(|(start, end)| (start.to_owned(), end.to_owned()));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn beginnings_are_networks() {
        let wild = |text: &str| Pattern::new([Piece::Text(text.to_owned()), Piece::Many]);
        assert_eq!(beginning(&wild("10.1.")), addresses("10.1.0.0/16"));
        assert_eq!(beginning(&wild("10.")), addresses("10.0.0.0/8"));
        for other in ["10", "10.1", "10.1.2.3.", "", ".", "x."] {
            assert_eq!(beginning(&wild(other)), None, "{other}");
        }
    }
}
