//! What a request shows: cookies, tokens, where it comes from.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method, header};

use super::Settings;

/// Who is at the other end of the connection: an extension of every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// The address that a request comes from; behind a proxy that is trusted, the one it names.
pub(super) fn address(extensions: &Extensions, headers: &HeaderMap, settings: &Settings) -> IpAddr {
    let peer = extensions.get::<Peer>().map(|peer| peer.0.ip().to_canonical());
    let mut address = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let forwarded = headers.get_all("x-forwarded-for").iter().rev();
    let forwarded = forwarded.filter_map(|value| value.to_str().ok());
    // What stands furthest to the right was added by the nearest proxy.
    for hop in forwarded.flat_map(|value| value.rsplit(',')) {
        if !settings.trusted_proxies.contains(&address) {
            break;
        }
        let Ok(hop) = hop.trim().parse::<IpAddr>() else { break };
        address = hop.to_canonical();
    }
    address
}

/// The value of the cookie `name`.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| {
        let (name, value) = pair.trim_start().split_once('=')?;
        Some((name, value))
    });
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// The token in `Authorization: Bearer TOKEN` (RFC 6750).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whether a method only asks.
pub(super) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether a request was made by a page of another site, as far as browsers tell.
pub(super) fn is_cross_site(parts: &Parts, settings: &Settings) -> bool {
    let headers = &parts.headers;
    if let Some(site) = headers.get("sec-fetch-site")
        && site != "same-origin"
    {
        return true;
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return false };
    let Ok(origin) = origin.to_str() else { return true };
    if settings.public_url.as_deref() == Some(origin) {
        return false;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| parts.uri.authority().map(|authority| authority.as_str()));
    let of_tls = origin.strip_prefix("https://");
    // A proxy may speak TLS where this server does not.
    let of_plain = origin.strip_prefix("http://").filter(|_| !settings.is_tls);
    of_tls.or(of_plain).is_none_or(|authority| Some(authority) != host)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn parts(headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn cookies_and_tokens_are_found() {
        let headers = parts(&[("cookie", "a=1; b=2;c=3"), ("cookie", "d=x=y")]).headers;
        for (name, value) in
            [("a", Some("1")), ("b", Some("2")), ("c", Some("3")), ("d", Some("x=y")), ("e", None)]
        {
            assert_eq!(cookie(&headers, name), value);
        }
        let token = |value| bearer(&parts(&[("authorization", value)]).headers).map(str::to_owned);
        assert_eq!(token("Bearer wgt_x").as_deref(), Some("wgt_x"));
        assert_eq!(token("bEARER  wgt_x ").as_deref(), Some("wgt_x"));
        assert_eq!(token("Basic wgt_x"), None);
        assert_eq!(token("Bearer"), None);
    }

    #[test]
    fn pages_of_other_sites_are_told() {
        let plain = Settings::default();
        let tls = Settings { is_tls: true, ..Settings::default() };
        let public = Settings {
            public_url: Some("https://wardgate.example.com".into()),
            ..Settings::default()
        };
        let host = ("host", "127.0.0.1:8611");
        type Case<'a> = (&'a [(&'a str, &'a str)], &'a Settings, bool);
        let cases: &[Case<'_>] = &[
            (&[host], &plain, false),
            (&[host, ("origin", "http://127.0.0.1:8611")], &plain, false),
            (&[host, ("origin", "https://127.0.0.1:8611")], &plain, false),
            (&[host, ("origin", "http://127.0.0.1:8611")], &tls, true),
            (&[host, ("origin", "http://127.0.0.1:80")], &plain, true),
            (&[host, ("origin", "http://127.0.0.1:8611.evil.example")], &plain, true),
            (&[host, ("origin", "null")], &plain, true),
            (&[host, ("origin", "https://evil.example")], &plain, true),
            (&[("origin", "http://127.0.0.1:8611")], &plain, true),
            (&[host, ("origin", "https://wardgate.example.com")], &public, false),
            (&[host, ("origin", "http://wardgate.example.com")], &public, true),
            (&[host, ("sec-fetch-site", "same-origin")], &plain, false),
            (&[host, ("sec-fetch-site", "same-site")], &plain, true),
            (&[host, ("sec-fetch-site", "cross-site")], &plain, true),
            (&[host, ("sec-fetch-site", "none")], &plain, true),
        ];
        for (headers, settings, expected) in cases {
            assert_eq!(is_cross_site(&parts(headers), settings), *expected, "{headers:?}");
        }
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let proxies = ["10.0.0.1", "10.0.0.2"].map(|proxy| proxy.parse().unwrap());
        let settings = Settings { trusted_proxies: proxies.into(), ..Settings::default() };
        for (peer, forwarded, expected) in [
            ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
            ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
            ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
            ("10.0.0.1", "198.51.100.7, 203.0.113.9", "203.0.113.9"),
            ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
            ("10.0.0.1", "nobody", "10.0.0.1"),
            ("10.0.0.1", "", "10.0.0.1"),
        ] {
            let mut extensions = Extensions::new();
            extensions.insert(Peer(SocketAddr::new(peer.parse().unwrap(), 1)));
            let headers = parts(&[("x-forwarded-for", forwarded)]).headers;
            let found = address(&extensions, &headers, &settings);
            assert_eq!(found.to_string(), expected, "{peer} {forwarded}");
        }
    }
}
