//! Addresses that say nothing about who is behind them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Resolvers that half the world asks: they stand in many feeds, and mean nothing there.
const RESOLVERS: [IpAddr; 12] = [
    IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8)),
    IpAddr::V4(Ipv4Addr::new(8, 8, 4, 4)),
    IpAddr::V4(Ipv4Addr::new(1, 1, 1, 1)),
    IpAddr::V4(Ipv4Addr::new(1, 0, 0, 1)),
    IpAddr::V4(Ipv4Addr::new(9, 9, 9, 9)),
    IpAddr::V4(Ipv4Addr::new(149, 112, 112, 112)),
    IpAddr::V4(Ipv4Addr::new(208, 67, 222, 222)),
    IpAddr::V4(Ipv4Addr::new(208, 67, 220, 220)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8844)),
    IpAddr::V6(Ipv6Addr::new(0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111)),
    IpAddr::V6(Ipv6Addr::new(0x2620, 0xfe, 0, 0, 0, 0, 0, 0xfe)),
];

/// Whether an address is never matched: private and reserved ranges (RFC 6890), and resolvers.
/// The ranges for documentation are not among them: nothing real comes from there.
pub(crate) fn is_nobody(address: IpAddr) -> bool {
    let reserved = match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || a == 0
                || a >= 224
                || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || v6.is_multicast()
        }
    };
    reserved || RESOLVERS.contains(&address)
}

/// An address as it counts: IPv4 written as IPv6 is IPv4.
pub(crate) fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::is_nobody;

    #[test]
    fn reserved_addresses_and_resolvers_are_nobody() {
        let nobody = [
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "127.0.0.1",
            "169.254.1.1",
            "100.64.0.1",
            "100.127.255.255",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "8.8.8.8",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "2001:4860:4860::8888",
        ];
        for address in nobody {
            assert!(is_nobody(address.parse().unwrap()), "{address}");
        }
        for address in ["8.8.8.9", "100.128.0.1", "172.32.0.1", "203.0.113.1", "2001:db8::1"] {
            assert!(!is_nobody(address.parse().unwrap()), "{address}");
        }
    }
}
