//! The Content-Security-Policy: the page's own style and script, and nothing else.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The policy of a page with these inline blocks. Nothing is loaded, posted or framed, and the
/// script can't turn text into markup.
pub(super) fn policy(style: &str, script: &str) -> String {
    format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; img-src data:; base-uri 'none'; \
         form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        source(style),
        source(script),
    )
}

/// Line ends as an HTML parser makes them, so that the hash is taken over what the browser sees.
pub(super) fn unix_lines(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        return Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"));
    }
    Cow::Borrowed(text)
}

/// The hash source of an inline block: `sha256-…`, CSP level 3, section 2.3.1.
fn source(block: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(block.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_as_browsers_do() {
        assert_eq!(source(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        let policy = policy("a{}", "1");
        assert!(policy.starts_with("default-src 'none'; "));
        assert!(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains('*'));
    }

    #[test]
    fn takes_line_ends_as_the_parser_does() {
        assert_eq!(unix_lines("a\r\nb\rc\n"), "a\nb\nc\n");
    }
}
