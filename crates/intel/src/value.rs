//! What an indicator looks for, in the one form in which it is compared.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::networks::canonical;

/// The longest value, in bytes.
const LONGEST: usize = 2_048;
/// The shortest prefixes: a network wider than these is no indicator of anything.
const WIDEST: (u8, u8) = (8, 16);

/// What kind of thing a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// An address or network, IPv4 or IPv6.
    Address,
    /// A domain and everything below it.
    Domain,
    /// A mail address.
    Email,
    /// A URL.
    Url,
    /// A User-Agent.
    UserAgent,
    /// An autonomous system.
    System,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Address, Self::Domain, Self::Email, Self::Url, Self::UserAgent, Self::System];

    /// The kind by the names that feeds have for it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "ip" | "ipv4" | "ipv6" | "ipv4-addr" | "ipv6-addr" | "ip-src" | "ip-dst" | "cidr"
            | "address" => Self::Address,
            "domain" | "domain-name" | "hostname" | "fqdn" => Self::Domain,
            "email" | "email-addr" | "e-mail" | "mail" | "email-src" => Self::Email,
            "url" | "uri" | "link" => Self::Url,
            "user-agent" | "user_agent" | "useragent" => Self::UserAgent,
            "as" | "asn" | "autonomous-system" => Self::System,
            _ => return None,
        })
    }

    /// Its name in tables and commands.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Address => "ip",
            Self::Domain => "domain",
            Self::Email => "email",
            Self::Url => "url",
            Self::UserAgent => "user-agent",
            Self::System => "as",
        }
    }

    /// The placeholder of rules that stands for values of this kind.
    #[must_use]
    pub const fn placeholder(self) -> &'static str {
        match self {
            Self::Address => "indicator_ip",
            Self::Domain => "indicator_domain",
            Self::Email => "indicator_email",
            Self::Url => "indicator_url",
            Self::UserAgent => "indicator_user_agent",
            Self::System => "indicator_as",
        }
    }
}

/// Why a value cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// No address or network.
    #[error("expected an address or network")]
    Address,
    /// A network that half the internet is in.
    #[error("expected a network of at least /8 (IPv4) or /16 (IPv6)")]
    Wide,
    /// No domain.
    #[error("expected a domain")]
    Domain,
    /// A domain under which anybody can register.
    #[error("expected a domain that somebody owns, not a public suffix")]
    Suffix,
    /// No mail address.
    #[error("expected a mail address")]
    Email,
    /// No URL.
    #[error("expected a URL with a host")]
    Url,
    /// No User-Agent.
    #[error("expected a User-Agent")]
    UserAgent,
    /// No autonomous system.
    #[error("expected the number of an autonomous system")]
    System,
    /// Too long.
    #[error("expected at most 2048 bytes")]
    Long,
}

/// What an indicator looks for. Two values are equal when they find the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value {
    kind: Kind,
    /// Addresses: 4 or 16 bytes and the length of the prefix; systems: 4 bytes; otherwise text.
    key: Vec<u8>,
}

impl Value {
    /// Reads a value of a kind that is known.
    ///
    /// # Errors
    ///
    /// What was expected, when it is none.
    pub fn parse(kind: Kind, text: &str) -> Result<Self, Unusable> {
        let text = text.trim();
        if text.len() > LONGEST {
            return Err(Unusable::Long);
        }
        let key = match kind {
            Kind::Address => address(text)?,
            Kind::Domain => {
                let domain = domain(text).ok_or(Unusable::Domain)?;
                if is_public_suffix(&domain) {
                    return Err(Unusable::Suffix);
                }
                domain.into_bytes()
            }
            Kind::Email => email(text).ok_or(Unusable::Email)?.into_bytes(),
            Kind::Url => url(text).ok_or(Unusable::Url)?.0.into_bytes(),
            Kind::UserAgent => Some(user_agent(text))
                .filter(|text| !text.is_empty())
                .ok_or(Unusable::UserAgent)?
                .into_bytes(),
            Kind::System => system(text).ok_or(Unusable::System)?.to_be_bytes().to_vec(),
        };
        // What is written in other letters may have become longer.
        if key.len() > LONGEST {
            return Err(Unusable::Long);
        }
        Ok(Self { kind, key })
    }

