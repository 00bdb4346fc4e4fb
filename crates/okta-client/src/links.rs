//! Finds the next page in `link` headers (RFC 8288).

use reqwest::Url;

/// A link of this many bytes is not followed.
const LONGEST: usize = 8 * 1024;

/// The target of the first link of `values` whose relations include `relation`, as it came.
///
/// `values` are the values of the `link` headers, in order; each of them may hold several links.
/// What is no link is passed over.
///
/// ```
/// let header = r#"<https://acme.okta.com/api/v1/logs?after=1,2>; title="a, \"b\""; rel="next""#;
/// let next = okta_client::find_link([header], "next");
/// assert_eq!(next, Some("https://acme.okta.com/api/v1/logs?after=1,2"));
/// ```
pub fn find_link<'a>(values: impl IntoIterator<Item = &'a str>, relation: &str) -> Option<&'a str> {
    values.into_iter().find_map(|value| find_in(value, relation))
}

fn find_in<'a>(value: &'a str, relation: &str) -> Option<&'a str> {
    let mut rest = value;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return None;
        }
        let Some((target, behind)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'))
        else {
            rest = skip_link(rest);
            continue;
        };
        let (is_it, behind) = has_relation(behind, relation);
        if is_it {
            return Some(target.trim());
        }
        rest = behind;
    }
}

/// Moves over what is no link, up to the comma behind it.
fn skip_link(rest: &str) -> &str {
    rest.split_once(',').map_or("", |(_, behind)| behind)
}

/// Reads the parameters of a link; whether the first `rel` names `relation`, and what follows.
fn has_relation<'a>(mut rest: &'a str, relation: &str) -> (bool, &'a str) {
    let mut found = None;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ';']);
        if rest.is_empty() || rest.starts_with(',') {
            return (found.unwrap_or(false), rest);
        }
        let end = rest.find(['=', ';', ',']).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        let Some(behind) = behind.strip_prefix('=') else {
            rest = behind;
            continue;
        };
        let behind = behind.trim_start_matches([' ', '\t']);
        let (value, behind) = match behind.strip_prefix('"') {
            Some(quoted) => quoted_string(quoted),
            None => behind.split_at(behind.find([';', ',']).unwrap_or(behind.len())),
        };
        // The first `rel` counts (RFC 8288, section 3.3).
        if name.trim().eq_ignore_ascii_case("rel") && found.is_none() {
            let mut relations = value.split_ascii_whitespace();
            found = Some(relations.any(|one| one.eq_ignore_ascii_case(relation)));
        }
        rest = behind;
    }
}

/// Splits behind the quote that ends a string; one that never ends goes on to the end.
fn quoted_string(text: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => {
                let value = text.get(..at).unwrap_or_default();
                return (value, text.get(at + 1..).unwrap_or_default());
            }
            _ => {}
        }
    }
    (text, "")
}

