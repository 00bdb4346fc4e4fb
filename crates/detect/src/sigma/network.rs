//! Networks in CIDR notation.

use std::net::{IpAddr, Ipv6Addr};

/// A range of addresses, first to last, of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    V4 { first: u32, last: u32 },
    V6 { first: u128, last: u128 },
}

impl Network {
    /// Reads `10.0.0.0/8`, `2001:db8::/32`, or a bare address for a network of one. On error: a
    /// message and, where bits are set behind the prefix, what was probably meant.
    pub(crate) fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        let bad = || {
            let hint = "write an address and a prefix length, such as 10.0.0.0/8".to_owned();
            (format!("'{text}' is not a network"), Some(hint))
        };
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let bits: u32 = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => bits,
            Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().ok().filter(|prefix| *prefix <= bits).ok_or_else(bad)?
            }
            Some(_) => return Err(bad()),
        };
        let host_bits = bits - prefix;
        let (network, stray) = match address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(host_bits).unwrap_or(0);
                let first = address.to_bits() & mask;
                (Self::V4 { first, last: first | !mask }, first != address.to_bits())
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
                let first = address.to_bits() & mask;
                (Self::V6 { first, last: first | !mask }, first != address.to_bits())
            }
        };
        if stray {
            let start = match network {
                Self::V4 { first, .. } => IpAddr::V4(first.into()),
                Self::V6 { first, .. } => IpAddr::V6(first.into()),
            };
            let message = format!("'{text}' has bits set behind its prefix");
            return Err((message, Some(format!("did you mean '{start}/{prefix}'?"))));
        }
        Ok(network)
    }
}

/// An event's address, with IPv4 addresses mapped into IPv6 taken as IPv4.
pub(crate) fn address(text: &str) -> Option<IpAddr> {
    // Nothing longer is an address; what is shorter is not worth a check.
    const LONGEST: usize = 45;
    if text.len() > LONGEST {
        return None;
    }
    match text.parse().ok()? {
        IpAddr::V6(v6) => Some(unmapped(v6)),
        v4 => Some(v4),
    }
}

fn unmapped(address: Ipv6Addr) -> IpAddr {
    address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_ranges() {
        let v4 = |first: [u8; 4], last: [u8; 4]| Network::V4 {
            first: u32::from_be_bytes(first),
            last: u32::from_be_bytes(last),
        };
        let cases = [
            ("10.0.0.0/8", v4([10, 0, 0, 0], [10, 255, 255, 255])),
            ("192.168.1.4/30", v4([192, 168, 1, 4], [192, 168, 1, 7])),
            ("1.2.3.4", v4([1, 2, 3, 4], [1, 2, 3, 4])),
            ("1.2.3.4/32", v4([1, 2, 3, 4], [1, 2, 3, 4])),
            ("0.0.0.0/0", v4([0; 4], [255; 4])),
            ("::/0", Network::V6 { first: 0, last: u128::MAX }),
            ("::1", Network::V6 { first: 1, last: 1 }),
        ];
        for (text, network) in cases {
            assert_eq!(Network::parse(text), Ok(network), "{text}");
        }
    }

    #[test]
    fn bad_networks_are_refused() {
        for text in
            ["", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/+8", "::/129", "a/8", "10.0.*"]
        {
            assert!(Network::parse(text).is_err(), "{text}");
        }
        let (_, hint) = Network::parse("10.1.2.3/8").unwrap_err();
        assert_eq!(hint.as_deref(), Some("did you mean '10.0.0.0/8'?"));
    }
}