    /// Reads a value whose kind shows in its form. What is nothing else is a User-Agent.
    ///
    /// # Errors
    ///
    /// What was expected, when it is of no use.
    pub fn recognise(text: &str) -> Result<Self, Unusable> {
        let text = text.trim();
        let before_prefix = text.split_once('/').map_or(text, |(address, _)| address);
        let is_system = text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("as"))
            && system(text).is_some();
        let kind = if before_prefix.parse::<IpAddr>().is_ok() {
            Kind::Address
        } else if is_system {
            Kind::System
        } else if text.contains("://") {
            Kind::Url
        } else if text.contains(char::is_whitespace) || text.contains(['/', '(', ';']) {
            Kind::UserAgent
        } else if text.contains('@') {
            Kind::Email
        } else if text.contains('.') {
            Kind::Domain
        } else {
            Kind::UserAgent
        };
        Self::parse(kind, text)
    }

    pub(crate) fn from_key(kind: Kind, key: &[u8]) -> Self {
        Self { kind, key: key.to_vec() }
    }

    /// A value from its kind and key as they were packed; `None` when they make no sense.
    pub(crate) fn unpack(kind: u8, key: &[u8]) -> Option<Self> {
        let kind = *Kind::ALL.get(usize::from(kind))?;
        let fits = match kind {
            Kind::Address => match key.split_last() {
                Some((
                    prefix,
                    bytes @ ([_, _, _, _] | [_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _]),
                )) => usize::from(*prefix) <= bytes.len() * 8,
                _ => false,
            },
            Kind::System => key.len() == 4,
            _ => !key.is_empty() && key.len() <= LONGEST && std::str::from_utf8(key).is_ok(),
        };
        fits.then(|| Self::from_key(kind, key))
    }

    /// What kind of thing it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }

    /// The STIX type of the thing: `ipv4-addr`, `domain-name` and so on.
    #[must_use]
    pub fn stix_type(&self) -> &'static str {
        match self.kind {
            Kind::Address if self.key.len() == 5 => "ipv4-addr",
            Kind::Address => "ipv6-addr",
            Kind::Domain => "domain-name",
            Kind::Email => "email-addr",
            Kind::Url => "url",
            Kind::UserAgent => "user-agent",
            Kind::System => "autonomous-system",
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Address => {
                let Some((prefix, bytes)) = self.key.split_last() else { return Ok(()) };
                let address = match bytes.len() {
                    4 => <[u8; 4]>::try_from(bytes).map(|bytes| Ipv4Addr::from(bytes).into()),
                    _ => <[u8; 16]>::try_from(bytes).map(|bytes| Ipv6Addr::from(bytes).into()),
                };
                let address: IpAddr = address.map_err(|_| fmt::Error)?;
                if usize::from(*prefix) == bytes.len() * 8 {
                    write!(f, "{address}")
                } else {
                    write!(f, "{address}/{prefix}")
                }
            }
            Kind::System => {
                let number = <[u8; 4]>::try_from(self.key.as_slice()).map_err(|_| fmt::Error)?;
                write!(f, "{}", u32::from_be_bytes(number))
            }
            _ => f.write_str(&String::from_utf8_lossy(&self.key)),
        }
    }
}

fn address(text: &str) -> Result<Vec<u8>, Unusable> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let written: IpAddr = address.parse().map_err(|_| Unusable::Address)?;
    let address = canonical(written);
    let most: u8 = if address.is_ipv4() { 32 } else { 128 };
    let prefix = match prefix {
        None => most,
        Some(prefix) => {
            let prefix: u8 = prefix.parse().map_err(|_| Unusable::Address)?;
            let mapped = written.is_ipv6() && address.is_ipv4();
            let prefix = if mapped { prefix.checked_sub(96) } else { Some(prefix) };
            prefix.filter(|prefix| *prefix <= most).ok_or(Unusable::Address)?
        }
    };
    if prefix < if address.is_ipv4() { WIDEST.0 } else { WIDEST.1 } {
        return Err(Unusable::Wide);
    }
    let mut key = Vec::with_capacity(17);
    network_key(address, prefix, &mut key);
    Ok(key)
}

/// The key of the network of this length that an address is in.
pub(crate) fn network_key(address: IpAddr, prefix: u8, key: &mut Vec<u8>) {
    key.clear();
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
            key.extend_from_slice(&(u32::from(v4) & mask).to_be_bytes());
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix.min(128))).unwrap_or(0);
            key.extend_from_slice(&(u128::from(v6) & mask).to_be_bytes());
        }
    }
    key.push(prefix);
}

/// A domain in lower case, without a dot at its end, in ASCII (RFC 5891).
pub(crate) fn domain(text: &str) -> Option<String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    let is_coded = || text.as_bytes().windows(4).any(|four| four.eq_ignore_ascii_case(b"xn--"));
    let domain = if plain && !is_coded() {
        text.to_ascii_lowercase()
    } else {
        match Host::parse(text).ok()? {
            Host::Domain(domain) => domain,
            _ => return None,
        }
    };
    let fits =
        domain.len() <= 253 && domain.split('.').all(|label| (1..=63).contains(&label.len()));
    let is_address = domain.rsplit('.').next().is_none_or(|last| last.parse::<u32>().is_ok());
    (fits && !is_address).then_some(domain)
}