/// The URL of a `next` link, if it leads to the System Log API of the same organisation.
///
/// # Errors
///
/// What is wrong with it, without its query.
pub(crate) fn check(base: &Url, link: &str) -> Result<Url, String> {
    if link.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    let url = base.join(link).map_err(|error| format!("it is no URL: {error}"))?;
    if url.origin() != base.origin() {
        return Err(format!(
            "it leads to {}, expected {}",
            url.origin().ascii_serialization(),
            base.origin().ascii_serialization()
        ));
    }
    if url.path() != crate::settings::LOGS {
        let path = crate::trouble::tidy(url.path());
        return Err(format!("it leads to {path}, expected {}", crate::settings::LOGS));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user name".to_owned());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_next_link_is_found_however_it_is_written() {
        let cases: [(&[&str], Option<&str>); 16] = [
            (&["<a>; rel=\"self\"", "<b>; rel=\"next\""], Some("b")),
            (&["<a>; rel=\"self\", <b>; rel=\"next\""], Some("b")),
            (&["<b>; rel=\"next\", <a>; rel=\"self\""], Some("b")),
            (&["<b>;rel=next"], Some("b")),
            (&["< b > ; title=\"x; rel=\\\"self\\\", <c>\" ; REL = \"prev NEXT\""], Some("b")),
            (&["<b?a=1,2;3>; rel=next"], Some("b?a=1,2;3")),
            (&["<b>; title=\"rel=next\""], None),
            (&["<b>; rel=self; rel=next"], None),
            (&["<b>; rel=\"nextnext\""], None),
            (&["<b>; rel"], None),
            (&["<b; rel=next"], None),
            (&["junk, <b>; rel=next"], Some("b")),
            (&["junk; rel=next, <b>; rel=\"next"], Some("b")),
            (&["", " , ,", "<b>; rel=\"next\";"], Some("b")),
            (&["<a>; title=\"é\", <b>; rel=next"], Some("b")),
            (&[], None),
        ];
        for (headers, expected) in cases {
            assert_eq!(find_link(headers.iter().copied(), "next"), expected, "{headers:?}");
        }
    }

    #[test]
    fn only_the_same_organisation_is_followed() {
        let base = Url::parse("https://acme.okta.com").unwrap();
        let good = [
            "https://acme.okta.com/api/v1/logs?after=1",
            "https://ACME.okta.com:443/api/v1/logs",
            "/api/v1/logs?after=1",
        ];
        for link in good {
            assert!(check(&base, link).is_ok(), "{link}");
        }
        let bad = [
            "http://acme.okta.com/api/v1/logs",
            "https://acme.okta.com:8443/api/v1/logs",
            "https://evil.example/api/v1/logs",
            "https://acme.okta.com.evil.example/api/v1/logs",
            "https://acme.okta.com@evil.example/api/v1/logs",
            "https://ada@acme.okta.com/api/v1/logs",
            "//evil.example/api/v1/logs",
            "https://acme.okta.com/api/v1/logs/../users",
            "https://acme.okta.com/api/v1/logs/",
            "https://acme.okta.com/api/v1/users",
            "javascript:alert(1)",
            "https://[",
        ];
        for link in bad {
            assert!(check(&base, link).is_err(), "{link}");
        }
        assert!(check(&base, &format!("/api/v1/logs?after={}", "x".repeat(9000))).is_err());
    }

    /// A link, and how it is written.
    fn link() -> impl Strategy<Value = (String, String, String)> {
        let target = "[a-z0-9:/?=,;&%\"]{0,20}";
        let title = "([a-z ,;<>=]|\\\\\"|\\\\\\\\){0,10}";
        let order = any::<bool>();
        (target, title, prop_oneof![Just("self"), Just("next"), Just("prev")], order, any::<bool>())
            .prop_map(|(target, title, relation, order, quoted)| {
                let relation = relation.to_owned();
                let rel =
                    if quoted { format!("rel=\"{relation}\"") } else { format!("rel={relation}") };
                let title = format!("title=\"{title}\"");
                let text = if order {
                    format!("<{target}>; {title}; {rel}")
                } else {
                    format!("<{target}>;{rel} ; {title}")
                };
                (target, relation, text)
            })
    }

    proptest! {
        #[test]
        fn what_is_written_is_found(links in proptest::collection::vec(link(), 0..5), split in any::<bool>()) {
            let expected =
                links.iter().find(|(_, relation, _)| relation == "next").map(|(target, ..)| target.as_str());
            let texts: Vec<&str> = links.iter().map(|(.., text)| text.as_str()).collect();
            let values = if split { texts.iter().map(|text| (*text).to_owned()).collect() } else { vec![texts.join(", ")] };
            prop_assert_eq!(find_link(values.iter().map(String::as_str), "next"), expected);
        }

        #[test]
        fn anything_can_come(value in "\\PC{0,60}|[<>;,=\"\\\\ relnxt]{0,60}") {
            if let Some(target) = find_link([value.as_str()], "next") {
                prop_assert!(value.contains(target));
            }
        }
    }
}
