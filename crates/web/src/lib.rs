//! The pages that people work with, as files in the program.
//!
//! They are built from `web/` when this crate is built. [`asset`] finds a file, [`Asset::encoded`]
//! its bytes as a client can take them.
//!
//! ```
//! let page = web::asset("/index.html").expect("the page that all others are in");
//! assert!(page.content_type.starts_with("text/html"));
//! assert!(web::asset("/../Cargo.toml").is_none());
//! ```

/// A file of the pages.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Where it is served, such as `/index.html`.
    pub path: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// Whether its name changes with its content, so that it can be kept for ever.
    pub is_hashed: bool,
    /// An entity tag, in quotes: another content has another one.
    pub etag: &'static str,
    plain: &'static [u8],
    gzip: Option<&'static [u8]>,
    brotli: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The file at a path, which begins with a slash.
#[must_use]
pub fn asset(path: &str) -> Option<&'static Asset> {
    let place = ASSETS.binary_search_by(|asset| asset.path.cmp(path)).ok()?;
    ASSETS.get(place)
}

impl Asset {
    /// The content, and its `Content-Encoding` if it has one, for a client whose
    /// `Accept-Encoding` is this.
    #[must_use]
    pub fn encoded(&self, accepted: &str) -> (&'static [u8], Option<&'static str>) {
        if let Some(brotli) = self.brotli.filter(|_| accepts(accepted, "br")) {
            return (brotli, Some("br"));
        }
        if let Some(gzip) = self.gzip.filter(|_| accepts(accepted, "gzip")) {
            return (gzip, Some("gzip"));
        }
        (self.plain, None)
    }

    /// Whether what is sent depends on `Accept-Encoding`.
    #[must_use]
    pub fn varies(&self) -> bool {
        self.gzip.is_some() || self.brotli.is_some()
    }
}

/// Whether a coding is named, and not with the weight 0 (RFC 9110, 12.5.3).
fn accepts(accepted: &str, coding: &str) -> bool {
    accepted.split(',').any(|entry| {
        let mut parts = entry.split(';').map(str::trim);
        let is_named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let is_refused = parts.any(|part| {
            let weight = part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="));
            weight.is_some_and(|weight| weight.parse() == Ok(0.0))
        });
        is_named && !is_refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_their_path_only() {
        assert!(ASSETS.is_sorted_by(|a, b| a.path < b.path));
        assert!(asset("/index.html").is_some());
        for path in ["", "/", "index.html", "/index.html/", "/assets/", "/assets/../index.html"] {
            assert!(asset(path).is_none(), "{path}");
        }
    }

    #[test]
    fn codings_are_negotiated() {
        for (accepted, coding, expected) in [
            ("gzip, deflate, br", "br", true),
            ("gzip", "br", false),
            ("", "gzip", false),
            ("GZIP;q=0.5", "gzip", true),
            ("gzip;q=0", "gzip", false),
            ("gzip; q=0.000, br", "gzip", false),
            ("x-gzip", "gzip", false),
        ] {
            assert_eq!(accepts(accepted, coding), expected, "{accepted} {coding}");
        }
    }

    #[test]
    fn what_is_sent_is_what_was_asked_for() {
        let asset = Asset {
            path: "/a.js",
            content_type: "text/javascript",
            is_hashed: false,
            etag: "\"1\"",
            plain: b"plain",
            gzip: Some(b"gzip"),
            brotli: None,
        };
        assert_eq!(asset.encoded("br, gzip"), (&b"gzip"[..], Some("gzip")));
        assert_eq!(asset.encoded("br"), (&b"plain"[..], None));
        assert!(asset.varies());
    }

    #[test]
    fn the_page_has_no_inline_code() {
        let page = asset("/index.html").map(|page| page.plain).unwrap_or_default();
        let page = String::from_utf8_lossy(page);
        assert!(!page.contains("style="), "{page}");
        assert!(!page.contains(" on"), "{page}");
        for script in page.split("<script").skip(1) {
            assert!(script.split('>').next().unwrap_or_default().contains("src="), "{script}");
        }
    }
}