/// Whether anybody can register a domain below it: `com`, `co.uk`. Suffixes of single companies
/// (`duckdns.org`) are none: feeds name them on purpose.
fn is_public_suffix(domain: &str) -> bool {
    if !domain.contains('.') {
        return true;
    }
    psl::suffix(domain.as_bytes()).is_some_and(|suffix| {
        suffix.as_bytes().len() == domain.len() && suffix.typ() != Some(psl::Type::Private)
    })
}

/// A mail address in lower case.
pub(crate) fn email(text: &str) -> Option<String> {
    let (name, host) = text.rsplit_once('@')?;
    if name.is_empty() || text.contains(char::is_whitespace) {
        return None;
    }
    Some(format!("{}@{}", name.to_lowercase(), domain(host)?))
}

/// A URL as the WHATWG's standard writes it, without its fragment; and where its query begins.
pub(crate) fn url(text: &str) -> Option<(String, Option<usize>, Url)> {
    let mut url = Url::parse(text).ok()?;
    url.host_str().filter(|host| !host.is_empty())?;
    url.set_fragment(None);
    let text = url.as_str().to_owned();
    let query = text.find('?');
    Some((text, query, url))
}

/// A User-Agent in lower case.
pub(crate) fn user_agent(text: &str) -> String {
    text.trim().to_lowercase()
}

fn system(text: &str) -> Option<u32> {
    let number = match text.get(..2) {
        Some(start) if start.eq_ignore_ascii_case("as") => text.get(2..)?,
        _ => text,
    };
    number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_show_in_the_form() {
        let cases = [
            ("198.51.100.7", Kind::Address, "198.51.100.7"),
            ("::ffff:198.51.100.7", Kind::Address, "198.51.100.7"),
            ("::ffff:198.51.100.0/120", Kind::Address, "198.51.100.0/24"),
            ("198.51.100.7/24", Kind::Address, "198.51.100.0/24"),
            ("2001:DB8::1/32", Kind::Address, "2001:db8::/32"),
            ("Evil.Example.", Kind::Domain, "evil.example"),
            ("bücher.example", Kind::Domain, "xn--bcher-kva.example"),
            ("duckdns.org", Kind::Domain, "duckdns.org"),
            ("Mallory@Evil.Example", Kind::Email, "mallory@evil.example"),
            ("HTTPS://Evil.Example:443/Login?a=b#c", Kind::Url, "https://evil.example/Login?a=b"),
            ("http://evil.example", Kind::Url, "http://evil.example/"),
            ("AS64500", Kind::System, "64500"),
            ("Mozilla/5.0 (Evil; OS)", Kind::UserAgent, "mozilla/5.0 (evil; os)"),
            ("c0ffee00", Kind::UserAgent, "c0ffee00"),
        ];
        for (text, kind, shown) in cases {
            let value = Value::recognise(text).unwrap();
            assert_eq!((value.kind(), value.to_string().as_str()), (kind, shown), "{text}");
            assert_eq!(Value::parse(kind, shown).unwrap(), value, "{text}");
        }
    }

    #[test]
    fn what_would_match_everything_is_refused() {
        for (kind, text, why) in [
            (Kind::Address, "0.0.0.0/0", Unusable::Wide),
            (Kind::Address, "::/0", Unusable::Wide),
            (Kind::Address, "10.0.0.0/33", Unusable::Address),
            (Kind::Address, "300.0.0.1", Unusable::Address),
            (Kind::Domain, "com", Unusable::Suffix),
            (Kind::Domain, "co.uk", Unusable::Suffix),
            (Kind::Domain, "1.2.3.4", Unusable::Domain),
            (Kind::Domain, "a..example", Unusable::Domain),
            (Kind::Domain, "", Unusable::Domain),
            (Kind::Email, "mallory", Unusable::Email),
            (Kind::Email, "@evil.example", Unusable::Email),
            (Kind::Url, "/login", Unusable::Url),
            (Kind::Url, "mailto:a@b.example", Unusable::Url),
            (Kind::UserAgent, " ", Unusable::UserAgent),
            (Kind::System, "AS-1", Unusable::System),
            (Kind::System, "4294967296", Unusable::System),
        ] {
            assert_eq!(Value::parse(kind, text), Err(why), "{text}");
        }
    }
}
