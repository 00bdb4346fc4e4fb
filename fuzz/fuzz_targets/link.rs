//! Any text, as `link` headers, one a line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use okta_client::find_link;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some(target) = find_link(text.lines(), "next") else { return };
    assert!(text.lines().any(|line| line.contains('<') && line.contains(target)), "{target}");
    assert!(!target.contains('>'), "{target}");
    let anew = format!("<x>; rel=self;title=\"a, \\\"b\\\"\", <{target}>;rel=\"prev next\"");
    assert_eq!(find_link([anew.as_str()], "next"), Some(target));
});
