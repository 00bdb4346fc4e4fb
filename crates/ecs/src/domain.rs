//! Domains and their registrable parts, by the public suffix list.

/// The public suffix of a domain and its registrable part, when it has both: `co.uk` and
/// `example.co.uk` for `www.example.co.uk`. Nothing for `.`, `localhost`, a bare suffix or an
/// address.
pub(crate) fn registrable(domain: &str) -> Option<(&str, &str)> {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let is_address = domain.parse::<std::net::IpAddr>().is_ok();
    if is_address || domain.split('.').any(str::is_empty) {
        return None;
    }
    let registered = psl::domain_str(domain)?;
    let (_, suffix) = registered.split_once('.')?;
    Some((suffix, registered))
}

#[cfg(test)]
mod tests {
    use super::registrable;

    #[test]
    fn only_domains_that_somebody_can_register_have_parts() {
        let cases = [
            ("example.org", Some(("org", "example.org"))),
            ("www.example.org", Some(("org", "example.org"))),
            ("a.b.example.co.uk", Some(("co.uk", "example.co.uk"))),
            ("example.org.", Some(("org", "example.org"))),
            ("co.uk", None),
            ("org", None),
            ("localhost", None),
            (".", None),
            ("", None),
            ("..", None),
            ("a..org", None),
            ("1.2.3.4", None),
            ("2001:db8::1", None),
        ];
        for (domain, parts) in cases {
            assert_eq!(registrable(domain), parts, "{domain}");
        }
    }
}
